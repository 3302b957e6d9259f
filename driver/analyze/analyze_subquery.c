/* Sub-queries in expressions (analyzer_int.h): resolved where they stand, then taken out of the expressions
 * of a relation and joined to its child.
 *
 *   [NOT] EXISTS, [NOT] IN as a conjunct of a filter   semi and anti joins
 *   EXISTS and IN elsewhere                            existence joins: a BOOLEAN column is the predicate
 *   scalar                                             a left join with the one row, or with one row a key
 *
 * Names that the sub-query's own relations do not have mean those of the query around it (OUTER_REFERENCE).
 * Predicates that hold such names are pulled up out of the sub-query's filters and become the join's
 * condition; what they read below a projection or an aggregation is passed on as further columns or grouping
 * keys. An outer name anywhere else is refused. */
#include "common/expr/aggregate.h"
#include "common/expr/program.h"
#include "common/plan/conjuncts.h"
#include "driver/analyze/analyzer_int.h"

static weir_node_attribute *column_at(const weir_node_list *list, int32_t i) {
    return WEIR_NODE_AS(list->items[i], ATTRIBUTE, attribute);
}

/* ---- outer names ---- */

weir_code weir_analysis_find_outer(weir_analysis *a, weir_node_unresolved_attribute *name, weir_node **ret) {
    *ret = NULL;
    for (const weir_outer_scope *outer = a->outer; outer && !*ret; outer = outer->next) {
        weir_node *found;
        WEIR_TRY(weir_analysis_find_name(a, &outer->scope, &name->node, &name->parts, &found));
        if (!found)
            continue;
        if (outer != a->outer)
            return weir_analysis_refuse(a, &name->node,
                                        "a column of a query that is not the next one around");
        weir_node_outer_reference *made = WEIR_NODE_NEW(a->arena, OUTER_REFERENCE, outer_reference);
        made->child = found;
        made->node.type = found->type;
        made->node.nullable = found->nullable;
        made->node.resolved = true;
        made->node.start = name->node.start;
        made->node.stop = name->node.stop;
        *ret = &made->node;
    }
    return WEIR_OK;
}

static bool is_outer(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_OUTER_REFERENCE;
}

static bool has_outer(const weir_node *node) {
    return weir_node_any(node, is_outer, NULL);
}

static weir_code strip_outer(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                             weir_error **err) {
    (void)arena, (void)data, (void)err;
    *ret = node->kind == WEIR_NODE_OUTER_REFERENCE
               ? WEIR_NODE_AS(node, OUTER_REFERENCE, outer_reference)->child
               : node;
    return WEIR_OK;
}

/* ---- resolving ---- */

static weir_code check_scalar(weir_analysis *a, const weir_node_subquery *node, const weir_node *plan) {
    if (plan->output.count == 1)
        return WEIR_OK;
    return weir_analysis_place(
        a, &node->node,
        weir_error_raise(a->err,
                         WEIR_INVALID_SUBQUERY_EXPRESSION__SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN,
                         "number", weir_arena_printf(a->arena, "%d", plan->output.count), NULL));
}

static const char *list_text(weir_analysis *a, const weir_node_list *items, bool types) {
    weir_strbuf text _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < items->count; i++)
        weir_strbuf_addf(&text, "%s%s", i ? ", " : "",
                         types ? weir_analysis_type(a, items->items[i]->type)
                               : weir_analysis_sql(a, items->items[i]));
    return weir_arena_strdup(a->arena, text.data ? text.data : "");
}

