/* Is a text UTF-8? Strictly as Unicode defines it: no surrogates, nothing above U+10FFFF, no overlong forms.
 */
#pragma once

#include <stdbool.h>

#include "common/base/str.h"

bool weir_utf8_valid(weir_str text);
