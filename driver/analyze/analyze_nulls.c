/* DataFrame.na (analyzer_int.h): fill, drop and replace as projections and filters of expressions that exist.
 * NaN counts as NULL in DOUBLE and FLOAT columns, as Spark has it. */
#include "driver/analyze/analyzer_int.h"

static weir_node_attribute *column_at(const weir_node *relation, int32_t i) {
    return WEIR_NODE_AS(relation->output.items[i], ATTRIBUTE, attribute);
}

static bool is_floating(const weir_type *type) {
    return type->kind == WEIR_TYPE_FLOAT || type->kind == WEIR_TYPE_DOUBLE;
}

static weir_node *make_case(weir_analysis *a, weir_node *condition, weir_node *value, weir_node *otherwise) {
    weir_node_case *node = WEIR_NODE_NEW(a->arena, CASE, case);
    node->branches = weir_node_list_of(a->arena, (weir_node *[]){condition, value}, 2);
    node->otherwise = otherwise;
    return &node->node;
}

static weir_node *make_cast(weir_analysis *a, weir_node *child, const weir_type *type) {
    weir_node_cast *cast = WEIR_NODE_NEW(a->arena, CAST, cast);
    cast->child = child;
    cast->node.type = type;
    return &cast->node;
}

static weir_node *make_alias(weir_analysis *a, weir_node *child, weir_str name) {
    weir_node_alias *alias = WEIR_NODE_NEW(a->arena, ALIAS, alias);
    alias->child = child;
    alias->name = name;
    return &alias->node;
}

/* The columns of the child that the names mean; all of them without names. */
static weir_code chosen_columns(weir_analysis *a, const weir_node *child, const weir_str_list *names,
                                bool *ret) {
    for (int32_t i = 0; i < child->output.count; i++)
        ret[i] = names->count == 0;
    for (int32_t n = 0; n < names->count; n++) {
        bool found = false;
        for (int32_t i = 0; i < child->output.count; i++) {
            bool same = weir_analysis_name_equal(a, column_at(child, i)->name, names->items[n]);
            ret[i] |= same;
            found |= same;
        }
        if (found)
            continue;
        /* Spark suggests the columns as they stand. */
        weir_strbuf proposal _cleanup_strbuf_ = {0};
        for (int32_t i = 0; i < child->output.count; i++) {
            weir_str_list one = {&column_at(child, i)->name, 1};
            weir_strbuf_addf(&proposal, "%s%s", i ? ", " : "", weir_analysis_quoted(a, &one));
        }
        weir_str_list one = {&names->items[n], 1};
        return weir_error_raise(a->err, WEIR_UNRESOLVED_COLUMN__WITH_SUGGESTION, "objectName",
                                weir_analysis_quoted(a, &one), "proposal", proposal.data ? proposal.data : "",
                                NULL);
    }
    return WEIR_OK;
}

/* ---- fill ---- */

/* Does the value fill columns of this type where the user named no type? */
static bool fills(const weir_type *value, const weir_type *column) {
    if (weir_type_is_numeric(value))
        return weir_type_is_numeric(column);
    return value->kind == column->kind;
}

static weir_node *filled(weir_analysis *a, weir_node_attribute *column, weir_node *value) {
    weir_node *self = weir_analysis_attribute_of(a, &column->node), *present = self;
    if (is_floating(column->node.type)) {
        weir_node *none = weir_literal_null(a->arena, column->node.type);
        present = make_case(a, weir_analysis_call(a, "isnan", &self, 1), none, self);
    }
    weir_node_coalesce *coalesce = WEIR_NODE_NEW(a->arena, COALESCE, coalesce);
    coalesce->args =
        weir_node_list_of(a->arena, (weir_node *[]){present, make_cast(a, value, column->node.type)}, 2);
    return make_alias(a, &coalesce->node, column->name);
}

weir_code weir_analysis_fill_nulls(weir_analysis *a, weir_node_fill_nulls *node, weir_node **ret) {
    weir_node *child;
    WEIR_TRY(weir_analysis_relation(a, node->child, &child));
    bool *chosen = WEIR_NEW_ARRAY(a->arena, bool, child->output.count + 1);
    WEIR_TRY(chosen_columns(a, child, &node->columns, chosen));
    weir_node_list items = weir_node_list_new(a->arena, child->output.count);
    for (int32_t i = 0; i < items.count; i++) {
        weir_node_attribute *column = column_at(child, i);
        weir_node *value = chosen[i] ? node->values.items[0] : NULL;
        for (int32_t n = 0; node->values.count > 1 && value && n < node->columns.count; n++)
            if (weir_analysis_name_equal(a, column->name, node->columns.items[n]))
                value = node->values.items[n];
        if (value && node->values.count == 1 && !fills(value->type, column->node.type))
            value = NULL;
        items.items[i] = value ? filled(a, column, value) : weir_analysis_attribute_of(a, &column->node);
    }
    return weir_analysis_select(a, &node->node, child, items, ret);
}

