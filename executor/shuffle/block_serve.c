/* Replies to FETCH_BLOCKS (block_serve.h): walk from the position on, pack block after block until the credit
 * is used up, then one frame. Blocks in files are read back for the reply alone.
 *
 * Possible failures: a file that is damaged (the attempt fails, and is run again), no memory for even one
 * block. A frame is bounded by the credit, which is capped here, and a fetcher has one question a peer under
 * way. */
#include "executor/shuffle/block_serve.h"

#include "common/base/alloc.h"
#include "executor/shuffle/block_wire.h"

#define CREDIT_MAX ((uint64_t)16 << 20)
#define BLOCKS_MAX 1024 /* in a reply */
#define TASK_BITS 28
#define INDEX_BITS 24

typedef struct place {
    size_t partition; /* place in the list of the message */
    int32_t task, index;
} place;

typedef struct reply_builder {
    const weir_block_serve *serve;
    weir_arena *arena;
    weir_block_packer *packer;
    Weir__Blocks message;
    weir_str *payload; /* block, padding, block, ... */
    weir_buffer *blocks[BLOCKS_MAX];
    uint64_t bytes;
    bool any_compressed;
} reply_builder;

static uint64_t position_of(const place *at) {
    return (uint64_t)at->partition << (TASK_BITS + INDEX_BITS) | (uint64_t)at->task << INDEX_BITS |
           (uint64_t)at->index;
}

static place place_of(uint64_t position) {
    return (place){.partition = position >> (TASK_BITS + INDEX_BITS),
                   .task = (int32_t)(position >> INDEX_BITS & ((1 << TASK_BITS) - 1)),
                   .index = (int32_t)(position & ((1 << INDEX_BITS) - 1))};
}

static weir_code check_message(const weir_block_serve *serve, weir_error **err) {
    const Weir__FetchBlocks *m = serve->message;
    if (m->stage >= (uint32_t)weir_block_store_stages(serve->store))
        WEIR_FAIL(err, RPC_ERROR, "a fetch of stage %u, which the query has not", m->stage);
    uint32_t partitions = (uint32_t)weir_block_store_partitions(serve->store, (int32_t)m->stage);
    for (size_t i = 0; i < m->n_partitions; i++)
        if (m->partitions[i] >= partitions)
            WEIR_FAIL(err, RPC_ERROR, "a fetch of partition %u of %u", m->partitions[i], partitions);
    return WEIR_OK;
}

static weir_block_slot_id slot_of(const reply_builder *builder, const place *at) {
    const Weir__FetchBlocks *m = builder->serve->message;
    return (weir_block_slot_id){(int32_t)m->stage, (int32_t)m->partitions[at->partition], at->task};
}

/* Moves to the next place that has a block; its size, or -1 at the end. */
static int64_t next_block(const reply_builder *builder, place *at) {
    const Weir__FetchBlocks *m = builder->serve->message;
    int32_t tasks = weir_block_store_tasks(builder->serve->store, (int32_t)m->stage);
    for (; at->partition < m->n_partitions; *at = (place){.partition = at->partition + 1})
        for (; at->task < tasks; at->task++, at->index = 0) {
            if (builder->serve->own_tasks && !builder->serve->own_tasks[at->task])
                continue;
            int64_t size = weir_block_store_size(builder->serve->store, slot_of(builder, at), at->index);
            if (size >= 0)
                return size;
        }
    return -1;
}

