/* Relations of Spark Connect to unresolved nodes: the shapes that SQL has too. Each relation with a plan id
 * is wrapped in a DATAFRAME of that number, which columns refer to. */
#include "common/types/datetime.h"
#include "driver/connect/decode_int.h"

typedef Spark__Connect__Relation relation;

weir_code weir_decode_input(weir_decode *d, const relation *input, const char *of, weir_node **ret) {
    *ret = NULL;
    if (!input)
        return weir_error_failf(d->err, WEIR_CONNECT_INVALID_PLAN__ASSERTION_FAILURE,
                                "The Spark Connect plan is invalid. %s needs a plan input", of);
    return weir_decode_relation(d, input, ret);
}

/* ---- select, filter, sort, limit ---- */

static weir_code decode_project(weir_decode *d, const Spark__Connect__Project *m, weir_node **ret) {
    weir_node_project *project = WEIR_NODE_NEW(d->arena, PROJECT, project);
    if (m->input)
        WEIR_TRY(weir_decode_relation(d, m->input, &project->child));
    else
        project->child = weir_node_new(d->arena, WEIR_NODE_ONE_ROW);
    *ret = &project->node;
    return weir_decode_expressions(d, m->expressions, m->n_expressions, &project->exprs);
}

static weir_code decode_filter(weir_decode *d, const Spark__Connect__Filter *m, weir_node **ret) {
    weir_node_filter *filter = WEIR_NODE_NEW(d->arena, FILTER, filter);
    WEIR_TRY(weir_decode_input(d, m->input, "Filter", &filter->child));
    *ret = &filter->node;
    return weir_decode_expression(d, m->condition, &filter->condition);
}

/* sortWithinPartitions sorts all rows too: what lies in a partition is then in order. */
static weir_code decode_sort(weir_decode *d, const Spark__Connect__Sort *m, weir_node **ret) {
    weir_node_sort *sort = WEIR_NODE_NEW(d->arena, SORT, sort);
    WEIR_TRY(weir_decode_input(d, m->input, "Sort", &sort->child));
    sort->orders = weir_node_list_new(d->arena, (int32_t)m->n_order);
    for (size_t i = 0; i < m->n_order; i++)
        WEIR_TRY(weir_decode_sort_order(d, m->order[i], &sort->orders.items[i]));
    *ret = m->n_order ? &sort->node : sort->child;
    return WEIR_OK;
}

static weir_code decode_limit(weir_decode *d, const Spark__Connect__Limit *m, weir_node **ret) {
    weir_node_limit *limit = WEIR_NODE_NEW(d->arena, LIMIT, limit);
    limit->count = weir_literal_int(d->arena, m->limit);
    *ret = &limit->node;
    return weir_decode_input(d, m->input, "Limit", &limit->child);
}

static weir_code decode_offset(weir_decode *d, const Spark__Connect__Offset *m, weir_node **ret) {
    weir_node_offset *offset = WEIR_NODE_NEW(d->arena, OFFSET, offset);
    offset->count = weir_literal_int(d->arena, m->offset);
    *ret = &offset->node;
    return weir_decode_input(d, m->input, "Offset", &offset->child);
}

static weir_code decode_tail(weir_decode *d, const Spark__Connect__Tail *m, weir_node **ret) {
    weir_node_tail *tail = WEIR_NODE_NEW(d->arena, TAIL, tail);
    tail->count = weir_literal_int(d->arena, m->limit);
    *ret = &tail->node;
    return weir_decode_input(d, m->input, "Tail", &tail->child);
}

/* ---- groupBy ---- */

static weir_code check_group_type(weir_decode *d, const Spark__Connect__Aggregate *m) {
    switch ((int)m->group_type) {
    case SPARK__CONNECT__AGGREGATE__GROUP_TYPE__GROUP_TYPE_GROUPBY:
    case SPARK__CONNECT__AGGREGATE__GROUP_TYPE__GROUP_TYPE_ROLLUP:
    case SPARK__CONNECT__AGGREGATE__GROUP_TYPE__GROUP_TYPE_CUBE:
    case SPARK__CONNECT__AGGREGATE__GROUP_TYPE__GROUP_TYPE_GROUPING_SETS:
        return WEIR_OK;
    case SPARK__CONNECT__AGGREGATE__GROUP_TYPE__GROUP_TYPE_PIVOT:
        return weir_decode_unsupported(d->err, "pivot()");
    default:
        return weir_decode_bad_enum(d->err, "spark.connect.Aggregate.group_type", (int)m->group_type);
    }
}