/* (a, b) IN (SELECT c, d): pairs of one type each. */
static weir_code unify_in(weir_analysis *a, weir_node_subquery *node) {
    weir_node_list *values = &node->values;
    const weir_node_list *output = &node->plan->output;
    if (values->count != output->count)
        return weir_analysis_place(
            a, &node->node,
            weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__IN_SUBQUERY_LENGTH_MISMATCH, "sqlExpr",
                             weir_analysis_sql(a, &node->node), "leftLength",
                             weir_arena_printf(a->arena, "%d", values->count), "leftColumns",
                             list_text(a, values, false), "rightLength",
                             weir_arena_printf(a->arena, "%d", output->count), "rightColumns",
                             list_text(a, output, false), NULL));
    weir_node_list items = weir_node_list_new(a->arena, output->count);
    bool cast = false;
    for (int32_t i = 0; i < values->count; i++) {
        const weir_type *common =
            weir_coerce_common(a->arena, a->options->ansi, values->items[i]->type, output->items[i]->type);
        if (!common)
            return weir_analysis_place(
                a, &node->node,
                weir_error_raise(
                    a->err, WEIR_DATATYPE_MISMATCH__IN_SUBQUERY_DATA_TYPE_MISMATCH, "sqlExpr",
                    weir_analysis_sql(a, &node->node), "mismatchedColumns",
                    weir_arena_printf(a->arena, "(%s, %s)", weir_analysis_sql(a, values->items[i]),
                                      weir_analysis_sql(a, output->items[i])),
                    "leftType", list_text(a, values, true), "rightType", list_text(a, output, true), NULL));
        values->items[i] = weir_analysis_cast(a, values->items[i], common);
        items.items[i] = weir_analysis_attribute_of(a, output->items[i]);
        if (weir_type_same(output->items[i]->type, common))
            continue;
        cast = true;
        items.items[i] =
            weir_analysis_alias(a, weir_analysis_cast(a, items.items[i], common), column_at(output, i)->name);
    }
    if (cast)
        node->plan = weir_analysis_make_project(a, node->plan, node->plan, items);
    return WEIR_OK;
}

weir_code weir_analysis_subquery(weir_analysis *a, weir_node_subquery *node, weir_node **ret) {
    weir_node_subquery *copy = (weir_node_subquery *)weir_node_copy(a->arena, &node->node);
    copy->values = weir_node_list_new(a->arena, node->values.count);
    for (int32_t i = 0; i < copy->values.count; i++)
        WEIR_TRY(weir_analysis_resolve(a, node->values.items[i], &copy->values.items[i]));
    /* The sub-query is a block of its own; what it does not know is asked of this one. */
    weir_outer_scope outer = {.scope = *a->scope, .next = a->outer};
    weir_analysis saved = *a;
    a->outer = &outer;
    a->scope = NULL;
    a->in_aggregate = false;
    a->window = NULL;
    a->found = NULL;
    a->found_count = a->found_capacity = 0;
    weir_code code = weir_analysis_relation(a, node->plan, &copy->plan);
    a->outer = saved.outer;
    a->scope = saved.scope;
    a->in_aggregate = saved.in_aggregate;
    a->window = saved.window;
    a->found = saved.found;
    a->found_count = saved.found_count;
    a->found_capacity = saved.found_capacity;
    WEIR_TRY(code);
    copy->node.type = weir_type_of(WEIR_TYPE_BOOLEAN);
    if (node->kind == WEIR_SUBQUERY_SCALAR) {
        WEIR_TRY(check_scalar(a, node, copy->plan));
        copy->node.type = copy->plan->output.items[0]->type;
        copy->node.nullable = true;
    } else if (node->kind == WEIR_SUBQUERY_IN) {
        WEIR_TRY(unify_in(a, copy));
        for (int32_t i = 0; i < copy->values.count; i++)
            copy->node.nullable |= copy->values.items[i]->nullable || copy->plan->output.items[i]->nullable;
    }
    copy->node.resolved = true;
    weir_analysis_remember(a, &node->node, &copy->node);
    *ret = &copy->node;
    return WEIR_OK;
}

/* ---- pulling predicates up ---- */

typedef struct pull {
    weir_analysis *a;
    const weir_node *origin; /* the sub-query, for messages */
    weir_node *condition;    /* predicates that hold outer names, over the plan's columns */
} pull;

static weir_code refuse_outer(pull *p, const weir_node *expr) {
    return weir_analysis_refuse(p->a, expr, "a column of the outer query in this place of a sub-query");
}

static weir_code pull_up(pull *p, weir_node *plan, weir_node **ret);

static weir_code pull_filter(pull *p, weir_node_filter *filter, weir_node **ret) {
    weir_node_list all = {0};
    weir_node *child, *rest = NULL;
    WEIR_TRY(pull_up(p, filter->child, &child));
    weir_conjuncts_split(p->a->arena, filter->condition, &all);
    for (int32_t i = 0; i < all.count; i++) {
        if (has_outer(all.items[i]))
            p->condition = weir_conjuncts_and(p->a->arena, p->condition, all.items[i]);
        else
            rest = weir_conjuncts_and(p->a->arena, rest, all.items[i]);
    }
    *ret = child;
    return rest ? weir_analysis_make_filter(p->a, &filter->node, child, rest, ret) : WEIR_OK;
}