static weir_code add_block(reply_builder *builder, const place *at, weir_error **err) {
    static const char zeroes[8];
    const weir_block_serve *serve = builder->serve;
    const Weir__FetchBlocks *m = serve->message;
    Weir__Blocks *reply = &builder->message;
    weir_block_slot_id slot = slot_of(builder, at);
    size_t n = reply->n_sizes;
    weir_block_id id = {
        m->run_id,           m->batch_id,        m->attempt, m->stage, (uint32_t)slot.partition,
        (uint32_t)slot.task, (uint32_t)at->index};
    weir_buffer *raw = NULL, *packed = NULL;
    uint8_t seal[WEIR_AEAD_SEAL_SIZE];
    WEIR_TRY(weir_block_store_read(serve->store, slot, at->index, false, serve->budget, &raw, err));
    weir_code code = weir_block_pack(builder->packer, &id, serve->budget, raw, &packed, seal, err);
    reply->raw_sizes[n] = raw->size;
    weir_buffer_unref(raw);
    WEIR_TRY(code);
    builder->blocks[n] = packed;
    builder->any_compressed |= packed->size != reply->raw_sizes[n];
    reply->partitions[n] = (uint32_t)slot.partition;
    reply->tasks[n] = (uint32_t)slot.task;
    reply->sizes[n] = packed->size;
    if (serve->aead) {
        uint8_t *copy = weir_arena_alloc(builder->arena, sizeof seal);
        memcpy(copy, seal, sizeof seal);
        reply->seals[n] = (ProtobufCBinaryData){sizeof seal, copy};
        reply->n_seals++;
    }
    builder->payload[2 * n] = (weir_str){(const char *)packed->data, packed->size};
    builder->payload[2 * n + 1] = (weir_str){zeroes, -packed->size & 7};
    builder->bytes += packed->size;
    reply->n_sizes++;
    return WEIR_OK;
}

static weir_code add_blocks(reply_builder *builder, weir_error **err) {
    const Weir__FetchBlocks *m = builder->serve->message;
    uint64_t credit = WEIR_MIN(m->has_credit ? m->credit : CREDIT_MAX, CREDIT_MAX);
    place at = place_of(m->position);
    if (at.partition > m->n_partitions)
        WEIR_FAIL(err, RPC_ERROR, "a fetch from a position that does not exist");
    for (int64_t size; (size = next_block(builder, &at)) >= 0; at.index++) {
        Weir__Blocks *reply = &builder->message;
        bool enough =
            reply->n_sizes == BLOCKS_MAX || (reply->n_sizes && builder->bytes + (uint64_t)size > credit);
        weir_error *failed = NULL;
        weir_code code = enough ? WEIR_OK : add_block(builder, &at, &failed);
        /* What is there already goes; the fetcher asks for the rest when it has stored that. */
        if (code == WEIR_OUT_OF_MEMORY && reply->n_sizes) {
            weir_error_free(failed);
            enough = true;
        } else if (code != WEIR_OK) {
            return weir_error_move(err, failed);
        }
        if (enough) {
            reply->has_next = 1;
            reply->next = position_of(&at);
            break;
        }
    }
    return WEIR_OK;
}

static weir_code build(reply_builder *builder, weir_buffer **ret, weir_error **err) {
    Weir__Blocks *reply = &builder->message;
    weir_arena *arena = builder->arena;
    weir__blocks__init(reply);
    reply->partitions = WEIR_NEW_ARRAY(arena, uint32_t, BLOCKS_MAX);
    reply->tasks = WEIR_NEW_ARRAY(arena, uint32_t, BLOCKS_MAX);
    reply->sizes = WEIR_NEW_ARRAY(arena, uint64_t, BLOCKS_MAX);
    reply->raw_sizes = WEIR_NEW_ARRAY(arena, uint64_t, BLOCKS_MAX);
    reply->seals = WEIR_NEW_ARRAY(arena, ProtobufCBinaryData, BLOCKS_MAX);
    builder->payload = WEIR_NEW_ARRAY(arena, weir_str, 2 * BLOCKS_MAX);
    WEIR_TRY(add_blocks(builder, err));
    reply->n_partitions = reply->n_tasks = reply->n_sizes;
    reply->n_raw_sizes = builder->any_compressed ? reply->n_sizes : 0;
    return weir_frame_encode(builder->serve->transport, WEIR_FRAME_BLOCKS, 0, &reply->base, builder->payload,
                             2 * (int32_t)reply->n_sizes, ret, err);
}

weir_code weir_block_serve_reply(const weir_block_serve *serve, weir_buffer **ret, int64_t *ret_bytes,
                                 weir_error **err) {
    WEIR_TRY(check_message(serve, err));
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    reply_builder *builder = WEIR_NEW(arena, reply_builder);
    builder->serve = serve;
    builder->arena = arena;
    builder->packer = weir_block_packer_new(serve->compress, serve->aead);
    weir_code code = build(builder, ret, err);
    *ret_bytes = (int64_t)builder->bytes;
    for (size_t i = 0; i < builder->message.n_sizes; i++)
        weir_buffer_unref(builder->blocks[i]);
    weir_block_packer_free(builder->packer);
    return code;
}
