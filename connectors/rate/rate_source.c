/* The rate source: so many rows a second since the query's first start, with an optional ramp. Spark's
 * RateStreamMicroBatchStream: an offset is a number of seconds, sources/I/0 holds the time of the first
 * start.
 *
 * Possible failures: INVALID_ARGUMENT for options, INCORRECT_RAMP_UP_RATE and INCORRECT_END_OFFSET where
 * values would overflow, CORRUPT_FILE for sources/I/0, IO_ERROR. Pool threads, one call at a time. */
#include "common/base/json_value.h"
#include "common/fs/log_text.h"
#include "connectors/option_value.h"
#include "connectors/rate/rate_int.h"

enum { RATE_OPTIONS = 4 };
static const weir_option_info option_table[RATE_OPTIONS] = {
    {"rowsPerSecond", "Rows a second; 1.", true},
    {"rampUpTime", "Time until that speed is reached; 0s.", true},
    {"numPartitions", "Tasks that generate rows.", true},
    {"useManualClock", "For Spark's own tests.", false},
};

typedef struct rate_source {
    const weir_env *env;
    const weir_type *schema;
    int64_t rows_per_second, ramp_seconds, seconds_max;
    int32_t partitions;
    const char *partitions_text; /* as Spark describes them */
    int64_t creation_ms, last_ms;
    int64_t frozen_seconds; /* available-now: the end; -1 = not frozen */
} rate_source;

/* ---- the first start ---- */

static weir_code read_creation(weir_fs *fs, const char *path, weir_arena *arena, int64_t *ret,
                               weir_error **err) {
    weir_str text, rest, line = {0};
    WEIR_TRY(weir_fs_read_all(fs, path, 4096, arena, &text, err));
    WEIR_TRY(weir_log_text_open(text, path, &rest, NULL, err));
    if (!weir_log_text_next(&rest, &line) || rest.size || !weir_option_value_long(line, ret) || *ret <= 0)
        return weir_log_text_corrupt(err, path, "it is not a time in milliseconds");
    return WEIR_OK;
}

static weir_code load_creation(rate_source *source, weir_fs *fs, const char *path, weir_arena *arena,
                               weir_error **err) {
    weir_error *inner = NULL;
    weir_code code = read_creation(fs, path, arena, &source->creation_ms, &inner);
    if (code == WEIR_NOT_FOUND) {
        weir_error_free(inner);
        source->creation_ms = weir_env_realtime_us(source->env) / 1000;
        char *text = weir_arena_printf(arena, "v1\n%lld", (long long)source->creation_ms);
        return fs->ops->create_new(fs, path, weir_str_from(text), err);
    }
    return code == WEIR_OK ? WEIR_OK : weir_error_move(err, inner);
}

static weir_code parse_options(rate_source *source, const weir_connector_context *context, weir_arena *arena,
                               const weir_options *options, weir_error **err) {
    WEIR_TRY(weir_options_check(options, option_table, RATE_OPTIONS, "the rate source", err));
    WEIR_TRY(weir_rate_option(options, "rowsPerSecond", 1, INT64_MAX, &source->rows_per_second, err));
    if (source->rows_per_second <= 0)
        WEIR_FAIL(err, INVALID_ARGUMENT, "Invalid value '%lld'. The option 'rowsPerSecond' must be positive",
                  (long long)source->rows_per_second);
    weir_str ramp = weir_options_get(options, "rampUpTime");
    int64_t ramp_us = 0;
    if (ramp.data)
        WEIR_TRY(weir_option_value_micros(ramp, 1000000, &ramp_us, err));
    source->ramp_seconds = ramp_us / 1000000;
    if (source->ramp_seconds < 0)
        WEIR_FAIL(err, INVALID_ARGUMENT, "Invalid value '%lld'. The option 'rampUpTime' must not be negative",
                  (long long)source->ramp_seconds);
    WEIR_TRY(weir_rate_partitions(context, options, &source->partitions, err));
    weir_str partitions = weir_options_get(options, "numPartitions");
    source->partitions_text =
        partitions.data ? weir_arena_strndup(arena, partitions.data, partitions.size) : "default";
    source->seconds_max = INT64_MAX / source->rows_per_second;
    if (source->ramp_seconds > source->seconds_max)
        WEIR_RAISE(err, INCORRECT_RAMP_UP_RATE, "rowsPerSecond",
                   weir_arena_printf(arena, "%lld", (long long)source->rows_per_second), "maxSeconds",
                   weir_arena_printf(arena, "%lld", (long long)source->seconds_max), "rampUpTimeSeconds",
                   weir_arena_printf(arena, "%lld", (long long)source->ramp_seconds));
    return WEIR_OK;
}

