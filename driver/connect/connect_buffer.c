/* An operation's responses and the stream that reads them.
 *
 *   emit -> [first .. sent] [sent+1 .. next)  -> the attached stream, one write at a time
 *            kept for a       waits for the
 *            reattach         stream
 *
 * Responses are numbered from 1; their ids carry the number, so that a reattach and the flood of
 * ReleaseExecute are O(1). The producer blocks while too much is unsent. What was sent is kept until the
 * client releases it, but never more than the retry limit (Spark's look-back); without reattach it is dropped
 * at once. A stream ends with OK behind the last response, with the operation's error, or on purpose after
 * its time or size (the client reattaches). A second attach takes over; the first ends with
 * INVALID_CURSOR.DISCONNECTED.
 *
 * Threads: emits on workers, writes on door threads; all under the operation's lock, under which the door is
 * only given work (it never calls back from there). */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "driver/connect/connect_server_int.h"

/* 8-4-4-4-12 hexadecimal digits as in a UUID: 20 of the operation, 12 of the number. */
static void make_response_id(const weir_connect_operation *operation, int64_t number,
                             char ret[CONNECT_ID_SIZE]) {
    uint64_t seed = operation->id_seed;
    snprintf(ret, CONNECT_ID_SIZE, "%08x-%04x-4%03x-8%03x-%012" PRIx64, (unsigned)(seed >> 32),
             (unsigned)(seed >> 16) & 0xFFFF, (unsigned)(seed >> 4) & 0xFFF, (unsigned)(seed << 8) & 0xFFF,
             (uint64_t)number & 0xFFFFFFFFFFFF);
}

/* The number in a response id of this operation, 0 where it is none. */
static int64_t parse_response_id(const weir_connect_operation *operation, const char *id) {
    char expected[CONNECT_ID_SIZE];
    uint64_t number = 0;
    if (strlen(id) != CONNECT_ID_SIZE - 1 || sscanf(id + 24, "%12" SCNx64, &number) != 1)
        return 0;
    make_response_id(operation, (int64_t)number, expected);
    return strcmp(id, expected) == 0 ? (int64_t)number : 0;
}

static connect_response *response_at(const weir_connect_operation *operation, int64_t number) {
    return &operation->ring[(size_t)number & (operation->ring_capacity - 1)];
}

static void append(weir_connect_operation *operation, connect_response response) {
    size_t count = (size_t)(operation->next - operation->first);
    if (count == operation->ring_capacity) {
        size_t capacity = WEIR_MAX(8, operation->ring_capacity * 2);
        connect_response *ring = weir_alloc_zero(capacity, sizeof *ring);
        for (int64_t n = operation->first; n < operation->next; n++)
            ring[(size_t)n & (capacity - 1)] = *response_at(operation, n);
        weir_free(operation->ring);
        operation->ring = ring;
        operation->ring_capacity = capacity;
    }
    *response_at(operation, operation->next++) = response;
    operation->unsent_bytes += (int64_t)response.size;
    atomic_fetch_add(&operation->server->buffered_bytes, (int64_t)response.size);
}

static void drop_first(weir_connect_operation *operation) {
    connect_response *response = response_at(operation, operation->first);
    int64_t *bytes = operation->first <= operation->sent ? &operation->kept_bytes : &operation->unsent_bytes;
    *bytes -= (int64_t)response->size;
    atomic_fetch_sub(&operation->server->buffered_bytes, (int64_t)response->size);
    weir_buffer_unref(response->head);
    weir_buffer_unref(response->body);
    *response = (connect_response){0};
    operation->first++;
}

/* The first response was sent, and not to an earlier stream alone: one that reattached is past it too. */
static bool can_drop(const weir_connect_operation *operation) {
    return operation->first < operation->next && operation->first <= operation->sent &&
           (!operation->stream || operation->first < operation->stream->next);
}

/* Sent responses beyond what a client may come back for. */
static void trim(weir_connect_operation *operation) {
    int64_t limit = operation->reattachable ? operation->server->config.retry_bytes_max : 0;
    while (can_drop(operation) && operation->kept_bytes > limit)
        drop_first(operation);
}

/* --- the stream; all under the operation's lock --- */

static void detach(weir_connect_operation *operation) {
    operation->stream->attached = false;
    operation->stream = NULL;
    operation->detached_us = connect_now(operation->server);
}

static void finish_stream(connect_call *call, weir_door_status status, const char *message) {
    call->server->ops->finish(call->door_call, status, message, NULL, 0);
}

