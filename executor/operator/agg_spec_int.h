/* What the partial, the final and the state aggregation share: the compiled aggregates and their
 * accumulators. Private to the folder. */
#pragma once

#include "common/expr/aggregate.h"
#include "executor/operator/group_table.h"
#include "executor/operator/operator_int.h"

typedef struct weir_agg_call {
    const weir_aggregate_ops *ops;
    const weir_type *type;
    int32_t args_count;
    const weir_type *arg_types[WEIR_AGGREGATE_ARGS_MAX];
    weir_column
        *literals[WEIR_AGGREGATE_ARGS_MAX]; /* of arguments that are literals; borrowed from the plan */
    int32_t states_count;
    const weir_type *state_types[WEIR_AGGREGATE_STATES_MAX];
    int32_t state_from;         /* its first state among all */
    int32_t args_from;          /* first argument in the common program's results */
    const weir_program *filter; /* FILTER (WHERE ...) or NULL */
    const weir_program *args;   /* with a filter: arguments, evaluated for its rows alone */
} weir_agg_call;

typedef struct weir_agg_spec {
    int32_t keys_count;
    const weir_type **key_types;
    int32_t calls_count;
    weir_agg_call *calls;
    int32_t states_count;        /* of all calls */
    bool ordered;                /* some call's merge depends on the order */
    int64_t operator_id;         /* STATE_AGG */
    bool complete;               /* STATE_AGG */
    const weir_program *program; /* PARTIAL_AGG: keys, then the arguments of calls without filter */
    int32_t program_count;
} weir_agg_spec;

/* Types and states of AGGREGATE_CALLs; refuses what cannot run. */
weir_code weir_agg_spec_calls(const weir_operator_compiler *compiler, weir_node_list aggregates,
                              weir_agg_spec *spec, weir_error **err);

/* Fills `data` and the operator's spec for an aggregation whose input is what a partial one sends. */
weir_code weir_agg_spec_merging(const weir_operator_compiler *compiler, int32_t keys_count,
                                weir_node_list aggregates, weir_agg_spec *data, weir_operator_spec *spec,
                                weir_error **err);

/* One accumulator per call. */
typedef struct weir_agg_accs {
    const weir_agg_spec *spec;
    weir_accumulator **items;
} weir_agg_accs;
weir_code weir_agg_accs_init(weir_agg_accs *accs, const weir_agg_spec *spec, weir_budget *budget,
                             weir_error **err);
void weir_agg_accs_fini(weir_agg_accs *accs);
weir_code weir_agg_accs_resize(weir_agg_accs *accs, int32_t groups, weir_error **err);
/* `states`: states_count columns of any encoding but DICTIONARY. */
weir_code weir_agg_accs_merge(weir_agg_accs *accs, weir_eval *eval, weir_column *const *states,
                              const weir_sel *sel, const int32_t *groups, weir_error **err);
/* State columns of groups [from, from + count), one reference each; on failure none. */
weir_code weir_agg_accs_states(weir_agg_accs *accs, weir_budget *budget, int32_t from, int32_t count,
                               weir_column **ret, weir_error **err);
/* Final columns (calls_count). */
weir_code weir_agg_accs_finish(weir_agg_accs *accs, weir_eval *eval, int32_t from, int32_t count,
                               weir_column **ret, weir_error **err);

/* ---- the groups of one operator (agg_groups.c) ---- */
/* op->data of the aggregations: keys, accumulators by group number, and scratch. */
typedef struct weir_agg_groups {
    weir_agg_accs accs;
    weir_group_table table;
    weir_rows rows;
    weir_buffer *numbers; /* int32_t per selected row of the batch */
    int32_t count;
} weir_agg_groups;
/* Fills op->data. Without keys there is one group from the start, where this partition owns it. */
weir_code weir_agg_groups_open(weir_operator *op, bool has_global_row, weir_error **err);
void weir_agg_groups_close(weir_operator *op);
/* Group numbers of the selected rows, valid until the next call; new keys get the next numbers. */
weir_code weir_agg_groups_find(weir_operator *op, weir_column *const *keys, const weir_sel *sel,
                               const int32_t **ret, weir_error **err);
/* Push of the merging aggregations: a batch of keys and states as the partial one sends them. */
weir_code weir_agg_groups_merge(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err);
