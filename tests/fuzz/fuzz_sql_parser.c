/* Bytes as SQL: parser, analyzer, optimizer and the binary form must hold for any text. The first byte
 * chooses query or expression. */
#include <stdint.h>

#include "driver/analyze/analyzer.h"
#include "driver/optimize/optimizer.h"
#include "driver/sql/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static weir_code find(void *self, weir_arena *arena, const weir_str_list *name, weir_node **ret,
                      weir_error **err) {
    (void)self, (void)name;
    weir_node_source *source = WEIR_NODE_NEW(arena, SOURCE, source);
    WEIR_TRY(weir_schema_parse(
        arena,
        WEIR_STR("a INT, b STRING, c TIMESTAMP, d STRUCT<x: INT, y: STRING>, e DOUBLE, f BOOLEAN, "
                 "g ARRAY<INT>, h MAP<STRING, INT>, i DATE, j DECIMAL(10, 2)"),
        &source->schema, err));
    *ret = &source->node;
    return WEIR_OK;
}

static void run(weir_arena *arena, weir_str sql, bool query, weir_error **err) {
    int64_t next_id = 1;
    weir_catalog catalog = {.find = find};
    const weir_timezone *zone = weir_timezone_utc();
    weir_analyzer_options options = {
        .catalog = &catalog, .zone = zone, .ansi = true, .sql = sql, .next_id = &next_id};
    weir_node *plan;
    if (query) {
        if (weir_parser_query(arena, sql, zone, &plan, err) != WEIR_OK)
            return;
    } else {
        weir_node_project *project = WEIR_NODE_NEW(arena, PROJECT, project);
        weir_node *expr;
        if (weir_parser_expression(arena, sql, zone, &expr, err) != WEIR_OK ||
            find(NULL, arena, NULL, &project->child, err) != WEIR_OK)
            return;
        weir_node_list_add(arena, &project->exprs, expr);
        plan = &project->node;
    }
    weir_strbuf text _cleanup_strbuf_ = {0};
    weir_node_print(&text, plan);
    if (weir_analyzer_run(arena, plan, &options, &plan, err) != WEIR_OK)
        return;
    weir_optimizer_options optimizer = {zone, true, &next_id};
    if (weir_optimizer_run(arena, plan, &optimizer, &plan, err) == WEIR_OK)
        weir_node_print(&text, plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > 4096)
        return 0;
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    run(arena, weir_str_make((const char *)data + 1, size - 1), data[0] & 1, &err);
    if (err)
        (void)weir_error_text(err);
    weir_error_free(err);
    weir_arena_free(arena);
    return 0;
}
