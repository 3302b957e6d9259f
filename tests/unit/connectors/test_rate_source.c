/* The rate sources' numbers: what a real Spark 4.3 gave for the same start and offsets. */
#include <stdio.h>

#include "tests/lib/connector_world.h"
#include "tests/lib/weir_test.h"

static void scan_range(weir_connector_world *world, const weir_source_ops *ops, weir_source *source,
                       const char *from, const char *to, weir_strbuf *rows) {
    weir_error *err = NULL;
    weir_str_list splits;
    weir_options options = {0};
    CHECK_OK(ops->plan(source, world->arena, weir_str_from(from), weir_str_from(to), &splits, &err));
    CHECK_OK(weir_connector_world_scan(world, ops, ops->name, &options, ops->schema(source), &splits, rows,
                                       NULL, &err));
}

/* rowsPerSecond 7, rampUpTime 5s, started at 2026-11-21T15:27:06.957Z; batches ended at 1, 2 and 3 seconds.
 */
WEIR_TEST(rate_source, gives_sparks_rows) {
    weir_connector_world world;
    weir_error *err = NULL;
    weir_connector_world_init(&world, NULL);
    CHECK_OK(world.fs->ops->create_new(world.fs, "/ck/sources/0/0", WEIR_STR("v1\n1795274826957"),
                                       &err)); /* Spark's file */
    weir_options options =
        weir_connector_world_options(&world, "rowsPerSecond=7,rampUpTime=5s,numPartitions=3");
    const weir_source_ops *ops = weir_source_find(WEIR_STR("rate"));
    weir_source *source;
    CHECK_OK(ops->open(world.arena, &world.context, WEIR_STR("rate"), &options, NULL, 0, &source, &err));
    _cleanup_strbuf_ weir_strbuf rows = {0};
    scan_range(&world, ops, source, "0", "1", &rows);
    scan_range(&world, ops, source, "1", "2", &rows);
    scan_range(&world, ops, source, "2", "3", &rows);
    CHECK_TEXT(rows.data, "2026-11-21 15:27:06.957|0\n2026-11-21 15:27:07.957|1\n2026-11-21 15:27:08.457|2\n"
                          "2026-11-21 15:27:08.957|3\n2026-11-21 15:27:09.29|4\n2026-11-21 15:27:09.624|5\n");
    _cleanup_strbuf_ weir_strbuf text = {0};
    ops->describe(source, &text);
    CHECK_TEXT(text.data, "RateStreamV2[rowsPerSecond=7, rampUpTimeSeconds=5, numPartitions=3");
    ops->close(source);
    weir_connector_world_fini(&world);
}

WEIR_TEST(rate_source, follows_the_clock_and_never_goes_back) {
    weir_connector_world world;
    weir_error *err = NULL;
    weir_connector_world_init(&world, NULL);
    weir_options options = {0};
    const weir_source_ops *ops = weir_source_find(WEIR_STR("rate"));
    weir_source *source;
    CHECK_OK(ops->open(world.arena, &world.context, WEIR_STR("rate"), &options, NULL, 0, &source, &err));
    static const struct {
        int64_t seconds;
        const char *from, *to;
    } table[] = {{0, "", "0"},   {1, "0", "1"},    {5, "1", "6"},
                 {-3, "6", "6"}, {-100, "6", "6"}, {104, "6", "7"}};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        world.now_us += table[i].seconds * 1000000;
        weir_str to;
        CHECK_OK(ops->latest_offset(source, world.arena, weir_str_from(table[i].from), false, &to, &err));
        CHECK_TEXT(to.data, table[i].to);
    }
    ops->close(source);
    world.now_us -= 3600000000; /* a restart with the clock set back */
    CHECK_OK(ops->open(world.arena, &world.context, WEIR_STR("rate"), &options, NULL, 0, &source, &err));
    CHECK_OK(ops->recover(source, WEIR_STR("7"), &err));
    weir_str to;
    CHECK_OK(ops->latest_offset(source, world.arena, WEIR_STR("7"), false, &to, &err));
    CHECK_TEXT(to.data, "7");
    ops->close(source);
    CHECK_OK(world.fs->ops->put(world.fs, "/ck/sources/0/0", WEIR_STR("v1\n"), &err));
    CHECK_FAILS(CORRUPT_FILE,
                ops->open(world.arena, &world.context, WEIR_STR("rate"), &options, NULL, 0, &source, &err));
    weir_connector_world_fini(&world);
}

WEIR_TEST(rate_source, refuses_options_in_sparks_words) {
    static const struct {
        const char *format, *options, *message;
    } table[] = {
        {"rate", "rowsPerSecond=0", "Invalid value '0'. The option 'rowsPerSecond' must be positive"},
        {"rate", "rowsPerSecond=x", "For input string: \"x\""},
        {"rate", "rampUpTime=-1s", "Invalid value '-1'. The option 'rampUpTime' must not be negative"},
        {"rate", "numPartitions=0", "Invalid value '0'. The option 'numPartitions' must be positive"},
        {"rate", "rowsPerSecond=9223372036854775807,rampUpTime=5s",
         "Max offset with 9223372036854775807 rowsPerSecond is 1, but 'rampUpTimeSeconds' is 5."},
        {"rate-micro-batch", "numPartitions=1",
         "Invalid value '0'. The option 'rowsPerBatch' must be positive"},
        {"rate-micro-batch", "rowsPerBatch=3,startTimestamp=-1",
         "Invalid value '-1'. The option 'startTimestamp' must be non-negative"},
        {"rate-micro-batch", "rowsPerBatch=3,advanceMillisPerBatch=-1",
         "Invalid value '-1'. The option 'advanceMillisPerBatch' must be non-negative"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        weir_connector_world world;
        weir_error *err = NULL;
        weir_connector_world_init(&world, NULL);
        weir_options options = weir_connector_world_options(&world, table[i].options);
        const weir_source_ops *ops = weir_source_find(weir_str_from(table[i].format));
        weir_source *source;
        cr_assert(ops->open(world.arena, &world.context, weir_str_from(table[i].format), &options, NULL, 0,
                            &source, &err) != WEIR_OK);
        CHECK_TEXT(weir_error_message(err), table[i].message);
        weir_error_free_ptr(&err);
        weir_connector_world_fini(&world);
    }
}

WEIR_TEST(rate_micro_batch_source, gives_sparks_rows) {
    weir_connector_world world;
    weir_error *err = NULL;
    weir_connector_world_init(&world, NULL);
    weir_options options =
        weir_connector_world_options(&world, "rowsPerBatch=3,numPartitions=2,startTimestamp=1000");
    const weir_source_ops *ops = weir_source_find(WEIR_STR("rate-micro-batch"));
    weir_source *source;
    CHECK_OK(ops->open(world.arena, &world.context, WEIR_STR("rate-micro-batch"), &options, NULL, 0, &source,
                       &err));
    weir_str to;
    CHECK_OK(ops->latest_offset(source, world.arena, WEIR_STR(""), true, &to, &err));
    CHECK_TEXT(to.data, "{\"offset\":3,\"timestamp\":2000}");
    _cleanup_strbuf_ weir_strbuf rows = {0};
    scan_range(&world, ops, source, "", to.data, &rows);
    CHECK_TEXT(rows.data, "1970-01-01 00:00:01|0\n1970-01-01 00:00:01|2\n1970-01-01 00:00:01|1\n");
    ops->close(source);
    weir_connector_world_fini(&world);
}
