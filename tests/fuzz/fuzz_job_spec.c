/* Any bytes as a job spec: either a job or INVALID_JOB_SPEC, without a leak and in bounded time. What is
 * accepted must be readable to the last text. */
#include <stdint.h>
#include <stdlib.h>

#include "driver/job/job_spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t touch(weir_str text) {
    size_t sum = 0;
    for (size_t i = 0; i < text.size; i++)
        sum += (unsigned char)text.data[i];
    return sum;
}

static size_t touch_options(const weir_options *options) {
    size_t sum = 0;
    for (int32_t i = 0; i < options->count; i++)
        sum += touch(options->items[i].key) + touch(options->items[i].value);
    return sum;
}

static size_t touch_job(const weir_job_spec *job) {
    size_t sum = touch(job->name) + touch_options(&job->conf);
    for (int32_t i = 0; i < job->sources_count; i++)
        sum += touch(job->sources[i].name) + touch(job->sources[i].schema_text) +
               touch_options(&job->sources[i].options);
    for (int32_t i = 0; i < job->views_count; i++)
        sum += touch(job->views[i].name) + touch(job->views[i].sql);
    for (int32_t i = 0; i < job->queries_count; i++)
        sum += touch(job->queries[i].sql) + touch_options(&job->queries[i].sink.options);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    const weir_job_spec *job = NULL;
    weir_code code = weir_job_spec_parse(arena, weir_str_make((const char *)data, size), "fuzz", &job, &err);
    if (code == WEIR_OK ? err || !job || job->queries_count == 0 || touch_job(job) == 0
                        : code != WEIR_INVALID_JOB_SPEC || !err || weir_error_code(err) != code)
        abort();
    weir_error_free(err);
    weir_arena_free(arena);
    return 0;
}
