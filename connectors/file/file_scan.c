/* The executor half of the file source: reads the pieces of one split in order, as one stream of batches.
 *
 * Each file is compared with what the source log says about it (size, modification time): a file that
 * changed or vanished after it was logged would make a re-run of the batch give other rows, so it is an
 * error, but for ignoreMissingFiles. Possible failures: FAILED_READ_FILE.NO_HINT with the cause behind it,
 * FAILED_READ_FILE.FILE_NOT_EXIST, OUT_OF_MEMORY. One task thread. */
#include "common/base/alloc.h"
#include "connectors/file/file_int.h"
#include "connectors/file/file_split.h"
#include "connectors/file/partition_value.h"
#include "connectors/option_value.h"

typedef struct file_scan {
    weir_arena *arena;
    weir_fs *fs;
    weir_budget *budget;
    const weir_format_ops *format;
    weir_read_spec *spec;
    weir_file_split_pieces pieces;
    int32_t next;
    bool ignore_missing, ignore_corrupt;
    weir_reader *reader; /* of pieces.items[next - 1] */
    const weir_type *projection;
    const weir_timezone *zone;
    weir_file_columns columns;
    weir_column **values; /* of the open piece's partition, a row each */
} file_scan;

/* ---- columns ---- */

static int32_t index_in(const weir_str_list *names, weir_str name) {
    for (int32_t i = 0; i < names->count; i++)
        if (weir_str_equal(names->items[i], name))
            return i;
    return -1;
}

void weir_file_columns_of(weir_arena *arena, const weir_type *schema, const weir_type *projection,
                          const weir_str_list *partitions, const weir_str_list *overlap,
                          weir_file_columns *ret) {
    weir_field *in_files = WEIR_NEW_ARRAY(arena, weir_field, schema->fields_count + 1);
    weir_field *wanted = WEIR_NEW_ARRAY(arena, weir_field, projection->fields_count + 1);
    int32_t in_files_count = 0, wanted_count = 0;
    ret->data = WEIR_NEW_ARRAY(arena, int32_t, projection->fields_count + 1);
    ret->partition = WEIR_NEW_ARRAY(arena, int32_t, partitions->count + 1);
    for (int32_t i = 0; i < partitions->count; i++)
        ret->partition[i] = -1;
    for (int32_t i = 0; i < schema->fields_count; i++)
        if (index_in(partitions, schema->fields[i].name) < 0 ||
            index_in(overlap, schema->fields[i].name) >= 0)
            in_files[in_files_count++] = schema->fields[i];
    for (int32_t i = 0; i < projection->fields_count; i++) {
        int32_t at = index_in(partitions, projection->fields[i].name);
        if (at >= 0) {
            ret->partition[at] = i;
            continue;
        }
        ret->data[wanted_count] = i;
        wanted[wanted_count++] = projection->fields[i];
    }
    bool all = partitions->count == 0;
    ret->schema = all ? schema : weir_type_struct(arena, in_files, in_files_count);
    ret->projection = all ? projection : weir_type_struct(arena, wanted, wanted_count);
}

static void close_values(file_scan *scan) {
    for (int32_t i = 0; i < scan->pieces.partitions.count; i++) {
        weir_column_unref(scan->values[i]);
        scan->values[i] = NULL;
    }
}

/* The partition of piece `at`. */
static weir_code open_values(file_scan *scan, int32_t at, weir_error **err) {
    int32_t count = scan->pieces.partitions.count;
    close_values(scan);
    for (int32_t i = 0; i < count; i++) {
        int32_t column = scan->columns.partition[i];
        weir_str value = scan->pieces.values[(size_t)at * (size_t)count + (size_t)i];
        bool fits = true;
        if (column < 0)
            continue;
        WEIR_TRY(weir_partition_column(scan->arena, value, scan->projection->fields[column].type, scan->zone,
                                       &fits, &scan->values[i], err));
        if (!fits)
            WEIR_FAIL(err, INTERNAL_ERROR,
                      "The partition value " WEIR_STR_FMT " is none of its column's type.",
                      WEIR_STR_ARG(value));
    }
    return WEIR_OK;
}

