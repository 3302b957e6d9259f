/* Transitions of a running query (stream_query.h). Loop thread; the only place that changes query->state. */
#include "driver/stream/stream_query_int.h"

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/json_value.h"
#include "connectors/memory/memory_sink.h"

static void wait_for_trigger(weir_stream_query *query);
static void close_query(weir_stream_query *query);

weir_stream_query *weir_stream_query_new(const weir_query_host *host, const weir_query_spec *spec) {
    weir_arena *arena = weir_arena_new();
    weir_stream_query *query = WEIR_NEW(arena, weir_stream_query);
    query->arena = arena;
    query->epoch_arena = weir_arena_new();
    query->host = *host;
    query->spec = spec;
    query->committed = -1;
    query->snapshot.batch = -1;
    query->rows_out = -1;
    query->committed_attempt = weir_strdup("");
    query->attempt_name = weir_strdup("");
    weir_env_uuid(host->env, query->run_id);
    query->owners = WEIR_NEW_ARRAY(arena, uint32_t, spec->state_partitions);
    query->has_data_key = weir_cluster_is_tls(host->cluster);
    if (query->has_data_key)
        host->env->random_bytes(host->env->random_self, query->data_key, sizeof query->data_key);
    return query;
}

weir_str weir_stream_query_name(const weir_stream_query *query) {
    return query->spec->name;
}

void weir_stream_query_free(weir_stream_query *query) {
    if (!query)
        return;
    weir_query_drop_replies(query);
    weir_error_free(query->error);
    weir_free(query->committed_attempt);
    weir_free(query->attempt_name);
    weir_free(query->known);
    weir_snapshot_parts_drop(query);
    explicit_bzero(query->data_key, sizeof query->data_key);
    weir_arena_free(query->chain.arena);
    weir_arena_free(query->epoch_arena);
    weir_arena_free(query->arena);
}

/* ---- the listener ---- */

static void tell_status(const weir_stream_query *query, const char *message, bool trigger_active) {
    const weir_stream_events *events = query->host.events;
    if (events && events->status)
        events->status(events->data, message, trigger_active);
}

static void tell_opened(weir_stream_query *query) {
    const weir_stream_events *events = query->host.events;
    if (!events || !events->opened)
        return;
    bool is_memory = query->sink_ops == weir_sink_find(WEIR_STR("memory"));
    weir_memory_table *table = is_memory ? weir_memory_sink_table(query->sink) : NULL;
    events->opened(events->data, query, query->context.query_id, query->run_id, table);
    weir_memory_table_unref(table);
}

static void tell_idle(weir_stream_query *query) {
    const weir_stream_events *events = query->host.events;
    if (events && events->idle)
        events->idle(events->data);
    weir_query_report_no_data(query);
    tell_status(query, "Waiting for data to arrive", false);
}

/* ---- steps ---- */

static void step_work(weir_step *step) {
    weir_stream_query *query = (weir_stream_query *)((char *)step - offsetof(weir_stream_query, step));
    weir_error *err = NULL;
    if (query->work(query, &err) != WEIR_OK && !query->error)
        query->error = err;
    else
        weir_error_free(err);
}

static void start_step(weir_stream_query *query, weir_query_state state,
                       weir_code (*work)(weir_stream_query *, weir_error **), void (*done)(weir_step *)) {
    query->state = state;
    query->work = work;
    query->step.work = step_work;
    query->step.done = done;
    weir_loop_start_step(query->host.loop, query->host.pool, &query->step);
}

static weir_stream_query *query_of_step(weir_step *step) {
    return (weir_stream_query *)((char *)step - offsetof(weir_stream_query, step));
}

/* ---- ending ---- */

static weir_code close_work(weir_stream_query *query, weir_error **err) {
    (void)err;
    weir_query_close(query);
    return WEIR_OK;
}

