/* The hot paths of a streaming aggregation without the rest of `weir run`:
 *
 *   partial    5 M rows by (short string, BIGINT): low cardinality, 180,000 keys; by (string, struct of two
 *              timestamps); without keys
 *   emit       180,000 groups to one and to sixteen partitions
 *   state      180,000 keys put, changelog, commit, get, snapshot, replay; memory a key
 *
 * Every result is checked before its time is printed. Usage: bench_hash_agg [ROWS] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/assert.h"
#include "common/column/builder.h"
#include "common/expr/function.h"
#include "executor/operator/operator.h"

#define KEYS 180000

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* what others do on the machine does not count */
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void must(weir_code code, weir_error *err) {
    if (code == WEIR_OK)
        return;
    fprintf(stderr, "bench_hash_agg: %s\n", err ? weir_error_text(err) : "failed");
    exit(1);
}

typedef struct setup {
    const char *name, *ddl;
    int32_t keys_count;
    int64_t distinct; /* of the number; the string has two values */
    int64_t groups;   /* expected */
} setup;

/* Batches like a scan's; the second column runs through `distinct` values in a scattered order. */
static weir_batch *make_batch(const weir_type *schema, int64_t first, int32_t rows, int64_t distinct) {
    weir_error *err = NULL;
    weir_builder builders[2];
    for (int32_t c = 0; c < 2; c++)
        must(weir_builder_init(&builders[c], NULL, schema->fields[c].type, rows, &err), err);
    bool nested = schema->fields[1].type->kind == WEIR_TYPE_STRUCT;
    for (int64_t i = first; i < first + rows; i++) {
        uint64_t random = (uint64_t)i * UINT64_C(0x9E3779B97F4A7C15);
        bool ok = weir_builder_bytes(&builders[0], random >> 63 ? "Open" : "Close", random >> 63 ? 4 : 5);
        int64_t value = (int64_t)((random >> 20) % (uint64_t)distinct) * 3600000000;
        if (nested)
            ok = ok && weir_builder_int64(&builders[1].children[0], value) &&
                 weir_builder_int64(&builders[1].children[1], value + 3600000000) &&
                 weir_builder_struct_end(&builders[1]);
        else
            ok = ok && weir_builder_int64(&builders[1], value);
        WEIR_ASSERT(ok);
    }
    weir_column *columns[2];
    for (int32_t c = 0; c < 2; c++) {
        must(weir_builder_finish(&builders[c], &columns[c], &err), err);
        weir_builder_fini(&builders[c]);
    }
    return weir_batch_new(schema, rows, columns, 2);
}

static weir_node *input_node(weir_arena *arena, const weir_type *schema, int32_t ordinal) {
    weir_node_input *input = WEIR_NODE_NEW(arena, INPUT, input);
    input->ordinal = ordinal;
    input->node.type = schema->fields[ordinal].type;
    input->node.nullable = input->node.resolved = true;
    return &input->node;
}

static weir_node *count_node(weir_arena *arena) {
    weir_node_aggregate_call *call = WEIR_NODE_NEW(arena, AGGREGATE_CALL, aggregate_call);
    weir_node *one = weir_literal_int(arena, 1);
    call->function = weir_function_find(WEIR_STR("count"));
    call->args = weir_node_list_of(arena, &one, 1);
    call->node.type = weir_type_of(WEIR_TYPE_LONG);
    call->node.resolved = true;
    return &call->node;
}

typedef struct emitted {
    int64_t rows, sum;
} emitted;

static weir_code take(void *data, int32_t partition, weir_batch *batch, weir_error **err) {
    (void)partition, (void)err;
    emitted *e = data;
    const weir_column *counts = batch->columns[batch->columns_count - 1];
    e->rows += batch->rows;
    for (int32_t i = 0; i < batch->rows; i++)
        e->sum += ((const int64_t *)counts->values)[i];
    return WEIR_OK;
}

static void bench_emit(weir_operator *op, int32_t partitions, int64_t rows, int64_t groups) {
    weir_error *err = NULL;
    emitted e = {0};
    double start = now_ms();
    must(weir_hash_agg_emit(op, partitions, 65536, take, &e, &err), err);
    double took = now_ms() - start;
    WEIR_ASSERT(e.rows == groups && e.sum == rows);
    printf("  emit %lld groups to %d partitions: %.1f ms (%.0f ns a group)\n", (long long)groups, partitions,
           took, took * 1e6 / (double)groups);
}

