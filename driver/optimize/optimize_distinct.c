/* DISTINCT in aggregates, as two aggregations of plain ones (optimizer_int.h).
 *
 *   one set of distinct columns and nothing else:
 *       Aggregate [k] count(x)  <-  Aggregate [k, x]  <-  child
 *   otherwise, with a column `gid` that numbers the sets (0: the plain aggregates):
 *       Aggregate [k] count(x) FILTER (gid = 1 AND m), coalesce(first(s, true) FILTER (gid = 0), ...)
 *         <-  Aggregate [k, gid, x] sum(p) FILTER (gid = 0) AS s, max(f) AS m
 *           <-  Expand: a row (k, 0, NULL, NULL, p) and one (k, 1, x, f, NULL) of every row
 *
 * `f` is the FILTER of a distinct call: it passes where it was true in any row of the group. Batch plans
 * alone: in streaming ones Spark refuses distinct aggregates, and so does driver/analyze/streaming_checks.c.
 */
#include "common/expr/aggregate.h"
#include "common/plan/conjuncts.h"
#include "driver/optimize/optimizer_int.h"

typedef struct distinct_set {
    weir_node_list exprs;   /* the columns, over the child */
    weir_node_list columns; /* ATTRIBUTE: what holds them below the upper aggregation */
} distinct_set;

typedef struct rewrite {
    weir_arena *arena;
    const weir_optimizer_options *options;
    const weir_node_aggregate *node;
    weir_node_list calls;   /* different AGGREGATE_CALLs of the node */
    int32_t *sets_of_calls; /* index of the set, -1: a plain call */
    distinct_set *sets;
    int32_t sets_count;
    bool plain, filtered;     /* are there plain calls; filters on distinct ones? */
    weir_node_list keys;      /* ATTRIBUTE per grouping expression */
    weir_node *gid;           /* ATTRIBUTE, NULL without Expand */
    weir_node_list passed;    /* ATTRIBUTE of the child that plain calls read ... */
    weir_node_list passed_as; /* ... and what holds them behind the Expand */
    weir_node_list filters;   /* per call: ATTRIBUTE of its filter behind the Expand, or NULL */
    weir_node_list made;      /* per call: ATTRIBUTE of the lower aggregation: its result, or its filter */
} rewrite;

/* ---- small nodes ---- */

static weir_node *new_attribute(rewrite *r, const char *name, const weir_type *type, bool nullable) {
    weir_node_attribute *attribute = WEIR_NODE_NEW(r->arena, ATTRIBUTE, attribute);
    attribute->name = weir_str_from(name);
    attribute->id = (*r->options->next_id)++;
    attribute->node.type = type;
    attribute->node.nullable = nullable;
    attribute->node.resolved = true;
    return &attribute->node;
}

static weir_node *alias_as(rewrite *r, weir_node *child, const weir_node *attribute) {
    weir_node_alias *alias = WEIR_NODE_NEW(r->arena, ALIAS, alias);
    alias->child = child;
    alias->name = WEIR_NODE_AS(attribute, ATTRIBUTE, attribute)->name;
    alias->id = WEIR_NODE_AS(attribute, ATTRIBUTE, attribute)->id;
    alias->node.type = child->type;
    alias->node.nullable = attribute->nullable;
    alias->node.resolved = true;
    return &alias->node;
}

static weir_node *make_aggregate_call(rewrite *r, const char *name, weir_node_list args, weir_node *filter,
                                      const weir_type *type) {
    weir_node_aggregate_call *call = WEIR_NODE_NEW(r->arena, AGGREGATE_CALL, aggregate_call);
    call->function = weir_function_find(weir_str_from(name));
    call->args = args;
    call->filter = filter;
    call->node.type = type;
    call->node.nullable = true;
    call->node.resolved = true;
    return &call->node;
}

/* gid = number */
static weir_node *is_set(rewrite *r, int32_t number) {
    weir_node_call *call = WEIR_NODE_NEW(r->arena, CALL, call);
    weir_node *args[] = {r->gid, weir_literal_int(r->arena, number)};
    call->function = weir_function_find(WEIR_STR("="));
    call->args = weir_node_list_of(r->arena, args, 2);
    call->node.type = weir_type_of(WEIR_TYPE_BOOLEAN);
    call->node.resolved = true;
    return &call->node;
}

static int32_t index_of(const weir_node_list *list, const weir_node *node) {
    for (int32_t i = 0; i < list->count; i++)
        if (list->items[i] && weir_node_equal(list->items[i], node))
            return i;
    return -1;
}

