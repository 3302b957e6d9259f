/* GROUP BY, HAVING and ORDER BY (analyzer_int.h). What HAVING and ORDER BY need and the SELECT list does not
 * have is added to the aggregation (or projection) below and taken away again by a projection on top. */
#include "driver/analyze/analyzer_int.h"

/* ---- GROUP BY ---- */

static weir_node *without_alias(weir_node *node) {
    return node->kind == WEIR_NODE_ALIAS ? WEIR_NODE_AS(node, ALIAS, alias)->child : node;
}

static const char *range_text(weir_analysis *a, int32_t value) {
    return weir_arena_printf(a->arena, "%d", value);
}

static bool is_ordinal(const weir_node *node, int32_t *ret) {
    if (node->kind != WEIR_NODE_LITERAL || node->type->kind != WEIR_TYPE_INT || node->nullable)
        return false;
    *ret = *(const int32_t *)(const void *)WEIR_NODE_AS(node, LITERAL, literal)->value->values;
    return true;
}

static weir_code group_by_ordinal(weir_analysis *a, const weir_node *node, int32_t ordinal,
                                  const weir_node_list *items, weir_node **ret) {
    if (ordinal < 1 || ordinal > items->count)
        return weir_analysis_place(a, node,
                                   weir_error_raise(a->err, WEIR_GROUP_BY_POS_OUT_OF_RANGE, "index",
                                                    range_text(a, ordinal), "size",
                                                    range_text(a, items->count), NULL));
    weir_node *item = items->items[ordinal - 1];
    if (weir_analysis_has_aggregate(item)) {
        const char *text = weir_analysis_plain_sql(a, item);
        if (item->kind == WEIR_NODE_ALIAS) {
            weir_str_list name = {&WEIR_NODE_AS(item, ALIAS, alias)->name, 1};
            text = weir_arena_printf(a->arena, "%s AS %s", text, weir_analysis_quoted(a, &name));
        }
        return weir_analysis_place(a, node,
                                   weir_error_raise(a->err, WEIR_GROUP_BY_POS_AGGREGATE, "index",
                                                    range_text(a, ordinal), "aggExpr", text, NULL));
    }
    *ret = without_alias(item);
    return WEIR_OK;
}

/* Is the list the single word ALL, and no column of that name? */
static weir_code is_group_by_all(weir_analysis *a, const weir_node_list *grouping, bool *ret) {
    *ret = false;
    if (grouping->count != 1 || grouping->items[0]->kind != WEIR_NODE_UNRESOLVED_ATTRIBUTE)
        return WEIR_OK;
    weir_node_unresolved_attribute *name =
        WEIR_NODE_AS(grouping->items[0], UNRESOLVED_ATTRIBUTE, unresolved_attribute);
    if (name->parts.count != 1 || !weir_str_equal_nocase(name->parts.items[0], WEIR_STR("all")))
        return WEIR_OK;
    weir_node *column;
    WEIR_TRY(weir_analysis_find_name(a, a->scope, &name->node, &name->parts, &column));
    *ret = column == NULL;
    return WEIR_OK;
}

static weir_code raise_over(weir_analysis *a, const char *clause, const weir_node *node) {
    return weir_error_raise(a->err, WEIR_UNSUPPORTED_EXPR_FOR_OPERATOR, "operator", clause, "invalidExprSqls",
                            weir_analysis_sql(a, node), NULL);
}

/* One item of the GROUP BY list; `data` is the SELECT list. */
static weir_code resolve_group(weir_analysis *a, weir_node *node, void *data, weir_node **ret) {
    const weir_node_list *items = data;
    int32_t ordinal;
    if (is_ordinal(node, &ordinal))
        return group_by_ordinal(a, node, ordinal, items, ret);
    WEIR_TRY(weir_analysis_resolve(a, node, ret));
    if (weir_analysis_has_over(*ret))
        return raise_over(a, "Aggregate", *ret);
    if (weir_analysis_has_aggregate(*ret))
        return weir_analysis_place(a, node,
                                   weir_error_raise(a->err, WEIR_GROUP_BY_AGGREGATE, "sqlExpr",
                                                    weir_analysis_plain_sql(a, *ret), NULL));
    return WEIR_OK;
}

