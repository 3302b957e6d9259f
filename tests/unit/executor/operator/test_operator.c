/* Filter, project, expand, sort and limit, alone and as chains. */
#include "tests/lib/weir_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "executor/operator/operator.h"
#include "tests/lib/json_rows.h"
#include "tests/lib/plan_nodes.h"

#define DDL "a INT, b STRING, c BOOLEAN, d DOUBLE"

typedef struct bench {
    weir_arena *arena, *task, *scratch;
    const weir_type *schema;
    weir_node_shuffle_read *leaf;
    weir_budget budget;
    weir_eval eval;
    weir_operator_context context;
    weir_strbuf out;
    int32_t batches;
} bench;

static weir_code print(void *data, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    bench *t = data;
    weir_batch *compact = NULL;
    WEIR_TRY(weir_operator_compact(NULL, batch, sel, &compact, err));
    weir_rows_text(&t->out, compact);
    weir_batch_unref(compact);
    t->batches++;
    return WEIR_OK;
}

static void bench_init(bench *t) {
    weir_error *err = NULL;
    *t = (bench){.arena = weir_arena_new(), .task = weir_arena_new(), .scratch = weir_arena_new()};
    weir_budget_init(&t->budget, NULL, INT64_MAX);
    CHECK_OK(weir_schema_parse(t->arena, WEIR_STR(DDL), &t->schema, &err));
    t->leaf = WEIR_NODE_NEW(t->arena, SHUFFLE_READ, shuffle_read);
    t->leaf->schema = t->schema;
    t->eval =
        (weir_eval){.budget = &t->budget, .arena = t->scratch, .zone = weir_timezone_utc(), .ansi = true};
    t->context = (weir_operator_context){.budget = &t->budget, .arena = t->task, .eval = &t->eval};
}

static void bench_fini(bench *t) {
    weir_arena_free(t->scratch);
    weir_arena_free(t->task);
    weir_arena_free(t->arena);
    weir_strbuf_fini(&t->out);
    cr_assert(t->budget.used == 0);
}

/* Runs the rows through the tree in batches of `batch_rows`; gives what comes out. */
static const char *run(bench *t, weir_node *root, const char *const *lines, int32_t count,
                       int32_t batch_rows) {
    weir_error *err = NULL;
    weir_chain_spec spec;
    weir_chain chain;
    weir_strbuf_clear(&t->out);
    CHECK_OK(weir_chain_compile(t->arena, root, weir_chain_leaves(t->arena, root).items[0],
                                weir_timezone_utc(), true, WEIR_STR(""), &spec, &err));
    weir_operator *collector = weir_collector_new(t->task, &t->context, print, t);
    CHECK_OK(weir_chain_open(&spec, &t->context, collector, &chain, &err));
    for (int32_t from = 0; from < count; from += batch_rows) {
        int32_t rows = count - from < batch_rows ? count - from : batch_rows;
        _cleanup_batch_ weir_batch *batch = weir_json_rows(t->arena, DDL, lines + from, rows);
        CHECK_OK(weir_operator_push(chain.head, batch, NULL, &err));
        weir_arena_reset(t->scratch);
    }
    CHECK_OK(weir_operator_finish(chain.head, &err));
    weir_chain_close(&chain);
    return t->out.data ? t->out.data : "";
}

static weir_node *input(bench *t, int32_t ordinal) {
    return weir_test_input(t->arena, t->schema, ordinal);
}

static weir_node *filter_node(bench *t, weir_node *child, int32_t ordinal) {
    weir_node_filter_exec *node = WEIR_NODE_NEW(t->arena, FILTER_EXEC, filter_exec);
    node->child = child;
    node->condition = input(t, ordinal);
    return &node->node;
}

static weir_node *project_node(bench *t, weir_node *child, weir_node **exprs, int32_t count) {
    weir_node_project_exec *node = WEIR_NODE_NEW(t->arena, PROJECT_EXEC, project_exec);
    node->child = child;
    node->exprs = weir_node_list_of(t->arena, exprs, count);
    return &node->node;
}

static weir_node *limit_node(bench *t, weir_node *child, int64_t count) {
    weir_node_limit_exec *node = WEIR_NODE_NEW(t->arena, LIMIT_EXEC, limit_exec);
    node->child = child;
    node->count = count;
    return &node->node;
}

static weir_node *offset_node(bench *t, weir_node *child, int64_t skip, int64_t count) {
    weir_node *node = limit_node(t, child, count);
    WEIR_NODE_AS(node, LIMIT_EXEC, limit_exec)->skip = skip;
    return node;
}

static weir_node *tail_node(bench *t, weir_node *child, int64_t count) {
    weir_node_tail_exec *node = WEIR_NODE_NEW(t->arena, TAIL_EXEC, tail_exec);
    node->child = child;
    node->count = count;
    return &node->node;
}

