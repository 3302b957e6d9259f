/* CSV reader speed, one core: MB/s of CSV text into batches, from a memory file system. Each input's rows
 * and sums are checked before its time is printed; the ratio is time per byte against the first input.
 *
 *   bench_csv_reader [MEGABYTES [ROUNDS]] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/format/format.h"

typedef struct input {
    const char *name;
    const char *schema;     /* of the file */
    const char *projection; /* wanted */
    void (*line)(weir_strbuf *buf, uint64_t i);
} input;

static uint64_t mix(uint64_t i) {
    i = (i + 1) * 0x9E3779B97F4A7C15ull;
    return i ^ (i >> 29);
}

static const char *action_of(uint64_t i) {
    return mix(i) & 1 ? "Open" : "Close";
}

static unsigned number_of(uint64_t i) {
    return 1469501107u + (unsigned)(i % 1000000);
}

static void events(weir_strbuf *buf, uint64_t i) {
    weir_strbuf_addf(buf, "%u,%s\n", number_of(i), action_of(i));
}

static void wide_ints(weir_strbuf *buf, uint64_t i) {
    weir_strbuf_addf(buf, "%u,", number_of(i));
    for (uint64_t f = 0; f < 8; f++)
        weir_strbuf_addf(buf, "%llu,", (unsigned long long)(mix(i * 8 + f) >> (34 + f * 3)));
    weir_strbuf_addf(buf, "%s\n", action_of(i));
}

static void strings(weir_strbuf *buf, uint64_t i) {
    weir_strbuf_addf(buf, "%u,customer number %u,street of the %llu trees,%s\n", number_of(i),
                     (unsigned)(i % 9999), (unsigned long long)(mix(i) >> 40), action_of(i));
}

static void quoted(weir_strbuf *buf, uint64_t i) {
    weir_strbuf_addf(buf, "%u,\"customer, number %u\",\"street of the %llu trees\",%s\n", number_of(i),
                     (unsigned)(i % 9999), (unsigned long long)(mix(i) >> 40), action_of(i));
}

static void escaped(weir_strbuf *buf, uint64_t i) {
    weir_strbuf_addf(buf, "%u,\"customer \\\"%u\\\"\",\"street of the %llu trees\",%s\n", number_of(i),
                     (unsigned)(i % 9999), (unsigned long long)(mix(i) >> 40), action_of(i));
}

static void typed(weir_strbuf *buf, uint64_t i) {
    weir_strbuf_addf(buf, "%u,%u.%02u,0.%u,2016-07-%02u,2016-07-25 21:45:%02u.123,%s\n", number_of(i),
                     (unsigned)(i % 9000), (unsigned)(i % 100), (unsigned)(mix(i) >> 40),
                     (unsigned)(i % 28 + 1), (unsigned)(i % 60), action_of(i));
}

#define TEXTS "n INT, a STRING, b STRING, action STRING"
#define INTS "n INT, a INT, b INT, c INT, d INT, e INT, f INT, g INT, h INT, action STRING"
static const input inputs[] = {
    {"an int and a string", "n INT, action STRING", "n INT, action STRING", events},
    {"9 ints and a string", INTS, INTS, wide_ints},
    {"2 of 10 columns", INTS, "n INT, action STRING", wide_ints},
    {"strings", TEXTS, TEXTS, strings},
    {"quoted strings", TEXTS, TEXTS, quoted},
    {"escaped quotes", TEXTS, TEXTS, escaped},
    {"decimals, doubles, times",
     "n INT, price DECIMAL(10,2), ratio DOUBLE, d DATE, at TIMESTAMP, action STRING",
     "n INT, price DECIMAL(10,2), ratio DOUBLE, d DATE, at TIMESTAMP, action STRING", typed},
};

static void die(const char *what, weir_error *err) {
    fprintf(stderr, "%s: %s\n", what, err ? weir_error_text(err) : "");
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct totals {
    int64_t rows, opens, numbers;
} totals;

/* Reads the file once; with `check` also adds the columns up. */
static totals read_all(weir_fs *fs, const weir_read_spec *spec, int64_t size, bool check) {
    const weir_format_ops *ops = &weir_csv_format_ops;
    weir_error *err = NULL;
    weir_reader *reader = NULL;
    weir_split split = {.path = "/in.csv", .start = 0, .end = size, .size = size};
    totals sum = {0};
    if (ops->reader_open(spec, fs, &split, NULL, &reader, &err) != WEIR_OK)
        die("open", err);
    for (;;) {
        weir_batch *batch = NULL;
        int64_t records;
        if (ops->reader_next(reader, WEIR_BATCH_ROWS, &batch, &records, &err) != WEIR_OK)
            die("read", err);
        if (!batch)
            break;
        sum.rows += batch->rows;
        const weir_column *number = batch->columns[0], *action = batch->columns[batch->columns_count - 1];
        if (check)
            for (int32_t i = 0; i < batch->rows; i++) {
                sum.numbers += ((const int32_t *)number->values)[i];
                sum.opens += weir_column_bytes(action, i).size == 4;
            }
        weir_batch_unref(batch);
    }
    ops->reader_close(reader);
    return sum;
}

static double run(const input *in, size_t bytes, int rounds, double base) {
    weir_error *err = NULL;
    weir_arena *arena = weir_arena_new();
    weir_fs *fs = weir_memory_fs_new();
    weir_strbuf text = {0};
    totals want = {0};
    while (text.size < bytes) {
        uint64_t i = (uint64_t)want.rows++;
        in->line(&text, i);
        want.numbers += number_of(i);
        want.opens += mix(i) & 1;
    }
    if (fs->ops->put(fs, "/in.csv", weir_strbuf_view(&text), &err) != WEIR_OK)
        die("put", err);
    weir_read_request request = {
        .zone = weir_timezone_utc(), .partial_results = true, .corrupt_column = WEIR_STR("_corrupt_record")};
    weir_read_spec *spec = NULL;
    if (weir_schema_parse(arena, weir_str_from(in->schema), &request.schema, &err) != WEIR_OK ||
        weir_schema_parse(arena, weir_str_from(in->projection), &request.projection, &err) != WEIR_OK ||
        weir_csv_format_ops.read_spec(arena, &request, &spec, &err) != WEIR_OK)
        die("spec", err);
    totals got = read_all(fs, spec, (int64_t)text.size, true);
    if (got.rows != want.rows || got.numbers != want.numbers || got.opens != want.opens)
        die(in->name, NULL);
    double best = 1e9;
    for (int i = 0; i < rounds; i++) {
        double from = now();
        read_all(fs, spec, (int64_t)text.size, false);
        double took = now() - from;
        best = took < best ? took : best;
    }
    double per_byte = best / (double)text.size;
    printf("%-26s %9lld rows %8.0f MB/s %6.1f ns a row  %.2fx\n", in->name, (long long)want.rows,
           1e-6 / per_byte, 1e9 * best / (double)want.rows, base > 0 ? per_byte / base : 1.0);
    fflush(stdout);
    weir_strbuf_fini(&text);
    fs->ops->free(fs);
    weir_arena_free(arena);
    return per_byte;
}

int main(int argc, char **argv) {
    size_t megabytes = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 64;
    int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 5;
    double base = 0;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(inputs); i++) {
        double per_byte = run(&inputs[i], megabytes << 20, rounds, base);
        base = i == 0 ? per_byte : base;
    }
    return 0;
}
