/* The physical planner (physical.h): walks the logical plan from the source up, keeps the pipeline of the
 * current stage, and cuts a stage where rows must meet by key or in one place. */
#include "driver/physical/physical.h"

#include "common/base/assert.h"
#include "common/base/hash.h"
#include "common/expr/aggregate.h"
#include "common/expr/function.h"
#include "common/plan/expr_text.h"

typedef struct planner {
    weir_arena *arena;
    const weir_physical_request *request;
    weir_physical *out;
    weir_node_list stages;
    weir_node *current;       /* top operator of the stage being built */
    const char *distribution; /* of that stage */
    int32_t partitions;
    bool watermark;
    weir_strbuf signature;
} planner;

/* ---- binding ---- */

static weir_code bind_attribute(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                                weir_error **err) {
    const weir_node_list *output = data;
    *ret = node;
    if (node->kind != WEIR_NODE_ATTRIBUTE)
        return WEIR_OK;
    int64_t id = WEIR_NODE_AS(node, ATTRIBUTE, attribute)->id;
    for (int32_t i = 0; i < output->count; i++) {
        if (WEIR_NODE_AS(output->items[i], ATTRIBUTE, attribute)->id != id)
            continue;
        weir_node_input *input = WEIR_NODE_NEW(arena, INPUT, input);
        input->ordinal = i;
        input->node.type = node->type;
        input->node.nullable = node->nullable;
        input->node.resolved = true;
        *ret = &input->node;
        return WEIR_OK;
    }
    WEIR_FAIL(err, INTERNAL_ERROR, "attribute " WEIR_STR_FMT "#%lld is not among the inputs",
              WEIR_STR_ARG(WEIR_NODE_AS(node, ATTRIBUTE, attribute)->name), (long long)id);
}

static weir_node *without_alias(weir_node *expr) {
    while (expr->kind == WEIR_NODE_ALIAS)
        expr = WEIR_NODE_AS(expr, ALIAS, alias)->child;
    return expr;
}

static weir_code bind(planner *p, weir_node *expr, const weir_node_list *output, weir_node **ret,
                      weir_error **err) {
    return weir_node_transform(p->arena, without_alias(expr), bind_attribute, (void *)(uintptr_t)output, ret,
                               err);
}

static weir_code bind_list(planner *p, const weir_node_list *exprs, const weir_node_list *output,
                           weir_node_list *ret, weir_error **err) {
    *ret = weir_node_list_new(p->arena, exprs->count);
    for (int32_t i = 0; i < exprs->count; i++)
        WEIR_TRY(bind(p, exprs->items[i], output, &ret->items[i], err));
    return WEIR_OK;
}

/* ---- stages ---- */

static void push_operator(planner *p, weir_node *node, const weir_type *type) {
    node->type = type;
    node->resolved = true;
    p->current = node;
}

static void finish_stage(planner *p) {
    weir_node_stage *stage = WEIR_NODE_NEW(p->arena, STAGE, stage);
    stage->root = p->current;
    stage->distribution = weir_str_from(p->distribution);
    stage->partitions = p->partitions;
    weir_node_list_add(p->arena, &p->stages, &stage->node);
}

/* Ends the stage with an exchange and starts the next one behind it. */
static void cut_stage(planner *p, int64_t keys_count, const char *distribution, int32_t partitions) {
    const weir_type *schema = p->current->type;
    weir_node_shuffle_write *out = WEIR_NODE_NEW(p->arena, SHUFFLE_WRITE, shuffle_write);
    out->child = p->current;
    out->keys_count = keys_count;
    out->partitions = partitions;
    push_operator(p, &out->node, schema);
    finish_stage(p);
    weir_node_shuffle_read *in = WEIR_NODE_NEW(p->arena, SHUFFLE_READ, shuffle_read);
    in->schema = schema;
    in->stage = p->stages.count - 1;
    push_operator(p, &in->node, schema);
    p->distribution = distribution;
    p->partitions = partitions;
}

static void gather_in_one(planner *p) {
    if (strcmp(p->distribution, "single") != 0)
        cut_stage(p, 0, "single", 1);
}

/* ---- relations ---- */

static weir_code build(planner *p, weir_node *relation, weir_error **err);

