/* Partial and state aggregation together: map tasks, a shuffle by key group, reduce tasks with state; the
 * same output for any number of partitions, splits of the input into batches, and restarts. */
#include "tests/lib/weir_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/column/row_codec.h"
#include "executor/operator/operator.h"
#include "tests/lib/json_rows.h"
#include "tests/lib/plan_nodes.h"

#define DDL "k STRING, t STRUCT<s: TIMESTAMP, e: TIMESTAMP>, v INT, d DOUBLE, b BOOLEAN, m DECIMAL(10,2)"
#define MAPS 3
#define PARTITIONS_MAX 16

typedef struct harness {
    weir_arena *arena;
    const weir_type *schema;
    weir_node_partial_agg *partial;
    weir_node_state_agg *reduce;
    const weir_operator_spec *partial_spec, *reduce_spec;
    weir_budget budget;
    int32_t partitions;
    weir_state_store *stores[PARTITIONS_MAX];
    weir_batch *shuffled[PARTITIONS_MAX][64];
    int32_t shuffled_count[PARTITIONS_MAX];
    weir_strbuf logs[64]; /* every section written */
    int32_t logs_count;
    int64_t epochs;
} harness;

static void compile(harness *h, int32_t keys_count, const char *mode) {
    weir_error *err = NULL;
    weir_arena *arena = h->arena;
    CHECK_OK(weir_schema_parse(arena, WEIR_STR(DDL), &h->schema, &err));
    weir_node *v = weir_test_input(arena, h->schema, 2), *d = weir_test_input(arena, h->schema, 3);
    weir_node *b = weir_test_input(arena, h->schema, 4), *m = weir_test_input(arena, h->schema, 5);
    weir_node *k = weir_test_input(arena, h->schema, 0), *one = weir_literal_int(arena, 1);
    weir_node *aggregates[] = {
        weir_test_aggregate(arena, "count", &one, 1, NULL), weir_test_aggregate(arena, "sum", &v, 1, NULL),
        weir_test_aggregate(arena, "avg", &d, 1, NULL),     weir_test_aggregate(arena, "max", &k, 1, NULL),
        weir_test_aggregate(arena, "min", &v, 1, NULL),     weir_test_aggregate(arena, "sum", &m, 1, b),
        weir_test_aggregate(arena, "first", &v, 1, NULL),   weir_test_aggregate(arena, "last", &d, 1, NULL),
        weir_test_aggregate(arena, "count", &v, 1, b),
    };
    h->partial = WEIR_NODE_NEW(arena, PARTIAL_AGG, partial_agg);
    h->partial->aggregates = weir_node_list_of(arena, aggregates, WEIR_ARRAY_LEN(aggregates));
    h->partial->keys = weir_node_list_new(arena, keys_count);
    for (int32_t i = 0; i < keys_count; i++)
        h->partial->keys.items[i] = weir_test_input(arena, h->schema, i);
    CHECK_OK(weir_operator_compile(arena, &h->partial->node, h->schema, weir_timezone_utc(), true,
                                   WEIR_STR(""), &h->partial_spec, &err));
    h->reduce = WEIR_NODE_NEW(arena, STATE_AGG, state_agg);
    h->reduce->operator_id = 4;
    h->reduce->keys_count = keys_count;
    h->reduce->aggregates = h->partial->aggregates;
    h->reduce->output_mode = weir_str_from(mode);
    CHECK_OK(weir_operator_compile(arena, &h->reduce->node, h->partial_spec->schema, weir_timezone_utc(),
                                   true, WEIR_STR(""), &h->reduce_spec, &err));
}

static void open_stores(harness *h, int32_t partitions) {
    weir_error *err = NULL;
    h->partitions = partitions;
    for (int32_t p = 0; p < partitions; p++) {
        weir_state_spec spec;
        weir_state_agg_describe(h->reduce_spec, h->arena, &spec);
        spec.group_from = weir_partition_group_from(p, partitions);
        spec.group_to = weir_partition_group_from(p + 1, partitions);
        CHECK_OK(weir_state_store_new(&h->budget, &spec, &h->stores[p], &err));
    }
}

static void close_stores(harness *h) {
    for (int32_t p = 0; p < h->partitions; p++)
        weir_state_store_free(h->stores[p]);
}

static void harness_init(harness *h, int32_t keys_count, const char *mode, int32_t partitions) {
    *h = (harness){.arena = weir_arena_new()};
    weir_budget_init(&h->budget, NULL, INT64_MAX);
    compile(h, keys_count, mode);
    open_stores(h, partitions);
}

static void harness_fini(harness *h) {
    close_stores(h);
    for (int32_t i = 0; i < h->logs_count; i++)
        weir_strbuf_fini(&h->logs[i]);
    weir_arena_free(h->arena);
    cr_assert(h->budget.used == 0, "%lld bytes stay charged", (long long)h->budget.used);
    cr_assert(h->budget.peak > 0);
}

