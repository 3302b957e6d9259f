/* Arrays and single elements: array_contains, array_position, array_remove, array_append, array_prepend,
 * array_insert, array_repeat, array_compact, array_size, array_max, array_min, slice, get, reverse,
 * array_join. (Arrays as sets: array_set_functions.c; order: array_sort_functions.c; element_at and
 * subscripts: nested_functions.c.)
 *
 * Results are gathered (list_int.h). Runs on the task's thread. */
#include "common/expr/array_functions_int.h"

#include <stdio.h>

/* ---- resolution ---- */
weir_code weir_array_diff_types(weir_resolve *resolve, const weir_function *function, weir_node *const *args,
                                weir_error **err) {
    WEIR_RAISE(err, DATATYPE_MISMATCH__ARRAY_FUNCTION_DIFF_TYPES, "sqlExpr",
               weir_quoted_sql(resolve->arena, resolve->call), "functionName",
               weir_arena_printf(resolve->arena, "`%s`", function->name), "dataType", "\"ARRAY\"", "leftType",
               weir_quoted_type(resolve->arena, args[0]->type), "rightType",
               weir_quoted_type(resolve->arena, args[1]->type));
}

weir_code weir_array_check_comparable(weir_resolve *resolve, const weir_function *function,
                                      const weir_type *element, weir_error **err) {
    if (weir_type_is_orderable(element))
        return WEIR_OK;
    WEIR_RAISE(err, DATATYPE_MISMATCH__INVALID_ORDERING_TYPE, "sqlExpr",
               weir_quoted_sql(resolve->arena, resolve->call), "functionName",
               weir_arena_printf(resolve->arena, "`%s`", function->name), "dataType",
               weir_quoted_type(resolve->arena, element));
}

/* An untyped NULL where an array is wanted. */
void weir_array_of_null(weir_resolve *resolve, weir_node **arg) {
    if ((*arg)->type->kind == WEIR_TYPE_NULL)
        *arg = weir_coerce_cast(resolve, *arg,
                                weir_type_array(resolve->arena, weir_type_of(WEIR_TYPE_NULL), true));
}

const weir_type *weir_array_wider(weir_resolve *resolve, const weir_type *a, const weir_type *b) {
    bool text = weir_type_is_string(a) != weir_type_is_string(b);
    if (text && a->kind != WEIR_TYPE_NULL && b->kind != WEIR_TYPE_NULL)
        return NULL;
    return weir_coerce_common(resolve->arena, resolve->ansi, a, b);
}

/* (array, value): both to a common element type, which array_contains looks for farther than the others. */
static weir_code coerce_value(weir_resolve *resolve, const weir_function *function, weir_node **args,
                              int32_t value, weir_error **err) {
    const weir_type *array = args[0]->type;
    const weir_type *common =
        strcmp(function->name, "array_contains") == 0
            ? weir_array_wider(resolve, array->element, args[value]->type)
            : weir_coerce_tightest(resolve->arena, resolve->ansi, array->element, args[value]->type);
    if (common == NULL)
        return weir_array_diff_types(resolve, function, (weir_node *[]){args[0], args[value]}, err);
    args[0] =
        weir_coerce_cast(resolve, args[0], weir_type_array(resolve->arena, common, array->contains_null));
    args[value] = weir_coerce_cast(resolve, args[value], common);
    return WEIR_OK;
}

static weir_code resolve_search(WEIR_RESOLVE_PARAMS) {
    (void)args_count, (void)ret_rewrite;
    bool contains = strcmp(function->name, "array_contains") == 0,
         removes = strcmp(function->name, "array_remove") == 0;
    if ((args[0]->type->kind == WEIR_TYPE_NULL && !removes) ||
        (args[1]->type->kind == WEIR_TYPE_NULL && contains))
        WEIR_RAISE(err, DATATYPE_MISMATCH__NULL_TYPE, "sqlExpr",
                   weir_quoted_sql(resolve->arena, resolve->call), "functionName",
                   weir_arena_printf(resolve->arena, "`%s`", function->name));
    if (args[0]->type->kind != WEIR_TYPE_ARRAY)
        return removes ? weir_array_diff_types(resolve, function, args, err)
                       : weir_fail_input_type(resolve, args, 0, "\"ARRAY\"", err);
    WEIR_TRY(coerce_value(resolve, function, args, 1, err));
    WEIR_TRY(weir_array_check_comparable(resolve, function, args[1]->type, err));
    *ret_type = removes ? args[0]->type : weir_type_of(contains ? WEIR_TYPE_BOOLEAN : WEIR_TYPE_LONG);
    *ret_nullable = weir_any_nullable(args, 2) || (contains && args[0]->type->contains_null);
    return WEIR_OK;
}

