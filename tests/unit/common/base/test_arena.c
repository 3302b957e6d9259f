/* Arena: lifetime, alignment, clean-ups, budget. */
#include "common/base/arena.h"
#include "common/base/budget.h"
#include "tests/lib/weir_test.h"

static void count_up(void *ptr) {
    ++*(int *)ptr;
}

WEIR_TEST(arena, reset_runs_cleanups_and_keeps_the_first_chunk) {
    weir_arena *arena = weir_arena_new();
    int cleaned = 0;
    void *first = weir_arena_alloc(arena, 10);
    weir_arena_on_reset(arena, count_up, &cleaned);
    for (int i = 0; i < 1000; i++) {
        char *block = weir_arena_zalloc(arena, 1000);
        cr_assert_eq((uintptr_t)block % 16, 0);
        cr_assert_eq(block[999], 0);
    }
    size_t before = weir_arena_bytes(arena);
    weir_arena_reset(arena);
    cr_assert_eq(cleaned, 1);
    cr_assert_lt(weir_arena_bytes(arena), before);
    cr_assert_eq(weir_arena_alloc(arena, 10), first);
    weir_arena_free(arena);
    cr_assert_eq(cleaned, 1, "a clean-up runs once");
}

WEIR_TEST(arena, serves_blocks_larger_than_a_chunk_and_charges_its_budget) {
    weir_budget budget;
    weir_budget_init(&budget, NULL, 1 << 20);
    weir_arena *arena = weir_arena_new_in(&budget);
    memset(weir_arena_alloc(arena, 5 << 20), 1, 5 << 20);
    cr_assert_gt(budget.used, 5 << 20);
    cr_assert(budget.over, "an arena passes the limit but says so");
    weir_arena_free(arena);
    cr_assert_eq(budget.used, 0);
}

WEIR_TEST(budget, refuses_above_any_limit_of_the_tree_and_charges_nothing_then) {
    weir_budget top, task;
    weir_budget_init(&top, NULL, 100);
    weir_budget_init(&task, &top, 1000);
    cr_assert(weir_budget_charge(&task, 100));
    cr_assert_not(weir_budget_charge(&task, 1));
    cr_assert_eq(task.used, 100);
    cr_assert_eq(top.used, 100);
    weir_budget_release(&task, 100);
    cr_assert_eq(top.used, 0);
    cr_assert_eq(top.peak, 100);
}
