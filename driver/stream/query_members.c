/* The executors of an epoch attempt: all that can be used at that moment (docs/adr/0008). Those that do not
 * know the query get START_QUERY first; where there is none, the query waits and says so.
 *
 *   gather -> [wait for one] -> START_QUERY to those that lack it -> all acknowledged -> query->gathered
 *                                                             \-> one failed -> weir_query_gather_failed
 *
 * Members are held from here to the end of the attempt, so that a draining executor stays that long. Loop. */
#include "common/base/alloc.h"
#include "common/rpc/error_wire.h"
#include "driver/schedule/epoch_messages.h"
#include "driver/stream/stream_query_int.h"

#define START_TIMEOUT_MS 10000
#define STOP_TIMEOUT_MS 5000
#define FIRST_MESSAGE_US (INT64_C(500) * 1000)
#define NEXT_MESSAGE_US (INT64_C(30) * 1000 * 1000)

/* ---- who knows the query ---- */

static weir_known_executor *find_known(weir_stream_query *query, uint32_t executor) {
    for (int32_t i = 0; i < query->known_count; i++)
        if (query->known[i].id == executor)
            return &query->known[i];
    return NULL;
}

/* What is lost has forgotten the query, or never answers again. */
static void drop_lost(weir_stream_query *query) {
    int32_t kept = 0;
    for (int32_t i = 0; i < query->known_count; i++)
        if (weir_cluster_has(query->host.cluster, query->known[i].id))
            query->known[kept++] = query->known[i];
    query->known_count = kept;
}

static void add_known(weir_stream_query *query, uint32_t executor) {
    if (find_known(query, executor))
        return;
    if (query->known_count == query->known_capacity) {
        query->known_capacity = WEIR_MAX(8, query->known_capacity * 2);
        query->known = weir_realloc(query->known, sizeof *query->known * (size_t)query->known_capacity);
    }
    query->known[query->known_count++] = (weir_known_executor){executor, false};
}

void weir_query_forget_executor(weir_stream_query *query, uint32_t executor) {
    weir_known_executor *known = find_known(query, executor);
    if (known)
        known->acknowledged = false;
}

/* ---- START_QUERY ---- */

typedef struct start_call {
    weir_stream_query *query;
    uint32_t executor;
} start_call; /* epoch arena */

static void finish_start(weir_stream_query *query) {
    /* A batch whose offsets are logged is the running one: a stop waits for it. */
    bool stops = query->stop_now || (query->stop_requested && !query->has_batch);
    if (query->error || stops) {
        weir_query_release_members(query);
        weir_query_gather_failed(query);
        return;
    }
    query->gathered(query);
}

static void started(void *data, const weir_frame *frame, const weir_error *error) {
    const start_call *call = data;
    weir_stream_query *query = call->query;
    weir_error *err = NULL;
    ProtobufCMessage *message = NULL;
    if (error) {
        err = weir_error_clone(error);
    } else if (weir_frame_unpack(frame, WEIR_FRAME_ACK, &weir__ack__descriptor, &message, &err) == WEIR_OK) {
        weir_error_from_wire(((Weir__Ack *)message)->error, &err);
        protobuf_c_message_free_unpacked(message, NULL);
    }
    weir_known_executor *known = find_known(query, call->executor);
    if (known)
        known->acknowledged = !err;
    if (err && !query->error)
        query->error = err;
    else
        weir_error_free(err);
    if (--query->replies_missing == 0)
        finish_start(query);
}

static bool lacks_query(weir_stream_query *query, uint32_t executor) {
    const weir_known_executor *known = find_known(query, executor);
    return !known || !known->acknowledged;
}

static void start_members(weir_stream_query *query) {
    int32_t lacking = 0;
    for (int32_t i = 0; i < query->executors_count; i++)
        lacking += lacks_query(query, query->members[i].id);
    query->replies_missing = lacking;
    if (!lacking) {
        finish_start(query);
        return;
    }
    _cleanup_strbuf_ weir_strbuf plan = {0};
    Weir__StartQuery message = WEIR__START_QUERY__INIT;
    weir_epoch_query described = {.run_id = query->run_id,
                                  .query_id = query->context.query_id,
                                  .checkpoint = query->context.checkpoint,
                                  .plan = query->spec->plan,
                                  .conf = query->spec->conf,
                                  .zone = query->spec->zone,
                                  .data_key = query->has_data_key ? query->data_key : NULL};
    weir_epoch_start_message(query->epoch_arena, &described, &plan, &message);
    for (int32_t i = 0; i < query->executors_count; i++) {
        uint32_t executor = query->members[i].id;
        if (!lacks_query(query, executor))
            continue;
        add_known(query, executor);
        start_call *call = WEIR_NEW(query->epoch_arena, start_call);
        *call = (start_call){query, executor};
        weir_cluster_request(query->host.cluster, executor, WEIR_FRAME_START_QUERY,
                             (uint64_t)weir_checkpoint_epoch(query->checkpoint), &message.base,
                             START_TIMEOUT_MS, started, call);
    }
}

/* ---- waiting for executors ---- */

static void waiting_message(weir_event *event) {
    weir_stream_query *query = (weir_stream_query *)((char *)event - offsetof(weir_stream_query, timer) -
                                                     offsetof(weir_timer, event));
    int64_t now_us = weir_env_monotonic_us(query->host.env);
    weir_log_write(query->host.log, WEIR_LOG_WARN, "stream",
                   "query " WEIR_STR_FMT " is waiting for an executor, for %.1f s now",
                   WEIR_STR_ARG(query->spec->name), (double)(now_us - query->gather_from_us) / 1e6);
    weir_loop_arm(query->host.loop, &query->timer, now_us + NEXT_MESSAGE_US);
}

bool weir_query_waits_for_executors(const weir_stream_query *query) {
    return query->state == WEIR_QUERY_GATHERING && query->gather_from_us;
}

void weir_query_gather(weir_stream_query *query) {
    query->state = WEIR_QUERY_GATHERING;
    drop_lost(query);
    query->executors_count = weir_cluster_members(query->host.cluster, query->epoch_arena, &query->members);
    if (query->executors_count == 0) {
        if (query->gather_from_us)
            return;
        if (query->stop_requested) { /* nobody is there to finish the batch */
            weir_query_gather_failed(query);
            return;
        }
        query->gather_from_us = weir_env_monotonic_us(query->host.env);
        query->timer.event.run = waiting_message;
        weir_loop_arm(query->host.loop, &query->timer, query->gather_from_us + FIRST_MESSAGE_US);
        return;
    }
    weir_loop_disarm(query->host.loop, &query->timer);
    query->gather_from_us = 0;
    for (int32_t i = 0; i < query->executors_count; i++)
        weir_cluster_hold(query->host.cluster, query->members[i].id);
    start_members(query);
}

void weir_query_release_members(weir_stream_query *query) {
    for (int32_t i = 0; i < query->executors_count; i++)
        weir_cluster_release(query->host.cluster, query->members[i].id);
}

/* ---- STOP_QUERY ---- */

int32_t weir_query_stop_executors(weir_stream_query *query, weir_cluster_done done) {
    drop_lost(query);
    Weir__StopQuery message = WEIR__STOP_QUERY__INIT;
    message.run_id = query->run_id;
    for (int32_t i = 0; i < query->known_count; i++)
        weir_cluster_request(query->host.cluster, query->known[i].id, WEIR_FRAME_STOP_QUERY, 0, &message.base,
                             STOP_TIMEOUT_MS, done, query);
    return query->known_count;
}