static const char *const rows[] = {
    "{\"a\":3,\"b\":\"x\",\"c\":true,\"d\":1.5}",
    "{\"a\":1,\"b\":\"y\",\"c\":false}",
    "{\"a\":2,\"c\":true,\"d\":\"NaN\"}",
    "{\"b\":\"x\",\"c\":true,\"d\":-0.0}",
    "{\"a\":3,\"b\":\"\",\"d\":0.0}",
    "{\"a\":1,\"b\":\"x\",\"c\":true,\"d\":-2}",
};
#define ROWS ((int32_t)WEIR_ARRAY_LEN(rows))

WEIR_TEST(operators, a_filter_keeps_rows_that_are_true) {
    for (int32_t batch = 1; batch <= ROWS; batch++) {
        bench t;
        bench_init(&t);
        CHECK_TEXT(run(&t, filter_node(&t, &t.leaf->node, 2), rows, ROWS, batch),
                   "3|x|true|1.5\n2|NULL|true|NaN\nNULL|x|true|-0.0\n1|x|true|-2.0\n");
        bench_fini(&t);
    }
}

WEIR_TEST(operators, a_chain_filters_projects_and_limits) {
    for (int32_t batch = 1; batch <= ROWS; batch++) {
        bench t;
        bench_init(&t);
        weir_node *exprs[] = {input(&t, 1), weir_literal_int(t.arena, 7), input(&t, 0)};
        weir_node *project = project_node(&t, filter_node(&t, &t.leaf->node, 2), exprs, 3);
        CHECK_TEXT(run(&t, limit_node(&t, project, 3), rows, ROWS, batch), "x|7|3\nNULL|7|2\nx|7|NULL\n");
        bench_fini(&t);
    }
}

WEIR_TEST(operators, rows_are_skipped_and_the_last_ones_kept) {
    static const struct {
        int64_t skip, count, tail; /* tail -1: an offset */
        const char *out;
    } cases[] = {
        {1, 2, -1, "2|NULL|true|NaN\nNULL|x|true|-0.0\n"},
        {2, -1, -1, "NULL|x|true|-0.0\n1|x|true|-2.0\n"},
        {9, 2, -1, ""},
        {3, 0, -1, ""},
        {0, 0, 2, "NULL|x|true|-0.0\n1|x|true|-2.0\n"},
        {0, 0, 9, "3|x|true|1.5\n2|NULL|true|NaN\nNULL|x|true|-0.0\n1|x|true|-2.0\n"},
        {0, 0, 0, ""},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        for (int32_t batch = 1; batch <= ROWS; batch++) {
            bench t;
            bench_init(&t);
            weir_node *child = filter_node(&t, &t.leaf->node, 2); /* selections, not whole batches */
            weir_node *node = cases[i].tail < 0 ? offset_node(&t, child, cases[i].skip, cases[i].count)
                                                : tail_node(&t, child, cases[i].tail);
            CHECK_TEXT(run(&t, node, rows, ROWS, batch), cases[i].out);
            bench_fini(&t);
        }
    }
}

WEIR_TEST(operators, few_rows_of_a_large_batch_are_compacted) {
    bench t;
    bench_init(&t);
    const char *many[200];
    for (int32_t i = 0; i < 200; i++)
        many[i] = i == 150 ? "{\"a\":150,\"c\":true}" : "{\"a\":1,\"c\":false}";
    CHECK_TEXT(run(&t, filter_node(&t, &t.leaf->node, 2), many, 200, 200), "150|NULL|true|NULL\n");
    bench_fini(&t);
}

typedef struct sort_case {
    int32_t ordinal;
    bool ascending, nulls_first;
    const char *expected; /* column a of the sorted rows */
} sort_case;

/* ORDER BY of these rows as Spark 4.3 answers: NaN last of the doubles, both zeros equal, stable. */
static const sort_case sort_cases[] = {
    {0, true, true, "NULL 1 1 2 3 3"},  {0, true, false, "1 1 2 3 3 NULL"},
    {0, false, true, "NULL 3 3 2 1 1"}, {0, false, false, "3 3 2 1 1 NULL"},
    {3, true, true, "1 1 NULL 3 3 2"},  {3, false, false, "2 3 NULL 3 1 1"},
    {1, true, true, "2 3 3 NULL 1 1"},  {2, false, false, "3 2 NULL 1 1 3"},
};

