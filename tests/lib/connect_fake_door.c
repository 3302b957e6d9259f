/* The fake door (connect_fake_door.h). Sends only record; the test's thread acknowledges them. */
#include "tests/lib/connect_fake_door.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct weir_door {
    weir_door_service service;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int calls;
};

struct fake_call {
    weir_door *door;
    void *context;
    uint8_t *messages[4096];
    size_t sizes[4096];
    int count;
    bool writing, finished, refused, wants_read;
    weir_door_status status;
    char *text;
    uint8_t *details;
    size_t details_size;
};

static weir_door *last_door;

static weir_door *fake_open(const weir_door_config *config, const weir_door_service *service,
                            char *ret_problem, size_t problem_size) {
    (void)config;
    (void)ret_problem;
    (void)problem_size;
    weir_door *door = calloc(1, sizeof *door);
    door->service = *service;
    pthread_mutex_init(&door->lock, NULL);
    pthread_cond_init(&door->changed, NULL);
    return last_door = door;
}

weir_door *fake_door_last(void) {
    return last_door;
}

static int fake_port(const weir_door *door) {
    (void)door;
    return 1;
}

static void fake_stats(weir_door *door, weir_door_stats *ret) {
    *ret = (weir_door_stats){.calls_open = door->calls};
}

static void fake_close(weir_door *door) {
    pthread_mutex_lock(&door->lock);
    while (door->calls > 0)
        pthread_cond_wait(&door->changed, &door->lock);
    pthread_mutex_unlock(&door->lock);
    pthread_cond_destroy(&door->changed);
    pthread_mutex_destroy(&door->lock);
    free(door);
}

static void fake_read(weir_door_call *door_call) {
    fake_call *call = (fake_call *)door_call;
    pthread_mutex_lock(&call->door->lock);
    call->wants_read = true;
    pthread_cond_broadcast(&call->door->changed);
    pthread_mutex_unlock(&call->door->lock);
}

static void record(fake_call *call, const weir_door_bytes *parts, int count) {
    size_t size = 0;
    for (int i = 0; i < count; i++)
        size += parts[i].size;
    uint8_t *bytes = malloc(size ? size : 1);
    call->sizes[call->count] = size;
    call->messages[call->count++] = bytes;
    for (int i = 0; i < count; i++) {
        memcpy(bytes, parts[i].data, parts[i].size);
        bytes += parts[i].size;
        if (parts[i].release)
            parts[i].release(parts[i].owner);
    }
}

static void fake_send(weir_door_call *door_call, const weir_door_bytes *parts, int count) {
    fake_call *call = (fake_call *)door_call;
    pthread_mutex_lock(&call->door->lock);
    if (call->finished || call->writing)
        abort();
    record(call, parts, count);
    call->writing = true;
    pthread_cond_broadcast(&call->door->changed);
    pthread_mutex_unlock(&call->door->lock);
}

static void fake_reply(weir_door_call *door_call, const weir_door_bytes *parts, int count) {
    fake_call *call = (fake_call *)door_call;
    pthread_mutex_lock(&call->door->lock);
    if (call->finished || call->writing)
        abort();
    record(call, parts, count);
    call->finished = true;
    pthread_cond_broadcast(&call->door->changed);
    pthread_mutex_unlock(&call->door->lock);
}

static void fake_finish(weir_door_call *door_call, weir_door_status status, const char *message,
                        const void *details, size_t details_size) {
    fake_call *call = (fake_call *)door_call;
    pthread_mutex_lock(&call->door->lock);
    if (call->finished)
        abort();
    call->finished = true;
    call->status = status;
    call->text = strdup(message ? message : "");
    call->details = malloc(details_size ? details_size : 1);
    call->details_size = details_size;
    if (details_size)
        memcpy(call->details, details, details_size);
    pthread_cond_broadcast(&call->door->changed);
    pthread_mutex_unlock(&call->door->lock);
}

const weir_door_ops *fake_door_ops(void) {
    static const weir_door_ops ops = {
        .abi = WEIR_DOOR_ABI,
        .name = "fake",
        .open = fake_open,
        .port = fake_port,
        .stats = fake_stats,
        .close = fake_close,
        .read = fake_read,
        .send = fake_send,
        .reply = fake_reply,
        .finish = fake_finish,
    };
    return &ops;
}

