/* The engine behind the Connect server (connect_engine.h): sessions' life, and which part runs a plan.
 *
 *   execute: scope (memory, configuration) -> decode -> analyse -> rows | show | view | stream | question ...
 *
 * Workers of the server call everything here; the driver's loop calls back into engine_streams.c. */
#include "driver/connect/connect_engine.h"

#include <time.h>

#include "common/base/alloc.h"
#include "driver/connect/connect_engine_int.h"

bool weir_engine_wait(weir_connect_engine *engine, int64_t deadline_us) {
    if (deadline_us < 0) {
        pthread_cond_wait(&engine->changed, &engine->lock);
        return true;
    }
    struct timespec until = {.tv_sec = deadline_us / 1000000, .tv_nsec = deadline_us % 1000000 * 1000};
    return pthread_cond_timedwait(&engine->changed, &engine->lock, &until) == 0;
}

/* ---- sessions ---- */

static weir_code session_open(void *self, weir_client_session *connect, void **ret, weir_error **err) {
    (void)err;
    weir_engine_session *session = weir_alloc_zero(1, sizeof *session);
    session->engine = self;
    session->connect = connect;
    *ret = session;
    return WEIR_OK;
}

static weir_code session_clone(void *self, weir_client_session *connect, void *source, void **ret,
                               weir_error **err) {
    WEIR_TRY(session_open(self, connect, ret, err));
    weir_engine_views_copy(source, *ret);
    return WEIR_OK;
}

/* Queries end with their session, as in Spark. */
static void session_close(void *self, void *state) {
    weir_connect_engine *engine = self;
    weir_engine_session *session = state;
    pthread_mutex_lock(&engine->lock);
    session->closed = true;
    session->has_listeners = false;
    for (weir_engine_query *query = session->queries; query; query = query->next)
        weir_engine_query_stop(query);
    pthread_cond_broadcast(&engine->changed);
    for (;;) {
        const weir_engine_query *running = session->queries;
        while (running && running->ended)
            running = running->next;
        if (!running)
            break;
        weir_engine_wait(engine, -1);
    }
    pthread_mutex_unlock(&engine->lock);
}

static void session_free(void *self, void *state) {
    weir_connect_engine *engine = self;
    weir_engine_session *session = state;
    pthread_mutex_lock(&engine->lock);
    while (session->queries) {
        weir_engine_query *query = session->queries;
        session->queries = query->next;
        query->session = NULL;
        weir_engine_query_unref(query);
    }
    weir_engine_events_free(session);
    weir_engine_views_free(session);
    pthread_mutex_unlock(&engine->lock);
    weir_error_free(session->failure);
    weir_free(session);
}

/* ---- plans ---- */

static weir_code analyze(void *self, void *state, const Spark__Connect__AnalyzePlanRequest *request,
                         weir_arena *arena, Spark__Connect__AnalyzePlanResponse *response, weir_error **err) {
    (void)self;
    weir_engine_scope scope;
    WEIR_TRY(weir_engine_scope_open(state, &scope, err));
    weir_code code = weir_connect_analyze(arena, weir_engine_scope_decoder(&scope), request, response, err);
    weir_engine_scope_close(&scope);
    return code;
}

/* A query by spark.sql is not run: the client gets its own relation back and builds upon it. */
static weir_code answer_sql(weir_connect_operation *operation, const weir_connect_plan *plan,
                            weir_error **err) {
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    Spark__Connect__ExecutePlanResponse__SqlCommandResult result =
        SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__SQL_COMMAND_RESULT__INIT;
    result.relation = (Spark__Connect__Relation *)(uintptr_t)plan->sql_relation;
    response.response_type_case = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_SQL_COMMAND_RESULT;
    response.sql_command_result = &result;
    return weir_connect_operation_emit(operation, &response, err);
}

/* How many models the cache held, as Spark answers: MlCommandResult {param: Literal {integer: 0}}. */
static weir_code answer_clean_cache(weir_connect_operation *operation, weir_error **err) {
    uint8_t none[] = {1 << 3 | 2, 2, 6 << 3, 0};
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    response.response_type_case = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_ML_COMMAND_RESULT;
    response.ml_command_result = (ProtobufCBinaryData){.len = sizeof(none), .data = none};
    return weir_connect_operation_emit(operation, &response, err);
}

static weir_code answer_resources(weir_connect_operation *operation, weir_error **err) {
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    Spark__Connect__GetResourcesCommandResult result = SPARK__CONNECT__GET_RESOURCES_COMMAND_RESULT__INIT;
    response.response_type_case =
        SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_GET_RESOURCES_COMMAND_RESULT;
    response.get_resources_command_result = &result;
    return weir_connect_operation_emit(operation, &response, err);
}

