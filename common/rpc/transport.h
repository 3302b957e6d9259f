/* The transport seam: request/response of whole messages between a driver and its executors. nng
 * implements it for inproc://, tcp:// and tls+tcp:// (nng_transport.c); a simulated network can later.
 *
 * A server answers requests on a bounded set of contexts; its handler is called on a transport thread,
 * must not block and either replies at once or keeps the call and replies later from any thread. A client
 * is one connection to one peer with many requests in flight. Nothing is ever re-sent by itself.
 *
 * Over a network, messages are frames (frame.h): what is none is refused before a handler sees it, and where
 * the transport has a secret, so is every message of a connection that has not proved that it knows it
 * (rpc_auth.h). Handlers and callers see none of that. A client connects and authenticates by itself, and
 * again after every broken connection; requests wait for it within their deadline.
 *
 * How a request ends without a reply: RPC_ERROR (deadline, reset connection, refused frame; the text names
 * the url; a new attempt may pass), AUTHENTICATION_FAILED (the secrets differ), CANCELLED (the client
 * closes). After a deadline or a reset the peer may still execute the request. */
#pragma once

#include <stdbool.h>
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

struct weir_log;
struct weir_secret;

/* Copied, but for random_self and log, which outlive the transport. Zeroes are the defaults in brackets. */
typedef struct weir_transport_options {
    const struct weir_secret *secret; /* NULL: loopback alone may be listened at */
    bool insecure;                    /* ... or any address, without authentication */
    /* tls+tcp://: PEM files. A server needs certificate and key, a client the CA. A server with a CA asks for
     * a client's certificate, too. */
    const char *tls_certificate_file;
    const char *tls_key_file; /* [in the certificate's file]; 0600 or stricter */
    const char *tls_ca_file;
    const char *tls_server_name;                               /* whom a client expects [the url's host] */
    size_t request_size_max;                                   /* that a network server receives [64 MiB] */
    size_t reply_size_max;                                     /* that a client receives [1 GiB] */
    int32_t connections_max;                                   /* of one server, authenticated [1024] */
    int32_t calls_max;                                         /* in service at one server [256; inproc 64] */
    void (*random_bytes)(void *self, void *data, size_t size); /* [the system's] */
    void *random_self;
    const struct weir_log *log; /* one line in 10 s about who was refused [none] */
} weir_transport_options;

/* What happened at a transport's network sockets since it was made. */
typedef struct weir_transport_counters {
    int64_t connections;           /* accepted by servers */
    int64_t connections_refused;   /* over a cap */
    int64_t connections_expired;   /* never authenticated */
    int64_t authentications;       /* that servers granted */
    int64_t authentication_errors; /* that servers refused */
    int64_t refused_unauthenticated, refused_magic, refused_version, refused_size, refused_crc; /* frames */
} weir_transport_counters;

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
    /* Over a network it never blocks: the connection is made, and made again, in the background. inproc://
     * fails where nobody listens. */
    weir_code (*connect)(weir_transport *transport, const char *url, weir_client **ret, weir_error **err);
    /* Takes the message reference. `timeout_ms` covers the whole exchange. */
    void (*request)(weir_client *client, weir_buffer *message, int32_t timeout_ms, weir_client_done done,
                    void *data);
    /* Whether there is a connection now, authenticated; one that breaks is known when its requests have
     * ended, or very soon after. inproc://: always. Any thread, does not block. */
    bool (*client_is_open)(weir_client *client);
    void (*client_close)(weir_client *client); /* pending requests end with CANCELLED first; may block */
    void (*free)(weir_transport *transport);
    /* Where the server listens, with the port that tcp://HOST:0 became; valid while the server lives. */
    const char *(*server_url)(const weir_server *server);
    void (*counters)(const weir_transport *transport, weir_transport_counters *ret); /* any thread */
} weir_transport_ops;

struct weir_transport {
    const weir_transport_ops *ops;
};

/* NULL options: all defaults. Fails where a TLS file cannot be used. */
weir_code weir_nng_transport_new(const weir_transport_options *options, weir_transport **ret,
                                 weir_error **err);
