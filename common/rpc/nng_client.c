/* A client: one REQ socket that asks one peer, with a context a request.
 *
 * Over a network the connection is made in the background and made again when it breaks. Where the transport
 * has a secret, every new connection goes through the challenge (rpc_auth.h) on a context of its own, and
 * requests wait meanwhile:
 *
 *   DOWN --connected--> SHAKING --WELCOME--> OPEN --broken--> DOWN
 *                          '--refused--> REFUSED --after 1 s, or broken--> DOWN
 *
 * A request is WAITING (its aio sleeps until its deadline; whoever changes the state cancels the sleep),
 * then SENDING, then RECEIVING. What was not yet sent when a connection breaks waits for the next one; what
 * was sent ends with RPC_ERROR at once, and is never sent again. While REFUSED, requests end at once.
 *
 * Threads: callbacks run on nng's, without nng's locks held; `lock` guards all state here, is taken before
 * nng's locks and never held while `done` runs. Closing: every aio is quiet before its context goes, and
 * every context before the socket: nng does not survive an operation on a closing one. nng_close returns when
 * no notification runs any more. */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/util/platform.h>
#include <pthread.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/rpc/nng_int.h"

#define REDIAL_MIN_MS 50
#define REDIAL_MAX_MS 500
#define SHAKE_MS 5000
#define REFUSED_PAUSE_MS 1000
#define SLEEP_MAX_MS 3600000 /* a request without a deadline wakes once an hour */

typedef struct request request;

struct request {
    weir_client *client;
    request *next, *previous;
    nng_ctx ctx;
    nng_aio *aio;
    enum { WAITING, SENDING, RECEIVING } state;
    nng_msg *message; /* while WAITING */
    int64_t deadline_ms;
    int32_t timeout_ms;
    weir_client_done done;
    void *data;
};

struct weir_client {
    nng_transport *transport;
    nng_socket socket;
    char *url;
    bool challenged; /* connections go through the challenge */
    pthread_mutex_t lock;
    int32_t in_flight;
    bool closing;   /* pending requests end as cancelled, whatever nng calls it */
    request *spare; /* finished requests, reused */
    request *active;
    enum { DOWN, SHAKING, OPEN, REFUSED } link;
    uint32_t connection; /* 0 = none */
    weir_error *refusal; /* while REFUSED */
    /* The challenge of connection `shaken`. */
    nng_ctx shake_ctx;
    nng_aio *shake_aio;
    bool shaking; /* the aio is in use */
    uint32_t shaken;
    enum { HELLO_SENDING, HELLO_RECEIVING, PROOF_SENDING, PROOF_RECEIVING, NOTICE_SENDING, PAUSING } step;
    uint8_t client_nonce[WEIR_AUTH_NONCE_SIZE];
};

/* ---- ends of requests ---- */

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

static weir_error *describe_failure(const request *r, int rv, bool closing) {
    weir_error *error = NULL;
    const char *url = r->client->url;
    if (closing || rv == NNG_ECLOSED || rv == NNG_ECANCELED)
        weir_error_failf(&error, WEIR_CANCELLED, "request to %s: the connection is being closed", url);
    else if (rv == NNG_ETIMEDOUT && r->state == RECEIVING)
        weir_error_failf(&error, WEIR_RPC_ERROR, "request to %s: no answer within %d ms", url, r->timeout_ms);
    else if (rv == NNG_ETIMEDOUT)
        weir_error_failf(&error, WEIR_RPC_ERROR, "request to %s: no connection within %d ms", url,
                         r->timeout_ms);
    else if (rv == NNG_ECONNRESET)
        weir_error_failf(&error, WEIR_RPC_ERROR, "request to %s: the connection broke", url);
    else
        weir_error_failf(&error, WEIR_RPC_ERROR, "request to %s: %s", url, nng_strerror(rv));
    return error;
}

