/* The shuffle blocks of one epoch attempt in an executor: (stage, partition, task) -> encoded batches. Local
 * tasks put their own, the control loop puts those fetched from peers; reducers read them in the order of
 * tasks. A put is seen by readers after the stage's barrier, so only puts take the lock. */
#pragma once

#include "common/base/budget.h"
#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/str.h"

typedef struct weir_block_store weir_block_store;

/* tasks[s], partitions[s]: of stage s's output. */
weir_block_store *weir_block_store_new(int32_t stages, const int32_t *tasks, const int32_t *partitions);
void weir_block_store_free(weir_block_store *store); /* accepts NULL */
/* Takes the buffer's reference; one put for each (stage, partition, task). */
void weir_block_store_put(weir_block_store *store, int32_t stage, int32_t partition, int32_t task,
                          weir_buffer *block);
/* Borrowed; NULL where the task made no rows for the partition. */
weir_buffer *weir_block_store_get(const weir_block_store *store, int32_t stage, int32_t partition,
                                  int32_t task);
int32_t weir_block_store_tasks(const weir_block_store *store, int32_t stage);
/* Moves the text of `bytes` into a buffer charged to `budget` (OUT_OF_MEMORY). */
weir_code weir_block_buffer(weir_budget *budget, weir_strbuf *bytes, weir_buffer **ret, weir_error **err);