static weir_node_aggregate_call *call_at(const rewrite *r, int32_t index) {
    return WEIR_NODE_AS(r->calls.items[index], AGGREGATE_CALL, aggregate_call);
}

/* ---- what the aggregation holds ---- */

/* Seeing a value twice changes nothing for these. */
static bool ignores_duplicates(const weir_function *function) {
    static const char *const names[] = {"min",
                                        "max",
                                        "bit_and",
                                        "bit_or",
                                        "bool_and",
                                        "bool_or",
                                        "every",
                                        "any",
                                        "some",
                                        "collect_set",
                                        "approx_count_distinct"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++)
        if (strcmp(function->name, names[i]) == 0)
            return true;
    return false;
}

static bool collect_call(const weir_node *node, void *data) {
    rewrite *r = data;
    if (node->kind == WEIR_NODE_AGGREGATE_CALL && index_of(&r->calls, node) < 0)
        weir_node_list_add(r->arena, &r->calls, (weir_node *)(uintptr_t)node);
    return false;
}

static bool is_distinct(const rewrite *r, int32_t index) {
    const weir_node_aggregate_call *call = call_at(r, index);
    return call->distinct && !ignores_duplicates(call->function);
}

/* The columns that make a call's rows different; a call of constants alone has its first one. */
static weir_node_list distinct_columns(rewrite *r, const weir_node_aggregate_call *call) {
    weir_node_list columns = {0};
    for (int32_t i = 0; i < call->args.count; i++)
        if (call->args.items[i]->kind != WEIR_NODE_LITERAL && index_of(&columns, call->args.items[i]) < 0)
            weir_node_list_add(r->arena, &columns, call->args.items[i]);
    if (columns.count == 0 && call->args.count > 0)
        weir_node_list_add(r->arena, &columns, call->args.items[0]);
    return columns;
}

static bool same_set(const weir_node_list *a, const weir_node_list *b) {
    for (int32_t i = 0; i < a->count; i++)
        if (index_of(b, a->items[i]) < 0)
            return false;
    return a->count == b->count;
}

static void find_sets(rewrite *r) {
    r->sets = WEIR_NEW_ARRAY(r->arena, distinct_set, r->calls.count + 1);
    r->sets_of_calls = WEIR_NEW_ARRAY(r->arena, int32_t, r->calls.count + 1);
    for (int32_t i = 0; i < r->calls.count; i++) {
        r->sets_of_calls[i] = -1;
        r->plain |= !is_distinct(r, i);
        if (!is_distinct(r, i))
            continue;
        r->filtered |= call_at(r, i)->filter != NULL;
        weir_node_list columns = distinct_columns(r, call_at(r, i));
        int32_t s = 0;
        while (s < r->sets_count && !same_set(&r->sets[s].exprs, &columns))
            s++;
        if (s == r->sets_count)
            r->sets[r->sets_count++].exprs = columns;
        r->sets_of_calls[i] = s;
    }
}

static weir_node *without_alias(weir_node *node) {
    return node->kind == WEIR_NODE_ALIAS ? WEIR_NODE_AS(node, ALIAS, alias)->child : node;
}

/* A grouping column keeps its id; an expression gets one. */
static void name_keys(rewrite *r) {
    const weir_node_list *grouping = &r->node->grouping;
    r->keys = weir_node_list_new(r->arena, grouping->count);
    for (int32_t i = 0; i < grouping->count; i++) {
        weir_node *key = without_alias(grouping->items[i]);
        r->keys.items[i] =
            key->kind == WEIR_NODE_ATTRIBUTE ? key : new_attribute(r, "key", key->type, key->nullable);
    }
}

/* ---- the Expand ---- */

static bool collect_passed(const weir_node *node, void *data) {
    rewrite *r = data;
    if (node->kind == WEIR_NODE_ATTRIBUTE && index_of(&r->passed, node) < 0) {
        weir_node_list_add(r->arena, &r->passed, (weir_node *)(uintptr_t)node);
        weir_node_list_add(r->arena, &r->passed_as, new_attribute(r, "input", node->type, true));
    }
    return false;
}

static void name_columns(rewrite *r) {
    r->gid = new_attribute(r, "gid", weir_type_of(WEIR_TYPE_INT), false);
    r->filters = weir_node_list_new(r->arena, r->calls.count);
    for (int32_t s = 0; s < r->sets_count; s++) {
        r->sets[s].columns = weir_node_list_new(r->arena, r->sets[s].exprs.count);
        for (int32_t i = 0; i < r->sets[s].exprs.count; i++)
            r->sets[s].columns.items[i] = new_attribute(r, "distinct", r->sets[s].exprs.items[i]->type, true);
    }
    for (int32_t i = 0; i < r->calls.count; i++) {
        weir_node *filter = call_at(r, i)->filter;
        if (r->sets_of_calls[i] < 0)
            weir_node_any(r->calls.items[i], collect_passed, r);
        else if (filter)
            r->filters.items[i] = new_attribute(r, "filter", filter->type, true);
    }
}

