/* Questions of a client to its streaming queries, and to all of them (connect_engine_int.h). Each gets its
 * answer message even where nothing is in it: the client looks for it. Workers; may block. */
#include "common/base/alloc.h"
#include "driver/connect/connect_engine_int.h"
#include "driver/connect/connect_explain.h"

/* ---- one query ---- */

typedef struct query_answer {
    weir_arena *arena;
    Spark__Connect__StreamingQueryCommandResult result;
    Spark__Connect__StreamingQueryCommandResult__StatusResult status;
    Spark__Connect__StreamingQueryCommandResult__RecentProgressResult progress;
    Spark__Connect__StreamingQueryCommandResult__ExplainResult explain;
    Spark__Connect__StreamingQueryCommandResult__ExceptionResult exception;
    Spark__Connect__StreamingQueryCommandResult__AwaitTerminationResult terminated;
} query_answer;

static void answer_status(query_answer *answer, const weir_engine_query *query) {
    spark__connect__streaming_query_command_result__status_result__init(&answer->status);
    answer->status.status_message = query->error ? weir_arena_printf(answer->arena, "%s: %s", query->status,
                                                                     weir_error_text(query->error))
                                                 : weir_arena_strdup(answer->arena, query->status);
    answer->status.has_is_data_available = answer->status.has_is_trigger_active =
        answer->status.has_is_active = 1;
    answer->status.is_active = !query->ended;
    answer->status.is_trigger_active = query->trigger_active && !query->ended;
    answer->status.is_data_available = answer->status.is_trigger_active;
    answer->result.result_type_case = SPARK__CONNECT__STREAMING_QUERY_COMMAND_RESULT__RESULT_TYPE_STATUS;
    answer->result.status = &answer->status;
}

static void answer_progress(query_answer *answer, const weir_engine_query *query, int32_t most) {
    int32_t count = WEIR_MIN(query->progress_count, most);
    spark__connect__streaming_query_command_result__recent_progress_result__init(&answer->progress);
    answer->progress.recent_progress_json = WEIR_NEW_ARRAY(answer->arena, char *, count + 1);
    answer->progress.n_recent_progress_json = (size_t)count;
    for (int32_t i = 0; i < count; i++) {
        int32_t at = (query->progress_next - count + i + query->progress_max) % query->progress_max;
        answer->progress.recent_progress_json[i] = weir_arena_strdup(answer->arena, query->progress[at]);
    }
    answer->result.result_type_case =
        SPARK__CONNECT__STREAMING_QUERY_COMMAND_RESULT__RESULT_TYPE_RECENT_PROGRESS;
    answer->result.recent_progress = &answer->progress;
}

/* As StreamExecution.explain: there is a plan once a batch has run. */
static weir_code answer_explain(query_answer *answer, const weir_engine_query *query, bool extended,
                                weir_error **err) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    pthread_mutex_lock(&query->engine->lock);
    bool has_run = query->batches > 0;
    pthread_mutex_unlock(&query->engine->lock);
    if (!has_run) {
        weir_strbuf_add_text(&text, "No physical plan. Waiting for data.");
    } else {
        int64_t next_id = query->scope.next_id;
        weir_optimizer_options options = {.zone = query->scope.zone,
                                          .ansi = weir_conf_bool(query->scope.conf, WEIR_CONF_ANSI),
                                          .next_id = &next_id};
        WEIR_TRY(weir_connect_explain_sections(answer->arena, &options, query->plan,
                                               extended ? WEIR_EXPLAIN_ANALYZED : WEIR_EXPLAIN_PHYSICAL,
                                               &text, err));
    }
    spark__connect__streaming_query_command_result__explain_result__init(&answer->explain);
    answer->explain.result = weir_arena_strndup(answer->arena, text.data, text.size);
    answer->result.result_type_case = SPARK__CONNECT__STREAMING_QUERY_COMMAND_RESULT__RESULT_TYPE_EXPLAIN;
    answer->result.explain = &answer->explain;
    return WEIR_OK;
}

