/* The checkpoint's logs: Spark's text, the seal, restart, fencing, purging; and checkpoints that Spark wrote.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/env.h"
#include "driver/checkpoint/checkpoint.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/weir_test.h"

typedef struct fixture {
    weir_arena *arena;
    weir_fs *fs;
    weir_env env;
    weir_checkpoint *checkpoint;
    weir_error *err;
} fixture;

#define OPEN(f) \
    fixture f = {weir_arena_new(), \
                 weir_memory_fs_new(), \
                 {.clock = &weir_system_clock_ops, .random_bytes = weir_system_random}, \
                 NULL, \
                 NULL}; \
    weir_error *err = NULL; \
    CHECK_OK(weir_checkpoint_open(&f.env, f.fs, "/ck", &f.checkpoint, &err))
#define CLOSE(f) \
    do { \
        weir_checkpoint_close(f.checkpoint); \
        f.fs->ops->free(f.fs); \
        weir_arena_free(f.arena); \
    } while (0)

static weir_code add_offsets(weir_checkpoint *checkpoint, int64_t id, weir_error **err) {
    weir_option conf[] = {{WEIR_STR("spark.sql.shuffle.partitions"), WEIR_STR("2")},
                          {WEIR_STR("k\"\n"), WEIR_STR("v\\")}};
    weir_str offsets[] = {WEIR_STR("{\"logOffset\":3}"), {0}, WEIR_STR("17")};
    weir_offset_entry entry = {
        .batch_id = id,
        .watermark_ms = 5,
        .timestamp_ms = 1795274805708,
        .conf = {conf, 2},
        .weir = WEIR_STR("{\"epoch\":0,\"signature\":\"s\"}"),
        .offsets = {offsets, 3},
    };
    return weir_offset_log_add(checkpoint, &entry, err);
}

static weir_code add_commit(weir_checkpoint *checkpoint, int64_t id, weir_error **err) {
    weir_commit_entry entry = {
        .batch_id = id, .next_watermark_ms = 9, .weir = WEIR_STR("{\"attempt\":\"x\"}")};
    return weir_commit_log_add(checkpoint, &entry, err);
}

WEIR_TEST(checkpoint, writes_the_text_that_spark_reads) {
    OPEN(f);
    weir_str text;
    CHECK_OK(add_offsets(f.checkpoint, 0, &err));
    CHECK_OK(add_commit(f.checkpoint, 0, &err));
    CHECK_OK(weir_fs_read_all(f.fs, "/ck/offsets/0", 10000, f.arena, &text, &err));
    const char *head =
        "v1\n{\"batchWatermarkMs\":5,\"batchTimestampMs\":1795274805708,\"conf\":{\"spark.sql.shuffle."
        "partitions\":\"2\",\"k\\\"\\n\":\"v\\\\\"},\"weir\":{\"epoch\":0,\"signature\":\"s\"},"
        "\"weirCrc32c\":\"";
    cr_assert(weir_str_starts_with(text, weir_str_from(head)), "%s", text.data);
    CHECK_TEXT(text.data + strlen(head) + 8, "\"}\n{\"logOffset\":3}\n-\n17");
    CHECK_OK(weir_fs_read_all(f.fs, "/ck/commits/0", 10000, f.arena, &text, &err));
    cr_assert(weir_str_starts_with(
        text, WEIR_STR("v1\n{\"nextBatchWatermarkMs\":9,\"weir\":{\"attempt\":\"x\"},\"weirCrc32c\":\"")));
    CHECK_OK(weir_fs_read_all(f.fs, "/ck/metadata", 10000, f.arena, &text, &err));
    char *expected = weir_arena_printf(f.arena, "{\"id\":\"%s\",", weir_checkpoint_query_id(f.checkpoint));
    cr_assert(weir_str_starts_with(text, weir_str_from(expected)), "%s", text.data);
    weir_offset_entry entry;
    CHECK_OK(weir_offset_log_get(f.checkpoint, 0, f.arena, &entry, &err));
    cr_assert(entry.batch_id == 0 && entry.watermark_ms == 5 && entry.timestamp_ms == 1795274805708);
    cr_assert(entry.conf.count == 2 && weir_str_equal(entry.conf.items[1].key, WEIR_STR("k\"\n")));
    cr_assert(weir_str_equal(entry.weir, WEIR_STR("{\"epoch\":0,\"signature\":\"s\"}")));
    cr_assert(entry.offsets.count == 3 && entry.offsets.items[1].size == 0);
    cr_assert(weir_str_equal(entry.offsets.items[0], WEIR_STR("{\"logOffset\":3}")));
    weir_commit_entry commit;
    CHECK_OK(weir_commit_log_get(f.checkpoint, 0, f.arena, &commit, &err));
    cr_assert(commit.next_watermark_ms == 9 && weir_str_equal(commit.weir, WEIR_STR("{\"attempt\":\"x\"}")));
    CHECK_FAILS(NOT_FOUND, weir_offset_log_get(f.checkpoint, 1, f.arena, &entry, &err));
    CHECK_FAILS(NOT_FOUND, weir_commit_log_get(f.checkpoint, 1, f.arena, &commit, &err));
    CLOSE(f);
}

/* A driver that stands still just before it creates a file, while a newer one takes over and goes on. */
static struct {
    const weir_fs_ops *real;
    fixture *f;
    int64_t last, purged; /* the newer driver commits up to `last` and purges what is below `purged` */
} pause_of_driver;