static weir_code resolve_grouping(weir_analysis *a, const weir_node_list *grouping,
                                  const weir_node_list *items, weir_node_list *ret) {
    bool all;
    WEIR_TRY(is_group_by_all(a, grouping, &all));
    for (int32_t i = 0; all && i < items->count; i++)
        if (!weir_analysis_has_aggregate(items->items[i]))
            weir_node_list_add(a->arena, ret, without_alias(items->items[i]));
    for (int32_t i = 0; !all && i < grouping->count; i++) {
        weir_node *resolved;
        WEIR_TRY(resolve_group(a, grouping->items[i], (void *)(uintptr_t)items, &resolved));
        weir_node_list_add(a->arena, ret, resolved);
    }
    return WEIR_OK;
}

/* The aggregation goes over the expansion; its items too. */
static weir_code resolve_grouping_sets(weir_analysis *a, const weir_node_list *grouping, weir_node **child,
                                       weir_node_list *items, weir_node_list *ret) {
    weir_grouping *sets;
    WEIR_TRY(weir_analysis_grouping_sets(a, grouping, resolve_group, items, *child, &sets));
    for (int32_t i = 0; i < items->count; i++)
        WEIR_TRY(weir_analysis_grouping_replace(a, sets, items->items[i], &items->items[i]));
    *child = sets->expand;
    *ret = sets->grouping;
    return WEIR_OK;
}

/* ---- what may stand in the result of an aggregation ---- */

static bool is_grouped(const weir_node_list *grouping, const weir_node *node) {
    for (int32_t i = 0; i < grouping->count; i++)
        if (weir_node_equal(grouping->items[i], node))
            return true;
    return false;
}

typedef struct group_check {
    weir_analysis *a;
    const weir_node_aggregate *aggregate;
} group_check;

static weir_code check_grouped(weir_node *node, void *data, weir_error **err) {
    group_check *check = data;
    weir_analysis *a = check->a;
    if (node->kind == WEIR_NODE_AGGREGATE_CALL || is_grouped(&check->aggregate->grouping, node))
        return WEIR_OK;
    if (node->kind != WEIR_NODE_ATTRIBUTE)
        return weir_node_each_child(node, check_grouped, data, err);
    if (check->aggregate->grouping.count == 0)
        return weir_analysis_place(a, &check->aggregate->node,
                                   weir_error_raise(a->err, WEIR_MISSING_GROUP_BY, NULL));
    const char *text = weir_analysis_plain_sql(a, node);
    return weir_error_raise(a->err, WEIR_MISSING_AGGREGATION, "expression",
                            weir_arena_printf(a->arena, "\"%s\"", text), "expressionAnyValue",
                            weir_arena_printf(a->arena, "\"any_value(%s)\"", text), NULL);
}

static weir_code check_results(weir_analysis *a, const weir_node_aggregate *aggregate) {
    group_check check = {a, aggregate};
    for (int32_t i = 0; i < aggregate->aggregates.count; i++)
        WEIR_TRY(check_grouped(without_alias(aggregate->aggregates.items[i]), &check, a->err));
    return WEIR_OK;
}

/* An aggregation as it was resolved: what it computes, and where windows stand over it, the SELECT list
 * above. */
typedef struct aggregate_block {
    weir_node *aggregate;
    bool over;            /* `items` hold windows */
    weir_node_list items; /* over the aggregation's columns; where over */
} aggregate_block;

static weir_code split_windows(weir_analysis *a, weir_node_aggregate *node, aggregate_block *ret);

