/* A deep copy of a job spec (job_spec.h): a driver keeps a job longer than the text it was read from. Any
 * thread. */
#include "driver/job/job_spec.h"

/* An absent text stays one. */
static weir_str clone_text(weir_arena *arena, weir_str text) {
    return text.data ? weir_arena_str(arena, text) : text;
}

static weir_options clone_options(weir_arena *arena, const weir_options *options) {
    weir_options copy = {0};
    for (int32_t i = 0; i < options->count; i++)
        weir_options_set(arena, &copy, options->items[i].key, options->items[i].value);
    return copy;
}

static void clone_source(weir_arena *arena, const weir_job_source *source, weir_job_source *ret) {
    *ret = *source;
    ret->name = clone_text(arena, source->name);
    ret->format = clone_text(arena, source->format);
    ret->table = clone_text(arena, source->table);
    ret->schema_text = clone_text(arena, source->schema_text);
    ret->schema = source->schema ? weir_type_clone(arena, source->schema) : NULL;
    ret->watermark_column = clone_text(arena, source->watermark_column);
    ret->options = clone_options(arena, &source->options);
}

static void clone_query(weir_arena *arena, const weir_job_query *query, weir_job_query *ret) {
    *ret = *query;
    ret->name = clone_text(arena, query->name);
    ret->sql = clone_text(arena, query->sql);
    ret->output_mode = clone_text(arena, query->output_mode);
    ret->checkpoint_location = clone_text(arena, query->checkpoint_location);
    ret->sink.format = clone_text(arena, query->sink.format);
    ret->sink.table = clone_text(arena, query->sink.table);
    ret->sink.options = clone_options(arena, &query->sink.options);
    int32_t count = query->sink.partition_by.count;
    ret->sink.partition_by = (weir_str_list){WEIR_NEW_ARRAY(arena, weir_str, count), count};
    for (int32_t i = 0; i < count; i++)
        ret->sink.partition_by.items[i] = clone_text(arena, query->sink.partition_by.items[i]);
}

const weir_job_spec *weir_job_spec_clone(weir_arena *arena, const weir_job_spec *job) {
    weir_job_spec *copy = WEIR_NEW(arena, weir_job_spec);
    *copy = *job;
    copy->file = clone_text(arena, job->file);
    copy->name = clone_text(arena, job->name);
    copy->conf = clone_options(arena, &job->conf);
    copy->sources = WEIR_NEW_ARRAY(arena, weir_job_source, job->sources_count);
    for (int32_t i = 0; i < job->sources_count; i++)
        clone_source(arena, &job->sources[i], &copy->sources[i]);
    copy->views = WEIR_NEW_ARRAY(arena, weir_job_view, job->views_count);
    for (int32_t i = 0; i < job->views_count; i++)
        copy->views[i] = (weir_job_view){clone_text(arena, job->views[i].name), job->views[i].line,
                                         clone_text(arena, job->views[i].sql)};
    copy->queries = WEIR_NEW_ARRAY(arena, weir_job_query, job->queries_count);
    for (int32_t i = 0; i < job->queries_count; i++)
        clone_query(arena, &job->queries[i], &copy->queries[i]);
    return copy;
}