/* One projection: `set` -1 is that of the plain calls. */
static weir_node *projection(rewrite *r, int32_t set) {
    weir_node_expr_list *row = WEIR_NODE_NEW(r->arena, EXPR_LIST, expr_list);
    for (int32_t i = 0; i < r->keys.count; i++)
        weir_node_list_add(r->arena, &row->items, without_alias(r->node->grouping.items[i]));
    weir_node_list_add(r->arena, &row->items, weir_literal_int(r->arena, set + 1));
    for (int32_t s = 0; s < r->sets_count; s++)
        for (int32_t i = 0; i < r->sets[s].exprs.count; i++) {
            weir_node *expr = r->sets[s].exprs.items[i];
            weir_node_list_add(r->arena, &row->items,
                               s == set ? expr : weir_literal_null(r->arena, expr->type));
        }
    for (int32_t i = 0; i < r->calls.count; i++) {
        weir_node *filter = call_at(r, i)->filter;
        if (r->filters.items[i])
            weir_node_list_add(r->arena, &row->items,
                               r->sets_of_calls[i] == set ? filter
                                                          : weir_literal_null(r->arena, filter->type));
    }
    for (int32_t i = 0; i < r->passed.count; i++)
        weir_node_list_add(r->arena, &row->items,
                           set < 0 ? r->passed.items[i]
                                   : weir_literal_null(r->arena, r->passed.items[i]->type));
    return &row->node;
}

static weir_node *make_expand(rewrite *r) {
    weir_node_expand *expand = WEIR_NODE_NEW(r->arena, EXPAND, expand);
    expand->child = r->node->child;
    for (int32_t set = r->plain ? -1 : 0; set < r->sets_count; set++)
        weir_node_list_add(r->arena, &expand->projections, projection(r, set));
    weir_node_list *columns = &expand->attributes;
    for (int32_t i = 0; i < r->keys.count; i++)
        weir_node_list_add(r->arena, columns, r->keys.items[i]);
    weir_node_list_add(r->arena, columns, r->gid);
    for (int32_t s = 0; s < r->sets_count; s++)
        for (int32_t i = 0; i < r->sets[s].columns.count; i++)
            weir_node_list_add(r->arena, columns, r->sets[s].columns.items[i]);
    for (int32_t i = 0; i < r->calls.count; i++)
        if (r->filters.items[i])
            weir_node_list_add(r->arena, columns, r->filters.items[i]);
    for (int32_t i = 0; i < r->passed.count; i++)
        weir_node_list_add(r->arena, columns, r->passed_as.items[i]);
    expand->node.resolved = true;
    weir_optimize_set_output(r->arena, &expand->node, *columns);
    return &expand->node;
}

/* ---- the lower aggregation ---- */

static weir_code replace_passed(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                                weir_error **err) {
    (void)arena, (void)err;
    const rewrite *r = data;
    int32_t at = node->kind == WEIR_NODE_ATTRIBUTE ? index_of(&r->passed, node) : -1;
    *ret = at < 0 ? node : r->passed_as.items[at];
    return WEIR_OK;
}

/* The result of a plain call over its set's rows, or the joined filter of a distinct one. */
static weir_code lower_call(rewrite *r, int32_t index, weir_node **ret, weir_error **err) {
    *ret = NULL;
    if (r->sets_of_calls[index] >= 0) {
        weir_node *filter = r->filters.items[index];
        if (filter)
            *ret = make_aggregate_call(r, "max", weir_node_list_of(r->arena, &filter, 1), NULL, filter->type);
        return WEIR_OK;
    }
    weir_node *call;
    WEIR_TRY(weir_node_transform(r->arena, r->calls.items[index], replace_passed, r, &call, err));
    weir_node_aggregate_call *copy = (weir_node_aggregate_call *)weir_node_copy(r->arena, call);
    copy->distinct = false;
    copy->filter = weir_conjuncts_and(r->arena, is_set(r, 0), copy->filter);
    *ret = &copy->node;
    return WEIR_OK;
}