static weir_node *group_list(weir_decode *d, weir_node_list items) {
    weir_node_expr_list *list = WEIR_NODE_NEW(d->arena, EXPR_LIST, expr_list);
    list->items = items;
    return &list->node;
}

/* Grouping sets as SQL's GROUP BY has them (driver/analyze/analyze_grouping.c). */
static weir_code group_sets(weir_decode *d, const Spark__Connect__Aggregate *m, weir_node_list *grouping) {
    weir_node_unresolved_function *call = WEIR_NODE_NEW(d->arena, UNRESOLVED_FUNCTION, unresolved_function);
    call->name = (weir_str_list){WEIR_NEW(d->arena, weir_str), 1};
    if (m->group_type == SPARK__CONNECT__AGGREGATE__GROUP_TYPE__GROUP_TYPE_GROUPING_SETS) {
        call->name.items[0] = WEIR_STR("$grouped");
        weir_node_list_add(d->arena, &call->args, group_list(d, *grouping));
        for (size_t i = 0; i < m->n_grouping_sets; i++) {
            weir_node_list set;
            WEIR_TRY(weir_decode_expressions(d, m->grouping_sets[i]->grouping_set,
                                             m->grouping_sets[i]->n_grouping_set, &set));
            weir_node_list_add(d->arena, &call->args, group_list(d, set));
        }
    } else {
        bool cube = m->group_type == SPARK__CONNECT__AGGREGATE__GROUP_TYPE__GROUP_TYPE_CUBE;
        call->name.items[0] = cube ? WEIR_STR("$cube") : WEIR_STR("$rollup");
        for (int32_t i = 0; i < grouping->count; i++)
            weir_node_list_add(d->arena, &call->args,
                               group_list(d, weir_node_list_of(d->arena, &grouping->items[i], 1)));
    }
    weir_node *all = &call->node;
    *grouping = weir_node_list_of(d->arena, &all, 1);
    return WEIR_OK;
}

/* The result has the grouping columns first, then the aggregates, as Spark's retainGroupColumns. */
weir_code weir_decode_aggregate(weir_decode *d, const Spark__Connect__Aggregate *m, weir_node **ret) {
    weir_node_aggregate *aggregate = WEIR_NODE_NEW(d->arena, AGGREGATE, aggregate);
    WEIR_TRY(check_group_type(d, m));
    WEIR_TRY(weir_decode_input(d, m->input, "Aggregate", &aggregate->child));
    WEIR_TRY(
        weir_decode_expressions(d, m->grouping_expressions, m->n_grouping_expressions, &aggregate->grouping));
    if (m->group_type != SPARK__CONNECT__AGGREGATE__GROUP_TYPE__GROUP_TYPE_GROUPBY)
        WEIR_TRY(group_sets(d, m, &aggregate->grouping));
    weir_node_list shown, aggregates;
    WEIR_TRY(weir_decode_expressions(d, m->grouping_expressions, m->n_grouping_expressions, &shown));
    WEIR_TRY(weir_decode_expressions(d, m->aggregate_expressions, m->n_aggregate_expressions, &aggregates));
    for (int32_t i = 0; i < aggregates.count; i++)
        weir_node_list_add(d->arena, &shown, aggregates.items[i]);
    aggregate->aggregates = shown;
    *ret = &aggregate->node;
    return WEIR_OK;
}

/* ---- union, range, alias, watermark, repartition ---- */

static weir_code decode_set(weir_decode *d, const Spark__Connect__SetOperation *m, weir_node **ret) {
    if (!m->left_input || !m->right_input)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__SET_OPERATION_MUST_HAVE_TWO_INPUTS, NULL);
    switch ((int)m->set_op_type) {
    case SPARK__CONNECT__SET_OPERATION__SET_OP_TYPE__SET_OP_TYPE_UNION:
        break;
    case SPARK__CONNECT__SET_OPERATION__SET_OP_TYPE__SET_OP_TYPE_INTERSECT:
    case SPARK__CONNECT__SET_OPERATION__SET_OP_TYPE__SET_OP_TYPE_EXCEPT: {
        weir_node_set_operation *set = WEIR_NODE_NEW(d->arena, SET_OPERATION, set_operation);
        set->except = m->set_op_type == SPARK__CONNECT__SET_OPERATION__SET_OP_TYPE__SET_OP_TYPE_EXCEPT;
        set->all = m->has_is_all && m->is_all;
        *ret = &set->node;
        WEIR_TRY(weir_decode_relation(d, m->left_input, &set->left));
        return weir_decode_relation(d, m->right_input, &set->right);
    }
    default:
        return weir_decode_bad_enum(d->err, "spark.connect.SetOperation.set_op_type", (int)m->set_op_type);
    }
    if (m->allow_missing_columns && !m->by_name)
        return weir_error_raise(
            d->err, WEIR_CONNECT_INVALID_PLAN__UNION_BY_NAME_ALLOW_MISSING_COL_REQUIRES_BY_NAME, NULL);
    weir_node_union *node = WEIR_NODE_NEW(d->arena, UNION, union);
    node->children = weir_node_list_new(d->arena, 2);
    WEIR_TRY(weir_decode_relation(d, m->left_input, &node->children.items[0]));
    WEIR_TRY(weir_decode_relation(d, m->right_input, &node->children.items[1]));
    node->by_name = m->by_name;
    node->allow_missing = m->allow_missing_columns;
    *ret = &node->node;
    if (!m->has_is_all || !m->is_all) {
        weir_node_distinct *distinct = WEIR_NODE_NEW(d->arena, DISTINCT, distinct);
        distinct->child = &node->node;
        *ret = &distinct->node;
    }
    return WEIR_OK;
}