static weir_code source_open(weir_arena *arena, const weir_connector_context *context, weir_str format,
                             const weir_options *options, const weir_type *schema, int32_t source_index,
                             weir_source **ret, weir_error **err) {
    (void)format;
    rate_source *source = WEIR_NEW(arena, rate_source);
    *source = (rate_source){.env = context->env, .schema = weir_rate_schema(arena), .frozen_seconds = -1};
    if (schema)
        WEIR_FAIL(err, NOT_SUPPORTED, "RateStreamProvider source does not support user-specified schema.");
    WEIR_TRY(parse_options(source, context, arena, options, err));
    if (context->checkpoint) { /* else it is opened for its schema alone */
        char *path = weir_arena_printf(arena, "%s/sources/%d/0", context->checkpoint, source_index);
        WEIR_TRY(load_creation(source, context->fs, path, arena, err));
    }
    source->last_ms = source->creation_ms;
    *ret = (weir_source *)source;
    return WEIR_OK;
}

static const weir_type *source_schema(weir_source *source) {
    return ((rate_source *)source)->schema;
}

/* ---- offsets ---- */

static weir_code parse_offset(weir_str text, int64_t *ret, weir_error **err) {
    *ret = 0;
    if (text.size && (!weir_option_value_long(text, ret) || *ret < 0))
        return weir_log_text_corrupt(err, "rate source offset", "it is not a number of seconds");
    return WEIR_OK;
}

static weir_code source_recover(weir_source *source, weir_str last_offset, weir_error **err) {
    rate_source *self = (rate_source *)source;
    int64_t seconds;
    WEIR_TRY(parse_offset(last_offset, &seconds, err));
    if (seconds <= INT64_MAX / 1000 - self->creation_ms / 1000 - 1) /* the clock may have been set back */
        self->last_ms = WEIR_MAX(self->last_ms, self->creation_ms + seconds * 1000);
    return WEIR_OK;
}

static weir_code source_latest_offset(weir_source *source, weir_arena *arena, weir_str from,
                                      bool available_now, weir_str *ret, weir_error **err) {
    (void)err;
    rate_source *self = (rate_source *)source;
    int64_t start;
    WEIR_TRY(parse_offset(from, &start, err));
    self->last_ms = WEIR_MAX(self->last_ms, weir_env_realtime_us(self->env) / 1000);
    int64_t seconds = (self->last_ms - self->creation_ms) / 1000;
    if (available_now && self->frozen_seconds < 0)
        self->frozen_seconds = seconds;
    if (available_now)
        seconds = self->frozen_seconds;
    *ret = weir_str_from(weir_arena_printf(arena, "%lld", (long long)WEIR_MAX(seconds, start)));
    return WEIR_OK;
}

/* How many rows there are after so many seconds; with a ramp the speed grows by a step each second. */
static int64_t value_at(const rate_source *source, int64_t seconds) {
    int64_t step = source->rows_per_second / (source->ramp_seconds + 1);
    int64_t ramp = WEIR_MIN(seconds, source->ramp_seconds);
    int64_t value = ramp % 2 == 1 ? (ramp + 1) / 2 * step * ramp : ramp / 2 * step * (ramp + 1);
    return value + (seconds - ramp) * source->rows_per_second;
}

static weir_code source_plan(weir_source *source, weir_arena *arena, weir_str from, weir_str to,
                             weir_str_list *ret_splits, weir_error **err) {
    rate_source *self = (rate_source *)source;
    int64_t start, end;
    WEIR_TRY(parse_offset(from, &start, err));
    WEIR_TRY(parse_offset(to, &end, err));
    if (end > self->seconds_max)
        WEIR_RAISE(err, INCORRECT_END_OFFSET, "rowsPerSecond",
                   weir_arena_printf(arena, "%lld", (long long)self->rows_per_second), "maxSeconds",
                   weir_arena_printf(arena, "%lld", (long long)self->seconds_max), "endSeconds",
                   weir_arena_printf(arena, "%lld", (long long)end));
    if (start > end)
        WEIR_FAIL(err, CORRUPT_FILE, "The rate source's offsets go back from %lld to %lld.", (long long)start,
                  (long long)end);
    weir_rate_range range = {
        .start = value_at(self, start),
        .end = value_at(self, end),
        .start_ms = self->creation_ms + start * 1000,
        .span_ms = (end - start) * 1000,
    };
    weir_rate_scan_plan(&range, self->partitions, arena, ret_splits);
    return WEIR_OK;
}

static weir_code source_commit(weir_source *source, weir_str to, weir_error **err) {
    (void)source, (void)to, (void)err;
    return WEIR_OK;
}

static void source_describe(weir_source *source, weir_strbuf *buf) {
    const rate_source *self = (const rate_source *)source;
    /* Spark leaves the bracket open, too. */
    weir_strbuf_addf(buf, "RateStreamV2[rowsPerSecond=%lld, rampUpTimeSeconds=%lld, numPartitions=%s",
                     (long long)self->rows_per_second, (long long)self->ramp_seconds, self->partitions_text);
}

static void source_close(weir_source *source) {
    (void)source; /* all of it lives in the query's arena */
}

const weir_source_ops weir_rate_source_ops = {
    .name = "rate",
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
