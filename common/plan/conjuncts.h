/* Conditions as lists of conjuncts, and which columns they read: what the analyzer, the optimizer and the
 * physical planner ask of them alike. Resolved expressions; nodes live in the arena. Any thread. */
#pragma once

#include "common/plan/plan.h"

/* left AND right; where one of them is NULL, the other. */
weir_node *weir_conjuncts_and(weir_arena *arena, weir_node *left, weir_node *right);
/* Appends the operands of the ANDs at the top of the condition, from left to right. */
void weir_conjuncts_split(weir_arena *arena, weir_node *condition, weir_node_list *ret);
/* All of the list; NULL where it is empty. */
weir_node *weir_conjuncts_all(weir_arena *arena, const weir_node_list *list);

/* How the columns that an expression reads lie to those of a list of ATTRIBUTE nodes, by id. */
typedef struct weir_reading {
    bool any;     /* it reads one of the list */
    bool outside; /* it reads one that is not in the list */
} weir_reading;
weir_reading weir_expr_reading(const weir_node *expr, const weir_node_list *columns);
/* Does it read columns of the list, and no others? */
static inline bool weir_expr_reads_only(const weir_node *expr, const weir_node_list *columns) {
    weir_reading reading = weir_expr_reading(expr, columns);
    return reading.any && !reading.outside;
}