/* A refusal by the peer's gate instead of a reply. */
static weir_error *describe_refusal(const weir_client *client, const weir_auth_message *message) {
    weir_error *error = NULL;
    if (message->reason == WEIR_AUTH_REASON_UNAUTHENTICATED && !client->challenged)
        weir_error_failf(&error, WEIR_AUTHENTICATION_FAILED,
                         "%s asks for a shared secret (--secret-file), and there is none here", client->url);
    else if (message->reason == WEIR_AUTH_REASON_WRONG_SECRET)
        weir_error_failf(&error, WEIR_AUTHENTICATION_FAILED, "%s has another shared secret", client->url);
    else if (message->reason == WEIR_AUTH_REASON_NO_SECRET)
        weir_error_failf(&error, WEIR_AUTHENTICATION_FAILED,
                         "%s has no shared secret, and this process trusts nobody without", client->url);
    else
        weir_error_failf(&error, WEIR_RPC_ERROR, "%s refused the request: " WEIR_STR_FMT, client->url,
                         WEIR_STR_ARG(message->text));
    return error;
}

/* ---- requests ---- */

static nng_duration time_left(const request *r) {
    if (r->timeout_ms < 0)
        return NNG_DURATION_INFINITE;
    int64_t left = r->deadline_ms - (int64_t)nng_clock();
    return (nng_duration)WEIR_MAX(left, 1);
}

/* Locked. Sleeps until the deadline or somebody's cancel. */
static void wait_for_link(request *r) {
    nng_duration left = time_left(r);
    r->state = WAITING;
    if (r->client->link == REFUSED || r->client->closing)
        left = 1;
    weir_nng_sleep(r->aio, left < 0 ? SLEEP_MAX_MS : left);
}

/* Locked. */
static void send_request(request *r) {
    nng_msg *message = r->message;
    r->message = NULL;
    r->state = SENDING;
    nng_aio_set_timeout(r->aio, time_left(r));
    nng_aio_set_msg(r->aio, message);
    nng_ctx_send(r->ctx, r->aio);
}

/* Locked. The sleep is over: goes on, or returns why not. */
static weir_error *wake_request(request *r) {
    weir_client *client = r->client;
    bool late = r->timeout_ms >= 0 && (int64_t)nng_clock() >= r->deadline_ms;
    if (client->closing || (late && client->link != OPEN && client->link != REFUSED))
        return describe_failure(r, NNG_ETIMEDOUT, client->closing);
    if (client->link == REFUSED)
        return weir_error_clone(client->refusal);
    if (client->link == OPEN)
        send_request(r);
    else
        wait_for_link(r);
    return NULL;
}

static void waiting_event(request *r) {
    weir_client *client = r->client;
    pthread_mutex_lock(&client->lock);
    weir_error *error = wake_request(r);
    nng_msg *message = error ? r->message : NULL;
    if (error)
        r->message = NULL;
    pthread_mutex_unlock(&client->lock);
    if (error) {
        nng_msg_free(message);
        finish_request(r, NULL, error);
    }
}

static void sending_event(request *r, int rv) {
    weir_client *client = r->client;
    weir_error *error = NULL;
    pthread_mutex_lock(&client->lock);
    if (rv == 0) {
        r->state = RECEIVING;
        if (client->closing) {
            error = describe_failure(r, NNG_ECANCELED, true);
        } else {
            nng_aio_set_timeout(r->aio, time_left(r));
            nng_ctx_recv(r->ctx, r->aio);
        }
    } else if (rv == NNG_ECANCELED && client->challenged && !client->closing) {
        /* Never sent: the connection broke first. */
        r->message = weir_nng_take(r->aio);
        wait_for_link(r);
    } else {
        nng_msg_free(weir_nng_take(r->aio));
        error = describe_failure(r, rv, client->closing);
    }
    pthread_mutex_unlock(&client->lock);
    if (error)
        finish_request(r, NULL, error);
}

static void receiving_event(request *r, int rv) {
    weir_client *client = r->client;
    nng_msg *message = weir_nng_take(r->aio);
    if (rv != 0) {
        pthread_mutex_lock(&client->lock);
        bool closing = client->closing;
        pthread_mutex_unlock(&client->lock);
        finish_request(r, NULL, describe_failure(r, rv, closing));
        return;
    }
    weir_auth_message auth = weir_auth_parse(weir_nng_bytes(message));
    if (auth.kind == WEIR_AUTH_NONE) {
        finish_request(r, weir_nng_wrap(message), NULL);
        return;
    }
    weir_error *error = describe_refusal(client, &auth);
    nng_msg_free(message);
    finish_request(r, NULL, error);
}

static void request_event(void *data) {
    request *r = data;
    int rv = nng_aio_result(r->aio);
    if (r->state == WAITING)
        waiting_event(r);
    else if (r->state == SENDING)
        sending_event(r, rv);
    else
        receiving_event(r, rv);
}

