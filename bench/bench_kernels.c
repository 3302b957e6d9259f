/* Expression speed, one core: rows a second of whole programs over batches of 4,096 rows. Each line's
 * checksum is compared with a loop in plain C before its time is printed.
 *
 *   bench_kernels [BATCHES [ROUNDS]] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/column/builder.h"
#include "common/expr/program.h"
#include "driver/analyze/analyzer.h"
#include "driver/sql/parser.h"

enum { ROWS = WEIR_BATCH_ROWS };

static const char *const actions[] = {"Open", "Close", "an opening of sorts", "click"};

static uint64_t mix(uint64_t i) {
    i = (i + 1) * 0x9E3779B97F4A7C15ull;
    return i ^ (i >> 29);
}

static int64_t value_of(int32_t i) {
    return (int64_t)(mix((uint64_t)i) % 1000003) - 500000;
}

/* Event times ascend by about a second, as in one input file. */
static int64_t time_of(int32_t i) {
    return INT64_C(1469501107000000) + (int64_t)i * 900001;
}

static int64_t count_less(void) {
    int64_t n = 0;
    for (int32_t i = 0; i < ROWS; i++)
        n += value_of(i) < 1000;
    return n;
}

static int64_t count_like(void) {
    int64_t n = 0;
    for (int32_t i = 0; i < ROWS; i++)
        n += strstr(actions[i % 4], "pen") != NULL;
    return n;
}

static int64_t sum_values(void) {
    int64_t sum = 0;
    for (int32_t i = 0; i < ROWS; i++)
        sum += value_of(i) + 7;
    return sum;
}

static int64_t sum_products(void) {
    int64_t sum = 0;
    for (int32_t i = 0; i < ROWS; i++)
        sum += value_of(i) * value_of(i);
    return sum;
}

static int64_t sum_plain(void) {
    return sum_values() - 7 * ROWS;
}

static int64_t sum_starts(void) {
    int64_t sum = 0;
    for (int32_t i = 0; i < ROWS; i++)
        sum += time_of(i) / 3600000000 * 3600000000;
    return sum;
}

static int64_t sum_dates(void) { /* bytes of "Jul-26 02:45" */
    return 12 * ROWS;
}

static int64_t sum_upper(void) {
    int64_t sum = 0;
    for (int32_t i = 0; i < ROWS; i++)
        sum += (int64_t)strlen(actions[i % 4]);
    return sum;
}

static const struct line {
    const char *name, *sql;
    int64_t (*expected)(void);
} lines[] = {
    {"bigint + literal, ANSI", "v + 7L", sum_values},
    {"bigint * bigint, ANSI", "v * v", sum_products},
    {"bigint < literal", "v < 1000L", count_less},
    {"string = literal", "a = 'Open'", NULL},
    {"window start (1 hour)", "window(t, '1 hour').start", sum_starts},
    {"CAST(string AS BIGINT)", "CAST(s AS BIGINT)", sum_plain},
    {"CAST(bigint AS STRING)", "CAST(v AS STRING)", NULL},
    {"date_format(t, 'MMM-dd HH:mm')", "date_format(t, 'MMM-dd HH:mm')", sum_dates},
    {"LIKE '%pen%'", "a LIKE '%pen%'", count_like},
    {"LIKE 'o_e%'", "a LIKE 'o_e%'", NULL},
    {"RLIKE 'p.n'", "a RLIKE 'p.n'", NULL},
    {"upper(string)", "upper(a)", sum_upper},
    {"hour(t)", "hour(t)", NULL},
    {"CASE over a division", "CASE WHEN v > 0 THEN 1000000 div v ELSE v END", NULL},
    {"decimal(18,2) + decimal(18,2)", "n + n", NULL},
};

static weir_batch *make_batch(weir_arena *arena) {
    const weir_type *schema;
    weir_error *err = NULL;
    if (weir_schema_parse(arena, WEIR_STR("v BIGINT, t TIMESTAMP, s STRING, a STRING, n DECIMAL(18,2)"),
                          &schema, &err) != WEIR_OK)
        exit(2);
    weir_builder builders[5];
    weir_column *columns[5];
    for (int c = 0; c < 5; c++)
        if (weir_builder_init(&builders[c], NULL, schema->fields[c].type, ROWS, &err) != WEIR_OK)
            exit(2);
    for (int32_t i = 0; i < ROWS; i++) {
        char text[32];
        int size = snprintf(text, sizeof text, "%lld", (long long)value_of(i));
        bool ok = weir_builder_int64(&builders[0], value_of(i)) &&
                  weir_builder_int64(&builders[1], time_of(i)) &&
                  weir_builder_bytes(&builders[2], text, (size_t)size) &&
                  weir_builder_bytes(&builders[3], actions[i % 4], strlen(actions[i % 4])) &&
                  weir_builder_int128(&builders[4], value_of(i));
        if (!ok)
            exit(2);
    }
    for (int c = 0; c < 5; c++) {
        if (weir_builder_finish(&builders[c], &columns[c], &err) != WEIR_OK)
            exit(2);
        weir_builder_fini(&builders[c]);
    }
    return weir_batch_new(schema, ROWS, columns, 5);
}

