/* Whole queries with window functions against Spark's answers (tests/golden/over.jsonl): parsed, analysed,
 * optimised and planned as a batch query, then its stages are run here, with inputs of several batch sizes.
 * over_known.txt lists what differs, by name of the case and what; a name that no longer differs fails too.
 */
#include <stdio.h>

#include "common/base/json_value.h"
#include "common/column/cell_text.h"
#include "common/column/row_codec.h"
#include "common/conf/conf.h"
#include "driver/analyze/analyzer.h"
#include "driver/optimize/optimizer.h"
#include "driver/physical/physical.h"
#include "driver/sql/parser.h"
#include "executor/operator/operator.h"
#include "tests/lib/json_rows.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/weir_test.h"

#define TABLES_MAX 16
#define STAGES_MAX 16
#define PARTITIONS 5

typedef struct table {
    weir_str name;
    weir_batch *rows;
} table;

/* What a stage sent: batches by the partition of the next stage. */
typedef struct sent {
    weir_batch **batches;
    int32_t *partitions;
    int32_t count;
} sent;

typedef struct run {
    weir_arena *arena, *task, *scratch;
    const table *tables;
    int32_t tables_count;
    const weir_json *test;
    const weir_timezone *zone;
    bool ansi;
    weir_str sql;
    int32_t batch_rows;
    int64_t limit; /* of the memory */
    weir_budget budget;
    weir_eval eval;
    weir_operator_context context;
    sent stages[STAGES_MAX];
    const weir_node_shuffle_write *write; /* of the stage at hand */
    sent *target;
    weir_error *err;
} run;

/* ---- the query ---- */

static weir_code find_table(void *self, weir_arena *arena, const weir_str_list *name, weir_node **ret,
                            weir_error **err) {
    (void)err;
    const run *r = self;
    *ret = NULL;
    for (int32_t i = 0; i < r->tables_count; i++) {
        if (!weir_str_equal_nocase(name->items[0], r->tables[i].name))
            continue;
        weir_node_source *source = WEIR_NODE_NEW(arena, SOURCE, source);
        source->name = r->tables[i].name;
        source->format = WEIR_STR("golden");
        source->schema = r->tables[i].rows->schema;
        weir_options_set(arena, &source->options, WEIR_STR("table"), r->tables[i].name);
        *ret = &source->node;
    }
    return WEIR_OK;
}

static weir_code plan_query(run *r, weir_physical *ret) {
    int64_t next_id = 1;
    weir_catalog catalog = {.find = find_table, .self = r};
    weir_analyzer_options options = {
        .catalog = &catalog, .zone = r->zone, .ansi = r->ansi, .sql = r->sql, .next_id = &next_id};
    weir_optimizer_options optimizer = {.zone = r->zone, .ansi = r->ansi, .next_id = &next_id};
    weir_node *plan;
    weir_conf *conf = weir_conf_new(r->arena);
    WEIR_TRY(weir_conf_set(conf, WEIR_STR("spark.sql.shuffle.partitions"), WEIR_STR("5"), &r->err));
    WEIR_TRY(weir_parser_query(r->arena, r->sql, r->zone, &plan, &r->err));
    WEIR_TRY(weir_analyzer_run(r->arena, plan, &options, &plan, &r->err));
    WEIR_TRY(weir_optimizer_run(r->arena, plan, &optimizer, &plan, &r->err));
    weir_physical_request request = {.logical = plan,
                                     .conf = conf,
                                     .batch = true,
                                     .output_mode = WEIR_STR("append"),
                                     .sink_format = WEIR_STR("golden"),
                                     .sql = r->sql};
    return weir_physical_plan(r->arena, &request, ret, &r->err);
}

/* ---- leaves ---- */

static weir_batch *scan_table(run *r, const weir_node_scan *scan) {
    weir_str name = weir_options_get(&scan->options, "table");
    const weir_batch *rows = NULL;
    for (int32_t i = 0; i < r->tables_count; i++)
        rows = weir_str_equal(r->tables[i].name, name) ? r->tables[i].rows : rows;
    int32_t count = scan->projection->fields_count;
    weir_column **columns = WEIR_NEW_ARRAY(r->arena, weir_column *, count + 1);
    for (int32_t i = 0; i < count; i++)
        for (int32_t c = 0; c < rows->columns_count; c++)
            if (weir_str_equal(rows->schema->fields[c].name, scan->projection->fields[i].name))
                columns[i] = weir_column_ref(rows->columns[c]);
    return weir_batch_new(scan->projection, rows->rows, columns, count);
}

