/* VARIANT values as text. A variant is two byte strings (value, metadata) in Spark's binary form. Any
 * thread. */
#pragma once

#include <stdbool.h>

#include "common/base/str.h"
#include "common/types/timezone.h"

/* Appends the JSON text (what show and to_json print); with `as_cast` a scalar as CAST to STRING prints
 * it (strings without quotes). A malformed value appends MALFORMED_VARIANT and gives false. */
bool weir_variant_text(weir_strbuf *buf, weir_str value, weir_str metadata, bool as_cast,
                       const weir_timezone *zone);