static weir_code resolve_extend(WEIR_RESOLVE_PARAMS) {
    (void)args_count, (void)ret_rewrite;
    if (args[0]->type->kind != WEIR_TYPE_ARRAY)
        return weir_fail_input_type(resolve, args, 0, "\"ARRAY\"", err);
    bool nullable = args[0]->type->contains_null || args[1]->nullable;
    WEIR_TRY(coerce_value(resolve, function, args, 1, err));
    *ret_type = weir_type_array(resolve->arena, args[1]->type, nullable);
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

static weir_code resolve_insert(WEIR_RESOLVE_PARAMS) {
    (void)args_count, (void)ret_rewrite;
    if (args[0]->type->kind != WEIR_TYPE_ARRAY)
        return weir_array_diff_types(resolve, function, (weir_node *[]){args[0], args[2]}, err);
    if (!weir_type_is_integral(args[1]->type) || args[1]->type->kind > WEIR_TYPE_INT)
        return weir_fail_input_type(resolve, args, 1, "\"INT\"", err);
    args[1] = weir_coerce_cast(resolve, args[1], weir_type_of(WEIR_TYPE_INT));
    WEIR_TRY(coerce_value(resolve, function, args, 2, err));
    *ret_type = weir_type_array(resolve->arena, args[2]->type, true);
    *ret_nullable = args[0]->nullable || args[1]->nullable;
    return WEIR_OK;
}

static weir_code resolve_repeat(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite;
    if (args[1]->type->kind == WEIR_TYPE_NULL)
        args[1] = weir_coerce_cast(resolve, args[1], weir_type_of(WEIR_TYPE_INT));
    if (args[1]->type->kind != WEIR_TYPE_INT)
        return weir_fail_input_type(resolve, args, 1, "\"INT\"", err);
    *ret_type = weir_type_array(resolve->arena, args[0]->type, args[0]->nullable);
    *ret_nullable = args[1]->nullable;
    return WEIR_OK;
}

/* One array; `element` says what the result is. */
static weir_code resolve_array(WEIR_RESOLVE_PARAMS) {
    (void)args_count, (void)ret_rewrite;
    weir_array_of_null(resolve, &args[0]);
    if (args[0]->type->kind != WEIR_TYPE_ARRAY)
        return weir_fail_input_type(resolve, args, 0, "\"ARRAY\"", err);
    const weir_type *type = args[0]->type;
    *ret_type = type;
    *ret_nullable = args[0]->nullable;
    if (strcmp(function->name, "array_size") == 0)
        *ret_type = weir_type_of(WEIR_TYPE_INT);
    else if (strcmp(function->name, "array_compact") == 0)
        *ret_type = weir_type_array(resolve->arena, type->element, false);
    return WEIR_OK;
}

static weir_code resolve_extreme(WEIR_RESOLVE_PARAMS) {
    WEIR_TRY(resolve_array(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite, err));
    WEIR_TRY(weir_array_check_comparable(resolve, function, args[0]->type->element, err));
    *ret_type = args[0]->type->element;
    *ret_nullable = true;
    return WEIR_OK;
}

static weir_code resolve_slice(WEIR_RESOLVE_PARAMS) {
    (void)ret_rewrite;
    for (int32_t i = 1; i < args_count; i++)
        if (!weir_implicit_cast(resolve, &args[i], weir_type_of(WEIR_TYPE_INT)))
            return weir_fail_input_type(resolve, args, i, "\"INT\"", err);
    WEIR_TRY(resolve_array(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite, err));
    *ret_nullable = weir_any_nullable(args, args_count);
    return WEIR_OK;
}

static weir_code resolve_get(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite;
    if (args[0]->type->kind != WEIR_TYPE_ARRAY)
        return weir_fail_input_type(resolve, args, 0, "\"ARRAY\"", err);
    if (!weir_type_is_integral(args[1]->type) &&
        !weir_implicit_cast(resolve, &args[1], weir_type_of(WEIR_TYPE_INT)))
        return weir_fail_input_type(resolve, args, 1, "\"INTEGRAL\"", err);
    *ret_type = args[0]->type->element;
    *ret_nullable = true;
    return WEIR_OK;
}

/* ---- search ---- */
/* The first element equal to the value, -1 = none; notes a NULL on the way. */
static int32_t find_value(const weir_kernel_call *call, int32_t row, bool *ret_null) {
    const weir_column *list = call->args[0], *child = list->children[0];
    weir_span span = weir_list_span(list, row);
    for (int32_t e = span.from; e < span.to; e++) {
        if (weir_column_is_null(child, e))
            *ret_null = true;
        else if (weir_value_compare(child, e, call->args[1], row) == 0)
            return e - span.from;
    }
    return -1;
}

static weir_code contains_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    uint8_t *truth = weir_result_truth_new(call);
    int32_t *unknown = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * ((size_t)call->sel.count + 1));
    int32_t unknown_count = 0;
    WEIR_EACH(call, row) {
        bool has_null = false;
        truth[row] = find_value(call, row, &has_null) >= 0;
        unknown[unknown_count] = row;
        unknown_count += !truth[row] && has_null;
    }
    WEIR_TRY(weir_result_truth(call, truth, &column, err));
    for (int32_t k = 0; k < unknown_count; k++)
        WEIR_TRY(weir_result_null(call, column, unknown[k], err));
    *ret = column;
    return WEIR_OK;
}

