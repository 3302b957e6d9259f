/* The test backend (connect_fake_backend.h). */
#include "tests/lib/connect_fake_backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/arrow/arrow_ipc.h"
#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/column/builder.h"
#include "common/types/types.h"

static weir_buffer *make_stream(int32_t rows) {
    weir_error *err = NULL;
    weir_arena *arena = weir_arena_new();
    const weir_type *schema = NULL;
    weir_code code = weir_type_parse(arena, WEIR_STR("struct<id:bigint>"), &schema, &err);
    WEIR_ASSERT(code == WEIR_OK);
    weir_builder builder;
    weir_column *column = NULL;
    code = weir_builder_init(&builder, NULL, schema->fields[0].type, rows, &err);
    WEIR_ASSERT(code == WEIR_OK);
    for (int32_t i = 0; i < rows; i++)
        WEIR_ASSERT(weir_builder_int64(&builder, i));
    code = weir_builder_finish(&builder, &column, &err);
    WEIR_ASSERT(code == WEIR_OK);
    weir_builder_fini(&builder);
    weir_batch *batch = weir_batch_new(schema, rows, &column, 1);
    weir_arrow_options options = {.rows_max = INT32_MAX, .bytes_max = INT64_MAX};
    weir_arrow_writer *writer = weir_arrow_writer_new(schema, &options, NULL);
    weir_buffer *stream = NULL;
    int32_t written;
    code = weir_arrow_writer_put(writer, batch, NULL, &err);
    WEIR_ASSERT(code == WEIR_OK);
    code = weir_arrow_writer_next(writer, true, &stream, &written, &err);
    WEIR_ASSERT(code == WEIR_OK && written == rows);
    weir_arrow_writer_free(writer);
    weir_batch_unref(batch);
    weir_arena_free(arena);
    return stream;
}

void fake_backend_init(fake_backend *backend) {
    *backend = (fake_backend){0};
    backend->batch = make_stream(3);
}

void fake_backend_fini(fake_backend *backend) {
    weir_buffer_unref(backend->batch);
}

typedef struct fake_state {
    int views; /* what a clone must carry over */
} fake_state;

static weir_code session_open(void *self, weir_client_session *session, void **ret_state, weir_error **err) {
    fake_backend *backend = self;
    (void)err;
    (void)session;
    backend->sessions_open++;
    *ret_state = weir_alloc_zero(1, sizeof(fake_state));
    return WEIR_OK;
}

static weir_code session_clone(void *self, weir_client_session *session, void *source_state, void **ret_state,
                               weir_error **err) {
    fake_state *source = source_state;
    WEIR_TRY(session_open(self, session, ret_state, err));
    ((fake_state *)*ret_state)->views = source->views;
    return WEIR_OK;
}

static void session_close(void *self, void *state) {
    (void)state;
    ((fake_backend *)self)->sessions_closed++;
}

static void session_free(void *self, void *state) {
    ((fake_backend *)self)->sessions_freed++;
    weir_free(state);
}

static Spark__Connect__DataType *long_schema(weir_arena *arena) {
    Spark__Connect__DataType *type = WEIR_NEW(arena, Spark__Connect__DataType);
    Spark__Connect__DataType *element = WEIR_NEW(arena, Spark__Connect__DataType);
    Spark__Connect__DataType__Struct *row = WEIR_NEW(arena, Spark__Connect__DataType__Struct);
    Spark__Connect__DataType__StructField *field = WEIR_NEW(arena, Spark__Connect__DataType__StructField);
    Spark__Connect__DataType__Long *number = WEIR_NEW(arena, Spark__Connect__DataType__Long);
    spark__connect__data_type__init(type);
    spark__connect__data_type__init(element);
    spark__connect__data_type__struct__init(row);
    spark__connect__data_type__struct_field__init(field);
    spark__connect__data_type__long__init(number);
    element->kind_case = SPARK__CONNECT__DATA_TYPE__KIND_LONG;
    element->long_ = number;
    field->name = (char *)"id";
    field->data_type = element;
    row->n_fields = 1;
    row->fields = WEIR_NEW_ARRAY(arena, Spark__Connect__DataType__StructField *, 1);
    row->fields[0] = field;
    type->kind_case = SPARK__CONNECT__DATA_TYPE__KIND_STRUCT;
    type->struct_ = row;
    return type;
}

