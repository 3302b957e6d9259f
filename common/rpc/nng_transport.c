/* The transport over nng (inproc:// and tcp://): REP sockets with contexts serve, one REQ socket a peer asks.
 *
 * nng's defaults are changed as docs/adr/0002 says: no automatic re-send, a receive limit on every socket. A
 * call that is being served holds one of CONTEXTS contexts until it is answered. Messages are nng bodies
 * wrapped as counted buffers, so inproc passes the pointer. Callbacks run on nng's threads and only hand
 * over. */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/util/platform.h>
#include <pthread.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/rpc/transport.h"

#define CONTEXTS 64
#define RECEIVE_MAX ((size_t)1 << 30)

typedef struct nng_transport {
    weir_transport base;
} nng_transport;

struct weir_call {
    weir_server *server;
    nng_ctx ctx;
    nng_aio *aio;
    weir_buffer *message;
    enum { RECEIVING, SERVING, REPLYING } state;
};

struct weir_server {
    nng_socket socket;
    weir_server_handler handler;
    void *data;
    _Atomic bool stopped;
    weir_call calls[CONTEXTS];
};

typedef struct request request;

struct weir_client {
    nng_socket socket;
    pthread_mutex_t lock;
    int32_t in_flight;
    _Atomic bool closing; /* pending requests end as cancelled, whatever nng calls it */
    request *spare;       /* finished requests, reused */
    request *active;      /* for cancelling at close */
};

struct request {
    weir_client *client;
    request *next, *previous;
    nng_ctx ctx;
    nng_aio *aio;
    bool sending;
    weir_client_done done;
    void *data;
};

static weir_code nng_failed(int rv, const char *what, const char *url, weir_error **err) {
    WEIR_FAIL(err, RPC_ERROR, "cannot %s %s: %s", what, url, nng_strerror(rv));
}

/* ---- messages ---- */

static void release_message(void *message) {
    nng_msg_free(message);
}

/* REQ and REP take their 4-byte request id off the front of a body. 4 filler bytes behind it keep what
 * follows 8-aligned, as columns in a frame need it; a body that lies elsewhere is copied. */
#define FILLER 4

static weir_buffer *wrap_message(nng_msg *message) {
    size_t filler = WEIR_MIN(nng_msg_len(message), (size_t)FILLER), size = nng_msg_len(message) - filler;
    uint8_t *data = (uint8_t *)nng_msg_body(message) + filler;
    weir_buffer *copy = (uintptr_t)data % 8 && size ? weir_buffer_new(NULL, size) : NULL;
    if (!copy)
        return weir_buffer_borrow(data, size, release_message, message);
    memcpy(copy->data, data, size);
    copy->size = size;
    nng_msg_free(message);
    return copy;
}

/* With the filler in front, its place chosen so that the rest is aligned here too. */
static int new_message(size_t size, nng_msg **ret) {
    int rv = nng_msg_alloc(ret, size + 2 * FILLER);
    if (rv == 0) {
        memset(nng_msg_body(*ret), 0, 2 * FILLER);
        nng_msg_trim(*ret, FILLER);
    }
    return rv;
}

static weir_buffer *transport_alloc(weir_transport *transport, size_t size) {
    (void)transport;
    nng_msg *message;
    if (new_message(size, &message) != 0)
        return NULL;
    return wrap_message(message);
}

/* The nng message of a buffer: its own where it was made by alloc and is not shared, else a copy. */
static nng_msg *unwrap_message(weir_buffer *buffer) {
    nng_msg *message = NULL;
    if (buffer->release == release_message && atomic_load(&buffer->refs) == 1) {
        message = buffer->owner;
        buffer->release = NULL;
    } else if (new_message(buffer->size, &message) == 0) {
        memcpy((uint8_t *)nng_msg_body(message) + FILLER, buffer->data, buffer->size);
    }
    weir_buffer_unref(buffer);
    return message;
}

/* ---- server ---- */

static void call_receive(weir_call *call) {
    call->state = RECEIVING;
    nng_ctx_recv(call->ctx, call->aio);
}

