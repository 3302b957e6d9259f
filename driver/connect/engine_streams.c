/* Streaming queries of a session: start, what their run tells (from the driver's loop), stop, end
 * (connect_engine_int.h).
 *
 *   start (worker): plan -> driver job -> waits for `opened` or the end -> answer
 *   loop: opened, progress..., idle..., ended -> state under the engine's lock, `changed`
 *
 * A query is counted: by its session's list and by its job. It outlives the session until its run has ended.
 */
#include <stdatomic.h>
#include <stdio.h>

#include "common/base/alloc.h"
#include "common/base/json_value.h"
#include "common/types/datetime.h"
#include "driver/connect/connect_engine_int.h"
#include "driver/connect/connect_errors.h"
#include "driver/stream_planner.h"

#define ENDED_QUERIES_MAX 100 /* of a session, that stay addressable */

/* ---- life ---- */

void weir_engine_query_unref(weir_engine_query *query) {
    if (!query || atomic_fetch_sub(&query->refs, 1) > 1)
        return;
    for (int32_t i = 0; i < query->progress_count; i++)
        weir_free(query->progress[i]);
    for (int32_t i = 0; i < query->tags_count; i++)
        weir_free(query->tags[i]);
    weir_free(query->progress);
    weir_free(query->tags);
    weir_free(query->name);
    weir_error_free(query->error);
    weir_engine_scope_close(&query->scope);
    weir_free(query);
}

weir_engine_query *weir_engine_query_find(weir_engine_session *session, const char *id, const char *run_id) {
    pthread_mutex_lock(&session->engine->lock);
    weir_engine_query *query = session->queries;
    while (query && !(strcmp(query->id, id) == 0 && (!*run_id || strcmp(query->run_id, run_id) == 0)))
        query = query->next;
    if (query)
        atomic_fetch_add(&query->refs, 1);
    pthread_mutex_unlock(&session->engine->lock);
    return query;
}

/* ---- what the run tells; on the loop ---- */

static void on_opened(void *data, weir_stream_query *run, const char *id, const char *run_id,
                      weir_memory_table *table) {
    (void)run;
    weir_engine_query *query = data;
    pthread_mutex_lock(&query->engine->lock);
    snprintf(query->id, sizeof query->id, "%s", id);
    snprintf(query->run_id, sizeof query->run_id, "%s", run_id);
    query->opened = true;
    if (table && query->session)
        weir_engine_view_add_table(query->session, query->name, table);
    pthread_cond_broadcast(&query->engine->changed);
    pthread_mutex_unlock(&query->engine->lock);
}

/* Under the engine's lock. */
static void keep_progress(weir_engine_query *query, weir_str json) {
    if (query->progress_count == query->progress_max)
        weir_free(query->progress[query->progress_next]);
    else
        query->progress_count++;
    query->progress[query->progress_next] = weir_strndup(json.data, json.size);
    query->progress_next = (query->progress_next + 1) % query->progress_max;
}

static void on_progress(void *data, weir_str json) {
    weir_engine_query *query = data;
    pthread_mutex_lock(&query->engine->lock);
    query->batches++;
    keep_progress(query, json);
    if (query->session && query->session->has_listeners) {
        _cleanup_strbuf_ weir_strbuf event = {0};
        weir_strbuf_addf(&event, "{\"progress\":" WEIR_STR_FMT "}", WEIR_STR_ARG(json));
        weir_engine_event_add(query->session,
                              SPARK__CONNECT__STREAMING_QUERY_EVENT_TYPE__QUERY_PROGRESS_EVENT,
                              weir_strbuf_view(&event));
    }
    pthread_cond_broadcast(&query->engine->changed);
    pthread_mutex_unlock(&query->engine->lock);
}

static void on_idle(void *data) {
    weir_engine_query *query = data;
    pthread_mutex_lock(&query->engine->lock);
    query->idles++;
    pthread_cond_broadcast(&query->engine->changed);
    pthread_mutex_unlock(&query->engine->lock);
}

static void on_no_data(void *data, weir_str json, const char *timestamp, bool first) {
    weir_engine_query *query = data;
    pthread_mutex_lock(&query->engine->lock);
    keep_progress(query, json);
    if (!first && query->session && query->session->has_listeners) {
        _cleanup_strbuf_ weir_strbuf event = {0};
        weir_strbuf_addf(&event, "{\"id\":\"%s\",\"runId\":\"%s\",\"timestamp\":\"%s\"}", query->id,
                         query->run_id, timestamp);
        weir_engine_event_add(query->session, SPARK__CONNECT__STREAMING_QUERY_EVENT_TYPE__QUERY_IDLE_EVENT,
                              weir_strbuf_view(&event));
    }
    pthread_cond_broadcast(&query->engine->changed);
    pthread_mutex_unlock(&query->engine->lock);
}