static void fail_stream(connect_call *call, weir_error *error) {
    weir_error *copy = weir_error_clone(error);
    connect_call_fail(call, atomic_load(&call->operation)->session, &copy);
}

static void release_buffer(void *owner) {
    weir_buffer_unref(owner);
}

static void send_response(connect_call *call, const connect_response *response) {
    weir_door_bytes parts[2] = {
        {response->head->data, response->head->size, release_buffer, weir_buffer_ref(response->head)}};
    int count = 1;
    if (response->body)
        parts[count++] = (weir_door_bytes){response->body->data, response->body->size, release_buffer,
                                           weir_buffer_ref(response->body)};
    call->writing = true;
    call->server->ops->send(call->door_call, parts, count);
}

static bool stream_is_due(const weir_connect_operation *operation, const connect_call *call) {
    return operation->reattachable && (call->sent_bytes > operation->stream_bytes_max ||
                                       connect_now(operation->server) >= call->until_us);
}

/* Gives the attached stream its next response, or ends it. */
static void pump(weir_connect_operation *operation) {
    connect_call *call = operation->stream;
    if (!call || call->writing)
        return;
    bool all_sent = operation->finished && call->next >= operation->next;
    if (!all_sent && stream_is_due(operation, call)) {
        detach(operation);
        finish_stream(call, WEIR_DOOR_OK, "");
    } else if (call->next < operation->next) {
        send_response(call, response_at(operation, call->next));
    } else if (all_sent) {
        detach(operation);
        if (operation->error)
            fail_stream(call, operation->error);
        else
            finish_stream(call, WEIR_DOOR_OK, "");
    }
}

static void disconnect(weir_connect_operation *operation) {
    connect_call *call = operation->stream;
    weir_error *error = NULL;
    weir_error_raise(&error, WEIR_INVALID_CURSOR__DISCONNECTED, NULL);
    detach(operation);
    connect_call_fail(call, operation->session, &error);
}

static weir_code find_start(const weir_connect_operation *operation, const char *last_id, int64_t *ret,
                            weir_error **err) {
    int64_t last = 0;
    if (last_id && *last_id) {
        last = parse_response_id(operation, last_id);
        if (last < 1 || last >= operation->next)
            WEIR_RAISE(err, INVALID_CURSOR__POSITION_NOT_FOUND, "responseId", last_id);
    }
    if (last + 1 < operation->first) {
        char index[24];
        snprintf(index, sizeof index, "%" PRId64, last + 1);
        WEIR_RAISE(err, INVALID_CURSOR__POSITION_NOT_AVAILABLE, "responseId", last_id ? last_id : "", "index",
                   index);
    }
    *ret = last + 1;
    return WEIR_OK;
}

weir_code connect_buffer_attach(weir_connect_operation *operation, connect_call *call, const char *last_id,
                                weir_error **err) {
    pthread_mutex_lock(&operation->lock);
    weir_code code = find_start(operation, last_id, &call->next, err);
    if (code == WEIR_OK) {
        if (operation->stream)
            disconnect(operation);
        atomic_store(&call->operation, connect_operation_ref(operation));
        call->attached = true;
        call->until_us = connect_now(operation->server) + operation->stream_duration_us;
        operation->stream = call;
        if (atomic_load(&call->cancelled)) { /* it came before there was an operation to tell */
            detach(operation);
            finish_stream(call, WEIR_DOOR_CANCELLED, "");
        } else {
            pump(operation);
        }
    }
    pthread_mutex_unlock(&operation->lock);
    connect_clock_wake(operation->server);
    return code;
}

void connect_stream_written(connect_call *call, bool ok) {
    weir_connect_operation *operation = atomic_load(&call->operation);
    pthread_mutex_lock(&operation->lock);
    call->writing = false;
    if (call->attached && !ok) {
        detach(operation);
        finish_stream(call, WEIR_DOOR_CANCELLED, "");
    } else if (call->attached) {
        connect_response *response = response_at(operation, call->next);
        call->sent_bytes += (int64_t)response->size;
        if (call->next > operation->sent) { /* not one that a reattach sends again */
            operation->sent = call->next;
            operation->unsent_bytes -= (int64_t)response->size;
            operation->kept_bytes += (int64_t)response->size;
            operation->progress_waiting -= response->progress;
        }
        call->next++;
        trim(operation);
        pthread_cond_broadcast(&operation->room);
        pump(operation);
    }
    pthread_mutex_unlock(&operation->lock);
}

