/* Spark's own answers for expressions (tests/golden/expr_*.jsonl): each case's SQL goes through parser,
 * analyzer, compiler and program over the case's JSON rows; type, column name, cells, error condition and
 * error text must be Spark's.
 *
 * A case that Weir refuses by name (NOT_SUPPORTED, UNSUPPORTED_FEATURE, an unknown function that Spark
 * knows) is counted as not built; what differs otherwise must stand in expr_known.txt with its reason. An
 * entry excuses one difference of one case (its column name, its message, one row): all else of the case
 * is still checked, and an entry that no longer applies fails the test. */
#include "tests/lib/weir_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/json_value.h"
#include "common/column/cell_text.h"
#include "common/expr/program.h"
#include "common/format/format.h"
#include "driver/analyze/analyzer.h"
#include "driver/sql/parser.h"

typedef struct tally {
    int32_t passed, refused, known, failed;
} tally;

/* expr_known.txt: FILE<TAB>NAME<TAB>KIND a line */
typedef struct known_list {
    weir_str *entries; /* of one file: NAME<TAB>KIND */
    bool *used;
    int32_t count;
} known_list;

typedef struct golden_case {
    weir_arena *arena;
    weir_str sql, name;
    const weir_timezone *zone;
    bool ansi, case_sensitive, map_keys_last_win;
    const weir_json *record;
    weir_batch *input;
    const weir_sel *sel; /* of the rows of the input; NULL = all */
    weir_error *err;
    known_list *known;
    int32_t excused;
    char *difference; /* NULL where the case passes */
} golden_case;

static char *read_file(const char *name, size_t *ret_size) {
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/golden/%s", WEIR_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    cr_assert(file, "cannot open %s", path);
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(size + 1);
    cr_assert(fread(text, 1, size, file) == size);
    text[size] = 0;
    fclose(file);
    *ret_size = size;
    return text;
}

/* ---- input rows ---- */
static weir_code read_rows(golden_case *c, weir_str ddl) {
    const weir_json *rows = weir_json_get(c->record, "rows");
    const weir_type *schema;
    WEIR_TRY(weir_schema_parse(c->arena, ddl, &schema, &c->err));
    weir_strbuf text = {0};
    for (const weir_json *row = rows->first; row; row = row->next)
        weir_strbuf_addf(&text, WEIR_STR_FMT "\n", WEIR_STR_ARG(row->text));
    weir_fs *fs = weir_memory_fs_new();
    weir_code code = fs->ops->create_new(fs, "/rows.json", weir_strbuf_view(&text), &c->err);
    weir_options options = {0};
    weir_read_request request = {.schema = schema,
                                 .projection = schema,
                                 .options = &options,
                                 .zone = c->zone,
                                 .case_sensitive = c->case_sensitive,
                                 .partial_results = true,
                                 .corrupt_column = WEIR_STR("_corrupt_record")};
    weir_read_spec *spec;
    weir_reader *reader = NULL;
    int64_t records;
    weir_split split = {.path = "/rows.json", .end = (int64_t)text.size, .size = (int64_t)text.size};
    if (code == WEIR_OK)
        code = weir_json_format_ops.read_spec(c->arena, &request, &spec, &c->err);
    if (code == WEIR_OK)
        code = weir_json_format_ops.reader_open(spec, fs, &split, NULL, &reader, &c->err);
    if (code == WEIR_OK)
        code = weir_json_format_ops.reader_next(reader, rows->count + 1, &c->input, &records, &c->err);
    weir_json_format_ops.reader_close(reader);
    fs->ops->free(fs);
    weir_strbuf_fini(&text);
    return code;
}

/* ---- a tiny interpreter of the plans that expressions become ---- */
static weir_code evaluate(golden_case *c, weir_node *plan, weir_batch **ret);

typedef struct binding {
    const weir_node_list *columns;
} binding;

static weir_code bind_node(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                           weir_error **err) {
    const binding *bound = data;
    *ret = node;
    if (node->kind != WEIR_NODE_ATTRIBUTE)
        return WEIR_OK;
    for (int32_t i = 0; i < bound->columns->count; i++) {
        if (((weir_node_attribute *)bound->columns->items[i])->id != ((weir_node_attribute *)node)->id)
            continue;
        weir_node_input *input = WEIR_NODE_NEW(arena, INPUT, input);
        input->ordinal = i;
        input->node.type = node->type;
        input->node.nullable = node->nullable;
        input->node.resolved = true;
        *ret = &input->node;
        return WEIR_OK;
    }
    WEIR_FAIL(err, INTERNAL_ERROR, "attribute is not in the child's output");
}

