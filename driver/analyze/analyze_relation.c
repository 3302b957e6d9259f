/* Resolution of relations, bottom-up (analyzer_int.h, analyzer.h). ORDER BY and HAVING are in
 * analyze_aggregate.c: they look through the relation below them. */
#include "driver/analyze/analyzer_int.h"

#include "common/expr/program.h"
#include "driver/analyze/streaming_checks.h"

/* ---- building ---- */

void weir_analysis_set_output(weir_analysis *a, weir_node *relation, weir_node_list output) {
    weir_field *fields = WEIR_NEW_ARRAY(a->arena, weir_field, output.count + 1);
    for (int32_t i = 0; i < output.count; i++) {
        fields[i].name = WEIR_NODE_AS(output.items[i], ATTRIBUTE, attribute)->name;
        fields[i].type = output.items[i]->type;
        fields[i].nullable = output.items[i]->nullable;
        fields[i].metadata = WEIR_NODE_AS(output.items[i], ATTRIBUTE, attribute)->metadata;
    }
    relation->output = output;
    relation->type = weir_type_struct(a->arena, fields, output.count);
    relation->resolved = true;
}

static void *relation_for(weir_analysis *a, const weir_node *origin, weir_node_kind kind) {
    weir_node *node = weir_node_new(a->arena, kind);
    node->start = origin->start;
    node->stop = origin->stop;
    return node;
}

weir_code weir_analysis_make_filter(weir_analysis *a, const weir_node *origin, weir_node *child,
                                    weir_node *condition, weir_node **ret) {
    if (weir_analysis_has_subquery(condition))
        return weir_analysis_filter_subqueries(a, origin, child, condition, ret);
    weir_node_filter *filter = relation_for(a, origin, WEIR_NODE_FILTER);
    filter->child = child;
    filter->condition = condition;
    weir_analysis_set_output(a, &filter->node, child->output);
    *ret = &filter->node;
    return WEIR_OK;
}

/* The output column of a named expression; a column that passes through keeps its qualifier. */
static weir_node *output_of(weir_analysis *a, const weir_node *child, const weir_node *named) {
    weir_node *output = weir_analysis_attribute_of(a, named);
    weir_node_attribute *attribute = WEIR_NODE_AS(output, ATTRIBUTE, attribute);
    for (int32_t i = 0; named->kind == WEIR_NODE_ATTRIBUTE && i < child->output.count; i++) {
        const weir_node_attribute *column = WEIR_NODE_AS(child->output.items[i], ATTRIBUTE, attribute);
        if (column->id == attribute->id)
            attribute->qualifier = column->qualifier;
    }
    return output;
}

static weir_node_list outputs_of(weir_analysis *a, const weir_node *child, const weir_node_list *named) {
    weir_node_list output = weir_node_list_new(a->arena, named->count);
    for (int32_t i = 0; i < named->count; i++)
        output.items[i] = output_of(a, child, named->items[i]);
    return output;
}

weir_node *weir_analysis_make_project(weir_analysis *a, const weir_node *origin, weir_node *child,
                                      weir_node_list exprs) {
    weir_node_project *project = relation_for(a, origin, WEIR_NODE_PROJECT);
    project->child = child;
    project->exprs = exprs;
    weir_analysis_set_output(a, &project->node, outputs_of(a, child, &exprs));
    return &project->node;
}

weir_code weir_analysis_make_aggregate(weir_analysis *a, const weir_node *origin, weir_node *child,
                                       weir_node_list grouping, weir_node_list aggregates, weir_node **ret) {
    weir_node_aggregate *aggregate = relation_for(a, origin, WEIR_NODE_AGGREGATE);
    aggregate->child = child;
    aggregate->grouping = grouping;
    aggregate->aggregates = aggregates;
    weir_analysis_set_output(a, &aggregate->node, outputs_of(a, child, &aggregates));
    *ret = &aggregate->node;
    return WEIR_OK;
}

/* ---- named relations ---- */

static weir_node *qualify(weir_analysis *a, const weir_node *origin, weir_node *child, weir_str alias) {
    weir_node_subquery_alias *node = relation_for(a, origin, WEIR_NODE_SUBQUERY_ALIAS);
    node->child = child;
    node->alias = alias;
    weir_str *name = WEIR_NEW(a->arena, weir_str);
    *name = alias;
    weir_node_list output = weir_node_list_new(a->arena, child->output.count);
    for (int32_t i = 0; i < output.count; i++) {
        output.items[i] = weir_analysis_attribute_of(a, child->output.items[i]);
        WEIR_NODE_AS(output.items[i], ATTRIBUTE, attribute)->qualifier =
            (weir_str_list){name, alias.size > 0};
    }
    weir_analysis_set_output(a, &node->node, output);
    return &node->node;
}

