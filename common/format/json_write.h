/* Values as JSON text, as Spark's JacksonGenerator writes them: the file writer, to_json and tests.
 * A style is immutable and may be shared; any thread. */
#pragma once

#include "common/column/column.h"
#include "common/plan/plan.h"
#include "common/types/datetime.h"

typedef struct weir_json_style {
    bool keep_nulls; /* ignoreNullFields=false */
    bool pretty;     /* Jackson's default pretty printer */
    bool ascii;      /* writeNonAsciiCharacterAsCodePoint: \uXXXX for everything above 0x7F */
    const weir_timezone *zone;
    const weir_datetime_pattern *date_pattern, *timestamp_pattern, *ntz_pattern,
        *time_pattern; /* NULL: default */
} weir_json_style;

/* Reads the generator's options (ignoreNullFields, pretty, timeZone, dateFormat, timestampFormat, ...);
 * refuses by name what Weir does not write. Patterns live in the arena. */
weir_code weir_json_style_parse(weir_arena *arena, const weir_options *options, const weir_timezone *zone,
                                weir_json_style *ret, weir_error **err);
/* Appends the value of one row, "null" for NULL. Any encoding. False: a variant's bytes are damaged. */
bool weir_json_write_value(weir_strbuf *buf, const weir_column *column, int32_t row,
                           const weir_json_style *style);
/* Appends a JSON string with its quotes; `ascii` as above. */
void weir_json_write_text(weir_strbuf *buf, weir_str text, bool ascii);