WEIR_TEST(operators, sort_orders_as_spark_does) {
    for (size_t i = 0; i < WEIR_ARRAY_LEN(sort_cases); i++) {
        const sort_case *c = &sort_cases[i];
        for (int32_t batch = 1; batch <= ROWS; batch += ROWS - 1) {
            bench t;
            bench_init(&t);
            weir_node_sort_exec *sort = WEIR_NODE_NEW(t.arena, SORT_EXEC, sort_exec);
            sort->child = &t.leaf->node;
            weir_node *order =
                weir_test_sort_order(t.arena, input(&t, c->ordinal), c->ascending, c->nulls_first);
            sort->orders = weir_node_list_of(t.arena, &order, 1);
            weir_node *a = input(&t, 0);
            char *got = strdup(run(&t, project_node(&t, &sort->node, &a, 1), rows, ROWS, batch));
            for (char *at = got; *at; at++)
                *at = *at == '\n' ? (at[1] ? ' ' : 0) : *at;
            cr_assert(strcmp(got, c->expected) == 0, "case %zu: got %s, not %s", i, got, c->expected);
            free(got);
            bench_fini(&t);
        }
    }
}

/* Ten thousand rows by two keys against a comparison of neighbours; LIMIT stops the output. */
WEIR_TEST(operators, sort_is_stable_over_many_rows_and_keys) {
    enum { COUNT = 10000 };
    bench t;
    bench_init(&t);
    char **lines = calloc(COUNT, sizeof *lines);
    for (int32_t i = 0; i < COUNT; i++) {
        uint32_t random = (uint32_t)i * 2654435761u >> 7;
        if (asprintf(&lines[i], "{\"a\":%u,\"b\":\"a long common prefix %u\",\"d\":%d}", random % 50,
                     random % 7, i) < 0)
            abort();
    }
    weir_node_sort_exec *sort = WEIR_NODE_NEW(t.arena, SORT_EXEC, sort_exec);
    sort->child = &t.leaf->node;
    weir_node *orders[] = {weir_test_sort_order(t.arena, input(&t, 1), false, false),
                           weir_test_sort_order(t.arena, input(&t, 0), true, true)};
    sort->orders = weir_node_list_of(t.arena, orders, 2);
    const char *out = run(&t, &sort->node, (const char *const *)lines, COUNT, 3000);
    int32_t last_a = -1, last_b = 99, last_d = -1, count = 0;
    for (const char *at = out; *at; at = strchr(at, '\n') + 1, count++) {
        int a, b;
        double d;
        cr_assert(sscanf(at, "%d|a long common prefix %d|NULL|%lf", &a, &b, &d) == 3);
        cr_assert(b < last_b || (b == last_b && (a > last_a || (a == last_a && (int32_t)d > last_d))),
                  "row %d", count);
        last_a = a, last_b = b, last_d = (int32_t)d;
    }
    cr_assert(count == COUNT && t.batches == (COUNT + WEIR_BATCH_ROWS - 1) / WEIR_BATCH_ROWS);
    t.batches = 0;
    out = run(&t, limit_node(&t, &sort->node, 3), (const char *const *)lines, COUNT, 3000);
    cr_assert(t.batches == 1);
    for (int32_t i = 0; i < COUNT; i++)
        free(lines[i]);
    free(lines);
    bench_fini(&t);
}

WEIR_TEST(operators, expand_gives_the_projections_of_a_row_together) {
    for (int32_t batch = 1; batch <= 3; batch++) {
        bench t;
        bench_init(&t);
        weir_node_expand_exec *expand = WEIR_NODE_NEW(t.arena, EXPAND_EXEC, expand_exec);
        expand->child = &t.leaf->node;
        expand->projections = weir_node_list_new(t.arena, 2);
        for (int32_t p = 0; p < 2; p++) {
            weir_node_expr_list *list = WEIR_NODE_NEW(t.arena, EXPR_LIST, expr_list);
            weir_node *exprs[] = {input(&t, 0), weir_literal_int(t.arena, p)};
            list->items = weir_node_list_of(t.arena, exprs, 2);
            expand->projections.items[p] = &list->node;
        }
        CHECK_TEXT(run(&t, &expand->node, rows, 3, batch), "3|0\n3|1\n1|0\n1|1\n2|0\n2|1\n");
        bench_fini(&t);
    }
}

WEIR_TEST(operators, a_limit_of_zero_is_done_at_once) {
    bench t;
    bench_init(&t);
    CHECK_TEXT(run(&t, limit_node(&t, &t.leaf->node, 0), rows, ROWS, 2), "");
    weir_error *err = NULL;
    weir_chain_spec spec;
    weir_chain chain;
    CHECK_OK(weir_chain_compile(t.arena, limit_node(&t, &t.leaf->node, 0), &t.leaf->node, weir_timezone_utc(),
                                true, WEIR_STR(""), &spec, &err));
    CHECK_OK(
        weir_chain_open(&spec, &t.context, weir_collector_new(t.task, &t.context, print, &t), &chain, &err));
    cr_assert(weir_operator_is_done(chain.head));
    weir_chain_close(&chain);
    bench_fini(&t);
}
