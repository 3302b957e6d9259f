/* Lists the input of a file source, by Spark's rules: names that begin with '.' or '_' (without '=') and
 * copies in progress are hidden, sub-directories are entered only with recursiveFileLookup, a directory with
 * a _spark_metadata log is read through that log alone.
 *
 * Possible failures: NOT_SUPPORTED for partition directories ("day=1/") and for cleanSource over a sink's
 * output; CORRUPT_FILE for a damaged sink log; IO_ERROR. A path that is not there has no files. */
#include "connectors/file/file_listing.h"

#include <stdlib.h>

#include "common/base/json_value.h"
#include "common/fs/log_text.h"
#include "connectors/file/compactible_log.h"
#include "connectors/file/glob.h"
#include "connectors/file/sink_manifest.h"

#define DEPTH_MAX 64
#define QUIET_MS 2000 /* a directory changed more recently than this may change again in the same tick */

static weir_str base_name(weir_str path) {
    const char *slash = path.size ? memrchr(path.data, '/', path.size) : NULL;
    size_t skip = slash ? (size_t)(slash + 1 - path.data) : 0;
    return (weir_str){path.data + skip, path.size - skip};
}

static bool has_equals(weir_str name) {
    return name.size && memchr(name.data, '=', name.size);
}

static bool is_hidden(weir_str name) {
    return (weir_str_starts_with(name, WEIR_STR("_")) && !has_equals(name)) ||
           weir_str_starts_with(name, WEIR_STR(".")) || weir_str_ends_with(name, WEIR_STR("._COPYING_"));
}

void weir_source_files_push(weir_arena *arena, weir_source_files *files, weir_source_file file) {
    if (files->count == files->capacity) {
        files->capacity = files->capacity ? 2 * files->capacity : 64;
        weir_source_file *items = WEIR_NEW_ARRAY(arena, weir_source_file, files->capacity);
        if (files->count)
            memcpy(items, files->items, files->count * sizeof *items);
        files->items = items;
    }
    files->items[files->count++] = file;
}

/* ---- directories ---- */

typedef struct walk {
    const weir_file_listing *listing;
    weir_arena *arena;
    weir_source_files *files;
    int depth;
    bool probe; /* looks only whether there is any file */
} walk;

static bool passes_filter(const weir_file_listing *listing, weir_str name) {
    for (int32_t i = 0; i < listing->name_filter.count; i++)
        if (weir_glob_match(listing->name_filter.items[i], name))
            return true;
    return listing->name_filter.count == 0;
}

static void add_file(walk *state, const weir_file_info *info) {
    if (passes_filter(state->listing, base_name(info->path)))
        weir_source_files_push(state->arena, state->files,
                               (weir_source_file){info->path, info->size, info->modified_ms, {0}});
}

static weir_code list_directory(walk *state, weir_str path, weir_error **err);

static weir_code refuse_partitions(walk *state, const weir_file_info *info, weir_error **err) {
    weir_source_files found = {0};
    walk inner = {state->listing, state->arena, &found, state->depth + 1, true};
    WEIR_TRY(list_directory(&inner, info->path, err));
    if (found.count)
        WEIR_FAIL(err, NOT_SUPPORTED,
                  "Partition directories are not read by Weir's streams: " WEIR_STR_FMT
                  ". Set recursiveFileLookup to read the files without partition columns.",
                  WEIR_STR_ARG(info->path));
    return WEIR_OK;
}

static weir_code visit(const weir_file_info *info, void *data, weir_error **err) {
    walk *state = data;
    weir_str name = base_name(info->path);
    if (is_hidden(name))
        return WEIR_OK;
    if (!info->is_directory) {
        add_file(state, info);
        return WEIR_OK;
    }
    if (state->listing->recursive || state->probe) {
        walk inner = *state;
        inner.depth++;
        return list_directory(&inner, info->path, err);
    }
    return has_equals(name) ? refuse_partitions(state, info, err) : WEIR_OK;
}

