/* Single JSON texts to values of a type: from_json and parse_json. A spec is immutable; a reader keeps the
 * parser's buffers from text to text, one thread. */
#pragma once

#include "common/base/arena.h"
#include "common/column/builder.h"
#include "common/plan/plan.h"
#include "common/types/timezone.h"

typedef struct weir_json_text_spec weir_json_text_spec;
typedef struct weir_json_text_reader weir_json_text_reader;

/* STRUCT, ARRAY, MAP or VARIANT, with the options of the JSON source. A column for corrupt records must be
 * the last field; DROPMALFORMED is refused. */
weir_code weir_json_text_spec_new(weir_arena *arena, const weir_type *type, const weir_options *options,
                                  const weir_timezone *zone, const weir_json_text_spec **ret,
                                  weir_error **err);
weir_json_text_reader *weir_json_text_reader_new(void);
void weir_json_text_reader_free(weir_json_text_reader *reader); /* accepts NULL */
/* Appends one row: NULL for a blank text and where the type is no STRUCT and the text does not fit; a STRUCT
 * without values for bad text. FAILFAST raises. */
weir_code weir_json_text_read(weir_json_text_reader *reader, const weir_json_text_spec *spec, weir_str text,
                              weir_builder *builder, weir_error **err);
/* Appends one row of a VARIANT builder; false with nothing appended where the text is no JSON. */
bool weir_json_text_read_variant(weir_json_text_reader *reader, weir_str text, weir_builder *builder,
                                 bool *ret_oom);
