/* The optimizer: a resolved plan to an equivalent cheaper one. A short list of rules runs until nothing
 * changes, then columns are pruned down to the sources. The plan's output (names, types, ids, order) stays
 * the same. Errors that folding meets are left to run time, where Spark raises them for live rows. Driver, at
 * the start of a query; any thread. */
#pragma once

#include "common/plan/plan.h"
#include "common/types/timezone.h"

typedef struct weir_optimizer_options {
    const weir_timezone *zone;
    bool ansi;
    int64_t *next_id; /* of the session */
} weir_optimizer_options;

weir_code weir_optimizer_run(weir_arena *arena, weir_node *plan, const weir_optimizer_options *options,
                             weir_node **ret, weir_error **err);
