/* UNPIVOT and sampling (analyzer_int.h). An UNPIVOT becomes an EXPAND: one projection for each value column,
 * of the ids, the column's name and its value. */
#include "driver/analyze/analyzer_int.h"

static weir_node_attribute *column_at(const weir_node_list *list, int32_t i) {
    return WEIR_NODE_AS(list->items[i], ATTRIBUTE, attribute);
}

typedef struct unpivot {
    const weir_node_unpivot *node;
    weir_node *child;
    weir_node_list ids;    /* ATTRIBUTE or ALIAS */
    weir_node_list values; /* EXPR_LIST of ATTRIBUTE or ALIAS */
} unpivot;

/* ---- which columns ---- */

static bool holds(const weir_node_list *list, const weir_node *column) {
    for (int32_t i = 0; i < list->count; i++)
        if (list->items[i]->kind == WEIR_NODE_ATTRIBUTE &&
            column_at(list, i)->id == ((const weir_node_attribute *)column)->id)
            return true;
    return false;
}

static weir_code require_columns(weir_analysis *a, const weir_node_list *list, const char *given,
                                 const char *empty) {
    weir_strbuf others _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < list->count; i++) {
        const weir_node *item = list->items[i];
        if (item->kind == WEIR_NODE_ATTRIBUTE)
            continue;
        const weir_node_alias *alias = (const weir_node_alias *)item;
        weir_strbuf_addf(&others, "%s\"%s AS " WEIR_STR_FMT "\"", others.size ? ", " : "",
                         weir_analysis_plain_sql(a, alias->child), WEIR_STR_ARG(alias->name));
    }
    if (others.size == 0)
        return WEIR_OK;
    return weir_error_raise(a->err, WEIR_UNPIVOT_REQUIRES_ATTRIBUTES, "given", given, "empty", empty,
                            "expressions", others.data, NULL);
}

static weir_code resolve_columns(weir_analysis *a, unpivot *u) {
    for (int32_t i = 0; i < u->node->ids.count; i++)
        WEIR_TRY(weir_analysis_named(a, u->node->ids.items[i], &u->ids));
    for (int32_t i = 0; i < u->node->values.count; i++) {
        weir_node_expr_list *from = WEIR_NODE_AS(u->node->values.items[i], EXPR_LIST, expr_list);
        weir_node_list items = {0};
        for (int32_t v = 0; v < from->items.count; v++)
            WEIR_TRY(weir_analysis_named(a, from->items.items[v], &items));
        bool several = u->node->names.count == 1 && items.count > 1; /* a star */
        for (int32_t v = 0; v < (several ? items.count : 1); v++) {
            weir_node_expr_list *to = WEIR_NODE_NEW(a->arena, EXPR_LIST, expr_list);
            to->items = several ? weir_node_list_of(a->arena, &items.items[v], 1) : items;
            weir_node_list_add(a->arena, &u->values, &to->node);
        }
    }
    return WEIR_OK;
}

static weir_code find_other_ids(weir_analysis *a, unpivot *u) {
    weir_node_list used = {0};
    for (int32_t i = 0; i < u->values.count; i++) {
        const weir_node_list *items = &WEIR_NODE_AS(u->values.items[i], EXPR_LIST, expr_list)->items;
        for (int32_t v = 0; v < items->count; v++)
            weir_node_list_add(a->arena, &used, items->items[v]);
    }
    WEIR_TRY(require_columns(a, &used, "value", "id"));
    for (int32_t i = 0; i < u->child->output.count; i++)
        if (!holds(&used, u->child->output.items[i]))
            weir_node_list_add(a->arena, &u->ids, weir_analysis_attribute_of(a, u->child->output.items[i]));
    return WEIR_OK;
}

static weir_code find_other_values(weir_analysis *a, unpivot *u) {
    WEIR_TRY(require_columns(a, &u->ids, "id", "value"));
    for (int32_t i = 0; i < u->child->output.count; i++) {
        weir_node_expr_list *one = WEIR_NODE_NEW(a->arena, EXPR_LIST, expr_list);
        if (holds(&u->ids, u->child->output.items[i]))
            continue;
        weir_node_list_add(a->arena, &one->items, weir_analysis_attribute_of(a, u->child->output.items[i]));
        weir_node_list_add(a->arena, &u->values, &one->node);
    }
    return WEIR_OK;
}

