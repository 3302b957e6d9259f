/* What a path of the file source stands for at this moment: the visible files of a directory, a tree or a
 * pattern, or exactly those that a file sink has committed there. Driver, pool threads. */
#pragma once

#include "common/base/env.h"
#include "common/fs/fs.h"
#include "common/plan/plan.h"

typedef struct weir_source_file {
    weir_str path;
    int64_t size; /* -1: not known (logs that Spark has compacted) */
    int64_t modified_ms;
    weir_str values; /* of its partition, a JSON list of texts; data NULL = none */
} weir_source_file;

typedef struct weir_source_files {
    weir_source_file *items;
    size_t count, capacity;
} weir_source_files;

typedef struct weir_file_listing {
    const weir_env *env;
    weir_fs *fs;
    char *path; /* normalised; may be a pattern */
    bool is_pattern;
    bool recursive;
    bool latest_first;
    bool ignore_sink_metadata;
    enum { WEIR_LISTING_UNDECIDED, WEIR_LISTING_PLAIN, WEIR_LISTING_SINK_LOG } kind;
    weir_str_list name_filter; /* pathGlobFilter, expanded; none = all */
    int64_t directory_ms;      /* when the directory was last changed, as of the last listing; 0 = unknown */
    int64_t listed_ms;
} weir_file_listing;

/* Looks whether a sink's log is there: before anything is fetched, too. */
weir_code weir_file_listing_decide(weir_file_listing *listing, weir_error **err);
/* What a pattern matches, sorted; files and directories alike. */
weir_code weir_file_listing_roots(const weir_file_listing *listing, weir_arena *arena, weir_str_list *ret,
                                  weir_error **err);
/* Sorted by modification time (latest first where asked for), then path. Paths live in the arena. */
weir_code weir_file_listing_fetch(weir_file_listing *listing, weir_arena *arena, weir_source_files *ret,
                                  weir_error **err);
/* True where the directory has certainly not changed since the last fetch: no need to list it. */
bool weir_file_listing_unchanged(weir_file_listing *listing);
void weir_source_files_push(weir_arena *arena, weir_source_files *files, weir_source_file file);