static weir_code analyze(void *self, void *state, const Spark__Connect__AnalyzePlanRequest *request,
                         weir_arena *arena, Spark__Connect__AnalyzePlanResponse *response, weir_error **err) {
    (void)state;
    ((fake_backend *)self)->analyses++;
    if (request->analyze_case != SPARK__CONNECT__ANALYZE_PLAN_REQUEST__ANALYZE_SCHEMA)
        WEIR_RAISE(err, UNSUPPORTED_FEATURE, "message", "this analysis");
    Spark__Connect__AnalyzePlanResponse__Schema *schema =
        WEIR_NEW(arena, Spark__Connect__AnalyzePlanResponse__Schema);
    spark__connect__analyze_plan_response__schema__init(schema);
    schema->schema = long_schema(arena);
    response->result_case = SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_SCHEMA;
    response->schema = schema;
    return WEIR_OK;
}

static weir_code emit_schema(weir_connect_operation *operation, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    response.schema = long_schema(arena);
    return weir_connect_operation_emit(operation, &response, err);
}

static weir_code emit_batches(fake_backend *backend, weir_connect_operation *operation, long count, long rows,
                              weir_error **err) {
    _cleanup_buffer_ weir_buffer *stream =
        rows ? make_stream((int32_t)rows) : weir_buffer_ref(backend->batch);
    WEIR_TRY(emit_schema(operation, err));
    for (long i = 0; i < count; i++)
        WEIR_TRY(weir_connect_operation_emit_arrow(operation, rows ? rows : 3, stream, err));
    return WEIR_OK;
}

static weir_code emit_bytes(weir_connect_operation *operation, long size, long count, weir_error **err) {
    for (long i = 0; i < count; i++) {
        _cleanup_buffer_ weir_buffer *bytes = weir_buffer_new(NULL, (size_t)size);
        memset(bytes->data, (int)i, (size_t)size);
        bytes->size = (size_t)size;
        WEIR_TRY(weir_connect_operation_emit_arrow(operation, 1, bytes, err));
    }
    return WEIR_OK;
}

static weir_code fail_with_context(weir_error **err) {
    weir_error_raise(err, WEIR_DIVIDE_BY_ZERO, "config", "\"spark.sql.ansi.enabled\"", NULL);
    weir_query_context context = {.start = 7, .stop = 11, .line = 1, .column = 7, .fragment = "1 / 0"};
    weir_error_set_context(*err, &context);
    return WEIR_DIVIDE_BY_ZERO;
}

static weir_code fail_long(long size, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    while ((long)text.size < size)
        weir_strbuf_add_text(&text, "\xC3\xA4 long text \xFF ");
    WEIR_FAIL(err, INTERNAL_ERROR, "%s", text.data);
}

static weir_code pause_run(weir_connect_operation *operation, long ms, weir_error **err) {
    for (long passed = 0; passed < ms || ms < 0; passed += 2) {
        if (weir_connect_operation_interrupted(operation))
            WEIR_FAIL(err, CANCELLED, "interrupted");
        usleep(2000);
    }
    return WEIR_OK;
}

static weir_code emit_progress(weir_connect_operation *operation, long count) {
    for (long i = 0; i < count; i++) {
        Spark__Connect__ExecutePlanResponse__ExecutionProgress progress =
            SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__EXECUTION_PROGRESS__INIT;
        progress.has_num_inflight_tasks = 1;
        progress.num_inflight_tasks = i;
        weir_connect_operation_emit_progress(operation, &progress);
    }
    return WEIR_OK;
}

