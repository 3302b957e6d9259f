/* The schema of JSON files from their records: Spark's JsonInferSchema. Each record is read twice through the
 * pull parser: once to see that its value is whole, since a broken one must leave no trace but the
 * corrupt-record column, once to merge what it holds into the tree of what was seen so far.
 *
 * Numbers widen (long, decimal, double), NULL and "" give way to anything, objects and arrays merge by parts,
 * any other two kinds become a string; at the end what was only NULL is a string too, and objects without
 * fields go. Driver, pool threads. Failure modes: MALFORMED_RECORD_IN_SCHEMA_INFERENCE under FAILFAST,
 * refused options, IO. */
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/format/json_int.h"
#include "common/types/decimal.h"
#include "common/types/number_text.h"

#define DECIMAL_MAX 38

typedef enum seen_kind {
    SEEN_NULL,
    SEEN_BOOLEAN,
    SEEN_LONG,
    SEEN_DECIMAL,
    SEEN_DOUBLE,
    SEEN_STRING,
    SEEN_STRUCT,
    SEEN_ARRAY
} seen_kind;

typedef struct seen_field {
    weir_str name;
    struct seen *value;
    int64_t object; /* the last one that had it */
} seen_field;

/* What a place in the records has held. */
typedef struct seen {
    seen_kind kind;
    int32_t precision, scale;
    struct seen *element;
    seen_field *fields; /* in the order of their first appearance */
    int32_t fields_count, fields_capacity;
    int32_t guess; /* index of the field that comes next where records look alike */
} seen;

struct weir_json_inference {
    weir_arena *arena;
    const weir_json_spec *spec;
    weir_json_parser parser;
    bool strings_only;    /* primitivesAsString */
    bool prefers_decimal; /* prefersDecimal */
    bool drops_null;      /* dropFieldIfAllNull */
    weir_str corrupt;
    bool saw_corrupt; /* a broken record */
    seen other;       /* values at the top that are no objects */
    int64_t objects;  /* seen so far */
    weir_str twice;   /* a name that one object has twice */
    seen root;
};

static seen *seen_new(weir_json_inference *inference) {
    return WEIR_NEW(inference->arena, seen);
}

/* ---- merging ---- */

static void merge_scalar(seen *at, seen_kind kind, int32_t precision, int32_t scale) {
    if (kind == SEEN_NULL || (at->kind == kind && kind != SEEN_DECIMAL))
        return;
    if (at->kind == SEEN_NULL) {
        *at = (seen){.kind = kind, .precision = precision, .scale = scale};
        return;
    }
    bool numbers =
        at->kind >= SEEN_LONG && at->kind <= SEEN_DOUBLE && kind >= SEEN_LONG && kind <= SEEN_DOUBLE;
    if (!numbers) {
        at->kind = SEEN_STRING;
        return;
    }
    if (at->kind == SEEN_DOUBLE || kind == SEEN_DOUBLE) {
        at->kind = SEEN_DOUBLE;
        return;
    }
    /* A long is DECIMAL(20, 0) beside a decimal. */
    int32_t left_whole = at->kind == SEEN_LONG ? 20 : at->precision - at->scale;
    int32_t left_scale = at->kind == SEEN_LONG ? 0 : at->scale;
    int32_t whole = WEIR_MAX(left_whole, kind == SEEN_LONG ? 20 : precision - scale);
    at->scale = WEIR_MAX(left_scale, kind == SEEN_LONG ? 0 : scale);
    at->precision = whole + at->scale;
    at->kind = at->precision > DECIMAL_MAX ? SEEN_DOUBLE : SEEN_DECIMAL;
}

/* Turns `at` into an object or array if it may become one; false where the two make a string. */
static bool merge_container(weir_json_inference *inference, seen *at, seen_kind kind) {
    if (at->kind == SEEN_NULL) {
        *at = (seen){.kind = kind, .element = kind == SEEN_ARRAY ? seen_new(inference) : NULL};
        return true;
    }
    if (at->kind == kind)
        return true;
    at->kind = SEEN_STRING;
    return false;
}

static seen *field_of(weir_json_inference *inference, seen *at, weir_str name, int64_t object) {
    for (int32_t i = 0; i < at->fields_count; i++) {
        seen_field *field = &at->fields[(at->guess + i) % at->fields_count];
        if (!weir_str_equal(field->name, name))
            continue;
        if (field->object == object)
            inference->twice = field->name;
        field->object = object;
        at->guess = (at->guess + i + 1) % at->fields_count;
        return field->value;
    }
    if (at->fields_count == at->fields_capacity) {
        at->fields_capacity = at->fields_capacity ? at->fields_capacity * 2 : 8;
        seen_field *fields = WEIR_NEW_ARRAY(inference->arena, seen_field, at->fields_capacity);
        if (at->fields_count)
            memcpy(fields, at->fields, sizeof *fields * (size_t)at->fields_count);
        at->fields = fields;
    }
    seen_field *field = &at->fields[at->fields_count++];
    field->name = weir_arena_str(inference->arena, name);
    field->value = seen_new(inference);
    field->object = object;
    at->guess = 0;
    return field->value;
}

