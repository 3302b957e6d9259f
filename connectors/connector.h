/* The connector seam: a source and a sink each have a driver half (planning, logs, commit: the
 * micro-batch loop calls it on pool threads, one call at a time per query) and an executor half (task
 * threads). Both halves meet only through bytes: splits and messages are opaque texts made and read by
 * the connector. Contract suites: tests/contract/contract_source.h, contract_sink.h. */
#pragma once

#include "common/base/env.h"
#include "common/base/error.h"
#include "common/base/output.h"
#include "common/column/column.h"
#include "common/fs/fs.h"
#include "common/format/format.h"
#include "common/plan/plan.h"

typedef struct weir_source_ops weir_source_ops;
typedef struct weir_sink_ops weir_sink_ops;
typedef struct weir_source weir_source; /* driver half, opaque */
typedef struct weir_scan weir_scan;     /* executor half, opaque */
typedef struct weir_sink weir_sink;
typedef struct weir_sink_task weir_sink_task;

/* What every half may know. */
typedef struct weir_connector_context {
    const weir_env *env;
    weir_fs *fs;
    const weir_options *conf; /* session configuration, resolved values */
    const weir_timezone *zone;
    const char *query_id; /* UUID text */
    const char *run_id;
    const char *checkpoint;    /* directory of the query; driver halves only */
    const weir_output *output; /* console sink; driver only, else NULL */
    bool reads_all;            /* trigger once: the source's rate limits do not apply */
} weir_connector_context;

/* A declared option: what the connector honours; parsing and refusal by name come from the table. */
typedef struct weir_option_info {
    const char *name; /* Spark's spelling */
    const char *help;
    bool supported; /* false: Spark honours it, Weir refuses it by name */
} weir_option_info;

/* Offsets are JSON text, as Spark prints them for that source (file: {"logOffset":3}). */
struct weir_source_ops {
    const char *name; /* format name in readStream.format(...); the file source serves json, csv, ... */
    const weir_option_info *options;
    int32_t options_count;
    /* Checks options and path; `schema` is the user's (NULL where none). PATH_NOT_FOUND, ... */
    weir_code (*open)(weir_arena *arena, const weir_connector_context *context, weir_str format,
                      const weir_options *options, const weir_type *schema, int32_t source_index,
                      weir_source **ret, weir_error **err);
    const weir_type *(*schema)(weir_source *source);
    /* Restart: the offset of the last batch in the log (committed or not), to rebuild what is seen. */
    weir_code (*recover)(weir_source *source, weir_str last_offset, weir_error **err);
    /* The end offset of the next batch after `from` ("" = nothing read yet) within the rate limits;
     * equal to `from` (or "" ) where there is nothing new. `available_now`: the end is frozen at the
     * first call, further calls step towards it. The text lives in the arena. */
    weir_code (*latest_offset)(weir_source *source, weir_arena *arena, weir_str from, bool available_now,
                               weir_str *ret, weir_error **err);
    /* The tasks of (from, to]: one opaque text each. Depends on the offsets and the configuration alone,
     * never on cores or executors. */
    weir_code (*plan)(weir_source *source, weir_arena *arena, weir_str from, weir_str to,
                      weir_str_list *ret_splits, weir_error **err);
    /* Called after offsets/N+1 is durable: what lies up to `to` will not be asked again. */
    weir_code (*commit)(weir_source *source, weir_str to, weir_error **err);
    /* "FileStreamSource[file:/path]": progress and plan text. */
    void (*describe)(weir_source *source, weir_strbuf *buf);
    void (*close)(weir_source *source);

    /* A batch read, without log or checkpoint; both NULL where the source can only be streamed.
     * batch_schema: `schema` is the user's (NULL where none: inferred); what the plan has to know of it
     * besides goes into the options. batch_plan: the tasks of everything that is there now; `schema` is what
     * batch_schema gave. */
    weir_code (*batch_schema)(weir_arena *arena, const weir_connector_context *context, weir_str format,
                              weir_options *options, const weir_type *schema, const weir_type **ret,
                              weir_error **err);
    weir_code (*batch_plan)(weir_arena *arena, const weir_connector_context *context, weir_str format,
                            const weir_options *options, const weir_type *schema, weir_str_list *ret_splits,
                            weir_error **err);

