/* One record through the pull parser into builders, as Spark's JacksonParser does it: the last of
 * several equal names wins, a field that does not convert is null and marks the record, errors inside
 * nested values lose that value only (partial results), an array at the top is a row per element.
 * Task thread. Failure: WEIR_JSON_BAD with the builders as they were; WEIR_JSON_NOMEM. */
#include "common/format/json_int.h"

typedef struct record {
    weir_json_parser *parser;
    const weir_json_spec *spec;
    weir_strbuf *cause; /* may be NULL */
    weir_strbuf binary;
} record;

static weir_json_result convert_value(record *r, const weir_json_node *node, weir_builder *builder);

static weir_json_result appended(bool ok) {
    return ok ? WEIR_JSON_OK : WEIR_JSON_NOMEM;
}

static const char *token_name(weir_json_token token) {
    static const char *const names[] = {
        [WEIR_TOKEN_OBJECT] = "START_OBJECT",
        [WEIR_TOKEN_OBJECT_END] = "END_OBJECT",
        [WEIR_TOKEN_ARRAY] = "START_ARRAY",
        [WEIR_TOKEN_ARRAY_END] = "END_ARRAY",
        [WEIR_TOKEN_STRING] = "VALUE_STRING",
        [WEIR_TOKEN_INT] = "VALUE_NUMBER_INT",
        [WEIR_TOKEN_FLOAT] = "VALUE_NUMBER_FLOAT",
        [WEIR_TOKEN_TRUE] = "VALUE_TRUE",
        [WEIR_TOKEN_FALSE] = "VALUE_FALSE",
        [WEIR_TOKEN_NULL] = "VALUE_NULL",
        [WEIR_TOKEN_FIELD] = "FIELD_NAME",
        [WEIR_TOKEN_END] = "END",
        [WEIR_TOKEN_ERROR] = "ERROR",
    };
    return names[token];
}

static weir_str token_text(weir_json_parser *parser) {
    static const weir_str fixed[] = {
        [WEIR_TOKEN_OBJECT] = WEIR_STR("{"),  [WEIR_TOKEN_OBJECT_END] = WEIR_STR("}"),
        [WEIR_TOKEN_ARRAY] = WEIR_STR("["),   [WEIR_TOKEN_ARRAY_END] = WEIR_STR("]"),
        [WEIR_TOKEN_TRUE] = WEIR_STR("true"), [WEIR_TOKEN_FALSE] = WEIR_STR("false"),
        [WEIR_TOKEN_NULL] = WEIR_STR("null"),
    };
    if (parser->token < WEIR_ARRAY_LEN(fixed) && fixed[parser->token].data)
        return fixed[parser->token];
    weir_str text = {"", 0};
    (void)weir_json_parser_text(parser, &text);
    return text;
}

/* The current token is none that the type takes. Asking for its text decodes it, as Spark's error does. */
static weir_json_result mismatch(record *r, const weir_json_node *node) {
    bool lone;
    weir_str text = token_text(r->parser);
    if (r->cause && r->cause->size == 0) {
        weir_str name = weir_json_parser_name(r->parser, &lone);
        weir_strbuf_addf(r->cause,
                         "[CANNOT_PARSE_JSON_FIELD] Cannot parse the field name '" WEIR_STR_FMT
                         "' and the value " WEIR_STR_FMT
                         " of the JSON token type %s to target Spark data type \"",
                         WEIR_STR_ARG(name), WEIR_STR_ARG(text), token_name(r->parser->token));
        weir_type_sql(r->cause, node->type);
        weir_strbuf_add_text(r->cause, "\". SQLSTATE: 2203G");
    }
    return WEIR_JSON_BAD;
}

/* A second value for a field that has one: replaces it if it converts. */
static weir_json_result replace_value(record *r, const weir_json_node *node, weir_builder *builder,
                                      int32_t row) {
    weir_builder scratch;
    weir_column *column = NULL;
    if (weir_builder_init(&scratch, builder->budget, builder->type, 8, NULL) != WEIR_OK)
        return WEIR_JSON_NOMEM;
    weir_json_result result = convert_value(r, node, &scratch);
    if (result == WEIR_JSON_OK || result == WEIR_JSON_PARTIAL) {
        weir_builder_truncate(builder, row);
        if (weir_builder_finish(&scratch, &column, NULL) != WEIR_OK || !weir_builder_copy(builder, column, 0))
            result = WEIR_JSON_NOMEM;
    }
    weir_column_unref(column);
    weir_builder_fini(&scratch);
    return result;
}

