/* The order of arrays: sort_array, array_sort without and with a comparator.
 *
 * Without a comparator elements are compared by their sort keys (sort_key.h). A comparator is a lambda: the
 * rows are merge-sorted from the bottom up, all merges of all rows one comparison at a time, so that the body
 * runs over a column of pairs: about two evaluations per element of the longest array, whatever the number of
 * rows. Both sorts are stable, as Spark's. Runs on the task's thread. */
#include "common/expr/array_functions_int.h"

#include <stdlib.h>

#include "common/column/cell_text.h"
#include "common/column/sort_key.h"
#include "common/expr/lambda_functions_int.h"

/* ---- resolution ---- */
static weir_code resolve_sort_array(WEIR_RESOLVE_PARAMS) {
    (void)ret_rewrite;
    weir_array_of_null(resolve, &args[0]);
    if (args[0]->type->kind != WEIR_TYPE_ARRAY)
        return weir_fail_input_type(resolve, args, 0, "\"ARRAY\"", err);
    if (!weir_type_is_orderable(args[0]->type))
        return weir_array_check_comparable(resolve, function, args[0]->type, err);
    if (args_count > 1 && args[1]->type->kind == WEIR_TYPE_NULL)
        args[1] = weir_coerce_cast(resolve, args[1], weir_type_of(WEIR_TYPE_BOOLEAN));
    if (args_count > 1 && args[1]->type->kind != WEIR_TYPE_BOOLEAN)
        return weir_fail_input_type(resolve, args, 1, "\"BOOLEAN\"", err);
    if (args_count > 1 && !weir_is_foldable(args[1]))
        WEIR_RAISE(err, DATATYPE_MISMATCH__NON_FOLDABLE_INPUT, "sqlExpr",
                   weir_quoted_sql(resolve->arena, resolve->call), "inputName", "`ascendingOrder`",
                   "inputType", "\"BOOLEAN\"", "inputExpr", weir_quoted_sql(resolve->arena, args[1]));
    *ret_type = args[0]->type;
    *ret_nullable = weir_any_nullable(args, args_count);
    return WEIR_OK;
}

static weir_code comparator_parameters(WEIR_PARAMETERS_PARAMS) {
    (void)function, (void)index, (void)written;
    WEIR_TRY(weir_lambda_check_array(resolve, args, 0, err));
    const weir_type *type = args[0]->type;
    ret[0] = ret[1] = (weir_lambda_parameter){type->element, type->contains_null};
    *ret_count = 2;
    return WEIR_OK;
}

static weir_code resolve_array_sort(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)ret_rewrite;
    WEIR_TRY(weir_lambda_check_array(resolve, args, 0, err));
    if (args_count == 1 && !weir_type_is_orderable(args[0]->type->element))
        WEIR_RAISE(err, DATATYPE_MISMATCH__INVALID_ORDERING_TYPE, "sqlExpr",
                   "\"(namedlambdavariable() < namedlambdavariable())\"", "functionName", "`<`", "dataType",
                   weir_quoted_type(resolve->arena, args[0]->type->element));
    if (args_count > 1 && args[1]->type->kind != WEIR_TYPE_INT)
        WEIR_RAISE(err, DATATYPE_MISMATCH__UNEXPECTED_RETURN_TYPE, "sqlExpr",
                   weir_quoted_sql(resolve->arena, resolve->call), "functionName", "`lambdafunction`",
                   "expectedType", "\"INT\"", "actualType", weir_quoted_type(resolve->arena, args[1]->type));
    *ret_type = args[0]->type;
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

/* ---- by sort keys ---- */
typedef struct key_order {
    const weir_rows *keys;
    int sign;
} key_order;

static int compare_keys(const void *left, const void *right, void *data) {
    const key_order *order = data;
    int32_t l = *(const int32_t *)left, r = *(const int32_t *)right;
    weir_str a = weir_rows_at(order->keys, l), b = weir_rows_at(order->keys, r);
    size_t size = WEIR_MIN(a.size, b.size);
    int by_key = size ? memcmp(a.data, b.data, size) : 0;
    if (by_key == 0)
        by_key = (a.size > b.size) - (a.size < b.size);
    return by_key ? by_key * order->sign : (l > r) - (l < r);
}

