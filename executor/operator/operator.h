/* The operator interface: push model, a batch at a time, one chain per task.
 *
 *   spec      compiled once from a physical node (programs, types); immutable, shared by tasks and threads
 *   operator  one instance per task: open -> push* -> finish -> close
 *
 *   NEW --open--> OPEN --push--> OPEN --finish--> FINISHED --close--> (freed)
 *                   `-- any failure --> the task closes the whole chain; close is legal in every state
 *
 * push hands rows on by calling the next operator; finish flushes what an operator holds back and then
 * finishes the next one. The last operator of a chain is a collector made by the caller
 * (weir_collector_new) or a HASH_AGG whose groups the task takes with weir_hash_agg_emit.
 *
 * Batches are immutable and borrowed for the call: an operator that keeps one takes a reference. The
 * selection (ascending rows) is borrowed too. `eval->arena` is the batch arena: the head of the chain (the
 * task loop) resets it between pushes, and operators that emit many batches in finish reset it themselves;
 * nothing kept across calls may live there. All memory that grows with the data is charged to
 * `context->budget`; a refused charge is OUT_OF_MEMORY naming the operator and the budget.
 *
 * @thread task: every call of one chain comes from its task's thread. */
#pragma once

#include "common/base/env.h"
#include "common/column/column.h"
#include "common/expr/program.h"
#include "common/plan/plan.h"
#include "executor/state/state_store.h"

typedef struct weir_operator weir_operator;
typedef struct weir_operator_spec weir_operator_spec;

/* The end of a chain, and whoever reads another stage: gets every batch with its selection (see push). */
typedef weir_code (*weir_collect_fn)(void *data, weir_batch *batch, const weir_sel *sel, weir_error **err);

/* What the task gives to its operators; lives as long as the chain. */
typedef struct weir_operator_context {
    const weir_env *env;
    weir_budget *budget;     /* of the task */
    weir_arena *arena;       /* task lifetime */
    weir_eval *eval;         /* budget and batch arena in it */
    int32_t task_index;      /* of the task among those of its stage: the partition */
    weir_state_store *state; /* of the task's stateful operator and partition; NULL in stateless tasks */
    /* Gives the batches of a partition of an earlier stage, in the order of its tasks (the build side of a
     * join); `whole`: of its partition 0, which every task reads, else of the task's own. NULL where there
     * are none. */
    weir_code (*read_stage)(void *reader, int32_t stage, bool whole, const weir_type *schema,
                            weir_collect_fn take, void *data, weir_error **err);
    void *reader;
} weir_operator_context;

typedef enum weir_operator_state {
    WEIR_OPERATOR_NEW,
    WEIR_OPERATOR_OPEN,
    WEIR_OPERATOR_FINISHED
} weir_operator_state;

typedef struct weir_operator_ops {
    const char *name; /* "HashAggregate(partial)": in errors */
    /* Fills op->data. On failure close is called. */
    weir_code (*open)(weir_operator *op, weir_error **err);
    weir_code (*push)(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err);
    /* Flushes to the next operator; the framework then finishes that one. May be NULL. */
    weir_code (*finish)(weir_operator *op, weir_error **err);
    void (*close)(weir_operator *op); /* frees op->data; half-opened too */
    /* Its result does not depend on the order of rows between keys (HASH_AGG): expand need not interleave. */
    bool unordered;
} weir_operator_ops;

struct weir_operator_spec {
    const weir_operator_ops *ops;
    const weir_node *node;
    const weir_type *schema; /* STRUCT of the batches it emits; NULL = those it is given */
    const void *data;        /* of the operator: programs, types */
};

struct weir_operator {
    const weir_operator_ops *ops;
    const weir_operator_spec *spec;
    const weir_operator_context *context;
    weir_operator *next; /* borrowed: the caller closes every operator of the chain */
    weir_operator_state state;
    bool done; /* wants no more rows (LIMIT): see weir_operator_is_done */
    int64_t rows_in, rows_out;
    void *data;
};

/* Compiles one physical node (not its child): FILTER_EXEC, PROJECT_EXEC, EXPAND_EXEC, GENERATE_EXEC,
 * SAMPLE_EXEC, PARTIAL_AGG, FINAL_AGG, STATE_AGG, SORT_EXEC, LIMIT_EXEC, TAIL_EXEC, HASH_JOIN. `input` is the
 * STRUCT of the batches it will be given (the child's schema; for STATE_AGG that of SHUFFLE_READ). `sql` is
 * the query's text for error contexts. Lives in the arena. */
weir_code weir_operator_compile(weir_arena *arena, const weir_node *node, const weir_type *input,
                                const weir_timezone *zone, bool ansi, weir_str sql,
                                const weir_operator_spec **ret, weir_error **err);
