/* Configuration: Spark's keys, typed, with default and text in one table (conf_keys.def), from which
 * parsing, checks and docs/configuration.md come. Unknown keys are accepted and kept, as Spark does.
 * A weir_conf is built by one thread and read-only afterwards (copy to change). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/plan/plan.h"

typedef enum weir_conf_key {
#define WEIR_CONF(id, key, kind, fallback, help) WEIR_CONF_##id,
#include "common/conf/conf_keys.def"
#undef WEIR_CONF
    WEIR_CONF_COUNT
} weir_conf_key;

typedef struct weir_conf weir_conf;

weir_conf *weir_conf_new(weir_arena *arena);
weir_conf *weir_conf_copy(weir_arena *arena, const weir_conf *conf);
/* Checks the value by the key's kind (INVALID_CONF_VALUE.* names key and value). */
weir_code weir_conf_set(weir_conf *conf, weir_str key, weir_str value, weir_error **err);
/* Text as set, or the default; NULL data for an unknown, unset key. */
weir_str weir_conf_get(const weir_conf *conf, weir_str key);
weir_str weir_conf_str(const weir_conf *conf, weir_conf_key key);
int64_t weir_conf_int(const weir_conf *conf, weir_conf_key key); /* INT, BYTES (512m), DURATION in ms */
bool weir_conf_bool(const weir_conf *conf, weir_conf_key key);
/* Texts as KIND_BYTES and KIND_DURATION keys take them; false where they are malformed. */
bool weir_conf_parse_bytes(weir_str text, int64_t *ret);
bool weir_conf_parse_duration_ms(weir_str text, int64_t *ret);
/* All keys that are set, plus nothing else, in the order set. */
const weir_options *weir_conf_entries(const weir_conf *conf);
/* For docs and `weir conf`: the table as markdown. */
void weir_conf_document(weir_strbuf *buf);