/* A directory that vanishes between two looks is an empty one. */
static weir_code list_directory(walk *state, weir_str path, weir_error **err) {
    if (state->depth > DEPTH_MAX)
        WEIR_FAIL(err, IO_ERROR, WEIR_STR_FMT " is nested deeper than %d directories", WEIR_STR_ARG(path),
                  DEPTH_MAX);
    weir_fs *fs = state->listing->fs;
    weir_error *inner = NULL;
    weir_code code = fs->ops->list(fs, path.data, state->arena, visit, state, &inner);
    if (code == WEIR_NOT_FOUND) {
        weir_error_free(inner);
        return WEIR_OK;
    }
    return code == WEIR_OK ? WEIR_OK : weir_error_move(err, inner);
}

/* Looks a path up: *ret_found is false where there is nothing. */
static weir_code look_up(weir_fs *fs, const char *path, weir_arena *arena, weir_file_info *ret,
                         bool *ret_found, weir_error **err) {
    weir_error *inner = NULL;
    weir_code code = fs->ops->stat(fs, path, arena, ret, &inner);
    *ret_found = code == WEIR_OK;
    if (code == WEIR_NOT_FOUND) {
        weir_error_free(inner);
        return WEIR_OK;
    }
    return code == WEIR_OK ? WEIR_OK : weir_error_move(err, inner);
}

static bool is_below_metadata(weir_str path) {
    while (path.size > 1) {
        weir_str name = base_name(path);
        if (weir_str_equal(name, WEIR_STR(WEIR_SINK_MANIFEST_NAME)))
            return true;
        path.size -= WEIR_MIN(name.size + 1, path.size);
    }
    return false;
}

static weir_code list_root(walk *state, weir_str path, weir_error **err) {
    if (is_below_metadata(path))
        return WEIR_OK;
    weir_file_info info;
    bool found;
    WEIR_TRY(look_up(state->listing->fs, path.data, state->arena, &info, &found, err));
    if (!found)
        return WEIR_OK;
    if (info.is_directory)
        return list_directory(state, path, err);
    if (!is_hidden(base_name(path)))
        add_file(state, &info);
    return WEIR_OK;
}

/* ---- patterns ---- */

typedef struct matching {
    weir_str pattern;
    weir_arena *arena;
    weir_str_list *found;
    int32_t *capacity;
} matching;

static void push_path(weir_arena *arena, weir_str_list *list, int32_t *capacity, weir_str path) {
    if (list->count == *capacity) {
        *capacity = *capacity ? 2 * *capacity : 16;
        weir_str *items = WEIR_NEW_ARRAY(arena, weir_str, *capacity);
        if (list->count)
            memcpy(items, list->items, (size_t)list->count * sizeof *items);
        list->items = items;
    }
    list->items[list->count++] = path;
}

static weir_code match_entry(const weir_file_info *info, void *data, weir_error **err) {
    (void)err;
    matching *state = data;
    if (weir_glob_match(state->pattern, base_name(info->path)))
        push_path(state->arena, state->found, state->capacity, info->path);
    return WEIR_OK;
}

/* Nothing matches below a file, or below what is not there. */
static weir_code match_entries(const weir_file_listing *listing, const char *path, matching *state,
                               weir_error **err) {
    weir_file_info info;
    bool found;
    WEIR_TRY(look_up(listing->fs, path, state->arena, &info, &found, err));
    if (!found || !info.is_directory)
        return WEIR_OK;
    weir_error *inner = NULL;
    weir_code code = listing->fs->ops->list(listing->fs, path, state->arena, match_entry, state, &inner);
    if (code != WEIR_OK && code != WEIR_NOT_FOUND)
        return weir_error_move(err, inner);
    weir_error_free(inner);
    return WEIR_OK;
}