static void close_done(weir_step *step) {
    weir_stream_query *query = query_of_step(step);
    query->state = WEIR_QUERY_ENDED;
    tell_status(query, "Stopped", false);
    query->host.ended(query->host.data, query, query->error);
}

static void stop_acknowledged(void *data, const weir_frame *reply, const weir_error *error) {
    (void)reply;
    (void)error; /* an executor that is gone has stopped the query too */
    weir_stream_query *query = data;
    if (--query->replies_missing == 0)
        start_step(query, WEIR_QUERY_CLOSING, close_work, close_done);
}

static void close_query(weir_stream_query *query) {
    weir_loop_disarm(query->host.loop, &query->timer);
    query->state = WEIR_QUERY_CLOSING;
    query->replies_missing = weir_query_stop_executors(query, stop_acknowledged);
    if (!query->replies_missing)
        start_step(query, WEIR_QUERY_CLOSING, close_work, close_done);
}

void weir_query_fail(weir_stream_query *query, const weir_error *error) {
    if (!query->error)
        query->error = weir_error_clone(error);
    close_query(query);
}

/* ---- the cycle ---- */

static void commit_done(weir_step *step) {
    weir_stream_query *query = query_of_step(step);
    if (query->error) {
        close_query(query);
        return;
    }
    weir_query_report_progress(query);
    weir_query_drop_replies(query);
    if (query->stop_requested || query->spec->trigger == WEIR_TRIGGER_ONCE)
        close_query(query);
    else {
        tell_status(query, "Waiting for next trigger", false);
        wait_for_trigger(query);
    }
}

static void abort_done(weir_step *step) {
    weir_stream_query *query = query_of_step(step);
    if (!query->error || !weir_query_may_retry(query)) {
        if (query->stop_now)
            weir_error_free_ptr(&query->error);
        weir_query_explain_failure(query);
        close_query(query);
        return;
    }
    weir_log_write(query->host.log, WEIR_LOG_WARN, "stream", "query %.*s, batch %lld: attempt %u failed: %s",
                   WEIR_STR_ARG(query->spec->name), (long long)query->batch_id, query->attempt,
                   weir_error_text(query->error));
    weir_error_free_ptr(&query->error);
    weir_query_drop_replies(query);
    weir_query_gather(query);
}

/* All executors of the attempt have answered. */
void weir_query_epoch_done(weir_stream_query *query) {
    weir_query_release_members(query);
    query->error = weir_query_judge_attempt(query);
    if (query->error || query->stop_now)
        start_step(query, WEIR_QUERY_ABORTING, weir_query_abort_batch, abort_done);
    else
        start_step(query, WEIR_QUERY_COMMITTING, weir_query_commit_batch, commit_done);
}

static void epoch_gathered(weir_stream_query *query) {
    query->state = WEIR_QUERY_RUNNING;
    weir_query_run_epoch(query);
}

static void plan_done(weir_step *step) {
    weir_stream_query *query = query_of_step(step);
    bool ends_when_idle =
        query->spec->trigger == WEIR_TRIGGER_AVAILABLE_NOW || query->spec->trigger == WEIR_TRIGGER_ONCE;
    if (query->error || query->stop_now || (!query->has_batch && (ends_when_idle || query->stop_requested))) {
        close_query(query);
        return;
    }
    if (!query->has_batch) {
        tell_idle(query);
        wait_for_trigger(query);
        return;
    }
    tell_status(query, "Processing new data", true);
    query->attempt = 0;
    query->lost_splits = NULL;
    query->gathered = epoch_gathered;
    weir_query_gather(query);
}

static void trigger_fired(weir_event *event) {
    weir_stream_query *query = (weir_stream_query *)((char *)event - offsetof(weir_stream_query, timer) -
                                                     offsetof(weir_timer, event));
    start_step(query, WEIR_QUERY_PLANNING, weir_query_plan_batch, plan_done);
}

/* When the next batch may start: at once after a batch, after the polling delay where there was nothing, or
 * at the next multiple of the interval (Spark's ProcessingTimeExecutor). */
