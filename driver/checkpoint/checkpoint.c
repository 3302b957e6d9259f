/* A query's checkpoint directory: identity, fencing, listing and purging. offset_log.c and commit_log.c hold
 * the two logs.
 *
 * Opening: sweep temporary files, read or make `metadata`, list epochs/ and create the next number there.
 * Every later write first looks whether a newer driver has bumped the epoch (one stat), then creates its
 * file without replacing; the loser of a race stops with FENCED or CONCURRENT_STREAM_LOG_UPDATE.
 *
 * Possible failures: IO_ERROR, NO_SPACE (the entry may or may not exist: the query stops and the next start
 * reads what is there); CORRUPT_FILE for whatever does not parse, does not match its checksum or is missing
 * between others. Nothing damaged is ever taken for empty. Pool threads, one at a time. */
#include <stdio.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/fs/log_text.h"
#include "driver/checkpoint/checkpoint_int.h"

#define METADATA_BYTES_MAX 65536
#define EPOCHS_KEPT 100

char *weir_checkpoint_path(const weir_checkpoint *checkpoint, weir_arena *arena, const char *log,
                           int64_t id) {
    return weir_arena_printf(arena, "%s/%s/%lld", checkpoint->directory, log, (long long)id);
}

static bool is_uuid(weir_str text) {
    if (text.size != 36)
        return false;
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        char c = text.data[i];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash ? c != '-' : !hex)
            return false;
    }
    return true;
}

/* ---- listing ---- */

typedef struct log_listing {
    int64_t first, last; /* -1: empty */
    int64_t count;
    bool has_crc_files;
} log_listing;

static weir_code note_entry(const weir_file_info *info, void *data, weir_error **err) {
    (void)err;
    log_listing *listing = data;
    const char *slash = memrchr(info->path.data, '/', info->path.size);
    weir_str name = info->path;
    if (slash) {
        size_t skip = (size_t)(slash + 1 - info->path.data);
        name = (weir_str){name.data + skip, name.size - skip};
    }
    if (weir_str_starts_with(name, WEIR_STR(".")) && weir_str_ends_with(name, WEIR_STR(".crc")))
        listing->has_crc_files = true;
    int64_t id = info->is_directory ? -1 : weir_log_text_id(name);
    if (id < 0)
        return WEIR_OK;
    listing->first = listing->count == 0 ? id : WEIR_MIN(listing->first, id);
    listing->last = WEIR_MAX(listing->last, id);
    listing->count++;
    return WEIR_OK;
}

static weir_code list_log(weir_checkpoint *checkpoint, const char *log, log_listing *ret, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    *ret = (log_listing){.first = -1, .last = -1};
    char *path = weir_fs_join(arena, checkpoint->directory, log);
    weir_code code = checkpoint->fs->ops->list(checkpoint->fs, path, arena, note_entry, ret, err);
    if (code == WEIR_NOT_FOUND) {
        if (err)
            weir_error_free_ptr(err);
        return WEIR_OK;
    }
    return code;
}

/* Names the first id between the listed ones that has no file. */
static weir_code check_gaps(weir_checkpoint *checkpoint, const char *log, const log_listing *listing,
                            weir_error **err) {
    if (listing->count == listing->last - listing->first + 1 || listing->count == 0)
        return WEIR_OK;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    for (int64_t id = listing->first; id < listing->last; id++) {
        char *path = weir_checkpoint_path(checkpoint, arena, log, id);
        weir_file_info info;
        weir_code code = checkpoint->fs->ops->stat(checkpoint->fs, path, arena, &info, err);
        if (code == WEIR_NOT_FOUND)
            return weir_log_text_corrupt(err, path, "it is missing between other entries of the log");
        WEIR_TRY(code);
    }
    return WEIR_OK;
}

