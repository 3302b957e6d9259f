/* Building and reading nested values: named_struct, struct, array, a[i], m[k], element_at, size. Maps are
 * built in map_functions.c. */
#include "common/expr/expr_int.h"

#include <stdio.h>

#include "common/column/builder.h"
#include "common/expr/program.h"

/* ---- structs ---- */
static weir_code struct_kernel(const weir_kernel_call *call, int32_t first, int32_t step, weir_column **ret,
                               weir_error **err) {
    int32_t count = call->type->fields_count;
    weir_column *column = weir_column_new(call->type, call->rows, count);
    column->null_count = 0;
    for (int32_t i = 0; i < count; i++) {
        weir_column *arg = call->args[first + i * step];
        weir_code code = weir_column_flatten(call->eval->budget, arg, &column->children[i], err);
        if (code == WEIR_OK && column->children[i]->length > call->rows) { /* one row of a longer constant */
            weir_column *one;
            code = weir_column_slice(call->eval->budget, column->children[i], 0, call->rows, &one, err);
            if (code == WEIR_OK) {
                weir_column_unref(column->children[i]);
                column->children[i] = one;
            }
        }
        if (code != WEIR_OK) {
            weir_column_unref(column);
            return code;
        }
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code named_struct_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return struct_kernel(call, 1, 2, ret, err);
}

static weir_code fold_text(weir_resolve *resolve, const weir_node *expr, weir_str *ret, weir_error **err) {
    weir_column *value;
    WEIR_TRY(weir_expr_fold(resolve->arena, expr, resolve->zone, resolve->ansi, &value, err));
    *ret = weir_column_is_null(value, 0) ? (weir_str){NULL, 0}
                                         : weir_arena_str(resolve->arena, weir_column_bytes(value, 0));
    weir_column_unref(value);
    return WEIR_OK;
}

static weir_code fail_arity(const char *name, const char *expected, int32_t actual, weir_error **err) {
    char quoted[64], number[16];
    snprintf(quoted, sizeof(quoted), "`%s`", name);
    snprintf(number, sizeof(number), "%d", (int)actual);
    WEIR_RAISE(err, WRONG_NUM_ARGS__WITHOUT_SUGGESTION, "functionName", quoted, "expectedNum", expected,
               "actualNum", number, "docroot", "https://spark.apache.org/docs/latest");
}

static weir_code fail_names(weir_resolve *resolve, weir_node *const *args, int32_t count, weir_error **err) {
    weir_strbuf buf = {0};
    weir_strbuf_add_char(&buf, '[');
    for (int32_t i = 0; i < count; i += 2)
        weir_strbuf_addf(&buf, "%s%s", i ? ", " : "", weir_quoted_sql(resolve->arena, args[i]));
    weir_strbuf_add_char(&buf, ']');
    char *names = weir_arena_strdup(resolve->arena, buf.data);
    weir_strbuf_fini(&buf);
    WEIR_RAISE(err, DATATYPE_MISMATCH__CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING, "sqlExpr",
               weir_quoted_sql(resolve->arena, resolve->call), "inputExprs", names);
}

static weir_code resolve_named_struct(WEIR_RESOLVE_PARAMS) {
    (void)ret_rewrite;
    if (args_count % 2 != 0)
        return fail_arity(function->name, "2n (n > 0)", args_count, err);
    weir_field *fields = WEIR_NEW_ARRAY(resolve->arena, weir_field, args_count / 2 + 1);
    for (int32_t i = 0; i < args_count; i += 2) {
        if (!weir_is_foldable(args[i]) || !weir_type_is_string(args[i]->type))
            return fail_names(resolve, args, args_count, err);
        WEIR_TRY(fold_text(resolve, args[i], &fields[i / 2].name, err));
        fields[i / 2].type = args[i + 1]->type;
        fields[i / 2].nullable = args[i + 1]->nullable;
    }
    *ret_type = weir_type_struct(resolve->arena, fields, args_count / 2);
    *ret_nullable = false;
    return WEIR_OK;
}

/* The field name that struct(expr) gives: the attribute's, alias's or field's name, else colN. */
static weir_str name_of(weir_resolve *resolve, const weir_node *expr, int32_t index) {
    if (expr->kind == WEIR_NODE_ATTRIBUTE)
        return ((const weir_node_attribute *)expr)->name;
    if (expr->kind == WEIR_NODE_ALIAS)
        return ((const weir_node_alias *)expr)->name;
    if (expr->kind == WEIR_NODE_FIELD) {
        const weir_node_field_access *field = (const weir_node_field_access *)expr;
        return field->child->type->fields[field->ordinal].name;
    }
    return weir_str_from(weir_arena_printf(resolve->arena, "col%d", (int)index + 1));
}

static weir_code resolve_struct(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)ret_type, (void)ret_nullable, (void)err;
    weir_node **pairs = WEIR_NEW_ARRAY(resolve->arena, weir_node *, args_count * 2 + 1);
    for (int32_t i = 0; i < args_count; i++) {
        pairs[2 * i] = weir_literal_string(resolve->arena, name_of(resolve, args[i], i));
        pairs[2 * i + 1] = args[i];
    }
    *ret_rewrite = weir_make_call(resolve, "named_struct", args_count * 2, pairs);
    return WEIR_OK;
}

