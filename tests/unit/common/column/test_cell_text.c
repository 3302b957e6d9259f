/* Cells as text, beyond what JSON rows of tests/golden/golden_show.c can hold: dictionaries, constants,
 * calendar intervals, variants, damaged bytes. */
#include "common/column/cell_text.h"

#include "common/column/builder.h"
#include "common/types/datetime.h"
#include "common/types/variant_text.h"
#include "tests/lib/weir_test.h"

static weir_column *strings(const char *const *texts, int32_t count) {
    _cleanup_error_ weir_error *err = NULL;
    weir_builder builder;
    weir_column *column = NULL;
    CHECK_OK(weir_builder_init(&builder, NULL, weir_type_of(WEIR_TYPE_STRING), count, &err));
    for (int32_t i = 0; i < count; i++)
        cr_assert(texts[i] ? weir_builder_bytes(&builder, texts[i], strlen(texts[i]))
                           : weir_builder_null(&builder));
    CHECK_OK(weir_builder_finish(&builder, &column, &err));
    weir_builder_fini(&builder);
    return column;
}

static void check_table(weir_column *column, int32_t truncate, const char *expected) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_strbuf_ weir_strbuf buf = {0};
    weir_field field = {.name = WEIR_STR("s"), .type = column->type, .nullable = true};
    weir_batch *batch = weir_batch_new(weir_type_struct(arena, &field, 1), column->length, &column, 1);
    weir_show_table(&buf, batch, 20, truncate, weir_timezone_utc());
    cr_expect_str_eq(buf.data, expected);
    weir_batch_unref(batch);
}

WEIR_TEST(cell_text, constants_and_dictionaries_are_shown_like_flat_columns) {
    static const char *const words[] = {"b", NULL};
    weir_column *one = strings(words, 1);
    weir_column *constant = weir_column_constant(one, 2);
    weir_column_unref(one);
    check_table(constant, 20, "+---+\n|  s|\n+---+\n|  b|\n|  b|\n+---+\n");
    _cleanup_error_ weir_error *err = NULL;
    weir_column *codes = NULL, *dictionary = weir_column_new(weir_type_of(WEIR_TYPE_STRING), 3, 1);
    CHECK_OK(weir_column_new_fixed(NULL, weir_type_of(WEIR_TYPE_INT), 3, &codes, &err));
    memcpy(weir_column_values(codes), (int32_t[]){0, 1, 0}, 12);
    dictionary->encoding = WEIR_DICTIONARY;
    dictionary->values_buffer = weir_buffer_ref(codes->values_buffer);
    dictionary->values = codes->values;
    dictionary->children[0] = strings(words, 2);
    weir_column_unref(codes);
    check_table(dictionary, 0, "+----+\n|s   |\n+----+\n|b   |\n|NULL|\n|b   |\n+----+\n");
}

WEIR_TEST(cell_text, widths_count_utf16_and_full_width) {
    static const struct {
        const char *text;
        int32_t truncate;
        const char *table;
    } cases[] = {
        {"\xe4\xb8\xad\xe6\x96\x87", 20, "+----+\n|   s|\n+----+\n|\xe4\xb8\xad\xe6\x96\x87|\n+----+\n"},
        {"\xf0\x9f\x98\x80", 0, "+---+\n|s  |\n+---+\n|\xf0\x9f\x98\x80 |\n+---+\n"},
        {"\xf0\x9f\x98\x80xx", 1, "+---+\n|  s|\n+---+\n|  ?|\n+---+\n"},
        {"abcdef", 5, "+-----+\n|    s|\n+-----+\n|ab...|\n+-----+\n"},
        {"a\nb\x07", 0, "+------+\n|s     |\n+------+\n|a\\nb\\a|\n+------+\n"},
        {"\xff\xfe", 2, "+---+\n|  s|\n+---+\n| \xff\xfe|\n+---+\n"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++)
        check_table(strings(&cases[i].text, 1), cases[i].truncate, cases[i].table);
}

WEIR_TEST(cell_text, calendar_intervals_have_their_units) {
    _cleanup_error_ weir_error *err = NULL;
    weir_column *column = NULL;
    CHECK_OK(weir_column_new_fixed(NULL, weir_type_of(WEIR_TYPE_INTERVAL_CALENDAR), 1, &column, &err));
    memcpy(weir_column_values(column), &(weir_calendar_interval){14, 3, 90000000},
           sizeof(weir_calendar_interval));
    _cleanup_strbuf_ weir_strbuf buf = {0};
    weir_cell_text(&buf, column, 0, WEIR_TEXT_CAST, weir_timezone_utc());
    cr_expect_str_eq(buf.data, "1 years 2 months 3 days 1 minutes 30 seconds");
    weir_column_unref(column);
}

WEIR_TEST(cell_text, variants_print_as_json_and_survive_damage) {
    /* {"a":[1,"x"],"b":1.50 (Spark drops the zero)} */
    static const char metadata[] = "\x01\x02\x00\x01\x02"
                                   "ab";
    static const char value[] = "\x02\x02\x00\x01\x00\x09\x0f"
                                "\x03\x02\x00\x02\x04\x0c\x01\x05x"
                                "\x20\x02\x96\x00\x00\x00";
    _cleanup_strbuf_ weir_strbuf buf = {0};
    weir_str bytes = weir_str_make(value, sizeof value - 1),
             names = weir_str_make(metadata, sizeof metadata - 1);
    cr_expect(weir_variant_text(&buf, bytes, names, false, weir_timezone_utc()));
    cr_expect_str_eq(buf.data, "{\"a\":[1,\"x\"],\"b\":1.5}");
    for (size_t size = 0; size < bytes.size; size++) {
        weir_strbuf_clear(&buf);
        char *copy = strndup("", 0);
        copy = realloc(copy, size + 1);
        memcpy(copy, value, size);
        if (!weir_variant_text(&buf, weir_str_make(copy, size), names, false, weir_timezone_utc()))
            cr_expect_str_eq(buf.data, "MALFORMED_VARIANT");
        free(copy);
    }
}
