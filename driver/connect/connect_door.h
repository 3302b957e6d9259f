/* The gRPC door: what the engine and the module weir-connect.so say to each other.
 *
 *   engine (connect_server.c)                   module (driver/connect/door/)
 *     weir_door_ops.open  ------------------->    listens, accepts, speaks HTTP/2 and gRPC
 *     service.begin/message/written/...  <----    events of a call, on the door's threads
 *     ops.read/send/finish  ----------------->    what to do next with a call
 *
 * The module links gRPC's C core and is loaded when --connect asks for it, so that the program itself starts
 * without gRPC. It knows no message: bytes in, bytes out. Both sides are built from one tree; `abi` tells a
 * module of another build apart.
 *
 * A call's life, as the service sees it: begin, then the first message and one more per read() (data NULL:
 * the client has sent all), one written per send(), perhaps one cancelled, and gone as the last event, which
 * comes after the service's one finish() only. cancelled may come beside any of the others; those are one at
 * a time as long as the service asks for one thing at a time. No event may block: its thread serves all
 * calls. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/compiler.h"

#define WEIR_DOOR_ABI 1u
#define WEIR_DOOR_SYMBOL "weir_door_module"

typedef struct weir_door weir_door;
typedef struct weir_door_call weir_door_call;

/* gRPC's status codes that are used here. */
typedef enum weir_door_status {
    WEIR_DOOR_OK = 0,
    WEIR_DOOR_CANCELLED = 1,
    WEIR_DOOR_INVALID_ARGUMENT = 3,
    WEIR_DOOR_RESOURCE_EXHAUSTED = 8,
    WEIR_DOOR_UNIMPLEMENTED = 12,
    WEIR_DOOR_INTERNAL = 13,
    WEIR_DOOR_UNAVAILABLE = 14,
    WEIR_DOOR_UNAUTHENTICATED = 16,
} weir_door_status;

/* A new call's head; texts are valid during begin only. Absent texts are "". */
typedef struct weir_door_head {
    const char *method;        /* "/spark.connect.SparkConnectService/Config" */
    const char *authorization; /* the header as sent, at most 8 KiB (longer ones arrive as "") */
    const char *user_agent;
    const char *peer; /* the client's connection: "fd:17", "ipv4:10.0.0.1:4711" */
    const char *host; /* the client's address without its port, "" where unknown */
} weir_door_head;

/* Bytes that one side hands to the other together with their release. */
typedef struct weir_door_bytes {
    const uint8_t *data;
    size_t size;
    void (*release)(void *owner); /* any thread; NULL: nothing to release */
    void *owner;
} weir_door_bytes;

/* What the engine implements. All on door threads; none may block. */
typedef struct weir_door_service {
    void *self;
    /* A new call. WEIR_DOOR_OK: its context is stored and its first message will be read. Anything else
     * refuses the call with that status and `ret_message` (static); no further event comes. */
    weir_door_status (*begin)(void *self, weir_door_call *call, const weir_door_head *head,
                              void **ret_context, const char **ret_message);
    /* Takes `bytes` (and releases them later). data NULL: the client has sent all, or is gone. */
    void (*message)(void *context, weir_door_bytes bytes);
    /* The last send has left (ok) or never will (the stream is broken: finish the call). */
    void (*written)(void *context, bool ok);
    /* The client cancelled, its deadline passed or its connection broke. At most once; finish is still owed.
     */
    void (*cancelled)(void *context);
    /* The call's last event; the context and the call are not used afterwards. */
    void (*gone)(void *context);
} weir_door_service;

typedef struct weir_door_config {
    const char *host; /* literal address or name */
    int port;         /* 0: any free one */
    int threads;      /* that run events; at least 1 */
    int64_t message_bytes_max;
    int32_t connections_max;
    int32_t streams_max;          /* calls at a time on one connection */
    int64_t handshake_timeout_ms; /* until a new connection has spoken HTTP/2 */
    /* TLS where certificate is given: PEM texts. client_ca: clients must show a certificate it signed. */
    const char *certificate, *private_key, *client_ca;
} weir_door_config;

/* Figures of a running door. */
typedef struct weir_door_stats {
    int64_t connections_open, connections_refused, calls_open;
} weir_door_stats;

/* What the module exports, under WEIR_DOOR_SYMBOL. */
typedef struct weir_door_ops {
    uint32_t abi;
    const char *name; /* "gRPC 29.0.0" */
    /* NULL with a text in `ret_problem` where it cannot listen. `service` is copied. Blocks shortly. */
    weir_door *(*open)(const weir_door_config *config, const weir_door_service *service, char *ret_problem,
                       size_t problem_size);
    int (*port)(const weir_door *door); /* that it listens on */
    void (*stats)(weir_door *door, weir_door_stats *ret);
    /* Refuses new calls and cancels the open ones; returns once all of them are gone. The service must answer
     * every cancelled with a finish. Not on a door thread. */
    void (*close)(weir_door *door);

    /* --- a call; any thread, never blocking, also after the client is gone (no effect then) --- */
    void (*read)(weir_door_call *call); /* one at a time: the next one after its message */
    /* At most one send at a time: the next one after written. The parts are one message, sent without a copy;
     * each is released once gRPC has done with it. Takes them. */
    void (*send)(weir_door_call *call, const weir_door_bytes *parts, int count);
    /* The only message of an answer and OK, in one go: send and finish. */
    void (*reply)(weir_door_call *call, const weir_door_bytes *parts, int count);
    /* Ends the call, once. A send under way is waited for. `details` is grpc-status-details-bin or empty; all
     * are copied. */
    void (*finish)(weir_door_call *call, weir_door_status status, const char *message, const void *details,
                   size_t details_size);
} weir_door_ops;
