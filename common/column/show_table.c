/* What Dataset.show prints: the box table, the vertical form and the HTML table (cell_text.h).
 *
 * All cells are written once into one text, row by row, with their ends and widths; then the form is
 * drawn. Widths count as Spark's do: in UTF-16 units, full-width characters twice. Used by the console sink
 * and by clients' show. Any thread; never fails. */
#include "common/base/alloc.h"
#include "common/column/cell_text.h"

#define WIDTH_MIN 3 /* Spark's least width of a column */

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
    int32_t columns, rows; /* rows without the header */
    int64_t filled;
    bool more; /* there are rows behind those of the grid */
} cell_grid;

static void end_cell(cell_grid *grid, size_t from, int32_t column) {
    int32_t width = text_width(weir_str_make(grid->texts.data + from, grid->texts.size - from), NULL);
    grid->ends[grid->filled] = grid->texts.size;
    grid->widths[grid->filled++] = width;
    if (width > grid->column_widths[column])
        grid->column_widths[column] = width;
}

/* Row 0 is the header. */
static weir_str cell_at(const cell_grid *grid, int32_t row, int32_t column, int32_t *ret_width) {
    int64_t cell = (int64_t)row * grid->columns + column;
    size_t from = cell > 0 ? grid->ends[cell - 1] : 0;
    *ret_width = grid->widths[cell];
    return weir_str_make(grid->texts.data + from, grid->ends[cell] - from);
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

/* The header and at most `rows_max` rows of the batches. */
static void fill_grid(cell_grid *grid, const weir_show_source *source, int32_t rows_max, int32_t truncate) {
    const weir_type *schema = source->schema;
    int64_t total = 0;
    for (int32_t b = 0; b < source->batches_count; b++)
        total += source->batches[b]->rows;
    grid->columns = schema->fields_count;
    grid->rows = (int32_t)WEIR_MIN(total, WEIR_MAX(rows_max, 0));
    grid->more = total > grid->rows;
    size_t cells = (size_t)grid->columns * ((size_t)grid->rows + 1);
    grid->ends = weir_alloc_zero(cells + 1, sizeof *grid->ends);
    grid->widths = weir_alloc_zero(cells + 1, sizeof *grid->widths);
    grid->column_widths = weir_alloc((size_t)(grid->columns + 1) * sizeof *grid->column_widths);
    _cleanup_strbuf_ weir_strbuf raw = {0};
    weir_strbuf_reserve(&grid->texts, cells * 8 + 1);
    for (int32_t c = 0; c < grid->columns; c++) {
        size_t from = grid->texts.size;
        grid->column_widths[c] = WIDTH_MIN;
        add_escaped(&grid->texts, schema->fields[c].name);
        end_cell(grid, from, c);
    }
    int32_t left = grid->rows;
    for (int32_t b = 0; left > 0; b++) {
        const weir_batch *batch = source->batches[b];
        int32_t rows = WEIR_MIN(left, batch->rows);
        for (int32_t row = 0; row < rows; row++)
            fill_row(grid, batch, row, truncate, source->zone, &raw);
        left -= rows;
    }
}

static void grid_fini(cell_grid *grid) {
    weir_strbuf_fini(&grid->texts);
    weir_free(grid->ends);
    weir_free(grid->widths);
    weir_free(grid->column_widths);
}

static void add_footer(weir_strbuf *buf, const cell_grid *grid) {
    if (grid->more)
        weir_strbuf_addf(buf, "only showing top %d %s", grid->rows, grid->rows == 1 ? "row" : "rows");
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
        int32_t width;
        weir_str cell = cell_at(grid, row, c, &width);
        size_t pad = (size_t)(grid->column_widths[c] - width);
        weir_strbuf_add_char(buf, '|');
        if (right_aligned)
            weir_strbuf_add_repeat(buf, ' ', pad);
        weir_strbuf_add(buf, cell);
        if (!right_aligned)
            weir_strbuf_add_repeat(buf, ' ', pad);
    }
    weir_strbuf_add_text(buf, grid->columns > 0 ? "|\n" : "||\n");
}

static void draw_box(weir_strbuf *buf, const cell_grid *grid, bool right_aligned) {
    add_separator(buf, grid);
    add_row(buf, grid, 0, right_aligned);
    add_separator(buf, grid);
    for (int32_t row = 1; row <= grid->rows; row++)
        add_row(buf, grid, row, right_aligned);
    add_separator(buf, grid);
    add_footer(buf, grid);
}

