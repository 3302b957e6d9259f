/* Replays csv_read.jsonl, csv_types.jsonl, csv_infer.jsonl and csv_write.jsonl, recorded from Spark: every
 * record must give the same cells, schema, text or error condition. Reading is done with the fast path on and
 * off and with tiny chunks. What is not compared, and why, stands in the tables below; the number compared
 * has a floor, so that nothing is lost silently. */
#define FORMAT_OPS weir_csv_format_ops
#define FORMAT_TUNE weir_csv_spec_tune
#define FORMAT_SUFFIX "csv"
#include "common/format/csv_int.h"
#include "tests/golden/replay_format.h"

typedef struct skip {
    const char *name; /* prefix of the case's name */
    const char *reason;
} skip;

static const skip skipped_names[] = {
    {"grammar {'ignoreTrailingWhiteSpace': 'true'}",
     "univocity runs out of its buffer at a blank value; Weir reads it"},
    {"header in every file", "the order of the files' rows is the file source's"},
    {"two files of other headers",
     "of files of one size, Spark takes the one that the file system lists first"},
    {"two files, multiLine", "as two files of other headers"},
    {"encoding UTF-16", "refused by name without multiLine"},
    {"encoding UTF-32", "refused by name without multiLine"},
    {"option {'locale'", "locales other than en-US are refused by name"},
    {"option {'timestampFormat': 'bad {'}",
     "Spark meets a bad pattern at the first value; Weir refuses it at once"},
    {"option {'dateFormat': 'YYYY'}", "refused by both, but under the condition that SQL functions use"},
    {"option {'sep': ''}", "Spark fails the task that meets it; Weir refuses it at once"},
    {"option {'maxColumns': '-1'}", "as an empty sep"},
    {"option {'singleVariantColumn'", "refused by name"},
    {"type VARIANT", "refused by name"},
    {"type CHAR", "CHAR and VARCHAR in a read schema are the analyzer's to refuse; the reader reads them"},
    {"type VARCHAR", "as CHAR"},
    {"option {'encoding'", "Weir writes UTF-8 only, refused by name"},
    {"option {'compression': 'nonsense'}", "the list of codecs differs"},
    {"options FAILFAST", "the reading fails, not the inference"},
    {"dates and timestamps {'locale'", "locales other than en-US are refused by name"},
    {"option {'extension': 'a1'}", "Spark has an internal error"},
};

static bool is_skipped(const weir_json *record) {
    weir_str name = weir_json_get_str(record, "name", WEIR_STR(""));
    for (size_t i = 0; i < WEIR_ARRAY_LEN(skipped_names); i++)
        if (weir_str_starts_with(name, weir_str_from(skipped_names[i].name)))
            return true;
    weir_str handling =
        weir_json_get_str(weir_json_get(record, "options"), "unescapedQuoteHandling", WEIR_STR(""));
    return weir_str_equal(handling, WEIR_STR("BACK_TO_DELIMITER")) &&
           weir_json_get(weir_json_get(record, "options"), "multiLine"); /* refused by name */
}

WEIR_TEST(golden_csv, read_gives_sparks_rows) {
    replay_file("csv_read.jsonl", replay_read, true, 256 << 10, 400);
}
WEIR_TEST(golden_csv, read_without_fast_path_gives_sparks_rows) {
    replay_file("csv_read.jsonl", replay_read, false, 256 << 10, 400);
}
WEIR_TEST(golden_csv, read_in_small_chunks_gives_sparks_rows) {
    replay_file("csv_read.jsonl", replay_read, true, 1, 400);
    replay_file("csv_read.jsonl", replay_read, false, 7, 400);
}
WEIR_TEST(golden_csv, types_give_sparks_values) {
    replay_file("csv_types.jsonl", replay_read, true, 256 << 10, 90);
    replay_file("csv_types.jsonl", replay_read, false, 7, 90);
}

/* ---- inference ---- */

static weir_code infer(read_case *c, const weir_type **ret, weir_error **err) {
    const weir_json *files = weir_json_get(c->record, "files");
    weir_split *splits = WEIR_NEW_ARRAY(c->arena, weir_split, files->count + 1);
    int32_t count = 0;
    for (const weir_json *file = files->first; file; file = file->next) {
        weir_str name = weir_json_get_str(file, "name", WEIR_STR("x.csv"));
        splits[count++] =
            (weir_split){.path = weir_arena_printf(c->arena, "/d/" WEIR_STR_FMT, WEIR_STR_ARG(name)),
                         .end = -1,
                         .size = (int64_t)weir_json_get_str(file, "text", WEIR_STR("")).size,
                         .modified_ms = -1};
    }
    weir_options *options = WEIR_NEW(c->arena, weir_options);
    *options = options_of(c->arena, c->record);
    weir_read_request request = {
        .options = options,
        .zone = weir_timezone_utc(),
        .case_sensitive =
            weir_str_equal(conf_of(c->record, "spark.sql.caseSensitive", "false"), WEIR_STR("true")),
        .timestamp_ntz =
            weir_str_equal(conf_of(c->record, "spark.sql.timestampType", ""), WEIR_STR("TIMESTAMP_NTZ")),
        .corrupt_column = WEIR_STR("_corrupt_record")};
    return weir_csv_format_ops.infer(c->arena, &request, c->fs, splits, count, NULL, ret, err);
}

