/* The schema of CSV files: Spark's CSVInferSchema and makeSafeHeader. The first record of the largest file
 * (the first by name with multiLine) gives the columns, by its values with `header`, else "_c0", "_c1", ...;
 * with inferSchema each value of the other records widens its column's type
 *
 *   nothing -> INT -> BIGINT -> DECIMAL(p, 0) -> DOUBLE -> DATE -> TIMESTAMP(_NTZ) -> BOOLEAN -> STRING
 *
 * starting at the type that it has so far; two of which no type takes both make a STRING. Driver, pool
 * threads. Failure modes: refused options, IO. */
#include "common/format/csv_int.h"

#include <stdlib.h>

#include "common/base/json_value.h"

#define DECIMAL_MAX 38

typedef enum seen_kind {
    SEEN_NOTHING,
    SEEN_INT,
    SEEN_LONG,
    SEEN_DECIMAL,
    SEEN_DOUBLE,
    SEEN_DATE,
    SEEN_NTZ,
    SEEN_TIMESTAMP,
    SEEN_BOOLEAN,
    SEEN_STRING
} seen_kind;

typedef struct seen {
    seen_kind kind;
    int32_t precision, scale;
} seen;

struct weir_csv_inference {
    weir_arena *arena;
    const weir_csv_spec *spec;
    const weir_datetime_pattern *date_pattern;
    bool reads_types, prefers_date, prefers_ntz;
    bool lenient_dates; /* the timestamp parser without a pattern reads them, too */
    bool started;
    weir_str first_line; /* of the first file: with a header it is none of any file's records */
    weir_str *names;
    seen *columns;
    int32_t columns_count;
};

/* ---- one value ---- */

static bool is_word(const weir_csv_spec *spec, weir_str text) {
    return weir_str_equal(text, spec->nan) || weir_str_equal(text, spec->negative_inf) ||
           weir_str_equal(text, spec->positive_inf);
}

static seen try_boolean(weir_str text) {
    bool value;
    return (seen){.kind = weir_csv_parse_boolean(text, &value) ? SEEN_BOOLEAN : SEEN_STRING};
}

static seen try_timestamp(const weir_csv_inference *in, weir_str text) {
    const weir_json_spec *times = &in->spec->times;
    int64_t utc, local;
    bool zoned, ok;
    if (times->timestamp_pattern)
        ok = weir_datetime_pattern_parse(times->timestamp_pattern, text, times->zone, &utc, &local, &zoned);
    else
        ok = weir_timestamp_parse_at(text, times->zone, 0, &utc);
    return ok ? (seen){.kind = SEEN_TIMESTAMP} : try_boolean(text);
}

static seen try_ntz(const weir_csv_inference *in, weir_str text) {
    const weir_json_spec *times = &in->spec->times;
    int64_t utc, local;
    bool zoned = false, ok;
    if (!in->prefers_ntz)
        return try_timestamp(in, text);
    if (times->ntz_pattern)
        ok = weir_datetime_pattern_parse(times->ntz_pattern, text, times->zone, &utc, &local, &zoned) &&
             !zoned;
    else
        ok = weir_timestamp_ntz_parse(text, false, &local);
    return ok ? (seen){.kind = SEEN_NTZ} : try_timestamp(in, text);
}

static seen try_date(const weir_csv_inference *in, weir_str text) {
    int64_t utc, local;
    bool zoned;
    if (weir_datetime_pattern_parse(in->date_pattern, text, in->spec->times.zone, &utc, &local, &zoned))
        return (seen){.kind = SEEN_DATE};
    return try_ntz(in, text);
}

static seen try_double(const weir_csv_inference *in, weir_str text) {
    double value;
    if (weir_csv_parse_double(text, &value) || is_word(in->spec, text))
        return (seen){.kind = SEEN_DOUBLE};
    return in->prefers_date ? try_date(in, text) : try_ntz(in, text);
}

/* [+-]digits[.] of at most 38 digits: a BigDecimal of scale 0. */
static bool measure_decimal(weir_str text, int32_t *ret_precision) {
    char scratch[128];
    weir_str plain = text;
    weir_csv_ascii_digits(text, scratch, sizeof scratch, &plain);
    size_t i = plain.size && (plain.data[0] == '-' || plain.data[0] == '+'), digits = 0, leading = 0;
    for (; i < plain.size && plain.data[i] >= '0' && plain.data[i] <= '9'; i++, digits++)
        leading += plain.data[i] == '0' && leading == digits;
    bool point = i + 1 == plain.size && plain.data[i] == '.';
    if (digits == 0 || i + point != plain.size)
        return false;
    *ret_precision = (int32_t)WEIR_MAX(digits - leading, (size_t)1);
    return digits - leading <= DECIMAL_MAX;
}

