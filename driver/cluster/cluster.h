/* The executors of a driver: registration and requests. The server's handlers and the transport's callbacks
 * post events; everything else happens on the loop's thread. */
#pragma once

#include "common/base/log.h"
#include "common/rpc/frame.h"
#include "common/base/loop.h"

#define WEIR_EXECUTORS_MAX 256 /* that can register */

typedef struct weir_cluster weir_cluster;

/* Called on the loop: `reply` is a frame (borrowed until it returns) or `error` is set (borrowed). */
typedef void (*weir_cluster_done)(void *data, const weir_frame *reply, const weir_error *error);

/* Listens at `url`; `registered` is called on the loop after each registration with the count. */
weir_code weir_cluster_new(const weir_env *env, weir_loop *loop, const char *url,
                           void (*registered)(void *data, int32_t count), void *data, weir_cluster **ret,
                           weir_error **err);
/* Ends the connections to all executors, before they close their side, and takes no more registrations; no
 * request may follow. What is posted to the loop already must run before the cluster is freed. */
void weir_cluster_disconnect(weir_cluster *cluster);
/* Ends connections and the server; no callback runs after it returns. Not on the loop's callbacks. */
void weir_cluster_free(weir_cluster *cluster); /* accepts NULL */

int32_t weir_cluster_count(const weir_cluster *cluster);
const char *weir_cluster_url(const weir_cluster *cluster, int32_t executor);
/* Sends a message to an executor; `done` is called once, on the loop. timeout_ms < 0: none. */
void weir_cluster_request(weir_cluster *cluster, int32_t executor, weir_frame_kind kind,
                          uint64_t driver_epoch, const ProtobufCMessage *message, int32_t timeout_ms,
                          weir_cluster_done done, void *data);
