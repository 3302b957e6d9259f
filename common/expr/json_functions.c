/* Functions over JSON texts: get_json_object, json_array_length, json_object_keys, to_json, from_json,
 * parse_json. The work is done in common/format (json_path.h, json_text.h, json_write.h). */
#include "common/format/json_path.h"

#include "common/expr/text_kernel_int.h"
#include "common/format/json_text.h"
#include "common/format/json_write.h"

static void lookup_free(weir_json_lookup **lookup) {
    weir_json_lookup_free(*lookup);
}

/* ---- get_json_object ---- */
static weir_code get_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_(lookup_free) weir_json_lookup *lookup = weir_json_lookup_new();
    _cleanup_strbuf_ weir_strbuf text = {0};
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    const weir_json_path *path = NULL;
    weir_str path_text = {NULL, 0};
    bool valid = false;
    WEIR_EACH(call, i) {
        weir_str wanted = weir_column_bytes(call->args[1], i);
        if (path_text.data == NULL || !weir_str_equal(wanted, path_text))
            valid = weir_json_path_parse(call->eval->arena, wanted, &path);
        path_text = wanted;
        if (valid && weir_json_lookup_get(lookup, path, weir_column_bytes(call->args[0], i), &text))
            WEIR_TRY(weir_bytes_put(&writer, i, weir_strbuf_view(&text), err));
        else
            WEIR_TRY(weir_bytes_null(call, &writer, i, err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code array_length_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_(lookup_free) weir_json_lookup *lookup = weir_json_lookup_new();
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int32_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        int64_t length = weir_json_lookup_array_length(lookup, weir_column_bytes(call->args[0], i));
        out[i] = (int32_t)length;
        if (length < 0)
            WEIR_TRY(weir_result_null(call, column, i, err));
    }
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

/* ---- json_object_keys ---- */
static weir_code keys_rows(const weir_kernel_call *call, weir_json_lookup *lookup, weir_builder *builder,
                           weir_error **err) {
    bool oom = false;
    WEIR_EACH(call, i) {
        while (builder->length < i && !oom)
            oom = !weir_builder_null(builder);
        if (!oom && !weir_json_lookup_keys(lookup, weir_column_bytes(call->args[0], i), builder, &oom) &&
            !oom)
            oom = !weir_builder_null(builder);
        if (oom)
            return weir_error_oom(err);
    }
    while (builder->length < call->rows)
        if (!weir_builder_null(builder))
            return weir_error_oom(err);
    return WEIR_OK;
}

static weir_code keys_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_(lookup_free) weir_json_lookup *lookup = weir_json_lookup_new();
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, call->eval->budget, call->type, call->rows, err));
    weir_code code = keys_rows(call, lookup, &builder, err);
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, ret, err);
    weir_builder_fini(&builder);
    return code;
}

static weir_code resolve_keys(WEIR_RESOLVE_PARAMS) {
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    *ret_type = weir_type_array(resolve->arena, weir_type_of(WEIR_TYPE_STRING), true);
    *ret_nullable = true;
    return WEIR_OK;
}

/* ---- to_json ---- */

/* The options of a constant MAP<STRING, STRING>. */
static weir_code read_options(weir_arena *arena, const weir_column *map, weir_options *ret,
                              weir_error **err) {
    if (map == NULL || map->type->kind != WEIR_TYPE_MAP)
        WEIR_FAIL(err, NOT_SUPPORTED, "options of to_json must be a literal map in Weir");
    int32_t from = map->offsets[0], count = map->offsets[1] - from;
    ret->items = WEIR_NEW_ARRAY(arena, weir_option, count + 1);
    for (ret->count = 0; ret->count < count; ret->count++) {
        weir_option *option = &ret->items[ret->count];
        option->key = weir_column_bytes(map->children[0], from + ret->count);
        option->value = weir_column_bytes(map->children[1], from + ret->count);
    }
    return WEIR_OK;
}