/* ---- records ---- */

/* Whether the value at the current token is whole. Strings are decoded: their bytes may be broken too. */
static bool is_whole(weir_json_parser *parser) {
    int32_t depth = 0;
    for (;;) {
        weir_str text;
        switch (parser->token) {
        case WEIR_TOKEN_OBJECT:
        case WEIR_TOKEN_ARRAY:
            depth++;
            break;
        case WEIR_TOKEN_OBJECT_END:
        case WEIR_TOKEN_ARRAY_END:
            depth--;
            break;
        case WEIR_TOKEN_STRING:
            if (!weir_json_parser_text(parser, &text))
                return false;
            break;
        case WEIR_TOKEN_END:
            return false;
        default:
            break;
        }
        if (depth == 0 && parser->token != WEIR_TOKEN_FIELD)
            return true;
        if (weir_json_parser_next(parser) == WEIR_TOKEN_ERROR)
            return false;
    }
}

/* Precision and scale of a number's text as java.math.BigDecimal has them. */
static void measure_number(weir_str text, int32_t *ret_precision, int32_t *ret_scale) {
    int64_t digits = 0, fraction = 0, exponent = 0;
    bool leading = true, behind_point = false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == 'e' || c == 'E') {
            weir_str rest = {text.data + i + 1, text.size - i - 1};
            if (rest.size && rest.data[0] == '+')
                rest = (weir_str){rest.data + 1, rest.size - 1};
            if (!weir_int64_parse(rest, &exponent))
                exponent = INT32_MAX;
            break;
        }
        behind_point |= c == '.';
        if (c < '0' || c > '9')
            continue;
        fraction += behind_point;
        leading &= c == '0';
        digits += !leading;
    }
    int64_t scale = fraction - exponent;
    *ret_scale = (int32_t)WEIR_MAX(WEIR_MIN(scale, (int64_t)INT32_MAX), (int64_t)INT32_MIN);
    *ret_precision = (int32_t)WEIR_MAX(digits, (int64_t)1);
}

static void merge_decimal(seen *at, weir_str text) {
    int32_t precision, scale;
    measure_number(text, &precision, &scale);
    if (WEIR_MAX(precision, scale) > DECIMAL_MAX || scale < 0)
        merge_scalar(at, SEEN_DOUBLE, 0, 0);
    else
        merge_scalar(at, SEEN_DECIMAL, WEIR_MAX(precision, scale), scale);
}

static void merge_number(weir_json_inference *inference, seen *at, bool integral) {
    weir_str text = {"", 0};
    int64_t value;
    (void)weir_json_parser_text(&inference->parser, &text);
    if (inference->strings_only)
        merge_scalar(at, SEEN_STRING, 0, 0);
    else if (integral && weir_int64_parse(text, &value))
        merge_scalar(at, SEEN_LONG, 0, 0);
    else if (integral || (inference->prefers_decimal && text.size && text.data[text.size - 1] <= '9'))
        merge_decimal(at, text);
    else
        merge_scalar(at, SEEN_DOUBLE, 0, 0);
}

/* The value at the current token; what is_whole has seen does not fail. */
static void merge_value(weir_json_inference *inference, seen *at) {
    weir_json_parser *parser = &inference->parser;
    weir_str text = {"", 0};
    int64_t object;
    bool lone;
    switch (parser->token) {
    case WEIR_TOKEN_STRING:
        (void)weir_json_parser_text(parser, &text);
        merge_scalar(at, text.size ? SEEN_STRING : SEEN_NULL, 0, 0);
        return;
    case WEIR_TOKEN_INT:
    case WEIR_TOKEN_FLOAT:
        merge_number(inference, at, parser->token == WEIR_TOKEN_INT);
        return;
    case WEIR_TOKEN_TRUE:
    case WEIR_TOKEN_FALSE:
        merge_scalar(at, inference->strings_only ? SEEN_STRING : SEEN_BOOLEAN, 0, 0);
        return;
    case WEIR_TOKEN_OBJECT:
        if (!merge_container(inference, at, SEEN_STRUCT)) {
            (void)weir_json_parser_skip_children(parser);
            return;
        }
        object = ++inference->objects;
        while (weir_json_parser_next(parser) == WEIR_TOKEN_FIELD) {
            seen *field = field_of(inference, at, weir_json_parser_name(parser, &lone), object);
            (void)weir_json_parser_next(parser);
            merge_value(inference, field);
        }
        return;
    case WEIR_TOKEN_ARRAY:
        if (!merge_container(inference, at, SEEN_ARRAY)) {
            (void)weir_json_parser_skip_children(parser);
            return;
        }
        while (weir_json_parser_next(parser) != WEIR_TOKEN_ARRAY_END)
            merge_value(inference, at->element);
        return;
    default:
        return;
    }
}