/* Goes down the components of one expanded pattern, a level at a time. */
static weir_code match_pattern(const weir_file_listing *listing, weir_arena *arena, weir_str pattern,
                               weir_str_list *ret, int32_t *capacity, weir_error **err) {
    weir_str_list level = {0};
    int32_t level_capacity = 0;
    push_path(arena, &level, &level_capacity, WEIR_STR("/"));
    for (size_t at = 1; at <= pattern.size;) {
        const char *slash = at < pattern.size ? memchr(pattern.data + at, '/', pattern.size - at) : NULL;
        size_t end = slash ? (size_t)(slash - pattern.data) : pattern.size;
        weir_str part = {pattern.data + at, end - at};
        at = end + 1;
        if (part.size == 0)
            continue;
        weir_str_list next = {0};
        int32_t next_capacity = 0;
        bool is_glob = part.size && (memchr(part.data, '*', part.size) || memchr(part.data, '?', part.size) ||
                                     memchr(part.data, '[', part.size));
        matching state = {part, arena, &next, &next_capacity};
        for (int32_t i = 0; i < level.count; i++) {
            if (!is_glob) {
                char *name = weir_glob_unescape(arena, part);
                push_path(arena, &next, &next_capacity,
                          weir_str_from(weir_fs_join(arena, level.items[i].data, name)));
                continue;
            }
            WEIR_TRY(match_entries(listing, level.items[i].data, &state, err));
        }
        level = next;
    }
    for (int32_t i = 0; i < level.count; i++)
        push_path(arena, ret, capacity, level.items[i]);
    return WEIR_OK;
}

static int by_path_text(const void *a, const void *b) {
    return weir_str_compare(*(const weir_str *)a, *(const weir_str *)b);
}

weir_code weir_file_listing_roots(const weir_file_listing *listing, weir_arena *arena, weir_str_list *ret,
                                  weir_error **err) {
    weir_str_list patterns, all = {0};
    weir_file_info info;
    bool found;
    int32_t capacity = 0;
    WEIR_TRY(weir_glob_expand(arena, weir_str_from(listing->path), &patterns, err));
    for (int32_t i = 0; i < patterns.count; i++)
        WEIR_TRY(match_pattern(listing, arena, patterns.items[i], &all, &capacity, err));
    if (all.count)
        qsort(all.items, (size_t)all.count, sizeof *all.items, by_path_text);
    *ret = (weir_str_list){all.items, 0};
    for (int32_t i = 0; i < all.count; i++) {
        if (ret->count && weir_str_equal(all.items[i], ret->items[ret->count - 1]))
            continue;
        WEIR_TRY(look_up(listing->fs, all.items[i].data, arena, &info, &found, err));
        if (found)
            ret->items[ret->count++] = all.items[i];
    }
    return WEIR_OK;
}

static weir_code list_plain(const weir_file_listing *listing, weir_arena *arena, weir_source_files *ret,
                            weir_error **err) {
    walk state = {.listing = listing, .arena = arena, .files = ret};
    weir_str_list roots;
    if (!listing->is_pattern)
        return list_root(&state, weir_str_from(listing->path), err);
    WEIR_TRY(weir_file_listing_roots(listing, arena, &roots, err));
    for (int32_t i = 0; i < roots.count; i++)
        WEIR_TRY(list_root(&state, roots.items[i], err));
    return WEIR_OK;
}

/* ---- a sink's output ---- */

static weir_code add_committed(const weir_sink_file *file, void *data, weir_error **err) {
    (void)err;
    walk *state = data;
    weir_file_info info = {.path = file->path, .size = file->size, .modified_ms = file->modified_ms};
    /* As Spark: files right in the directory; a tree of them with recursiveFileLookup. */
    weir_str name = base_name(info.path);
    bool direct = info.path.size == name.size + 1 + strlen(state->listing->path);
    if (!file->is_directory && (direct || state->listing->recursive) && !is_hidden(name))
        add_file(state, &info);
    return WEIR_OK;
}

