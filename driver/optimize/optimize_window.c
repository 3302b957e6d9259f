/* Window keys (optimizer_int.h). A group key named_struct(start, start + duration) costs two columns of
 * hashing, shuffle and state for one column of information. This rule groups by the start alone and makes the
 * struct in the result:
 *
 *   AGGREGATE [k, w] [k, w, count]  <- PROJECT [named_struct(start, S, end, S + d) AS w, ...]
 *   AGGREGATE [k, s] [k, named_struct(start, s, end, s + d) AS w, count]  <- PROJECT [S AS s, ...]
 *
 * Plans with a watermark are left alone: the window column is then the event time of the state. */
#include "driver/optimize/optimizer_int.h"

static bool is_watermark(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_WATERMARK;
}

typedef struct window_key {
    const weir_node_alias *alias; /* the struct in the projection below */
    weir_node *start;             /* S */
    weir_node *column;            /* s */
} window_key;

/* Is it named_struct('start', S, 'end', S + constant)? Gives S. */
static weir_node *window_start(const weir_node *expr) {
    if (expr->kind != WEIR_NODE_CALL)
        return NULL;
    const weir_node_call *call = WEIR_NODE_AS(expr, CALL, call);
    if (strcmp(call->function->name, "named_struct") != 0 || call->args.count != 4)
        return NULL;
    weir_node *start = call->args.items[1], *end = call->args.items[3];
    if (start->kind != WEIR_NODE_CALL || end->kind != WEIR_NODE_CALL ||
        strcmp(WEIR_NODE_AS(start, CALL, call)->function->name, "weir_window_start") != 0)
        return NULL;
    const weir_node_list *args = &WEIR_NODE_AS(end, CALL, call)->args;
    bool shifted = args->count == 2 && args->items[1]->kind == WEIR_NODE_LITERAL &&
                   weir_node_equal(args->items[0], start);
    return shifted ? start : NULL;
}

static weir_node *reference(weir_arena *arena, const weir_node_alias *alias) {
    weir_node_attribute *column = WEIR_NODE_NEW(arena, ATTRIBUTE, attribute);
    column->name = alias->name;
    column->id = alias->id;
    column->node.type = alias->node.type;
    column->node.nullable = alias->node.nullable;
    column->node.resolved = true;
    return &column->node;
}

static weir_node_alias *make_alias(weir_arena *arena, weir_node *child, weir_str name, int64_t id) {
    weir_node_alias *alias = WEIR_NODE_NEW(arena, ALIAS, alias);
    alias->child = child;
    alias->name = name;
    alias->id = id;
    alias->node.type = child->type;
    alias->node.nullable = child->nullable;
    alias->node.resolved = true;
    return alias;
}

/* S becomes s inside the struct. */
static weir_code replace_start(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                               weir_error **err) {
    (void)arena, (void)err;
    const window_key *key = data;
    *ret = weir_node_equal(node, key->start) ? key->column : node;
    return WEIR_OK;
}

static weir_code replace_window(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                                weir_error **err) {
    const window_key *key = data;
    *ret = node;
    if (node->kind != WEIR_NODE_ATTRIBUTE || WEIR_NODE_AS(node, ATTRIBUTE, attribute)->id != key->alias->id)
        return WEIR_OK;
    return weir_node_transform_down(arena, key->alias->child, replace_start, data, ret, err);
}

static bool is_window(const weir_node *node, void *data) {
    const window_key *key = data;
    return node->kind == WEIR_NODE_ATTRIBUTE &&
           WEIR_NODE_AS(node, ATTRIBUTE, attribute)->id == key->alias->id;
}

/* max(window) and the like need the struct as it is. */
static bool is_aggregated(const weir_node *node, void *data) {
    return node->kind == WEIR_NODE_AGGREGATE_CALL && weir_node_any(node, is_window, data);
}

