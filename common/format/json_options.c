/* Options and schema of a JSON read, checked once, into a weir_json_spec: driver or task thread, at
 * planning. Spark's option names and its errors; options of the file source and unknown ones are not
 * looked at, options that only shape inference or writing are ignored as Spark ignores them here, and
 * what Weir does not do is refused by name. The spec lives in the caller's arena. */
#include <stdio.h>

#include "common/format/input_stream.h"
#include "common/format/json_int.h"
#include "common/types/number_text.h"

enum { CHUNK_SIZE = 256 << 10, FAST_DEPTH_MAX = 64 };

/* The last of equal options counts, as in Spark's case-insensitive map. */
bool weir_json_option(const weir_options *options, const char *name, weir_str *ret) {
    for (int32_t i = options ? options->count - 1 : -1; i >= 0; i--) {
        if (weir_str_equal_nocase(options->items[i].key, weir_str_from(name))) {
            *ret = options->items[i].value;
            return true;
        }
    }
    return false;
}

weir_code weir_json_option_bool(const weir_options *options, const char *name, bool *value,
                                weir_error **err) {
    weir_str text;
    if (!weir_json_option(options, name, &text))
        return WEIR_OK;
    if (weir_str_equal_nocase(text, WEIR_STR("true")))
        *value = true;
    else if (weir_str_equal_nocase(text, WEIR_STR("false")))
        *value = false;
    else
        WEIR_FAIL(err, INVALID_ARGUMENT, "For input string: \"" WEIR_STR_FMT "\" (option %s)",
                  WEIR_STR_ARG(text), name);
    return WEIR_OK;
}

static weir_code int_option(const weir_options *options, const char *name, int32_t *value, weir_error **err) {
    weir_str text;
    int64_t number;
    if (!weir_json_option(options, name, &text))
        return WEIR_OK;
    if (!weir_int64_parse(text, &number) || number < 0 || number > INT32_MAX)
        WEIR_FAIL(err, INVALID_ARGUMENT, "For input string: \"" WEIR_STR_FMT "\" (option %s)",
                  WEIR_STR_ARG(text), name);
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

static weir_code refuse_options(const weir_options *options, weir_error **err) {
    static const char *const refused[] = {"singleVariantColumn", "explodeEmbeddedArray"};
    weir_str text;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(refused); i++)
        if (weir_json_option(options, refused[i], &text))
            WEIR_RAISE(err, UNSUPPORTED_OPTION, "option", refused[i], "where", "the JSON format");
    return weir_json_refuse_locale(options, err);
}

weir_code weir_json_refuse_locale(const weir_options *options, weir_error **err) {
    weir_str text;
    if (weir_json_option(options, "locale", &text) && !weir_str_equal_nocase(text, WEIR_STR("en-US")))
        WEIR_FAIL(err, NOT_SUPPORTED,
                  "Option locale of the JSON format is supported as en-US only, not " WEIR_STR_FMT ".",
                  WEIR_STR_ARG(text));
    return WEIR_OK;
}

static weir_code charset_option(weir_json_spec *spec, const weir_options *options, bool has_line_sep,
                                weir_error **err) {
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
        char name[64];
        snprintf(name, sizeof name, WEIR_STR_FMT, (int)WEIR_MIN(text.size, sizeof name - 1), text.data);
        WEIR_RAISE(err, INVALID_PARAMETER_VALUE__CHARSET, "parameter", "`charset`", "functionName",
                   "`JSONOptionsInRead`", "charset", name, "charsets",
                   "iso-8859-1, us-ascii, utf-16, utf-16be, utf-16le, utf-32, utf-8");
    }
    spec->charset = known[i].charset;
    if (spec->multi_line || spec->charset == WEIR_JSON_UTF8)
        return WEIR_OK;
    if (spec->charset == WEIR_JSON_UTF16 || spec->charset == WEIR_JSON_UTF32)
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "requirement failed: The " WEIR_STR_FMT
                  " encoding must not be included in the denyList when multiLine "
                  "is disabled:\ndenylist: UTF-16, UTF-32",
                  WEIR_STR_ARG(text));
    if (!has_line_sep)
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "requirement failed: The lineSep option must be specified for the " WEIR_STR_FMT
                  " encoding",
                  WEIR_STR_ARG(text));
    return WEIR_OK;
}

