/* Partitioned writing (partition_write.h).
 *
 *   batch -> the directory of each row, as a text -> rows of one directory together -> its open file */
#include "connectors/file/partition_write.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/column/cell_text.h"
#include "connectors/file/partition_value.h"

#define OPEN_MAX 32 /* each has buffers of half a MiB */

typedef struct open_file {
    char *directory, *name;
    weir_writer *writer;
    int64_t used; /* when, in batches' pieces */
} open_file;

typedef struct done_file {
    char *directory, *name;
} done_file;

struct weir_partition_write {
    weir_arena *arena;
    weir_partition_write_settings settings;
    weir_write_spec *spec;
    const weir_type *data; /* of the files */
    int32_t *partition;    /* columns */
    int32_t *data_columns;
    open_file open[OPEN_MAX];
    int32_t open_count;
    done_file *done;
    int32_t done_count, done_capacity;
    int64_t clock;
};

/* ---- columns ---- */

weir_code weir_partition_write_check(weir_arena *arena, const weir_type *schema, const weir_str_list *columns,
                                     int32_t *ret_columns, const weir_type **ret_data, weir_error **err) {
    weir_field *fields = WEIR_NEW_ARRAY(arena, weir_field, schema->fields_count + 1);
    bool *taken = WEIR_NEW_ARRAY(arena, bool, schema->fields_count + 1);
    int32_t count = 0;
    for (int32_t i = 0; i < columns->count; i++) {
        weir_str name = columns->items[i];
        ret_columns[i] = weir_type_field_index(schema, name, false);
        _cleanup_strbuf_ weir_strbuf text = {0};
        if (ret_columns[i] < 0) {
            weir_type_simple(&text, schema);
            WEIR_RAISE(err, _LEGACY_ERROR_TEMP_1155, "col", weir_arena_strndup(arena, name.data, name.size),
                       "schemaCatalog", text.data);
        }
        const weir_type *type = schema->fields[ret_columns[i]].type;
        taken[ret_columns[i]] = true;
        if (!weir_type_is_nested(type) && type->kind != WEIR_TYPE_VARIANT &&
            type->kind != WEIR_TYPE_INTERVAL_CALENDAR)
            continue;
        weir_strbuf_add_char(&text, '"');
        weir_type_sql(&text, type);
        weir_strbuf_add_char(&text, '"');
        WEIR_RAISE(err, INVALID_PARTITION_COLUMN_DATA_TYPE, "type", text.data);
    }
    for (int32_t i = 0; i < schema->fields_count; i++)
        if (!taken[i])
            fields[count++] = schema->fields[i];
    if (count == 0)
        return weir_error_raise(err, WEIR_ALL_PARTITION_COLUMNS_NOT_ALLOWED, NULL);
    *ret_data = weir_type_struct(arena, fields, count);
    return WEIR_OK;
}

weir_code weir_partition_write_open(weir_arena *arena, const weir_partition_write_settings *settings,
                                    weir_partition_write **ret, weir_error **err) {
    weir_partition_write *write = WEIR_NEW(arena, weir_partition_write);
    write->arena = arena;
    write->settings = *settings;
    write->partition = WEIR_NEW_ARRAY(arena, int32_t, settings->columns.count + 1);
    WEIR_TRY(weir_partition_write_check(arena, settings->schema, &settings->columns, write->partition,
                                        &write->data, err));
    write->data_columns = WEIR_NEW_ARRAY(arena, int32_t, write->data->fields_count + 1);
    for (int32_t i = 0, count = 0; i < settings->schema->fields_count; i++) {
        bool partition = false;
        for (int32_t k = 0; k < settings->columns.count; k++)
            partition |= write->partition[k] == i;
        if (!partition)
            write->data_columns[count++] = i;
    }
    WEIR_TRY(settings->format->write_spec(arena, write->data, settings->options, settings->zone, &write->spec,
                                          err));
    *ret = write;
    return WEIR_OK;
}

/* ---- files ---- */

static weir_code end_file(weir_partition_write *write, int32_t at, weir_error **err) {
    open_file file = write->open[at];
    int64_t size;
    write->open[at] = write->open[--write->open_count];
    if (write->done_count == write->done_capacity) {
        write->done_capacity = write->done_capacity ? 2 * write->done_capacity : 16;
        done_file *items = WEIR_NEW_ARRAY(write->arena, done_file, write->done_capacity);
        if (write->done_count)
            memcpy(items, write->done, sizeof *items * (size_t)write->done_count);
        write->done = items;
    }
    write->done[write->done_count++] = (done_file){file.directory, file.name};
    return write->settings.format->writer_finish(file.writer, &size, err);
}

/* How many files of the directory have been ended. */
static int32_t count_done(const weir_partition_write *write, weir_str directory) {
    int32_t count = 0;
    for (int32_t i = 0; i < write->done_count; i++)
        count += weir_str_equal(weir_str_from(write->done[i].directory), directory);
    return count;
}

