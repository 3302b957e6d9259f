/* The fault-injecting file system keeps the contract while it injects nothing, and fails as it was told. */
#include "tests/contract/contract_fs.h"

static weir_fs *inner_of_last; /* one test at a time in a process */

static contract_fs make_fault(void) {
    inner_of_last = weir_memory_fs_new();
    weir_fault_fs_plan plan = {.op = "nothing", .nth = 1, .times = 1};
    contract_fs c = {weir_arena_new(), weir_fault_fs_new(inner_of_last, &plan), "/root"};
    weir_error *err = NULL;
    CHECK_OK(c.fs->ops->make_directory(c.fs, c.root, &err));
    return c;
}

static void free_fault(contract_fs *c) {
    cr_assert_eq(weir_fault_fs_fired(c->fs), 0);
    c->fs->ops->free(c->fs);
    inner_of_last->ops->free(inner_of_last);
    weir_arena_free(c->arena);
}

CONTRACT_FS(fs_fault, make_fault, free_fault)

WEIR_TEST(fs_fault, fails_the_nth_call_before_after_or_in_the_middle) {
    weir_error *err = NULL;
    weir_arena *arena = weir_arena_new();
    static const struct {
        weir_fault_fs_plan plan;
        const char *left; /* what the failed second create leaves; NULL = nothing */
    } table[] = {
        {{.op = "create_new", .nth = 2, .times = 1, .errnum = EIO}, NULL},
        {{.op = NULL, .nth = 2, .times = 1, .errnum = ENOSPC}, NULL},
        {{.op = "create_new", .nth = 2, .times = 1, .errnum = EIO, .torn = true}, "ab"},
        {{.op = "create_new", .nth = 2, .times = 1, .errnum = EIO, .applied = true}, "abcd"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        weir_fs *inner = weir_memory_fs_new(), *fs = weir_fault_fs_new(inner, &table[i].plan);
        CHECK_OK(fs->ops->create_new(fs, "/1", WEIR_STR("abcd"), &err));
        weir_code code = fs->ops->create_new(fs, "/2", WEIR_STR("abcd"), &err);
        cr_assert_eq(code, table[i].plan.errnum == ENOSPC ? WEIR_NO_SPACE : WEIR_IO_ERROR);
        weir_error_free_ptr(&err);
        CHECK_OK(fs->ops->create_new(fs, "/3", WEIR_STR("abcd"), &err));
        weir_str text = {0};
        code = weir_fs_read_all(inner, "/2", 100, arena, &text, &err);
        weir_error_free_ptr(&err);
        cr_assert_eq(code, table[i].left ? WEIR_OK : WEIR_NOT_FOUND);
        if (table[i].left)
            CHECK_TEXT(text.data, table[i].left);
        cr_assert_eq(weir_fault_fs_fired(fs), 1);
        fs->ops->free(fs);
        inner->ops->free(inner);
    }
    weir_arena_free(arena);
}