static void on_status(void *data, const char *message, bool trigger_active) {
    weir_engine_query *query = data;
    pthread_mutex_lock(&query->engine->lock);
    query->status = message;
    query->trigger_active = trigger_active;
    pthread_mutex_unlock(&query->engine->lock);
}

static void add_identity(const weir_engine_query *query, weir_strbuf *ret) {
    weir_strbuf_addf(ret, "\n=== Streaming Query ===\nIdentifier: %s%s[id = %s, runId = %s]", query->name,
                     *query->name ? " " : "", query->id, query->run_id);
}

weir_code weir_engine_query_raise(const weir_engine_query *query, weir_error **err) {
    weir_error *failed = NULL;
    _cleanup_strbuf_ weir_strbuf tail = {0};
    weir_error_raise(&failed, WEIR_STREAM_FAILED, "id", query->id, "runId", query->run_id, "message",
                     weir_error_text(query->error), NULL);
    add_identity(query, &tail);
    weir_error_set_tail(failed, tail.data);
    return weir_error_move(err, failed);
}

void weir_engine_query_exception(const weir_engine_query *query, weir_strbuf *ret) {
    weir_strbuf_addf(ret, "org.apache.spark.sql.streaming.StreamingQueryException: %s",
                     weir_error_text(query->error));
    add_identity(query, ret);
}

static void add_terminated_event(weir_engine_query *query) {
    _cleanup_strbuf_ weir_strbuf event = {0}, text = {0};
    weir_strbuf_addf(&event, "{\"id\":\"%s\",\"runId\":\"%s\",\"exception\":", query->id, query->run_id);
    if (query->error) {
        weir_engine_query_exception(query, &text);
        weir_json_write_string(&event, weir_strbuf_view(&text));
        weir_strbuf_add_text(&event, ",\"errorClassOnException\":");
        weir_json_write_string(&event, weir_str_from(weir_code_condition(weir_error_code(query->error))));
    } else {
        weir_strbuf_add_text(&event, "null,\"errorClassOnException\":null");
    }
    weir_strbuf_add_char(&event, '}');
    weir_engine_event_add(query->session, SPARK__CONNECT__STREAMING_QUERY_EVENT_TYPE__QUERY_TERMINATED_EVENT,
                          weir_strbuf_view(&event));
}

static void on_ended(void *self, weir_driver_job *job, const weir_error *error) {
    (void)job;
    weir_engine_query *query = self;
    weir_connect_engine *engine = query->engine;
    pthread_mutex_lock(&engine->lock);
    query->error = weir_error_clone(error);
    query->ended = true;
    query->job = NULL;
    query->status = error ? "Terminated with exception" : "Stopped";
    if (query->session) {
        query->session->terminations++;
        if (error) {
            weir_error_free(query->session->failure);
            query->session->failure = NULL;
            weir_engine_query_raise(query, &query->session->failure);
        }
        if (query->opened)
            add_terminated_event(query);
    }
    pthread_cond_broadcast(&engine->changed);
    pthread_mutex_unlock(&engine->lock);
    weir_engine_query_unref(query);
}

/* ---- stop and wait ---- */

void weir_engine_query_stop(weir_engine_query *query) {
    if (query->job && !query->stopping)
        weir_driver_stop_job(query->engine->options.driver, query->job, WEIR_STOP_NOW);
    query->stopping = true;
}

bool weir_engine_query_await(weir_engine_query *query, weir_connect_operation *operation,
                             int64_t timeout_ms) {
    weir_connect_engine *engine = query->engine;
    int64_t deadline = timeout_ms < 0 ? -1 : weir_env_monotonic_us(engine->options.env) + timeout_ms * 1000;
    pthread_mutex_lock(&engine->lock);
    while (!query->ended && !(operation && weir_connect_operation_interrupted(operation)) &&
           weir_engine_wait(engine, deadline))
        continue;
    bool ended = query->ended;
    pthread_mutex_unlock(&engine->lock);
    return ended;
}

/* ---- start ---- */

static weir_code check_name(weir_engine_session *session, weir_str name, weir_error **err) {
    bool taken = false;
    for (const weir_engine_query *query = session->queries; query && name.size; query = query->next)
        taken |= !query->ended && weir_str_equal(weir_str_from(query->name), name);
    if (taken)
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "Cannot start query with name " WEIR_STR_FMT
                  " as a query with that name is already active in this SparkSession",
                  WEIR_STR_ARG(name));
    return WEIR_OK;
}