/* Positions of a view's plan refer to the view's text, not to this query's. */
static weir_code clear_position(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                                weir_error **err) {
    (void)data, (void)err;
    *ret = node;
    if (node->start >= 0) {
        *ret = weir_node_copy(arena, node);
        (*ret)->start = (*ret)->stop = -1;
    }
    return WEIR_OK;
}

/* A relation that has its rows from outside the plan: columns by `schema`, with ids of their own. */
static weir_node *instantiate_leaf(weir_analysis *a, const weir_node *leaf, const weir_type *schema) {
    weir_node *copy = weir_node_copy(a->arena, leaf);
    weir_node_list output = weir_node_list_new(a->arena, schema->fields_count);
    for (int32_t i = 0; i < output.count; i++) {
        const weir_field *field = &schema->fields[i];
        weir_node_attribute *column = WEIR_NODE_NEW(a->arena, ATTRIBUTE, attribute);
        column->name = field->name;
        column->metadata = field->metadata;
        column->id = (*a->options->next_id)++;
        column->node.type = field->type;
        column->node.nullable = field->nullable;
        column->node.resolved = true;
        output.items[i] = &column->node;
    }
    weir_analysis_set_output(a, copy, output);
    return copy;
}

static const weir_type *range_schema(weir_arena *arena) {
    weir_field id = {.name = WEIR_STR("id"), .type = weir_type_of(WEIR_TYPE_LONG)};
    return weir_type_struct(arena, &id, 1);
}

/* {entry, the entries of `metadata`} */
weir_str weir_analysis_add_metadata(weir_analysis *a, weir_str entry, weir_str metadata) {
    weir_str rest = metadata.size > 2 ? weir_str_make(metadata.data + 1, metadata.size - 1) : WEIR_STR("}");
    return weir_str_from(weir_arena_printf(a->arena, "{" WEIR_STR_FMT "%s" WEIR_STR_FMT, WEIR_STR_ARG(entry),
                                           metadata.size > 2 ? "," : "", WEIR_STR_ARG(rest)));
}

/* The output of a watermark: its column carries the delay, as Spark's schemas show it. */
static void mark_event_time(weir_analysis *a, weir_node_watermark *node, const weir_node *column) {
    weir_node_list output = weir_node_list_of(a->arena, node->child->output.items, node->child->output.count);
    const char *entry =
        weir_arena_printf(a->arena, "\"spark.watermarkDelayMs\":%lld", (long long)(node->delay_us / 1000));
    for (int32_t i = 0; i < output.count && column->kind == WEIR_NODE_ATTRIBUTE; i++) {
        weir_node_attribute *attribute = WEIR_NODE_AS(output.items[i], ATTRIBUTE, attribute);
        if (attribute->id != WEIR_NODE_AS(column, ATTRIBUTE, attribute)->id)
            continue;
        weir_node_attribute *marked = (weir_node_attribute *)weir_node_copy(a->arena, &attribute->node);
        marked->metadata = weir_analysis_add_metadata(a, weir_str_from(entry), attribute->metadata);
        output.items[i] = &marked->node;
    }
    weir_analysis_set_output(a, &node->node, output);
}

static weir_code resolve_watermark(weir_analysis *a, weir_node_watermark *node, weir_node **ret) {
    weir_node_watermark *copy = (weir_node_watermark *)weir_node_copy(a->arena, &node->node);
    WEIR_TRY(weir_analysis_relation(a, node->child, &copy->child));
    if (!weir_streaming_checks_is_streaming(copy->child)) {
        *ret = copy->child; /* a batch has no event time; Spark does not even look at the column */
        return WEIR_OK;
    }
    weir_scope scope = {.columns = copy->child->output, .starred = copy->child->output};
    weir_str_list parts = {&copy->column, 1};
    weir_node *column;
    WEIR_TRY(weir_analysis_find_name(a, &scope, &node->node, &parts, &column));
    if (!column)
        return weir_analysis_unresolved(a, &scope, &node->node, &parts);
    const weir_type *type = column->type;
    bool window = type->kind == WEIR_TYPE_STRUCT && type->fields_count == 2 &&
                  type->fields[1].type->kind == WEIR_TYPE_TIMESTAMP &&
                  weir_str_equal_nocase(type->fields[1].name, WEIR_STR("end"));
    if (type->kind != WEIR_TYPE_TIMESTAMP && type->kind != WEIR_TYPE_TIMESTAMP_NTZ && !window) {
        const char *name = weir_arena_printf(a->arena, "\"" WEIR_STR_FMT "\"", WEIR_STR_ARG(copy->column));
        return weir_error_raise(a->err, WEIR_EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE, "eventName", name,
                                "eventType", weir_analysis_type(a, type), NULL);
    }
    mark_event_time(a, copy, column);
    *ret = &copy->node;
    return WEIR_OK;
}

