/* Sweeps over the files that Weir shares with Spark: every length, every flipped bit, appended garbage, a
 * deleted or swapped file; and every file-system call failing in turn. A damaged log is CORRUPT_FILE, or
 * gives the same content; it is never taken for an empty or a shorter one, and nothing crashes. */
#include <errno.h>
#include <stdio.h>

#include "common/base/alloc.h"
#include "common/base/env.h"
#include "connectors/file/file_source_log.h"
#include "connectors/file/sink_manifest.h"
#include "driver/checkpoint/checkpoint.h"
#include "tests/lib/weir_test.h"

static const weir_env env = {.clock = &weir_system_clock_ops, .random_bytes = weir_system_random};

/* ---- a small checkpoint with all kinds of files ---- */

static weir_code write_source_log(weir_fs *fs, weir_arena *arena, weir_error **err) {
    weir_compactible_log settings = {.env = &env,
                                     .fs = fs,
                                     .directory = weir_arena_strdup(arena, "/ck/sources/0"),
                                     .interval = 3,
                                     .batches_to_retain = 100};
    weir_file_source_log *log;
    WEIR_TRY(weir_file_source_log_open(arena, &settings, &log, err));
    weir_code code = WEIR_OK;
    while (code == WEIR_OK && weir_file_source_log_latest(log) < 4) {
        int64_t id = weir_file_source_log_latest(log) + 1;
        weir_source_file files[2];
        for (int i = 0; i < 2; i++)
            files[i] = (weir_source_file){
                .path = weir_str_from(weir_arena_printf(arena, "/in/%lld-%d.json", (long long)id, i)),
                .size = 10 + i,
                .modified_ms = 1000 + id};
        code = weir_file_source_log_add(log, files, 2, err);
    }
    weir_file_source_log_close(log);
    return code;
}

static weir_code write_manifest(weir_fs *fs, weir_arena *arena, weir_error **err) {
    weir_sink_manifest_settings settings = {3, 100, 0, false};
    weir_sink_manifest *manifest;
    WEIR_TRY(weir_sink_manifest_open(arena, &env, fs, "/out", "query", &settings, &manifest, err));
    for (int64_t id = 0; id < 5; id++) {
        bool committed;
        WEIR_TRY(weir_sink_manifest_check(manifest, id, &committed, err));
        weir_sink_file file = {weir_str_from(weir_arena_printf(arena, "/out/part-%lld", (long long)id)),
                               7 * id, 2000 + id, false};
        if (!committed)
            WEIR_TRY(weir_sink_manifest_commit(manifest, id, &file, 1, err));
    }
    return WEIR_OK;
}

/* Writes what is not there yet: run again after a failure it completes the directory. */
static weir_code write_all(weir_fs *fs, weir_arena *arena, weir_error **err) {
    weir_checkpoint *checkpoint;
    WEIR_TRY(weir_checkpoint_open(&env, fs, "/ck", &checkpoint, err));
    int64_t offsets = -1, commits = -1;
    weir_code code = weir_checkpoint_latest(checkpoint, &offsets, &commits, err);
    weir_str offset = WEIR_STR("{\"logOffset\":1}");
    for (int64_t id = commits + 1; code == WEIR_OK && id < 3; id++) {
        weir_option conf = {WEIR_STR("spark.sql.shuffle.partitions"), WEIR_STR("2")};
        weir_offset_entry entry = {id, 4, 1000 + id, {&conf, 1}, WEIR_STR("{\"epoch\":1}"), {&offset, 1}};
        if (id > offsets)
            code = weir_offset_log_add(checkpoint, &entry, err);
        weir_commit_entry commit = {id, 8, WEIR_STR("{\"changelogs\":[1,2]}")};
        if (code == WEIR_OK)
            code = weir_commit_log_add(checkpoint, &commit, err);
    }
    weir_checkpoint_close(checkpoint);
    WEIR_TRY(code);
    WEIR_TRY(write_source_log(fs, arena, err));
    return write_manifest(fs, arena, err);
}

/* ---- what a reader makes of it, as text ---- */