weir_code weir_checkpoint_latest(weir_checkpoint *checkpoint, int64_t *ret_offsets, int64_t *ret_commits,
                                 weir_error **err) {
    log_listing offsets, commits;
    WEIR_TRY(list_log(checkpoint, "offsets", &offsets, err));
    WEIR_TRY(list_log(checkpoint, "commits", &commits, err));
    WEIR_TRY(check_gaps(checkpoint, "offsets", &offsets, err));
    WEIR_TRY(check_gaps(checkpoint, "commits", &commits, err));
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    if (commits.last > offsets.last)
        return weir_log_text_corrupt(err, weir_checkpoint_path(checkpoint, arena, "offsets", commits.last),
                                     "it is missing, though its batch is committed");
    /* One batch may be open. More would mean that commits are lost, and their batches would run twice. */
    int64_t committed = commits.count ? commits.last : WEIR_MAX(offsets.first - 1, -1);
    if (offsets.last - committed > 1 || (commits.count == 0 && offsets.first > 0))
        return weir_log_text_corrupt(err,
                                     weir_checkpoint_path(checkpoint, arena, "commits", offsets.last - 1),
                                     "it is missing, though a later batch was begun");
    checkpoint->offsets_first = offsets.first;
    checkpoint->commits_first = commits.first;
    checkpoint->has_crc_files = offsets.has_crc_files || commits.has_crc_files;
    *ret_offsets = offsets.last;
    *ret_commits = commits.last;
    return WEIR_OK;
}

/* ---- identity and fencing ---- */

static weir_code read_metadata(weir_checkpoint *checkpoint, const char *path, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_str text;
    WEIR_TRY(weir_fs_read_all(checkpoint->fs, path, METADATA_BYTES_MAX, arena, &text, err));
    WEIR_TRY(weir_log_text_verify(text, path, NULL, err));
    weir_json *object;
    WEIR_TRY(weir_json_parse(arena, text, path, &object, err));
    weir_str id = weir_json_get_str(object, "id", (weir_str){0});
    if (!is_uuid(id))
        return weir_log_text_corrupt(err, path, "it has no query id");
    memcpy(checkpoint->query_id, id.data, 36);
    checkpoint->query_id[36] = 0;
    return WEIR_OK;
}

static weir_code make_metadata(weir_checkpoint *checkpoint, const char *path, weir_error **err) {
    log_listing offsets, commits;
    WEIR_TRY(list_log(checkpoint, "offsets", &offsets, err));
    WEIR_TRY(list_log(checkpoint, "commits", &commits, err));
    if (offsets.count || commits.count)
        return weir_log_text_corrupt(err, path, "it is missing, though batches are logged beside it");
    weir_env_uuid(checkpoint->env, checkpoint->query_id);
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_addf(&text, "{\"id\":\"%s\"}", checkpoint->query_id);
    weir_log_text_reserve(&text);
    weir_log_text_seal(&text, path);
    return checkpoint->fs->ops->create_new(checkpoint->fs, path, weir_strbuf_view(&text), err);
}

static weir_code load_identity(weir_checkpoint *checkpoint, weir_error **err) {
    char *path = weir_fs_join(checkpoint->arena, checkpoint->directory, "metadata");
    _cleanup_error_ weir_error *inner = NULL;
    weir_code code = read_metadata(checkpoint, path, &inner);
    if (code == WEIR_NOT_FOUND) {
        weir_error_free_ptr(&inner);
        code = make_metadata(checkpoint, path, &inner);
        if (code == WEIR_ALREADY_EXISTS) { /* another driver starts at this very moment */
            weir_error_free_ptr(&inner);
            code = read_metadata(checkpoint, path, &inner);
        }
    }
    if (code != WEIR_OK && err)
        return weir_error_move(err, weir_error_clone(inner));
    return code;
}

/* Takes the next driver epoch: the number is ours where our create_new made the file. */
static weir_code bump_epoch(weir_checkpoint *checkpoint, weir_error **err) {
    log_listing epochs;
    WEIR_TRY(list_log(checkpoint, "epochs", &epochs, err));
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    for (int64_t epoch = epochs.last + 1;; epoch++) {
        _cleanup_strbuf_ weir_strbuf text = {0};
        weir_strbuf_addf(&text, "{\"queryId\":\"%s\",\"epoch\":%lld}", checkpoint->query_id,
                         (long long)epoch);
        weir_log_text_reserve(&text);
        char *path = weir_checkpoint_path(checkpoint, arena, "epochs", epoch);
        weir_log_text_seal(&text, path);
        weir_code code = checkpoint->fs->ops->create_new(checkpoint->fs, path, weir_strbuf_view(&text), err);
        if (code == WEIR_OK) {
            checkpoint->epoch = epoch;
            break;
        }
        if (code != WEIR_ALREADY_EXISTS)
            return code;
        if (err)
            weir_error_free_ptr(err);
    }
    for (int64_t old = epochs.first; old >= 0 && old < checkpoint->epoch - EPOCHS_KEPT; old++)
        WEIR_TRY(checkpoint->fs->ops->remove(checkpoint->fs,
                                             weir_checkpoint_path(checkpoint, arena, "epochs", old), err));
    return WEIR_OK;
}

