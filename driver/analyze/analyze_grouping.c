/* GROUP BY ROLLUP, CUBE and GROUPING SETS (analyzer_int.h): an aggregation over an EXPAND that gives every
 * row once per set, with the columns that the set leaves out NULL, and with Spark's spark_grouping_id, whose
 * bits say which those are (the first grouping column's is the highest).
 *
 *   ROLLUP(a, b)   Aggregate [a', b', gid]  <-  Expand (*, a, b, 0) (*, a, NULL, 1) (*, NULL, NULL, 3)  <-
 * child
 *
 * Parsers leave the sets in the GROUP BY list as hidden calls over lists of expressions: $rollup, $cube,
 * $grouping_sets, and $grouped whose first list names the columns of the sets behind it. Aggregate functions
 * see the rows as they are; everything else in SELECT, HAVING and ORDER BY sees the columns of the EXPAND.
 * grouping() and grouping_id() are markers until the sets are known. */
#include "driver/analyze/analyzer_int.h"

#define COLUMNS_MAX 64 /* bits of spark_grouping_id */
#define SETS_MAX 4096  /* a row becomes that many */

/* ---- markers ---- */

static weir_code resolve_marker(weir_resolve *resolve, const weir_function *function, weir_node **args,
                                int32_t args_count, const weir_type **ret_type, bool *ret_nullable,
                                weir_node **ret_rewrite, weir_error **err) {
    (void)resolve, (void)args, (void)args_count, (void)ret_rewrite, (void)err;
    *ret_type = weir_type_of(function->args_max == 1 ? WEIR_TYPE_BYTE : WEIR_TYPE_LONG);
    *ret_nullable = false;
    return WEIR_OK;
}

static const weir_function grouping_marker = {
    .name = "grouping", .args_min = 1, .args_max = 1, .resolve = resolve_marker};
static const weir_function grouping_id_marker = {
    .name = "grouping_id", .args_max = -1, .resolve = resolve_marker};

const weir_function *weir_analysis_grouping_function(weir_str name) {
    if (weir_str_equal_nocase(name, WEIR_STR("grouping")))
        return &grouping_marker;
    return weir_str_equal_nocase(name, WEIR_STR("grouping_id")) ? &grouping_id_marker : NULL;
}

/* `data`: NULL, or where the marker goes. */
static bool is_marker(const weir_node *node, void *data) {
    if (data)
        *(const weir_node **)data = node;
    const weir_function *function =
        node->kind == WEIR_NODE_CALL ? WEIR_NODE_AS(node, CALL, call)->function : NULL;
    return function && (function == &grouping_marker || function == &grouping_id_marker);
}

weir_code weir_analysis_check_markers(weir_analysis *a, const weir_node *plan) {
    const weir_node *marker;
    if (weir_node_any(plan, is_marker, &marker))
        return weir_analysis_place(a, marker,
                                   weir_error_raise(a->err, WEIR_UNSUPPORTED_GROUPING_EXPRESSION, NULL));
    return WEIR_OK;
}

/* ---- reading the sets ---- */

typedef struct group_sets {
    weir_node_list *items; /* per set the expressions, still unresolved */
    int32_t count, capacity;
} group_sets;

static const char *sets_kind(const weir_node *node) {
    if (node->kind != WEIR_NODE_UNRESOLVED_FUNCTION)
        return NULL;
    const weir_node_unresolved_function *call = WEIR_NODE_AS(node, UNRESOLVED_FUNCTION, unresolved_function);
    if (call->name.count != 1 || call->name.items[0].size < 2 || call->name.items[0].data[0] != '$')
        return NULL;
    static const char *const kinds[] = {"$rollup", "$cube", "$grouping_sets", "$grouped"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(kinds); i++)
        if (weir_str_equal(call->name.items[0], weir_str_from(kinds[i])))
            return kinds[i];
    return NULL;
}

bool weir_analysis_has_grouping_sets(const weir_node_list *grouping) {
    for (int32_t i = 0; i < grouping->count; i++)
        if (sets_kind(grouping->items[i]))
            return true;
    return false;
}

static weir_code raise_size(weir_analysis *a) {
    return weir_error_raise(a->err, WEIR_GROUPING_SIZE_LIMIT_EXCEEDED, "maxSize",
                            weir_arena_printf(a->arena, "%d", COLUMNS_MAX), NULL);
}

