/* Expression programs: bound expressions compiled once into a flat array of steps over registers and
 * selections; CASE, AND, OR, COALESCE evaluate their branches under narrowed selections, so errors
 * are raised for live rows only. Common sub-expressions are computed once. A program is immutable
 * and shared by threads; a run takes a weir_eval. */
#pragma once

#include "common/expr/kernel.h"
#include "common/plan/plan.h"

typedef struct weir_program weir_program;

/* `exprs` are resolved and bound (INPUT, no ATTRIBUTE). `sql` is the text that start/stop refer to, for
 * error contexts (may be empty). Lives in the arena. */
weir_code weir_program_compile(weir_arena *arena, weir_node *const *exprs, int32_t count,
                               const weir_timezone *zone, bool ansi, weir_str sql, const weir_program **ret,
                               weir_error **err);
/* Evaluates all expressions for the selected rows of `input` (any encoding). ret_columns[i] has
 * input->rows rows (FLAT, CONSTANT or DICTIONARY), one reference each for the caller. */
weir_code weir_program_eval(const weir_program *program, weir_eval *eval, const weir_batch *input,
                            const weir_sel *sel, weir_column **ret_columns, weir_error **err);
/* A filter: the selected rows for which expression 0 (BOOLEAN) is true, as indices in `ret_rows`
 * (room for sel->count); gives the count. */
weir_code weir_program_filter(const weir_program *program, weir_eval *eval, const weir_batch *input,
                              const weir_sel *sel, int32_t *ret_rows, int32_t *ret_count, weir_error **err);
/* One value: evaluates a resolved expression without inputs to a one-row column (constant folding). */
weir_code weir_expr_fold(weir_arena *arena, const weir_node *expr, const weir_timezone *zone, bool ansi,
                         weir_column **ret, weir_error **err);
/* A cast of a whole column, as the CAST node does it. */
weir_code weir_cast_column(weir_eval *eval, weir_column *column, const weir_type *to, weir_cast_mode mode,
                           const weir_sel *sel, weir_column **ret, weir_error **err);
