/* Places in SQL text (sql_context.h): Spark's SQLQueryContext.summary, character for character. */
#include "common/plan/sql_context.h"

#define EXTRA_MAX 32 /* characters shown on each side of the range */

static bool is_tail_byte(char c) {
    return ((unsigned char)c & 0xC0) == 0x80;
}

static void line_and_column(weir_str sql, int32_t at, int32_t *ret_line, int32_t *ret_column) {
    int32_t line = 1, column = 0;
    for (int32_t i = 0; i < at; i++) {
        if (sql.data[i] == '\n') {
            line++;
            column = 0;
        } else if (!is_tail_byte(sql.data[i])) {
            column++;
        }
    }
    *ret_line = line;
    *ret_column = column;
}

static bool in_text(weir_str sql, int32_t start, int32_t stop) {
    return start >= 0 && stop >= start && (size_t)stop < sql.size;
}

bool weir_sql_context_locate(weir_arena *arena, weir_str sql, int32_t start, int32_t stop,
                             weir_query_context *ret) {
    if (!in_text(sql, start, stop))
        return false;
    int32_t line, column;
    line_and_column(sql, start, &line, &column);
    *ret = (weir_query_context){
        .start = start,
        .stop = stop,
        .line = line,
        .column = column,
        .fragment = weir_arena_strndup(arena, sql.data + start, (size_t)(stop - start + 1)),
    };
    return true;
}

/* One line of the block and, below it, carets under what belongs to the range. */
static void add_marked_line(weir_strbuf *buf, weir_str sql, int32_t from, int32_t to, int32_t start,
                            int32_t stop, bool cut_left, bool cut_right) {
    if (cut_left)
        weir_strbuf_add_text(buf, "...");
    weir_strbuf_add(buf, weir_str_make(sql.data + from, (size_t)(to - from)));
    weir_strbuf_add_text(buf, cut_right ? "...\n" : "\n");
    if (cut_left)
        weir_strbuf_add_text(buf, "   ");
    for (int32_t i = from; i < to && i <= stop; i++)
        if (!is_tail_byte(sql.data[i]))
            weir_strbuf_add_char(buf, i < start ? ' ' : '^');
    weir_strbuf_add_char(buf, '\n');
}

void weir_sql_context_block(weir_strbuf *buf, weir_str sql, int32_t start, int32_t stop) {
    if (!in_text(sql, start, stop))
        return;
    int32_t line, column, from = start, to = stop + 1;
    line_and_column(sql, start, &line, &column);
    weir_strbuf_addf(buf, "\n== SQL (line %d, position %d) ==\n", line, column + 1);
    for (int32_t extra = 0; from > 0 && sql.data[from - 1] != '\n' && extra < EXTRA_MAX; from--)
        extra += !is_tail_byte(sql.data[from - 1]);
    for (int32_t extra = 0; (size_t)to < sql.size && sql.data[to] != '\n' && extra < EXTRA_MAX; to++)
        extra += !is_tail_byte(sql.data[to]);
    while ((size_t)to < sql.size && is_tail_byte(sql.data[to]))
        to++;
    bool cut_left = from > 0 && sql.data[from - 1] != '\n';
    bool cut_right = (size_t)to < sql.size && sql.data[to] != '\n';
    for (int32_t at = from; at < to;) {
        int32_t end = at;
        while (end < to && sql.data[end] != '\n')
            end++;
        add_marked_line(buf, sql, at, end, start, stop, cut_left && at == from, cut_right && end == to);
        at = end + 1;
    }
}

void weir_sql_context_attach(weir_error *err, weir_str sql, int32_t start, int32_t stop) {
    weir_arena *arena _cleanup_arena_ = weir_arena_new();
    weir_strbuf block _cleanup_strbuf_ = {0};
    weir_query_context context;
    if (!weir_sql_context_locate(arena, sql, start, stop, &context))
        return;
    weir_error_set_context(err, &context);
    weir_sql_context_block(&block, sql, start, stop);
    weir_error_set_tail(err, block.data);
}
