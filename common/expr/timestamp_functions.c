/* Timestamps to and from numbers and text: unix_timestamp, timestamp_seconds, to_timestamp, to_date,
 * from_unixtime, date_format, and the clock of the micro-batch (now, current_date).
 *
 * A literal pattern is compiled at bind time; a column of patterns is compiled where it changes. */
#include <stdio.h>

#include "common/expr/expr_int.h"

#define DEFAULT_PATTERN "yyyy-MM-dd HH:mm:ss"

/* ---- patterns ---- */
static weir_code bind_pattern(weir_arena *arena, weir_column *literal, bool parsing, const void **ret_bound) {
    const weir_datetime_pattern *pattern = NULL;
    weir_str text = literal == NULL                   ? WEIR_STR(DEFAULT_PATTERN)
                    : weir_column_is_null(literal, 0) ? (weir_str){NULL, 0}
                                                      : weir_column_bytes(literal, 0);
    _cleanup_error_ weir_error *ignored = NULL; /* raised by the rows that use the pattern */
    if (text.data && weir_datetime_pattern_compile(arena, text, parsing, &pattern, &ignored) != WEIR_OK)
        pattern = NULL;
    *ret_bound = pattern;
    return WEIR_OK;
}

#define PATTERN_BIND(name, parsing) \
    static weir_code name(weir_arena *arena, const weir_type *type, const weir_type *const *arg_types, \
                          weir_column *const *literals, int32_t args_count, const weir_timezone *zone, \
                          bool ansi, const void **ret_bound, weir_error **err) { \
        (void)type, (void)arg_types, (void)zone, (void)ansi, (void)err; \
        *ret_bound = NULL; \
        if (args_count > 1 && literals[1] == NULL) \
            return WEIR_OK; \
        return bind_pattern(arena, args_count > 1 ? literals[1] : NULL, parsing, ret_bound); \
    }
PATTERN_BIND(bind_format, false)
PATTERN_BIND(bind_parse, true)

/* The pattern of a row, compiled anew only where the text differs from the row before. */
typedef struct pattern_cache {
    const weir_datetime_pattern *pattern;
    weir_str text;
} pattern_cache;

static weir_code pattern_of(const weir_kernel_call *call, int32_t row, bool parsing, pattern_cache *cache,
                            const weir_datetime_pattern **ret, weir_error **err) {
    if (call->bound) {
        *ret = call->bound;
        return WEIR_OK;
    }
    weir_str text = call->args_count > 1 ? weir_column_bytes(call->args[1], row) : WEIR_STR(DEFAULT_PATTERN);
    if (cache->pattern == NULL || !weir_str_equal(text, cache->text)) {
        WEIR_TRY(weir_datetime_pattern_compile(call->eval->arena, text, parsing, &cache->pattern, err));
        cache->text = text;
    }
    *ret = cache->pattern;
    return WEIR_OK;
}

