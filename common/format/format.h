/* The file format seam: bytes of a file to batches and batches to bytes. json, csv and text here;
 * parquet, ... later, each its own room with one const ops struct.
 *
 * Options arrive as Spark's names; a format checks them once (open of a reader spec) and refuses by name
 * what Spark honours and Weir does not. Reader specs are immutable and shared by tasks; readers are
 * per file split and one thread. */
#pragma once

#include "common/base/budget.h"
#include "common/column/column.h"
#include "common/fs/fs.h"
#include "common/plan/plan.h"
#include "common/types/timezone.h"

typedef struct weir_format_ops weir_format_ops;
typedef struct weir_read_spec weir_read_spec; /* opaque per format */
typedef struct weir_reader weir_reader;       /* opaque per format */
typedef struct weir_write_spec weir_write_spec;
typedef struct weir_writer weir_writer;

/* What a scan asks for. */
typedef struct weir_read_request {
    const weir_type *schema;     /* the user's STRUCT (with the corrupt-record column where asked for) */
    const weir_type *projection; /* the columns wanted, in this order: a subset of schema */
    const weir_options *options;
    const weir_timezone *zone;
    bool case_sensitive;
    bool partial_results;    /* spark.sql.json.enablePartialResults */
    weir_str corrupt_column; /* spark.sql.columnNameOfCorruptRecord */
    bool timestamp_ntz;      /* spark.sql.timestampType is TIMESTAMP_NTZ: what inference prefers */
    bool keeps_columns;      /* spark.sql.csv.parser.columnPruning.enabled is false */
} weir_read_request;

/* A piece of a file: [start, end) bytes; end -1 = to the end. A line belongs to the split in which it
 * starts (a split with start > 0 skips to behind the first newline at or after start - 1). */
typedef struct weir_split {
    const char *path;
    int64_t start, end;
    int64_t size; /* of the whole file as planned */
    int64_t modified_ms;
} weir_split;

struct weir_format_ops {
    const char *name; /* "json" */
    /* DDL of the schema that a read has for which the user gives none, where all files of the format have the
     * same (text); else NULL. */
    const char *schema;
    /* Checks schema, options and projection; the spec lives in the arena. */
    weir_code (*read_spec)(weir_arena *arena, const weir_read_request *request, weir_read_spec **ret,
                           weir_error **err);
    /* The schema of files for which the user gives none, STRUCT without fields where they say nothing;
     * request->schema and projection are not looked at. NULL where the format has none to infer. */
    weir_code (*infer)(weir_arena *arena, const weir_read_request *request, weir_fs *fs,
                       const weir_split *splits, int32_t count, weir_budget *budget, const weir_type **ret,
                       weir_error **err);
    /* May a file of this name be cut into splits (not compressed, not multiLine)? */
    bool (*splittable)(const weir_read_spec *spec, const char *path);
    weir_code (*reader_open)(const weir_read_spec *spec, weir_fs *fs, const weir_split *split,
                             weir_budget *budget, weir_reader **ret, weir_error **err);
    /* The next batch with about `rows` rows (projection's columns); NULL at the end. `ret_records` counts
     * input records consumed, also dropped ones. */
    weir_code (*reader_next)(weir_reader *reader, int32_t rows, weir_batch **ret, int64_t *ret_records,
                             weir_error **err);
    void (*reader_close)(weir_reader *reader); /* accepts NULL */

    weir_code (*write_spec)(weir_arena *arena, const weir_type *schema, const weir_options *options,
                            const weir_timezone *zone, weir_write_spec **ret, weir_error **err);
    const char *(*write_extension)(const weir_write_spec *spec); /* ".json", ".json.gz" */
    weir_code (*writer_open)(const weir_write_spec *spec, weir_fs *fs, const char *path, weir_budget *budget,
                             weir_writer **ret, weir_error **err);
    weir_code (*writer_write)(weir_writer *writer, const weir_batch *batch, weir_error **err);
    /* Makes the file durable; gives its size. Ends the writer. */
    weir_code (*writer_finish)(weir_writer *writer, int64_t *ret_size, weir_error **err);
    void (*writer_abort)(weir_writer *writer); /* ends the writer; accepts NULL */
};

extern const weir_format_ops weir_json_format_ops, weir_csv_format_ops, weir_text_format_ops;
/* NULL where unknown; ASCII case-insensitive. */
const weir_format_ops *weir_format_find(weir_str name);
