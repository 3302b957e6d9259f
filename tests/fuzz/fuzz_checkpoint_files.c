/* Fuzzes the readers of every log file that Weir shares with Spark. The input is one file's content; it is
 * put in the place of each kind of log in turn and read. Whatever it is: an error or entries, no crash. */
#include <stddef.h>
#include <stdint.h>

#include "common/base/env.h"
#include "connectors/file/file_source_log.h"
#include "connectors/file/file_split.h"
#include "connectors/file/glob.h"
#include "connectors/file/sink_manifest.h"
#include "driver/checkpoint/checkpoint.h"

static weir_code ignore_entry(const weir_file_source_entry *entry, void *data, weir_error **err) {
    (void)entry, (void)data, (void)err;
    return WEIR_OK;
}

static weir_code ignore_file(const weir_sink_file *file, void *data, weir_error **err) {
    (void)file, (void)data, (void)err;
    return WEIR_OK;
}

static void read_logs(const weir_env *env, weir_fs *fs, weir_arena *arena, weir_str text) {
    _cleanup_error_ weir_error *err = NULL;
    weir_checkpoint *checkpoint = NULL;
    if (weir_checkpoint_open(env, fs, "/ck", &checkpoint, &err) == WEIR_OK) {
        weir_offset_entry offsets;
        weir_commit_entry commit;
        fs->ops->put(fs, "/ck/offsets/0", text, NULL);
        fs->ops->put(fs, "/ck/commits/0", text, NULL);
        weir_offset_log_get(checkpoint, 0, arena, &offsets, &err);
        weir_commit_log_get(checkpoint, 0, arena, &commit, &err);
        weir_checkpoint_close(checkpoint);
    }
    fs->ops->put(fs, "/ck/metadata", text, NULL);
    if (weir_checkpoint_open(env, fs, "/ck", &checkpoint, &err) == WEIR_OK)
        weir_checkpoint_close(checkpoint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    weir_arena *arena = weir_arena_new();
    weir_fs *fs = weir_memory_fs_new();
    weir_env env = {.clock = &weir_system_clock_ops, .random_bytes = weir_system_random};
    weir_str text = {(const char *)data, size};
    weir_error *err = NULL;
    read_logs(&env, fs, arena, text);
    fs->ops->put(fs, "/ck/sources/0/0", text, NULL);
    weir_compactible_log settings = {.env = &env,
                                     .fs = fs,
                                     .directory = weir_arena_strdup(arena, "/ck/sources/0"),
                                     .interval = 2,
                                     .batches_to_retain = 1,
                                     .deletes = true};
    weir_file_source_log *log;
    if (weir_file_source_log_open(arena, &settings, &log, &err) == WEIR_OK) {
        weir_source_file file = {.path = WEIR_STR("/x"), .size = 1, .modified_ms = 1};
        weir_file_source_log_each(log, ignore_entry, NULL, &err);
        weir_file_source_log_add(log, &file, 1, &err); /* compacts what is there */
        weir_file_source_log_close(log);
    }
    fs->ops->put(fs, "/out/_spark_metadata/0", text, NULL);
    weir_sink_manifest_each(&env, fs, "/out", arena, ignore_file, NULL, &err);
    weir_file_split_pieces pieces;
    weir_file_split_parse(text, arena, &pieces, &err);
    weir_str_list patterns;
    if (weir_glob_expand(arena, text, &patterns, &err) == WEIR_OK)
        for (int32_t i = 0; i < patterns.count; i++)
            weir_glob_match(patterns.items[i], WEIR_STR("part-00000.json"));
    weir_error_free(err);
    fs->ops->free(fs);
    weir_arena_free(arena);
    return 0;
}