static int64_t option(const weir_options *options, const char *name) {
    weir_str text = weir_options_get(options, name);
    return strtoll(text.data, NULL, 10);
}

static weir_batch *scan_range(run *r, const weir_options *options, const weir_type *projection) {
    int64_t start = option(options, "start"), end = option(options, "end"), step = option(options, "step");
    int32_t rows = (int32_t)((end - start + step - 1) / step);
    weir_column *column;
    cr_assert(weir_column_new_fixed(NULL, weir_type_of(WEIR_TYPE_LONG), rows, &column, &r->err) == WEIR_OK);
    for (int32_t i = 0; i < rows; i++)
        ((int64_t *)weir_column_values(column))[i] = start + step * i;
    if (projection->fields_count == 0) {
        weir_column_unref(column);
        return weir_batch_new(projection, rows, NULL, 0);
    }
    return weir_batch_new(projection, rows, &column, 1);
}

/* ---- stages ---- */

static void keep(run *r, weir_batch *batch, int32_t partition) {
    sent *t = r->target;
    t->batches = realloc(t->batches, sizeof *t->batches * (size_t)(t->count + 1));
    t->partitions = realloc(t->partitions, sizeof *t->partitions * (size_t)(t->count + 1));
    t->batches[t->count] = weir_batch_ref(batch);
    t->partitions[t->count++] = partition;
}

static weir_code take(void *data, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    run *r = data;
    int32_t keys = r->write ? r->write->keys.count : 0;
    weir_batch *compact;
    WEIR_TRY(weir_operator_compact(NULL, batch, sel, &compact, err));
    int32_t partitions = keys ? (int32_t)r->write->partitions : 1;
    uint32_t *hashes = calloc((size_t)compact->rows + 1, sizeof *hashes);
    weir_sel all = {NULL, compact->rows};
    weir_column **columns = WEIR_NEW_ARRAY(r->arena, weir_column *, keys + 1);
    for (int32_t k = 0; k < keys; k++)
        columns[k] = compact->columns[WEIR_NODE_AS(r->write->keys.items[k], INPUT, input)->ordinal];
    if (keys)
        cr_assert(weir_columns_murmur3(columns, keys, &all, 42, hashes, err) == WEIR_OK);
    for (int32_t p = 0; p < partitions; p++) {
        int32_t *rows = calloc((size_t)compact->rows + 1, sizeof *rows), count = 0;
        for (int32_t i = 0; i < compact->rows; i++)
            if (partitions == 1 || weir_partition_of_group(weir_key_group(hashes[i]), partitions) == p)
                rows[count++] = i;
        weir_batch *part;
        cr_assert(weir_batch_gather(NULL, compact, rows, count, &part, err) == WEIR_OK);
        if (count)
            keep(r, part, p);
        weir_batch_unref(part);
        free(rows);
    }
    free(hashes);
    weir_batch_unref(compact);
    return WEIR_OK;
}

static weir_code take_groups(void *data, int32_t partition, weir_batch *batch, weir_error **err) {
    (void)err;
    keep(data, batch, partition);
    return WEIR_OK;
}

static weir_code push_rows(run *r, weir_chain *chain, weir_batch *batch) {
    for (int32_t from = 0; from < batch->rows; from += r->batch_rows) {
        int32_t count = batch->rows - from < r->batch_rows ? batch->rows - from : r->batch_rows;
        int32_t *rows = WEIR_NEW_ARRAY(r->arena, int32_t, count + 1);
        for (int32_t i = 0; i < count; i++)
            rows[i] = from + i;
        _cleanup_batch_ weir_batch *part = NULL;
        WEIR_TRY(weir_batch_gather(NULL, batch, rows, count, &part, &r->err));
        part->schema = batch->schema;
        WEIR_TRY(weir_operator_push(chain->head, part, NULL, &r->err));
        weir_arena_reset(r->scratch);
    }
    return WEIR_OK;
}

