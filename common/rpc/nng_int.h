/* What the files of the nng transport share: the transport's object, messages, and the two halves' ops. */
#pragma once

#include <nng/nng.h>
#include <nng/supplemental/tls/tls.h>

#include "common/rpc/rpc_gate.h"
#include "common/rpc/transport.h"

typedef struct nng_transport {
    weir_transport base;
    weir_transport_options options; /* defaults filled in; texts and secret are copies of its own */
    weir_gate_counters counters;
    _Atomic int64_t logged_ms; /* when the last line about refused connections was written; 0 = never */
    _Atomic int64_t unlogged;  /* refused since */
} nng_transport;

weir_code weir_nng_failed(int rv, const char *what, const char *url, weir_error **err);

/* ---- messages (nng_message.c) ---- */

/* REQ and REP take their 4-byte request id off the front of a body. 4 filler bytes behind it keep what
 * follows 8-aligned, as columns in a frame need it; a body that lies elsewhere is copied. */
#define WEIR_NNG_FILLER 4

/* Takes the message. */
weir_buffer *weir_nng_wrap(nng_msg *message);
/* The nng message of a buffer: its own where it was made by alloc and is not shared, else a copy; NULL
 * without memory. Takes the buffer. */
nng_msg *weir_nng_unwrap(weir_buffer *buffer);
weir_buffer *weir_nng_alloc(weir_transport *transport, size_t size);
/* A message of a few bytes; NULL without memory. */
nng_msg *weir_nng_message(const uint8_t *data, size_t size);
/* What lies behind the filler. */
weir_str weir_nng_bytes(nng_msg *message);
/* Moves the message out of a finished aio. */
nng_msg *weir_nng_take(nng_aio *aio);

/* Ends the aio after so long (with NNG_ETIMEDOUT), or when it is cancelled. A cancelled nng_sleep_aio leaves
 * a mark in the aio with which a later operation's time-out ends as a success; a sleep cut by the aio's own
 * time-out does not. */
void weir_nng_sleep(nng_aio *aio, nng_duration ms);

/* ---- urls and TLS (nng_url.c) ---- */

typedef struct weir_nng_url {
    bool network; /* tcp or tls */
    bool tls;
    bool loopback;
    char host[256]; /* empty for inproc */
} weir_nng_url;
/* INVALID_ARGUMENT for anything but inproc://NAME, tcp://HOST:PORT and tls+tcp://HOST:PORT. */
weir_code weir_nng_url_parse(const char *url, weir_nng_url *ret, weir_error **err);
/* The configuration of one endpoint, from the files of the options; server_name NULL = of a server. */
weir_code weir_nng_tls_new(const weir_transport_options *options, const char *server_name,
                           nng_tls_config **ret, weir_error **err);

/* ---- the halves (nng_server.c, nng_client.c) ---- */

weir_code weir_nng_listen(weir_transport *transport, const char *url, weir_server_handler handler, void *data,
                          weir_server **ret, weir_error **err);
void weir_nng_reply(weir_call *call, weir_buffer *message);
void weir_nng_server_stop(weir_server *server);
void weir_nng_server_close(weir_server *server);
const char *weir_nng_server_url(const weir_server *server);
weir_code weir_nng_connect(weir_transport *transport, const char *url, weir_client **ret, weir_error **err);
void weir_nng_request(weir_client *client, weir_buffer *message, int32_t timeout_ms, weir_client_done done,
                      void *data);
void weir_nng_client_close(weir_client *client);
bool weir_nng_client_is_open(weir_client *client);
