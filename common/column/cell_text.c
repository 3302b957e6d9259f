/* Values as text: CAST to STRING, the cells of Dataset.show, and show's box table.
 *
 * The text of a nested value is built depth first into one buffer; types of a column are dispatched per
 * value, which is cheap beside the digits it prints. The table counts widths as Spark does: in UTF-16
 * units, full-width characters twice. Used by the cast kernel, the console sink and `weir sql`. Any
 * thread; never fails. */
#include "common/column/cell_text.h"

#include "common/base/alloc.h"
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

/* ---- the table ---- */

/* One character of UTF-8; invalid bytes count as one U+FFFD each. */
static uint32_t next_char(const char **at, const char *end) {
    const uint8_t *p = (const uint8_t *)*at;
    size_t left = (size_t)(end - *at), size = p[0] < 0x80   ? 1
                                              : p[0] < 0xC2 ? 0
                                              : p[0] < 0xE0 ? 2
                                              : p[0] < 0xF0 ? 3
                                              : p[0] < 0xF5 ? 4
                                                            : 0;
    uint32_t code = size == 1 ? p[0] : size > 0 ? p[0] & (0x7Fu >> size) : 0xFFFD;
    for (size_t i = 1; i < size; i++) {
        if (i >= left || (p[i] & 0xC0) != 0x80) {
            *at += i < left ? i : left;
            return 0xFFFD;
        }
        code = code << 6 | (p[i] & 0x3F);
    }
    *at += size ? size : 1;
    return code;
}

/* The ranges of Utils.fullWidthRegex: characters that a terminal draws two columns wide. */
static bool is_full_width(uint32_t c) {
    return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
           (c >= 0xFFE0 && c <= 0xFFE6);
}

static int32_t utf16_units(uint32_t c) {
    return c > 0xFFFF ? 2 : 1;
}

static int32_t text_width(weir_str text, int32_t *ret_units) {
    int32_t width = 0, units = 0;
    const char *at = text.data, *end = at + text.size;
    while (at < end) {
        if ((signed char)*at > 0) { /* the common case, without decoding */
            at++;
            width++;
            units++;
            continue;
        }
        uint32_t c = next_char(&at, end);
        units += utf16_units(c);
        width += utf16_units(c) + is_full_width(c);
    }
    if (ret_units)
        *ret_units = units;
    return width;
}

/* SchemaUtils.escapeMetaCharacters: what would break the box. */
static void add_escaped(weir_strbuf *buf, weir_str text) {
    static const char from[] = "\n\r\t\f\b\v\a", to[] = "nrtfbva";
    const char *at = text.data, *end = at + text.size, *plain = at;
    for (; at < end; at++) {
        const char *found = (unsigned char)*at < 0x20 && *at ? strchr(from, *at) : NULL;
        if (!found)
            continue;
        weir_strbuf_add(buf, weir_str_make(plain, (size_t)(at - plain)));
        weir_strbuf_add_char(buf, '\\');
        weir_strbuf_add_char(buf, to[found - from]);
        plain = at + 1;
    }
    weir_strbuf_add(buf, weir_str_make(plain, (size_t)(end - plain)));
}

/* Cuts the cell that starts at `from` to `truncate` UTF-16 units, "..." included. */
static void cut_cell(weir_strbuf *buf, size_t from, int32_t truncate) {
    int32_t units;
    text_width(weir_str_make(buf->data + from, buf->size - from), &units);
    if (truncate <= 0 || units <= truncate)
        return;
    int32_t keep = truncate < 4 ? truncate : truncate - 3;
    const char *at = buf->data + from, *end = buf->data + buf->size, *cut = at;
    bool half = false;
    for (int32_t taken = 0; taken < keep;) {
        uint32_t c = next_char(&at, end);
        taken += utf16_units(c);
        half = taken > keep; /* Java cuts a surrogate pair in two and prints '?' for the rest */
        if (!half)
            cut = at;
    }
    buf->size = (size_t)(cut - buf->data);
    buf->data[buf->size] = '\0';
    if (half)
        weir_strbuf_add_char(buf, '?');
    if (truncate >= 4)
        weir_strbuf_add_text(buf, "...");
}

/* All cells row by row: their texts back to back, with one end and one width each. */
typedef struct cell_grid {
    weir_strbuf texts;
    size_t *ends;
    int32_t *widths;
    int32_t *column_widths;
    int32_t columns, rows; /* rows with the header */
    int32_t filled;
} cell_grid;

