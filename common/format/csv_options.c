/* Options and schema of a CSV read, checked once, into a weir_csv_spec: driver or task thread, at planning.
 * Spark's option names and its errors; options of the file source and unknown ones are not looked at, and
 * what Weir does not do is refused by name. The spec lives in the caller's arena. */
#include "common/format/csv_int.h"

#include <stdio.h>

#include "common/types/number_text.h"

enum { CHUNK_SIZE = 256 << 10, COLUMNS_MAX = 20480 };

/* ---- single options ---- */

weir_code weir_csv_bad_option(weir_code code, const char *name, weir_str value, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_add(&text, value);
    const char *shown = text.data ? text.data : "";
    return weir_error_raise(err, code, "paramName", name, "value", shown, "actualValue", shown, NULL);
}

weir_code weir_csv_check_line_sep(weir_str text, weir_error **err) {
    char length[32];
    snprintf(length, sizeof length, "%zu", text.size);
    if (text.size == 0)
        return weir_error_raise(err, WEIR_INVALID_LINE_SEPARATOR__EMPTY, NULL);
    if (text.size > 2)
        WEIR_RAISE(err, INVALID_LINE_SEPARATOR__TOO_LONG, "length", length);
    return WEIR_OK;
}

weir_code weir_csv_bool_option(const weir_options *options, const char *name, bool *value, weir_error **err) {
    weir_str text;
    if (!weir_json_option(options, name, &text))
        return WEIR_OK;
    *value = weir_str_equal_nocase(text, WEIR_STR("true"));
    if (*value || weir_str_equal_nocase(text, WEIR_STR("false")))
        return WEIR_OK;
    return weir_csv_bad_option(WEIR__LEGACY_ERROR_TEMP_2147, name, text, err);
}

weir_code weir_csv_char_option(const weir_options *options, const char *name, uint8_t *value,
                               weir_error **err) {
    weir_str text;
    if (!weir_json_option(options, name, &text))
        return WEIR_OK;
    if (text.size == 1 && (uint8_t)text.data[0] >= 0x80)
        WEIR_RAISE(err, UNSUPPORTED_OPTION, "option", name, "where", "the CSV format with such a character");
    if (text.size <= 1) {
        *value = text.size ? (uint8_t)text.data[0] : 0;
        return WEIR_OK;
    }
    int32_t units = 0;
    for (size_t i = 0; i < text.size; i++)
        units += ((uint8_t)text.data[i] & 0xC0) != 0x80 ? 1 + ((uint8_t)text.data[i] >= 0xF0) : 0;
    if (units > 1)
        return weir_csv_bad_option(WEIR_OPTION_VALUE_EXCEEDS_ONE_CHARACTER, name, text, err);
    WEIR_RAISE(err, UNSUPPORTED_OPTION, "option", name, "where",
               "the CSV format with a character beyond ASCII");
}

static weir_code escaped_character(char code, char *ret, weir_error **err) {
    static const char from[] = "trbf\"'", to[] = "\t\r\b\f\"'";
    const char *at = code ? strchr(from, code) : NULL;
    if (at) {
        *ret = to[at - from];
        return WEIR_OK;
    }
    char text[3] = {'\\', code, 0};
    WEIR_RAISE(err, INVALID_DELIMITER_VALUE__UNSUPPORTED_SPECIAL_CHARACTER, "str", text);
}

/* CSVExprUtils.toDelimiterStr: "\t" and its like stand for one character. */
static weir_code unescape_delimiter(weir_arena *arena, weir_str text, weir_str *ret, weir_error **err) {
    char *out = weir_arena_alloc(arena, text.size + 1);
    size_t size = 0;
    if (text.size == 0)
        return weir_error_raise(err, WEIR_INVALID_DELIMITER_VALUE__EMPTY_STRING, NULL);
    if (text.size == 1 && text.data[0] == '\\')
        return weir_error_raise(err, WEIR_INVALID_DELIMITER_VALUE__SINGLE_BACKSLASH, NULL);
    if (weir_str_equal(text, WEIR_STR("\\\\"))) {
        *ret = WEIR_STR("\\");
        return WEIR_OK;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != '\\') {
            out[size++] = text.data[i];
            continue;
        }
        weir_str rest = {text.data + i, text.size - i};
        if (weir_str_equal(text, WEIR_STR("\\u0000"))) {
            out[size++] = 0;
            break;
        }
        if (rest.size == 1)
            WEIR_RAISE(err, INVALID_DELIMITER_VALUE__UNSUPPORTED_SPECIAL_CHARACTER, "str", "\\");
        if (rest.data[1] == '\\')
            out[size++] = '\\';
        else
            WEIR_TRY(escaped_character(rest.data[1], &out[size++], err));
        i++;
    }
    *ret = weir_str_make(out, size);
    return WEIR_OK;
}

