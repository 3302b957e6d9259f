/* The console sink: prints each batch as Dataset.show draws it, under "Batch: N".
 *
 *   -------------------------------------------
 *   Batch: 0
 *   -------------------------------------------
 *   +---+
 *   ...
 *
 * It remembers nothing: a batch that is run again after a crash between sink commit and commit log is
 * printed again, as in Spark. Standard output gets the whole batch in one write where the pipe takes it.
 * Driver, pool threads; the write may block on a slow reader. */
#include "common/column/cell_text.h"
#include "connectors/connectors_int.h"
#include "connectors/option_value.h"

#define RULE "-------------------------------------------\n"
#define CELL_WIDTH 20 /* truncate = true */

enum { CONSOLE_OPTIONS = 2 };
static const weir_option_info option_table[CONSOLE_OPTIONS] = {
    {"numRows", "Rows shown of each batch; 20.", true},
    {"truncate", "Cut cells longer than 20 characters; true.", true},
};

typedef struct console_sink {
    const weir_type *schema;
    const weir_timezone *zone;
    weir_output output;
    int32_t rows_max;
    int32_t truncate;
} console_sink;

static weir_code sink_open(weir_arena *arena, const weir_connector_context *context, weir_str format,
                           const weir_options *options, const weir_type *schema, weir_str output_mode,
                           weir_sink **ret, weir_error **err) {
    (void)format, (void)output_mode; /* any mode: it shows what comes */
    console_sink *sink = WEIR_NEW(arena, console_sink);
    *sink = (console_sink){.schema = schema, .zone = context->zone, .rows_max = 20};
    if (context->output)
        sink->output = *context->output;
    weir_str rows = weir_options_get(options, "numRows"), truncate = weir_options_get(options, "truncate");
    int64_t count = 20;
    if (rows.data && (!weir_option_value_long(rows, &count) || count < INT32_MIN || count > INT32_MAX))
        WEIR_FAIL(err, INVALID_ARGUMENT, "For input string: \"" WEIR_STR_FMT "\"", WEIR_STR_ARG(rows));
    sink->rows_max = (int32_t)WEIR_MAX(count, 0);
    bool cut = true;
    if (truncate.data && !weir_option_value_bool(truncate, &cut))
        WEIR_FAIL(err, INVALID_ARGUMENT, WEIR_STR_FMT " is not a boolean string.", WEIR_STR_ARG(truncate));
    sink->truncate = cut ? CELL_WIDTH : 0;
    *ret = (weir_sink *)sink;
    return WEIR_OK;
}

/* A batch without rows, for a commit that brings none. */
static weir_code empty_batch(const weir_type *schema, weir_batch **ret, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_column **columns = WEIR_NEW_ARRAY(arena, weir_column *, schema->fields_count);
    for (int32_t i = 0; i < schema->fields_count; i++) {
        weir_code code = weir_column_new_nulls(NULL, schema->fields[i].type, 0, &columns[i], err);
        if (code != WEIR_OK) {
            while (i-- > 0)
                weir_column_unref(columns[i]);
            return code;
        }
    }
    *ret = weir_batch_new(schema, 0, columns, schema->fields_count);
    return WEIR_OK;
}

static weir_code sink_commit(weir_sink *sink, int64_t batch_id, const weir_str *messages, int32_t count,
                             const weir_batch *rows, weir_error **err) {
    (void)messages, (void)count;
    console_sink *self = (console_sink *)sink;
    _cleanup_batch_ weir_batch *none = NULL;
    if (!rows)
        WEIR_TRY(empty_batch(self->schema, &none, err));
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_addf(&text, RULE "Batch: %lld\n" RULE, (long long)batch_id);
    weir_show_table(&text, rows ? rows : none, self->rows_max, self->truncate, self->zone);
    weir_strbuf_add_char(&text, '\n');
    if (!self->output.write)
        WEIR_FAIL(err, INTERNAL_ERROR, "the console sink has no output");
    return self->output.write(self->output.self, WEIR_OUTPUT_RESULTS, weir_strbuf_view(&text), err);
}

static void sink_describe(weir_sink *sink, weir_strbuf *buf) {
    (void)sink;
    weir_strbuf_add_text(buf, "org.apache.spark.sql.execution.streaming.ConsoleTable$");
}

static void sink_close(weir_sink *sink) {
    (void)sink;
}

const weir_sink_ops weir_console_sink_ops = {
    .name = "console",
    .options = option_table,
    .options_count = CONSOLE_OPTIONS,
    .collects = true,
    .open = sink_open,
    .commit = sink_commit,
    .describe = sink_describe,
    .close = sink_close,
};
