/* Rows as bytes: the key and value form of hash tables, state and shuffle placement.
 *
 * Encoding is columnar on the inside (a batch at a time) and deterministic: equal values under Spark's
 * grouping rules give equal bytes (-0.0 = 0.0, one NaN, NULL = NULL), so memcmp equality is key
 * equality. Layout of one row, fields in order:
 *   null flag bytes ceil(n/8), then per non-null field:
 *   fixed width: its bytes | BOOLEAN: 1 byte | bytes kinds: u32 size + bytes
 *   STRUCT: as a row | ARRAY: u32 count + null bits + elements | MAP: u32 count + keys + values
 *   VARIANT: two bytes fields
 * The format is stored in state files: docs/formats/state.md. */
#pragma once

#include "common/column/builder.h"
#include "common/column/column.h"

typedef struct weir_rows {
    uint8_t *data;      /* all rows back to back */
    size_t size, capacity;
    uint32_t *offsets;  /* count + 1 */
    int32_t count, offsets_capacity;
} weir_rows;

void weir_rows_fini(weir_rows *rows);
/* Encodes the selected rows of `columns` (flat or constant), replacing what `rows` held. */
weir_code weir_rows_encode(weir_rows *rows, weir_column *const *columns, int32_t columns_count,
                           const weir_sel *sel, weir_error **err);
/* Appends one encoded row to builders (one per field). Checks bounds: CORRUPT data is an error. */
weir_code weir_row_decode(const uint8_t *row, size_t size, weir_builder *builders, int32_t count,
                          weir_error **err);
/* Spark's hash(cols...) (Murmur3, seed chaining) of the selected rows: hashes[i] for the i-th row. */
weir_code weir_columns_murmur3(weir_column *const *columns, int32_t columns_count, const weir_sel *sel,
                               uint32_t seed, uint32_t *hashes, weir_error **err);
#define WEIR_KEY_GROUPS 1024
/* Key group of a hash: non-negative modulus, fixed in every checkpoint. */
static inline int32_t weir_key_group(uint32_t murmur3) {
    return (int32_t)(murmur3 & (WEIR_KEY_GROUPS - 1));
}
