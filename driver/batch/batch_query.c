/* The life of a batch query (batch_query.h). The loop owns everything but `cancelled` and what the lock
 * guards; the planning step owns the splits while it runs. */
#include "driver/batch/batch_query.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/rpc/error_wire.h"
#include "common/wire/block.h"
#include "driver/schedule/epoch_messages.h"
#include "proto/engine.pb-c.h"

#define START_TIMEOUT_MS 10000
#define STOP_TIMEOUT_MS 5000
#define ATTEMPTS 4

/* One executor's answer. */
typedef struct batch_reply {
    weir_batch_query *query;
    weir_buffer *carrier;
    size_t payload_offset, payload_size;
    Weir__EpochReport *report;
    weir_error *error;
    bool unreached; /* the executor is gone, or its connection broke */
} batch_reply;

struct weir_batch_query {
    weir_batch_host host;
    weir_batch_spec spec;
    weir_arena *arena;
    weir_step step;
    char run_id[37];
    int32_t attempt;
    weir_str_list splits;
    uint32_t *split_sources;      /* of each */
    weir_cluster_member *members; /* executors of the attempt */
    int32_t members_count;
    bool waiting; /* there is none */
    uint8_t data_key[32];
    batch_reply *replies;
    int32_t missing;
    bool running; /* RUN_EPOCH is out */
    weir_event cancel_event;
    _Atomic bool cancelled;
    weir_error *error;
    pthread_mutex_t lock; /* of `started` and `done` */
    pthread_cond_t wake;
    bool started, done;
};

/* ---- from outside ---- */

static void cancel_event(weir_event *event);

weir_batch_query *weir_batch_query_new(const weir_batch_spec *spec) {
    weir_batch_query *query = weir_alloc_zero(1, sizeof *query);
    query->spec = *spec;
    query->arena = weir_arena_new();
    query->cancel_event.run = cancel_event;
    pthread_mutex_init(&query->lock, NULL);
    pthread_cond_init(&query->wake, NULL);
    return query;
}

const weir_conf *weir_batch_query_conf(const weir_batch_query *query) {
    return query->spec.conf;
}

static void drop_replies(weir_batch_query *query) {
    for (int32_t i = 0; i < query->members_count; i++) {
        batch_reply *reply = &query->replies[i];
        if (reply->report)
            weir__epoch_report__free_unpacked(reply->report, NULL);
        weir_error_free(reply->error);
        weir_buffer_unref(reply->carrier);
    }
    weir_free(query->replies);
    query->replies = NULL;
    query->members_count = 0;
}

void weir_batch_query_free(weir_batch_query *query) {
    if (!query)
        return;
    drop_replies(query);
    weir_error_free(query->error);
    pthread_cond_destroy(&query->wake);
    pthread_mutex_destroy(&query->lock);
    weir_arena_free(query->arena);
    weir_free(query);
}

/* One event at most is posted: a second cancel finds the flag set. */
void weir_batch_query_cancel(weir_batch_query *query) {
    if (atomic_exchange(&query->cancelled, true))
        return;
    pthread_mutex_lock(&query->lock);
    bool running = query->started && !query->done;
    if (running)
        weir_loop_post(query->host.loop, &query->cancel_event);
    pthread_mutex_unlock(&query->lock);
}

weir_code weir_batch_query_wait(weir_batch_query *query, weir_error **err) {
    pthread_mutex_lock(&query->lock);
    while (!query->done)
        pthread_cond_wait(&query->wake, &query->lock);
    pthread_mutex_unlock(&query->lock);
    return query->error ? weir_error_move(err, weir_error_clone(query->error)) : WEIR_OK;
}

/* ---- the end ---- */

static void release_event(weir_event *event) {
    weir_batch_query *query = (weir_batch_query *)((char *)event - offsetof(weir_batch_query, cancel_event));
    query->host.ended(query->host.data, query);
    pthread_mutex_lock(&query->lock);
    query->done = true;
    pthread_cond_broadcast(&query->wake);
    pthread_mutex_unlock(&query->lock);
}

/* A cancel may be posted until here and must have run before the query goes: the end queues behind it. */
static void end(weir_batch_query *query) {
    if (!atomic_exchange(&query->cancelled, true)) {
        query->cancel_event.run = release_event;
        weir_loop_post(query->host.loop, &query->cancel_event);
        return;
    }
    query->cancel_event.run = release_event;
    if (query->error == NULL)
        weir_error_raise(&query->error, WEIR_OPERATION_CANCELED, NULL);
    weir_loop_post(query->host.loop, &query->cancel_event);
}

static void stopped(void *data, const weir_frame *frame, const weir_error *error) {
    (void)frame;
    (void)error; /* an executor that is gone has stopped the query too */
    weir_batch_query *query = data;
    if (--query->missing == 0)
        end(query);
}

