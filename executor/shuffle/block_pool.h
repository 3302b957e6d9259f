/* What the block stores of one executor share: the memory that blocks are charged to, the directory for those
 * that do not fit it, and the way back: when anybody's charge would be refused, blocks in memory are written
 * to files first (weir_budget_set_reclaim). Any thread. */
#pragma once

#include "common/base/budget.h"
#include "common/base/error.h"
#include "common/fs/fs.h"

typedef struct weir_block_pool weir_block_pool;
struct weir_block_store;

/* `budget` is the executor's, whose reclaimer the pool becomes; `local_dir` is copied. Nothing is made on
 * disk before the first block is spilled. */
weir_block_pool *weir_block_pool_new(weir_fs *fs, const char *local_dir, weir_budget *budget);
void weir_block_pool_free(weir_block_pool *pool); /* after its stores; accepts NULL */
weir_budget *weir_block_pool_budget(weir_block_pool *pool);
int64_t weir_block_pool_spilled(const weir_block_pool *pool); /* bytes written to files so far */
/* The first failure of a spill on somebody else's behalf (a charge that was refused has no room for it), or
 * NULL; the caller frees it. */
weir_error *weir_block_pool_take_error(weir_block_pool *pool);

/* ---- for block stores ---- */
void weir_block_pool_add(weir_block_pool *pool, struct weir_block_store *store);
void weir_block_pool_remove(weir_block_pool *pool, struct weir_block_store *store);
weir_code weir_block_pool_open_scratch(weir_block_pool *pool, weir_scratch **ret, weir_error **err);
weir_fs *weir_block_pool_fs(const weir_block_pool *pool);
const char *weir_block_pool_directory(const weir_block_pool *pool); /* for errors */
void weir_block_pool_note_spilled(weir_block_pool *pool, int64_t bytes);
