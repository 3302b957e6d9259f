/* The job spec: what a good one gives, and that every problem of a bad one is reported with its line and key.
 */
#include "driver/job/job_spec.h"
#include "tests/lib/weir_test.h"

static const char full_spec[] = "name: actions-by-hour\n"
                                "conf:\n"
                                "  spark.sql.shuffle.partitions: 2\n"
                                "  spark.sql.session.timeZone: America/Chicago\n"
                                "sources:\n"
                                "  events:\n"
                                "    format: json\n"
                                "    schema: time TIMESTAMP, action STRING\n"
                                "    watermark: {column: time, delay: 10 minutes}\n"
                                "    options: {path: data/events, maxFilesPerTrigger: 1, multiLine: false}\n"
                                "  lookup:\n"
                                "    table: actions\n"
                                "    static: true\n"
                                "views:\n"
                                "  opens: SELECT * FROM events WHERE action = 'Open'\n"
                                "  all_of_it: |\n"
                                "    SELECT *\n"
                                "    FROM opens\n"
                                "queries:\n"
                                "  - name: counts\n"
                                "    sql: SELECT action, count(*) AS count FROM events GROUP BY action\n"
                                "    outputMode: Complete\n"
                                "    trigger: {availableNow: true}\n"
                                "    sink: {format: console, options: {numRows: 100, truncate: false}}\n"
                                "    checkpointLocation: checkpoints/counts\n"
                                "  - name: files\n"
                                "    sql: >-\n"
                                "      SELECT *\n"
                                "      FROM opens\n"
                                "    trigger: {processingTime: 1 minute 30 seconds}\n"
                                "    sink:\n"
                                "      format: json\n"
                                "      partitionBy: [day, hour]\n"
                                "      options: {path: out}\n"
                                "  - {name: rest, sql: SELECT 1, sink: {table: rest}}\n";

#define CHECK_STR(actual, expected) \
    cr_expect(weir_str_equal((actual), WEIR_STR(expected)), "got: " WEIR_STR_FMT, WEIR_STR_ARG(actual))

WEIR_TEST(job_spec, a_full_spec_is_read_as_written) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    const weir_job_spec *job = NULL;
    CHECK_OK(weir_job_spec_parse(arena, WEIR_STR(full_spec), "job.yaml", &job, &err));
    CHECK_STR(job->name, "actions-by-hour");
    cr_assert_eq(job->conf.count, 2);
    CHECK_STR(job->conf.items[0].value, "2");
    cr_assert_eq(job->sources_count, 2);
    const weir_job_source *events = &job->sources[0];
    CHECK_STR(events->name, "events");
    CHECK_STR(events->format, "json");
    cr_assert(events->schema && events->schema->fields_count == 2);
    cr_expect(events->has_watermark && !events->is_static);
    CHECK_STR(events->watermark_column, "time");
    cr_expect_eq(events->watermark_delay_us, 600000000);
    cr_assert_eq(events->options.count, 3);
    CHECK_STR(weir_options_get(&events->options, "MAXFILESPERTRIGGER"), "1");
    CHECK_STR(weir_options_get(&events->options, "multiline"), "false");
    cr_expect_eq(events->line, 6);
    cr_expect_eq(events->schema_line, 8);
    cr_expect(job->sources[1].is_static && !job->sources[1].schema);
    CHECK_STR(job->sources[1].table, "actions");
    cr_assert_eq(job->views_count, 2);
    CHECK_STR(job->views[1].name, "all_of_it");
    CHECK_STR(job->views[1].sql, "SELECT *\nFROM opens\n");
    cr_assert_eq(job->queries_count, 3);
    const weir_job_query *counts = &job->queries[0], *files = &job->queries[1], *rest = &job->queries[2];
    CHECK_STR(counts->output_mode, "complete");
    cr_expect_eq(counts->trigger, WEIR_TRIGGER_AVAILABLE_NOW);
    CHECK_STR(counts->sink.format, "console");
    CHECK_STR(weir_options_get(&counts->sink.options, "truncate"), "false");
    CHECK_STR(counts->checkpoint_location, "checkpoints/counts");
    cr_expect_eq(counts->sql_line, 21);
    CHECK_STR(files->output_mode, "append");
    CHECK_STR(files->sql, "SELECT * FROM opens");
    cr_expect_eq(files->trigger, WEIR_TRIGGER_PROCESSING_TIME);
    cr_expect_eq(files->interval_ms, 90000);
    cr_assert_eq(files->sink.partition_by.count, 2);
    CHECK_STR(files->sink.partition_by.items[1], "hour");
    cr_expect_eq(rest->trigger, WEIR_TRIGGER_DEFAULT);
    CHECK_STR(rest->sink.table, "rest");
    cr_expect_eq(rest->checkpoint_location.size, 0);
}

