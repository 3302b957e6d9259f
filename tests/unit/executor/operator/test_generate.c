/* Generate: which rows and items come out, whatever the batches are, and in batches of bounded size. */
#include "tests/lib/weir_test.h"

#include <stdio.h>

#include "executor/operator/operator.h"
#include "tests/lib/json_rows.h"
#include "tests/lib/plan_nodes.h"

#define DDL "id INT, a ARRAY<INT>, m MAP<STRING, INT>, s ARRAY<STRUCT<p: INT, q: STRING>>"

typedef struct bench {
    weir_arena *arena, *task, *scratch;
    const weir_type *schema;
    weir_node_shuffle_read *leaf;
    weir_budget budget;
    weir_eval eval;
    weir_operator_context context;
    weir_strbuf out;
    int32_t rows, rows_most;
} bench;

static weir_code print(void *data, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    bench *t = data;
    weir_batch *compact = NULL;
    WEIR_TRY(weir_operator_compact(NULL, batch, sel, &compact, err));
    if (compact->rows < 100)
        weir_rows_text(&t->out, compact);
    t->rows += compact->rows;
    t->rows_most = WEIR_MAX(t->rows_most, compact->rows);
    weir_batch_unref(compact);
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

static const char *run(bench *t, weir_node *root, const char *const *lines, int32_t count,
                       int32_t batch_rows) {
    weir_error *err = NULL;
    weir_chain_spec spec;
    weir_chain chain;
    weir_strbuf_clear(&t->out);
    CHECK_OK(weir_chain_compile(t->arena, root, &t->leaf->node, weir_timezone_utc(), true, WEIR_STR(""),
                                &spec, &err));
    weir_operator *collector = weir_collector_new(t->task, &t->context, print, t);
    CHECK_OK(weir_chain_open(&spec, &t->context, collector, &chain, &err));
    for (int32_t from = 0; from < count; from += batch_rows) {
        int32_t rows = WEIR_MIN(count - from, batch_rows);
        _cleanup_batch_ weir_batch *batch = weir_json_rows(t->arena, DDL, lines + from, rows);
        CHECK_OK(weir_operator_push(chain.head, batch, NULL, &err));
        weir_arena_reset(t->scratch);
    }
    CHECK_OK(weir_operator_finish(chain.head, &err));
    weir_chain_close(&chain);
    return t->out.data ? t->out.data : "";
}

/* id, then the columns behind the four of the input: the position is 4. */
static weir_node *generate_node(bench *t, int32_t collection, bool outer, bool fields,
                                const int32_t *ordinals, const weir_type *const *types, int32_t count) {
    weir_node_generate_exec *node = WEIR_NODE_NEW(t->arena, GENERATE_EXEC, generate_exec);
    node->child = &t->leaf->node;
    node->generator = weir_test_input(t->arena, t->schema, collection);
    node->outer = outer;
    node->fields = fields;
    weir_node_list_add(t->arena, &node->outputs, weir_test_input(t->arena, t->schema, 0));
    for (int32_t i = 0; i < count; i++) {
        weir_node_input *input = WEIR_NODE_NEW(t->arena, INPUT, input);
        input->ordinal = ordinals[i];
        input->node.type = types[i];
        input->node.nullable = true;
        input->node.resolved = true;
        weir_node_list_add(t->arena, &node->outputs, &input->node);
    }
    return &node->node;
}

static const char *const rows[] = {
    "{\"id\":1,\"a\":[10,null],\"m\":{\"x\":1,\"y\":null},\"s\":[{\"p\":1,\"q\":\"u\"},null]}",
    "{\"id\":2,\"a\":[],\"m\":{},\"s\":[]}",
    "{\"id\":3}",
    "{\"id\":4,\"a\":[7],\"m\":{\"n\":2},\"s\":[{\"q\":\"w\"}]}",
};
#define ROWS ((int32_t)WEIR_ARRAY_LEN(rows))

WEIR_TEST(generate, items_stand_beside_their_rows) {
    const weir_type *integer = weir_type_of(WEIR_TYPE_INT);
    for (int32_t batch = 1; batch <= ROWS; batch++) {
        bench t;
        bench_init(&t);
        weir_node *node =
            generate_node(&t, 1, false, false, (int32_t[]){4, 5}, (const weir_type *[]){integer, integer}, 2);
        CHECK_TEXT(run(&t, node, rows, ROWS, batch), "1|0|10\n1|1|NULL\n4|0|7\n");
        bench_fini(&t);
    }
}

WEIR_TEST(generate, outer_gives_a_row_of_nulls_where_there_is_no_item) {
    const weir_type *integer = weir_type_of(WEIR_TYPE_INT), *text = weir_type_of(WEIR_TYPE_STRING);
    for (int32_t batch = 1; batch <= ROWS; batch++) {
        bench t;
        bench_init(&t);
        weir_node *node = generate_node(&t, 2, true, false, (int32_t[]){4, 5, 6},
                                        (const weir_type *[]){integer, text, integer}, 3);
        CHECK_TEXT(run(&t, node, rows, ROWS, batch),
                   "1|0|x|1\n1|1|y|NULL\n2|NULL|NULL|NULL\n3|NULL|NULL|NULL\n4|0|n|2\n");
        bench_fini(&t);
    }
}

WEIR_TEST(generate, a_null_struct_has_null_fields) {
    const weir_type *integer = weir_type_of(WEIR_TYPE_INT), *text = weir_type_of(WEIR_TYPE_STRING);
    bench t;
    bench_init(&t);
    weir_node *node =
        generate_node(&t, 3, true, true, (int32_t[]){6, 5}, (const weir_type *[]){text, integer}, 2);
    CHECK_TEXT(run(&t, node, rows, ROWS, ROWS), "1|u|1\n1|NULL|NULL\n2|NULL|NULL\n3|NULL|NULL\n4|w|NULL\n");
    bench_fini(&t);
}

WEIR_TEST(generate, a_long_list_becomes_batches_of_bounded_size) {
    bench t;
    bench_init(&t);
    weir_strbuf line = {0};
    weir_strbuf_add_text(&line, "{\"id\":1,\"a\":[0");
    for (int32_t i = 1; i < 3 * WEIR_BATCH_ROWS + 5; i++)
        weir_strbuf_addf(&line, ",%d", i);
    weir_strbuf_add_text(&line, "]}");
    const char *lines[] = {line.data};
    weir_node *node = generate_node(&t, 1, false, false, (int32_t[]){5},
                                    (const weir_type *[]){weir_type_of(WEIR_TYPE_INT)}, 1);
    CHECK_TEXT(run(&t, node, lines, 1, 1), "1|12288\n1|12289\n1|12290\n1|12291\n1|12292\n");
    cr_assert(t.rows == 3 * WEIR_BATCH_ROWS + 5 && t.rows_most == WEIR_BATCH_ROWS);
    weir_strbuf_fini(&line);
    bench_fini(&t);
}
