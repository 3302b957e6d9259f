/* The physical planner (physical.h): walks the logical plan from the sources up, keeps the pipeline of the
 * current stage, and cuts a stage where rows must meet by key or in one place. Aggregations are in
 * physical_aggregate.c, unions and joins in physical_join.c. */
#include "driver/physical/physical_int.h"

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

weir_node *weir_plan_unalias(weir_node *expr) {
    while (expr->kind == WEIR_NODE_ALIAS)
        expr = WEIR_NODE_AS(expr, ALIAS, alias)->child;
    return expr;
}

weir_code weir_plan_bind(weir_planner *p, weir_node *expr, const weir_node_list *output, weir_node **ret,
                         weir_error **err) {
    return weir_node_transform(p->arena, weir_plan_unalias(expr), bind_attribute, (void *)(uintptr_t)output,
                               ret, err);
}

weir_code weir_plan_bind_list(weir_planner *p, const weir_node_list *exprs, const weir_node_list *output,
                              weir_node_list *ret, weir_error **err) {
    *ret = weir_node_list_new(p->arena, exprs->count);
    for (int32_t i = 0; i < exprs->count; i++)
        WEIR_TRY(weir_plan_bind(p, exprs->items[i], output, &ret->items[i], err));
    return WEIR_OK;
}

/* ---- stages ---- */

void weir_plan_push(weir_planner *p, weir_node *node, const weir_type *type) {
    node->type = type;
    node->resolved = true;
    p->current = node;
}

static void finish_stage(weir_planner *p) {
    weir_node_stage *stage = WEIR_NODE_NEW(p->arena, STAGE, stage);
    stage->root = p->current;
    weir_node_list_add(p->arena, &p->stages, &stage->node);
}

void weir_plan_cut(weir_planner *p, int64_t keys_count, weir_node_list keys, int32_t partitions) {
    const weir_type *schema = p->current->type;
    weir_node_shuffle_write *out = WEIR_NODE_NEW(p->arena, SHUFFLE_WRITE, shuffle_write);
    out->child = p->current;
    out->keys_count = keys_count;
    out->keys = keys;
    out->partitions = partitions;
    weir_plan_push(p, &out->node, schema);
    finish_stage(p);
    weir_node_shuffle_read *in = WEIR_NODE_NEW(p->arena, SHUFFLE_READ, shuffle_read);
    in->schema = schema;
    in->stage = p->stages.count - 1;
    weir_plan_push(p, &in->node, schema);
    p->is_single = partitions == 1;
}

weir_code weir_plan_shuffle(weir_planner *p, const weir_node_list *exprs, const weir_node_list *output,
                            weir_error **err) {
    weir_node_list keys;
    WEIR_TRY(weir_plan_bind_list(p, exprs, output, &keys, err));
    p->out->state_partitions = weir_plan_partitions(p);
    weir_plan_cut(p, 0, keys, p->out->state_partitions);
    return WEIR_OK;
}

void weir_plan_gather(weir_planner *p) {
    if (!p->is_single)
        weir_plan_cut(p, 0, (weir_node_list){0}, 1);
}

int32_t weir_plan_partitions(const weir_planner *p) {
    int64_t wanted = weir_conf_int(p->request->conf, WEIR_CONF_SHUFFLE_PARTITIONS);
    int64_t most = weir_conf_int(p->request->conf, WEIR_CONF_STATE_PARTITIONS_MAX);
    return (int32_t)WEIR_MAX(1, WEIR_MIN(wanted, most));
}

/* ---- relations ---- */

/* The leaf of the plan: the scan that the executors run, and the source that its splits come from. */
static void push_scan(weir_planner *p, const weir_node *relation, weir_node_scan *scan,
                      const weir_query_source *source) {
    scan->format = source->format;
    scan->projection = relation->type;
    scan->source_index = p->out->sources_count;
    p->is_single = false;
    weir_plan_push(p, &scan->node, relation->type);
    int32_t count = p->out->sources_count;
    if (count == p->sources_capacity) {
        p->sources_capacity = WEIR_MAX(4, 2 * count);
        weir_query_source *more = WEIR_NEW_ARRAY(p->arena, weir_query_source, p->sources_capacity);
        if (count)
            memcpy(more, p->out->sources, sizeof *more * (size_t)count);
        p->out->sources = more;
    }
    p->out->sources[p->out->sources_count++] = *source;
}