static void call_event(void *data) {
    weir_call *call = data;
    int rv = nng_aio_result(call->aio);
    if (rv != 0 && call->state == REPLYING)
        nng_msg_free(nng_aio_get_msg(call->aio));
    if (rv == NNG_ECLOSED || rv == NNG_ECANCELED || call->server->stopped)
        return;
    if (call->state == REPLYING || rv != 0) {
        call_receive(call);
        return;
    }
    call->state = SERVING;
    call->message = wrap_message(nng_aio_get_msg(call->aio));
    call->server->handler(call->server->data, call, call->message);
}

static void transport_reply(weir_call *call, weir_buffer *buffer) {
    call->message = weir_buffer_unref(call->message);
    nng_msg *message = unwrap_message(buffer);
    call->state = REPLYING;
    if (!message || call->server->stopped) {
        if (message)
            nng_msg_free(message);
        else
            call_receive(call);
        return;
    }
    nng_aio_set_msg(call->aio, message);
    nng_ctx_send(call->ctx, call->aio);
}

/* Contexts are quiet before the socket goes: nng does not survive an operation on a closing one. */
static void server_stop(weir_server *server) {
    if (!server || server->stopped)
        return;
    server->stopped = true;
    for (int i = 0; i < CONTEXTS; i++)
        if (server->calls[i].aio)
            nng_aio_stop(server->calls[i].aio);
}

static void server_close(weir_server *server) {
    if (!server)
        return;
    server_stop(server);
    for (int i = 0; i < CONTEXTS; i++) {
        weir_call *call = &server->calls[i];
        if (!call->aio)
            continue;
        nng_ctx_close(call->ctx);
        nng_aio_free(call->aio);
        weir_buffer_unref(call->message);
    }
    nng_close(server->socket);
    weir_free(server);
}