static weir_code resolve_table(weir_analysis *a, weir_node_unresolved_relation *table, weir_node **ret) {
    const weir_catalog *catalog = a->options->catalog;
    weir_node *found = NULL;
    if (catalog)
        WEIR_TRY(catalog->find(catalog->self, a->arena, &table->name, &found, a->err));
    if (!found)
        return weir_analysis_place(
            a, &table->node,
            weir_error_raise(a->err, WEIR_TABLE_OR_VIEW_NOT_FOUND, "relationName",
                             weir_analysis_quoted(a, &table->name), "searchPath",
                             "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]", NULL));
    bool view = found->resolved;
    if (view && !a->options->catalog->places)
        WEIR_TRY(weir_node_transform(a->arena, found, clear_position, NULL, &found, a->err));
    else
        WEIR_TRY(weir_analysis_relation(a, found, &found));
    *ret = qualify(a, &table->node, found, table->name.items[table->name.count - 1]);
    return WEIR_OK;
}

static weir_code resolve_subquery(weir_analysis *a, weir_node_subquery_alias *node, weir_node **ret) {
    weir_node *child;
    WEIR_TRY(weir_analysis_relation(a, node->child, &child));
    *ret = qualify(a, &node->node, child, node->alias);
    return WEIR_OK;
}

static weir_code resolve_column_aliases(weir_analysis *a, weir_node_column_aliases *node, weir_node **ret) {
    weir_node *child;
    if (node->child->kind == WEIR_NODE_INLINE_TABLE)
        WEIR_TRY(weir_analysis_check_row(a, &WEIR_NODE_AS(node->child, INLINE_TABLE, inline_table)->rows, 0,
                                         node->names.count));
    WEIR_TRY(weir_analysis_relation(a, node->child, &child));
    if (child->output.count != node->names.count)
        return weir_analysis_place(
            a, &node->node,
            weir_error_raise(a->err, WEIR_ASSIGNMENT_ARITY_MISMATCH, "numTarget",
                             weir_arena_printf(a->arena, "%d", child->output.count), "numExpr",
                             weir_arena_printf(a->arena, "%d", node->names.count), NULL));
    weir_node_list exprs = {0};
    for (int32_t i = 0; i < child->output.count; i++)
        weir_node_list_add(a->arena, &exprs,
                           weir_analysis_alias(a, weir_analysis_attribute_of(a, child->output.items[i]),
                                               node->names.items[i]));
    *ret = weir_analysis_make_project(a, &node->node, child, exprs);
    return WEIR_OK;
}

/* ---- SELECT, WHERE, DISTINCT, LIMIT ---- */

weir_code weir_analysis_items(weir_analysis *a, const weir_node_list *items, weir_node_list *ret) {
    for (int32_t i = 0; i < items->count; i++)
        WEIR_TRY(weir_analysis_named(a, items->items[i], ret));
    return WEIR_OK;
}

/* A generator and aggregates without GROUP BY. */
static weir_code aggregate_all(weir_analysis *a, const weir_node_project *node, weir_node *child,
                               weir_node **ret) {
    weir_node_aggregate *aggregate = relation_for(a, &node->node, WEIR_NODE_AGGREGATE);
    aggregate->child = child;
    aggregate->aggregates = node->exprs;
    return weir_analysis_aggregate(a, aggregate, ret);
}

weir_code weir_analysis_place_items(weir_analysis *a, const weir_node *block, weir_code code) {
    return code == WEIR_WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE ? weir_analysis_place(a, block, code) : code;
}

