/* The manifest of a file sink (sink_manifest.h): the one place where a batch of files becomes visible.
 *
 * A batch is committed by one create_new of _spark_metadata/N; a batch id that is there already is done. So
 * that "already there" cannot mean "by somebody else" (Spark then drops the rows in silence), the directory
 * has an owner: weir.query holds the query id, created before the first batch.
 *
 * Possible failures: CHECKPOINT_MISMATCH for a directory of another query, CONCURRENT_STREAM_LOG_UPDATE for
 * a second writer, CORRUPT_FILE, IO_ERROR (the entry may or may not be there; the next start sees). */
#include "connectors/file/sink_manifest.h"

#include "common/base/json_value.h"
#include "common/fs/log_text.h"

#define OWNER_NAME "weir.query"
#define OWNER_BYTES_MAX 4096
#define BLOCK_SIZE 33554432 /* what Hadoop's local file system reports */

struct weir_sink_manifest {
    weir_compactible_log log;
    weir_arena *arena;
    const char *output;
    char *owner_path;
    const char *query_id;
    bool owned; /* weir.query is there and names this query */
};

static weir_code mismatch(const weir_sink_manifest *manifest, weir_str owner, weir_error **err) {
    WEIR_FAIL(err, CHECKPOINT_MISMATCH,
              "The output directory %s belongs to query " WEIR_STR_FMT
              ", this is query %s: its batches would be "
              "taken for committed ones and lost. Use another directory, or the checkpoint of that query.",
              manifest->output, WEIR_STR_ARG(owner), manifest->query_id);
}

/* Sets `owned`; absent = not owned. */
static weir_code read_owner(weir_sink_manifest *manifest, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_str text;
    weir_error *inner = NULL;
    weir_code code =
        weir_fs_read_all(manifest->log.fs, manifest->owner_path, OWNER_BYTES_MAX, arena, &text, &inner);
    if (code == WEIR_NOT_FOUND) {
        weir_error_free(inner);
        return WEIR_OK;
    }
    if (code != WEIR_OK)
        return weir_error_move(err, inner);
    weir_json *object;
    WEIR_TRY(weir_log_text_verify(text, manifest->owner_path, NULL, err));
    WEIR_TRY(weir_json_parse(arena, text, manifest->owner_path, &object, err));
    weir_str id = weir_json_get_str(object, "queryId", (weir_str){0});
    if (id.size == 0)
        return weir_log_text_corrupt(err, manifest->owner_path, "it has no query id");
    if (!weir_str_equal(id, weir_str_from(manifest->query_id)))
        return mismatch(manifest, id, err);
    manifest->owned = true;
    return WEIR_OK;
}

weir_code weir_sink_manifest_open(weir_arena *arena, const weir_env *env, weir_fs *fs, const char *directory,
                                  const char *query_id, const weir_sink_manifest_settings *settings,
                                  weir_sink_manifest **ret, weir_error **err) {
    weir_sink_manifest *manifest = WEIR_NEW(arena, weir_sink_manifest);
    manifest->arena = arena;
    manifest->output = directory;
    manifest->query_id = query_id;
    manifest->log = (weir_compactible_log){
        .env = env,
        .fs = fs,
        .directory = weir_fs_join(arena, directory, WEIR_SINK_MANIFEST_NAME),
        .interval = settings->compact_interval,
        .batches_to_retain = settings->batches_to_retain,
        .cleanup_delay_ms = settings->cleanup_delay_ms,
        .deletes = settings->deletes,
    };
    manifest->owner_path = weir_fs_join(arena, manifest->log.directory, OWNER_NAME);
    WEIR_TRY(fs->ops->sweep(fs, manifest->log.directory, weir_env_realtime_us(env) / 1000 - INT64_C(86400000),
                            err));
    WEIR_TRY(read_owner(manifest, err));
    WEIR_TRY(weir_compactible_log_open(&manifest->log, err));
    *ret = manifest;
    return WEIR_OK;
}

static weir_code take_ownership(weir_sink_manifest *manifest, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_add_text(&text, "{\"queryId\":");
    weir_json_write_string(&text, weir_str_from(manifest->query_id));
    weir_strbuf_add_char(&text, '}');
    weir_log_text_reserve(&text);
    weir_log_text_seal(&text, manifest->owner_path);
    weir_fs *fs = manifest->log.fs;
    weir_error *inner = NULL;
    weir_code code = fs->ops->create_new(fs, manifest->owner_path, weir_strbuf_view(&text), &inner);
    if (code == WEIR_ALREADY_EXISTS) {
        weir_error_free(inner);
        return read_owner(manifest, err);
    }
    if (code != WEIR_OK)
        return weir_error_move(err, inner);
    manifest->owned = true;
    return WEIR_OK;
}

