/* Replays json_read*.jsonl and json_write.jsonl, recorded from Spark: every record must give the same cells,
 * text or error condition. Reading is done with the fast path on and off and with tiny chunks. What is not
 * compared, and why, stands in the tables below; the number compared has a floor, so that nothing is lost
 * silently. */
#define FORMAT_OPS weir_json_format_ops
#define FORMAT_TUNE weir_json_spec_tune
#define FORMAT_SUFFIX "json"
#include "tests/golden/replay_format.h"

typedef struct skip {
    const char *name; /* prefix of the case's name */
    const char *reason;
} skip;

static const skip skipped_names[] = {
    {"inferred", "schema inference is not built"},
    {"singleVariantColumn", "refused by name"},
    {"CHAR(3)", "CHAR and VARCHAR in a read schema are the analyzer's to refuse; the reader reads them"},
    {"VARCHAR(3)", "as CHAR"},
    {"char and varchar", "as CHAR"},
    {"bad locale", "locales other than en-US are refused by name"},
    {"decimal locale", "as bad locale"},
    {"dates and timestamps {\"dateFormat\": \"d. MMMM yyyy\"", "as bad locale"},
    {"dates and timestamps {'locale'", "as bad locale"},
    {"bad samplingRatio", "inference only"},
    {"empty folder", "the file source lists folders"},
    {"hidden files", "the file source lists folders"},
    {"pathGlobFilter", "the file source lists folders"},
    {"json schema text", "Weir's schema option takes JSON as well"},
    {"encoding ", "Weir writes UTF-8 only, refused by name"},
    {"compression unknown", "the list of codecs differs"},
    {"duplicate column names but for case", "checked by the analyzer's case sensitivity"},
    {"map key BINARY", "Spark writes an object's address, Weir refuses"},
    {"map key STRUCT", "as map key BINARY"},
    {"map key ARRAY", "as map key BINARY"},
    {"STRING COLLATE", "collations are refused by name"},
    {"dates and timestamps {\"timestampFormat\": \"bad {\"",
     "Spark meets a bad pattern at the first value and gives nulls; Weir refuses it at once"},
    {"dates and timestamps {\"dateFormat\": \"YYYY\"",
     "refused by both, but under the condition that SQL functions use"},
    {"TIME ", "Spark refuses TIME unless a flag is set; the reader reads it"},
    {"TIME(0) ", "as TIME"},
    {"time format", "as TIME"},
};

/* Configuration that changes the reader and that Weir does not have. */
static const char *const skipped_conf[] = {"spark.sql.legacy.json.allowEmptyString.enabled",
                                           "spark.sql.json.enableExactStringParsing",
                                           "spark.sql.legacy.charVarcharAsString"};

static bool is_skipped(const weir_json *record) {
    weir_str name = weir_json_get_str(record, "name", WEIR_STR(""));
    for (size_t i = 0; i < WEIR_ARRAY_LEN(skipped_names); i++)
        if (weir_str_starts_with(name, weir_str_from(skipped_names[i].name)))
            return true;
    const weir_json *conf = weir_json_get(record, "conf");
    for (size_t i = 0; conf && i < WEIR_ARRAY_LEN(skipped_conf); i++)
        if (weir_json_get(conf, skipped_conf[i]))
            return true;
    return false;
}

WEIR_TEST(golden_json, read_gives_sparks_rows) {
    replay_file("json_read.jsonl", replay_read, true, 256 << 10, 130);
}
WEIR_TEST(golden_json, read_without_fast_path_gives_sparks_rows) {
    replay_file("json_read.jsonl", replay_read, false, 7, 130);
}
WEIR_TEST(golden_json, read_in_single_bytes_gives_sparks_rows) {
    replay_file("json_read.jsonl", replay_read, true, 1, 130);
}
WEIR_TEST(golden_json, syntax_gives_sparks_rows) {
    replay_file("json_read_syntax.jsonl", replay_read, true, 256 << 10, 450);
    replay_file("json_read_syntax.jsonl", replay_read, true, 64, 450);
    replay_file("json_read_syntax.jsonl", replay_read, false, 64, 450);
}
WEIR_TEST(golden_json, types_give_sparks_values) {
    replay_file("json_read_types.jsonl", replay_read, true, 256 << 10, 90);
    replay_file("json_read_types.jsonl", replay_read, false, 1, 90);
}

/* ---- writing ---- */

