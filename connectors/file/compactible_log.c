/* The compacting log (compactible_log.h): opened by the file source, the file sink, and by the file source
 * that reads a sink's directory.
 *
 * Possible failures: as create_new and read have them; a log that lost a file it needs, or whose file does
 * not parse, is CORRUPT_FILE, never shorter. Expired files go only after the .compact file that replaces
 * them is durable, and only when they are older than the cleanup delay, for readers that still list them. */
#include "connectors/file/compactible_log.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/assert.h"
#include "common/base/json_value.h"
#include "common/fs/log_text.h"

#define COMPACT_SUFFIX ".compact"

bool weir_compactible_log_compacts(const weir_compactible_log *log, int64_t id) {
    return (id + 1) % log->interval == 0;
}

char *weir_compactible_log_path(const weir_compactible_log *log, weir_arena *arena, int64_t id) {
    return weir_arena_printf(arena, "%s/%lld%s", log->directory, (long long)id,
                             weir_compactible_log_compacts(log, id) ? COMPACT_SUFFIX : "");
}

int64_t weir_compactible_log_last_compact(const weir_compactible_log *log) {
    return (log->latest + 1) / log->interval * log->interval - 1;
}

/* ---- listing ---- */

typedef struct log_file {
    int64_t id;
    bool compact;
    int64_t modified_ms;
    weir_str path;
} log_file;

typedef struct log_files {
    weir_arena *arena;
    log_file *items;
    size_t count, capacity;
} log_files;

static weir_code note_file(const weir_file_info *info, void *data, weir_error **err) {
    (void)err;
    log_files *files = data;
    const char *slash = memrchr(info->path.data, '/', info->path.size);
    size_t skip = slash ? (size_t)(slash + 1 - info->path.data) : 0;
    weir_str name = {info->path.data + skip, info->path.size - skip};
    bool compact = weir_str_ends_with(name, WEIR_STR(COMPACT_SUFFIX));
    if (compact)
        name.size -= sizeof COMPACT_SUFFIX - 1;
    int64_t id = info->is_directory ? -1 : weir_log_text_id(name);
    if (id < 0)
        return WEIR_OK;
    if (files->count == files->capacity) {
        files->capacity = files->capacity ? 2 * files->capacity : 64;
        log_file *items = WEIR_NEW_ARRAY(files->arena, log_file, files->capacity);
        if (files->count)
            memcpy(items, files->items, files->count * sizeof *items);
        files->items = items;
    }
    files->items[files->count++] = (log_file){id, compact, info->modified_ms, info->path};
    return WEIR_OK;
}

static int by_id(const void *a, const void *b) {
    int64_t x = ((const log_file *)a)->id, y = ((const log_file *)b)->id;
    return (x > y) - (x < y);
}

static weir_code list_files(const weir_compactible_log *log, weir_arena *arena, log_files *ret,
                            weir_error **err) {
    *ret = (log_files){.arena = arena};
    weir_error *inner = NULL;
    weir_code code = log->fs->ops->list(log->fs, log->directory, arena, note_file, ret, &inner);
    if (code == WEIR_NOT_FOUND) {
        weir_error_free(inner);
        return WEIR_OK;
    }
    if (code != WEIR_OK)
        return weir_error_move(err, inner);
    if (ret->count)
        qsort(ret->items, ret->count, sizeof *ret->items, by_id);
    return WEIR_OK;
}

/* The smallest divisor of `length` that is at least `wanted` (length itself where there is none better). */
static int64_t divisor_from(int64_t wanted, int64_t length) {
    if (wanted < length / 2)
        for (int64_t i = WEIR_MAX(wanted, 1); i <= length / 2; i++)
            if (length % i == 0)
                return i;
    return length;
}

/* Existing files decide: with two .compact files their distance, with one a divisor of its length. With
 * none the interval is the default, or a multiple of it that makes no plain file a missing .compact one. */
static void settle_interval(weir_compactible_log *log, const log_files *files) {
    int64_t last = -1, before = -1;
    for (size_t i = files->count; i-- > 0 && before < 0;) {
        if (!files->items[i].compact)
            continue;
        if (last < 0)
            last = files->items[i].id;
        else
            before = files->items[i].id;
    }
    if (before >= 0)
        log->interval = last - before;
    else if (last >= 0)
        log->interval = last + 1 <= log->interval ? last + 1 : divisor_from(log->interval, last + 1);
    else if (log->latest + 1 >= log->interval)
        log->interval *= (log->latest + 1) / log->interval + 1;
    if (log->interval < 1)
        log->interval = 1;
}

static weir_code check_complete(const weir_compactible_log *log, const log_files *files, weir_arena *arena,
                                weir_error **err) {
    int64_t id = WEIR_MAX(weir_compactible_log_last_compact(log), 0);
    size_t at = 0;
    for (; id <= log->latest; id++) {
        while (at < files->count && (files->items[at].id < id ||
                                     (files->items[at].id == id &&
                                      files->items[at].compact != weir_compactible_log_compacts(log, id))))
            at++;
        if (at == files->count || files->items[at].id != id)
            return weir_log_text_corrupt(err, weir_compactible_log_path(log, arena, id),
                                         "it is missing, though later batches are logged");
    }
    return WEIR_OK;
}

weir_code weir_compactible_log_open(weir_compactible_log *log, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    log_files files;
    WEIR_TRY(list_files(log, arena, &files, err));
    log->latest = files.count ? files.items[files.count - 1].id : -1;
    settle_interval(log, &files);
    return check_complete(log, &files, arena, err);
}

