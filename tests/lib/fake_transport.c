/* The transport of cluster tests (fake_transport.h). Clients are closed on a pool thread, hence the lock. */
#include "tests/lib/fake_transport.h"

#include <pthread.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"

#define MOST 64

struct weir_server {
    weir_fake_transport *fake;
    char *url;
    weir_server_handler handler;
    void *data;
    bool stopped;
};

struct weir_client {
    weir_fake_transport *fake;
    char *url;
    bool cut;
};

struct weir_call {
    weir_fake_transport *fake;
    weir_buffer *message;
};

typedef struct open_request {
    weir_fake_request request;
    weir_client *client;
    weir_client_done done;
    void *data;
} open_request;

struct weir_fake_transport {
    weir_transport base;
    pthread_mutex_t lock;
    weir_server *servers[MOST];
    weir_client *clients[MOST];
    open_request *requests[MOST]; /* oldest first */
    int32_t servers_count, clients_count, requests_count;
    weir_buffer *reply;
};

static weir_fake_transport *fake_of(weir_transport *transport) {
    return (weir_fake_transport *)transport;
}

static weir_buffer *fake_alloc(weir_transport *transport, size_t size) {
    (void)transport;
    weir_buffer *buffer = weir_buffer_new(NULL, size);
    buffer->size = size;
    return buffer;
}

static weir_code fake_listen(weir_transport *transport, const char *url, weir_server_handler handler,
                             void *data, weir_server **ret, weir_error **err) {
    (void)err;
    weir_fake_transport *fake = fake_of(transport);
    WEIR_ASSERT(fake->servers_count < MOST);
    *ret = weir_alloc_zero(1, sizeof **ret);
    **ret = (weir_server){fake, weir_strdup(url), handler, data, false};
    fake->servers[fake->servers_count++] = *ret;
    return WEIR_OK;
}

static void fake_reply(weir_call *call, weir_buffer *message) {
    weir_buffer_unref(call->fake->reply);
    call->fake->reply = message;
    weir_buffer_unref(call->message);
    weir_free(call);
}

static void fake_server_stop(weir_server *server) {
    server->stopped = true;
}

static void fake_server_close(weir_server *server) {
    weir_fake_transport *fake = server->fake;
    for (int32_t i = 0; i < fake->servers_count; i++)
        if (fake->servers[i] == server)
            fake->servers[i] = fake->servers[--fake->servers_count];
    weir_free(server->url);
    weir_free(server);
}

static const char *fake_server_url(const weir_server *server) {
    return server->url;
}

static weir_code fake_connect(weir_transport *transport, const char *url, weir_client **ret,
                              weir_error **err) {
    (void)err;
    weir_fake_transport *fake = fake_of(transport);
    WEIR_ASSERT(fake->clients_count < MOST);
    *ret = weir_alloc_zero(1, sizeof **ret);
    **ret = (weir_client){fake, weir_strdup(url), false};
    fake->clients[fake->clients_count++] = *ret;
    return WEIR_OK;
}

static void fake_request(weir_client *client, weir_buffer *message, int32_t timeout_ms, weir_client_done done,
                         void *data) {
    weir_fake_transport *fake = client->fake;
    open_request *open = weir_alloc_zero(1, sizeof *open);
    open->request = (weir_fake_request){client->url, message, {0}, timeout_ms, open};
    open->client = client;
    open->done = done;
    open->data = data;
    WEIR_ASSERT(weir_frame_decode(message, &open->request.frame, NULL) == WEIR_OK);
    pthread_mutex_lock(&fake->lock);
    WEIR_ASSERT(fake->requests_count < MOST);
    fake->requests[fake->requests_count++] = open;
    pthread_mutex_unlock(&fake->lock);
}

/* Under the lock. */
static void take_out(weir_fake_transport *fake, open_request *open) {
    int32_t at = 0;
    while (fake->requests[at] != open)
        at++;
    fake->requests_count--;
    memmove(&fake->requests[at], &fake->requests[at + 1],
            sizeof fake->requests[0] * (size_t)(fake->requests_count - at));
}

static void end_request(weir_fake_transport *fake, open_request *open, weir_buffer *reply,
                        weir_error *error) {
    pthread_mutex_lock(&fake->lock);
    take_out(fake, open);
    pthread_mutex_unlock(&fake->lock);
    open->done(open->data, reply, error);
    weir_buffer_unref(open->request.message);
    weir_free(open);
}

static bool fake_client_is_open(weir_client *client) {
    return !client->cut;
}