static void stop_everywhere(weir_batch_query *query, weir_cluster_done done) {
    Weir__StopQuery message = WEIR__STOP_QUERY__INIT;
    message.run_id = query->run_id;
    query->missing = query->members_count;
    for (int32_t i = 0; i < query->members_count; i++)
        weir_cluster_request(query->host.cluster, query->members[i].id, WEIR_FRAME_STOP_QUERY, 0,
                             &message.base, STOP_TIMEOUT_MS, done, query);
}

/* ---- attempts ---- */

static void begin_attempt(weir_batch_query *query);

static void stopped_for_retry(void *data, const weir_frame *frame, const weir_error *error) {
    (void)frame;
    (void)error;
    weir_batch_query *query = data;
    if (--query->missing == 0)
        begin_attempt(query);
}

/* The error that stands for the attempt: one that says why, before those of parts cancelled for it. */
static weir_error *attempt_error(const weir_batch_query *query) {
    const weir_error *found = NULL;
    for (int32_t i = 0; i < query->members_count; i++) {
        const weir_error *error = query->replies[i].error;
        if (error && (!found || weir_error_code(found) == WEIR_CANCELLED))
            found = error;
    }
    return weir_error_clone(found);
}

/* Who could not fetch from a peer that is still there accuses it. */
static void accuse_peers(weir_batch_query *query) {
    for (int32_t i = 0; i < query->members_count; i++) {
        const Weir__EpochReport *report = query->replies[i].report;
        if (report && report->has_failed_peer && report->failed_peer < (uint32_t)query->members_count &&
            !query->replies[report->failed_peer].unreached)
            weir_cluster_accuse(query->host.cluster, query->members[i].id,
                                query->members[report->failed_peer].id);
    }
}

static void attempt_done(weir_batch_query *query) {
    weir_error *error = attempt_error(query);
    query->running = false;
    for (int32_t i = 0; i < query->members_count; i++)
        weir_cluster_release(query->host.cluster, query->members[i].id);
    accuse_peers(query);
    weir_code code = weir_error_code(error);
    /* Cancelled without our doing: an executor that ends. */
    bool may_pass = weir_code_retriable(code) || code == WEIR_CANCELLED;
    if (error && may_pass && query->attempt < ATTEMPTS && !atomic_load(&query->cancelled)) {
        weir_log_write(query->host.log, WEIR_LOG_WARN, "batch", "attempt %d failed: %s", query->attempt,
                       weir_error_text(error));
        weir_error_free(error);
        stop_everywhere(query, stopped_for_retry);
        return;
    }
    if (!query->error)
        query->error = error;
    else
        weir_error_free(error);
    stop_everywhere(query, stopped);
}

static void cancelled(void *data, const weir_frame *frame, const weir_error *error) {
    (void)data;
    (void)frame;
    (void)error; /* the epoch's own reply decides */
}

static void cancel_epoch(weir_batch_query *query) {
    Weir__CancelEpoch message = WEIR__CANCEL_EPOCH__INIT;
    message.run_id = query->run_id;
    message.attempt = 1;
    for (int32_t i = 0; i < query->members_count; i++)
        weir_cluster_request(query->host.cluster, query->members[i].id, WEIR_FRAME_CANCEL_EPOCH, 0,
                             &message.base, STOP_TIMEOUT_MS, cancelled, NULL);
}

static void cancel_event(weir_event *event) {
    weir_batch_query *query = (weir_batch_query *)((char *)event - offsetof(weir_batch_query, cancel_event));
    if (query->running)
        cancel_epoch(query);
    else if (query->waiting)
        begin_attempt(query); /* it sees that it is cancelled */
}

static void reported(void *data, const weir_frame *frame, const weir_error *error) {
    batch_reply *reply = data;
    weir_batch_query *query = reply->query;
    ProtobufCMessage *message = NULL;
    reply->unreached = error != NULL;
    if (error) {
        reply->error = weir_error_clone(error);
    } else if (weir_frame_unpack(frame, WEIR_FRAME_EPOCH_REPORT, &weir__epoch_report__descriptor, &message,
                                 &reply->error) == WEIR_OK) {
        reply->report = (Weir__EpochReport *)message;
        reply->carrier = weir_buffer_ref(frame->carrier);
        reply->payload_offset = frame->payload_offset;
        reply->payload_size = frame->payload_size;
        weir_error_from_wire(reply->report->error, &reply->error);
    }
    if (reply->error && query->missing > 1)
        cancel_epoch(query); /* the others need not finish */
    if (--query->missing == 0)
        attempt_done(query);
}