/* `node` is either unresolved, or (a SELECT with aggregates and no GROUP BY) has its lists resolved. */
static weir_code resolve_block(weir_analysis *a, weir_node_aggregate *node, aggregate_block *ret) {
    weir_node_list items = {0}, grouping = {0};
    weir_node *child = node->child;
    if (node->node.resolved) {
        items = node->aggregates;
    } else {
        WEIR_TRY(weir_analysis_relation(a, node->child, &child));
        weir_scope scope = {.columns = child->output, .starred = child->output, .aliases = &items};
        const weir_node_list *lists[] = {&node->grouping, &node->aggregates};
        a->scope = &scope;
        WEIR_TRY(weir_analysis_plan_window(a, lists, 2, &child, &scope));
        WEIR_TRY(
            weir_analysis_place_items(a, &node->node, weir_analysis_items(a, &node->aggregates, &items)));
        if (weir_analysis_has_grouping_sets(&node->grouping))
            WEIR_TRY(resolve_grouping_sets(a, &node->grouping, &child, &items, &grouping));
        else
            WEIR_TRY(resolve_grouping(a, &node->grouping, &items, &grouping));
        a->scope = NULL;
        a->window = NULL;
    }
    *ret = (aggregate_block){0};
    WEIR_TRY(weir_analysis_make_aggregate(a, &node->node, child, grouping, items, &ret->aggregate));
    weir_node_aggregate *made = WEIR_NODE_AS(ret->aggregate, AGGREGATE, aggregate);
    WEIR_TRY(split_windows(a, made, ret));
    return ret->over ? WEIR_OK : check_results(a, made);
}

weir_code weir_analysis_aggregate(weir_analysis *a, weir_node_aggregate *node, weir_node **ret) {
    aggregate_block block;
    bool generates = false;
    if (!node->node.resolved)
        WEIR_TRY(weir_analysis_generate_over(a, node, &generates, ret));
    if (generates)
        return WEIR_OK;
    WEIR_TRY(resolve_block(a, node, &block));
    *ret = block.aggregate;
    return block.over ? weir_analysis_project_over(a, &node->node, block.aggregate, block.items, ret)
                      : WEIR_OK;
}

/* ---- HAVING and ORDER BY over an aggregation ---- */

typedef struct over_aggregate {
    weir_analysis *a;
    weir_node_aggregate *aggregate;
    weir_node_list results; /* the SELECT list and what was added */
} over_aggregate;

static bool in_output(const weir_node *relation, const weir_node *attribute) {
    for (int32_t i = 0; i < relation->output.count; i++)
        if (WEIR_NODE_AS(relation->output.items[i], ATTRIBUTE, attribute)->id ==
            WEIR_NODE_AS(attribute, ATTRIBUTE, attribute)->id)
            return true;
    return false;
}

/* The column of the aggregation that holds `node`; adds one where there is none. */
static weir_node *result_column(over_aggregate *o, weir_node *node) {
    weir_analysis *a = o->a;
    for (int32_t i = 0; i < o->results.count; i++)
        if (weir_node_equal(without_alias(o->results.items[i]), node))
            return weir_analysis_attribute_of(a, o->results.items[i]);
    weir_node *named = node;
    if (node->kind != WEIR_NODE_ATTRIBUTE)
        named = weir_analysis_alias(a, node, weir_str_from(weir_analysis_plain_sql(a, node)));
    weir_node_list_add(a->arena, &o->results, named);
    return weir_analysis_attribute_of(a, named);
}

static weir_code replace_result(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                                weir_error **err) {
    (void)arena, (void)err;
    over_aggregate *o = data;
    *ret = node;
    if (node->kind == WEIR_NODE_LITERAL)
        return WEIR_OK;
    if (node->kind == WEIR_NODE_AGGREGATE_CALL || is_grouped(&o->aggregate->grouping, node)) {
        *ret = result_column(o, node);
        return WEIR_OK;
    }
    if (node->kind != WEIR_NODE_ATTRIBUTE || in_output(&o->aggregate->node, node))
        return WEIR_OK;
    weir_str_list parts = {&WEIR_NODE_AS(node, ATTRIBUTE, attribute)->name, 1};
    weir_scope scope = {.columns = o->aggregate->node.output};
    return weir_analysis_unresolved(o->a, &scope, node, &parts);
}

/* Resolves over the aggregation's output, then over what it aggregates. */
static weir_code resolve_over_aggregate(over_aggregate *o, weir_node *node, weir_node **ret) {
    weir_analysis *a = o->a;
    const weir_grouping *sets = weir_analysis_grouping_of(a, o->aggregate);
    const weir_node *input = sets ? sets->child : o->aggregate->child;
    weir_scope below = {.columns = input->output, .starred = input->output};
    weir_scope scope = {
        .columns = o->aggregate->node.output, .starred = o->aggregate->node.output, .outer = &below};
    a->scope = &scope;
    weir_node *resolved;
    WEIR_TRY(weir_analysis_resolve(a, node, &resolved));
    a->scope = NULL;
    if (sets)
        WEIR_TRY(weir_analysis_grouping_replace(a, sets, resolved, &resolved));
    return weir_node_transform_down(a->arena, resolved, replace_result, o, ret, a->err);
}

