/* Join rules (optimizer_int.h): filters move to the side that they read, or into the condition; what a
 * condition asks of one side alone becomes a filter of that side; a list of inner joins is put into an order
 * in which every relation has something to do with those before it, where there is one. */
#include "common/plan/conjuncts.h"
#include "driver/optimize/optimizer_int.h"

/* ---- filters above a join ---- */

static weir_node *filter_by(weir_arena *arena, weir_node *child, const weir_node_list *conjuncts) {
    if (conjuncts->count == 0)
        return child;
    weir_node_filter *filter = WEIR_NODE_NEW(arena, FILTER, filter);
    filter->child = child;
    filter->condition = weir_conjuncts_all(arena, conjuncts);
    filter->node.resolved = true;
    weir_optimize_set_output(arena, &filter->node, child->output);
    return &filter->node;
}

static bool is_inner(const weir_node_join *join) {
    return join->type == WEIR_JOIN_INNER || join->type == WEIR_JOIN_CROSS;
}

weir_node *weir_optimize_filter_join(weir_arena *arena, weir_node_filter *filter, weir_node_join *join) {
    weir_node_list all = {0}, left = {0}, right = {0}, both = {0}, stay = {0};
    bool to_left = join->type != WEIR_JOIN_RIGHT && join->type != WEIR_JOIN_FULL;
    bool to_right = is_inner(join) || join->type == WEIR_JOIN_RIGHT;
    weir_conjuncts_split(arena, filter->condition, &all);
    for (int32_t i = 0; i < all.count; i++) {
        weir_node *conjunct = all.items[i];
        bool fixed = !weir_optimize_is_deterministic(conjunct);
        weir_node_list *to = !fixed && to_left && weir_expr_reads_only(conjunct, &join->left->output) ? &left
                             : !fixed && to_right && weir_expr_reads_only(conjunct, &join->right->output)
                                 ? &right
                             : !fixed && is_inner(join) ? &both
                                                        : &stay;
        weir_node_list_add(arena, to, conjunct);
    }
    if (stay.count == all.count)
        return &filter->node;
    weir_node_join *copy = (weir_node_join *)weir_node_copy(arena, &join->node);
    copy->left = filter_by(arena, join->left, &left);
    copy->right = filter_by(arena, join->right, &right);
    if (both.count) {
        copy->condition = weir_conjuncts_and(arena, join->condition, weir_conjuncts_all(arena, &both));
        copy->type = WEIR_JOIN_INNER;
    }
    return filter_by(arena, &copy->node, &stay);
}

/* ---- what a condition asks of one side ---- */

static weir_node *push_condition(weir_arena *arena, weir_node_join *join) {
    weir_node_list all = {0}, left = {0}, right = {0}, stay = {0};
    int64_t type = join->type;
    bool to_left = is_inner(join) || type == WEIR_JOIN_RIGHT || type == WEIR_JOIN_SEMI;
    bool to_right = is_inner(join) || type == WEIR_JOIN_LEFT || type == WEIR_JOIN_SEMI ||
                    type == WEIR_JOIN_ANTI || type == WEIR_JOIN_EXISTENCE;
    weir_conjuncts_split(arena, join->condition, &all);
    for (int32_t i = 0; i < all.count; i++) {
        weir_node *conjunct = all.items[i];
        bool fixed = !weir_optimize_is_deterministic(conjunct);
        weir_node_list *to = !fixed && to_left && weir_expr_reads_only(conjunct, &join->left->output) ? &left
                             : !fixed && to_right && weir_expr_reads_only(conjunct, &join->right->output)
                                 ? &right
                                 : &stay;
        weir_node_list_add(arena, to, conjunct);
    }
    if (stay.count == all.count)
        return &join->node;
    weir_node_join *copy = (weir_node_join *)weir_node_copy(arena, &join->node);
    copy->left = filter_by(arena, join->left, &left);
    copy->right = filter_by(arena, join->right, &right);
    copy->condition = weir_conjuncts_all(arena, &stay);
    return &copy->node;
}

/* ---- the order of inner joins ---- */

typedef struct join_list {
    weir_node_list relations, conjuncts;
} join_list;

