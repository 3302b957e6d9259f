/* From a job to query specs (query_planner.h). The caller's thread, before anything starts. */
#include "driver/query_planner.h"

#include "common/base/alloc.h"
#include "connectors/connector.h"
#include "driver/analyze/analyzer.h"
#include "driver/analyze/streaming_checks.h"
#include "driver/sql/parser.h"
#include "driver/stream_planner.h"

typedef struct named_relation {
    weir_str name;
    weir_node *relation;
} named_relation;

typedef struct planner {
    weir_arena *arena;
    const weir_job_spec *job;
    const weir_planner_options *options;
    const weir_conf *conf;
    const weir_timezone *zone;
    bool ansi, case_sensitive, map_keys_last_win;
    int64_t next_id;
    named_relation *relations;
    int32_t relations_count;
    weir_catalog catalog;
} planner;

/* ---- session ---- */

static weir_code set_all(weir_conf *conf, const weir_options *entries, weir_error **err) {
    for (int32_t i = 0; entries && i < entries->count; i++)
        WEIR_TRY(weir_conf_set(conf, entries->items[i].key, entries->items[i].value, err));
    return WEIR_OK;
}

static weir_code open_session(planner *p, weir_error **err) {
    weir_conf *conf = weir_conf_new(p->arena);
    WEIR_TRY(set_all(conf, &p->job->conf, err));
    WEIR_TRY(set_all(conf, p->options->job_conf, err));
    WEIR_TRY(set_all(conf, p->options->driver_conf, err));
    WEIR_TRY(weir_stream_planner_zone(p->arena, conf, p->options->default_zone, &p->zone, err));
    p->conf = conf;
    p->ansi = weir_conf_bool(conf, WEIR_CONF_ANSI);
    p->case_sensitive = weir_conf_bool(conf, WEIR_CONF_CASE_SENSITIVE);
    p->map_keys_last_win =
        weir_str_equal_nocase(weir_conf_str(conf, WEIR_CONF_MAP_KEY_DEDUP_POLICY), WEIR_STR("LAST_WIN"));
    return WEIR_OK;
}

/* ---- catalog ---- */

static weir_code find_relation(void *self, weir_arena *arena, const weir_str_list *name, weir_node **ret,
                               weir_error **err) {
    const planner *p = self;
    (void)arena;
    (void)err;
    *ret = NULL;
    for (int32_t i = 0; i < p->relations_count && name->count == 1; i++)
        if (weir_str_equal_nocase(p->relations[i].name, name->items[0]))
            *ret = p->relations[i].relation;
    return WEIR_OK;
}

static void add_relation(planner *p, weir_str name, weir_node *relation) {
    p->relations[p->relations_count++] = (named_relation){name, relation};
}

/* The schema that a source has: the user's, or the connector's own (rate). */
static weir_code source_schema(planner *p, const weir_job_source *source, const weir_type **ret,
                               weir_error **err) {
    const weir_source_ops *ops = weir_source_find(source->format);
    if (!ops)
        WEIR_RAISE(err, DATA_SOURCE_NOT_FOUND, "provider",
                   weir_arena_strndup(p->arena, source->format.data, source->format.size));
    const weir_env *env = p->options->env;
    weir_connector_context context = {
        .env = env, .fs = env->local_fs, .conf = weir_conf_entries(p->conf), .zone = p->zone};
    weir_source *opened = NULL;
    weir_options options = weir_stream_planner_absolute(p->arena, p->options->directory, &source->options);
    WEIR_TRY(ops->open(p->arena, &context, source->format, &options, source->schema, 0, &opened, err));
    *ret = weir_type_clone(p->arena, ops->schema(opened));
    ops->close(opened);
    return WEIR_OK;
}

static weir_code add_source(planner *p, const weir_job_source *source, weir_error **err) {
    if (source->table.size)
        WEIR_FAIL(err, NOT_SUPPORTED, "source tables are not supported; give a format");
    if (source->is_static)
        WEIR_FAIL(err, NOT_SUPPORTED, "static sources are not supported");
    weir_node_source *node = WEIR_NODE_NEW(p->arena, SOURCE, source);
    WEIR_TRY(source_schema(p, source, &node->schema, err));
    node->name = source->name;
    node->format = source->format;
    node->options = source->options;
    node->streaming = true;
    node->own_schema = !source->schema;
    weir_node *relation = &node->node;
    if (source->has_watermark) {
        weir_node_watermark *watermark = WEIR_NODE_NEW(p->arena, WATERMARK, watermark);
        watermark->child = relation;
        watermark->column = source->watermark_column;
        watermark->delay_us = source->watermark_delay_us;
        relation = &watermark->node;
    }
    add_relation(p, source->name, relation);
    return WEIR_OK;
}

