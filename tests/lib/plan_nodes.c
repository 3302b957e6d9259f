/* Bound plan nodes for operator tests (plan_nodes.h). */
#include "tests/lib/plan_nodes.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/expr/function.h"

weir_node *weir_test_input(weir_arena *arena, const weir_type *schema, int32_t ordinal) {
    weir_node_input *input = WEIR_NODE_NEW(arena, INPUT, input);
    input->ordinal = ordinal;
    input->node.type = schema->fields[ordinal].type;
    input->node.nullable = input->node.resolved = true;
    return &input->node;
}

weir_node *weir_test_aggregate(weir_arena *arena, const char *name, weir_node *const *args,
                               int32_t args_count, weir_node *filter) {
    weir_node_aggregate_call *call = WEIR_NODE_NEW(arena, AGGREGATE_CALL, aggregate_call);
    const weir_function *function = weir_function_find(weir_str_from(name));
    weir_resolve resolve = {.arena = arena, .ansi = true, .zone = weir_timezone_utc()};
    weir_error *err = NULL;
    weir_node *rewrite = NULL;
    call->function = function;
    call->args = weir_node_list_of(arena, args, args_count);
    call->filter = filter;
    call->node.resolved = true;
    if (!function || function->resolve(&resolve, function, call->args.items, args_count, &call->node.type,
                                       &call->node.nullable, &rewrite, &err) != WEIR_OK) {
        fprintf(stderr, "%s does not resolve: %s\n", name, err ? weir_error_text(err) : "unknown");
        abort();
    }
    return &call->node;
}

weir_node *weir_test_sort_order(weir_arena *arena, weir_node *child, bool ascending, bool nulls_first) {
    weir_node_sort_order *order = WEIR_NODE_NEW(arena, SORT_ORDER, sort_order);
    order->child = child;
    order->ascending = ascending;
    order->nulls_first = nulls_first;
    order->node.type = child->type;
    order->node.resolved = true;
    return &order->node;
}
