/* Resolved plans of queries (driver/analyze/analyzer.h). The expected shapes are those of real Spark's
 * analyzed plans with its view and cast nodes left out; errors are its texts. */
#include "tests/lib/weir_test.h"

#include "driver/optimize/optimizer.h"
#include "tests/lib/sql_session.h"

#define T "t:Source[time, action, value, l, d, dc, b, dt, user, tags, m, odd name]"

typedef struct expectation {
    const char *sql, *line;
} expectation;

static void check_all(const expectation *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        weir_arena *arena _cleanup_arena_ = weir_arena_new();
        const char *line = sql_session_line(arena, cases[i].sql);
        cr_expect(strcmp(line, cases[i].line) == 0, "%s\n  got: %s\n  not: %s", cases[i].sql, line,
                  cases[i].line);
    }
}
#define CHECK_ALL(cases) check_all((cases), WEIR_ARRAY_LEN(cases))

WEIR_TEST(analyzer, select_items_get_sparks_names) {
    static const expectation cases[] = {
        {"SELECT action FROM IDENTIFIER('t')", "Project[action](" T ")"},
        {"SELECT Value, t.user.ID, value + 1 FROM t",
         "Project[Value, user.id AS ID, (value + 1) AS (value + 1)](" T ")"},
        {"SELECT CAST(value AS STRING), CAST(user.id AS STRING), int(value) + 1 FROM t",
         "Project[CAST(value AS STRING) AS value, CAST(user.id AS STRING) AS CAST(user.id AS STRING), "
         "(value + 1) AS "
         "(value + 1)](" T ")"},
        {"SELECT t.* EXCEPT (time, l, d, dc, b, dt, user, tags, m) FROM t",
         "Project[action, value, odd name](" T ")"},
        {"SELECT user.*, x.value FROM t x", "Project[user.id AS id, user.name AS name, value](x:" T ")"},
        {"SELECT value a, a + 1 FROM t",
         "Project[value AS a, (value + 1) AS (lateralAliasReference(a) + 1)](" T ")"},
        {"WITH c (x, y) AS (SELECT value, action FROM t) SELECT x FROM c",
         "Project[x](c::Project[value AS x, action AS y](Project[value, action](" T ")))"},
        {"SELECT * FROM (SELECT 1 a, 2 b) x (c, d)",
         "Project[c, d](x:Project[a AS c, b AS d](Project[1 AS a, 2 AS b](OneRowRelation)))"},
    };
    CHECK_ALL(cases);
}

WEIR_TEST(analyzer, grouping_takes_ordinals_aliases_and_all) {
    static const expectation cases[] = {
        {"SELECT action, count(*) FROM t GROUP BY 1",
         "Aggregate[action][action, count(1) AS count(1)](" T ")"},
        {"SELECT upper(action) u, count(*) FROM t GROUP BY u",
         "Aggregate[upper(action)][upper(action) AS u, count(1) AS count(1)](" T ")"},
        {"SELECT action, value + 1 x, sum(l) FROM t GROUP BY ALL",
         "Aggregate[action, (value + 1)][action, (value + 1) AS x, sum(l) AS sum(l)](" T ")"},
        {"SELECT sum(value) FROM t", "Aggregate[][sum(value) AS sum(value)](" T ")"},
        {"SELECT DISTINCT action FROM t", "Aggregate[action][action](Project[action](" T "))"},
        {"SELECT action FROM t GROUP BY action HAVING count(*) > 1",
         "Project[action](Filter[(count(1) > 1)](Aggregate[action][action, count(1) AS count(1)](" T ")))"},
        {"SELECT action, count(*) c FROM t GROUP BY action HAVING c > 1",
         "Filter[(c > 1)](Aggregate[action][action, count(1) AS c](" T "))"},
        {"SELECT action, count(*) c FROM t GROUP BY action ORDER BY c DESC, max(value)",
         "Project[action, c](Sort[c DESC NULLS LAST, max(value) ASC NULLS "
         "FIRST](Aggregate[action][action, count(1) AS "
         "c, max(value) AS max(value)](" T ")))"},
        {"SELECT count(*) FROM t GROUP BY upper(action) ORDER BY upper(action)",
         "Project[count(1)](Sort[upper(action) ASC NULLS FIRST](Aggregate[upper(action)][count(1) AS "
         "count(1), "
         "upper(action) AS upper(action)](" T ")))"},
        {"SELECT action AS a FROM t ORDER BY a, value + 1 NULLS LAST LIMIT 1 + 1",
         "Limit 2(Project[a](Sort[a ASC NULLS FIRST, (value + 1) ASC NULLS LAST](Project[action AS a, "
         "value](" T "))))"},
        {"SELECT value FROM t ORDER BY ALL DESC", "Sort[value DESC NULLS LAST](Project[value](" T "))"},
    };
    CHECK_ALL(cases);
}