static weir_code position_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    bool ignored = false;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int64_t *out = weir_column_values(column);
    WEIR_EACH(call, row)
    out[row] = find_value(call, row, &ignored) + 1;
    *ret = column;
    return WEIR_OK;
}

static weir_code remove_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    const weir_column *list = call->args[0], *child = list->children[0];
    _cleanup_list_ weir_list_writer writer = {0};
    WEIR_TRY(weir_list_begin(&writer, call, weir_list_total(call, list), err));
    WEIR_EACH(call, row) {
        weir_span span = weir_list_span(list, row);
        for (int32_t e = span.from; e < span.to; e++)
            if (weir_column_is_null(child, e) || weir_value_compare(child, e, call->args[1], row) != 0)
                WEIR_TRY(weir_list_add(&writer, e, err));
        weir_list_end(&writer, row);
    }
    return weir_list_finish(&writer, &list->children[0], ret, err);
}

/* ---- append, prepend, insert, repeat ---- */
/* The array's elements and the value's rows as one source; *ret_base is where the values begin. */
static weir_code join_value(const weir_kernel_call *call, weir_column *value, weir_column **ret,
                            int32_t *ret_base, weir_error **err) {
    int32_t bases[2];
    weir_column *parts[] = {call->args[0]->children[0], value};
    WEIR_TRY(weir_columns_join(call->eval->budget, call->type->element, parts, 2, bases, ret, err));
    *ret_base = bases[1];
    return WEIR_OK;
}

static weir_code extend(const weir_kernel_call *call, bool front, weir_column **ret, weir_error **err) {
    const weir_column *list = call->args[0];
    _cleanup_list_ weir_list_writer writer = {0};
    _cleanup_column_ weir_column *source = NULL;
    int32_t base;
    WEIR_TRY(join_value(call, call->args[1], &source, &base, err));
    WEIR_TRY(weir_list_begin(&writer, call, weir_list_total(call, list) + call->sel.count, err));
    WEIR_EACH(call, row) {
        if (weir_column_is_null(list, row)) {
            WEIR_TRY(weir_list_null(&writer, row, err));
            continue;
        }
        weir_span span = weir_list_span(list, row);
        int32_t value = base + weir_column_slot(call->args[1], row);
        if (front)
            WEIR_TRY(weir_list_add(&writer, value, err));
        WEIR_TRY(weir_list_add_range(&writer, span.from, span.to, err));
        if (!front)
            WEIR_TRY(weir_list_add(&writer, value, err));
        weir_list_end(&writer, row);
    }
    return weir_list_finish(&writer, &source, ret, err);
}

static weir_code append_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return extend(call, false, ret, err);
}

static weir_code prepend_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return extend(call, true, ret, err);
}

weir_code weir_array_too_large(const char *function, int64_t size, weir_error **err) {
    char number[32], quoted[64];
    snprintf(number, sizeof(number), "%lld", (long long)size);
    snprintf(quoted, sizeof(quoted), "`%s`", function);
    WEIR_RAISE(err, COLLECTION_SIZE_LIMIT_EXCEEDED__FUNCTION, "numberOfElements", number,
               "maxRoundedArrayLength", WEIR_ARRAY_SIZE_TEXT, "functionName", quoted);
}