/* The aggregation with everything that was added. */
static weir_code widened(over_aggregate *o, weir_node **ret) {
    return weir_analysis_make_aggregate(o->a, &o->aggregate->node, o->aggregate->child,
                                        o->aggregate->grouping, o->results, ret);
}

/* Puts the original columns back on top where any was added. */
static weir_node *narrowed(weir_analysis *a, const weir_node *origin, weir_node *child,
                           const weir_node *wanted) {
    if (child->output.count == wanted->output.count)
        return child;
    weir_node_list exprs = weir_node_list_new(a->arena, wanted->output.count);
    for (int32_t i = 0; i < exprs.count; i++)
        exprs.items[i] = weir_analysis_attribute_of(a, wanted->output.items[i]);
    return weir_analysis_make_project(a, origin, child, exprs);
}

static weir_code begin_over(weir_analysis *a, weir_node *resolved, over_aggregate *ret) {
    weir_node_aggregate *aggregate = WEIR_NODE_AS(resolved, AGGREGATE, aggregate);
    *ret = (over_aggregate){.a = a, .aggregate = aggregate};
    ret->results = weir_node_list_of(a->arena, aggregate->aggregates.items, aggregate->aggregates.count);
    return WEIR_OK;
}

/* ---- windows over an aggregation ---- */

/* Aggregates and grouped expressions become columns of the aggregation; any other column is an error. */
static weir_code replace_below_window(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                                      weir_error **err) {
    (void)arena;
    over_aggregate *o = data;
    *ret = node;
    if (node->kind == WEIR_NODE_AGGREGATE_CALL ||
        (node->kind != WEIR_NODE_LITERAL && is_grouped(&o->aggregate->grouping, node))) {
        *ret = result_column(o, node);
        return WEIR_OK;
    }
    group_check check = {o->a, o->aggregate};
    return node->kind == WEIR_NODE_ATTRIBUTE ? check_grouped(node, &check, err) : WEIR_OK;
}

/* Parts the SELECT list into what the aggregation computes and what stands over it. */
static weir_code split_windows(weir_analysis *a, weir_node_aggregate *node, aggregate_block *ret) {
    const weir_node_list items = node->aggregates;
    for (int32_t i = 0; i < items.count; i++)
        ret->over |= weir_analysis_has_over(items.items[i]);
    if (!ret->over)
        return WEIR_OK;
    over_aggregate o = {.a = a, .aggregate = node};
    group_check check = {a, node};
    ret->items = weir_node_list_new(a->arena, items.count);
    for (int32_t i = 0; i < items.count; i++) {
        weir_node *item = items.items[i];
        if (weir_analysis_has_over(item)) {
            WEIR_TRY(weir_node_transform_down(a->arena, item, replace_below_window, &o, &ret->items.items[i],
                                              a->err));
            continue;
        }
        WEIR_TRY(check_grouped(without_alias(item), &check, a->err));
        weir_node_list_add(a->arena, &o.results, item);
        ret->items.items[i] = weir_analysis_attribute_of(a, item);
    }
    return weir_analysis_make_aggregate(a, &node->node, node->child, node->grouping, o.results,
                                        &ret->aggregate);
}

/* The block of an AGGREGATE right below. What a DataFrame method resolves to may have windows over it: then
 * block->aggregate is NULL and *ret_child is the relation. */
static weir_code block_below(weir_analysis *a, weir_node *node, aggregate_block *block,
                             weir_node **ret_child) {
    *block = (aggregate_block){0};
    if (node->kind == WEIR_NODE_AGGREGATE && !node->resolved) {
        bool generates;
        WEIR_TRY(
            weir_analysis_generate_over(a, WEIR_NODE_AS(node, AGGREGATE, aggregate), &generates, ret_child));
        return generates ? weir_analysis_refuse(a, node, "HAVING over a generator")
                         : resolve_block(a, WEIR_NODE_AS(node, AGGREGATE, aggregate), block);
    }
    WEIR_TRY(weir_analysis_relation(a, node, ret_child));
    if ((*ret_child)->kind == WEIR_NODE_AGGREGATE)
        block->aggregate = *ret_child;
    return WEIR_OK;
}