static weir_code resolve_project(weir_analysis *a, weir_node_project *node, weir_node **ret) {
    weir_node *child;
    WEIR_TRY(weir_analysis_relation(a, node->child, &child));
    weir_node_list items = {0}, written = node->exprs;
    if (weir_analysis_generates_over_aggregate(&written))
        return aggregate_all(a, node, child, ret);
    weir_scope scope = {.columns = child->output, .starred = child->output, .aliases = &items};
    const weir_node_list *lists[] = {&node->exprs};
    a->scope = &scope;
    WEIR_TRY(weir_analysis_plan_window(a, lists, 1, &child, &scope));
    WEIR_TRY(weir_analysis_plan_generators(a, &node->node, &written, &child));
    WEIR_TRY(weir_analysis_place_items(a, &node->node, weir_analysis_items(a, &written, &items)));
    a->scope = NULL;
    a->window = NULL;
    for (int32_t i = 0; i < items.count; i++)
        if (weir_analysis_has_aggregate(items.items[i])) {
            /* Aggregates without GROUP BY make one row of all. */
            weir_node_aggregate *aggregate = relation_for(a, &node->node, WEIR_NODE_AGGREGATE);
            aggregate->child = child;
            aggregate->aggregates = items;
            aggregate->node.resolved = true;
            return weir_analysis_aggregate(a, aggregate, ret);
        }
    WEIR_TRY(weir_analysis_take_subqueries(a, &items, &child));
    return weir_analysis_project_over(a, &node->node, child, items, ret);
}

weir_code weir_analysis_check_condition(weir_analysis *a, const weir_node *origin, weir_node *condition) {
    if (condition->type->kind == WEIR_TYPE_BOOLEAN)
        return WEIR_OK;
    return weir_analysis_place(a, origin,
                               weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__FILTER_NOT_BOOLEAN, "sqlExpr",
                                                weir_analysis_sql(a, condition), "filter",
                                                weir_analysis_sql(a, condition), "type",
                                                weir_analysis_type(a, condition->type), NULL));
}

typedef struct aggregate_texts {
    weir_analysis *a;
    weir_strbuf *buf;
} aggregate_texts;

static bool add_aggregate_text(const weir_node *node, void *data) {
    aggregate_texts *t = data;
    if (node->kind == WEIR_NODE_AGGREGATE_CALL)
        weir_strbuf_addf(t->buf, "%s%s", t->buf->size ? ", " : "", weir_analysis_plain_sql(t->a, node));
    return false;
}

weir_code weir_analysis_check_where(weir_analysis *a, const weir_node *origin, weir_node **condition) {
    if ((*condition)->type->kind == WEIR_TYPE_NULL)
        *condition = weir_analysis_cast(a, *condition, weir_type_of(WEIR_TYPE_BOOLEAN));
    WEIR_TRY(weir_analysis_refuse_over(a, *condition, "WHERE"));
    WEIR_TRY(weir_analysis_check_condition(a, origin, *condition));
    if (!weir_analysis_has_aggregate(*condition))
        return WEIR_OK;
    weir_strbuf list _cleanup_strbuf_ = {0};
    aggregate_texts texts = {a, &list};
    weir_node_any(*condition, add_aggregate_text, &texts);
    return weir_analysis_place(a, origin,
                               weir_error_raise(a->err, WEIR_INVALID_WHERE_CONDITION, "condition",
                                                weir_analysis_sql(a, *condition), "expressionList", list.data,
                                                NULL));
}

static weir_code resolve_where(weir_analysis *a, weir_node_filter *node, weir_node **ret) {
    weir_node *child, *condition;
    bool select = weir_analysis_peel(node->child)->kind == WEIR_NODE_PROJECT;
    WEIR_TRY(weir_analysis_relation(a, node->child, &child));
    if (select && child->kind == WEIR_NODE_PROJECT)
        return weir_analysis_filter_project(a, node, child, ret);
    weir_scope scope = {.columns = child->output, .starred = child->output};
    a->scope = &scope;
    WEIR_TRY(weir_analysis_resolve(a, node->condition, &condition));
    a->scope = NULL;
    WEIR_TRY(weir_analysis_check_where(a, &node->node, &condition));
    return weir_analysis_make_filter(a, &node->node, child, condition, ret);
}

