/* A job: what `weir run JOB.yaml` runs. Read from YAML (JSON is YAML), checked as a whole before anything
 * starts: every problem is reported at once, each as "file:line: key: what is wrong". docs/job-spec.md.
 *
 * What needs the world outside (does the path exist, does the column) is checked by the engine. Lives in the
 * arena, immutable. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "common/plan/plan.h"
#include "common/types/types.h"

typedef enum weir_trigger_kind {
    WEIR_TRIGGER_DEFAULT,         /* absent: a batch starts when the one before has ended */
    WEIR_TRIGGER_PROCESSING_TIME, /* every interval_ms */
    WEIR_TRIGGER_AVAILABLE_NOW,   /* what is there at the start, in batches by the rate limits, then end */
    WEIR_TRIGGER_ONCE,            /* one batch, then end */
} weir_trigger_kind;

/* `line` is where the entry starts; other lines are those of single values, for later errors. */
typedef struct weir_job_source {
    weir_str name;
    int32_t line;
    weir_str format; /* empty with `table` */
    weir_str table;
    weir_str schema_text;
    int32_t schema_line;
    const weir_type *schema; /* STRUCT; NULL where none is given */
    bool is_static;
    bool has_watermark;
    weir_str watermark_column;
    int32_t watermark_line;
    int64_t watermark_delay_us; /* a month counts 31 days, as in Spark */
    weir_options options;
} weir_job_source;

typedef struct weir_job_view {
    weir_str name;
    int32_t line;
    weir_str sql;
} weir_job_view;

typedef struct weir_job_sink {
    int32_t line;
    weir_str format; /* empty where only `table` is given */
    weir_str table;
    weir_options options;
    weir_str_list partition_by;
} weir_job_sink;

typedef struct weir_job_query {
    weir_str name;
    int32_t line;
    weir_str sql;
    int32_t sql_line;
    weir_str output_mode; /* "append", "complete" or "update" */
    weir_trigger_kind trigger;
    int64_t interval_ms;
    weir_job_sink sink;
    weir_str checkpoint_location; /* empty = a temporary one */
} weir_job_query;

typedef struct weir_job_spec {
    weir_str file; /* as given, for errors */
    weir_str name;
    weir_options conf;
    weir_job_source *sources;
    int32_t sources_count;
    weir_job_view *views;
    int32_t views_count;
    weir_job_query *queries;
    int32_t queries_count;
} weir_job_spec;

/* `file` names the document in errors. INVALID_JOB_SPEC with all problems, in the order of their lines. */
weir_code weir_job_spec_parse(weir_arena *arena, weir_str text, const char *file, const weir_job_spec **ret,
                              weir_error **err);
/* A copy whose texts live in `arena`. */
const weir_job_spec *weir_job_spec_clone(weir_arena *arena, const weir_job_spec *job);
/* The largest spec that is read from a file. */
#define WEIR_JOB_SPEC_BYTES_MAX (4 << 20)
