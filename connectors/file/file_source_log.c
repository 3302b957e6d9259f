/* The file source's log (file_source_log.h): written in P0, before offsets/N names the offset. An entry
 * that no offsets/N came to name is the next batch after a restart.
 *
 * Possible failures: those of the compactible log; a line without path, timestamp and batchId is
 * CORRUPT_FILE. */
#include "connectors/file/file_source_log.h"

#include "common/base/alloc.h"
#include "common/base/json_value.h"
#include "common/fs/log_text.h"

/* The files of one offset, kept until its batch is done. */
typedef struct recent_offset {
    int64_t id;
    weir_arena *arena;
    weir_source_files files;
    struct recent_offset *next;
} recent_offset;

struct weir_file_source_log {
    weir_compactible_log log;
    recent_offset *recent;
};

static void recent_free(recent_offset *recent) {
    weir_arena_free(recent->arena);
    weir_free(recent);
}

weir_code weir_file_source_log_open(weir_arena *arena, const weir_compactible_log *settings,
                                    weir_file_source_log **ret, weir_error **err) {
    weir_file_source_log *log = WEIR_NEW(arena, weir_file_source_log);
    log->log = *settings;
    WEIR_TRY(settings->fs->ops->sweep(settings->fs, settings->directory, INT64_MAX, err));
    WEIR_TRY(weir_compactible_log_open(&log->log, err));
    *ret = log;
    return WEIR_OK;
}

void weir_file_source_log_forget(weir_file_source_log *log, int64_t id) {
    for (recent_offset **at = &log->recent; *at;) {
        recent_offset *recent = *at;
        if (recent->id <= id) {
            *at = recent->next;
            recent_free(recent);
        } else {
            at = &recent->next;
        }
    }
}

void weir_file_source_log_close(weir_file_source_log *log) {
    if (log)
        weir_file_source_log_forget(log, INT64_MAX);
}

int64_t weir_file_source_log_latest(const weir_file_source_log *log) {
    return log->log.latest;
}

/* ---- reading ---- */

typedef struct entry_reader {
    weir_arena *scratch; /* reset a line */
    weir_code (*each)(const weir_file_source_entry *entry, void *data, weir_error **err);
    void *data;
} entry_reader;

static weir_code read_line(weir_str line, const char *path, void *data, weir_error **err) {
    entry_reader *reader = data;
    weir_arena_reset(reader->scratch);
    weir_json *object;
    WEIR_TRY(weir_json_parse(reader->scratch, line, path, &object, err));
    const weir_json *name = weir_json_get(object, "path"), *time = weir_json_get(object, "timestamp");
    const weir_json *id = weir_json_get(object, "batchId");
    if (!name || name->kind != WEIR_JSON_STRING || !time || !time->is_integer || !id || !id->is_integer)
        return weir_log_text_corrupt(err, path, "a line of it has no path, timestamp and batchId");
    weir_file_source_entry entry = {
        .file = {weir_str_from(weir_fs_from_uri(reader->scratch, name->text)),
                 weir_json_get_int(object, "size", -1), time->integer},
        .batch_id = id->integer,
    };
    return reader->each(&entry, reader->data, err);
}

weir_code weir_file_source_log_each(weir_file_source_log *log,
                                    weir_code (*each)(const weir_file_source_entry *, void *, weir_error **),
                                    void *data, weir_error **err) {
    _cleanup_arena_ weir_arena *scratch = weir_arena_new();
    _cleanup_arena_ weir_arena *lines = weir_arena_new();
    entry_reader reader = {scratch, each, data};
    return weir_compactible_log_read_all(&log->log, lines, read_line, &reader, err);
}

typedef struct offset_filter {
    int64_t id;
    weir_arena *arena;
    weir_source_files *files;
} offset_filter;

static weir_code keep_offset(const weir_file_source_entry *entry, void *data, weir_error **err) {
    (void)err;
    offset_filter *filter = data;
    if (entry->batch_id != filter->id)
        return WEIR_OK;
    weir_source_file file = entry->file;
    file.path = weir_arena_str(filter->arena, file.path);
    weir_source_files_push(filter->arena, filter->files, file);
    return WEIR_OK;
}

weir_code weir_file_source_log_get(weir_file_source_log *log, int64_t id, weir_arena *arena,
                                   weir_source_files *ret, weir_error **err) {
    for (recent_offset *recent = log->recent; recent; recent = recent->next)
        if (recent->id == id) {
            *ret = recent->files;
            return WEIR_OK;
        }
    _cleanup_arena_ weir_arena *scratch = weir_arena_new();
    _cleanup_arena_ weir_arena *lines = weir_arena_new();
    *ret = (weir_source_files){0};
    offset_filter filter = {id, arena, ret};
    entry_reader reader = {scratch, keep_offset, &filter};
    weir_error *inner = NULL;
    weir_code code = weir_compactible_log_read(&log->log, id, lines, read_line, &reader, &inner);
    int64_t compact = weir_compactible_log_last_compact(&log->log);
    if (code == WEIR_NOT_FOUND && compact > id) { /* its own file has expired */
        weir_error_free(inner);
        inner = NULL;
        code = weir_compactible_log_read(&log->log, compact, lines, read_line, &reader, &inner);
    }
    if (code == WEIR_NOT_FOUND || (code == WEIR_OK && ret->count == 0)) {
        weir_error_free(inner);
        return weir_log_text_corrupt(err, weir_compactible_log_path(&log->log, arena, id),
                                     "the offset log refers to it, but it is missing or has no files");
    }
    return code == WEIR_OK ? WEIR_OK : weir_error_move(err, inner);
}

/* ---- writing ---- */

static weir_str entry_line(weir_arena *arena, const weir_source_file *file, int64_t id) {
    _cleanup_strbuf_ weir_strbuf line = {0};
    weir_strbuf_add_text(&line, "{\"path\":");
    weir_json_write_string(&line, weir_str_from(weir_fs_uri(arena, file->path.data)));
    weir_strbuf_addf(&line, ",\"timestamp\":%lld,\"batchId\":%lld", (long long)file->modified_ms,
                     (long long)id);
    if (file->size >= 0)
        weir_strbuf_addf(&line, ",\"size\":%lld", (long long)file->size);
    weir_strbuf_add_char(&line, '}');
    return weir_arena_str(arena, weir_strbuf_view(&line));
}

weir_code weir_file_source_log_add(weir_file_source_log *log, const weir_source_file *files, size_t count,
                                   weir_error **err) {
    recent_offset *recent = weir_alloc_zero(1, sizeof *recent);
    recent->id = log->log.latest + 1;
    recent->arena = weir_arena_new();
    weir_str *lines = WEIR_NEW_ARRAY(recent->arena, weir_str, count);
    for (size_t i = 0; i < count; i++) {
        weir_source_file file = files[i];
        file.path = weir_arena_str(recent->arena, file.path);
        weir_source_files_push(recent->arena, &recent->files, file);
        lines[i] = entry_line(recent->arena, &file, recent->id);
    }
    weir_code code = weir_compactible_log_add(&log->log, lines, (int32_t)count, err);
    if (log->log.latest < recent->id) {
        recent_free(recent);
        return code;
    }
    recent->next = log->recent;
    log->recent = recent;
    return code;
}