/* The reader's batch with the columns of its partition. */
static weir_batch *with_values(const file_scan *scan, weir_batch *batch) {
    int32_t count = scan->projection->fields_count;
    if (scan->pieces.partitions.count == 0)
        return batch;
    weir_column **columns = weir_alloc_zero((size_t)count + 1, sizeof *columns);
    for (int32_t i = 0; i < batch->columns_count; i++)
        columns[scan->columns.data[i]] = weir_column_ref(batch->columns[i]);
    for (int32_t i = 0; i < scan->pieces.partitions.count; i++)
        if (scan->columns.partition[i] >= 0)
            columns[scan->columns.partition[i]] = weir_column_constant(scan->values[i], batch->rows);
    weir_batch *whole = weir_batch_new(scan->projection, batch->rows, columns, count);
    weir_free(columns);
    weir_batch_unref(batch);
    return whole;
}

static weir_code flag(const weir_connector_context *context, const weir_options *options, const char *name,
                      const char *key, bool *ret, weir_error **err) {
    WEIR_TRY(weir_option_value_conf_bool(context->conf, key, false, ret, err));
    weir_str text = weir_options_get(options, name);
    if (text.data && !weir_option_value_bool(text, ret))
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "Invalid value '" WEIR_STR_FMT "' for option '%s', must be 'true' or 'false'",
                  WEIR_STR_ARG(text), name);
    return WEIR_OK;
}

static weir_code prepare(file_scan *scan, const weir_connector_context *context, const weir_node_scan *plan,
                         weir_str split, weir_error **err) {
    scan->format = weir_format_find(plan->format);
    if (!scan->format)
        WEIR_RAISE(err, DATA_SOURCE_NOT_FOUND, "provider",
                   weir_arena_strndup(scan->arena, plan->format.data, plan->format.size));
    WEIR_TRY(flag(context, &plan->options, "ignoreMissingFiles", "spark.sql.files.ignoreMissingFiles",
                  &scan->ignore_missing, err));
    WEIR_TRY(flag(context, &plan->options, "ignoreCorruptFiles", "spark.sql.files.ignoreCorruptFiles",
                  &scan->ignore_corrupt, err));
    WEIR_TRY(weir_file_split_parse(split, scan->arena, &scan->pieces, err));
    weir_read_request request;
    scan->projection = plan->projection;
    scan->zone = context->zone ? context->zone : weir_timezone_utc();
    scan->values = WEIR_NEW_ARRAY(scan->arena, weir_column *, scan->pieces.partitions.count + 1);
    weir_file_columns_of(scan->arena, plan->schema, plan->projection, &scan->pieces.partitions,
                         &scan->pieces.overlap, &scan->columns);
    WEIR_TRY(weir_file_read_request(context, &plan->options, scan->columns.schema, scan->columns.projection,
                                    &request, err));
    return scan->format->read_spec(scan->arena, &request, &scan->spec, err);
}

weir_code weir_file_scan_open(const weir_connector_context *context, const weir_node_scan *plan,
                              weir_str split, weir_budget *budget, weir_scan **ret, weir_error **err) {
    weir_arena *arena = weir_arena_new_in(budget);
    file_scan *scan = WEIR_NEW(arena, file_scan);
    *scan = (file_scan){.arena = arena, .fs = context->fs, .budget = budget};
    weir_code code = prepare(scan, context, plan, split, err);
    if (code == WEIR_OK)
        *ret = (weir_scan *)scan;
    else
        weir_arena_free(arena);
    return code;
}

void weir_file_scan_close(weir_scan *scan) {
    file_scan *self = (file_scan *)scan;
    if (!self)
        return;
    if (self->reader)
        self->format->reader_close(self->reader);
    if (self->values)
        close_values(self);
    weir_arena_free(self->arena);
}

