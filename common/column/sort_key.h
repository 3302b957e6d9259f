/* Normalised sort keys: bytes whose memcmp order is Spark's order of the values.
 *
 * One key per row, fields in order, each with its direction and its NULL order. -0.0 = 0.0, NaN is the
 * greatest float, strings and binary by unsigned bytes with the shorter first, structs field by field
 * and arrays element by element with NULL first. Maps, variants and calendar intervals have no order.
 * For sort, min/max of nested values and map normalisation; never stored. Any thread. */
#pragma once

#include "common/column/column.h"
#include "common/column/row_codec.h"

typedef struct weir_sort_order {
    bool descending;
    bool nulls_last;
} weir_sort_order;

/* True where values of the type have an order. */
bool weir_sort_key_orderable(const weir_type *type);
/* Keys of the selected rows; `orders` may be NULL (ascending, NULL first). `rows` is replaced. */
weir_code weir_sort_key_encode(weir_rows *rows, weir_column *const *columns, const weir_sort_order *orders,
                               int32_t columns_count, const weir_sel *sel, weir_error **err);