static weir_code list_sink_log(const weir_file_listing *listing, weir_arena *arena, weir_source_files *ret,
                               weir_error **err) {
    walk state = {.listing = listing, .arena = arena, .files = ret};
    return weir_sink_manifest_each(listing->env, listing->fs, listing->path, arena, add_committed, &state,
                                   err);
}

static weir_code has_sink_log(const weir_file_listing *listing, weir_arena *arena, bool *ret,
                              weir_error **err) {
    weir_file_info info;
    *ret = false;
    if (listing->ignore_sink_metadata || listing->is_pattern)
        return WEIR_OK;
    return look_up(listing->fs, weir_fs_join(arena, listing->path, WEIR_SINK_MANIFEST_NAME), arena, &info,
                   ret, err);
}

/* ---- the whole ---- */

static int earlier(const void *a, const void *b) {
    const weir_source_file *x = a, *y = b;
    if (x->modified_ms != y->modified_ms)
        return x->modified_ms < y->modified_ms ? -1 : 1;
    return weir_str_compare(x->path, y->path);
}

static int later(const void *a, const void *b) {
    const weir_source_file *x = a, *y = b;
    if (x->modified_ms != y->modified_ms)
        return x->modified_ms > y->modified_ms ? -1 : 1;
    return weir_str_compare(x->path, y->path);
}

/* Until the first files appear it is open whether a sink writes here; then it is settled for good. */
weir_code weir_file_listing_decide(weir_file_listing *listing, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    bool is_sink;
    WEIR_TRY(has_sink_log(listing, arena, &is_sink, err));
    if (is_sink)
        listing->kind = WEIR_LISTING_SINK_LOG;
    return WEIR_OK;
}

static void note_directory(weir_file_listing *listing, weir_arena *arena) {
    listing->directory_ms = 0;
    weir_file_info info;
    bool found = false;
    if (listing->is_pattern || listing->recursive || listing->kind != WEIR_LISTING_PLAIN)
        return;
    if (look_up(listing->fs, listing->path, arena, &info, &found, NULL) == WEIR_OK && found &&
        info.is_directory)
        listing->directory_ms = info.modified_ms;
}

bool weir_file_listing_unchanged(weir_file_listing *listing) {
    if (listing->directory_ms <= 0 || listing->listed_ms - listing->directory_ms < QUIET_MS)
        return false;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_file_info info;
    bool found = false;
    return look_up(listing->fs, listing->path, arena, &info, &found, NULL) == WEIR_OK && found &&
           info.modified_ms == listing->directory_ms;
}

weir_code weir_file_listing_fetch(weir_file_listing *listing, weir_arena *arena, weir_source_files *ret,
                                  weir_error **err) {
    *ret = (weir_source_files){0};
    if (listing->kind == WEIR_LISTING_UNDECIDED)
        WEIR_TRY(weir_file_listing_decide(listing, err));
    if (listing->kind != WEIR_LISTING_SINK_LOG) {
        listing->listed_ms = weir_env_realtime_us(listing->env) / 1000;
        note_directory(listing, arena);
        WEIR_TRY(list_plain(listing, arena, ret, err));
        if (listing->kind == WEIR_LISTING_UNDECIDED && ret->count) {
            WEIR_TRY(
                weir_file_listing_decide(listing, err)); /* a sink may have begun between the two looks */
            if (listing->kind == WEIR_LISTING_UNDECIDED)
                listing->kind = WEIR_LISTING_PLAIN;
        }
    }
    if (listing->kind == WEIR_LISTING_SINK_LOG) {
        *ret = (weir_source_files){0};
        WEIR_TRY(list_sink_log(listing, arena, ret, err));
    }
    if (ret->count)
        qsort(ret->items, ret->count, sizeof *ret->items, listing->latest_first ? later : earlier);
    return WEIR_OK;
}
