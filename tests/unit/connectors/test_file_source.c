/* The file source's own rules: which files it finds, in which order, in which batches, as which splits; its
 * log. What is visible and what the messages say is what a real Spark 4.3 showed for the same files and
 * options. */
#include <stdio.h>

#include "connectors/file/file_source_log.h"
#include "connectors/file/file_split.h"
#include "connectors/file/seen_files.h"
#include "tests/lib/connector_world.h"
#include "tests/lib/weir_test.h"

typedef struct source_case {
    weir_connector_world world;
    const weir_source_ops *ops;
    weir_options options;
    weir_source *source;
    weir_str from;
} source_case;

static weir_code try_open(source_case *c, const char *options, weir_error **err) {
    weir_connector_world *world = &c->world;
    const weir_type *schema;
    c->ops = weir_source_find(WEIR_STR("json"));
    c->options = weir_connector_world_options(world, options);
    c->source = NULL;
    WEIR_TRY(weir_schema_parse(world->arena, WEIR_STR("a STRING"), &schema, err));
    return c->ops->open(world->arena, &world->context, WEIR_STR("JSON"), &c->options, schema, 0, &c->source,
                        err);
}

static void open_case(source_case *c, const char *options) {
    weir_error *err = NULL;
    CHECK_OK(try_open(c, options, &err));
}

static void close_case(source_case *c) {
    if (c->source)
        c->ops->close(c->source);
    weir_connector_world_fini(&c->world);
}

static void add_file(source_case *c, const char *path) {
    weir_error *err = NULL;
    char *text = weir_arena_printf(c->world.arena, "{\"a\":\"%s\"}\n", path);
    CHECK_OK(c->world.fs->ops->create_new(c->world.fs, path, weir_str_from(text), &err));
}

/* The rows of the next batch, blank-separated; "-" where there is none. */
static const char *next_batch(source_case *c, bool available_now) {
    weir_error *err = NULL;
    weir_str to;
    CHECK_OK(c->ops->latest_offset(c->source, c->world.arena, c->from, available_now, &to, &err));
    if (weir_str_equal(to, c->from))
        return "-";
    weir_str_list splits;
    CHECK_OK(c->ops->plan(c->source, c->world.arena, c->from, to, &splits, &err));
    _cleanup_strbuf_ weir_strbuf rows = {0};
    CHECK_OK(weir_connector_world_scan(&c->world, c->ops, "json", &c->options, c->ops->schema(c->source),
                                       &splits, &rows, NULL, &err));
    for (size_t i = 0; i < rows.size; i++)
        if (rows.data[i] == '\n')
            rows.data[i] = ' ';
    CHECK_OK(c->ops->commit(c->source, c->from, &err));
    c->from = to;
    return weir_arena_strndup(c->world.arena, rows.data ? rows.data : "", rows.size);
}

WEIR_TEST(file_source, sees_what_spark_sees) {
    static const char *const files[] = {
        "/p/sub/1",       "/p/sub/_h/2", "/p/_3",   "/p/.4",        "/p/_m=5",     "/p/_metadata6",
        "/p/7._COPYING_", "/p/8",        "/g/_d/9", "/g/e/10.json", "/g/_11.json", "/g/12.json",
    };
    static const struct {
        const char *options, *rows;
    } table[] = {
        {"path=/p", "/p/_m=5 /p/8 "},
        {"path=/p,recursiveFileLookup=true", "/p/sub/1 /p/_m=5 /p/8 "},
        {"path=/p/8", "/p/8 "},
        {"path=file:/g/*", "/g/_d/9 /g/e/10.json /g/12.json "},
        {"path=/g/?/[19]*.json", "/g/e/10.json "},
        {"path=/g/e/[^a]?.json", "/g/e/10.json "},
        {"path=/g,pathGlobFilter=1[0-9].json", "/g/12.json "},
        {"path=/none*", "-"},
        {"path=/g/12.json/*", "-"},
        {"path=/g/../p/sub", "/p/sub/1 "},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        source_case c = {0};
        weir_connector_world_init(&c.world, NULL);
        for (size_t k = 0; k < WEIR_ARRAY_LEN(files); k++)
            add_file(&c, files[k]);
        open_case(&c, table[i].options);
        CHECK_TEXT(next_batch(&c, false), table[i].rows);
        CHECK_TEXT(next_batch(&c, false), "-");
        close_case(&c);
    }
}

