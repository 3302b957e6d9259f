/* The YAML tree: lines, scalar kinds, and documents made to hurt. */
#include "driver/job/yaml_tree.h"
#include "tests/lib/weir_test.h"

WEIR_TEST(yaml_tree, keeps_texts_lines_and_order) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    const weir_yaml *tree = NULL;
    CHECK_OK(
        weir_yaml_tree_parse(arena, WEIR_STR("a: 007\nb:\n  - x\n  - 'y'\na: \"z\\n\"\n"), "t", &tree, &err));
    cr_assert_eq(tree->kind, WEIR_YAML_MAP);
    cr_assert_eq(tree->count, 3);
    CHECK_TEXT(tree->items[0]->text.data, "007");
    cr_expect(tree->items[0]->plain && weir_yaml_is_number(tree->items[0]));
    cr_expect_eq(tree->items[1]->key_line, 2);
    cr_expect_eq(tree->items[1]->items[1]->line, 4);
    cr_expect_not(tree->items[1]->items[1]->plain);
    CHECK_TEXT(tree->items[2]->text.data, "z\n");
}

WEIR_TEST(yaml_tree, scalars_are_told_apart_as_yaml_1_2_does) {
    static const struct {
        const char *text;
        char kind; /* t text, n number, b boolean, 0 null */
    } cases[] = {
        {"10", 'n'},         {"-1.5e3", 'n'},  {"+.5", 'n'},    {"1.", 'n'},   {"0x1F", 'n'}, {".inf", 'n'},
        {"true", 'b'},       {"FALSE", 'b'},   {"~", '0'},      {"null", '0'}, {"yes", 't'},  {"on", 't'},
        {"'5'", 't'},        {"!!str 5", 't'}, {"1 hour", 't'}, {"-", 't'},    {"1e", 't'},   {"1.2.3", 't'},
        {"2016-07-25", 't'}, {".", 't'},       {"e5", 't'},     {"''", 't'},   {"0x", 't'},   {"truee", 't'},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        _cleanup_error_ weir_error *err = NULL;
        const weir_yaml *tree = NULL;
        bool flag;
        const char *text = weir_arena_printf(arena, "[%s]", cases[i].text);
        if (cases[i].text[0] == '-' && !cases[i].text[1])
            continue;
        CHECK_OK(weir_yaml_tree_parse(arena, weir_str_from(text), "t", &tree, &err));
        const weir_yaml *node = tree->items[0];
        char kind = weir_yaml_is_null(node)          ? '0'
                    : weir_yaml_is_bool(node, &flag) ? 'b'
                    : weir_yaml_is_number(node)      ? 'n'
                                                     : 't';
        cr_expect_eq(kind, cases[i].kind, "%s is %c", cases[i].text, kind);
    }
}

/* Ten levels of ten aliases each: ten thousand million values where they were expanded. */
static char *laughs(weir_arena *arena) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_add_text(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i <= 10; i++) {
        weir_strbuf_addf(&text, "a%d: &a%d [", i, i);
        for (int j = 0; j < 10; j++)
            weir_strbuf_addf(&text, "%s*a%d", j ? ", " : "", i - 1);
        weir_strbuf_add_text(&text, "]\n");
    }
    return weir_arena_strndup(arena, text.data, text.size);
}

static char *repeated(weir_arena *arena, const char *part, int count) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    for (int i = 0; i < count; i++)
        weir_strbuf_add_text(&text, part);
    return weir_arena_strndup(arena, text.data, text.size);
}

WEIR_TEST(yaml_tree, broken_and_hostile_documents_are_refused_at_their_line) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    const struct {
        const char *text;
        const char *problem;
    } cases[] = {
        {"a: [1, 2\nb: 3\n", "t:2: "},
        {"a: b: c\n", "t:1: "},
        {"a: 1\n\tb: 2\n", "t:2: "},
        {"a: \x01\n", "t:1: control characters are not allowed"},
        {"a: \xff\xfe\n", "t:1: invalid leading UTF-8 octet"},
        {"a: \"\\0\"\n", "t:1: a text must not contain a NUL character"},
        {"a: 1\n---\nb: 2\n", "t:2: a job spec is one document; a second one starts here"},
        {"? [a]\n: 1\n", "t:1: a key must be a text"},
        {"a: !thing 5\n", "t:1: tags are not supported: !thing"},
        {"a: !!int 5\n", "t:1: tags are not supported: tag:yaml.org,2002:int"},
        {"a: *b\n", "t:1: the alias *b has no anchor before it"},
        {"a: &b\n  c: *b\n", "t:2: the alias *b stands inside of its own anchor"},
        {laughs(arena), "more than 100000 values (aliases count in full)"},
        {repeated(arena, "[", 200), "nested more than 63 levels deep"},
        {repeated(arena, "- &a x\n", 1001), "more than 1000 anchors"},
        {repeated(arena, "- x\n", 100001), "more than 100000 values"},
        {repeated(arena, "# a comment that fills\n", 200000), "at most 4194304 are read"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        _cleanup_arena_ weir_arena *own = weir_arena_new();
        _cleanup_error_ weir_error *err = NULL;
        const weir_yaml *tree = NULL;
        weir_code code = weir_yaml_tree_parse(own, weir_str_from(cases[i].text), "t", &tree, &err);
        cr_expect_eq(code, WEIR_INVALID_JOB_SPEC, "accepted: %.60s", cases[i].text);
        cr_expect(err && strstr(weir_error_text(err), cases[i].problem), "%.60s\nhas not: %s\nbut: %s",
                  cases[i].text, cases[i].problem, err ? weir_error_text(err) : "");
    }
}
