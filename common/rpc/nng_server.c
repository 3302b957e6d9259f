/* A server: one REP socket with a bounded number of contexts; a call that is being served holds one until it
 * is answered.
 *
 * A network server has a gate (rpc_gate.h). Every connection comes to it through nng's pipe notifications;
 * every message is judged before it becomes a buffer, and what does not pass is answered right here. A timer
 * closes connections whose patience has ended; it runs only while there are such. Strangers can hold at most
 * a quarter of the contexts with answers that they do not read: beyond that their connection is closed.
 *
 * Threads: nng's. Closing: contexts are quiet before the socket goes, since nng does not survive an operation
 * on a closing one; nng_close returns when no notification runs any more. */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/supplemental/util/platform.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/log.h"
#include "common/rpc/nng_int.h"

#define CALLS_INPROC 64
#define CALLS_NETWORK 256
#define TICK_MS 250
#define LOG_INTERVAL_MS 10000
#define INPROC_SIZE_MAX ((size_t)1 << 30)

struct weir_call {
    weir_server *server;
    nng_ctx ctx;
    nng_aio *aio;
    weir_buffer *message;
    bool gated; /* what it sends is the gate's answer */
    enum { RECEIVING, SERVING, REPLYING } state;
};

struct weir_server {
    nng_transport *transport;
    nng_socket socket;
    char *url;
    weir_server_handler handler;
    void *data;
    _Atomic bool stopped;
    weir_gate *gate; /* NULL for inproc */
    nng_aio *tick;
    pthread_mutex_t lock; /* of ticking and its start */
    bool ticking;
    _Atomic int32_t gated; /* calls that send the gate's answers */
    int32_t calls_count;
    weir_call calls[];
};

/* ---- connections ---- */

/* One line in 10 s, with the count of those that got none. */
static void log_refused(weir_server *server, nng_pipe pipe) {
    nng_transport *transport = server->transport;
    if (!transport->options.log)
        return;
    int64_t now = (int64_t)nng_clock(), last = atomic_load(&transport->logged_ms);
    if ((last && now - last < LOG_INTERVAL_MS) ||
        !atomic_compare_exchange_strong(&transport->logged_ms, &last, now)) {
        atomic_fetch_add(&transport->unlogged, 1);
        return;
    }
    int64_t others = atomic_exchange(&transport->unlogged, 0);
    nng_sockaddr address = {0};
    char peer[48] = "an unknown address";
    if (nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &address) == 0 && address.s_family == NNG_AF_INET) {
        const uint8_t *ip = (const uint8_t *)&address.s_in.sa_addr;
        snprintf(peer, sizeof peer, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
    }
    weir_log_write(transport->options.log, WEIR_LOG_WARN, "rpc",
                   "%s: a connection from %s has another shared secret and is refused (%lld more before)",
                   server->url, peer, (long long)others);
}

static void start_tick(weir_server *server) {
    pthread_mutex_lock(&server->lock);
    if (!server->ticking && !server->stopped) {
        server->ticking = true;
        weir_nng_sleep(server->tick, TICK_MS);
    }
    pthread_mutex_unlock(&server->lock);
}

static void tick_event(void *data) {
    weir_server *server = data;
    uint32_t expired;
    while ((expired = weir_gate_expire(server->gate, (int64_t)nng_clock())) != 0)
        nng_pipe_close((nng_pipe){expired});
    pthread_mutex_lock(&server->lock);
    server->ticking = !server->stopped && weir_gate_strangers(server->gate) > 0;
    if (server->ticking)
        weir_nng_sleep(server->tick, TICK_MS);
    pthread_mutex_unlock(&server->lock);
}

static void connection_event(nng_pipe pipe, nng_pipe_ev event, void *data) {
    weir_server *server = data;
    uint32_t connection = (uint32_t)nng_pipe_id(pipe), displaced = 0;
    if (event == NNG_PIPE_EV_REM_POST) {
        weir_gate_leave(server->gate, connection);
        return;
    }
    if (!weir_gate_admit(server->gate, connection, (int64_t)nng_clock(), &displaced))
        nng_pipe_close(pipe);
    if (displaced)
        nng_pipe_close((nng_pipe){displaced});
    start_tick(server);
}

/* ---- calls ---- */

static void call_receive(weir_call *call) {
    call->state = RECEIVING;
    nng_ctx_recv(call->ctx, call->aio);
}