static weir_code to_json_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_json_style style;
    weir_options options = {0};
    _cleanup_strbuf_ weir_strbuf text = {0};
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 32, err));
    if (call->args_count > 1)
        WEIR_TRY(read_options(call->eval->arena, call->args[1], &options, err));
    WEIR_TRY(weir_json_style_parse(call->eval->arena, &options, call->eval->zone, &style, err));
    WEIR_EACH(call, i) {
        weir_strbuf_clear(&text);
        if (!weir_json_write_value(&text, call->args[0], i, &style))
            WEIR_FAIL(err, INVALID_ARGUMENT, "Variant binary is malformed");
        WEIR_TRY(weir_bytes_put(&writer, i, weir_strbuf_view(&text), err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static bool is_literal_map(const weir_node *node) {
    return node->type->kind == WEIR_TYPE_MAP && weir_is_foldable(node);
}

static weir_code fail_schema(weir_resolve *resolve, const weir_type *type, weir_error **err) {
    WEIR_RAISE(err, DATATYPE_MISMATCH__INVALID_JSON_SCHEMA, "sqlExpr",
               weir_quoted_sql(resolve->arena, resolve->call), "schema",
               weir_quoted_type(resolve->arena, type));
}

static bool has_plain_keys(const weir_type *type) {
    if (type->kind == WEIR_TYPE_MAP)
        return weir_type_is_string(type->element) && has_plain_keys(type->value);
    for (int32_t i = 0; i < type->fields_count; i++)
        if (!has_plain_keys(type->fields[i].type))
            return false;
    return type->kind != WEIR_TYPE_ARRAY || has_plain_keys(type->element);
}

static weir_code resolve_to_json(WEIR_RESOLVE_PARAMS) {
    weir_type_kind kind = args[0]->type->kind;
    if (args_count > 1 && !is_literal_map(args[1]))
        WEIR_FAIL(err, NOT_SUPPORTED, "options of to_json must be a literal map in Weir");
    if (kind == WEIR_TYPE_NULL) {
        *ret_rewrite = weir_literal_null(resolve->arena, weir_type_of(WEIR_TYPE_STRING));
        return WEIR_OK;
    }
    if (kind != WEIR_TYPE_STRUCT && kind != WEIR_TYPE_ARRAY && kind != WEIR_TYPE_MAP &&
        kind != WEIR_TYPE_VARIANT)
        return fail_schema(resolve, args[0]->type, err);
    if (!has_plain_keys(args[0]->type))
        WEIR_FAIL(err, NOT_SUPPORTED, "%s of a map whose keys are no texts is not supported by Weir",
                  function->name);
    *ret_type = weir_type_of(WEIR_TYPE_STRING);
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

/* ---- from_json, parse_json ---- */
static void reader_free(weir_json_text_reader **reader) {
    weir_json_text_reader_free(*reader);
}

/* The schema's literal: a type, columns, or a type as JSON. */
static weir_code parse_schema(weir_resolve *resolve, const weir_node *arg, const weir_type **ret,
                              weir_error **err) {
    const weir_column *value =
        arg->kind == WEIR_NODE_LITERAL ? ((const weir_node_literal *)arg)->value : NULL;
    if (value == NULL && weir_is_foldable(arg))
        WEIR_FAIL(err, NOT_SUPPORTED, "from_json needs a literal schema in Weir");
    if (value == NULL || !weir_type_is_string(value->type) || weir_column_is_null(value, 0))
        WEIR_RAISE(err, INVALID_SCHEMA__NON_STRING_LITERAL, "inputSchema",
                   weir_quoted_sql(resolve->arena, arg));
    weir_str text = weir_str_trim(weir_column_bytes(value, 0));
    if (text.size && (text.data[0] == '{' || text.data[0] == '"'))
        return weir_type_parse_json(resolve->arena, text, ret, err);
    _cleanup_error_ weir_error *first = NULL;
    if (weir_type_parse(resolve->arena, text, ret, &first) == WEIR_OK)
        return WEIR_OK;
    if (weir_schema_parse(resolve->arena, text, ret, NULL) == WEIR_OK)
        return WEIR_OK;
    weir_error *moved = first;
    first = NULL;
    return weir_error_move(err, moved);
}

/* The same type with everything nullable, as a reader of foreign data has it. */
static const weir_type *as_nullable(weir_arena *arena, const weir_type *type) {
    if (type->kind == WEIR_TYPE_ARRAY)
        return weir_type_array(arena, as_nullable(arena, type->element), true);
    if (type->kind == WEIR_TYPE_MAP)
        return weir_type_map(arena, as_nullable(arena, type->element), as_nullable(arena, type->value), true);
    if (type->kind != WEIR_TYPE_STRUCT)
        return type;
    weir_field *fields = WEIR_NEW_ARRAY(arena, weir_field, type->fields_count + 1);
    for (int32_t i = 0; i < type->fields_count; i++) {
        fields[i] = type->fields[i];
        fields[i].type = as_nullable(arena, fields[i].type);
        fields[i].nullable = true;
    }
    return weir_type_struct(arena, fields, type->fields_count);
}

static weir_code resolve_from_json(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)ret_rewrite;
    const weir_type *type;
    WEIR_TRY(parse_schema(resolve, args[1], &type, err));
    if (type->kind != WEIR_TYPE_STRUCT && type->kind != WEIR_TYPE_ARRAY && type->kind != WEIR_TYPE_MAP &&
        type->kind != WEIR_TYPE_VARIANT)
        return fail_schema(resolve, type, err);
    if (args_count > 2 && args[2]->type->kind != WEIR_TYPE_MAP)
        return weir_error_raise(err, WEIR_INVALID_OPTIONS__NON_MAP_FUNCTION, NULL);
    if (args_count > 2 && !is_literal_map(args[2]))
        WEIR_FAIL(err, NOT_SUPPORTED, "options of from_json must be a literal map in Weir");
    if (args[0]->type->kind == WEIR_TYPE_NULL)
        args[0] = weir_coerce_cast(resolve, args[0], weir_type_of(WEIR_TYPE_STRING));
    if (!weir_type_is_string(args[0]->type))
        return weir_fail_input_type(resolve, args, 0, "\"STRING\"", err);
    *ret_type = as_nullable(resolve->arena, type);
    *ret_nullable = true;
    return WEIR_OK;
}

static weir_code from_json_rows(const weir_kernel_call *call, const weir_json_text_spec *spec,
                                weir_builder *builder, weir_error **err) {
    _cleanup_(reader_free) weir_json_text_reader *reader = weir_json_text_reader_new();
    WEIR_EACH(call, i) {
        while (builder->length < i)
            if (!weir_builder_null(builder))
                return weir_error_oom(err);
        WEIR_TRY(weir_json_text_read(reader, spec, weir_column_bytes(call->args[0], i), builder, err));
    }
    while (builder->length < call->rows)
        if (!weir_builder_null(builder))
            return weir_error_oom(err);
    return WEIR_OK;
}

static weir_code from_json_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_options options = {0};
    const weir_json_text_spec *spec;
    if (call->args_count > 2)
        WEIR_TRY(read_options(call->eval->arena, call->args[2], &options, err));
    WEIR_TRY(weir_json_text_spec_new(call->eval->arena, call->type, &options, call->eval->zone, &spec, err));
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, call->eval->budget, call->type, call->rows, err));
    weir_code code = from_json_rows(call, spec, &builder, err);
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, ret, err);
    weir_builder_fini(&builder);
    return code;
}

