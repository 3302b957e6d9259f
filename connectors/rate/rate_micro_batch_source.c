/* The rate-micro-batch source: the same rows in each micro-batch, whatever the clock says. Spark's
 * RatePerMicroBatchStream; an offset is {"offset":N,"timestamp":MS}, the end of what was read.
 *
 * Possible failures: INVALID_ARGUMENT for options, CORRUPT_FILE for an offset that is none. Pool threads,
 * one call at a time. */
#include "common/base/json_value.h"
#include "common/fs/log_text.h"
#include "connectors/rate/rate_int.h"

enum { RATE_OPTIONS = 4 };
static const weir_option_info option_table[RATE_OPTIONS] = {
    {"rowsPerBatch", "Rows in each micro-batch.", true},
    {"numPartitions", "Tasks that generate rows.", true},
    {"startTimestamp", "Time of the first micro-batch, in milliseconds; 0.", true},
    {"advanceMillisPerBatch", "Time from one micro-batch to the next; 1000.", true},
};

typedef struct batch_offset {
    int64_t rows;
    int64_t ms;
} batch_offset;

typedef struct rate_batch_source {
    const weir_type *schema;
    int64_t rows_per_batch, start_ms, advance_ms;
    int32_t partitions;
    batch_offset frozen; /* available-now: one micro-batch more, as Spark; rows -1 = not frozen */
} rate_batch_source;

static weir_code source_open(weir_arena *arena, const weir_connector_context *context, weir_str format,
                             const weir_options *options, const weir_type *schema, int32_t source_index,
                             weir_source **ret, weir_error **err) {
    (void)format, (void)source_index;
    rate_batch_source *source = WEIR_NEW(arena, rate_batch_source);
    *source = (rate_batch_source){.schema = weir_rate_schema(arena), .frozen = {.rows = -1}};
    if (schema)
        WEIR_FAIL(err, NOT_SUPPORTED,
                  "RatePerMicroBatchProvider source does not support user-specified schema.");
    WEIR_TRY(weir_rate_option(options, "rowsPerBatch", 0, INT64_MAX, &source->rows_per_batch, err));
    if (source->rows_per_batch <= 0)
        WEIR_FAIL(err, INVALID_ARGUMENT, "Invalid value '%lld'. The option 'rowsPerBatch' must be positive",
                  (long long)source->rows_per_batch);
    WEIR_TRY(weir_rate_partitions(context, options, &source->partitions, err));
    WEIR_TRY(weir_rate_option(options, "startTimestamp", 0, INT64_MAX, &source->start_ms, err));
    if (source->start_ms < 0)
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "Invalid value '%lld'. The option 'startTimestamp' must be non-negative",
                  (long long)source->start_ms);
    WEIR_TRY(weir_rate_option(options, "advanceMillisPerBatch", 1000, INT32_MAX, &source->advance_ms, err));
    if (source->advance_ms < 0)
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "Invalid value '%lld'. The option 'advanceMillisPerBatch' must be non-negative",
                  (long long)source->advance_ms);
    *ret = (weir_source *)source;
    return WEIR_OK;
}

static const weir_type *source_schema(weir_source *source) {
    return ((rate_batch_source *)source)->schema;
}

static weir_code parse_offset(const rate_batch_source *source, weir_str text, batch_offset *ret,
                              weir_error **err) {
    *ret = (batch_offset){0, source->start_ms};
    if (text.size == 0)
        return WEIR_OK;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_json *json;
    WEIR_TRY(weir_json_parse(arena, text, "rate-micro-batch source offset", &json, err));
    ret->rows = weir_json_get_int(json, "offset", -1);
    ret->ms = weir_json_get_int(json, "timestamp", -1);
    if (ret->rows < 0 || ret->ms < 0)
        return weir_log_text_corrupt(err, "rate-micro-batch source offset", "it has no offset and timestamp");
    return WEIR_OK;
}

static weir_code source_recover(weir_source *source, weir_str last_offset, weir_error **err) {
    batch_offset offset;
    return parse_offset((rate_batch_source *)source, last_offset, &offset, err);
}

static weir_code source_latest_offset(weir_source *source, weir_arena *arena, weir_str from,
                                      bool available_now, weir_str *ret, weir_error **err) {
    rate_batch_source *self = (rate_batch_source *)source;
    batch_offset next;
    WEIR_TRY(parse_offset(self, from, &next, err));
    if (__builtin_add_overflow(next.rows, self->rows_per_batch, &next.rows))
        next.rows = INT64_MAX;
    if (__builtin_add_overflow(next.ms, self->advance_ms, &next.ms))
        next.ms = INT64_MAX;
    if (available_now && self->frozen.rows < 0)
        self->frozen = next;
    if (available_now)
        next = self->frozen;
    *ret = weir_str_from(weir_arena_printf(arena, "{\"offset\":%lld,\"timestamp\":%lld}",
                                           (long long)next.rows, (long long)next.ms));
    return WEIR_OK;
}

static weir_code source_plan(weir_source *source, weir_arena *arena, weir_str from, weir_str to,
                             weir_str_list *ret_splits, weir_error **err) {
    rate_batch_source *self = (rate_batch_source *)source;
    batch_offset start, end;
    WEIR_TRY(parse_offset(self, from, &start, err));
    WEIR_TRY(parse_offset(self, to, &end, err));
    if (start.rows > end.rows)
        return weir_log_text_corrupt(err, "rate-micro-batch source offset", "it goes back");
    weir_rate_range range = {.start = start.rows, .end = end.rows, .start_ms = start.ms};
    weir_rate_scan_plan(&range, self->partitions, arena, ret_splits);
    return WEIR_OK;
}

static weir_code source_commit(weir_source *source, weir_str to, weir_error **err) {
    (void)source, (void)to, (void)err;
    return WEIR_OK;
}

static void source_describe(weir_source *source, weir_strbuf *buf) {
    const rate_batch_source *self = (const rate_batch_source *)source;
    weir_strbuf_addf(buf,
                     "RatePerMicroBatchStream[rowsPerBatch=%lld, numPartitions=%d, startTimestamp=%lld, "
                     "advanceMsPerBatch=%lld]",
                     (long long)self->rows_per_batch, self->partitions, (long long)self->start_ms,
                     (long long)self->advance_ms);
}

static void source_close(weir_source *source) {
    (void)source; /* all of it lives in the query's arena */
}

const weir_source_ops weir_rate_micro_batch_source_ops = {
    .name = "rate-micro-batch",
    .options = option_table,
    .options_count = RATE_OPTIONS,
    .open = source_open,
    .schema = source_schema,
    .recover = source_recover,
    .latest_offset = source_latest_offset,
    .plan = source_plan,
    .commit = source_commit,
    .describe = source_describe,
    .close = source_close,
    .scan_open = weir_rate_scan_open,
    .scan_next = weir_rate_scan_next,
    .scan_close = weir_rate_scan_close,
};
