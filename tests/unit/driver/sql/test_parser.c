/* The parser (driver/sql/parser.h): shapes, places, limits and refusals. Spark's own answers for texts and
 * errors are in tests/golden/golden_names.c. */
#include "tests/lib/weir_test.h"

#include "common/base/alloc.h"
#include "driver/sql/parser.h"

static const char *expression(weir_arena *arena, const char *sql) {
    _cleanup_error_ weir_error *err = NULL;
    weir_node *node;
    if (weir_parser_expression(arena, weir_str_from(sql), weir_timezone_utc(), &node, &err) != WEIR_OK)
        return weir_arena_strdup(arena, weir_error_text(err));
    weir_strbuf buf _cleanup_strbuf_ = {0};
    weir_expr_sql(&buf, node);
    return weir_arena_strdup(arena, buf.data);
}

WEIR_TEST(parser, operators_bind_as_in_spark) {
    weir_arena *arena _cleanup_arena_ = weir_arena_new();
    static const struct {
        const char *sql, *text;
    } cases[] = {
        {"a + b * c - d", "((a + (b * c)) - d)"},
        {"-a * b", "((- a) * b)"},
        {"a || b = c", "(concat(a, b) = c)"},
        {"a | b ^ c & d << 1 >> 2 >>> 3", "(a | (b ^ (c & (((d << 1) >> 2) >>> 3))))"},
        {"NOT a AND b OR c", "(((NOT a) AND b) OR c)"},
        {"NOT a = b", "(NOT (a = b))"},
        {"a = b = c", "((a = b) = c)"},
        {"a OR b OR c OR d", "((a OR b) OR (c OR d))"},
        {"a BETWEEN 1 AND 2 AND b", "(between(a, 1, 2) AND b)"},
        {"a NOT IN (1, 2) AND b IS NOT NULL", "((NOT (a IN (1, 2))) AND (b IS NOT NULL))"},
        {"a LIKE 'x' ESCAPE '/'", "a LIKE x ESCAPE '/'"},
        {"a IS NOT DISTINCT FROM b", "(a <=> b)"},
        {"a.b[0].c::int", "CAST(a.b[0][c] AS INT)"},
        {"CASE a WHEN 1 THEN b END", "CASE WHEN (a = 1) THEN b END"},
        {"CASE END", "CASE"},
        {"value AND", "value"},
        {"count(DISTINCT a, b) FILTER (WHERE c)", "count(DISTINCT a, b) FILTER (WHERE c)"},
        {"a DIV b", "(a div b)"},
        {"-5", "-5"},
        {"- (5)", "(- 5)"},
        {"interval - 1", "(interval - 1)"},
        {"INTERVAL -1 DAY", "INTERVAL '-1' DAY"},
        {"INTERVAL '1 02:03:04' DAY TO SECOND", "INTERVAL '1 02:03:04' DAY TO SECOND"},
        {"INTERVAL 1 HOUR 2 MINUTES", "INTERVAL '01:02' HOUR TO MINUTE"},
        {"DATE'2016-7-5'", "DATE '2016-07-05'"},
        {"X'1F'", "X'1F'"},
        {"from", "from"},
        {"extract(hour FROM t)", "extract(hour FROM t)"},
        {"trim(LEADING 'x' FROM s)", "TRIM(LEADING x FROM s)"},
        {"substring(s FROM 2)", "substring(s, 2, 2147483647)"},
        {"position('a' IN s)", "locate(a, s, 1)"},
        {"(a, b + 1)", "named_struct(a, a, col2, (b + 1))"},
        {"struct(a AS x, 1)", "struct(a AS x, 1)"},
        {"CAST(a AS MAP<STRING, ARRAY<INT>>)", "a"},
        {"a >> 1 > 2", "((a >> 1) > 2)"},
        {"t.*", "t.*"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++)
        CHECK_TEXT(expression(arena, cases[i].sql), cases[i].text);
}

WEIR_TEST(parser, nodes_know_their_place) {
    weir_arena *arena _cleanup_arena_ = weir_arena_new();
    weir_error *err = NULL;
    weir_node *node;
    const char *sql = "1 + CAST(a AS INT)";
    CHECK_OK(weir_parser_expression(arena, weir_str_from(sql), weir_timezone_utc(), &node, &err));
    cr_expect(node->start == 0 && node->stop == 17);
    weir_node *cast = WEIR_NODE_AS(node, UNRESOLVED_FUNCTION, unresolved_function)->args.items[1];
    cr_expect(cast->kind == WEIR_NODE_CAST && cast->start == 4 && cast->stop == 17);
    CHECK_OK(weir_parser_expression(arena, WEIR_STR("a NOT IN (1)"), weir_timezone_utc(), &node, &err));
    cr_expect(node->start == 2 && node->stop == 11, "a predicate begins at NOT");
}

WEIR_TEST(parser, what_is_not_built_is_refused_by_name) {
    static const struct {
        const char *sql, *feature;
    } cases[] = {
        {"SELECT * FROM t PIVOT (sum(a) FOR b IN (1))", "PIVOT (line 1, pos 16)."},
        {"CREATE TABLE t (a INT)", "CREATE statement (line 1, pos 0)."},
        {"INSERT INTO t SELECT 1", "INSERT statement (line 1, pos 0)."},
        {"SELECT f(a => 1)", "named arguments (line 1, pos 9)."},
        {"SELECT a FROM t CLUSTER BY a", "CLUSTER BY (line 1, pos 16)."},
        {"WITH RECURSIVE r AS (SELECT 1) SELECT 1", "WITH RECURSIVE (line 1, pos 5)."},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_arena *arena _cleanup_arena_ = weir_arena_new();
        _cleanup_error_ weir_error *err = NULL;
        weir_node *node;
        weir_code code = weir_parser_query(arena, weir_str_from(cases[i].sql), NULL, &node, &err);
        cr_assert(code == WEIR_UNSUPPORTED_FEATURE, "%s: %s", cases[i].sql,
                  err ? weir_error_text(err) : "parsed");
        const char *text = strstr(weir_error_text(err), "supported: ");
        cr_expect(text && strncmp(text + 11, cases[i].feature, strlen(cases[i].feature)) == 0, "%s: %s",
                  cases[i].sql, weir_error_text(err));
    }
}

/* `count` times `open`, then `middle`, then `count` times `close`. */
static char *nested(const char *open, const char *middle, const char *close, int count) {
    weir_strbuf buf = {0};
    for (int i = 0; i < count; i++)
        weir_strbuf_add_text(&buf, open);
    weir_strbuf_add_text(&buf, middle);
    for (int i = 0; i < count; i++)
        weir_strbuf_add_text(&buf, close);
    return weir_strbuf_steal(&buf);
}

WEIR_TEST(parser, depth_is_an_error_and_not_a_crash) {
    static const struct {
        const char *open, *middle, *close;
        int fits, exceeds;
    } cases[] = {
        {"(", "1", ")", 150, 10000},
        {"- ", "a", "", 150, 10000},
        {"NOT ", "a", "", 150, 10000},
        {"f(", "a", ")", 150, 10000},
        {"a[", "1", "]", 150, 10000},
        {"CASE WHEN a THEN ", "1", " END", 100, 2000},
        {"1+", "1", "", 1000, 10000},
        {"a OR ", "a", "", 50000, 0},
        {"CAST(a AS ", "ARRAY<INT>", ")", 0, 10000},
        {"CAST(1 AS ARRAY<", "INT", ">)", 0, 10000},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        for (int round = 0; round < 2; round++) {
            int count = round ? cases[i].exceeds : cases[i].fits;
            if (count == 0)
                continue;
            weir_arena *arena _cleanup_arena_ = weir_arena_new();
            char *sql _cleanup_free_ = nested(cases[i].open, cases[i].middle, cases[i].close, count);
            _cleanup_error_ weir_error *err = NULL;
            weir_node *node;
            weir_code code = weir_parser_expression(arena, weir_str_from(sql), NULL, &node, &err);
            cr_expect((code == WEIR_OK) == (round == 0), "%s x %d: %.300s", cases[i].open, count,
                      err ? weir_error_text(err) : "parsed");
        }
    }
    weir_arena *arena _cleanup_arena_ = weir_arena_new();
    char *sql _cleanup_free_ = nested("SELECT * FROM (", "SELECT 1", ")", 10000);
    weir_error *err = NULL;
    weir_node *node;
    CHECK_FAILS(FAILED_TO_PARSE_TOO_COMPLEX, weir_parser_query(arena, weir_str_from(sql), NULL, &node, &err));
}

WEIR_TEST(parser, identifier_lists_keep_parts) {
    weir_arena *arena _cleanup_arena_ = weir_arena_new();
    weir_error *err = NULL;
    weir_node_list list;
    CHECK_OK(weir_parser_identifiers(arena, WEIR_STR("a, `b c`, d.e"), &list, &err));
    cr_assert(list.count == 3);
    cr_expect(WEIR_NODE_AS(list.items[2], UNRESOLVED_ATTRIBUTE, unresolved_attribute)->parts.count == 2);
    CHECK_TEXT(WEIR_NODE_AS(list.items[1], UNRESOLVED_ATTRIBUTE, unresolved_attribute)->parts.items[0].data,
               "b c");
    CHECK_FAILS(PARSE_SYNTAX_ERROR, weir_parser_identifiers(arena, WEIR_STR("a,"), &list, &err));
}
