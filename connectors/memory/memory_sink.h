/* The memory sink's rows, for tests and for clients that query them by name. */
#pragma once

#include "connectors/connector.h"

/* What a memory sink has taken in: counted, so that it can outlive the query. Any thread. */
typedef struct weir_memory_table weir_memory_table;

weir_memory_table *weir_memory_sink_table(weir_sink *sink); /* a new reference */
weir_memory_table *weir_memory_table_ref(weir_memory_table *table);
weir_memory_table *weir_memory_table_unref(weir_memory_table *table); /* accepts NULL; always NULL */
const weir_type *weir_memory_table_schema(const weir_memory_table *table);
/* All rows of the committed batches as one batch: never a part of one. Its types live as long as the table.
 */
weir_code weir_memory_table_read(weir_memory_table *table, weir_batch **ret, weir_error **err);
int64_t weir_memory_table_latest(weir_memory_table *table); /* batch id; -1 = none yet */