static seen try_decimal(const weir_csv_inference *in, weir_str text) {
    int32_t precision;
    if (measure_decimal(text, &precision))
        return (seen){.kind = SEEN_DECIMAL, .precision = precision};
    return try_double(in, text);
}

static seen try_integer(const weir_csv_inference *in, weir_str text, bool narrow) {
    int64_t value;
    if (!weir_csv_parse_int64(text, &value))
        return try_decimal(in, text);
    return (seen){.kind = narrow && value == (int32_t)value ? SEEN_INT : SEEN_LONG};
}

static seen try_value(const weir_csv_inference *in, seen_kind so_far, weir_str text) {
    switch (so_far) {
    case SEEN_NOTHING:
    case SEEN_INT:
        return try_integer(in, text, true);
    case SEEN_LONG:
        return try_integer(in, text, false);
    case SEEN_DECIMAL:
        return try_decimal(in, text);
    case SEEN_DOUBLE:
        return try_double(in, text);
    case SEEN_DATE:
        return try_date(in, text);
    case SEEN_NTZ:
        return try_ntz(in, text);
    case SEEN_TIMESTAMP:
        return try_timestamp(in, text);
    case SEEN_BOOLEAN:
        return try_boolean(text);
    default:
        return (seen){.kind = SEEN_STRING};
    }
}

/* ---- merging ---- */

static bool is_time(seen_kind kind) {
    return kind == SEEN_NTZ || kind == SEEN_TIMESTAMP;
}

static seen as_decimal(seen at) {
    int32_t precision = at.kind == SEEN_INT ? 10 : at.kind == SEEN_LONG ? 20 : at.precision;
    return (seen){.kind = SEEN_DECIMAL, .precision = precision, .scale = at.scale};
}

static seen merge_numbers(seen a, seen b) {
    if (a.kind == SEEN_DOUBLE || b.kind == SEEN_DOUBLE)
        return (seen){.kind = SEEN_DOUBLE};
    if (a.kind != SEEN_DECIMAL && b.kind != SEEN_DECIMAL)
        return (seen){.kind = SEEN_LONG};
    a = as_decimal(a);
    b = as_decimal(b);
    a.precision = WEIR_MAX(a.precision, b.precision);
    return a.precision > DECIMAL_MAX ? (seen){.kind = SEEN_DOUBLE} : a;
}

/* In a column of dates and timestamps. */
static bool reads_dates(const weir_csv_inference *in, seen_kind kind) {
    const weir_json_spec *times = &in->spec->times;
    return in->lenient_dates && !(kind == SEEN_NTZ ? times->ntz_pattern : times->timestamp_pattern);
}

static seen merge(const weir_csv_inference *in, seen a, seen b) {
    if (a.kind == SEEN_NOTHING || (a.kind == b.kind && a.kind != SEEN_DECIMAL))
        return b;
    if (b.kind == SEEN_NOTHING)
        return a;
    if (a.kind <= SEEN_DOUBLE && b.kind <= SEEN_DOUBLE)
        return merge_numbers(a, b);
    if (is_time(a.kind) && is_time(b.kind))
        return (seen){.kind = SEEN_TIMESTAMP};
    if (a.kind == SEEN_DATE && is_time(b.kind) && reads_dates(in, b.kind))
        return b;
    if (b.kind == SEEN_DATE && is_time(a.kind) && reads_dates(in, a.kind))
        return a;
    return (seen){.kind = SEEN_STRING};
}

/* ---- records ---- */

static weir_str value_of(const weir_csv_tokenizer *tokens, int32_t i) {
    if (tokens->tokens[i].size == WEIR_CSV_NULL)
        return WEIR_STR("");
    return weir_str_make(tokens->text.data + tokens->tokens[i].at, tokens->tokens[i].size);
}

