/* Arrow IPC on one core: 10 million rows (bigint, string, double, timestamp) written and read.
 *
 *   arrow_ipc [ROWS [ROUNDS]]       our figures, as lines "write|read ROWS BYTES SECONDS"
 *   arrow_ipc echo [ROWS_MAX [ZONE [large]]]
 *       a stream from standard input, read and written anew to standard output: each stream behind its
 *       length (u64), as tests/peer/check_arrow.py asks for it */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/arrow/arrow_ipc.h"
#include "common/column/builder.h"

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(weir_code code, weir_error *err) {
    if (code == WEIR_OK)
        return;
    fprintf(stderr, "%s\n", weir_error_text(err));
    exit(1);
}

static weir_batch *make_batch(const weir_type *schema, int32_t rows, int64_t first) {
    weir_builder builders[4];
    weir_column *columns[4];
    weir_error *err = NULL;
    for (int c = 0; c < 4; c++)
        must(weir_builder_init(&builders[c], NULL, schema->fields[c].type, rows, &err), err);
    for (int32_t i = 0; i < rows; i++) {
        char text[32];
        int64_t value = first + i;
        int size = snprintf(text, sizeof text, "action-%lld", (long long)(value % 1000003));
        bool ok = weir_builder_int64(&builders[0], value) &&
                  weir_builder_bytes(&builders[1], text, (size_t)size) &&
                  weir_builder_double(&builders[2], (double)value / 3) &&
                  weir_builder_int64(&builders[3], INT64_C(1469501107000000) + value * 1000);
        if (!ok)
            exit(1);
    }
    for (int c = 0; c < 4; c++) {
        must(weir_builder_finish(&builders[c], &columns[c], &err), err);
        weir_builder_fini(&builders[c]);
    }
    return weir_batch_new(schema, rows, columns, 4);
}

typedef struct totals {
    int64_t rows, bytes, sum;
    double write_s, read_s;
} totals;

/* Reads a stream and looks at each value of the first column, as a consumer would. */
static void read_stream(weir_buffer *stream, totals *t) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    weir_arrow_reader *reader;
    weir_batch *batch;
    must(weir_arrow_reader_open(arena, NULL, stream, "the benchmark", &reader, &err), err);
    for (;;) {
        must(weir_arrow_reader_next(reader, &batch, &err), err);
        if (!batch)
            break;
        const int64_t *values = (const int64_t *)(const void *)batch->columns[0]->values;
        for (int32_t i = 0; i < batch->rows; i++)
            t->sum += values[i];
        t->rows += batch->rows;
        weir_batch_unref(batch);
    }
    weir_arrow_reader_close(reader);
    weir_arena_free(arena);
}

static void drain(weir_arrow_writer *writer, bool last, totals *t) {
    weir_error *err = NULL;
    for (;;) {
        weir_buffer *stream;
        int32_t rows;
        double start = now();
        must(weir_arrow_writer_next(writer, last, &stream, &rows, &err), err);
        t->write_s += now() - start;
        if (!stream)
            return;
        t->bytes += (int64_t)stream->size;
        start = now();
        read_stream(stream, t);
        t->read_s += now() - start;
        weir_buffer_unref(stream);
    }
}

