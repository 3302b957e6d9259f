/* The memory file system keeps the contract of file systems. */
#include "tests/contract/contract_fs.h"

static contract_fs make_memory(void) {
    contract_fs c = {weir_arena_new(), weir_memory_fs_new(), "/root"};
    weir_error *err = NULL;
    CHECK_OK(c.fs->ops->make_directory(c.fs, c.root, &err));
    return c;
}

static void free_memory(contract_fs *c) {
    c->fs->ops->free(c->fs);
    weir_arena_free(c->arena);
}

CONTRACT_FS(fs_memory, make_memory, free_memory)
