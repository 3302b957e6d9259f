/* The transport seam: request/response of whole messages between a driver and its executors. nng
 * implements it for inproc:// and tcp:// (nng_transport.c); a simulated network can later.
 *
 * A server answers requests on a bounded set of contexts; its handler is called on a transport thread,
 * must not block and either replies at once or keeps the call and replies later from any thread. A client
 * is one connection to one peer with many requests in flight. Nothing is ever re-sent by itself. */
#pragma once

#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/error.h"

typedef struct weir_transport weir_transport;
typedef struct weir_server weir_server;
typedef struct weir_client weir_client;
typedef struct weir_call weir_call; /* a request being served */

/* `message` is the request's bytes, valid until the reply; the callee may take references. */
typedef void (*weir_server_handler)(void *data, weir_call *call, weir_buffer *message);
/* Called once per request: `reply` (one reference for the callee) or an error (owned by the callee). */
typedef void (*weir_client_done)(void *data, weir_buffer *reply, weir_error *error);

typedef struct weir_transport_ops {
    const char *name;
    /* A message of `size` uninitialised bytes, 8-aligned, that reply and request send without a copy while
     * the caller holds its only reference. NULL when memory is gone. */
    weir_buffer *(*alloc)(weir_transport *transport, size_t size);
    weir_code (*listen)(weir_transport *transport, const char *url, weir_server_handler handler, void *data,
                        weir_server **ret, weir_error **err);
    /* Ends the call; takes the reference. */
    void (*reply)(weir_call *call, weir_buffer *message);
    /* No handler runs after it returns; what is still answered is dropped. Idempotent. */
    void (*server_stop)(weir_server *server);
    void (*server_close)(weir_server *server); /* stops, then frees: no call may be answered any more */
    weir_code (*connect)(weir_transport *transport, const char *url, weir_client **ret, weir_error **err);
    /* Takes the message reference. `timeout_ms` covers the whole exchange. */
    void (*request)(weir_client *client, weir_buffer *message, int32_t timeout_ms, weir_client_done done,
                    void *data);
    void (*client_close)(weir_client *client); /* pending requests end with CANCELLED first */
    void (*free)(weir_transport *transport);
} weir_transport_ops;

struct weir_transport {
    const weir_transport_ops *ops;
};

weir_code weir_nng_transport_new(weir_transport **ret, weir_error **err);