static weir_code build_source(weir_planner *p, weir_node_source *source, weir_error **err) {
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
    push_scan(p, &source->node, scan, &made);
    weir_str path = weir_options_get(&source->options, "path");
    weir_strbuf_addf(&p->signature, "%ssource " WEIR_STR_FMT " " WEIR_STR_FMT, p->signature.size ? "; " : "",
                     WEIR_STR_ARG(source->format), WEIR_STR_ARG(path));
    return WEIR_OK;
}

/* ---- leaves of batch queries: connectors/local ---- */

weir_code weir_plan_refuse_in_stream(const weir_planner *p, const weir_node *relation, weir_error **err) {
    if (!p->request->batch)
        WEIR_FAIL(err, NOT_SUPPORTED, "%s is not supported in a streaming query",
                  weir_node_describe(relation->kind).label);
    return WEIR_OK;
}

static weir_code build_local(weir_planner *p, weir_node_local_relation *local, weir_error **err) {
    WEIR_TRY(weir_plan_refuse_in_stream(p, &local->node, err));
    weir_query_source source = {.format = WEIR_STR("weir-local"), .schema = local->node.type};
    weir_options_set(p->arena, &source.options, WEIR_STR("blocks"), local->blocks);
    weir_node_scan *scan = WEIR_NODE_NEW(p->arena, SCAN, scan);
    scan->schema = local->node.type;
    push_scan(p, &local->node, scan, &source);
    return WEIR_OK;
}

static void set_number(weir_planner *p, weir_options *options, const char *name, int64_t value) {
    weir_options_set(p->arena, options, weir_str_from(name),
                     weir_str_from(weir_arena_printf(p->arena, "%lld", (long long)value)));
}

static weir_code push_range(weir_planner *p, const weir_node *relation, int64_t start, int64_t end,
                            int64_t step, int64_t partitions, weir_error **err) {
    WEIR_TRY(weir_plan_refuse_in_stream(p, relation, err));
    weir_query_source source = {.format = WEIR_STR("weir-range"), .schema = relation->type};
    set_number(p, &source.options, "start", start);
    set_number(p, &source.options, "end", end);
    set_number(p, &source.options, "step", step);
    set_number(p, &source.options, "partitions", partitions);
    weir_node_scan *scan = WEIR_NODE_NEW(p->arena, SCAN, scan);
    scan->schema = relation->type;
    push_scan(p, relation, scan, &source);
    return WEIR_OK;
}

static weir_code build_filter(weir_planner *p, weir_node_filter *filter, weir_error **err) {
    WEIR_TRY(weir_plan_build(p, filter->child, err));
    weir_node_filter_exec *node = WEIR_NODE_NEW(p->arena, FILTER_EXEC, filter_exec);
    node->child = p->current;
    WEIR_TRY(weir_plan_bind(p, filter->condition, &filter->child->output, &node->condition, err));
    weir_plan_push(p, &node->node, p->current->type);
    return WEIR_OK;
}

static weir_code build_project(weir_planner *p, weir_node_project *project, weir_error **err) {
    WEIR_TRY(weir_plan_build(p, project->child, err));
    weir_node_project_exec *node = WEIR_NODE_NEW(p->arena, PROJECT_EXEC, project_exec);
    node->child = p->current;
    WEIR_TRY(weir_plan_bind_list(p, &project->exprs, &project->child->output, &node->exprs, err));
    weir_plan_push(p, &node->node, project->node.type);
    return WEIR_OK;
}

static weir_code build_expand(weir_planner *p, weir_node_expand *expand, weir_error **err) {
    WEIR_TRY(weir_plan_build(p, expand->child, err));
    weir_node_expand_exec *node = WEIR_NODE_NEW(p->arena, EXPAND_EXEC, expand_exec);
    node->child = p->current;
    node->projections = weir_node_list_new(p->arena, expand->projections.count);
    for (int32_t i = 0; i < expand->projections.count; i++) {
        weir_node_expr_list *from = WEIR_NODE_AS(expand->projections.items[i], EXPR_LIST, expr_list);
        weir_node_expr_list *to = WEIR_NODE_NEW(p->arena, EXPR_LIST, expr_list);
        WEIR_TRY(weir_plan_bind_list(p, &from->items, &expand->child->output, &to->items, err));
        node->projections.items[i] = &to->node;
    }
    weir_plan_push(p, &node->node, expand->node.type);
    return WEIR_OK;
}