static weir_code compile_list(golden_case *c, const weir_node_list *exprs, weir_node *child,
                              const weir_program **ret) {
    weir_node **bound = WEIR_NEW_ARRAY(c->arena, weir_node *, exprs->count + 1);
    binding columns = {&child->output};
    for (int32_t i = 0; i < exprs->count; i++)
        WEIR_TRY(weir_node_transform(c->arena, exprs->items[i], bind_node, &columns, &bound[i], &c->err));
    return weir_program_compile(c->arena, bound, exprs->count, c->zone, c->ansi, c->sql, ret, &c->err);
}

static weir_eval eval_of(golden_case *c) {
    return (weir_eval){
        .arena = c->arena, .zone = c->zone, .ansi = c->ansi, .now_us = INT64_C(1700000000000000)};
}

static weir_code project(golden_case *c, const weir_node_list *exprs, weir_node *child, weir_batch *input,
                         const weir_type *type, weir_batch **ret) {
    const weir_program *program;
    WEIR_TRY(compile_list(c, exprs, child, &program));
    weir_column **columns = WEIR_NEW_ARRAY(c->arena, weir_column *, exprs->count + 1);
    weir_column **flat = WEIR_NEW_ARRAY(c->arena, weir_column *, exprs->count + 1);
    weir_eval eval = eval_of(c);
    const weir_sel *sel = input == c->input ? c->sel : NULL;
    WEIR_TRY(weir_program_eval(program, &eval, input, sel, columns, &c->err));
    for (int32_t i = 0; i < exprs->count; i++) {
        cr_assert(weir_column_flatten(NULL, columns[i], &flat[i], &c->err) == WEIR_OK);
        weir_column_unref(columns[i]);
        cr_assert(weir_column_verify(flat[i], "result", &c->err) == WEIR_OK, "%s", weir_error_text(c->err));
    }
    *ret = weir_batch_new(type, input->rows, flat, exprs->count);
    return WEIR_OK;
}

static weir_code filter(golden_case *c, weir_node_filter *node, weir_batch *input, weir_batch **ret) {
    const weir_program *program;
    weir_node_list one = {&node->condition, 1};
    WEIR_TRY(compile_list(c, &one, node->child, &program));
    int32_t *rows = WEIR_NEW_ARRAY(c->arena, int32_t, input->rows + 1), count;
    weir_eval eval = eval_of(c);
    WEIR_TRY(weir_program_filter(program, &eval, input, NULL, rows, &count, &c->err));
    return weir_batch_gather(NULL, input, rows, count, ret, &c->err);
}

/* Each row gives one row a projection, projections in order. */
static weir_code expand(golden_case *c, weir_node_expand *node, weir_batch *input, weir_batch **ret) {
    int32_t count = node->projections.count, rows = input->rows;
    weir_batch **parts = WEIR_NEW_ARRAY(c->arena, weir_batch *, count + 1);
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < count && code == WEIR_OK; i++)
        code = project(c, &((weir_node_expr_list *)node->projections.items[i])->items, node->child, input,
                       node->node.type, &parts[i]);
    weir_batch *all = NULL;
    if (code == WEIR_OK)
        code = weir_batch_concat(NULL, node->node.type, parts, count, &all, &c->err);
    int32_t *order = WEIR_NEW_ARRAY(c->arena, int32_t, rows * count + 1);
    for (int32_t i = 0; i < rows * count; i++)
        order[i] = i % count * rows + i / count;
    if (code == WEIR_OK)
        code = weir_batch_gather(NULL, all, order, rows * count, ret, &c->err);
    weir_batch_unref(all);
    for (int32_t i = 0; i < count; i++)
        weir_batch_unref(parts[i]);
    return code;
}

