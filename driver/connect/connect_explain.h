/* Resolved logical plans as text, for explain(). Lines follow Spark's labels; the plan is Weir's own. Any
 * thread. */
#pragma once

#include "common/plan/plan.h"
#include "common/types/timezone.h"
#include "driver/optimize/optimizer.h"

/* "Project [id#1L]\n+- Range (0, 10, step=1, splits=None)\n" */
void weir_connect_explain_tree(weir_arena *arena, const weir_timezone *zone, weir_node *plan,
                               weir_strbuf *buf);

typedef enum weir_explain_logical {
    WEIR_EXPLAIN_PHYSICAL,
    WEIR_EXPLAIN_OPTIMIZED,
    WEIR_EXPLAIN_ANALYZED
} weir_explain_logical;

/* The sections of explain(): the logical plans from `first` on, then the physical one. `plan` is resolved; it
 * is optimised here, into the arena. */
weir_code weir_connect_explain_sections(weir_arena *arena, const weir_optimizer_options *options,
                                        weir_node *plan, weir_explain_logical first, weir_strbuf *buf,
                                        weir_error **err);
