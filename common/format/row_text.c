/* Values as Spark's InternalRow prints them (row_text.h): dates and times as their numbers, nested values in
 * brackets. */
#include "common/format/row_text.h"

#include "common/types/decimal.h"
#include "common/types/number_text.h"

static void list_text(weir_strbuf *buf, const weir_column *child, int32_t from, int32_t to) {
    weir_strbuf_add_char(buf, '[');
    for (int32_t i = from; i < to; i++) {
        if (i > from)
            weir_strbuf_add_char(buf, ',');
        weir_row_text_value(buf, child, i);
    }
    weir_strbuf_add_char(buf, ']');
}

void weir_row_text_value(weir_strbuf *buf, const weir_column *column, int32_t row) {
    char text[64];
    size_t width = (size_t)weir_type_width(column->type);
    const uint8_t *at = width ? column->values + width * (size_t)row : column->values;
    if (weir_column_is_null(column, row)) {
        weir_strbuf_add_text(buf, "null");
        return;
    }
    switch (column->type->kind) {
    case WEIR_TYPE_BOOLEAN:
        weir_strbuf_add_text(buf, weir_bit_get(column->values, row) ? "true" : "false");
        return;
    case WEIR_TYPE_BYTE:
        weir_strbuf_addf(buf, "%d", *(const int8_t *)at);
        return;
    case WEIR_TYPE_SHORT:
        weir_strbuf_addf(buf, "%d", *(const int16_t *)at);
        return;
    case WEIR_TYPE_INT:
    case WEIR_TYPE_DATE:
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        weir_strbuf_addf(buf, "%d", (int32_t)weir_load32(at));
        return;
    case WEIR_TYPE_FLOAT:
        weir_strbuf_add(buf, weir_str_make(text, (size_t)weir_float_format(*(const float *)at, text)));
        return;
    case WEIR_TYPE_DOUBLE:
        weir_strbuf_add(buf, weir_str_make(text, (size_t)weir_double_format(*(const double *)at, text)));
        return;
    case WEIR_TYPE_DECIMAL:
        weir_strbuf_add(buf, weir_str_make(text, (size_t)weir_decimal_format(weir_load128(at),
                                                                             column->type->scale, text)));
        return;
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_CHAR:
    case WEIR_TYPE_VARCHAR:
        weir_strbuf_add(buf, weir_column_bytes(column, row));
        return;
    case WEIR_TYPE_STRUCT:
        weir_strbuf_add_char(buf, '[');
        for (int32_t i = 0; i < column->children_count; i++) {
            if (i)
                weir_strbuf_add_char(buf, ',');
            weir_row_text_value(buf, column->children[i], row);
        }
        weir_strbuf_add_char(buf, ']');
        return;
    case WEIR_TYPE_ARRAY:
        list_text(buf, column->children[0], column->offsets[row], column->offsets[row + 1]);
        return;
    case WEIR_TYPE_MAP:
        weir_strbuf_add_text(buf, "keys: ");
        list_text(buf, column->children[0], column->offsets[row], column->offsets[row + 1]);
        weir_strbuf_add_text(buf, ", values: ");
        list_text(buf, column->children[1], column->offsets[row], column->offsets[row + 1]);
        return;
    case WEIR_TYPE_BINARY:
    case WEIR_TYPE_VARIANT:
        weir_strbuf_addf(buf, "<%s>", column->type->kind == WEIR_TYPE_BINARY ? "binary" : "variant");
        return;
    default:
        weir_strbuf_addf(buf, "%lld", (long long)weir_load64(at));
    }
}