static weir_code build_generate(weir_planner *p, weir_node_generate *generate, weir_error **err) {
    WEIR_TRY(weir_plan_build(p, generate->child, err));
    weir_node_generate_exec *node = WEIR_NODE_NEW(p->arena, GENERATE_EXEC, generate_exec);
    const weir_node_list *inputs = &generate->child->output;
    weir_node_list row = weir_node_list_of(p->arena, inputs->items, inputs->count);
    for (int32_t i = 0; i < generate->attributes.count; i++)
        weir_node_list_add(p->arena, &row, generate->attributes.items[i]);
    node->child = p->current;
    node->outer = generate->outer;
    node->fields = generate->fields;
    WEIR_TRY(weir_plan_bind(p, generate->generator, inputs, &node->generator, err));
    WEIR_TRY(weir_plan_bind_list(p, &generate->node.output, &row, &node->outputs, err));
    weir_plan_push(p, &node->node, generate->node.type);
    return WEIR_OK;
}

static weir_code build_sample(weir_planner *p, weir_node_sample *sample, weir_error **err) {
    WEIR_TRY(weir_plan_build(p, sample->child, err));
    weir_node_sample_exec *node = WEIR_NODE_NEW(p->arena, SAMPLE_EXEC, sample_exec);
    node->child = p->current;
    node->seed = sample->seed;
    WEIR_TRY(weir_plan_bind(p, sample->lower, &sample->child->output, &node->lower, err));
    WEIR_TRY(weir_plan_bind(p, sample->upper, &sample->child->output, &node->upper, err));
    weir_plan_push(p, &node->node, p->current->type);
    return WEIR_OK;
}

static weir_code push_sort(weir_planner *p, const weir_node_sort *sort, int64_t limit, weir_error **err) {
    weir_node_sort_exec *node = WEIR_NODE_NEW(p->arena, SORT_EXEC, sort_exec);
    node->child = p->current;
    node->limit = limit;
    WEIR_TRY(weir_plan_bind_list(p, &sort->orders, &sort->child->output, &node->orders, err));
    weir_plan_push(p, &node->node, p->current->type);
    return WEIR_OK;
}

/* `limit`: how many rows are wanted, 0 = all. Every task then gives no more than that many. */
static weir_code build_sort(weir_planner *p, const weir_node_sort *sort, int64_t limit, weir_error **err) {
    WEIR_TRY(weir_plan_build(p, sort->child, err));
    if (limit && !p->is_single)
        WEIR_TRY(push_sort(p, sort, limit, err));
    weir_plan_gather(p);
    return push_sort(p, sort, limit, err);
}

static void push_limit(weir_planner *p, int64_t skip, int64_t count) {
    weir_node_limit_exec *node = WEIR_NODE_NEW(p->arena, LIMIT_EXEC, limit_exec);
    node->child = p->current;
    node->skip = skip;
    node->count = count;
    weir_plan_push(p, &node->node, p->current->type);
}

static weir_code constant_count(const weir_node *expr, const char *what, int64_t *ret, weir_error **err) {
    if (expr->kind != WEIR_NODE_LITERAL || expr->type->kind != WEIR_TYPE_INT)
        WEIR_FAIL(err, NOT_SUPPORTED, "%s takes a constant integer", what);
    *ret = ((const int32_t *)WEIR_NODE_AS(expr, LITERAL, literal)->value->values)[0];
    return WEIR_OK;
}

/* The sort that a limit asks for the first rows of: below it or below a projection. */
static const weir_node_sort *sort_below(const weir_node *relation) {
    while (relation->kind == WEIR_NODE_PROJECT || relation->kind == WEIR_NODE_SUBQUERY_ALIAS)
        relation = relation->kind == WEIR_NODE_PROJECT ? ((const weir_node_project *)relation)->child
                                                       : ((const weir_node_subquery_alias *)relation)->child;
    return relation->kind == WEIR_NODE_SORT ? (const weir_node_sort *)relation : NULL;
}

static weir_code build_limit(weir_planner *p, weir_node_limit *limit, weir_error **err) {
    int64_t count = 0, skip = 0;
    weir_node *child = limit->child;
    WEIR_TRY(constant_count(limit->count, "LIMIT", &count, err));
    if (child->kind == WEIR_NODE_OFFSET) {
        WEIR_TRY(constant_count(WEIR_NODE_AS(child, OFFSET, offset)->count, "OFFSET", &skip, err));
        child = WEIR_NODE_AS(child, OFFSET, offset)->child;
    }
    p->sort = sort_below(child);
    p->sort_limit = count + skip;
    WEIR_TRY(weir_plan_build(p, limit->child, err));
    if (!p->is_single)
        push_limit(p, 0, count); /* no task needs to send more than that */
    weir_plan_gather(p);
    push_limit(p, 0, count);
    return WEIR_OK;
}

