/* Column pruning (optimizer_int.h): walks down with the ids that are read above and rebuilds each relation
 * without the others. Orders stay; a source keeps one column at least, since rows must be counted. */
#include "driver/optimize/optimizer_int.h"

typedef struct id_set {
    weir_arena *arena;
    int64_t *ids;
    int32_t count, capacity;
} id_set;

static bool has_id(const id_set *set, int64_t id) {
    for (int32_t i = 0; i < set->count; i++)
        if (set->ids[i] == id)
            return true;
    return false;
}

static void add_id(id_set *set, int64_t id) {
    if (has_id(set, id))
        return;
    if (set->count == set->capacity) {
        set->capacity = set->capacity ? set->capacity * 2 : 32;
        int64_t *ids = WEIR_NEW_ARRAY(set->arena, int64_t, set->capacity);
        if (set->count)
            memcpy(ids, set->ids, sizeof *ids * (size_t)set->count);
        set->ids = ids;
    }
    set->ids[set->count++] = id;
}

static bool collect_id(const weir_node *node, void *data) {
    if (node->kind == WEIR_NODE_ATTRIBUTE)
        add_id(data, WEIR_NODE_AS(node, ATTRIBUTE, attribute)->id);
    return false;
}

static void collect(id_set *set, const weir_node *expr) {
    weir_node_any(expr, collect_id, set);
}

static void collect_list(id_set *set, const weir_node_list *list) {
    for (int32_t i = 0; i < list->count; i++)
        collect(set, list->items[i]);
}

static id_set copy_set(const id_set *set) {
    id_set copy = {.arena = set->arena};
    for (int32_t i = 0; i < set->count; i++)
        add_id(&copy, set->ids[i]);
    return copy;
}

static weir_node_list keep_needed(weir_arena *arena, const weir_node_list *list, const id_set *needed) {
    weir_node_list kept = {0};
    for (int32_t i = 0; i < list->count; i++)
        if (has_id(needed, weir_optimize_id(list->items[i])))
            weir_node_list_add(arena, &kept, list->items[i]);
    return kept;
}

static weir_node *prune(weir_arena *arena, weir_node *node, const id_set *needed);

static weir_node *prune_project(weir_arena *arena, weir_node_project *node, const id_set *needed) {
    weir_node_project *copy = (weir_node_project *)weir_node_copy(arena, &node->node);
    id_set below = {.arena = arena};
    copy->exprs = keep_needed(arena, &node->exprs, needed);
    collect_list(&below, &copy->exprs);
    copy->child = prune(arena, node->child, &below);
    weir_optimize_set_output(arena, &copy->node, keep_needed(arena, &node->node.output, needed));
    return &copy->node;
}

static weir_node *prune_aggregate(weir_arena *arena, weir_node_aggregate *node, const id_set *needed) {
    weir_node_aggregate *copy = (weir_node_aggregate *)weir_node_copy(arena, &node->node);
    id_set below = {.arena = arena};
    copy->aggregates = keep_needed(arena, &node->aggregates, needed);
    collect_list(&below, &copy->aggregates);
    collect_list(&below, &node->grouping);
    copy->child = prune(arena, node->child, &below);
    weir_optimize_set_output(arena, &copy->node, keep_needed(arena, &node->node.output, needed));
    return &copy->node;
}

static weir_node *prune_expand(weir_arena *arena, weir_node_expand *node, const id_set *needed) {
    weir_node_expand *copy = (weir_node_expand *)weir_node_copy(arena, &node->node);
    id_set below = {.arena = arena};
    copy->attributes = keep_needed(arena, &node->attributes, needed);
    copy->projections = weir_node_list_new(arena, node->projections.count);
    for (int32_t p = 0; p < node->projections.count; p++) {
        weir_node_expr_list *from = WEIR_NODE_AS(node->projections.items[p], EXPR_LIST, expr_list);
        weir_node_expr_list *to = WEIR_NODE_NEW(arena, EXPR_LIST, expr_list);
        for (int32_t i = 0; i < from->items.count; i++)
            if (has_id(needed, weir_optimize_id(node->attributes.items[i])))
                weir_node_list_add(arena, &to->items, from->items.items[i]);
        collect_list(&below, &to->items);
        copy->projections.items[p] = &to->node;
    }
    copy->child = prune(arena, node->child, &below);
    weir_optimize_set_output(arena, &copy->node, keep_needed(arena, &node->node.output, needed));
    return &copy->node;
}

/* What is not read above is not repeated; the generator's input is not either, where it alone reads it. */
static weir_node *prune_generate(weir_arena *arena, weir_node_generate *node, const id_set *needed) {
    weir_node_generate *copy = (weir_node_generate *)weir_node_copy(arena, &node->node);
    id_set below = copy_set(needed);
    collect(&below, node->generator);
    copy->child = prune(arena, node->child, &below);
    weir_optimize_set_output(arena, &copy->node, keep_needed(arena, &node->node.output, needed));
    return &copy->node;
}

