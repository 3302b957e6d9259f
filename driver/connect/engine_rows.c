/* Rows of plans without streams, for a Connect client: optimizer, physical plan, a batch query, and its rows
 * as Arrow streams or as the texts of show(). Workers; the driver's loop runs the query. */
#include "common/arrow/arrow_ipc.h"
#include "common/base/alloc.h"
#include "common/column/builder.h"
#include "common/column/cell_text.h"
#include "driver/analyze/streaming_checks.h"
#include "driver/connect/connect_engine_int.h"
#include "driver/optimize/optimizer.h"
#include "driver/stream_planner.h"

/* ---- the query ---- */

static weir_code refuse_stream(weir_error **err) {
    WEIR_RAISE(
        err, _LEGACY_ERROR_TEMP_3102, "msg",
        "Queries with streaming sources must be executed with writeStream.start(), or from a streaming "
        "table or flow definition within a Spark Declarative Pipeline.");
}

weir_code weir_engine_rows_plan(weir_engine_scope *scope, weir_node *root, weir_str sink_format,
                                const weir_options *sink_options, weir_physical *ret, weir_error **err) {
    weir_optimizer_options options = {
        .zone = scope->zone, .ansi = weir_conf_bool(scope->conf, WEIR_CONF_ANSI), .next_id = &scope->next_id};
    if (weir_streaming_checks_is_streaming(root))
        return refuse_stream(err);
    WEIR_TRY(weir_optimizer_run(scope->arena, root, &options, &root, err));
    weir_physical_request request = {.logical = root,
                                     .conf = scope->conf,
                                     .batch = true,
                                     .output_mode = WEIR_STR(""),
                                     .sink_format = sink_format,
                                     .sink_options = *sink_options,
                                     .sql = weir_sql_texts_view(&scope->texts)};
    WEIR_TRY(weir_physical_plan(scope->arena, &request, ret, err));
    for (int32_t i = 0; i < ret->sources_count; i++)
        ret->sources[i].options = weir_stream_planner_absolute(
            scope->arena, scope->session->engine->options.directory, &ret->sources[i].options);
    return WEIR_OK;
}

static weir_node *limited(weir_engine_scope *scope, weir_node *root, int64_t count) {
    weir_node_limit *limit = WEIR_NODE_NEW(scope->arena, LIMIT, limit);
    limit->child = root;
    limit->count = weir_literal_int(scope->arena, (int32_t)WEIR_MIN(count, (int64_t)INT32_MAX));
    limit->node.output = root->output;
    limit->node.type = root->type;
    limit->node.resolved = true;
    return &limit->node;
}

/* An interrupt finds the query through the operation, and the query is there as long as it does. */
static void publish(weir_engine_scope *scope, weir_connect_operation *operation, weir_batch_query *query) {
    weir_connect_engine *engine = scope->session->engine;
    pthread_mutex_lock(&engine->lock);
    weir_connect_operation_set_user(operation, query);
    if (query && weir_connect_operation_interrupted(operation))
        weir_batch_query_cancel(query);
    pthread_mutex_unlock(&engine->lock);
}

weir_code weir_engine_rows_execute(weir_engine_scope *scope, weir_connect_operation *operation,
                                   weir_batch_query *query, weir_error **err) {
    WEIR_TRY(weir_driver_start_batch(scope->session->engine->options.driver, query, err));
    publish(scope, operation, query);
    weir_code code = weir_batch_query_wait(query, err);
    publish(scope, operation, NULL);
    return code;
}

weir_code weir_engine_rows_run(weir_engine_scope *scope, weir_connect_operation *operation, weir_node *root,
                               int64_t limit, weir_batch_take take, void *data, weir_error **err) {
    weir_physical physical;
    if (limit >= 0)
        root = limited(scope, root, limit);
    /* The sink is any that collects. */
    WEIR_TRY(weir_engine_rows_plan(scope, root, WEIR_STR("memory"), &(weir_options){0}, &physical, err));
    weir_batch_spec spec = {.physical = &physical, .conf = scope->conf, .zone = scope->zone};
    weir_batch_query *query = weir_batch_query_new(&spec);
    weir_code code = weir_engine_rows_execute(scope, operation, query, err);
    if (code == WEIR_OK)
        code = weir_batch_query_each(query, take, data, err);
    weir_batch_query_free(query);
    return code;
}

/* ---- rows as Arrow ---- */

typedef struct arrow_output {
    weir_connect_operation *operation;
    weir_arrow_writer *writer;
} arrow_output;

static weir_code emit_streams(arrow_output *output, bool last, weir_error **err) {
    for (;;) {
        weir_buffer *stream = NULL;
        int32_t rows = 0;
        WEIR_TRY(weir_arrow_writer_next(output->writer, last, &stream, &rows, err));
        if (!stream)
            return WEIR_OK;
        weir_code code = weir_connect_operation_emit_arrow(output->operation, rows, stream, err);
        weir_buffer_unref(stream);
        WEIR_TRY(code);
    }
}

static weir_code take_rows(void *data, weir_batch *batch, weir_error **err) {
    arrow_output *output = data;
    WEIR_TRY(weir_arrow_writer_put(output->writer, batch, NULL, err));
    return emit_streams(output, false, err);
}