static bool fill_nulls(weir_builder *builders, int32_t count, int32_t rows) {
    for (int32_t i = 0; i < count; i++)
        if (builders[i].length < rows && !weir_builder_null(&builders[i]))
            return false;
    return true;
}

/* The members of an object whose start is the current token, as row `row` of the builders. */
static weir_json_result convert_object(record *r, const weir_json_node *node, weir_builder *builders,
                                       int32_t row, bool is_root) {
    bool bad = false;
    for (;;) {
        weir_json_token token = weir_json_parser_next(r->parser);
        if (token == WEIR_TOKEN_ERROR)
            return WEIR_JSON_BAD;
        if (token == WEIR_TOKEN_END || token == WEIR_TOKEN_OBJECT_END)
            break;
        bool lone;
        weir_str name = weir_json_parser_name(r->parser, &lone);
        int32_t i = name.data && !lone ? weir_json_node_find(node, name.data, name.size) : -1;
        if (i < 0) {
            if (!weir_json_parser_skip_children(r->parser))
                return WEIR_JSON_BAD;
            continue;
        }
        weir_builder *builder = &builders[i];
        weir_json_result result;
        if (builder->length == row) {
            result = convert_value(r, &node->children[i], builder);
            if (result == WEIR_JSON_BAD)
                weir_builder_truncate(builder, row);
        } else {
            result = replace_value(r, &node->children[i], builder, row);
        }
        if (result == WEIR_JSON_NOMEM)
            return result;
        if (result == WEIR_JSON_BAD) {
            if (!is_root && !r->spec->partial)
                return result;
            if (!weir_json_parser_skip_children(r->parser))
                return WEIR_JSON_BAD;
        }
        bad |= result != WEIR_JSON_OK;
    }
    if (!fill_nulls(builders, node->children_count, row + 1))
        return WEIR_JSON_NOMEM;
    return bad ? WEIR_JSON_PARTIAL : WEIR_JSON_OK;
}

static weir_json_result convert_struct(record *r, const weir_json_node *node, weir_builder *builder) {
    weir_json_result result = convert_object(r, node, builder->children, builder->length, false);
    if (result == WEIR_JSON_OK || result == WEIR_JSON_PARTIAL)
        if (!weir_builder_struct_end(builder))
            return WEIR_JSON_NOMEM;
    return result;
}

static weir_json_result convert_map(record *r, const weir_json_node *node, weir_builder *builder) {
    weir_builder *keys = &builder->children[0], *values = &builder->children[1];
    bool bad_map = false, partial = false;
    for (;;) {
        weir_json_token token = weir_json_parser_next(r->parser);
        if (token == WEIR_TOKEN_ERROR)
            return WEIR_JSON_BAD;
        if (token == WEIR_TOKEN_END || token == WEIR_TOKEN_OBJECT_END)
            break;
        bool lone;
        weir_str name = weir_json_parser_name(r->parser, &lone);
        if (!name.data)
            name = WEIR_STR("");
        if (!weir_builder_bytes(keys, name.data, name.size))
            return WEIR_JSON_NOMEM;
        int32_t row = values->length;
        weir_json_result result = convert_value(r, &node->children[0], values);
        if (result == WEIR_JSON_NOMEM)
            return result;
        if (result == WEIR_JSON_BAD) {
            if (!r->spec->partial)
                return result;
            bad_map = true;
            weir_builder_truncate(values, row);
            weir_builder_truncate(keys, row);
            if (!weir_json_parser_skip_children(r->parser))
                return WEIR_JSON_BAD;
        }
        partial |= result == WEIR_JSON_PARTIAL;
    }
    if (bad_map)
        return WEIR_JSON_BAD;
    if (!weir_builder_list_end(builder))
        return WEIR_JSON_NOMEM;
    return partial ? WEIR_JSON_PARTIAL : WEIR_JSON_OK;
}