/* ---- arrays ---- */
static weir_code array_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, call->eval->budget, call->type, call->rows, err));
    bool ok = true;
    int32_t next = 0;
    WEIR_EACH(call, i) {
        for (; ok && next < i; next++)
            ok = weir_builder_list_end(&builder);
        for (int32_t a = 0; ok && a < call->args_count; a++)
            ok = weir_column_is_null(call->args[a], i)
                     ? weir_builder_null(&builder.children[0])
                     : weir_builder_copy(&builder.children[0], call->args[a],
                                         weir_column_slot(call->args[a], i));
        ok = ok && weir_builder_list_end(&builder);
        next = i + 1;
    }
    for (; ok && next < call->rows; next++)
        ok = weir_builder_list_end(&builder);
    weir_code code = ok ? weir_builder_finish(&builder, ret, err) : weir_error_oom(err);
    weir_builder_fini(&builder);
    return code;
}

static weir_code resolve_array(WEIR_RESOLVE_PARAMS) {
    (void)ret_rewrite;
    const weir_type *element = weir_coerce_all(resolve, args, 0, args_count);
    if (element == NULL)
        return weir_fail_diff_types(resolve, function, args, args_count, err);
    *ret_type = weir_type_array(resolve->arena, element, weir_any_nullable(args, args_count));
    *ret_nullable = false;
    return WEIR_OK;
}

/* ---- access ---- */
typedef enum access_kind { ACCESS_SUBSCRIPT, ACCESS_ELEMENT_AT, ACCESS_TRY_ELEMENT_AT } access_kind;

static weir_code fail_index(access_kind access, int64_t index, int32_t size, weir_error **err) {
    char number[32], count[32];
    snprintf(number, sizeof(number), "%lld", (long long)index);
    snprintf(count, sizeof(count), "%d", (int)size);
    if (access == ACCESS_SUBSCRIPT)
        WEIR_RAISE(err, INVALID_ARRAY_INDEX, "indexValue", number, "arraySize", count);
    WEIR_RAISE(err, INVALID_ARRAY_INDEX_IN_ELEMENT_AT, "indexValue", number, "arraySize", count);
}

/* The child position of an element, -1 = NULL. */
static weir_code array_position(const weir_kernel_call *call, access_kind access, int32_t row, int32_t *ret,
                                weir_error **err) {
    const weir_column *list = call->args[0];
    int32_t slot = weir_column_slot(list, row), from = list->offsets[slot],
            size = list->offsets[slot + 1] - from;
    int64_t index = weir_load_integer(call->args[1], row), at = index;
    if (access != ACCESS_SUBSCRIPT) {
        if (index == 0)
            WEIR_FAIL(err, INVALID_INDEX_OF_ZERO,
                      "The index 0 is invalid. An index shall be either < 0 or > 0 "
                      "(the first element has index 1).");
        at = index > 0 ? index - 1 : index + size;
    }
    *ret = -1;
    if (at >= 0 && at < size) {
        *ret = from + (int32_t)at;
        return WEIR_OK;
    }
    return call->eval->ansi && access != ACCESS_TRY_ELEMENT_AT ? fail_index(access, index, size, err)
                                                               : WEIR_OK;
}

