/* The session of sql_session.h. */
#include "tests/lib/sql_session.h"

#include "driver/analyze/analyzer.h"
#include "driver/sql/parser.h"
#include "tests/lib/plan_line.h"

static weir_code find(void *self, weir_arena *arena, const weir_str_list *name, weir_node **ret,
                      weir_error **err) {
    (void)self;
    *ret = NULL;
    weir_str table = name->items[0];
    bool streaming = !weir_str_equal_nocase(table, WEIR_STR("t"));
    bool watermark = weir_str_equal_nocase(table, WEIR_STR("wt"));
    if (name->count != 1 || (streaming && !watermark && !weir_str_equal_nocase(table, WEIR_STR("st"))))
        return WEIR_OK;
    weir_node_source *source = WEIR_NODE_NEW(arena, SOURCE, source);
    WEIR_TRY(weir_schema_parse(arena, WEIR_STR(SQL_SESSION_SCHEMA), &source->schema, err));
    source->name = table;
    source->format = WEIR_STR("json");
    source->streaming = streaming;
    *ret = &source->node;
    if (watermark) {
        weir_node_watermark *node = WEIR_NODE_NEW(arena, WATERMARK, watermark);
        node->child = &source->node;
        node->column = WEIR_STR("time");
        node->delay_us = 600000000;
        *ret = &node->node;
    }
    return WEIR_OK;
}

weir_code sql_session_analyze(weir_arena *arena, const char *sql, int64_t *next_id, weir_node **ret,
                              weir_error **err) {
    weir_catalog catalog = {.find = find};
    weir_analyzer_options options = {.catalog = &catalog,
                                     .zone = weir_timezone_utc(),
                                     .ansi = true,
                                     .sql = weir_str_from(sql),
                                     .next_id = next_id};
    weir_node *parsed;
    WEIR_TRY(weir_parser_query(arena, options.sql, options.zone, &parsed, err));
    return weir_analyzer_run(arena, parsed, &options, ret, err);
}

const char *sql_session_line(weir_arena *arena, const char *sql) {
    _cleanup_error_ weir_error *err = NULL;
    int64_t next_id = 1;
    weir_node *plan;
    if (sql_session_analyze(arena, sql, &next_id, &plan, &err) != WEIR_OK)
        return weir_arena_strdup(arena, weir_error_text(err));
    weir_strbuf line _cleanup_strbuf_ = {0};
    plan_line(&line, plan);
    return weir_arena_strdup(arena, line.data);
}
