/* The answering half of the fetch protocol: blocks of an attempt's store as the reply to FETCH_BLOCKS.
 *
 * A position is where to go on: which of the asked partitions, which task, which block of it. Replies hold as
 * many blocks as the fetcher granted bytes (but one always), in the order of partitions, tasks and blocks;
 * the same question is answered the same way however often it is asked. Pool thread. */
#pragma once

#include "common/rpc/aead.h"
#include "common/rpc/frame.h"
#include "executor/shuffle/block_store.h"
#include "proto/engine.pb-c.h"

#define WEIR_BLOCK_TASKS_MAX (1 << 28) /* of a stage: what a position has room for */

typedef struct weir_block_serve {
    weir_transport *transport;
    weir_block_store *store;
    weir_budget *budget;
    const Weir__FetchBlocks *message;
    const bool *own_tasks; /* which tasks of the stage to serve; NULL = all that the store has */
    bool compress;         /* asked for, and allowed here */
    weir_aead *aead;       /* NULL = not sealed */
} weir_block_serve;

/* The reply's frame; `ret_bytes` of blocks are in it. RPC_ERROR for a question that does not fit the store.
 */
weir_code weir_block_serve_reply(const weir_block_serve *serve, weir_buffer **ret, int64_t *ret_bytes,
                                 weir_error **err);