static weir_code analyze(planner *p, weir_str sql, weir_node **ret, weir_error **err) {
    weir_node *parsed;
    WEIR_TRY(weir_parser_query(p->arena, sql, p->zone, &parsed, err));
    weir_analyzer_options options = {
        .catalog = &p->catalog,
        .zone = p->zone,
        .ansi = p->ansi,
        .case_sensitive = p->case_sensitive,
        .map_keys_last_win = p->map_keys_last_win,
        .sql = sql,
        .next_id = &p->next_id,
    };
    return weir_analyzer_run(p->arena, parsed, &options, ret, err);
}

static weir_code fill_catalog(planner *p, weir_error **err) {
    const weir_job_spec *job = p->job;
    p->relations = WEIR_NEW_ARRAY(p->arena, named_relation, job->sources_count + job->views_count);
    p->catalog = (weir_catalog){.find = find_relation, .self = p};
    for (int32_t i = 0; i < job->sources_count; i++)
        if (add_source(p, &job->sources[i], err) != WEIR_OK)
            return weir_error_contextf(err, WEIR_STR_FMT ":%d: source " WEIR_STR_FMT, WEIR_STR_ARG(job->file),
                                       job->sources[i].line, WEIR_STR_ARG(job->sources[i].name));
    for (int32_t i = 0; i < job->views_count; i++) {
        weir_node *view;
        if (analyze(p, job->views[i].sql, &view, err) != WEIR_OK)
            return weir_error_contextf(err, WEIR_STR_FMT ":%d: view " WEIR_STR_FMT, WEIR_STR_ARG(job->file),
                                       job->views[i].line, WEIR_STR_ARG(job->views[i].name));
        add_relation(p, job->views[i].name, view);
    }
    return WEIR_OK;
}

/* ---- queries ---- */

static weir_code check_sink(const weir_job_query *query, weir_error **err) {
    if (query->sink.table.size)
        WEIR_FAIL(err, NOT_SUPPORTED, "sink tables are not supported; give a format");
    if (query->sink.partition_by.count)
        WEIR_FAIL(err, NOT_SUPPORTED, "partitionBy is not supported");
    return WEIR_OK;
}

static weir_code plan_query(planner *p, const weir_job_query *query, weir_query_spec *spec,
                            weir_error **err) {
    weir_stream_request request = {
        .name = query->name,
        .sql = query->sql,
        .output_mode = query->output_mode,
        .sink_format = query->sink.format,
        .sink_options = query->sink.options,
        .trigger = query->trigger,
        .interval_ms = query->interval_ms,
        .checkpoint_location = query->checkpoint_location,
        .conf = p->conf,
        .zone = p->zone,
        .next_id = &p->next_id,
    };
    WEIR_TRY(check_sink(query, err));
    WEIR_TRY(analyze(p, query->sql, &request.plan, err));
    return weir_stream_planner_plan(p->arena, &request, p->options, spec, err);
}

weir_code weir_query_planner_plan(weir_arena *arena, const weir_job_spec *job,
                                  const weir_planner_options *options, weir_query_spec **ret,
                                  weir_error **err) {
    planner p = {.arena = arena, .job = job, .options = options, .next_id = 1};
    WEIR_TRY(open_session(&p, err));
    WEIR_TRY(fill_catalog(&p, err));
    *ret = WEIR_NEW_ARRAY(arena, weir_query_spec, job->queries_count);
    for (int32_t i = 0; i < job->queries_count; i++)
        if (plan_query(&p, &job->queries[i], &(*ret)[i], err) != WEIR_OK)
            return weir_error_contextf(err, WEIR_STR_FMT ":%d: query " WEIR_STR_FMT, WEIR_STR_ARG(job->file),
                                       job->queries[i].line, WEIR_STR_ARG(job->queries[i].name));
    return WEIR_OK;
}
