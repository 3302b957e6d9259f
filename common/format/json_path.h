/* Single JSON texts: values by path as Spark's get_json_object finds them, and the outermost array or object.
 * A path is immutable; a lookup keeps the parser's buffers from text to text, one thread. */
#pragma once

#include "common/base/arena.h"
#include "common/column/builder.h"

typedef struct weir_json_path weir_json_path;
typedef struct weir_json_lookup weir_json_lookup;

/* "$.a[0]['b'][*]"; false where it is no path. */
bool weir_json_path_parse(weir_arena *arena, weir_str text, const weir_json_path **ret);
weir_json_lookup *weir_json_lookup_new(void);
void weir_json_lookup_free(weir_json_lookup *lookup); /* accepts NULL */
/* Puts into `out` what stands at the path: strings as they are, all else as JSON. False: nothing, or no JSON.
 */
bool weir_json_lookup_get(weir_json_lookup *lookup, const weir_json_path *path, weir_str text,
                          weir_strbuf *out);
/* Elements of the array that the text is, -1 for all else. */
int64_t weir_json_lookup_array_length(weir_json_lookup *lookup, weir_str text);
/* Appends the names of the object that the text is as one row of an ARRAY<STRING>; nothing where it is none
 * (false). *ret_oom: the budget refused. */
bool weir_json_lookup_keys(weir_json_lookup *lookup, weir_str text, weir_builder *builder, bool *ret_oom);