weir_code weir_csv_delimiter_option(weir_arena *arena, const weir_options *options, weir_str *ret,
                                    weir_error **err) {
    weir_str text = WEIR_STR(",");
    if (!weir_json_option(options, "sep", &text))
        weir_json_option(options, "delimiter", &text);
    return unescape_delimiter(arena, text, ret, err);
}

static weir_code int_option(const weir_options *options, const char *name, int32_t *value, weir_error **err) {
    weir_str text;
    int64_t number;
    if (!weir_json_option(options, name, &text))
        return WEIR_OK;
    if (!weir_int64_parse(text, &number) || number != (int32_t)number ||
        (number < 0 && strcmp(name, "maxColumns") == 0))
        return weir_csv_bad_option(WEIR__LEGACY_ERROR_TEMP_2146, name, text, err);
    *value = (int32_t)number;
    return WEIR_OK;
}

static weir_code pattern_option(weir_arena *arena, const weir_options *options, const char *name,
                                const weir_datetime_pattern **ret, weir_error **err) {
    weir_str text;
    if (!weir_json_option(options, name, &text))
        return WEIR_OK;
    return weir_datetime_pattern_compile(arena, weir_arena_str(arena, text), true, ret, err);
}

static void text_option(weir_arena *arena, const weir_options *options, const char *name, weir_str *value) {
    weir_str text;
    if (weir_json_option(options, name, &text))
        *value = weir_arena_str(arena, text);
}

/* ---- groups of options ---- */

static weir_code parse_unescaped(weir_csv_dialect *dialect, const weir_options *options, weir_error **err) {
    static const char *const names[] = {"STOP_AT_DELIMITER", "STOP_AT_CLOSING_QUOTE", "BACK_TO_DELIMITER",
                                        "SKIP_VALUE", "RAISE_ERROR"};
    weir_str text;
    if (!weir_json_option(options, "unescapedQuoteHandling", &text))
        return WEIR_OK;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++)
        if (weir_str_equal_nocase(text, weir_str_from(names[i]))) {
            dialect->unescaped = (weir_csv_unescaped)i;
            return WEIR_OK;
        }
    WEIR_FAIL(err, INVALID_ARGUMENT,
              "No enum constant com.univocity.parsers.csv.UnescapedQuoteHandling." WEIR_STR_FMT,
              WEIR_STR_ARG(text));
}

static weir_code parse_dialect(weir_csv_spec *spec, weir_arena *arena, const weir_options *options,
                               weir_error **err) {
    weir_csv_dialect *d = &spec->dialect;
    weir_str text;
    *d = (weir_csv_dialect){.quote = '"',
                            .escape = '\\',
                            .newline = '\n',
                            .columns_max = COLUMNS_MAX,
                            .chars_max = -1,
                            .normalize_quoted = true,
                            .null_value = WEIR_STR(""),
                            .empty_value = WEIR_STR("")};
    WEIR_TRY(weir_csv_delimiter_option(arena, options, &d->delimiter, err));
    for (size_t i = 0; i < d->delimiter.size; i++)
        d->delimiter_units += ((uint8_t)d->delimiter.data[i] & 0xC0) != 0x80;
    WEIR_TRY(weir_csv_char_option(options, "quote", &d->quote, err));
    WEIR_TRY(weir_csv_char_option(options, "escape", &d->escape, err));
    WEIR_TRY(weir_csv_char_option(options, "comment", &d->comment, err));
    d->escape_escape = d->quote == d->escape ? 0 : d->escape;
    if (weir_json_option(options, "charToEscapeQuoteEscaping", &text) && text.size)
        WEIR_TRY(weir_csv_char_option(options, "charToEscapeQuoteEscaping", &d->escape_escape, err));
    WEIR_TRY(weir_csv_bool_option(options, "ignoreLeadingWhiteSpace", &d->trim_left, err));
    WEIR_TRY(weir_csv_bool_option(options, "ignoreTrailingWhiteSpace", &d->trim_right, err));
    WEIR_TRY(int_option(options, "maxColumns", &d->columns_max, err));
    WEIR_TRY(int_option(options, "maxCharsPerColumn", &d->chars_max, err));
    text_option(arena, options, "nullValue", &d->null_value);
    text_option(arena, options, "emptyValue", &d->empty_value);
    return parse_unescaped(d, options, err);
}