static request *new_request(weir_client *client) {
    request *r = weir_alloc_zero(1, sizeof *r);
    r->client = client;
    if (nng_aio_alloc(&r->aio, request_event, r) == 0) {
        if (nng_ctx_open(&r->ctx, client->socket) == 0)
            return r;
        nng_aio_free(r->aio);
    }
    weir_free(r);
    return NULL;
}

/* A finished request or a new one; NULL where nng has no more contexts. */
static request *take_request(weir_client *client) {
    pthread_mutex_lock(&client->lock);
    request *r = client->spare;
    if (r)
        client->spare = r->next;
    client->in_flight++;
    pthread_mutex_unlock(&client->lock);
    if (!r)
        r = new_request(client);
    if (!r) {
        pthread_mutex_lock(&client->lock);
        client->in_flight--;
        pthread_mutex_unlock(&client->lock);
    }
    return r;
}

/* Locked. Links the request as active and sets it going. */
static void start_request(weir_client *client, request *r) {
    r->previous = NULL;
    r->next = client->active;
    if (client->active)
        client->active->previous = r;
    client->active = r;
    if (!client->challenged || client->link == OPEN)
        send_request(r);
    else
        wait_for_link(r);
}

void weir_nng_request(weir_client *client, weir_buffer *buffer, int32_t timeout_ms, weir_client_done done,
                      void *data) {
    nng_msg *message = weir_nng_unwrap(buffer);
    request *r = message ? take_request(client) : NULL;
    if (!r) {
        weir_error *error = NULL;
        weir_error_failf(&error, WEIR_RPC_ERROR, "no resources for a request to %s", client->url);
        nng_msg_free(message);
        done(data, NULL, error);
        return;
    }
    r->done = done;
    r->data = data;
    r->message = message;
    r->timeout_ms = timeout_ms;
    r->deadline_ms = (int64_t)nng_clock() + timeout_ms;
    pthread_mutex_lock(&client->lock);
    start_request(client, r);
    pthread_mutex_unlock(&client->lock);
}

/* Locked. Ends the sleep of those that wait; `unsent` = what the broken connection has not taken, too. */
static void stir_requests(weir_client *client, bool unsent) {
    for (request *r = client->active; r; r = r->next)
        if (r->state == WAITING || (unsent && r->state == SENDING))
            nng_aio_cancel(r->aio);
}

/* ---- the challenge ---- */

/* Locked. */
static void shake_send(weir_client *client, const uint8_t *data, size_t size, int step) {
    client->step = step;
    nng_aio_set_timeout(client->shake_aio, SHAKE_MS);
    nng_aio_set_msg(client->shake_aio, weir_nng_message(data, size)); /* none: nng ends it with an error */
    nng_ctx_send(client->shake_ctx, client->shake_aio);
}

/* Locked. A new connection; the aio is free. */
static void shake_begin(weir_client *client) {
    const weir_transport_options *options = &client->transport->options;
    uint8_t message[WEIR_AUTH_MESSAGE_MAX];
    options->random_bytes(options->random_self, client->client_nonce, sizeof client->client_nonce);
    client->shaking = true;
    client->shaken = client->connection;
    shake_send(client, message, weir_auth_write_hello(message, client->client_nonce), HELLO_SENDING);
}

/* Locked. The connection is kept for a while, so that a wrong secret does not become a storm of them. */
static void shake_pause(weir_client *client) {
    client->step = PAUSING;
    weir_nng_sleep(client->shake_aio, REFUSED_PAUSE_MS);
}

/* Locked. Requests end with the error (taken) until the connection is gone. */
static void refuse_link(weir_client *client, weir_error *error) {
    client->link = REFUSED;
    weir_error_free(client->refusal);
    client->refusal = error;
    stir_requests(client, false);
}

