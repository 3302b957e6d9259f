/* Relation rules (optimizer_int.h): aliases vanish, filters join and sink below projections, projections
 * merge. */
#include "common/plan/conjuncts.h"
#include "driver/optimize/optimizer_int.h"

int64_t weir_optimize_id(const weir_node *named) {
    return named->kind == WEIR_NODE_ALIAS ? WEIR_NODE_AS(named, ALIAS, alias)->id
                                          : WEIR_NODE_AS(named, ATTRIBUTE, attribute)->id;
}

void weir_optimize_set_output(weir_arena *arena, weir_node *relation, weir_node_list output) {
    weir_field *fields = WEIR_NEW_ARRAY(arena, weir_field, output.count + 1);
    for (int32_t i = 0; i < output.count; i++) {
        fields[i].name = WEIR_NODE_AS(output.items[i], ATTRIBUTE, attribute)->name;
        fields[i].type = output.items[i]->type;
        fields[i].nullable = output.items[i]->nullable;
    }
    relation->output = output;
    relation->type = weir_type_struct(arena, fields, output.count);
}

/* Merging may put an expression in many places: one that has grown this large stays where it is. */
#define MERGED_NODES_MAX 2000

static bool count_node(const weir_node *node, void *data) {
    (void)node;
    return ++*(int32_t *)data > MERGED_NODES_MAX;
}

static bool is_large(const weir_node *expr) {
    int32_t count = 0;
    return weir_node_any(expr, count_node, &count);
}

static weir_code substitute_one(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                                weir_error **err) {
    (void)arena, (void)err;
    const weir_node_list *named = data;
    *ret = node;
    if (node->kind != WEIR_NODE_ATTRIBUTE)
        return WEIR_OK;
    for (int32_t i = 0; i < named->count; i++)
        if (named->items[i]->kind == WEIR_NODE_ALIAS &&
            WEIR_NODE_AS(named->items[i], ALIAS, alias)->id == WEIR_NODE_AS(node, ATTRIBUTE, attribute)->id)
            *ret = WEIR_NODE_AS(named->items[i], ALIAS, alias)->child;
    return WEIR_OK;
}

weir_code weir_optimize_substitute(weir_arena *arena, weir_node *expr, const weir_node_list *named,
                                   weir_node **ret, weir_error **err) {
    return weir_node_transform(arena, expr, substitute_one, (void *)(uintptr_t)named, ret, err);
}

static bool all_deterministic(const weir_node_list *list) {
    for (int32_t i = 0; i < list->count; i++)
        if (!weir_optimize_is_deterministic(list->items[i]))
            return false;
    return true;
}

static bool is_true(const weir_node *node) {
    if (node->kind != WEIR_NODE_LITERAL || node->type->kind != WEIR_TYPE_BOOLEAN || node->nullable)
        return false;
    return weir_bit_get(WEIR_NODE_AS(node, LITERAL, literal)->value->values, 0);
}

static weir_code push_below_project(weir_arena *arena, weir_node_filter *filter, weir_node_project *project,
                                    weir_node **ret, weir_error **err) {
    weir_node_filter *below = (weir_node_filter *)weir_node_copy(arena, &filter->node);
    weir_node_project *above = (weir_node_project *)weir_node_copy(arena, &project->node);
    WEIR_TRY(weir_optimize_substitute(arena, filter->condition, &project->exprs, &below->condition, err));
    if (is_large(below->condition))
        return WEIR_OK;
    below->child = project->child;
    weir_optimize_set_output(arena, &below->node, project->child->output);
    above->child = &below->node;
    *ret = &above->node;
    return WEIR_OK;
}

/* Every child by its own columns. */
static weir_code push_below_union(weir_arena *arena, weir_node_filter *filter, weir_node_union *node,
                                  weir_node **ret, weir_error **err) {
    if (!weir_optimize_is_deterministic(filter->condition))
        return WEIR_OK;
    weir_node_union *copy = (weir_node_union *)weir_node_copy(arena, &node->node);
    copy->children = weir_node_list_new(arena, node->children.count);
    for (int32_t c = 0; c < node->children.count; c++) {
        weir_node *child = node->children.items[c];
        weir_node_list named = weir_node_list_new(arena, node->node.output.count);
        for (int32_t i = 0; i < named.count; i++) {
            weir_node_alias *alias = WEIR_NODE_NEW(arena, ALIAS, alias);
            alias->child = child->output.items[i];
            alias->id = weir_optimize_id(node->node.output.items[i]);
            named.items[i] = &alias->node;
        }
        weir_node_filter *below = (weir_node_filter *)weir_node_copy(arena, &filter->node);
        WEIR_TRY(weir_optimize_substitute(arena, filter->condition, &named, &below->condition, err));
        below->child = child;
        weir_optimize_set_output(arena, &below->node, child->output);
        copy->children.items[c] = &below->node;
    }
    *ret = &copy->node;
    return WEIR_OK;
}

