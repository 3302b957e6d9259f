/* Filters over generators (optimizer_int.h): a row that goes anyway is not worth repeating, so the parts of
 * the condition that read none of the generator's columns are asked of the rows below. */
#include "common/plan/conjuncts.h"
#include "driver/optimize/optimizer_int.h"

weir_code weir_optimize_filter_generate(weir_arena *arena, weir_node_filter *filter, weir_node **ret,
                                        weir_error **err) {
    weir_node_generate *generate = WEIR_NODE_AS(filter->child, GENERATE, generate);
    weir_node *above = NULL, *below = NULL;
    weir_node_list conjuncts = {0};
    (void)err;
    *ret = &filter->node;
    if (!weir_optimize_is_deterministic(filter->condition) ||
        !weir_optimize_is_deterministic(generate->generator))
        return WEIR_OK;
    weir_conjuncts_split(arena, filter->condition, &conjuncts);
    for (int32_t i = 0; i < conjuncts.count; i++) {
        weir_node **side = weir_expr_reading(conjuncts.items[i], &generate->attributes).any ? &above : &below;
        *side = weir_conjuncts_and(arena, *side, conjuncts.items[i]);
    }
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
