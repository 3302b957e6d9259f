/* Which files a batch reads and which partition they are of: paths, patterns and trees of directories like
 * "a=1/b=x". Spark's InMemoryFileIndex and PartitioningUtils. Driver, pool threads. */
#pragma once

#include "connectors/connector.h"
#include "connectors/file/file_int.h"
#include "connectors/file/file_listing.h"

typedef struct weir_file_discovery {
    weir_source_files files;    /* with the values of their partition */
    const weir_type *partition; /* STRUCT of the partition columns; no fields where there are none */
} weir_file_discovery;

/* Options path, paths, basePath, modifiedBefore, modifiedAfter, and those that are parsed. `given`: types of
 * partition columns, by name; NULL = none. Possible failures: PATH_NOT_FOUND,
 * CONFLICTING_DIRECTORY_STRUCTURES, CONFLICTING_PARTITION_COLUMN_NAMES, COLUMN_ALREADY_EXISTS,
 * EMPTY_PARTITION_COLUMN_*, INVALID_PARTITION_VALUE, INVALID_ARGUMENT for options, IO_ERROR. */
weir_code weir_file_discover(weir_arena *arena, const weir_connector_context *context,
                             const weir_options *options, const weir_file_source_options *parsed,
                             const weir_type *given, weir_file_discovery *ret, weir_error **err);