WEIR_TEST(file_source, matches_alternatives_across_directories) {
    source_case c = {0};
    weir_connector_world_init(&c.world, NULL);
    static const char *const files[] = {"/g/e/1", "/p/s/2", "/p/s/_h/3", "/x/4"};
    for (size_t k = 0; k < WEIR_ARRAY_LEN(files); k++)
        add_file(&c, files[k]);
    weir_option option = {WEIR_STR("PATH"), WEIR_STR("/{g/e,p/s}/*")};
    weir_options options = {&option, 1};
    const weir_type *schema;
    weir_error *err = NULL;
    CHECK_OK(weir_schema_parse(c.world.arena, WEIR_STR("a STRING NOT NULL"), &schema, &err));
    c.ops = weir_source_find(WEIR_STR("json"));
    c.options = options;
    CHECK_OK(
        c.ops->open(c.world.arena, &c.world.context, WEIR_STR("json"), &options, schema, 0, &c.source, &err));
    CHECK_TEXT(next_batch(&c, false), "/g/e/1 /p/s/2 /p/s/_h/3 ");
    cr_assert(c.ops->schema(c.source)->fields[0].nullable, "files promise nothing");
    _cleanup_strbuf_ weir_strbuf text = {0};
    c.ops->describe(c.source, &text);
    CHECK_TEXT(text.data, "FileStreamSource[file:/{g/e,p/s}/*]");
    close_case(&c);
}

WEIR_TEST(file_source, takes_files_within_its_limits) {
    static const struct {
        const char *options;
        bool available_now;
        const char *batches[5];
    } table[] = {
        {"path=/in,maxFilesPerTrigger=2", false, {"/in/c /in/a ", "/in/b /in/d ", "/in/e ", "-"}},
        {"path=/in,maxFilesPerTrigger=2,latestFirst=true",
         false,
         {"/in/e /in/d ", "/in/b /in/a ", "/in/c ", "-"}},
        {"path=/in,maxFilesPerTrigger=3,maxCachedFiles=0",
         false,
         {"/in/c /in/a /in/b ", "/in/d /in/e ", "-"}},
        {"path=/in,maxFilesPerTrigger=2,maxCachedFiles=1",
         false,
         {"/in/c /in/a ", "/in/b ", "/in/d /in/e ", "-"}},
        {"path=/in,maxBytesPerTrigger=31",
         false,
         {"/in/c /in/a ", "/in/b /in/d ", "/in/e ", "-"}}, /* 15 bytes each */
        {"path=/in,maxBytesPerTrigger=1", false, {"/in/c ", "/in/a ", "/in/b ", "/in/d ", "/in/e "}},
        {"path=/in,maxFilesPerTrigger=2", true, {"/in/c /in/a ", "/in/b /in/d ", "/in/e ", "-"}},
        {"path=/in", true, {"/in/c /in/a /in/b /in/d /in/e ", "-"}},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        source_case c = {0};
        weir_connector_world_init(&c.world, NULL);
        static const char *const files[] = {"/in/c", "/in/a", "/in/b", "/in/d", "/in/e"}; /* older first */
        for (size_t k = 0; k < WEIR_ARRAY_LEN(files); k++)
            add_file(&c, files[k]);
        open_case(&c, table[i].options);
        for (int k = 0; k < 5 && table[i].batches[k]; k++)
            CHECK_TEXT(next_batch(&c, table[i].available_now), table[i].batches[k]);
        close_case(&c);
    }
}

WEIR_TEST(file_source, does_not_list_while_a_backlog_is_left) {
    source_case c = {0};
    weir_connector_world_init(&c.world, NULL);
    weir_fs *inner = c.world.fs;
    weir_fault_fs_plan plan = {.op = "list", .nth = 1000, .times = 1};
    for (int i = 0; i < 20; i++)
        add_file(&c, weir_arena_printf(c.world.arena, "/in/%02d", i));
    c.world.fs = c.world.context.fs = weir_fault_fs_new(inner, &plan);
    open_case(&c, "path=/in,maxFilesPerTrigger=1");
    CHECK_TEXT(next_batch(&c, false), "/in/00 ");
    weir_fs *failing = c.world.fs;
    weir_error *err = NULL;
    CHECK_OK(inner->ops->remove_tree(inner, "/in", &err)); /* no listing could find them any more */
    for (int i = 1; i < 20; i++) {
        weir_str to;
        CHECK_OK(c.ops->latest_offset(c.source, c.world.arena, c.from, false, &to, &err));
        cr_assert(!weir_str_equal(to, c.from), "file %d is forgotten", i);
        c.from = to;
    }
    c.ops->close(c.source);
    c.source = NULL;
    c.world.fs = inner;
    failing->ops->free(failing);
    close_case(&c);
}