static weir_code refuse_sets(weir_analysis *a) {
    WEIR_FAIL(a->err, NOT_SUPPORTED, "more than %d grouping sets are not supported", SETS_MAX);
}

static weir_code add_set(weir_analysis *a, group_sets *sets, weir_node_list set) {
    if (sets->count == SETS_MAX)
        return refuse_sets(a);
    if (sets->count == sets->capacity) {
        int32_t capacity = sets->capacity ? 2 * sets->capacity : 16;
        weir_node_list *items = WEIR_NEW_ARRAY(a->arena, weir_node_list, capacity);
        if (sets->count)
            memcpy(items, sets->items, sizeof *items * (size_t)sets->count);
        sets->items = items;
        sets->capacity = capacity;
    }
    sets->items[sets->count++] = set;
    return WEIR_OK;
}

static weir_node_list joined(weir_analysis *a, weir_node_list left, weir_node_list right) {
    weir_node_list both = weir_node_list_of(a->arena, left.items, left.count);
    for (int32_t i = 0; i < right.count; i++)
        weir_node_list_add(a->arena, &both, right.items[i]);
    return both;
}

static weir_node_list items_of(weir_node *list) {
    return WEIR_NODE_AS(list, EXPR_LIST, expr_list)->items;
}

/* From all lists down to none. */
static weir_code add_rollup(weir_analysis *a, weir_node_list lists, group_sets *ret) {
    for (int32_t count = lists.count; count >= 0; count--) {
        weir_node_list set = {0};
        for (int32_t i = 0; i < count; i++)
            set = joined(a, set, items_of(lists.items[i]));
        WEIR_TRY(add_set(a, ret, set));
    }
    return WEIR_OK;
}

/* Every choice of lists, the full one first. */
static weir_code add_cube(weir_analysis *a, weir_node_list lists, group_sets *ret) {
    if (lists.count > 12)
        return refuse_sets(a);
    int32_t choices = 1 << lists.count;
    for (int32_t left_out = 0; left_out < choices; left_out++) {
        weir_node_list set = {0};
        for (int32_t i = 0; i < lists.count; i++)
            if (!(left_out >> (lists.count - 1 - i) & 1))
                set = joined(a, set, items_of(lists.items[i]));
        WEIR_TRY(add_set(a, ret, set));
    }
    return WEIR_OK;
}

static weir_code read_sets(weir_analysis *a, weir_node *node, group_sets *ret) {
    const char *kind = sets_kind(node);
    if (!kind) {
        if (node->kind == WEIR_NODE_EXPR_LIST)
            return add_set(a, ret, items_of(node));
        return add_set(a, ret, weir_node_list_of(a->arena, &node, 1));
    }
    weir_node_list args = WEIR_NODE_AS(node, UNRESOLVED_FUNCTION, unresolved_function)->args;
    if (strcmp(kind, "$rollup") == 0)
        return add_rollup(a, args, ret);
    if (strcmp(kind, "$cube") == 0)
        return add_cube(a, args, ret);
    for (int32_t i = strcmp(kind, "$grouped") == 0; i < args.count; i++)
        WEIR_TRY(read_sets(a, args.items[i], ret));
    return WEIR_OK;
}

/* GROUP BY a, ROLLUP(b): every set of one with every set of the other. */
static weir_code cross_sets(weir_analysis *a, const weir_node_list *grouping, group_sets *ret) {
    WEIR_TRY(add_set(a, ret, (weir_node_list){0}));
    for (int32_t i = 0; i < grouping->count; i++) {
        group_sets factor = {0}, product = {0};
        WEIR_TRY(read_sets(a, grouping->items[i], &factor));
        for (int32_t left = 0; left < ret->count; left++)
            for (int32_t right = 0; right < factor.count; right++)
                WEIR_TRY(add_set(a, &product, joined(a, ret->items[left], factor.items[right])));
        *ret = product;
    }
    return WEIR_OK;
}

/* Everything grouped by, in the order of the text. */
static void collect_exprs(weir_analysis *a, weir_node *node, weir_node_list *ret) {
    const char *kind = sets_kind(node);
    if (!kind && node->kind != WEIR_NODE_EXPR_LIST) {
        weir_node_list_add(a->arena, ret, node);
        return;
    }
    weir_node_list parts =
        kind ? WEIR_NODE_AS(node, UNRESOLVED_FUNCTION, unresolved_function)->args : items_of(node);
    for (int32_t i = 0; i < parts.count; i++)
        collect_exprs(a, parts.items[i], ret);
}