/* ---- formatting ---- */
static weir_code format_rows(const weir_kernel_call *call, int64_t unit, weir_column **ret,
                             weir_error **err) {
    const int64_t *a = WEIR_VALUES(call->args[0], int64_t);
    pattern_cache cache = {0};
    _cleanup_strbuf_ weir_strbuf buf = {0};
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 24, err));
    int64_t last = 0;
    bool known = false;
    WEIR_EACH(call, i) {
        const weir_datetime_pattern *pattern;
        WEIR_TRY(pattern_of(call, i, false, &cache, &pattern, err));
        int64_t value = a[weir_column_slot(call->args[0], i)];
        if (!known || value != last || call->bound == NULL) { /* times repeat, window bounds above all */
            weir_strbuf_clear(&buf);
            weir_datetime_pattern_format(pattern, (int64_t)((uint64_t)value * (uint64_t)unit),
                                         call->eval->zone, &buf);
            last = value;
            known = true;
        }
        WEIR_TRY(weir_bytes_put(&writer, i, weir_strbuf_view(&buf), err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code date_format_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return format_rows(call, 1, ret, err);
}

static weir_code from_unixtime_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return format_rows(call, WEIR_MICROS_PER_SECOND, ret, err);
}

/* ---- parsing ---- */
static weir_code fail_parse(const weir_datetime_pattern *pattern, weir_str text, const weir_timezone *zone,
                            bool date, weir_error **err) {
    weir_strbuf buf = {0};
    weir_datetime_pattern_explain(pattern, text, zone, &buf);
    weir_code code = weir_error_raise(err, WEIR_CANNOT_PARSE_TIMESTAMP, "message", buf.data ? buf.data : "",
                                      "func", date ? "`try_to_date`" : "`try_to_timestamp`", NULL);
    weir_strbuf_fini(&buf);
    return code;
}

typedef enum parse_kind {
    PARSE_SECONDS,
    PARSE_TIMESTAMP,
    PARSE_DATE,
    PARSE_NTZ,
    PARSE_TRY,
    PARSE_TRY_DATE
} parse_kind;

static weir_code parse_rows(const weir_kernel_call *call, parse_kind kind, weir_column *column,
                            weir_error **err) {
    int64_t *out = weir_column_values(column);
    int32_t *out_days = weir_column_values(column);
    pattern_cache cache = {0};
    WEIR_EACH(call, i) {
        const weir_datetime_pattern *pattern;
        WEIR_TRY(pattern_of(call, i, true, &cache, &pattern, err));
        weir_str text = weir_column_bytes(call->args[0], i);
        int64_t utc = 0, local = 0;
        bool has_zone;
        if (!weir_datetime_pattern_parse(pattern, text, call->eval->zone, &utc, &local, &has_zone)) {
            if (call->eval->ansi && kind < PARSE_TRY)
                return fail_parse(pattern, text, call->eval->zone, kind == PARSE_DATE, err);
            WEIR_TRY(weir_result_null(call, column, i, err));
            utc = local = 0;
        }
        if (kind == PARSE_DATE || kind == PARSE_TRY_DATE)
            out_days[i] =
                (int32_t)weir_floor_div(weir_timezone_to_local(call->eval->zone, utc), WEIR_MICROS_PER_DAY);
        else
            out[i] = kind == PARSE_SECONDS ? weir_floor_div(utc, WEIR_MICROS_PER_SECOND)
                     : kind == PARSE_NTZ   ? local
                                           : utc;
    }
    return WEIR_OK;
}

static weir_code parse_column(const weir_kernel_call *call, parse_kind kind, weir_column **ret,
                              weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    weir_code code = parse_rows(call, kind, column, err);
    if (code != WEIR_OK) {
        weir_column_unref(column);
        return code;
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code parse_timestamp_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return parse_column(call, PARSE_TIMESTAMP, ret, err);
}

static weir_code parse_date_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return parse_column(call, PARSE_DATE, ret, err);
}

static weir_code parse_ntz_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return parse_column(call, PARSE_NTZ, ret, err);
}

static weir_code try_parse_date_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return parse_column(call, PARSE_TRY_DATE, ret, err);
}

static weir_code try_parse_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return parse_column(call, PARSE_TRY, ret, err);
}

/* Seconds of a string by pattern, of a DATE at midnight, of a timestamp (cut towards zero). */
static weir_code unix_timestamp_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    const weir_type *type = call->args[0]->type;
    if (weir_type_is_string(type))
        return parse_column(call, PARSE_SECONDS, ret, err);
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int64_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        int32_t slot = weir_column_slot(call->args[0], i);
        int64_t micros =
            type->kind == WEIR_TYPE_DATE
                ? weir_timezone_to_utc(call->eval->zone,
                                       WEIR_VALUES(call->args[0], int32_t)[slot] * WEIR_MICROS_PER_DAY)
                : WEIR_VALUES(call->args[0], int64_t)[slot];
        out[i] = micros / WEIR_MICROS_PER_SECOND;
    }
    *ret = column;
    return WEIR_OK;
}

/* ---- numbers ---- */
static weir_code fail_create(int64_t value, const char *suffix, const char *unit, weir_error **err) {
    char text[96];
    snprintf(text, sizeof(text), "create a TIMESTAMP from %lld%s %s since the epoch", (long long)value,
             suffix, unit);
    WEIR_RAISE(err, DATETIME_OVERFLOW, "operation", text);
}

static weir_code integer_rows(const weir_kernel_call *call, int64_t factor, const char *unit,
                              weir_column *column, weir_error **err) {
    int64_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        int64_t value = weir_load_integer(call->args[0], i);
        if (WEIR_UNLIKELY(__builtin_mul_overflow(value, factor, &out[i])))
            return fail_create(value, call->args[0]->type->kind == WEIR_TYPE_LONG ? "L" : "", unit, err);
    }
    return WEIR_OK;
}