WEIR_TEST(job_spec, json_is_yaml) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    const weir_job_spec *job = NULL;
    static const char text[] = "{\"name\": \"j\", \"sources\": {\"s\": {\"format\": \"rate\"}},\n"
                               "\t\"queries\": [{\"name\": \"q\", \"sql\": \"SELECT \\u0031\", \"trigger\": "
                               "{\"once\": true}, \"sink\": {\"format\": \"noop\"}}]}";
    CHECK_OK(weir_job_spec_parse(arena, WEIR_STR(text), "job.json", &job, &err));
    CHECK_STR(job->queries[0].sql, "SELECT 1");
    cr_expect_eq(job->queries[0].trigger, WEIR_TRIGGER_ONCE);
}

WEIR_TEST(job_spec, aliases_share_values) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    const weir_job_spec *job = NULL;
    static const char text[] =
        "name: j\n"
        "queries:\n"
        "  - {name: a, sql: SELECT 1, sink: &sink {format: json, options: {path: out}}}\n"
        "  - {name: b, sql: SELECT 2, sink: *sink}\n";
    CHECK_OK(weir_job_spec_parse(arena, WEIR_STR(text), "job.yaml", &job, &err));
    CHECK_STR(job->queries[1].sink.format, "json");
    CHECK_STR(weir_options_get(&job->queries[1].sink.options, "path"), "out");
}

/* A spec that is good but for what is put into the named places. */
#define GOOD_QUERY "queries: [{name: q, sql: SELECT 1, sink: {format: noop}}]\n"
#define QUERY(more) "name: j\nqueries:\n  - name: q\n    sql: SELECT 1\n    sink: {format: noop}\n" more
#define SOURCE(more) "name: j\n" GOOD_QUERY "sources:\n  s:\n    format: json\n" more

