/* What the files of the gRPC module share: the door object and its acceptor of plaintext connections. */
#pragma once

#include <grpc/grpc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "driver/connect/connect_door.h"

typedef struct door_acceptor door_acceptor;

struct weir_door {
    weir_door_service service;
    int64_t message_bytes_max;
    grpc_server *server;
    grpc_completion_queue *queue;
    door_acceptor *acceptor; /* NULL with TLS: gRPC accepts itself then */
    int port;
    int threads_count;
    pthread_t *threads;

    pthread_mutex_t lock;
    pthread_cond_t idle; /* calls_open fell, or the server is down */
    int64_t calls_open;  /* begun and not gone */
    bool closing, server_down;
};

/* A listening socket of host:port, or -1 with a text. Blocks for the name's look-up. */
int door_listen(const char *host, int port, char *ret_problem, size_t problem_size);
int door_socket_port(int fd);

/* Accepts connections of `listener` (takes it) on a thread of its own and hands those that speak HTTP/2 to
 * the server. NULL where no thread starts. */
door_acceptor *door_acceptor_new(int listener, grpc_server *server, const weir_door_config *config);
/* The connection behind gRPC's peer name "fd:17" has begun a call: it may stay. */
void door_acceptor_saw_call(door_acceptor *acceptor, int fd);
void door_acceptor_stats(door_acceptor *acceptor, weir_door_stats *ret);
void door_acceptor_close(door_acceptor *acceptor); /* stops listening; open connections stay with gRPC */
void door_acceptor_free(door_acceptor *acceptor);  /* after close and the server's end; accepts NULL */