static int open_calls(weir_server *server) {
    for (int i = 0; i < CONTEXTS; i++) {
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

static weir_code transport_listen(weir_transport *transport, const char *url, weir_server_handler handler,
                                  void *data, weir_server **ret, weir_error **err) {
    (void)transport;
    weir_server *server = weir_alloc_zero(1, sizeof *server);
    server->handler = handler;
    server->data = data;
    int rv = nng_rep0_open(&server->socket);
    if (rv != 0) {
        weir_free(server);
        return nng_failed(rv, "open a socket for", url, err);
    }
    nng_socket_set_size(server->socket, NNG_OPT_RECVMAXSZ, RECEIVE_MAX);
    rv = open_calls(server);
    if (rv == 0)
        rv = nng_listen(server->socket, url, NULL, 0);
    if (rv != 0) {
        server_close(server);
        return nng_failed(rv, "listen at", url, err);
    }
    for (int i = 0; i < CONTEXTS; i++)
        call_receive(&server->calls[i]);
    *ret = server;
    return WEIR_OK;
}

/* ---- client ---- */

static weir_code transport_connect(weir_transport *transport, const char *url, weir_client **ret,
                                   weir_error **err) {
    (void)transport;
    weir_client *client = weir_alloc_zero(1, sizeof *client);
    pthread_mutex_init(&client->lock, NULL);
    int rv = nng_req0_open(&client->socket);
    if (rv == 0) {
        nng_socket_set_ms(client->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
        nng_socket_set_size(client->socket, NNG_OPT_RECVMAXSZ, RECEIVE_MAX);
        /* A peer in this process does not come back: redialling would only race with closing. */
        if (strncmp(url, "inproc://", 9) == 0)
            nng_socket_set_ms(client->socket, NNG_OPT_RECONNMINT, 3600 * 1000);
        rv = nng_dial(client->socket, url, NULL, 0);
        if (rv != 0)
            nng_close(client->socket);
    }
    if (rv != 0) {
        weir_free(client);
        return nng_failed(rv, "connect to", url, err);
    }
    *ret = client;
    return WEIR_OK;
}

static void unlink_active(weir_client *client, request *r) {
    if (r->previous)
        r->previous->next = r->next;
    else
        client->active = r->next;
    if (r->next)
        r->next->previous = r->previous;
}

static void finish_request(request *r, weir_buffer *reply, weir_error *error) {
    weir_client *client = r->client;
    weir_client_done done = r->done;
    void *data = r->data;
    pthread_mutex_lock(&client->lock);
    unlink_active(client, r);
    pthread_mutex_unlock(&client->lock);
    done(data, reply, error);
    pthread_mutex_lock(&client->lock);
    r->next = client->spare;
    client->spare = r;
    client->in_flight--;
    pthread_mutex_unlock(&client->lock);
}

static void request_event(void *data) {
    request *r = data;
    int rv = nng_aio_result(r->aio);
    if (rv == 0 && r->sending && !r->client->closing) {
        r->sending = false;
        nng_ctx_recv(r->ctx, r->aio);
        return;
    }
    if (rv == 0 && !r->sending) {
        finish_request(r, wrap_message(nng_aio_get_msg(r->aio)), NULL);
        return;
    }
    if (rv != 0 && r->sending)
        nng_msg_free(nng_aio_get_msg(r->aio));
    weir_error *error = NULL;
    bool cancelled = rv == NNG_ECLOSED || rv == NNG_ECANCELED || r->client->closing;
    weir_error_failf(&error, cancelled ? WEIR_CANCELLED : WEIR_RPC_ERROR, "request failed: %s",
                     nng_strerror(rv));
    finish_request(r, NULL, error);
}

/* A finished request or a new one, linked as active; NULL where nng has no more contexts. */
static request *take_request(weir_client *client) {
    pthread_mutex_lock(&client->lock);
    request *r = client->spare;
    if (r)
        client->spare = r->next;
    client->in_flight++;
    pthread_mutex_unlock(&client->lock);
    if (!r) {
        r = weir_alloc_zero(1, sizeof *r);
        r->client = client;
        if (nng_aio_alloc(&r->aio, request_event, r) != 0 || nng_ctx_open(&r->ctx, client->socket) != 0) {
            if (r->aio)
                nng_aio_free(r->aio);
            weir_free(r);
            pthread_mutex_lock(&client->lock);
            client->in_flight--;
            pthread_mutex_unlock(&client->lock);
            return NULL;
        }
    }
    pthread_mutex_lock(&client->lock);
    r->previous = NULL;
    r->next = client->active;
    if (client->active)
        client->active->previous = r;
    client->active = r;
    pthread_mutex_unlock(&client->lock);
    return r;
}

static void transport_request(weir_client *client, weir_buffer *buffer, int32_t timeout_ms,
                              weir_client_done done, void *data) {
    nng_msg *message = unwrap_message(buffer);
    request *r = message ? take_request(client) : NULL;
    if (!r) {
        weir_error *error = NULL;
        weir_error_failf(&error, WEIR_RPC_ERROR, "no resources for a request");
        if (message)
            nng_msg_free(message);
        done(data, NULL, error);
        return;
    }
    r->done = done;
    r->data = data;
    r->sending = true;
    nng_aio_set_timeout(r->aio, timeout_ms < 0 ? NNG_DURATION_INFINITE : timeout_ms);
    nng_aio_set_msg(r->aio, message);
    nng_ctx_send(r->ctx, r->aio);
}

/* Cancels until nothing is in flight: a request between its sending and its receiving is caught the next
 * time. */
static void cancel_requests(weir_client *client) {
    client->closing = true;
    for (;;) {
        pthread_mutex_lock(&client->lock);
        bool idle = client->in_flight == 0;
        for (request *r = client->active; r; r = r->next)
            nng_aio_cancel(r->aio);
        pthread_mutex_unlock(&client->lock);
        if (idle)
            return;
        nng_msleep(1);
    }
}

static void client_close(weir_client *client) {
    if (!client)
        return;
    cancel_requests(client);
    for (request *r = client->spare, *next; r; r = next) {
        next = r->next;
        nng_aio_stop(r->aio);
        nng_ctx_close(r->ctx);
        nng_aio_free(r->aio);
        weir_free(r);
    }
    nng_close(client->socket);
    pthread_mutex_destroy(&client->lock);
    weir_free(client);
}

static void transport_free(weir_transport *transport) {
    weir_free(transport);
}

static const weir_transport_ops nng_ops = {
    .name = "nng",
    .alloc = transport_alloc,
    .listen = transport_listen,
    .reply = transport_reply,
    .server_stop = server_stop,
    .server_close = server_close,
    .connect = transport_connect,
    .request = transport_request,
    .client_close = client_close,
    .free = transport_free,
};

weir_code weir_nng_transport_new(weir_transport **ret, weir_error **err) {
    (void)err;
    nng_transport *transport = weir_alloc_zero(1, sizeof *transport);
    transport->base.ops = &nng_ops;
    *ret = &transport->base;
    return WEIR_OK;
}
