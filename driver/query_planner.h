/* From a job to query specs: configuration, sources and views as the analyzer's catalog, then parse, analyze,
 * check, optimize and plan each query. Nothing is started; the first error names the query. */
#pragma once

#include "driver/stream/stream_query.h"

typedef struct weir_planner_options {
    const weir_env *env;
    const weir_log *log;
    const weir_options *job_conf;    /* over the spec's own; NULL = none */
    const weir_options *driver_conf; /* over both; NULL = none */
    const char *default_zone;        /* where spark.sql.session.timeZone is not set; NULL = the system's */
    const char *directory;           /* absolute: relative paths start here; NULL = the working directory */
    const char *temporary_directory; /* for temporary checkpoints; NULL = /tmp */
} weir_planner_options;

/* Gives job->queries_count specs; they live in the arena and borrow texts of the job. Their paths are
 * absolute, since executors run elsewhere. Blocks (sources are looked at). Any thread. */
weir_code weir_query_planner_plan(weir_arena *arena, const weir_job_spec *job,
                                  const weir_planner_options *options, weir_query_spec **ret,
                                  weir_error **err);