static weir_code emit_schema(weir_engine_scope *scope, weir_connect_operation *operation,
                             const weir_type *schema, weir_error **err) {
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    response.schema = weir_connect_type_message(scope->arena, schema);
    return weir_connect_operation_emit(operation, &response, err);
}

static weir_code arrow_open(weir_engine_scope *scope, weir_connect_operation *operation,
                            const weir_type *schema, arrow_output *ret, weir_error **err) {
    weir_str large = weir_client_session_conf_get(scope->session->connect, scope->arena,
                                                  WEIR_STR("spark.sql.execution.arrow.useLargeVarTypes"));
    weir_arrow_options options = {.zone = weir_timezone_id(scope->zone),
                                  .large_vars = weir_str_equal_nocase(large, WEIR_STR("true")),
                                  .bytes_max = weir_connect_operation_chunk_bytes(operation)};
    WEIR_TRY(emit_schema(scope, operation, schema, err));
    *ret = (arrow_output){operation, weir_arrow_writer_new(schema, &options, NULL)};
    return WEIR_OK;
}

static weir_code arrow_close(arrow_output *output, weir_code code, weir_error **err) {
    if (code == WEIR_OK)
        code = emit_streams(output, true, err);
    weir_arrow_writer_free(output->writer);
    return code;
}

weir_code weir_engine_rows_emit(weir_engine_scope *scope, weir_connect_operation *operation, weir_node *root,
                                weir_error **err) {
    arrow_output output;
    if (weir_streaming_checks_is_streaming(root))
        return refuse_stream(err);
    WEIR_TRY(arrow_open(scope, operation, root->type, &output, err));
    weir_code code = weir_engine_rows_run(scope, operation, root, -1, take_rows, &output, err);
    return arrow_close(&output, code, err);
}

weir_code weir_engine_rows_emit_batch(weir_engine_scope *scope, weir_connect_operation *operation,
                                      weir_batch *batch, weir_error **err) {
    arrow_output output;
    WEIR_TRY(arrow_open(scope, operation, batch->schema, &output, err));
    weir_code code = batch->rows ? take_rows(&output, batch, err) : WEIR_OK;
    return arrow_close(&output, code, err);
}

/* ---- rows as text ---- */

typedef struct kept_rows {
    weir_batch **items;
    int32_t count, capacity;
} kept_rows;

static weir_code keep_rows(void *data, weir_batch *batch, weir_error **err) {
    (void)err;
    kept_rows *kept = data;
    if (kept->count == kept->capacity) {
        kept->capacity = WEIR_MAX(8, kept->capacity * 2);
        kept->items = weir_realloc(kept->items, sizeof *kept->items * (size_t)kept->capacity);
    }
    kept->items[kept->count++] = weir_batch_ref(batch);
    return WEIR_OK;
}

static void drop_rows(kept_rows *kept) {
    for (int32_t i = 0; i < kept->count; i++)
        weir_batch_unref(kept->items[i]);
    weir_free(kept->items);
}

static weir_code one_text(weir_engine_scope *scope, const char *column, weir_str text, weir_batch **ret,
                          weir_error **err) {
    weir_field field = {.name = weir_str_from(column), .type = weir_type_of(WEIR_TYPE_STRING)};
    const weir_type *schema = weir_type_struct(scope->arena, &field, 1);
    weir_builder builder = {0};
    weir_column *made = NULL;
    weir_code code = weir_builder_init(&builder, NULL, field.type, 1, err);
    if (code == WEIR_OK && !weir_builder_bytes(&builder, text.data, text.size))
        code = weir_error_failf(err, WEIR_OUT_OF_MEMORY, "a table of %zu bytes", text.size);
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, &made, err);
    weir_builder_fini(&builder);
    if (code == WEIR_OK)
        *ret = weir_batch_new(schema, 1, &made, 1);
    return code;
}

weir_code weir_engine_rows_show(weir_engine_scope *scope, weir_connect_operation *operation,
                                const weir_connect_plan *plan, weir_error **err) {
    kept_rows kept = {0};
    _cleanup_batch_ weir_batch *answer = NULL;
    _cleanup_strbuf_ weir_strbuf text = {0};
    bool html = plan->action == WEIR_CONNECT_HTML_STRING;
    int32_t count = WEIR_MAX(plan->show.rows, 0);
    weir_code code =
        weir_engine_rows_run(scope, operation, plan->root, (int64_t)count + 1, keep_rows, &kept, err);
    if (code != WEIR_OK) {
        drop_rows(&kept);
        return code;
    }
    weir_show_source source = {plan->root->type, kept.items, kept.count, scope->zone};
    weir_show_options options = {count, plan->show.truncate, plan->show.vertical};
    if (html)
        weir_show_html(&text, &source, count, plan->show.truncate);
    else
        weir_show(&text, &source, &options);
    drop_rows(&kept);
    WEIR_TRY(one_text(scope, html ? "html_string" : "show_string", weir_strbuf_view(&text), &answer, err));
    return weir_engine_rows_emit_batch(scope, operation, answer, err);
}