static weir_code print_entry(const weir_file_source_entry *entry, void *data, weir_error **err) {
    (void)err;
    weir_strbuf_addf(data, "source " WEIR_STR_FMT " %lld %lld %lld\n", WEIR_STR_ARG(entry->file.path),
                     (long long)entry->file.size, (long long)entry->file.modified_ms,
                     (long long)entry->batch_id);
    return WEIR_OK;
}

static weir_code print_file(const weir_sink_file *file, void *data, weir_error **err) {
    (void)err;
    weir_strbuf_addf(data, "sink " WEIR_STR_FMT " %lld %lld\n", WEIR_STR_ARG(file->path),
                     (long long)file->size, (long long)file->modified_ms);
    return WEIR_OK;
}

static weir_code print_logs(weir_checkpoint *checkpoint, weir_arena *arena, weir_strbuf *buf,
                            weir_error **err) {
    int64_t offsets, commits;
    WEIR_TRY(weir_checkpoint_latest(checkpoint, &offsets, &commits, err));
    weir_strbuf_addf(buf, "id %s\nlatest %lld %lld\n", weir_checkpoint_query_id(checkpoint),
                     (long long)offsets, (long long)commits);
    for (int64_t id = 0; id <= offsets; id++) {
        weir_offset_entry entry;
        WEIR_TRY(weir_offset_log_get(checkpoint, id, arena, &entry, err));
        weir_strbuf_addf(buf, "%lld %lld %d %d " WEIR_STR_FMT " " WEIR_STR_FMT "\n",
                         (long long)entry.watermark_ms, (long long)entry.timestamp_ms, entry.conf.count,
                         entry.offsets.count,
                         WEIR_STR_ARG(entry.offsets.count ? entry.offsets.items[0] : WEIR_STR("none")),
                         WEIR_STR_ARG(entry.weir));
    }
    for (int64_t id = 0; id <= commits; id++) {
        weir_commit_entry entry;
        WEIR_TRY(weir_commit_log_get(checkpoint, id, arena, &entry, err));
        weir_strbuf_addf(buf, "%lld " WEIR_STR_FMT "\n", (long long)entry.next_watermark_ms,
                         WEIR_STR_ARG(entry.weir));
    }
    return WEIR_OK;
}

static weir_code print_all(weir_fs *fs, weir_strbuf *buf, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_checkpoint *checkpoint;
    WEIR_TRY(weir_checkpoint_open(&env, fs, "/ck", &checkpoint, err));
    weir_code code = print_logs(checkpoint, arena, buf, err);
    weir_checkpoint_close(checkpoint);
    WEIR_TRY(code);
    weir_compactible_log settings = {
        .env = &env, .fs = fs, .directory = weir_arena_strdup(arena, "/ck/sources/0"), .interval = 3};
    weir_file_source_log *log;
    WEIR_TRY(weir_file_source_log_open(arena, &settings, &log, err));
    code = weir_file_source_log_each(log, print_entry, buf, err);
    if (code == WEIR_OK && weir_file_source_log_latest(log) < 4) /* the offset log refers to 4 */
        code = weir_error_failf(err, WEIR_CORRUPT_FILE, "the source log is too short");
    weir_file_source_log_close(log);
    WEIR_TRY(code);
    weir_sink_manifest *manifest;
    weir_sink_manifest_settings sink = {3, 100, 0, false};
    WEIR_TRY(weir_sink_manifest_open(arena, &env, fs, "/out", "query", &sink, &manifest, err));
    bool committed;
    WEIR_TRY(weir_sink_manifest_check(manifest, 5, &committed, err));
    return weir_sink_manifest_each(&env, fs, "/out", arena, print_file, buf, err);
}

static const char *const files[] = {
    "/ck/metadata",
    "/ck/offsets/0",
    "/ck/offsets/1",
    "/ck/offsets/2",
    "/ck/commits/0",
    "/ck/commits/1",
    "/ck/commits/2",
    "/ck/sources/0/2.compact",
    "/ck/sources/0/3",
    "/ck/sources/0/4",
    "/out/_spark_metadata/2.compact",
    "/out/_spark_metadata/3",
    "/out/_spark_metadata/4",
    "/out/_spark_metadata/weir.query",
};

