/* Row codec: round trips of every type, key form against Spark's grouping rules, damaged bytes. */
#include "tests/lib/weir_test.h"

#include <stdlib.h>

#include "common/column/row_codec.h"
#include "tests/lib/json_rows.h"

/* One row per line; the last line leaves everything NULL. */
typedef struct type_case {
    const char *ddl;
    const char *lines[4];
} type_case;

static const type_case type_cases[] = {
    {"a BOOLEAN, b TINYINT, c SMALLINT", {"{\"a\":true,\"b\":-7,\"c\":300}", "{\"b\":1}", "{}"}},
    {"a INT, b BIGINT, c FLOAT, d DOUBLE",
     {"{\"a\":1,\"b\":-9000000000,\"c\":1.5,\"d\":\"NaN\"}", "{\"d\":-0.0}", "{}"}},
    {"a DECIMAL(5,2), b DECIMAL(38,10)", {"{\"a\":-1.25,\"b\":12345678901234567890.5}", "{\"b\":0}", "{}"}},
    {"a STRING, b BINARY, c STRING",
     {"{\"a\":\"\",\"b\":\"AQI=\",\"c\":\"a string longer than sixteen bytes\"}",
      "{\"a\":\"Open\",\"c\":\"x\"}", "{}"}},
    {"a DATE, b TIMESTAMP, c TIMESTAMP_NTZ",
     {"{\"a\":\"2016-07-25\",\"b\":\"2016-07-25T21:45:07.123456Z\"}", "{\"c\":\"0001-01-01T00:00:00\"}",
      "{}"}},
    {"a STRUCT<x: INT, y: STRUCT<z: STRING, w: BIGINT>>, b INT",
     {"{\"a\":{\"x\":1,\"y\":{\"z\":\"q\",\"w\":5}},\"b\":2}", "{\"a\":{\"y\":{}},\"b\":3}", "{\"a\":{}}",
      "{}"}},
    {"a ARRAY<STRING>, b ARRAY<ARRAY<INT>>, c INT",
     {"{\"a\":[\"x\",null,\"\"],\"b\":[[1,null],[],null],\"c\":1}", "{\"a\":[],\"c\":2}", "{}"}},
    {"a MAP<STRING, INT>, b MAP<STRING, ARRAY<STRUCT<q: DOUBLE>>>",
     {"{\"a\":{\"k\":1,\"l\":null},\"b\":{\"m\":[{\"q\":1.5},null]}}", "{\"a\":{}}", "{}"}},
    {"a VARIANT, b STRING", {"{\"a\":{\"x\":[1,2]},\"b\":\"z\"}", "{\"a\":1}", "{}"}},
};

static int32_t lines_of(const type_case *c) {
    int32_t count = 0;
    while (count < 4 && c->lines[count])
        count++;
    return count;
}

static weir_batch *decode_all(const weir_rows *rows, const weir_batch *like) {
    weir_error *err = NULL;
    int32_t count = like->columns_count;
    weir_builder *builders = calloc((size_t)count, sizeof *builders);
    weir_column **columns = calloc((size_t)count, sizeof *columns);
    for (int32_t i = 0; i < count; i++)
        CHECK_OK(weir_builder_init(&builders[i], NULL, like->schema->fields[i].type, 1, &err));
    for (int32_t i = 0; i < rows->count; i++) {
        weir_str row = weir_rows_at(rows, i);
        CHECK_OK(weir_row_decode((const uint8_t *)row.data, row.size, builders, count, &err));
    }
    for (int32_t i = 0; i < count; i++) {
        CHECK_OK(weir_builder_finish(&builders[i], &columns[i], &err));
        weir_builder_fini(&builders[i]);
    }
    weir_batch *batch = weir_batch_new(like->schema, rows->count, columns, count);
    free(builders);
    free(columns);
    return batch;
}

WEIR_TEST(row_codec, rows_of_every_type_come_back) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(type_cases); i++) {
        const type_case *c = &type_cases[i];
        _cleanup_batch_ weir_batch *batch = weir_json_rows(arena, c->ddl, c->lines, lines_of(c));
        weir_rows rows = {0};
        weir_sel sel = {NULL, batch->rows};
        CHECK_OK(weir_rows_encode_values(&rows, batch->columns, batch->columns_count, &sel, &err));
        _cleanup_batch_ weir_batch *back = decode_all(&rows, batch);
        _cleanup_strbuf_ weir_strbuf want = {0}, got = {0};
        weir_rows_text(&want, batch);
        weir_rows_text(&got, back);
        CHECK_TEXT(got.data, want.data);
        weir_rows_fini(&rows);
    }
    weir_arena_free(arena);
}

