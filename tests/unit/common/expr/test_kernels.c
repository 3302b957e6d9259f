/* Kernels that golden files cannot reach: window starts against the formula, shapes of loops, registry. */
#include "tests/unit/common/expr/expr_fixture.h"

#include "common/types/datetime.h"

static weir_column *evaluate(weir_arena *arena, weir_node *expr, weir_batch *batch, const weir_sel *sel) {
    const weir_program *program;
    weir_column *result;
    weir_error *err = NULL;
    CHECK_OK(weir_program_compile(arena, &expr, 1, weir_timezone_utc(), true, WEIR_STR(""), &program, &err));
    weir_eval eval = {.arena = arena, .zone = weir_timezone_utc(), .ansi = true};
    CHECK_OK(weir_program_eval(program, &eval, batch, sel, &result, &err));
    return result;
}

WEIR_TEST(window_start, follows_sparks_formula_for_any_order_of_rows) {
    static const struct {
        int64_t slide, start;
    } cases[] = {{3600000000, 0}, {1, 0}, {86400000000, 21600000000}, {7, 3}, {600000000, -60000000}};
    int64_t times[64];
    for (int i = 0; i < 64; i++)
        times[i] = (int64_t)(((uint64_t)i * 2654435761u) % 100000) * 1000003 * (i % 3 == 0 ? -1 : 1);
    times[0] = INT64_MAX;
    times[1] = INT64_MIN + 1;
    times[2] = 0;
    for (size_t c = 0; c < WEIR_ARRAY_LEN(cases); c++) {
        weir_arena *arena = weir_arena_new();
        weir_column *time = fixture_longs(times, 64);
        weir_batch *batch = fixture_batch(arena, &time, 1);
        weir_node *args[4] = {
            fixture_input(arena, 0, weir_type_of(WEIR_TYPE_LONG)), weir_literal_long(arena, cases[c].slide),
            weir_literal_long(arena, cases[c].slide), weir_literal_long(arena, cases[c].start)};
        weir_column *result =
            evaluate(arena, fixture_call(arena, "weir_window_start", true, 4, args), batch, NULL);
        for (int i = 0; i < 64; i++) {
            int64_t offset = (int64_t)((uint64_t)times[i] - (uint64_t)cases[c].start);
            int64_t want = (int64_t)((uint64_t)times[i] - (uint64_t)weir_floor_mod(offset, cases[c].slide));
            cr_assert_eq(fixture_long(result, i), want, "case %zu row %d", c, i);
        }
        weir_column_unref(result);
        weir_batch_unref(batch);
        weir_arena_free(arena);
    }
}

WEIR_TEST(kernels, every_loop_shape_gives_the_same_answer) {
    weir_arena *arena = weir_arena_new();
    int64_t values[33], ones[33];
    for (int i = 0; i < 33; i++) {
        values[i] = i % 5 == 0 ? INT64_MIN : i * 3 - 40;
        ones[i] = 17;
    }
    weir_column *columns[2] = {fixture_longs(values, 33), fixture_longs(ones, 33)};
    weir_batch *batch = fixture_batch(arena, columns, 2);
    const weir_type *type = weir_type_of(WEIR_TYPE_LONG);
    int32_t rows[11];
    for (int i = 0; i < 11; i++)
        rows[i] = i * 3;
    static const char *const names[] = {"+", "-", "*", "div", "%", "pmod", "=", "<", "<=", ">", ">=", "<=>"};
    for (size_t n = 0; n < WEIR_ARRAY_LEN(names); n++) {
        weir_node *flat[2] = {fixture_input(arena, 0, type), fixture_input(arena, 1, type)};
        weir_node *constant[2] = {flat[0], weir_literal_long(arena, 17)};
        weir_sel sel = {rows, 11};
        weir_column *a = evaluate(arena, fixture_call(arena, names[n], true, 2, flat), batch, NULL);
        weir_column *b = evaluate(arena, fixture_call(arena, names[n], true, 2, constant), batch, NULL);
        weir_column *c = evaluate(arena, fixture_call(arena, names[n], true, 2, flat), batch, &sel);
        for (int i = 0; i < 33; i++) {
            bool is_null = weir_column_is_null(a, i);
            bool bits = a->type->kind == WEIR_TYPE_BOOLEAN;
            cr_assert_eq(is_null, weir_column_is_null(b, i), "%s row %d", names[n], i);
            if (is_null)
                continue;
            cr_assert_eq(bits ? weir_bit_get(a->values, i) : fixture_long(a, i),
                         bits ? weir_bit_get(b->values, i) : fixture_long(b, i), "%s row %d", names[n], i);
            if (i % 3 == 0)
                cr_assert_eq(bits ? weir_bit_get(a->values, i) : fixture_long(a, i),
                             bits ? weir_bit_get(c->values, i) : fixture_long(c, i), "%s selected row %d",
                             names[n], i);
        }
        weir_column_unref(a);
        weir_column_unref(b);
        weir_column_unref(c);
    }
    weir_batch_unref(batch);
    weir_arena_free(arena);
}

WEIR_TEST(function_table, every_entry_is_complete_and_found_by_its_name) {
    for (int32_t i = 0; weir_function_at(i); i++) {
        const weir_function *function = weir_function_at(i);
        cr_assert(function->name && function->resolve, "entry %d", i);
        cr_assert(weir_function_find(weir_str_from(function->name)) == function, "%s is there twice",
                  function->name);
        cr_assert(function->args_max == -1 || function->args_max >= function->args_min, "%s", function->name);
    }
    cr_assert_null(weir_function_find(WEIR_STR("rand")));
    cr_assert_null(weir_function_at(-1));
}

WEIR_TEST(coercion, common_types_follow_the_mode) {
    static const struct {
        const char *a, *b, *ansi, *legacy;
    } cases[] = {
        {"int", "bigint", "bigint", "bigint"},
        {"int", "float", "double", "float"},
        {"int", "string", "bigint", "string"},
        {"double", "string", "double", "string"},
        {"date", "string", "date", "string"},
        {"date", "timestamp", "timestamp", "timestamp"},
        {"boolean", "string", "boolean", NULL},
        {"decimal(10,2)", "int", "decimal(12,2)", "decimal(12,2)"},
        {"decimal(38,10)", "decimal(38,2)", "decimal(38,2)", "decimal(38,2)"},
        {"decimal(10,2)", "double", "double", "double"},
        {"int", "array<int>", NULL, NULL},
        {"array<int>", "array<bigint>", "array<bigint>", "array<bigint>"},
        {"int", "boolean", NULL, NULL},
        {"void", "date", "date", "date"},
        {"timestamp", "timestamp_ntz", "timestamp", "timestamp"},
    };
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++)
        for (int mode = 0; mode < 2; mode++) {
            const weir_type *a, *b;
            CHECK_OK(weir_type_parse(arena, weir_str_from(cases[i].a), &a, &err));
            CHECK_OK(weir_type_parse(arena, weir_str_from(cases[i].b), &b, &err));
            const weir_type *got = weir_coerce_common(arena, mode == 0, a, b);
            const char *want = mode == 0 ? cases[i].ansi : cases[i].legacy;
            weir_strbuf text = {0};
            if (got)
                weir_type_simple(&text, got);
            cr_assert(want ? got && strcmp(text.data, want) == 0 : got == NULL,
                      "%s with %s in mode %d gave %s", cases[i].a, cases[i].b, mode,
                      got ? text.data : "nothing");
            weir_strbuf_fini(&text);
        }
    weir_arena_free(arena);
}