/* Columns of the condition that are the plan's: outer ones are not walked into. */
static bool find_inner(const weir_node *node, void *data) {
    weir_node_list *found = ((weir_node_list **)data)[0];
    weir_arena *arena = ((weir_arena **)data)[1];
    if (node->kind != WEIR_NODE_ATTRIBUTE)
        return false;
    for (int32_t i = 0; i < found->count; i++)
        if (column_at(found, i)->id == ((const weir_node_attribute *)node)->id)
            return false;
    weir_node_list_add(arena, found, (weir_node *)(uintptr_t)node);
    return false;
}

static weir_node_list columns_of(pull *p) {
    weir_node_list found = {0};
    void *data[2] = {&found, p->a->arena};
    if (p->condition)
        weir_node_any(p->condition, find_inner, data);
    return found;
}

static bool is_named(const weir_node_list *items, int64_t id) {
    for (int32_t i = 0; i < items->count; i++) {
        const weir_node *item = items->items[i];
        int64_t own = item->kind == WEIR_NODE_ALIAS ? ((const weir_node_alias *)item)->id
                                                    : ((const weir_node_attribute *)item)->id;
        if (own == id)
            return true;
    }
    return false;
}

/* A projection passes on what the condition reads. */
static weir_code pull_project(pull *p, weir_node_project *project, weir_node **ret) {
    weir_node *child;
    weir_node_list needed, items = weir_node_list_of(p->a->arena, project->exprs.items, project->exprs.count);
    for (int32_t i = 0; i < project->exprs.count; i++)
        if (has_outer(project->exprs.items[i]))
            return refuse_outer(p, project->exprs.items[i]);
    WEIR_TRY(pull_up(p, project->child, &child));
    needed = columns_of(p);
    for (int32_t i = 0; i < needed.count; i++)
        if (!is_named(&items, column_at(&needed, i)->id))
            weir_node_list_add(p->a->arena, &items, weir_analysis_attribute_of(p->a, needed.items[i]));
    *ret = weir_analysis_make_project(p->a, &project->node, child, items);
    return WEIR_OK;
}

/* inner = outer, the only predicate that an aggregation can be cut by: one group a value. Gives the inner
 * side. */
static weir_node **inner_side(weir_node *conjunct) {
    if (conjunct->kind != WEIR_NODE_CALL)
        return NULL;
    weir_node_call *call = WEIR_NODE_AS(conjunct, CALL, call);
    if (strcmp(call->function->name, "=") != 0 && strcmp(call->function->name, "<=>") != 0)
        return NULL;
    bool left = has_outer(call->args.items[0]), right = has_outer(call->args.items[1]);
    return left == right ? NULL : &call->args.items[left ? 1 : 0];
}

/* The conjunct with its inner side as a further key and column of the aggregation. */
static weir_code add_key(pull *p, weir_node *conjunct, weir_node_list *keys, weir_node_list *items,
                         weir_node **ret) {
    weir_analysis *a = p->a;
    weir_node *copy = weir_node_copy(a->arena, conjunct);
    if (copy->kind == WEIR_NODE_CALL) {
        weir_node_list *args = &WEIR_NODE_AS(copy, CALL, call)->args;
        *args = weir_node_list_of(a->arena, args->items, args->count);
    }
    weir_node **side = inner_side(copy);
    if (!side)
        return weir_analysis_refuse(a, conjunct,
                                    "a correlated predicate other than an equality below an aggregation");
    weir_node *key = *side;
    if (key->kind == WEIR_NODE_ATTRIBUTE) {
        key = weir_analysis_attribute_of(a, key);
        if (!is_named(keys, WEIR_NODE_AS(key, ATTRIBUTE, attribute)->id))
            weir_node_list_add(a->arena, keys, key);
        if (!is_named(items, WEIR_NODE_AS(key, ATTRIBUTE, attribute)->id))
            weir_node_list_add(a->arena, items, key);
    } else {
        weir_node *alias = weir_analysis_alias(a, key, WEIR_STR("key"));
        weir_node_list_add(a->arena, keys, key);
        weir_node_list_add(a->arena, items, alias);
        *side = weir_analysis_attribute_of(a, alias);
    }
    *ret = copy;
    return WEIR_OK;
}