/* The client drops what stands before the first ": ". */
static void answer_exception(query_answer *answer, const weir_engine_query *query) {
    spark__connect__streaming_query_command_result__exception_result__init(&answer->exception);
    answer->result.result_type_case = SPARK__CONNECT__STREAMING_QUERY_COMMAND_RESULT__RESULT_TYPE_EXCEPTION;
    answer->result.exception = &answer->exception;
    if (!query->error)
        return;
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_engine_query_exception(query, &text);
    answer->exception.exception_message = weir_arena_strndup(answer->arena, text.data, text.size);
    answer->exception.error_class = weir_arena_strdup(answer->arena, "STREAM_FAILED");
}

static weir_code check_interrupted(weir_connect_operation *operation, weir_error **err) {
    if (weir_connect_operation_interrupted(operation))
        return weir_error_raise(err, WEIR_OPERATION_CANCELED, NULL);
    return WEIR_OK;
}

static weir_code await_termination(query_answer *answer, weir_engine_query *query,
                                   weir_connect_operation *operation,
                                   const Spark__Connect__StreamingQueryCommand *command, weir_error **err) {
    const Spark__Connect__StreamingQueryCommand__AwaitTerminationCommand *await = command->await_termination;
    int64_t timeout_ms = await->has_timeout_ms ? await->timeout_ms : -1;
    bool ended = weir_engine_query_await(query, operation, timeout_ms);
    if (!ended)
        WEIR_TRY(check_interrupted(operation, err));
    if (ended && query->error)
        return weir_engine_query_raise(query, err);
    spark__connect__streaming_query_command_result__await_termination_result__init(&answer->terminated);
    answer->terminated.has_terminated = 1;
    answer->terminated.terminated = ended;
    answer->result.result_type_case =
        SPARK__CONNECT__STREAMING_QUERY_COMMAND_RESULT__RESULT_TYPE_AWAIT_TERMINATION;
    answer->result.await_termination = &answer->terminated;
    return WEIR_OK;
}

/* Until a trigger that began after the question has found nothing new: the first idle one that is counted may
 * have looked before. */
static weir_code process_all(weir_engine_query *query, weir_connect_operation *operation, weir_error **err) {
    weir_connect_engine *engine = query->engine;
    pthread_mutex_lock(&engine->lock);
    int64_t wanted = query->idles + 2;
    while (!query->ended && query->idles < wanted && !weir_connect_operation_interrupted(operation))
        weir_engine_wait(engine, -1);
    bool failed = query->ended && query->error;
    pthread_mutex_unlock(&engine->lock);
    return failed ? weir_engine_query_raise(query, err) : check_interrupted(operation, err);
}

static weir_code stop_query(weir_engine_query *query, weir_connect_operation *operation, weir_error **err) {
    pthread_mutex_lock(&query->engine->lock);
    weir_engine_query_stop(query);
    pthread_mutex_unlock(&query->engine->lock);
    if (!weir_engine_query_await(query, operation, -1))
        return check_interrupted(operation, err);
    return WEIR_OK;
}

static weir_code answer_query(query_answer *answer, weir_engine_query *query,
                              weir_connect_operation *operation,
                              const Spark__Connect__StreamingQueryCommand *command, weir_error **err) {
    pthread_mutex_t *lock = &query->engine->lock;
    switch (command->command_case) {
    case SPARK__CONNECT__STREAMING_QUERY_COMMAND__COMMAND_STATUS:
        pthread_mutex_lock(lock);
        answer_status(answer, query);
        pthread_mutex_unlock(lock);
        return WEIR_OK;
    case SPARK__CONNECT__STREAMING_QUERY_COMMAND__COMMAND_LAST_PROGRESS:
    case SPARK__CONNECT__STREAMING_QUERY_COMMAND__COMMAND_RECENT_PROGRESS:
        pthread_mutex_lock(lock);
        answer_progress(answer, query,
                        command->command_case ==
                                SPARK__CONNECT__STREAMING_QUERY_COMMAND__COMMAND_LAST_PROGRESS
                            ? 1
                            : INT32_MAX);
        pthread_mutex_unlock(lock);
        return WEIR_OK;
    case SPARK__CONNECT__STREAMING_QUERY_COMMAND__COMMAND_EXCEPTION:
        pthread_mutex_lock(lock);
        answer_exception(answer, query);
        pthread_mutex_unlock(lock);
        return WEIR_OK;
    case SPARK__CONNECT__STREAMING_QUERY_COMMAND__COMMAND_EXPLAIN:
        return answer_explain(answer, query, command->explain->has_extended && command->explain->extended,
                              err);
    case SPARK__CONNECT__STREAMING_QUERY_COMMAND__COMMAND_STOP:
        return stop_query(query, operation, err);
    case SPARK__CONNECT__STREAMING_QUERY_COMMAND__COMMAND_PROCESS_ALL_AVAILABLE:
        return process_all(query, operation, err);
    case SPARK__CONNECT__STREAMING_QUERY_COMMAND__COMMAND_AWAIT_TERMINATION:
        return await_termination(answer, query, operation, command, err);
    default:
        WEIR_FAIL(err, NOT_SUPPORTED, "StreamingQueryCommand %d is not supported",
                  (int)command->command_case);
    }
}