static weir_code evaluate(golden_case *c, weir_node *plan, weir_batch **ret) {
    weir_batch *input = NULL;
    weir_code code;
    switch (plan->kind) {
    case WEIR_NODE_SOURCE:
        *ret = weir_batch_ref(c->input);
        return WEIR_OK;
    case WEIR_NODE_ONE_ROW:
        *ret = weir_batch_new(plan->type, 1, NULL, 0);
        return WEIR_OK;
    case WEIR_NODE_PROJECT:
        WEIR_TRY(evaluate(c, ((weir_node_project *)plan)->child, &input));
        code = project(c, &((weir_node_project *)plan)->exprs, ((weir_node_project *)plan)->child, input,
                       plan->type, ret);
        break;
    case WEIR_NODE_FILTER:
        WEIR_TRY(evaluate(c, ((weir_node_filter *)plan)->child, &input));
        code = filter(c, (weir_node_filter *)plan, input, ret);
        break;
    case WEIR_NODE_EXPAND:
        WEIR_TRY(evaluate(c, ((weir_node_expand *)plan)->child, &input));
        code = expand(c, (weir_node_expand *)plan, input, ret);
        break;
    default:
        return weir_error_failf(&c->err, WEIR_NOT_SUPPORTED, "%s in an expression case",
                                weir_node_describe(plan->kind).label);
    }
    weir_batch_unref(input);
    return code;
}

/* ---- one case ---- */
static weir_code run_sql(golden_case *c, weir_node **ret_plan, weir_batch **ret) {
    weir_node *expr, *plan;
    WEIR_TRY(weir_parser_expression(c->arena, c->sql, c->zone, &expr, &c->err));
    weir_node_project *node = WEIR_NODE_NEW(c->arena, PROJECT, project);
    node->exprs = weir_node_list_of(c->arena, &expr, 1);
    if (c->input) {
        weir_node_source *source = WEIR_NODE_NEW(c->arena, SOURCE, source);
        source->name = WEIR_STR("input");
        source->format = WEIR_STR("json");
        source->schema = c->input->schema;
        node->child = &source->node;
    } else {
        node->child = weir_node_new(c->arena, WEIR_NODE_ONE_ROW);
    }
    int64_t next_id = 1;
    weir_analyzer_options options = {.zone = c->zone,
                                     .ansi = c->ansi,
                                     .case_sensitive = c->case_sensitive,
                                     .map_keys_last_win = c->map_keys_last_win,
                                     .sql = c->sql,
                                     .next_id = &next_id};
    WEIR_TRY(weir_analyzer_run(c->arena, &node->node, &options, &plan, &c->err));
    *ret_plan = plan;
    return evaluate(c, plan, ret);
}

/* Notes a difference, unless expr_known.txt excuses this one. Names with line breaks are listed up to the
 * first of them. */
static void differ(golden_case *c, const char *what, weir_str want, weir_str got) {
    const char *end = memchr(c->name.data, '\n', c->name.size);
    weir_str first = {c->name.data, end ? (size_t)(end - c->name.data) : c->name.size};
    weir_str entry =
        weir_str_from(weir_arena_printf(c->arena, WEIR_STR_FMT "\t%s", WEIR_STR_ARG(first), what));
    for (int32_t i = 0; i < c->known->count; i++)
        if (weir_str_equal(c->known->entries[i], entry)) {
            c->known->used[i] = true;
            c->excused++;
            return;
        }
    c->difference =
        weir_arena_printf(c->arena, "%s%s\n  want " WEIR_STR_FMT "\n  got  " WEIR_STR_FMT "\n  ",
                          c->difference ? c->difference : "", what, WEIR_STR_ARG(want), WEIR_STR_ARG(got));
}

static bool is_refusal(const golden_case *c, weir_str want_condition) {
    weir_code code = weir_error_code(c->err);
    return code == WEIR_NOT_SUPPORTED || code == WEIR_UNSUPPORTED_FEATURE ||
           (code == WEIR_UNRESOLVED_ROUTINE &&
            !weir_str_equal(want_condition, WEIR_STR("UNRESOLVED_ROUTINE")));
}

