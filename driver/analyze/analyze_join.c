/* Relations made of two: joins, INTERSECT and EXCEPT; and inline tables (analyzer_int.h).
 *
 *   USING, NATURAL   a condition of equalities, and a projection that shows each shared column once
 *   INTERSECT        DISTINCT over a semi join by all columns, NULL equal to NULL
 *   EXCEPT           the same over an anti join
 *   VALUES           EXPAND over one row
 *
 * A column must have one id on one side of a join: where a relation meets itself, the right side's columns
 * get new ids by a projection. */
#include "common/expr/program.h"
#include "common/plan/conjuncts.h"
#include "driver/analyze/analyzer_int.h"
#include "driver/analyze/streaming_checks.h"

static weir_node_attribute *column_at(const weir_node_list *list, int32_t i) {
    return WEIR_NODE_AS(list->items[i], ATTRIBUTE, attribute);
}

/* ---- ids ---- */

static bool has_column(const weir_node *relation, int64_t id) {
    for (int32_t i = 0; i < relation->output.count; i++)
        if (column_at(&relation->output, i)->id == id)
            return true;
    return false;
}

/* What plan ids mean on the right side, by the new ids. */
static void renew_frames(weir_analysis *a, int32_t from, const weir_node *before, const weir_node *after) {
    for (int32_t f = from; f < a->frames_count; f++) {
        weir_node_list *output = &a->frames[f].output;
        *output = weir_node_list_of(a->arena, output->items, output->count);
        for (int32_t i = 0; i < output->count; i++)
            for (int32_t c = 0; c < before->output.count; c++)
                if (column_at(output, i)->id == column_at(&before->output, c)->id)
                    output->items[i] = after->output.items[c];
    }
}

typedef struct renewal {
    const weir_node *before, *after;
} renewal;

static weir_code renew_column(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                              weir_error **err) {
    (void)err;
    const renewal *r = data;
    *ret = node;
    for (int32_t i = 0; node->kind == WEIR_NODE_ATTRIBUTE && i < r->before->output.count; i++)
        if (column_at(&r->before->output, i)->id == WEIR_NODE_AS(node, ATTRIBUTE, attribute)->id) {
            *ret = weir_node_copy(arena, node);
            WEIR_NODE_AS(*ret, ATTRIBUTE, attribute)->id = column_at(&r->after->output, i)->id;
            return WEIR_OK;
        }
    return WEIR_OK;
}

weir_code weir_analysis_renew(weir_analysis *a, const weir_node *left, weir_node *right,
                              weir_node **condition, weir_node **ret) {
    bool shared = false;
    *ret = right;
    for (int32_t i = 0; i < right->output.count; i++)
        shared |= has_column(left, column_at(&right->output, i)->id);
    if (!shared)
        return WEIR_OK;
    weir_node_list items = weir_node_list_new(a->arena, right->output.count);
    for (int32_t i = 0; i < items.count; i++) {
        weir_node_attribute *column = column_at(&right->output, i);
        items.items[i] = weir_analysis_attribute_of(a, &column->node);
        if (!has_column(left, column->id))
            continue;
        items.items[i] = weir_analysis_alias(a, items.items[i], column->name);
        WEIR_NODE_AS(items.items[i], ALIAS, alias)->metadata = column->metadata;
    }
    weir_node *renewed = weir_analysis_make_project(a, right, right, items);
    for (int32_t i = 0; i < items.count; i++)
        column_at(&renewed->output, i)->qualifier = column_at(&right->output, i)->qualifier;
    *ret = renewed;
    renewal ids = {right, renewed};
    if (!condition || !*condition)
        return WEIR_OK;
    return weir_node_transform(a->arena, *condition, renew_column, &ids, condition, a->err);
}

static weir_code renew_right(weir_analysis *a, const weir_node *left, int32_t frames_from,
                             weir_node **right) {
    weir_node *before = *right;
    WEIR_TRY(weir_analysis_renew(a, left, before, NULL, right));
    if (*right != before)
        renew_frames(a, frames_from, before, *right);
    return WEIR_OK;
}