static weir_code find_columns(weir_analysis *a, unpivot *u) {
    weir_scope scope = {.columns = u->child->output, .starred = u->child->output};
    a->scope = &scope;
    WEIR_TRY(resolve_columns(a, u));
    a->scope = NULL;
    if (u->node->other_ids)
        WEIR_TRY(find_other_ids(a, u));
    if (u->node->other_values)
        WEIR_TRY(find_other_values(a, u));
    if (u->values.count == 0)
        return weir_error_raise(a->err, WEIR_UNPIVOT_REQUIRES_VALUE_COLUMNS, NULL);
    return WEIR_OK;
}

/* ---- values ---- */

static weir_node_list *row_at(const unpivot *u, int32_t row) {
    return &WEIR_NODE_AS(u->values.items[row], EXPR_LIST, expr_list)->items;
}

static weir_code check_sizes(weir_analysis *a, const unpivot *u) {
    bool same = true;
    for (int32_t r = 0; r < u->values.count; r++)
        same &= row_at(u, r)->count == u->node->names.count;
    if (same)
        return WEIR_OK;
    return weir_error_raise(a->err, WEIR_UNPIVOT_VALUE_SIZE_MISMATCH, "names",
                            weir_arena_printf(a->arena, "%d", u->node->names.count), NULL);
}

static weir_str name_of(const weir_node *named) {
    return named->kind == WEIR_NODE_ALIAS ? ((const weir_node_alias *)named)->name
                                          : ((const weir_node_attribute *)named)->name;
}

/* "INT" (`a`, `b`), "STRING" (`c`) */
static weir_code raise_types(weir_analysis *a, const unpivot *u, int32_t column) {
    weir_strbuf text _cleanup_strbuf_ = {0};
    for (int32_t r = 0; r < u->values.count; r++) {
        const weir_type *type = row_at(u, r)->items[column]->type;
        bool seen = false;
        for (int32_t s = 0; s < r && !seen; s++)
            seen = weir_type_same(row_at(u, s)->items[column]->type, type);
        if (seen)
            continue;
        weir_strbuf_addf(&text, "%s%s (", text.size ? ", " : "", weir_analysis_type(a, type));
        bool first = true;
        for (int32_t s = r; s < u->values.count; s++) {
            weir_str name = name_of(row_at(u, s)->items[column]);
            weir_str_list one = {&name, 1};
            if (!weir_type_same(row_at(u, s)->items[column]->type, type))
                continue;
            weir_strbuf_addf(&text, "%s%s", first ? "" : ", ", weir_analysis_quoted(a, &one));
            first = false;
        }
        weir_strbuf_add_char(&text, ')');
    }
    return weir_error_raise(a->err, WEIR_UNPIVOT_VALUE_DATA_TYPE_MISMATCH, "types", text.data, NULL);
}

static weir_code common_type(weir_analysis *a, const unpivot *u, int32_t column, const weir_type **ret) {
    const weir_type *common = row_at(u, 0)->items[column]->type;
    for (int32_t r = 1; r < u->values.count && common; r++) {
        const weir_type *other = row_at(u, r)->items[column]->type;
        bool text = weir_type_is_string(common) != weir_type_is_string(other) &&
                    common->kind != WEIR_TYPE_NULL && other->kind != WEIR_TYPE_NULL;
        common = text ? NULL : weir_coerce_common(a->arena, a->options->ansi, common, other);
    }
    if (!common)
        return raise_types(a, u, column);
    *ret = common;
    return WEIR_OK;
}

/* What the row's value columns are called: the alias, or their names. */
static weir_node *row_name(weir_analysis *a, const unpivot *u, int32_t row) {
    if (row < u->node->aliases.count && u->node->aliases.items[row].size > 0)
        return weir_literal_string(a->arena, u->node->aliases.items[row]);
    weir_strbuf text _cleanup_strbuf_ = {0};
    for (int32_t v = 0; v < row_at(u, row)->count; v++)
        weir_strbuf_addf(&text, "%s" WEIR_STR_FMT, v ? "_" : "",
                         WEIR_STR_ARG(name_of(row_at(u, row)->items[v])));
    return weir_literal_string(a->arena, weir_arena_str(a->arena, weir_strbuf_view(&text)));
}

static weir_node *value_of(weir_node *named) {
    return named->kind == WEIR_NODE_ALIAS ? WEIR_NODE_AS(named, ALIAS, alias)->child : named;
}

/* ---- the relation ---- */

static weir_node *new_column(weir_analysis *a, weir_str name, const weir_type *type, bool nullable) {
    weir_node_attribute *column = WEIR_NODE_NEW(a->arena, ATTRIBUTE, attribute);
    column->name = name;
    column->id = (*a->options->next_id)++;
    column->node.type = type;
    column->node.nullable = nullable;
    column->node.resolved = true;
    return &column->node;
}