/* Other stores with another number of partitions, rebuilt from the changelogs. */
static void restart(harness *h, int32_t partitions) {
    weir_error *err = NULL;
    close_stores(h);
    open_stores(h, partitions);
    for (int32_t p = 0; p < partitions; p++) {
        for (int32_t i = 0; i < h->logs_count; i++)
            CHECK_OK(weir_state_replay(h->stores[p], weir_strbuf_view(&h->logs[i]), "log", &err));
        CHECK_OK(weir_state_loaded(h->stores[p], h->epochs, "log", &err));
    }
}

static weir_code keep(void *data, int32_t partition, weir_batch *batch, weir_error **err) {
    (void)err;
    harness *h = data;
    h->shuffled[partition][h->shuffled_count[partition]++] = weir_batch_ref(batch);
    return WEIR_OK;
}

static weir_code print(void *data, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    weir_batch *compact = NULL;
    WEIR_TRY(weir_operator_compact(NULL, batch, sel, &compact, err));
    weir_rows_text(data, compact);
    weir_batch_unref(compact);
    return WEIR_OK;
}

/* Row `i` of the generated input. */
static void make_line(char *line, size_t size, uint32_t i) {
    uint32_t random = i * 2654435761u;
    random ^= random >> 13;
    static const char *const names[] = {"\"Open\"", "\"Close\"", "null", "\"\"",
                                        "\"a much longer key than the others\""};
    snprintf(line, size, "{\"k\":%s,\"t\":{\"s\":%u,\"e\":%u},\"v\":%d,\"d\":%u.25,\"b\":%s,\"m\":%u.5}",
             names[random % 5], random % 7 * 3600, random % 7 * 3600 + 3600, (int)(random % 1000) - 500,
             random % 97, i % 3 ? "true" : "false", random % 13);
}

static void run_map(harness *h, int32_t task, uint32_t seed, int32_t rows, int32_t batch_rows) {
    weir_error *err = NULL;
    weir_arena *arena = weir_arena_new(), *scratch = weir_arena_new();
    weir_eval eval = {.budget = &h->budget, .arena = scratch, .zone = weir_timezone_utc(), .ansi = true};
    weir_operator_context context = {.budget = &h->budget, .arena = arena, .eval = &eval};
    weir_operator *op;
    CHECK_OK(weir_operator_open(h->partial_spec, &context, NULL, &op, &err));
    const char **lines = calloc((size_t)rows + 1, sizeof *lines);
    for (int32_t i = 0; i < rows; i++) {
        char line[256];
        make_line(line, sizeof line, seed * 7919 + (uint32_t)(task * rows + i));
        lines[i] = weir_arena_strdup(arena, line);
    }
    _cleanup_batch_ weir_batch *batch = weir_json_rows(arena, DDL, lines, rows);
    for (int32_t from = 0; from < rows; from += batch_rows) {
        int32_t picked[4096], count = 0;
        for (int32_t i = from; i < rows && i < from + batch_rows; i++)
            picked[count++] = i;
        weir_sel sel = {picked, count};
        CHECK_OK(weir_operator_push(op, batch, &sel, &err));
        weir_arena_reset(scratch);
    }
    CHECK_OK(weir_operator_finish(op, &err));
    CHECK_OK(weir_hash_agg_emit(op, h->partitions, 5, keep, h, &err));
    weir_operator_close(op);
    free(lines);
    weir_arena_free(scratch);
    weir_arena_free(arena);
}

static void run_reduce(harness *h, int32_t p, weir_strbuf *out) {
    weir_error *err = NULL;
    weir_arena *arena = weir_arena_new(), *scratch = weir_arena_new();
    weir_eval eval = {.budget = &h->budget, .arena = scratch, .zone = weir_timezone_utc(), .ansi = true};
    weir_operator_context context = {
        .budget = &h->budget, .arena = arena, .eval = &eval, .state = h->stores[p]};
    weir_operator *collector = weir_collector_new(arena, &context, print, out), *op;
    CHECK_OK(weir_operator_open(h->reduce_spec, &context, collector, &op, &err));
    for (int32_t i = 0; i < h->shuffled_count[p]; i++) {
        CHECK_OK(weir_operator_push(op, h->shuffled[p][i], NULL, &err));
        weir_batch_unref(h->shuffled[p][i]);
        weir_arena_reset(scratch);
    }
    h->shuffled_count[p] = 0;
    CHECK_OK(weir_operator_finish(op, &err));
    weir_operator_close(op);
    weir_arena_free(scratch);
    weir_arena_free(arena);
    weir_strbuf *log = &h->logs[h->logs_count++];
    cr_assert(h->logs_count <= (int32_t)WEIR_ARRAY_LEN(h->logs));
    CHECK_OK(weir_state_changelog(h->stores[p], log, &err));
    weir_state_commit(h->stores[p]);
}

static void run_epoch(harness *h, uint32_t seed, int32_t rows, int32_t batch_rows, weir_strbuf *out) {
    for (int32_t task = 0; task < MAPS; task++)
        run_map(h, task, seed, rows, batch_rows);
    for (int32_t p = 0; p < h->partitions; p++)
        run_reduce(h, p, out);
    h->epochs++;
    weir_strbuf_add_text(out, "--\n");
}