static weir_code parse_charset(weir_csv_spec *spec, const weir_options *options, weir_error **err) {
    static const struct {
        const char *name;
        weir_json_charset charset;
    } known[] = {
        {"UTF-8", WEIR_JSON_UTF8},       {"UTF-16", WEIR_JSON_UTF16}, {"UTF-16BE", WEIR_JSON_UTF16BE},
        {"UTF-16LE", WEIR_JSON_UTF16LE}, {"UTF-32", WEIR_JSON_UTF32}, {"ISO-8859-1", WEIR_JSON_LATIN1},
        {"US-ASCII", WEIR_JSON_ASCII},
    };
    weir_str text;
    if (!weir_json_option(options, "encoding", &text) && !weir_json_option(options, "charset", &text))
        return WEIR_OK;
    size_t i = 0;
    while (i < WEIR_ARRAY_LEN(known) && !weir_str_equal_nocase(text, weir_str_from(known[i].name)))
        i++;
    if (i == WEIR_ARRAY_LEN(known)) {
        _cleanup_strbuf_ weir_strbuf name = {0};
        weir_strbuf_add(&name, text);
        WEIR_RAISE(err, INVALID_PARAMETER_VALUE__CHARSET, "parameter", "`charset`", "functionName",
                   "`CSVOptions`", "charset", name.data ? name.data : "", "charsets",
                   "iso-8859-1, us-ascii, utf-16, utf-16be, utf-16le, utf-32, utf-8");
    }
    spec->charset = known[i].charset;
    return WEIR_OK;
}

/* Lines of two bytes a character are cut at bytes in Spark: what comes of it is garbage. */
static weir_code parse_lines(weir_csv_spec *spec, weir_arena *arena, const weir_options *options,
                             weir_error **err) {
    weir_str text;
    bool wide = spec->charset != WEIR_JSON_UTF8 && spec->charset != WEIR_JSON_LATIN1 &&
                spec->charset != WEIR_JSON_ASCII;
    if (wide && !spec->multi_line)
        WEIR_RAISE(err, UNSUPPORTED_OPTION, "option", "encoding", "where",
                   "the CSV format in UTF-16 or UTF-32 without multiLine");
    if (!weir_json_option(options, "lineSep", &text))
        return WEIR_OK;
    WEIR_TRY(weir_csv_check_line_sep(text, err));
    if ((uint8_t)text.data[0] >= 0x80)
        WEIR_RAISE(err, UNSUPPORTED_OPTION, "option", "lineSep", "where",
                   "the CSV format with a character beyond ASCII");
    spec->line_sep = weir_arena_str(arena, text);
    spec->dialect.newline = text.size == 1 ? (uint8_t)text.data[0] : '\n';
    spec->dialect.normalize_quoted = !spec->multi_line;
    return WEIR_OK;
}

static weir_code parse_times(weir_csv_spec *spec, weir_arena *arena, const weir_options *options,
                             weir_error **err) {
    weir_json_spec *times = &spec->times;
    weir_str text;
    if (weir_json_option(options, "timeZone", &text))
        WEIR_TRY(weir_timezone_open(text, &times->zone, err));
    WEIR_TRY(pattern_option(arena, options, "dateFormat", &times->date_pattern, err));
    WEIR_TRY(pattern_option(arena, options, "timestampFormat", &times->timestamp_pattern, err));
    WEIR_TRY(pattern_option(arena, options, "timestampNTZFormat", &times->ntz_pattern, err));
    WEIR_TRY(pattern_option(arena, options, "timeFormat", &times->time_pattern, err));
    bool fallback = false, given = weir_json_option(options, "enableDateTimeParsingFallback", &text);
    WEIR_TRY(weir_csv_bool_option(options, "enableDateTimeParsingFallback", &fallback, err));
    spec->date_fallback = given ? fallback : !times->date_pattern;
    if (!spec->date_fallback && !times->date_pattern)
        WEIR_TRY(
            weir_datetime_pattern_compile(arena, WEIR_STR("yyyy-MM-dd"), true, &times->date_pattern, err));
    times->timestamp_fallback = given ? fallback : !times->timestamp_pattern;
    return WEIR_OK;
}