static weir_code having_condition(over_aggregate *o, weir_node_filter *node, weir_node **ret) {
    WEIR_TRY(resolve_over_aggregate(o, node->condition, ret));
    WEIR_TRY(weir_analysis_refuse_over(o->a, *ret, "HAVING"));
    if ((*ret)->type->kind == WEIR_TYPE_NULL)
        *ret = weir_analysis_cast(o->a, *ret, weir_type_of(WEIR_TYPE_BOOLEAN));
    return weir_analysis_check_condition(o->a, &node->node, *ret);
}

/* HAVING over a resolved block; `child` is the relation where there is none. */
static weir_code having_over(weir_analysis *a, weir_node_filter *node, const aggregate_block *block,
                             weir_node *child, weir_node **ret) {
    weir_node *condition, *filtered;
    over_aggregate o;
    if (!block->aggregate)
        return weir_analysis_filter_project(a, node, child, ret);
    WEIR_TRY(begin_over(a, block->aggregate, &o));
    WEIR_TRY(having_condition(&o, node, &condition));
    WEIR_TRY(widened(&o, &filtered));
    WEIR_TRY(weir_analysis_make_filter(a, &node->node, filtered, condition, &filtered));
    if (block->over)
        return weir_analysis_project_over(a, &node->node, filtered, block->items, ret);
    *ret = narrowed(a, &node->node, filtered, block->aggregate);
    return WEIR_OK;
}

weir_code weir_analysis_having(weir_analysis *a, weir_node_filter *node, weir_node **ret) {
    weir_node *child = NULL;
    aggregate_block block;
    WEIR_TRY(block_below(a, node->child, &block, &child));
    return having_over(a, node, &block, child, ret);
}

/* ---- ORDER BY ---- */

bool weir_analysis_is_unordered(const weir_type *type) {
    switch (type->kind) {
    case WEIR_TYPE_MAP:
    case WEIR_TYPE_VARIANT:
    case WEIR_TYPE_INTERVAL_CALENDAR:
        return true;
    case WEIR_TYPE_ARRAY:
        return weir_analysis_is_unordered(type->element);
    case WEIR_TYPE_STRUCT:
        for (int32_t i = 0; i < type->fields_count; i++)
            if (weir_analysis_is_unordered(type->fields[i].type))
                return true;
        return false;
    default:
        return false;
    }
}

weir_code weir_analysis_finish_order(weir_analysis *a, const weir_node_sort_order *origin, weir_node *child,
                                     weir_node_list *orders) {
    weir_node_sort_order *order = (weir_node_sort_order *)weir_node_copy(a->arena, &origin->node);
    order->child = child;
    order->node.type = child->type;
    order->node.nullable = child->nullable;
    order->node.resolved = true;
    if (weir_analysis_is_unordered(child->type))
        return weir_analysis_place(a, &order->node,
                                   weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__INVALID_ORDERING_TYPE,
                                                    "sqlExpr", weir_analysis_sql(a, &order->node),
                                                    "functionName", "`sortorder`", "dataType",
                                                    weir_analysis_type(a, child->type), NULL));
    weir_node_list_add(a->arena, orders, &order->node);
    return WEIR_OK;
}

/* ORDER BY 2: the column of that position; *ret NULL where the item is no ordinal. */
static weir_code order_by_ordinal(weir_analysis *a, const weir_node_sort_order *order,
                                  const weir_node *relation, weir_node **ret) {
    int32_t ordinal;
    *ret = NULL;
    if (!is_ordinal(order->child, &ordinal))
        return WEIR_OK;
    int32_t count = relation->output.count;
    if (ordinal < 1 || ordinal > count)
        return weir_analysis_place(a, &order->node,
                                   weir_error_raise(a->err, WEIR_ORDER_BY_POS_OUT_OF_RANGE, "index",
                                                    range_text(a, ordinal), "size", range_text(a, count),
                                                    NULL));
    *ret = weir_analysis_attribute_of(a, relation->output.items[ordinal - 1]);
    return WEIR_OK;
}