static weir_code resolve_distinct(weir_analysis *a, weir_node_distinct *node, weir_node **ret) {
    weir_node *child;
    WEIR_TRY(weir_analysis_relation(a, node->child, &child));
    weir_node_list columns = weir_node_list_new(a->arena, child->output.count);
    for (int32_t i = 0; i < columns.count; i++)
        columns.items[i] = weir_analysis_attribute_of(a, child->output.items[i]);
    return weir_analysis_make_aggregate(a, &node->node, child, columns, columns, ret);
}

static weir_code raise_limit(weir_analysis *a, const char *name, const weir_node *count, weir_code condition,
                             const char *param, const char *value) {
    return weir_analysis_place(a, count,
                               weir_error_raise(a->err, condition, "expr", weir_analysis_sql(a, count),
                                                "name", name, param, value, NULL));
}

static bool is_column(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_ATTRIBUTE || node->kind == WEIR_NODE_AGGREGATE_CALL ||
           node->kind == WEIR_NODE_WINDOW_CALL;
}

/* The count of LIMIT, OFFSET or tail(): a constant INT of 0 or more, folded. */
static weir_code resolve_count(weir_analysis *a, const char *name, const weir_node *child, weir_node *in,
                               weir_node **ret) {
    weir_scope scope = {.columns = child->output, .starred = child->output};
    weir_node *count;
    a->scope = &scope;
    WEIR_TRY(weir_analysis_resolve(a, in, &count));
    a->scope = NULL;
    if (weir_node_any(count, is_column, NULL))
        return raise_limit(a, name, count, WEIR_INVALID_LIMIT_LIKE_EXPRESSION__IS_UNFOLDABLE, "v", "");
    if (count->type->kind != WEIR_TYPE_INT)
        return raise_limit(a, name, count, WEIR_INVALID_LIMIT_LIKE_EXPRESSION__DATA_TYPE, "dataType",
                           weir_analysis_type(a, count->type));
    if (count->kind != WEIR_NODE_LITERAL) {
        weir_column *value;
        WEIR_TRY(weir_expr_fold(a->arena, count, a->options->zone, a->options->ansi, &value, a->err));
        weir_node *folded = weir_literal_new(a->arena, value);
        folded->start = count->start;
        folded->stop = count->stop;
        count = folded;
    }
    const weir_column *value = WEIR_NODE_AS(count, LITERAL, literal)->value;
    if (weir_column_is_null(value, 0))
        return raise_limit(a, name, count, WEIR_INVALID_LIMIT_LIKE_EXPRESSION__IS_NULL, "v", "");
    int32_t number = *(const int32_t *)(const void *)value->values;
    if (number < 0)
        return raise_limit(a, name, count, WEIR_INVALID_LIMIT_LIKE_EXPRESSION__IS_NEGATIVE, "v",
                           weir_arena_printf(a->arena, "%d", number));
    *ret = count;
    return WEIR_OK;
}

weir_code weir_analysis_limit(weir_analysis *a, weir_node *node, weir_node **ret) {
    weir_node *copy = weir_node_copy(a->arena, node), **child, **count;
    const char *name;
    if (node->kind == WEIR_NODE_LIMIT) {
        name = "limit";
        child = &WEIR_NODE_AS(copy, LIMIT, limit)->child;
        count = &WEIR_NODE_AS(copy, LIMIT, limit)->count;
    } else if (node->kind == WEIR_NODE_OFFSET) {
        name = "offset";
        child = &WEIR_NODE_AS(copy, OFFSET, offset)->child;
        count = &WEIR_NODE_AS(copy, OFFSET, offset)->count;
    } else {
        name = "tail";
        child = &WEIR_NODE_AS(copy, TAIL, tail)->child;
        count = &WEIR_NODE_AS(copy, TAIL, tail)->count;
    }
    WEIR_TRY(weir_analysis_relation(a, *child, child));
    WEIR_TRY(resolve_count(a, name, *child, *count, count));
    weir_analysis_set_output(a, copy, (*child)->output);
    *ret = copy;
    return WEIR_OK;
}