/* Options of the inference are looked at whether there is one or not. */
static weir_code check_inference(const weir_options *options, weir_error **err) {
    bool flag;
    weir_str text;
    double ratio;
    WEIR_TRY(weir_csv_bool_option(options, "inferSchema", &flag, err));
    WEIR_TRY(weir_csv_bool_option(options, "preferDate", &flag, err));
    if (weir_json_option(options, "samplingRatio", &text) && !weir_csv_parse_double(text, &ratio))
        WEIR_FAIL(err, INVALID_ARGUMENT, "For input string: \"" WEIR_STR_FMT "\"", WEIR_STR_ARG(text));
    return WEIR_OK;
}

weir_code weir_csv_parse_options(weir_csv_spec *spec, weir_arena *arena, const weir_options *options,
                                 weir_error **err) {
    weir_str text;
    spec->enforce_schema = true;
    spec->nan = WEIR_STR("NaN");
    spec->positive_inf = WEIR_STR("Inf");
    spec->negative_inf = WEIR_STR("-Inf");
    spec->chunk_size = CHUNK_SIZE;
    if (weir_json_option(options, "locale", &text) && !weir_str_equal_nocase(text, WEIR_STR("en-US")))
        WEIR_RAISE(err, UNSUPPORTED_OPTION, "option", "locale", "where", "the CSV format but for en-US");
    if (weir_json_option(options, "singleVariantColumn", &text))
        WEIR_RAISE(err, UNSUPPORTED_OPTION, "option", "singleVariantColumn", "where", "the CSV format");
    WEIR_TRY(parse_dialect(spec, arena, options, err));
    WEIR_TRY(weir_csv_bool_option(options, "multiLine", &spec->multi_line, err));
    WEIR_TRY(weir_csv_bool_option(options, "header", &spec->header, err));
    WEIR_TRY(check_inference(options, err));
    WEIR_TRY(weir_csv_bool_option(options, "enforceSchema", &spec->enforce_schema, err));
    WEIR_TRY(parse_charset(spec, options, err));
    WEIR_TRY(parse_lines(spec, arena, options, err));
    WEIR_TRY(parse_times(spec, arena, options, err));
    text_option(arena, options, "nanValue", &spec->nan);
    text_option(arena, options, "positiveInf", &spec->positive_inf);
    text_option(arena, options, "negativeInf", &spec->negative_inf);
    if (weir_json_option(options, "mode", &text)) { /* an unknown mode is PERMISSIVE, as in Spark */
        if (weir_str_equal_nocase(text, WEIR_STR("DROPMALFORMED")))
            spec->mode = WEIR_CSV_DROP;
        else if (weir_str_equal_nocase(text, WEIR_STR("FAILFAST")))
            spec->mode = WEIR_CSV_FAIL;
    }
    const weir_csv_dialect *d = &spec->dialect;
    if (spec->multi_line && d->unescaped == WEIR_CSV_BACK_TO_DELIMITER)
        WEIR_RAISE(err, UNSUPPORTED_OPTION, "option", "unescapedQuoteHandling", "where",
                   "the CSV format as BACK_TO_DELIMITER with multiLine");
    uint8_t first = (uint8_t)d->delimiter.data[0];
    spec->fast = d->delimiter.size == 1 && !spec->line_sep.size && d->chars_max < 0 &&
                 (!d->escape_escape || d->escape_escape == d->escape) && d->escape &&
                 spec->charset == WEIR_JSON_UTF8 && first != '\n' && first != '\r' && first != d->quote &&
                 d->quote != '\n' && d->quote != '\r' && (!d->comment || d->comment > ' ');
    return WEIR_OK;
}

/* ---- schema ---- */

weir_code weir_csv_check_types(const weir_type *schema, weir_error **err) {
    for (int32_t i = 0; i < schema->fields_count; i++) {
        const weir_type *type = schema->fields[i].type;
        bool simple = !weir_type_is_nested(type) && type->kind != WEIR_TYPE_NULL &&
                      type->kind != WEIR_TYPE_INTERVAL_CALENDAR;
        if (type->kind == WEIR_TYPE_VARIANT)
            WEIR_FAIL(err, NOT_SUPPORTED, "Weir does not read or write VARIANT as CSV.");
        if (simple)
            continue;
        _cleanup_strbuf_ weir_strbuf name = {0}, text = {0};
        weir_strbuf_addf(&name, "`" WEIR_STR_FMT "`", WEIR_STR_ARG(schema->fields[i].name));
        weir_strbuf_add_char(&text, '"');
        weir_type_sql(&text, type);
        weir_strbuf_add_char(&text, '"');
        WEIR_RAISE(err, UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE, "format", "CSV", "columnName", name.data,
                   "columnType", text.data);
    }
    return WEIR_OK;
}

