/* Relations of Spark Connect that SQL does not have: methods of DataFrame that change columns
 * (analyze_frame.c makes projections of them). */
#include "common/types/number_text.h"
#include "driver/connect/decode_int.h"

static weir_code decode_with_columns(weir_decode *d, const Spark__Connect__WithColumns *m, weir_node **ret) {
    weir_node_with_columns *node = WEIR_NODE_NEW(d->arena, WITH_COLUMNS, with_columns);
    WEIR_TRY(weir_decode_input(d, m->input, "WithColumns", &node->child));
    node->columns = weir_node_list_new(d->arena, (int32_t)m->n_aliases);
    for (size_t i = 0; i < m->n_aliases; i++) {
        if (m->aliases[i]->n_name != 1)
            return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__WITH_COLUMNS_REQUIRE_SINGLE_NAME_PART,
                                    "got", weir_arena_printf(d->arena, "%zu", m->aliases[i]->n_name), NULL);
        WEIR_TRY(weir_decode_alias(d, m->aliases[i], &node->columns.items[i]));
    }
    *ret = &node->node;
    return WEIR_OK;
}

static void add_text(weir_str_list *list, const char *text) {
    list->items[list->count++] = weir_decode_text(text);
}

static weir_code decode_rename(weir_decode *d, const Spark__Connect__WithColumnsRenamed *m, weir_node **ret) {
    weir_node_rename_columns *node = WEIR_NODE_NEW(d->arena, RENAME_COLUMNS, rename_columns);
    size_t count = m->n_renames + m->n_rename_columns_map;
    WEIR_TRY(weir_decode_input(d, m->input, "WithColumnsRenamed", &node->child));
    node->from.items = WEIR_NEW_ARRAY(d->arena, weir_str, count + 1);
    node->to.items = WEIR_NEW_ARRAY(d->arena, weir_str, count + 1);
    for (size_t i = 0; i < m->n_renames; i++) {
        add_text(&node->from, m->renames[i]->col_name);
        add_text(&node->to, m->renames[i]->new_col_name);
    }
    for (size_t i = 0; i < m->n_rename_columns_map; i++) { /* the older form */
        add_text(&node->from, m->rename_columns_map[i]->key);
        add_text(&node->to, m->rename_columns_map[i]->value);
    }
    *ret = &node->node;
    return WEIR_OK;
}

static weir_code decode_drop(weir_decode *d, const Spark__Connect__Drop *m, weir_node **ret) {
    weir_node_drop_columns *node = WEIR_NODE_NEW(d->arena, DROP_COLUMNS, drop_columns);
    WEIR_TRY(weir_decode_input(d, m->input, "Drop", &node->child));
    node->names = weir_decode_texts(d->arena, m->column_names, m->n_column_names);
    *ret = &node->node;
    return weir_decode_expressions(d, m->columns, m->n_columns, &node->columns);
}

static weir_code decode_to_df(weir_decode *d, const Spark__Connect__ToDF *m, weir_node **ret) {
    weir_node_column_aliases *node = WEIR_NODE_NEW(d->arena, COLUMN_ALIASES, column_aliases);
    WEIR_TRY(weir_decode_input(d, m->input, "ToDF", &node->child));
    node->names = weir_decode_texts(d->arena, m->column_names, m->n_column_names);
    *ret = &node->node;
    return WEIR_OK;
}

static weir_code decode_to_schema(weir_decode *d, const Spark__Connect__ToSchema *m, weir_node **ret) {
    weir_node_to_schema *node = WEIR_NODE_NEW(d->arena, TO_SCHEMA, to_schema);
    WEIR_TRY(weir_decode_input(d, m->input, "ToSchema", &node->child));
    WEIR_TRY(weir_connect_type_decode(d->arena, m->schema, &node->schema, d->err));
    *ret = &node->node;
    if (node->schema->kind == WEIR_TYPE_STRUCT)
        return WEIR_OK;
    weir_strbuf name _cleanup_strbuf_ = {0};
    weir_type_sql(&name, node->schema);
    return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__INVALID_SCHEMA_NON_STRUCT_TYPE, "inputSchema",
                            name.data, "dataType", name.data, NULL);
}

static weir_code decode_deduplicate(weir_decode *d, const Spark__Connect__Deduplicate *m, weir_node **ret) {
    weir_node_deduplicate *node = WEIR_NODE_NEW(d->arena, DEDUPLICATE, deduplicate);
    if (m->all_columns_as_keys && m->n_column_names)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__DEDUPLICATE_ALL_COLUMNS_AND_SUBSET, NULL);
    if (!m->all_columns_as_keys && !m->n_column_names)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__DEDUPLICATE_REQUIRES_COLUMNS_OR_ALL, NULL);
    WEIR_TRY(weir_decode_input(d, m->input, "Deduplicate", &node->child));
    node->columns = weir_decode_texts(d->arena, m->column_names, m->n_column_names);
    node->all_columns = m->all_columns_as_keys;
    node->within_watermark = m->within_watermark;
    *ret = &node->node;
    return WEIR_OK;
}

