/* Values as text: CAST to STRING and the cells of Dataset.show.
 *
 * The text of a nested value is built depth first into one buffer; types of a column are dispatched per
 * value, which is cheap beside the digits it prints. Used by the cast kernel and by show (show_table.c).
 * Any thread; never fails. */
#include "common/column/cell_text.h"

#include "common/types/datetime.h"
#include "common/types/decimal.h"
#include "common/types/number_text.h"
#include "common/types/variant_text.h"

static const char hex_digits[] = "0123456789ABCDEF";

static const uint8_t *fixed(const weir_column *column, int32_t row, size_t width) {
    return column->values + (size_t)weir_column_slot(column, row) * width;
}

/* Room for `size` bytes at the end of the buffer; the caller sets the new size. */
static char *room(weir_strbuf *buf, size_t size) {
    weir_strbuf_reserve(buf, size);
    return buf->data + buf->size;
}

static void added(weir_strbuf *buf, int size) {
    buf->size += (size_t)size;
    buf->data[buf->size] = '\0';
}

static void add_integer(weir_strbuf *buf, int64_t value) {
    added(buf, weir_int64_format(value, room(buf, WEIR_NUMBER_TEXT_MAX)));
}

static void add_binary(weir_strbuf *buf, weir_str bytes, weir_text_style style) {
    if (style == WEIR_TEXT_CAST) {
        weir_strbuf_add(buf, bytes);
        return;
    }
    weir_strbuf_add_char(buf, '[');
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t byte = (uint8_t)bytes.data[i];
        if (i > 0)
            weir_strbuf_add_char(buf, ' ');
        weir_strbuf_add_char(buf, hex_digits[byte >> 4]);
        weir_strbuf_add_char(buf, hex_digits[byte & 15]);
    }
    weir_strbuf_add_char(buf, ']');
}

/* An element that may be null, behind `lead` ("", " "). */
static void add_element(weir_strbuf *buf, const weir_column *column, int32_t row, const char *lead,
                        weir_text_style style, const weir_timezone *zone) {
    weir_strbuf_add_text(buf, lead);
    if (weir_column_is_null(column, row))
        weir_strbuf_add_text(buf, style == WEIR_TEXT_SHOW ? "NULL" : "null");
    else
        weir_cell_text(buf, column, row, style, zone);
}

static void add_nested(weir_strbuf *buf, const weir_column *column, int32_t row, weir_text_style style,
                       const weir_timezone *zone) {
    int32_t slot = weir_column_slot(column, row);
    if (column->type->kind == WEIR_TYPE_STRUCT) {
        weir_strbuf_add_char(buf, '{');
        for (int32_t i = 0; i < column->children_count; i++)
            add_element(buf, column->children[i], slot, i > 0 ? ", " : "", style, zone);
        weir_strbuf_add_char(buf, '}');
        return;
    }
    bool map = column->type->kind == WEIR_TYPE_MAP;
    int32_t from = column->offsets[slot], to = column->offsets[slot + 1];
    weir_strbuf_add_char(buf, map ? '{' : '[');
    for (int32_t i = from; i < to; i++) {
        add_element(buf, column->children[0], i, i > from ? ", " : "", style, zone);
        if (map)
            add_element(buf, column->children[1], i, " -> ", style, zone);
    }
    weir_strbuf_add_char(buf, map ? '}' : ']');
}

static void add_number(weir_strbuf *buf, const weir_column *column, int32_t row) {
    const weir_type *type = column->type;
    const uint8_t *value = fixed(column, row, (size_t)weir_type_width(type));
    switch ((int)type->kind) {
    case WEIR_TYPE_BYTE:
        add_integer(buf, (int8_t)*value);
        return;
    case WEIR_TYPE_SHORT: {
        int16_t number;
        memcpy(&number, value, sizeof number);
        add_integer(buf, number);
        return;
    }
    case WEIR_TYPE_INT:
        add_integer(buf, (int32_t)weir_load32(value));
        return;
    case WEIR_TYPE_LONG:
        add_integer(buf, (int64_t)weir_load64(value));
        return;
    case WEIR_TYPE_FLOAT: {
        float number;
        memcpy(&number, value, sizeof number);
        added(buf, weir_float_format(number, room(buf, WEIR_NUMBER_TEXT_MAX)));
        return;
    }
    case WEIR_TYPE_DOUBLE: {
        double number;
        memcpy(&number, value, sizeof number);
        added(buf, weir_double_format(number, room(buf, WEIR_NUMBER_TEXT_MAX)));
        return;
    }
    default:
        added(buf, weir_decimal_format(weir_load128(value), type->scale, room(buf, WEIR_DECIMAL_TEXT_MAX)));
    }
}

static void add_datetime(weir_strbuf *buf, const weir_column *column, int32_t row,
                         const weir_timezone *zone) {
    const weir_type *type = column->type;
    const uint8_t *value = fixed(column, row, (size_t)weir_type_width(type));
    char *at = room(buf, WEIR_DATETIME_TEXT_MAX);
    switch ((int)type->kind) {
    case WEIR_TYPE_DATE:
        added(buf, weir_date_format((int32_t)weir_load32(value), at));
        return;
    case WEIR_TYPE_TIME:
        added(buf, weir_time_format((int64_t)weir_load64(value), at));
        return;
    case WEIR_TYPE_TIMESTAMP:
        added(buf, weir_timestamp_format((int64_t)weir_load64(value), zone, at));
        return;
    case WEIR_TYPE_TIMESTAMP_NTZ:
        added(buf, weir_timestamp_ntz_format((int64_t)weir_load64(value), at));
        return;
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        weir_interval_year_month_text(buf, (int32_t)weir_load32(value), type);
        return;
    case WEIR_TYPE_INTERVAL_DAY_TIME:
        weir_interval_day_time_text(buf, (int64_t)weir_load64(value), type);
        return;
    default: {
        weir_calendar_interval interval;
        memcpy(&interval, value, sizeof interval);
        weir_calendar_interval_text(buf, interval);
    }
    }
}

void weir_cell_text(weir_strbuf *buf, const weir_column *column, int32_t row, weir_text_style style,
                    const weir_timezone *zone) {
    if (column->encoding == WEIR_DICTIONARY) {
        int32_t code = (int32_t)weir_load32(column->values + (size_t)row * 4);
        weir_cell_text(buf, column->children[0], code, style, zone);
        return;
    }
    weir_type_kind kind = column->type->kind;
    if (weir_type_is_string(column->type)) {
        weir_strbuf_add(buf, weir_column_bytes(column, row));
    } else if (weir_type_is_numeric(column->type)) {
        add_number(buf, column, row);
    } else if (kind == WEIR_TYPE_NULL) {
        weir_strbuf_add_text(buf, style == WEIR_TEXT_SHOW ? "NULL" : "null");
    } else if (kind == WEIR_TYPE_BOOLEAN) {
        bool value = weir_bit_get(column->values, weir_column_slot(column, row));
        weir_strbuf_add_text(buf, value ? "true" : "false");
    } else if (kind == WEIR_TYPE_BINARY) {
        add_binary(buf, weir_column_bytes(column, row), style);
    } else if (weir_type_is_nested(column->type)) {
        add_nested(buf, column, row, style, zone);
    } else if (kind == WEIR_TYPE_VARIANT) {
        int32_t slot = weir_column_slot(column, row);
        weir_variant_text(buf, weir_column_bytes(column->children[0], slot),
                          weir_column_bytes(column->children[1], slot), style == WEIR_TEXT_CAST, zone);
    } else {
        add_datetime(buf, column, row, zone);
    }
}