static weir_code resolve_sides(weir_analysis *a, weir_node *left, weir_node *right, weir_node **ret_left,
                               weir_node **ret_right) {
    WEIR_TRY(weir_analysis_relation(a, left, ret_left));
    int32_t frames_from = a->frames_count;
    WEIR_TRY(weir_analysis_relation(a, right, ret_right));
    return renew_right(a, *ret_left, frames_from, ret_right);
}

/* ---- the join's output ---- */

static void add_columns(weir_analysis *a, const weir_node *side, bool nullable, weir_node_list *ret) {
    for (int32_t i = 0; i < side->output.count; i++) {
        weir_node *column = weir_node_copy(a->arena, side->output.items[i]);
        column->nullable |= nullable;
        weir_node_list_add(a->arena, ret, column);
    }
}

void weir_analysis_finish_join(weir_analysis *a, weir_node_join *join, weir_node *exists) {
    weir_node_list output = {0};
    bool left_nullable = join->type == WEIR_JOIN_RIGHT || join->type == WEIR_JOIN_FULL;
    bool right_nullable =
        join->type == WEIR_JOIN_LEFT || join->type == WEIR_JOIN_FULL || join->type == WEIR_JOIN_SCALAR;
    add_columns(a, join->left, left_nullable, &output);
    if (join->type < WEIR_JOIN_SEMI || join->type == WEIR_JOIN_SCALAR)
        add_columns(a, join->right, right_nullable, &output);
    if (join->type == WEIR_JOIN_EXISTENCE)
        weir_node_list_add(a->arena, &output, exists);
    weir_analysis_set_output(a, &join->node, output);
}

weir_code weir_analysis_equality(weir_analysis *a, const char *name, weir_node *left, weir_node *right,
                                 weir_node **ret) {
    weir_node *args[2] = {left, right};
    return weir_analysis_resolve(a, weir_analysis_call(a, name, args, 2), ret);
}

/* ---- USING and NATURAL ---- */

static weir_code raise_using(weir_analysis *a, weir_str name, const char *word, const weir_node *side) {
    weir_strbuf names _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < side->output.count; i++) {
        weir_str_list one = {&column_at(&side->output, i)->name, 1};
        weir_strbuf_addf(&names, "%s%s", i ? ", " : "", weir_analysis_quoted(a, &one));
    }
    weir_str_list parts = {&name, 1};
    a->placed = true; /* Spark gives no place */
    return weir_error_raise(a->err, WEIR_UNRESOLVED_USING_COLUMN_FOR_JOIN, "colName",
                            weir_analysis_quoted(a, &parts), "side", word, "suggestion",
                            names.data ? names.data : "", NULL);
}

static int32_t find_column(const weir_analysis *a, const weir_node *side, weir_str name) {
    for (int32_t i = 0; i < side->output.count; i++)
        if (weir_analysis_name_equal(a, column_at(&side->output, i)->name, name))
            return i;
    return -1;
}

static weir_code find_shared(weir_analysis *a, const weir_node_join *join, weir_str name, int32_t *ret_left,
                             int32_t *ret_right) {
    weir_str_list parts = {&name, 1};
    weir_node *found;
    weir_scope left = {.columns = join->left->output}, right = {.columns = join->right->output};
    WEIR_TRY(
        weir_analysis_find_name(a, &left, &join->node, &parts, &found)); /* raises where it is ambiguous */
    WEIR_TRY(weir_analysis_find_name(a, &right, &join->node, &parts, &found));
    *ret_left = find_column(a, join->left, name);
    *ret_right = find_column(a, join->right, name);
    if (*ret_left < 0)
        return raise_using(a, name, "left", join->left);
    if (*ret_right < 0)
        return raise_using(a, name, "right", join->right);
    return WEIR_OK;
}

static void shared_names(weir_analysis *a, const weir_node_join *join, weir_str_list *ret) {
    int32_t count = join->left->output.count;
    *ret = (weir_str_list){WEIR_NEW_ARRAY(a->arena, weir_str, count + 1), 0};
    for (int32_t i = 0; i < count; i++) {
        weir_str name = column_at(&join->left->output, i)->name;
        if (find_column(a, join->right, name) >= 0)
            ret->items[ret->count++] = name;
    }
}

