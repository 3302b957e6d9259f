/* Blocks: batches as bytes, for shuffle, collected results and constants in plans.
 *
 *   block   := u32 magic "WBLK" | u32 rows | u32 columns | u32 0 | column...
 *   column  := u32 flags (1 = validity) | u32 length | [validity] [offsets] [values] [children...]
 * Every part starts 8-aligned relative to the block. Offsets begin at 0. Sizes follow from type, length and
 * offsets, so a reader needs the schema. Integrity (CRC32C) is the carrier's: an RPC frame or a file section.
 * A decoded batch borrows the carrier's buffer. Any thread. */
#pragma once

#include "common/column/column.h"

/* Appends the batch (all columns flattened) to `buf`, whose size must be a multiple of 8. */
weir_code weir_block_encode(weir_strbuf *buf, const weir_batch *batch, weir_error **err);
/* Decodes one block at `offset` of `buffer`; `schema` as encoded. *ret_end = offset behind it. `what` names
 * the origin in errors (CORRUPT_FILE). */
weir_code weir_block_decode(const weir_type *schema, weir_buffer *buffer, size_t offset, const char *what,
                            weir_batch **ret, size_t *ret_end, weir_error **err);

/* One column alone, copied: constants in plans. */
weir_code weir_block_encode_column(weir_strbuf *buf, weir_column *column, weir_error **err);
weir_code weir_block_decode_column(const weir_type *type, int32_t rows, weir_str bytes, const char *what,
                                   weir_column **ret, weir_error **err);
