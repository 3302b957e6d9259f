/* Batch writes of a Connect session (DataFrame.write): the sink's driver half checks and commits, tasks of
 * the executors write (connectors/connector.h). Workers, blocking; an interrupt cancels the tasks, and a
 * commit that has begun is carried through. */
#include "common/base/json_value.h"
#include "driver/analyze/streaming_checks.h"
#include "driver/connect/connect_engine_int.h"
#include "driver/stream_planner.h"

typedef struct batch_write {
    weir_engine_scope *scope;
    const weir_connect_write *write;
    const weir_sink_ops *ops;
    weir_sink *sink;
    weir_options options; /* of the tasks */
} batch_write;

/* The columns of partitionBy go to the sink as an option. */
static void put_partitions(weir_arena *arena, const weir_connect_write *write, weir_options *options) {
    _cleanup_strbuf_ weir_strbuf list = {0};
    for (int32_t i = 0; i < write->partition_by.count; i++) {
        weir_strbuf_add_char(&list, i ? ',' : '[');
        weir_json_write_string(&list, write->partition_by.items[i]);
    }
    if (list.size == 0)
        return;
    weir_strbuf_add_char(&list, ']');
    weir_options_set(arena, options, WEIR_STR(WEIR_SINK_PARTITIONS),
                     weir_arena_str(arena, weir_strbuf_view(&list)));
}

static weir_code open_sink(batch_write *self, const weir_type *schema, weir_error **err) {
    weir_engine_scope *scope = self->scope;
    const weir_connect_write *write = self->write;
    const weir_connect_engine_options *engine = &scope->session->engine->options;
    self->ops = weir_sink_find(write->format);
    if (!self->ops || !self->ops->write_open)
        WEIR_RAISE(err, UNSUPPORTED_FEATURE, "message",
                   weir_arena_printf(scope->arena, "batch writes to the sink " WEIR_STR_FMT ".",
                                     WEIR_STR_ARG(write->format)));
    weir_options options = write->options;
    if (write->path.size)
        weir_options_set(scope->arena, &options, WEIR_STR("path"), write->path);
    put_partitions(scope->arena, write, &options);
    options = weir_stream_planner_absolute(scope->arena, engine->directory, &options);
    weir_connector_context context = {.env = engine->env,
                                      .fs = engine->env->local_fs,
                                      .conf = weir_conf_entries(scope->conf),
                                      .zone = scope->zone};
    char id[37];
    weir_env_uuid(engine->env, id);
    return self->ops->write_open(scope->arena, &context, write->format, &options, schema, write->mode, id,
                                 &self->options, &self->sink, err);
}

static weir_code run_tasks(batch_write *self, weir_connect_operation *operation, weir_node *root,
                           weir_error **err) {
    weir_engine_scope *scope = self->scope;
    weir_physical physical;
    WEIR_TRY(weir_engine_rows_plan(scope, root, self->write->format, &self->options, &physical, err));
    weir_batch_spec spec = {.physical = &physical, .conf = scope->conf, .zone = scope->zone};
    weir_batch_query *query = weir_batch_query_new(&spec);
    weir_code code = weir_engine_rows_execute(scope, operation, query, err);
    if (code == WEIR_OK) {
        weir_str_list messages;
        weir_batch_query_messages(query, &messages);
        code = self->ops->write_commit(self->sink, messages.items, messages.count, err);
    }
    weir_batch_query_free(query);
    return code;
}

weir_code weir_engine_write(weir_engine_scope *scope, weir_connect_operation *operation,
                            const weir_connect_plan *plan, weir_error **err) {
    batch_write self = {.scope = scope, .write = &plan->write};
    if (weir_streaming_checks_is_streaming(plan->root))
        WEIR_RAISE(err, CALL_ON_STREAMING_DATASET_UNSUPPORTED, "methodName", "`write`");
    WEIR_TRY(open_sink(&self, plan->root->type, err));
    if (!self.sink)
        return WEIR_OK; /* what is there stays */
    weir_code code = run_tasks(&self, operation, plan->root, err);
    if (code != WEIR_OK)
        self.ops->write_abort(self.sink);
    return code;
}