static int64_t next_trigger_us(const weir_stream_query *query) {
    int64_t now = weir_env_monotonic_us(query->host.env);
    if (query->spec->trigger == WEIR_TRIGGER_PROCESSING_TIME && query->spec->interval_ms > 0) {
        int64_t interval = query->spec->interval_ms * 1000;
        int64_t realtime = weir_env_realtime_us(query->host.env);
        bool first = query->times.trigger_start_us == 0;
        return first ? now : now + interval - realtime % interval;
    }
    bool idle = !query->has_batch && query->times.trigger_start_us != 0;
    return idle ? now + weir_conf_int(query->spec->conf, WEIR_CONF_POLLING_DELAY) * 1000 : now;
}

static void wait_for_trigger(weir_stream_query *query) {
    query->state = WEIR_QUERY_WAITING;
    query->timer.event.run = trigger_fired;
    int64_t at = next_trigger_us(query);
    if (at <= weir_env_monotonic_us(query->host.env))
        trigger_fired(&query->timer.event);
    else
        weir_loop_arm(query->host.loop, &query->timer, at);
}

/* An executor did not take the query. One that is gone or does not answer costs an attempt; a refusal, also
 * for the sake of a newer driver of the same checkpoint, ends the query. */
void weir_query_gather_failed(weir_stream_query *query) {
    query->attempt++;
    if (query->stop_requested || !weir_query_may_retry(query)) {
        if (query->stop_requested)
            weir_error_free_ptr(&query->error);
        close_query(query);
        return;
    }
    weir_log_write(query->host.log, WEIR_LOG_WARN, "stream", "query %.*s could not be started everywhere: %s",
                   WEIR_STR_ARG(query->spec->name), weir_error_text(query->error));
    weir_error_free_ptr(&query->error);
    weir_query_gather(query);
}

void weir_stream_query_members_changed(weir_stream_query *query) {
    if (weir_query_waits_for_executors(query))
        weir_query_gather(query);
}

static void first_gathered(weir_stream_query *query) {
    weir_query_release_members(query);
    wait_for_trigger(query);
}

static void open_done(weir_step *step) {
    weir_stream_query *query = query_of_step(step);
    if (query->error || query->stop_requested) {
        close_query(query);
        return;
    }
    tell_opened(query);
    query->gathered = first_gathered;
    weir_query_gather(query);
}

void weir_stream_query_start(weir_stream_query *query) {
    tell_status(query, "Initializing sources", false);
    start_step(query, WEIR_QUERY_OPENING, weir_query_open, open_done);
}

void weir_stream_query_stop(weir_stream_query *query, bool now) {
    query->stop_requested = true;
    bool first_now = now && !query->stop_now;
    query->stop_now = query->stop_now || now;
    if (query->state == WEIR_QUERY_WAITING || weir_query_waits_for_executors(query))
        close_query(query);
    else if (first_now && query->state == WEIR_QUERY_RUNNING)
        weir_query_cancel_epoch(query);
}

void weir_stream_query_status_json(const weir_stream_query *query, weir_strbuf *buf) {
    static const char *const states[] = {"opening",    "gathering", "waiting", "planning", "running",
                                         "committing", "aborting",  "closing", "ended"};
    weir_strbuf_add_text(buf, "{\"name\":");
    weir_json_write_string(buf, query->spec->name);
    const char *state =
        weir_query_waits_for_executors(query) ? "waiting for executors" : states[query->state];
    weir_strbuf_addf(buf, ",\"runId\":\"%s\",\"state\":\"%s\"", query->run_id, state);
    if (query->state != WEIR_QUERY_OPENING) /* a step is finding it out */
        weir_strbuf_addf(buf, ",\"batchId\":%lld,\"attempt\":%u,\"executors\":%d", (long long)query->batch_id,
                         query->attempt, query->executors_count);
    weir_strbuf_add_char(buf, '}');
}