static int32_t map_position(const weir_kernel_call *call, int32_t row) {
    const weir_column *map = call->args[0];
    int32_t slot = weir_column_slot(map, row);
    for (int32_t e = map->offsets[slot]; e < map->offsets[slot + 1]; e++)
        if (weir_value_compare(map->children[0], e, call->args[1], row) == 0)
            return e;
    return -1;
}

static weir_code access_rows(const weir_kernel_call *call, access_kind access, weir_column **ret,
                             weir_error **err) {
    bool is_map = call->args[0]->type->kind == WEIR_TYPE_MAP;
    int32_t *rows = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * ((size_t)call->rows + 1));
    memset(rows, -1, sizeof(int32_t) * (size_t)call->rows);
    WEIR_EACH(call, i) {
        if (is_map)
            rows[i] = map_position(call, i);
        else
            WEIR_TRY(array_position(call, access, i, &rows[i], err));
    }
    weir_column *column, *typed;
    WEIR_TRY(weir_column_gather(call->eval->budget, call->args[0]->children[is_map ? 1 : 0], rows, call->rows,
                                &column, err));
    typed = weir_column_reshell(column, call->type);
    weir_column_unref(column);
    *ret = typed;
    return WEIR_OK;
}

static weir_code subscript_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return access_rows(call, ACCESS_SUBSCRIPT, ret, err);
}

static weir_code element_at_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return access_rows(call, ACCESS_ELEMENT_AT, ret, err);
}

static weir_code try_element_at_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return access_rows(call, ACCESS_TRY_ELEMENT_AT, ret, err);
}

/* try_element_at is element_at in messages. */
static char *element_at_sql(weir_resolve *resolve, weir_node *const *args) {
    return weir_quoted_sql(resolve->arena, weir_make_call(resolve, "element_at", 2, args));
}

static weir_code resolve_access(WEIR_RESOLVE_PARAMS) {
    (void)ret_rewrite, (void)args_count;
    const weir_type *type = args[0]->type;
    bool subscript = function->name[0] == 'w';
    if (type->kind == WEIR_TYPE_MAP) {
        if (!subscript) {
            const weir_type *common =
                weir_coerce_tightest(resolve->arena, resolve->ansi, type->element, args[1]->type);
            if (common == NULL || args[1]->type->kind == WEIR_TYPE_NULL)
                WEIR_RAISE(err, DATATYPE_MISMATCH__MAP_FUNCTION_DIFF_TYPES, "sqlExpr",
                           element_at_sql(resolve, args), "functionName", "`element_at`", "dataType",
                           "\"MAP\"", "leftType", weir_quoted_type(resolve->arena, type), "rightType",
                           weir_quoted_type(resolve->arena, args[1]->type));
            args[0] = weir_coerce_cast(
                resolve, args[0], weir_type_map(resolve->arena, common, type->value, type->contains_null));
            args[1] = weir_coerce_cast(resolve, args[1], common);
        } else if (!weir_type_same(args[1]->type, type->element)) {
            const weir_type *common =
                weir_coerce_common(resolve->arena, resolve->ansi, args[1]->type, type->element);
            if (common == NULL || !weir_type_same(common, type->element))
                return weir_fail_form_type(resolve, "$[$]", args, 1,
                                           weir_quoted_type(resolve->arena, type->element), err);
            args[1] = weir_coerce_cast(resolve, args[1], type->element);
        }
        *ret_type = type->value;
        *ret_nullable = true;
        return WEIR_OK;
    }
    if (type->kind != WEIR_TYPE_ARRAY) {
        if (!subscript)
            return weir_fail_form_type(resolve, "element_at($, $)", args, 0, "(\"ARRAY\" or \"MAP\")", err);
        WEIR_RAISE(err, INVALID_EXTRACT_BASE_FIELD_TYPE, "base", weir_quoted_sql(resolve->arena, args[0]),
                   "other", weir_quoted_type(resolve->arena, type));
    }
    if (args[1]->type->kind == WEIR_TYPE_NULL && subscript)
        args[1] = weir_coerce_cast(resolve, args[1], weir_type_of(WEIR_TYPE_INT));
    if (!weir_type_is_integral(args[1]->type) || (!subscript && args[1]->type->kind == WEIR_TYPE_LONG))
        return subscript ? weir_fail_form_type(resolve, "$[$]", args, 1, "\"INTEGRAL\"", err)
                         : weir_fail_form_type(resolve, "element_at($, $)", args, 1, "\"INT\"", err);
    *ret_type = type->element;
    *ret_nullable = true;
    return WEIR_OK;
}