/* ---- the sets, resolved ---- */

static int32_t index_of(const weir_node_list *list, const weir_node *node) {
    for (int32_t i = 0; i < list->count; i++)
        if (weir_node_equal(list->items[i], node))
            return i;
    return -1;
}

/* Bits of the columns that the set leaves out. */
static weir_code mask_of(weir_analysis *a, const weir_grouping *g, const weir_node_list *set,
                         weir_analysis_group_fn resolve, void *data, uint64_t *ret) {
    uint64_t mask = (UINT64_C(1) << g->exprs.count) - 1;
    for (int32_t i = 0; i < set->count; i++) {
        weir_node *expr;
        WEIR_TRY(resolve(a, set->items[i], data, &expr));
        int32_t at = index_of(&g->exprs, expr);
        mask &= ~(UINT64_C(1) << (g->exprs.count - 1 - at));
    }
    *ret = mask;
    return WEIR_OK;
}

static weir_node *column_for(weir_analysis *a, weir_node *expr) {
    weir_node *column;
    if (expr->kind == WEIR_NODE_ATTRIBUTE) {
        column = weir_node_copy(a->arena, expr);
        WEIR_NODE_AS(column, ATTRIBUTE, attribute)->id = (*a->options->next_id)++;
    } else {
        column = weir_analysis_attribute_of(
            a, weir_analysis_alias(a, expr, weir_str_from(weir_analysis_plain_sql(a, expr))));
    }
    column->nullable = true;
    return column;
}

static weir_node *number_column(weir_analysis *a, const char *name, const weir_type *type) {
    weir_node_attribute *column = WEIR_NODE_NEW(a->arena, ATTRIBUTE, attribute);
    column->name = weir_str_from(name);
    column->id = (*a->options->next_id)++;
    column->node.type = type;
    column->node.resolved = true;
    return &column->node;
}

static weir_node *projection(weir_analysis *a, const weir_grouping *g, uint64_t mask, int32_t position) {
    weir_node_expr_list *row = WEIR_NODE_NEW(a->arena, EXPR_LIST, expr_list);
    for (int32_t i = 0; i < g->child->output.count; i++)
        weir_node_list_add(a->arena, &row->items, weir_analysis_attribute_of(a, g->child->output.items[i]));
    for (int32_t i = 0; i < g->exprs.count; i++) {
        bool out = mask >> (g->exprs.count - 1 - i) & 1;
        weir_node *expr = g->exprs.items[i];
        weir_node_list_add(a->arena, &row->items, out ? weir_literal_null(a->arena, expr->type) : expr);
    }
    weir_node_list_add(a->arena, &row->items, weir_literal_long(a->arena, (int64_t)mask));
    if (g->position)
        weir_node_list_add(a->arena, &row->items, weir_literal_int(a->arena, position));
    return &row->node;
}

static weir_node *make_expand(weir_analysis *a, const weir_grouping *g, const uint64_t *masks,
                              int32_t count) {
    weir_node_expand *expand = WEIR_NODE_NEW(a->arena, EXPAND, expand);
    expand->child = g->child;
    for (int32_t i = 0; i < count; i++)
        weir_node_list_add(a->arena, &expand->projections, projection(a, g, masks[i], i));
    weir_node_list output = weir_node_list_of(a->arena, g->child->output.items, g->child->output.count);
    for (int32_t i = 0; i < g->columns.count; i++)
        weir_node_list_add(a->arena, &output, g->columns.items[i]);
    weir_node_list_add(a->arena, &output, g->id);
    if (g->position)
        weir_node_list_add(a->arena, &output, g->position);
    expand->attributes = output;
    weir_analysis_set_output(a, &expand->node, output);
    return &expand->node;
}

static weir_code resolve_exprs(weir_analysis *a, const weir_node_list *grouping,
                               weir_analysis_group_fn resolve, void *data, weir_grouping *g) {
    weir_node_list all = {0};
    for (int32_t i = 0; i < grouping->count; i++)
        collect_exprs(a, grouping->items[i], &all);
    for (int32_t i = 0; i < all.count; i++) {
        weir_node *expr;
        WEIR_TRY(resolve(a, all.items[i], data, &expr));
        if (index_of(&g->exprs, expr) >= 0)
            continue;
        weir_node_list_add(a->arena, &g->exprs, expr);
        weir_node_list_add(a->arena, &g->columns, column_for(a, expr));
    }
    if (g->exprs.count == COLUMNS_MAX)
        return weir_analysis_refuse(a, grouping->items[0], "grouping sets over 64 columns");
    return g->exprs.count > COLUMNS_MAX ? raise_size(a) : WEIR_OK;
}