/* The separator's bytes in the file's encoding (ASCII separators only, apart from UTF-8). */
static weir_code line_sep_option(weir_json_spec *spec, weir_arena *arena, const weir_options *options,
                                 weir_error **err) {
    weir_str text;
    bool given = weir_json_option(options, "lineSep", &text);
    WEIR_TRY(charset_option(spec, options, given, err));
    if (!given)
        return WEIR_OK;
    if (text.size == 0)
        WEIR_FAIL(err, INVALID_ARGUMENT, "requirement failed: 'lineSep' cannot be an empty string.");
    if (spec->charset != WEIR_JSON_UTF16BE && spec->charset != WEIR_JSON_UTF16LE) {
        spec->line_sep = weir_arena_str(arena, text);
        return WEIR_OK;
    }
    char *wide = weir_arena_alloc(arena, text.size * 2);
    for (size_t i = 0; i < text.size; i++) {
        if ((uint8_t)text.data[i] >= 0x80)
            WEIR_FAIL(err, NOT_SUPPORTED, "Weir supports lineSep in UTF-16 for ASCII characters only.");
        bool big = spec->charset == WEIR_JSON_UTF16BE;
        wide[2 * i + big] = text.data[i];
        wide[2 * i + !big] = 0;
    }
    spec->line_sep = weir_str_make(wide, text.size * 2);
    return WEIR_OK;
}

static weir_code parse_options(weir_json_spec *spec, weir_arena *arena, const weir_read_request *request,
                               weir_error **err) {
    const weir_options *options = request->options;
    weir_str text;
    WEIR_TRY(refuse_options(options, err));
    WEIR_TRY(weir_json_option_bool(options, "allowComments", &spec->allow_comments, err));
    WEIR_TRY(weir_json_option_bool(options, "allowSingleQuotes", &spec->allow_single_quotes, err));
    WEIR_TRY(weir_json_option_bool(options, "allowUnquotedFieldNames", &spec->allow_unquoted_names, err));
    WEIR_TRY(weir_json_option_bool(options, "allowNumericLeadingZeros", &spec->allow_leading_zeros, err));
    WEIR_TRY(weir_json_option_bool(options, "allowNonNumericNumbers", &spec->allow_non_numeric, err));
    WEIR_TRY(
        weir_json_option_bool(options, "allowBackslashEscapingAnyCharacter", &spec->allow_any_escape, err));
    WEIR_TRY(weir_json_option_bool(options, "allowUnquotedControlChars", &spec->allow_control, err));
    WEIR_TRY(weir_json_option_bool(options, "multiLine", &spec->multi_line, err));
    WEIR_TRY(int_option(options, "maxNestingDepth", &spec->depth_max, err));
    WEIR_TRY(int_option(options, "maxNumLen", &spec->number_max, err));
    WEIR_TRY(int_option(options, "maxStringLen", &spec->string_max, err));
    if (weir_json_option(options, "mode", &text)) { /* an unknown mode is PERMISSIVE, as in Spark */
        if (weir_str_equal_nocase(text, WEIR_STR("DROPMALFORMED")))
            spec->mode = WEIR_JSON_DROP;
        else if (weir_str_equal_nocase(text, WEIR_STR("FAILFAST")))
            spec->mode = WEIR_JSON_FAIL;
    }
    WEIR_TRY(line_sep_option(spec, arena, options, err));
    if (weir_json_option(options, "timeZone", &text))
        WEIR_TRY(weir_timezone_open(text, &spec->zone, err));
    WEIR_TRY(pattern_option(arena, options, "dateFormat", &spec->date_pattern, err));
    WEIR_TRY(pattern_option(arena, options, "timestampFormat", &spec->timestamp_pattern, err));
    WEIR_TRY(pattern_option(arena, options, "timestampNTZFormat", &spec->ntz_pattern, err));
    WEIR_TRY(pattern_option(arena, options, "timeFormat", &spec->time_pattern, err));
    bool fallback = false;
    bool given = weir_json_option(options, "enableDateTimeParsingFallback", &text);
    WEIR_TRY(weir_json_option_bool(options, "enableDateTimeParsingFallback", &fallback, err));
    spec->date_fallback = given ? fallback : !spec->date_pattern;
    spec->timestamp_fallback = given ? fallback : !spec->timestamp_pattern;
    return WEIR_OK;
}

/* ---- schema ---- */