static void call_send(weir_call *call, nng_msg *message) {
    call->state = REPLYING;
    nng_aio_set_msg(call->aio, message);
    nng_ctx_send(call->ctx, call->aio);
}

/* Judges a message; true where the handler shall have it. */
static bool pass_gate(weir_call *call, nng_msg *message) {
    weir_server *server = call->server;
    if (!server->gate)
        return true;
    uint8_t text[WEIR_AUTH_MESSAGE_MAX];
    size_t size = 0;
    nng_pipe pipe = nng_msg_get_pipe(message);
    weir_gate_verdict verdict =
        weir_gate_judge(server->gate, (uint32_t)nng_pipe_id(pipe), weir_nng_bytes(message), text, &size);
    if (verdict == WEIR_GATE_PASS)
        return true;
    if (verdict == WEIR_GATE_REFUSE)
        log_refused(server, pipe);
    nng_msg_free(message);
    nng_msg *answer = verdict == WEIR_GATE_CLOSE ? NULL : weir_nng_message(text, size);
    call->gated = atomic_fetch_add(&server->gated, 1) < server->calls_count / 4;
    if (answer && call->gated) {
        call_send(call, answer);
        return false;
    }
    nng_msg_free(answer);
    atomic_fetch_sub(&server->gated, 1);
    call->gated = false;
    nng_pipe_close(pipe);
    call_receive(call);
    return false;
}

static void call_event(void *data) {
    weir_call *call = data;
    weir_server *server = call->server;
    int rv = nng_aio_result(call->aio);
    nng_msg *message = weir_nng_take(call->aio);
    bool received = rv == 0 && call->state == RECEIVING;
    if (!received)
        nng_msg_free(message);
    if (call->gated)
        atomic_fetch_sub(&server->gated, 1);
    call->gated = false;
    if (rv == NNG_ECLOSED || rv == NNG_ECANCELED || server->stopped) {
        if (received)
            nng_msg_free(message);
        return;
    }
    if (!received) {
        call_receive(call);
        return;
    }
    if (!pass_gate(call, message))
        return;
    call->state = SERVING;
    call->message = weir_nng_wrap(message);
    server->handler(server->data, call, call->message);
}

void weir_nng_reply(weir_call *call, weir_buffer *buffer) {
    call->message = weir_buffer_unref(call->message);
    nng_msg *message = weir_nng_unwrap(buffer);
    if (message && !call->server->stopped) {
        call_send(call, message);
        return;
    }
    nng_msg_free(message);
    if (!call->server->stopped)
        call_receive(call);
}

/* ---- opening and closing ---- */

void weir_nng_server_stop(weir_server *server) {
    if (!server || server->stopped)
        return;
    pthread_mutex_lock(&server->lock);
    server->stopped = true;
    pthread_mutex_unlock(&server->lock);
    if (server->tick)
        nng_aio_stop(server->tick);
    for (int32_t i = 0; i < server->calls_count; i++)
        if (server->calls[i].aio)
            nng_aio_stop(server->calls[i].aio);
}

void weir_nng_server_close(weir_server *server) {
    if (!server)
        return;
    weir_nng_server_stop(server);
    for (int32_t i = 0; i < server->calls_count; i++) {
        weir_call *call = &server->calls[i];
        if (!call->aio)
            continue;
        nng_ctx_close(call->ctx);
        nng_msg_free(weir_nng_take(call->aio)); /* of a send that its stop overtook */
        nng_aio_free(call->aio);
        weir_buffer_unref(call->message);
    }
    nng_close(server->socket);
    if (server->tick)
        nng_aio_free(server->tick);
    weir_gate_free(server->gate);
    pthread_mutex_destroy(&server->lock);
    weir_free(server->url);
    weir_free(server);
}

static int open_calls(weir_server *server) {
    for (int32_t i = 0; i < server->calls_count; i++) {
        weir_call *call = &server->calls[i];
        call->server = server;
        int rv = nng_aio_alloc(&call->aio, call_event, call);
        if (rv != 0)
            return rv;
        rv = nng_ctx_open(&call->ctx, server->socket);
        if (rv != 0)
            return rv;
    }
    return 0;
}