static int64_t saturated(double value) {
    return value >= 9223372036854775808.0    ? INT64_MAX
           : value <= -9223372036854775808.0 ? INT64_MIN
                                             : (int64_t)value;
}

static weir_code real_rows(const weir_kernel_call *call, weir_column *column, weir_error **err) {
    int64_t *out = weir_column_values(column);
    bool single = call->args[0]->type->kind == WEIR_TYPE_FLOAT;
    WEIR_EACH(call, i) {
        int32_t slot = weir_column_slot(call->args[0], i);
        double value = single ? (double)WEIR_VALUES(call->args[0], float)[slot]
                              : WEIR_VALUES(call->args[0], double)[slot];
        bool finite = value - value == 0;
        if (!finite)
            WEIR_TRY(weir_result_null(call, column, i, err));
        out[i] = finite ? saturated(value * 1e6) : 0;
    }
    return WEIR_OK;
}

static weir_code decimal_rows(const weir_kernel_call *call, weir_column *column, weir_error **err) {
    int64_t *out = weir_column_values(column);
    int32_t scale = call->args[0]->type->scale;
    WEIR_EACH(call, i) {
        weir_int128 value =
            weir_load128(call->args[0]->values + (size_t)weir_column_slot(call->args[0], i) * 16);
        weir_int128 micros, unit = weir_decimal_pow10[scale > 6 ? scale - 6 : 0];
        if (value % unit != 0)
            WEIR_FAIL(err, INVALID_ARGUMENT, "Rounding necessary");
        if (__builtin_mul_overflow(value / unit, weir_decimal_pow10[scale < 6 ? 6 - scale : 0], &micros) ||
            micros > INT64_MAX || micros < INT64_MIN)
            WEIR_FAIL(err, INVALID_ARGUMENT, "Overflow");
        out[i] = (int64_t)micros;
    }
    return WEIR_OK;
}

static weir_code numbers(const weir_kernel_call *call, int64_t factor, const char *unit, weir_column **ret,
                         weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    weir_code code;
    if (weir_type_is_integral(call->args[0]->type))
        code = integer_rows(call, factor, unit, column, err);
    else if (call->args[0]->type->kind == WEIR_TYPE_DECIMAL)
        code = decimal_rows(call, column, err);
    else
        code = real_rows(call, column, err);
    if (code != WEIR_OK) {
        weir_column_unref(column);
        return code;
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code timestamp_seconds_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return numbers(call, WEIR_MICROS_PER_SECOND, "seconds", ret, err);
}
static weir_code timestamp_millis_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return numbers(call, 1000, "milliseconds", ret, err);
}
static weir_code timestamp_micros_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return numbers(call, 1, "microseconds", ret, err);
}

#define UNIX_KERNEL(name, divisor) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        weir_column *column; \
        WEIR_TRY(weir_result_fixed(call, &column, err)); \
        const int64_t *restrict a = WEIR_VALUES(call->args[0], int64_t); \
        int64_t *restrict out = weir_column_values(column); \
        WEIR_LOOP1(call, out[i] = weir_floor_div(a[x], divisor);); \
        *ret = column; \
        return WEIR_OK; \
    }
UNIX_KERNEL(unix_seconds_kernel, 1000000)
UNIX_KERNEL(unix_millis_kernel, 1000)
UNIX_KERNEL(unix_micros_kernel, 1)

/* ---- the clock of the micro-batch ---- */
static weir_code clock_column(const weir_kernel_call *call, int64_t value, weir_column **ret,
                              weir_error **err) {
    _cleanup_column_ weir_column *one = NULL;
    WEIR_TRY(weir_column_new_fixed(call->eval->budget, call->type, 1, &one, err));
    if (call->type->kind == WEIR_TYPE_DATE)
        *(int32_t *)weir_column_values(one) = (int32_t)value;
    else
        *(int64_t *)weir_column_values(one) = value;
    *ret = weir_column_constant(one, call->rows);
    return WEIR_OK;
}

static weir_code now_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return clock_column(call, call->eval->now_us, ret, err);
}

static weir_code current_date_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    int64_t local = weir_timezone_to_local(call->eval->zone, call->eval->now_us);
    return clock_column(call, weir_floor_div(local, WEIR_MICROS_PER_DAY), ret, err);
}

static weir_code localtimestamp_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return clock_column(call, weir_timezone_to_local(call->eval->zone, call->eval->now_us), ret, err);
}