static weir_json_result convert_array(record *r, const weir_json_node *node, weir_builder *builder) {
    bool partial = false;
    for (;;) {
        weir_json_token token = weir_json_parser_next(r->parser);
        if (token == WEIR_TOKEN_ERROR)
            return WEIR_JSON_BAD;
        if (token == WEIR_TOKEN_END || token == WEIR_TOKEN_ARRAY_END)
            break;
        weir_json_result result = convert_value(r, &node->children[0], &builder->children[0]);
        if (result == WEIR_JSON_NOMEM || result == WEIR_JSON_BAD)
            return result;
        partial |= result == WEIR_JSON_PARTIAL;
    }
    if (!weir_builder_list_end(builder))
        return WEIR_JSON_NOMEM;
    return partial ? WEIR_JSON_PARTIAL : WEIR_JSON_OK;
}

/* Anything into a string type: strings decoded, other values as they stand in the record. */
static weir_json_result convert_to_text(record *r, const weir_json_node *node, weir_builder *builder) {
    weir_json_parser *parser = r->parser;
    weir_str text;
    if (parser->token == WEIR_TOKEN_STRING) {
        if (!weir_json_parser_text(parser, &text))
            return WEIR_JSON_BAD;
    } else if (r->spec->copied) {
        _cleanup_strbuf_ weir_strbuf copy = {0};
        if (!weir_json_copy_value(parser, &copy))
            return WEIR_JSON_BAD;
        return weir_json_convert_string(r->spec, node, weir_strbuf_view(&copy), builder);
    } else {
        size_t from = parser->token_start;
        if (!weir_json_parser_skip_children(parser))
            return WEIR_JSON_BAD;
        if (parser->pos < from)
            return WEIR_JSON_BAD;
        text = weir_str_make((const char *)parser->data + from, parser->pos - from);
    }
    return weir_json_convert_string(r->spec, node, text, builder);
}

static weir_json_result convert_scalar(record *r, const weir_json_node *node, weir_builder *builder) {
    weir_json_parser *parser = r->parser;
    weir_json_result result = WEIR_JSON_BAD;
    weir_str text;
    if (parser->token == WEIR_TOKEN_STRING) {
        if (!weir_json_parser_text(parser, &text))
            return WEIR_JSON_BAD;
        result = weir_json_convert_string(r->spec, node, text, builder);
    } else if (parser->token == WEIR_TOKEN_INT || parser->token == WEIR_TOKEN_FLOAT) {
        text = weir_strbuf_view(&parser->text);
        result = weir_json_convert_number(node, text, parser->token == WEIR_TOKEN_INT, builder);
    } else if (node->kind == WEIR_TYPE_BOOLEAN &&
               (parser->token == WEIR_TOKEN_TRUE || parser->token == WEIR_TOKEN_FALSE)) {
        return appended(weir_builder_bool(builder, parser->token == WEIR_TOKEN_TRUE));
    }
    return result == WEIR_JSON_BAD ? mismatch(r, node) : result;
}

static weir_json_result convert_value(record *r, const weir_json_node *node, weir_builder *builder) {
    weir_json_parser *parser = r->parser;
    while (parser->token == WEIR_TOKEN_FIELD)
        if (weir_json_parser_next(parser) == WEIR_TOKEN_ERROR)
            return WEIR_JSON_BAD;
    if (node->kind == WEIR_TYPE_VARIANT)
        return weir_json_variant_encode(parser, builder);
    if (parser->token == WEIR_TOKEN_NULL || parser->token == WEIR_TOKEN_END || node->kind == WEIR_TYPE_NULL)
        return appended(weir_builder_null(builder));
    switch (node->kind) {
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_CHAR:
    case WEIR_TYPE_VARCHAR:
        return convert_to_text(r, node, builder);
    case WEIR_TYPE_STRUCT:
        return parser->token == WEIR_TOKEN_OBJECT ? convert_struct(r, node, builder) : mismatch(r, node);
    case WEIR_TYPE_MAP:
        return parser->token == WEIR_TOKEN_OBJECT ? convert_map(r, node, builder) : mismatch(r, node);
    case WEIR_TYPE_ARRAY:
        return parser->token == WEIR_TOKEN_ARRAY ? convert_array(r, node, builder) : mismatch(r, node);
    case WEIR_TYPE_BINARY:
        if (parser->token != WEIR_TOKEN_STRING)
            return mismatch(r, node);
        if (!weir_json_parser_binary(parser, &r->binary))
            return WEIR_JSON_BAD;
        return appended(weir_builder_bytes(builder, r->binary.data, r->binary.size));
    default:
        return convert_scalar(r, node, builder);
    }
}

/* ---- the top ---- */

