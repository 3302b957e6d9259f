/* Places of expressions in several SQL texts and calls of the DataFrame API. */
#include "common/plan/sql_context.h"

#include "tests/lib/weir_test.h"

WEIR_TEST(sql_context, a_place_is_found_in_the_text_it_belongs_to) {
    weir_arena *arena = weir_arena_new();
    weir_sql_texts texts = {0};
    weir_query_context context;
    int32_t first = weir_sql_texts_add(arena, &texts, WEIR_STR("SELECT 1 / 0"));
    int32_t second = weir_sql_texts_add(arena, &texts, WEIR_STR("a,\n  b % 0 FROM t"));
    const struct {
        int32_t start, stop;
        const char *fragment, *summary;
    } cases[] = {
        {first + 7, first + 11, "1 / 0", "== SQL (line 1, position 8) ==\nSELECT 1 / 0\n       ^^^^^\n"},
        {second + 5, second + 9, "b % 0", "== SQL (line 2, position 3) ==\n  b % 0 FROM t\n  ^^^^^\n"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_str view = weir_sql_texts_view(&texts);
        cr_assert(weir_sql_context_locate(arena, view, cases[i].start, cases[i].stop, &context));
        cr_assert_str_eq(context.fragment, cases[i].fragment);
        cr_assert_str_eq(context.summary, cases[i].summary);
        cr_assert_null(context.call_site);
    }
    cr_assert_eq(context.start, 5);
    cr_assert_not(weir_sql_context_locate(arena, weir_sql_texts_view(&texts), 0, 0, &context));
    cr_assert_not(weir_sql_context_locate(arena, weir_sql_texts_view(&texts), -1, -1, &context));
    cr_assert_not(
        weir_sql_context_locate(arena, weir_sql_texts_view(&texts), first + 7, second + 2, &context));
    weir_arena_free(arena);
}

WEIR_TEST(sql_context, a_call_is_kept_once_and_found_whole) {
    weir_arena *arena = weir_arena_new();
    weir_sql_texts texts = {0}, other = {0};
    weir_query_context context;
    int32_t start[3], stop[3];
    const char *const sites[] = {"a.py:12", "a.py:1", "a.py:12"};
    for (int i = 0; i < 3; i++)
        cr_assert(weir_sql_texts_add_call(arena, &texts, "__truediv__", sites[i], &start[i], &stop[i]));
    cr_assert(start[0] == start[2] && stop[0] == stop[2] && start[0] != start[1]);
    weir_sql_texts_add(arena, &other, WEIR_STR("SELECT 1"));
    int32_t base = weir_sql_texts_add(arena, &other, weir_sql_texts_view(&texts));
    cr_assert(weir_sql_context_locate(arena, weir_sql_texts_view(&other), start[1] + base, stop[1] + base,
                                      &context));
    cr_assert_str_eq(context.fragment, "__truediv__");
    cr_assert_str_eq(context.call_site, "a.py:1");
    cr_assert_str_eq(context.summary, "== DataFrame ==\n\"__truediv__\" was called from\na.py:1\n");
    weir_arena_free(arena);
}

WEIR_TEST(sql_context, too_many_texts_take_no_place) {
    weir_arena *arena = weir_arena_new();
    weir_sql_texts texts = {0};
    char *large = weir_arena_alloc(arena, 1 << 20);
    int32_t start, stop;
    memset(large, 'x', 1 << 20);
    cr_assert_eq(weir_sql_texts_add(arena, &texts, weir_str_make(large, 1 << 20)), -1);
    cr_assert(weir_sql_texts_add(arena, &texts, weir_str_make(large, 1 << 17)) > 0);
    cr_assert_not(weir_sql_texts_add_call(arena, &texts, "f", "a.py:1", &start, &stop));
    weir_arena_free(arena);
}