static weir_node *finish_aggregate(rewrite *r, weir_node *child, weir_node_list grouping,
                                   weir_node_list aggregates, weir_node_list output) {
    weir_node_aggregate *node = WEIR_NODE_NEW(r->arena, AGGREGATE, aggregate);
    node->child = child;
    node->grouping = grouping;
    node->aggregates = aggregates;
    node->node.resolved = true;
    weir_optimize_set_output(r->arena, &node->node, output);
    return &node->node;
}

static weir_code lower_over_expand(rewrite *r, weir_node **ret, weir_error **err) {
    name_columns(r);
    weir_node *expand = make_expand(r);
    weir_node_list grouping = weir_node_list_of(r->arena, r->keys.items, r->keys.count);
    weir_node_list_add(r->arena, &grouping, r->gid);
    for (int32_t s = 0; s < r->sets_count; s++)
        for (int32_t i = 0; i < r->sets[s].columns.count; i++)
            weir_node_list_add(r->arena, &grouping, r->sets[s].columns.items[i]);
    weir_node_list aggregates = weir_node_list_of(r->arena, grouping.items, grouping.count);
    weir_node_list output = weir_node_list_of(r->arena, grouping.items, grouping.count);
    r->made = weir_node_list_new(r->arena, r->calls.count);
    for (int32_t i = 0; i < r->calls.count; i++) {
        weir_node *call;
        WEIR_TRY(lower_call(r, i, &call, err));
        if (!call)
            continue;
        r->made.items[i] = new_attribute(r, "result", call->type, true);
        weir_node_list_add(r->arena, &aggregates, alias_as(r, call, r->made.items[i]));
        weir_node_list_add(r->arena, &output, r->made.items[i]);
    }
    *ret = finish_aggregate(r, expand, grouping, aggregates, output);
    return WEIR_OK;
}

/* Groups by the keys and the one set's columns; both may hold the same column. */
static weir_node *lower_simple(rewrite *r) {
    distinct_set *set = &r->sets[0];
    weir_node_list grouping = {0}, aggregates = {0}, output = {0};
    set->columns = weir_node_list_new(r->arena, set->exprs.count);
    for (int32_t i = 0; i < r->keys.count + set->exprs.count; i++) {
        bool key = i < r->keys.count;
        weir_node *expr =
            key ? without_alias(r->node->grouping.items[i]) : set->exprs.items[i - r->keys.count];
        weir_node *named = key ? r->keys.items[i] : NULL;
        int32_t at = index_of(&grouping, expr);
        if (at >= 0)
            named = output.items[at];
        else if (!named)
            named = expr->kind == WEIR_NODE_ATTRIBUTE
                        ? expr
                        : new_attribute(r, "distinct", expr->type, expr->nullable);
        if (key)
            r->keys.items[i] = named;
        else
            set->columns.items[i - r->keys.count] = named;
        if (at >= 0)
            continue;
        weir_node_list_add(r->arena, &grouping, expr);
        weir_node_list_add(r->arena, &output, named);
        weir_node_list_add(r->arena, &aggregates, named == expr ? expr : alias_as(r, expr, named));
    }
    return finish_aggregate(r, r->node->child, grouping, aggregates, output);
}

/* ---- the upper aggregation ---- */

static weir_code upper_plain(rewrite *r, int32_t index, weir_node **ret, weir_error **err) {
    const weir_node *call = r->calls.items[index];
    weir_node *args[] = {r->made.items[index], weir_literal_bool(r->arena, true)};
    weir_node *first =
        make_aggregate_call(r, "first", weir_node_list_of(r->arena, args, 2), is_set(r, 0), call->type);
    *ret = first;
    if (call->nullable)
        return WEIR_OK;
    weir_node_coalesce *node = WEIR_NODE_NEW(r->arena, COALESCE, coalesce);
    weir_node *parts[] = {first, NULL};
    WEIR_TRY(weir_aggregate_empty(r->arena, call, &parts[1], err));
    node->args = weir_node_list_of(r->arena, parts, 2);
    node->node.type = call->type;
    node->node.resolved = true;
    *ret = &node->node;
    return WEIR_OK;
}

static weir_node *upper_distinct(rewrite *r, int32_t index) {
    const distinct_set *set = &r->sets[r->sets_of_calls[index]];
    weir_node_aggregate_call *copy =
        (weir_node_aggregate_call *)weir_node_copy(r->arena, r->calls.items[index]);
    copy->distinct = false;
    copy->args = weir_node_list_of(r->arena, copy->args.items, copy->args.count);
    for (int32_t i = 0; i < copy->args.count; i++) {
        int32_t at = index_of(&set->exprs, copy->args.items[i]);
        if (at >= 0 && copy->args.items[i]->kind != WEIR_NODE_LITERAL)
            copy->args.items[i] = set->columns.items[at];
    }
    if (r->gid)
        copy->filter =
            weir_conjuncts_and(r->arena, is_set(r, r->sets_of_calls[index] + 1), r->made.items[index]);
    return &copy->node;
}

