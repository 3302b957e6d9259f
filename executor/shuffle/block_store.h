/* The shuffle blocks of one epoch attempt in an executor: for each (stage, partition, task) a list of blocks
 * of whole encoded batches, about WEIR_BLOCK_BYTES each. Local tasks add their own, fetches add those of the
 * peers; reducers read them in the order of tasks, block by block.
 *
 * A block stays in memory while the executor's budget has room for it; the others are in scratch files, one a
 * stage, with a CRC32C each that is verified when they are read back. What is in memory follows when somebody
 * else's charge would be refused (block_pool.h). Where a block lies changes no result.
 *
 * Counted: serving and fetching outlive the attempt's own interest. Any thread; blocks of one (stage,
 * partition, task) are added one after the other, and read after the stage's barrier. */
#pragma once

#include "common/base/buffer.h"
#include "common/base/str.h"
#include "executor/shuffle/block_pool.h"

#define WEIR_BLOCK_BYTES ((size_t)256 << 10)

typedef struct weir_block_store weir_block_store;

/* tasks[s], partitions[s]: of stage s's output. */
weir_block_store *weir_block_store_new(weir_block_pool *pool, int32_t stages, const int32_t *tasks,
                                       const int32_t *partitions);
weir_block_store *weir_block_store_ref(weir_block_store *store);
bool weir_block_store_try_ref(weir_block_store *store); /* false: it is being freed */
void weir_block_store_unref(weir_block_store *store);   /* accepts NULL */

typedef struct weir_block_slot_id {
    int32_t stage, partition, task;
} weir_block_slot_id;

/* Adds `bytes` as the next block and leaves it empty. NO_SPACE and IO_ERROR where it had to be spilled and
 * cannot be. */
weir_code weir_block_store_add(weir_block_store *store, weir_block_slot_id slot, weir_strbuf *bytes,
                               weir_error **err);
/* Size of block `index`; -1 where the slot has not so many. */
int64_t weir_block_store_size(weir_block_store *store, weir_block_slot_id slot, int32_t index);
/* A reference to the block's bytes; read back where it is in a file, charged to `budget` then. `take`: nobody
 * asks for this block again. CORRUPT_FILE where the file does not hold what was written. */
weir_code weir_block_store_read(weir_block_store *store, weir_block_slot_id slot, int32_t index, bool take,
                                weir_budget *budget, weir_buffer **ret, weir_error **err);
int32_t weir_block_store_stages(const weir_block_store *store);
int32_t weir_block_store_tasks(const weir_block_store *store, int32_t stage);
int32_t weir_block_store_partitions(const weir_block_store *store, int32_t stage);
int64_t weir_block_store_spilled(const weir_block_store *store); /* bytes */

/* Writes blocks to files until `bytes` have been released or none is left; adds to *freed what was. */
weir_code weir_block_store_spill(weir_block_store *store, int64_t bytes, int64_t *freed, weir_error **err);
