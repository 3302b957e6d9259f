/* Two sides of a transport for tests: a server that answers frames of text, and requests whose ends are
 * counted.
 *
 * The server answers a Status frame with the same text and payload; "keep" is answered by
 * rpc_pair_answer_kept only. One pair may serve and ask at several transports. */
#pragma once

#include <pthread.h>

#include "common/rpc/transport.h"

typedef struct rpc_pair {
    weir_transport *server_side, *client_side;
    weir_server *server;
    weir_client *client;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    weir_call *kept;
    int32_t kept_count, served, answered, failed, misaligned;
    weir_code code;    /* of the last failure */
    char message[512]; /* its text */
    size_t payload;    /* bytes of the last reply */
} rpc_pair;

void rpc_pair_init(rpc_pair *pair, const weir_transport_options *server,
                   const weir_transport_options *client);
void rpc_pair_fini(rpc_pair *pair); /* closes what is open */
void rpc_pair_listen(rpc_pair *pair, const char *url);
void rpc_pair_connect(rpc_pair *pair, const char *url);
void rpc_pair_ask(rpc_pair *pair, const char *text, size_t payload_size, int32_t timeout_ms);
/* Until so many requests have ended since the pair was made; asserts within 20 s. */
void rpc_pair_wait(rpc_pair *pair, int32_t ended);
/* Until the server has kept so many calls. */
void rpc_pair_wait_kept(rpc_pair *pair, int32_t count);
void rpc_pair_answer_kept(rpc_pair *pair);
/* Asks, waits, and asserts an answer. */
void rpc_pair_exchange(rpc_pair *pair);
/* Asks, waits, and asserts that it fails so, with a text that contains `part`. */
void rpc_pair_fails(rpc_pair *pair, int32_t timeout_ms, weir_code code, const char *part);
