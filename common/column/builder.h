/* Column builders: append values row by row without a call per value where the caller inlines the
 * fixed-width case; one growing buffer per Arrow buffer. One thread.
 *
 * A builder may be finished many times: finish hands out the column and starts anew with buffers of
 * the same capacity. Append functions return false when the budget refuses (raise OUT_OF_MEMORY). */
#pragma once

#include "common/column/column.h"

typedef struct weir_builder weir_builder;
struct weir_builder {
    const weir_type *type;
    weir_budget *budget;
    int32_t length;   /* rows so far */
    int32_t capacity; /* rows that fit without growing (all fixed buffers of this node) */
    int32_t null_count;
    uint8_t *validity; /* always present while building */
    uint8_t *values;   /* fixed-width values / bitmap / bytes */
    int32_t *offsets;  /* bytes, ARRAY, MAP */
    size_t bytes_size; /* bytes kinds: used and available bytes of `values` */
    size_t bytes_capacity;
    int32_t children_count;
    weir_builder *children; /* array of children_count */
    weir_buffer *validity_buffer, *values_buffer, *offsets_buffer;
};

weir_code weir_builder_init(weir_builder *builder, weir_budget *budget, const weir_type *type,
                            int32_t capacity, weir_error **err);
void weir_builder_fini(weir_builder *builder);
bool weir_builder_grow(weir_builder *builder, int32_t rows_extra); /* room for rows_extra more */
bool weir_builder_grow_bytes(weir_builder *builder, size_t bytes_extra);
/* Appends a null (with null children rows for STRUCT and VARIANT). */
bool weir_builder_null(weir_builder *builder);
bool weir_builder_bytes(weir_builder *builder, const void *data, size_t size);
bool weir_builder_bool(weir_builder *builder, bool value);
/* Nested: append the children first, then close the row. */
bool weir_builder_struct_end(weir_builder *builder);
bool weir_builder_list_end(weir_builder *builder); /* ARRAY, MAP: row ends at the child's length */
/* Copies row `row` of a column of the same type. */
bool weir_builder_copy(weir_builder *builder, const weir_column *column, int32_t row);
/* Drops the rows from `length` on (children too): undo of a partly built record. */
void weir_builder_truncate(weir_builder *builder, int32_t length);
weir_code weir_builder_finish(weir_builder *builder, weir_column **ret, weir_error **err);

#define WEIR_BUILDER_FIXED(name, ctype) \
    static inline bool weir_builder_##name(weir_builder *b, ctype value) { \
        if (WEIR_UNLIKELY(b->length == b->capacity) && !weir_builder_grow(b, 1)) \
            return false; \
        memcpy(b->values + (size_t)b->length * sizeof(ctype), &value, sizeof(ctype)); \
        weir_bit_set(b->validity, b->length++); \
        return true; \
    }
WEIR_BUILDER_FIXED(int8, int8_t)
WEIR_BUILDER_FIXED(int16, int16_t)
WEIR_BUILDER_FIXED(int32, int32_t)
WEIR_BUILDER_FIXED(int64, int64_t)
WEIR_BUILDER_FIXED(float, float)
WEIR_BUILDER_FIXED(double, double)
WEIR_BUILDER_FIXED(int128, __int128)
#undef WEIR_BUILDER_FIXED