/* Three epochs; partitions change between them where `restarts`. */
static char *run_query(int32_t keys_count, const char *mode, int32_t partitions, int32_t batch_rows,
                       bool restarts) {
    harness h;
    weir_strbuf out = {0};
    harness_init(&h, keys_count, mode, partitions);
    for (uint32_t epoch = 0; epoch < 3; epoch++) {
        run_epoch(&h, epoch + 1, epoch == 1 ? 0 : 100, batch_rows, &out);
        if (restarts)
            restart(&h, partitions % 5 + 1);
    }
    harness_fini(&h);
    return weir_strbuf_steal(&out);
}

WEIR_TEST(aggregation, output_does_not_depend_on_partitions_batches_and_restarts) {
    static const char *const modes[] = {"update", "complete"};
    for (int32_t m = 0; m < 2; m++) {
        for (int32_t keys = 0; keys <= 2; keys++) {
            char *expected = run_query(keys, modes[m], 1, 100, false);
            for (int32_t partitions = 1; partitions <= 16; partitions += keys ? 5 : 16) {
                char *got = run_query(keys, modes[m], partitions, partitions * 3, false);
                CHECK_TEXT(got, expected);
                free(got);
            }
            char *got = run_query(keys, modes[m], keys ? 3 : 1, 7, true);
            CHECK_TEXT(got, expected);
            free(got);
            free(expected);
        }
    }
}

/* The same totals by hand: the sum over all groups. */
WEIR_TEST(aggregation, a_global_aggregate_counts_every_row) {
    harness h;
    weir_strbuf out = {0};
    harness_init(&h, 0, "update", 1);
    run_epoch(&h, 1, 0, 100, &out);
    CHECK_TEXT(out.data, "0|NULL|NULL|NULL|NULL|NULL|NULL|NULL|0\n--\n");
    weir_strbuf_clear(&out);
    run_epoch(&h, 1, 100, 100, &out);
    int64_t sum = 0;
    for (uint32_t i = 0; i < 300; i++) {
        uint32_t random = (7919 + i) * 2654435761u;
        random ^= random >> 13;
        sum += (int64_t)(random % 1000) - 500;
    }
    char expected[64];
    snprintf(expected, sizeof expected, "300|%lld|", (long long)sum);
    cr_assert(strncmp(out.data, expected, strlen(expected)) == 0, "got %s, not %s", out.data, expected);
    weir_strbuf_fini(&out);
    harness_fini(&h);
}

WEIR_TEST(aggregation, append_mode_and_distinct_are_refused) {
    weir_error *err = NULL;
    harness h;
    harness_init(&h, 1, "update", 1);
    const weir_operator_spec *spec;
    h.reduce->output_mode = WEIR_STR("append");
    CHECK_FAILS(STREAMING_OUTPUT_MODE__UNSUPPORTED_OPERATION,
                weir_operator_compile(h.arena, &h.reduce->node, h.partial_spec->schema, weir_timezone_utc(),
                                      true, WEIR_STR(""), &spec, &err));
    WEIR_NODE_AS(h.partial->aggregates.items[1], AGGREGATE_CALL, aggregate_call)->distinct = true;
    CHECK_FAILS(NOT_SUPPORTED, weir_operator_compile(h.arena, &h.partial->node, h.schema, weir_timezone_utc(),
                                                     true, WEIR_STR(""), &spec, &err));
    h.budget.peak = 1;
    harness_fini(&h);
}

/* A budget that runs out anywhere names operator and budget, and gives everything back. */
WEIR_TEST(aggregation, refused_memory_names_the_operator) {
    weir_error *err = NULL;
    harness h;
    harness_init(&h, 2, "update", 1);
    const char *lines[100];
    for (uint32_t i = 0; i < 100; i++) {
        char line[256];
        make_line(line, sizeof line, i);
        lines[i] = weir_arena_strdup(h.arena, line);
    }
    _cleanup_batch_ weir_batch *batch = weir_json_rows(h.arena, DDL, lines, 100);
    int32_t refusals = 0;
    for (int64_t limit = 0; limit < 200000; limit += 3001) {
        weir_arena *arena = weir_arena_new(), *scratch = weir_arena_new();
        weir_budget budget;
        weir_budget_init(&budget, NULL, limit);
        weir_eval eval = {.budget = &budget, .arena = scratch, .zone = weir_timezone_utc(), .ansi = true};
        weir_operator_context context = {.budget = &budget, .arena = arena, .eval = &eval};
        weir_operator *op = NULL;
        weir_code code = weir_operator_open(h.partial_spec, &context, NULL, &op, &err);
        if (code == WEIR_OK)
            code = weir_operator_push(op, batch, NULL, &err);
        cr_assert(code == WEIR_OK || code == WEIR_OUT_OF_MEMORY);
        if (code != WEIR_OK && op) {
            cr_assert(strstr(weir_error_text(err), "HashAggregate(partial)"), "%s", weir_error_text(err));
            refusals++;
        }
        weir_error_free_ptr(&err);
        err = NULL;
        weir_operator_close(op);
        weir_arena_free(scratch);
        weir_arena_free(arena);
        cr_assert(budget.used == 0);
    }
    cr_assert(refusals > 3);
    harness_fini(&h);
}