void connect_stream_cancelled(connect_call *call) {
    weir_connect_operation *operation = atomic_load(&call->operation);
    if (!operation)
        return; /* no stream, or not yet: attaching looks at call->cancelled */
    pthread_mutex_lock(&operation->lock);
    bool ours = call->attached;
    if (ours) {
        detach(operation);
        finish_stream(call, WEIR_DOOR_CANCELLED, "");
    }
    pthread_mutex_unlock(&operation->lock);
}

int64_t connect_operation_detached_us(weir_connect_operation *operation) {
    pthread_mutex_lock(&operation->lock);
    int64_t since = operation->detached_us;
    pthread_mutex_unlock(&operation->lock);
    return since;
}

bool connect_stream_expire(weir_connect_operation *operation) {
    pthread_mutex_lock(&operation->lock);
    pump(operation);
    bool attached = operation->stream != NULL;
    pthread_mutex_unlock(&operation->lock);
    return attached;
}

/* --- the producer --- */

static weir_code canceled(weir_error **err) {
    return weir_error_raise(err, WEIR_OPERATION_CANCELED, NULL);
}

static bool has_room(const weir_connect_operation *operation, size_t size) {
    const weir_connect_config *config = &operation->server->config;
    if (operation->unsent_bytes == 0) /* one response always passes, so nobody waits for another's client */
        return true;
    return operation->unsent_bytes + (int64_t)size <= config->buffer_bytes_max &&
           atomic_load(&operation->server->buffered_bytes) + (int64_t)size <= config->buffers_bytes_max;
}

/* Under the lock: waits for room, looking at the other operations' now and then. */
static void wait_for_room(weir_connect_operation *operation) {
    struct timespec until;
    int64_t at_ns = weir_env_realtime_us(operation->server->env) * 1000 + 50000000;
    until.tv_sec = at_ns / 1000000000;
    until.tv_nsec = at_ns % 1000000000;
    pthread_cond_timedwait(&operation->room, &operation->lock, &until);
}

/* Takes the parts. `response` has no ids yet: they are of the place that it gets, so it is packed here. */
static weir_code emit(weir_connect_operation *operation, Spark__Connect__ExecutePlanResponse *response,
                      weir_buffer *body, const uint8_t *tail, size_t tail_size, weir_error **err) {
    char id[CONNECT_ID_SIZE] = "00000000-0000-0000-0000-000000000000";
    CONNECT_ANSWER(response, operation->session);
    response->operation_id = operation->id;
    response->response_id = id;
    bool progress = response->response_type_case ==
                    SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_EXECUTION_PROGRESS;
    size_t packed = spark__connect__execute_plan_response__get_packed_size(response);
    size_t size = packed + tail_size + (body ? body->size : 0);
    if (size > (size_t)operation->server->config.message_bytes_max)
        WEIR_FAIL(err, OUT_OF_MEMORY, "a response of %zu bytes is larger than a message may be", size);
    _cleanup_buffer_ weir_buffer *head = weir_buffer_new(NULL, packed + tail_size);
    if (!head)
        WEIR_FAIL_OOM(err);
    pthread_mutex_lock(&operation->lock);
    while (!progress && !has_room(operation, size) && !atomic_load(&operation->interrupted))
        wait_for_room(operation);
    bool drop = progress && (operation->progress_waiting > 0 || !has_room(operation, size));
    bool stopped = atomic_load(&operation->interrupted) || operation->finished;
    if (!stopped && !drop) {
        make_response_id(operation, operation->next, id);
        spark__connect__execute_plan_response__pack(response, head->data);
        if (tail_size)
            memcpy(head->data + packed, tail, tail_size);
        head->size = packed + tail_size;
        operation->progress_waiting += progress;
        append(operation, (connect_response){weir_buffer_ref(head), weir_buffer_ref(body), size, progress});
        pump(operation);
    }
    pthread_mutex_unlock(&operation->lock);
    return stopped ? canceled(err) : WEIR_OK;
}

weir_code weir_connect_operation_emit(weir_connect_operation *operation,
                                      Spark__Connect__ExecutePlanResponse *response, weir_error **err) {
    return emit(operation, response, NULL, NULL, 0, err);
}

void weir_connect_operation_emit_progress(weir_connect_operation *operation,
                                          Spark__Connect__ExecutePlanResponse__ExecutionProgress *progress) {
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    response.response_type_case = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_EXECUTION_PROGRESS;
    response.execution_progress = progress;
    (void)emit(operation, &response, NULL, NULL, 0, NULL);
}

