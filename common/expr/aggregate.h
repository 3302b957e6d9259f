/* Aggregate functions: columnar accumulators indexed by dense group number.
 *
 * An aggregate keeps one or more state columns (its wire and state-store form), e.g. avg = (sum, count).
 * Accumulators for all groups of a table live in arrays that grow with the table. update takes argument
 * columns (FLAT or CONSTANT) and a group number per selected row; merge takes state columns of another
 * accumulator. Not thread-safe: one table, one task.
 *
 * Merging is exact for every split of the rows; where the order of merging shows in the result
 * (`ordered`: first, last, max_by; and the rounding of floating-point sums) the caller merges earlier
 * rows first. */
#pragma once

#include "common/expr/kernel.h"
#include "common/plan/plan.h"

#define WEIR_AGGREGATE_STATES_MAX 6
#define WEIR_AGGREGATE_ARGS_MAX 64

typedef struct weir_accumulator weir_accumulator; /* opaque per aggregate */

typedef struct weir_aggregate_ops {
    const char *name;
    /* Swapping the two sides of a merge may change the result: earlier state must come first. */
    bool ordered;
    bool
        ordered_reals; /* the same where values hold floating-point numbers: -0.0 equals 0.0 and is another */
    /* State column types for these argument types and this result type; returns their count. */
    int32_t (*state_types)(weir_arena *arena, const weir_type *const *arg_types, int32_t args_count,
                           const weir_type *type, const weir_type **ret_types);
    weir_code (*create)(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count,
                        const weir_type *type, weir_accumulator **ret, weir_error **err);
    /* Once behind create: literals[i] is a one-row column where argument i is a literal, else NULL; kept by
     * the plan. May be NULL. */
    weir_code (*configure)(weir_accumulator *acc, weir_column *const *literals, int32_t args_count,
                           weir_error **err);
    void (*destroy)(weir_accumulator *acc); /* accepts NULL */
    /* Makes room for groups [0, groups_count); new ones start empty. Never shrinks. */
    weir_code (*resize)(weir_accumulator *acc, int32_t groups_count, weir_error **err);
    /* groups[i] belongs to the i-th SELECTED row. */
    weir_code (*update)(weir_accumulator *acc, weir_eval *eval, weir_column *const *args, int32_t args_count,
                        int32_t rows, const weir_sel *sel, const int32_t *groups, weir_error **err);
    weir_code (*merge)(weir_accumulator *acc, weir_eval *eval, weir_column *const *states,
                       const weir_sel *sel, const int32_t *groups, weir_error **err);
    /* State columns of groups [from, from + count). Their types are those of state_types: they are
     * borrowed by the columns, so the caller passes the same `state_types` it keeps. */
    weir_code (*states)(weir_accumulator *acc, weir_budget *budget, const weir_type *const *state_types,
                        int32_t from, int32_t count, weir_column **ret_states, weir_error **err);
    /* Final values of groups [from, from + count); ANSI errors (sum overflow) are raised here or in
     * update, as Spark raises them. */
    weir_code (*finish)(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                        weir_column **ret, weir_error **err);
} weir_aggregate_ops;

/* ---- what plans need (aggregate_plan.c) ---- */

/* Refuses what the engine cannot run: DISTINCT, unknown aggregates. `call` is an AGGREGATE_CALL. */
weir_code weir_aggregate_check(const weir_node *call, weir_error **err);
/* What the call gives without a row: a NULL literal, 0, or an empty array. */
weir_code weir_aggregate_empty(weir_arena *arena, const weir_node *call, weir_node **ret, weir_error **err);
/* State column types of one call; returns their count (at most WEIR_AGGREGATE_STATES_MAX). */
int32_t weir_aggregate_state_types(weir_arena *arena, const weir_node *call, const weir_type **ret_types);
/* What a partial aggregation sends to the shuffle: STRUCT of the keys ("key0", ...) and the state columns
 * of every aggregate ("state0_0", ...). SHUFFLE_READ.schema is this type. */
const weir_type *weir_aggregate_partial_schema(weir_arena *arena, weir_node_list keys,
                                               weir_node_list aggregates);
/* What the state aggregation gives: STRUCT of the keys ("key0", ...) and one result per aggregate
 * ("agg0", ...); STATE_AGG's own type. */
const weir_type *weir_aggregate_final_schema(weir_arena *arena, weir_node_list keys,
                                             weir_node_list aggregates);