/* The field of every struct of an array: (array, place, name). */
static weir_code resolve_element_field(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite, (void)err;
    const weir_type *type = args[0]->type;
    int32_t place = (int32_t)weir_load_integer(WEIR_NODE_AS(args[1], LITERAL, literal)->value, 0);
    const weir_field *field = &type->element->fields[place];
    *ret_type = weir_type_array(resolve->arena, field->type, type->contains_null || field->nullable);
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

static weir_code element_field_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    const weir_column *list = call->args[0], *record = list->children[0];
    int32_t *rows = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * ((size_t)record->length + 1));
    for (int32_t i = 0; i < record->length; i++)
        rows[i] = weir_column_is_null(record, i) ? -1 : i;
    _cleanup_column_ weir_column *child = NULL;
    WEIR_TRY(weir_column_gather(call->eval->budget, record->children[weir_load_integer(call->args[1], 0)],
                                rows, record->length, &child, err));
    weir_column *column = weir_column_new(call->type, list->length, 1);
    column->encoding = list->encoding;
    column->null_count = 0;
    column->offsets = list->offsets;
    column->offsets_buffer = weir_buffer_ref(list->offsets_buffer);
    column->children[0] = weir_column_reshell(child, call->type->element);
    *ret = column;
    return WEIR_OK;
}

static weir_code size_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const int32_t *offsets = call->args[0]->offsets;
    int32_t *out = weir_column_values(column);
    WEIR_LOOP1(call, out[i] = offsets[x + 1] - offsets[x];);
    *ret = column;
    return WEIR_OK;
}

/* The legacy size of NULL is -1. */
static weir_code resolve_size(WEIR_RESOLVE_PARAMS) {
    if (args[0]->type->kind == WEIR_TYPE_NULL)
        args[0] = weir_coerce_cast(resolve, args[0],
                                   weir_type_array(resolve->arena, weir_type_of(WEIR_TYPE_NULL), true));
    if (resolve->ansi || strncmp(function->name, "weir_", 5) == 0)
        return weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable,
                                      ret_rewrite, err);
    weir_node *parts[2] = {weir_make_call(resolve, "weir_size", 1, args),
                           weir_literal_int(resolve->arena, -1)};
    *ret_rewrite = weir_make_call(resolve, "coalesce", 2, parts);
    return WEIR_OK;
}

#define SIZE_FUNCTION(sql_name, more) \
    { \
        .name = sql_name, .args_min = 1, .args_max = 1, \
        .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_NEVER_RAISES | (more), .resolve = resolve_size, \
        .eval = size_kernel, .signature = "array|map -> int" \
    }

const weir_function weir_nested_functions[] = {
    {.name = "named_struct",
     .args_min = 0,
     .args_max = -1,
     .flags = WEIR_FN_NEVER_NULL | WEIR_FN_NEVER_RAISES,
     .resolve = resolve_named_struct,
     .eval = named_struct_kernel},
    {.name = "struct", .args_min = 0, .args_max = -1, .resolve = resolve_struct},
    {.name = "array",
     .args_min = 0,
     .args_max = -1,
     .flags = WEIR_FN_NEVER_NULL,
     .resolve = resolve_array,
     .eval = array_kernel},
    {.name = "weir_extract",
     .args_min = 2,
     .args_max = 2,
     .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_HIDDEN,
     .resolve = resolve_access,
     .eval = subscript_kernel},
    {.name = "element_at",
     .args_min = 2,
     .args_max = 2,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = resolve_access,
     .eval = element_at_kernel},
    {.name = "try_element_at",
     .args_min = 2,
     .args_max = 2,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = resolve_access,
     .eval = try_element_at_kernel},
    {.name = "weir_element_field",
     .args_min = 3,
     .args_max = 3,
     .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_DENSE | WEIR_FN_HIDDEN,
     .resolve = resolve_element_field,
     .eval = element_field_kernel},
    SIZE_FUNCTION("size", 0),
    SIZE_FUNCTION("cardinality", 0),
    SIZE_FUNCTION("weir_size", WEIR_FN_HIDDEN),
};
WEIR_FAMILY_COUNT(nested)
