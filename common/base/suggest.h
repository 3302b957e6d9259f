/* "did you mean": the nearest of a few known words to a misspelt one, for keys, flags and commands.
 * Any thread. */
#pragma once

#include <stdint.h>

#include "common/base/str.h"

/* Index of the nearest word by edit distance (insert, delete, replace, swap of neighbours; case counts a
 * little), or -1 where none is near enough to be meant. Words of more than 64 bytes are never near. */
int32_t weir_suggest(weir_str word, const char *const *known, int32_t count);