WEIR_TEST(file_source, refuses_options_in_sparks_words) {
    static const struct {
        const char *options, *message;
    } table[] = {
        {"maxFilesPerTrigger=1", "'path' is not specified."},
        {"path=/nope", "Path does not exist: /nope."},
        {"path=/in,MAXFILESPERTRIGGER=0",
         "Invalid value '0' for option 'maxFilesPerTrigger', must be a positive integer"},
        {"path=/in,maxFilesPerTrigger=x",
         "Invalid value 'x' for option 'maxFilesPerTrigger', must be a positive integer"},
        {"path=/in,maxFilesPerTrigger=",
         "Invalid value '' for option 'maxFilesPerTrigger', must be a positive integer"},
        {"path=/in,maxBytesPerTrigger=-10",
         "Invalid value '-10' for option 'maxBytesPerTrigger', must be a positive integer"},
        {"path=/in,maxFilesPerTrigger=1,maxBytesPerTrigger=10",
         "Options 'maxFilesPerTrigger' and 'maxBytesPerTrigger' can't be both set at the same time"},
        {"path=/in,latestFirst=yes",
         "Invalid value 'yes' for option 'latestFirst', must be 'true' or 'false'"},
        {"path=/in,cleanSource=archive", "Archive mode must be used with 'sourceArchiveDir' option."},
        {"path=/in,cleanSource=foo",
         "Invalid mode for clean source option Some(foo). Must be one of ARCHIVE,DELETE,OFF"},
        {"path=/in,maxCachedFiles=-1",
         "Invalid value '-1' for option 'maxCachedFiles', must be an integer greater than or equal to 0"},
        {"path=/in,discardCachedInputRatio=2",
         "Invalid value '2' for option 'discardCachedInputRatio', must be a positive float between 0 and 1"},
        {"path=/in,maxFileAge=1x",
         "Time must be specified as seconds (s), milliseconds (ms), microseconds (us), minutes (m or "
         "min), hour (h), or day (d). E.g. 50s, 100ms, or 250us.\nInvalid suffix: \"x\""},
        {"path=/in,modifiedBefore=2020-01-01T00:00:00",
         "option 'modifiedbefore' is not allowed in file stream sources"},
        {"path=/in,basePath=/in", "Option basePath of the file source is not supported by Weir."},
        {"path=/g/[*", "Illegal file pattern: error parsing regexp: Unclosed character class: `/g/[*`"},
        {"path=/in,cleanSource=archive,sourceArchiveDir=/in/archive",
         "requirement failed: Base archive path cannot be set to the path where archived path can "
         "possibly match with source pattern. Ensure the base archive path doesn't match with source "
         "pattern in depth, where the depth is minimum of depth on both paths."},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        source_case c = {0};
        weir_error *err = NULL;
        weir_connector_world_init(&c.world, NULL);
        add_file(&c, "/in/a");
        cr_assert(try_open(&c, table[i].options, &err) != WEIR_OK, "%s", table[i].options);
        CHECK_TEXT(weir_error_message(err), table[i].message);
        weir_error_free_ptr(&err);
        close_case(&c);
    }
}

WEIR_TEST(file_source, refuses_partition_directories_by_name) {
    source_case c = {0};
    weir_error *err = NULL;
    weir_connector_world_init(&c.world, NULL);
    CHECK_OK(
        c.world.fs->ops->make_directory(c.world.fs, "/in/day=0", &err)); /* empty: Spark sees no partition */
    add_file(&c, "/in/a");
    open_case(&c, "path=/in");
    CHECK_TEXT(next_batch(&c, false), "/in/a ");
    add_file(&c, "/in/day=1/b");
    c.world.now_us += 10000000;
    weir_str to;
    CHECK_FAILS(NOT_SUPPORTED, c.ops->latest_offset(c.source, c.world.arena, c.from, false, &to, &err));
    close_case(&c);
}

