/* Private to connectors/file: the halves of the file source share their option table and executor half. */
#pragma once

#include "connectors/connector.h"
#include "connectors/file/sink_manifest.h"

/* file_source_options.c */
typedef struct weir_file_source_options {
    int64_t files_max; /* maxFilesPerTrigger; 0 = none */
    int64_t bytes_max; /* maxBytesPerTrigger; 0 = none */
    int64_t file_age_ms_max;
    int64_t files_cached_max;
    double discard_ratio;
    bool latest_first;
    bool file_name_only;
    bool recursive;
    enum { WEIR_CLEAN_OFF, WEIR_CLEAN_DELETE, WEIR_CLEAN_ARCHIVE } clean;
    weir_str archive_directory;
    weir_str_list name_filter;
} weir_file_source_options;

enum { WEIR_FILE_SOURCE_OPTIONS = 15 };
extern const weir_option_info weir_file_source_option_table[WEIR_FILE_SOURCE_OPTIONS];
weir_code weir_file_source_options_parse(const weir_options *options, weir_arena *arena,
                                         weir_file_source_options *ret, weir_error **err);
/* Options of batch reads alone. */
weir_code weir_file_source_options_check_stream(const weir_options *options, weir_error **err);
/* What the format's reader gets, from options and configuration. */
weir_code weir_file_read_request(const weir_connector_context *context, const weir_options *options,
                                 const weir_type *schema, const weir_type *projection, weir_read_request *ret,
                                 weir_error **err);

/* StructType.asNullable: files promise nothing. */
const weir_type *weir_file_nullable_type(weir_arena *arena, const weir_type *type);

/* file_batch.c: the batch half of weir_source_ops. This option of a source whose schema was inferred names
 * partition columns that its files have, too: a JSON list. */
#define WEIR_FILE_READ_OVERLAP "spark.weir.read.overlap"
weir_code weir_file_batch_schema(weir_arena *arena, const weir_connector_context *context, weir_str format,
                                 weir_options *options, const weir_type *schema, const weir_type **ret,
                                 weir_error **err);
weir_code weir_file_batch_plan(weir_arena *arena, const weir_connector_context *context, weir_str format,
                               const weir_options *options, const weir_type *schema,
                               weir_str_list *ret_splits, weir_error **err);

/* file_scan.c: the executor half */
/* Columns of a scan by where their values come from: files or directories. */
typedef struct weir_file_columns {
    const weir_type *schema, *projection; /* of the files */
    int32_t *data;                        /* column of `projection` -> column of the scan's */
    int32_t *partition;                   /* partition -> column of the scan's projection, or -1 */
} weir_file_columns;
void weir_file_columns_of(weir_arena *arena, const weir_type *schema, const weir_type *projection,
                          const weir_str_list *partitions, const weir_str_list *overlap,
                          weir_file_columns *ret);
weir_code weir_file_scan_open(const weir_connector_context *context, const weir_node_scan *plan,
                              weir_str split, weir_budget *budget, weir_scan **ret, weir_error **err);
weir_code weir_file_scan_next(weir_scan *scan, weir_batch **ret, int64_t *ret_records, weir_error **err);
void weir_file_scan_close(weir_scan *scan);

/* file_source_cleaner.c: what happens to a file that is done; failures are left for the next clean-up by the
 * user, as in Spark. */
weir_code weir_file_source_cleaner_check(const weir_file_source_options *options, const char *path,
                                         weir_arena *arena, char **ret_archive, weir_error **err);
void weir_file_source_cleaner_clean(weir_fs *fs, const weir_file_source_options *options, const char *archive,
                                    const char *path);

/* file_sink.c: the files that tasks name in their messages, as paths in `directory` */
typedef struct weir_staged_files {
    weir_sink_file *items;
    int32_t count, capacity;
} weir_staged_files;
weir_code weir_file_sink_messages(const char *directory, const weir_str *messages, int32_t count,
                                  weir_arena *arena, weir_staged_files *ret, weir_error **err);

/* file_write.c: batch writes. This option of the tasks is the directory below `path` to write into. */
#define WEIR_FILE_WRITE_STAGING "spark.weir.write.staging"
/* WEIR_SINK_PARTITIONS; empty where the write has no partitions. */
weir_code weir_file_write_partitions(weir_arena *arena, const weir_options *options, weir_str_list *ret,
                                     weir_error **err);
weir_code weir_file_write_open(weir_arena *arena, const weir_connector_context *context, weir_str format,
                               const weir_options *options, const weir_type *schema, weir_save_mode mode,
                               const char *id, weir_options *ret_options, weir_sink **ret, weir_error **err);
weir_code weir_file_write_commit(weir_sink *sink, const weir_str *messages, int32_t count, weir_error **err);
void weir_file_write_abort(weir_sink *sink);
