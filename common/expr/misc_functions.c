/* hash (Murmur3), typeof, and what else belongs to no family. */
#include "common/expr/expr_int.h"

#include "common/base/hash.h"
#include "common/column/row_codec.h"

static weir_code hash_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    uint32_t *hashes = weir_arena_alloc(call->eval->arena, sizeof(uint32_t) * ((size_t)call->sel.count + 1));
    weir_code code =
        weir_columns_murmur3(call->args, call->args_count, &call->sel, WEIR_MURMUR3_SEED, hashes, err);
    if (code != WEIR_OK) {
        weir_column_unref(column);
        return code;
    }
    int32_t *out = weir_column_values(column);
    for (int32_t k = 0; k < call->sel.count; k++)
        out[weir_sel_row(&call->sel, k)] = (int32_t)hashes[k];
    *ret = column;
    return WEIR_OK;
}

static bool has_kind(const weir_type *type, weir_type_kind kind) {
    if (type->kind == kind)
        return true;
    if (type->kind == WEIR_TYPE_ARRAY || type->kind == WEIR_TYPE_MAP)
        return has_kind(type->element, kind) || (type->value && has_kind(type->value, kind));
    for (int32_t i = 0; i < type->fields_count; i++)
        if (has_kind(type->fields[i].type, kind))
            return true;
    return false;
}

weir_code weir_resolve_hash(WEIR_RESOLVE_PARAMS) {
    (void)ret_rewrite;
    for (int32_t i = 0; i < args_count; i++) {
        bool variant = has_kind(args[i]->type, WEIR_TYPE_VARIANT);
        if (variant || has_kind(args[i]->type, WEIR_TYPE_MAP))
            return weir_error_raise(err,
                                    variant ? WEIR_DATATYPE_MISMATCH__HASH_VARIANT_TYPE
                                            : WEIR_DATATYPE_MISMATCH__HASH_MAP_TYPE,
                                    "sqlExpr", weir_quoted_sql(resolve->arena, resolve->call), "functionName",
                                    weir_arena_printf(resolve->arena, "`%s`", function->name), NULL);
    }
    *ret_type = weir_type_of(function->name[0] == 'x' ? WEIR_TYPE_LONG : WEIR_TYPE_INT);
    *ret_nullable = false;
    return WEIR_OK;
}

static weir_code resolve_typeof(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_type, (void)ret_nullable, (void)err;
    weir_strbuf buf = {0};
    weir_type_simple(&buf, args[0]->type);
    *ret_rewrite =
        weir_literal_string(resolve->arena, weir_str_from(weir_arena_strdup(resolve->arena, buf.data)));
    weir_strbuf_fini(&buf);
    return WEIR_OK;
}

/* Raises for the first row that asks for it: all selected rows are live, those of other branches are not
 * here. */
static weir_code raise_error_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    if (call->sel.count == 0)
        return weir_result_all_null(call, ret, err);
    int32_t row = weir_sel_row(&call->sel, 0);
    _cleanup_strbuf_ weir_strbuf text = {0};
    if (weir_column_is_null(call->args[0], row))
        weir_strbuf_add_text(&text, "null");
    else
        weir_strbuf_add(&text, weir_column_bytes(call->args[0], row));
    return weir_error_raise(err, WEIR_USER_RAISED_EXCEPTION, "errorMessage", text.data ? text.data : "",
                            NULL);
}

static weir_code resolve_raise_error(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite, (void)err;
    args[0] = weir_coerce_cast(resolve, args[0], weir_type_of(WEIR_TYPE_STRING));
    *ret_type = weir_type_of(WEIR_TYPE_NULL);
    *ret_nullable = true;
    return WEIR_OK;
}

/* Spark's AssertTrue: if(condition, NULL, raise_error(message)). */
static weir_code resolve_assert_true(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)ret_type, (void)ret_nullable, (void)err;
    weir_node *message = args_count > 1 ? args[1] : NULL;
    if (!message) {
        _cleanup_strbuf_ weir_strbuf text = {0};
        weir_strbuf_add_char(&text, '\'');
        weir_expr_sql(&text, args[0]);
        weir_strbuf_add_text(&text, "' is not true!");
        message =
            weir_literal_string(resolve->arena, weir_arena_str(resolve->arena, weir_strbuf_view(&text)));
    }
    weir_node *parts[] = {args[0], weir_literal_null(resolve->arena, weir_type_of(WEIR_TYPE_NULL)),
                          weir_make_call(resolve, "raise_error", 1, &message)};
    *ret_rewrite = weir_make_call(resolve, "if", 3, parts);
    return WEIR_OK;
}

/* Names that Weir refuses on purpose: their values would differ between two attempts of an epoch. */
static weir_code resolve_refused(WEIR_RESOLVE_PARAMS) {
    (void)resolve, (void)args, (void)args_count, (void)ret_type, (void)ret_nullable, (void)ret_rewrite;
    WEIR_FAIL(err, NOT_SUPPORTED,
              "The function %s is not supported by Weir: a retried epoch would give another value",
              function->name);
}

const weir_function weir_misc_functions[] = {
    {.name = "assert_true", .args_min = 1, .args_max = 2, .resolve = resolve_assert_true},
    {.name = "hash",
     .args_min = 1,
     .args_max = -1,
     .flags = WEIR_FN_NEVER_NULL,
     .resolve = weir_resolve_hash,
     .eval = hash_kernel},
    {.name = "raise_error",
     .args_min = 1,
     .args_max = 1,
     .resolve = resolve_raise_error,
     .eval = raise_error_kernel},
    {.name = "typeof", .args_min = 1, .args_max = 1, .resolve = resolve_typeof},
    {.name = "uuid",
     .args_min = 0,
     .args_max = 1,
     .flags = WEIR_FN_NONDETERMINISTIC,
     .resolve = resolve_refused},
};
WEIR_FAMILY_COUNT(misc)
