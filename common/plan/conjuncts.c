/* Conjuncts (conjuncts.h). */
#include "common/plan/conjuncts.h"

weir_node *weir_conjuncts_and(weir_arena *arena, weir_node *left, weir_node *right) {
    if (!left || !right)
        return left ? left : right;
    weir_node_and *both = WEIR_NODE_NEW(arena, AND, and);
    both->left = left;
    both->right = right;
    both->node.type = weir_type_of(WEIR_TYPE_BOOLEAN);
    both->node.nullable = left->nullable || right->nullable;
    both->node.resolved = true;
    return &both->node;
}

void weir_conjuncts_split(weir_arena *arena, weir_node *condition, weir_node_list *ret) {
    while (condition->kind == WEIR_NODE_AND) {
        weir_conjuncts_split(arena, WEIR_NODE_AS(condition, AND, and)->left, ret);
        condition = WEIR_NODE_AS(condition, AND, and)->right;
    }
    weir_node_list_add(arena, ret, condition);
}

weir_node *weir_conjuncts_all(weir_arena *arena, const weir_node_list *list) {
    weir_node *all = NULL;
    for (int32_t i = 0; i < list->count; i++)
        all = weir_conjuncts_and(arena, all, list->items[i]);
    return all;
}

typedef struct search {
    const weir_node_list *columns;
    weir_reading found;
} search;

static bool look_at(const weir_node *node, void *data) {
    search *s = data;
    if (node->kind != WEIR_NODE_ATTRIBUTE)
        return false;
    int64_t id = ((const weir_node_attribute *)node)->id;
    bool among = false;
    for (int32_t i = 0; i < s->columns->count && !among; i++)
        among = ((const weir_node_attribute *)s->columns->items[i])->id == id;
    s->found.any |= among;
    s->found.outside |= !among;
    return false;
}

weir_reading weir_expr_reading(const weir_node *expr, const weir_node_list *columns) {
    search s = {.columns = columns};
    weir_node_any(expr, look_at, &s);
    return s.found;
}
