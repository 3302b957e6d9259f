/* Aggregate functions: columnar accumulators indexed by dense group number.
 *
 * An aggregate keeps one or more state columns (its wire and state-store form), e.g. avg = (sum, count).
 * Accumulators for all groups of a table live in arrays that grow with the table. update takes argument
 * columns and a group number per selected row; merge takes state columns of another accumulator. Not
 * thread-safe: one table, one task. */
#pragma once

#include "common/expr/kernel.h"
#include "common/plan/plan.h"

#define WEIR_AGGREGATE_STATES_MAX 4

typedef struct weir_accumulator weir_accumulator; /* opaque per aggregate */

typedef struct weir_aggregate_ops {
    const char *name;
    /* State column types for these argument types and this result type; returns their count. */
    int32_t (*state_types)(weir_arena *arena, const weir_type *const *arg_types, int32_t args_count,
                           const weir_type *type, const weir_type **ret_types);
    weir_code (*create)(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count,
                        const weir_type *type, weir_accumulator **ret, weir_error **err);
    void (*destroy)(weir_accumulator *acc);
    /* Makes room for groups [0, groups_count); new ones start empty. */
    weir_code (*resize)(weir_accumulator *acc, int32_t groups_count, weir_error **err);
    /* groups[i] belongs to the i-th SELECTED row. */
    weir_code (*update)(weir_accumulator *acc, weir_eval *eval, weir_column *const *args,
                        int32_t args_count, int32_t rows, const weir_sel *sel, const int32_t *groups,
                        weir_error **err);
    weir_code (*merge)(weir_accumulator *acc, weir_eval *eval, weir_column *const *states,
                       const weir_sel *sel, const int32_t *groups, weir_error **err);
    /* State columns of groups [from, from + count). */
    weir_code (*states)(weir_accumulator *acc, weir_budget *budget, int32_t from, int32_t count,
                        weir_column **ret_states, weir_error **err);
    /* Final values of groups [from, from + count); ANSI errors (sum overflow) are raised here or in
     * update, as Spark raises them. */
    weir_code (*finish)(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                        weir_column **ret, weir_error **err);
} weir_aggregate_ops;