/* Puts `text` in the place of the file and reads everything. */
static void check_damaged(weir_fs *fs, const char *path, weir_str text, const char *expected, const char *how,
                          size_t at) {
    weir_error *err = NULL;
    CHECK_OK(fs->ops->put(fs, path, text, &err));
    _cleanup_strbuf_ weir_strbuf seen = {0};
    weir_code code = print_all(fs, &seen, &err);
    bool same =
        code == WEIR_OK && seen.size == strlen(expected) && memcmp(seen.data, expected, seen.size) == 0;
    bool owner = code == WEIR_CHECKPOINT_MISMATCH && strstr(path, "weir.query");
    cr_assert(same || owner || code == WEIR_CORRUPT_FILE, "%s %s at %zu: %s\n%s", path, how, at,
              err ? weir_error_text(err) : "other content", seen.data ? seen.data : "");
    weir_error_free_ptr(&err);
}

static void sweep_file(weir_fs *fs, weir_arena *arena, const char *path, const char *expected) {
    weir_error *err = NULL;
    weir_str good;
    CHECK_OK(weir_fs_read_all(fs, path, 1 << 20, arena, &good, &err));
    char *copy = weir_arena_strndup(arena, good.data, good.size + 1);
    for (size_t size = 0; size < good.size; size++)
        check_damaged(fs, path, (weir_str){good.data, size}, expected, "cut", size);
    for (size_t at = 0; at < good.size; at++) {
        static const uint8_t masks[] = {0x01, 0x02, 0x10, 0x20, 0x80, 0xFF};
        for (size_t i = 0; i < WEIR_ARRAY_LEN(masks); i++) {
            copy[at] = (char)(good.data[at] ^ masks[i]);
            check_damaged(fs, path, (weir_str){copy, good.size}, expected, "changed", at);
        }
        copy[at] = good.data[at];
    }
    static const char *const tails[] = {"\n", "x", "\n{}", "\n-", " ", "\xFF\xFF\xFF\xFF", "}"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(tails); i++) {
        char *longer = weir_arena_printf(arena, "%s%s", good.data, tails[i]);
        check_damaged(fs, path, weir_str_from(longer), expected, "appended", i);
    }
    memset(copy, 0, good.size);
    check_damaged(fs, path, (weir_str){copy, good.size}, expected, "zeroed", 0);
    CHECK_OK(fs->ops->put(fs, path, good, &err));
}

WEIR_TEST(sweep_checkpoint, finds_every_damaged_file) {
    weir_error *err = NULL;
    weir_arena *arena = weir_arena_new();
    weir_fs *fs = weir_memory_fs_new();
    CHECK_OK(write_all(fs, arena, &err));
    weir_strbuf expected = {0};
    CHECK_OK(print_all(fs, &expected, &err));
    for (size_t i = 0; i < WEIR_ARRAY_LEN(files); i++)
        sweep_file(fs, arena, files[i], expected.data);
    weir_strbuf_fini(&expected);
    fs->ops->free(fs);
    weir_arena_free(arena);
}

/* Deleted, or holding another file's content. weir.query may be missing: then Spark wrote the directory. The
 * last offsets and commits may be: they are then an open batch, as a crash leaves one. */
