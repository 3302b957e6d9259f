/* Programs: selections, laziness, common sub-expressions, encodings. */
#include "tests/unit/common/expr/expr_fixture.h"

#include "common/column/builder.h"

#define NUL INT64_MIN

static weir_code run(weir_arena *arena, weir_node *expr, bool ansi, const weir_batch *batch,
                     const weir_sel *sel, weir_column **ret, weir_error **err) {
    const weir_program *program;
    WEIR_TRY(weir_program_compile(arena, &expr, 1, weir_timezone_utc(), ansi, WEIR_STR(""), &program, err));
    weir_eval eval = {.arena = arena, .zone = weir_timezone_utc(), .ansi = ansi};
    return weir_program_eval(program, &eval, batch, sel, ret, err);
}

static weir_node *binary(weir_arena *arena, const char *name, weir_node *a, weir_node *b) {
    return fixture_call(arena, name, true, 2, (weir_node *[]){a, b});
}

static weir_node *either(weir_arena *arena, weir_node *left, weir_node *right) {
    weir_node_or *node = WEIR_NODE_NEW(arena, OR, or);
    node->left = left;
    node->right = right;
    node->node.type = weir_type_of(WEIR_TYPE_BOOLEAN);
    node->node.nullable = true;
    node->node.resolved = true;
    return &node->node;
}

WEIR_TEST(program, the_right_side_of_or_runs_where_the_left_is_not_true) {
    weir_arena *arena = weir_arena_new();
    weir_column *x = fixture_longs((int64_t[]){0, 2, NUL, 100}, 4), *result;
    weir_batch *batch = fixture_batch(arena, &x, 1);
    weir_error *err = NULL;
    const weir_type *type = weir_type_of(WEIR_TYPE_LONG);
    /* x = 0 OR 10 div x > 1 */
    weir_node *zero = binary(arena, "=", fixture_input(arena, 0, type), weir_literal_long(arena, 0));
    weir_node *quotient = binary(arena, "div", weir_literal_long(arena, 10), fixture_input(arena, 0, type));
    weir_node *large = binary(arena, ">", quotient, weir_literal_long(arena, 1));
    CHECK_OK(run(arena, either(arena, zero, large), true, batch, NULL, &result, &err));
    cr_assert(weir_bit_get(result->values, 0) && weir_bit_get(result->values, 1));
    cr_assert(weir_column_is_null(result, 2) && !weir_column_is_null(result, 3) &&
              !weir_bit_get(result->values, 3));
    weir_column_unref(result);
    /* the other order divides by zero */
    CHECK_FAILS(DIVIDE_BY_ZERO, run(arena, either(arena, large, zero), true, batch, NULL, &result, &err));
    /* unless the row is not selected */
    int32_t rows[] = {1, 3};
    weir_sel sel = {rows, 2};
    CHECK_OK(run(arena, either(arena, large, zero), true, batch, &sel, &result, &err));
    cr_assert(weir_bit_get(result->values, 1) && !weir_bit_get(result->values, 3));
    weir_column_unref(result);
    weir_batch_unref(batch);
    weir_arena_free(arena);
}

WEIR_TEST(program, case_merges_branches_and_raises_for_live_rows_only) {
    weir_arena *arena = weir_arena_new();
    weir_column *x = fixture_longs((int64_t[]){0, 5, NUL, -5, 0}, 5), *result;
    weir_batch *batch = fixture_batch(arena, &x, 1);
    weir_error *err = NULL;
    const weir_type *type = weir_type_of(WEIR_TYPE_LONG);
    weir_node_case *node = WEIR_NODE_NEW(arena, CASE, case);
    weir_node *parts[4] = {
        binary(arena, "=", fixture_input(arena, 0, type), weir_literal_long(arena, 0)),
        weir_literal_long(arena, -1),
        binary(arena, ">", fixture_input(arena, 0, type), weir_literal_long(arena, 0)),
        binary(arena, "div", weir_literal_long(arena, 100), fixture_input(arena, 0, type))};
    node->branches = weir_node_list_of(arena, parts, 4);
    node->node.type = type;
    CHECK_OK(run(arena, &node->node, true, batch, NULL, &result, &err));
    int64_t want[] = {-1, 20, NUL, NUL, -1};
    for (int32_t i = 0; i < 5; i++)
        cr_assert_eq(fixture_long(result, i), want[i], "row %d", i);
    weir_column_unref(result);
    weir_batch_unref(batch);
    weir_arena_free(arena);
}