static weir_code join_type(weir_decode *d, int type, int64_t *ret) {
    static const weir_join_type types[] = {
        [SPARK__CONNECT__JOIN__JOIN_TYPE__JOIN_TYPE_INNER] = WEIR_JOIN_INNER,
        [SPARK__CONNECT__JOIN__JOIN_TYPE__JOIN_TYPE_FULL_OUTER] = WEIR_JOIN_FULL,
        [SPARK__CONNECT__JOIN__JOIN_TYPE__JOIN_TYPE_LEFT_OUTER] = WEIR_JOIN_LEFT,
        [SPARK__CONNECT__JOIN__JOIN_TYPE__JOIN_TYPE_RIGHT_OUTER] = WEIR_JOIN_RIGHT,
        [SPARK__CONNECT__JOIN__JOIN_TYPE__JOIN_TYPE_LEFT_ANTI] = WEIR_JOIN_ANTI,
        [SPARK__CONNECT__JOIN__JOIN_TYPE__JOIN_TYPE_LEFT_SEMI] = WEIR_JOIN_SEMI,
        [SPARK__CONNECT__JOIN__JOIN_TYPE__JOIN_TYPE_CROSS] = WEIR_JOIN_CROSS,
    };
    if (type <= 0 || (size_t)type >= WEIR_ARRAY_LEN(types))
        return weir_decode_bad_enum(d->err, "spark.connect.Join.join_type", type);
    *ret = types[type];
    return WEIR_OK;
}

/* hint("broadcast") on a side of a join; all other hints advise what is not asked here. */
static bool is_broadcast(const relation *side) {
    static const char *const names[] = {"broadcast", "broadcastjoin", "mapjoin"};
    bool hint = side && side->rel_type_case == SPARK__CONNECT__RELATION__REL_TYPE_HINT;
    weir_str name = hint ? weir_decode_text(side->hint->name) : (weir_str){0};
    for (size_t i = 0; hint && i < WEIR_ARRAY_LEN(names); i++)
        if (weir_str_equal_nocase(name, weir_str_from(names[i])))
            return true;
    return false;
}

static weir_code decode_join(weir_decode *d, const Spark__Connect__Join *m, weir_node **ret) {
    weir_node_join *join = WEIR_NODE_NEW(d->arena, JOIN, join);
    if (m->join_data_type)
        return weir_decode_unsupported(d->err, "joinWith()");
    WEIR_TRY(join_type(d, (int)m->join_type, &join->type));
    WEIR_TRY(weir_decode_input(d, m->left, "Join", &join->left));
    WEIR_TRY(weir_decode_input(d, m->right, "Join", &join->right));
    join->hint = is_broadcast(m->right)  ? WEIR_STR("right")
                 : is_broadcast(m->left) ? WEIR_STR("left")
                                         : (weir_str){0};
    if (m->join_condition)
        WEIR_TRY(weir_decode_expression(d, m->join_condition, &join->condition));
    join->using.items = WEIR_NEW_ARRAY(d->arena, weir_str, m->n_using_columns + 1);
    for (size_t i = 0; i < m->n_using_columns; i++)
        join->using.items[join->using.count++] = weir_decode_text(m->using_columns[i]);
    *ret = &join->node;
    return WEIR_OK;
}