static weir_code sweep(weir_checkpoint *checkpoint, weir_error **err) {
    static const char *const below[] = {"", "offsets", "commits", "epochs", "state"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(below); i++) {
        char *path = weir_fs_join(checkpoint->arena, checkpoint->directory, below[i]);
        WEIR_TRY(checkpoint->fs->ops->sweep(checkpoint->fs, path, INT64_MAX, err));
    }
    return WEIR_OK;
}

weir_code weir_checkpoint_open(const weir_env *env, weir_fs *fs, const char *directory, weir_checkpoint **ret,
                               weir_error **err) {
    weir_arena *arena = weir_arena_new();
    weir_checkpoint *checkpoint = WEIR_NEW(arena, weir_checkpoint);
    *checkpoint =
        (weir_checkpoint){.env = env, .fs = fs, .arena = arena, .offsets_first = -1, .commits_first = -1};
    checkpoint->directory = weir_fs_normalize(arena, weir_str_from(directory));
    weir_code code = sweep(checkpoint, err);
    if (code == WEIR_OK)
        code = load_identity(checkpoint, err);
    if (code == WEIR_OK)
        code = bump_epoch(checkpoint, err);
    if (code == WEIR_OK)
        *ret = checkpoint;
    else
        weir_arena_free(arena);
    return code;
}

void weir_checkpoint_close(weir_checkpoint *checkpoint) {
    if (checkpoint)
        weir_arena_free(checkpoint->arena);
}

const char *weir_checkpoint_query_id(const weir_checkpoint *checkpoint) {
    return checkpoint->query_id;
}

int64_t weir_checkpoint_epoch(const weir_checkpoint *checkpoint) {
    return checkpoint->epoch;
}

const char *weir_checkpoint_directory(const weir_checkpoint *checkpoint) {
    return checkpoint->directory;
}

/* ---- entries ---- */

static weir_code check_fence(weir_checkpoint *checkpoint, weir_arena *arena, weir_error **err) {
    char *path = weir_checkpoint_path(checkpoint, arena, "epochs", checkpoint->epoch + 1);
    weir_file_info info;
    _cleanup_error_ weir_error *inner = NULL;
    weir_code code = checkpoint->fs->ops->stat(checkpoint->fs, path, arena, &info, &inner);
    if (code == WEIR_NOT_FOUND)
        return WEIR_OK;
    if (code != WEIR_OK)
        return err ? weir_error_move(err, weir_error_clone(inner)) : code;
    WEIR_FAIL(err, FENCED, "A newer driver has taken over the checkpoint %s (this one has epoch %lld).",
              checkpoint->directory, (long long)checkpoint->epoch);
}

/* This process may have stood still between the look at the fence and the creation, for so long that a newer
 * driver has purged the entry of that id: then the one just made would stand alone below a gap, and the
 * checkpoint would count as damaged. An entry with a neighbour may be the one that the newer driver read. */
static void drop_left_behind(weir_checkpoint *checkpoint, const char *log, int64_t id, weir_arena *arena,
                             const char *path) {
    log_listing listing;
    _cleanup_error_ weir_error *err = NULL;
    if (list_log(checkpoint, log, &listing, &err) != WEIR_OK || listing.last <= id)
        return;
    weir_file_info info;
    char *next = weir_checkpoint_path(checkpoint, arena, log, id + 1);
    if (checkpoint->fs->ops->stat(checkpoint->fs, next, arena, &info, &err) != WEIR_NOT_FOUND)
        return;
    weir_error_free_ptr(&err);
    checkpoint->fs->ops->remove(checkpoint->fs, path, &err);
}