static weir_code bind_node(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                           weir_error **err) {
    const weir_node_list *columns = data;
    (void)err;
    *ret = node;
    if (node->kind != WEIR_NODE_ATTRIBUTE)
        return WEIR_OK;
    for (int32_t i = 0; i < columns->count; i++)
        if (((weir_node_attribute *)columns->items[i])->id == ((weir_node_attribute *)node)->id) {
            weir_node_input *input = WEIR_NODE_NEW(arena, INPUT, input);
            input->ordinal = i;
            input->node.type = node->type;
            input->node.nullable = node->nullable;
            input->node.resolved = true;
            *ret = &input->node;
        }
    return WEIR_OK;
}

/* The expression as a program over the batch's columns; window() is inlined from the plan below. */
static weir_code prepare(weir_arena *arena, const char *sql, const weir_batch *batch,
                         const weir_program **ret, weir_error **err) {
    weir_node *expr, *plan;
    weir_str text = weir_str_from(sql);
    WEIR_TRY(weir_parser_expression(arena, text, weir_timezone_utc(), &expr, err));
    weir_node_source *source = WEIR_NODE_NEW(arena, SOURCE, source);
    source->name = WEIR_STR("input");
    source->schema = batch->schema;
    weir_node_project *project = WEIR_NODE_NEW(arena, PROJECT, project);
    project->child = &source->node;
    project->exprs = weir_node_list_of(arena, &expr, 1);
    int64_t next_id = 1;
    weir_analyzer_options options = {
        .zone = weir_timezone_utc(), .ansi = true, .sql = text, .next_id = &next_id};
    WEIR_TRY(weir_analyzer_run(arena, &project->node, &options, &plan, err));
    weir_node_project *top = (weir_node_project *)plan;
    weir_node *value = top->exprs.items[0];
    if (top->child->kind ==
        WEIR_NODE_PROJECT) { /* a window: bench the start alone, as the plan computes it */
        weir_node *window = ((weir_node_alias *)((weir_node_project *)top->child)->exprs.items[0])->child;
        value = ((weir_node_call *)window)->args.items[1];
    }
    weir_node *below = top->child;
    while (below->kind != WEIR_NODE_SOURCE)
        below = below->kind == WEIR_NODE_PROJECT ? ((weir_node_project *)below)->child
                                                 : ((weir_node_filter *)below)->child;
    WEIR_TRY(weir_node_transform(arena, value, bind_node, &below->output, &value, err));
    return weir_program_compile(arena, &value, 1, weir_timezone_utc(), true, text, ret, err);
}

static int64_t checksum(const weir_column *column) {
    int64_t sum = 0;
    for (int32_t i = 0; i < ROWS; i++) {
        int32_t slot = weir_column_slot(column, i);
        if (column->type->kind == WEIR_TYPE_BOOLEAN)
            sum += weir_bit_get(column->values, slot);
        else if (weir_type_is_bytes(column->type))
            sum += column->offsets[slot + 1] - column->offsets[slot];
        else if (weir_type_width(column->type) == 4)
            sum += ((const int32_t *)(const void *)column->values)[slot];
        else
            sum += ((const int64_t *)(const void *)
                        column->values)[(size_t)slot * (size_t)weir_type_width(column->type) / 8];
    }
    return sum;
}

static double now_s(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int run_line(const struct line *line, const weir_batch *batch, int batches, int rounds) {
    weir_arena *arena = weir_arena_new(), *scratch = weir_arena_new();
    const weir_program *program;
    weir_error *err = NULL;
    weir_eval eval = {.arena = scratch, .zone = weir_timezone_utc(), .ansi = true};
    weir_code code = prepare(arena, line->sql, batch, &program, &err);
    double best = 1e9;
    for (int round = 0; round < rounds && code == WEIR_OK; round++) {
        double from = now_s();
        for (int b = 0; b < batches && code == WEIR_OK; b++) {
            weir_column *column = NULL;
            code = weir_program_eval(program, &eval, batch, NULL, &column, &err);
            if (code == WEIR_OK && b == 0 && round == 0 && line->expected &&
                checksum(column) != line->expected()) {
                printf("%s: wrong result\n", line->name);
                exit(1);
            }
            weir_column_unref(column);
            weir_arena_reset(scratch);
        }
        double time = now_s() - from;
        best = time < best ? time : best;
    }
    if (code == WEIR_OK)
        printf("%-34s %8.1f M rows/s  %6.2f ns/row\n", line->name, (double)batches * ROWS / best / 1e6,
               best * 1e9 / ((double)batches * ROWS));
    else
        printf("%-34s %s\n", line->name, weir_error_text(err));
    weir_error_free(err);
    weir_arena_free(scratch);
    weir_arena_free(arena);
    return code == WEIR_OK ? 0 : 1;
}

int main(int argc, char **argv) {
    int batches = argc > 1 ? atoi(argv[1]) : 500, rounds = argc > 2 ? atoi(argv[2]) : 5;
    weir_arena *arena = weir_arena_new();
    weir_batch *batch = make_batch(arena);
    int failed = 0;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(lines); i++)
        failed += run_line(&lines[i], batch, batches, rounds);
    weir_batch_unref(batch);
    weir_arena_free(arena);
    return failed ? 1 : 0;
}