WEIR_TEST(program, constants_stay_constant_and_equal_expressions_run_once) {
    weir_arena *arena = weir_arena_new();
    weir_column *x = fixture_longs((int64_t[]){1, 2, 3}, 3), *results[2];
    weir_batch *batch = fixture_batch(arena, &x, 1);
    weir_error *err = NULL;
    const weir_type *type = weir_type_of(WEIR_TYPE_LONG);
    weir_node *exprs[3];
    exprs[0] = binary(arena, "+", weir_literal_long(arena, 40), weir_literal_long(arena, 2));
    weir_node *sum = binary(arena, "+", fixture_input(arena, 0, type), weir_literal_long(arena, 1));
    exprs[1] = binary(arena, "*", sum,
                      binary(arena, "+", fixture_input(arena, 0, type), weir_literal_long(arena, 1)));
    const weir_program *program;
    CHECK_OK(weir_program_compile(arena, exprs, 2, weir_timezone_utc(), true, WEIR_STR(""), &program, &err));
    weir_eval eval = {.arena = arena, .zone = weir_timezone_utc(), .ansi = true};
    CHECK_OK(weir_program_eval(program, &eval, batch, NULL, results, &err));
    cr_assert_eq(results[0]->encoding, WEIR_CONSTANT);
    cr_assert_eq(fixture_long(results[0], 2), 42);
    cr_assert_eq(fixture_long(results[1], 2), 16);
    weir_column_unref(results[0]);
    weir_column_unref(results[1]);
    weir_batch_unref(batch);
    weir_arena_free(arena);
}

WEIR_TEST(program, a_dictionary_is_evaluated_entry_by_entry) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    weir_column *codes, *flat, *result;
    weir_builder builder;
    CHECK_OK(weir_builder_init(&builder, NULL, weir_type_of(WEIR_TYPE_STRING), 4, &err));
    cr_assert(weir_builder_bytes(&builder, "12", 2) && weir_builder_bytes(&builder, "bad", 3) &&
              weir_builder_bytes(&builder, "-7", 2));
    CHECK_OK(weir_builder_finish(&builder, &flat, &err));
    weir_builder_fini(&builder);
    /* entry 1 is malformed, but no row uses it */
    int32_t values[] = {0, 2, 2, 0};
    CHECK_OK(weir_column_new_fixed(NULL, weir_type_of(WEIR_TYPE_INT), 4, &codes, &err));
    memcpy(weir_column_values(codes), values, sizeof(values));
    weir_column *dictionary = weir_column_new(weir_type_of(WEIR_TYPE_STRING), 4, 1);
    dictionary->encoding = WEIR_DICTIONARY;
    dictionary->values = codes->values;
    dictionary->values_buffer = weir_buffer_ref(codes->values_buffer);
    dictionary->children[0] = flat;
    weir_column_unref(codes);
    weir_batch *batch = fixture_batch(arena, &dictionary, 1);
    weir_node_cast *cast = WEIR_NODE_NEW(arena, CAST, cast);
    cast->child = fixture_input(arena, 0, weir_type_of(WEIR_TYPE_STRING));
    cast->mode = WEIR_CAST_ANSI;
    cast->node.type = weir_type_of(WEIR_TYPE_LONG);
    CHECK_OK(run(arena, &cast->node, true, batch, NULL, &result, &err));
    cr_assert_eq(result->encoding, WEIR_DICTIONARY);
    weir_column *plain;
    CHECK_OK(weir_column_flatten(NULL, result, &plain, &err));
    cr_assert_eq(fixture_long(plain, 0), 12);
    cr_assert_eq(fixture_long(plain, 1), -7);
    weir_column_unref(plain);
    weir_column_unref(result);
    weir_batch_unref(batch);
    weir_arena_free(arena);
}

WEIR_TEST(program, a_filter_gives_the_true_rows_of_the_selection) {
    weir_arena *arena = weir_arena_new();
    int64_t values[200];
    for (int i = 0; i < 200; i++)
        values[i] = i % 7 == 0 ? NUL : i;
    weir_column *x = fixture_longs(values, 200);
    weir_batch *batch = fixture_batch(arena, &x, 1);
    weir_error *err = NULL;
    weir_node *expr = binary(arena, "<", fixture_input(arena, 0, weir_type_of(WEIR_TYPE_LONG)),
                             weir_literal_long(arena, 100));
    const weir_program *program;
    CHECK_OK(weir_program_compile(arena, &expr, 1, weir_timezone_utc(), true, WEIR_STR(""), &program, &err));
    weir_eval eval = {.arena = arena, .zone = weir_timezone_utc(), .ansi = true};
    int32_t rows[200], selected[100], count;
    CHECK_OK(weir_program_filter(program, &eval, batch, NULL, rows, &count, &err));
    int32_t expected = 0;
    for (int i = 0; i < 100; i++)
        if (i % 7 != 0)
            cr_assert_eq(rows[expected++], i);
    cr_assert_eq(count, expected);
    for (int i = 0; i < 100; i++)
        selected[i] = i * 2;
    weir_sel sel = {selected, 100};
    CHECK_OK(weir_program_filter(program, &eval, batch, &sel, rows, &count, &err));
    for (int32_t k = 0; k < count; k++)
        cr_assert(rows[k] % 2 == 0 && rows[k] < 100 && rows[k] % 7 != 0);
    weir_batch_unref(batch);
    weir_arena_free(arena);
}
