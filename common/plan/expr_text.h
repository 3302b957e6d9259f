/* The SQL text of expressions as Spark prints it in column names and messages (its "pretty SQL"): strings
 * without quotes, no qualifiers, no implicit casts, default arguments written out. Any thread. */
#pragma once

#include "common/plan/plan.h"
#include "common/types/timezone.h"

typedef struct weir_expr_text {
    const weir_timezone *zone; /* prints TIMESTAMP literals; NULL = UTC */
    /* What a name or extraction stands for, or NULL to print it as written: lets the analyzer print the
     * tree the user wrote with what it found for the names in it. May be NULL. */
    const weir_node *(*lookup)(const weir_node *node, void *data);
    void *data;
} weir_expr_text;

void weir_expr_text_add(weir_strbuf *buf, const weir_node *expr, const weir_expr_text *options);
/* The value of a literal, as above ("1.5", "DATE '2016-07-25'", "NULL"). */
void weir_expr_text_literal(weir_strbuf *buf, const weir_node_literal *literal, const weir_timezone *zone);