/* struct(x), array(x, x), map('k', x) and map(x, 1) of the only column. */
static weir_column *list_column(const weir_type *type, int32_t rows, int32_t each, weir_column **children,
                                int32_t count) {
    weir_column *column = weir_column_new(type, rows, count);
    column->offsets_buffer = weir_buffer_new(NULL, sizeof(int32_t) * ((size_t)rows + 1));
    int32_t *offsets = (int32_t *)column->offsets_buffer->data;
    for (int32_t i = 0; i <= rows; i++)
        offsets[i] = i * each;
    column->offsets = offsets;
    for (int32_t i = 0; i < count; i++)
        column->children[i] = children[i];
    return column;
}

static weir_column *text_column(int32_t rows) {
    weir_builder builder;
    weir_column *column = NULL;
    weir_error *err = NULL;
    CHECK_OK(weir_builder_init(&builder, NULL, weir_type_of(WEIR_TYPE_STRING), rows, &err));
    for (int32_t i = 0; i < rows; i++)
        cr_assert(weir_builder_bytes(&builder, "k", 1));
    CHECK_OK(weir_builder_finish(&builder, &column, &err));
    weir_builder_fini(&builder);
    return column;
}

static weir_column *ones_column(int32_t rows) {
    weir_column *column = NULL;
    weir_error *err = NULL;
    CHECK_OK(weir_column_new_fixed(NULL, weir_type_of(WEIR_TYPE_INT), rows, &column, &err));
    for (int32_t i = 0; i < rows; i++)
        ((int32_t *)weir_column_values(column))[i] = 1;
    return column;
}

static weir_batch *nest(weir_arena *arena, const weir_batch *in) {
    const weir_type *type = in->schema->fields[0].type;
    weir_column *x = in->columns[0], *twice = NULL;
    weir_error *err = NULL;
    int32_t *pairs = WEIR_NEW_ARRAY(arena, int32_t, 2 * in->rows + 1);
    for (int32_t i = 0; i < 2 * in->rows; i++)
        pairs[i] = i / 2;
    CHECK_OK(weir_column_gather(NULL, x, pairs, 2 * in->rows, &twice, &err));
    weir_field member = {WEIR_STR("x"), type, true, {0}};
    const weir_type *s = weir_type_struct(arena, &member, 1), *r = weir_type_array(arena, type, true);
    const weir_type *m = weir_type_map(arena, weir_type_of(WEIR_TYPE_STRING), type, true);
    weir_field fields[] = {
        {WEIR_STR("s"), s, true, {0}}, {WEIR_STR("r"), r, true, {0}}, {WEIR_STR("m"), m, true, {0}}};
    weir_column *object = weir_column_new(s, in->rows, 1);
    object->children[0] = weir_column_ref(x);
    weir_column *entry[] = {text_column(in->rows), weir_column_ref(x)};
    weir_column *columns[] = {object, list_column(r, in->rows, 2, &twice, 1),
                              list_column(m, in->rows, 1, entry, 2)};
    return weir_batch_new(weir_type_struct(arena, fields, 3), in->rows, columns, 3);
}

static weir_batch *keyed(weir_arena *arena, const weir_batch *in) {
    const weir_type *m = weir_type_map(arena, in->schema->fields[0].type, weir_type_of(WEIR_TYPE_INT), true);
    weir_field field = {WEIR_STR("m"), m, true, {0}};
    weir_column *entry[] = {weir_column_ref(in->columns[0]), ones_column(in->rows)};
    weir_column *column = list_column(m, in->rows, 1, entry, 2);
    return weir_batch_new(weir_type_struct(arena, &field, 1), in->rows, &column, 1);
}

/* The rows behind `select`; NULL where it is another. */
static weir_batch *selected(weir_arena *arena, const weir_json *record, const weir_batch *in) {
    const weir_json *select = weir_json_get(record, "select");
    if (!select)
        return weir_batch_ref((weir_batch *)(uintptr_t)in);
    if (weir_str_equal(select->first->text, WEIR_STR("struct(x) AS s")) && select->count == 3)
        return nest(arena, in);
    if (weir_str_equal(select->first->text, WEIR_STR("map(x, 1) AS m")))
        return keyed(arena, in);
    return NULL;
}

WEIR_TEST(golden_json, write_gives_sparks_text) {
    replay_file("json_write.jsonl", replay_write, true, 0, 100);
}