static bool check_error(golden_case *c) {
    const weir_json *want = weir_json_get(c->record, "error");
    weir_str condition = want ? weir_json_get_str(want, "condition", WEIR_STR("")) : WEIR_STR("");
    if (is_refusal(c, condition))
        return false;
    weir_str got = weir_str_from(weir_error_text(c->err));
    if (want == NULL)
        differ(c, "error", WEIR_STR("a value"), got);
    else if (condition.size &&
             !weir_str_equal(condition, weir_str_from(weir_code_condition(weir_error_code(c->err)))))
        differ(c, "condition", condition, got);
    else if (condition.size &&
             !weir_str_equal(weir_str_trim(weir_json_get_str(want, "message", WEIR_STR(""))),
                             weir_str_trim(got)))
        differ(c, "message", weir_json_get_str(want, "message", WEIR_STR("")), got);
    return true;
}

/* show() prints control characters escaped. */
static void add_escaped(weir_strbuf *buf, weir_str text) {
    static const char from[] = "\n\r\t\f\b\v\a", to[] = "nrtfbva";
    for (size_t i = 0; i < text.size; i++) {
        const char *at = text.data[i] ? strchr(from, text.data[i]) : NULL;
        if (at)
            weir_strbuf_addf(buf, "\\%c", to[at - from]);
        else
            weir_strbuf_add_char(buf, text.data[i]);
    }
}

static void check_cell(golden_case *c, const weir_column *column, int32_t row, const weir_json *want) {
    weir_strbuf plain _cleanup_strbuf_ = {0}, text _cleanup_strbuf_ = {0};
    bool is_null = weir_column_is_null(column, row);
    if (!is_null)
        weir_cell_text(&plain, column, row, WEIR_TEXT_SHOW, c->zone);
    add_escaped(&text, weir_strbuf_view(&plain));
    if (is_null == (want->kind == WEIR_JSON_NULL) &&
        (is_null || weir_str_equal(weir_strbuf_view(&text), want->text)))
        return;
    char *what = weir_arena_printf(c->arena, "row %d", (int)row);
    differ(c, what, want->kind == WEIR_JSON_NULL ? WEIR_STR("NULL") : want->text,
           is_null ? WEIR_STR("NULL") : weir_arena_str(c->arena, weir_strbuf_view(&text)));
}

static void check_values(golden_case *c, const weir_batch *batch) {
    const weir_json *values = weir_json_get(c->record, "values"), *value = weir_json_get(c->record, "value");
    weir_str type = weir_json_get_str(c->record, "type", WEIR_STR("")),
             name = weir_json_get_str(c->record, "column", WEIR_STR(""));
    weir_strbuf got _cleanup_strbuf_ = {0};
    weir_type_simple(&got, batch->schema->fields[0].type);
    if (!weir_str_equal(weir_strbuf_view(&got), type))
        differ(c, "type", type, weir_arena_str(c->arena, weir_strbuf_view(&got)));
    if (!weir_str_equal(batch->schema->fields[0].name, name))
        differ(c, "column name", name, batch->schema->fields[0].name);
    if (values && values->count != batch->rows) {
        differ(c, "row count", WEIR_STR("another"), WEIR_STR(""));
        return;
    }
    int32_t row = 0;
    for (const weir_json *want = values ? values->first : value; want; want = values ? want->next : NULL)
        check_cell(c, batch->columns[0], row++, want);
}

/* The same rows by codes into themselves. */
static weir_batch *as_dictionaries(golden_case *c, weir_batch *input) {
    weir_column **columns = WEIR_NEW_ARRAY(c->arena, weir_column *, input->columns_count + 1);
    for (int32_t i = 0; i < input->columns_count; i++) {
        weir_column *codes;
        cr_assert(weir_column_new_fixed(NULL, weir_type_of(WEIR_TYPE_INT), input->rows, &codes, &c->err) ==
                  WEIR_OK);
        for (int32_t row = 0; row < input->rows; row++)
            ((int32_t *)weir_column_values(codes))[row] = row;
        columns[i] = weir_column_new(input->columns[i]->type, input->rows, 1);
        columns[i]->encoding = WEIR_DICTIONARY;
        columns[i]->values = codes->values;
        columns[i]->values_buffer = weir_buffer_ref(codes->values_buffer);
        columns[i]->children[0] = weir_column_ref(input->columns[i]);
        weir_column_unref(codes);
    }
    return weir_batch_new(input->schema, input->rows, columns, input->columns_count);
}