static weir_code feed(run *r, weir_chain *chain, const weir_chain_spec *spec, const weir_physical *plan,
                      int32_t task) {
    if (spec->leaf->kind == WEIR_NODE_SHUFFLE_READ) {
        const sent *from = &r->stages[WEIR_NODE_AS(spec->leaf, SHUFFLE_READ, shuffle_read)->stage];
        for (int32_t i = 0; i < from->count; i++)
            if (from->partitions[i] == task)
                WEIR_TRY(push_rows(r, chain, from->batches[i]));
        return WEIR_OK;
    }
    const weir_node_scan *scan = WEIR_NODE_AS(spec->leaf, SCAN, scan);
    bool range = weir_str_equal(scan->format, WEIR_STR("weir-range"));
    _cleanup_batch_ weir_batch *rows =
        range ? scan_range(r, &plan->sources[scan->source_index].options, spec->input) : scan_table(r, scan);
    return push_rows(r, chain, rows);
}

static weir_code run_task(run *r, const weir_chain_spec *spec, const weir_physical *plan, int32_t task) {
    weir_chain chain = {0};
    bool grouped = spec->count && spec->specs[spec->count - 1]->node->kind == WEIR_NODE_PARTIAL_AGG;
    weir_operator *collector = grouped ? NULL : weir_collector_new(r->task, &r->context, take, r);
    WEIR_TRY(weir_chain_open(spec, &r->context, collector, &chain, &r->err));
    weir_code code = feed(r, &chain, spec, plan, task);
    if (code == WEIR_OK)
        code = weir_operator_finish(chain.head, &r->err);
    if (code == WEIR_OK && grouped)
        code = weir_hash_agg_emit(chain.last, (int32_t)r->write->partitions, 4096, take_groups, r, &r->err);
    weir_chain_close(&chain);
    return code;
}

/* One task a partition that the leaf's rows come in; tables are one split. */
static int32_t tasks_of(const weir_node_list *stages, const weir_node *leaf) {
    if (leaf->kind != WEIR_NODE_SHUFFLE_READ)
        return 1;
    const weir_node *from = stages->items[WEIR_NODE_AS(leaf, SHUFFLE_READ, shuffle_read)->stage];
    const weir_node *root = WEIR_NODE_AS(from, STAGE, stage)->root;
    return (int32_t)WEIR_NODE_AS(root, SHUFFLE_WRITE, shuffle_write)->partitions;
}

static weir_code run_stages(run *r, const weir_physical *plan) {
    const weir_node_list *stages = &plan->plan->stages;
    cr_assert(stages->count <= STAGES_MAX);
    for (int32_t s = 0; s < stages->count; s++) {
        weir_node *root = WEIR_NODE_AS(stages->items[s], STAGE, stage)->root;
        weir_node_list leaves = weir_chain_leaves(r->arena, root);
        bool writes = root->kind == WEIR_NODE_SHUFFLE_WRITE;
        r->write = writes ? WEIR_NODE_AS(root, SHUFFLE_WRITE, shuffle_write) : NULL;
        r->target = &r->stages[s];
        for (int32_t l = 0; l < leaves.count; l++) {
            weir_chain_spec spec;
            WEIR_TRY(weir_chain_compile(r->arena, root, leaves.items[l], r->zone, r->ansi, r->sql, &spec,
                                        &r->err));
            for (int32_t t = 0; t < tasks_of(stages, leaves.items[l]); t++)
                WEIR_TRY(run_task(r, &spec, plan, t));
        }
    }
    return WEIR_OK;
}

/* ---- answers ---- */

typedef struct judge {
    weir_str known; /* the whole list */
    int32_t known_lines;
    int32_t same, differ_known, refused, wrong;
} judge;

/* show() prints control characters escaped; ids of columns differ from run to run. */
static void add_clean(weir_strbuf *buf, weir_str text) {
    for (size_t i = 0; i < text.size; i++) {
        weir_strbuf_add_char(buf, text.data[i]);
        if (text.data[i] != '#')
            continue;
        size_t digits = i + 1;
        while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9')
            digits++;
        if (digits > i + 1) {
            weir_strbuf_add_char(buf, 'N');
            i = digits - 1;
        }
    }
}

