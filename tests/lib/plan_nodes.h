/* Bound plan nodes for operator tests: inputs, literals, aggregate calls. All live in the arena. */
#pragma once

#include "common/plan/plan.h"

weir_node *weir_test_input(weir_arena *arena, const weir_type *schema, int32_t ordinal);
/* `name(args...)` resolved; asserts that it resolves. args_count 0: of no argument. */
weir_node *weir_test_aggregate(weir_arena *arena, const char *name, weir_node *const *args,
                               int32_t args_count, weir_node *filter);
weir_node *weir_test_sort_order(weir_arena *arena, weir_node *child, bool ascending, bool nulls_first);
