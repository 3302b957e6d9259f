/* Normalised sort keys (sort_key.h).
 *
 *   field   flag byte (NULL 0x00, value 0x01; value 0x01, NULL 0x02 with NULLs last), then the value
 *   value   integers big-endian with the sign bit flipped | floats as ordered bits, big-endian
 *           bytes: each 0x00 as 0x00 0xFF, ended by 0x00 0x00 | STRUCT: its fields, NULL first
 *           ARRAY: 0x01 and a field per element, ended by 0x00
 *
 * A descending field has its value bytes inverted, never its flag. Failure: OUT_OF_MEMORY. Any thread. */
#include "common/column/sort_key.h"

#include "common/base/alloc.h"
#include "common/column/row_buffer_int.h"

bool weir_sort_key_orderable(const weir_type *type) {
    switch ((int)type->kind) {
    case WEIR_TYPE_MAP:
    case WEIR_TYPE_VARIANT:
    case WEIR_TYPE_INTERVAL_CALENDAR:
        return false;
    case WEIR_TYPE_ARRAY:
        return weir_sort_key_orderable(type->element);
    case WEIR_TYPE_STRUCT:
        for (int32_t i = 0; i < type->fields_count; i++) {
            if (!weir_sort_key_orderable(type->fields[i].type))
                return false;
        }
        return true;
    default:
        return true;
    }
}

static bool put_big_endian(weir_rows *rows, unsigned __int128 value, int32_t width) {
    uint8_t bytes[16];
    for (int32_t i = width - 1; i >= 0; i--) {
        bytes[i] = (uint8_t)value;
        value >>= 8;
    }
    return weir_row_buffer_put(rows, bytes, (size_t)width);
}

static uint64_t ordered_double(uint64_t bits) {
    double value;
    memcpy(&value, &bits, 8);
    if (value == 0.0)
        bits = 0;
    else if (value != value)
        bits = UINT64_C(0x7ff8000000000000);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static uint32_t ordered_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    if (value == 0.0f)
        bits = 0;
    else if (value != value)
        bits = UINT32_C(0x7fc00000);
    return bits >> 31 ? ~bits : bits | UINT32_C(1) << 31;
}

static bool put_bytes(weir_rows *rows, weir_str bytes) {
    while (bytes.size) {
        const char *zero = memchr(bytes.data, 0, bytes.size);
        size_t run = zero ? (size_t)(zero - bytes.data) : bytes.size;
        if (!weir_row_buffer_put(rows, bytes.data, run))
            return false;
        if (!zero)
            break;
        if (!weir_row_buffer_put(rows, "\0\xFF", 2))
            return false;
        bytes = (weir_str){zero + 1, bytes.size - run - 1};
    }
    return weir_row_buffer_put(rows, "\0\0", 2);
}

static bool put_value(weir_rows *rows, const weir_column *column, int32_t row);

static bool put_nullable(weir_rows *rows, const weir_column *column, int32_t row) {
    bool null = weir_column_is_null(column, row);
    uint8_t flag = !null;
    return weir_row_buffer_put(rows, &flag, 1) && (null || put_value(rows, column, row));
}

static bool put_nested(weir_rows *rows, const weir_column *column, int32_t slot) {
    if (column->type->kind == WEIR_TYPE_STRUCT) {
        for (int32_t i = 0; i < column->children_count; i++) {
            if (!put_nullable(rows, column->children[i], slot))
                return false;
        }
        return true;
    }
    for (int32_t i = column->offsets[slot]; i < column->offsets[slot + 1]; i++) {
        if (!weir_row_buffer_put(rows, "\1", 1) || !put_nullable(rows, column->children[0], i))
            return false;
    }
    return weir_row_buffer_put(rows, "\0", 1);
}

static bool put_value(weir_rows *rows, const weir_column *column, int32_t row) {
    int32_t slot = weir_row_buffer_slot(column, row);
    switch (column->type->kind) {
    case WEIR_TYPE_NULL:
        return true;
    case WEIR_TYPE_BOOLEAN:
        return put_big_endian(rows, weir_bit_get(column->values, slot), 1);
    case WEIR_TYPE_FLOAT:
        return put_big_endian(rows, ordered_float(weir_load32(column->values + 4 * (size_t)slot)), 4);
    case WEIR_TYPE_DOUBLE:
        return put_big_endian(rows, ordered_double(weir_load64(column->values + 8 * (size_t)slot)), 8);
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_CHAR:
    case WEIR_TYPE_VARCHAR:
    case WEIR_TYPE_BINARY:
        return put_bytes(rows, weir_column_bytes(column, row));
    case WEIR_TYPE_STRUCT:
    case WEIR_TYPE_ARRAY:
        return put_nested(rows, column, slot);
    default: {
        int32_t width = weir_type_width(column->type);
        unsigned __int128 value = 0;
        memcpy(&value, column->values + (size_t)width * (size_t)slot, (size_t)width);
        value ^= (unsigned __int128)1 << (8 * width - 1);
        return put_big_endian(rows, value, width);
    }
    }
}

static bool put_field(weir_rows *rows, const weir_column *column, int32_t row, weir_sort_order order) {
    bool null = weir_column_is_null(column, row);
    uint8_t flag = null ? (order.nulls_last ? 2 : 0) : 1;
    if (!weir_row_buffer_put(rows, &flag, 1))
        return false;
    size_t from = rows->size;
    if (!null && !put_value(rows, column, row))
        return false;
    for (size_t i = from; order.descending && i < rows->size; i++)
        rows->data[i] = (uint8_t)~rows->data[i];
    return true;
}

static weir_code check_types(weir_column *const *columns, int32_t columns_count, weir_error **err) {
    for (int32_t i = 0; i < columns_count; i++) {
        const weir_type *type = columns[i]->type;
        if (weir_row_buffer_collated(type))
            WEIR_FAIL(err, NOT_SUPPORTED,
                      "Ordering strings with a collation other than UTF8_BINARY is not supported.");
        if (!weir_sort_key_orderable(type)) {
            _cleanup_strbuf_ weir_strbuf text = {0};
            weir_type_sql(&text, type);
            WEIR_FAIL(err, INTERNAL_ERROR, "values of type %s have no order", text.data);
        }
    }
    return WEIR_OK;
}

weir_code weir_sort_key_encode(weir_rows *rows, weir_column *const *columns, const weir_sort_order *orders,
                               int32_t columns_count, const weir_sel *sel, weir_error **err) {
    WEIR_TRY(check_types(columns, columns_count, err));
    if (!weir_row_buffer_reset(rows, sel->count))
        return weir_row_buffer_refused(rows, err);
    weir_column **flat = weir_alloc_zero((size_t)columns_count + 1, sizeof(*flat));
    weir_code code = WEIR_OK;
    for (int32_t c = 0; c < columns_count && code == WEIR_OK; c++) {
        if (columns[c]->encoding == WEIR_DICTIONARY)
            code = weir_column_flatten(rows->budget, columns[c], &flat[c], err);
    }
    for (int32_t i = 0; i < sel->count && code == WEIR_OK; i++) {
        int32_t row = weir_sel_row(sel, i);
        for (int32_t c = 0; c < columns_count && code == WEIR_OK; c++) {
            weir_sort_order order = orders ? orders[c] : (weir_sort_order){0};
            if (!put_field(rows, flat[c] ? flat[c] : columns[c], row, order))
                code = weir_row_buffer_refused(rows, err);
        }
        rows->offsets[i + 1] = (uint32_t)rows->size;
    }
    for (int32_t c = 0; c < columns_count; c++)
        weir_column_unref(flat[c]);
    weir_free(flat);
    return code;
}
