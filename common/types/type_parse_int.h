/* What the DDL and the JSON type parsers share; private to common/types. */
#pragma once

#include "common/types/types.h"

/* Appends a code point as UTF-8. */
void weir_type_parse_add_utf8(weir_strbuf *buf, uint32_t code);