    /* ---- executor half ---- */
    /* `plan` is the SCAN node. Batches have its `projection`. */
    weir_code (*scan_open)(const weir_connector_context *context, const weir_node_scan *plan, weir_str split,
                           weir_budget *budget, weir_scan **ret, weir_error **err);
    weir_code (*scan_next)(weir_scan *scan, weir_batch **ret, int64_t *ret_records, weir_error **err);
    void (*scan_close)(weir_scan *scan);
};

/* Option of a batch write: the columns of partitionBy, a JSON list of names. */
#define WEIR_SINK_PARTITIONS "spark.weir.write.partitions"

/* DataFrameWriter.mode */
typedef enum weir_save_mode {
    WEIR_SAVE_ERROR_IF_EXISTS,
    WEIR_SAVE_APPEND,
    WEIR_SAVE_OVERWRITE,
    WEIR_SAVE_IGNORE,
} weir_save_mode;

struct weir_sink_ops {
    const char *name; /* "console"; the file sink serves json, ... */
    const weir_option_info *options;
    int32_t options_count;
    /* Rows travel back to the driver in the task's message and commit gets them (console, memory,
     * foreachBatch); the executor half is then the engine's own collector and task_* are NULL. */
    bool collects;
    /* Checks options, schema and mode ("append", "update", "complete"). */
    weir_code (*open)(weir_arena *arena, const weir_connector_context *context, weir_str format,
                      const weir_options *options, const weir_type *schema, weir_str output_mode,
                      weir_sink **ret, weir_error **err);
    /* Makes batch N visible, exactly once: a batch id that is committed already is a no-op (idempotent
     * by query id and batch id). `messages[i]` is what task i finished with; `rows` (collecting sinks) is
     * the batch's result, else NULL. Durable when it returns. */
    weir_code (*commit)(weir_sink *sink, int64_t batch_id, const weir_str *messages, int32_t count,
                        const weir_batch *rows, weir_error **err);
    /* The batch will not be committed under these messages: drop what its tasks staged. May be NULL. */
    void (*abort)(weir_sink *sink, int64_t batch_id, const weir_str *messages, int32_t count);
    void (*describe)(weir_sink *sink, weir_strbuf *buf); /* progress: "ConsoleTable$..." */
    void (*close)(weir_sink *sink);

    /* A batch write (DataFrame.write), once, without log or checkpoint; all NULL where the sink takes streams
     * alone. write_open checks options, schema and mode; `id` is a UUID of this write. *ret_sink is NULL
     * where the mode leaves nothing to do; *ret_options is what the tasks are to get. write_commit makes what
     * the tasks staged visible; write_abort drops it, also after a commit that failed. The sink's memory is
     * the arena's. */
    weir_code (*write_open)(weir_arena *arena, const weir_connector_context *context, weir_str format,
                            const weir_options *options, const weir_type *schema, weir_save_mode mode,
                            const char *id, weir_options *ret_options, weir_sink **ret, weir_error **err);
    weir_code (*write_commit)(weir_sink *sink, const weir_str *messages, int32_t count, weir_error **err);
    void (*write_abort)(weir_sink *sink);

    /* ---- executor half ---- */
    /* `attempt` is unique for every epoch attempt of the query (names are made from it). */
    weir_code (*task_open)(const weir_connector_context *context, const weir_node_sink_write *plan,
                           int64_t batch_id, int32_t partition, const char *attempt, weir_budget *budget,
                           weir_sink_task **ret, weir_error **err);
    weir_code (*task_write)(weir_sink_task *task, const weir_batch *batch, weir_error **err);
    /* Staged output is durable when it returns; the message goes to commit. Ends the task. */
    weir_code (*task_finish)(weir_sink_task *task, weir_strbuf *ret_message, weir_error **err);
    void (*task_abort)(weir_sink_task *task); /* ends the task; accepts NULL */
};

/* Lookup by format name, ASCII case-insensitive (connectors/connectors.c holds the two tables); NULL
 * where unknown: raise DATA_SOURCE_NOT_FOUND. */
const weir_source_ops *weir_source_find(weir_str format);
const weir_sink_ops *weir_sink_find(weir_str format);
/* Refuses by name what the table marks unsupported. `where` names the source or sink. */
weir_code weir_options_check(const weir_options *options, const weir_option_info *table, int32_t count,
                             const char *where, weir_error **err);
