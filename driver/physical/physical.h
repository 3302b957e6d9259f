/* The physical planner: a resolved, optimized logical plan of one query becomes stages of bound operators.
 *
 *   a stage       SCAN -> FILTER/PROJECT/EXPAND/GENERATE -> PARTIAL_AGG -> SHUFFLE_WRITE (by key group)
 *   behind it     SHUFFLE_READ -> STATE_AGG -> PROJECT/FILTER -> [SHUFFLE_WRITE to one]
 *   the last one  SHUFFLE_READ -> SORT -> LIMIT -> SINK_WRITE
 *
 * A stage may have several leaves below a UNION_EXEC, and read a second stage in a HASH_JOIN. A batch query
 * has FINAL_AGG instead of STATE_AGG, and as many of them as it likes. Made once a query, not once a batch.
 * Driver, at start. */
#pragma once

#include "common/conf/conf.h"
#include "driver/stream/stream_query.h"

typedef struct weir_physical_request {
    weir_node *logical;
    const weir_conf *conf;
    bool batch; /* no source streams: no state, no output mode */
    weir_str output_mode;
    weir_str sink_format;
    weir_options sink_options;
    weir_str sql; /* that expression positions refer to */
} weir_physical_request;

typedef struct weir_physical {
    const weir_node_query_plan *plan;
    const weir_type *schema; /* of the result */
    bool stateful;
    int32_t state_partitions;   /* of the hash stages; 0 without any */
    const char *signature;      /* sources and state layout, as text */
    weir_query_source *sources; /* by source_index of the SCAN nodes */
    int32_t sources_count;
} weir_physical;

weir_code weir_physical_plan(weir_arena *arena, const weir_physical_request *request, weir_physical *ret,
                             weir_error **err);
