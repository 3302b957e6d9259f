/* How a shuffle block travels: compressed (zstd level 1) where that makes it smaller, then sealed
 * (AES-256-GCM) where the query run has a data key. A packer belongs to one thread at a time and is used for
 * many blocks. */
#pragma once

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "common/rpc/aead.h"

/* Which block of which attempt: the additional data of its seal, so that no block can stand for another. */
typedef struct weir_block_id {
    const char *run_id;
    int64_t batch_id;
    uint32_t attempt, stage, partition, task, index;
} weir_block_id;

typedef struct weir_block_packer weir_block_packer;

/* aead: borrowed; NULL = blocks are not sealed. */
weir_block_packer *weir_block_packer_new(bool compress, weir_aead *aead);
void weir_block_packer_free(weir_block_packer *packer); /* accepts NULL */

/* `raw` as it is sent: raw itself (a reference) where nothing changes. `budget` is charged for a copy; where
 * it refuses, a block is sent without compression. `ret_seal` is written where the packer seals. */
weir_code weir_block_pack(weir_block_packer *packer, const weir_block_id *id, weir_budget *budget,
                          weir_buffer *raw, weir_buffer **ret, uint8_t ret_seal[WEIR_AEAD_SEAL_SIZE],
                          weir_error **err);
/* Appends the raw bytes to `ret`. raw_size = packed.size: it is not compressed. The caller has room for
 * raw_size. RPC_ERROR where the bytes are not what they should be. */
weir_code weir_block_unpack(weir_block_packer *packer, const weir_block_id *id, weir_str packed,
                            size_t raw_size, weir_str seal, weir_strbuf *ret, weir_error **err);
