/* Rows into files of the directories "a=1/b=x" that their partition columns name: the executor half of a
 * batch write with partitionBy. Spark's DynamicPartitionDataSingleWriter, but that rows need no order: a
 * bounded number of files is open at once, and a partition whose file had to be closed goes on in another.
 * One task thread. */
#pragma once

#include "common/format/format.h"
#include "common/plan/plan.h"

typedef struct weir_partition_write weir_partition_write;

typedef struct weir_partition_write_settings {
    weir_fs *fs;
    weir_budget *budget;
    const weir_format_ops *format;
    const weir_type *schema; /* of the rows */
    weir_str_list columns;   /* partition columns, outermost first */
    const weir_options *options;
    const weir_timezone *zone;
    const char *directory; /* to write below */
    const char *name;      /* of files, without ".c000.csv" */
} weir_partition_write_settings;

/* Indices of the partition columns in `schema`. Possible failures: ALL_PARTITION_COLUMNS_NOT_ALLOWED,
 * INVALID_PARTITION_COLUMN_DATA_TYPE, _LEGACY_ERROR_TEMP_1155. */
weir_code weir_partition_write_check(weir_arena *arena, const weir_type *schema, const weir_str_list *columns,
                                     int32_t *ret_columns, const weir_type **ret_data, weir_error **err);
/* Lives in the arena. */
weir_code weir_partition_write_open(weir_arena *arena, const weir_partition_write_settings *settings,
                                    weir_partition_write **ret, weir_error **err);
weir_code weir_partition_write_rows(weir_partition_write *write, const weir_batch *batch, weir_error **err);
/* Ends all files; calls back for each with its directory below `directory` and its name. */
weir_code weir_partition_write_finish(weir_partition_write *write,
                                      weir_code (*each)(const char *directory, const char *name, void *data,
                                                        weir_error **err),
                                      void *data, weir_error **err);
void weir_partition_write_abort(weir_partition_write *write); /* accepts NULL */
