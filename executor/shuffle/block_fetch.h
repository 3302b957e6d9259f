/* The asking half of the fetch protocol: brings the blocks that the peers made for an attempt's own
 * partitions into its store. Peers are asked in parallel, each with one question under way while the reply
 * before it is being stored; what a reply may hold is reserved in the executor's budget before it is asked
 * for.
 *
 *   ask -> (not_ready: ask again) -> reply -> OPEN (pool: checks the frame) -> ask for `next`
 *                                                `-> STORE (pool: open, decompress, add), in order
 *
 * An answer that does not come within WEIR_FETCH_ANSWER_MS (more on a link that proved to be slow) means a
 * broken link: the peer is named. Control loop, but for the two steps. */
#pragma once

#include "common/base/loop.h"
#include "common/rpc/aead.h"
#include "common/rpc/transport.h"
#include "executor/shuffle/block_store.h"

#define WEIR_FETCH_ANSWER_MS 3000

typedef struct weir_block_fetch weir_block_fetch;

typedef struct weir_fetch_peer {
    weir_client *client; /* borrowed: outlives the questions */
    uint32_t executor;   /* its index in the attempt */
    bool compress;       /* it is on another host */
} weir_fetch_peer;

typedef struct weir_fetch_result {
    weir_error *error;   /* for the callee; NULL = all blocks are in the store */
    int64_t failed_peer; /* executor that could not be reached; -1 = none */
} weir_fetch_result;

/* What is borrowed outlives the fetch or, where it says "copied", need not. */
typedef struct weir_fetch_options {
    const weir_env *env;
    weir_loop *loop;
    weir_pool *pool;
    weir_budget *budget;
    weir_aead *aead;         /* NULL = blocks are not sealed */
    weir_block_store *store; /* referenced */
    const char *run_id;      /* copied */
    int64_t batch_id;
    uint32_t attempt;
    uint64_t driver_epoch;
    int32_t stage;
    const uint32_t *partitions; /* copied */
    int32_t partitions_count;
    const uint32_t *task_owner;   /* executor of each task of the stage; copied */
    const weir_fetch_peer *peers; /* copied */
    int32_t peers_count;
    _Atomic int64_t *bytes_received; /* counters, added to as blocks come in */
    _Atomic int64_t *bytes_total;
    /* Called once, on the loop and never within start, when all is there or at the first failure. */
    void (*done)(void *data, const weir_fetch_result *result);
    /* Called once, when nothing of the fetch is left (questions may outlast `done`). */
    void (*freed)(void *data);
    void *data;
} weir_fetch_options;

weir_block_fetch *weir_block_fetch_start(const weir_fetch_options *options);
/* Asks no more, and never calls `done`; the rest goes when the last question has come back. */
void weir_block_fetch_abandon(weir_block_fetch *fetch);
