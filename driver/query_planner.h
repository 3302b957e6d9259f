/* From a job to query specs: configuration, sources and views as the analyzer's catalog, then parse, analyze,
 * check, optimize and plan each query. Nothing is started; the first error names the query. */
#pragma once

#include "driver/engine.h"
#include "driver/stream/stream_query.h"

/* Gives job->queries_count specs; they live in the arena. */
weir_code weir_query_planner_plan(weir_arena *arena, const weir_job_spec *job,
                                  const weir_engine_options *options, weir_query_spec **ret,
                                  weir_error **err);
