/* Private to common/expr: lambdas as sub-programs over flattened elements.
 *
 *   outer rows          flattened rows of the body            columns of the sub-program
 *   a = [1, 2], i = 7   element 1, parent 0                   0 .. parameters - 1: the parameters
 *   a = [],     i = 8   element 2, parent 0                   then the captured outer columns, expanded
 *   a = [5],    i = 9   element 5, parent 2                   by parent: i = 7, 7, 9
 *
 * A kernel of a higher-order function gets its collections as args[0 .. args_count of the bound) and behind
 * them the captured columns; call->bound is a weir_lambda_bound. It evaluates a body once over all elements
 * of the batch; only a fold (aggregate, a comparator) goes in rounds, each over all rows that are still in
 * it. */
#pragma once

#include "common/expr/expr_int.h"
#include "common/expr/program.h"

typedef struct weir_lambda {
    const weir_program *program;
    const weir_type *type;   /* of the body */
    const weir_type *schema; /* STRUCT of the sub-program's columns */
    int32_t parameters_count;
    int32_t captures_count;
    const int32_t *captures; /* positions among the captured columns of the call */
} weir_lambda;

typedef struct weir_lambda_bound {
    int32_t args_count; /* collections: where the captured columns begin */
    int32_t lambdas_count;
    const weir_lambda *lambdas;
} weir_lambda_bound;

/* ---- program_lambda.c ---- */
/* Compiles the lambdas of a call; gives the columns (INPUT nodes) that their bodies capture. */
weir_code weir_lambda_compile(weir_arena *arena, const weir_node_call *call, const weir_timezone *zone,
                              bool ansi, weir_str sql, const weir_lambda_bound **ret,
                              weir_node_list *ret_captures, weir_error **err);
/* Evaluates a body over `count` rows: `parameters` are columns of `count` rows (as many as the lambda has are
 * read), parents[k] is the row of the call that row k belongs to (NULL: row k itself). The result is FLAT, of
 * the body's type. */
weir_code weir_lambda_eval(const weir_kernel_call *call, int32_t lambda, weir_column *const *parameters,
                           const int32_t *parents, int32_t count, weir_column **ret, weir_error **err);

/* The elements of the live lists of a call, flattened in row order. */
typedef struct weir_flat_lists {
    int32_t count;
    const int32_t *parents;   /* row of the call of each element */
    const int32_t *positions; /* in the child column */
    const int32_t *offsets;   /* call->rows + 1: where the elements of each row begin */
    bool whole;               /* the elements are the child column as it is */
    weir_buffer *parents_buffer, *positions_buffer, *offsets_buffer;
} weir_flat_lists;
/* Lists that are NULL, or not selected, have no elements. Zero-initialise; fini in every case. */
weir_code weir_flat_lists_make(const weir_kernel_call *call, const weir_column *list, weir_flat_lists *ret,
                               weir_error **err);
void weir_flat_lists_fini(weir_flat_lists *flat);
#define _cleanup_flat_lists_ _cleanup_(weir_flat_lists_fini)
/* The elements of a child column of the lists, FLAT. */
weir_code weir_flat_lists_child(const weir_kernel_call *call, const weir_flat_lists *flat, weir_column *child,
                                weir_column **ret, weir_error **err);
/* The place of each element in its list, from 0. */
weir_code weir_flat_lists_index(const weir_kernel_call *call, const weir_flat_lists *flat, weir_column **ret,
                                weir_error **err);
/* ARRAY or MAP of call->type with these lists' lengths over `children` (takes, also on failure); NULL where
 * `list` is NULL. */
weir_code weir_flat_lists_wrap(const weir_kernel_call *call, const weir_flat_lists *flat,
                               const weir_column *list, weir_column *const *children, weir_column **ret,
                               weir_error **err);
/* A buffer of `count` int32; NULL with *err where the budget refuses. */
weir_buffer *weir_int_buffer(const weir_kernel_call *call, int64_t count, int32_t **ret, weir_error **err);
