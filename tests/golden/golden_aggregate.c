/* Spark's own answers for aggregates and hash() of one column (tests/golden/expr_aggregate.jsonl,
 * expr_hash.jsonl). Every aggregate case runs three ways, which must agree: all rows in one accumulator; a
 * group per row, merged in order; and the same through encoded state rows. */
#include "tests/lib/weir_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/base/json_value.h"
#include "common/column/cell_text.h"
#include "common/column/row_codec.h"
#include "common/expr/aggregate.h"
#include "common/expr/function.h"
#include "common/expr/program.h"
#include "tests/lib/json_rows.h"

typedef struct tally {
    int32_t checked, skipped, failed;
} tally;

static char *read_file(const char *name, size_t *ret_size) {
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/golden/%s", WEIR_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    cr_assert(file, "cannot open %s", path);
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(size + 1);
    cr_assert(fread(text, 1, size, file) == size);
    text[size] = 0;
    fclose(file);
    *ret_size = size;
    return text;
}

static weir_batch *case_rows(weir_arena *arena, const weir_json *test) {
    const weir_json *rows = weir_json_get(test, "rows");
    const char **lines = WEIR_NEW_ARRAY(arena, const char *, rows->count + 1);
    int32_t at = 0;
    for (const weir_json *row = rows->first; row; row = row->next)
        lines[at++] = weir_arena_strndup(arena, row->text.data, row->text.size);
    weir_str ddl = weir_json_get_str(test, "schema", WEIR_STR(""));
    return weir_json_rows(arena, weir_arena_strndup(arena, ddl.data, ddl.size), lines, rows->count);
}

/* "sum(x)" -> the function, where the text is a call of it on the column x. */
static const weir_function *function_of(weir_str sql) {
    const char *paren = memchr(sql.data, '(', sql.size);
    if (!paren || !weir_str_ends_with(sql, WEIR_STR("(x)")) || (size_t)(paren - sql.data) != sql.size - 3)
        return NULL;
    const weir_function *function = weir_function_find((weir_str){sql.data, sql.size - 3});
    return function && function->kind == WEIR_FUNCTION_AGGREGATE ? function : NULL;
}

static weir_node *input_node(weir_arena *arena, const weir_type *type) {
    weir_node_input *input = WEIR_NODE_NEW(arena, INPUT, input);
    input->node.type = type;
    input->node.nullable = input->node.resolved = true;
    return &input->node;
}

/* Encodes and decodes state columns: what the state store does to them. */
static void through_rows(weir_column **states, const weir_type *const *types, int32_t count, int32_t rows) {
    weir_error *err = NULL;
    weir_rows encoded = {0};
    weir_builder builders[WEIR_AGGREGATE_STATES_MAX];
    weir_sel sel = {NULL, rows};
    CHECK_OK(weir_rows_encode_values(&encoded, states, count, &sel, &err));
    for (int32_t i = 0; i < count; i++)
        CHECK_OK(weir_builder_init(&builders[i], NULL, types[i], rows, &err));
    for (int32_t i = 0; i < rows; i++) {
        weir_str row = weir_rows_at(&encoded, i);
        CHECK_OK(weir_row_decode((const uint8_t *)row.data, row.size, builders, count, &err));
    }
    for (int32_t i = 0; i < count; i++) {
        weir_column_unref(states[i]);
        CHECK_OK(weir_builder_finish(&builders[i], &states[i], &err));
        weir_builder_fini(&builders[i]);
    }
    weir_rows_fini(&encoded);
}

typedef struct run {
    const weir_aggregate_ops *ops;
    const weir_type *const *arg_types;
    const weir_type *type;
    weir_eval *eval;
    weir_column *arg;
    int32_t rows;
} run;

static weir_accumulator *new_acc(const run *r, int32_t groups) {
    weir_error *err = NULL;
    weir_accumulator *acc;
    CHECK_OK(r->ops->create(NULL, r->arg_types, 1, r->type, &acc, &err));
    CHECK_OK(r->ops->resize(acc, groups, &err));
    return acc;
}

static weir_code run_whole(const run *r, weir_column **ret, weir_error **err) {
    weir_accumulator *acc = new_acc(r, 1);
    int32_t *groups = calloc((size_t)r->rows + 1, sizeof *groups);
    weir_sel sel = {NULL, r->rows};
    weir_code code = r->ops->update(acc, r->eval, &r->arg, 1, r->rows, &sel, groups, err);
    if (code == WEIR_OK)
        code = r->ops->finish(acc, r->eval, 0, 1, ret, err);
    r->ops->destroy(acc);
    free(groups);
    return code;
}

