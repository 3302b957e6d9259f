/* Options and schema of a JSON write, checked once (json_write.h, format.h). Spark's option names and
 * errors; what Spark honours and Weir does not is refused by name. Specs live in the caller's arena. */
#include "common/format/json_int.h"
#include "common/format/output_stream.h"

static weir_code pattern_option(weir_arena *arena, const weir_options *options, const char *name,
                                const weir_datetime_pattern **ret, weir_error **err) {
    weir_str text;
    *ret = NULL;
    if (!weir_json_option(options, name, &text))
        return WEIR_OK;
    return weir_datetime_pattern_compile(arena, weir_arena_str(arena, text), false, ret, err);
}

/* A TIMESTAMP_NTZ has no zone to print: Spark fails the task that meets one. */
static weir_code check_ntz_pattern(const weir_options *options, weir_error **err) {
    weir_str text;
    if (!weir_json_option(options, "timestampNTZFormat", &text))
        return WEIR_OK;
    bool quoted = false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\'')
            quoted = !quoted;
        else if (!quoted && memchr("VzOXxZ", text.data[i], 6))
            WEIR_FAIL(err, INVALID_ARGUMENT, "timestampNTZFormat '" WEIR_STR_FMT "' asks for a time zone.",
                      WEIR_STR_ARG(text));
    }
    return WEIR_OK;
}

weir_code weir_json_style_parse(weir_arena *arena, const weir_options *options, const weir_timezone *zone,
                                weir_json_style *ret, weir_error **err) {
    weir_json_style style = {.zone = zone ? zone : weir_timezone_utc()};
    bool ignore_nulls = true, sort_keys = false;
    weir_str text;
    WEIR_TRY(weir_json_option_bool(options, "ignoreNullFields", &ignore_nulls, err));
    WEIR_TRY(weir_json_option_bool(options, "pretty", &style.pretty, err));
    WEIR_TRY(weir_json_option_bool(options, "writeNonAsciiCharacterAsCodePoint", &style.ascii, err));
    WEIR_TRY(weir_json_option_bool(options, "sortKeys", &sort_keys, err));
    if (sort_keys)
        WEIR_RAISE(err, UNSUPPORTED_OPTION, "option", "sortKeys", "where", "the JSON format");
    WEIR_TRY(weir_json_refuse_locale(options, err));
    if (weir_json_option(options, "timeZone", &text))
        WEIR_TRY(weir_timezone_open(text, &style.zone, err));
    style.keep_nulls = !ignore_nulls;
    WEIR_TRY(check_ntz_pattern(options, err));
    WEIR_TRY(pattern_option(arena, options, "dateFormat", &style.date_pattern, err));
    WEIR_TRY(pattern_option(arena, options, "timestampFormat", &style.timestamp_pattern, err));
    WEIR_TRY(pattern_option(arena, options, "timestampNTZFormat", &style.ntz_pattern, err));
    WEIR_TRY(pattern_option(arena, options, "timeFormat", &style.time_pattern, err));
    *ret = style;
    return WEIR_OK;
}

/* Keys whose text is an object's address in Spark. */
static bool writable_key(const weir_type *type) {
    return !weir_type_is_nested(type) && type->kind != WEIR_TYPE_BINARY && type->kind != WEIR_TYPE_VARIANT &&
           type->kind != WEIR_TYPE_NULL;
}

static weir_code check_type(weir_str column, const weir_type *type, weir_error **err) {
    switch (type->kind) {
    case WEIR_TYPE_INTERVAL_CALENDAR:
        return weir_json_refuse_type(column, type, err);
    case WEIR_TYPE_STRUCT:
        if (type->fields_count == 0)
            WEIR_RAISE(err, EMPTY_SCHEMA_NOT_SUPPORTED_FOR_DATASOURCE, "format", "JSON");
        WEIR_TRY(weir_json_check_names(type, false, err));
        for (int32_t i = 0; i < type->fields_count; i++)
            WEIR_TRY(check_type(column.data ? column : type->fields[i].name, type->fields[i].type, err));
        return WEIR_OK;
    case WEIR_TYPE_ARRAY:
        return check_type(column, type->element, err);
    case WEIR_TYPE_MAP:
        if (!writable_key(type->element))
            WEIR_FAIL(err, NOT_SUPPORTED, "Weir does not write maps with binary or nested keys as JSON.");
        return check_type(column, type->value, err);
    default:
        return WEIR_OK;
    }
}

weir_code weir_json_write_spec_parse(weir_arena *arena, const weir_type *schema, const weir_options *options,
                                     const weir_timezone *zone, weir_write_spec **ret, weir_error **err) {
    weir_json_write_spec *spec = WEIR_NEW(arena, weir_json_write_spec);
    weir_str text;
    WEIR_TRY(check_type((weir_str){NULL, 0}, schema, err));
    WEIR_TRY(weir_json_style_parse(arena, options, zone, &spec->style, err));
    text = (weir_str){0};
    weir_json_option(options, "compression", &text);
    WEIR_TRY(weir_output_stream_codec(text, &spec->codec, err));
    if ((weir_json_option(options, "encoding", &text) || weir_json_option(options, "charset", &text)) &&
        !weir_str_equal_nocase(text, WEIR_STR("UTF-8")))
        WEIR_FAIL(err, NOT_SUPPORTED,
                  "Weir writes JSON in UTF-8 only, not in " WEIR_STR_FMT " (option encoding).",
                  WEIR_STR_ARG(text));
    spec->line_sep = WEIR_STR("\n");
    if (weir_json_option(options, "lineSep", &text)) {
        if (text.size == 0)
            WEIR_FAIL(err, INVALID_ARGUMENT, "requirement failed: 'lineSep' cannot be an empty string.");
        spec->line_sep = weir_arena_str(arena, text);
    }
    spec->schema = schema;
    *ret = (weir_write_spec *)spec;
    return WEIR_OK;
}

const char *weir_json_write_extension(const weir_write_spec *spec) {
    weir_codec codec = ((const weir_json_write_spec *)spec)->codec;
    return codec == WEIR_CODEC_GZIP ? ".json.gz" : codec == WEIR_CODEC_ZSTD ? ".json.zst" : ".json";
}
