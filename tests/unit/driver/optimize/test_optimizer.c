/* Optimized plans (driver/optimize/optimizer.h). */
#include "tests/lib/weir_test.h"

#include "driver/optimize/optimizer.h"
#include "tests/lib/plan_line.h"
#include "tests/lib/sql_session.h"

#define START "weir_window_start(time, 3600000000, 3600000000, 0)"

WEIR_TEST(optimizer, plans_get_cheaper_and_keep_their_output) {
    static const struct {
        const char *sql, *line;
    } cases[] = {
        {"SELECT 1 + 1 AS x, 'a' || 'b'", "Project[2 AS x, ab AS concat(a, b)](OneRowRelation)"},
        {"SELECT value FROM t WHERE value > 1 AND true AND (b OR true) AND NOT (NOT (value < 3))",
         "Filter[((value > 1) AND (value < 3))](Source[value])"},
        {"SELECT x + 1 FROM (SELECT value + 1 AS x, action FROM t) WHERE x > 2",
         "Project[((value + 1) + 1) AS (x + 1)](Filter[((value + 1) > 2)](Source[value]))"},
        {"SELECT value FROM t WHERE 1 / 0 > 1", "Filter[((1.0 / 0.0) > 1.0)](Source[value])"},
        {"SELECT CASE WHEN false THEN 1 WHEN true THEN value ELSE 3 END v, coalesce(NULL, l, 1) c FROM t",
         "Project[value AS v, coalesce(l, 1) AS c](Source[value, l])"},
        {"SELECT named_struct('p', value, 'q', l).q FROM t",
         "Project[l AS named_struct(p, value, q, l).q](Source[l])"},
        {"SELECT a.value FROM (SELECT * FROM t) a", "Source[value]"},
        {"SELECT count(*) FROM t", "Aggregate[][count(1) AS count(1)](Source[value])"},
        {"SELECT window.start FROM (SELECT window(time, '1 hour'), value FROM t)",
         "Project[" START " AS start](Filter[(time IS NOT NULL)](Source[time]))"},
        {"SELECT action, window(time, '1 hour') AS w, count(*) AS c FROM t GROUP BY action, "
         "window(time, '1 hour')",
         "Aggregate[action, window_start][action, named_struct(start, window_start, end, "
         "weir_shift_time(window_start, 3600000000)) AS w, count(1) AS c](Project[" START
         " AS window_start, action](Filter[(time IS NOT NULL)](Source[time, action])))"},
        {"SELECT action FROM t GROUP BY action HAVING count(*) > 1 ORDER BY max(value)",
         "Project[action](Sort[max(value) ASC NULLS FIRST](Filter[(count(1) > "
         "1)](Aggregate[action][action, count(1) AS "
         "count(1), max(value) AS max(value)](Source[action, value]))))"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_arena *arena _cleanup_arena_ = weir_arena_new();
        weir_error *err = NULL;
        int64_t next_id = 1;
        weir_node *plan, *optimized;
        CHECK_OK(sql_session_analyze(arena, cases[i].sql, &next_id, &plan, &err));
        weir_optimizer_options options = {weir_timezone_utc(), true, &next_id};
        CHECK_OK(weir_optimizer_run(arena, plan, &options, &optimized, &err));
        weir_strbuf line _cleanup_strbuf_ = {0};
        plan_line(&line, optimized);
        cr_expect(strcmp(line.data, cases[i].line) == 0, "%s\n  got: %s\n  not: %s", cases[i].sql, line.data,
                  cases[i].line);
        cr_assert(optimized->output.count == plan->output.count);
        for (int32_t c = 0; c < plan->output.count; c++)
            cr_expect(weir_node_equal(optimized->output.items[c], plan->output.items[c]) ||
                          WEIR_NODE_AS(optimized->output.items[c], ATTRIBUTE, attribute)->id ==
                              WEIR_NODE_AS(plan->output.items[c], ATTRIBUTE, attribute)->id,
                      "%s: column %d", cases[i].sql, c);
        cr_expect(weir_type_equal(optimized->type, plan->type), "%s: type", cases[i].sql);
    }
}
