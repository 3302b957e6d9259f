/* sources/I of the checkpoint: which files each log offset stands for. Spark's FileStreamSourceLog
 * (`{"path":"file:///..","timestamp":..,"batchId":N}` a line) with "size" added, from which the split plan
 * follows after a restart too. One thread at a time. */
#pragma once

#include "connectors/file/compactible_log.h"
#include "connectors/file/file_listing.h"

typedef struct weir_file_source_log weir_file_source_log;

typedef struct weir_file_source_entry {
    weir_source_file file;
    int64_t batch_id; /* the log offset, in Spark's words */
} weir_file_source_entry;

/* `settings` as the compactible log has them: env, fs, directory, interval, ... Lives in the arena. */
weir_code weir_file_source_log_open(weir_arena *arena, const weir_compactible_log *settings,
                                    weir_file_source_log **ret, weir_error **err);
void weir_file_source_log_close(weir_file_source_log *log); /* accepts NULL */
int64_t weir_file_source_log_latest(const weir_file_source_log *log);
/* Calls back for every file that the log knows, oldest first; texts live until the next call. */
weir_code weir_file_source_log_each(weir_file_source_log *log,
                                    weir_code (*each)(const weir_file_source_entry *entry, void *data,
                                                      weir_error **err),
                                    void *data, weir_error **err);
/* The files of the next offset; durable when it returns. */
weir_code weir_file_source_log_add(weir_file_source_log *log, const weir_source_file *files, size_t count,
                                   weir_error **err);
/* The files of one offset, in their order; from memory where they were added lately. CORRUPT_FILE where the
 * log no longer has them. */
weir_code weir_file_source_log_get(weir_file_source_log *log, int64_t id, weir_arena *arena,
                                   weir_source_files *ret, weir_error **err);
/* Offsets up to `id` will not be asked for again. */
void weir_file_source_log_forget(weir_file_source_log *log, int64_t id);