/* Spark's positions: from 1, or from -1 at the end; what lies outside is filled up with NULL. */
static weir_code insert_row(weir_list_writer *writer, weir_span span, int32_t position, int32_t value,
                            weir_error **err) {
    int64_t size = span.to - span.from, at = position > 0 ? (int64_t)position - 1 : size + position + 1;
    int64_t before = at < 0 ? -at : 0, behind = at > size ? at - size : 0;
    if (position == 0)
        WEIR_FAIL(
            err, INVALID_INDEX_OF_ZERO,
            "The index 0 is invalid. An index shall be either < 0 or > 0 (the first element has index 1).");
    if (size + 1 + before + behind > WEIR_ARRAY_SIZE_MAX)
        return weir_array_too_large("array_insert", size + 1 + before + behind, err);
    WEIR_TRY(weir_list_room(writer, size + 1 + before + behind, err));
    int32_t middle = at < 0 ? 0 : (int32_t)WEIR_MIN(at, size);
    if (at < 0)
        WEIR_TRY(weir_list_add(writer, value, err));
    for (int64_t k = 0; k < before; k++)
        WEIR_TRY(weir_list_add(writer, -1, err));
    WEIR_TRY(weir_list_add_range(writer, span.from, span.from + middle, err));
    for (int64_t k = 0; k < behind; k++)
        WEIR_TRY(weir_list_add(writer, -1, err));
    if (at >= 0)
        WEIR_TRY(weir_list_add(writer, value, err));
    return weir_list_add_range(writer, span.from + middle, span.to, err);
}

static weir_code insert_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    const weir_column *list = call->args[0], *where = call->args[1];
    _cleanup_list_ weir_list_writer writer = {0};
    _cleanup_column_ weir_column *source = NULL;
    int32_t base;
    WEIR_TRY(join_value(call, call->args[2], &source, &base, err));
    WEIR_TRY(weir_list_begin(&writer, call, weir_list_total(call, list) + call->sel.count, err));
    WEIR_EACH(call, row) {
        if (weir_column_is_null(list, row) || weir_column_is_null(where, row)) {
            WEIR_TRY(weir_list_null(&writer, row, err));
            continue;
        }
        WEIR_TRY(insert_row(&writer, weir_list_span(list, row), (int32_t)weir_load_integer(where, row),
                            base + weir_column_slot(call->args[2], row), err));
        weir_list_end(&writer, row);
    }
    return weir_list_finish(&writer, &source, ret, err);
}

static weir_code repeat_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_list_ weir_list_writer writer = {0};
    _cleanup_column_ weir_column *source = NULL;
    int32_t base;
    WEIR_TRY(
        weir_columns_join(call->eval->budget, call->type->element, &call->args[0], 1, &base, &source, err));
    WEIR_TRY(weir_list_begin(&writer, call, call->sel.count, err));
    WEIR_EACH(call, row) {
        if (weir_column_is_null(call->args[1], row)) {
            WEIR_TRY(weir_list_null(&writer, row, err));
            continue;
        }
        int64_t count = weir_load_integer(call->args[1], row);
        if (count > WEIR_ARRAY_SIZE_MAX)
            return weir_array_too_large("array_repeat", count, err);
        int32_t value = weir_column_slot(call->args[0], row);
        WEIR_TRY(weir_list_room(&writer, WEIR_MAX(count, 0), err));
        for (int64_t k = 0; k < count; k++)
            WEIR_TRY(weir_list_add(&writer, value, err));
        weir_list_end(&writer, row);
    }
    return weir_list_finish(&writer, &source, ret, err);
}

/* ---- parts of one array ---- */
static weir_code compact_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    const weir_column *list = call->args[0];
    _cleanup_list_ weir_list_writer writer = {0};
    WEIR_TRY(weir_list_begin(&writer, call, weir_list_total(call, list), err));
    WEIR_EACH(call, row) {
        weir_span span = weir_list_span(list, row);
        for (int32_t e = span.from; e < span.to; e++)
            if (!weir_column_is_null(list->children[0], e))
                WEIR_TRY(weir_list_add(&writer, e, err));
        weir_list_end(&writer, row);
    }
    return weir_list_finish(&writer, &list->children[0], ret, err);
}