static weir_code build_offset(weir_planner *p, weir_node_offset *offset, weir_error **err) {
    int64_t count = 0;
    WEIR_TRY(weir_plan_refuse_in_stream(p, &offset->node, err));
    WEIR_TRY(weir_plan_build(p, offset->child, err));
    WEIR_TRY(constant_count(offset->count, "OFFSET", &count, err));
    weir_plan_gather(p);
    push_limit(p, count, -1);
    return WEIR_OK;
}

static void push_tail(weir_planner *p, int64_t count) {
    weir_node_tail_exec *node = WEIR_NODE_NEW(p->arena, TAIL_EXEC, tail_exec);
    node->child = p->current;
    node->count = count;
    weir_plan_push(p, &node->node, p->current->type);
}

static weir_code build_tail(weir_planner *p, weir_node_tail *tail, weir_error **err) {
    int64_t count = 0;
    WEIR_TRY(weir_plan_refuse_in_stream(p, &tail->node, err));
    WEIR_TRY(weir_plan_build(p, tail->child, err));
    WEIR_TRY(constant_count(tail->count, "tail()", &count, err));
    if (!p->is_single)
        push_tail(p, count);
    weir_plan_gather(p);
    push_tail(p, count);
    return WEIR_OK;
}

/* One partition is one task, which is one file of a write. More partitions say how rows are spread over tasks
 * and change no row: the tasks are those that the splits give. */
static weir_code build_repartition(weir_planner *p, weir_node_repartition *node, weir_error **err) {
    WEIR_TRY(weir_plan_refuse_in_stream(p, &node->node, err));
    WEIR_TRY(weir_plan_build(p, node->child, err));
    if (node->partitions == 1)
        weir_plan_gather(p);
    return WEIR_OK;
}

weir_code weir_plan_build(weir_planner *p, weir_node *relation, weir_error **err) {
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
    case WEIR_NODE_GENERATE:
        return build_generate(p, WEIR_NODE_AS(relation, GENERATE, generate), err);
    case WEIR_NODE_SAMPLE:
        return build_sample(p, WEIR_NODE_AS(relation, SAMPLE, sample), err);
    case WEIR_NODE_AGGREGATE:
        return weir_plan_aggregate(p, WEIR_NODE_AS(relation, AGGREGATE, aggregate), err);
    case WEIR_NODE_UNION:
        return weir_plan_union(p, WEIR_NODE_AS(relation, UNION, union), err);
    case WEIR_NODE_JOIN:
        return weir_plan_join(p, WEIR_NODE_AS(relation, JOIN, join), err);
    case WEIR_NODE_SORT:
        return build_sort(p, WEIR_NODE_AS(relation, SORT, sort),
                          p->sort == (weir_node_sort *)relation ? p->sort_limit : 0, err);
    case WEIR_NODE_WINDOW:
        return weir_plan_window(p, WEIR_NODE_AS(relation, WINDOW, window), err);
    case WEIR_NODE_LIMIT:
        return build_limit(p, WEIR_NODE_AS(relation, LIMIT, limit), err);
    case WEIR_NODE_OFFSET:
        return build_offset(p, WEIR_NODE_AS(relation, OFFSET, offset), err);
    case WEIR_NODE_TAIL:
        return build_tail(p, WEIR_NODE_AS(relation, TAIL, tail), err);
    case WEIR_NODE_REPARTITION:
        return build_repartition(p, WEIR_NODE_AS(relation, REPARTITION, repartition), err);
    case WEIR_NODE_SUBQUERY_ALIAS:
        return weir_plan_build(p, WEIR_NODE_AS(relation, SUBQUERY_ALIAS, subquery_alias)->child, err);
    case WEIR_NODE_WATERMARK:
        p->watermark = true;
        return weir_plan_build(p, WEIR_NODE_AS(relation, WATERMARK, watermark)->child, err);
    default:
        WEIR_FAIL(err, NOT_SUPPORTED, "%s is not supported in a %s query",
                  weir_node_describe(relation->kind).label, p->request->batch ? "batch" : "streaming");
    }
}

static void push_sink(weir_planner *p) {
    weir_node_sink_write *sink = WEIR_NODE_NEW(p->arena, SINK_WRITE, sink_write);
    sink->child = p->current;
    sink->format = p->request->sink_format;
    sink->options = p->request->sink_options;
    sink->schema = p->out->schema;
    weir_plan_push(p, &sink->node, p->out->schema);
}

weir_code weir_physical_plan(weir_arena *arena, const weir_physical_request *request, weir_physical *ret,
                             weir_error **err) {
    *ret = (weir_physical){0};
    weir_planner p = {.arena = arena, .request = request, .out = ret};
    ret->schema = request->logical->type;
    weir_code code = weir_plan_build(&p, request->logical, err);
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
