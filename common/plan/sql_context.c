/* Places of expressions (sql_context.h): the summaries of Spark's SQLQueryContext and DataFrameQueryContext,
 * character for character. A call of the DataFrame API is a segment "\1fragment\2call site". */
#include "common/plan/sql_context.h"

#include <string.h>

#define EXTRA_MAX 32 /* characters shown on each side of the range */
#define TEXTS_MAX (1 << 20)
#define CALLS_MAX (1 << 16) /* beyond, calls are not looked for, nor added */
#define CALL_MARK '\1'
#define CALL_SITE_MARK '\2'

/* ---- texts ---- */

int32_t weir_sql_texts_add(weir_arena *arena, weir_sql_texts *texts, weir_str text) {
    if (text.size > (size_t)(TEXTS_MAX - texts->size - 1))
        return -1;
    int32_t needed = texts->size + (int32_t)text.size + 1;
    if (needed > texts->capacity) {
        int32_t capacity = WEIR_MAX(needed, WEIR_MAX(256, texts->capacity * 2));
        char *data = weir_arena_alloc(arena, (size_t)capacity);
        if (texts->size)
            memcpy(data, texts->data, (size_t)texts->size);
        texts->data = data;
        texts->capacity = capacity;
    }
    texts->data[texts->size] = '\0';
    if (text.size)
        memcpy(texts->data + texts->size + 1, text.data, text.size);
    texts->size = needed;
    return needed - (int32_t)text.size;
}

bool weir_sql_texts_add_call(weir_arena *arena, weir_sql_texts *texts, const char *fragment,
                             const char *call_site, int32_t *ret_start, int32_t *ret_stop) {
    if (texts->size > CALLS_MAX)
        return false;
    weir_strbuf segment _cleanup_strbuf_ = {0};
    weir_strbuf_addf(&segment, "%c%s%c%s", CALL_MARK, fragment, CALL_SITE_MARK, call_site);
    /* With the NULs around it, so that no call is found within a longer one; at the end there is none yet. */
    const char *found = NULL;
    for (int32_t at = 0; at + 1 + (int32_t)segment.size <= texts->size && !found;) {
        const char *here = texts->data + at + 1;
        size_t size = strnlen(here, (size_t)(texts->size - at - 1));
        if (size == segment.size && memcmp(here, segment.data, size) == 0)
            found = here;
        at += 1 + (int32_t)size;
    }
    int32_t start =
        found ? (int32_t)(found - texts->data) : weir_sql_texts_add(arena, texts, weir_strbuf_view(&segment));
    if (start < 0)
        return false;
    *ret_start = start;
    *ret_stop = start + (int32_t)segment.size - 1;
    return true;
}

/* Narrows the text to the segment around the place. */
static void narrow(weir_str *sql, int32_t *start, int32_t *stop) {
    if (*start < 0 || (size_t)*start >= sql->size)
        return;
    size_t from = (size_t)*start, to = (size_t)*start;
    while (from > 0 && sql->data[from - 1])
        from--;
    while (to < sql->size && sql->data[to])
        to++;
    *sql = weir_str_make(sql->data + from, to - from);
    *start -= (int32_t)from;
    *stop -= (int32_t)from;
}

/* ---- places ---- */

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

static bool locate_call(weir_arena *arena, weir_str call, weir_query_context *ret) {
    const char *site = memchr(call.data, CALL_SITE_MARK, call.size);
    if (!site)
        return false;
    size_t size = (size_t)(site - call.data) - 1;
    *ret = (weir_query_context){
        .fragment = weir_arena_strndup(arena, call.data + 1, size),
        .call_site = weir_arena_strndup(arena, site + 1, call.size - size - 2),
    };
    ret->summary = weir_arena_printf(arena, "== DataFrame ==\n\"%s\" was called from\n%s\n", ret->fragment,
                                     ret->call_site);
    return true;
}

bool weir_sql_context_locate(weir_arena *arena, weir_str sql, int32_t start, int32_t stop,
                             weir_query_context *ret) {
    narrow(&sql, &start, &stop);
    if (!in_text(sql, start, stop))
        return false;
    if (sql.data[0] == CALL_MARK)
        return locate_call(arena, sql, ret);
    weir_strbuf block _cleanup_strbuf_ = {0};
    int32_t line, column;
    line_and_column(sql, start, &line, &column);
    weir_sql_context_block(&block, sql, start, stop);
    *ret = (weir_query_context){
        .start = start,
        .stop = stop,
        .line = line,
        .column = column,
        .fragment = weir_arena_strndup(arena, sql.data + start, (size_t)(stop - start + 1)),
        .summary = weir_arena_strdup(arena, block.data + 1), /* without the line's end before it */
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
    narrow(&sql, &start, &stop);
    if (!in_text(sql, start, stop))
        return;
    int32_t line, column, from = start, to = stop + 1;
    line_and_column(sql, start, &line, &column);
    weir_strbuf_addf(buf, "\n== SQL (line %d, position %d) ==\n", line, column + 1);
    int32_t before = 0;
    for (; from > 0 && sql.data[from - 1] != '\n' && before < EXTRA_MAX; from--)
        before += !is_tail_byte(sql.data[from - 1]);
    for (int32_t extra = 0; (size_t)to < sql.size && sql.data[to] != '\n' && extra < EXTRA_MAX; to++)
        extra += !is_tail_byte(sql.data[to]);
    while ((size_t)to < sql.size && is_tail_byte(sql.data[to]))
        to++;
    bool cut_left = before == EXTRA_MAX; /* Spark says so even where the line begins right there */
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
    weir_query_context context;
    if (weir_sql_context_locate(arena, sql, start, stop, &context))
        weir_error_set_context(err, &context);
}