weir_code weir_json_refuse_type(weir_str column, const weir_type *type, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf name = {0}, text = {0};
    weir_strbuf_addf(&name, "`" WEIR_STR_FMT "`", WEIR_STR_ARG(column));
    weir_strbuf_add_char(&text, '"');
    weir_type_sql(&text, type);
    weir_strbuf_add_char(&text, '"');
    WEIR_RAISE(err, UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE, "format", "JSON", "columnName", name.data,
               "columnType", text.data);
}

static weir_code refuse_map(const weir_type *schema, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_add_char(&text, '"');
    weir_type_sql(&text, schema);
    weir_strbuf_add_char(&text, '"');
    WEIR_RAISE(err, INVALID_JSON_SCHEMA_MAP_TYPE, "jsonSchema", text.data);
}

weir_code weir_json_check_names(const weir_type *type, bool case_sensitive, weir_error **err) {
    for (int32_t i = 0; i < type->fields_count; i++) {
        for (int32_t k = 0; k < i; k++) {
            weir_str a = type->fields[i].name, b = type->fields[k].name;
            if (!(case_sensitive ? weir_str_equal(a, b) : weir_str_equal_nocase(a, b)))
                continue;
            _cleanup_strbuf_ weir_strbuf name = {0};
            weir_strbuf_add_char(&name, '`');
            for (size_t at = 0; at < a.size; at++)
                weir_strbuf_add_char(&name, case_sensitive || a.data[at] < 'A' || a.data[at] > 'Z'
                                                ? a.data[at]
                                                : (char)(a.data[at] + 32));
            weir_strbuf_add_char(&name, '`');
            WEIR_RAISE(err, COLUMN_ALREADY_EXISTS, "columnName", name.data);
        }
    }
    return WEIR_OK;
}

/* Refuses what Spark refuses anywhere in the schema. */
static weir_code check_type(const weir_type *schema, weir_str column, const weir_type *type,
                            bool case_sensitive, weir_error **err) {
    switch (type->kind) {
    case WEIR_TYPE_INTERVAL_CALENDAR:
        return weir_json_refuse_type(column, type, err);
    case WEIR_TYPE_STRUCT:
        WEIR_TRY(weir_json_check_names(type, case_sensitive, err));
        for (int32_t i = 0; i < type->fields_count; i++)
            WEIR_TRY(check_type(schema, type == schema ? type->fields[i].name : column, type->fields[i].type,
                                case_sensitive, err));
        return WEIR_OK;
    case WEIR_TYPE_ARRAY:
        return check_type(schema, column, type->element, case_sensitive, err);
    case WEIR_TYPE_MAP:
        if (type->element->kind != WEIR_TYPE_STRING)
            return refuse_map(schema, err);
        return check_type(schema, column, type->value, case_sensitive, err);
    default:
        return WEIR_OK;
    }
}

int32_t weir_json_node_find(const weir_json_node *node, const char *name, size_t size) {
    if (!node->names)
        return -1;
    for (uint32_t at = weir_json_name_hash(name, size) & node->names_mask; node->names[at] >= 0;
         at = (at + 1) & node->names_mask) {
        int32_t i = node->names[at];
        weir_str field = node->type->fields[i].name;
        if (field.size == size && memcmp(field.data, name, size) == 0)
            return i;
    }
    return -1;
}

static void index_names(weir_json_node *node, weir_arena *arena) {
    uint32_t slots = 4;
    while (slots < (uint32_t)node->children_count * 2 + 2)
        slots *= 2;
    node->names_mask = slots - 1;
    node->names = weir_arena_alloc(arena, sizeof(int16_t) * slots);
    memset(node->names, 0xFF, sizeof(int16_t) * slots);
    for (int32_t i = 0; i < node->children_count; i++) {
        weir_str name = node->type->fields[i].name;
        uint32_t at = weir_json_name_hash(name.data, name.size) & node->names_mask;
        while (node->names[at] >= 0)
            at = (at + 1) & node->names_mask;
        node->names[at] = (int16_t)i;
    }
}