static weir_str session_value(weir_engine_scope *scope, const char *key) {
    return weir_client_session_conf_get(scope->session->connect, scope->arena, weir_str_from(key));
}

/* As Spark chooses it: the option, else a directory of the query's name below the session's, else a temporary
 * one where the sink is none that keeps anything. */
static weir_code find_checkpoint(weir_engine_scope *scope, const weir_connect_stream *stream, weir_str *ret,
                                 weir_error **err) {
    *ret = weir_options_get(&stream->options, "checkpointLocation");
    if (ret->size)
        return WEIR_OK;
    weir_str base = session_value(scope, "spark.sql.streaming.checkpointLocation");
    if (base.size) {
        char uuid[37];
        weir_env_uuid(scope->session->engine->options.env, uuid);
        weir_str name = stream->name.size ? stream->name : weir_str_from(uuid);
        *ret = weir_str_from(weir_arena_printf(scope->arena, WEIR_STR_FMT "/" WEIR_STR_FMT,
                                               WEIR_STR_ARG(base), WEIR_STR_ARG(name)));
        return WEIR_OK;
    }
    const weir_sink_ops *sink = weir_sink_find(stream->format);
    bool temporary = sink && (sink->collects || strcmp(sink->name, "noop") == 0);
    if (!temporary)
        WEIR_RAISE(err, _LEGACY_ERROR_TEMP_1298, "config", "spark.sql.streaming.checkpointLocation");
    return WEIR_OK;
}

static weir_code check_stream(const weir_connect_stream *stream, weir_error **err) {
    if (weir_str_equal_nocase(stream->format, WEIR_STR("memory")) && !stream->name.size)
        return weir_error_raise(err, WEIR__LEGACY_ERROR_TEMP_1194, NULL);
    if (stream->partition_by.count)
        WEIR_FAIL(err, NOT_SUPPORTED, "partitionBy is not supported");
    return WEIR_OK;
}

static weir_code plan_stream(weir_engine_query *query, const weir_connect_plan *plan, weir_error **err) {
    weir_engine_scope *scope = &query->scope;
    const weir_connect_stream *stream = &plan->stream;
    const weir_connect_engine_options *options = &query->engine->options;
    weir_stream_request request = {
        .plan = plan->root,
        .name = weir_arena_str(scope->arena, stream->name),
        .sql = weir_sql_texts_view(&scope->texts),
        .output_mode = stream->output_mode,
        .sink_format = stream->format,
        .sink_options = stream->options,
        .trigger = stream->trigger,
        .interval_ms = stream->interval_ms,
        .conf = scope->conf,
        .zone = scope->zone,
        .next_id = &scope->next_id,
    };
    weir_planner_options planner = {.env = options->env,
                                    .log = options->log,
                                    .directory = options->directory,
                                    .temporary_directory = options->temporary_directory};
    query->plan = plan->root;
    WEIR_TRY(check_stream(stream, err));
    WEIR_TRY(find_checkpoint(scope, stream, &request.checkpoint_location, err));
    return weir_stream_planner_plan(scope->arena, &request, &planner, &query->spec, err);
}

static weir_engine_query *new_query(weir_engine_session *session, weir_connect_operation *operation,
                                    weir_engine_scope *scope, const weir_connect_stream *stream) {
    weir_engine_query *query = weir_alloc_zero(1, sizeof *query);
    query->refs = 2; /* the session's list and the caller */
    query->session = session;
    query->engine = session->engine;
    query->scope = *scope;
    scope->memory = NULL;
    query->name = weir_strndup(stream->name.data ? stream->name.data : "", stream->name.size);
    query->status = "Initializing sources";
    query->progress_max =
        (int32_t)WEIR_MAX(weir_conf_int(query->scope.conf, WEIR_CONF_PROGRESS_RETENTION), 1);
    query->progress = weir_alloc_zero((size_t)query->progress_max, sizeof *query->progress);
    query->tags_count = weir_connect_operation_tag_count(operation);
    query->tags = weir_alloc_zero((size_t)query->tags_count + 1, sizeof *query->tags);
    for (int32_t i = 0; i < query->tags_count; i++)
        query->tags[i] = weir_strdup(weir_connect_operation_tag(operation, i));
    query->events = (weir_stream_events){.opened = on_opened,
                                         .progress = on_progress,
                                         .idle = on_idle,
                                         .no_data = on_no_data,
                                         .status = on_status,
                                         .data = query};
    return query;
}