/* ---- resolution ---- */
static weir_node *cast_to(weir_resolve *resolve, weir_node *child, weir_type_kind kind) {
    weir_node_cast *cast = WEIR_NODE_NEW(resolve->arena, CAST, cast);
    cast->child = child;
    cast->mode = resolve->ansi ? WEIR_CAST_ANSI : WEIR_CAST_LEGACY;
    cast->node.type = weir_type_of(kind);
    if (resolve->call) {
        cast->node.start = resolve->call->start;
        cast->node.stop = resolve->call->stop;
    }
    return &cast->node;
}

static bool is_time_like(const weir_node *arg) {
    weir_type_kind kind = arg->type->kind;
    return weir_type_is_string(arg->type) || kind == WEIR_TYPE_DATE || kind == WEIR_TYPE_TIMESTAMP ||
           kind == WEIR_TYPE_TIMESTAMP_NTZ || kind == WEIR_TYPE_NULL;
}

/* to_timestamp(x) is a cast; with a pattern, text is parsed by it and points in time are cast. */
static weir_code resolve_to_timestamp(WEIR_RESOLVE_PARAMS) {
    (void)ret_type, (void)ret_nullable;
    bool numeric = args_count == 1 && weir_type_is_numeric(args[0]->type);
    weir_type_kind target = strstr(function->name, "ntz") ? WEIR_TYPE_TIMESTAMP_NTZ : WEIR_TYPE_TIMESTAMP;
    if (!is_time_like(args[0]) && !numeric)
        return weir_fail_input_type(
            resolve, args, 0, "(\"STRING\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP_NTZ\" or \"NUMERIC\")",
            err);
    bool forgiving = function->name[1] == 'r';
    if (args_count == 1 || !weir_type_is_string(args[0]->type)) {
        weir_node *cast = cast_to(resolve, args[0], target);
        if (forgiving)
            ((weir_node_cast *)cast)->mode = WEIR_CAST_TRY;
        *ret_rewrite = cast;
        return WEIR_OK;
    }
    const char *parse = target == WEIR_TYPE_TIMESTAMP_NTZ ? "weir_parse_timestamp_ntz"
                        : forgiving                       ? "weir_try_parse_timestamp"
                                                          : "weir_parse_timestamp";
    *ret_rewrite = weir_make_call(resolve, parse, 2, args);
    return WEIR_OK;
}

static weir_code resolve_to_date(WEIR_RESOLVE_PARAMS) {
    (void)ret_type, (void)ret_nullable;
    if (!is_time_like(args[0]))
        return weir_fail_input_type(resolve, args, 0,
                                    "(\"STRING\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP_NTZ\")", err);
    bool forgiving = function->name[1] == 'r';
    if (args_count == 1 || !weir_type_is_string(args[0]->type)) {
        *ret_rewrite = cast_to(resolve, args[0], WEIR_TYPE_DATE);
        if (forgiving)
            ((weir_node_cast *)*ret_rewrite)->mode = WEIR_CAST_TRY;
        return WEIR_OK;
    }
    *ret_rewrite = weir_make_call(resolve, forgiving ? "weir_try_parse_date" : "weir_parse_date", 2, args);
    return WEIR_OK;
}

static weir_code resolve_unix_timestamp(WEIR_RESOLVE_PARAMS) {
    if (args_count == 0) {
        weir_node *now = weir_make_call(resolve, "now", 0, NULL);
        *ret_rewrite = weir_make_call(resolve, "to_unix_timestamp", 1, &now);
        return WEIR_OK;
    }
    return weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                  err);
}

static weir_code resolve_clock(WEIR_RESOLVE_PARAMS) {
    (void)resolve, (void)args, (void)args_count, (void)ret_rewrite, (void)err;
    const char *name = function->name;
    *ret_type = weir_type_of(strstr(name, "date")    ? WEIR_TYPE_DATE
                             : strstr(name, "local") ? WEIR_TYPE_TIMESTAMP_NTZ
                                                     : WEIR_TYPE_TIMESTAMP);
    *ret_nullable = false;
    return WEIR_OK;
}

static weir_code resolve_current_timezone(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args, (void)args_count, (void)ret_type, (void)ret_nullable, (void)err;
    *ret_rewrite = weir_literal_string(resolve->arena, weir_timezone_id(resolve->zone));
    return WEIR_OK;
}

