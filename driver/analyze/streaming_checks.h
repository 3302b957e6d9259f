/* What Spark refuses in streaming queries, on the resolved plan (before the optimizer). */
#pragma once

#include "common/plan/plan.h"

/* Does any source under the relation stream? */
bool weir_streaming_checks_is_streaming(const weir_node *plan);
/* `output_mode` in any case: append, update, complete (STREAMING_OUTPUT_MODE.INVALID otherwise). */
weir_code weir_streaming_checks_run(const weir_node *plan, weir_str output_mode, weir_error **err);
