/* Packing and unpacking of shuffle blocks (block_wire.h): block -> [zstd] -> [seal] -> peer -> [open] ->
 * [zstd].
 *
 * Whatever a peer sends, an unpacked block has exactly the size that its reply announced and its receiver
 * reserved. Pool threads; a packer is used by one at a time. */
#include "executor/shuffle/block_wire.h"

#include <stdio.h>
#include <zstd.h>

#include "common/base/alloc.h"

#define LEVEL 1
#define COMPRESS_FROM 256 /* bytes: a frame of its own does not make less smaller */

struct weir_block_packer {
    bool compress;
    weir_aead *aead;
    ZSTD_CCtx *compressor;
    ZSTD_DCtx *decompressor;
    weir_strbuf aad, opened;
};

weir_block_packer *weir_block_packer_new(bool compress, weir_aead *aead) {
    weir_block_packer *packer = weir_alloc_zero(1, sizeof *packer);
    packer->compress = compress;
    packer->aead = aead;
    return packer;
}

void weir_block_packer_free(weir_block_packer *packer) {
    if (!packer)
        return;
    ZSTD_freeCCtx(packer->compressor);
    ZSTD_freeDCtx(packer->decompressor);
    weir_strbuf_fini(&packer->aad);
    weir_strbuf_fini(&packer->opened);
    weir_free(packer);
}

static weir_str aad_of(weir_block_packer *packer, const weir_block_id *id, size_t raw_size) {
    weir_strbuf_clear(&packer->aad);
    weir_strbuf_addf(&packer->aad, "%s %lld %u %u %u %u %u %zu", id->run_id, (long long)id->batch_id,
                     id->attempt, id->stage, id->partition, id->task, id->index, raw_size);
    return weir_strbuf_view(&packer->aad);
}

/* A smaller copy; NULL where there is none, or no room for one. */
static weir_buffer *compressed(weir_block_packer *packer, weir_budget *budget, const weir_buffer *raw) {
    if (raw->size < COMPRESS_FROM)
        return NULL;
    if (!packer->compressor)
        packer->compressor = ZSTD_createCCtx();
    weir_buffer *copy = weir_buffer_new(budget, raw->size);
    if (!copy || !packer->compressor) {
        weir_buffer_unref(copy);
        return NULL;
    }
    /* One byte less than it has now: what is not smaller is an error to zstd. */
    size_t size =
        ZSTD_compressCCtx(packer->compressor, copy->data, raw->size - 1, raw->data, raw->size, LEVEL);
    if (ZSTD_isError(size))
        return weir_buffer_unref(copy);
    copy->size = size;
    return copy;
}

weir_code weir_block_pack(weir_block_packer *packer, const weir_block_id *id, weir_budget *budget,
                          weir_buffer *raw, weir_buffer **ret, uint8_t ret_seal[WEIR_AEAD_SEAL_SIZE],
                          weir_error **err) {
    weir_buffer *packed = packer->compress ? compressed(packer, budget, raw) : NULL;
    if (!packer->aead) {
        *ret = packed ? packed : weir_buffer_ref(raw);
        return WEIR_OK;
    }
    weir_str plain = {(const char *)raw->data, raw->size};
    if (packed) {
        plain = (weir_str){(const char *)packed->data, packed->size};
    } else if ((packed = weir_buffer_new(budget, raw->size))) {
        packed->size = raw->size;
    } else {
        WEIR_FAIL(err, OUT_OF_MEMORY,
                  "a sealed shuffle block of %zu bytes does not fit spark.executor.memory", raw->size);
    }
    weir_code code =
        weir_aead_seal(packer->aead, aad_of(packer, id, raw->size), plain, packed->data, ret_seal, err);
    if (code != WEIR_OK) {
        weir_buffer_unref(packed);
        return code;
    }
    *ret = packed;
    return WEIR_OK;
}

static weir_code decompress(weir_block_packer *packer, weir_str packed, size_t raw_size, weir_strbuf *ret,
                            weir_error **err) {
    if (!packer->decompressor)
        packer->decompressor = ZSTD_createDCtx();
    if (!packer->decompressor)
        WEIR_FAIL_OOM(err);
    size_t size =
        ZSTD_decompressDCtx(packer->decompressor, ret->data + ret->size, raw_size, packed.data, packed.size);
    if (ZSTD_isError(size) || size != raw_size)
        WEIR_FAIL(err, RPC_ERROR, "a shuffle block does not decompress: %s",
                  ZSTD_isError(size) ? ZSTD_getErrorName(size) : "wrong size");
    ret->size += size;
    return WEIR_OK;
}

weir_code weir_block_unpack(weir_block_packer *packer, const weir_block_id *id, weir_str packed,
                            size_t raw_size, weir_str seal, weir_strbuf *ret, weir_error **err) {
    bool is_compressed = raw_size != packed.size;
    weir_strbuf_reserve(ret, raw_size);
    if (packer->aead) {
        weir_strbuf *opened = is_compressed ? &packer->opened : ret;
        if (is_compressed)
            weir_strbuf_clear(opened);
        weir_strbuf_reserve(opened, packed.size);
        WEIR_TRY(weir_aead_open(packer->aead, aad_of(packer, id, raw_size), seal, packed,
                                (uint8_t *)opened->data + opened->size, err));
        packed = (weir_str){opened->data + opened->size, packed.size};
        if (!is_compressed)
            ret->size += packed.size;
    }
    if (is_compressed)
        return decompress(packer, packed, raw_size, ret, err);
    if (!packer->aead)
        weir_strbuf_add(ret, packed);
    return WEIR_OK;
}
