/* Private to driver/optimize: what its files share. */
#pragma once

#include "common/expr/function.h"
#include "driver/optimize/optimizer.h"

/* One step on one node whose children are done already; *ret is the node itself where nothing applies. */
weir_code weir_optimize_expr(weir_arena *arena, weir_node *node, const weir_optimizer_options *options,
                             weir_node **ret, weir_error **err);
weir_code weir_optimize_relation(weir_arena *arena, weir_node *node, const weir_optimizer_options *options,
                                 weir_node **ret, weir_error **err);
/* One step on a join, and on a filter above one (optimize_join.c); the node itself where nothing applies. */
weir_node *weir_optimize_join(weir_arena *arena, weir_node_join *join);
weir_node *weir_optimize_filter_join(weir_arena *arena, weir_node_filter *filter, weir_node_join *join);
/* What a filter over a GENERATE asks of the columns below alone goes below it; *ret is the filter where
 * nothing does. */
weir_code weir_optimize_filter_generate(weir_arena *arena, weir_node_filter *filter, weir_node **ret,
                                        weir_error **err);
/* Groups by the start of a time window instead of its (start, end) struct. */
weir_code weir_optimize_window_keys(weir_arena *arena, weir_node *plan, const weir_optimizer_options *options,
                                    weir_node **ret, weir_error **err);
/* Distinct aggregates become two aggregations of plain ones. */
weir_code weir_optimize_distinct(weir_arena *arena, weir_node *plan, const weir_optimizer_options *options,
                                 weir_node **ret, weir_error **err);
/* Drops columns that nobody reads, from the top down to the sources. */
weir_code weir_optimize_columns(weir_arena *arena, weir_node *plan, weir_node **ret, weir_error **err);

bool weir_optimize_is_deterministic(const weir_node *expr);
/* Replaces references to the named expressions (ALIAS or ATTRIBUTE) by what they stand for. */
weir_code weir_optimize_substitute(weir_arena *arena, weir_node *expr, const weir_node_list *named,
                                   weir_node **ret, weir_error **err);
int64_t weir_optimize_id(const weir_node *named); /* of an ALIAS or ATTRIBUTE */
/* Sets output and type of a relation from ATTRIBUTE nodes. */
void weir_optimize_set_output(weir_arena *arena, weir_node *relation, weir_node_list output);
