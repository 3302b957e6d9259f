/* Path patterns. The answers are those of Hadoop's GlobPattern and of listings that a real Spark 4.3 made. */
#include "connectors/file/glob.h"
#include "tests/lib/weir_test.h"

WEIR_TEST(glob, matches_names) {
    static const struct {
        const char *pattern, *name;
        bool matches;
    } table[] = {
        {"*.json", "a.json", true},
        {"*.json", "a.jsonx", false},
        {"*", "", true},
        {"?", "", false},
        {"?.x", "\xC3\xA9.x", true},
        {"a*b*c", "a__b__b_c", true},
        {"a*b*c", "a__c", false},
        {"[19]*.json", "10.json", true},
        {"[19]*.json", "2.json", false},
        {"[^a]?.json", "10.json", true},
        {"[!a]?", "ab", false},
        {"[a-c]x", "bx", true},
        {"[a-c]x", "dx", false},
        {"[a\\]]x", "]x", true},
        {"[]a]x", "]x", true},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"a\\?b", "a?b", true},
        {"[\xC3\xA0-\xC3\xBF]", "\xC3\xA9", true},
        {"****", "abc", true},
        {"*a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false},
        {"1[0-9].json", "12.json", true},
        {"abc", "abc", true},
        {"abc", "ab", false},
        {"ab", "abc", false},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++)
        cr_assert_eq(weir_glob_match(weir_str_from(table[i].pattern), weir_str_from(table[i].name)),
                     table[i].matches, "%s ~ %s", table[i].pattern, table[i].name);
}

WEIR_TEST(glob, expands_braces_in_order) {
    weir_error *err = NULL;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    static const char *const table[][2] = {
        {"a", "a "},
        {"{a,b}", "a b "},
        {"x{a,b{c,d}}y", "xay xbcy xbdy "},
        {"{g/e,p/s}/*", "g/e/* p/s/* "},
        {"{a,}b", "ab b "},
        {"{}", " "},
        {"\\{a,b\\}", "\\{a,b\\} "},
        {"[{]x", "[{]x "},
        {"{a,b}{1,2}", "a1 a2 b1 b2 "},
        {"a}b", "a}b "},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        weir_str_list list;
        CHECK_OK(weir_glob_expand(arena, weir_str_from(table[i][0]), &list, &err));
        _cleanup_strbuf_ weir_strbuf text = {0};
        for (int32_t k = 0; k < list.count; k++)
            weir_strbuf_addf(&text, "%.*s ", WEIR_STR_ARG(list.items[k]));
        CHECK_TEXT(text.data, table[i][1]);
    }
    static const char *const bad[] = {"[*", "{a", "a{b,{c}", "x[a",
                                      ("{0,1,2,3,4,5,6,7,8,9}{0,1,2,3,4,5,6,7,8,9}{0,1,2,3,4,5,6,7,8,9}"
                                       "{0,1,2,3,4,5,6,7,8,9}{0,1,2,3,4,5,6,7,8,9}{0,1,2,3,4,5,6,7,8,9}")};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(bad); i++) {
        weir_str_list list;
        CHECK_FAILS(INVALID_ARGUMENT, weir_glob_expand(arena, weir_str_from(bad[i]), &list, &err));
    }
    cr_assert(weir_glob_is_pattern(WEIR_STR("/a/b*")) && weir_glob_is_pattern(WEIR_STR("a\\b")) &&
              !weir_glob_is_pattern(WEIR_STR("/a=b/c-d")));
    CHECK_TEXT(weir_glob_unescape(arena, WEIR_STR("a\\*b\\")), "a*b\\");
}