static weir_code fail_variant(weir_str text, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf record = {0};
    weir_strbuf_add(&record, text);
    WEIR_RAISE(err, MALFORMED_RECORD_IN_PARSING__WITHOUT_SUGGESTION, "badRecord",
               record.data ? record.data : "", "failFastMode", "FAILFAST");
}

static weir_code parse_variants(const weir_kernel_call *call, bool forgiving, weir_builder *builder,
                                weir_error **err) {
    _cleanup_(reader_free) weir_json_text_reader *reader = weir_json_text_reader_new();
    bool oom = false;
    WEIR_EACH(call, i) {
        while (builder->length < i && !oom)
            oom = !weir_builder_null(builder);
        weir_str text = weir_column_bytes(call->args[0], i);
        bool read = !oom && weir_json_text_read_variant(reader, text, builder, &oom);
        if (!read && !oom && !forgiving)
            return fail_variant(text, err);
        if (!read && !oom)
            oom = !weir_builder_null(builder);
        if (oom)
            return weir_error_oom(err);
    }
    while (builder->length < call->rows)
        if (!weir_builder_null(builder))
            return weir_error_oom(err);
    return WEIR_OK;
}

static weir_code variant_column(const weir_kernel_call *call, bool forgiving, weir_column **ret,
                                weir_error **err) {
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, call->eval->budget, call->type, call->rows, err));
    weir_code code = parse_variants(call, forgiving, &builder, err);
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, ret, err);
    weir_builder_fini(&builder);
    return code;
}

static weir_code parse_json_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return variant_column(call, false, ret, err);
}

static weir_code try_parse_json_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return variant_column(call, true, ret, err);
}

static weir_code resolve_variant(WEIR_RESOLVE_PARAMS) {
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    *ret_type = weir_type_of(WEIR_TYPE_VARIANT);
    *ret_nullable |= function->name[0] == 't';
    return WEIR_OK;
}

#define VARIANT_FUNCTION(sql_name, kernel) \
    { \
        .name = sql_name, .args_min = 1, .args_max = 1, .flags = WEIR_FN_NULL_PROPAGATES, \
        .resolve = resolve_variant, .eval = kernel, .signature = "!string -> string" \
    }

const weir_function weir_json_functions[] = {
    VARIANT_FUNCTION("parse_json", parse_json_kernel),
    VARIANT_FUNCTION("try_parse_json", try_parse_json_kernel),
    {.name = "from_json",
     .args_min = 2,
     .args_max = 3,
     .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_NEEDS_TIMEZONE,
     .resolve = resolve_from_json,
     .eval = from_json_kernel},
    WEIR_TEXT_FUNCTION("get_json_object", get_kernel, 2, 2, "!string; string -> string"),
    WEIR_TEXT_FUNCTION("json_array_length", array_length_kernel, 1, 1, "string -> int"),
    {.name = "json_object_keys",
     .args_min = 1,
     .args_max = 1,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = resolve_keys,
     .eval = keys_kernel,
     .signature = "string -> string"},
    {.name = "to_json",
     .args_min = 1,
     .args_max = 2,
     .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_NEEDS_TIMEZONE,
     .resolve = resolve_to_json,
     .eval = to_json_kernel},
};
WEIR_FAMILY_COUNT(json)
