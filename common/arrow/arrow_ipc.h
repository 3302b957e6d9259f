/* Arrow IPC: batches as streams of Arrow's wire format and back, with Spark's mapping of types.
 *
 *   stream  := schema message | dictionary and record batch messages | end (FFFFFFFF 00000000)
 *   message := u32 FFFFFFFF | u32 size of the metadata | metadata (FlatBuffers, padded to 8) | body
 *   body    := the buffers of a batch, each padded to 8
 *
 * | Spark                              | Arrow                                                            |
 * |------------------------------------|------------------------------------------------------------------|
 * | BOOLEAN, BYTE..LONG, FLOAT, DOUBLE | bool, int8..int64, float32, float64                              |
 * | DECIMAL(p, s)                      | decimal128(p, s)                                                 |
 * | STRING (CHAR, VARCHAR), BINARY     | utf8, binary; large_* where asked for                            |
 * | DATE, TIMESTAMP, TIMESTAMP_NTZ     | date32, timestamp[us, session zone], timestamp[us]               |
 * | TIME(p)                            | time64[ns], field metadata SPARK::time::precision = p            |
 * | INTERVAL: DAY.., YEAR.., calendar  | duration[us], interval[year_month], interval[month_day_nano]     |
 * | ARRAY, MAP, STRUCT                 | list (element), map (entries: key, value), struct                |
 * | VARIANT                            | struct (value, metadata; the latter with metadata variant = true) |
 * | NULL                               | null                                                             |
 *
 * A field's own metadata goes under SPARK::metadata::json. Reading also takes large_utf8, large_binary,
 * utf8_view, binary_view, timestamp[ns] (cut to microseconds), zstd and dictionaries (decoded); what Spark
 * refuses is refused with its condition, UNSUPPORTED_ARROWTYPE. Spark would also read LZ4 and list views:
 * these are refused by name. Nothing here blocks; one thread an object. */
#pragma once

#include "common/column/column.h"

#define WEIR_ARROW_ROWS_MAX 10000 /* spark.sql.execution.arrow.maxRecordsPerBatch */
#define WEIR_ARROW_BYTES_MAX (INT64_C(4) << 20)

typedef struct weir_arrow_options {
    weir_str zone;     /* session time zone id: the zone of TIMESTAMP columns; empty = UTC */
    bool large_vars;   /* spark.sql.execution.arrow.useLargeVarTypes */
    int32_t rows_max;  /* rows of a stream; 0 = WEIR_ARROW_ROWS_MAX */
    int64_t bytes_max; /* bytes of a stream's buffers; 0 = WEIR_ARROW_BYTES_MAX; a longer row goes alone */
} weir_arrow_options;

/* Batches to streams of bounded size. Each stream stands alone: schema, one record batch, end. */
typedef struct weir_arrow_writer weir_arrow_writer;
/* `schema` (STRUCT) is borrowed; `budget` is charged with the streams and may be NULL. Never fails. */
weir_arrow_writer *weir_arrow_writer_new(const weir_type *schema, const weir_arrow_options *options,
                                         weir_budget *budget);
void weir_arrow_writer_free(weir_arrow_writer *writer); /* accepts NULL */
void weir_arrow_writer_free_ptr(weir_arrow_writer **writer);
#define _cleanup_arrow_writer_ _cleanup_(weir_arrow_writer_free_ptr)
/* Adds the selected rows (`sel` NULL: all); their columns are held until they are written, so take the
 * streams that are ready (next until NULL) after each put. */
weir_code weir_arrow_writer_put(weir_arrow_writer *writer, weir_batch *batch, const weir_sel *sel,
                                weir_error **err);
/* The next stream of what was put. *ret is NULL where more rows are wanted or, with `last`, where all are
 * written. A writer that got no rows gives one stream with an empty batch, as clients expect. */
weir_code weir_arrow_writer_next(weir_arrow_writer *writer, bool last, weir_buffer **ret, int32_t *ret_rows,
                                 weir_error **err);
/* A stream of the schema alone. */
weir_code weir_arrow_writer_schema(weir_arrow_writer *writer, weir_buffer **ret, weir_error **err);

/* A stream (or a file: ARROW1) to batches. Trusts nothing: any damage is one MALFORMED_ARROW_DATA. */
typedef struct weir_arrow_reader weir_arrow_reader;
/* Reads the schema; its types live in the arena, which must outlive the batches. Batches borrow their buffers
 * from the carrier where it is aligned to 8. `what` names the origin in errors ("a local relation"). */
weir_code weir_arrow_reader_open(weir_arena *arena, weir_budget *budget, weir_buffer *carrier,
                                 const char *what, weir_arrow_reader **ret, weir_error **err);
void weir_arrow_reader_close(weir_arrow_reader *reader); /* accepts NULL */
void weir_arrow_reader_close_ptr(weir_arrow_reader **reader);
#define _cleanup_arrow_reader_ _cleanup_(weir_arrow_reader_close_ptr)
const weir_type *weir_arrow_reader_schema(const weir_arrow_reader *reader);
/* *ret is NULL at the end. Columns are FLAT. */
weir_code weir_arrow_reader_next(weir_arrow_reader *reader, weir_batch **ret, weir_error **err);