static void note(run *r, judge *j, const char *what, const char *want, const char *got, bool *ret_same) {
    weir_str name = weir_json_get_str(r->test, "name", WEIR_STR(""));
    weir_strbuf line _cleanup_strbuf_ = {0};
    weir_strbuf_addf(&line, "\n" WEIR_STR_FMT "\t%s\n", WEIR_STR_ARG(name), what);
    bool known = memmem(j->known.data, j->known.size, line.data, line.size) != NULL;
    *ret_same = false;
    if (known) {
        j->differ_known++;
        return;
    }
    j->wrong++;
    fprintf(stderr, WEIR_STR_FMT " [batches of %d]\n  %s\n  want %s\n  got  %s\n", WEIR_STR_ARG(name),
            r->batch_rows, what, want, got);
}

static void check_error(run *r, judge *j, bool *same) {
    const weir_json *want = weir_json_get(r->test, "error");
    const char *condition = weir_code_condition(weir_error_code(r->err));
    weir_strbuf ours _cleanup_strbuf_ = {0};
    add_clean(&ours, weir_str_from(weir_error_text(r->err)));
    if (!want) {
        note(r, j, "error", "rows", ours.data, same);
        return;
    }
    weir_str message = weir_str_trim(weir_json_get_str(want, "message", WEIR_STR("")));
    weir_str name = weir_json_get_str(want, "condition", WEIR_STR(""));
    const char *sparks = weir_arena_strndup(r->arena, message.data, message.size);
    /* Which of the rows that overflow comes first depends on the batches. */
    if (r->batch_rows < 4096 && weir_str_equal(name, WEIR_STR("BINARY_ARITHMETIC_OVERFLOW")) &&
        weir_error_code(r->err) == WEIR_BINARY_ARITHMETIC_OVERFLOW)
        return;
    if (!weir_str_equal(name, weir_str_from(condition)))
        note(r, j, "condition", sparks, ours.data, same);
    else if (weir_str_starts_with(name, WEIR_STR("_LEGACY"))
                 ? !weir_str_equal(message, weir_str_from(weir_error_message(r->err)))
                 : !weir_str_equal(message, weir_str_trim(weir_strbuf_view(&ours))))
        note(r, j, "message", sparks, ours.data, same);
}

static int compare_lines(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *join(run *r, const char **lines, int32_t count, bool ordered) {
    weir_strbuf text _cleanup_strbuf_ = {0};
    if (!ordered)
        qsort(lines, (size_t)count, sizeof *lines, compare_lines);
    for (int32_t i = 0; i < count; i++)
        weir_strbuf_addf(&text, "%s\n", lines[i]);
    return weir_arena_strdup(r->arena, text.data ? text.data : "");
}

static const char *sparks_rows(run *r, bool ordered) {
    const weir_json *rows = weir_json_get(r->test, "rows");
    const char **lines = WEIR_NEW_ARRAY(r->arena, const char *, rows->count + 1);
    int32_t count = 0;
    for (const weir_json *row = rows->first; row; row = row->next) {
        weir_strbuf line _cleanup_strbuf_ = {0};
        for (const weir_json *cell = row->first; cell; cell = cell->next)
            weir_strbuf_addf(&line, "%s" WEIR_STR_FMT, cell == row->first ? "" : "|",
                             WEIR_STR_ARG(cell->kind == WEIR_JSON_NULL ? WEIR_STR("NULL") : cell->text));
        lines[count++] = weir_arena_strdup(r->arena, line.data ? line.data : "");
    }
    return join(r, lines, count, ordered);
}

static const char *our_rows(run *r, const sent *result, bool ordered) {
    weir_strbuf text _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < result->count; i++) {
        const weir_batch *batch = result->batches[i];
        for (int32_t row = 0; row < batch->rows; row++, weir_strbuf_add_char(&text, '\n'))
            for (int32_t c = 0; c < batch->columns_count; c++) {
                weir_strbuf_add_text(&text, c ? "|" : "");
                if (weir_column_is_null(batch->columns[c], row))
                    weir_strbuf_add_text(&text, "NULL");
                else
                    weir_cell_text(&text, batch->columns[c], row, WEIR_TEXT_SHOW, r->zone);
            }
    }
    const char **lines = WEIR_NEW_ARRAY(r->arena, const char *, text.size + 1);
    int32_t count = 0;
    for (char *at = text.data, *end; at && at < text.data + text.size; at = end + 1) {
        end = strchr(at, '\n');
        lines[count++] = weir_arena_strndup(r->arena, at, (size_t)(end - at));
    }
    return join(r, lines, count, ordered);
}