static weir_code run_plan(weir_engine_session *session, weir_engine_scope *scope,
                          weir_connect_operation *operation, weir_connect_plan *plan, weir_error **err) {
    switch (plan->action) {
    case WEIR_CONNECT_ROWS:
        return weir_engine_rows_emit(scope, operation, plan->root, err);
    case WEIR_CONNECT_SHOW_STRING:
    case WEIR_CONNECT_HTML_STRING:
        return weir_engine_rows_show(scope, operation, plan, err);
    case WEIR_CONNECT_CATALOG:
        return weir_engine_catalog_answer(scope, operation, plan->catalog, err);
    case WEIR_CONNECT_CREATE_VIEW:
        return weir_engine_view_add(scope, &plan->view, plan->root, err);
    case WEIR_CONNECT_SQL_COMMAND:
        return answer_sql(operation, plan, err);
    case WEIR_CONNECT_STATEMENT:
        return weir_engine_statement(scope, operation, plan, err);
    case WEIR_CONNECT_START_STREAM:
        return weir_engine_stream_start(session, operation, scope, plan, err);
    case WEIR_CONNECT_QUERY_COMMAND:
        return weir_engine_command_query(session, operation, plan, err);
    case WEIR_CONNECT_MANAGER_COMMAND:
        return weir_engine_command_manager(session, operation, plan, err);
    case WEIR_CONNECT_LISTENER_BUS:
        return weir_engine_listener_bus(session, operation, plan, err);
    case WEIR_CONNECT_GET_RESOURCES:
        return answer_resources(operation, err);
    case WEIR_CONNECT_REMOVE_RELATION:
        return WEIR_OK;
    case WEIR_CONNECT_CLEAN_CACHE:
        return answer_clean_cache(operation, err);
    case WEIR_CONNECT_WRITE:
        return weir_engine_write(scope, operation, plan, err);
    }
    WEIR_FAIL(err, INTERNAL_ERROR, "action %d", (int)plan->action);
}

/* What becomes of these outlives the request, and nodes borrow texts from their message. */
static bool outlives(const Spark__Connect__Plan *message) {
    if (message->op_type_case != SPARK__CONNECT__PLAN__OP_TYPE_COMMAND || !message->command)
        return false;
    int kind = (int)message->command->command_type_case;
    return kind == SPARK__CONNECT__COMMAND__COMMAND_TYPE_CREATE_DATAFRAME_VIEW ||
           kind == SPARK__CONNECT__COMMAND__COMMAND_TYPE_SQL_COMMAND || /* CREATE VIEW */
           kind == SPARK__CONNECT__COMMAND__COMMAND_TYPE_WRITE_STREAM_OPERATION_START;
}

static weir_code own_message(weir_arena *arena, const Spark__Connect__Plan **message, weir_error **err) {
    if (!*message || !outlives(*message))
        return WEIR_OK;
    _cleanup_strbuf_ weir_strbuf bytes = {0};
    ProtobufCMessage *copy = NULL;
    weir_connect_pack(&bytes, &(*message)->base);
    WEIR_TRY(weir_connect_unpack(arena, weir_strbuf_view(&bytes), (*message)->base.descriptor, &copy, err));
    *message = (const Spark__Connect__Plan *)copy;
    return WEIR_OK;
}

static weir_code execute(void *self, void *state, weir_connect_operation *operation,
                         const Spark__Connect__Plan *message, weir_error **err) {
    (void)self;
    weir_engine_scope scope;
    weir_connect_plan plan = {0};
    WEIR_TRY(weir_engine_scope_open(state, &scope, err));
    weir_connect_scope *decoder = weir_engine_scope_decoder(&scope);
    weir_code code = own_message(scope.arena, &message, err);
    if (code == WEIR_OK)
        code = weir_connect_decode(scope.arena, decoder, message, &plan, err);
    if (code == WEIR_OK)
        code = weir_connect_resolve(scope.arena, decoder, &plan, err);
    if (code == WEIR_OK)
        code = run_plan(state, &scope, operation, &plan, err);
    weir_engine_scope_close(&scope);
    return code;
}

/* ---- interrupts ---- */

static void interrupt(void *self, void *state, weir_connect_operation *operation) {
    (void)state;
    weir_connect_engine *engine = self;
    pthread_mutex_lock(&engine->lock);
    weir_batch_query *query = weir_connect_operation_user(operation);
    if (query)
        weir_batch_query_cancel(query);
    pthread_cond_broadcast(&engine->changed);
    pthread_mutex_unlock(&engine->lock);
}

static bool has_tag(const weir_engine_query *query, const char *tag) {
    for (int32_t i = 0; i < query->tags_count && tag; i++)
        if (strcmp(query->tags[i], tag) == 0)
            return true;
    return !tag;
}

static int interrupt_queries(void *self, void *state, const char *tag, weir_arena *arena, char ***ret_ids) {
    weir_connect_engine *engine = self;
    weir_engine_session *session = state;
    int count = 0;
    pthread_mutex_lock(&engine->lock);
    for (const weir_engine_query *query = session->queries; query; query = query->next)
        count++;
    *ret_ids = WEIR_NEW_ARRAY(arena, char *, count + 1);
    count = 0;
    for (weir_engine_query *query = session->queries; query; query = query->next) {
        if (query->ended || !query->opened || !has_tag(query, tag))
            continue;
        weir_engine_query_stop(query);
        (*ret_ids)[count++] = weir_arena_strdup(arena, query->id);
    }
    pthread_mutex_unlock(&engine->lock);
    return count;
}

/* ---- life ---- */

static const weir_connect_backend_ops ops = {
    .name = "engine",
    .session_open = session_open,
    .session_clone = session_clone,
    .session_close = session_close,
    .session_free = session_free,
    .analyze = analyze,
    .execute = execute,
    .interrupt = interrupt,
    .interrupt_queries = interrupt_queries,
};

weir_connect_engine *weir_connect_engine_new(const weir_connect_engine_options *options) {
    weir_connect_engine *engine = weir_alloc_zero(1, sizeof *engine);
    pthread_condattr_t attributes;
    engine->options = *options;
    engine->next_ids = 1;
    pthread_mutex_init(&engine->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&engine->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return engine;
}

weir_connect_backend weir_connect_engine_backend(weir_connect_engine *engine) {
    return (weir_connect_backend){&ops, engine};
}

void weir_connect_engine_free(weir_connect_engine *engine) {
    if (!engine)
        return;
    pthread_cond_destroy(&engine->changed);
    pthread_mutex_destroy(&engine->lock);
    weir_free(engine);
}