static weir_code decode_range(weir_decode *d, const Spark__Connect__Range *m, weir_node **ret) {
    weir_node_range *range = WEIR_NODE_NEW(d->arena, RANGE, range);
    if (m->step == 0)
        return weir_error_failf(d->err, WEIR_INVALID_ARGUMENT, "requirement failed: step (0) cannot be 0");
    if (m->has_num_partitions && m->num_partitions < 1)
        return weir_error_failf(d->err, WEIR_INVALID_ARGUMENT,
                                "requirement failed: numSlices (%d) must be positive", m->num_partitions);
    range->start = m->start;
    range->end = m->end;
    range->step = m->step;
    range->partitions = m->num_partitions;
    *ret = &range->node;
    return WEIR_OK;
}

static weir_code decode_subquery_alias(weir_decode *d, const Spark__Connect__SubqueryAlias *m,
                                       weir_node **ret) {
    weir_node_subquery_alias *alias = WEIR_NODE_NEW(d->arena, SUBQUERY_ALIAS, subquery_alias);
    if (m->n_qualifier)
        return weir_decode_unsupported(d->err, "an alias with a qualifier");
    alias->alias = weir_decode_text(m->alias);
    *ret = &alias->node;
    return weir_decode_input(d, m->input, "SubqueryAlias", &alias->child);
}

static weir_code decode_watermark(weir_decode *d, const Spark__Connect__WithWatermark *m, weir_node **ret) {
    weir_node_watermark *node = WEIR_NODE_NEW(d->arena, WATERMARK, watermark);
    weir_calendar_interval delay;
    weir_str_list parts;
    const char *text = m->delay_threshold ? m->delay_threshold : "";
    WEIR_TRY(weir_decode_input(d, m->input, "WithWatermark", &node->child));
    if (!weir_calendar_interval_parse(weir_str_from(text), &delay))
        return weir_error_raise(d->err, WEIR_CANNOT_PARSE_INTERVAL, "intervalString",
                                weir_arena_printf(d->arena, "'%s'", text), NULL);
    int64_t days = (int64_t)delay.months * 31 + delay.days; /* a month counts 31 days, as in Spark */
    if (__builtin_mul_overflow(days, WEIR_MICROS_PER_DAY, &node->delay_us) ||
        __builtin_add_overflow(node->delay_us, delay.micros, &node->delay_us))
        return weir_error_failf(d->err, WEIR_INVALID_ARGUMENT, "delay threshold (%s) is too long", text);
    if (node->delay_us < 0)
        return weir_error_failf(d->err, WEIR_INVALID_ARGUMENT,
                                "requirement failed: delay threshold (%s) should not be negative.", text);
    WEIR_TRY(weir_decode_name(d, m->event_time, &parts));
    if (parts.count != 1)
        return weir_decode_unsupported(d->err, "a watermark on a nested column");
    node->column = parts.items[0];
    *ret = &node->node;
    return WEIR_OK;
}

static weir_code decode_repartition(weir_decode *d, const Spark__Connect__Repartition *m, weir_node **ret) {
    weir_node_repartition *node = WEIR_NODE_NEW(d->arena, REPARTITION, repartition);
    if (m->num_partitions < 1)
        return weir_error_failf(d->err, WEIR_INVALID_ARGUMENT,
                                "requirement failed: Number of partitions (%d) must be positive.",
                                m->num_partitions);
    node->partitions = m->num_partitions;
    node->shuffle = !m->has_shuffle || m->shuffle;
    *ret = &node->node;
    return weir_decode_input(d, m->input, "Repartition", &node->child);
}

static weir_code decode_repartition_by(weir_decode *d, const Spark__Connect__RepartitionByExpression *m,
                                       weir_node **ret) {
    weir_node_repartition *node = WEIR_NODE_NEW(d->arena, REPARTITION, repartition);
    if (m->has_num_partitions && m->num_partitions < 1)
        return weir_error_failf(d->err, WEIR_INVALID_ARGUMENT,
                                "requirement failed: Number of partitions (%d) must be positive.",
                                m->num_partitions);
    node->partitions = m->num_partitions;
    node->shuffle = true;
    WEIR_TRY(weir_decode_input(d, m->input, "RepartitionByExpression", &node->child));
    *ret = &node->node;
    return weir_decode_expressions(d, m->partition_exprs, m->n_partition_exprs, &node->exprs);
}

static weir_code decode_table_function(weir_decode *d, const Spark__Connect__UnresolvedTableValuedFunction *m,
                                       weir_node **ret) {
    weir_node_table_function *node = WEIR_NODE_NEW(d->arena, TABLE_FUNCTION, table_function);
    WEIR_TRY(weir_decode_name(d, m->function_name, &node->name));
    *ret = &node->node;
    return weir_decode_expressions(d, m->arguments, m->n_arguments, &node->args);
}

/* ---- other relations beside a root ---- */