/* The leaf of the plan: the scan that the executors run, and the source that its splits come from. */
static weir_code push_scan(planner *p, const weir_node *relation, weir_node_scan *scan,
                           const weir_query_source *source, weir_error **err) {
    if (p->current)
        WEIR_FAIL(err, NOT_SUPPORTED, "a query over several sources is not supported");
    scan->format = source->format;
    scan->projection = relation->type;
    scan->source_index = p->out->sources_count;
    p->distribution = "splits";
    p->partitions = 0;
    push_operator(p, &scan->node, relation->type);
    p->out->sources = WEIR_NEW_ARRAY(p->arena, weir_query_source, 1);
    p->out->sources[p->out->sources_count++] = *source;
    return WEIR_OK;
}

static weir_code build_source(planner *p, weir_node_source *source, weir_error **err) {
    if (!source->streaming && !p->request->batch)
        WEIR_FAIL(err, NOT_SUPPORTED,
                  "source " WEIR_STR_FMT ": static sources are not supported in a streaming query",
                  WEIR_STR_ARG(source->name));
    weir_node_scan *scan = WEIR_NODE_NEW(p->arena, SCAN, scan);
    scan->options = source->options;
    scan->schema = source->schema;
    weir_query_source made = {.format = source->format,
                              .options = source->options,
                              .schema = source->own_schema && !p->request->batch ? NULL : source->schema};
    WEIR_TRY(push_scan(p, &source->node, scan, &made, err));
    weir_str path = weir_options_get(&source->options, "path");
    weir_strbuf_addf(&p->signature, "source " WEIR_STR_FMT " " WEIR_STR_FMT, WEIR_STR_ARG(source->format),
                     WEIR_STR_ARG(path));
    return WEIR_OK;
}

/* ---- leaves of batch queries: connectors/local ---- */

static weir_code refuse_in_stream(const planner *p, const weir_node *relation, weir_error **err) {
    if (!p->request->batch)
        WEIR_FAIL(err, NOT_SUPPORTED, "%s is not supported in a streaming query",
                  weir_node_describe(relation->kind).label);
    return WEIR_OK;
}

static weir_code build_local(planner *p, weir_node_local_relation *local, weir_error **err) {
    WEIR_TRY(refuse_in_stream(p, &local->node, err));
    weir_query_source source = {.format = WEIR_STR("weir-local"), .schema = local->node.type};
    weir_options_set(p->arena, &source.options, WEIR_STR("blocks"), local->blocks);
    weir_node_scan *scan = WEIR_NODE_NEW(p->arena, SCAN, scan);
    scan->schema = local->node.type;
    return push_scan(p, &local->node, scan, &source, err);
}

static void set_number(planner *p, weir_options *options, const char *name, int64_t value) {
    weir_options_set(p->arena, options, weir_str_from(name),
                     weir_str_from(weir_arena_printf(p->arena, "%lld", (long long)value)));
}

static weir_code push_range(planner *p, const weir_node *relation, int64_t start, int64_t end, int64_t step,
                            int64_t partitions, weir_error **err) {
    WEIR_TRY(refuse_in_stream(p, relation, err));
    weir_query_source source = {.format = WEIR_STR("weir-range"), .schema = relation->type};
    set_number(p, &source.options, "start", start);
    set_number(p, &source.options, "end", end);
    set_number(p, &source.options, "step", step);
    set_number(p, &source.options, "partitions", partitions);
    weir_node_scan *scan = WEIR_NODE_NEW(p->arena, SCAN, scan);
    scan->schema = relation->type;
    return push_scan(p, relation, scan, &source, err);
}

static weir_code build_filter(planner *p, weir_node_filter *filter, weir_error **err) {
    WEIR_TRY(build(p, filter->child, err));
    weir_node_filter_exec *node = WEIR_NODE_NEW(p->arena, FILTER_EXEC, filter_exec);
    node->child = p->current;
    WEIR_TRY(bind(p, filter->condition, &filter->child->output, &node->condition, err));
    push_operator(p, &node->node, p->current->type);
    return WEIR_OK;
}

static weir_code build_project(planner *p, weir_node_project *project, weir_error **err) {
    WEIR_TRY(build(p, project->child, err));
    weir_node_project_exec *node = WEIR_NODE_NEW(p->arena, PROJECT_EXEC, project_exec);
    node->child = p->current;
    WEIR_TRY(bind_list(p, &project->exprs, &project->child->output, &node->exprs, err));
    push_operator(p, &node->node, project->node.type);
    return WEIR_OK;
}

