/* A scope for tests of Spark Connect plans: UTC, Spark's defaults, files in memory, one view `v`
 * (BIGINT id) and one blob. */
#pragma once

#include "common/base/env.h"
#include "common/fs/fs.h"
#include "driver/connect/connect_plan.h"

typedef struct connect_scope {
    weir_connect_scope scope;
    weir_env env;
    weir_catalog catalog;
    int64_t next_id;
    weir_sql_texts texts;
    weir_str blob; /* the artifact of any hash; NULL data: none */
} connect_scope;

void connect_scope_init(connect_scope *s, weir_arena *arena);
/* Frees what init made beside the arena. */
void connect_scope_fini(connect_scope *s);
/* Standard base64, whole groups; in the arena. */
weir_str connect_scope_base64(weir_arena *arena, weir_str text);
