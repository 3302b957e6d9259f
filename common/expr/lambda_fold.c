/* aggregate and its other name reduce: a fold from the first element to the last.
 *
 * Round k merges the k-th elements of all arrays that have one. The rows go in the order of their lengths,
 * longest first, so those of a round are always the first ones of the accumulator column; a row whose array
 * ends leaves its value behind. Scratch memory is that of one round. Runs on the task's thread. */
#include <stdlib.h>

#include "common/column/builder.h"
#include "common/expr/lambda_functions_int.h"
#include "common/expr/list_int.h"

/* ---- resolution ---- */
static weir_code fold_parameters(WEIR_PARAMETERS_PARAMS) {
    (void)function, (void)written;
    WEIR_TRY(weir_lambda_check_array(resolve, args, 0, err));
    ret[0] = (weir_lambda_parameter){args[1]->type, true};
    ret[1] = (weir_lambda_parameter){args[0]->type->element, args[0]->type->contains_null};
    *ret_count = index == 2 ? 2 : 1;
    return WEIR_OK;
}

static weir_code resolve_fold(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)ret_rewrite;
    if (!weir_type_same(args[1]->type, args[2]->type))
        return weir_fail_input_type(resolve, args, 2, weir_quoted_type(resolve->arena, args[1]->type), err);
    *ret_type = args_count > 3 ? args[3]->type : args[2]->type;
    *ret_nullable = args[0]->nullable || args_count < 4 || args[3]->nullable;
    return WEIR_OK;
}

/* ---- the fold ---- */
typedef struct fold_row {
    int32_t row, from, size;
} fold_row;

typedef struct fold {
    const weir_kernel_call *call;
    weir_kernel_call inner; /* the same with scratch of one round */
    weir_eval eval;
    weir_arena *scratch;
    weir_buffer *rows_buffer;
    fold_row *rows; /* live rows, longest array first */
    int32_t rows_count;
    weir_column *accumulator; /* of the first rows */
    weir_builder done;        /* results, shortest array first */
} fold;

static int by_size(const void *left, const void *right) {
    const fold_row *l = left, *r = right;
    if (l->size != r->size)
        return l->size < r->size ? 1 : -1;
    return (l->row > r->row) - (l->row < r->row);
}

static weir_code fold_init(fold *f, const weir_kernel_call *call, weir_error **err) {
    const weir_column *list = call->args[0];
    f->call = call;
    f->scratch = weir_arena_new();
    f->eval = *call->eval;
    f->eval.arena = f->scratch;
    f->inner = *call;
    f->inner.eval = &f->eval;
    f->rows_buffer = weir_buffer_new(call->eval->budget, sizeof(fold_row) * ((size_t)call->sel.count + 1));
    if (f->rows_buffer == NULL)
        return weir_error_oom(err);
    f->rows = (fold_row *)(void *)f->rows_buffer->data;
    WEIR_EACH(call, row) {
        if (weir_column_is_null(list, row))
            continue;
        weir_span span = weir_list_span(list, row);
        f->rows[f->rows_count++] = (fold_row){row, span.from, span.to - span.from};
    }
    qsort(f->rows, (size_t)f->rows_count, sizeof(fold_row), by_size);
    WEIR_TRY(weir_builder_init(&f->done, call->eval->budget, call->args[1]->type, f->rows_count, err));
    int32_t *rows = weir_arena_alloc(f->scratch, sizeof(int32_t) * ((size_t)f->rows_count + 1));
    for (int32_t k = 0; k < f->rows_count; k++)
        rows[k] = f->rows[k].row;
    return weir_column_gather(call->eval->budget, call->args[1], rows, f->rows_count, &f->accumulator, err);
}

static void fold_fini(fold *f) {
    weir_builder_fini(&f->done);
    weir_column_unref(f->accumulator);
    weir_buffer_unref(f->rows_buffer);
    weir_arena_free(f->scratch);
}