static void compare_schema(read_case *c, const weir_type *type) {
    const weir_json *name = weir_json_get(c->record, "columns")->first;
    const weir_json *sql = weir_json_get(c->record, "types")->first;
    int32_t i = 0;
    for (; name && i < type->fields_count; i++, name = name->next, sql = sql->next) {
        _cleanup_strbuf_ weir_strbuf text = {0};
        weir_type_sql(&text, type->fields[i].type);
        if (!weir_str_equal(name->text, type->fields[i].name) ||
            !weir_str_equal(sql->text, weir_strbuf_view(&text)))
            weir_strbuf_addf(&c->report,
                             "\n    column %d: got " WEIR_STR_FMT " %s, Spark " WEIR_STR_FMT " " WEIR_STR_FMT,
                             i, WEIR_STR_ARG(type->fields[i].name), text.data, WEIR_STR_ARG(name->text),
                             WEIR_STR_ARG(sql->text));
    }
    if (name || i < type->fields_count)
        weir_strbuf_addf(&c->report, "\n    got %d columns, Spark %d", type->fields_count,
                         weir_json_get(c->record, "columns")->count);
}

static bool replay_infer(const weir_json *record, bool fast, int32_t chunk, int *wrong) {
    (void)fast, (void)chunk;
    if (weir_json_get(record, "schema") || weir_json_get(record, "select"))
        return false;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    read_case c = {.arena = arena, .record = record, .fs = weir_memory_fs_new()};
    const weir_type *type = NULL;
    put_files(&c);
    weir_code code = infer(&c, &type, &err);
    if (code != WEIR_OK && weir_json_get(record, "error"))
        check_error(&c, err);
    else if (code != WEIR_OK)
        weir_strbuf_addf(&c.report, "\n    got error %s", weir_error_text(err));
    else if (weir_json_get(record, "error"))
        weir_strbuf_addf(&c.report, "\n    got a schema, Spark fails");
    else
        compare_schema(&c, type);
    if (c.report.size) {
        fprintf(stderr, WEIR_STR_FMT ":%s\n", WEIR_STR_ARG(weir_json_get_str(record, "name", WEIR_STR(""))),
                c.report.data);
        ++*wrong;
    }
    weir_strbuf_fini(&c.report);
    c.fs->ops->free(c.fs);
    return true;
}

WEIR_TEST(golden_csv, schemas_are_those_that_spark_infers) {
    replay_file("csv_infer.jsonl", replay_infer, true, 0, 200);
}

/* ---- writing ---- */

/* `'k' AS k` and `1 AS one`. */
static weir_column *constant(weir_str item, int32_t rows, weir_field *field) {
    weir_builder builder;
    weir_column *column = NULL;
    weir_error *err = NULL;
    bool text = weir_str_equal(item, WEIR_STR("'k' AS k"));
    if (!text && !weir_str_equal(item, WEIR_STR("1 AS one")))
        return NULL;
    *field = (weir_field){.name = text ? WEIR_STR("k") : WEIR_STR("one"),
                          .type = weir_type_of(text ? WEIR_TYPE_STRING : WEIR_TYPE_INT)};
    CHECK_OK(weir_builder_init(&builder, NULL, field->type, rows, &err));
    for (int32_t i = 0; i < rows; i++)
        cr_assert(text ? weir_builder_bytes(&builder, "k", 1) : weir_builder_int32(&builder, 1));
    CHECK_OK(weir_builder_finish(&builder, &column, &err));
    weir_builder_fini(&builder);
    return column;
}

/* Columns by name, and constants. */
static weir_batch *selected(weir_arena *arena, const weir_json *record, const weir_batch *in) {
    const weir_json *select = weir_json_get(record, "select");
    if (!select)
        return weir_batch_ref((weir_batch *)(uintptr_t)in);
    weir_field *fields = WEIR_NEW_ARRAY(arena, weir_field, select->count + 1);
    weir_column **columns = WEIR_NEW_ARRAY(arena, weir_column *, select->count + 1);
    int32_t count = 0;
    for (const weir_json *item = select->first; item; item = item->next) {
        weir_str name = item->text;
        if (in->columns_count && weir_str_equal(name, WEIR_STR("s AS t")))
            name = WEIR_STR("s");
        int32_t at = weir_type_field_index(in->schema, name, true);
        weir_column *one = constant(name, in->rows, &fields[count]);
        if (one) {
            columns[count++] = one;
            continue;
        }
        if (at < 0 || in->columns_count == 0)
            return NULL;
        fields[count] = in->schema->fields[at];
        fields[count].name =
            weir_str_equal(item->text, WEIR_STR("s AS t")) ? WEIR_STR("t") : fields[count].name;
        columns[count++] = weir_column_ref(in->columns[at]);
    }
    return weir_batch_new(weir_type_struct(arena, fields, count), in->rows, columns, count);
}

WEIR_TEST(golden_csv, write_gives_sparks_text) {
    replay_file("csv_write.jsonl", replay_write, true, 0, 100);
}