static weir_code decode_with_relations(weir_decode *d, const Spark__Connect__WithRelations *m,
                                       weir_node **ret) {
    weir_decode_reference *outer = d->references;
    bool sql = m->root && m->root->rel_type_case == SPARK__CONNECT__RELATION__REL_TYPE_SQL;
    for (size_t i = 0; i < m->n_references; i++) {
        const relation *from = m->references[i];
        bool named = from->rel_type_case == SPARK__CONNECT__RELATION__REL_TYPE_SUBQUERY_ALIAS;
        if (!named && sql)
            return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__INVALID_WITH_RELATION_REFERENCE, NULL);
        if (!named)
            continue; /* of a sub-query expression, which is refused by its name */
        weir_decode_reference *reference = WEIR_NEW(d->arena, weir_decode_reference);
        reference->name = weir_decode_text(from->subquery_alias->alias);
        WEIR_TRY(weir_decode_relation(d, from, &reference->relation));
        reference->outer = d->references;
        d->references = reference;
    }
    WEIR_TRY(weir_decode_input(d, m->root, "WithRelations", ret));
    d->references = outer;
    return WEIR_OK;
}

static weir_code decode_cached_remote(weir_decode *d, const Spark__Connect__CachedRemoteRelation *m,
                                      weir_node **ret) {
    const weir_connect_scope *scope = d->scope;
    weir_str id = weir_decode_text(m->relation_id);
    if (scope->find_relation)
        WEIR_TRY(scope->find_relation(scope->self, d->arena, id, ret, d->err));
    if (!*ret)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__DATAFRAME_NOT_FOUND, "dfId",
                                weir_arena_strndup(d->arena, id.data, id.size), "sessionId", "", NULL);
    return WEIR_OK;
}

static weir_code decode_kind(weir_decode *d, const relation *m, weir_node **ret) {
    switch ((int)m->rel_type_case) {
    case SPARK__CONNECT__RELATION__REL_TYPE_READ:
        return weir_decode_read(d, m->read, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_PROJECT:
        return decode_project(d, m->project, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_FILTER:
        return decode_filter(d, m->filter, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_SET_OP:
        return decode_set(d, m->set_op, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_JOIN:
        return decode_join(d, m->join, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_SORT:
        return decode_sort(d, m->sort, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_LIMIT:
        return decode_limit(d, m->limit, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_OFFSET:
        return decode_offset(d, m->offset, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_TAIL:
        return decode_tail(d, m->tail, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_AGGREGATE:
        return weir_decode_aggregate(d, m->aggregate, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_SQL:
        return weir_decode_sql(d, m->sql, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_LOCAL_RELATION:
    case SPARK__CONNECT__RELATION__REL_TYPE_CACHED_LOCAL_RELATION:
    case SPARK__CONNECT__RELATION__REL_TYPE_CHUNKED_CACHED_LOCAL_RELATION:
        return weir_decode_local(d, m, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_CACHED_REMOTE_RELATION:
        return decode_cached_remote(d, m->cached_remote_relation, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_RANGE:
        return decode_range(d, m->range, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_UNRESOLVED_TABLE_VALUED_FUNCTION:
        return decode_table_function(d, m->unresolved_table_valued_function, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_SUBQUERY_ALIAS:
        return decode_subquery_alias(d, m->subquery_alias, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_REPARTITION:
        return decode_repartition(d, m->repartition, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_REPARTITION_BY_EXPRESSION:
        return decode_repartition_by(d, m->repartition_by_expression, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_HINT: /* hints advise; none changes the rows */
        return weir_decode_input(d, m->hint->input, "Hint", ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_WITH_WATERMARK:
        return decode_watermark(d, m->with_watermark, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_WITH_RELATIONS:
        return decode_with_relations(d, m->with_relations, ret);
    default: {
        bool is;
        WEIR_TRY(weir_decode_method(d, m, &is, ret));
        return is ? WEIR_OK : weir_coverage_refuse(&m->base, "rel_type", (int)m->rel_type_case, d->err);
    }
    }
}

weir_code weir_decode_relation(weir_decode *d, const relation *m, weir_node **ret) {
    *ret = NULL;
    WEIR_TRY(decode_kind(d, m, ret));
    if (!m->common || !m->common->has_plan_id)
        return WEIR_OK;
    if (m->common->plan_id < 0 || m->common->plan_id == INT64_MAX)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__ASSERTION_FAILURE, "message",
                                "a plan id below 0", NULL);
    weir_node_dataframe *frame = WEIR_NODE_NEW(d->arena, DATAFRAME, dataframe);
    frame->child = *ret;
    frame->plan_id = m->common->plan_id + 1;
    *ret = &frame->node;
    return WEIR_OK;
}