static void run(const weir_type *schema, int64_t rows) {
    enum { SHAPES = 64 };
    weir_batch *batches[SHAPES];
    weir_error *err = NULL;
    totals t = {0};
    int64_t put = 0, expected = 0;
    for (int i = 0; i < SHAPES; i++)
        batches[i] = make_batch(schema, WEIR_BATCH_ROWS, (int64_t)i * WEIR_BATCH_ROWS);
    weir_arrow_writer *writer = weir_arrow_writer_new(schema, &(weir_arrow_options){0}, NULL);
    for (int64_t b = 0; put < rows; b++) {
        weir_sel sel = {NULL, (int32_t)(rows - put < WEIR_BATCH_ROWS ? rows - put : WEIR_BATCH_ROWS)};
        double start = now();
        must(weir_arrow_writer_put(writer, batches[b % SHAPES], &sel, &err), err);
        t.write_s += now() - start;
        int64_t first = b % SHAPES * WEIR_BATCH_ROWS;
        expected += first * sel.count + (int64_t)sel.count * (sel.count - 1) / 2;
        put += sel.count;
        drain(writer, false, &t);
    }
    drain(writer, true, &t);
    weir_arrow_writer_free(writer);
    for (int i = 0; i < SHAPES; i++)
        weir_batch_unref(batches[i]);
    if (t.rows != rows || t.sum != expected) {
        fprintf(stderr, "%lld rows read, not %lld, or another sum\n", (long long)t.rows, (long long)rows);
        exit(1);
    }
    printf("write %lld %lld %.4f\n", (long long)rows, (long long)t.bytes, t.write_s);
    printf("read %lld %lld %.4f\n", (long long)rows, (long long)t.bytes, t.read_s);
}

/* ---- echo ---- */

static weir_buffer *read_all(FILE *file) {
    size_t size = 0, got;
    weir_buffer *buffer = weir_buffer_new(NULL, 1 << 16);
    while (buffer && (got = fread(buffer->data + size, 1, buffer->capacity - size, file)) > 0) {
        size += got;
        buffer->size = size;
        if (size == buffer->capacity && !weir_buffer_reserve(buffer, 2 * size))
            exit(1);
    }
    if (!buffer)
        exit(1);
    buffer->size = size;
    return buffer;
}

static void print_streams(weir_arrow_writer *writer, bool last) {
    weir_error *err = NULL;
    for (;;) {
        weir_buffer *stream;
        int32_t rows;
        must(weir_arrow_writer_next(writer, last, &stream, &rows, &err), err);
        if (!stream)
            return;
        uint64_t size = stream->size;
        fwrite(&size, sizeof size, 1, stdout);
        fwrite(stream->data, 1, stream->size, stdout);
        weir_buffer_unref(stream);
    }
}

static void echo(const weir_arrow_options *options) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    weir_buffer *carrier = read_all(stdin);
    weir_arrow_reader *reader;
    must(weir_arrow_reader_open(arena, NULL, carrier, "standard input", &reader, &err), err);
    weir_arrow_writer *writer = weir_arrow_writer_new(weir_arrow_reader_schema(reader), options, NULL);
    for (;;) {
        weir_batch *batch;
        must(weir_arrow_reader_next(reader, &batch, &err), err);
        if (!batch)
            break;
        for (int32_t i = 0; i < batch->columns_count; i++)
            must(weir_column_verify(batch->columns[i], "an echo", &err), err);
        must(weir_arrow_writer_put(writer, batch, NULL, &err), err);
        weir_batch_unref(batch);
        print_streams(writer, false);
    }
    print_streams(writer, true);
    weir_arrow_writer_free(writer);
    weir_arrow_reader_close(reader);
    weir_buffer_unref(carrier);
    weir_arena_free(arena);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "echo") == 0) {
        weir_arrow_options options = {.rows_max = argc > 2 ? atoi(argv[2]) : 0,
                                      .zone = argc > 3 ? weir_str_from(argv[3]) : (weir_str){0},
                                      .large_vars = argc > 4 && strcmp(argv[4], "large") == 0};
        echo(&options);
        return 0;
    }
    int64_t rows = argc > 1 ? atoll(argv[1]) : 10000000;
    int rounds = argc > 2 ? atoi(argv[2]) : 3;
    weir_arena *arena = weir_arena_new();
    const weir_type *schema;
    weir_error *err = NULL;
    must(weir_schema_parse(arena, WEIR_STR("id BIGINT, s STRING, d DOUBLE, t TIMESTAMP"), &schema, &err),
         err);
    for (int i = 0; i < rounds; i++)
        run(schema, rows);
    weir_arena_free(arena);
    return 0;
}
