/* Spark's own answers for the analysis of expressions (tests/golden/expr_*.jsonl): the generated column name
 * and type, or the whole error text. `differences` is what is known to differ (functions and types that are
 * not built, corner cases of void columns); fewer is progress and lowers the number here. */
#include "tests/lib/weir_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/json_value.h"
#include "driver/analyze/analyzer.h"
#include "driver/sql/parser.h"

typedef struct tally {
    int32_t same, different, refused;
} tally;

static bool conf_is(const weir_json *test, const char *key, const char *fallback, const char *value) {
    const weir_json *conf = weir_json_get(test, "conf");
    weir_str text = conf ? weir_json_get_str(conf, key, weir_str_from(fallback)) : weir_str_from(fallback);
    return weir_str_equal(text, weir_str_from(value));
}

static weir_code analyze(weir_arena *arena, const weir_json *test, weir_node **ret, weir_error **err) {
    const weir_json *conf = weir_json_get(test, "conf");
    const weir_timezone *zone;
    weir_str id =
        conf ? weir_json_get_str(conf, "spark.sql.session.timeZone", WEIR_STR("UTC")) : WEIR_STR("UTC");
    WEIR_TRY(weir_timezone_open(id, &zone, err));
    int64_t next_id = 1;
    weir_analyzer_options options = {
        .zone = zone,
        .ansi = !conf_is(test, "spark.sql.ansi.enabled", "true", "false"),
        .case_sensitive = conf_is(test, "spark.sql.caseSensitive", "false", "true"),
        .sql = weir_json_get_str(test, "sql", WEIR_STR("")),
        .next_id = &next_id,
    };
    weir_node_source *source = WEIR_NODE_NEW(arena, SOURCE, source);
    weir_str schema = weir_json_get_str(test, "schema", WEIR_STR("id BIGINT NOT NULL"));
    WEIR_TRY(weir_schema_parse(arena, schema, &source->schema, err));
    weir_node_project *project = WEIR_NODE_NEW(arena, PROJECT, project);
    project->child = &source->node;
    weir_node *expr;
    WEIR_TRY(weir_parser_expression(arena, options.sql, zone, &expr, err));
    weir_node_list_add(arena, &project->exprs, expr);
    return weir_analyzer_run(arena, &project->node, &options, ret, err);
}

/* Spark's message up to the plan that it appends. */
static weir_str message_of(const weir_json *error) {
    weir_str text = weir_json_get_str(error, "message", WEIR_STR(""));
    if (text.size && text.data[0] == '\n')
        text = weir_str_make(text.data + 1, text.size - 1);
    const char *plan = memmem(text.data, text.size, ";\n", 2);
    if (plan && memmem(text.data, text.size, "== SQL", 6) == NULL)
        text.size = (size_t)(plan - text.data);
    return text;
}

static void check_case(const weir_json *test, tally *t) {
    weir_arena *arena _cleanup_arena_ = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    weir_node *plan = NULL;
    const weir_json *error = weir_json_get(test, "error");
    const weir_json *column = weir_json_get(test, "column");
    if (!column && !error)
        return;
    weir_code code = analyze(arena, test, &plan, &err);
    bool same;
    if (column && code == WEIR_UNSUPPORTED_FEATURE) {
        t->refused++;
        return;
    }
    if (column && code == WEIR_OK) {
        weir_strbuf type _cleanup_strbuf_ = {0};
        weir_type_simple(&type, plan->type->fields[0].type);
        same = weir_str_equal(column->text, plan->type->fields[0].name) &&
               weir_str_equal(weir_json_get_str(test, "type", WEIR_STR("")), weir_strbuf_view(&type));
    } else {
        same = !column && code != WEIR_OK &&
               weir_str_equal(message_of(error), weir_str_from(weir_error_text(err)));
    }
    t->same += same;
    t->different += !same;
    if (!same && getenv("GOLDEN_SHOW"))
        fprintf(stderr, "%.*s\n  spark %.*s\n  weir  %s\n",
                WEIR_STR_ARG(weir_json_get_str(test, "sql", WEIR_STR(""))),
                WEIR_STR_ARG(column ? column->text : message_of(error)),
                code ? weir_error_text(err) : "no error");
}

static tally check_file(const char *name) {
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/golden/%s.jsonl", WEIR_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    cr_assert(file, "cannot open %s", path);
    tally t = {0};
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    for (int32_t number = 0; (size = getline(&line, &capacity, file)) > 0; number++) {
        weir_arena *arena _cleanup_arena_ = weir_arena_new();
        weir_error *err = NULL;
        weir_json *test;
        CHECK_OK(weir_json_parse(arena, weir_str_make(line, (size_t)size), path, &test, &err));
        if (number > 0)
            check_case(test, &t);
    }
    free(line);
    fclose(file);
    return t;
}

WEIR_TEST(names, types_and_errors_are_sparks) {
    static const struct {
        const char *file;
        int32_t same, differences;
    } files[] = {
        {"expr_error", 315, 27},        {"expr_literal", 210, 3},    {"expr_predicate", 1033, 12},
        {"expr_nested", 116, 3},        {"expr_window", 117, 0},     {"expr_string", 77, 2},
        {"expr_arithmetic", 2025, 115}, {"expr_datetime", 1098, 2},  {"expr_cast", 1458, 37},
        {"expr_cast_string", 397, 0},   {"expr_aggregate", 532, 31},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(files); i++) {
        tally t = check_file(files[i].file);
        fprintf(stderr, "%s: %d as Spark, %d different, %d refused\n", files[i].file, t.same, t.different,
                t.refused);
        cr_expect(t.same >= files[i].same, "%s: only %d as Spark", files[i].file, t.same);
        cr_expect(t.different <= files[i].differences, "%s: %d different", files[i].file, t.different);
    }
}