/* At the top an array stands for its elements, NULL for nothing, and what is no object for a broken record.
 */
static void merge_root(weir_json_inference *inference) {
    weir_json_parser *parser = &inference->parser;
    if (parser->token == WEIR_TOKEN_OBJECT) {
        merge_value(inference, &inference->root);
    } else if (parser->token == WEIR_TOKEN_ARRAY) {
        while (weir_json_parser_next(parser) != WEIR_TOKEN_ARRAY_END)
            merge_root(inference);
    } else {
        merge_value(inference, &inference->other);
    }
}

weir_code weir_json_inference_add(weir_json_inference *inference, const uint8_t *text, size_t size,
                                  weir_error **err) {
    weir_json_parser *parser = &inference->parser;
    weir_json_parser_start(parser, inference->spec, text, size);
    weir_json_token first = weir_json_parser_next(parser);
    if (first == WEIR_TOKEN_END)
        return WEIR_OK;
    if (first == WEIR_TOKEN_ERROR || !is_whole(parser)) {
        if (inference->spec->mode == WEIR_JSON_FAIL)
            WEIR_RAISE(err, MALFORMED_RECORD_IN_PARSING__WITHOUT_SUGGESTION, "badRecord",
                       weir_arena_strndup(inference->arena, inference->corrupt.data, inference->corrupt.size),
                       "failFastMode", "FAILFAST");
        inference->saw_corrupt |= inference->spec->mode == WEIR_JSON_PERMISSIVE;
        return WEIR_OK;
    }
    weir_json_parser_start(parser, inference->spec, text, size);
    (void)weir_json_parser_next(parser);
    merge_root(inference);
    return WEIR_OK;
}

/* ---- the schema ---- */

/* String.compareTo: by UTF-16 units, in which characters beyond the BMP stand before U+E000. */
static int compare_names(const void *a, const void *b) {
    const weir_field *x = a, *y = b;
    size_t size = WEIR_MIN(x->name.size, y->name.size);
    for (size_t i = 0; i < size; i++) {
        uint8_t left = (uint8_t)x->name.data[i], right = (uint8_t)y->name.data[i];
        if (left == right)
            continue;
        if (left >= 0xEE && right >= 0xEE && (left >= 0xF0) != (right >= 0xF0))
            return left >= 0xF0 ? -1 : 1;
        return left < right ? -1 : 1;
    }
    return x->name.size < y->name.size ? -1 : x->name.size > y->name.size;
}

static const weir_type *finish(weir_json_inference *inference, const seen *at);

/* NULL where no field is left. */
static const weir_type *finish_struct(weir_json_inference *inference, const seen *at, bool with_corrupt) {
    weir_field *fields = WEIR_NEW_ARRAY(inference->arena, weir_field, at->fields_count + 1);
    int32_t count = 0;
    for (int32_t i = 0; i < at->fields_count; i++) {
        const weir_type *type = finish(inference, at->fields[i].value);
        if (with_corrupt && weir_str_equal(at->fields[i].name, inference->corrupt)) {
            with_corrupt = false;
            type = inference->saw_corrupt ? weir_type_of(WEIR_TYPE_STRING) : type;
        }
        if (type && at->fields[i].name.size)
            fields[count++] = (weir_field){.name = at->fields[i].name, .type = type, .nullable = true};
    }
    if (with_corrupt)
        fields[count++] = (weir_field){
            .name = inference->corrupt, .type = weir_type_of(WEIR_TYPE_STRING), .nullable = true};
    qsort(fields, (size_t)count, sizeof *fields, compare_names);
    return count ? weir_type_struct(inference->arena, fields, count) : NULL;
}