static size_t write_varint(uint8_t *target, uint64_t value) {
    size_t size = 0;
    for (; value >= 0x80; value >>= 7)
        target[size++] = (uint8_t)(value | 0x80);
    target[size++] = (uint8_t)value;
    return size;
}

static size_t varint_size(uint64_t value) {
    uint8_t bytes[10];
    return write_varint(bytes, value);
}

/* The field arrow_batch (#2) up to the bytes of data (#2), which follow as they are: the batch is never
 * copied. The fields of ArrowBatch before them come from protobuf-c. */
enum { ARROW_TAG = 2 << 3 | 2, DATA_TAG = 2 << 3 | 2, ARROW_HEAD_MAX = 96 };

static weir_code emit_chunk(weir_connect_operation *operation,
                            const Spark__Connect__ExecutePlanResponse__ArrowBatch *fields, weir_buffer *data,
                            weir_error **err) {
    uint8_t tail[ARROW_HEAD_MAX];
    size_t fields_size = protobuf_c_message_get_packed_size(&fields->base);
    size_t inner = fields_size + 1 + varint_size(data->size) + data->size, at = 0;
    WEIR_ASSERT(fields_size <= ARROW_HEAD_MAX - 24);
    tail[at++] = ARROW_TAG;
    at += write_varint(tail + at, inner);
    at += protobuf_c_message_pack(&fields->base, tail + at);
    tail[at++] = DATA_TAG;
    at += write_varint(tail + at, data->size);
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    return emit(operation, &response, data, tail, at, err);
}

static void release_slice_of(void *owner) {
    weir_buffer_unref(owner);
}

weir_code weir_connect_operation_emit_arrow(weir_connect_operation *operation, int64_t row_count,
                                            weir_buffer *stream, weir_error **err) {
    Spark__Connect__ExecutePlanResponse__ArrowBatch fields =
        SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__ARROW_BATCH__INIT;
    fields.has_row_count = fields.has_start_offset = 1;
    fields.row_count = row_count;
    fields.start_offset = operation->rows;
    size_t step = operation->chunking ? (size_t)operation->chunk_bytes : SIZE_MAX;
    size_t chunks = stream->size > step ? (stream->size + step - 1) / step : 1;
    if (operation->chunking) {
        fields.has_chunk_index = fields.has_num_chunks_in_batch = 1;
        fields.num_chunks_in_batch = (int64_t)chunks;
    }
    for (size_t i = 0; i < chunks; i++) {
        size_t size = WEIR_MIN(step, stream->size - i * step);
        _cleanup_buffer_ weir_buffer *part =
            chunks == 1 ? weir_buffer_ref(stream)
                        : weir_buffer_borrow(stream->data + i * step, size, release_slice_of,
                                             weir_buffer_ref(stream));
        fields.chunk_index = (int64_t)i;
        WEIR_TRY(emit_chunk(operation, &fields, part, err));
    }
    operation->rows += row_count;
    return WEIR_OK;
}

int64_t weir_connect_operation_chunk_bytes(const weir_connect_operation *operation) {
    return operation->chunk_bytes;
}

/* --- the end --- */

void connect_buffer_end(weir_connect_operation *operation, connect_phase phase, weir_error *error) {
    if (error)
        (void)weir_error_text(error); /* made now: later readers are on several threads */
    pthread_mutex_lock(&operation->lock);
    WEIR_ASSERT(!operation->finished);
    operation->finished = true;
    operation->phase = phase;
    operation->error = error;
    pump(operation);
    pthread_mutex_unlock(&operation->lock);
}

void connect_buffer_release_until(weir_connect_operation *operation, const char *response_id) {
    pthread_mutex_lock(&operation->lock);
    int64_t number = parse_response_id(operation, response_id);
    while (operation->first <= number && can_drop(operation))
        drop_first(operation);
    pthread_cond_broadcast(&operation->room);
    pthread_mutex_unlock(&operation->lock);
}

void connect_buffer_clear(weir_connect_operation *operation) {
    pthread_mutex_lock(&operation->lock);
    connect_call *call = operation->stream;
    /* A client that has all releases before we hear that the last write has left: that stream ends well. */
    if (call && operation->finished && !operation->error && call->next + call->writing >= operation->next) {
        detach(operation);
        finish_stream(call, WEIR_DOOR_OK, "");
    } else if (call) {
        disconnect(operation);
    }
    while (operation->first < operation->next)
        drop_first(operation);
    pthread_cond_broadcast(&operation->room);
    pthread_mutex_unlock(&operation->lock);
}