static weir_code build_expand(planner *p, weir_node_expand *expand, weir_error **err) {
    WEIR_TRY(build(p, expand->child, err));
    weir_node_expand_exec *node = WEIR_NODE_NEW(p->arena, EXPAND_EXEC, expand_exec);
    node->child = p->current;
    node->projections = weir_node_list_new(p->arena, expand->projections.count);
    for (int32_t i = 0; i < expand->projections.count; i++) {
        weir_node_expr_list *from = WEIR_NODE_AS(expand->projections.items[i], EXPR_LIST, expr_list);
        weir_node_expr_list *to = WEIR_NODE_NEW(p->arena, EXPR_LIST, expr_list);
        WEIR_TRY(bind_list(p, &from->items, &expand->child->output, &to->items, err));
        node->projections.items[i] = &to->node;
    }
    push_operator(p, &node->node, expand->node.type);
    return WEIR_OK;
}

static weir_code build_sort(planner *p, weir_node_sort *sort, weir_error **err) {
    WEIR_TRY(build(p, sort->child, err));
    gather_in_one(p);
    weir_node_sort_exec *node = WEIR_NODE_NEW(p->arena, SORT_EXEC, sort_exec);
    node->child = p->current;
    WEIR_TRY(bind_list(p, &sort->orders, &sort->child->output, &node->orders, err));
    push_operator(p, &node->node, p->current->type);
    return WEIR_OK;
}

static void push_limit(planner *p, int64_t skip, int64_t count) {
    weir_node_limit_exec *node = WEIR_NODE_NEW(p->arena, LIMIT_EXEC, limit_exec);
    node->child = p->current;
    node->skip = skip;
    node->count = count;
    push_operator(p, &node->node, p->current->type);
}

static weir_code constant_count(const weir_node *expr, const char *what, int64_t *ret, weir_error **err) {
    if (expr->kind != WEIR_NODE_LITERAL || expr->type->kind != WEIR_TYPE_INT)
        WEIR_FAIL(err, NOT_SUPPORTED, "%s takes a constant integer", what);
    *ret = ((const int32_t *)WEIR_NODE_AS(expr, LITERAL, literal)->value->values)[0];
    return WEIR_OK;
}

static weir_code build_limit(planner *p, weir_node_limit *limit, weir_error **err) {
    int64_t count = 0;
    WEIR_TRY(build(p, limit->child, err));
    WEIR_TRY(constant_count(limit->count, "LIMIT", &count, err));
    if (strcmp(p->distribution, "single") != 0)
        push_limit(p, 0, count); /* no task needs to send more than that */
    gather_in_one(p);
    push_limit(p, 0, count);
    return WEIR_OK;
}

static weir_code build_offset(planner *p, weir_node_offset *offset, weir_error **err) {
    int64_t count = 0;
    WEIR_TRY(refuse_in_stream(p, &offset->node, err));
    WEIR_TRY(build(p, offset->child, err));
    WEIR_TRY(constant_count(offset->count, "OFFSET", &count, err));
    gather_in_one(p);
    push_limit(p, count, -1);
    return WEIR_OK;
}

static void push_tail(planner *p, int64_t count) {
    weir_node_tail_exec *node = WEIR_NODE_NEW(p->arena, TAIL_EXEC, tail_exec);
    node->child = p->current;
    node->count = count;
    push_operator(p, &node->node, p->current->type);
}

static weir_code build_tail(planner *p, weir_node_tail *tail, weir_error **err) {
    int64_t count = 0;
    WEIR_TRY(refuse_in_stream(p, &tail->node, err));
    WEIR_TRY(build(p, tail->child, err));
    WEIR_TRY(constant_count(tail->count, "tail()", &count, err));
    if (strcmp(p->distribution, "single") != 0)
        push_tail(p, count);
    gather_in_one(p);
    push_tail(p, count);
    return WEIR_OK;
}

/* One partition is one task, which is one file of a write. More partitions say how rows are spread over tasks
 * and change no row: the tasks are those that the splits give. */
static weir_code build_repartition(planner *p, weir_node_repartition *node, weir_error **err) {
    WEIR_TRY(refuse_in_stream(p, &node->node, err));
    WEIR_TRY(build(p, node->child, err));
    if (node->partitions == 1)
        gather_in_one(p);
    return WEIR_OK;
}

/* ---- aggregation ---- */

/* Finds the distinct aggregate calls of the result expressions. */
typedef struct aggregation {
    planner *p;
    weir_node_aggregate *node;
    weir_node_list calls; /* unbound, distinct */
    int32_t keys_count;
} aggregation;