static weir_code sort_by_keys(const weir_kernel_call *call, const weir_rows *keys, weir_column **ret,
                              weir_error **err) {
    const weir_column *list = call->args[0];
    _cleanup_list_ weir_list_writer writer = {0};
    WEIR_TRY(weir_list_begin(&writer, call, weir_list_total(call, list), err));
    WEIR_EACH(call, row) {
        if (weir_column_is_null(list, row)) {
            WEIR_TRY(weir_list_null(&writer, row, err));
            continue;
        }
        weir_span span = weir_list_span(list, row);
        int32_t begin = writer.count;
        bool ascending = call->args_count < 2 || weir_load_integer(call->args[1], row) != 0;
        key_order order = {keys, ascending ? 1 : -1};
        WEIR_TRY(weir_list_add_range(&writer, span.from, span.to, err));
        qsort_r(writer.positions + begin, (size_t)(writer.count - begin), sizeof(int32_t), compare_keys,
                &order);
        weir_list_end(&writer, row);
    }
    return weir_list_finish(&writer, &list->children[0], ret, err);
}

static weir_code sort_children(const weir_kernel_call *call, bool nulls_last, weir_column **ret,
                               weir_error **err) {
    weir_column *child = call->args[0]->children[0];
    weir_rows keys _cleanup_(weir_rows_fini) = {.budget = call->eval->budget};
    weir_sort_order order = {.nulls_last = nulls_last};
    weir_sel all = {NULL, child->length};
    WEIR_TRY(weir_sort_key_encode(&keys, &child, &order, 1, &all, err));
    return sort_by_keys(call, &keys, ret, err);
}

static weir_code sort_array_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return sort_children(call, false, ret, err);
}

/* ---- by a comparator ---- */
typedef struct merge {
    int32_t left, middle, right, end; /* heads and ends of the two runs, in `from` */
    int32_t out;                      /* next place in `to` */
    int32_t row;
} merge;

typedef struct merge_sort {
    const weir_kernel_call *call;
    weir_kernel_call inner; /* the same with scratch of one round */
    weir_eval eval;
    weir_arena *scratch;
    const weir_flat_lists *flat;
    weir_column *elements;
    int32_t *from, *to; /* places in `elements` */
    merge *merges;
    int32_t merges_count;
    weir_buffer *buffers[3];
} merge_sort;

static weir_code merge_sort_init(merge_sort *sort, const weir_kernel_call *call, const weir_flat_lists *flat,
                                 weir_error **err) {
    sort->call = call;
    sort->flat = flat;
    sort->scratch = weir_arena_new();
    sort->eval = *call->eval;
    sort->eval.arena = sort->scratch;
    sort->inner = *call;
    sort->inner.eval = &sort->eval;
    WEIR_TRY(weir_flat_lists_child(call, flat, call->args[0]->children[0], &sort->elements, err));
    sort->buffers[0] = weir_int_buffer(call, flat->count, &sort->from, err);
    sort->buffers[1] = weir_int_buffer(call, flat->count, &sort->to, err);
    sort->buffers[2] = weir_buffer_new(call->eval->budget, sizeof(merge) * ((size_t)flat->count / 2 + 1));
    if (!sort->buffers[0] || !sort->buffers[1] || !sort->buffers[2])
        return weir_error_oom(err);
    sort->merges = (merge *)(void *)sort->buffers[2]->data;
    for (int32_t e = 0; e < flat->count; e++)
        sort->from[e] = e;
    return WEIR_OK;
}

static void merge_sort_fini(merge_sort *sort) {
    for (int i = 0; i < 3; i++)
        weir_buffer_unref(sort->buffers[i]);
    weir_column_unref(sort->elements);
    weir_arena_free(sort->scratch);
}

/* The merges of runs of `width`; what has no partner is copied. False where every row is one run. */
static bool plan_merges(merge_sort *sort, int32_t width) {
    bool any = false;
    sort->merges_count = 0;
    for (int32_t row = 0; row < sort->call->rows; row++) {
        int32_t begin = sort->flat->offsets[row], end = sort->flat->offsets[row + 1];
        any |= end - begin > width;
        for (int64_t at = begin; at < end; at += (int64_t)2 * width) {
            int32_t middle = (int32_t)WEIR_MIN(at + width, end),
                    stop = (int32_t)WEIR_MIN(at + (int64_t)2 * width, end);
            if (middle < stop)
                sort->merges[sort->merges_count++] =
                    (merge){(int32_t)at, middle, middle, stop, (int32_t)at, row};
            else
                memcpy(sort->to + at, sort->from + at, sizeof(int32_t) * (size_t)(middle - at));
        }
    }
    return any;
}

