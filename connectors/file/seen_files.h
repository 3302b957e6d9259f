/* The files that a file source has taken: Spark's SeenFilesMap. Names are kept for maxFileAge before the
 * youngest file seen; what is older than that is neither remembered nor taken. One thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/str.h"

typedef struct weir_seen_files weir_seen_files;

/* `name_only`: files of the same name in different directories are the same file. */
weir_seen_files *weir_seen_files_new(int64_t age_ms_max, bool name_only);
void weir_seen_files_free(weir_seen_files *seen); /* accepts NULL */
void weir_seen_files_add(weir_seen_files *seen, weir_str path, int64_t modified_ms);
bool weir_seen_files_is_new(const weir_seen_files *seen, weir_str path, int64_t modified_ms);
/* True where the file is left out for its age alone. */
bool weir_seen_files_is_aged(const weir_seen_files *seen, int64_t modified_ms);
/* Moves the age limit up to the youngest file added so far. */
void weir_seen_files_purge(weir_seen_files *seen);
int64_t weir_seen_files_count(const weir_seen_files *seen); /* remembered, aged ones not counted */