static weir_code run_parts(const run *r, bool encode, weir_column **ret, weir_error **err) {
    weir_arena *arena = weir_arena_new();
    const weir_type *types[WEIR_AGGREGATE_STATES_MAX];
    weir_column *states[WEIR_AGGREGATE_STATES_MAX] = {0};
    int32_t count = r->ops->state_types(arena, r->arg_types, 1, r->type, types), parts = r->rows + 1;
    weir_accumulator *acc = new_acc(r, parts), *merged = new_acc(r, 1);
    int32_t *groups = calloc((size_t)parts + 1, sizeof *groups);
    for (int32_t i = 0; i < r->rows; i++)
        groups[i] = i;
    weir_sel sel = {NULL, r->rows};
    weir_code code = r->ops->update(acc, r->eval, &r->arg, 1, r->rows, &sel, groups, err);
    if (code == WEIR_OK)
        code = r->ops->states(acc, NULL, types, 0, parts, states, err);
    if (code == WEIR_OK) {
        if (encode)
            through_rows(states, types, count, parts);
        memset(groups, 0, sizeof(*groups) * (size_t)parts);
        sel.count = parts;
        code = r->ops->merge(merged, r->eval, states, &sel, groups, err);
    }
    if (code == WEIR_OK)
        code = r->ops->finish(merged, r->eval, 0, 1, ret, err);
    for (int32_t i = 0; i < count; i++)
        weir_column_unref(states[i]);
    r->ops->destroy(acc);
    r->ops->destroy(merged);
    free(groups);
    weir_arena_free(arena);
    return code;
}

static bool same_cell(const weir_column *column, const weir_json *expected, weir_strbuf *got) {
    weir_strbuf_clear(got);
    if (weir_column_is_null(column, 0)) {
        weir_strbuf_add_text(got, "(null)");
        return expected->kind == WEIR_JSON_NULL;
    }
    weir_cell_text(got, column, 0, WEIR_TEXT_SHOW, weir_timezone_utc());
    return expected->kind == WEIR_JSON_STRING && weir_str_equal(weir_strbuf_view(got), expected->text);
}

static void report(tally *t, const weir_json *test, const char *what, const char *got) {
    weir_str name = weir_json_get_str(test, "name", WEIR_STR("?"));
    weir_str schema = weir_json_get_str(test, "schema", WEIR_STR("?"));
    cr_log_error("%.*s over %.*s: %s: %s", WEIR_STR_ARG(name), WEIR_STR_ARG(schema), what, got);
    t->failed++;
}

static void check_error(tally *t, const weir_json *test, const weir_json *error, weir_error *err) {
    weir_str condition = weir_json_get_str(error, "condition", WEIR_STR(""));
    weir_str message = weir_json_get_str(error, "message", WEIR_STR(""));
    const char *text = weir_error_text(err);
    bool same = weir_str_equal(condition, weir_str_from(weir_code_condition(weir_error_code(err))));
    /* The place in the SQL text ("; line 1 pos 0", "== SQL") is the analyzer's to add. */
    same = same && weir_str_starts_with(message, weir_str_from(text));
    if (!same)
        report(t, test, message.data, text);
}

static void check_values(tally *t, const weir_json *test, const run *r) {
    const weir_json *values = weir_json_get(test, "values"), *error = weir_json_get(test, "error");
    _cleanup_strbuf_ weir_strbuf got = {0};
    for (int way = 0; way < 3; way++) {
        weir_error *err = NULL;
        _cleanup_column_ weir_column *result = NULL;
        weir_code code = way == 0 ? run_whole(r, &result, &err) : run_parts(r, way == 2, &result, &err);
        if (code != WEIR_OK && error)
            check_error(t, test, error, err);
        else if (code != WEIR_OK)
            report(t, test, "raised", weir_error_text(err));
        else if (error)
            report(t, test, "no error", "");
        else if (!same_cell(result, values->first, &got))
            report(t, test, way == 0 ? "whole" : way == 1 ? "merged" : "through rows", got.data);
        weir_error_free(err);
    }
}

/* JSON has no calendar intervals. */
static bool is_calendar(const weir_json *test) {
    return weir_str_equal(weir_json_get_str(test, "schema", WEIR_STR("")), WEIR_STR("x INTERVAL"));
}