static weir_code check_corrupt(const weir_type *schema, weir_str name, weir_error **err) {
    int32_t i = weir_type_field_index(schema, name, true);
    if (i < 0 || schema->fields[i].type->kind == WEIR_TYPE_STRING)
        return WEIR_OK;
    _cleanup_strbuf_ weir_strbuf column = {0}, type = {0};
    weir_strbuf_addf(&column, "`" WEIR_STR_FMT "`", WEIR_STR_ARG(name));
    weir_strbuf_add_char(&type, '"');
    weir_type_sql(&type, schema->fields[i].type);
    weir_strbuf_add_char(&type, '"');
    WEIR_RAISE(err, INVALID_CORRUPT_RECORD_TYPE, "columnName", column.data, "actualType", type.data);
}

/* `schema` without the corrupt-record column. */
static const weir_type *without(weir_arena *arena, const weir_type *schema, weir_str corrupt,
                                int32_t *columns) {
    weir_field *fields = WEIR_NEW_ARRAY(arena, weir_field, schema->fields_count + 1);
    int32_t count = 0;
    for (int32_t i = 0; i < schema->fields_count; i++) {
        if (weir_str_equal(schema->fields[i].name, corrupt))
            continue;
        if (columns)
            columns[count] = i;
        fields[count++] = schema->fields[i];
    }
    return weir_type_struct(arena, fields, count);
}

static weir_code build_schema(weir_csv_spec *spec, weir_arena *arena, const weir_read_request *request,
                              bool prunes, weir_error **err) {
    weir_str corrupt = request->corrupt_column;
    const weir_type *schema = request->schema ? request->schema : request->projection;
    weir_json_option(request->options, "columnNameOfCorruptRecord", &corrupt);
    WEIR_TRY(weir_csv_check_types(schema, err));
    WEIR_TRY(weir_json_check_names(schema, request->case_sensitive, err));
    WEIR_TRY(check_corrupt(schema, corrupt, err));
    spec->projection = request->projection;
    spec->columns = WEIR_NEW_ARRAY(arena, int32_t, request->projection->fields_count + 1);
    spec->data = without(arena, schema, corrupt, NULL);
    spec->parsed = without(arena, request->projection, corrupt, spec->columns);
    spec->corrupt = weir_type_field_index(request->projection, corrupt, true);
    if (spec->corrupt >= 0 && spec->parsed->fields_count == 0)
        return weir_error_raise(err, WEIR_UNSUPPORTED_FEATURE__QUERY_ONLY_CORRUPT_RECORD_COLUMN, NULL);
    spec->slots = WEIR_NEW_ARRAY(arena, int32_t, spec->data->fields_count + 1);
    for (int32_t i = 0; i < spec->data->fields_count; i++)
        spec->slots[i] = weir_type_field_index(spec->parsed, spec->data->fields[i].name, true);
    spec->pruned = prunes && spec->parsed->fields_count < spec->data->fields_count;
    spec->count_only = prunes && spec->parsed->fields_count == 0 && !spec->multi_line;
    return WEIR_OK;
}

weir_code weir_csv_read_spec(weir_arena *arena, const weir_read_request *request, weir_read_spec **ret,
                             weir_error **err) {
    weir_csv_spec *spec = WEIR_NEW(arena, weir_csv_spec);
    spec->times.zone = request->zone ? request->zone : weir_timezone_utc();
    spec->case_sensitive = request->case_sensitive;
    WEIR_TRY(weir_csv_parse_options(spec, arena, request->options, err));
    bool prunes = !spec->multi_line && !request->keeps_columns;
    WEIR_TRY(weir_csv_bool_option(request->options, "columnPruning", &prunes, err));
    WEIR_TRY(build_schema(spec, arena, request, prunes, err));
    *ret = (weir_read_spec *)spec;
    return WEIR_OK;
}

bool weir_csv_splittable(const weir_read_spec *read_spec, const char *path) {
    const weir_csv_spec *spec = (const weir_csv_spec *)read_spec;
    bool overlaps = spec->line_sep.size == 2 && spec->line_sep.data[0] == spec->line_sep.data[1];
    return !spec->multi_line && !overlaps && weir_codec_of_path(path) == WEIR_CODEC_NONE;
}

void weir_csv_spec_tune(weir_read_spec *spec, bool fast, int32_t chunk_size) {
    weir_csv_spec *s = (weir_csv_spec *)spec;
    s->fast = s->fast && fast;
    s->chunk_size = chunk_size;
}