/* Spark names the file in front of whatever went wrong with it. */
static weir_code read_failed(file_scan *scan, const weir_split *piece, weir_error *cause /* takes */,
                             weir_error **err) {
    weir_code code = weir_error_code(cause);
    if (code == WEIR_OUT_OF_MEMORY || code == WEIR_CANCELLED || code == WEIR_INTERNAL_ERROR ||
        code == WEIR_FAILED_READ_FILE__NO_HINT) /* the reader has named the file */
        return weir_error_move(err, cause);
    char *uri = weir_fs_uri(scan->arena, piece->path);
    weir_error_raise(err, WEIR_FAILED_READ_FILE__NO_HINT, "path", uri, "reason", weir_error_text(cause),
                     NULL);
    weir_error_free(cause);
    return WEIR_FAILED_READ_FILE__NO_HINT;
}

static weir_code missing(file_scan *scan, const weir_split *piece, weir_error **err) {
    if (scan->ignore_missing)
        return WEIR_OK;
    WEIR_RAISE(err, FAILED_READ_FILE__FILE_NOT_EXIST, "path", weir_fs_uri(scan->arena, piece->path));
}

/* Opens the next piece's reader; leaves it NULL where the file is to be passed over. */
static weir_code open_piece(file_scan *scan, const weir_split *piece, weir_error **err) {
    weir_file_info info;
    weir_error *cause = NULL;
    weir_code code = scan->fs->ops->stat(scan->fs, piece->path, scan->arena, &info, &cause);
    if (code == WEIR_NOT_FOUND) {
        weir_error_free(cause);
        return missing(scan, piece, err);
    }
    if (code != WEIR_OK)
        return read_failed(scan, piece, cause, err);
    if ((piece->size >= 0 && info.size != piece->size) ||
        (piece->modified_ms >= 0 && info.modified_ms != piece->modified_ms)) {
        char *uri = weir_fs_uri(scan->arena, piece->path);
        char *reason = weir_arena_printf(
            scan->arena,
            "The file changed after it was listed: it had %lld bytes, modified at %lld ms, and has "
            "%lld, %lld.",
            (long long)piece->size, (long long)piece->modified_ms, (long long)info.size,
            (long long)info.modified_ms);
        WEIR_RAISE(err, FAILED_READ_FILE__NO_HINT, "path", uri, "reason", reason);
    }
    weir_split split = *piece;
    split.size = info.size;
    code = scan->format->reader_open(scan->spec, scan->fs, &split, scan->budget, &scan->reader, &cause);
    if (code == WEIR_OK)
        return WEIR_OK;
    scan->reader = NULL;
    if (code == WEIR_NOT_FOUND) {
        weir_error_free(cause);
        return missing(scan, piece, err);
    }
    return read_failed(scan, piece, cause, err);
}

static void close_reader(file_scan *scan) {
    scan->format->reader_close(scan->reader);
    scan->reader = NULL;
}

/* Whether ignoreCorruptFiles covers it: the bytes could not be read, not: a record did not parse. */
static bool is_corruption(const weir_error *cause) {
    weir_code code = weir_error_code(cause);
    return code == WEIR_IO_ERROR || code == WEIR_CORRUPT_FILE || code == WEIR_FAILED_READ_FILE__NO_HINT;
}

weir_code weir_file_scan_next(weir_scan *scan, weir_batch **ret, int64_t *ret_records, weir_error **err) {
    file_scan *self = (file_scan *)scan;
    *ret_records = 0;
    for (;;) {
        if (!self->reader) {
            if (self->next == self->pieces.count) {
                *ret = NULL;
                return WEIR_OK;
            }
            WEIR_TRY(open_values(self, self->next, err));
            WEIR_TRY(open_piece(self, &self->pieces.items[self->next++], err));
            continue;
        }
        weir_error *cause = NULL;
        int64_t records = 0;
        weir_batch *batch = NULL;
        weir_code code = self->format->reader_next(self->reader, WEIR_BATCH_ROWS, &batch, &records, &cause);
        if (code != WEIR_OK && self->ignore_corrupt && is_corruption(cause)) {
            weir_error_free(cause);
            close_reader(self);
            continue;
        }
        if (code != WEIR_OK)
            return read_failed(self, &self->pieces.items[self->next - 1], cause, err);
        *ret_records += records;
        if (batch) {
            *ret = with_values(self, batch);
            return WEIR_OK;
        }
        close_reader(self);
    }
}
