/* Replays tree.jsonl: printSchema's text, whole and cut at levels. */
#include "common/base/json_value.h"
#include "common/types/types.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/weir_test.h"

static void check_record(weir_arena *arena, const weir_json *record, int32_t *compared) {
    _cleanup_error_ weir_error *err = NULL;
    const weir_type *schema;
    CHECK_OK(weir_type_parse_json(arena, weir_json_get_str(record, "json", WEIR_STR("")), &schema, &err));
    for (const weir_json *tree = weir_json_get(record, "trees")->first; tree; tree = tree->next) {
        _cleanup_strbuf_ weir_strbuf text = {0};
        const weir_json *level = weir_json_get(tree, "level"), *expected = weir_json_get(tree, "text");
        if (level->kind == WEIR_JSON_NULL)
            weir_type_tree(&text, schema);
        else
            weir_type_tree_to(&text, schema, (int32_t)level->integer);
        cr_expect(weir_str_equal(weir_strbuf_view(&text), expected->text), "Spark\n%.*s\nWeir\n%s",
                  WEIR_STR_ARG(expected->text), text.data);
        ++*compared;
    }
}

WEIR_TEST(golden_tree, schemas_are_drawn_as_spark_draws_them) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    weir_str text = weir_temp_file_read(arena, WEIR_SOURCE_DIR "/tests/golden/tree.jsonl");
    int32_t compared = 0;
    cr_assert_not_null(text.data);
    for (size_t at = 0; at < text.size;) {
        const char *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end ? (size_t)(end - text.data) - at : text.size - at;
        weir_json *record = NULL;
        CHECK_OK(weir_json_parse(arena, weir_str_make(text.data + at, size), "tree.jsonl", &record, &err));
        at += size + 1;
        if (weir_json_get(record, "trees"))
            check_record(arena, record, &compared);
    }
    cr_expect_geq(compared, 50, "only %d compared", compared);
}