#define ONE_HOUR "weir_window_start(time, 3600000000, 3600000000, 0)"

WEIR_TEST(analyzer, windows_become_columns_below_the_block) {
    static const expectation cases[] = {
        {"SELECT window.end, count(*) c FROM (SELECT time FROM t) GROUP BY window(time, '1 hour')",
         "Aggregate[window][window.end AS end, count(1) AS c](Project[named_struct(start, " ONE_HOUR ", end, "
         "weir_shift_time(" ONE_HOUR ", 3600000000)) AS window, time](Filter[(time IS NOT NULL)]("
         ":Project[time](" T "))))"},
        {"SELECT window(time, '1 hour', '30 minutes') w, value FROM (SELECT time, value FROM t)",
         "Project[window AS w, value](Filter[(time IS NOT NULL)](Expand[window, time, "
         "value]*2(:Project[time, value](" T "))))"},
        {"SELECT window(time, '1 hour', '25 minutes', '5 minutes').start FROM (SELECT time FROM t)",
         "Project[window.start AS window.start](Filter[((time >= window.start) AND (time < "
         "window.end))](Expand[window, "
         "time]*3(:Project[time](" T "))))"},
    };
    CHECK_ALL(cases);
}

WEIR_TEST(analyzer, errors_are_sparks) {
    static const expectation cases[] = {
        {"SELECT a.x FROM t",
         "[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function parameter with name "
         "`a`.`x` cannot be "
         "resolved. Did you mean one of the following? [`t`.`b`, `t`.`d`, `t`.`l`, `t`.`m`, `t`.`dc`]. "
         "SQLSTATE: 42703; "
         "line 1 pos 7"},
        {"SELECT action FROM t HAVING value > 1",
         "[MISSING_GROUP_BY] The query does not include a GROUP BY clause. Add GROUP BY or turn it "
         "into the window "
         "functions using OVER clauses. SQLSTATE: 42803; line 1 pos 0"},
        {"SELECT value FROM t WHERE value",
         "[DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN] Cannot resolve \"value\" due to data type mismatch: "
         "Filter expression "
         "\"value\" of type \"INT\" is not a boolean. SQLSTATE: 42K09; line 1 pos 0"},
        {"SELECT sum(count(*)) FROM t",
         "[NESTED_AGGREGATE_FUNCTION] It is not allowed to use an aggregate function in the argument "
         "of another aggregate "
         "function. Please use the inner aggregate function in a sub-query. SQLSTATE: 42607; line 1 pos 11"},
        {"SELECT action, count(*) FROM t GROUP BY action HAVING value > 1",
         "[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function parameter with name "
         "`value` cannot be "
         "resolved. Did you mean one of the following? [`count(1)`, `t`.`action`]. SQLSTATE: 42703; "
         "line 1 pos 54"},
        {"SELECT value FROM t LIMIT -1",
         "[INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE] The limit like expression \"-1\" is invalid. The "
         "limit expression "
         "must be equal to or greater than 0, but got -1. SQLSTATE: 42K0E; line 1 pos 26"},
        {"SELECT value FROM (SELECT value, action AS value FROM t)",
         "[AMBIGUOUS_REFERENCE] Reference `value` is ambiguous, could be: [`value`, `value`]. "
         "SQLSTATE: 42704; line 1 pos "
         "7"},
        {"SELECT * FROM range()",
         "[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] The `range` requires [1, 2, 3, 4] parameters but the actual "
         "number is 0. Please, refer to 'https://spark.apache.org/docs/latest/sql-ref-functions.html' for a "
         "fix. SQLSTATE: 42605; line 1 pos 14"},
        {"SELECT * FROM range(null)",
         "[UNEXPECTED_INPUT_TYPE] Parameter second of function `range` requires the \"BIGINT\" type, however "
         "\"NULL\" has the type \"VOID\". SQLSTATE: 42K09; line 1 pos 14"},
        {"SELECT * FROM range(array(1))",
         "[UNEXPECTED_INPUT_TYPE] Parameter second of function `range` requires the \"BIGINT\" type, however "
         "\"array(1)\" has the type \"ARRAY<INT>\". SQLSTATE: 42K09; line 1 pos 14"},
        {"SELECT * FROM range(1, 2, 0)",
         "[FAILED_FUNCTION_CALL] Failed preparing of the function `range` for call. Please, double check "
         "function's arguments. SQLSTATE: 38000; line 1 pos 14"},
        {"SELECT nofunc(value) FROM t",
         "[UNRESOLVED_ROUTINE] Cannot resolve routine `nofunc` on search path [`system`.`builtin`, "
         "`system`.`session`, "
         "`spark_catalog`.`default`]. SQLSTATE: 42883; line 1 pos 7"},
        {"SELECT explode(explode(tags)) FROM t",
         "[UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS] The generator is not supported: nested in "
         "expressions \"explode(explode(tags))\". SQLSTATE: 42K0E"},
        {"SELECT window(time, '1 hour', '2 hours') FROM t",
         "[DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION] Cannot resolve \"window(time, 3600000000, "
         "7200000000, 0)\" "
         "due to data type mismatch: The `slide_duration`(7200000000L) must be <= the "
         "`window_duration`(3600000000L). "
         "SQLSTATE: 42K09; line 1 pos 7"},
    };
    CHECK_ALL(cases);
}