static weir_code find_file(weir_partition_write *write, weir_str directory, open_file **ret,
                           weir_error **err) {
    int32_t oldest = 0;
    for (int32_t i = 0; i < write->open_count; i++) {
        if (weir_str_equal(weir_str_from(write->open[i].directory), directory)) {
            *ret = &write->open[i];
            return WEIR_OK;
        }
        if (write->open[i].used < write->open[oldest].used)
            oldest = i;
    }
    if (write->open_count == OPEN_MAX)
        WEIR_TRY(end_file(write, oldest, err));
    const weir_partition_write_settings *s = &write->settings;
    open_file file = {.directory = weir_arena_strndup(write->arena, directory.data, directory.size)};
    file.name = weir_arena_printf(write->arena, "%s.c%03d%s", s->name, count_done(write, directory),
                                  s->format->write_extension(write->spec));
    const char *path =
        weir_fs_join(write->arena, weir_fs_join(write->arena, s->directory, file.directory), file.name);
    WEIR_TRY(s->format->writer_open(write->spec, s->fs, path, s->budget, &file.writer, err));
    *ret = &write->open[write->open_count];
    write->open[write->open_count++] = file;
    return WEIR_OK;
}

/* ---- rows ---- */

typedef struct row_place {
    weir_str directory;
    int32_t row;
} row_place;

/* "a=1/b=x"; NULL and "" are WEIR_PARTITION_NULL. */
static void add_directory(const weir_partition_write *write, weir_column *const *flat, int32_t row,
                          weir_strbuf *buf) {
    for (int32_t i = 0; i < write->settings.columns.count; i++) {
        const weir_field *field = &write->settings.schema->fields[write->partition[i]];
        _cleanup_strbuf_ weir_strbuf value = {0};
        if (i)
            weir_strbuf_add_char(buf, '/');
        weir_partition_escape(buf, field->name);
        weir_strbuf_add_char(buf, '=');
        if (!weir_column_is_null(flat[i], row))
            weir_cell_text(&value, flat[i], row, WEIR_TEXT_CAST, write->settings.zone);
        if (value.size)
            weir_partition_escape(buf, weir_strbuf_view(&value));
        else
            weir_strbuf_add_text(buf, WEIR_PARTITION_NULL);
    }
}

static int by_directory(const void *a, const void *b) {
    const row_place *x = a, *y = b;
    int order = weir_str_compare(x->directory, y->directory);
    return order ? order : x->row < y->row ? -1 : 1;
}

static weir_code find_places(const weir_partition_write *write, const weir_batch *batch, weir_arena *arena,
                             row_place *places, weir_error **err) {
    int32_t count = write->settings.columns.count;
    weir_column **flat = WEIR_NEW_ARRAY(arena, weir_column *, count + 1);
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < count && code == WEIR_OK; i++)
        code = weir_column_flatten(NULL, batch->columns[write->partition[i]], &flat[i], err);
    for (int32_t row = 0; row < batch->rows && code == WEIR_OK; row++) {
        _cleanup_strbuf_ weir_strbuf text = {0};
        add_directory(write, flat, row, &text);
        weir_str view = weir_strbuf_view(&text);
        bool again = row && weir_str_equal(places[row - 1].directory, view);
        places[row] = (row_place){again ? places[row - 1].directory : weir_arena_str(arena, view), row};
    }
    for (int32_t i = 0; i < count; i++)
        weir_column_unref(flat[i]);
    return code;
}

static weir_code write_rows(weir_partition_write *write, const weir_batch *batch, weir_str directory,
                            const int32_t *rows, int32_t count, weir_error **err) {
    open_file *file = NULL;
    int32_t width = write->data->fields_count;
    WEIR_TRY(find_file(write, directory, &file, err));
    file->used = ++write->clock;
    weir_column **columns = weir_alloc_zero((size_t)width + 1, sizeof *columns);
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < width && code == WEIR_OK; i++)
        code = weir_column_gather(write->settings.budget, batch->columns[write->data_columns[i]], rows, count,
                                  &columns[i], err);
    if (code == WEIR_OK) {
        weir_batch *piece = weir_batch_new(write->data, count, columns, width);
        code = write->settings.format->writer_write(file->writer, piece, err);
        weir_batch_unref(piece);
    } else {
        for (int32_t i = 0; i < width; i++)
            weir_column_unref(columns[i]);
    }
    weir_free(columns);
    return code;
}

weir_code weir_partition_write_rows(weir_partition_write *write, const weir_batch *batch, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    row_place *places = WEIR_NEW_ARRAY(arena, row_place, batch->rows + 1);
    int32_t *rows = WEIR_NEW_ARRAY(arena, int32_t, batch->rows + 1);
    if (batch->rows == 0)
        return WEIR_OK;
    WEIR_TRY(find_places(write, batch, arena, places, err));
    qsort(places, (size_t)batch->rows, sizeof *places, by_directory);
    for (int32_t i = 0; i < batch->rows; i++)
        rows[i] = places[i].row;
    for (int32_t from = 0, to; from < batch->rows; from = to) {
        for (to = from + 1; to < batch->rows && weir_str_equal(places[to].directory, places[from].directory);)
            to++;
        WEIR_TRY(write_rows(write, batch, places[from].directory, rows + from, to - from, err));
    }
    return WEIR_OK;
}

/* ---- the end ---- */

weir_code weir_partition_write_finish(weir_partition_write *write,
                                      weir_code (*each)(const char *directory, const char *name, void *data,
                                                        weir_error **err),
                                      void *data, weir_error **err) {
    while (write->open_count)
        WEIR_TRY(end_file(write, write->open_count - 1, err));
    for (int32_t i = 0; i < write->done_count; i++)
        WEIR_TRY(each(write->done[i].directory, write->done[i].name, data, err));
    return WEIR_OK;
}

void weir_partition_write_abort(weir_partition_write *write) {
    while (write && write->open_count)
        write->settings.format->writer_abort(write->open[--write->open_count].writer);
}
