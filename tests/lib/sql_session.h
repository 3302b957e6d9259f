/* A session for SQL tests: parses and analyses against a table `t`, a streaming `st`, and `wt`, which is `st`
 * with a watermark. */
#pragma once

#include "common/plan/plan.h"
#include "common/types/timezone.h"

/* The columns of all three tables. */
#define SQL_SESSION_SCHEMA \
    "time TIMESTAMP, action STRING, value INT, l BIGINT, d DOUBLE, dc DECIMAL(10,2), b BOOLEAN, dt DATE, " \
    "user STRUCT<id:BIGINT,name:STRING>, tags ARRAY<STRING>, m MAP<STRING,INT>, `odd name` INT"

weir_code sql_session_analyze(weir_arena *arena, const char *sql, int64_t *next_id, weir_node **ret,
                              weir_error **err);
/* The plan as plan_line prints it, or the error's text. Lives in the arena. */
const char *sql_session_line(weir_arena *arena, const char *sql);
