/* Resolved logical plans as text, for explain(). Lines follow Spark's labels; the plan is Weir's own. Any
 * thread. */
#pragma once

#include "common/plan/plan.h"
#include "common/types/timezone.h"

/* "Project [id#1L]\n+- Range (0, 10, step=1, splits=None)\n" */
void weir_connect_explain_tree(weir_arena *arena, const weir_timezone *zone, weir_node *plan,
                               weir_strbuf *buf);