/* The rows from `live` on are done. */
static weir_code retire(fold *f, int32_t live, weir_error **err) {
    for (int32_t k = f->accumulator->length - 1; k >= live; k--)
        if (!weir_builder_copy(&f->done, f->accumulator, k))
            return weir_error_oom(err);
    weir_column *rest;
    WEIR_TRY(weir_column_slice(f->call->eval->budget, f->accumulator, 0, live, &rest, err));
    weir_column_unref(f->accumulator);
    f->accumulator = rest;
    return WEIR_OK;
}

static weir_code merge_round(fold *f, int32_t round, weir_error **err) {
    int32_t count = f->accumulator->length;
    int32_t *places = weir_arena_alloc(f->scratch, sizeof(int32_t) * ((size_t)count + 1));
    int32_t *parents = weir_arena_alloc(f->scratch, sizeof(int32_t) * ((size_t)count + 1));
    for (int32_t k = 0; k < count; k++) {
        places[k] = f->rows[k].from + round;
        parents[k] = f->rows[k].row;
    }
    _cleanup_column_ weir_column *element = NULL, *merged = NULL;
    WEIR_TRY(weir_column_gather(f->call->eval->budget, f->call->args[0]->children[0], places, count, &element,
                                err));
    weir_column *parameters[] = {f->accumulator, element};
    WEIR_TRY(weir_lambda_eval(&f->inner, 0, parameters, parents, count, &merged, err));
    weir_column_unref(f->accumulator);
    f->accumulator = weir_column_reshell(merged, f->call->args[1]->type);
    return WEIR_OK;
}

static weir_code run_rounds(fold *f, weir_error **err) {
    int32_t live = f->rows_count;
    for (int32_t round = 0;; round++) {
        while (live > 0 && f->rows[live - 1].size <= round)
            live--;
        if (live < f->accumulator->length)
            WEIR_TRY(retire(f, live, err));
        if (live == 0)
            return WEIR_OK;
        weir_arena_reset(f->scratch);
        WEIR_TRY(merge_round(f, round, err));
    }
}

/* The finished values under the last lambda, and each at its row. */
static weir_code fold_finish(fold *f, weir_column **ret, weir_error **err) {
    const weir_kernel_call *call = f->call;
    const weir_lambda_bound *bound = call->bound;
    _cleanup_column_ weir_column *values = NULL, *column = NULL;
    WEIR_TRY(weir_builder_finish(&f->done, &values, err));
    int32_t *parents = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * ((size_t)f->rows_count + 1));
    int32_t *places = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * ((size_t)call->rows + 1));
    memset(places, -1, sizeof(int32_t) * (size_t)call->rows);
    for (int32_t k = 0; k < f->rows_count; k++) {
        parents[k] = f->rows[f->rows_count - 1 - k].row;
        places[parents[k]] = k;
    }
    if (bound->lambdas_count > 1) {
        weir_column *finished;
        WEIR_TRY(weir_lambda_eval(call, 1, &values, parents, f->rows_count, &finished, err));
        weir_column_unref(values);
        values = finished;
    }
    WEIR_TRY(weir_column_gather(call->eval->budget, values, places, call->rows, &column, err));
    *ret = weir_column_reshell(column, call->type);
    return WEIR_OK;
}

static weir_code fold_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    fold f _cleanup_(fold_fini) = {0};
    WEIR_TRY(fold_init(&f, call, err));
    WEIR_TRY(run_rounds(&f, err));
    return fold_finish(&f, ret, err);
}

#define FOLD_FUNCTION(sql_name) \
    { \
        .name = sql_name, .args_min = 3, .args_max = 4, .lambda_from = 2, .parameters = fold_parameters, \
        .resolve = resolve_fold, .eval = fold_kernel \
    }

const weir_function weir_lambda_fold_functions[] = {FOLD_FUNCTION("aggregate"), FOLD_FUNCTION("reduce")};
WEIR_FAMILY_COUNT(lambda_fold)