static weir_code fail_null(const merge_sort *sort, const merge *m, weir_error **err) {
    weir_strbuf first = {0}, second = {0};
    weir_strbuf *texts[] = {&first, &second};
    int32_t places[] = {sort->from[m->right], sort->from[m->right]}; /* Spark prints the first one twice */
    for (int i = 0; i < 2; i++) {
        if (weir_column_is_null(sort->elements, places[i]))
            weir_strbuf_add_text(texts[i], "null");
        else
            weir_cell_text(texts[i], sort->elements, places[i], WEIR_TEXT_CAST, sort->call->eval->zone);
    }
    weir_code code =
        weir_error_raise(err, WEIR_COMPARATOR_RETURNS_NULL, "firstValue", first.data ? first.data : "",
                         "secondValue", second.data ? second.data : "", NULL);
    weir_strbuf_fini(&first);
    weir_strbuf_fini(&second);
    return code;
}

/* Moves the heads by what the comparator said; the merges that are done leave the list. */
static weir_code advance(merge_sort *sort, const weir_column *order, weir_error **err) {
    int32_t kept = 0;
    for (int32_t k = 0; k < sort->merges_count; k++) {
        merge m = sort->merges[k];
        if (weir_column_is_null(order, k))
            return fail_null(sort, &m, err);
        sort->to[m.out++] = WEIR_VALUES(order, int32_t)[k] < 0 ? sort->from[m.right++] : sort->from[m.left++];
        if (m.left < m.middle && m.right < m.end) {
            sort->merges[kept++] = m;
            continue;
        }
        while (m.left < m.middle)
            sort->to[m.out++] = sort->from[m.left++];
        while (m.right < m.end)
            sort->to[m.out++] = sort->from[m.right++];
    }
    sort->merges_count = kept;
    return WEIR_OK;
}

/* comparator(head of the right run, head of the left run) for every merge. */
static weir_code compare_heads(merge_sort *sort, weir_error **err) {
    int32_t count = sort->merges_count;
    int32_t *left = weir_arena_alloc(sort->scratch, sizeof(int32_t) * ((size_t)count + 1));
    int32_t *right = weir_arena_alloc(sort->scratch, sizeof(int32_t) * ((size_t)count + 1));
    int32_t *rows = weir_arena_alloc(sort->scratch, sizeof(int32_t) * ((size_t)count + 1));
    for (int32_t k = 0; k < count; k++) {
        left[k] = sort->from[sort->merges[k].left];
        right[k] = sort->from[sort->merges[k].right];
        rows[k] = sort->merges[k].row;
    }
    _cleanup_column_ weir_column *a = NULL, *b = NULL, *order = NULL;
    weir_budget *budget = sort->call->eval->budget;
    WEIR_TRY(weir_column_gather(budget, sort->elements, right, count, &a, err));
    WEIR_TRY(weir_column_gather(budget, sort->elements, left, count, &b, err));
    weir_column *parameters[] = {a, b};
    WEIR_TRY(weir_lambda_eval(&sort->inner, 0, parameters, rows, count, &order, err));
    WEIR_TRY(advance(sort, order, err));
    weir_arena_reset(sort->scratch);
    return WEIR_OK;
}

static weir_code sort_by_comparator(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_flat_lists_ weir_flat_lists flat = {0};
    WEIR_TRY(weir_flat_lists_make(call, call->args[0], &flat, err));
    merge_sort sort _cleanup_(merge_sort_fini) = {0};
    WEIR_TRY(merge_sort_init(&sort, call, &flat, err));
    for (int32_t width = 1; plan_merges(&sort, width); width *= 2) {
        while (sort.merges_count > 0)
            WEIR_TRY(compare_heads(&sort, err));
        int32_t *other = sort.from;
        sort.from = sort.to;
        sort.to = other;
        if (width > INT32_MAX / 4)
            break;
    }
    weir_column *child;
    WEIR_TRY(weir_column_gather(call->eval->budget, sort.elements, sort.from, flat.count, &child, err));
    return weir_flat_lists_wrap(call, &flat, call->args[0], &child, ret, err);
}

static weir_code array_sort_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    const weir_lambda_bound *bound = call->bound;
    if (bound->lambdas_count > 0)
        return sort_by_comparator(call, ret, err);
    return sort_children(call, true, ret, err);
}

const weir_function weir_array_sort_functions[] = {
    {.name = "sort_array",
     .args_min = 1,
     .args_max = 2,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = resolve_sort_array,
     .eval = sort_array_kernel},
    {.name = "array_sort",
     .args_min = 1,
     .args_max = 2,
     .lambda_from = 1,
     .parameters = comparator_parameters,
     .resolve = resolve_array_sort,
     .eval = array_sort_kernel},
};
WEIR_FAMILY_COUNT(array_sort)