static weir_code set_conf(weir_connect_operation *operation, const char *text, weir_error **err) {
    const char *equals = strchr(text, '=');
    WEIR_TRY(weir_client_session_conf_set(weir_connect_operation_session(operation),
                                          weir_str_make(text, (size_t)(equals - text)),
                                          weir_str_from(equals + 1), err));
    return WEIR_OK;
}

static weir_code run_query(fake_backend *backend, weir_connect_operation *operation, const char *query,
                           weir_error **err) {
    long a = 0, b = 0;
    if (sscanf(query, "batch %ld %ld", &a, &b) >= 1)
        return emit_batches(backend, operation, a, b, err);
    if (sscanf(query, "bytes %ld %ld", &a, &b) == 2)
        return emit_bytes(operation, a, b, err);
    if (strcmp(query, "fail") == 0)
        return fail_with_context(err);
    if (sscanf(query, "longfail %ld", &a) == 1)
        return fail_long(a, err);
    if (sscanf(query, "sleep %ld", &a) == 1) {
        WEIR_TRY(pause_run(operation, a, err));
        return emit_batches(backend, operation, 1, 0, err);
    }
    if (strcmp(query, "wait") == 0)
        return pause_run(operation, -1, err);
    if (strcmp(query, "defer") == 0) {
        weir_connect_operation_set_user(operation, backend);
        weir_connect_operation_defer(operation);
        return WEIR_OK;
    }
    if (sscanf(query, "progress %ld", &a) == 1)
        return emit_progress(operation, a);
    if (strncmp(query, "set ", 4) == 0)
        return set_conf(operation, query + 4, err);
    WEIR_RAISE(err, PARSE_SYNTAX_ERROR, "error", query, "hint", "");
}

static const char *query_of(const Spark__Connect__Relation *relation) {
    return relation && relation->rel_type_case == SPARK__CONNECT__RELATION__REL_TYPE_SQL
               ? relation->sql->query
               : NULL;
}

static weir_code execute(void *self, void *state, weir_connect_operation *operation,
                         const Spark__Connect__Plan *plan, weir_error **err) {
    fake_backend *backend = self;
    (void)state;
    backend->executions++;
    backend->running++;
    weir_code code;
    const Spark__Connect__Command *command =
        plan->op_type_case == SPARK__CONNECT__PLAN__OP_TYPE_COMMAND ? plan->command : NULL;
    if (command && command->command_type_case == SPARK__CONNECT__COMMAND__COMMAND_TYPE_SQL_COMMAND) {
        Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
        Spark__Connect__ExecutePlanResponse__SqlCommandResult result =
            SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__SQL_COMMAND_RESULT__INIT;
        result.relation = command->sql_command->input;
        response.response_type_case = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_SQL_COMMAND_RESULT;
        response.sql_command_result = &result;
        code = weir_connect_operation_emit(operation, &response, err);
    } else if (command) {
        code = WEIR_OK;
    } else {
        const char *query = query_of(plan->root);
        code =
            query ? run_query(backend, operation, query, err) : emit_batches(backend, operation, 1, 0, err);
    }
    backend->running--;
    return code;
}

static void interrupt(void *self, void *state, weir_connect_operation *operation) {
    (void)self;
    (void)state;
    if (weir_connect_operation_user(operation)) { /* deferred */
        weir_connect_operation_set_user(operation, NULL);
        weir_connect_operation_finish(operation, NULL);
    }
}

static int interrupt_queries(void *self, void *state, const char *tag, weir_arena *arena, char ***ret_ids) {
    (void)self;
    (void)state;
    *ret_ids = WEIR_NEW_ARRAY(arena, char *, 1);
    (*ret_ids)[0] = (char *)"11111111-2222-3333-4444-555555555555";
    return tag && strcmp(tag, "query") == 0;
}

const weir_connect_backend_ops fake_backend_ops = {
    .name = "fake",
    .session_open = session_open,
    .session_clone = session_clone,
    .session_close = session_close,
    .session_free = session_free,
    .analyze = analyze,
    .execute = execute,
    .interrupt = interrupt,
    .interrupt_queries = interrupt_queries,
};
