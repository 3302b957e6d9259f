/* Batches from JSON lines through the engine's own reader (json_rows.h). */
#include "tests/lib/json_rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/column/cell_text.h"
#include "common/format/format.h"
#include "common/fs/fs.h"

static void must(weir_code code, const char *ddl, weir_error *err) {
    if (code == WEIR_OK)
        return;
    fprintf(stderr, "rows of %s: %s\n", ddl, weir_error_text(err));
    abort();
}

static weir_batch *read_all(weir_read_spec *spec, weir_fs *fs, int64_t size, const weir_type *schema,
                            const char *ddl, int32_t count) {
    weir_error *err = NULL;
    weir_split split = {.path = "/rows.json", .end = -1, .size = size};
    weir_reader *reader;
    weir_batch *batches[64], *batch;
    int32_t batches_count = 0;
    int64_t records;
    must(weir_json_format_ops.reader_open(spec, fs, &split, NULL, &reader, &err), ddl, err);
    while (batches_count < 64) {
        must(weir_json_format_ops.reader_next(reader, count + 1, &batch, &records, &err), ddl, err);
        if (!batch)
            break;
        batches[batches_count++] = batch;
    }
    weir_json_format_ops.reader_close(reader);
    must(weir_batch_concat(NULL, schema, batches, batches_count, &batch, &err), ddl, err);
    for (int32_t i = 0; i < batches_count; i++)
        weir_batch_unref(batches[i]);
    return batch;
}

weir_batch *weir_json_rows(weir_arena *arena, const char *ddl, const char *const *lines, int32_t count) {
    weir_error *err = NULL;
    const weir_type *schema;
    must(weir_schema_parse(arena, weir_str_from(ddl), &schema, &err), ddl, err);
    weir_strbuf text = {0};
    for (int32_t i = 0; i < count; i++)
        weir_strbuf_addf(&text, "%s\n", lines[i]);
    weir_fs *fs = weir_memory_fs_new();
    must(fs->ops->create_new(fs, "/rows.json", weir_strbuf_view(&text), &err), ddl, err);
    weir_options options = {0};
    weir_read_request request = {.schema = schema,
                                 .projection = schema,
                                 .options = &options,
                                 .zone = weir_timezone_utc(),
                                 .partial_results = true,
                                 .corrupt_column = WEIR_STR("_corrupt_record")};
    weir_read_spec *spec;
    must(weir_json_format_ops.read_spec(arena, &request, &spec, &err), ddl, err);
    weir_batch *batch = read_all(spec, fs, (int64_t)text.size, schema, ddl, count);
    fs->ops->free(fs);
    weir_strbuf_fini(&text);
    return batch;
}

void weir_rows_text(weir_strbuf *buf, const weir_batch *batch) {
    for (int32_t row = 0; row < batch->rows; row++) {
        for (int32_t c = 0; c < batch->columns_count; c++) {
            if (c)
                weir_strbuf_add_char(buf, '|');
            if (weir_column_is_null(batch->columns[c], row))
                weir_strbuf_add_text(buf, "NULL");
            else
                weir_cell_text(buf, batch->columns[c], row, WEIR_TEXT_SHOW, weir_timezone_utc());
        }
        weir_strbuf_add_char(buf, '\n');
    }
}
