/* Values of partition columns as their directories have them ("day=2016-07-25"): texts, their types, and
 * columns of one row. Spark's PartitioningUtils. Pure functions; any thread. */
#pragma once

#include "common/column/column.h"
#include "common/types/datetime.h"

/* The directory of rows without a value. */
#define WEIR_PARTITION_NULL "__HIVE_DEFAULT_PARTITION__"

/* "%2F" and its like become the characters that they stand for, which are below U+0100. */
weir_str weir_partition_unescape(weir_arena *arena, weir_str text);
/* A name or a value as part of a path: what file systems or Spark treat specially as "%2F". */
void weir_partition_escape(weir_strbuf *buf, weir_str text);

typedef struct weir_partition_typing {
    weir_arena *arena;
    bool infers;        /* spark.sql.sources.partitionColumnTypeInference.enabled */
    bool timestamp_ntz; /* spark.sql.timestampType */
    const weir_timezone *zone;
    const weir_datetime_pattern *date, *timestamp;
} weir_partition_typing;

weir_code weir_partition_typing_init(weir_partition_typing *typing, weir_arena *arena,
                                     const weir_timezone *zone, weir_error **err);
/* The type that a value by itself has: NULL, INT, BIGINT, DECIMAL, DOUBLE, TIMESTAMP, DATE, TIME or STRING.
 */
const weir_type *weir_partition_type(const weir_partition_typing *typing, weir_str value);
/* The type of a column with values of both. */
const weir_type *weir_partition_wider(weir_arena *arena, const weir_type *a, const weir_type *b);
/* One row: NULL for data NULL and for WEIR_PARTITION_NULL. *ret_fits false: the value is none of the type's.
 */
weir_code weir_partition_column(weir_arena *arena, weir_str value, const weir_type *type,
                                const weir_timezone *zone, bool *ret_fits, weir_column **ret,
                                weir_error **err);