static void build_node(weir_json_spec *spec, weir_arena *arena, weir_json_node *node, const weir_type *type,
                       int depth) {
    node->type = type;
    node->kind = type->kind;
    if (depth > FAST_DEPTH_MAX || type->kind == WEIR_TYPE_VARIANT || type->kind == WEIR_TYPE_NULL ||
        type->kind == WEIR_TYPE_BINARY)
        spec->fast = false;
    if (type->kind == WEIR_TYPE_STRUCT)
        node->children_count = type->fields_count;
    else if (type->kind == WEIR_TYPE_ARRAY || type->kind == WEIR_TYPE_MAP)
        node->children_count = 1;
    node->children = WEIR_NEW_ARRAY(arena, weir_json_node, node->children_count + 1);
    for (int32_t i = 0; i < node->children_count; i++) {
        const weir_type *child = type->kind == WEIR_TYPE_STRUCT  ? type->fields[i].type
                                 : type->kind == WEIR_TYPE_ARRAY ? type->element
                                                                 : type->value;
        build_node(spec, arena, &node->children[i], child, depth + 1);
    }
    if (type->kind == WEIR_TYPE_STRUCT) {
        node->order = spec->orders_count++;
        index_names(node, arena);
    }
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

static weir_code build_schema(weir_json_spec *spec, weir_arena *arena, const weir_read_request *request,
                              weir_error **err) {
    const weir_type *projection = request->projection;
    weir_str corrupt = request->corrupt_column;
    weir_json_option(request->options, "columnNameOfCorruptRecord", &corrupt);
    if (request->schema) {
        WEIR_TRY(check_type(request->schema, WEIR_STR(""), request->schema, request->case_sensitive, err));
        WEIR_TRY(check_corrupt(request->schema, corrupt, err));
    }
    WEIR_TRY(check_type(projection, WEIR_STR(""), projection, request->case_sensitive, err));
    WEIR_TRY(check_corrupt(projection, corrupt, err));
    if (projection->fields_count > INT16_MAX)
        WEIR_FAIL(err, NOT_SUPPORTED, "Weir reads at most %d columns.", INT16_MAX);
    spec->projection = projection;
    spec->corrupt = -1;
    spec->columns = WEIR_NEW_ARRAY(arena, int32_t, projection->fields_count + 1);
    weir_field *fields = WEIR_NEW_ARRAY(arena, weir_field, projection->fields_count + 1);
    int32_t count = 0;
    for (int32_t i = 0; i < projection->fields_count; i++) {
        if (weir_str_equal(projection->fields[i].name, corrupt)) {
            spec->corrupt = i;
            continue;
        }
        spec->columns[count] = i;
        fields[count++] = projection->fields[i];
    }
    if (count == 0 && spec->corrupt >= 0)
        return weir_error_raise(err, WEIR_UNSUPPORTED_FEATURE__QUERY_ONLY_CORRUPT_RECORD_COLUMN, NULL);
    build_node(spec, arena, &spec->root, weir_type_struct(arena, fields, count), 0);
    spec->count_only = count == 0 && spec->mode == WEIR_JSON_PERMISSIVE && !spec->multi_line;
    return WEIR_OK;
}

weir_code weir_json_read_spec(weir_arena *arena, const weir_read_request *request, weir_read_spec **ret,
                              weir_error **err) {
    weir_json_spec *spec = WEIR_NEW(arena, weir_json_spec);
    spec->allow_single_quotes = spec->allow_non_numeric = true;
    spec->depth_max = 1000;
    spec->number_max = 1000;
    spec->string_max = 20000000;
    spec->zone = request->zone ? request->zone : weir_timezone_utc();
    spec->partial = request->partial_results;
    spec->chunk_size = CHUNK_SIZE;
    spec->fast = true;
    WEIR_TRY(parse_options(spec, arena, request, err));
    WEIR_TRY(build_schema(spec, arena, request, err));
    if (spec->multi_line || spec->charset != WEIR_JSON_UTF8 || spec->depth_max < 1000 ||
        spec->number_max < 1000 || spec->string_max < 20000000)
        spec->fast = false;
    *ret = (weir_read_spec *)spec;
    return WEIR_OK;
}

bool weir_json_splittable(const weir_read_spec *spec, const char *path) {
    return !((const weir_json_spec *)spec)->multi_line && weir_codec_of_path(path) == WEIR_CODEC_NONE;
}

void weir_json_spec_tune(weir_read_spec *spec, bool fast, int32_t chunk_size) {
    weir_json_spec *s = (weir_json_spec *)spec;
    s->fast = s->fast && fast;
    s->chunk_size = chunk_size;
}