static void check_schema(run *r, judge *j, const weir_type *schema, bool *same) {
    const char *fields[] = {"columns", "types", "nullable"};
    for (int f = 0; f < 3; f++) {
        weir_strbuf want _cleanup_strbuf_ = {0}, got _cleanup_strbuf_ = {0};
        for (const weir_json *item = weir_json_get(r->test, fields[f])->first; item; item = item->next)
            weir_strbuf_addf(
                &want, WEIR_STR_FMT "\n",
                WEIR_STR_ARG(f == 2 ? weir_str_from(item->boolean ? "true" : "false") : item->text));
        for (int32_t i = 0; i < schema->fields_count; i++) {
            if (f == 0)
                weir_strbuf_add(&got, schema->fields[i].name);
            else if (f == 1)
                weir_type_simple(&got, schema->fields[i].type);
            else
                weir_strbuf_add_text(&got, schema->fields[i].nullable ? "true" : "false");
            weir_strbuf_add_char(&got, '\n');
        }
        if (strcmp(want.data ? want.data : "", got.data ? got.data : "") != 0)
            note(r, j, fields[f], want.data, got.data, same);
    }
}

static void check_rows(run *r, judge *j, const weir_physical *plan, bool *same) {
    if (weir_json_get(r->test, "error")) {
        weir_str message = weir_json_get_str(weir_json_get(r->test, "error"), "message", WEIR_STR(""));
        note(r, j, "no error", weir_arena_strndup(r->arena, message.data, message.size), "rows", same);
        return;
    }
    bool ordered = weir_json_get_bool(r->test, "ordered", false);
    check_schema(r, j, plan->schema, same);
    const char *want = sparks_rows(r, ordered);
    const char *got = our_rows(r, &r->stages[plan->plan->stages.count - 1], ordered);
    if (strcmp(want, got) != 0)
        note(r, j, "rows", want, got, same);
}

static void run_case(const table *tables, int32_t tables_count, const weir_json *test, int32_t batch_rows,
                     int64_t limit, judge *j) {
    run r = {.arena = weir_arena_new(),
             .task = weir_arena_new(),
             .scratch = weir_arena_new(),
             .tables = tables,
             .tables_count = tables_count,
             .test = test,
             .zone = weir_timezone_utc(),
             .ansi = true,
             .batch_rows = batch_rows,
             .limit = limit,
             .sql = weir_json_get_str(test, "sql", WEIR_STR(""))};
    const weir_json *conf = weir_json_get(test, "conf");
    for (const weir_json *entry = conf ? conf->first : NULL; entry; entry = entry->next) {
        if (weir_str_equal(entry->name, WEIR_STR("spark.sql.ansi.enabled")))
            r.ansi = weir_str_equal(entry->text, WEIR_STR("true"));
        else
            cr_assert(weir_timezone_open(entry->text, &r.zone, &r.err) == WEIR_OK);
    }
    weir_budget_init(&r.budget, NULL, limit);
    r.eval = (weir_eval){.budget = &r.budget, .arena = r.scratch, .zone = r.zone, .ansi = r.ansi};
    r.context = (weir_operator_context){.budget = &r.budget, .arena = r.task, .eval = &r.eval};
    weir_physical plan;
    bool same = true;
    weir_code code = plan_query(&r, &plan);
    if (code == WEIR_OK)
        code = run_stages(&r, &plan);
    if (code == WEIR_OUT_OF_MEMORY && limit < INT64_MAX)
        j->refused++;
    else if (code == WEIR_OK)
        check_rows(&r, j, &plan, &same);
    else
        check_error(&r, j, &same);
    j->same += same;
    for (int32_t s = 0; s < STAGES_MAX; s++) {
        for (int32_t i = 0; i < r.stages[s].count; i++)
            weir_batch_unref(r.stages[s].batches[i]);
        free(r.stages[s].batches);
        free(r.stages[s].partitions);
    }
    cr_assert(r.budget.used == 0, WEIR_STR_FMT ": %lld bytes are still charged", WEIR_STR_ARG(r.sql),
              (long long)r.budget.used);
    weir_error_free(r.err);
    weir_arena_free(r.scratch);
    weir_arena_free(r.task);
    weir_arena_free(r.arena);
}

