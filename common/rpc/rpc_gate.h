/* The gate of a network server: which of its connections may speak, and what the others are told.
 *
 * Pure state over connection numbers (nng's pipe ids) and a clock given by the caller: no socket, no thread.
 * A connection is admitted, then authenticates within WEIR_GATE_PATIENCE_MS or is to be closed. At most
 * WEIR_GATE_STRANGERS_MAX wait at a time: one more displaces the oldest of them, so that strangers who sit
 * there keep nobody out. A gate without a secret lets everybody speak. All functions lock; any thread. */
#pragma once

#include "common/rpc/rpc_auth.h"
#include "common/rpc/transport.h"

#define WEIR_GATE_PATIENCE_MS 5000
#define WEIR_GATE_STRANGERS_MAX 16
#define WEIR_GATE_MESSAGES_MAX 1000 /* of a stranger, then its connection is to be closed */

/* weir_transport_counters as they are counted, by all servers of a transport. */
typedef struct weir_gate_counters {
    _Atomic int64_t connections, connections_refused, connections_expired;
    _Atomic int64_t authentications, authentication_errors;
    _Atomic int64_t unauthenticated, frame_faults[5]; /* by weir_frame_fault */
} weir_gate_counters;

typedef struct weir_gate weir_gate;
typedef struct weir_gate_options {
    const weir_secret *secret; /* borrowed; NULL = everybody may speak */
    int32_t connections_max;
    void (*random_bytes)(void *self, void *data, size_t size);
    void *random_self;
    weir_gate_counters *counters; /* borrowed */
} weir_gate_options;

weir_gate *weir_gate_new(const weir_gate_options *options);
void weir_gate_free(weir_gate *gate); /* accepts NULL */

/* False: the new connection must be closed. *ret_displaced: a connection to close instead, or 0. */
bool weir_gate_admit(weir_gate *gate, uint32_t connection, int64_t now_ms, uint32_t *ret_displaced);
void weir_gate_leave(weir_gate *gate, uint32_t connection); /* unknown ones are ignored */
/* A connection whose patience has ended, forgotten here and to be closed; 0 = none. */
uint32_t weir_gate_expire(weir_gate *gate, int64_t now_ms);
int32_t weir_gate_strangers(weir_gate *gate);

typedef enum weir_gate_verdict {
    WEIR_GATE_PASS,   /* a sound frame of one who may speak */
    WEIR_GATE_ANSWER, /* send `ret_reply` back */
    WEIR_GATE_REFUSE, /* the same, and it was a failed authentication */
    WEIR_GATE_CLOSE,  /* close the connection without an answer */
} weir_gate_verdict;
weir_gate_verdict weir_gate_judge(weir_gate *gate, uint32_t connection, weir_str message,
                                  uint8_t ret_reply[WEIR_AUTH_MESSAGE_MAX], size_t *ret_size);