static int open_gate(weir_server *server) {
    const weir_transport_options *options = &server->transport->options;
    weir_gate_options gate = {.secret = options->secret,
                              .connections_max = options->connections_max,
                              .random_bytes = options->random_bytes,
                              .random_self = options->random_self,
                              .counters = &server->transport->counters};
    server->gate = weir_gate_new(&gate);
    int rv = nng_aio_alloc(&server->tick, tick_event, server);
    if (rv == 0)
        rv = nng_pipe_notify(server->socket, NNG_PIPE_EV_ADD_PRE, connection_event, server);
    if (rv == 0)
        rv = nng_pipe_notify(server->socket, NNG_PIPE_EV_REM_POST, connection_event, server);
    return rv;
}

/* TLS and keepalive belong to the listener; its url has the port that 0 became. */
static weir_code start_listener(weir_server *server, const weir_nng_url *parts, weir_error **err) {
    nng_listener listener;
    int rv = nng_listener_create(&listener, server->socket, server->url);
    if (rv == 0 && parts->tls) {
        nng_tls_config *config = NULL;
        WEIR_TRY(weir_nng_tls_new(&server->transport->options, NULL, &config, err));
        rv = nng_listener_set_ptr(listener, NNG_OPT_TLS_CONFIG, config);
        nng_tls_config_free(config);
    }
    if (rv == 0 && parts->network) {
        nng_listener_set_bool(listener, NNG_OPT_TCP_NODELAY, true);
        nng_listener_set_bool(listener, NNG_OPT_TCP_KEEPALIVE, true);
    }
    if (rv == 0)
        rv = nng_listener_start(listener, 0);
    if (rv != 0)
        return weir_nng_failed(rv, "listen at", server->url, err);
    char *bound = NULL;
    if (parts->network && nng_listener_get_string(listener, NNG_OPT_URL, &bound) == 0) {
        weir_free(server->url);
        server->url = weir_strdup(bound);
        nng_strfree(bound);
    }
    return WEIR_OK;
}

static weir_code start_server(weir_server *server, const weir_nng_url *parts, weir_error **err) {
    size_t size_max = parts->network ? server->transport->options.request_size_max : INPROC_SIZE_MAX;
    nng_socket_set_size(server->socket, NNG_OPT_RECVMAXSZ, size_max);
    nng_socket_set_int(server->socket, NNG_OPT_MAXTTL, 1);
    int rv = parts->network ? open_gate(server) : 0;
    if (rv == 0)
        rv = open_calls(server);
    if (rv != 0)
        return weir_nng_failed(rv, "listen at", server->url, err);
    /* A message that comes before the first context receives waits in its connection. */
    return start_listener(server, parts, err);
}

static weir_code check_listen(const weir_transport_options *options, const weir_nng_url *parts,
                              const char *url, weir_error **err) {
    if (parts->network && !parts->loopback && !options->secret && !options->insecure)
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "listening at %s, which other machines reach, needs a shared secret (--secret-file)", url);
    return WEIR_OK;
}

weir_code weir_nng_listen(weir_transport *transport, const char *url, weir_server_handler handler, void *data,
                          weir_server **ret, weir_error **err) {
    nng_transport *self = (nng_transport *)transport;
    weir_nng_url parts;
    WEIR_TRY(weir_nng_url_parse(url, &parts, err));
    WEIR_TRY(check_listen(&self->options, &parts, url, err));
    int32_t calls = self->options.calls_max ? self->options.calls_max
                    : parts.network         ? CALLS_NETWORK
                                            : CALLS_INPROC;
    weir_server *server = weir_alloc_zero(1, sizeof *server + (size_t)calls * sizeof *server->calls);
    server->transport = self;
    server->handler = handler;
    server->data = data;
    server->calls_count = calls;
    server->url = weir_strdup(url);
    pthread_mutex_init(&server->lock, NULL);
    int rv = nng_rep0_open(&server->socket);
    if (rv != 0) {
        pthread_mutex_destroy(&server->lock);
        weir_free(server->url);
        weir_free(server);
        return weir_nng_failed(rv, "open a socket for", url, err);
    }
    weir_code code = start_server(server, &parts, err);
    if (code != WEIR_OK) {
        weir_nng_server_close(server);
        return code;
    }
    for (int32_t i = 0; i < calls; i++)
        call_receive(&server->calls[i]);
    *ret = server;
    return WEIR_OK;
}

const char *weir_nng_server_url(const weir_server *server) {
    return server->url;
}
