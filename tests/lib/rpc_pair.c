/* Two sides of a transport (rpc_pair.h). */
#include "tests/lib/rpc_pair.h"

#include <stdio.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/rpc/frame.h"
#include "proto/engine.pb-c.h"

static weir_buffer *text_frame(weir_transport *transport, const char *text, size_t payload_size) {
    Weir__Status message = WEIR__STATUS__INIT;
    message.json = (char *)(uintptr_t)text;
    uint8_t *bytes = weir_alloc_zero(1, payload_size + 1);
    for (size_t i = 0; i < payload_size; i++)
        bytes[i] = (uint8_t)(i * 7);
    weir_str payload = weir_str_make((const char *)bytes, payload_size);
    weir_buffer *frame = NULL;
    WEIR_ASSERT(weir_frame_encode(transport, WEIR_FRAME_STATUS, 7, &message.base, &payload, 1, &frame,
                                  NULL) == WEIR_OK);
    WEIR_ASSERT((uintptr_t)frame->data % 8 == 0);
    weir_free(bytes);
    return frame;
}

/* ---- the server ---- */

static void serve(void *data, weir_call *call, weir_buffer *buffer) {
    rpc_pair *pair = data;
    weir_frame frame;
    ProtobufCMessage *message = NULL;
    weir_transport *transport = pair->server_side;
    WEIR_ASSERT(weir_frame_decode(buffer, &frame, NULL) == WEIR_OK);
    WEIR_ASSERT(weir_frame_unpack(&frame, WEIR_FRAME_STATUS, &weir__status__descriptor, &message, NULL) ==
                WEIR_OK);
    bool keep = strcmp(((Weir__Status *)message)->json, "keep") == 0;
    protobuf_c_message_free_unpacked(message, NULL);
    pthread_mutex_lock(&pair->lock);
    pair->misaligned += (uintptr_t)buffer->data % 8 != 0; /* columns are read where they lie */
    pair->served++;
    pair->kept_count += keep;
    if (keep)
        pair->kept = call;
    pthread_cond_broadcast(&pair->wake);
    pthread_mutex_unlock(&pair->lock);
    if (keep)
        return;
    weir_buffer *reply = transport->ops->alloc(transport, buffer->size);
    memcpy(reply->data, buffer->data, buffer->size);
    transport->ops->reply(call, reply);
}

void rpc_pair_answer_kept(rpc_pair *pair) {
    pair->server_side->ops->reply(pair->kept, text_frame(pair->server_side, "late", 0));
}

/* ---- the client ---- */

static void ended(void *data, weir_buffer *reply, weir_error *error) {
    rpc_pair *pair = data;
    pthread_mutex_lock(&pair->lock);
    pair->answered += reply != NULL;
    pair->failed += error != NULL;
    weir_frame frame;
    if (reply) {
        pair->misaligned += (uintptr_t)reply->data % 8 != 0;
        WEIR_ASSERT(weir_frame_decode(reply, &frame, NULL) == WEIR_OK);
        pair->payload = frame.payload_size;
    } else {
        pair->code = weir_error_code(error);
        snprintf(pair->message, sizeof pair->message, "%s", weir_error_message(error));
    }
    pthread_cond_broadcast(&pair->wake);
    pthread_mutex_unlock(&pair->lock);
    weir_buffer_unref(reply);
    weir_error_free(error);
}

void rpc_pair_ask(rpc_pair *pair, const char *text, size_t payload_size, int32_t timeout_ms) {
    weir_transport *transport = pair->client_side;
    weir_buffer *frame = text_frame(transport, text, payload_size);
    transport->ops->request(pair->client, frame, timeout_ms, ended, pair);
}

static void wait_until(rpc_pair *pair, const int32_t *a, const int32_t *b, int32_t count) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    pthread_mutex_lock(&pair->lock);
    while (*a + (b ? *b : 0) < count)
        WEIR_ASSERT(pthread_cond_timedwait(&pair->wake, &pair->lock, &until) == 0);
    pthread_mutex_unlock(&pair->lock);
}

void rpc_pair_wait(rpc_pair *pair, int32_t count) {
    wait_until(pair, &pair->answered, &pair->failed, count);
}

void rpc_pair_wait_kept(rpc_pair *pair, int32_t count) {
    wait_until(pair, &pair->kept_count, NULL, count);
}

void rpc_pair_exchange(rpc_pair *pair) {
    int32_t answered = pair->answered;
    rpc_pair_ask(pair, "hello", 100, 15000);
    rpc_pair_wait(pair, answered + pair->failed + 1);
    if (pair->answered != answered + 1)
        fprintf(stderr, "rpc_pair: %s\n", pair->message);
    WEIR_ASSERT(pair->answered == answered + 1);
}

void rpc_pair_fails(rpc_pair *pair, int32_t timeout_ms, weir_code code, const char *part) {
    int32_t failed = pair->failed;
    rpc_pair_ask(pair, "hello", 0, timeout_ms);
    rpc_pair_wait(pair, pair->answered + failed + 1);
    if (pair->failed != failed + 1 || pair->code != code || !strstr(pair->message, part))
        fprintf(stderr, "rpc_pair: %s: %s\n", weir_code_condition(pair->code), pair->message);
    WEIR_ASSERT(pair->failed == failed + 1 && pair->code == code && strstr(pair->message, part));
}

/* ---- both ---- */

void rpc_pair_init(rpc_pair *pair, const weir_transport_options *server,
                   const weir_transport_options *client) {
    *pair = (rpc_pair){.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    WEIR_ASSERT(weir_nng_transport_new(server, &pair->server_side, NULL) == WEIR_OK);
    WEIR_ASSERT(weir_nng_transport_new(client, &pair->client_side, NULL) == WEIR_OK);
}

void rpc_pair_listen(rpc_pair *pair, const char *url) {
    weir_error *err = NULL;
    if (pair->server_side->ops->listen(pair->server_side, url, serve, pair, &pair->server, &err) != WEIR_OK)
        fprintf(stderr, "rpc_pair: %s\n", weir_error_text(err));
    WEIR_ASSERT(!err);
}

void rpc_pair_connect(rpc_pair *pair, const char *url) {
    WEIR_ASSERT(pair->client_side->ops->connect(pair->client_side, url, &pair->client, NULL) == WEIR_OK);
}

void rpc_pair_fini(rpc_pair *pair) {
    pair->client_side->ops->client_close(pair->client);
    pair->server_side->ops->server_close(pair->server);
    pair->client_side->ops->free(pair->client_side);
    pair->server_side->ops->free(pair->server_side);
}