/* What stands for the shared column: the side that has it always, or whichever has it. */
static weir_code shared_column(weir_analysis *a, const weir_node_join *join, int32_t left, int32_t right,
                               weir_node **ret) {
    weir_node *of_left = join->node.output.items[left];
    weir_node *of_right =
        join->type < WEIR_JOIN_SEMI ? join->node.output.items[join->left->output.count + right] : NULL;
    if (join->type == WEIR_JOIN_RIGHT) {
        *ret = of_right;
        return WEIR_OK;
    }
    *ret = of_left;
    if (join->type != WEIR_JOIN_FULL)
        return WEIR_OK;
    weir_node *args[2] = {weir_analysis_attribute_of(a, of_left), weir_analysis_attribute_of(a, of_right)};
    WEIR_TRY(weir_analysis_resolve(a, weir_analysis_call(a, "coalesce", args, 2), ret));
    *ret = weir_analysis_alias(a, *ret, column_at(&join->left->output, left)->name);
    return WEIR_OK;
}

/* The shared columns once and first, then what else the sides have. */
static weir_code show_once(weir_analysis *a, const weir_node_join *join, const int32_t *left,
                           const int32_t *right, int32_t count, weir_node **ret) {
    weir_node_list items = {0};
    int32_t lefts = join->left->output.count, total = join->node.output.count;
    bool *hidden = WEIR_NEW_ARRAY(a->arena, bool, total + 1);
    for (int32_t i = 0; i < count; i++) {
        weir_node *item;
        WEIR_TRY(shared_column(a, join, left[i], right[i], &item));
        weir_node_list_add(a->arena, &items, item);
        hidden[left[i]] = true;
        if (lefts + right[i] < total)
            hidden[lefts + right[i]] = true;
    }
    for (int32_t i = 0; i < total; i++)
        if (!hidden[i])
            weir_node_list_add(a->arena, &items, join->node.output.items[i]);
    *ret = weir_analysis_make_project(a, &join->node, (weir_node *)(uintptr_t)&join->node, items);
    return WEIR_OK;
}

static weir_code finish_using(weir_analysis *a, weir_node_join *join, weir_node **ret) {
    weir_str_list names = join->using;
    if (join->natural)
        shared_names(a, join, &names);
    int32_t *left = WEIR_NEW_ARRAY(a->arena, int32_t, names.count + 1);
    int32_t *right = WEIR_NEW_ARRAY(a->arena, int32_t, names.count + 1);
    for (int32_t i = 0; i < names.count; i++) {
        weir_node *equal;
        WEIR_TRY(find_shared(a, join, names.items[i], &left[i], &right[i]));
        WEIR_TRY(weir_analysis_equality(
            a, "=", weir_analysis_attribute_of(a, join->left->output.items[left[i]]),
            weir_analysis_attribute_of(a, join->right->output.items[right[i]]), &equal));
        join->condition = weir_conjuncts_and(a->arena, join->condition, equal);
    }
    join->using = (weir_str_list){0};
    join->natural = false;
    weir_analysis_finish_join(a, join, NULL);
    return show_once(a, join, left, right, names.count, ret);
}

/* ---- ON ---- */

static weir_code resolve_condition(weir_analysis *a, weir_node_join *join) {
    weir_node_list both = {0};
    add_columns(a, join->left, false, &both);
    add_columns(a, join->right, false, &both);
    weir_scope scope = {.columns = both, .starred = both};
    a->scope = &scope;
    WEIR_TRY(weir_analysis_resolve(a, join->condition, &join->condition));
    a->scope = NULL;
    weir_node *condition = join->condition;
    if (condition->type->kind != WEIR_TYPE_BOOLEAN)
        return weir_analysis_place(a, &join->node,
                                   weir_error_raise(a->err, WEIR_JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE,
                                                    "joinCondition", weir_analysis_sql(a, condition),
                                                    "conditionType", weir_analysis_type(a, condition->type),
                                                    NULL));
    if (weir_analysis_has_aggregate(condition))
        return weir_analysis_place(a, &join->node,
                                   weir_error_raise(a->err, WEIR_UNSUPPORTED_EXPR_FOR_OPERATOR, "operator",
                                                    "Join", "invalidExprSqls",
                                                    weir_analysis_sql(a, condition), NULL));
    return WEIR_OK;
}