static void take_over(weir_fs *fs) {
    fixture *f = pause_of_driver.f;
    weir_checkpoint *newer;
    weir_error *err = NULL;
    CHECK_OK(weir_checkpoint_open(&f->env, fs, "/ck", &newer, &err));
    for (int64_t id = 1; id <= pause_of_driver.last; id++)
        CHECK_OK(add_commit(newer, id, &err));
    for (int64_t id = 0; id < pause_of_driver.purged; id++)
        CHECK_OK(fs->ops->remove(fs, weir_arena_printf(f->arena, "/ck/commits/%lld", (long long)id), &err));
    weir_checkpoint_close(newer);
}

static weir_code paused_create_new(weir_fs *fs, const char *path, weir_str data, weir_error **err) {
    fs->ops = pause_of_driver.real;
    take_over(fs);
    return fs->ops->create_new(fs, path, data, err);
}

WEIR_TEST(checkpoint, leaves_no_entry_below_what_a_newer_driver_has_purged) {
    static const struct {
        int64_t last, purged;
        weir_code code;
        bool stays;
    } cases[] = {
        {0, 0, WEIR_FENCED, true},                       /* the newer one may have read it */
        {3, 1, WEIR_CONCURRENT_STREAM_LOG_UPDATE, true}, /* it has the newer one's own there */
        {5, 4, WEIR_FENCED, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        OPEN(f);
        CHECK_OK(add_commit(f.checkpoint, 0, &err));
        weir_fs_ops paused = *f.fs->ops;
        paused.create_new = paused_create_new;
        pause_of_driver.real = f.fs->ops;
        pause_of_driver.f = &f;
        pause_of_driver.last = cases[i].last;
        pause_of_driver.purged = cases[i].purged;
        f.fs->ops = &paused;
        cr_assert_eq(add_commit(f.checkpoint, 1, &err), cases[i].code, "case %zu", i);
        weir_error_free_ptr(&err);
        weir_file_info info;
        weir_code found = f.fs->ops->stat(f.fs, "/ck/commits/1", f.arena, &info, &err);
        cr_assert_eq(found, cases[i].stays ? WEIR_OK : WEIR_NOT_FOUND, "case %zu", i);
        weir_error_free_ptr(&err);
        CLOSE(f);
    }
}

WEIR_TEST(checkpoint, keeps_its_identity_and_counts_drivers) {
    OPEN(f);
    int64_t offsets, commits;
    CHECK_OK(weir_checkpoint_latest(f.checkpoint, &offsets, &commits, &err));
    cr_assert(offsets == -1 && commits == -1);
    cr_assert_eq(weir_checkpoint_epoch(f.checkpoint), 0);
    CHECK_TEXT(weir_checkpoint_directory(f.checkpoint), "/ck");
    weir_checkpoint *newer;
    CHECK_OK(weir_checkpoint_open(&f.env, f.fs, "file:/ck/", &newer, &err));
    cr_assert_eq(weir_checkpoint_epoch(newer), 1);
    CHECK_TEXT(weir_checkpoint_query_id(newer), weir_checkpoint_query_id(f.checkpoint));
    CHECK_FAILS(FENCED, add_offsets(f.checkpoint, 0, &err)); /* the older driver has lost the checkpoint */
    CHECK_OK(add_offsets(newer, 0, &err));
    CHECK_FAILS(CONCURRENT_STREAM_LOG_UPDATE, add_offsets(newer, 0, &err));
    CHECK_FAILS(FENCED, add_commit(f.checkpoint, 0, &err));
    CHECK_OK(add_commit(newer, 0, &err));
    CHECK_FAILS(CONCURRENT_STREAM_LOG_UPDATE, add_commit(newer, 0, &err));
    weir_checkpoint_close(newer);
    for (int i = 0; i < 105; i++) {
        CHECK_OK(weir_checkpoint_open(&f.env, f.fs, "/ck", &newer, &err));
        weir_checkpoint_close(newer);
    }
    weir_file_info info;
    CHECK_FAILS(NOT_FOUND, f.fs->ops->stat(f.fs, "/ck/epochs/0", f.arena, &info, &err));
    CHECK_OK(f.fs->ops->stat(f.fs, "/ck/epochs/106", f.arena, &info, &err));
    CLOSE(f);
}

/* Which logs exist, and what latest says; `at` names the file that is said to be damaged. */
WEIR_TEST(checkpoint, tells_gaps_from_open_batches) {
    static const struct {
        const char *offsets, *commits; /* one letter an id: x = there */
        int64_t latest_offsets, latest_commits;
        const char *at;
    } table[] = {
        {"", "", -1, -1, NULL},
        {"x", "", 0, -1, NULL},
        {"xx", "x", 1, 0, NULL},
        {"xx", "xx", 1, 1, NULL},
        {"  xxx", "  xx", 4, 3, NULL},
        {"  xxx", "  xxx", 4, 4, NULL},
        {"  xxx", "xxxxx", 4, 4, NULL}, /* a purge was cut short */
        {"x x", "xx", 0, 0, "/ck/offsets/1"},
        {"xxx", "x x", 0, 0, "/ck/commits/1"},
        {"xxx", "x", 0, 0, "/ck/commits/1"},
        {"xx", "", 0, 0, "/ck/commits/0"},
        {"  x", "", 0, 0, "/ck/commits/1"},
        {"xx", "xxx", 0, 0, "/ck/offsets/2"},
        {"", "x", 0, 0, "/ck/offsets/0"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        OPEN(f);
        for (int id = 0; table[i].offsets[id]; id++)
            if (table[i].offsets[id] == 'x')
                CHECK_OK(add_offsets(f.checkpoint, id, &err));
        for (int id = 0; table[i].commits[id]; id++)
            if (table[i].commits[id] == 'x')
                CHECK_OK(add_commit(f.checkpoint, id, &err));
        int64_t offsets = -2, commits = -2;
        weir_code code = weir_checkpoint_latest(f.checkpoint, &offsets, &commits, &err);
        if (table[i].at) {
            cr_assert_eq(code, WEIR_CORRUPT_FILE, "row %zu", i);
            cr_assert(strstr(weir_error_text(err), table[i].at), "row %zu: %s", i, weir_error_text(err));
            weir_error_free_ptr(&err);
        } else {
            cr_assert_eq(code, WEIR_OK, "row %zu", i);
            cr_assert(offsets == table[i].latest_offsets && commits == table[i].latest_commits, "row %zu", i);
        }
        CLOSE(f);
    }
}

WEIR_TEST(checkpoint, purges_from_the_oldest_on) {
    OPEN(f);
    for (int id = 0; id < 8; id++) {
        CHECK_OK(add_offsets(f.checkpoint, id, &err));
        CHECK_OK(add_commit(f.checkpoint, id, &err));
    }
    CHECK_OK(f.fs->ops->create_new(f.fs, "/ck/offsets/.3.crc", WEIR_STR("crc"), &err)); /* Spark was here */
    CHECK_OK(weir_checkpoint_purge(f.checkpoint, 3, &err));
    CHECK_OK(weir_checkpoint_purge(f.checkpoint, 5, &err));
    CHECK_OK(weir_checkpoint_purge(f.checkpoint, 4, &err));
    weir_file_info info;
    CHECK_FAILS(NOT_FOUND, f.fs->ops->stat(f.fs, "/ck/offsets/4", f.arena, &info, &err));
    CHECK_FAILS(NOT_FOUND, f.fs->ops->stat(f.fs, "/ck/offsets/.3.crc", f.arena, &info, &err));
    CHECK_FAILS(NOT_FOUND, f.fs->ops->stat(f.fs, "/ck/commits/0", f.arena, &info, &err));
    CHECK_OK(f.fs->ops->stat(f.fs, "/ck/commits/5", f.arena, &info, &err));
    int64_t offsets, commits;
    CHECK_OK(weir_checkpoint_latest(f.checkpoint, &offsets, &commits, &err));
    cr_assert(offsets == 7 && commits == 7);
    CLOSE(f);
}

WEIR_TEST(checkpoint, refuses_a_directory_that_lost_its_metadata) {
    OPEN(f);
    CHECK_OK(add_offsets(f.checkpoint, 0, &err));
    weir_checkpoint_close(f.checkpoint);
    f.checkpoint = NULL;
    CHECK_OK(f.fs->ops->remove(f.fs, "/ck/metadata", &err));
    CHECK_FAILS(CORRUPT_FILE, weir_checkpoint_open(&f.env, f.fs, "/ck", &f.checkpoint, &err));
    CHECK_OK(f.fs->ops->create_new(f.fs, "/ck/metadata", WEIR_STR("{\"id\":\"no-uuid\"}"), &err));
    CHECK_FAILS(CORRUPT_FILE, weir_checkpoint_open(&f.env, f.fs, "/ck", &f.checkpoint, &err));
    CLOSE(f);
}

/* tests/golden/spark_checkpoint: what a real Spark left behind. */
WEIR_TEST(checkpoint, reads_what_spark_wrote) {
    static const struct {
        const char *name;
        int64_t latest;
        int32_t sources;
    } table[] = {{"filter_append", 4, 1},
                 {"windowed_complete", -1, 1},
                 {"windowed_watermark_update", -1, 1},
                 {"union_of_two", -1, 2}};
    weir_error *err = NULL;
    weir_env env = {.clock = &weir_system_clock_ops, .random_bytes = weir_system_random};
    weir_fs *fs = weir_local_fs_new();
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        _cleanup_temp_directory_ const char *copy = weir_temp_directory_new(arena);
        char *golden = weir_arena_printf(arena, "%s/tests/golden/spark_checkpoint/%s/checkpoint",
                                         WEIR_SOURCE_DIR, table[i].name);
        char *command = weir_arena_printf(arena, "cp -r %s/. %s/", golden, copy);
        cr_assert_eq(system(command), 0);
        weir_checkpoint *checkpoint;
        int64_t offsets, commits;
        CHECK_OK(weir_checkpoint_open(&env, fs, copy, &checkpoint, &err));
        CHECK_OK(weir_checkpoint_latest(checkpoint, &offsets, &commits, &err));
        cr_assert(table[i].latest < 0 || offsets == table[i].latest);
        for (int64_t id = 0; id <= offsets; id++) {
            weir_offset_entry entry;
            CHECK_OK(weir_offset_log_get(checkpoint, id, arena, &entry, &err));
            cr_assert(entry.timestamp_ms > 1600000000000 && entry.conf.count > 5 && entry.weir.size == 0);
            cr_assert_eq(entry.offsets.count, table[i].sources);
            cr_assert(weir_options_get(&entry.conf, "spark.sql.shuffle.partitions").size > 0);
        }
        for (int64_t id = 0; id <= commits; id++) {
            weir_commit_entry entry;
            CHECK_OK(weir_commit_log_get(checkpoint, id, arena, &entry, &err));
        }
        weir_checkpoint_close(checkpoint);
    }
    fs->ops->free(fs);
}