static bool has_twice(const uint64_t *masks, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        for (int32_t j = 0; j < i; j++)
            if (masks[i] == masks[j])
                return true;
    return false;
}

weir_code weir_analysis_grouping_sets(weir_analysis *a, const weir_node_list *grouping,
                                      weir_analysis_group_fn resolve, void *data, weir_node *child,
                                      weir_grouping **ret) {
    weir_grouping *g = WEIR_NEW(a->arena, weir_grouping);
    group_sets sets = {0};
    g->child = child;
    WEIR_TRY(resolve_exprs(a, grouping, resolve, data, g));
    WEIR_TRY(cross_sets(a, grouping, &sets));
    uint64_t *masks = WEIR_NEW_ARRAY(a->arena, uint64_t, sets.count + 1);
    for (int32_t i = 0; i < sets.count; i++)
        WEIR_TRY(mask_of(a, g, &sets.items[i], resolve, data, &masks[i]));
    g->id = number_column(a, "spark_grouping_id", weir_type_of(WEIR_TYPE_LONG));
    if (has_twice(masks, sets.count))
        g->position = number_column(a, "_gen_grouping_pos", weir_type_of(WEIR_TYPE_INT));
    g->expand = make_expand(a, g, masks, sets.count);
    if (g->exprs.count == 0 && sets.count == 1) { /* GROUPING SETS (()): one row of all */
        g->next = a->groupings;
        *ret = a->groupings = g;
        return WEIR_OK;
    }
    g->grouping = weir_node_list_of(a->arena, g->columns.items, g->columns.count);
    weir_node_list_add(a->arena, &g->grouping, g->id);
    if (g->position)
        weir_node_list_add(a->arena, &g->grouping, g->position);
    g->next = a->groupings;
    a->groupings = g;
    *ret = g;
    return WEIR_OK;
}

const weir_grouping *weir_analysis_grouping_of(const weir_analysis *a, const weir_node_aggregate *node) {
    for (const weir_grouping *g = a->groupings; g; g = g->next)
        if (g->expand == node->child)
            return g;
    return NULL;
}

/* ---- what stands above ---- */

static const char *list_text(weir_analysis *a, const weir_node_list *list) {
    weir_strbuf buf _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < list->count; i++)
        weir_strbuf_addf(&buf, "%s%s", i ? "," : "", weir_analysis_plain_sql(a, list->items[i]));
    return weir_arena_strdup(a->arena, buf.data ? buf.data : "");
}

/* Which grouping column an argument of grouping() means: in HAVING it is the result's, which is the column
 * itself. */
static int32_t column_index(const weir_grouping *g, const weir_node *node) {
    int32_t at = index_of(&g->exprs, node);
    return at < 0 ? index_of(&g->columns, node) : at;
}

static weir_node *cast_to(weir_analysis *a, weir_node *child, weir_type_kind kind) {
    weir_node_cast *cast = WEIR_NODE_NEW(a->arena, CAST, cast);
    cast->child = child;
    cast->mode = WEIR_CAST_LEGACY;
    cast->node.type = weir_type_of(kind);
    cast->node.resolved = true;
    return &cast->node;
}

/* CAST(CAST(id & 2^bit AS BOOLEAN) AS TINYINT) */
static weir_code grouping_bit(weir_analysis *a, const weir_grouping *g, const weir_node_list *args,
                              weir_node **ret) {
    int32_t at = column_index(g, args->items[0]);
    if (at < 0)
        return weir_error_raise(a->err, WEIR_GROUPING_COLUMN_MISMATCH, "grouping",
                                weir_analysis_plain_sql(a, args->items[0]), "groupingColumns",
                                list_text(a, &g->exprs), NULL);
    weir_node *bit = weir_literal_long(a->arena, INT64_C(1) << (g->exprs.count - 1 - at)), *masked;
    WEIR_TRY(weir_analysis_resolve(a, weir_analysis_call(a, "&", (weir_node *[]){g->id, bit}, 2), &masked));
    *ret = cast_to(a, cast_to(a, masked, WEIR_TYPE_BOOLEAN), WEIR_TYPE_BYTE);
    return WEIR_OK;
}

