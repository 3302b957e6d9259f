/* The noop sink: takes rows and keeps nothing, for measuring. Any mode. Any thread. */
#include "connectors/connectors_int.h"

static weir_code sink_open(weir_arena *arena, const weir_connector_context *context, weir_str format,
                           const weir_options *options, const weir_type *schema, weir_str output_mode,
                           weir_sink **ret, weir_error **err) {
    (void)context, (void)format, (void)options, (void)schema, (void)output_mode, (void)err;
    *ret = weir_arena_zalloc(arena, 1);
    return WEIR_OK;
}

static weir_code sink_commit(weir_sink *sink, int64_t batch_id, const weir_str *messages, int32_t count,
                             const weir_batch *rows, weir_error **err) {
    (void)sink, (void)batch_id, (void)messages, (void)count, (void)rows, (void)err;
    return WEIR_OK;
}

static void sink_describe(weir_sink *sink, weir_strbuf *buf) {
    (void)sink;
    weir_strbuf_add_text(buf, "NoopTable");
}

static void sink_close(weir_sink *sink) {
    (void)sink;
}

static weir_code write_open(weir_arena *arena, const weir_connector_context *context, weir_str format,
                            const weir_options *options, const weir_type *schema, weir_save_mode mode,
                            const char *id, weir_options *ret_options, weir_sink **ret, weir_error **err) {
    (void)context, (void)format, (void)schema, (void)id;
    if (mode != WEIR_SAVE_APPEND && mode != WEIR_SAVE_OVERWRITE)
        WEIR_RAISE(err, UNSUPPORTED_DATA_SOURCE_SAVE_MODE, "source", "noop", "createMode",
                   mode == WEIR_SAVE_IGNORE ? "\"Ignore\"" : "\"ErrorIfExists\"");
    *ret_options = *options;
    *ret = weir_arena_zalloc(arena, 1);
    return WEIR_OK;
}

static weir_code write_commit(weir_sink *sink, const weir_str *messages, int32_t count, weir_error **err) {
    (void)sink, (void)messages, (void)count, (void)err;
    return WEIR_OK;
}

static void write_abort(weir_sink *sink) {
    (void)sink;
}

/* A task has nothing to hold; a pointer that is not NULL is all that its caller needs. */
static const char no_task = 0;

static weir_code task_open(const weir_connector_context *context, const weir_node_sink_write *plan,
                           int64_t batch_id, int32_t partition, const char *attempt, weir_budget *budget,
                           weir_sink_task **ret, weir_error **err) {
    (void)context, (void)plan, (void)batch_id, (void)partition, (void)attempt, (void)budget, (void)err;
    *ret = (weir_sink_task *)(uintptr_t)&no_task;
    return WEIR_OK;
}

static weir_code task_write(weir_sink_task *task, const weir_batch *batch, weir_error **err) {
    (void)task, (void)batch, (void)err;
    return WEIR_OK;
}

static weir_code task_finish(weir_sink_task *task, weir_strbuf *ret_message, weir_error **err) {
    (void)task, (void)ret_message, (void)err;
    return WEIR_OK;
}

static void task_abort(weir_sink_task *task) {
    (void)task;
}

const weir_sink_ops weir_noop_sink_ops = {
    .name = "noop",
    .open = sink_open,
    .commit = sink_commit,
    .describe = sink_describe,
    .close = sink_close,
    .write_open = write_open,
    .write_commit = write_commit,
    .write_abort = write_abort,
    .task_open = task_open,
    .task_write = task_write,
    .task_finish = task_finish,
    .task_abort = task_abort,
};
