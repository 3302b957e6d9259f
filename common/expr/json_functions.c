/* Functions over JSON texts: get_json_object, json_array_length, json_object_keys, to_json. The work is done in
 * common/format (json_path.h, json_write.h). */
#include "common/format/json_path.h"

#include "common/expr/text_kernel_int.h"
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
        if (!oom && !weir_json_lookup_keys(lookup, weir_column_bytes(call->args[0], i), builder, &oom) && !oom)
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
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite, err));
    *ret_type = weir_type_array(resolve->arena, weir_type_of(WEIR_TYPE_STRING), true);
    *ret_nullable = true;
    return WEIR_OK;
}

/* ---- to_json ---- */

/* The options of a constant MAP<STRING, STRING>. */
static weir_code read_options(weir_arena *arena, const weir_column *map, weir_options *ret, weir_error **err) {
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

static weir_code resolve_to_json(WEIR_RESOLVE_PARAMS) {
    (void)ret_rewrite;
    weir_type_kind kind = args[0]->type->kind;
    if (args_count > 1 && !is_literal_map(args[1]))
        WEIR_FAIL(err, NOT_SUPPORTED, "options of to_json must be a literal map in Weir");
    if (kind != WEIR_TYPE_STRUCT && kind != WEIR_TYPE_ARRAY && kind != WEIR_TYPE_MAP && kind != WEIR_TYPE_VARIANT)
        return weir_fail_input_type(resolve, args, 0, "(\"STRUCT\" or \"ARRAY\" or \"MAP\" or \"VARIANT\")", err);
    (void)function;
    *ret_type = weir_type_of(WEIR_TYPE_STRING);
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

const weir_function weir_json_functions[] = {
    WEIR_TEXT_FUNCTION("get_json_object", get_kernel, 2, 2, "string; string -> string"),
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