weir_code weir_checkpoint_write(weir_checkpoint *checkpoint, const char *log, int64_t id, weir_strbuf *text,
                                weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    WEIR_TRY(check_fence(checkpoint, arena, err));
    char *path = weir_checkpoint_path(checkpoint, arena, log, id);
    weir_log_text_seal(text, path);
    weir_code code = checkpoint->fs->ops->create_new(checkpoint->fs, path, weir_strbuf_view(text), err);
    if (code == WEIR_ALREADY_EXISTS) {
        char *batch = weir_arena_printf(arena, "%lld", (long long)id);
        WEIR_RAISE(err, CONCURRENT_STREAM_LOG_UPDATE, "batchId", batch);
    }
    WEIR_TRY(code);
    code = check_fence(checkpoint, arena, err);
    if (code == WEIR_FENCED)
        drop_left_behind(checkpoint, log, id, arena, path);
    return code;
}

weir_code weir_checkpoint_read(weir_checkpoint *checkpoint, const char *log, int64_t id, weir_arena *arena,
                               weir_str *ret_rest, char **ret_path, weir_error **err) {
    char *path = weir_checkpoint_path(checkpoint, arena, log, id);
    weir_str text;
    WEIR_TRY(weir_fs_read_all(checkpoint->fs, path, WEIR_LOG_TEXT_BYTES_MAX, arena, &text, err));
    WEIR_TRY(weir_log_text_open(text, path, ret_rest, NULL, err));
    *ret_path = path;
    return WEIR_OK;
}

weir_code weir_checkpoint_int(const weir_json *object, const char *name, const char *path, int64_t *ret,
                              weir_error **err) {
    const weir_json *value = weir_json_get(object, name);
    if (!value || value->kind != WEIR_JSON_NUMBER || !value->is_integer) {
        char reason[96];
        snprintf(reason, sizeof reason, "it has no integer %s", name);
        return weir_log_text_corrupt(err, path, reason);
    }
    *ret = value->integer;
    return WEIR_OK;
}

weir_code weir_checkpoint_append_own(weir_strbuf *text, weir_str weir, weir_error **err) {
    if (weir.size == 0)
        return WEIR_OK;
    if (weir.data[0] != '{' || weir.data[weir.size - 1] != '}' || memchr(weir.data, '\n', weir.size))
        WEIR_FAIL(err, INTERNAL_ERROR, "The log entry's own part is not one line of JSON.");
    weir_strbuf_add_text(text, ",\"weir\":");
    weir_strbuf_add(text, weir);
    return WEIR_OK;
}

weir_str weir_checkpoint_own(const weir_json *object, weir_arena *arena) {
    const weir_json *value = weir_json_get(object, "weir");
    if (!value || value->kind != WEIR_JSON_OBJECT)
        return (weir_str){0};
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_json_write(&text, value);
    return weir_arena_str(arena, weir_strbuf_view(&text));
}

/* ---- purge ---- */

/* Ascending, so that a crash in the middle leaves no gap. */
static weir_code purge_log(weir_checkpoint *checkpoint, const char *log, int64_t *first, int64_t batch_id,
                           weir_error **err) {
    if (*first < 0) {
        log_listing listing;
        WEIR_TRY(list_log(checkpoint, log, &listing, err));
        checkpoint->has_crc_files |= listing.has_crc_files;
        *first = listing.first;
    }
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    for (; *first >= 0 && *first < batch_id; ++*first) {
        WEIR_TRY(checkpoint->fs->ops->remove(checkpoint->fs,
                                             weir_checkpoint_path(checkpoint, arena, log, *first), err));
        if (checkpoint->has_crc_files) {
            char *crc =
                weir_arena_printf(arena, "%s/%s/.%lld.crc", checkpoint->directory, log, (long long)*first);
            WEIR_TRY(checkpoint->fs->ops->remove(checkpoint->fs, crc, err));
        }
        weir_arena_reset(arena);
    }
    return WEIR_OK;
}

weir_code weir_checkpoint_purge(weir_checkpoint *checkpoint, int64_t batch_id, weir_error **err) {
    WEIR_TRY(purge_log(checkpoint, "offsets", &checkpoint->offsets_first, batch_id, err));
    return purge_log(checkpoint, "commits", &checkpoint->commits_first, batch_id, err);
}
