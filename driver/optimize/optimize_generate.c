/* Filters over generators (optimizer_int.h): a row that goes anyway is not worth repeating, so the parts of
 * the condition that read none of the generator's columns are asked of the rows below. */
#include "driver/optimize/optimizer_int.h"

static bool reads_generated(const weir_node *node, void *data) {
    const weir_node_generate *generate = data;
    if (node->kind != WEIR_NODE_ATTRIBUTE)
        return false;
    for (int32_t i = 0; i < generate->attributes.count; i++)
        if (weir_optimize_id(generate->attributes.items[i]) == weir_optimize_id(node))
            return true;
    return false;
}

static weir_node *both(weir_arena *arena, weir_node *left, weir_node *right) {
    if (!left)
        return right;
    weir_node_and *made = WEIR_NODE_NEW(arena, AND, and);
    made->left = left;
    made->right = right;
    made->node.type = weir_type_of(WEIR_TYPE_BOOLEAN);
    made->node.nullable = left->nullable || right->nullable;
    made->node.resolved = true;
    return &made->node;
}

/* Adds each operand of the ANDs to one side or the other. */
static void split(weir_arena *arena, weir_node_generate *generate, weir_node *condition, weir_node **above,
                  weir_node **below) {
    while (condition->kind == WEIR_NODE_AND) {
        split(arena, generate, WEIR_NODE_AS(condition, AND, and)->left, above, below);
        condition = WEIR_NODE_AS(condition, AND, and)->right;
    }
    weir_node **side = weir_node_any(condition, reads_generated, generate) ? above : below;
    *side = both(arena, *side, condition);
}

weir_code weir_optimize_filter_generate(weir_arena *arena, weir_node_filter *filter, weir_node **ret,
                                        weir_error **err) {
    weir_node_generate *generate = WEIR_NODE_AS(filter->child, GENERATE, generate);
    weir_node *above = NULL, *below = NULL;
    (void)err;
    *ret = &filter->node;
    if (!weir_optimize_is_deterministic(filter->condition) ||
        !weir_optimize_is_deterministic(generate->generator))
        return WEIR_OK;
    split(arena, generate, filter->condition, &above, &below);
    if (!below)
        return WEIR_OK;
    weir_node_filter *inner = (weir_node_filter *)weir_node_copy(arena, &filter->node);
    weir_node_generate *copy = (weir_node_generate *)weir_node_copy(arena, &generate->node);
    inner->condition = below;
    inner->child = generate->child;
    weir_optimize_set_output(arena, &inner->node, generate->child->output);
    copy->child = &inner->node;
    *ret = &copy->node;
    if (!above)
        return WEIR_OK;
    weir_node_filter *outer = (weir_node_filter *)weir_node_copy(arena, &filter->node);
    outer->condition = above;
    outer->child = &copy->node;
    *ret = &outer->node;
    return WEIR_OK;
}