weir_code weir_analysis_join(weir_analysis *a, weir_node_join *node, weir_node **ret) {
    weir_node_join *join = (weir_node_join *)weir_node_copy(a->arena, &node->node);
    if (node->natural && node->type >= WEIR_JOIN_SEMI)
        return weir_error_failf(a->err, WEIR_INVALID_ARGUMENT,
                                "requirement failed: Unsupported natural join type %s",
                                node->type == WEIR_JOIN_SEMI ? "LeftSemi" : "LeftAnti");
    WEIR_TRY(resolve_sides(a, node->left, node->right, &join->left, &join->right));
    if (join->natural || join->using.count)
        return finish_using(a, join, ret);
    if (join->condition)
        WEIR_TRY(resolve_condition(a, join));
    weir_analysis_finish_join(a, join, NULL);
    *ret = &join->node;
    return WEIR_OK;
}

/* ---- INTERSECT, EXCEPT ---- */

static weir_code check_not_streaming(weir_analysis *a, bool except, const weir_node_list *sides) {
    bool left = weir_streaming_checks_is_streaming(sides->items[0]);
    bool right = weir_streaming_checks_is_streaming(sides->items[1]);
    a->placed |= left || right; /* Spark gives no place */
    if (except && right)
        return weir_error_raise(a->err, WEIR__LEGACY_ERROR_TEMP_3102, "msg",
                                "Except on a streaming DataFrame/Dataset on the right is not supported",
                                NULL);
    if (!except && left && right)
        return weir_error_raise(a->err, WEIR__LEGACY_ERROR_TEMP_3102, "msg",
                                "Intersect of streaming DataFrames/Datasets is not supported", NULL);
    return WEIR_OK;
}

weir_code weir_analysis_set_operation(weir_analysis *a, weir_node_set_operation *node, weir_node **ret) {
    const char *word = node->except ? "EXCEPT" : "INTERSECT";
    if (node->all)
        return weir_analysis_refuse(a, &node->node, node->except ? "EXCEPT ALL" : "INTERSECT ALL");
    weir_node_list sides = weir_node_list_new(a->arena, 2);
    int32_t frames_from;
    WEIR_TRY(weir_analysis_relation(a, node->left, &sides.items[0]));
    frames_from = a->frames_count;
    WEIR_TRY(weir_analysis_relation(a, node->right, &sides.items[1]));
    WEIR_TRY(weir_analysis_same_shape(a, word, &node->node, &sides));
    WEIR_TRY(check_not_streaming(a, node->except, &sides));
    weir_node_join *join = WEIR_NODE_NEW(a->arena, JOIN, join);
    join->left = sides.items[0];
    join->right = sides.items[1];
    WEIR_TRY(renew_right(a, join->left, frames_from, &join->right));
    join->type = node->except ? WEIR_JOIN_ANTI : WEIR_JOIN_SEMI;
    for (int32_t i = 0; i < join->left->output.count; i++) {
        weir_node *equal;
        WEIR_TRY(weir_analysis_equality(a, "<=>", weir_analysis_attribute_of(a, join->left->output.items[i]),
                                        weir_analysis_attribute_of(a, join->right->output.items[i]), &equal));
        join->condition = weir_conjuncts_and(a->arena, join->condition, equal);
    }
    weir_analysis_finish_join(a, join, NULL);
    weir_node_list columns = weir_node_list_new(a->arena, join->node.output.count);
    for (int32_t i = 0; i < columns.count; i++)
        columns.items[i] = weir_analysis_attribute_of(a, join->node.output.items[i]);
    return weir_analysis_make_aggregate(a, &node->node, &join->node, columns, columns, ret);
}

/* ---- VALUES ---- */

weir_code weir_analysis_check_row(weir_analysis *a, const weir_node_list *rows, int32_t index,
                                  int32_t count) {
    const weir_node_expr_list *row = WEIR_NODE_AS(rows->items[index], EXPR_LIST, expr_list);
    if (row->items.count == count)
        return WEIR_OK;
    return weir_analysis_place(a, &row->node,
                               weir_error_raise(a->err, WEIR_INVALID_INLINE_TABLE__NUM_COLUMNS_MISMATCH,
                                                "expectedNumCols", weir_arena_printf(a->arena, "%d", count),
                                                "actualNumCols",
                                                weir_arena_printf(a->arena, "%d", row->items.count),
                                                "rowIndex", weir_arena_printf(a->arena, "%d", index), NULL));
}