/* ---- DataFrame.na ---- */

static weir_code decode_fill(weir_decode *d, const Spark__Connect__NAFill *m, weir_node **ret) {
    weir_node_fill_nulls *node = WEIR_NODE_NEW(d->arena, FILL_NULLS, fill_nulls);
    if (m->n_values == 0)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__NA_FILL_VALUES_EMPTY, NULL);
    if (m->n_values > 1 && m->n_values != m->n_cols)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__NA_FILL_VALUES_LENGTH_MISMATCH, NULL);
    WEIR_TRY(weir_decode_input(d, m->input, "NAFill", &node->child));
    node->columns = weir_decode_texts(d->arena, m->cols, m->n_cols);
    node->values = weir_node_list_new(d->arena, (int32_t)m->n_values);
    for (size_t i = 0; i < m->n_values; i++)
        WEIR_TRY(weir_decode_literal(d, m->values[i], &node->values.items[i]));
    *ret = &node->node;
    return WEIR_OK;
}

static weir_code decode_drop_nulls(weir_decode *d, const Spark__Connect__NADrop *m, weir_node **ret) {
    weir_node_drop_nulls *node = WEIR_NODE_NEW(d->arena, DROP_NULLS, drop_nulls);
    WEIR_TRY(weir_decode_input(d, m->input, "NADrop", &node->child));
    node->columns = weir_decode_texts(d->arena, m->cols, m->n_cols);
    node->non_nulls_min = m->has_min_non_nulls ? WEIR_MAX(m->min_non_nulls, 0) : -1;
    *ret = &node->node;
    return WEIR_OK;
}

static weir_code decode_replace(weir_decode *d, const Spark__Connect__NAReplace *m, weir_node **ret) {
    weir_node_replace_values *node = WEIR_NODE_NEW(d->arena, REPLACE_VALUES, replace_values);
    WEIR_TRY(weir_decode_input(d, m->input, "NAReplace", &node->child));
    node->columns = weir_decode_texts(d->arena, m->cols, m->n_cols);
    if (node->columns.count == 1 && weir_str_equal(node->columns.items[0], WEIR_STR("*")))
        node->columns.count = 0;
    node->pairs = weir_node_list_new(d->arena, (int32_t)m->n_replacements * 2);
    for (size_t i = 0; i < m->n_replacements; i++) {
        WEIR_TRY(weir_decode_literal(d, m->replacements[i]->old_value, &node->pairs.items[2 * i]));
        WEIR_TRY(weir_decode_literal(d, m->replacements[i]->new_value, &node->pairs.items[2 * i + 1]));
    }
    *ret = &node->node;
    return WEIR_OK;
}

/* ---- samples, unpivot ---- */

static weir_node *double_literal(weir_decode *d, double value) {
    weir_column *column = NULL;
    if (weir_column_new_fixed(NULL, weir_type_of(WEIR_TYPE_DOUBLE), 1, &column, NULL) != WEIR_OK)
        return weir_literal_null(d->arena, weir_type_of(WEIR_TYPE_DOUBLE));
    memcpy(weir_column_values(column), &value, sizeof value);
    return weir_literal_new(d->arena, column);
}

static weir_code check_fraction(weir_decode *d, double fraction) {
    const double slack = 1e-6; /* RandomSampler.roundingEpsilon */
    if (fraction >= -slack && fraction <= 1 + slack)
        return WEIR_OK;
    char text[WEIR_NUMBER_TEXT_MAX + 1];
    text[weir_double_format(fraction, text)] = '\0';
    return weir_error_failf(
        d->err, WEIR_INVALID_ARGUMENT,
        "requirement failed: Sampling fraction (%s) must be on interval [0, 1] without replacement", text);
}

/* randomSplit() wants the same rows in every part's turn: they are sorted by whatever can be. */
static weir_node *in_order(weir_decode *d, weir_node *child) {
    weir_node_sort *sort = WEIR_NODE_NEW(d->arena, SORT, sort);
    weir_node_sort_order *order = WEIR_NODE_NEW(d->arena, SORT_ORDER, sort_order);
    weir_str_list all = {WEIR_NEW(d->arena, weir_str), 1};
    all.items[0] = WEIR_STR("all");
    order->child = weir_decode_attribute(d, all, false, 0);
    order->ascending = order->nulls_first = true;
    sort->child = child;
    weir_node_list_add(d->arena, &sort->orders, &order->node);
    return &sort->node;
}