static weir_code grouping_number(weir_analysis *a, const weir_grouping *g, const weir_node_list *args,
                                 weir_node **ret) {
    bool same = args->count == g->exprs.count;
    for (int32_t i = 0; i < args->count && same; i++)
        same = column_index(g, args->items[i]) == i;
    if (args->count > 0 && !same)
        return weir_error_raise(a->err, WEIR_GROUPING_ID_COLUMN_MISMATCH, "groupingIdColumn",
                                list_text(a, args), "groupByColumns", list_text(a, &g->exprs), NULL);
    *ret = g->id;
    return WEIR_OK;
}

typedef struct above {
    weir_analysis *a;
    const weir_grouping *grouping;
} above;

static weir_code replace_grouped(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                                 weir_error **err) {
    (void)arena, (void)err;
    const above *u = data;
    const weir_grouping *g = u->grouping;
    *ret = node;
    if (node->kind == WEIR_NODE_AGGREGATE_CALL) {
        /* Its arguments see the rows: nothing below is replaced. A copy ends the walk here. */
        *ret = weir_node_copy(u->a->arena, node);
        return WEIR_OK;
    }
    int32_t at = index_of(&g->exprs, node);
    if (at >= 0) {
        *ret = g->columns.items[at];
        return WEIR_OK;
    }
    if (!is_marker(node, NULL))
        return WEIR_OK;
    const weir_node_call *call = WEIR_NODE_AS(node, CALL, call);
    return call->function == &grouping_marker ? grouping_bit(u->a, g, &call->args, ret)
                                              : grouping_number(u->a, g, &call->args, ret);
}

static bool any_nullable(const weir_node_list *list, int32_t from, int32_t step) {
    for (int32_t i = from; i < list->count; i += step)
        if (list->items[i]->nullable)
            return true;
    return false;
}

static bool either_nullable(const weir_node *left, const weir_node *right) {
    return (left && left->nullable) || (right && right->nullable);
}

/* A grouping column may be NULL where what it holds may not: so may what is made of it. */
static weir_code spread_nullable(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                                 weir_error **err) {
    (void)data, (void)err;
    bool nullable = false;
    if (node->kind == WEIR_NODE_ALIAS)
        nullable = WEIR_NODE_AS(node, ALIAS, alias)->child->nullable;
    else if (node->kind == WEIR_NODE_CAST)
        nullable = WEIR_NODE_AS(node, CAST, cast)->child->nullable;
    else if (node->kind == WEIR_NODE_FIELD)
        nullable = WEIR_NODE_AS(node, FIELD, field_access)->child->nullable;
    else if (node->kind == WEIR_NODE_AND)
        nullable = either_nullable(WEIR_NODE_AS(node, AND, and)->left, WEIR_NODE_AS(node, AND, and)->right);
    else if (node->kind == WEIR_NODE_OR)
        nullable = either_nullable(WEIR_NODE_AS(node, OR, or)->left, WEIR_NODE_AS(node, OR, or)->right);
    else if (node->kind == WEIR_NODE_CASE)
        nullable = any_nullable(&WEIR_NODE_AS(node, CASE, case)->branches, 1, 2) ||
                   either_nullable(WEIR_NODE_AS(node, CASE, case)->otherwise, NULL);
    else if (node->kind == WEIR_NODE_CALL)
        nullable = !(WEIR_NODE_AS(node, CALL, call)->function->flags & WEIR_FN_NEVER_NULL) &&
                   any_nullable(&WEIR_NODE_AS(node, CALL, call)->args, 0, 1);
    *ret = node;
    if (nullable && !node->nullable) {
        *ret = weir_node_copy(arena, node);
        (*ret)->nullable = true;
    }
    return WEIR_OK;
}

weir_code weir_analysis_grouping_replace(weir_analysis *a, const weir_grouping *grouping, weir_node *node,
                                         weir_node **ret) {
    above u = {a, grouping};
    weir_node *replaced;
    WEIR_TRY(weir_node_transform_down(a->arena, node, replace_grouped, &u, &replaced, a->err));
    return weir_node_transform(a->arena, replaced, spread_nullable, NULL, ret, a->err);
}