static weir_code resolve_row(weir_analysis *a, const weir_node_expr_list *row, weir_node_expr_list **ret) {
    *ret = WEIR_NODE_NEW(a->arena, EXPR_LIST, expr_list);
    for (int32_t i = 0; i < row->items.count; i++) {
        weir_node *value = row->items.items[i];
        if (value->kind == WEIR_NODE_ALIAS)
            value = WEIR_NODE_AS(value, ALIAS, alias)->child;
        WEIR_TRY(weir_analysis_resolve(a, value, &value));
        weir_node_list_add(a->arena, &(*ret)->items, value);
    }
    return WEIR_OK;
}

/* Spark promotes nothing to a string here, nor a string to anything. */
static bool mixes_strings(const weir_type *a, const weir_type *b) {
    return a->kind != WEIR_TYPE_NULL && b->kind != WEIR_TYPE_NULL &&
           (a->kind == WEIR_TYPE_STRING) != (b->kind == WEIR_TYPE_STRING);
}

/* The values of one column in one type. */
static weir_code unify_column(weir_analysis *a, weir_node_list *rows, int32_t column, weir_str name,
                              weir_node **ret) {
    const weir_type *common = NULL;
    weir_node_attribute *attribute = WEIR_NODE_NEW(a->arena, ATTRIBUTE, attribute);
    for (int32_t r = 0; r < rows->count; r++) {
        const weir_node *value = WEIR_NODE_AS(rows->items[r], EXPR_LIST, expr_list)->items.items[column];
        common = r == 0 ? value->type
                 : mixes_strings(common, value->type)
                     ? NULL
                     : weir_coerce_common(a->arena, a->options->ansi, common, value->type);
        if (!common) {
            weir_str_list one = {&name, 1};
            return weir_analysis_place(
                a, value,
                weir_error_raise(a->err, WEIR_INVALID_INLINE_TABLE__INCOMPATIBLE_TYPES_IN_INLINE_TABLE,
                                 "colName", weir_analysis_quoted(a, &one), NULL));
        }
        attribute->node.nullable |= value->nullable;
    }
    for (int32_t r = 0; r < rows->count; r++) {
        weir_node **value = &WEIR_NODE_AS(rows->items[r], EXPR_LIST, expr_list)->items.items[column];
        if (!weir_type_same((*value)->type, common))
            *value = weir_analysis_cast(a, *value, common);
    }
    attribute->name = name;
    attribute->id = (*a->options->next_id)++;
    attribute->node.type = common;
    attribute->node.resolved = true;
    *ret = &attribute->node;
    return WEIR_OK;
}

weir_code weir_analysis_inline_table(weir_analysis *a, weir_node_inline_table *node, weir_node **ret) {
    weir_node *one = weir_node_new(a->arena, WEIR_NODE_ONE_ROW);
    weir_analysis_set_output(a, one, (weir_node_list){0});
    weir_node_expand *expand = WEIR_NODE_NEW(a->arena, EXPAND, expand);
    int32_t columns = WEIR_NODE_AS(node->rows.items[0], EXPR_LIST, expr_list)->items.count;
    weir_scope scope = {0};
    expand->child = one;
    expand->projections = weir_node_list_new(a->arena, node->rows.count);
    a->scope = &scope;
    for (int32_t r = 0; r < node->rows.count; r++) {
        weir_node_expr_list *row;
        WEIR_TRY(weir_analysis_check_row(a, &node->rows, r, columns));
        WEIR_TRY(resolve_row(a, WEIR_NODE_AS(node->rows.items[r], EXPR_LIST, expr_list), &row));
        expand->projections.items[r] = &row->node;
    }
    a->scope = NULL;
    expand->attributes = weir_node_list_new(a->arena, columns);
    for (int32_t c = 0; c < columns; c++) {
        weir_str name = weir_str_from(weir_arena_printf(a->arena, "col%d", c + 1));
        WEIR_TRY(unify_column(a, &expand->projections, c, name, &expand->attributes.items[c]));
    }
    weir_analysis_set_output(a, &expand->node, expand->attributes);
    *ret = &expand->node;
    return WEIR_OK;
}