static weir_code replace_upper(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                               weir_error **err) {
    (void)arena;
    rewrite *r = data;
    *ret = node;
    for (int32_t i = 0; i < r->keys.count; i++)
        if (weir_node_equal(without_alias(r->node->grouping.items[i]), node)) {
            *ret = r->keys.items[i];
            return WEIR_OK;
        }
    int32_t at = node->kind == WEIR_NODE_AGGREGATE_CALL ? index_of(&r->calls, node) : -1;
    if (at < 0)
        return WEIR_OK;
    if (r->sets_of_calls[at] < 0)
        return upper_plain(r, at, ret, err);
    *ret = upper_distinct(r, at);
    return WEIR_OK;
}

static weir_code rewrite_aggregate(rewrite *r, weir_node **ret, weir_error **err) {
    weir_node *lower;
    name_keys(r);
    if (r->sets_count == 1 && !r->plain && !r->filtered)
        lower = lower_simple(r);
    else
        WEIR_TRY(lower_over_expand(r, &lower, err));
    weir_node_aggregate *upper = (weir_node_aggregate *)weir_node_copy(r->arena, &r->node->node);
    upper->child = lower;
    upper->grouping = r->keys;
    upper->aggregates = weir_node_list_new(r->arena, r->node->aggregates.count);
    for (int32_t i = 0; i < upper->aggregates.count; i++) {
        weir_node *item = r->node->aggregates.items[i], *expr;
        WEIR_TRY(weir_node_transform_down(r->arena, without_alias(item), replace_upper, r, &expr, err));
        upper->aggregates.items[i] = item;
        if (expr == without_alias(item))
            continue;
        weir_node *named = alias_as(r, expr, r->node->node.output.items[i]);
        upper->aggregates.items[i] = named;
    }
    *ret = &upper->node;
    return WEIR_OK;
}

/* ---- the walk ---- */

static bool is_stream(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_SOURCE && WEIR_NODE_AS(node, SOURCE, source)->streaming;
}

/* min(DISTINCT x) is min(x). */
static weir_code drop_distinct(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                               weir_error **err) {
    (void)data, (void)err;
    *ret = node;
    if (node->kind != WEIR_NODE_AGGREGATE_CALL ||
        !WEIR_NODE_AS(node, AGGREGATE_CALL, aggregate_call)->distinct)
        return WEIR_OK;
    *ret = weir_node_copy(arena, node);
    WEIR_NODE_AS(*ret, AGGREGATE_CALL, aggregate_call)->distinct = false;
    return WEIR_OK;
}

static weir_code drop_in_items(weir_arena *arena, const weir_node_aggregate *node, weir_node **ret,
                               weir_error **err) {
    weir_node_aggregate *copy = (weir_node_aggregate *)weir_node_copy(arena, &node->node);
    bool changed = false;
    copy->aggregates = weir_node_list_new(arena, node->aggregates.count);
    for (int32_t i = 0; i < copy->aggregates.count; i++) {
        weir_node *item = node->aggregates.items[i];
        WEIR_TRY(weir_node_transform(arena, item, drop_distinct, NULL, &copy->aggregates.items[i], err));
        changed |= copy->aggregates.items[i] != item;
    }
    if (changed)
        *ret = &copy->node;
    return WEIR_OK;
}

static weir_code visit(weir_arena *arena, weir_node *node, void *data, weir_node **ret, weir_error **err) {
    *ret = node;
    if (node->kind != WEIR_NODE_AGGREGATE)
        return WEIR_OK;
    rewrite r = {.arena = arena, .options = data, .node = WEIR_NODE_AS(node, AGGREGATE, aggregate)};
    for (int32_t i = 0; i < r.node->aggregates.count; i++)
        weir_node_any(r.node->aggregates.items[i], collect_call, &r);
    find_sets(&r);
    if (r.sets_count == 0)
        return drop_in_items(arena, r.node, ret, err);
    return rewrite_aggregate(&r, ret, err);
}

weir_code weir_optimize_distinct(weir_arena *arena, weir_node *plan, const weir_optimizer_options *options,
                                 weir_node **ret, weir_error **err) {
    *ret = plan;
    if (weir_node_any(plan, is_stream, NULL))
        return WEIR_OK;
    return weir_node_transform(arena, plan, visit, (void *)(uintptr_t)options, ret, err);
}