static weir_code reverse_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    const weir_column *list = call->args[0];
    _cleanup_list_ weir_list_writer writer = {0};
    WEIR_TRY(weir_list_begin(&writer, call, weir_list_total(call, list), err));
    WEIR_EACH(call, row) {
        weir_span span = weir_list_span(list, row);
        for (int32_t e = span.to - 1; e >= span.from; e--)
            WEIR_TRY(weir_list_add(&writer, e, err));
        weir_list_end(&writer, row);
    }
    return weir_list_finish(&writer, &list->children[0], ret, err);
}

static weir_code slice_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    const weir_column *list = call->args[0];
    _cleanup_list_ weir_list_writer writer = {0};
    WEIR_TRY(weir_list_begin(&writer, call, call->sel.count, err));
    WEIR_EACH(call, row) {
        weir_span span = weir_list_span(list, row);
        int64_t start = weir_load_integer(call->args[1], row), count = weir_load_integer(call->args[2], row);
        char number[32];
        snprintf(number, sizeof(number), "%lld", (long long)count);
        if (start == 0)
            WEIR_RAISE(err, INVALID_PARAMETER_VALUE__START, "parameter", "`start`", "functionName",
                       "`slice`");
        if (count < 0)
            WEIR_RAISE(err, INVALID_PARAMETER_VALUE__LENGTH, "parameter", "`length`", "length", number,
                       "functionName", "`slice`");
        int64_t size = span.to - span.from, from = start > 0 ? start - 1 : size + start;
        if (from >= 0 && from < size)
            WEIR_TRY(weir_list_add_range(&writer, span.from + (int32_t)from,
                                         span.from + (int32_t)WEIR_MIN(size, from + count), err));
        weir_list_end(&writer, row);
    }
    return weir_list_finish(&writer, &list->children[0], ret, err);
}

/* One element of each row, by position in the child, -1 = NULL. */
static weir_code gather_elements(const weir_kernel_call *call, const int32_t *positions, weir_column **ret,
                                 weir_error **err) {
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_column_gather(call->eval->budget, call->args[0]->children[0], positions, call->rows,
                                &column, err));
    *ret = weir_column_reshell(column, call->type);
    return WEIR_OK;
}

static int32_t *positions_new(const weir_kernel_call *call) {
    int32_t *positions = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * ((size_t)call->rows + 1));
    memset(positions, -1, sizeof(int32_t) * (size_t)call->rows);
    return positions;
}

static weir_code get_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    int32_t *positions = positions_new(call);
    WEIR_EACH(call, row) {
        weir_span span = weir_list_span(call->args[0], row);
        int64_t index = weir_load_integer(call->args[1], row);
        if (index >= 0 && index < span.to - span.from)
            positions[row] = span.from + (int32_t)index;
    }
    return gather_elements(call, positions, ret, err);
}

static weir_code extreme(const weir_kernel_call *call, int sign, weir_column **ret, weir_error **err) {
    const weir_column *child = call->args[0]->children[0];
    int32_t *positions = positions_new(call);
    WEIR_EACH(call, row) {
        weir_span span = weir_list_span(call->args[0], row);
        int32_t best = -1;
        for (int32_t e = span.from; e < span.to; e++)
            if (!weir_column_is_null(child, e) &&
                (best < 0 || weir_value_compare(child, e, child, best) * sign > 0))
                best = e;
        positions[row] = best;
    }
    return gather_elements(call, positions, ret, err);
}

static weir_code max_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return extreme(call, 1, ret, err);
}

static weir_code min_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return extreme(call, -1, ret, err);
}

static weir_code array_size_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const int32_t *offsets = call->args[0]->offsets;
    int32_t *out = weir_column_values(column);
    WEIR_LOOP1(call, out[i] = offsets[x + 1] - offsets[x];);
    *ret = column;
    return WEIR_OK;
}

