/* A log of one file a batch that folds itself together every `interval` batches: Spark's
 * CompactibleFileStreamLog, the form of sources/I and of _spark_metadata.
 *
 *   0 1 2 ... 8 9.compact 10 ... 18 19.compact       interval 10: (id + 1) % 10 == 0
 *
 * A .compact file holds the lines of all batches up to its own. Each file is "v1" and JSON lines, sealed
 * (common/fs/log_text.h). One thread at a time. */
#pragma once

#include "common/base/env.h"
#include "common/fs/fs.h"

typedef struct weir_compactible_log {
    const weir_env *env;
    weir_fs *fs;
    char *directory;
    int64_t interval;
    int64_t latest; /* -1: empty */
    int64_t batches_to_retain;
    int64_t cleanup_delay_ms;
    bool deletes; /* remove what compaction has made superfluous */
} weir_compactible_log;

/* Lists the directory and settles the interval: the default, or what existing .compact files demand.
 * CORRUPT_FILE where a file that counts is missing. `log` has env, fs, directory and the four settings. */
weir_code weir_compactible_log_open(weir_compactible_log *log, weir_error **err);
/* Batch `latest + 1`: durable. CONCURRENT_STREAM_LOG_UPDATE where somebody else wrote it. */
weir_code weir_compactible_log_add(weir_compactible_log *log, const weir_str *lines, int32_t count,
                                   weir_error **err);
/* The lines of one batch's file (with those of all earlier ones where it is a .compact file). NOT_FOUND.
 * Lines live in the arena. */
weir_code weir_compactible_log_read(weir_compactible_log *log, int64_t id, weir_arena *arena,
                                    weir_code (*each)(weir_str line, const char *path, void *data,
                                                      weir_error **err),
                                    void *data, weir_error **err);
/* Every line up to `latest`, oldest first. */
weir_code weir_compactible_log_read_all(weir_compactible_log *log, weir_arena *arena,
                                        weir_code (*each)(weir_str line, const char *path, void *data,
                                                          weir_error **err),
                                        void *data, weir_error **err);
bool weir_compactible_log_compacts(const weir_compactible_log *log, int64_t id);
char *weir_compactible_log_path(const weir_compactible_log *log, weir_arena *arena, int64_t id);
/* The file of the newest compaction at or before `latest`; -1 where there is none. */
int64_t weir_compactible_log_last_compact(const weir_compactible_log *log);