WEIR_TEST(sweep_checkpoint, finds_deleted_and_swapped_files) {
    weir_error *err = NULL;
    weir_arena *arena = weir_arena_new();
    weir_fs *fs = weir_memory_fs_new();
    CHECK_OK(write_all(fs, arena, &err));
    for (size_t i = 0; i < WEIR_ARRAY_LEN(files); i++) {
        bool optional = strstr(files[i], "weir.query") || strcmp(files[i], "/ck/commits/2") == 0;
        bool oldest =
            strcmp(files[i], "/ck/offsets/0") == 0 || strcmp(files[i], "/ck/commits/0") == 0; /* as purged */
        if (optional || oldest)
            continue;
        weir_str good;
        CHECK_OK(weir_fs_read_all(fs, files[i], 1 << 20, arena, &good, &err));
        CHECK_OK(fs->ops->remove(fs, files[i], &err));
        _cleanup_strbuf_ weir_strbuf seen = {0};
        weir_code code = print_all(fs, &seen, &err);
        cr_assert(code == WEIR_CORRUPT_FILE || code == WEIR_CHECKPOINT_MISMATCH, "%s deleted: %s", files[i],
                  err ? weir_error_text(err) : "accepted");
        weir_error_free_ptr(&err);
        for (size_t k = 0; k < WEIR_ARRAY_LEN(files); k++) {
            weir_str text;
            if (k == i)
                continue;
            CHECK_OK(weir_fs_read_all(fs, files[k], 1 << 20, arena, &text, &err));
            CHECK_OK(fs->ops->put(fs, files[i], text, &err));
            CHECK_FAILS(CORRUPT_FILE, print_all(fs, &seen, &err));
        }
        CHECK_OK(fs->ops->put(fs, files[i], good, &err));
    }
    fs->ops->free(fs);
    weir_arena_free(arena);
}

/* ---- failing calls ---- */

/* Fails call n of every kind, then starts anew over what was left, until a run has no fault. */
static void sweep_calls(const weir_fault_fs_plan *kind, const char *expected_tail) {
    for (int32_t nth = 1;; nth++) {
        weir_error *err = NULL;
        weir_arena *arena = weir_arena_new();
        weir_fs *inner = weir_memory_fs_new();
        weir_fault_fs_plan plan = *kind;
        plan.nth = nth;
        plan.times = 1;
        weir_fs *fs = weir_fault_fs_new(inner, &plan);
        weir_code code = write_all(fs, arena, &err);
        int32_t fired = weir_fault_fs_fired(fs);
        cr_assert(fired ? true : code == WEIR_OK, "%s", err ? weir_error_text(err) : "");
        weir_error_free_ptr(&err);
        _cleanup_strbuf_ weir_strbuf seen = {0};
        code = write_all(inner, arena, &err); /* the restart */
        if (code == WEIR_OK)
            code = print_all(inner, &seen, &err);
        if (plan.torn)
            cr_assert(code == WEIR_OK || code == WEIR_CORRUPT_FILE, "%s", err ? weir_error_text(err) : "");
        else
            cr_assert_eq(code, WEIR_OK, "%s %d: %s", plan.op, nth, err ? weir_error_text(err) : "");
        if (code == WEIR_OK)
            cr_assert(strstr(seen.data, expected_tail), "%s %d:\n%s", plan.op ? plan.op : "any", nth,
                      seen.data);
        weir_error_free_ptr(&err);
        fs->ops->free(fs);
        inner->ops->free(inner);
        weir_arena_free(arena);
        if (!fired) {
            cr_assert(nth > 1, "no call of %s was made", plan.op ? plan.op : "any");
            return;
        }
    }
}

WEIR_TEST(sweep_checkpoint, recovers_from_every_failing_call) {
    weir_error *err = NULL;
    weir_arena *arena = weir_arena_new();
    weir_fs *fs = weir_memory_fs_new();
    CHECK_OK(write_all(fs, arena, &err));
    weir_strbuf expected = {0};
    CHECK_OK(print_all(fs, &expected, &err));
    const char *tail = strchr(expected.data, '\n') + 1; /* but for the query id */
    static const weir_fault_fs_plan kinds[] = {
        {.errnum = EIO},
        {.errnum = ENOSPC},
        {.errnum = EIO, .applied = true},
        {.errnum = EIO, .torn = true},
        {.op = "create_new", .errnum = EIO},
        {.op = "create_new", .errnum = EIO, .applied = true},
        {.op = "stat", .errnum = EIO},
        {.op = "list", .errnum = EIO},
        {.op = "open", .errnum = EMFILE},
        {.op = "read", .errnum = EIO},
        {.op = "sweep", .errnum = EIO},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(kinds); i++)
        sweep_calls(&kinds[i], tail);
    weir_strbuf_fini(&expected);
    fs->ops->free(fs);
    weir_arena_free(arena);
}