static void end_cell(cell_grid *grid, size_t from, int32_t column) {
    int32_t width = text_width(weir_str_make(grid->texts.data + from, grid->texts.size - from), NULL);
    grid->ends[grid->filled] = grid->texts.size;
    grid->widths[grid->filled++] = width;
    if (width > grid->column_widths[column])
        grid->column_widths[column] = width;
}

static bool needs_escape(weir_str text) {
    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)text.data[i] < 0x20)
            return true;
    }
    return false;
}

static void fill_row(cell_grid *grid, const weir_batch *batch, int32_t row, int32_t truncate,
                     const weir_timezone *zone, weir_strbuf *raw) {
    weir_strbuf *texts = &grid->texts;
    for (int32_t c = 0; c < grid->columns; c++) {
        size_t from = texts->size;
        weir_column *column = batch->columns[c];
        bool null = weir_column_is_null(column, row);
        if (!null && column->encoding == WEIR_DICTIONARY)
            null = weir_column_is_null(column->children[0],
                                       (int32_t)weir_load32(column->values + (size_t)row * 4));
        if (null)
            weir_strbuf_add_text(texts, "NULL");
        else
            weir_cell_text(texts, column, row, WEIR_TEXT_SHOW, zone);
        weir_str cell = weir_str_make(texts->data + from, texts->size - from);
        if (needs_escape(cell)) {
            weir_strbuf_clear(raw);
            weir_strbuf_add(raw, cell);
            texts->size = from;
            add_escaped(texts, weir_strbuf_view(raw));
        }
        cut_cell(texts, from, truncate);
        end_cell(grid, from, c);
    }
}

static void add_separator(weir_strbuf *buf, const cell_grid *grid) {
    for (int32_t c = 0; c < grid->columns; c++) {
        weir_strbuf_add_char(buf, '+');
        weir_strbuf_add_repeat(buf, '-', (size_t)grid->column_widths[c]);
    }
    weir_strbuf_add_text(buf, grid->columns > 0 ? "+\n" : "++\n");
}

static void add_row(weir_strbuf *buf, const cell_grid *grid, int32_t row, bool right_aligned) {
    for (int32_t c = 0; c < grid->columns; c++) {
        int32_t cell = row * grid->columns + c;
        size_t from = cell > 0 ? grid->ends[cell - 1] : 0;
        size_t pad = (size_t)(grid->column_widths[c] - grid->widths[cell]);
        weir_strbuf_add_char(buf, '|');
        if (right_aligned)
            weir_strbuf_add_repeat(buf, ' ', pad);
        weir_strbuf_add(buf, weir_str_make(grid->texts.data + from, grid->ends[cell] - from));
        if (!right_aligned)
            weir_strbuf_add_repeat(buf, ' ', pad);
    }
    weir_strbuf_add_text(buf, grid->columns > 0 ? "|\n" : "||\n");
}

void weir_show_table(weir_strbuf *buf, const weir_batch *batch, int32_t rows_max, int32_t truncate,
                     const weir_timezone *zone) {
    int32_t rows = batch->rows < rows_max ? batch->rows : rows_max;
    rows = rows < 0 ? 0 : rows;
    cell_grid grid = {.columns = batch->columns_count, .rows = rows + 1};
    size_t cells = (size_t)grid.columns * (size_t)grid.rows;
    grid.ends = weir_alloc_zero(cells + 1, sizeof *grid.ends);
    grid.widths = weir_alloc_zero(cells + 1, sizeof *grid.widths);
    grid.column_widths = weir_alloc((size_t)(grid.columns + 1) * sizeof *grid.column_widths);
    _cleanup_strbuf_ weir_strbuf raw = {0};
    weir_strbuf_reserve(&grid.texts, cells * 8 + 1);
    for (int32_t c = 0; c < grid.columns; c++) {
        size_t from = grid.texts.size;
        grid.column_widths[c] = 3; /* Spark's least width */
        add_escaped(&grid.texts, batch->schema->fields[c].name);
        end_cell(&grid, from, c);
    }
    for (int32_t row = 0; row < rows; row++)
        fill_row(&grid, batch, row, truncate, zone, &raw);
    add_separator(buf, &grid);
    add_row(buf, &grid, 0, truncate > 0);
    add_separator(buf, &grid);
    for (int32_t row = 1; row <= rows; row++)
        add_row(buf, &grid, row, truncate > 0);
    add_separator(buf, &grid);
    if (batch->rows > rows)
        weir_strbuf_addf(buf, "only showing top %d %s", rows, rows == 1 ? "row" : "rows");
    weir_strbuf_fini(&grid.texts);
    weir_free(grid.ends);
    weir_free(grid.widths);
    weir_free(grid.column_widths);
}