/* What has ended longest ago is forgotten. */
static void forget_old(weir_engine_session *session) {
    int32_t ended = 0;
    for (weir_engine_query **at = &session->queries; *at;) {
        weir_engine_query *query = *at;
        if (!query->ended || ++ended <= ENDED_QUERIES_MAX) {
            at = &query->next;
            continue;
        }
        *at = query->next;
        query->session = NULL;
        weir_engine_query_unref(query);
    }
}

/* Into the session's list, unless that is closed or the name is taken; then into the driver. */
static weir_code launch(weir_engine_session *session, weir_engine_query *query, weir_error **err) {
    weir_connect_engine *engine = session->engine;
    weir_job_options options = {
        .output = *engine->options.output, .progress = WEIR_PROGRESS_NONE, .ended = on_ended, .self = query};
    pthread_mutex_lock(&engine->lock);
    weir_code code = session->closed ? weir_error_failf(err, WEIR_CANCELLED, "the session is closed")
                                     : check_name(session, weir_str_from(query->name), err);
    if (code == WEIR_OK) {
        atomic_fetch_add(&query->refs, 1); /* the job's, given back by on_ended */
        code = weir_driver_start_stream(engine->options.driver, &query->spec, &options, &query->events,
                                        &query->job, err);
        if (code != WEIR_OK)
            atomic_fetch_sub(&query->refs, 1);
    }
    if (code == WEIR_OK) {
        query->next = session->queries;
        session->queries = query;
        forget_old(session);
    } else {
        atomic_fetch_sub(&query->refs, 1); /* it never came into the list */
    }
    pthread_mutex_unlock(&engine->lock);
    return code;
}

static void started_event(const weir_engine_query *query, weir_strbuf *ret) {
    weir_strbuf_addf(ret, "{\"id\":\"%s\",\"runId\":\"%s\",\"name\":", query->id, query->run_id);
    if (*query->name)
        weir_json_write_string(ret, weir_str_from(query->name));
    else
        weir_strbuf_add_text(ret, "null");
    weir_strbuf_add_text(ret, ",\"timestamp\":\"");
    weir_instant_text(ret, weir_env_realtime_us(query->engine->options.env));
    weir_strbuf_add_text(ret, "\",\"jobTags\":[");
    for (int32_t i = 0; i < query->tags_count; i++) {
        if (i)
            weir_strbuf_add_char(ret, ',');
        weir_json_write_string(ret, weir_str_from(query->tags[i]));
    }
    weir_strbuf_add_text(ret, "]}");
}

static weir_code answer_start(weir_engine_query *query, weir_connect_operation *operation, bool has_listeners,
                              weir_error **err) {
    _cleanup_strbuf_ weir_strbuf event = {0};
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    Spark__Connect__WriteStreamOperationStartResult result =
        SPARK__CONNECT__WRITE_STREAM_OPERATION_START_RESULT__INIT;
    Spark__Connect__StreamingQueryInstanceId id = SPARK__CONNECT__STREAMING_QUERY_INSTANCE_ID__INIT;
    id.id = query->id;
    id.run_id = query->run_id;
    result.query_id = &id;
    result.name = query->name;
    if (has_listeners) {
        started_event(query, &event);
        result.query_started_event_json = event.data;
    }
    response.response_type_case =
        SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_WRITE_STREAM_OPERATION_START_RESULT;
    response.write_stream_operation_start_result = &result;
    return weir_connect_operation_emit(operation, &response, err);
}

weir_code weir_engine_stream_start(weir_engine_session *session, weir_connect_operation *operation,
                                   weir_engine_scope *scope, weir_connect_plan *plan, weir_error **err) {
    weir_connect_engine *engine = session->engine;
    weir_engine_query *query = new_query(session, operation, scope, &plan->stream);
    weir_code code = plan_stream(query, plan, err);
    if (code == WEIR_OK)
        code = launch(session, query, err);
    else
        atomic_fetch_sub(&query->refs, 1);
    if (code == WEIR_OK) {
        pthread_mutex_lock(&engine->lock);
        while (!query->opened && !query->ended)
            weir_engine_wait(engine, -1);
        if (!query->opened)
            code = query->error ? weir_error_move(err, weir_error_clone(query->error))
                                : weir_error_failf(err, WEIR_CANCELLED, "the query was stopped");
        bool has_listeners = session->has_listeners;
        pthread_mutex_unlock(&engine->lock);
        if (code == WEIR_OK)
            code = answer_start(query, operation, has_listeners, err);
    }
    weir_engine_query_unref(query);
    return code;
}