static void flatten(weir_arena *arena, weir_node *node, join_list *ret) {
    weir_node_join *join = node->kind == WEIR_NODE_JOIN ? WEIR_NODE_AS(node, JOIN, join) : NULL;
    if (!join || !is_inner(join) || join->hint.size) {
        weir_node_list_add(arena, &ret->relations, node);
        return;
    }
    flatten(arena, join->left, ret);
    flatten(arena, join->right, ret);
    if (join->condition)
        weir_conjuncts_split(arena, join->condition, &ret->conjuncts);
}

/* Does a conjunct read this relation and, else, only what is in `before`? */
static bool is_connected(const join_list *list, const weir_node *before, const weir_node *relation) {
    for (int32_t i = 0; i < list->conjuncts.count; i++) {
        weir_reading in_before = weir_expr_reading(list->conjuncts.items[i], &before->output);
        weir_reading in_relation = weir_expr_reading(list->conjuncts.items[i], &relation->output);
        if (in_before.any && in_relation.any)
            return true;
    }
    return false;
}

/* A relation that stands for all columns of the list so far. */
static weir_node_list joined_output(weir_arena *arena, const weir_node *left, const weir_node *right) {
    weir_node_list output = weir_node_list_of(arena, left->output.items, left->output.count);
    for (int32_t i = 0; i < right->output.count; i++)
        weir_node_list_add(arena, &output, right->output.items[i]);
    return output;
}

/* Joins `right` on; takes the conjuncts that can be asked now out of the list. */
static weir_node *join_next(weir_arena *arena, weir_node *left, weir_node *right, weir_node_list *conjuncts) {
    weir_node_join *join = WEIR_NODE_NEW(arena, JOIN, join);
    weir_node_list now = {0}, later = {0};
    join->left = left;
    join->right = right;
    join->node.resolved = true;
    weir_optimize_set_output(arena, &join->node, joined_output(arena, left, right));
    for (int32_t i = 0; i < conjuncts->count; i++) {
        bool ready = !weir_expr_reading(conjuncts->items[i], &join->node.output).outside;
        weir_node_list_add(arena, ready ? &now : &later, conjuncts->items[i]);
    }
    join->condition = weir_conjuncts_all(arena, &now);
    join->type = join->condition ? WEIR_JOIN_INNER : WEIR_JOIN_CROSS;
    *conjuncts = later;
    return &join->node;
}

static weir_node *project_back(weir_arena *arena, weir_node *child, const weir_node *as) {
    weir_node_project *project = WEIR_NODE_NEW(arena, PROJECT, project);
    project->child = child;
    project->exprs = as->output;
    project->node.resolved = true;
    weir_optimize_set_output(arena, &project->node, as->output);
    return &project->node;
}

/* The first relation, then always the first of those left that is connected with what is joined already. */
static weir_node *reorder(weir_arena *arena, weir_node_join *top) {
    join_list list = {0};
    flatten(arena, &top->node, &list);
    int32_t count = list.relations.count;
    for (int32_t i = 0; i < list.conjuncts.count; i++)
        if (!weir_optimize_is_deterministic(list.conjuncts.items[i]))
            return &top->node;
    if (count < 3)
        return &top->node;
    bool *used = WEIR_NEW_ARRAY(arena, bool, count);
    bool changed = false;
    weir_node *joined = list.relations.items[0];
    weir_node_list left = weir_node_list_of(arena, list.conjuncts.items, list.conjuncts.count);
    used[0] = true;
    for (int32_t n = 1; n < count; n++) {
        int32_t first = -1, next = -1;
        for (int32_t i = 1; i < count && next < 0; i++) {
            if (used[i])
                continue;
            first = first < 0 ? i : first;
            next = is_connected(&list, joined, list.relations.items[i]) ? i : -1;
        }
        next = next < 0 ? first : next;
        changed |= next != n;
        used[next] = true;
        joined = join_next(arena, joined, list.relations.items[next], &left);
    }
    return changed ? project_back(arena, joined, &top->node) : &top->node;
}

weir_node *weir_optimize_join(weir_arena *arena, weir_node_join *join) {
    if (join->condition) {
        weir_node *pushed = push_condition(arena, join);
        if (pushed != &join->node)
            return pushed;
    }
    return is_inner(join) && !join->hint.size ? reorder(arena, join) : &join->node;
}