/* What nobody reads of the windows is not computed; without any the operator goes. */
static weir_node *prune_window(weir_arena *arena, weir_node_window *node, const id_set *needed) {
    weir_node_window *copy = (weir_node_window *)weir_node_copy(arena, &node->node);
    id_set below = copy_set(needed);
    copy->exprs = keep_needed(arena, &node->exprs, needed);
    collect_list(&below, &copy->exprs);
    copy->child = prune(arena, node->child, &below);
    if (copy->exprs.count == 0)
        return copy->child;
    weir_node_list output = weir_node_list_of(arena, copy->child->output.items, copy->child->output.count);
    for (int32_t i = node->child->output.count; i < node->node.output.count; i++)
        if (has_id(needed, weir_optimize_id(node->node.output.items[i])))
            weir_node_list_add(arena, &output, node->node.output.items[i]);
    weir_optimize_set_output(arena, &copy->node, output);
    return &copy->node;
}

/* The cheapest column to keep where none is read. */
static int32_t smallest_column(const weir_node_list *output) {
    int32_t best = 0;
    for (int32_t i = 1; i < output->count; i++) {
        int32_t width = weir_type_width(output->items[i]->type),
                best_width = weir_type_width(output->items[best]->type);
        if (width > 0 && (best_width == 0 || width < best_width))
            best = i;
    }
    return best;
}

static weir_node *prune_source(weir_arena *arena, weir_node *node, const id_set *needed) {
    weir_node_list kept = keep_needed(arena, &node->output, needed);
    if (kept.count == node->output.count)
        return node;
    if (kept.count == 0)
        weir_node_list_add(arena, &kept, node->output.items[smallest_column(&node->output)]);
    weir_node *copy = weir_node_copy(arena, node);
    weir_optimize_set_output(arena, copy, kept);
    return copy;
}

/* FILTER, SAMPLE, SORT, LIMIT, OFFSET, TAIL, REPARTITION, WATERMARK: the child's columns pass through.
 * `needed` holds their own already. */
static weir_node *prune_through(weir_arena *arena, weir_node *copy, weir_node **child, const id_set *needed) {
    *child = prune(arena, *child, needed);
    weir_optimize_set_output(arena, copy, (*child)->output);
    return copy;
}

/* Both sides without what nobody reads; the output is what is left of it, in its order. */
static weir_node *prune_join(weir_arena *arena, weir_node_join *node, const id_set *needed) {
    weir_node_join *copy = (weir_node_join *)weir_node_copy(arena, &node->node);
    id_set below = copy_set(needed), kept = {.arena = arena};
    if (node->condition)
        collect(&below, node->condition);
    copy->left = prune(arena, node->left, &below);
    copy->right = prune(arena, node->right, &below);
    collect_list(&kept, &copy->left->output);
    collect_list(&kept, &copy->right->output);
    if (node->type == WEIR_JOIN_EXISTENCE)
        add_id(&kept, weir_optimize_id(node->node.output.items[node->node.output.count - 1]));
    weir_optimize_set_output(arena, &copy->node, keep_needed(arena, &node->node.output, &kept));
    return &copy->node;
}

static bool same_columns(const weir_node_list *a, const weir_node_list *b) {
    bool same = a->count == b->count;
    for (int32_t i = 0; same && i < a->count; i++)
        same = weir_optimize_id(a->items[i]) == weir_optimize_id(b->items[i]);
    return same;
}

/* Columns meet by position: every child gives exactly those that are kept. */
static weir_node *prune_union(weir_arena *arena, weir_node_union *node, const id_set *needed) {
    weir_node_union *copy = (weir_node_union *)weir_node_copy(arena, &node->node);
    weir_node_list output = keep_needed(arena, &node->node.output, needed);
    if (output.count == 0 && node->node.output.count)
        weir_node_list_add(arena, &output, node->node.output.items[smallest_column(&node->node.output)]);
    id_set kept = {.arena = arena};
    collect_list(&kept, &output);
    copy->children = weir_node_list_new(arena, node->children.count);
    for (int32_t c = 0; c < node->children.count; c++) {
        weir_node_list columns = {0};
        for (int32_t i = 0; i < node->node.output.count; i++)
            if (has_id(&kept, weir_optimize_id(node->node.output.items[i])))
                weir_node_list_add(arena, &columns, node->children.items[c]->output.items[i]);
        id_set below = {.arena = arena};
        collect_list(&below, &columns);
        weir_node *child = prune(arena, node->children.items[c], &below);
        copy->children.items[c] = child;
        if (same_columns(&child->output, &columns))
            continue;
        weir_node_project *project = WEIR_NODE_NEW(arena, PROJECT, project);
        project->child = child;
        project->exprs = columns;
        project->node.resolved = true;
        weir_optimize_set_output(arena, &project->node, columns);
        copy->children.items[c] = &project->node;
    }
    weir_optimize_set_output(arena, &copy->node, output);
    return &copy->node;
}