/* ORDER BY ALL becomes one item a column, with the same direction. */
static weir_code expand_order_all(weir_analysis *a, const weir_node_list *orders, const weir_node *relation,
                                  weir_node_list *ret) {
    *ret = *orders;
    if (orders->count != 1)
        return WEIR_OK;
    weir_node_sort_order *order = WEIR_NODE_AS(orders->items[0], SORT_ORDER, sort_order);
    weir_node_list one = {&order->child, 1};
    weir_scope scope = {.columns = relation->output};
    bool all;
    a->scope = &scope;
    WEIR_TRY(is_group_by_all(a, &one, &all));
    a->scope = NULL;
    if (!all)
        return WEIR_OK;
    *ret = (weir_node_list){0};
    for (int32_t i = 0; i < relation->output.count; i++) {
        weir_node_sort_order *copy = (weir_node_sort_order *)weir_node_copy(a->arena, &order->node);
        copy->child = weir_analysis_attribute_of(a, relation->output.items[i]);
        weir_node_list_add(a->arena, ret, &copy->node);
    }
    return WEIR_OK;
}

static bool find_over(const weir_node *node, void *data) {
    if (node->kind != WEIR_NODE_WINDOW_CALL)
        return false;
    *(const weir_node **)data = node;
    return true;
}

static weir_code refuse_sorted_over(weir_analysis *a, const weir_node *key) {
    const weir_node *call;
    return weir_node_any(key, find_over, &call) ? raise_over(a, "Sort", call) : WEIR_OK;
}

static weir_node *make_sort(weir_analysis *a, const weir_node *origin, weir_node *child,
                            weir_node_list orders) {
    weir_node_sort *sort = WEIR_NODE_NEW(a->arena, SORT, sort);
    sort->child = child;
    sort->orders = orders;
    sort->node.start = origin->start;
    sort->node.stop = origin->stop;
    weir_analysis_set_output(a, &sort->node, child->output);
    return &sort->node;
}

typedef struct missing_columns {
    weir_analysis *a;
    const weir_node *project;
    weir_node_list exprs; /* of the projection, with what the order needs */
} missing_columns;

static bool add_missing(const weir_node *node, void *data) {
    missing_columns *m = data;
    if (node->kind != WEIR_NODE_ATTRIBUTE || in_output(m->project, node))
        return false;
    for (int32_t i = 0; i < m->exprs.count; i++)
        if (m->exprs.items[i]->kind == WEIR_NODE_ATTRIBUTE &&
            WEIR_NODE_AS(m->exprs.items[i], ATTRIBUTE, attribute)->id ==
                WEIR_NODE_AS(node, ATTRIBUTE, attribute)->id)
            return false;
    weir_node_list_add(m->a->arena, &m->exprs, weir_analysis_attribute_of(m->a, node));
    return false;
}

static weir_code sort_over_aggregate(weir_analysis *a, weir_node_sort *node, weir_node *aggregate,
                                     weir_node_filter *having, weir_node **ret) {
    over_aggregate o;
    weir_node_list items, orders = {0};
    weir_node *condition = NULL, *child;
    WEIR_TRY(begin_over(a, aggregate, &o));
    if (having)
        WEIR_TRY(having_condition(&o, having, &condition));
    WEIR_TRY(expand_order_all(a, &node->orders, aggregate, &items));
    for (int32_t i = 0; i < items.count; i++) {
        weir_node_sort_order *order = WEIR_NODE_AS(items.items[i], SORT_ORDER, sort_order);
        weir_node *key;
        WEIR_TRY(order_by_ordinal(a, order, aggregate, &key));
        if (!key)
            WEIR_TRY(resolve_over_aggregate(&o, order->child, &key));
        WEIR_TRY(refuse_sorted_over(a, key));
        WEIR_TRY(weir_analysis_finish_order(a, order, key, &orders));
    }
    WEIR_TRY(widened(&o, &child));
    if (having)
        WEIR_TRY(weir_analysis_make_filter(a, &having->node, child, condition, &child));
    *ret = narrowed(a, &node->node, make_sort(a, &node->node, child, orders), aggregate);
    return WEIR_OK;
}