/* An aggregation gets what the condition compares as further grouping keys. */
static weir_code pull_aggregate(pull *p, weir_node_aggregate *aggregate, weir_node **ret) {
    weir_node *child, *condition = NULL;
    weir_node_list conjuncts = {0};
    WEIR_TRY(pull_up(p, aggregate->child, &child));
    for (int32_t i = 0; i < aggregate->aggregates.count; i++)
        if (has_outer(aggregate->aggregates.items[i]))
            return refuse_outer(p, aggregate->aggregates.items[i]);
    if (p->condition)
        weir_conjuncts_split(p->a->arena, p->condition, &conjuncts);
    weir_arena *arena = p->a->arena;
    weir_node_list keys = weir_node_list_of(arena, aggregate->grouping.items, aggregate->grouping.count);
    weir_node_list items = weir_node_list_of(arena, aggregate->aggregates.items, aggregate->aggregates.count);
    for (int32_t i = 0; i < conjuncts.count; i++) {
        weir_node *conjunct = NULL;
        WEIR_TRY(add_key(p, conjuncts.items[i], &keys, &items, &conjunct));
        condition = weir_conjuncts_and(p->a->arena, condition, conjunct);
    }
    p->condition = condition;
    return weir_analysis_make_aggregate(p->a, &aggregate->node, child, keys, items, ret);
}

static weir_code pull_alias(pull *p, weir_node_subquery_alias *node, weir_node **ret) {
    weir_node_subquery_alias *copy = (weir_node_subquery_alias *)weir_node_copy(p->a->arena, &node->node);
    WEIR_TRY(pull_up(p, node->child, &copy->child));
    weir_analysis_set_output(p->a, &copy->node, copy->child->output);
    *ret = &copy->node;
    return WEIR_OK;
}

/* An inner join's sides and condition give their predicates up too. */
static weir_code pull_join(pull *p, weir_node_join *node, weir_node **ret) {
    weir_node_join *copy = (weir_node_join *)weir_node_copy(p->a->arena, &node->node);
    weir_node_list all = {0};
    if (node->type != WEIR_JOIN_INNER && node->type != WEIR_JOIN_CROSS)
        return refuse_outer(p, &node->node);
    WEIR_TRY(pull_up(p, node->left, &copy->left));
    WEIR_TRY(pull_up(p, node->right, &copy->right));
    copy->condition = NULL;
    if (node->condition)
        weir_conjuncts_split(p->a->arena, node->condition, &all);
    for (int32_t i = 0; i < all.count; i++) {
        weir_node **to = has_outer(all.items[i]) ? &p->condition : &copy->condition;
        *to = weir_conjuncts_and(p->a->arena, *to, all.items[i]);
    }
    weir_analysis_finish_join(p->a, copy, NULL);
    *ret = &copy->node;
    return WEIR_OK;
}

static weir_code pull_up(pull *p, weir_node *plan, weir_node **ret) {
    *ret = plan;
    if (!has_outer(plan))
        return WEIR_OK;
    switch ((int)plan->kind) {
    case WEIR_NODE_FILTER:
        return pull_filter(p, WEIR_NODE_AS(plan, FILTER, filter), ret);
    case WEIR_NODE_PROJECT:
        return pull_project(p, WEIR_NODE_AS(plan, PROJECT, project), ret);
    case WEIR_NODE_AGGREGATE:
        return pull_aggregate(p, WEIR_NODE_AS(plan, AGGREGATE, aggregate), ret);
    case WEIR_NODE_SUBQUERY_ALIAS:
        return pull_alias(p, WEIR_NODE_AS(plan, SUBQUERY_ALIAS, subquery_alias), ret);
    case WEIR_NODE_JOIN:
        return pull_join(p, WEIR_NODE_AS(plan, JOIN, join), ret);
    default:
        return weir_analysis_refuse(p->a, p->origin,
                                    weir_arena_printf(p->a->arena, "a column of the outer query below %s",
                                                      weir_node_describe(plan->kind).label));
    }
}

/* ---- joining ---- */

/* The sub-query as the right side of a join: its own ids, its predicates as the join's condition. */
static weir_code make_join(weir_analysis *a, const weir_node_subquery *node, weir_node *child,
                           weir_join_type type, pull *p, weir_node_join **ret) {
    weir_node_join *join = WEIR_NODE_NEW(a->arena, JOIN, join);
    weir_node *plan;
    *p = (pull){.a = a, .origin = &node->node};
    WEIR_TRY(pull_up(p, node->plan, &plan));
    join->type = type;
    join->left = child;
    WEIR_TRY(weir_analysis_renew(a, child, plan, &p->condition, &join->right));
    if (p->condition)
        WEIR_TRY(weir_node_transform(a->arena, p->condition, strip_outer, NULL, &join->condition, a->err));
    *ret = join;
    return WEIR_OK;
}