/* `next` may be NULL for a HASH_AGG at the end of a map chain. The operator lives in context->arena. */
weir_code weir_operator_open(const weir_operator_spec *spec, const weir_operator_context *context,
                             weir_operator *next, weir_operator **ret, weir_error **err);
/* Empty selections are dropped here. sel NULL = all rows. */
weir_code weir_operator_push(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err);
weir_code weir_operator_finish(weir_operator *op, weir_error **err); /* the whole chain from here on */
void weir_operator_close(weir_operator *op); /* this one; accepts NULL, twice is fine */
/* True where this operator or one behind it wants no more rows. */
bool weir_operator_is_done(const weir_operator *op);

/* ---- chains ---- */
typedef struct weir_chain_spec {
    const weir_operator_spec **specs; /* from the leaf's consumer to the root */
    int32_t count;
    const weir_node *leaf;   /* SCAN or SHUFFLE_READ */
    const weir_type *input;  /* what the leaf gives */
    const weir_type *schema; /* what the root gives; for a PARTIAL_AGG at the root its partial schema */
} weir_chain_spec;
/* The SCAN and SHUFFLE_READ nodes of a physical tree, those of a UNION_EXEC child by child. */
weir_node_list weir_chain_leaves(weir_arena *arena, const weir_node *root);
/* Compiles a physical tree from one of its leaves to `root`; a SINK_WRITE or SHUFFLE_WRITE root is
 * passed over: what it does with the rows is the collector's business. */
weir_code weir_chain_compile(weir_arena *arena, const weir_node *root, const weir_node *leaf,
                             const weir_timezone *zone, bool ansi, weir_str sql, weir_chain_spec *ret,
                             weir_error **err);
typedef struct weir_chain {
    weir_operator **operators;
    int32_t count;
    weir_operator *head; /* push here; the collector where the chain has no operators */
    weir_operator *last; /* the operator at the root; NULL where there is none */
} weir_chain;
/* Opens all operators in front of `collector` (may be NULL where the root is a PARTIAL_AGG). On failure
 * nothing is left open. */
weir_code weir_chain_open(const weir_chain_spec *spec, const weir_operator_context *context,
                          weir_operator *collector, weir_chain *ret, weir_error **err);
void weir_chain_close(weir_chain *chain); /* not the collector */

/* The end of a chain. Nothing to close. */
weir_operator *weir_collector_new(weir_arena *arena, const weir_operator_context *context,
                                  weir_collect_fn take, void *data);

/* ---- for operators and collectors ---- */
weir_code weir_operator_emit(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err);
/* The selected rows as a dense batch of their own (a reference where all rows are selected). */
weir_code weir_operator_compact(weir_budget *budget, weir_batch *batch, const weir_sel *sel, weir_batch **ret,
                                weir_error **err);
/* OUT_OF_MEMORY naming the operator and the budget; keeps another failure as it is. */
weir_code weir_operator_refused(const weir_operator *op, weir_error **err);

/* ---- partial aggregation's output (hash_agg.c) ---- */
/* Reduce partition p of P owns the key groups [p*1024/P, (p+1)*1024/P). */
static inline int32_t weir_partition_group_from(int32_t partition, int32_t partitions) {
    return (int32_t)((int64_t)partition * WEIR_STATE_GROUPS / partitions);
}
static inline int32_t weir_partition_of_group(int32_t group, int32_t partitions) {
    int32_t partition = (int32_t)((int64_t)group * partitions / WEIR_STATE_GROUPS);
    while (partition + 1 < partitions && weir_partition_group_from(partition + 1, partitions) <= group)
        partition++;
    return partition;
}
/* Gives the groups of a finished PARTIAL_AGG, partition by partition in ascending order, within one in the
 * order in which the keys were first seen; none or several batches (at most `rows_max` rows each) a
 * partition. The batch is borrowed for the call; its schema is the spec's. */
typedef weir_code (*weir_hash_agg_take)(void *data, int32_t partition, weir_batch *batch, weir_error **err);
weir_code weir_hash_agg_emit(weir_operator *op, int32_t partitions, int32_t rows_max, weir_hash_agg_take take,
                             void *data, weir_error **err);
int32_t weir_hash_agg_groups(const weir_operator *op);

/* ---- state aggregation's store (state_agg.c) ---- */
/* What the store of a STATE_AGG spec must be made with: operator id and schemas, for the whole key range;
 * the caller narrows the key groups to its partition. Texts live in the arena. */
void weir_state_agg_describe(const weir_operator_spec *spec, weir_arena *arena, weir_state_spec *ret);
