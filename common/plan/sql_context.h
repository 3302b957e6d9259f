/* Places of expressions: from the byte range of a node to line and column, and Spark's "== SQL ==" block. Any
 * thread.
 *
 * A plan may be made of several SQL texts and of calls of the DataFrame API. What the nodes' places refer to
 * is then one text of segments, each behind a NUL (weir_sql_texts); every function here takes the segment
 * around the place, and gives positions relative to it. */
#pragma once

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"

/* The texts that the places of one plan refer to; zeroed at first, grows in an arena. */
typedef struct weir_sql_texts {
    char *data;
    int32_t size, capacity;
} weir_sql_texts;
/* Adds a text, or all segments of another plan's texts; what its places must be moved by, or -1 where there
 * are too many texts already (the nodes then lose their places). */
int32_t weir_sql_texts_add(weir_arena *arena, weir_sql_texts *texts, weir_str text);
/* Adds a call of the DataFrame API, once; its range is that of every node it makes. False as above. */
bool weir_sql_texts_add_call(weir_arena *arena, weir_sql_texts *texts, const char *fragment,
                             const char *call_site, int32_t *ret_start, int32_t *ret_stop);
static inline weir_str weir_sql_texts_view(const weir_sql_texts *texts) {
    return weir_str_make(texts->data, (size_t)texts->size);
}

/* `start` and `stop` (inclusive) are bytes of `sql`; line is 1-based, column 0-based and counted in code
 * points. False where the range does not lie in the text. Fragment and summary live in the arena. */
bool weir_sql_context_locate(weir_arena *arena, weir_str sql, int32_t start, int32_t stop,
                             weir_query_context *ret);
/* "\n== SQL (line 1, position 5) ==\n1 + CAST(a AS INT)\n    ^^^^^^^^^^^^^^\n": at most 32 characters around
 * the range on its lines. Adds nothing where the range is out of the text. */
void weir_sql_context_block(weir_strbuf *buf, weir_str sql, int32_t start, int32_t stop);
/* Gives the error its place: the query context, whose block becomes the tail of its text. */
void weir_sql_context_attach(weir_error *err, weir_str sql, int32_t start, int32_t stop);