static void need_watermark_column(id_set *needed, const weir_node_watermark *node) {
    for (int32_t i = 0; i < node->child->output.count; i++) {
        const weir_node_attribute *column = WEIR_NODE_AS(node->child->output.items[i], ATTRIBUTE, attribute);
        if (weir_str_equal_nocase(column->name, node->column))
            add_id(needed, column->id);
    }
}

static weir_node *prune(weir_arena *arena, weir_node *node, const id_set *needed) {
    id_set below = copy_set(needed);
    weir_node *copy = weir_node_copy(arena, node);
    switch (node->kind) {
    case WEIR_NODE_PROJECT:
        return prune_project(arena, WEIR_NODE_AS(node, PROJECT, project), needed);
    case WEIR_NODE_AGGREGATE:
        return prune_aggregate(arena, WEIR_NODE_AS(node, AGGREGATE, aggregate), needed);
    case WEIR_NODE_EXPAND:
        return prune_expand(arena, WEIR_NODE_AS(node, EXPAND, expand), needed);
    case WEIR_NODE_GENERATE:
        return prune_generate(arena, WEIR_NODE_AS(node, GENERATE, generate), needed);
    case WEIR_NODE_WINDOW:
        return prune_window(arena, WEIR_NODE_AS(node, WINDOW, window), needed);
    case WEIR_NODE_SOURCE:
        return prune_source(arena, node, needed);
    case WEIR_NODE_JOIN:
        return prune_join(arena, WEIR_NODE_AS(node, JOIN, join), needed);
    case WEIR_NODE_UNION:
        return prune_union(arena, WEIR_NODE_AS(node, UNION, union), needed);
    case WEIR_NODE_FILTER:
        collect(&below, WEIR_NODE_AS(node, FILTER, filter)->condition);
        return prune_through(arena, copy, &WEIR_NODE_AS(copy, FILTER, filter)->child, &below);
    case WEIR_NODE_SAMPLE:
        collect(&below, WEIR_NODE_AS(node, SAMPLE, sample)->upper);
        return prune_through(arena, copy, &WEIR_NODE_AS(copy, SAMPLE, sample)->child, &below);
    case WEIR_NODE_SORT:
        collect_list(&below, &WEIR_NODE_AS(node, SORT, sort)->orders);
        return prune_through(arena, copy, &WEIR_NODE_AS(copy, SORT, sort)->child, &below);
    case WEIR_NODE_LIMIT:
        return prune_through(arena, copy, &WEIR_NODE_AS(copy, LIMIT, limit)->child, &below);
    case WEIR_NODE_OFFSET:
        return prune_through(arena, copy, &WEIR_NODE_AS(copy, OFFSET, offset)->child, &below);
    case WEIR_NODE_TAIL:
        return prune_through(arena, copy, &WEIR_NODE_AS(copy, TAIL, tail)->child, &below);
    case WEIR_NODE_REPARTITION:
        collect_list(&below, &WEIR_NODE_AS(node, REPARTITION, repartition)->exprs);
        return prune_through(arena, copy, &WEIR_NODE_AS(copy, REPARTITION, repartition)->child, &below);
    case WEIR_NODE_WATERMARK:
        need_watermark_column(&below, WEIR_NODE_AS(node, WATERMARK, watermark));
        return prune_through(arena, copy, &WEIR_NODE_AS(copy, WATERMARK, watermark)->child, &below);
    default:
        return node;
    }
}

weir_code weir_optimize_columns(weir_arena *arena, weir_node *plan, weir_node **ret, weir_error **err) {
    id_set needed = {.arena = arena};
    for (int32_t i = 0; i < plan->output.count; i++)
        add_id(&needed, WEIR_NODE_AS(plan->output.items[i], ATTRIBUTE, attribute)->id);
    weir_node *pruned = prune(arena, plan, &needed);
    *ret = pruned;
    if (pruned->output.count == plan->output.count)
        return WEIR_OK;
    /* A filter or sort on top passes on what it alone reads: project back to the wanted columns. */
    weir_node_project *project = WEIR_NODE_NEW(arena, PROJECT, project);
    project->child = pruned;
    project->exprs = plan->output;
    project->node.resolved = true;
    weir_optimize_set_output(arena, &project->node, plan->output);
    *ret = &project->node;
    (void)err;
    return WEIR_OK;
}