static void check_aggregate(tally *t, weir_arena *arena, const weir_json *test) {
    const weir_json *error = weir_json_get(test, "error"), *conf = weir_json_get(test, "conf");
    const weir_function *function = function_of(weir_json_get_str(test, "sql", WEIR_STR("")));
    if (!function || is_calendar(test)) {
        t->skipped++;
        return;
    }
    t->checked++;
    bool ansi = !weir_str_equal(weir_json_get_str(conf, "spark.sql.ansi.enabled", WEIR_STR("true")),
                                WEIR_STR("false"));
    _cleanup_batch_ weir_batch *batch = case_rows(arena, test);
    weir_eval eval = {.arena = arena, .zone = weir_timezone_utc(), .ansi = ansi};
    weir_node *arg = input_node(arena, batch->schema->fields[0].type);
    weir_resolve resolve = {.arena = arena, .ansi = ansi, .zone = eval.zone};
    weir_error *err = NULL;
    const weir_type *type;
    bool nullable;
    weir_node *rewrite = NULL;
    if (function->resolve(&resolve, function, &arg, 1, &type, &nullable, &rewrite, &err) != WEIR_OK) {
        const char *condition = weir_code_condition(weir_error_code(err));
        if (!error ||
            !weir_str_equal(weir_json_get_str(error, "condition", WEIR_STR("")), weir_str_from(condition)))
            report(t, test, "does not resolve", weir_error_text(err));
        weir_error_free(err);
        return;
    }
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_type_simple(&text, type);
    weir_str expected_type = weir_json_get_str(test, "type", WEIR_STR(""));
    if (expected_type.size && !weir_str_equal(weir_strbuf_view(&text), expected_type))
        report(t, test, "type", text.data);
    weir_column *column = weir_column_ref(batch->columns[0]);
    if (arg->kind == WEIR_NODE_CAST) {
        weir_sel all = {NULL, batch->rows};
        weir_column *cast;
        weir_code code = weir_cast_column(&eval, column, arg->type, ansi ? WEIR_CAST_ANSI : WEIR_CAST_LEGACY,
                                          &all, &cast, &err);
        weir_column_unref(column);
        if (code != WEIR_OK) {
            if (!error)
                report(t, test, "cast", weir_error_text(err));
            weir_error_free(err);
            return;
        }
        column = cast;
    }
    run r = {function->aggregate, &arg->type, type, &eval, column, batch->rows};
    check_values(t, test, &r);
    weir_column_unref(column);
}

static void check_hash(tally *t, weir_arena *arena, const weir_json *test) {
    const weir_json *values = weir_json_get(test, "values");
    if (!values || !weir_str_equal(weir_json_get_str(test, "sql", WEIR_STR("")), WEIR_STR("hash(x)")) ||
        is_calendar(test)) {
        t->skipped++;
        return;
    }
    t->checked++;
    weir_error *err = NULL;
    _cleanup_batch_ weir_batch *batch = case_rows(arena, test);
    weir_sel all = {NULL, batch->rows};
    uint32_t *hashes = WEIR_NEW_ARRAY(arena, uint32_t, batch->rows + 1);
    CHECK_OK(weir_columns_murmur3(batch->columns, 1, &all, WEIR_MURMUR3_SEED, hashes, &err));
    int32_t row = 0;
    for (const weir_json *value = values->first; value; value = value->next, row++) {
        char text[16];
        snprintf(text, sizeof text, "%d", (int32_t)hashes[row]);
        if (!weir_str_equal(value->text, weir_str_from(text)))
            report(t, test, weir_arena_strndup(arena, value->text.data, value->text.size), text);
    }
}

static tally each_case(const char *name, void (*check)(tally *t, weir_arena *arena, const weir_json *test)) {
    size_t size;
    char *text = read_file(name, &size);
    tally t = {0};
    bool first = true;
    for (char *line = text; *line;) {
        char *end = strchr(line, '\n');
        if (!first) {
            weir_arena *arena = weir_arena_new();
            weir_error *err = NULL;
            weir_json *test;
            CHECK_OK(weir_json_parse(arena, (weir_str){line, (size_t)(end - line)}, name, &test, &err));
            check(&t, arena, test);
            weir_arena_free(arena);
        }
        first = false;
        line = end + 1;
    }
    free(text);
    cr_log_info("%s: %d checked, %d not of this test", name, t.checked, t.skipped);
    cr_assert(t.failed == 0, "%d of %d cases of %s differ", t.failed, t.checked, name);
    return t;
}

WEIR_TEST(golden_aggregate, answers_as_spark_does) {
    tally t = each_case("expr_aggregate.jsonl", check_aggregate);
    cr_assert(t.checked >= 300, "only %d cases", t.checked);
}

WEIR_TEST(golden_aggregate, hashes_as_spark_does) {
    tally t = each_case("expr_hash.jsonl", check_hash);
    cr_assert(t.checked >= 20, "only %d cases", t.checked);
}
