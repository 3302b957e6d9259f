/* Types: constructors, equality, lookup of fields. */
#include "common/types/types.h"
#include "tests/lib/weir_test.h"

static const weir_type *parse(weir_arena *arena, const char *ddl) {
    _cleanup_error_ weir_error *err = NULL;
    const weir_type *type = NULL;
    CHECK_OK(weir_schema_parse(arena, weir_str_from(ddl), &type, &err));
    return type;
}

WEIR_TEST(types, equality_sees_what_it_promises) {
    static const struct {
        const char *a, *b;
        bool equal, same;
    } cases[] = {
        {"a INT", "a INT", true, true},
        {"a INT", "A INT", false, true},
        {"a INT", "a INT NOT NULL", false, true},
        {"a INT", "a BIGINT", false, false},
        {"a INT", "a INT COMMENT 'x'", true, true},
        {"a INT, b INT", "a INT", false, false},
        {"a DECIMAL(5,2)", "a DECIMAL(5,1)", false, false},
        {"a ARRAY<STRUCT<x: INT>>", "a ARRAY<STRUCT<X: INT NOT NULL>>", false, true},
        {"a MAP<STRING, INT>", "a MAP<STRING, LONG>", false, false},
        {"a INTERVAL DAY", "a INTERVAL DAY TO HOUR", false, false},
        {"a TIME(3)", "a TIME", false, false},
    };
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        const weir_type *a = parse(arena, cases[i].a), *b = parse(arena, cases[i].b);
        cr_expect_eq(weir_type_equal(a, b), cases[i].equal, "%s = %s", cases[i].a, cases[i].b);
        cr_expect_eq(weir_type_same(a, b), cases[i].same, "%s ~ %s", cases[i].a, cases[i].b);
        cr_expect(weir_type_equal(a, weir_type_clone(arena, a)));
    }
}

WEIR_TEST(types, fields_are_found_by_name) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    const weir_type *type = parse(arena, "a INT, b INT, B INT, `x y` INT");
    cr_expect_eq(weir_type_field_index(type, WEIR_STR("A"), false), 0);
    cr_expect_eq(weir_type_field_index(type, WEIR_STR("A"), true), -1);
    cr_expect_eq(weir_type_field_index(type, WEIR_STR("b"), false), -2);
    cr_expect_eq(weir_type_field_index(type, WEIR_STR("B"), true), 2);
    cr_expect_eq(weir_type_field_index(type, WEIR_STR("x y"), false), 3);
    cr_expect_eq(weir_type_field_index(type, WEIR_STR(""), false), -1);
}

WEIR_TEST(types, every_kind_without_parameters_is_a_singleton) {
    for (int kind = 0; kind < WEIR_TYPE_COUNT; kind++) {
        if (kind == WEIR_TYPE_ARRAY || kind == WEIR_TYPE_MAP)
            continue;
        cr_expect_eq((int)weir_type_of(kind)->kind, kind);
        cr_expect_eq(weir_type_of(kind), weir_type_of(kind));
    }
    cr_expect_eq(weir_type_width(weir_type_of(WEIR_TYPE_DECIMAL)), 16);
    cr_expect_eq(weir_type_width(weir_type_of(WEIR_TYPE_INTERVAL_CALENDAR)), 16);
    cr_expect_eq(weir_type_width(weir_type_of(WEIR_TYPE_BOOLEAN)), 0);
}

WEIR_TEST(types, the_tree_is_drawn_as_spark_draws_it) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_strbuf_ weir_strbuf buf = {0};
    weir_type_tree(&buf, parse(arena, "a INT NOT NULL, c STRUCT<x: INT NOT NULL, `y.z`: DECIMAL(5,2)>, "
                                      "d ARRAY<MAP<STRING, INTERVAL DAY TO SECOND>>, r BIGINT"));
    CHECK_TEXT(buf.data, "root\n"
                         " |-- a: integer (nullable = false)\n"
                         " |-- c: struct (nullable = true)\n"
                         " |    |-- x: integer (nullable = false)\n"
                         " |    |-- y.z: decimal(5,2) (nullable = true)\n"
                         " |-- d: array (nullable = true)\n"
                         " |    |-- element: map (containsNull = true)\n"
                         " |    |    |-- key: string\n"
                         " |    |    |-- value: interval day to second (valueContainsNull = true)\n"
                         " |-- r: long (nullable = true)\n");
}

WEIR_TEST(types, hostile_schemas_are_refused) {
    static const struct {
        const char *text;
        weir_code code;
    } cases[] = {
        {"", WEIR_PARSE_EMPTY_STATEMENT},
        {"a STRING COLLATE UNICODE", WEIR_NOT_SUPPORTED},
        {"a TIMESTAMP(9)", WEIR_NOT_SUPPORTED},
        {"a int /* open", WEIR_UNCLOSED_BRACKETED_COMMENT},
        {"a `open", WEIR_PARSE_SYNTAX_ERROR},
        {"a INT COMMENT 'open", WEIR_PARSE_SYNTAX_ERROR},
        {"a FOO, b INT)", WEIR_PARSE_SYNTAX_ERROR}, /* syntax in front of names */
        {"a FOO, b BAR", WEIR_UNSUPPORTED_DATATYPE},
        {"{\"type\":\"array\",\"elementType\":\"integer\",\"containsNull\":true}", WEIR_INVALID_ARGUMENT},
        {"{\"type\":\"struct\",\"fields\":[5]}", WEIR_INVALID_JSON_DATA_TYPE},
    };
    _cleanup_error_ weir_error *err = NULL;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        const weir_type *type;
        weir_code code = weir_schema_parse(arena, weir_str_from(cases[i].text), &type, &err);
        cr_expect_eq(code, cases[i].code, "%s: %s", cases[i].text, weir_code_condition(code));
        weir_error_free_ptr(&err);
    }
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_strbuf_ weir_strbuf deep = {0};
    const weir_type *type;
    weir_strbuf_add_text(&deep, "a ");
    for (int i = 0; i < 100000; i++)
        weir_strbuf_add_text(&deep, "ARRAY<");
    CHECK_FAILS(INVALID_ARGUMENT, weir_schema_parse(arena, weir_strbuf_view(&deep), &type, &err));
}