/* values = columns of the sub-query. */
static weir_code add_in_condition(weir_analysis *a, const weir_node_subquery *node, bool null_aware,
                                  weir_node_join *join) {
    for (int32_t i = 0; i < node->values.count; i++) {
        weir_node *equal;
        WEIR_TRY(weir_analysis_equality(a, "=", node->values.items[i],
                                        weir_analysis_attribute_of(a, join->right->output.items[i]), &equal));
        if (null_aware && equal->nullable) {
            weir_node *unknown, *args[1] = {equal};
            WEIR_TRY(weir_analysis_resolve(a, weir_analysis_call(a, "isnull", args, 1), &unknown));
            weir_node_or *either = WEIR_NODE_NEW(a->arena, OR, or);
            either->left = equal;
            either->right = unknown;
            either->node.type = weir_type_of(WEIR_TYPE_BOOLEAN);
            either->node.nullable = true;
            either->node.resolved = true;
            equal = &either->node;
        }
        join->condition = weir_conjuncts_and(a->arena, join->condition, equal);
    }
    return WEIR_OK;
}

/* A conjunct of a filter that is a sub-query predicate: the child with the join that stands for it. */
static weir_code join_predicate(weir_analysis *a, const weir_node_subquery *node, bool negated,
                                weir_node **child) {
    pull p;
    weir_node_join *join;
    WEIR_TRY(make_join(a, node, *child, negated ? WEIR_JOIN_ANTI : WEIR_JOIN_SEMI, &p, &join));
    if (node->kind == WEIR_SUBQUERY_IN) {
        /* One column and nothing else: looked up by its key, with NULLs in mind. */
        bool alone = negated && node->values.count == 1 && !join->condition;
        if (alone)
            join->type = WEIR_JOIN_ANTI_NULL_AWARE;
        WEIR_TRY(add_in_condition(a, node, negated && !alone, join));
    }
    weir_analysis_finish_join(a, join, NULL);
    *child = &join->node;
    return WEIR_OK;
}

typedef struct taking {
    weir_analysis *a;
    weir_node *child; /* grows by a join for each sub-query */
} taking;

static weir_node *new_column(weir_analysis *a, const char *name, const weir_type *type, bool nullable) {
    weir_node_attribute *column = WEIR_NODE_NEW(a->arena, ATTRIBUTE, attribute);
    column->name = weir_str_from(name);
    column->id = (*a->options->next_id)++;
    column->node.type = type;
    column->node.nullable = nullable;
    column->node.resolved = true;
    return &column->node;
}

static weir_code take_predicate(taking *t, const weir_node_subquery *node, weir_node **ret) {
    pull p;
    weir_node_join *join;
    WEIR_TRY(make_join(t->a, node, t->child, WEIR_JOIN_EXISTENCE, &p, &join));
    if (node->kind == WEIR_SUBQUERY_IN)
        WEIR_TRY(add_in_condition(t->a, node, false, join));
    *ret = new_column(t->a, "exists", weir_type_of(WEIR_TYPE_BOOLEAN), node->node.nullable);
    weir_analysis_finish_join(t->a, join, *ret);
    t->child = &join->node;
    return WEIR_OK;
}

static weir_code empty_value(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                             weir_error **err) {
    (void)data;
    *ret = node;
    return node->kind == WEIR_NODE_AGGREGATE_CALL ? weir_aggregate_empty(arena, node, ret, err) : WEIR_OK;
}

static bool is_input(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_ATTRIBUTE;
}

/* What the first column of an aggregation without rows is: NULL where it is NULL, or cannot be told. */
static weir_code value_of_nothing(weir_analysis *a, const weir_node *plan, weir_node **ret) {
    int64_t id = column_at(&plan->output, 0)->id;
    *ret = NULL;
    while (plan->kind == WEIR_NODE_PROJECT || plan->kind == WEIR_NODE_SUBQUERY_ALIAS) {
        if (plan->kind == WEIR_NODE_SUBQUERY_ALIAS) {
            plan = ((const weir_node_subquery_alias *)plan)->child;
            continue;
        }
        return WEIR_OK;
    }
    if (plan->kind != WEIR_NODE_AGGREGATE)
        return WEIR_OK;
    const weir_node_list *items = &((const weir_node_aggregate *)plan)->aggregates;
    for (int32_t i = 0; i < items->count; i++) {
        weir_node *item = items->items[i], *empty;
        if (item->kind != WEIR_NODE_ALIAS || WEIR_NODE_AS(item, ALIAS, alias)->id != id)
            continue;
        WEIR_TRY(weir_node_transform(a->arena, WEIR_NODE_AS(item, ALIAS, alias)->child, empty_value, NULL,
                                     &empty, a->err));
        if (weir_node_any(empty, is_input, NULL))
            return WEIR_OK;
        weir_column *value;
        WEIR_TRY(weir_expr_fold(a->arena, empty, a->options->zone, a->options->ansi, &value, a->err));
        weir_node *literal = weir_literal_new(a->arena, value);
        if (!weir_column_is_null(value, 0))
            *ret = literal;
    }
    return WEIR_OK;
}

