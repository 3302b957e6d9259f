/* Tokens by Spark's rules (driver/sql/sql_lexer.h). */
#include "tests/lib/weir_test.h"

#include "driver/sql/sql_lexer.h"

static const char *tokens_of(weir_arena *arena, const char *sql) {
    weir_strbuf buf _cleanup_strbuf_ = {0};
    weir_token_list list = weir_lexer_run(arena, weir_str_from(sql));
    for (int32_t i = 0; i + 1 < list.count; i++)
        weir_strbuf_addf(&buf, "%s%d:%.*s", i ? " " : "", (int)list.items[i].kind,
                         (int)(list.items[i].end - list.items[i].start), sql + list.items[i].start);
    return weir_arena_strdup(arena, buf.data ? buf.data : "");
}

WEIR_TEST(sql_lexer, numbers_and_words_follow_longest_match) {
    weir_arena *arena _cleanup_arena_ = weir_arena_new();
    static const struct {
        const char *sql;
        weir_token_kind kinds[6];
    } cases[] = {
        {"1", {WEIR_TOKEN_INTEGER}},
        {"1L 1S 1y", {WEIR_TOKEN_BIGINT, WEIR_TOKEN_SMALLINT, WEIR_TOKEN_TINYINT}},
        {"1e3 1.5e-3 1e", {WEIR_TOKEN_EXPONENT, WEIR_TOKEN_EXPONENT, WEIR_TOKEN_WORD}},
        {"1.5L", {WEIR_TOKEN_INTEGER, WEIR_TOKEN_DOT, WEIR_TOKEN_BIGINT}},
        {"1..2", {WEIR_TOKEN_DECIMAL, WEIR_TOKEN_DECIMAL}},
        {"1.5D 1F 2BD", {WEIR_TOKEN_DOUBLE, WEIR_TOKEN_FLOAT, WEIR_TOKEN_BIGDECIMAL}},
        {"1_000 0x10", {WEIR_TOKEN_WORD, WEIR_TOKEN_WORD}},
        {"'it''s' \"a\" r'\\' `b``c`",
         {WEIR_TOKEN_STRING, WEIR_TOKEN_STRING, WEIR_TOKEN_STRING, WEIR_TOKEN_QUOTED}},
        {"'open", {WEIR_TOKEN_UNRECOGNIZED, WEIR_TOKEN_WORD}},
        {"a<=>b!<c", {WEIR_TOKEN_WORD, WEIR_TOKEN_NSEQ, WEIR_TOKEN_WORD, WEIR_TOKEN_GTE, WEIR_TOKEN_WORD}},
        {"/* a /* b */ */ 1 -- c\n+", {WEIR_TOKEN_INTEGER, WEIR_TOKEN_PLUS}},
        {"a\xC2\xA0"
         "b",
         {WEIR_TOKEN_WORD, WEIR_TOKEN_WORD}},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_token_list list = weir_lexer_run(arena, weir_str_from(cases[i].sql));
        for (int32_t t = 0; t < list.count; t++)
            cr_expect(list.items[t].kind == cases[i].kinds[t], "%s: token %d of %s", cases[i].sql, t,
                      tokens_of(arena, cases[i].sql));
    }
    cr_expect(weir_lexer_run(arena, WEIR_STR("/* open")).unclosed_comment);
}

WEIR_TEST(sql_lexer, keywords_are_found_in_any_case) {
    cr_expect(weir_lexer_keyword(WEIR_STR("SeLeCt")) == WEIR_KW_SELECT);
    cr_expect(weir_lexer_keyword(WEIR_STR("add")) == WEIR_KW_ADD);
    cr_expect(weir_lexer_keyword(WEIR_STR("ZONE")) == WEIR_KW_ZONE);
    cr_expect(weir_lexer_keyword(WEIR_STR("selects")) == WEIR_KW_NONE);
    for (int i = 1; i + 1 < WEIR_KW_COUNT; i++)
        cr_expect(weir_lexer_keyword(WEIR_STR("current_timestamp")) == WEIR_KW_CURRENT_TIMESTAMP);
}

WEIR_TEST(sql_lexer, strings_are_unescaped_as_spark_does) {
    weir_arena *arena _cleanup_arena_ = weir_arena_new();
    static const struct {
        const char *token, *value;
    } cases[] = {
        {"'a\\nb'", "a\nb"},
        {"'it''s'", "it's"},
        {"'it\\'s'", "it's"},
        {"'\\u0041\\101'", "AA"},
        {"'\\%\\_'", "\\%\\_"},
        {"'\\q'", "q"},
        {"r'a\\nb'", "a\\nb"},
        {"\"say \"\"hi\"\"\"", "say \"hi\""},
        {"'\\uD83D\\uDE00'", "\xF0\x9F\x98\x80"},
        {"'\\uD83D'", "?"},
        {"'\\U0001F600'", "\xF0\x9F\x98\x80"},
        {"''", ""},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++)
        CHECK_TEXT(weir_lexer_string_value(arena, weir_str_from(cases[i].token)).data, cases[i].value);
}