/* ---- array_join ---- */
static weir_code resolve_join(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)ret_rewrite;
    const weir_type *string = weir_type_of(WEIR_TYPE_STRING);
    weir_array_of_null(resolve, &args[0]);
    const weir_type *type = args[0]->type;
    if (type->kind != WEIR_TYPE_ARRAY)
        return weir_fail_input_type(resolve, args, 0, "\"ARRAY<STRING>\"", err);
    if (!weir_type_is_string(type->element)) {
        weir_node *element = weir_literal_null(resolve->arena, type->element);
        if (type->element->kind == WEIR_TYPE_VARIANT)
            WEIR_FAIL(err, NOT_SUPPORTED, "array_join of VARIANT is not supported by Weir yet");
        if (!weir_implicit_cast(resolve, &element, string))
            return weir_fail_input_type(resolve, args, 0, "\"ARRAY<STRING>\"", err);
        args[0] =
            weir_coerce_cast(resolve, args[0], weir_type_array(resolve->arena, string, type->contains_null));
    }
    for (int32_t i = 1; i < args_count; i++) {
        if (!weir_type_is_string(args[i]->type) && args[i]->type->kind != WEIR_TYPE_NULL)
            return weir_fail_input_type(resolve, args, i, "\"STRING\"", err);
        args[i] = weir_coerce_cast(resolve, args[i], string);
    }
    *ret_type = string;
    *ret_nullable = weir_any_nullable(args, args_count);
    return WEIR_OK;
}

static weir_code put(weir_bytes_writer *writer, weir_str text, size_t *size, weir_error **err) {
    size_t before = writer->size;
    writer->size += *size; /* what the row has so far */
    uint8_t *room = weir_bytes_room(writer, text.size, err);
    writer->size = before;
    if (room == NULL)
        return err && *err ? weir_error_code(*err) : WEIR_OUT_OF_MEMORY;
    if (text.size)
        memcpy(room, text.data, text.size);
    *size += text.size;
    return WEIR_OK;
}

static weir_code join_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    const weir_column *list = call->args[0], *child = list->children[0];
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)weir_list_total(call, list) * 8, err));
    WEIR_EACH(call, row) {
        weir_span span = weir_list_span(list, row);
        weir_str between = weir_column_bytes(call->args[1], row);
        size_t size = 0;
        bool first = true;
        for (int32_t e = span.from; e < span.to; e++) {
            bool is_null = weir_column_is_null(child, e);
            if (is_null && call->args_count < 3)
                continue;
            if (!first)
                WEIR_TRY(put(&writer, between, &size, err));
            first = false;
            WEIR_TRY(put(&writer,
                         is_null ? weir_column_bytes(call->args[2], row) : weir_column_bytes(child, e), &size,
                         err));
        }
        weir_bytes_end(&writer, row, size);
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

#define ARRAY_FUNCTION(sql_name, count, more, resolver, kernel) \
    { \
        .name = sql_name, .args_min = count, .args_max = count, .flags = more, .resolve = resolver, \
        .eval = kernel \
    }

const weir_function weir_array_functions[] = {
    ARRAY_FUNCTION("array_contains", 2, WEIR_FN_NULL_PROPAGATES, resolve_search, contains_kernel),
    ARRAY_FUNCTION("array_position", 2, WEIR_FN_NULL_PROPAGATES, resolve_search, position_kernel),
    ARRAY_FUNCTION("array_remove", 2, WEIR_FN_NULL_PROPAGATES, resolve_search, remove_kernel),
    ARRAY_FUNCTION("array_append", 2, 0, resolve_extend, append_kernel),
    ARRAY_FUNCTION("array_prepend", 2, 0, resolve_extend, prepend_kernel),
    ARRAY_FUNCTION("array_insert", 3, 0, resolve_insert, insert_kernel),
    ARRAY_FUNCTION("array_repeat", 2, 0, resolve_repeat, repeat_kernel),
    ARRAY_FUNCTION("array_compact", 1, WEIR_FN_NULL_PROPAGATES, resolve_array, compact_kernel),
    ARRAY_FUNCTION("array_size", 1, WEIR_FN_NULL_PROPAGATES, resolve_array, array_size_kernel),
    ARRAY_FUNCTION("array_max", 1, WEIR_FN_NULL_PROPAGATES, resolve_extreme, max_kernel),
    ARRAY_FUNCTION("array_min", 1, WEIR_FN_NULL_PROPAGATES, resolve_extreme, min_kernel),
    ARRAY_FUNCTION("slice", 3, WEIR_FN_NULL_PROPAGATES, resolve_slice, slice_kernel),
    ARRAY_FUNCTION("get", 2, WEIR_FN_NULL_PROPAGATES, resolve_get, get_kernel),
    ARRAY_FUNCTION("weir_reverse_array", 1, WEIR_FN_NULL_PROPAGATES | WEIR_FN_HIDDEN, resolve_array,
                   reverse_kernel),
    {.name = "array_join",
     .args_min = 2,
     .args_max = 3,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = resolve_join,
     .eval = join_kernel},
};
WEIR_FAMILY_COUNT(array)