weir_code weir_sink_manifest_check(weir_sink_manifest *manifest, int64_t batch_id, bool *ret_committed,
                                   weir_error **err) {
    int64_t latest = manifest->log.latest;
    if (batch_id > latest + 1)
        WEIR_FAIL(
            err, CHECKPOINT_MISMATCH,
            "The output directory %s ends with batch %lld, but the query's next batch is %lld: it is not the "
            "directory that this checkpoint has written to.",
            manifest->output, (long long)latest, (long long)batch_id);
    *ret_committed = batch_id <= latest;
    if (manifest->owned)
        return WEIR_OK;
    /* Spark wrote here, or nobody. A query that Spark began may go on, also with a batch that Spark had
     * committed but not logged; an earlier batch than that is another query's. */
    if (batch_id < latest || (batch_id == latest && batch_id == 0))
        return mismatch(manifest, WEIR_STR("of another checkpoint"), err);
    return WEIR_OK;
}

static weir_str file_line(weir_arena *arena, const weir_sink_file *file) {
    _cleanup_strbuf_ weir_strbuf line = {0};
    weir_strbuf_add_text(&line, "{\"path\":");
    weir_json_write_string(&line, weir_str_from(weir_fs_uri(arena, file->path.data)));
    weir_strbuf_addf(&line,
                     ",\"size\":%lld,\"isDir\":false,\"modificationTime\":%lld,\"blockReplication\":1,"
                     "\"blockSize\":%d,\"action\":\"add\"}",
                     (long long)file->size, (long long)file->modified_ms, BLOCK_SIZE);
    return weir_arena_str(arena, weir_strbuf_view(&line));
}

weir_code weir_sink_manifest_commit(weir_sink_manifest *manifest, int64_t batch_id,
                                    const weir_sink_file *files, int32_t count, weir_error **err) {
    if (batch_id != manifest->log.latest + 1)
        WEIR_FAIL(err, INTERNAL_ERROR, "Batch %lld does not follow batch %lld of the manifest.",
                  (long long)batch_id, (long long)manifest->log.latest);
    if (!manifest->owned)
        WEIR_TRY(take_ownership(manifest, err));
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_str *lines = WEIR_NEW_ARRAY(arena, weir_str, count);
    for (int32_t i = 0; i < count; i++)
        lines[i] = file_line(arena, &files[i]);
    return weir_compactible_log_add(&manifest->log, lines, count, err);
}

weir_code weir_sink_manifest_has(weir_sink_manifest *manifest, int64_t batch_id, bool *ret,
                                 weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_file_info info;
    weir_error *inner = NULL;
    char *path = weir_compactible_log_path(&manifest->log, arena, batch_id);
    weir_code code = manifest->log.fs->ops->stat(manifest->log.fs, path, arena, &info, &inner);
    *ret = code == WEIR_OK;
    if (code != WEIR_OK && code != WEIR_NOT_FOUND)
        return weir_error_move(err, inner);
    weir_error_free(inner);
    return WEIR_OK;
}

/* ---- reading ---- */

typedef struct manifest_reader {
    weir_arena *arena;
    weir_arena *scratch;
    weir_code (*each)(const weir_sink_file *file, void *data, weir_error **err);
    void *data;
} manifest_reader;

static weir_code read_line(weir_str line, const char *path, void *data, weir_error **err) {
    manifest_reader *reader = data;
    weir_arena_reset(reader->scratch);
    weir_json *object;
    WEIR_TRY(weir_json_parse(reader->scratch, line, path, &object, err));
    const weir_json *name = weir_json_get(object, "path"), *size = weir_json_get(object, "size");
    const weir_json *time = weir_json_get(object, "modificationTime");
    if (!name || name->kind != WEIR_JSON_STRING || !size || !size->is_integer || !time || !time->is_integer)
        return weir_log_text_corrupt(err, path, "a line of it has no path, size and modificationTime");
    weir_sink_file file = {
        .path = weir_str_from(weir_fs_from_uri(reader->arena, name->text)),
        .size = size->integer,
        .modified_ms = time->integer,
        .is_directory = weir_json_get_bool(object, "isDir", false),
    };
    /* Spark before 2.2 marked removed files; they no longer exist. */
    if (weir_str_equal(weir_json_get_str(object, "action", WEIR_STR("add")), WEIR_STR("delete")))
        return WEIR_OK;
    return reader->each(&file, reader->data, err);
}

weir_code weir_sink_manifest_each(const weir_env *env, weir_fs *fs, const char *directory, weir_arena *arena,
                                  weir_code (*each)(const weir_sink_file *, void *, weir_error **),
                                  void *data, weir_error **err) {
    weir_compactible_log log = {
        .env = env,
        .fs = fs,
        .directory = weir_fs_join(arena, directory, WEIR_SINK_MANIFEST_NAME),
        .interval = 10,
    };
    _cleanup_arena_ weir_arena *scratch = weir_arena_new();
    _cleanup_arena_ weir_arena *lines = weir_arena_new();
    manifest_reader reader = {arena, scratch, each, data};
    WEIR_TRY(weir_compactible_log_open(&log, err));
    return weir_compactible_log_read_all(&log, lines, read_line, &reader, err);
}