/* Locked. The server has proved itself, or is told that it has not, for its log. */
static void answer_challenge(weir_client *client, const weir_auth_message *auth) {
    const weir_secret *secret = client->transport->options.secret;
    uint8_t proof[WEIR_AUTH_PROOF_SIZE], message[WEIR_AUTH_MESSAGE_MAX];
    if (weir_auth_check(secret, WEIR_AUTH_SERVER, client->client_nonce, auth->nonce, auth->proof)) {
        weir_auth_prove(secret, WEIR_AUTH_CLIENT, client->client_nonce, auth->nonce, proof);
        shake_send(client, message, weir_auth_write_proof(message, proof), PROOF_SENDING);
        return;
    }
    weir_error *error = NULL;
    weir_error_failf(&error, WEIR_AUTHENTICATION_FAILED, "%s has another shared secret", client->url);
    refuse_link(client, error);
    size_t size = weir_auth_write_refusal(message, WEIR_AUTH_REASON_WRONG_SECRET, "the secrets differ");
    shake_send(client, message, size, NOTICE_SENDING);
}

/* Locked. What the server said. */
static void shake_answered(weir_client *client, weir_str bytes) {
    weir_auth_message auth = weir_auth_parse(bytes);
    if (client->step == HELLO_RECEIVING && auth.kind == WEIR_AUTH_CHALLENGE) {
        answer_challenge(client, &auth);
    } else if (client->step == PROOF_RECEIVING && auth.kind == WEIR_AUTH_WELCOME) {
        client->shaking = false;
        client->link = OPEN;
        stir_requests(client, false);
    } else if (auth.kind == WEIR_AUTH_REFUSAL && auth.reason == WEIR_AUTH_REASON_ORDER) {
        shake_pause(client); /* the connection was replaced between the two steps, or nearly so */
    } else {
        weir_error *error = NULL;
        if (auth.kind == WEIR_AUTH_REFUSAL)
            error = describe_refusal(client, &auth);
        else
            weir_error_failf(&error, WEIR_AUTHENTICATION_FAILED,
                             "%s does not answer the challenge as a Weir does", client->url);
        refuse_link(client, error);
        shake_pause(client);
    }
}

/* Locked. Returns a connection to close, or 0. */
static uint32_t shake_failed(weir_client *client) {
    client->shaking = false;
    if (client->closing || !client->connection)
        return 0;
    if (client->connection == client->shaken)
        return client->connection; /* no answer in time, or the pause is over: a new connection begins anew */
    shake_begin(client);
    return 0;
}

/* Locked. */
static void shake_receive(weir_client *client, int step) {
    client->step = step;
    nng_aio_set_timeout(client->shake_aio, SHAKE_MS);
    nng_ctx_recv(client->shake_ctx, client->shake_aio);
}

static void shake_event(void *data) {
    weir_client *client = data;
    int rv = nng_aio_result(client->shake_aio);
    nng_msg *message = weir_nng_take(client->shake_aio);
    uint32_t unwanted = 0;
    pthread_mutex_lock(&client->lock);
    bool current = !client->closing && client->connection == client->shaken;
    if (rv != 0 || !current)
        unwanted = shake_failed(client);
    else if (client->step == HELLO_SENDING)
        shake_receive(client, HELLO_RECEIVING);
    else if (client->step == PROOF_SENDING)
        shake_receive(client, PROOF_RECEIVING);
    else if (client->step == NOTICE_SENDING)
        shake_pause(client);
    else
        shake_answered(client, weir_nng_bytes(message));
    pthread_mutex_unlock(&client->lock);
    nng_msg_free(message);
    if (unwanted)
        nng_pipe_close((nng_pipe){unwanted});
}

/* nng calls with ADD_PRE before anything can be sent, with ADD_POST when it can, with REM_POST (which may
 * overtake ADD_POST) before it dials again. */
static void link_event(nng_pipe pipe, nng_pipe_ev event, void *data) {
    weir_client *client = data;
    uint32_t connection = (uint32_t)nng_pipe_id(pipe);
    pthread_mutex_lock(&client->lock);
    if (event == NNG_PIPE_EV_ADD_PRE) {
        client->connection = connection;
        client->link = SHAKING;
    } else if (connection != client->connection || client->closing) {
        /* of one that is gone */
    } else if (event == NNG_PIPE_EV_ADD_POST) {
        if (!client->shaking)
            shake_begin(client);
    } else {
        client->connection = 0;
        client->link = DOWN;
        stir_requests(client, true);
        if (client->shaking)
            nng_aio_cancel(client->shake_aio);
    }
    pthread_mutex_unlock(&client->lock);
}

/* ---- connecting and closing ---- */