WEIR_TEST(job_spec, every_problem_has_its_line_and_key) {
    static const struct {
        const char *text;
        const char *problem;
    } cases[] = {
        {"", "job.yaml:1: the document is empty"},
        {"- a\n", "job.yaml:1: must be a mapping (key: value), not a list"},
        {"just text\n", "job.yaml:1: must be a mapping (key: value), not a text"},
        {GOOD_QUERY, "job.yaml:1: the key 'name' is missing"},
        {"name: j\n", "job.yaml:1: the key 'queries' is missing"},
        {"name: j\n" GOOD_QUERY "quieries: []\n",
         "job.yaml:3: quieries: unknown key; did you mean 'queries'?"},
        {"name: j\n" GOOD_QUERY "zzz: 1\n",
         "job.yaml:3: zzz: unknown key; known here: name, conf, sources, views, queries"},
        {"name: j\n" GOOD_QUERY "name: k\n", "job.yaml:3: name: duplicate key; it stands in line 1 already"},
        {"name: 5\n" GOOD_QUERY, "job.yaml:1: name: must be a text, not a number; write it in quotes"},
        {"name: true\n" GOOD_QUERY, "job.yaml:1: name: must be a text, not a boolean"},
        {"name:\n" GOOD_QUERY, "name: must be a text, not nothing"},
        {"name: ''\n" GOOD_QUERY, "job.yaml:1: name: must not be empty"},
        {"name: j\nqueries: []\n", "job.yaml:2: queries: must hold at least one query"},
        {"name: j\nqueries: {}\n",
         "job.yaml:2: queries: must be a list of queries (- name: ...), not a mapping"},
        {"name: j\nqueries: [5]\n", "job.yaml:2: queries[0]: must be a mapping (key: value), not a number"},
        {"name: j\nqueries: [{}]\n", "job.yaml:2: queries[0]: the key 'sql' is missing"},
        {"name: j\nconf: {a: [1]}\n" GOOD_QUERY, "job.yaml:2: conf.a: must be a single value, not a list"},
        {"name: j\nconf: {a: }\n" GOOD_QUERY, "job.yaml:2: conf.a: must be a single value, not nothing"},
        {"name: j\nconf:\n  spark.sql.shuffle.partitions: many\n" GOOD_QUERY,
         "job.yaml:3: conf.spark.sql.shuffle.partitions: [INVALID_CONF_VALUE"},
        {QUERY("    outputMode: apend\n"),
         "job.yaml:6: queries[0].outputMode: must be append, complete or update"},
        {QUERY("    outputmode: append\n"),
         "job.yaml:6: queries[0].outputmode: unknown key; did you mean 'outputMode'?"},
        {QUERY("    trigger: availableNow\n"), "job.yaml:6: queries[0].trigger: must be a mapping"},
        {QUERY("    trigger: {}\n"), "job.yaml:6: queries[0].trigger: must hold exactly one of"},
        {QUERY("    trigger: {once: true, availableNow: true}\n"), "trigger: must hold exactly one of"},
        {QUERY("    trigger: {availableNow: 'true'}\n"), "trigger.availableNow: must be true"},
        {QUERY("    trigger: {availableNow: false}\n"), "trigger.availableNow: must be true"},
        {QUERY("    trigger: {processingTime: soon}\n"), "trigger.processingTime: must be an interval"},
        {QUERY("    trigger: {processingTime: -1 second}\n"), "trigger.processingTime: must not be negative"},
        {QUERY("    trigger: {processingTime: 1 month}\n"), "processingTime: must not hold months or years"},
        {QUERY("    trigger: {continuous: 1 second}\n"),
         "job.yaml:6: queries[0].trigger.continuous: this trigger is not supported by Weir"},
        {QUERY("  - name: q\n    sql: SELECT 1\n    sink: {format: noop}\n"),
         "job.yaml:6: query 'q' has the name of the query in line 3"},
        {QUERY("    checkpointLocation: c\n  - name: r\n    sql: SELECT 1\n    sink: {format: noop}\n"
               "    checkpointLocation: c\n"),
         "job.yaml:7: query with the checkpoint 'c' has the name of the query with the checkpoint in line 3"},
        {"name: j\nqueries: [{name: ../q, sql: SELECT 1, sink: {format: noop}}]\n",
         "queries[0].name: must be at most 128 letters"},
        {"name: j\nqueries: [{name: .q, sql: SELECT 1, sink: {format: noop}}]\n", "queries[0].name: must be"},
        {"name: j\nqueries: [{name: q, sql: SELECT 1, sink: {}}]\n",
         "job.yaml:2: queries[0].sink: the key 'format' (or 'table') is missing"},
        {"name: j\nqueries: [{name: q, sql: SELECT 1, sink: {format: json, partitionBy: day}}]\n",
         "sink.partitionBy: must be a list of texts, not a text"},
        {"name: j\nqueries: [{name: q, sql: SELECT 1, sink: {format: json, partitionBy: [1]}}]\n",
         "sink.partitionBy[0]: must be a text, not a number"},
        {SOURCE("    table: t\n"), "job.yaml:4: sources.s: has both 'format' and 'table'"},
        {SOURCE("    static: 'true'\n"), "job.yaml:6: sources.s.static: must be true or false, not a text"},
        {SOURCE("    schema: time TIMESTAMPP\n"), "job.yaml:6: sources.s.schema: ["},
        {SOURCE("    watermark: {column: time}\n"),
         "job.yaml:6: sources.s.watermark: the key 'delay' is missing"},
        {SOURCE("    watermark: {column: time, delay: -1 day}\n"), "watermark.delay: must not be negative"},
        {SOURCE("    watermark: {column: time, delay: 1 day}\n    static: true\n"),
         "job.yaml:4: sources.s: a static source has no watermark"},
        {SOURCE("    options: [path]\n"), "job.yaml:6: sources.s.options: must be a mapping"},
        {SOURCE("    options: {path: a, path: b}\n"), "job.yaml:6: sources.s.options.path: duplicate key"},
        {SOURCE("views: {S: SELECT 1}\n"), "job.yaml:6: view 's' has the name of the source in line 4"},
        {SOURCE("sources: {a: {format: rate}, b: {format: rate}, c: {format: rate}}\n"),
         "job.yaml:6: sources: duplicate key; it stands in line 3 already"},
        {"name: j\n" GOOD_QUERY "sources: {s: {}}\n", "sources.s: the key 'format' (or 'table') is missing"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        _cleanup_error_ weir_error *err = NULL;
        const weir_job_spec *job = NULL;
        weir_code code = weir_job_spec_parse(arena, weir_str_from(cases[i].text), "job.yaml", &job, &err);
        cr_expect_eq(code, WEIR_INVALID_JOB_SPEC, "accepted:\n%s", cases[i].text);
        cr_expect(err && strstr(weir_error_text(err), cases[i].problem), "%s\nhas not: %s\nbut: %s",
                  cases[i].text, cases[i].problem, err ? weir_error_text(err) : "");
    }
}

WEIR_TEST(job_spec, all_problems_are_reported_at_once_in_order) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    const weir_job_spec *job = NULL;
    static const char text[] = "queries:\n"
                               "  - name: 7\n"
                               "    sql: SELECT 1\n"
                               "    snik: {format: noop}\n"
                               "sources:\n"
                               "  s: {format: json, watermark: soon, optoins: {}}\n";
    cr_assert_eq(weir_job_spec_parse(arena, WEIR_STR(text), "job.yaml", &job, &err), WEIR_INVALID_JOB_SPEC);
    CHECK_TEXT(
        weir_error_message(err),
        "6 problems in the job spec:\n"
        "job.yaml:1: the key 'name' is missing\n"
        "job.yaml:2: queries[0].name: must be a text, not a number; write it in quotes if it is meant so\n"
        "job.yaml:2: queries[0]: the key 'sink' is missing\n"
        "job.yaml:4: queries[0].snik: unknown key; did you mean 'sink'?\n"
        "job.yaml:6: sources.s.watermark: must be a mapping (key: value), not a text\n"
        "job.yaml:6: sources.s.optoins: unknown key; did you mean 'options'?\n");
}