static weir_code optimize_filter(weir_arena *arena, weir_node_filter *filter, weir_node **ret,
                                 weir_error **err) {
    if (is_true(filter->condition)) {
        *ret = filter->child;
        return WEIR_OK;
    }
    if (filter->child->kind == WEIR_NODE_FILTER) {
        weir_node_filter *inner = WEIR_NODE_AS(filter->child, FILTER, filter);
        if (!weir_optimize_is_deterministic(filter->condition) ||
            !weir_optimize_is_deterministic(inner->condition))
            return WEIR_OK;
        weir_node_filter *both = (weir_node_filter *)weir_node_copy(arena, &filter->node);
        both->condition = weir_conjuncts_and(arena, inner->condition, filter->condition);
        both->child = inner->child;
        *ret = &both->node;
        return WEIR_OK;
    }
    if (filter->child->kind == WEIR_NODE_JOIN) {
        *ret = weir_optimize_filter_join(arena, filter, WEIR_NODE_AS(filter->child, JOIN, join));
        return WEIR_OK;
    }
    if (filter->child->kind == WEIR_NODE_UNION)
        return push_below_union(arena, filter, WEIR_NODE_AS(filter->child, UNION, union), ret, err);
    if (filter->child->kind == WEIR_NODE_GENERATE)
        return weir_optimize_filter_generate(arena, filter, ret, err);
    if (filter->child->kind == WEIR_NODE_PROJECT) {
        weir_node_project *project = WEIR_NODE_AS(filter->child, PROJECT, project);
        if (all_deterministic(&project->exprs) && weir_optimize_is_deterministic(filter->condition))
            return push_below_project(arena, filter, project, ret, err);
    }
    return WEIR_OK;
}

/* An upper item over the lower projection's items: keeps the upper name and id. */
static weir_code merge_item(weir_arena *arena, weir_node *item, const weir_node_list *lower, weir_node **ret,
                            weir_error **err) {
    if (item->kind == WEIR_NODE_ALIAS) {
        weir_node_alias *alias = WEIR_NODE_AS(item, ALIAS, alias);
        weir_node *child;
        WEIR_TRY(weir_optimize_substitute(arena, alias->child, lower, &child, err));
        *ret = item;
        if (child != alias->child) {
            weir_node_alias *copy = (weir_node_alias *)weir_node_copy(arena, item);
            copy->child = child;
            *ret = &copy->node;
        }
        return WEIR_OK;
    }
    weir_node *child;
    WEIR_TRY(weir_optimize_substitute(arena, item, lower, &child, err));
    *ret = item;
    if (child != item) {
        weir_node_alias *alias = WEIR_NODE_NEW(arena, ALIAS, alias);
        alias->child = child;
        alias->name = WEIR_NODE_AS(item, ATTRIBUTE, attribute)->name;
        alias->id = WEIR_NODE_AS(item, ATTRIBUTE, attribute)->id;
        alias->node.type = item->type;
        alias->node.nullable = item->nullable;
        alias->node.resolved = true;
        *ret = &alias->node;
    }
    return WEIR_OK;
}

static bool is_identity(const weir_node_project *project) {
    if (project->exprs.count != project->child->output.count)
        return false;
    for (int32_t i = 0; i < project->exprs.count; i++) {
        const weir_node *item = project->exprs.items[i];
        const weir_node_attribute *column =
            WEIR_NODE_AS(project->child->output.items[i], ATTRIBUTE, attribute);
        if (item->kind != WEIR_NODE_ATTRIBUTE || WEIR_NODE_AS(item, ATTRIBUTE, attribute)->id != column->id ||
            !weir_str_equal(WEIR_NODE_AS(item, ATTRIBUTE, attribute)->name, column->name))
            return false;
    }
    return true;
}

static weir_code optimize_project(weir_arena *arena, weir_node_project *project, weir_node **ret,
                                  weir_error **err) {
    if (is_identity(project)) {
        *ret = project->child;
        return WEIR_OK;
    }
    if (project->child->kind != WEIR_NODE_PROJECT)
        return WEIR_OK;
    weir_node_project *lower = WEIR_NODE_AS(project->child, PROJECT, project);
    if (!all_deterministic(&lower->exprs))
        return WEIR_OK;
    weir_node_project *merged = (weir_node_project *)weir_node_copy(arena, &project->node);
    merged->child = lower->child;
    merged->exprs = weir_node_list_new(arena, project->exprs.count);
    for (int32_t i = 0; i < merged->exprs.count; i++) {
        WEIR_TRY(merge_item(arena, project->exprs.items[i], &lower->exprs, &merged->exprs.items[i], err));
        if (is_large(merged->exprs.items[i]))
            return WEIR_OK;
    }
    *ret = &merged->node;
    return WEIR_OK;
}

weir_code weir_optimize_relation(weir_arena *arena, weir_node *node, const weir_optimizer_options *options,
                                 weir_node **ret, weir_error **err) {
    (void)options;
    *ret = node;
    switch (node->kind) {
    case WEIR_NODE_SUBQUERY_ALIAS:
        *ret = WEIR_NODE_AS(node, SUBQUERY_ALIAS, subquery_alias)->child;
        return WEIR_OK;
    case WEIR_NODE_FILTER:
        return optimize_filter(arena, WEIR_NODE_AS(node, FILTER, filter), ret, err);
    case WEIR_NODE_JOIN:
        *ret = weir_optimize_join(arena, WEIR_NODE_AS(node, JOIN, join));
        return WEIR_OK;
    case WEIR_NODE_PROJECT:
        return optimize_project(arena, WEIR_NODE_AS(node, PROJECT, project), ret, err);
    default:
        return WEIR_OK;
    }
}
