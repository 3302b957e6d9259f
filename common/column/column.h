/* Columns and batches: Arrow's layout, counted and immutable once published.
 *
 *   validity  bitmap, bit 1 = not null; NULL = no nulls
 *   values    fixed-width values; BOOLEAN bitmap; bytes of STRING/BINARY; int32 codes of a dictionary
 *   offsets   int32[length + 1] for bytes, ARRAY, MAP (first offset is 0 unless the bytes are shared)
 *   children  STRUCT fields | ARRAY element | MAP key, value | VARIANT value, metadata | dictionary
 *
 * Encodings: FLAT; CONSTANT (buffers hold one row that stands for all `length` rows); DICTIONARY
 * (values = int32 codes, validity of the codes, children[0] = the flat dictionary). Kernels see FLAT or
 * CONSTANT only. Values under a null are unspecified but readable. Struct nulls: a child's own
 * validity must be read together with its parent's. ref/unref: any thread. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/bits.h"
#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/types/types.h"

typedef enum weir_encoding {
    WEIR_FLAT,
    WEIR_CONSTANT,
    WEIR_DICTIONARY,
} weir_encoding;

typedef struct weir_column weir_column;
struct weir_column {
    const weir_type *type; /* borrowed: outlives the column by contract (plan or schema arena) */
    int32_t length;        /* rows */
    int32_t null_count;    /* exact, or -1 = unknown */
    weir_encoding encoding;
    int32_t children_count;
    const uint8_t *validity;
    const uint8_t *values;
    const int32_t *offsets;
    weir_column **children;
    weir_buffer *validity_buffer; /* owners of the bytes above; each may be NULL */
    weir_buffer *values_buffer;
    weir_buffer *offsets_buffer;
    _Atomic int32_t refs;
};

/* An empty shell with one reference and room for children; the caller fills buffers in. */
weir_column *weir_column_new(const weir_type *type, int32_t length, int32_t children_count);
weir_column *weir_column_ref(weir_column *column);
weir_column *weir_column_unref(weir_column *column); /* accepts NULL; always NULL */
void weir_column_unref_ptr(weir_column **column);
#define _cleanup_column_ _cleanup_(weir_column_unref_ptr)

/* A flat column with writable, uninitialised values for a fixed-width or BOOLEAN type (bitmap zeroed)
 * and no validity yet. Write through weir_column_values before publishing. */
weir_code weir_column_new_fixed(weir_budget *budget, const weir_type *type, int32_t length, weir_column **ret,
                                weir_error **err);
static inline void *weir_column_values(weir_column *column) {
    return column->values_buffer->data;
}
/* Gives the column its own writable validity, all bits set; idempotent. */
weir_code weir_column_make_validity(weir_budget *budget, weir_column *column, uint8_t **ret,
                                    weir_error **err);
/* All rows null, any type. */
weir_code weir_column_new_nulls(weir_budget *budget, const weir_type *type, int32_t length, weir_column **ret,
                                weir_error **err);
/* A CONSTANT view of row 0 of `one` (its other rows are ignored). */
weir_column *weir_column_constant(weir_column *one, int32_t length);

/* Index into buffers of row i (CONSTANT reads row 0). Not for DICTIONARY. */
static inline int32_t weir_column_slot(const weir_column *column, int32_t row) {
    return column->encoding == WEIR_CONSTANT ? 0 : row;
}
static inline bool weir_column_is_null(const weir_column *column, int32_t row) {
    if (column->type->kind == WEIR_TYPE_NULL)
        return true;
    return column->validity && !weir_bit_get(column->validity, weir_column_slot(column, row));
}
static inline weir_str weir_column_bytes(const weir_column *column, int32_t row) {
    int32_t slot = weir_column_slot(column, row);
    int32_t from = column->offsets[slot];
    return (weir_str){(const char *)column->values + from, (size_t)(column->offsets[slot + 1] - from)};
}

/* Copies the rows `rows[0..count)` (any order, repeats allowed; -1 = null) into a FLAT column. */
weir_code weir_column_gather(weir_budget *budget, const weir_column *column, const int32_t *rows,
                             int32_t count, weir_column **ret, weir_error **err);
/* Rows [from, from+count) as a FLAT column; shares buffers where alignment allows. */
weir_code weir_column_slice(weir_budget *budget, weir_column *column, int32_t from, int32_t count,
                            weir_column **ret, weir_error **err);
/* FLAT form of any encoding (a reference where it is flat already). */
weir_code weir_column_flatten(weir_budget *budget, weir_column *column, weir_column **ret, weir_error **err);
/* Structural check: offsets monotone and within bounds, lengths, children. For blocks that come from
 * outside and for tests. `what` names the origin. */
weir_code weir_column_verify(const weir_column *column, const char *what, weir_error **err);

/* A batch: columns of equal length. `schema` is a STRUCT type (borrowed). */
typedef struct weir_batch {
    const weir_type *schema;
    int32_t rows;
    int32_t columns_count;
    _Atomic int32_t refs;
    weir_column *columns[];
} weir_batch;

#define WEIR_BATCH_ROWS 4096 /* rows a scan aims at; an operator may emit fewer or up to this */

/* Takes one reference of each column from the caller. */
weir_batch *weir_batch_new(const weir_type *schema, int32_t rows, weir_column *const *columns,
                           int32_t columns_count);
weir_batch *weir_batch_ref(weir_batch *batch);
weir_batch *weir_batch_unref(weir_batch *batch); /* accepts NULL; always NULL */
void weir_batch_unref_ptr(weir_batch **batch);
#define _cleanup_batch_ _cleanup_(weir_batch_unref_ptr)
/* One batch with the rows of all, in order (types alike). */
weir_code weir_batch_concat(weir_budget *budget, const weir_type *schema, weir_batch *const *batches,
                            int32_t count, weir_batch **ret, weir_error **err);
weir_code weir_batch_gather(weir_budget *budget, const weir_batch *batch, const int32_t *rows, int32_t count,
                            weir_batch **ret, weir_error **err);

/* A selection: which rows of a batch are live. rows == NULL: rows 0..count-1. Ascending. */
typedef struct weir_sel {
    const int32_t *rows;
    int32_t count;
} weir_sel;
static inline int32_t weir_sel_row(const weir_sel *sel, int32_t i) {
    return sel->rows ? sel->rows[i] : i;
}
