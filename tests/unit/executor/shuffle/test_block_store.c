/* The block store: lists of blocks by slot, what does not fit goes to files and comes back as it was, what
 * was damaged there is named, and a full disk is one error. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "common/base/thread.h"
#include "executor/shuffle/block_store.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/weir_test.h"

typedef struct world {
    weir_arena *arena;
    const char *directory;
    weir_fs *local, *fs;
    weir_budget budget;
    weir_block_pool *pool;
    weir_block_store *store;
} world;

/* A store of stage 0 with 3 tasks and 2 partitions, and stage 1 that ends in the sink. */
static void open_world(world *w, int64_t memory, const weir_fault_fs_plan *plan) {
    static const int32_t tasks[] = {3, 2}, partitions[] = {2, 0};
    w->arena = weir_arena_new();
    w->directory = weir_temp_directory_new(w->arena);
    w->local = w->fs = weir_local_fs_new();
    if (plan)
        w->fs = weir_fault_fs_new(w->local, plan);
    weir_budget_init(&w->budget, NULL, memory);
    w->pool = weir_block_pool_new(w->fs, w->directory, &w->budget);
    w->store = weir_block_store_new(w->pool, 2, tasks, partitions);
}

static int entries_of(const char *path) {
    DIR *directory = opendir(path);
    int count = -2;
    while (directory && readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static void close_world(world *w) {
    weir_block_store_unref(w->store);
    cr_assert_eq(w->budget.used, 0, "all memory is released");
    weir_block_pool_free(w->pool);
    cr_assert_eq(entries_of(w->directory), 0, "the scratch directory is removed");
    if (w->fs != w->local)
        w->fs->ops->free(w->fs);
    w->local->ops->free(w->local);
    weir_temp_directory_remove(w->directory);
    weir_arena_free(w->arena);
}

static void fill(weir_strbuf *text, int i, size_t size) {
    weir_strbuf_addf(text, "block %d ", i);
    weir_strbuf_add_repeat(text, (char)('a' + i % 26), size - text->size);
}

static weir_code add(world *w, weir_block_slot_id slot, int i, size_t size, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    fill(&text, i, size);
    return weir_block_store_add(w->store, slot, &text, err);
}

static void check_block(world *w, weir_block_slot_id slot, int index, bool take, int i, size_t size) {
    weir_error *err = NULL;
    weir_buffer *block = NULL;
    _cleanup_strbuf_ weir_strbuf text = {0};
    fill(&text, i, size);
    cr_assert_eq(weir_block_store_size(w->store, slot, index), (int64_t)size);
    CHECK_OK(weir_block_store_read(w->store, slot, index, take, NULL, &block, &err));
    cr_assert(block->size == size && memcmp(block->data, text.data, size) == 0, "block %d", i);
    weir_buffer_unref(block);
}

/* The same blocks come back from a store with any memory. */
WEIR_TEST(block_store, keeps_lists_of_blocks_in_memory_and_in_files) {
    static const struct {
        int64_t memory;
        bool spills, all;
    } table[] = {{INT64_MAX, false, false}, {100 << 10, true, false}, {10, true, true}};
    enum { BLOCKS = 40, SIZE = 8192 };
    const weir_block_slot_id slots[] = {{0, 0, 0}, {0, 1, 2}, {0, 0, 2}};
    for (size_t t = 0; t < WEIR_ARRAY_LEN(table); t++) {
        world w;
        weir_error *err = NULL;
        open_world(&w, table[t].memory, NULL);
        for (int i = 0; i < BLOCKS; i++)
            CHECK_OK(add(&w, slots[i % 3], i, SIZE + (size_t)i, &err));
        cr_assert_eq(weir_block_store_spilled(w.store) > 0, table[t].spills);
        cr_assert_eq(weir_block_store_spilled(w.store), weir_block_pool_spilled(w.pool));
        if (table[t].all)
            cr_assert_eq(w.budget.used, 0);
        cr_assert_leq(w.budget.used, table[t].memory);
        for (int take = 0; take < 2; take++)
            for (int i = 0; i < BLOCKS; i++)
                check_block(&w, slots[i % 3], i / 3, take, i, SIZE + (size_t)i);
        cr_assert_eq(w.budget.used, 0, "what was taken is released");
        cr_assert_eq(weir_block_store_size(w.store, slots[1], BLOCKS), -1);
        cr_assert_eq(weir_block_store_size(w.store, (weir_block_slot_id){0, 1, 0}, 0), -1);
        cr_assert_eq(weir_block_store_tasks(w.store, 0), 3);
        close_world(&w);
    }
}

WEIR_TEST(block_store, makes_room_for_charges_that_would_be_refused) {
    world w;
    weir_error *err = NULL;
    enum { BLOCKS = 100, SIZE = 10000 };
    open_world(&w, BLOCKS * SIZE * 2, NULL);
    const weir_block_slot_id slot = {0, 1, 1};
    for (int i = 0; i < BLOCKS; i++)
        CHECK_OK(add(&w, slot, i, SIZE, &err));
    cr_assert_eq(weir_block_store_spilled(w.store), 0);
    weir_budget task;
    weir_budget_init(&task, &w.budget, INT64_MAX);
    weir_buffer *held = NULL;
    CHECK_OK(weir_block_store_read(w.store, slot, BLOCKS - 1, false, NULL, &held, &err));
    cr_assert(weir_budget_charge(&task, BLOCKS * SIZE * 2 - SIZE * 10), "blocks make room");
    cr_assert_gt(weir_block_store_spilled(w.store), BLOCKS * SIZE * 8 / 10);
    cr_assert_not(weir_budget_charge(&task, BLOCKS * SIZE * 2), "what cannot fit is refused");
    weir_buffer_unref(held);
    for (int i = 0; i < BLOCKS; i++)
        check_block(&w, slot, i, false, i, SIZE);
    weir_budget_release(&task, BLOCKS * SIZE * 2 - SIZE * 10);
    close_world(&w);
}

WEIR_TEST(block_store, names_the_damage_and_the_full_disk) {
    static const struct {
        weir_fault_fs_plan plan;
        weir_code add, read;
    } table[] = {
        {{.op = "scratch_open", .nth = 1, .times = 1, .errnum = EACCES}, WEIR_IO_ERROR, WEIR_OK},
        {{.op = "scratch_write", .nth = 1, .times = 1, .errnum = ENOSPC}, WEIR_NO_SPACE, WEIR_OK},
        {{.op = "scratch_write", .nth = 1, .times = 1, .errnum = EIO}, WEIR_IO_ERROR, WEIR_OK},
        {{.op = "scratch_write", .nth = 1, .times = 1, .torn = true}, WEIR_OK, WEIR_CORRUPT_FILE},
        {{.op = "scratch_read", .nth = 1, .times = 1, .errnum = EIO}, WEIR_OK, WEIR_IO_ERROR},
    };
    for (size_t t = 0; t < WEIR_ARRAY_LEN(table); t++) {
        world w;
        weir_error *err = NULL;
        open_world(&w, 10, &table[t].plan);
        const weir_block_slot_id slot = {0, 0, 1};
        cr_assert_eq(add(&w, slot, 1, 5000, &err), table[t].add, "case %zu: %s", t, weir_error_text(err));
        weir_error_free_ptr(&err);
        weir_buffer *block = NULL;
        if (table[t].add == WEIR_OK) {
            cr_assert_eq(weir_block_store_read(w.store, slot, 0, true, NULL, &block, &err), table[t].read);
            if (table[t].read == WEIR_CORRUPT_FILE)
                cr_assert(strstr(weir_error_text(err), w.directory), "%s", weir_error_text(err));
            weir_error_free_ptr(&err);
        } else {
            cr_assert_eq(weir_block_store_size(w.store, slot, 0), -1);
        }
        cr_assert_eq(weir_fault_fs_fired(w.fs), 1);
        close_world(&w);
    }
    /* A directory that cannot be made. */
    world w;
    weir_error *err = NULL;
    open_world(&w, 10, NULL);
    weir_block_pool *pool = weir_block_pool_new(w.fs, "/proc/none", &w.budget);
    static const int32_t one[] = {1};
    weir_block_store *store = weir_block_store_new(pool, 1, one, one);
    _cleanup_strbuf_ weir_strbuf text = {0};
    fill(&text, 1, 5000);
    cr_assert_neq(weir_block_store_add(store, (weir_block_slot_id){0, 0, 0}, &text, &err), WEIR_OK);
    cr_assert(strstr(weir_error_text(err), "/proc/none"), "%s", weir_error_text(err));
    weir_error_free_ptr(&err);
    weir_block_store_unref(store);
    weir_block_pool_free(pool);
    close_world(&w);
}

typedef struct hammer {
    world *w;
    int32_t task;
    pthread_t thread;
} hammer;

/* Adds and reads while others make the store spill. */
static void *hammer_main(void *data) {
    hammer *h = data;
    for (int i = 0; i < 200; i++) {
        weir_error *err = NULL;
        CHECK_OK(add(h->w, (weir_block_slot_id){0, 1, h->task}, i, 6000, &err));
        if (weir_budget_charge(&h->w->budget, 50000))
            weir_budget_release(&h->w->budget, 50000);
        check_block(h->w, (weir_block_slot_id){0, 1, h->task}, i / 2, false, i / 2, 6000);
    }
    return NULL;
}

WEIR_TEST(block_store, is_shared_by_threads) {
    world w;
    open_world(&w, 300000, NULL);
    hammer hammers[3];
    weir_error *err = NULL;
    for (int32_t i = 0; i < 3; i++) {
        hammers[i] = (hammer){&w, i, 0};
        CHECK_OK(weir_thread_start(&hammers[i].thread, "hammer", hammer_main, &hammers[i], &err));
    }
    for (int i = 0; i < 3; i++)
        pthread_join(hammers[i].thread, NULL);
    cr_assert_gt(weir_block_store_spilled(w.store), 0);
    for (int32_t t = 0; t < 3; t++)
        for (int i = 0; i < 200; i++)
            check_block(&w, (weir_block_slot_id){0, 1, t}, i, true, i, 6000);
    close_world(&w);
}