/* ---- drop ---- */

static weir_node *is_present(weir_analysis *a, const weir_node_attribute *column) {
    weir_node *self = weir_analysis_attribute_of(a, &column->node);
    weir_node *present = weir_analysis_call(a, "isnotnull", &self, 1);
    if (!is_floating(column->node.type))
        return present;
    weir_node *nan = weir_analysis_call(a, "isnan", &self, 1);
    weir_node_and *both = WEIR_NODE_NEW(a->arena, AND, and);
    both->left = present;
    both->right = weir_analysis_call(a, "not", &nan, 1);
    return &both->node;
}

weir_code weir_analysis_drop_nulls(weir_analysis *a, weir_node_drop_nulls *node, weir_node **ret) {
    weir_node *child, *sum = NULL;
    WEIR_TRY(weir_analysis_relation(a, node->child, &child));
    bool *chosen = WEIR_NEW_ARRAY(a->arena, bool, child->output.count + 1);
    WEIR_TRY(chosen_columns(a, child, &node->columns, chosen));
    weir_node *one = weir_literal_int(a->arena, 1), *zero = weir_literal_int(a->arena, 0);
    int64_t least = node->non_nulls_min;
    for (int32_t i = 0; i < child->output.count; i++) {
        if (!chosen[i])
            continue;
        weir_node *test = is_present(a, column_at(child, i));
        if (least >= 0) {
            weir_node *term = make_case(a, test, one, zero);
            sum = sum ? weir_analysis_call(a, "+", (weir_node *[]){sum, term}, 2) : term;
        } else if (sum) {
            weir_node_and *both = WEIR_NODE_NEW(a->arena, AND, and);
            both->left = sum;
            both->right = test;
            sum = &both->node;
        } else {
            sum = test;
        }
    }
    *ret = child;
    if (!sum)
        return WEIR_OK;
    if (least >= 0)
        sum = weir_analysis_call(a, ">=", (weir_node *[]){sum, weir_literal_long(a->arena, least)}, 2);
    weir_scope scope = {.columns = child->output, .starred = child->output};
    a->scope = &scope;
    WEIR_TRY(weir_analysis_resolve(a, sum, &sum));
    a->scope = NULL;
    return weir_analysis_make_filter(a, &node->node, child, sum, ret);
    return WEIR_OK;
}

/* ---- replace ---- */

/* Replacements are of one kind, that of the first old value which is not NULL. */
static const weir_type *replaced_type(const weir_node_list *pairs) {
    for (int32_t i = 0; i < pairs->count; i += 2)
        if (pairs->items[i]->type->kind != WEIR_TYPE_NULL)
            return pairs->items[i]->type;
    return weir_type_of(WEIR_TYPE_NULL);
}

weir_code weir_analysis_replace_values(weir_analysis *a, weir_node_replace_values *node, weir_node **ret) {
    weir_node *child;
    WEIR_TRY(weir_analysis_relation(a, node->child, &child));
    bool *chosen = WEIR_NEW_ARRAY(a->arena, bool, child->output.count + 1);
    WEIR_TRY(chosen_columns(a, child, &node->columns, chosen));
    const weir_type *type = replaced_type(&node->pairs);
    weir_node_list items = weir_node_list_new(a->arena, child->output.count);
    for (int32_t i = 0; i < items.count; i++) {
        weir_node_attribute *column = column_at(child, i);
        weir_node *self = items.items[i] = weir_analysis_attribute_of(a, &column->node);
        if (!chosen[i] || node->pairs.count == 0 || !fills(type, column->node.type))
            continue;
        weir_node_case *choice = WEIR_NODE_NEW(a->arena, CASE, case);
        for (int32_t p = 0; p < node->pairs.count; p += 2) {
            weir_node *equal = weir_analysis_call(a, "=", (weir_node *[]){self, node->pairs.items[p]}, 2);
            weir_node_list_add(a->arena, &choice->branches, equal);
            weir_node_list_add(a->arena, &choice->branches,
                               make_cast(a, node->pairs.items[p + 1], column->node.type));
        }
        choice->otherwise = self;
        items.items[i] = make_alias(a, &choice->node, column->name);
    }
    return weir_analysis_select(a, &node->node, child, items, ret);
}
