/* A logical plan as one line of text, for expectations: "Filter[(a > 1)](Project[a, b AS c](t))". */
#pragma once

#include "common/plan/plan.h"

void plan_line(weir_strbuf *buf, const weir_node *plan);
