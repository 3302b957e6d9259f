/* Places in SQL text: from the byte range of a node to line and column, and Spark's "== SQL ==" block. Any
 * thread. */
#pragma once

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"

/* `start` and `stop` (inclusive) are bytes of `sql`; line is 1-based, column 0-based and counted in code
 * points. False where the range does not lie in the text. The fragment lives in the arena. */
bool weir_sql_context_locate(weir_arena *arena, weir_str sql, int32_t start, int32_t stop,
                             weir_query_context *ret);
/* "\n== SQL (line 1, position 5) ==\n1 + CAST(a AS INT)\n    ^^^^^^^^^^^^^^\n": at most 32 characters around
 * the range on its lines. Adds nothing where the range is out of the text. */
void weir_sql_context_block(weir_strbuf *buf, weir_str sql, int32_t start, int32_t stop);
/* Gives the error its place: the query context, and the block as the tail of its text. */
void weir_sql_context_attach(weir_error *err, weir_str sql, int32_t start, int32_t stop);