weir_code weir_engine_command_query(weir_engine_session *session, weir_connect_operation *operation,
                                    const weir_connect_plan *plan, weir_error **err) {
    const Spark__Connect__StreamingQueryCommand *command = plan->query_command;
    const char *id = command->query_id && command->query_id->id ? command->query_id->id : "";
    const char *run_id = command->query_id && command->query_id->run_id ? command->query_id->run_id : "";
    weir_engine_query *query = weir_engine_query_find(session, id, run_id);
    if (!query)
        WEIR_FAIL(err, INVALID_ARGUMENT, "Streaming query %s is not found", id);
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    query_answer answer = {.arena = arena};
    spark__connect__streaming_query_command_result__init(&answer.result);
    Spark__Connect__StreamingQueryInstanceId instance = SPARK__CONNECT__STREAMING_QUERY_INSTANCE_ID__INIT;
    instance.id = query->id;
    instance.run_id = query->run_id;
    answer.result.query_id = &instance;
    weir_code code = answer_query(&answer, query, operation, command, err);
    if (code == WEIR_OK) {
        Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
        response.response_type_case =
            SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_STREAMING_QUERY_COMMAND_RESULT;
        response.streaming_query_command_result = &answer.result;
        code = weir_connect_operation_emit(operation, &response, err);
    }
    weir_engine_query_unref(query);
    return code;
}

/* ---- all queries ---- */

typedef struct manager_answer {
    weir_arena *arena;
    Spark__Connect__StreamingQueryManagerCommandResult result;
    Spark__Connect__StreamingQueryManagerCommandResult__ActiveResult active;
    Spark__Connect__StreamingQueryManagerCommandResult__AwaitAnyTerminationResult terminated;
} manager_answer;

static Spark__Connect__StreamingQueryManagerCommandResult__StreamingQueryInstance *
make_instance(weir_arena *arena, const weir_engine_query *query) {
    Spark__Connect__StreamingQueryManagerCommandResult__StreamingQueryInstance *instance =
        WEIR_NEW(arena, Spark__Connect__StreamingQueryManagerCommandResult__StreamingQueryInstance);
    spark__connect__streaming_query_manager_command_result__streaming_query_instance__init(instance);
    instance->id = WEIR_NEW(arena, Spark__Connect__StreamingQueryInstanceId);
    spark__connect__streaming_query_instance_id__init(instance->id);
    instance->id->id = weir_arena_strdup(arena, query->id);
    instance->id->run_id = weir_arena_strdup(arena, query->run_id);
    instance->name = *query->name ? weir_arena_strdup(arena, query->name) : NULL;
    return instance;
}

static void list_active(manager_answer *answer, const weir_engine_session *session) {
    size_t count = 0;
    spark__connect__streaming_query_manager_command_result__active_result__init(&answer->active);
    for (const weir_engine_query *query = session->queries; query; query = query->next)
        count += query->opened && !query->ended;
    answer->active.active_queries = WEIR_NEW_ARRAY(
        answer->arena, Spark__Connect__StreamingQueryManagerCommandResult__StreamingQueryInstance *,
        count + 1);
    for (const weir_engine_query *query = session->queries; query; query = query->next)
        if (query->opened && !query->ended)
            answer->active.active_queries[answer->active.n_active_queries++] =
                make_instance(answer->arena, query);
    answer->result.result_type_case =
        SPARK__CONNECT__STREAMING_QUERY_MANAGER_COMMAND_RESULT__RESULT_TYPE_ACTIVE;
    answer->result.active = &answer->active;
}