/* Whether another value of the first record has the same name, and another still. */
static bool is_duplicate(const weir_csv_inference *in, const weir_csv_tokenizer *tokens, int32_t at) {
    weir_str name = value_of(tokens, at);
    for (int32_t i = 0; i < tokens->count; i++) {
        weir_str other = value_of(tokens, i);
        if (i != at &&
            (in->spec->case_sensitive ? weir_str_equal(name, other) : weir_str_equal_nocase(name, other)))
            return true;
    }
    return false;
}

static void start(weir_csv_inference *in, const weir_csv_tokenizer *tokens) {
    in->started = true;
    in->columns_count = tokens->count;
    in->columns = WEIR_NEW_ARRAY(in->arena, seen, tokens->count + 1);
    in->names = WEIR_NEW_ARRAY(in->arena, weir_str, tokens->count + 1);
    for (int32_t i = 0; i < tokens->count; i++) {
        weir_str name = value_of(tokens, i);
        bool named = in->spec->header && name.size && !weir_str_equal(name, in->spec->dialect.null_value);
        const char *text;
        if (!named)
            text = weir_arena_printf(in->arena, "_c%d", i);
        else if (is_duplicate(in, tokens, i))
            text = weir_arena_printf(in->arena, WEIR_STR_FMT "%d", WEIR_STR_ARG(name), i);
        else
            text = weir_arena_strndup(in->arena, name.data, name.size);
        in->names[i] = weir_str_from(text);
    }
    if (in->spec->header && !in->spec->multi_line)
        in->first_line = weir_arena_str(in->arena, weir_str_make((const char *)tokens->data + tokens->record,
                                                                 tokens->end - tokens->record));
}

/* With multiLine the first record of every file is its header; else the line that is like the first one. */
static bool is_header(const weir_csv_inference *in, const weir_csv_tokenizer *tokens, bool first) {
    if (!in->spec->header)
        return false;
    if (in->spec->multi_line)
        return first;
    return weir_str_equal(in->first_line, weir_str_make((const char *)tokens->data + tokens->record,
                                                        tokens->end - tokens->record));
}

weir_code weir_csv_inference_add(weir_csv_inference *in, const weir_csv_tokenizer *tokens, bool first,
                                 weir_error **err) {
    (void)err;
    if (!in->started)
        start(in, tokens);
    if (!in->reads_types || is_header(in, tokens, first))
        return WEIR_OK;
    for (int32_t i = 0; i < WEIR_MIN(tokens->count, in->columns_count); i++) {
        weir_str text = value_of(tokens, i);
        seen *at = &in->columns[i];
        if (at->kind == SEEN_STRING || text.size == 0 || weir_str_equal(text, in->spec->dialect.null_value))
            continue;
        *at = merge(in, *at, try_value(in, at->kind, text));
    }
    return WEIR_OK;
}

bool weir_csv_inference_satisfied(const weir_csv_inference *in) {
    return in->started && !in->reads_types;
}

/* ---- the whole ---- */

static const weir_type *type_of(weir_arena *arena, seen at) {
    static const weir_type_kind kinds[] = {
        [SEEN_NOTHING] = WEIR_TYPE_STRING,      [SEEN_INT] = WEIR_TYPE_INT,
        [SEEN_LONG] = WEIR_TYPE_LONG,           [SEEN_DOUBLE] = WEIR_TYPE_DOUBLE,
        [SEEN_DATE] = WEIR_TYPE_DATE,           [SEEN_NTZ] = WEIR_TYPE_TIMESTAMP_NTZ,
        [SEEN_TIMESTAMP] = WEIR_TYPE_TIMESTAMP, [SEEN_BOOLEAN] = WEIR_TYPE_BOOLEAN,
        [SEEN_STRING] = WEIR_TYPE_STRING};
    if (at.kind == SEEN_DECIMAL)
        return weir_type_decimal(arena, at.precision, at.scale);
    return weir_type_of(kinds[at.kind]);
}

/* Formats whose dates the timestamp parser without a pattern reads, too. */
static bool is_lenient(weir_str format) {
    static const char *const formats[] = {"yyyy-MM-dd", "yyyy-M-d", "yyyy-M-dd", "yyyy-MM-d",
                                          "yyyy-MM",    "yyyy-M",   "yyyy"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(formats); i++)
        if (weir_str_equal(format, weir_str_from(formats[i])))
            return true;
    return false;
}