static int32_t index_of(const weir_node_list *list, const weir_node *node) {
    for (int32_t i = 0; i < list->count; i++)
        if (weir_node_equal(list->items[i], node))
            return i;
    return -1;
}

static weir_node *input_at(weir_arena *arena, int64_t ordinal, const weir_node *expr) {
    weir_node_input *input = WEIR_NODE_NEW(arena, INPUT, input);
    input->ordinal = ordinal;
    input->node.type = expr->type;
    input->node.nullable = expr->nullable;
    input->node.resolved = true;
    return &input->node;
}

/* Result expressions over the aggregation's output: a grouping expression or an aggregate call becomes an
 * input. */
static weir_code bind_result(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                             weir_error **err) {
    aggregation *a = data;
    *ret = node;
    for (int32_t i = 0; i < a->keys_count; i++)
        if (weir_node_equal(without_alias(a->node->grouping.items[i]), node)) {
            *ret = input_at(arena, i, node);
            return WEIR_OK;
        }
    if (node->kind == WEIR_NODE_AGGREGATE_CALL) {
        int32_t at = index_of(&a->calls, node);
        if (at < 0) {
            at = a->calls.count;
            weir_node_list_add(arena, &a->calls, node);
        }
        *ret = input_at(arena, a->keys_count + at, node);
        return WEIR_OK;
    }
    if (node->kind == WEIR_NODE_ATTRIBUTE) {
        /* A grouping attribute under an alias of the grouping list. */
        for (int32_t i = 0; i < a->keys_count; i++) {
            const weir_node *key = a->node->grouping.items[i];
            if (key->kind == WEIR_NODE_ALIAS &&
                ((const weir_node_alias *)key)->id == WEIR_NODE_AS(node, ATTRIBUTE, attribute)->id) {
                *ret = input_at(arena, i, node);
                return WEIR_OK;
            }
        }
        WEIR_FAIL(err, INTERNAL_ERROR, "attribute " WEIR_STR_FMT " is neither grouped nor aggregated",
                  WEIR_STR_ARG(WEIR_NODE_AS(node, ATTRIBUTE, attribute)->name));
    }
    return WEIR_OK;
}

static const weir_node *alias_of(const weir_node_list *exprs, int64_t id) {
    for (int32_t i = 0; i < exprs->count; i++)
        if (exprs->items[i]->kind == WEIR_NODE_ALIAS && WEIR_NODE_AS(exprs->items[i], ALIAS, alias)->id == id)
            return without_alias(exprs->items[i]);
    return NULL;
}

static const weir_node *attribute_of(const weir_node_list *attributes, const weir_node_list *values,
                                     int64_t id) {
    for (int32_t i = 0; i < attributes->count && i < values->count; i++)
        if (WEIR_NODE_AS(attributes->items[i], ATTRIBUTE, attribute)->id == id)
            return without_alias(values->items[i]);
    return NULL;
}

/* What an attribute was made from by the relations below; at last the source's column, by its own name. */
static const weir_node *definition_of(const weir_node *node, void *relation) {
    if (node->kind != WEIR_NODE_ATTRIBUTE)
        return NULL;
    int64_t id = WEIR_NODE_AS(node, ATTRIBUTE, attribute)->id;
    const weir_node *found = NULL;
    weir_node *at = relation, *below = NULL;
    for (; at && !found; at = below) {
        below = NULL;
        if (at->kind == WEIR_NODE_PROJECT) {
            found = alias_of(&WEIR_NODE_AS(at, PROJECT, project)->exprs, id);
            below = WEIR_NODE_AS(at, PROJECT, project)->child;
        } else if (at->kind == WEIR_NODE_EXPAND) {
            const weir_node_expand *expand = WEIR_NODE_AS(at, EXPAND, expand);
            found =
                attribute_of(&expand->attributes,
                             &WEIR_NODE_AS(expand->projections.items[0], EXPR_LIST, expr_list)->items, id);
            below = expand->child;
        } else if (at->kind == WEIR_NODE_FILTER) {
            below = WEIR_NODE_AS(at, FILTER, filter)->child;
        } else if (at->kind == WEIR_NODE_SUBQUERY_ALIAS) {
            below = WEIR_NODE_AS(at, SUBQUERY_ALIAS, subquery_alias)->child;
        } else {
            found = attribute_of(&at->output, &at->output, id);
        }
    }
    const weir_node *inner = found && found != node && below ? definition_of(found, below) : NULL;
    return inner ? inner : found;
}

