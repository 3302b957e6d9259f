/* Streaming checks (driver/analyze/streaming_checks.h): answers of real Spark, and what Weir refuses beyond
 * it. */
#include "tests/lib/weir_test.h"

#include "driver/analyze/streaming_checks.h"
#include "tests/lib/sql_session.h"

#define NO_WATERMARK "not supported for streaming aggregations without watermark"
#define SORTING "Sorting is not supported on streaming"

WEIR_TEST(streaming_checks, modes_and_operators_are_checked_as_spark_does) {
    static const struct {
        const char *mode, *sql, *error; /* NULL: accepted */
    } cases[] = {
        {"append", "SELECT action FROM st", NULL},
        {"update", "SELECT action FROM st", NULL},
        {"complete", "SELECT action FROM st", "not supported for no streaming aggregations"},
        {"Append", "SELECT action, count(*) FROM st GROUP BY action", NO_WATERMARK},
        {"complete", "SELECT action, count(*) FROM st GROUP BY action", NULL},
        {"update", "SELECT action, count(*) FROM st GROUP BY action", NULL},
        {"append", "SELECT action FROM st ORDER BY action", SORTING},
        {"update", "SELECT action, count(*) FROM st GROUP BY action ORDER BY action", SORTING},
        {"complete", "SELECT action, count(*) FROM st GROUP BY action ORDER BY action", NULL},
        {"complete", "SELECT action, count(*) FROM (SELECT action FROM st ORDER BY value) GROUP BY action",
         SORTING},
        {"update", "SELECT action FROM st LIMIT 3", "Limits are not supported"},
        {"append", "SELECT action FROM st LIMIT 3", "LIMIT over the whole stream"},
        {"complete", "SELECT action, count(*) FROM st GROUP BY action LIMIT 3", NULL},
        {"append", "SELECT DISTINCT action FROM st", NO_WATERMARK},
        {"update", "SELECT DISTINCT action FROM st", NULL},
        {"append", "SELECT DISTINCT time FROM wt", NULL},
        {"append", "SELECT DISTINCT action FROM wt", NO_WATERMARK},
        {"complete", "SELECT count(DISTINCT action) FROM st", "Distinct aggregations are not supported"},
        {"update", "SELECT count(*) FROM (SELECT action, count(*) c FROM st GROUP BY action)",
         "several aggregations"},
        {"append", "SELECT window(time, '1 hour') w, count(*) FROM wt GROUP BY window(time, '1 hour')", NULL},
        {"append", "SELECT window(time, '1 hour', '30 minutes') w, count(*) FROM wt GROUP BY 1", NULL},
        {"append", "SELECT window(time, '1 hour') w, count(*) FROM st GROUP BY window(time, '1 hour')",
         NO_WATERMARK},
        {"append", "SELECT t2, count(*) FROM (SELECT time AS t2 FROM wt) GROUP BY t2", NULL},
        {"append", "SELECT action FROM t", "can be called only on streaming"},
        {"foo", "SELECT action FROM st", "Invalid streaming output mode: foo."},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_arena *arena _cleanup_arena_ = weir_arena_new();
        _cleanup_error_ weir_error *err = NULL;
        int64_t next_id = 1;
        weir_node *plan;
        CHECK_OK(sql_session_analyze(arena, cases[i].sql, &next_id, &plan, &err));
        weir_code code = weir_streaming_checks_run(plan, weir_str_from(cases[i].mode), &err);
        const char *text = code == WEIR_OK ? "accepted" : weir_error_text(err);
        bool same = cases[i].error ? strstr(text, cases[i].error) != NULL : code == WEIR_OK;
        cr_expect(same, "%s: %s: %s", cases[i].mode, cases[i].sql, text);
    }
}
