/* The block store: one slot a (stage, partition, task), blocks charged and released. */
#include "executor/shuffle/block_store.h"
#include "tests/lib/weir_test.h"

WEIR_TEST(block_store, keeps_blocks_by_stage_partition_and_task) {
    weir_budget budget;
    weir_budget_init(&budget, NULL, 1 << 20);
    int32_t tasks[] = {3, 2}, partitions[] = {2, 0};
    weir_block_store *store = weir_block_store_new(2, tasks, partitions);
    weir_error *err = NULL;
    weir_strbuf text = {0};
    weir_strbuf_add_text(&text, "rows");
    weir_buffer *block;
    CHECK_OK(weir_block_buffer(&budget, &text, &block, &err));
    weir_block_store_put(store, 0, 1, 2, block);
    cr_assert_gt(budget.used, 0);
    cr_assert_eq(weir_block_store_get(store, 0, 1, 2), block);
    cr_assert_null(weir_block_store_get(store, 0, 0, 2));
    cr_assert_eq(weir_block_store_tasks(store, 0), 3);
    weir_block_store_free(store);
    cr_assert_eq(budget.used, 0);
}

WEIR_TEST(block_store, refuses_a_block_that_does_not_fit) {
    weir_budget budget;
    weir_budget_init(&budget, NULL, 10);
    weir_error *err = NULL;
    weir_strbuf text = {0};
    weir_strbuf_add_repeat(&text, 'x', 1000);
    weir_buffer *block;
    CHECK_FAILS(OUT_OF_MEMORY, weir_block_buffer(&budget, &text, &block, &err));
    weir_strbuf_fini(&text);
    cr_assert_eq(budget.used, 0);
}
