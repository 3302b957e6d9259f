/* Windows (physical_int.h): rows of one partition meet in one task and come sorted by its keys, then by the
 * order; without keys all rows do. */
#include "driver/physical/physical_int.h"

static weir_node *ascending(weir_planner *p, weir_node *key) {
    weir_node_sort_order *order = WEIR_NODE_NEW(p->arena, SORT_ORDER, sort_order);
    order->child = key;
    order->ascending = order->nulls_first = true;
    order->node.type = key->type;
    order->node.nullable = key->nullable;
    order->node.resolved = true;
    return &order->node;
}

static void push_sort(weir_planner *p, const weir_node_window_exec *window) {
    weir_node_sort_exec *sort = WEIR_NODE_NEW(p->arena, SORT_EXEC, sort_exec);
    sort->child = p->current;
    for (int32_t i = 0; i < window->partition.count; i++)
        weir_node_list_add(p->arena, &sort->orders, ascending(p, window->partition.items[i]));
    for (int32_t i = 0; i < window->orders.count; i++)
        weir_node_list_add(p->arena, &sort->orders, window->orders.items[i]);
    if (sort->orders.count > 0)
        weir_plan_push(p, &sort->node, p->current->type);
}

weir_code weir_plan_window(weir_planner *p, weir_node_window *window, weir_error **err) {
    WEIR_TRY(weir_plan_refuse_in_stream(p, &window->node, err));
    WEIR_TRY(weir_plan_build(p, window->child, err));
    weir_node_window_exec *node = WEIR_NODE_NEW(p->arena, WINDOW_EXEC, window_exec);
    const weir_node_list *columns = &window->child->output;
    const weir_node_alias *first = WEIR_NODE_AS(window->exprs.items[0], ALIAS, alias);
    const weir_node_window_spec *spec =
        WEIR_NODE_AS(WEIR_NODE_AS(first->child, WINDOW_CALL, window_call)->spec, WINDOW_SPEC, window_spec);
    WEIR_TRY(weir_plan_bind_list(p, &spec->partition, columns, &node->partition, err));
    WEIR_TRY(weir_plan_bind_list(p, &spec->orders, columns, &node->orders, err));
    WEIR_TRY(weir_plan_bind_list(p, &window->exprs, columns, &node->calls, err));
    if (spec->partition.count > 0 && !p->is_single)
        WEIR_TRY(weir_plan_shuffle(p, &spec->partition, columns, err));
    else
        weir_plan_gather(p);
    push_sort(p, node);
    node->child = p->current;
    weir_plan_push(p, &node->node, window->node.type);
    return WEIR_OK;
}