fake_call *fake_call_begin(weir_door *door, const char *method, const char *authorization, const char *peer) {
    fake_call *call = calloc(1, sizeof *call);
    char path[256];
    snprintf(path, sizeof path, "/spark.connect.SparkConnectService/%s", method);
    weir_door_head head = {path, authorization ? authorization : "", "test", peer ? peer : "fd:1",
                           "127.0.0.1"};
    const char *message = "";
    call->door = door;
    pthread_mutex_lock(&door->lock);
    door->calls++;
    pthread_mutex_unlock(&door->lock);
    call->status =
        door->service.begin(door->service.self, (weir_door_call *)call, &head, &call->context, &message);
    if (call->status != WEIR_DOOR_OK) {
        call->refused = call->finished = true;
        call->text = strdup(message);
    }
    return call;
}

static void release_memory(void *owner) {
    free(owner);
}

void fake_call_bytes(fake_call *call, const void *data, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    memcpy(copy, data, size);
    call->wants_read = false;
    call->door->service.message(call->context, (weir_door_bytes){copy, size, release_memory, copy});
}

void fake_call_message(fake_call *call, const ProtobufCMessage *message) {
    if (!message) {
        call->door->service.message(call->context, (weir_door_bytes){0});
        return;
    }
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(size ? size : 1);
    protobuf_c_message_pack(message, bytes);
    fake_call_bytes(call, bytes, size);
    free(bytes);
}

bool fake_call_wait(fake_call *call) {
    pthread_mutex_lock(&call->door->lock);
    while (!call->writing && !call->finished)
        pthread_cond_wait(&call->door->changed, &call->door->lock);
    bool writing = call->writing;
    pthread_mutex_unlock(&call->door->lock);
    return writing;
}

bool fake_call_step(fake_call *call, bool ok) {
    if (!fake_call_wait(call))
        return false;
    pthread_mutex_lock(&call->door->lock);
    call->writing = false;
    bool finished = call->finished;
    pthread_mutex_unlock(&call->door->lock);
    if (!finished)
        call->door->service.written(call->context, ok);
    return !finished;
}

void fake_call_run(fake_call *call) {
    while (fake_call_step(call, true)) {
    }
}

void fake_call_cancel(fake_call *call) {
    call->door->service.cancelled(call->context);
}

bool fake_call_wants_read(fake_call *call) {
    pthread_mutex_lock(&call->door->lock);
    while (!call->wants_read && !call->finished)
        pthread_cond_wait(&call->door->changed, &call->door->lock);
    bool wants = call->wants_read;
    pthread_mutex_unlock(&call->door->lock);
    return wants;
}

bool fake_call_finished(fake_call *call) {
    pthread_mutex_lock(&call->door->lock);
    bool finished = call->finished;
    pthread_mutex_unlock(&call->door->lock);
    return finished;
}

int fake_call_count(fake_call *call) {
    pthread_mutex_lock(&call->door->lock);
    int count = call->count;
    pthread_mutex_unlock(&call->door->lock);
    return count;
}

ProtobufCMessage *fake_call_get(fake_call *call, int i, const ProtobufCMessageDescriptor *descriptor) {
    return protobuf_c_message_unpack(descriptor, NULL, call->sizes[i], call->messages[i]);
}

size_t fake_call_size(fake_call *call, int i) {
    return call->sizes[i];
}

weir_door_status fake_call_status(fake_call *call) {
    return call->status;
}

const char *fake_call_text(fake_call *call) {
    return call->text ? call->text : "";
}

const uint8_t *fake_call_details(fake_call *call, size_t *ret_size) {
    *ret_size = call->details_size;
    return call->details;
}

void fake_call_free(fake_call *call) {
    weir_door *door = call->door;
    if (!call->refused)
        door->service.gone(call->context);
    for (int i = 0; i < call->count; i++)
        free(call->messages[i]);
    free(call->text);
    free(call->details);
    free(call);
    pthread_mutex_lock(&door->lock);
    door->calls--;
    pthread_cond_broadcast(&door->changed);
    pthread_mutex_unlock(&door->lock);
}