weir_code weir_analysis_relation(weir_analysis *a, weir_node *node, weir_node **ret) {
    if (node->resolved) {
        *ret = node;
        return WEIR_OK;
    }
    switch (node->kind) {
    case WEIR_NODE_UNRESOLVED_RELATION:
        return resolve_table(a, WEIR_NODE_AS(node, UNRESOLVED_RELATION, unresolved_relation), ret);
    case WEIR_NODE_SOURCE:
        *ret = instantiate_leaf(a, node, WEIR_NODE_AS(node, SOURCE, source)->schema);
        return WEIR_OK;
    case WEIR_NODE_LOCAL_RELATION:
        *ret = instantiate_leaf(a, node, WEIR_NODE_AS(node, LOCAL_RELATION, local_relation)->schema);
        return WEIR_OK;
    case WEIR_NODE_TABLE_FUNCTION:
        return weir_analysis_table_function(a, WEIR_NODE_AS(node, TABLE_FUNCTION, table_function), ret);
    case WEIR_NODE_RANGE:
        *ret = instantiate_leaf(a, node, range_schema(a->arena));
        return WEIR_OK;
    case WEIR_NODE_WATERMARK:
        return resolve_watermark(a, WEIR_NODE_AS(node, WATERMARK, watermark), ret);
    case WEIR_NODE_ONE_ROW:
        *ret = weir_node_copy(a->arena, node);
        weir_analysis_set_output(a, *ret, (weir_node_list){0});
        return WEIR_OK;
    case WEIR_NODE_SUBQUERY_ALIAS:
        return resolve_subquery(a, WEIR_NODE_AS(node, SUBQUERY_ALIAS, subquery_alias), ret);
    case WEIR_NODE_COLUMN_ALIASES:
        return resolve_column_aliases(a, WEIR_NODE_AS(node, COLUMN_ALIASES, column_aliases), ret);
    case WEIR_NODE_GENERATE:
        return weir_analysis_generate(a, WEIR_NODE_AS(node, GENERATE, generate), ret);
    case WEIR_NODE_PROJECT:
        return resolve_project(a, WEIR_NODE_AS(node, PROJECT, project), ret);
    case WEIR_NODE_AGGREGATE:
        return weir_analysis_aggregate(a, WEIR_NODE_AS(node, AGGREGATE, aggregate), ret);
    case WEIR_NODE_FILTER:
        if (weir_analysis_peel(WEIR_NODE_AS(node, FILTER, filter)->child)->kind == WEIR_NODE_AGGREGATE)
            return weir_analysis_having(a, WEIR_NODE_AS(node, FILTER, filter), ret);
        return resolve_where(a, WEIR_NODE_AS(node, FILTER, filter), ret);
    case WEIR_NODE_JOIN:
        return weir_analysis_join(a, WEIR_NODE_AS(node, JOIN, join), ret);
    case WEIR_NODE_SET_OPERATION:
        return weir_analysis_set_operation(a, WEIR_NODE_AS(node, SET_OPERATION, set_operation), ret);
    case WEIR_NODE_INLINE_TABLE:
        return weir_analysis_inline_table(a, WEIR_NODE_AS(node, INLINE_TABLE, inline_table), ret);
    case WEIR_NODE_QUALIFY:
        return weir_analysis_qualify(a, WEIR_NODE_AS(node, QUALIFY, qualify), ret);
    case WEIR_NODE_DISTINCT:
        return resolve_distinct(a, WEIR_NODE_AS(node, DISTINCT, distinct), ret);
    case WEIR_NODE_SORT:
        return weir_analysis_sort(a, WEIR_NODE_AS(node, SORT, sort), ret);
    case WEIR_NODE_LIMIT:
    case WEIR_NODE_OFFSET:
    case WEIR_NODE_TAIL:
        return weir_analysis_limit(a, node, ret);
    default: {
        bool is;
        WEIR_TRY(weir_analysis_frame(a, node, &is, ret));
        return is ? WEIR_OK : weir_analysis_refuse(a, node, weir_node_describe(node->kind).label);
    }
    }
}

static bool is_left_subquery(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_SUBQUERY || node->kind == WEIR_NODE_OUTER_REFERENCE;
}

weir_code weir_analyzer_run(weir_arena *arena, weir_node *plan, const weir_analyzer_options *options,
                            weir_node **ret, weir_error **err) {
    weir_error *local = NULL;
    weir_analysis a = {.arena = arena, .options = options, .err = err ? err : &local};
    weir_code code = weir_analysis_relation(&a, plan, ret);
    if (code == WEIR_OK && weir_node_any(*ret, is_left_subquery, NULL))
        code = weir_error_failf(a.err, WEIR_UNSUPPORTED_FEATURE, "a sub-query in this place.");
    if (code == WEIR_OK)
        code = weir_analysis_check_markers(&a, *ret);
    weir_error_free(local);
    return code;
}
