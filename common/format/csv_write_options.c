/* Options and schema of a CSV write, checked once (csv_int.h, format.h). Spark's option names and errors;
 * what Spark honours and Weir does not is refused by name. Specs live in the caller's arena. */
#include "common/format/csv_int.h"
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

static weir_code parse_times(weir_csv_write_spec *spec, weir_arena *arena, const weir_options *options,
                             weir_error **err) {
    weir_str text;
    if (weir_json_option(options, "timeZone", &text))
        WEIR_TRY(weir_timezone_open(text, &spec->zone, err));
    WEIR_TRY(check_ntz_pattern(options, err));
    WEIR_TRY(pattern_option(arena, options, "dateFormat", &spec->date_pattern, err));
    WEIR_TRY(pattern_option(arena, options, "timestampFormat", &spec->timestamp_pattern, err));
    WEIR_TRY(pattern_option(arena, options, "timestampNTZFormat", &spec->ntz_pattern, err));
    return pattern_option(arena, options, "timeFormat", &spec->time_pattern, err);
}

static weir_code parse_dialect(weir_csv_write_spec *spec, weir_arena *arena, const weir_options *options,
                               weir_error **err) {
    weir_csv_dialect *d = &spec->dialect;
    weir_str text;
    *d = (weir_csv_dialect){.quote = '"', .escape = '\\', .comment = '#', .newline = '\n'};
    d->trim_left = d->trim_right = true;
    WEIR_TRY(weir_csv_delimiter_option(arena, options, &d->delimiter, err));
    WEIR_TRY(weir_csv_char_option(options, "quote", &d->quote, err));
    WEIR_TRY(weir_csv_char_option(options, "escape", &d->escape, err));
    if (weir_json_option(options, "comment", &text) && text.size && !(text.size == 1 && text.data[0] == 0))
        WEIR_TRY(weir_csv_char_option(options, "comment", &d->comment, err));
    d->escape_escape = d->quote == d->escape ? 0 : d->escape;
    if (weir_json_option(options, "charToEscapeQuoteEscaping", &text) && text.size)
        WEIR_TRY(weir_csv_char_option(options, "charToEscapeQuoteEscaping", &d->escape_escape, err));
    WEIR_TRY(weir_csv_bool_option(options, "ignoreLeadingWhiteSpace", &d->trim_left, err));
    return weir_csv_bool_option(options, "ignoreTrailingWhiteSpace", &d->trim_right, err);
}

static weir_code parse_texts(weir_csv_write_spec *spec, weir_arena *arena, const weir_options *options,
                             weir_error **err) {
    weir_str text;
    spec->null_value = WEIR_STR("");
    spec->empty_value = WEIR_STR("\"\"");
    spec->line_sep = WEIR_STR("\n");
    if (weir_json_option(options, "nullValue", &text))
        spec->null_value = weir_arena_str(arena, text);
    if (weir_json_option(options, "emptyValue", &text))
        spec->empty_value = weir_arena_str(arena, text);
    if (weir_json_option(options, "lineSep", &text)) {
        WEIR_TRY(weir_csv_check_line_sep(text, err));
        spec->line_sep = weir_arena_str(arena, text);
        spec->dialect.newline = text.size == 1 ? (uint8_t)text.data[0] : '\n';
    }
    if ((weir_json_option(options, "encoding", &text) || weir_json_option(options, "charset", &text)) &&
        !weir_str_equal_nocase(text, WEIR_STR("UTF-8")))
        WEIR_RAISE(err, UNSUPPORTED_OPTION, "option", "encoding", "where", "CSV writes but as UTF-8");
    if (weir_json_option(options, "locale", &text) && !weir_str_equal_nocase(text, WEIR_STR("en-US")))
        WEIR_RAISE(err, UNSUPPORTED_OPTION, "option", "locale", "where", "the CSV format but for en-US");
    return WEIR_OK;
}

static weir_code parse_extension(weir_csv_write_spec *spec, weir_arena *arena, const weir_options *options,
                                 weir_error **err) {
    weir_str name = WEIR_STR("csv"), text = {0};
    weir_json_option(options, "compression", &text);
    WEIR_TRY(weir_output_stream_codec(text, &spec->codec, err));
    if (weir_json_option(options, "extension", &name)) {
        bool letters = name.size == 3;
        for (size_t i = 0; i < name.size; i++)
            letters &= (name.data[i] | 0x20) >= 'a' && (name.data[i] | 0x20) <= 'z';
        if (!letters)
            WEIR_FAIL(err, INVALID_ARGUMENT,
                      "Extension is limited to exactly 3 letters (e.g. csv, tsv, etc...)");
    }
    spec->extension = weir_arena_printf(arena, "." WEIR_STR_FMT "%s", WEIR_STR_ARG(name),
                                        weir_output_stream_extension(spec->codec));
    return WEIR_OK;
}

weir_code weir_csv_write_spec_parse(weir_arena *arena, const weir_type *schema, const weir_options *options,
                                    const weir_timezone *zone, weir_write_spec **ret, weir_error **err) {
    weir_csv_write_spec *spec = WEIR_NEW(arena, weir_csv_write_spec);
    spec->schema = schema;
    spec->zone = zone ? zone : weir_timezone_utc();
    spec->escape_quotes = true;
    WEIR_TRY(weir_csv_check_types(schema, err));
    WEIR_TRY(parse_dialect(spec, arena, options, err));
    WEIR_TRY(weir_csv_bool_option(options, "header", &spec->header, err));
    WEIR_TRY(weir_csv_bool_option(options, "quoteAll", &spec->quote_all, err));
    WEIR_TRY(weir_csv_bool_option(options, "escapeQuotes", &spec->escape_quotes, err));
    WEIR_TRY(parse_texts(spec, arena, options, err));
    WEIR_TRY(parse_times(spec, arena, options, err));
    WEIR_TRY(parse_extension(spec, arena, options, err));
    *ret = (weir_write_spec *)spec;
    return WEIR_OK;
}

const char *weir_csv_write_extension(const weir_write_spec *spec) {
    return ((const weir_csv_write_spec *)spec)->extension;
}
