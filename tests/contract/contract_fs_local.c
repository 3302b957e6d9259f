/* The local file system keeps the contract of file systems. */
#include "tests/contract/contract_fs.h"
#include "tests/lib/temp_directory.h"

static contract_fs make_local(void) {
    weir_arena *arena = weir_arena_new();
    return (contract_fs){arena, weir_local_fs_new(), weir_temp_directory_new(arena)};
}

static void free_local(contract_fs *c) {
    weir_temp_directory_remove(c->root);
    c->fs->ops->free(c->fs);
    weir_arena_free(c->arena);
}

CONTRACT_FS(fs_local, make_local, free_local)