/* ORDER BY over a projection may use the columns below it; over anything else its output alone. */
static weir_code sort_over_relation(weir_analysis *a, weir_node_sort *node, weir_node *child, bool look_below,
                                    weir_node **ret) {
    weir_node_project *project = look_below ? WEIR_NODE_AS(child, PROJECT, project) : NULL;
    weir_node_list items, orders = {0};
    weir_scope below = {0}, scope = {.columns = child->output, .starred = child->output};
    missing_columns missing = {.a = a, .project = child};
    if (project) {
        below.columns = below.starred = project->child->output;
        scope.outer = &below;
        missing.exprs = weir_node_list_of(a->arena, project->exprs.items, project->exprs.count);
    }
    WEIR_TRY(expand_order_all(a, &node->orders, child, &items));
    for (int32_t i = 0; i < items.count; i++) {
        weir_node_sort_order *order = WEIR_NODE_AS(items.items[i], SORT_ORDER, sort_order);
        weir_node *key;
        WEIR_TRY(order_by_ordinal(a, order, child, &key));
        a->scope = &scope;
        if (!key)
            WEIR_TRY(weir_analysis_resolve(a, order->child, &key));
        a->scope = NULL;
        WEIR_TRY(refuse_sorted_over(a, key));
        if (weir_analysis_has_aggregate(key))
            return weir_analysis_place(a, key, weir_error_raise(a->err, WEIR_MISSING_GROUP_BY, NULL));
        WEIR_TRY(weir_analysis_finish_order(a, order, key, &orders));
        if (project)
            weir_node_any(key, add_missing, &missing);
    }
    weir_node *wide = child;
    if (project && missing.exprs.count > project->exprs.count)
        wide = weir_analysis_make_project(a, child, project->child, missing.exprs);
    *ret = narrowed(a, &node->node, make_sort(a, &node->node, wide, orders), child);
    return WEIR_OK;
}

weir_code weir_analysis_filter_project(weir_analysis *a, weir_node_filter *node, weir_node *child,
                                       weir_node **ret) {
    weir_node_project *project = WEIR_NODE_AS(child, PROJECT, project);
    weir_scope below = {.columns = project->child->output, .starred = project->child->output};
    weir_scope scope = {.columns = child->output, .starred = child->output, .outer = &below};
    missing_columns missing = {.a = a, .project = child};
    missing.exprs = weir_node_list_of(a->arena, project->exprs.items, project->exprs.count);
    weir_node *condition, *wide = child;
    a->scope = &scope;
    WEIR_TRY(weir_analysis_resolve(a, node->condition, &condition));
    a->scope = NULL;
    WEIR_TRY(weir_analysis_check_where(a, &node->node, &condition));
    weir_node_any(condition, add_missing, &missing);
    if (missing.exprs.count > project->exprs.count)
        wide = weir_analysis_make_project(a, child, project->child, missing.exprs);
    WEIR_TRY(weir_analysis_make_filter(a, &node->node, wide, condition, &wide));
    *ret = narrowed(a, &node->node, wide, child);
    return WEIR_OK;
}

weir_code weir_analysis_sort(weir_analysis *a, weir_node_sort *node, weir_node **ret) {
    weir_node *below = weir_analysis_peel(node->child);
    weir_node_kind kind = below->kind;
    weir_node_filter *filter = kind == WEIR_NODE_FILTER ? WEIR_NODE_AS(below, FILTER, filter) : NULL;
    weir_node *child;
    if (filter && below == node->child && filter->child->kind == WEIR_NODE_AGGREGATE) {
        aggregate_block block;
        WEIR_TRY(block_below(a, filter->child, &block, &child));
        if (block.aggregate && !block.over)
            return sort_over_aggregate(a, node, block.aggregate, filter, ret);
        WEIR_TRY(having_over(a, filter, &block, child, &child));
        return sort_over_relation(a, node, child, child->kind == WEIR_NODE_PROJECT, ret);
    }
    WEIR_TRY(weir_analysis_relation(a, node->child, &child));
    bool block = kind == WEIR_NODE_PROJECT || kind == WEIR_NODE_AGGREGATE || kind == WEIR_NODE_QUALIFY;
    if (block && child->kind == WEIR_NODE_AGGREGATE)
        return sort_over_aggregate(a, node, child, NULL, ret);
    return sort_over_relation(a, node, child, block && child->kind == WEIR_NODE_PROJECT, ret);
}