static weir_code take_scalar(taking *t, const weir_node_subquery *node, weir_node **ret) {
    weir_analysis *a = t->a;
    pull p;
    weir_node_join *join;
    WEIR_TRY(make_join(a, node, t->child, WEIR_JOIN_SCALAR, &p, &join));
    weir_node *value = join->right->output.items[0], *nothing = NULL;
    if (join->condition)
        WEIR_TRY(value_of_nothing(a, node->plan, &nothing));
    weir_analysis_finish_join(a, join, NULL);
    t->child = &join->node;
    weir_node *column = weir_analysis_attribute_of(a, value);
    column->nullable = true;
    *ret = column;
    if (!nothing)
        return WEIR_OK;
    weir_node *args[2] = {column, nothing};
    return weir_analysis_resolve(a, weir_analysis_call(a, "coalesce", args, 2), ret);
}

static weir_code take_one(weir_arena *arena, weir_node *node, void *data, weir_node **ret, weir_error **err) {
    (void)arena, (void)err;
    taking *t = data;
    *ret = node;
    if (node->kind != WEIR_NODE_SUBQUERY)
        return WEIR_OK;
    const weir_node_subquery *subquery = WEIR_NODE_AS(node, SUBQUERY, subquery);
    return subquery->kind == WEIR_SUBQUERY_SCALAR ? take_scalar(t, subquery, ret)
                                                  : take_predicate(t, subquery, ret);
}

static bool is_subquery(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_SUBQUERY;
}

bool weir_analysis_has_subquery(const weir_node *expr) {
    return weir_node_any(expr, is_subquery, NULL);
}

weir_code weir_analysis_take_subqueries(weir_analysis *a, weir_node_list *exprs, weir_node **child) {
    taking t = {a, *child};
    for (int32_t i = 0; i < exprs->count; i++)
        if (weir_analysis_has_subquery(exprs->items[i]))
            WEIR_TRY(
                weir_node_transform_down(a->arena, exprs->items[i], take_one, &t, &exprs->items[i], a->err));
    *child = t.child;
    return WEIR_OK;
}

static const weir_node_subquery *as_predicate(const weir_node *conjunct, bool *ret_negated) {
    *ret_negated = false;
    while (conjunct->kind == WEIR_NODE_CALL &&
           strcmp(((const weir_node_call *)conjunct)->function->name, "not") == 0) {
        *ret_negated = !*ret_negated;
        conjunct = ((const weir_node_call *)conjunct)->args.items[0];
    }
    const weir_node_subquery *subquery =
        conjunct->kind == WEIR_NODE_SUBQUERY ? (const weir_node_subquery *)conjunct : NULL;
    return subquery && subquery->kind != WEIR_SUBQUERY_SCALAR ? subquery : NULL;
}

weir_code weir_analysis_filter_subqueries(weir_analysis *a, const weir_node *origin, weir_node *child,
                                          weir_node *condition, weir_node **ret) {
    weir_node_list all = {0}, rest = {0}, columns = child->output;
    weir_conjuncts_split(a->arena, condition, &all);
    for (int32_t i = 0; i < all.count; i++) {
        bool negated;
        const weir_node_subquery *predicate = as_predicate(all.items[i], &negated);
        if (predicate)
            WEIR_TRY(join_predicate(a, predicate, negated, &child));
        else
            weir_node_list_add(a->arena, &rest, all.items[i]);
    }
    WEIR_TRY(weir_analysis_take_subqueries(a, &rest, &child));
    weir_node *remaining = weir_conjuncts_all(a->arena, &rest);
    if (remaining)
        WEIR_TRY(weir_analysis_make_filter(a, origin, child, remaining, &child));
    if (child->output.count > columns.count) {
        weir_node_list items = weir_node_list_of(a->arena, child->output.items, columns.count);
        child = weir_analysis_make_project(a, origin, child, items);
    }
    *ret = child;
    return WEIR_OK;
}
