/* Blocking calls over the transport (peer_call.h): the transport's thread hands the answer to the caller, who
 * sleeps on a condition until it comes. A call always ends: the transport's deadline covers the whole
 * exchange. Calls of several threads may be under way. */
#include "cli/peer_call.h"

#include <pthread.h>

#include "common/base/alloc.h"

struct weir_peer {
    weir_transport *transport;
    weir_client *client;
    pthread_mutex_t lock;
    pthread_cond_t answered;
};

typedef struct call {
    weir_peer *peer;
    weir_buffer *reply;
    weir_error *error;
    bool done;
} call;

weir_code weir_peer_open(weir_transport *transport, const char *url, weir_peer **ret, weir_error **err) {
    weir_client *client = NULL;
    WEIR_TRY(transport->ops->connect(transport, url, &client, err));
    weir_peer *peer = weir_alloc_zero(1, sizeof *peer);
    peer->transport = transport;
    peer->client = client;
    pthread_mutex_init(&peer->lock, NULL);
    pthread_cond_init(&peer->answered, NULL);
    *ret = peer;
    return WEIR_OK;
}

/* On a transport thread. The caller's frame is gone as soon as it has seen `done`: nothing follows the
 * unlock. */
static void call_done(void *data, weir_buffer *reply, weir_error *error) {
    call *c = data;
    weir_peer *peer = c->peer;
    pthread_mutex_lock(&peer->lock);
    c->reply = reply;
    c->error = error;
    c->done = true;
    pthread_cond_broadcast(&peer->answered);
    pthread_mutex_unlock(&peer->lock);
}

weir_code weir_peer_call(weir_peer *peer, weir_frame_kind kind, const ProtobufCMessage *request,
                         int32_t timeout_ms, weir_frame_kind reply_kind,
                         const ProtobufCMessageDescriptor *reply_descriptor, ProtobufCMessage **ret,
                         weir_error **err) {
    weir_buffer *message = NULL;
    WEIR_TRY(weir_frame_encode(peer->transport, kind, 0, request, NULL, 0, &message, err));
    call c = {.peer = peer};
    peer->transport->ops->request(peer->client, message, timeout_ms, call_done, &c);
    pthread_mutex_lock(&peer->lock);
    while (!c.done)
        pthread_cond_wait(&peer->answered, &peer->lock);
    pthread_mutex_unlock(&peer->lock);
    if (c.error)
        return weir_error_move(err, c.error);
    weir_frame frame = {0};
    weir_code code = weir_frame_decode(c.reply, &frame, err);
    if (code == WEIR_OK)
        code = weir_frame_unpack(&frame, reply_kind, reply_descriptor, ret, err);
    weir_buffer_unref(c.reply);
    return code;
}

void weir_peer_close(weir_peer *peer) {
    if (!peer)
        return;
    peer->transport->ops->client_close(peer->client);
    pthread_cond_destroy(&peer->answered);
    pthread_mutex_destroy(&peer->lock);
    weir_free(peer);
}