WEIR_TEST(row_codec, damaged_rows_are_refused_and_leave_builders_alone) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(type_cases); i++) {
        const type_case *c = &type_cases[i];
        _cleanup_batch_ weir_batch *batch = weir_json_rows(arena, c->ddl, c->lines, lines_of(c));
        weir_rows rows = {0};
        weir_sel sel = {NULL, 1};
        CHECK_OK(weir_rows_encode(&rows, batch->columns, batch->columns_count, &sel, &err));
        int32_t count = batch->columns_count;
        weir_builder *builders = calloc((size_t)count, sizeof *builders);
        for (int32_t f = 0; f < count; f++)
            CHECK_OK(weir_builder_init(&builders[f], NULL, batch->schema->fields[f].type, 1, &err));
        for (size_t size = 0; size < rows.size;
             size++) { /* every truncation, in a block of its own for asan */
            uint8_t *copy = malloc(size + 1);
            memcpy(copy, rows.data, size);
            CHECK_FAILS(CORRUPT_FILE, weir_row_decode(copy, size, builders, count, &err));
            cr_assert(builders[0].length == 0);
            free(copy);
        }
        for (size_t at = 0; at < rows.size;
             at++) { /* every bit flip: an error or another row, never a crash */
            uint8_t *copy = malloc(rows.size);
            memcpy(copy, rows.data, rows.size);
            copy[at] ^= (uint8_t)(1u << (at % 8));
            int32_t before = builders[0].length;
            weir_code code = weir_row_decode(copy, rows.size, builders, count, &err);
            for (int32_t f = 0; f < count; f++)
                cr_assert(builders[f].length == before + (code == WEIR_OK));
            weir_error_free_ptr(&err);
            err = NULL;
            free(copy);
        }
        for (int32_t f = 0; f < count; f++)
            weir_builder_fini(&builders[f]);
        free(builders);
        weir_rows_fini(&rows);
    }
    weir_arena_free(arena);
}

typedef struct key_case {
    const char *ddl, *a, *b;
    bool equal;
} key_case;

/* Equality under Spark's GROUP BY, asked of Spark 4.3. */
static const key_case key_cases[] = {
    {"x DOUBLE", "{\"x\":0.0}", "{\"x\":-0.0}", true},
    {"x FLOAT", "{\"x\":0.0}", "{\"x\":-0.0}", true},
    {"x ARRAY<DOUBLE>", "{\"x\":[0.0]}", "{\"x\":[-0.0]}", true},
    {"x STRUCT<y: DOUBLE>", "{\"x\":{\"y\":0.0}}", "{\"x\":{\"y\":-0.0}}", true},
    {"x DOUBLE", "{\"x\":\"NaN\"}", "{\"x\":\"NaN\"}", true},
    {"x DOUBLE", "{}", "{}", true},
    {"x DOUBLE", "{}", "{\"x\":0.0}", false},
    {"x MAP<STRING, INT>", "{\"x\":{\"a\":1,\"b\":2}}", "{\"x\":{\"b\":2,\"a\":1}}", true},
    {"x MAP<STRING, INT>", "{\"x\":{\"a\":1,\"b\":2}}", "{\"x\":{\"a\":2,\"b\":1}}", false},
    {"x STRING, y STRING", "{\"x\":\"ab\",\"y\":\"c\"}", "{\"x\":\"a\",\"y\":\"bc\"}", false},
    {"x STRING", "{\"x\":\"\"}", "{}", false},
    {"x STRUCT<y: INT>", "{\"x\":{}}", "{}", false},
};

WEIR_TEST(row_codec, equal_keys_have_equal_bytes) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(key_cases); i++) {
        const key_case *c = &key_cases[i];
        const char *lines[] = {c->a, c->b};
        _cleanup_batch_ weir_batch *batch = weir_json_rows(arena, c->ddl, lines, 2);
        weir_rows rows = {0};
        weir_sel sel = {NULL, 2};
        CHECK_OK(weir_rows_encode(&rows, batch->columns, batch->columns_count, &sel, &err));
        cr_assert(weir_str_equal(weir_rows_at(&rows, 0), weir_rows_at(&rows, 1)) == c->equal, "%s: %s and %s",
                  c->ddl, c->a, c->b);
        weir_rows_fini(&rows);
    }
    weir_arena_free(arena);
}

WEIR_TEST(row_codec, selections_and_constants_encode_like_flat_rows) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    const char *lines[] = {"{\"a\":\"x\",\"b\":{\"c\":1}}", "{\"a\":\"a longer string of bytes\"}",
                           "{\"b\":{\"c\":3}}"};
    _cleanup_batch_ weir_batch *batch = weir_json_rows(arena, "a STRING, b STRUCT<c: INT>", lines, 3);
    weir_rows all = {0}, some = {0};
    weir_sel sel = {NULL, 3};
    CHECK_OK(weir_rows_encode(&all, batch->columns, 2, &sel, &err));
    int32_t picked[] = {1, 2};
    weir_sel two = {picked, 2};
    CHECK_OK(weir_rows_encode(&some, batch->columns, 2, &two, &err));
    cr_assert(weir_str_equal(weir_rows_at(&some, 0), weir_rows_at(&all, 1)));
    cr_assert(weir_str_equal(weir_rows_at(&some, 1), weir_rows_at(&all, 2)));
    weir_column *constant[] = {weir_column_constant(batch->columns[0], 3),
                               weir_column_constant(batch->columns[1], 3)};
    CHECK_OK(weir_rows_encode(&some, constant, 2, &sel, &err));
    for (int32_t i = 0; i < 3; i++)
        cr_assert(weir_str_equal(weir_rows_at(&some, i), weir_rows_at(&all, 0)));
    weir_column_unref(constant[0]);
    weir_column_unref(constant[1]);
    weir_rows_fini(&all);
    weir_rows_fini(&some);
    weir_arena_free(arena);
}

WEIR_TEST(row_codec, a_refused_budget_is_an_error) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    const char *lines[] = {"{\"a\":\"x\"}"};
    _cleanup_batch_ weir_batch *batch = weir_json_rows(arena, "a STRING", lines, 1);
    weir_budget budget;
    weir_budget_init(&budget, NULL, 100);
    weir_rows rows = {.budget = &budget};
    weir_sel sel = {NULL, 1};
    CHECK_FAILS(OUT_OF_MEMORY, weir_rows_encode(&rows, batch->columns, 1, &sel, &err));
    weir_rows_fini(&rows);
    cr_assert(budget.used == 0);
    weir_arena_free(arena);
}