WEIR_TEST(file_source, reads_a_sinks_output_through_its_log) {
    source_case c = {0};
    weir_error *err = NULL;
    weir_connector_world_init(&c.world, NULL);
    add_file(&c, "/out/part-1");
    add_file(&c, "/out/part-2");
    add_file(&c, "/out/zombie");
    const char *log =
        "v1\n{\"path\":\"file:///out/part-2\",\"size\":20,\"isDir\":false,\"modificationTime\":5,"
        "\"blockReplication\":1,\"blockSize\":1,\"action\":\"add\"}";
    CHECK_OK(c.world.fs->ops->create_new(c.world.fs, "/out/_spark_metadata/0", weir_str_from(log), &err));
    open_case(&c, "path=/out");
    CHECK_TEXT(next_batch(&c, false), "/out/part-2 "); /* its time in the log need not be the file's */
    log = "v1\n{\"path\":\"file:///out/part-1\",\"size\":20,\"isDir\":false,\"modificationTime\":4,"
          "\"blockReplication\":1,\"blockSize\":1,\"action\":\"add\"}";
    CHECK_OK(c.world.fs->ops->create_new(c.world.fs, "/out/_spark_metadata/1", weir_str_from(log), &err));
    CHECK_TEXT(next_batch(&c, false), "/out/part-1 ");
    c.ops->close(c.source);
    weir_code code = try_open(&c, "path=/out,cleanSource=delete", &err);
    weir_str to;
    add_file(&c, "/out/new");
    if (code == WEIR_OK)
        code = c.ops->latest_offset(c.source, c.world.arena, c.from, false, &to, &err);
    cr_assert_eq(code, WEIR_NOT_SUPPORTED);
    weir_error_free_ptr(&err);
    close_case(&c);
}

WEIR_TEST(file_source, tells_changed_and_missing_files) {
    static const struct {
        const char *options;
        bool change; /* else: remove */
        weir_code code;
    } table[] = {
        {"path=/in", true, WEIR_FAILED_READ_FILE__NO_HINT},
        {"path=/in", false, WEIR_FAILED_READ_FILE__FILE_NOT_EXIST},
        {"path=/in,ignoreMissingFiles=true", false, WEIR_OK},
        {"path=/in,ignoreMissingFiles=true", true, WEIR_FAILED_READ_FILE__NO_HINT},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        source_case c = {0};
        weir_error *err = NULL;
        weir_connector_world_init(&c.world, NULL);
        add_file(&c, "/in/a");
        add_file(&c, "/in/b");
        open_case(&c, table[i].options);
        weir_str to;
        weir_str_list splits;
        _cleanup_strbuf_ weir_strbuf rows = {0};
        CHECK_OK(c.ops->latest_offset(c.source, c.world.arena, c.from, false, &to, &err));
        CHECK_OK(c.ops->plan(c.source, c.world.arena, c.from, to, &splits, &err));
        if (table[i].change)
            CHECK_OK(c.world.fs->ops->put(c.world.fs, "/in/a", WEIR_STR("{\"a\":\"/in/x\"}\n"), &err));
        else
            CHECK_OK(c.world.fs->ops->remove(c.world.fs, "/in/a", &err));
        weir_code code = weir_connector_world_scan(&c.world, c.ops, "json", &c.options,
                                                   c.ops->schema(c.source), &splits, &rows, NULL, &err);
        cr_assert_eq(code, table[i].code, "row %zu: %s", i, err ? weir_error_text(err) : "");
        if (code == WEIR_OK)
            CHECK_TEXT(rows.data, "/in/b\n");
        else
            cr_assert(strstr(weir_error_text(err), "file:///in/a"), "%s", weir_error_text(err));
        weir_error_free_ptr(&err);
        close_case(&c);
    }
}

WEIR_TEST(file_source, cleans_up_what_is_done) {
    static const char *const modes[] = {
        "path=/in,cleanSource=delete,maxFilesPerTrigger=1",
        "path=/in,cleanSource=archive,sourceArchiveDir=/archive,maxFilesPerTrigger=1"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(modes); i++) {
        source_case c = {0};
        weir_error *err = NULL;
        weir_file_info info;
        weir_connector_world_init(&c.world, NULL);
        weir_fs *fs = c.world.fs;
        add_file(&c, "/in/a");
        add_file(&c, "/in/b");
        open_case(&c, modes[i]);
        CHECK_TEXT(next_batch(&c, false), "/in/a ");
        CHECK_OK(
            fs->ops->stat(fs, "/in/a", c.world.arena, &info, &err)); /* not before the next batch is logged */
        CHECK_TEXT(next_batch(&c, false), "/in/b ");
        CHECK_FAILS(NOT_FOUND, fs->ops->stat(fs, "/in/a", c.world.arena, &info, &err));
        CHECK_OK(fs->ops->stat(fs, "/in/b", c.world.arena, &info, &err));
        if (i == 1)
            CHECK_OK(fs->ops->stat(fs, "/archive/in/a", c.world.arena, &info, &err));
        close_case(&c);
    }
}