/* Evaluates the plan over another form of the input, whose first row is row `first` of the case. */
static void check_form(golden_case *c, weir_node *plan, weir_batch *input /* takes */, const weir_sel *sel,
                       int32_t first) {
    const weir_json *want = weir_json_get(c->record, "values")->first;
    weir_batch *whole = c->input, *batch = NULL;
    c->input = input;
    c->sel = sel;
    if (evaluate(c, plan, &batch) != WEIR_OK)
        differ(c, "form of the input", WEIR_STR("a value"), weir_str_from(weir_error_text(c->err)));
    for (int32_t row = 0; want && row < first; row++)
        want = want->next;
    for (int32_t row = 0; batch && want && row < batch->rows; row++, want = want->next)
        if (!sel || row % 2 == 1)
            check_cell(c, batch->columns[0], row, want);
    weir_batch_unref(batch);
    weir_batch_unref(input);
    c->input = whole;
    c->sel = NULL;
}

/* A case that passed over one batch passes for rows alone, under a selection and over dictionaries. */
static void check_forms(golden_case *c, weir_node *plan) {
    const weir_json *values = weir_json_get(c->record, "values");
    if (c->difference || c->excused || !c->input || !values || values->count != c->input->rows ||
        plan->kind != WEIR_NODE_PROJECT || ((weir_node_project *)plan)->child->kind != WEIR_NODE_SOURCE)
        return;
    int32_t rows = c->input->rows;
    int32_t *odd = WEIR_NEW_ARRAY(c->arena, int32_t, rows + 1);
    for (int32_t row = 1; row < rows; row += 2)
        odd[row / 2] = row;
    weir_sel sel = {odd, rows / 2};
    check_form(c, plan, weir_batch_ref(c->input), &sel, 0);
    check_form(c, plan, as_dictionaries(c, c->input), NULL, 0);
    for (int32_t row = 0; row < rows && !c->difference; row++) {
        weir_batch *one;
        cr_assert(weir_batch_gather(NULL, c->input, &row, 1, &one, &c->err) == WEIR_OK);
        check_form(c, plan, one, NULL, row);
    }
}

static weir_code set_conf(golden_case *c) {
    c->zone = weir_timezone_utc();
    c->ansi = true;
    const weir_json *conf = weir_json_get(c->record, "conf");
    for (const weir_json *entry = conf ? conf->first : NULL; entry; entry = entry->next) {
        if (weir_str_equal(entry->name, WEIR_STR("spark.sql.session.timeZone")))
            WEIR_TRY(weir_timezone_open(entry->text, &c->zone, &c->err));
        else if (weir_str_equal(entry->name, WEIR_STR("spark.sql.ansi.enabled")))
            c->ansi = weir_str_equal(entry->text, WEIR_STR("true"));
        else if (weir_str_equal(entry->name, WEIR_STR("spark.sql.caseSensitive")))
            c->case_sensitive = weir_str_equal(entry->text, WEIR_STR("true"));
        else if (weir_str_equal(entry->name, WEIR_STR("spark.sql.mapKeyDedupPolicy")))
            c->map_keys_last_win = weir_str_equal(entry->text, WEIR_STR("LAST_WIN"));
        else
            return weir_error_failf(&c->err, WEIR_NOT_SUPPORTED, "configuration " WEIR_STR_FMT,
                                    WEIR_STR_ARG(entry->name));
    }
    return WEIR_OK;
}

/* True where the case was run (c->difference says how it went), false where Weir refuses it by name. */
static bool run_case(golden_case *c) {
    weir_str ddl = weir_json_get_str(c->record, "schema", (weir_str){NULL, 0});
    weir_batch *batch = NULL;
    weir_node *plan = NULL;
    weir_code code = set_conf(c);
    if (code == WEIR_OK && ddl.data)
        code = read_rows(c, ddl);
    if (code == WEIR_UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE) { /* rows that Weir's JSON reader refuses */
        weir_error_free(c->err);
        return false;
    }
    if (code == WEIR_OK)
        code = run_sql(c, &plan, &batch);
    bool ran = true;
    if (code != WEIR_OK)
        ran = check_error(c);
    else if (weir_json_get(c->record, "error"))
        differ(c, "no error", weir_json_get_str(weir_json_get(c->record, "error"), "message", WEIR_STR("")),
               WEIR_STR("a value"));
    else if (weir_json_get(c->record, "type"))
        check_values(c, batch);
    if (code == WEIR_OK)
        check_forms(c, plan);
    weir_batch_unref(batch);
    weir_batch_unref(c->input);
    weir_error_free(c->err);
    return ran;
}