static weir_code check_sampling(const weir_options *options, weir_error **err) {
    weir_str text;
    double ratio;
    if (!weir_json_option(options, "samplingRatio", &text))
        return WEIR_OK;
    if (!weir_csv_parse_double(text, &ratio))
        WEIR_FAIL(err, INVALID_ARGUMENT, "For input string: \"" WEIR_STR_FMT "\"", WEIR_STR_ARG(text));
    if (!(ratio > 0))
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "requirement failed: samplingRatio (" WEIR_STR_FMT ") should be greater than 0",
                  WEIR_STR_ARG(text));
    if (ratio <= 0.99)
        WEIR_RAISE(err, UNSUPPORTED_OPTION, "option", "samplingRatio", "where", "schema inference");
    return WEIR_OK;
}

static weir_code read_options(weir_csv_inference *in, weir_csv_spec *spec, const weir_read_request *request,
                              weir_error **err) {
    const weir_options *options = request->options;
    weir_str format = WEIR_STR("yyyy-MM-dd");
    in->prefers_date = true;
    in->prefers_ntz = request->timestamp_ntz;
    WEIR_TRY(weir_csv_parse_options(spec, in->arena, options, err));
    WEIR_TRY(weir_csv_bool_option(options, "inferSchema", &in->reads_types, err));
    WEIR_TRY(weir_csv_bool_option(options, "preferDate", &in->prefers_date, err));
    WEIR_TRY(check_sampling(options, err));
    weir_json_option(options, "dateFormat", &format);
    in->lenient_dates = is_lenient(format);
    return weir_datetime_pattern_compile(in->arena, weir_arena_str(in->arena, format), true,
                                         &in->date_pattern, err);
}

static weir_code read_file(const weir_csv_inference *in, weir_fs *fs, const weir_split *split,
                           weir_budget *budget, weir_error **err) {
    weir_reader *reader = NULL;
    const weir_read_spec *spec = (const weir_read_spec *)in->spec;
    WEIR_TRY(weir_csv_reader_open(spec, fs, split, budget, &reader, err));
    weir_batch *batch = NULL;
    int64_t records = 0;
    weir_code code = weir_csv_reader_next(reader, 1, &batch, &records, err);
    weir_batch_unref(batch);
    weir_csv_reader_close(reader);
    return code;
}

static int by_path(const void *a, const void *b) {
    const weir_split *x = a, *y = b;
    return strcmp(x->path, y->path);
}

static int by_size(const void *a, const void *b) {
    const weir_split *x = a, *y = b;
    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    return by_path(a, b);
}

weir_code weir_csv_infer(weir_arena *arena, const weir_read_request *request, weir_fs *fs,
                         const weir_split *splits, int32_t count, weir_budget *budget, const weir_type **ret,
                         weir_error **err) {
    weir_csv_spec *spec = WEIR_NEW(arena, weir_csv_spec);
    weir_csv_inference in = {.arena = arena, .spec = spec};
    spec->times.zone = request->zone ? request->zone : weir_timezone_utc();
    spec->case_sensitive = request->case_sensitive;
    spec->data = spec->parsed = spec->projection = weir_type_struct(arena, NULL, 0);
    spec->slots = spec->columns = WEIR_NEW_ARRAY(arena, int32_t, 1);
    spec->corrupt = -1;
    spec->inference = &in;
    WEIR_TRY(read_options(&in, spec, request, err));
    spec->fast = false;
    weir_split *files = WEIR_NEW_ARRAY(arena, weir_split, count + 1);
    if (count) {
        memcpy(files, splits, (size_t)count * sizeof *files);
        qsort(files, (size_t)count, sizeof *files, spec->multi_line ? by_path : by_size);
    }
    for (int32_t i = 0; i < count && !weir_csv_inference_satisfied(&in); i++)
        WEIR_TRY(read_file(&in, fs, &files[i], budget, err));
    weir_field *fields = WEIR_NEW_ARRAY(arena, weir_field, in.columns_count + 1);
    for (int32_t i = 0; i < in.columns_count; i++)
        fields[i] = (weir_field){.name = in.names[i],
                                 .type = in.reads_types ? type_of(arena, in.columns[i])
                                                        : weir_type_of(WEIR_TYPE_STRING),
                                 .nullable = true};
    *ret = weir_type_struct(arena, fields, in.columns_count);
    return weir_json_check_names(*ret, request->case_sensitive, err);
}