static weir_code decode_sample(weir_decode *d, const Spark__Connect__Sample *m, weir_node **ret) {
    weir_node_sample *node = WEIR_NODE_NEW(d->arena, SAMPLE, sample);
    if (m->with_replacement)
        return weir_decode_unsupported(d->err, "sample() with replacement");
    WEIR_TRY(weir_decode_input(d, m->input, "Sample", &node->child));
    WEIR_TRY(check_fraction(d, m->upper_bound - m->lower_bound));
    if (m->deterministic_order)
        node->child = in_order(d, node->child);
    node->lower = double_literal(d, m->lower_bound);
    node->upper = double_literal(d, m->upper_bound);
    node->seed = m->seed;
    node->seeded = m->has_seed;
    *ret = &node->node;
    return WEIR_OK;
}

static weir_code decode_sample_by(weir_decode *d, const Spark__Connect__StatSampleBy *m, weir_node **ret) {
    weir_node_sample *node = WEIR_NODE_NEW(d->arena, SAMPLE, sample);
    weir_node_case *fractions = WEIR_NODE_NEW(d->arena, CASE, case);
    weir_node *column;
    WEIR_TRY(weir_decode_input(d, m->input, "StatSampleBy", &node->child));
    WEIR_TRY(weir_decode_expression(d, m->col, &column));
    for (size_t i = 0; i < m->n_fractions; i++) {
        weir_node *sides[2] = {column, NULL};
        double fraction = m->fractions[i]->fraction;
        WEIR_TRY(weir_decode_literal(d, m->fractions[i]->stratum, &sides[1]));
        if (!(fraction >= 0 && fraction <= 1))
            return weir_error_failf(d->err, WEIR_INVALID_ARGUMENT,
                                    "requirement failed: Fractions must be in [0, 1]");
        weir_node_list_add(d->arena, &fractions->branches, weir_decode_call(d, "<=>", sides, 2));
        weir_node_list_add(d->arena, &fractions->branches, double_literal(d, fraction));
    }
    fractions->otherwise = double_literal(d, 0);
    node->lower = double_literal(d, 0);
    node->upper = m->n_fractions ? &fractions->node : fractions->otherwise;
    node->seed = m->seed;
    node->seeded = m->has_seed;
    *ret = &node->node;
    return WEIR_OK;
}

static weir_code decode_unpivot(weir_decode *d, const Spark__Connect__Unpivot *m, weir_node **ret) {
    weir_node_unpivot *node = WEIR_NODE_NEW(d->arena, UNPIVOT, unpivot);
    WEIR_TRY(weir_decode_input(d, m->input, "Unpivot", &node->child));
    WEIR_TRY(weir_decode_expressions(d, m->ids, m->n_ids, &node->ids));
    node->other_values = !m->values;
    for (size_t i = 0; m->values && i < m->values->n_values; i++) {
        weir_node_expr_list *one = WEIR_NODE_NEW(d->arena, EXPR_LIST, expr_list);
        WEIR_TRY(weir_decode_expressions(d, &m->values->values[i], 1, &one->items));
        weir_node_list_add(d->arena, &node->values, &one->node);
    }
    node->variable = weir_decode_text(m->variable_column_name);
    node->names = (weir_str_list){WEIR_NEW(d->arena, weir_str), 1};
    node->names.items[0] = weir_decode_text(m->value_column_name);
    *ret = &node->node;
    return WEIR_OK;
}

weir_code weir_decode_method(weir_decode *d, const Spark__Connect__Relation *m, bool *ret_is,
                             weir_node **ret) {
    *ret_is = true;
    switch ((int)m->rel_type_case) {
    case SPARK__CONNECT__RELATION__REL_TYPE_WITH_COLUMNS:
        return decode_with_columns(d, m->with_columns, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_WITH_COLUMNS_RENAMED:
        return decode_rename(d, m->with_columns_renamed, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_DROP:
        return decode_drop(d, m->drop, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_TO_DF:
        return decode_to_df(d, m->to_df, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_TO_SCHEMA:
        return decode_to_schema(d, m->to_schema, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_DEDUPLICATE:
        return decode_deduplicate(d, m->deduplicate, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_FILL_NA:
        return decode_fill(d, m->fill_na, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_DROP_NA:
        return decode_drop_nulls(d, m->drop_na, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_REPLACE:
        return decode_replace(d, m->replace, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_SAMPLE:
        return decode_sample(d, m->sample, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_SAMPLE_BY:
        return decode_sample_by(d, m->sample_by, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_UNPIVOT:
        return decode_unpivot(d, m->unpivot, ret);
    default:
        *ret_is = false;
        return WEIR_OK;
    }
}