static void run_epoch(weir_batch_query *query) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    Weir__RunEpoch message = WEIR__RUN_EPOCH__INIT;
    message.run_id = query->run_id;
    message.attempt = 1;
    message.attempt_name = query->run_id;
    message.base_batch = -1;
    message.base_attempt = "";
    message.now_us = weir_env_realtime_us(query->host.env);
    uint32_t *previous = WEIR_NEW_ARRAY(arena, uint32_t, query->spec.physical->state_partitions + 1);
    weir_epoch_place(arena, query->members, query->members_count, &query->splits, previous,
                     query->spec.physical->state_partitions, &message);
    message.split_source = query->split_sources;
    query->missing = query->members_count;
    query->running = true;
    for (int32_t i = 0; i < query->members_count; i++) {
        message.self = (uint32_t)i;
        weir_cluster_request(query->host.cluster, query->members[i].id, WEIR_FRAME_RUN_EPOCH, 0,
                             &message.base, -1, reported, &query->replies[i]);
    }
}

static void started(void *data, const weir_frame *frame, const weir_error *error) {
    batch_reply *reply = data;
    weir_batch_query *query = reply->query;
    ProtobufCMessage *message = NULL;
    if (error) {
        reply->error = weir_error_clone(error);
    } else if (weir_frame_unpack(frame, WEIR_FRAME_ACK, &weir__ack__descriptor, &message, &reply->error) ==
               WEIR_OK) {
        weir_error_from_wire(((Weir__Ack *)message)->error, &reply->error);
        protobuf_c_message_free_unpacked(message, NULL);
    }
    if (--query->missing > 0)
        return;
    bool failed = atomic_load(&query->cancelled);
    for (int32_t i = 0; i < query->members_count; i++)
        failed |= query->replies[i].error != NULL;
    if (failed)
        attempt_done(query);
    else
        run_epoch(query);
}

static void start_everywhere(weir_batch_query *query) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_strbuf_ weir_strbuf plan = {0};
    Weir__StartQuery message = WEIR__START_QUERY__INIT;
    bool is_tls = weir_cluster_is_tls(query->host.cluster);
    if (is_tls)
        query->host.env->random_bytes(query->host.env->random_self, query->data_key, sizeof query->data_key);
    weir_epoch_query described = {.run_id = query->run_id,
                                  .query_id = query->run_id,
                                  .checkpoint = "",
                                  .plan = query->spec.physical->plan,
                                  .conf = query->spec.conf,
                                  .zone = query->spec.zone,
                                  .data_key = is_tls ? query->data_key : NULL};
    weir_epoch_start_message(arena, &described, &plan, &message);
    query->missing = query->members_count;
    for (int32_t i = 0; i < query->members_count; i++)
        weir_cluster_request(query->host.cluster, query->members[i].id, WEIR_FRAME_START_QUERY, 0,
                             &message.base, START_TIMEOUT_MS, started, &query->replies[i]);
}

static void begin_attempt(weir_batch_query *query) {
    drop_replies(query);
    if (query->error || atomic_load(&query->cancelled)) {
        query->waiting = false;
        end(query);
        return;
    }
    bool waited = query->waiting;
    query->members_count = weir_cluster_members(query->host.cluster, query->arena, &query->members);
    query->waiting = query->members_count == 0;
    if (query->waiting) {
        if (!waited)
            weir_log_write(query->host.log, WEIR_LOG_WARN, "batch",
                           "a batch query is waiting for an executor");
        return;
    }
    query->attempt++;
    weir_env_uuid(query->host.env, query->run_id);
    query->replies = weir_alloc_zero((size_t)query->members_count, sizeof *query->replies);
    for (int32_t i = 0; i < query->members_count; i++) {
        query->replies[i].query = query;
        weir_cluster_hold(query->host.cluster, query->members[i].id);
    }
    start_everywhere(query);
}

void weir_batch_query_members_changed(weir_batch_query *query) {
    if (query->waiting)
        begin_attempt(query);
}

/* ---- planning ---- */

static void plan_work(weir_step *step) {
    weir_batch_query *query = (weir_batch_query *)((char *)step - offsetof(weir_batch_query, step));
    const weir_physical *physical = query->spec.physical;
    weir_connector_context context = {.env = query->host.env,
                                      .fs = query->host.env->local_fs,
                                      .conf = weir_conf_entries(query->spec.conf),
                                      .zone = query->spec.zone,
                                      .reads_all = true};
    int32_t *splits_until = WEIR_NEW_ARRAY(query->arena, int32_t, physical->sources_count + 1);
    for (int32_t i = 0; i < physical->sources_count && !query->error; i++) {
        const weir_query_source *source = &physical->sources[i];
        const weir_source_ops *ops = weir_source_find(source->format);
        if (!ops || !ops->batch_plan)
            weir_error_failf(&query->error, WEIR_NOT_SUPPORTED,
                             "Data source " WEIR_STR_FMT " does not support batch reads.",
                             WEIR_STR_ARG(source->format));
        else
            ops->batch_plan(query->arena, &context, source->format, &source->options, source->schema,
                            &query->splits, &query->error);
        splits_until[i] = query->splits.count;
    }
    query->split_sources = WEIR_NEW_ARRAY(query->arena, uint32_t, query->splits.count + 1);
    for (int32_t s = 0, source = 0; s < query->splits.count && !query->error; s++) {
        while (s >= splits_until[source])
            source++;
        query->split_sources[s] = (uint32_t)source;
    }
}

