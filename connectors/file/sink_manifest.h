/* _spark_metadata: which files of an output directory count. Spark's FileStreamSinkLog, line by line, with
 * the seal of common/fs/log_text.h, and beside it "weir.query": the id of the query that owns the
 * directory, which Spark does not look at. One thread at a time. */
#pragma once

#include "connectors/file/compactible_log.h"

#define WEIR_SINK_MANIFEST_NAME "_spark_metadata"

typedef struct weir_sink_file {
    weir_str path; /* local path */
    int64_t size;
    int64_t modified_ms;
    bool is_directory;
} weir_sink_file;

typedef struct weir_sink_manifest weir_sink_manifest;

typedef struct weir_sink_manifest_settings {
    int64_t compact_interval;
    int64_t batches_to_retain;
    int64_t cleanup_delay_ms;
    bool deletes;
} weir_sink_manifest_settings;

/* `directory` is the output directory, normalised. Lives in the arena. CHECKPOINT_MISMATCH where another
 * query owns the directory. */
weir_code weir_sink_manifest_open(weir_arena *arena, const weir_env *env, weir_fs *fs, const char *directory,
                                  const char *query_id, const weir_sink_manifest_settings *settings,
                                  weir_sink_manifest **ret, weir_error **err);
/* Whether batch `batch_id` is committed already. CHECKPOINT_MISMATCH where the manifest cannot be this
 * query's: it ends before batch_id - 1, or another query wrote it. */
weir_code weir_sink_manifest_check(weir_sink_manifest *manifest, int64_t batch_id, bool *ret_committed,
                                   weir_error **err);
/* Makes the batch visible: durable, no-replace. At least one file. */
weir_code weir_sink_manifest_commit(weir_sink_manifest *manifest, int64_t batch_id,
                                    const weir_sink_file *files, int32_t count, weir_error **err);
/* Whether the log has an entry for the batch: asks the file system. */
weir_code weir_sink_manifest_has(weir_sink_manifest *manifest, int64_t batch_id, bool *ret, weir_error **err);

/* Every committed file of a directory, oldest first. Paths live in the arena. */
weir_code weir_sink_manifest_each(const weir_env *env, weir_fs *fs, const char *directory, weir_arena *arena,
                                  weir_code (*each)(const weir_sink_file *file, void *data, weir_error **err),
                                  void *data, weir_error **err);