static void add_padded(weir_strbuf *buf, weir_str cell, int32_t width, int32_t to_width) {
    weir_strbuf_add(buf, cell);
    weir_strbuf_add_repeat(buf, ' ', (size_t)(to_width - width));
}

/* "-RECORD 0---" and a line " name | value " a column; one width for all names and one for all values. */
static void draw_vertical(weir_strbuf *buf, const cell_grid *grid) {
    int32_t name_width = WIDTH_MIN, value_width = WIDTH_MIN, width;
    for (int64_t i = 0; i < grid->filled; i++) {
        int32_t *most = i < grid->columns ? &name_width : &value_width;
        *most = WEIR_MAX(*most, grid->widths[i]);
    }
    for (int32_t row = 1; row <= grid->rows; row++) {
        size_t from = buf->size, rule = (size_t)name_width + (size_t)value_width + 5;
        weir_strbuf_addf(buf, "-RECORD %d", row - 1);
        if (buf->size - from < rule)
            weir_strbuf_add_repeat(buf, '-', rule - (buf->size - from));
        weir_strbuf_add_char(buf, '\n');
        for (int32_t c = 0; c < grid->columns; c++) {
            weir_strbuf_add_char(buf, ' ');
            weir_str name = cell_at(grid, 0, c, &width);
            add_padded(buf, name, width, name_width);
            weir_strbuf_add_text(buf, " | ");
            weir_str value = cell_at(grid, row, c, &width);
            add_padded(buf, value, width, value_width);
            weir_strbuf_add_text(buf, " \n");
        }
        if (grid->columns == 0)
            weir_strbuf_add_char(buf, '\n');
    }
    if (grid->rows == 0)
        weir_strbuf_add_text(buf, "(0 rows)");
    else
        add_footer(buf, grid);
}

void weir_show(weir_strbuf *buf, const weir_show_source *source, const weir_show_options *options) {
    cell_grid grid = {0};
    fill_grid(&grid, source, options->rows_max, options->truncate);
    if (options->vertical)
        draw_vertical(buf, &grid);
    else
        draw_box(buf, &grid, options->truncate > 0);
    grid_fini(&grid);
}

void weir_show_table(weir_strbuf *buf, const weir_batch *batch, int32_t rows_max, int32_t truncate,
                     const weir_timezone *zone) {
    weir_batch *one = (weir_batch *)(uintptr_t)batch;
    weir_show_source source = {batch->schema, &one, 1, zone};
    weir_show(buf, &source, &(weir_show_options){rows_max, truncate, false});
}

/* StringEscapeUtils.escapeHtml's four, as Spark applies them. */
static void add_html(weir_strbuf *buf, weir_str text) {
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '<')
            weir_strbuf_add_text(buf, "&lt;");
        else if (c == '>')
            weir_strbuf_add_text(buf, "&gt;");
        else if (c == '&')
            weir_strbuf_add_text(buf, "&amp;");
        else if (c == '"')
            weir_strbuf_add_text(buf, "&quot;");
        else
            weir_strbuf_add_char(buf, c);
    }
}

static void add_html_row(weir_strbuf *buf, const cell_grid *grid, int32_t row) {
    const char *tag = row == 0 ? "th" : "td";
    int32_t width;
    weir_strbuf_add_text(buf, "<tr>");
    for (int32_t c = 0; c < grid->columns; c++) {
        weir_strbuf_addf(buf, "<%s>", tag);
        add_html(buf, cell_at(grid, row, c, &width));
        weir_strbuf_addf(buf, "</%s>", tag);
    }
    weir_strbuf_add_text(buf, "</tr>\n");
}

void weir_show_html(weir_strbuf *buf, const weir_show_source *source, int32_t rows_max, int32_t truncate) {
    cell_grid grid = {0};
    fill_grid(&grid, source, rows_max, truncate);
    weir_strbuf_add_text(buf, "<table border='1'>\n");
    for (int32_t row = 0; row <= grid.rows; row++)
        add_html_row(buf, &grid, row);
    weir_strbuf_add_text(buf, "</table>\n");
    add_footer(buf, &grid);
    if (grid.more)
        weir_strbuf_add_char(buf, '\n');
    grid_fini(&grid);
}
