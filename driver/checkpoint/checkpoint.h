/* The checkpoint of one query, in Spark's layout: metadata, offsets/N, commits/N (sources/ and state/
 * belong to the sources and the state store). Spark must be able to read what is written here.
 *
 *   metadata      {"id":"<uuid>"}
 *   offsets/N     v1 \n {"batchWatermarkMs":0,"batchTimestampMs":..,"conf":{..},"weir":{..}} \n one line a
 * source
 *                 ("-" where a source has no offset)
 *   commits/N     v1 \n {"nextBatchWatermarkMs":0,"weir":{..}}
 *
 * Every entry is one create_new (durable, no replace): the second driver on one checkpoint loses with
 * CONCURRENT_STREAM_LOG_UPDATE. Damaged files are CORRUPT_FILE with the path, never "empty". Pool threads,
 * one at a time. */
#pragma once

#include "common/base/env.h"
#include "common/fs/fs.h"
#include "common/plan/plan.h"

typedef struct weir_checkpoint weir_checkpoint;

typedef struct weir_offset_entry {
    int64_t batch_id;
    int64_t watermark_ms;
    int64_t timestamp_ms;
    weir_options conf;     /* Spark's relevant SQL confs: shuffle.partitions, ... */
    weir_str weir;         /* our own JSON object text: split parameters, driver epoch; may be empty */
    weir_str_list offsets; /* one JSON text a source; empty = "-" */
} weir_offset_entry;

typedef struct weir_commit_entry {
    int64_t batch_id;
    int64_t next_watermark_ms;
    weir_str weir; /* our own JSON object text: the state objects that count */
} weir_commit_entry;

/* Opens or makes the directory and its metadata; `query_id` (37 bytes) gets the id found or made.
 * Bumps the driver epoch (epochs/N, create_new) for fencing. Sweeps temporary files. */
weir_code weir_checkpoint_open(const weir_env *env, weir_fs *fs, const char *directory, weir_checkpoint **ret,
                               weir_error **err);
void weir_checkpoint_close(weir_checkpoint *checkpoint); /* accepts NULL */
const char *weir_checkpoint_query_id(const weir_checkpoint *checkpoint);
int64_t weir_checkpoint_epoch(const weir_checkpoint *checkpoint);
const char *weir_checkpoint_directory(const weir_checkpoint *checkpoint);

/* Latest ids, -1 where the log is empty. A gap below the latest id is CORRUPT_FILE. */
weir_code weir_checkpoint_latest(weir_checkpoint *checkpoint, int64_t *ret_offsets, int64_t *ret_commits,
                                 weir_error **err);
weir_code weir_offset_log_add(weir_checkpoint *checkpoint, const weir_offset_entry *entry, weir_error **err);
weir_code weir_offset_log_get(weir_checkpoint *checkpoint, int64_t batch_id, weir_arena *arena,
                              weir_offset_entry *ret, weir_error **err); /* NOT_FOUND */
weir_code weir_commit_log_add(weir_checkpoint *checkpoint, const weir_commit_entry *entry, weir_error **err);
weir_code weir_commit_log_get(weir_checkpoint *checkpoint, int64_t batch_id, weir_arena *arena,
                              weir_commit_entry *ret, weir_error **err);
/* Removes entries with id < batch_id from both logs (spark.sql.streaming.minBatchesToRetain). */
weir_code weir_checkpoint_purge(weir_checkpoint *checkpoint, int64_t batch_id, weir_error **err);
