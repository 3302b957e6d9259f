/* Private to driver/physical: the planner's state and what its files share. A build function leaves the
 * pipeline of its relation in p->current; stages that are finished are in p->stages, each behind those that
 * it reads. */
#pragma once

#include "common/base/assert.h"
#include "driver/physical/physical.h"

typedef struct weir_planner {
    weir_arena *arena;
    const weir_physical_request *request;
    weir_physical *out;
    weir_node_list stages;
    weir_node *current;         /* top operator of the stage being built */
    bool is_single;             /* all of its rows are in one task */
    const weir_node_sort *sort; /* a limit is above it: */
    int64_t sort_limit;         /* how many rows are wanted of it */
    int32_t sources_capacity;
    bool watermark;
    weir_strbuf signature;
} weir_planner;

weir_code weir_plan_build(weir_planner *p, weir_node *relation, weir_error **err);
weir_code weir_plan_aggregate(weir_planner *p, weir_node_aggregate *node, weir_error **err);
weir_code weir_plan_union(weir_planner *p, weir_node_union *node, weir_error **err);
weir_code weir_plan_join(weir_planner *p, weir_node_join *node, weir_error **err);
weir_code weir_plan_window(weir_planner *p, weir_node_window *node, weir_error **err);
weir_code weir_plan_refuse_in_stream(const weir_planner *p, const weir_node *relation, weir_error **err);

/* Expressions over `output` (ATTRIBUTE nodes) as expressions over the columns of the pipeline. */
weir_code weir_plan_bind(weir_planner *p, weir_node *expr, const weir_node_list *output, weir_node **ret,
                         weir_error **err);
weir_code weir_plan_bind_list(weir_planner *p, const weir_node_list *exprs, const weir_node_list *output,
                              weir_node_list *ret, weir_error **err);
weir_node *weir_plan_unalias(weir_node *expr);

/* The next operator of the pipeline. */
void weir_plan_push(weir_planner *p, weir_node *node, const weir_type *type);
/* Ends the stage with an exchange and starts the next one behind it: by the groups of a PARTIAL_AGG with
 * keys_count keys, by bound `keys`, or, without either, in any one partition. */
void weir_plan_cut(weir_planner *p, int64_t keys_count, weir_node_list keys, int32_t partitions);
/* Rows with equal values of the expressions over `output` meet in one task. */
weir_code weir_plan_shuffle(weir_planner *p, const weir_node_list *exprs, const weir_node_list *output,
                            weir_error **err);
void weir_plan_gather(weir_planner *p); /* all rows in one task */
int32_t weir_plan_partitions(const weir_planner *p);