WEIR_TEST(file_source, hands_out_a_logged_offset_after_a_crash) {
    source_case c = {0};
    weir_error *err = NULL;
    weir_connector_world_init(&c.world, NULL);
    add_file(&c, "/in/a");
    open_case(&c, "path=/in,maxFilesPerTrigger=1");
    weir_str to;
    CHECK_OK(c.ops->latest_offset(c.source, c.world.arena, c.from, false, &to, &err));
    c.ops->close(c.source); /* died before offsets/0 */
    add_file(&c, "/in/b");
    open_case(&c, "path=/in,maxFilesPerTrigger=1");
    CHECK_OK(c.ops->recover(c.source, (weir_str){0}, &err));
    CHECK_TEXT(next_batch(&c, false), "/in/a ");
    CHECK_TEXT(next_batch(&c, false), "/in/b ");
    CHECK_FAILS(CORRUPT_FILE,
                c.ops->recover(c.source, WEIR_STR("{\"logOffset\":2}"), &err)); /* the log lost it */
    close_case(&c);
}

/* Many batches, compaction every 3, expiry of old files: nothing is read twice after a restart. */
WEIR_TEST(file_source, keeps_its_log_short) {
    source_case c = {0};
    weir_error *err = NULL;
    weir_connector_world_init(&c.world, NULL);
    c.world.conf = weir_connector_world_options(
        &c.world,
        "spark.sql.streaming.fileSource.log.compactInterval=3,spark.sql.streaming.minBatchesToRetain=2,"
        "spark.sql.streaming.fileSource.log.cleanupDelay=0");
    for (int i = 0; i < 20; i++)
        add_file(&c, weir_arena_printf(c.world.arena, "/in/%02d", i));
    open_case(&c, "path=/in,maxFilesPerTrigger=1");
    for (int i = 0; i < 20; i++)
        CHECK_TEXT(next_batch(&c, false), weir_arena_printf(c.world.arena, "/in/%02d ", i));
    weir_file_info info;
    weir_fs *fs = c.world.fs;
    CHECK_FAILS(NOT_FOUND, fs->ops->stat(fs, "/ck/sources/0/13", c.world.arena, &info, &err));
    CHECK_OK(fs->ops->stat(fs, "/ck/sources/0/17.compact", c.world.arena, &info, &err));
    CHECK_OK(fs->ops->stat(fs, "/ck/sources/0/19", c.world.arena, &info, &err));
    c.ops->close(c.source);
    open_case(&c, "path=/in,maxFilesPerTrigger=1");
    CHECK_OK(c.ops->recover(c.source, c.from, &err));
    CHECK_TEXT(next_batch(&c, false), "-");
    weir_str_list splits; /* an expired offset comes out of the compacted file */
    CHECK_OK(c.ops->plan(c.source, c.world.arena, WEIR_STR("{\"logOffset\":4}"),
                         WEIR_STR("{\"logOffset\":5}"), &splits, &err));
    cr_assert(splits.count == 1 && strstr(splits.items[0].data, "\"/in/05\""), "%s", splits.items[0].data);
    close_case(&c);
}

WEIR_TEST(file_source, goes_on_with_a_log_that_spark_wrote) {
    source_case c = {0};
    weir_error *err = NULL;
    weir_connector_world_init(&c.world, NULL);
    weir_fs *fs = c.world.fs;
    add_file(&c, "/in/a b");
    add_file(&c, "/in/c");
    weir_file_info info;
    CHECK_OK(fs->ops->stat(fs, "/in/a b", c.world.arena, &info, &err));
    char *log = weir_arena_printf(c.world.arena,
                                  "v1\n{\"path\":\"file:///in/a%%20b\",\"timestamp\":%lld,\"batchId\":0}",
                                  (long long)info.modified_ms);
    CHECK_OK(fs->ops->create_new(fs, "/ck/sources/0/0", weir_str_from(log), &err));
    open_case(&c, "path=/in");
    CHECK_TEXT(next_batch(&c, false),
               "/in/a b "); /* logged, not yet in offsets/0; its size is not in the log */
    CHECK_TEXT(next_batch(&c, false), "/in/c ");
    weir_str text;
    CHECK_OK(weir_fs_read_all(fs, "/ck/sources/0/1", 1000, c.world.arena, &text, &err));
    CHECK_OK(fs->ops->stat(fs, "/in/c", c.world.arena, &info, &err));
    char *head = weir_arena_printf(
        c.world.arena,
        "v1\n{\"path\":\"file:///in/c\",\"timestamp\":%lld,\"batchId\":1,\"size\":%lld,\"weirCrc32c\":\"",
        (long long)info.modified_ms, (long long)info.size);
    cr_assert(weir_str_starts_with(text, weir_str_from(head)), "%s", text.data);
    close_case(&c);
}

