/* Internals of a cluster, shared by the files of this folder only: cluster.c (addresses, membership messages,
 * the tick), connection.c (requests to executors), cluster_status.c. Loop, unless it says otherwise. */
#pragma once

#include "driver/cluster/cluster.h"

typedef struct weir_pending weir_pending;

/* To one executor. */
typedef struct weir_connection {
    struct weir_connection *next;
    weir_cluster *cluster;
    uint32_t executor;
    weir_client *client;
    weir_pending *pendings; /* requests without an answer */
    bool pinging;
    int64_t ping_us; /* when the last one was sent */
} weir_connection;

struct weir_cluster {
    weir_cluster_options options;
    weir_membership *membership;
    weir_server *servers[WEIR_CLUSTER_URLS_MAX];
    char *urls[WEIR_CLUSTER_URLS_MAX];
    int32_t servers_count;
    char driver_id[37];
    weir_connection *connections;
    weir_timer tick;
    bool closing;
    weir_step close_step;
    weir_client **closing_clients; /* taken over by the closing step */
    int32_t closing_count;
    void (*closed)(void *data);
    void *closed_data;
};

/* connection.c */
weir_code weir_connection_open(weir_cluster *cluster, uint32_t executor, const char *url, weir_error **err);
weir_connection *weir_connection_find(weir_cluster *cluster, uint32_t executor); /* NULL = none */
/* Ends its requests with `error` (borrowed) and closes it on the pool. */
void weir_connection_end(weir_connection *connection, const weir_error *error);
/* Takes all connections' clients for closing; their requests end with CANCELLED. */
void weir_connections_take(weir_cluster *cluster);
/* Asks whether the executor is there where it has something to do, or has not answered yet. */
void weir_connection_check(weir_connection *connection, int64_t now_us);
/* cluster.c */
void weir_cluster_lose(weir_cluster *cluster, uint32_t executor, const char *reason);
void weir_cluster_suspect(weir_cluster *cluster, uint32_t executor);
