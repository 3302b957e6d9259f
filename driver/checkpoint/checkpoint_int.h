/* What the files of this folder share. Private to driver/checkpoint. */
#pragma once

#include "common/base/json_value.h"
#include "driver/checkpoint/checkpoint.h"

struct weir_checkpoint {
    const weir_env *env;
    weir_fs *fs;
    weir_arena *arena;
    char *directory;
    char query_id[37];
    int64_t epoch;
    int64_t offsets_first, commits_first; /* lowest ids present; -1 = not known yet */
    bool has_crc_files;                   /* Hadoop's ".N.crc" beside the logs: Spark wrote here */
};

/* "<directory>/<log>/<id>" */
char *weir_checkpoint_path(const weir_checkpoint *checkpoint, weir_arena *arena, const char *log, int64_t id);
/* One sealed log file, durable and no-replace. ALREADY_EXISTS and a newer driver's epoch become errors that
 * stop this driver. */
weir_code weir_checkpoint_write(weir_checkpoint *checkpoint, const char *log, int64_t id, weir_strbuf *text,
                                weir_error **err);
/* Reads and opens "<log>/<id>": *ret_rest is what follows the version line. NOT_FOUND. */
weir_code weir_checkpoint_read(weir_checkpoint *checkpoint, const char *log, int64_t id, weir_arena *arena,
                               weir_str *ret_rest, char **ret_path, weir_error **err);
/* A required integer of a log object; CORRUPT_FILE where it is missing or something else. */
weir_code weir_checkpoint_int(const weir_json *object, const char *name, const char *path, int64_t *ret,
                              weir_error **err);
/* `,"weir":{...}` where `weir` is not empty; INTERNAL_ERROR unless it is one line. */
weir_code weir_checkpoint_append_own(weir_strbuf *text, weir_str weir, weir_error **err);
weir_str weir_checkpoint_own(const weir_json *object, weir_arena *arena);
