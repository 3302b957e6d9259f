/* A small strict JSON document: log metadata, offsets, schemas, progress, golden files.
 * Not for data (common/format/json_reader.h reads data). Integers keep 64 bits; other numbers keep
 * their text. Depth is limited to 512. Arena-owned. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"

typedef enum weir_json_kind {
    WEIR_JSON_NULL,
    WEIR_JSON_BOOL,
    WEIR_JSON_NUMBER,
    WEIR_JSON_STRING,
    WEIR_JSON_ARRAY,
    WEIR_JSON_OBJECT,
} weir_json_kind;

typedef struct weir_json {
    weir_json_kind kind;
    bool boolean;
    bool is_integer; /* number fits `integer` exactly */
    int64_t integer;
    weir_str text;           /* string value (decoded), or the number as written */
    weir_str name;           /* key, where the parent is an object */
    int32_t count;           /* children */
    struct weir_json *first; /* children in order, linked by next */
    struct weir_json *next;
} weir_json;

/* `what` names the document in errors ("offsets/3"). Trailing text is an error. */
weir_code weir_json_parse(weir_arena *arena, weir_str text, const char *what, weir_json **ret,
                          weir_error **err);
const weir_json *weir_json_get(const weir_json *object, const char *name); /* NULL if absent */
/* Typed getters with defaults: absent, null or another kind give the default. */
weir_str weir_json_get_str(const weir_json *object, const char *name, weir_str fallback);
int64_t weir_json_get_int(const weir_json *object, const char *name, int64_t fallback);
bool weir_json_get_bool(const weir_json *object, const char *name, bool fallback);

/* Writing: appends `text` as a JSON string with quotes, escaped as Jackson does. */
void weir_json_write_string(weir_strbuf *buf, weir_str text);
void weir_json_write(weir_strbuf *buf, const weir_json *value); /* compact */