/* The grouping item that is a window struct of the projection below; -1 where none is. */
static int32_t find_key(const weir_node_aggregate *aggregate, const weir_node_project *project,
                        window_key *ret) {
    for (int32_t g = 0; g < aggregate->grouping.count; g++) {
        const weir_node *item = aggregate->grouping.items[g];
        for (int32_t i = 0; item->kind == WEIR_NODE_ATTRIBUTE && i < project->exprs.count; i++) {
            const weir_node *expr = project->exprs.items[i];
            if (expr->kind != WEIR_NODE_ALIAS ||
                WEIR_NODE_AS(expr, ALIAS, alias)->id != WEIR_NODE_AS(item, ATTRIBUTE, attribute)->id)
                continue;
            ret->alias = WEIR_NODE_AS(expr, ALIAS, alias);
            ret->start = window_start(ret->alias->child);
            if (ret->start)
                return g;
        }
    }
    return -1;
}

static weir_code replace_results(weir_arena *arena, weir_node_list *list, window_key *key, weir_error **err) {
    weir_node_list copy = weir_node_list_new(arena, list->count);
    for (int32_t i = 0; i < list->count; i++) {
        weir_node *item = list->items[i];
        WEIR_TRY(weir_node_transform_down(arena, item, replace_window, key, &copy.items[i], err));
        if (item->kind == WEIR_NODE_ATTRIBUTE && copy.items[i] != item)
            copy.items[i] = &make_alias(arena, copy.items[i], WEIR_NODE_AS(item, ATTRIBUTE, attribute)->name,
                                        WEIR_NODE_AS(item, ATTRIBUTE, attribute)->id)
                                 ->node;
    }
    *list = copy;
    return WEIR_OK;
}

/* The projection with S in the place of the struct. */
static weir_node *start_project(weir_arena *arena, const weir_node_project *project, const window_key *key,
                                weir_node_alias *start) {
    weir_node_project *copy = (weir_node_project *)weir_node_copy(arena, &project->node);
    weir_node_list output = weir_node_list_new(arena, project->node.output.count);
    copy->exprs = weir_node_list_new(arena, project->exprs.count);
    for (int32_t i = 0; i < project->exprs.count; i++) {
        bool window = project->exprs.items[i] == &key->alias->node;
        copy->exprs.items[i] = window ? &start->node : project->exprs.items[i];
        output.items[i] = window ? reference(arena, start) : project->node.output.items[i];
    }
    weir_optimize_set_output(arena, &copy->node, output);
    return &copy->node;
}

static weir_code narrow_key(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                            weir_error **err) {
    const weir_optimizer_options *options = data;
    *ret = node;
    if (node->kind != WEIR_NODE_AGGREGATE ||
        WEIR_NODE_AS(node, AGGREGATE, aggregate)->child->kind != WEIR_NODE_PROJECT)
        return WEIR_OK;
    weir_node_aggregate *aggregate = WEIR_NODE_AS(node, AGGREGATE, aggregate);
    weir_node_project *project = WEIR_NODE_AS(aggregate->child, PROJECT, project);
    window_key key = {0};
    int32_t index = find_key(aggregate, project, &key);
    for (int32_t i = 0; index >= 0 && i < aggregate->aggregates.count; i++)
        if (weir_node_any(aggregate->aggregates.items[i], is_aggregated, &key))
            index = -1;
    if (index < 0)
        return WEIR_OK;
    weir_node_alias *start = make_alias(arena, key.start, WEIR_STR("window_start"), (*options->next_id)++);
    /* Rows without a time are filtered out below, as in the struct that this replaces. */
    start->node.nullable = key.alias->node.nullable;
    key.column = reference(arena, start);
    weir_node_aggregate *copy = (weir_node_aggregate *)weir_node_copy(arena, node);
    copy->child = start_project(arena, project, &key, start);
    copy->grouping = weir_node_list_of(arena, aggregate->grouping.items, aggregate->grouping.count);
    copy->grouping.items[index] = key.column;
    WEIR_TRY(replace_results(arena, &copy->aggregates, &key, err));
    *ret = &copy->node;
    return WEIR_OK;
}

weir_code weir_optimize_window_keys(weir_arena *arena, weir_node *plan, const weir_optimizer_options *options,
                                    weir_node **ret, weir_error **err) {
    *ret = plan;
    if (weir_node_any(plan, is_watermark, NULL))
        return WEIR_OK;
    return weir_node_transform(arena, plan, narrow_key, (void *)(uintptr_t)options, ret, err);
}