static void get_query(manager_answer *answer, const weir_engine_session *session, const char *id) {
    const weir_engine_query *query = session->queries;
    while (query && !(query->opened && !query->ended && strcmp(query->id, id) == 0))
        query = query->next;
    if (!query)
        return;
    answer->result.result_type_case =
        SPARK__CONNECT__STREAMING_QUERY_MANAGER_COMMAND_RESULT__RESULT_TYPE_QUERY;
    answer->result.query = make_instance(answer->arena, query);
}

/* As StreamingQueryManager: a query that has ended since resetTerminated answers at once. */
static weir_code await_any(manager_answer *answer, weir_engine_session *session,
                           weir_connect_operation *operation, int64_t timeout_ms, weir_error **err) {
    weir_connect_engine *engine = session->engine;
    int64_t deadline = timeout_ms < 0 ? -1 : weir_env_monotonic_us(engine->options.env) + timeout_ms * 1000;
    while (!session->terminations && !weir_connect_operation_interrupted(operation) &&
           weir_engine_wait(engine, deadline))
        continue;
    if (session->failure)
        return weir_error_move(err, weir_error_clone(session->failure));
    if (!session->terminations)
        WEIR_TRY(check_interrupted(operation, err));
    spark__connect__streaming_query_manager_command_result__await_any_termination_result__init(
        &answer->terminated);
    answer->terminated.has_terminated = 1;
    answer->terminated.terminated = session->terminations > 0;
    answer->result.result_type_case =
        SPARK__CONNECT__STREAMING_QUERY_MANAGER_COMMAND_RESULT__RESULT_TYPE_AWAIT_ANY_TERMINATION;
    answer->result.await_any_termination = &answer->terminated;
    return WEIR_OK;
}

static void reset_terminated(manager_answer *answer, weir_engine_session *session) {
    session->terminations = 0;
    weir_error_free_ptr(&session->failure);
    answer->result.result_type_case =
        SPARK__CONNECT__STREAMING_QUERY_MANAGER_COMMAND_RESULT__RESULT_TYPE_RESET_TERMINATED;
    answer->result.reset_terminated = 1;
}

static weir_code answer_manager(manager_answer *answer, weir_engine_session *session,
                                weir_connect_operation *operation,
                                const Spark__Connect__StreamingQueryManagerCommand *command,
                                weir_error **err) {
    switch (command->command_case) {
    case SPARK__CONNECT__STREAMING_QUERY_MANAGER_COMMAND__COMMAND_ACTIVE:
        list_active(answer, session);
        return WEIR_OK;
    case SPARK__CONNECT__STREAMING_QUERY_MANAGER_COMMAND__COMMAND_GET_QUERY:
        get_query(answer, session, command->get_query);
        return WEIR_OK;
    case SPARK__CONNECT__STREAMING_QUERY_MANAGER_COMMAND__COMMAND_AWAIT_ANY_TERMINATION:
        return await_any(
            answer, session, operation,
            command->await_any_termination->has_timeout_ms ? command->await_any_termination->timeout_ms : -1,
            err);
    case SPARK__CONNECT__STREAMING_QUERY_MANAGER_COMMAND__COMMAND_RESET_TERMINATED:
        reset_terminated(answer, session);
        return WEIR_OK;
    default:
        WEIR_FAIL(err, NOT_SUPPORTED, "StreamingQueryManagerCommand %d is not supported",
                  (int)command->command_case);
    }
}

weir_code weir_engine_command_manager(weir_engine_session *session, weir_connect_operation *operation,
                                      const weir_connect_plan *plan, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    manager_answer answer = {.arena = arena};
    spark__connect__streaming_query_manager_command_result__init(&answer.result);
    pthread_mutex_lock(&session->engine->lock);
    weir_code code = answer_manager(&answer, session, operation, plan->manager_command, err);
    pthread_mutex_unlock(&session->engine->lock);
    WEIR_TRY(code);
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    response.response_type_case =
        SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_STREAMING_QUERY_MANAGER_COMMAND_RESULT;
    response.streaming_query_manager_command_result = &answer.result;
    return weir_connect_operation_emit(operation, &response, err);
}
