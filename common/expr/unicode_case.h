/* Upper and lower case of UTF-8 text with Unicode's full mappings (one to many, final sigma), as Java
 * and ICU do it for the root locale. Any thread. */
#pragma once

#include "common/base/str.h"

/* Appends the mapped text; `ret` has room for 3 * text.size + 16 bytes. Gives the bytes written. */
size_t weir_unicode_upper(weir_str text, char *ret);
size_t weir_unicode_lower(weir_str text, char *ret);
