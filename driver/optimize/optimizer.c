/* The rule loop (optimizer.h). Every pass walks the whole plan bottom-up; a pass that changes nothing ends
 * it. */
#include "driver/optimize/optimizer_int.h"

#define PASSES_MAX 50

static bool is_relation(const weir_node *node) {
    return weir_node_describe(node->kind).category != WEIR_NODE_EXPR;
}

static weir_code apply(weir_arena *arena, weir_node *node, void *data, weir_node **ret, weir_error **err) {
    return is_relation(node) ? weir_optimize_relation(arena, node, data, ret, err)
                             : weir_optimize_expr(arena, node, data, ret, err);
}

static weir_code run_rules(weir_arena *arena, weir_node **plan, const weir_optimizer_options *options,
                           weir_error **err) {
    for (int pass = 0; pass < PASSES_MAX; pass++) {
        weir_node *next;
        WEIR_TRY(weir_node_transform(arena, *plan, apply, (void *)(uintptr_t)options, &next, err));
        if (next == *plan)
            break;
        *plan = next;
    }
    return WEIR_OK;
}

weir_code weir_optimizer_run(weir_arena *arena, weir_node *plan, const weir_optimizer_options *options,
                             weir_node **ret, weir_error **err) {
    WEIR_TRY(run_rules(arena, &plan, options, err));
    WEIR_TRY(weir_optimize_distinct(arena, plan, options, &plan, err));
    WEIR_TRY(weir_optimize_window_keys(arena, plan, options, &plan, err));
    WEIR_TRY(weir_optimize_columns(arena, plan, &plan, err));
    /* Pruning leaves projections that do nothing any more. */
    WEIR_TRY(run_rules(arena, &plan, options, err));
    *ret = plan;
    return WEIR_OK;
}
