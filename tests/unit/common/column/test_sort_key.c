/* Sort keys: memcmp order is Spark's order (answers recorded from ORDER BY in Spark 4.3). */
#include "tests/lib/weir_test.h"

#include <stdlib.h>

#include "common/column/sort_key.h"
#include "tests/lib/json_rows.h"

typedef struct order_case {
    const char *ddl;
    int32_t count;
    const char *ascending[8]; /* rows in ascending order, NULL first; none equal */
} order_case;

static const order_case order_cases[] = {
    {"x INT", 5, {"{}", "{\"x\":-2147483648}", "{\"x\":-1}", "{\"x\":0}", "{\"x\":2147483647}"}},
    {"x BIGINT", 4, {"{}", "{\"x\":-9223372036854775808}", "{\"x\":5}", "{\"x\":9223372036854775807}"}},
    {"x TINYINT", 3, {"{\"x\":-128}", "{\"x\":-1}", "{\"x\":127}"}},
    {"x BOOLEAN", 3, {"{}", "{\"x\":false}", "{\"x\":true}"}},
    {"x DOUBLE",
     7,
     {"{}", "{\"x\":\"-Infinity\"}", "{\"x\":-1.5}", "{\"x\":0.0}", "{\"x\":1e-300}", "{\"x\":\"Infinity\"}",
      "{\"x\":\"NaN\"}"}},
    {"x FLOAT", 4, {"{\"x\":-3.4e38}", "{\"x\":-0.0}", "{\"x\":1e-45}", "{\"x\":\"NaN\"}"}},
    {"x DECIMAL(38,2)", 4, {"{}", "{\"x\":-99999999999999999999.99}", "{\"x\":-0.01}", "{\"x\":7}"}},
    {"x STRING",
     6,
     {"{}", "{\"x\":\"\"}", "{\"x\":\"a\"}", "{\"x\":\"a\\u0000\"}", "{\"x\":\"ab\"}",
      "{\"x\":\"\\u00e9\"}"}},
    {"x DATE", 3, {"{\"x\":\"0001-01-01\"}", "{\"x\":\"1969-12-31\"}", "{\"x\":\"2016-07-25\"}"}},
    {"x ARRAY<INT>",
     6,
     {"{}", "{\"x\":[]}", "{\"x\":[null]}", "{\"x\":[1]}", "{\"x\":[1,null]}", "{\"x\":[1,2]}"}},
    {"x STRUCT<a: INT, b: STRING>",
     5,
     {"{}", "{\"x\":{\"b\":\"b\"}}", "{\"x\":{\"a\":1}}", "{\"x\":{\"a\":1,\"b\":\"a\"}}",
      "{\"x\":{\"a\":2}}"}},
    {"x STRING, y INT",
     4,
     {"{\"x\":\"a\",\"y\":9}", "{\"x\":\"a\\u0000\",\"y\":1}", "{\"x\":\"b\"}", "{\"x\":\"b\",\"y\":-1}"}},
};

static int sign(int value) {
    return (value > 0) - (value < 0);
}

static void check_orders(weir_arena *arena, const order_case *c, bool descending, bool nulls_last) {
    weir_error *err = NULL;
    _cleanup_batch_ weir_batch *batch = weir_json_rows(arena, c->ddl, c->ascending, c->count);
    weir_sort_order orders[2] = {{descending, nulls_last}, {descending, nulls_last}};
    weir_rows keys = {0};
    weir_sel sel = {NULL, batch->rows};
    CHECK_OK(weir_sort_key_encode(&keys, batch->columns, orders, batch->columns_count, &sel, &err));
    for (int32_t a = 0; a < c->count; a++) {
        for (int32_t b = 0; b < c->count; b++) {
            int expected = sign(a - b);
            bool null_a = weir_column_is_null(batch->columns[0], a),
                 null_b = weir_column_is_null(batch->columns[0], b);
            if (null_a != null_b)
                expected = null_a == nulls_last ? 1 : -1;
            else if (descending)
                expected = -expected;
            if (batch->columns_count == 2 && (a >= 2) == (b >= 2) && a >= 2) /* NULL in the second column */
                expected = a == b ? 0 : (weir_column_is_null(batch->columns[1], a) == nulls_last ? 1 : -1);
            int got = sign(weir_str_compare(weir_rows_at(&keys, a), weir_rows_at(&keys, b)));
            cr_assert(got == expected, "%s, descending %d, nulls last %d: row %d against %d gave %d, not %d",
                      c->ddl, descending, nulls_last, a, b, got, expected);
        }
    }
    weir_rows_fini(&keys);
}

WEIR_TEST(sort_key, bytes_compare_as_values_do) {
    weir_arena *arena = weir_arena_new();
    for (size_t i = 0; i < WEIR_ARRAY_LEN(order_cases); i++) {
        for (int flags = 0; flags < 4; flags++)
            check_orders(arena, &order_cases[i], flags & 1, flags & 2);
    }
    weir_arena_free(arena);
}

WEIR_TEST(sort_key, both_zeros_and_all_nans_are_equal) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    const char *lines[] = {"{\"x\":0.0}", "{\"x\":-0.0}"};
    _cleanup_batch_ weir_batch *batch = weir_json_rows(arena, "x DOUBLE", lines, 2);
    weir_rows keys = {0};
    weir_sel sel = {NULL, 2};
    CHECK_OK(weir_sort_key_encode(&keys, batch->columns, NULL, 1, &sel, &err));
    cr_assert(weir_str_equal(weir_rows_at(&keys, 0), weir_rows_at(&keys, 1)));
    weir_rows_fini(&keys);
    weir_arena_free(arena);
}

WEIR_TEST(sort_key, maps_and_variants_have_no_order) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    static const char *const none[] = {"MAP<INT, INT>", "VARIANT", "INTERVAL", "ARRAY<VARIANT>",
                                       "STRUCT<a: MAP<INT, INT>>"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(none); i++) {
        const weir_type *type;
        CHECK_OK(weir_type_parse(arena, weir_str_from(none[i]), &type, &err));
        cr_assert(!weir_sort_key_orderable(type), "%s", none[i]);
    }
    weir_arena_free(arena);
}