static weir_code make_expand(weir_analysis *a, const unpivot *u, weir_node **ret) {
    weir_node_expand *expand = WEIR_NODE_NEW(a->arena, EXPAND, expand);
    int32_t width = u->node->names.count;
    const weir_type **types = WEIR_NEW_ARRAY(a->arena, const weir_type *, width + 1);
    for (int32_t v = 0; v < width; v++)
        WEIR_TRY(common_type(a, u, v, &types[v]));
    expand->child = u->child;
    for (int32_t r = 0; r < u->values.count; r++) {
        weir_node_expr_list *row = WEIR_NODE_NEW(a->arena, EXPR_LIST, expr_list);
        for (int32_t i = 0; i < u->ids.count; i++)
            weir_node_list_add(a->arena, &row->items, value_of(u->ids.items[i]));
        weir_node_list_add(a->arena, &row->items, row_name(a, u, r));
        for (int32_t v = 0; v < width; v++) {
            weir_node *value = value_of(row_at(u, r)->items[v]);
            weir_node_list_add(a->arena, &row->items, weir_analysis_cast(a, value, types[v]));
        }
        weir_node_list_add(a->arena, &expand->projections, &row->node);
    }
    for (int32_t i = 0; i < u->ids.count; i++)
        weir_node_list_add(a->arena, &expand->attributes, weir_analysis_attribute_of(a, u->ids.items[i]));
    weir_node_list_add(a->arena, &expand->attributes,
                       new_column(a, u->node->variable, weir_type_of(WEIR_TYPE_STRING), false));
    for (int32_t v = 0; v < width; v++) {
        bool nullable = false;
        for (int32_t r = 0; r < u->values.count; r++)
            nullable |= row_at(u, r)->items[v]->nullable;
        weir_node_list_add(a->arena, &expand->attributes,
                           new_column(a, u->node->names.items[v], types[v], nullable));
    }
    weir_analysis_set_output(a, &expand->node, expand->attributes);
    *ret = &expand->node;
    return WEIR_OK;
}

/* EXCLUDE NULLS: rows in which any value is there. */
static weir_code drop_nulls(weir_analysis *a, const unpivot *u, weir_node *child, weir_node **ret) {
    weir_node *condition = NULL;
    int32_t from = u->ids.count + 1;
    for (int32_t i = from; i < child->output.count; i++) {
        weir_node *column = weir_analysis_attribute_of(a, child->output.items[i]);
        weir_node *present = weir_analysis_call(a, "isnotnull", &column, 1);
        weir_node_or *either = WEIR_NODE_NEW(a->arena, OR, or);
        either->left = condition;
        either->right = present;
        condition = condition ? &either->node : present;
    }
    WEIR_TRY(weir_analysis_resolve(a, condition, &condition));
    return weir_analysis_make_filter(a, &u->node->node, child, condition, ret);
}

weir_code weir_analysis_unpivot(weir_analysis *a, weir_node_unpivot *node, weir_node **ret) {
    unpivot u = {.node = node};
    WEIR_TRY(weir_analysis_relation(a, node->child, &u.child));
    WEIR_TRY(find_columns(a, &u));
    WEIR_TRY(check_sizes(a, &u));
    WEIR_TRY(make_expand(a, &u, ret));
    return node->drop_nulls ? drop_nulls(a, &u, *ret, ret) : WEIR_OK;
}

/* ---- samples ---- */

weir_code weir_analysis_sample(weir_analysis *a, weir_node_sample *node, weir_node **ret) {
    weir_node_sample *copy = (weir_node_sample *)weir_node_copy(a->arena, &node->node);
    const weir_type *number = weir_type_of(WEIR_TYPE_DOUBLE);
    WEIR_TRY(weir_analysis_relation(a, node->child, &copy->child));
    weir_scope scope = {.columns = copy->child->output, .starred = copy->child->output};
    a->scope = &scope;
    WEIR_TRY(weir_analysis_resolve(a, node->lower, &copy->lower));
    WEIR_TRY(weir_analysis_resolve(a, node->upper, &copy->upper));
    a->scope = NULL;
    if (!node->seeded)
        copy->seed = (*a->options->next_id)++; /* another one in every plan */
    copy->lower = weir_analysis_cast(a, copy->lower, number);
    copy->upper = weir_analysis_cast(a, copy->upper, number);
    weir_analysis_set_output(a, &copy->node, copy->child->output);
    *ret = &copy->node;
    return WEIR_OK;
}