/* `count` times `text`, where %d is the number of the round. */
static void repeat(weir_strbuf *buf, const char *text, int from, int to) {
    for (int i = from; i != to; i += from < to ? 1 : -1)
        for (const char *c = text; *c; c++) {
            if (*c == '%')
                weir_strbuf_addf(buf, "%d", i);
            else if (*c == '@')
                weir_strbuf_addf(buf, "%d", i + 1);
            else
                weir_strbuf_add_char(buf, *c);
        }
}

WEIR_TEST(analyzer, what_doubles_with_nesting_does_not_hang) {
    static const struct {
        const char *begin, *open, *middle, *close, *end;
        int count;
    } cases[] = {
        {"SELECT value", " + value", "", "", " FROM t", 1000},
        {"SELECT ", "nullif(", "value", ", 1)", " FROM t", 60},
        {"SELECT ", "(", "b", " BETWEEN b AND b)", " FROM t", 60},
        {"SELECT value AS x0", ", x% + x% AS x@", "", "", " FROM t", 60},
        {"SELECT value FROM (", "SELECT value + value AS value FROM (", "SELECT value FROM t", ")", ")", 60},
        {"SELECT ", "CASE ", "value", " WHEN 1 THEN 2 WHEN 2 THEN 3 END", " FROM t", 60},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_arena *arena _cleanup_arena_ = weir_arena_new();
        weir_strbuf sql _cleanup_strbuf_ = {0};
        weir_strbuf_add_text(&sql, cases[i].begin);
        repeat(&sql, cases[i].open, 0, cases[i].count);
        weir_strbuf_add_text(&sql, cases[i].middle);
        repeat(&sql, cases[i].close, 0, cases[i].count);
        weir_strbuf_add_text(&sql, cases[i].end);
        _cleanup_error_ weir_error *err = NULL;
        int64_t next_id = 1;
        weir_node *plan;
        weir_code code = sql_session_analyze(arena, sql.data, &next_id, &plan, &err);
        cr_expect(code == WEIR_OK || code == WEIR_FAILED_TO_PARSE_TOO_COMPLEX, "%.60s: %.300s", sql.data,
                  err ? weir_error_text(err) : "");
        weir_optimizer_options options = {weir_timezone_utc(), true, &next_id};
        if (code == WEIR_OK)
            CHECK_OK(weir_optimizer_run(arena, plan, &options, &plan, &err));
    }
}

WEIR_TEST(analyzer, ids_are_unique_and_outputs_are_typed) {
    weir_arena *arena _cleanup_arena_ = weir_arena_new();
    weir_error *err = NULL;
    int64_t next_id = 1;
    weir_node *plan;
    CHECK_OK(sql_session_analyze(arena, "SELECT action, count(*) c, avg(value) FROM t GROUP BY action",
                                 &next_id, &plan, &err));
    cr_assert(plan->output.count == 3 && plan->type->fields_count == 3);
    cr_expect(plan->output.items[1]->type->kind == WEIR_TYPE_LONG && !plan->output.items[1]->nullable);
    cr_expect(plan->output.items[2]->type->kind == WEIR_TYPE_DOUBLE && plan->output.items[2]->nullable);
    int64_t first = WEIR_NODE_AS(plan->output.items[1], ATTRIBUTE, attribute)->id;
    cr_expect(first != WEIR_NODE_AS(plan->output.items[2], ATTRIBUTE, attribute)->id && first < next_id);
}