static void truncate_all(weir_builder *builders, int32_t count, int32_t rows) {
    for (int32_t i = 0; i < count; i++)
        weir_builder_truncate(&builders[i], rows);
}

static weir_json_result null_root(record *r) {
    if (r->cause)
        weir_strbuf_add_text(r->cause,
                             "[INVALID_JSON_ROOT_FIELD] Cannot convert JSON root field to target Spark type. "
                             "SQLSTATE: 22032");
    return WEIR_JSON_BAD;
}

/* A row for every element, all of which must be objects. */
static weir_json_result convert_rows(record *r, weir_builder *builders, int32_t row, int32_t *ret_rows) {
    const weir_json_node *root = &r->spec->root;
    bool partial = false;
    int32_t rows = 0;
    for (;;) {
        weir_json_token token = weir_json_parser_next(r->parser);
        if (token == WEIR_TOKEN_ERROR)
            return WEIR_JSON_BAD;
        if (token == WEIR_TOKEN_END || token == WEIR_TOKEN_ARRAY_END)
            break;
        if (token != WEIR_TOKEN_OBJECT)
            return token == WEIR_TOKEN_NULL ? null_root(r) : WEIR_JSON_BAD;
        weir_json_result result = convert_object(r, root, builders, row + rows, false);
        if (result == WEIR_JSON_BAD || result == WEIR_JSON_NOMEM)
            return result;
        partial |= result == WEIR_JSON_PARTIAL;
        rows++;
    }
    *ret_rows = rows;
    return partial ? WEIR_JSON_PARTIAL : WEIR_JSON_OK;
}

static weir_json_result convert_root(record *r, weir_builder *builders, int32_t row, int32_t *ret_rows) {
    switch (weir_json_parser_next(r->parser)) {
    case WEIR_TOKEN_END:
        *ret_rows = 0;
        return WEIR_JSON_OK;
    case WEIR_TOKEN_OBJECT:
        *ret_rows = 1;
        return convert_object(r, &r->spec->root, builders, row, true);
    case WEIR_TOKEN_ARRAY:
        return convert_rows(r, builders, row, ret_rows);
    case WEIR_TOKEN_NULL:
        return null_root(r);
    default:
        return WEIR_JSON_BAD;
    }
}

weir_json_result weir_json_record_parse(weir_json_parser *parser, const weir_json_spec *spec,
                                        const uint8_t *data, size_t size, weir_builder *builders,
                                        int32_t *ret_rows, weir_strbuf *cause) {
    record r = {.parser = parser, .spec = spec, .cause = cause};
    int32_t count = spec->root.children_count, row = count ? builders[0].length : 0;
    weir_json_parser_start(parser, spec, data, size);
    *ret_rows = 0;
    weir_json_result result = convert_root(&r, builders, row, ret_rows);
    if (result == WEIR_JSON_BAD || result == WEIR_JSON_NOMEM) {
        truncate_all(builders, count, row);
        *ret_rows = 0;
    }
    weir_strbuf_fini(&r.binary);
    return result;
}

weir_json_result weir_json_value_parse(weir_json_parser *parser, const weir_json_spec *spec,
                                       const uint8_t *data, size_t size, weir_builder *builder) {
    record r = {.parser = parser, .spec = spec};
    const weir_json_node *node = &spec->root.children[0];
    int32_t before = builder->length;
    weir_json_parser_start(parser, spec, data, size);
    weir_json_token token = weir_json_parser_next(parser);
    weir_json_result result = WEIR_JSON_BAD;
    bool single = token == WEIR_TOKEN_OBJECT && node->kind == WEIR_TYPE_ARRAY &&
                  node->children[0].kind == WEIR_TYPE_STRUCT;
    if (single) {
        int32_t elements = builder->children[0].length;
        result = convert_value(&r, &node->children[0], &builder->children[0]);
        if (result == WEIR_JSON_OK || result == WEIR_JSON_PARTIAL)
            result = weir_builder_list_end(builder) ? result : WEIR_JSON_NOMEM;
        else
            weir_builder_truncate(&builder->children[0], elements);
    } else if (token != WEIR_TOKEN_ERROR && token != WEIR_TOKEN_END && token != WEIR_TOKEN_NULL) {
        result = convert_value(&r, node, builder);
    }
    if (result == WEIR_JSON_BAD)
        weir_builder_truncate(builder, before);
    weir_strbuf_fini(&r.binary);
    return result;
}