/* The state's layout, and what its keys and values mean: each expression's name, and a hash of their texts
 * down to the sources' columns. A filter may change over a checkpoint, keys and aggregates may not. */
static void sign_state(planner *p, const weir_type *shuffled, const weir_node_aggregate *node,
                       const weir_node_list *calls) {
    weir_expr_text text = {.lookup = definition_of, .data = node->child};
    _cleanup_strbuf_ weir_strbuf meaning = {0};
    weir_strbuf_add_text(&p->signature, "; state 0 ");
    weir_type_simple(&p->signature, shuffled);
    weir_strbuf_add_text(&p->signature, " by");
    size_t names = p->signature.size;
    for (int32_t i = 0; i < node->grouping.count; i++) {
        weir_strbuf_add_text(&p->signature, i ? ", " : " ");
        weir_expr_sql(&p->signature, without_alias(node->grouping.items[i]));
        weir_expr_text_add(&meaning, without_alias(node->grouping.items[i]), &text);
        weir_strbuf_add_char(&meaning, '\n');
    }
    for (int32_t c = 0; c < calls->count; c++) {
        weir_strbuf_add_text(&p->signature, c ? ", " : " of ");
        weir_expr_sql(&p->signature, calls->items[c]);
        weir_expr_text_add(&meaning, calls->items[c], &text);
        weir_strbuf_add_char(&meaning, '\n');
    }
    for (char *c = p->signature.data + names; c < p->signature.data + p->signature.size; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c; /* as the user wrote them: not case-sensitive */
    weir_strbuf_addf(&p->signature, " #%08x", weir_crc32c(0, meaning.data, meaning.size));
}

static int32_t state_partitions(const planner *p, int32_t keys_count) {
    if (keys_count == 0)
        return 1;
    int64_t wanted = weir_conf_int(p->request->conf, WEIR_CONF_SHUFFLE_PARTITIONS);
    int64_t most = weir_conf_int(p->request->conf, WEIR_CONF_STATE_PARTITIONS_MAX);
    return (int32_t)WEIR_MAX(1, WEIR_MIN(wanted, most));
}

static void push_partial(planner *p, const weir_node_list *keys, const weir_node_list *calls,
                         const weir_type *shuffled) {
    weir_node_partial_agg *partial = WEIR_NODE_NEW(p->arena, PARTIAL_AGG, partial_agg);
    partial->child = p->current;
    partial->keys = *keys;
    partial->aggregates = *calls;
    push_operator(p, &partial->node, shuffled);
}

static void push_state(planner *p, const weir_node_list *keys, const weir_node_list *calls) {
    weir_node_state_agg *state = WEIR_NODE_NEW(p->arena, STATE_AGG, state_agg);
    state->child = p->current;
    state->operator_id = 0;
    state->keys_count = keys->count;
    state->aggregates = *calls;
    state->output_mode = p->request->output_mode;
    push_operator(p, &state->node, weir_aggregate_final_schema(p->arena, *keys, *calls));
}

static void push_final(planner *p, const weir_node_list *keys, const weir_node_list *calls) {
    weir_node_final_agg *final = WEIR_NODE_NEW(p->arena, FINAL_AGG, final_agg);
    final->child = p->current;
    final->keys_count = keys->count;
    final->aggregates = *calls;
    push_operator(p, &final->node, weir_aggregate_final_schema(p->arena, *keys, *calls));
}

static weir_code build_aggregate(planner *p, weir_node_aggregate *node, weir_error **err) {
    WEIR_TRY(build(p, node->child, err));
    bool batch = p->request->batch;
    if (p->out->stateful)
        WEIR_FAIL(err, NOT_SUPPORTED, "several aggregations in one streaming query are not supported");
    if (p->watermark && !batch)
        WEIR_FAIL(err, NOT_SUPPORTED, "aggregation over a watermark is not supported");
    aggregation a = {.p = p, .node = node, .keys_count = node->grouping.count};
    weir_node_list results = weir_node_list_new(p->arena, node->aggregates.count);
    for (int32_t i = 0; i < results.count; i++)
        WEIR_TRY(weir_node_transform_down(p->arena, without_alias(node->aggregates.items[i]), bind_result, &a,
                                          &results.items[i], err));
    weir_node_list keys, calls;
    WEIR_TRY(bind_list(p, &node->grouping, &node->child->output, &keys, err));
    WEIR_TRY(bind_list(p, &a.calls, &node->child->output, &calls, err));
    const weir_type *shuffled = weir_aggregate_partial_schema(p->arena, keys, calls);
    push_partial(p, &keys, &calls, shuffled);
    if (batch && keys.count == 0) {
        cut_stage(p, 0, "single", 1);
    } else {
        p->out->state_partitions = state_partitions(p, keys.count);
        cut_stage(p, keys.count, "hash", p->out->state_partitions);
    }
    if (batch) {
        push_final(p, &keys, &calls);
    } else {
        sign_state(p, shuffled, node, &a.calls);
        p->out->stateful = true;
        push_state(p, &keys, &calls);
    }
    weir_node_project_exec *project = WEIR_NODE_NEW(p->arena, PROJECT_EXEC, project_exec);
    project->child = p->current;
    project->exprs = results;
    push_operator(p, &project->node, node->node.type);
    return WEIR_OK;
}

static weir_code build(planner *p, weir_node *relation, weir_error **err) {
    switch ((int)relation->kind) {
    case WEIR_NODE_SOURCE:
        return build_source(p, WEIR_NODE_AS(relation, SOURCE, source), err);
    case WEIR_NODE_LOCAL_RELATION:
        return build_local(p, WEIR_NODE_AS(relation, LOCAL_RELATION, local_relation), err);
    case WEIR_NODE_RANGE: {
        const weir_node_range *range = WEIR_NODE_AS(relation, RANGE, range);
        return push_range(p, relation, range->start, range->end, range->step, range->partitions, err);
    }
    case WEIR_NODE_ONE_ROW:
        return push_range(p, relation, 0, 1, 1, 1, err);
    case WEIR_NODE_FILTER:
        return build_filter(p, WEIR_NODE_AS(relation, FILTER, filter), err);
    case WEIR_NODE_PROJECT:
        return build_project(p, WEIR_NODE_AS(relation, PROJECT, project), err);
    case WEIR_NODE_EXPAND:
        return build_expand(p, WEIR_NODE_AS(relation, EXPAND, expand), err);
    case WEIR_NODE_AGGREGATE:
        return build_aggregate(p, WEIR_NODE_AS(relation, AGGREGATE, aggregate), err);
    case WEIR_NODE_SORT:
        return build_sort(p, WEIR_NODE_AS(relation, SORT, sort), err);
    case WEIR_NODE_LIMIT:
        return build_limit(p, WEIR_NODE_AS(relation, LIMIT, limit), err);
    case WEIR_NODE_OFFSET:
        return build_offset(p, WEIR_NODE_AS(relation, OFFSET, offset), err);
    case WEIR_NODE_TAIL:
        return build_tail(p, WEIR_NODE_AS(relation, TAIL, tail), err);
    case WEIR_NODE_REPARTITION:
        return build_repartition(p, WEIR_NODE_AS(relation, REPARTITION, repartition), err);
    case WEIR_NODE_SUBQUERY_ALIAS:
        return build(p, WEIR_NODE_AS(relation, SUBQUERY_ALIAS, subquery_alias)->child, err);
    case WEIR_NODE_WATERMARK:
        p->watermark = true;
        return build(p, WEIR_NODE_AS(relation, WATERMARK, watermark)->child, err);
    default:
        WEIR_FAIL(err, NOT_SUPPORTED, "%s is not supported in a %s query",
                  weir_node_describe(relation->kind).label, p->request->batch ? "batch" : "streaming");
    }
}

static void push_sink(planner *p) {
    weir_node_sink_write *sink = WEIR_NODE_NEW(p->arena, SINK_WRITE, sink_write);
    sink->child = p->current;
    sink->format = p->request->sink_format;
    sink->options = p->request->sink_options;
    sink->schema = p->out->schema;
    push_operator(p, &sink->node, p->out->schema);
}

weir_code weir_physical_plan(weir_arena *arena, const weir_physical_request *request, weir_physical *ret,
                             weir_error **err) {
    *ret = (weir_physical){0};
    planner p = {.arena = arena, .request = request, .out = ret};
    ret->schema = request->logical->type;
    weir_code code = build(&p, request->logical, err);
    if (code == WEIR_OK) {
        push_sink(&p);
        finish_stage(&p);
        weir_node_query_plan *plan = WEIR_NODE_NEW(arena, QUERY_PLAN, query_plan);
        plan->stages = p.stages;
        plan->sql = request->sql;
        ret->plan = plan;
        ret->signature = weir_arena_strndup(arena, p.signature.data, p.signature.size);
    }
    weir_strbuf_fini(&p.signature);
    return code;
}
