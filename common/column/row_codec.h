/* Rows as bytes: the key and value form of hash tables, state and shuffle placement.
 *
 * Deterministic: in key form equal values under Spark's grouping rules give equal bytes (-0.0 = 0.0,
 * one NaN, NULL = NULL, maps in key order), so memcmp equality is key equality. The value form keeps
 * every bit. Layout of one row, fields in order:
 *   null flag bytes ceil(n/8) (bit 1 = null), then per non-null field:
 *   fixed width: its bytes | BOOLEAN: 1 byte | bytes kinds: u32 size + bytes
 *   STRUCT: as a row | ARRAY: u32 count + null bits + elements | MAP: u32 count + keys + null bits + values
 *   VARIANT: two bytes fields
 * All integers are little-endian. The format is stored in state files: docs/formats/state.md. */
#pragma once

#include "common/column/builder.h"
#include "common/column/column.h"

/* Zero-initialise before the first use (`budget` may be set; capacity is charged to it). */
typedef struct weir_rows {
    uint8_t *data; /* all rows back to back, WEIR_BUFFER_SPARE readable bytes behind */
    size_t size, capacity;
    uint32_t *offsets; /* count + 1 */
    int32_t count, offsets_capacity;
    weir_budget *budget;
} weir_rows;

void weir_rows_fini(weir_rows *rows);
static inline weir_str weir_rows_at(const weir_rows *rows, int32_t i) {
    return (weir_str){(const char *)rows->data + rows->offsets[i], rows->offsets[i + 1] - rows->offsets[i]};
}
/* Encodes the selected rows of `columns` (any encoding) in key form, replacing what `rows` held.
 * NOT_SUPPORTED for strings with a collation other than UTF8_BINARY. */
weir_code weir_rows_encode(weir_rows *rows, weir_column *const *columns, int32_t columns_count,
                           const weir_sel *sel, weir_error **err);
/* The same in value form: nothing is normalised. */
weir_code weir_rows_encode_values(weir_rows *rows, weir_column *const *columns, int32_t columns_count,
                                  const weir_sel *sel, weir_error **err);
/* Appends one encoded row to builders (one per field). Checks bounds: CORRUPT_FILE
 * where the bytes are no row of these types; the builders are unchanged then. */
weir_code weir_row_decode(const uint8_t *row, size_t size, weir_builder *builders, int32_t count,
                          weir_error **err);
/* Spark's hash(cols...) (Murmur3, seed chaining) of the selected rows: hashes[i] for the i-th row.
 * Maps and variants, which Spark does not hash, are hashed by their key form. (row_hash.c) */
weir_code weir_columns_murmur3(weir_column *const *columns, int32_t columns_count, const weir_sel *sel,
                               uint32_t seed, uint32_t *hashes, weir_error **err);
/* Spark's xxhash64(cols...), likewise; no maps and variants. FLAT and CONSTANT columns. (row_xxhash.c) */
void weir_columns_xxhash64(weir_column *const *columns, int32_t columns_count, const weir_sel *sel,
                           uint64_t seed, uint64_t *hashes);
#define WEIR_KEY_GROUPS 1024
/* Key group of a hash: non-negative modulus, fixed in every checkpoint. */
static inline int32_t weir_key_group(uint32_t murmur3) {
    return (int32_t)(murmur3 & (WEIR_KEY_GROUPS - 1));
}