static void add_table(weir_arena *arena, const weir_json *record, table *ret) {
    const weir_json *rows = weir_json_get(record, "rows");
    const char **lines = WEIR_NEW_ARRAY(arena, const char *, rows->count + 1);
    int32_t count = 0;
    for (const weir_json *row = rows->first; row; row = row->next)
        lines[count++] = weir_arena_strndup(arena, row->text.data, row->text.size);
    weir_str ddl = weir_json_get_str(record, "schema", WEIR_STR(""));
    ret->name = weir_json_get_str(record, "name", WEIR_STR(""));
    if (count > 0) {
        ret->rows = weir_json_rows(arena, weir_arena_strndup(arena, ddl.data, ddl.size), lines, count);
        return;
    }
    const weir_type *schema;
    weir_error *err = NULL;
    CHECK_OK(weir_schema_parse(arena, ddl, &schema, &err));
    weir_column **columns = WEIR_NEW_ARRAY(arena, weir_column *, schema->fields_count);
    for (int32_t i = 0; i < schema->fields_count; i++)
        CHECK_OK(weir_column_new_nulls(NULL, schema->fields[i].type, 0, &columns[i], &err));
    ret->rows = weir_batch_new(schema, 0, columns, schema->fields_count);
}

/* Runs the file; of its queries every `step`-th. */
static judge run_file(int32_t batch_rows, int64_t limit, int32_t step) {
    weir_arena *arena _cleanup_arena_ = weir_arena_new();
    weir_error *err _cleanup_error_ = NULL;
    weir_str text = weir_temp_file_read(arena, WEIR_SOURCE_DIR "/tests/golden/over.jsonl");
    judge j = {.known = weir_temp_file_read(arena, WEIR_SOURCE_DIR "/tests/golden/over_known.txt")};
    table tables[TABLES_MAX];
    int32_t tables_count = 0, queries = 0;
    cr_assert(text.data && j.known.data);
    for (const char *at = text.data, *end; at < text.data + text.size; at = end + 1) {
        end = memchr(at, '\n', (size_t)(text.data + text.size - at));
        weir_json *record;
        CHECK_OK(weir_json_parse(arena, weir_str_make(at, (size_t)(end - at)), "over.jsonl", &record, &err));
        weir_str kind = weir_json_get_str(record, "kind", WEIR_STR(""));
        if (weir_str_equal(kind, WEIR_STR("table")))
            add_table(arena, record, &tables[tables_count++]);
        else if (weir_str_equal(kind, WEIR_STR("query")) && queries++ % step == 0)
            run_case(tables, tables_count, record, batch_rows, limit, &j);
    }
    for (size_t i = 1; i < j.known.size; i++)
        j.known_lines += j.known.data[i - 1] == '\n' && j.known.data[i] != '#' && j.known.data[i] != '\n';
    fprintf(stderr,
            "over.jsonl, batches of %d: %d as Spark, %d known differences, %d without memory, %d wrong\n",
            batch_rows, j.same, j.differ_known, j.refused, j.wrong);
    for (int32_t i = 0; i < tables_count; i++)
        weir_batch_unref(tables[i].rows);
    cr_assert_eq(j.wrong, 0);
    return j;
}

static void run_all(int32_t batch_rows) {
    judge j = run_file(batch_rows, INT64_MAX, 1);
    cr_assert_eq(j.differ_known, j.known_lines, "%d lines of over_known.txt, %d of them apply", j.known_lines,
                 j.differ_known);
    cr_assert_geq(j.same, 500);
}

WEIR_TEST(golden_over, answers_are_sparks) {
    run_all(4096);
}

WEIR_TEST(golden_over, answers_do_not_depend_on_batches) {
    run_all(1);
    run_all(3);
}

WEIR_TEST(golden_over, memory_that_is_refused_is_an_error_and_all_of_it_comes_back) {
    int32_t refused = 0;
    for (int64_t limit = 0; limit < 40000; limit += 1900)
        refused += run_file(4096, limit, 7).refused;
    cr_assert_gt(refused, 100);
}