static void bench_partial(const setup *s, int64_t rows) {
    weir_error *err = NULL;
    weir_arena *arena = weir_arena_new(), *scratch = weir_arena_new();
    const weir_type *schema;
    must(weir_schema_parse(arena, weir_str_from(s->ddl), &schema, &err), err);
    weir_node_partial_agg *node = WEIR_NODE_NEW(arena, PARTIAL_AGG, partial_agg);
    weir_node *call = count_node(arena);
    node->aggregates = weir_node_list_of(arena, &call, 1);
    node->keys = weir_node_list_new(arena, s->keys_count);
    for (int32_t i = 0; i < s->keys_count; i++)
        node->keys.items[i] = input_node(arena, schema, i);
    const weir_operator_spec *spec;
    must(weir_operator_compile(arena, &node->node, schema, weir_timezone_utc(), true, WEIR_STR(""), &spec,
                               &err),
         err);
    weir_budget budget;
    weir_budget_init(&budget, NULL, INT64_MAX);
    weir_eval eval = {.budget = &budget, .arena = scratch, .zone = weir_timezone_utc(), .ansi = true};
    weir_operator_context context = {.budget = &budget, .arena = arena, .eval = &eval};
    weir_operator *op;
    must(weir_operator_open(spec, &context, NULL, &op, &err), err);
    double took = 0;
    for (int64_t first = 0; first < rows; first += WEIR_BATCH_ROWS) {
        int32_t count = (int32_t)(rows - first < WEIR_BATCH_ROWS ? rows - first : WEIR_BATCH_ROWS);
        weir_batch *batch = make_batch(schema, first, count, s->distinct);
        double start = now_ms();
        must(weir_operator_push(op, batch, NULL, &err), err);
        weir_arena_reset(scratch);
        took += now_ms() - start;
        weir_batch_unref(batch);
    }
    must(weir_operator_finish(op, &err), err);
    WEIR_ASSERT(weir_hash_agg_groups(op) == s->groups);
    printf("%s: %lld rows, %lld groups: %.0f ms, %.1f ns a row, peak %.1f MB\n", s->name, (long long)rows,
           (long long)s->groups, took, took * 1e6 / (double)rows, (double)budget.peak / 1e6);
    if (s->groups > 1000) {
        bench_emit(op, 1, rows, s->groups);
        bench_emit(op, 16, rows, s->groups);
    }
    weir_operator_close(op);
    weir_arena_free(scratch);
    weir_arena_free(arena);
}

static weir_state_store *new_store(void) {
    weir_error *err = NULL;
    weir_state_store *store;
    weir_state_spec spec = {0, 0, WEIR_STATE_GROUPS, WEIR_STR("struct<string,bigint>"),
                            WEIR_STR("struct<bigint> count")};
    must(weir_state_store_new(NULL, &spec, &store, &err), err);
    return store;
}

static void bench_state(void) {
    weir_error *err = NULL;
    char(*texts)[20] = malloc(sizeof(*texts) * KEYS);
    weir_str *keys = malloc(sizeof(*keys) * KEYS), *values = malloc(sizeof(*values) * KEYS);
    weir_str *got = malloc(sizeof(*got) * KEYS);
    int64_t *numbers = malloc(sizeof(*numbers) * KEYS);
    int32_t *groups = malloc(sizeof(*groups) * KEYS);
    for (int32_t i = 0; i < KEYS; i++) {
        snprintf(texts[i], sizeof texts[i], "key %015d", i);
        keys[i] = (weir_str){texts[i], sizeof texts[i]};
        numbers[i] = i;
        values[i] = (weir_str){(const char *)&numbers[i], 8};
        groups[i] = (int32_t)((uint32_t)i * 2654435761u >> 22);
    }
    weir_state_keys all = {keys, groups, KEYS};
    weir_state_store *store = new_store();
    for (int32_t epoch = 0; epoch < 2; epoch++) {
        weir_strbuf log = {0};
        double start = now_ms();
        must(weir_state_put(store, &all, values, &err), err);
        double put = now_ms();
        must(weir_state_changelog(store, &log, &err), err);
        double changelog = now_ms();
        weir_state_commit(store);
        double commit = now_ms();
        must(weir_state_get(store, &all, got, &err), err);
        double get = now_ms();
        for (int32_t i = 0; i < KEYS; i++)
            WEIR_ASSERT(got[i].size == 8 && memcmp(got[i].data, &numbers[i], 8) == 0);
        printf("state, %s %d keys: put %.1f ms, changelog %.1f ms (%.1f MB), "
               "commit %.1f ms, get %.1f ms, %.1f MB held\n",
               epoch ? "update of" : "first", KEYS, put - start, changelog - put, (double)log.size / 1e6,
               commit - changelog, get - commit, (double)weir_state_bytes(store) / 1e6);
        weir_strbuf_fini(&log);
    }
    weir_strbuf snapshot = {0};
    double start = now_ms();
    must(weir_state_snapshot(store, &snapshot, &err), err);
    double written = now_ms();
    weir_state_store *again = new_store();
    must(weir_state_replay(again, weir_strbuf_view(&snapshot), "snapshot", &err), err);
    double read = now_ms();
    WEIR_ASSERT(weir_state_rows(again) == KEYS);
    printf("state: snapshot %.1f ms (%.1f MB), replay %.1f ms\n", written - start,
           (double)snapshot.size / 1e6, read - written);
    weir_strbuf_fini(&snapshot);
    weir_state_store_free(store);
    weir_state_store_free(again);
    free(texts);
    free(keys);
    free(values);
    free(got);
    free(numbers);
    free(groups);
}

int main(int argc, char **argv) {
    int64_t rows = argc > 1 ? strtoll(argv[1], NULL, 10) : 5000000;
    static const setup setups[] = {
        {"no keys", "a STRING, b BIGINT", 0, 100, 1},
        {"(string, bigint)", "a STRING, b BIGINT", 2, 100, 200},
        {"(string, struct of two timestamps)", "a STRING, b STRUCT<s: TIMESTAMP, e: TIMESTAMP>", 2, 100, 200},
        {"(string, bigint), many keys", "a STRING, b BIGINT", 2, KEYS / 2, KEYS},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(setups); i++)
        bench_partial(&setups[i], rows);
    bench_state();
    return 0;
}
