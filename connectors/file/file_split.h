/* The tasks of a file scan as texts: which ranges of which files, and what the files were when they were
 * logged. A pure function of the files and the sizes configured. Any thread.
 *
 *   {"files":[{"path":"/in/a.json","size":120,"modified":1795274,"start":0,"end":-1}, ...]}
 *
 * Files of partitions have "values":["1",...] as well, and the split "partitions":["a",...], the columns'
 * names, and "overlap":[...], those of them that the files have, too. */
#pragma once

#include "common/format/format.h"
#include "connectors/file/file_listing.h"

typedef struct weir_file_split_settings {
    int64_t bytes_target; /* of a task; small batches are cut finer */
    bool (*splittable)(void *self, const char *path);
    void *self;
    weir_str partitions; /* "partitions":[...],"overlap":[...], or empty */
} weir_file_split_settings;

/* Large files that may be cut are cut into even ranges; others are packed, in order, up to the target. */
void weir_file_split_plan(const weir_file_split_settings *settings, const weir_source_files *files,
                          weir_arena *arena, weir_str_list *ret);

typedef struct weir_file_split_pieces {
    weir_split *items; /* end -1 = to the end; size -1, modified_ms -1 = any */
    int32_t count;
    weir_str_list partitions, overlap; /* names */
    weir_str *values;                  /* count * partitions.count; data NULL = NULL */
} weir_file_split_pieces;
weir_code weir_file_split_parse(weir_str text, weir_arena *arena, weir_file_split_pieces *ret,
                                weir_error **err);