/* ---- reading ---- */

weir_code weir_compactible_log_read(weir_compactible_log *log, int64_t id, weir_arena *arena,
                                    weir_code (*each)(weir_str, const char *, void *, weir_error **),
                                    void *data, weir_error **err) {
    char *path = weir_compactible_log_path(log, arena, id);
    weir_str text, rest, line;
    bool sealed;
    WEIR_TRY(weir_fs_read_all(log->fs, path, WEIR_LOG_TEXT_BYTES_MAX, arena, &text, err));
    WEIR_TRY(weir_log_text_open(text, path, &rest, &sealed, err));
    if (rest.size == 0) /* neither Spark nor Weir writes one: every batch has a file */
        return weir_log_text_corrupt(err, path, "it ends behind the version line");
    while (weir_log_text_next(&rest, &line))
        WEIR_TRY(each(line, path, data, err));
    return WEIR_OK;
}

/* A file that has to be there. */
static weir_code read_required(weir_compactible_log *log, int64_t id, weir_arena *arena,
                               weir_code (*each)(weir_str, const char *, void *, weir_error **), void *data,
                               weir_error **err) {
    weir_code code = weir_compactible_log_read(log, id, arena, each, data, err);
    if (code == WEIR_NOT_FOUND)
        return weir_log_text_corrupt(err, weir_compactible_log_path(log, arena, id), "it is missing");
    return code;
}

weir_code weir_compactible_log_read_all(weir_compactible_log *log, weir_arena *arena,
                                        weir_code (*each)(weir_str, const char *, void *, weir_error **),
                                        void *data, weir_error **err) {
    for (int64_t id = WEIR_MAX(weir_compactible_log_last_compact(log), 0); id <= log->latest; id++)
        WEIR_TRY(read_required(log, id, arena, each, data, err));
    return WEIR_OK;
}

/* ---- writing ---- */

typedef struct compaction {
    weir_strbuf *text;
    weir_strbuf scratch;
    weir_arena *arena;
    bool reserved;
} compaction;

static void append_line(compaction *state, weir_str line) {
    weir_strbuf_add_char(state->text, '\n');
    weir_strbuf_add(state->text, line);
    if (!state->reserved)
        weir_log_text_reserve(state->text);
    state->reserved = true;
}

/* A line of an older file: must be an object, since the new file's checksum will vouch for it. */
static weir_code copy_line(weir_str line, const char *path, void *data, weir_error **err) {
    compaction *state = data;
    weir_json *object;
    weir_arena_reset(state->arena);
    WEIR_TRY(weir_json_parse(state->arena, line, path, &object, err));
    if (object->kind != WEIR_JSON_OBJECT || line.data[line.size - 1] != '}')
        return weir_log_text_corrupt(err, path, "a line of it is not an object");
    append_line(state, weir_log_text_strip(line, &state->scratch));
    return WEIR_OK;
}

static weir_code copy_older(weir_compactible_log *log, int64_t id, compaction *state, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    for (int64_t older = WEIR_MAX(id - log->interval, 0); older < id; older++) {
        WEIR_TRY(read_required(log, older, arena, copy_line, state, err));
        weir_arena_reset(arena);
    }
    return WEIR_OK;
}

/* Spark's rule: keep the compaction that precedes the batches to retain, and all after it. */
static weir_code remove_expired(weir_compactible_log *log, weir_error **err) {
    int64_t keep = log->latest + 1 - log->batches_to_retain;
    if (!log->deletes || log->interval > keep)
        return WEIR_OK;
    int64_t compact = keep - keep % log->interval - 1;
    int64_t expired_ms = weir_env_realtime_us(log->env) / 1000 - log->cleanup_delay_ms;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    log_files files;
    WEIR_TRY(list_files(log, arena, &files, err));
    for (size_t i = 0; i < files.count && files.items[i].id < compact; i++)
        if (files.items[i].modified_ms <= expired_ms)
            WEIR_TRY(log->fs->ops->remove(log->fs, files.items[i].path.data, err));
    return WEIR_OK;
}

weir_code weir_compactible_log_add(weir_compactible_log *log, const weir_str *lines, int32_t count,
                                   weir_error **err) {
    WEIR_ASSERT(count > 0);
    int64_t id = log->latest + 1;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_strbuf_ weir_strbuf text = {0};
    compaction state = {.text = &text, .arena = arena};
    weir_strbuf_add_text(&text, "v1");
    bool compacts = weir_compactible_log_compacts(log, id);
    weir_code code = compacts ? copy_older(log, id, &state, err) : WEIR_OK;
    weir_strbuf_fini(&state.scratch);
    WEIR_TRY(code);
    for (int32_t i = 0; i < count; i++)
        append_line(&state, lines[i]);
    weir_arena_reset(arena);
    char *path = weir_compactible_log_path(log, arena, id);
    weir_log_text_seal(&text, path);
    code = log->fs->ops->create_new(log->fs, path, weir_strbuf_view(&text), err);
    if (code == WEIR_ALREADY_EXISTS)
        WEIR_RAISE(err, CONCURRENT_STREAM_LOG_UPDATE, "batchId",
                   weir_arena_printf(arena, "%lld", (long long)id));
    WEIR_TRY(code);
    log->latest = id;
    if (compacts) {
        _cleanup_error_ weir_error *ignored = NULL; /* the batch is in; the next compaction tries again */
        remove_expired(log, &ignored);
    }
    return WEIR_OK;
}
