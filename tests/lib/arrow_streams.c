/* Walks Arrow IPC streams (arrow_streams.h). */
#include "tests/lib/arrow_streams.h"

#include <stdlib.h>

#include "tests/lib/json_rows.h"

#define BUDGET (INT64_C(64) << 20)
#define TEXT_ROWS_MAX 4096 /* rows without bytes (NULL, STRUCT<>) can be many */

static weir_code rewrite(weir_arrow_writer *writer, bool last, weir_error **err) {
    for (;;) {
        _cleanup_buffer_ weir_buffer *stream = NULL;
        int32_t rows;
        WEIR_TRY(weir_arrow_writer_next(writer, last, &stream, &rows, err));
        if (!stream)
            return WEIR_OK;
    }
}

static weir_code walk(weir_arena *arena, weir_budget *budget, weir_buffer *carrier, weir_error **err) {
    _cleanup_arrow_reader_ weir_arrow_reader *reader = NULL;
    WEIR_TRY(weir_arrow_reader_open(arena, budget, carrier, "a test", &reader, err));
    weir_arrow_options options = {.rows_max = 3, .large_vars = carrier->size & 1};
    _cleanup_arrow_writer_ weir_arrow_writer *writer =
        weir_arrow_writer_new(weir_arrow_reader_schema(reader), &options, budget);
    _cleanup_strbuf_ weir_strbuf text = {0};
    for (;;) {
        _cleanup_batch_ weir_batch *batch = NULL;
        WEIR_TRY(weir_arrow_reader_next(reader, &batch, err));
        if (!batch)
            return rewrite(writer, true, err);
        for (int32_t i = 0; i < batch->columns_count; i++)
            if (weir_column_verify(batch->columns[i], "a batch", err) != WEIR_OK)
                abort(); /* the reader let damage pass */
        if (batch->rows > TEXT_ROWS_MAX)
            continue;
        weir_strbuf_clear(&text);
        weir_rows_text(&text, batch);
        WEIR_TRY(weir_arrow_writer_put(writer, batch, NULL, err));
        WEIR_TRY(rewrite(writer, false, err));
    }
}

weir_code weir_arrow_walk(const uint8_t *data, size_t size, weir_error **err) {
    weir_budget budget;
    weir_budget_init(&budget, NULL, BUDGET);
    uint8_t *copy = malloc(size ? size : 1);
    if (size)
        memcpy(copy, data, size);
    weir_arena *arena = weir_arena_new();
    weir_buffer *carrier = weir_buffer_borrow(copy, size, free, copy);
    weir_code code = walk(arena, &budget, carrier, err);
    weir_buffer_unref(carrier);
    weir_arena_free(arena);
    if (atomic_load(&budget.used) != 0)
        abort(); /* something was not given back */
    return code;
}

weir_code weir_arrow_rows(weir_strbuf *text, weir_buffer *stream, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_arrow_reader_ weir_arrow_reader *reader = NULL;
    WEIR_TRY(weir_arrow_reader_open(arena, NULL, stream, "a test", &reader, err));
    for (;;) {
        _cleanup_batch_ weir_batch *batch = NULL;
        WEIR_TRY(weir_arrow_reader_next(reader, &batch, err));
        if (!batch)
            return WEIR_OK;
        weir_rows_text(text, batch);
    }
}