static const weir_type *finish(weir_json_inference *inference, const seen *at) {
    const weir_type *element;
    switch (at->kind) {
    case SEEN_NULL:
        return inference->drops_null ? NULL : weir_type_of(WEIR_TYPE_STRING);
    case SEEN_BOOLEAN:
        return weir_type_of(WEIR_TYPE_BOOLEAN);
    case SEEN_LONG:
        return weir_type_of(WEIR_TYPE_LONG);
    case SEEN_DECIMAL:
        return weir_type_decimal(inference->arena, at->precision, at->scale);
    case SEEN_DOUBLE:
        return weir_type_of(WEIR_TYPE_DOUBLE);
    case SEEN_STRUCT:
        return finish_struct(inference, at, false);
    case SEEN_ARRAY:
        element = finish(inference, at->element);
        return element ? weir_type_array(inference->arena, element, true) : NULL;
    default:
        return weir_type_of(WEIR_TYPE_STRING);
    }
}

/* ---- the whole ---- */

static weir_code refuse(const weir_options *options, const char *name, const char *allowed,
                        weir_error **err) {
    weir_str text;
    if (weir_json_option(options, name, &text) && !weir_str_equal_nocase(text, weir_str_from(allowed)))
        WEIR_RAISE(err, UNSUPPORTED_OPTION, "option", name, "where", "schema inference");
    return WEIR_OK;
}

static weir_code read_options(weir_json_inference *inference, const weir_read_request *request,
                              weir_error **err) {
    const weir_options *options = request->options;
    WEIR_TRY(refuse(options, "inferTimestamp", "false", err));
    WEIR_TRY(refuse(options, "samplingRatio", "1.0", err));
    WEIR_TRY(weir_json_option_bool(options, "primitivesAsString", &inference->strings_only, err));
    WEIR_TRY(weir_json_option_bool(options, "prefersDecimal", &inference->prefers_decimal, err));
    WEIR_TRY(weir_json_option_bool(options, "dropFieldIfAllNull", &inference->drops_null, err));
    inference->corrupt = request->corrupt_column;
    weir_json_option(options, "columnNameOfCorruptRecord", &inference->corrupt);
    return WEIR_OK;
}

static weir_code read_file(const weir_read_spec *spec, weir_fs *fs, const weir_split *split,
                           weir_budget *budget, weir_error **err) {
    weir_reader *reader = NULL;
    WEIR_TRY(weir_json_reader_open(spec, fs, split, budget, &reader, err));
    weir_batch *batch = NULL;
    int64_t records = 0;
    weir_code code = weir_json_reader_next(reader, 1, &batch, &records, err);
    weir_batch_unref(batch);
    weir_json_reader_close(reader);
    return code;
}

static weir_code refuse_other(weir_json_inference *inference, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf type = {0};
    weir_strbuf_add_char(&type, '"');
    weir_type_sql(&type, finish(inference, &inference->other));
    weir_strbuf_add_char(&type, '"');
    WEIR_RAISE(err, INVALID_JSON_RECORD_TYPE, "failFastMode", "FAILFAST", "invalidType", type.data);
}

static weir_code finish_root(weir_json_inference *inference, bool case_sensitive, const weir_type **ret,
                             weir_error **err) {
    bool has_object = inference->root.kind == SEEN_STRUCT;
    bool has_other = inference->other.kind != SEEN_NULL;
    if (has_other && inference->spec->mode == WEIR_JSON_FAIL)
        return refuse_other(inference, err);
    bool corrupt = inference->saw_corrupt || (has_other && inference->spec->mode == WEIR_JSON_PERMISSIVE);
    const weir_type *type =
        has_object || corrupt ? finish_struct(inference, &inference->root, corrupt) : NULL;
    *ret = type ? type : weir_type_struct(inference->arena, NULL, 0);
    if (inference->twice.size)
        WEIR_RAISE(err, COLUMN_ALREADY_EXISTS, "columnName",
                   weir_arena_printf(inference->arena, "`" WEIR_STR_FMT "`", WEIR_STR_ARG(inference->twice)));
    return weir_json_check_names(*ret, case_sensitive, err);
}

weir_code weir_json_infer(weir_arena *arena, const weir_read_request *request, weir_fs *fs,
                          const weir_split *splits, int32_t count, weir_budget *budget, const weir_type **ret,
                          weir_error **err) {
    weir_json_inference inference = {.arena = arena};
    weir_read_request empty = *request;
    weir_read_spec *spec;
    empty.schema = empty.projection = weir_type_struct(arena, NULL, 0);
    WEIR_TRY(read_options(&inference, request, err));
    WEIR_TRY(weir_json_read_spec(arena, &empty, &spec, err));
    weir_json_spec *own = (weir_json_spec *)spec;
    own->inference = &inference;
    own->fast = own->count_only = false;
    inference.spec = own;
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < count && code == WEIR_OK; i++)
        code = read_file(spec, fs, &splits[i], budget, err);
    weir_json_parser_fini(&inference.parser);
    if (code != WEIR_OK)
        return code;
    return finish_root(&inference, request->case_sensitive, ret, err);
}
