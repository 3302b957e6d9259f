/* From a resolved plan to what a stream runs: checks, optimizer, physical plan, checkpoint. The last part of
 * the way that jobs (query_planner.h) and Connect sessions share. Nothing is started. */
#pragma once

#include "driver/query_planner.h"

typedef struct weir_stream_request {
    weir_node *plan; /* resolved */
    weir_str name, sql, output_mode, sink_format;
    weir_options sink_options;
    weir_trigger_kind trigger;
    int64_t interval_ms;
    weir_str checkpoint_location; /* empty = a temporary one */
    const weir_conf *conf;
    const weir_timezone *zone;
    int64_t *next_id;
} weir_stream_request;

/* The spec lives in the arena and borrows the request's texts. Any thread. */
weir_code weir_stream_planner_plan(weir_arena *arena, const weir_stream_request *request,
                                   const weir_planner_options *options, weir_query_spec *ret,
                                   weir_error **err);
/* spark.sql.session.timeZone, else `fallback` (TZ), else the system's. */
weir_code weir_stream_planner_zone(weir_arena *arena, const weir_conf *conf, const char *fallback,
                                   const weir_timezone **ret, weir_error **err);
/* Path options made absolute: relative ones are those of the process that read them, executors run elsewhere.
 * `directory` NULL: as they are. */
weir_options weir_stream_planner_absolute(weir_arena *arena, const char *directory,
                                          const weir_options *options);