#define PARSED_TYPES "!string|date|timestamp|ntz|nanos; string -> "
#define CLOCK(sql_name, kernel) \
    { \
        .name = sql_name, .args_min = 0, .args_max = 0, \
        .flags = WEIR_FN_NEVER_NULL | WEIR_FN_NONDETERMINISTIC, .resolve = resolve_clock, .eval = kernel \
    }
#define NUMBER(sql_name, kernel, types) \
    { \
        .name = sql_name, .args_min = 1, .args_max = 1, .flags = WEIR_FN_NULL_PROPAGATES, \
        .resolve = weir_resolve_signature, .eval = kernel, .signature = types \
    }
#define BY_PATTERN(sql_name, low, bind_fn, kernel, resolver, types, more) \
    { \
        .name = sql_name, .args_min = low, .args_max = 2, \
        .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_NEEDS_TIMEZONE | (more), .resolve = resolver, \
        .bind = bind_fn, .eval = kernel, .signature = types \
    }

const weir_function weir_timestamp_functions[] = {
    BY_PATTERN("unix_timestamp", 0, bind_parse, unix_timestamp_kernel, resolve_unix_timestamp,
               PARSED_TYPES "long", 0),
    BY_PATTERN("to_unix_timestamp", 1, bind_parse, unix_timestamp_kernel, weir_resolve_signature,
               PARSED_TYPES "long", 0),
    BY_PATTERN("weir_parse_timestamp", 2, bind_parse, parse_timestamp_kernel, weir_resolve_signature,
               "string; string -> timestamp", WEIR_FN_HIDDEN),
    BY_PATTERN("weir_try_parse_timestamp", 2, bind_parse, try_parse_kernel, weir_resolve_signature,
               "string; string -> timestamp", WEIR_FN_HIDDEN),
    BY_PATTERN("weir_parse_timestamp_ntz", 2, bind_parse, parse_ntz_kernel, weir_resolve_signature,
               "string; string -> ntz", WEIR_FN_HIDDEN),
    BY_PATTERN("weir_try_parse_date", 2, bind_parse, try_parse_date_kernel, weir_resolve_signature,
               "string; string -> date", WEIR_FN_HIDDEN),
    BY_PATTERN("weir_parse_date", 2, bind_parse, parse_date_kernel, weir_resolve_signature,
               "string; string -> date", WEIR_FN_HIDDEN),
    BY_PATTERN("from_unixtime", 1, bind_format, from_unixtime_kernel, weir_resolve_signature,
               "long; string -> string", 0),
    BY_PATTERN("date_format", 2, bind_format, date_format_kernel, weir_resolve_signature,
               "timestamp|time|nanos; string -> string", 0),
    {.name = "to_timestamp", .args_min = 1, .args_max = 2, .resolve = resolve_to_timestamp},
    {.name = "to_timestamp_ltz", .args_min = 1, .args_max = 2, .resolve = resolve_to_timestamp},
    {.name = "to_timestamp_ntz", .args_min = 1, .args_max = 2, .resolve = resolve_to_timestamp},
    {.name = "try_to_timestamp", .args_min = 1, .args_max = 2, .resolve = resolve_to_timestamp},
    {.name = "to_date", .args_min = 1, .args_max = 2, .resolve = resolve_to_date},
    {.name = "try_to_date", .args_min = 1, .args_max = 2, .resolve = resolve_to_date},
    NUMBER("timestamp_seconds", timestamp_seconds_kernel, "!numeric -> timestamp"),
    NUMBER("timestamp_millis", timestamp_millis_kernel, "!integral -> timestamp"),
    NUMBER("timestamp_micros", timestamp_micros_kernel, "!integral -> timestamp"),
    NUMBER("unix_seconds", unix_seconds_kernel, "!anytimestamp|nanos -> long"),
    NUMBER("unix_millis", unix_millis_kernel, "!anytimestamp|nanos -> long"),
    NUMBER("unix_micros", unix_micros_kernel, "!anytimestamp|nanos -> long"),
    CLOCK("now", now_kernel),
    CLOCK("current_timestamp", now_kernel),
    CLOCK("current_date", current_date_kernel),
    CLOCK("curdate", current_date_kernel),
    CLOCK("localtimestamp", localtimestamp_kernel),
    {.name = "current_timezone", .args_min = 0, .args_max = 0, .resolve = resolve_current_timezone},
};
WEIR_FAMILY_COUNT(timestamp)