static void fake_client_close(weir_client *client) {
    weir_fake_transport *fake = client->fake;
    for (;;) {
        pthread_mutex_lock(&fake->lock);
        open_request *open = NULL;
        for (int32_t i = 0; i < fake->requests_count; i++)
            if (fake->requests[i]->client == client)
                open = fake->requests[i];
        pthread_mutex_unlock(&fake->lock);
        if (!open)
            break;
        weir_error *error = NULL;
        weir_error_failf(&error, WEIR_CANCELLED, "the client closes");
        end_request(fake, open, NULL, error);
    }
    pthread_mutex_lock(&fake->lock);
    for (int32_t i = 0; i < fake->clients_count; i++)
        if (fake->clients[i] == client)
            fake->clients[i] = fake->clients[--fake->clients_count];
    pthread_mutex_unlock(&fake->lock);
    weir_free(client->url);
    weir_free(client);
}

static void fake_free(weir_transport *transport) {
    (void)transport;
}

static const weir_transport_ops fake_ops = {
    .name = "fake",
    .alloc = fake_alloc,
    .listen = fake_listen,
    .reply = fake_reply,
    .server_stop = fake_server_stop,
    .server_close = fake_server_close,
    .connect = fake_connect,
    .request = fake_request,
    .client_is_open = fake_client_is_open,
    .client_close = fake_client_close,
    .free = fake_free,
    .server_url = fake_server_url,
};

weir_fake_transport *weir_fake_transport_new(void) {
    weir_fake_transport *fake = weir_alloc_zero(1, sizeof *fake);
    fake->base.ops = &fake_ops;
    pthread_mutex_init(&fake->lock, NULL);
    return fake;
}

void weir_fake_transport_free(weir_fake_transport *fake) {
    WEIR_ASSERT(fake->servers_count == 0 && fake->clients_count == 0 && fake->requests_count == 0);
    weir_buffer_unref(fake->reply);
    pthread_mutex_destroy(&fake->lock);
    weir_free(fake);
}

weir_transport *weir_fake_transport_seam(weir_fake_transport *fake) {
    return &fake->base;
}

void weir_fake_transport_send(weir_fake_transport *fake, const char *url, weir_frame_kind kind,
                              const ProtobufCMessage *message) {
    fake->reply = weir_buffer_unref(fake->reply);
    for (int32_t i = 0; i < fake->servers_count; i++) {
        weir_server *server = fake->servers[i];
        if (strcmp(server->url, url) != 0 || server->stopped)
            continue;
        weir_call *call = weir_alloc_zero(1, sizeof *call);
        call->fake = fake;
        WEIR_ASSERT(weir_frame_encode(&fake->base, kind, 0, message, NULL, 0, &call->message, NULL) ==
                    WEIR_OK);
        server->handler(server->data, call, call->message);
        return;
    }
    WEIR_ASSERT(!"a server at this address");
}

ProtobufCMessage *weir_fake_transport_reply(weir_fake_transport *fake, weir_frame_kind kind,
                                            const ProtobufCMessageDescriptor *descriptor) {
    weir_frame frame;
    ProtobufCMessage *message = NULL;
    if (fake->reply && weir_frame_decode(fake->reply, &frame, NULL) == WEIR_OK && frame.kind == kind)
        weir_frame_unpack(&frame, kind, descriptor, &message, NULL);
    return message;
}

weir_fake_request *weir_fake_transport_find(weir_fake_transport *fake, const char *url,
                                            weir_frame_kind kind) {
    for (int32_t i = 0; i < fake->requests_count; i++) {
        weir_fake_request *request = &fake->requests[i]->request;
        if (strcmp(request->url, url) == 0 && request->frame.kind == kind)
            return request;
    }
    return NULL;
}

int32_t weir_fake_transport_open(const weir_fake_transport *fake, const char *url) {
    int32_t count = 0;
    for (int32_t i = 0; i < fake->requests_count; i++)
        count += strcmp(fake->requests[i]->request.url, url) == 0;
    return count;
}

void weir_fake_transport_answer(weir_fake_transport *fake, weir_fake_request *request, weir_frame_kind kind,
                                const ProtobufCMessage *message) {
    weir_buffer *reply = NULL;
    WEIR_ASSERT(weir_frame_encode(&fake->base, kind, 0, message, NULL, 0, &reply, NULL) == WEIR_OK);
    end_request(fake, request->internal, reply, NULL);
}

void weir_fake_transport_break(weir_fake_transport *fake, weir_fake_request *request) {
    weir_error *error = NULL;
    weir_error_failf(&error, WEIR_RPC_ERROR, "connection reset");
    end_request(fake, request->internal, NULL, error);
}

void weir_fake_transport_cut(weir_fake_transport *fake, const char *url, bool is_cut) {
    for (int32_t i = 0; i < fake->clients_count; i++)
        if (strcmp(fake->clients[i]->url, url) == 0)
            fake->clients[i]->cut = is_cut;
}

bool weir_fake_transport_is_connected(const weir_fake_transport *fake, const char *url) {
    for (int32_t i = 0; i < fake->clients_count; i++)
        if (strcmp(fake->clients[i]->url, url) == 0)
            return true;
    return false;
}
