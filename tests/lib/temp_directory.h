/* A directory of a test's own under the system's temporary one, removed with all it holds. */
#pragma once

#include "common/base/arena.h"
#include "common/base/str.h"

/* Makes the directory; the path lives in the arena. Asserts on failure. */
const char *weir_temp_directory_new(weir_arena *arena);
void weir_temp_directory_remove(const char *path);
/* Removes it when the variable leaves its scope (a failed assertion leaves it for a look). */
void weir_temp_directory_remove_ptr(const char **path);
#define _cleanup_temp_directory_ _cleanup_(weir_temp_directory_remove_ptr)

/* Whole file as text in the arena; a NULL text where it cannot be read. */
weir_str weir_temp_file_read(weir_arena *arena, const char *path);
/* Writes the file and the directories above it. Asserts on failure. */
void weir_temp_file_write(const char *path, weir_str text);
