/* Flags by table: forms, targets, order. Errors are tested through the program (it_cli_errors.py). */
#include "cli/command_flags.h"
#include "tests/lib/weir_test.h"

typedef struct values {
    bool loud;
    const char *text;
    int64_t number;
    weir_options pairs;
} values;

WEIR_TEST(command_flags, both_forms_and_arguments_are_read) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    values v = {0};
    const weir_flag items[] = {
        {"--loud", WEIR_FLAG_SWITCH, &v.loud, 0, 0, NULL, "x"},
        {"--text", WEIR_FLAG_TEXT, &v.text, 0, 0, "T", "x"},
        {"--number", WEIR_FLAG_INT, &v.number, -5, 5, "N", "x"},
        {"--conf", WEIR_FLAG_PAIRS, &v.pairs, 0, 0, "K=V", "x"},
    };
    const weir_flags flags = {"weir test", items, WEIR_ARRAY_LEN(items)};
    char *argv[] = {"a", "--text",     "--x",     "--number=-5", "--conf", "k=v=w",
                    "-", "--conf=k=2", "--text=", "--",          "--loud", NULL};
    const char *arguments[3];
    int32_t count = 0;
    CHECK_OK(weir_command_flags_parse(&flags, arena, 11, argv, arguments, 3, &count, &err));
    cr_assert_eq(count, 3);
    CHECK_TEXT(arguments[0], "a");
    CHECK_TEXT(arguments[1], "-");
    CHECK_TEXT(arguments[2], "--loud");
    cr_expect_not(v.loud);
    CHECK_TEXT(v.text, "");
    cr_expect_eq(v.number, -5);
    cr_assert_eq(v.pairs.count, 2);
    cr_expect(weir_str_equal(v.pairs.items[0].value, WEIR_STR("v=w")));
    cr_expect(weir_str_equal(v.pairs.items[1].value, WEIR_STR("2")));
    _cleanup_strbuf_ weir_strbuf help = {0};
    weir_command_flags_help(&flags, &help);
    cr_expect(strstr(help.data, "  --number N "), "%s", help.data);
}