/* Cancels until nothing is in flight: a request between two of its states is caught the next time. */
static void cancel_requests(weir_client *client) {
    for (;;) {
        pthread_mutex_lock(&client->lock);
        client->closing = true;
        bool idle = client->in_flight == 0;
        for (request *r = client->active; r; r = r->next)
            nng_aio_cancel(r->aio);
        pthread_mutex_unlock(&client->lock);
        if (idle)
            return;
        nng_msleep(1);
    }
}

void weir_nng_client_close(weir_client *client) {
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
    if (client->shake_aio) {
        nng_aio_stop(client->shake_aio);
        nng_ctx_close(client->shake_ctx);
        nng_msg_free(weir_nng_take(client->shake_aio)); /* of a send that its stop overtook */
    }
    nng_close(client->socket);
    if (client->shake_aio)
        nng_aio_free(client->shake_aio);
    weir_error_free(client->refusal);
    pthread_mutex_destroy(&client->lock);
    weir_free(client->url);
    weir_free(client);
}

static int open_challenge(weir_client *client) {
    client->challenged = true;
    int rv = nng_ctx_open(&client->shake_ctx, client->socket);
    if (rv == 0)
        rv = nng_aio_alloc(&client->shake_aio, shake_event, client);
    static const nng_pipe_ev events[] = {NNG_PIPE_EV_ADD_PRE, NNG_PIPE_EV_ADD_POST, NNG_PIPE_EV_REM_POST};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(events) && rv == 0; i++)
        rv = nng_pipe_notify(client->socket, events[i], link_event, client);
    return rv;
}

/* In the background; a peer that is not there yet is dialled until it is. */
static weir_code dial_network(weir_client *client, const weir_nng_url *parts, weir_error **err) {
    const weir_transport_options *options = &client->transport->options;
    nng_dialer dialer;
    int rv = options->secret ? open_challenge(client) : 0;
    if (rv == 0)
        rv = nng_dialer_create(&dialer, client->socket, client->url);
    if (rv == 0 && parts->tls) {
        nng_tls_config *config = NULL;
        const char *name = options->tls_server_name ? options->tls_server_name : parts->host;
        WEIR_TRY(weir_nng_tls_new(options, name, &config, err));
        rv = nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, config);
        nng_tls_config_free(config);
    }
    if (rv == 0) {
        nng_dialer_set_ms(dialer, NNG_OPT_RECONNMINT, REDIAL_MIN_MS);
        nng_dialer_set_ms(dialer, NNG_OPT_RECONNMAXT, REDIAL_MAX_MS);
        nng_dialer_set_bool(dialer, NNG_OPT_TCP_NODELAY, true);
        nng_dialer_set_bool(dialer, NNG_OPT_TCP_KEEPALIVE, true);
        rv = nng_dialer_start(dialer, NNG_FLAG_NONBLOCK);
    }
    return rv == 0 ? WEIR_OK : weir_nng_failed(rv, "connect to", client->url, err);
}

/* A peer in this process does not come back: redialling would only race with closing. */
static weir_code dial_inproc(weir_client *client, weir_error **err) {
    nng_socket_set_ms(client->socket, NNG_OPT_RECONNMINT, 3600 * 1000);
    int rv = nng_dial(client->socket, client->url, NULL, 0);
    return rv == 0 ? WEIR_OK : weir_nng_failed(rv, "connect to", client->url, err);
}

weir_code weir_nng_connect(weir_transport *transport, const char *url, weir_client **ret, weir_error **err) {
    weir_nng_url parts;
    WEIR_TRY(weir_nng_url_parse(url, &parts, err));
    weir_client *client = weir_alloc_zero(1, sizeof *client);
    client->transport = (nng_transport *)transport;
    int rv = nng_req0_open(&client->socket);
    if (rv != 0) {
        weir_free(client);
        return weir_nng_failed(rv, "connect to", url, err);
    }
    client->url = weir_strdup(url);
    pthread_mutex_init(&client->lock, NULL);
    nng_socket_set_ms(client->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    nng_socket_set_size(client->socket, NNG_OPT_RECVMAXSZ, client->transport->options.reply_size_max);
    weir_code code = parts.network ? dial_network(client, &parts, err) : dial_inproc(client, err);
    if (code != WEIR_OK) {
        weir_nng_client_close(client);
        return code;
    }
    *ret = client;
    return WEIR_OK;
}