static void plan_done(weir_step *step) {
    begin_attempt((weir_batch_query *)((char *)step - offsetof(weir_batch_query, step)));
}

void weir_batch_query_start(weir_batch_query *query, const weir_batch_host *host, const weir_error *error) {
    pthread_mutex_lock(&query->lock);
    query->host = *host;
    query->started = true;
    pthread_mutex_unlock(&query->lock);
    query->error = error ? weir_error_clone(error) : NULL;
    query->step.work = plan_work;
    query->step.done = plan_done;
    weir_loop_start_step(host->loop, host->pool, &query->step);
}

/* ---- rows ---- */

typedef struct task_block {
    const batch_reply *reply;
    size_t offset;
    uint32_t task;
    int32_t order; /* blocks of a task keep theirs */
} task_block;

static int by_task(const void *a, const void *b) {
    const task_block *x = a, *y = b;
    if (x->task != y->task)
        return x->task < y->task ? -1 : 1;
    return x->order - y->order;
}

/* Where each block begins: its size is known once it is decoded, which costs no copy. */
static weir_code find_blocks(const batch_reply *reply, const weir_type *schema, task_block *ret,
                             int32_t *count, weir_error **err) {
    size_t at = reply->payload_offset;
    for (size_t i = 0; i < reply->report->n_block_tasks; i++) {
        _cleanup_batch_ weir_batch *batch = NULL;
        ret[*count] = (task_block){reply, at, reply->report->block_tasks[i], *count};
        (*count)++;
        WEIR_TRY(weir_block_decode(schema, reply->carrier, at, "result block", &batch, &at, err));
    }
    return WEIR_OK;
}

weir_code weir_batch_query_each(weir_batch_query *query, weir_batch_take take, void *data, weir_error **err) {
    const weir_type *schema = query->spec.physical->schema;
    size_t total = 0;
    for (int32_t i = 0; i < query->members_count; i++)
        total += query->replies[i].report ? query->replies[i].report->n_block_tasks : 0;
    _cleanup_free_ task_block *blocks = weir_alloc(sizeof *blocks * WEIR_MAX(total, 1));
    int32_t count = 0;
    for (int32_t i = 0; i < query->members_count; i++)
        if (query->replies[i].report)
            WEIR_TRY(find_blocks(&query->replies[i], schema, blocks, &count, err));
    qsort(blocks, (size_t)count, sizeof *blocks, by_task);
    for (int32_t i = 0; i < count; i++) {
        _cleanup_batch_ weir_batch *batch = NULL;
        size_t end;
        WEIR_TRY(weir_block_decode(schema, blocks[i].reply->carrier, blocks[i].offset, "result block", &batch,
                                   &end, err));
        WEIR_TRY(take(data, batch, err));
    }
    return WEIR_OK;
}

/* ---- a sink's messages ---- */

static int by_partition(const void *a, const void *b) {
    const Weir__TaskOutput *x = *(Weir__TaskOutput *const *)a, *y = *(Weir__TaskOutput *const *)b;
    return x->partition < y->partition ? -1 : x->partition > y->partition;
}

void weir_batch_query_messages(weir_batch_query *query, weir_str_list *ret) {
    size_t total = 0;
    for (int32_t i = 0; i < query->members_count; i++)
        total += query->replies[i].report ? query->replies[i].report->n_outputs : 0;
    Weir__TaskOutput **outputs = WEIR_NEW_ARRAY(query->arena, Weir__TaskOutput *, total + 1);
    *ret = (weir_str_list){WEIR_NEW_ARRAY(query->arena, weir_str, total + 1), (int32_t)total};
    total = 0;
    for (int32_t i = 0; i < query->members_count; i++)
        for (size_t k = 0; query->replies[i].report && k < query->replies[i].report->n_outputs; k++)
            outputs[total++] = query->replies[i].report->outputs[k];
    qsort(outputs, total, sizeof(Weir__TaskOutput *), by_partition);
    for (size_t i = 0; i < total; i++)
        ret->items[i] =
            weir_str_make((const char *)outputs[i]->sink_message.data, outputs[i]->sink_message.len);
}