/* The entries of one golden file; they point into `text`. */
static known_list read_known(weir_arena *arena, const char *text, const char *file) {
    known_list list = {0};
    size_t file_size = strlen(file), lines = 1;
    for (const char *at = text; *at; at++)
        lines += *at == '\n';
    list.entries = WEIR_NEW_ARRAY(arena, weir_str, lines);
    list.used = WEIR_NEW_ARRAY(arena, bool, lines);
    for (const char *line = text; *line;) {
        const char *end = strchrnul(line, '\n');
        if (*line != '#' && strncmp(line, file, file_size) == 0 && line[file_size] == '\t')
            list.entries[list.count++] =
                (weir_str){line + file_size + 1, (size_t)(end - line) - file_size - 1};
        line = *end ? end + 1 : end;
    }
    return list;
}

static tally run_file(const char *file, known_list *known) {
    size_t size;
    char *text = read_file(file, &size);
    tally counts = {0};
    for (char *line = text; *line;) {
        char *end = strchrnul(line, '\n');
        weir_arena *arena = weir_arena_new();
        weir_json *record;
        golden_case c = {.arena = arena, .known = known};
        cr_assert(weir_json_parse(arena, (weir_str){line, (size_t)(end - line)}, file, &record, &c.err) ==
                  WEIR_OK);
        c.record = record;
        c.sql = weir_json_get_str(record, "sql", (weir_str){NULL, 0});
        c.name = weir_json_get_str(record, "name", WEIR_STR(""));
        if (c.sql.data) {
            if (!run_case(&c))
                counts.refused++;
            else if (c.difference)
                counts.failed++;
            else if (c.excused)
                counts.known++;
            else
                counts.passed++;
            if (c.difference)
                fprintf(stderr, "%s: " WEIR_STR_FMT "\n  %s\n", file, WEIR_STR_ARG(c.name), c.difference);
        }
        weir_arena_free(arena);
        line = *end ? end + 1 : end;
    }
    free(text);
    fprintf(stderr, "%s: %d passed, %d refused by name, %d known differences, %d failed\n", file,
            counts.passed, counts.refused, counts.known, counts.failed);
    return counts;
}

static void check_file(const char *file) {
    size_t size;
    char *text = read_file("expr_known.txt", &size);
    weir_arena *arena = weir_arena_new();
    known_list known = read_known(arena, text, file);
    tally counts = run_file(file, &known);
    int32_t stale = 0;
    for (int32_t i = 0; i < known.count; i++)
        if (!known.used[i]) {
            stale++;
            fprintf(stderr, "%s: no such difference, remove it from expr_known.txt: " WEIR_STR_FMT "\n", file,
                    WEIR_STR_ARG(known.entries[i]));
        }
    weir_arena_free(arena);
    free(text);
    cr_assert(counts.passed > 0, "%s: no case passed", file);
    cr_assert(counts.failed == 0, "%s: %d cases differ from Spark", file, counts.failed);
    cr_assert(stale == 0, "%s: %d entries of expr_known.txt do not apply", file, stale);
}

#define GOLDEN(topic) \
    WEIR_TEST(golden_expr, topic##_answers_are_sparks) { \
        check_file("expr_" #topic ".jsonl"); \
    }
GOLDEN(arithmetic)
GOLDEN(cast)
GOLDEN(cast_string)
GOLDEN(cast_zone)
GOLDEN(collection)
GOLDEN(datetime)
GOLDEN(error)
GOLDEN(lambda)
GOLDEN(literal)
GOLDEN(nested)
GOLDEN(number_format)
GOLDEN(predicate)
GOLDEN(string)
GOLDEN(time_off)
GOLDEN(try_cast)
GOLDEN(window)
/* Scalar functions by family (tools/golden/cases_scalar.py). */
GOLDEN(fn_hash)
GOLDEN(fn_json)
GOLDEN(fn_math)
GOLDEN(fn_misc)
GOLDEN(fn_regexp)
GOLDEN(fn_string)
GOLDEN(fn_time)
