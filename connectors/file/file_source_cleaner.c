/* cleanSource: deletes or archives files whose batch is done. Driver, pool threads; after offsets/N+1 is
 * durable. As in Spark a file that cannot be cleaned is left where it is and the query goes on: it stays in
 * the source log, so it is not read again. */
#include "connectors/file/file_int.h"
#include "connectors/file/glob.h"

static int32_t depth_of(weir_str path) {
    int32_t depth = 0;
    for (size_t i = 0; i < path.size; i++)
        depth += path.data[i] == '/' && i + 1 < path.size;
    return depth;
}

/* The first `depth` components. */
static weir_str ancestor(weir_str path, int32_t depth) {
    for (size_t i = 1; i < path.size; i++)
        if (path.data[i] == '/' && --depth == 0)
            return (weir_str){path.data, i};
    return path;
}

static weir_str last_component(weir_str *path) {
    const char *slash = memrchr(path->data, '/', path->size);
    size_t at = (size_t)(slash - path->data);
    weir_str name = {slash + 1, path->size - at - 1};
    path->size = at;
    return name;
}

/* Could a file in the archive be matched by the source's path again? */
static bool archive_matches(weir_str source, weir_str archive) {
    int32_t depth = WEIR_MIN(depth_of(source), depth_of(archive));
    source = ancestor(source, depth);
    archive = ancestor(archive, depth);
    while (source.size > 0 && archive.size > 0) {
        weir_str pattern = last_component(&source), name = last_component(&archive);
        if (!weir_glob_match(pattern, name))
            return false;
    }
    return true;
}

weir_code weir_file_source_cleaner_check(const weir_file_source_options *options, const char *path,
                                         weir_arena *arena, char **ret_archive, weir_error **err) {
    *ret_archive = NULL;
    if (options->clean != WEIR_CLEAN_ARCHIVE)
        return WEIR_OK;
    char *archive = weir_fs_normalize(arena, options->archive_directory);
    weir_str_list patterns;
    WEIR_TRY(weir_glob_expand(arena, weir_str_from(path), &patterns, err));
    for (int32_t i = 0; i < patterns.count; i++)
        if (archive_matches(patterns.items[i], weir_str_from(archive)))
            WEIR_FAIL(
                err, INVALID_ARGUMENT,
                "requirement failed: Base archive path cannot be set to the path where archived path can "
                "possibly match with source pattern. Ensure the base archive path doesn't match with source "
                "pattern in depth, where the depth is minimum of depth on both paths.");
    *ret_archive = archive;
    return WEIR_OK;
}

void weir_file_source_cleaner_clean(weir_fs *fs, const weir_file_source_options *options, const char *archive,
                                    const char *path) {
    _cleanup_error_ weir_error *ignored = NULL;
    if (options->clean == WEIR_CLEAN_DELETE) {
        fs->ops->remove(fs, path, &ignored);
    } else if (options->clean == WEIR_CLEAN_ARCHIVE) {
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        fs->ops->move(fs, path, weir_arena_printf(arena, "%s%s", strcmp(archive, "/") ? archive : "", path),
                      &ignored);
    }
}
