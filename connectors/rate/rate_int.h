/* Private to connectors/rate: what `rate` and `rate-micro-batch` share. */
#pragma once

#include "connectors/connectors_int.h"

/* Rows value = start + partition, + partitions, ... below end; row i of the range has the time
 * start_ms + round((value - start) * span_ms / (end - start)). */
typedef struct weir_rate_range {
    int64_t start, end;
    int64_t start_ms, span_ms;
} weir_rate_range;

/* timestamp TIMESTAMP, value BIGINT */
const weir_type *weir_rate_schema(weir_arena *arena);
/* One split a partition that has rows. */
void weir_rate_scan_plan(const weir_rate_range *range, int32_t partitions, weir_arena *arena,
                         weir_str_list *ret);
weir_code weir_rate_scan_open(const weir_connector_context *context, const weir_node_scan *plan,
                              weir_str split, weir_budget *budget, weir_scan **ret, weir_error **err);
weir_code weir_rate_scan_next(weir_scan *scan, weir_batch **ret, int64_t *ret_records, weir_error **err);
void weir_rate_scan_close(weir_scan *scan);
/* A long option with a default; the message of Long.parseLong for what is none. */
weir_code weir_rate_option(const weir_options *options, const char *name, int64_t fallback, int64_t max,
                           int64_t *ret, weir_error **err);
/* numPartitions: at least 1; without it spark.default.parallelism, else a constant. */
weir_code weir_rate_partitions(const weir_connector_context *context, const weir_options *options,
                               int32_t *ret, weir_error **err);
