/* The kernel contract.
 *
 * A kernel sees FLAT or CONSTANT argument columns of `rows` rows and a selection, evaluates the
 * selected rows alone and returns a column of `rows` rows (or CONSTANT); what unselected rows hold is
 * unspecified but must be readable. A dictionary is served by the wrapper (evaluate the dictionary,
 * gather). Under ANSI an error belongs to its row: raise it only for a selected row. With
 * WEIR_FN_NULL_PROPAGATES no selected row has a NULL argument and the wrapper sets the result's
 * validity afterwards (a kernel may add nulls of its own). No per-row allocation, no per-row call
 * through a pointer. Kernels are pure: no global state; any thread. */
#pragma once

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/column/column.h"
#include "common/types/timezone.h"

/* What a kernel may know of its surroundings; one per task, not shared by threads. */
typedef struct weir_eval {
    weir_budget *budget;       /* of the task; result buffers are charged to it */
    weir_arena *arena;         /* batch lifetime: scratch */
    const weir_timezone *zone; /* spark.sql.session.timeZone */
    bool ansi;
    int64_t now_us; /* current_timestamp() of the micro-batch */
} weir_eval;

typedef struct weir_kernel_call {
    weir_eval *eval;
    const weir_type *type; /* result type */
    weir_column *const *args;
    int32_t args_count;
    int32_t rows;
    weir_sel sel;
    const void *bound;                 /* made by bind at compile time; read-only */
    const weir_query_context *context; /* where the expression stands in the SQL text; may be NULL */
} weir_kernel_call;

typedef weir_code (*weir_kernel_fn)(const weir_kernel_call *call, weir_column **ret, weir_error **err);
/* Compile-time preparation (a pattern from a literal argument): `literals[i]` is a one-row column where
 * argument i is a literal, else NULL. The result lives in `arena`. */
typedef weir_code (*weir_kernel_bind)(weir_arena *arena, const weir_type *type,
                                      const weir_type *const *arg_types, weir_column *const *literals,
                                      int32_t args_count, const weir_timezone *zone, bool ansi,
                                      const void **ret_bound, weir_error **err);