WEIR_TEST(seen_files, forgets_by_age) {
    weir_seen_files *seen = weir_seen_files_new(100, false);
    weir_seen_files_add(seen, WEIR_STR("/a"), 1000);
    cr_assert(!weir_seen_files_is_new(seen, WEIR_STR("/a"), 1000));
    cr_assert(weir_seen_files_is_new(seen, WEIR_STR("/old"), 1)); /* nothing is purged yet */
    weir_seen_files_purge(seen);
    cr_assert(!weir_seen_files_is_new(seen, WEIR_STR("/old"), 899));
    cr_assert(weir_seen_files_is_new(seen, WEIR_STR("/old"), 900));
    for (int i = 0; i < 1000; i++) {
        char name[32];
        int size = snprintf(name, sizeof name, "/f%d", i);
        weir_seen_files_add(seen, (weir_str){name, (size_t)size}, 1000 + i);
        weir_seen_files_purge(seen);
    }
    cr_assert_eq(weir_seen_files_count(seen), 101);
    cr_assert(weir_seen_files_is_new(seen, WEIR_STR("/a"), 2000),
              "a forgotten name that is young again is new");
    cr_assert(!weir_seen_files_is_new(seen, WEIR_STR("/f950"), 1950));
    weir_seen_files_free(seen);
    seen = weir_seen_files_new(INT64_MAX, true);
    weir_seen_files_add(seen, WEIR_STR("/x/name"), 5);
    weir_seen_files_purge(seen);
    cr_assert(!weir_seen_files_is_new(seen, WEIR_STR("/y/name"), 1));
    weir_seen_files_free(seen);
    weir_seen_files_free(NULL);
}

static bool cut_all(void *self, const char *path) {
    (void)self;
    return !strstr(path, ".gz");
}

WEIR_TEST(file_split, packs_and_cuts_by_size_alone) {
    weir_error *err = NULL;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    static const struct {
        int64_t target;
        const char *files;  /* name:size */
        const char *splits; /* name:start-end of each, '|' between splits */
    } table[] = {
        {1 << 20, "a:10 b:20 c:30", "a:0--1 b:0--1 c:0--1 |"},
        {1 << 20, "a:1048576 b:1", "a:0--1 |b:0--1 |"},
        {1 << 20, "a:600000 b:600000 c:100000", "a:0--1 |b:0--1 c:0--1 |"},
        {100, "a:250", "a:0-84 |a:84-168 |a:168--1 |"},
        {100, "a.gz:250 b:100", "a.gz:0--1 |b:0--1 |"},
        {100, "a:101 b:0", "a:0-51 |a:51--1 |b:0--1 |"},
        {1 << 20, "a:-1 b:5", "a:0--1 b:0--1 |"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        weir_source_files files = {0};
        char *copy = weir_arena_strdup(arena, table[i].files), *save = NULL;
        for (char *item = strtok_r(copy, " ", &save); item; item = strtok_r(NULL, " ", &save)) {
            char name[16];
            long long size;
            sscanf(item, "%15[^:]:%lld", name, &size);
            weir_source_files_push(arena, &files,
                                   (weir_source_file){.path = weir_str_from(weir_arena_strdup(arena, name)),
                                                      .size = size,
                                                      .modified_ms = 77});
        }
        weir_file_split_settings settings = {.bytes_target = table[i].target, .splittable = cut_all};
        weir_str_list splits;
        weir_file_split_plan(&settings, &files, arena, &splits);
        _cleanup_strbuf_ weir_strbuf text = {0};
        for (int32_t k = 0; k < splits.count; k++) {
            weir_file_split_pieces pieces;
            CHECK_OK(weir_file_split_parse(splits.items[k], arena, &pieces, &err));
            for (int32_t p = 0; p < pieces.count; p++) {
                cr_assert_eq(pieces.items[p].modified_ms, 77);
                weir_strbuf_addf(&text, "%s:%lld-%lld ", pieces.items[p].path,
                                 (long long)pieces.items[p].start, (long long)pieces.items[p].end);
            }
            weir_strbuf_add_char(&text, '|');
        }
        CHECK_TEXT(text.data, table[i].splits);
    }
}
