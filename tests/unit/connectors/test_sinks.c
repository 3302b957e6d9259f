/* What is each sink's own: the file sink's manifest and ownership, the console's text, the memory table's
 * modes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/json_value.h"
#include "connectors/file/sink_manifest.h"
#include "connectors/memory/memory_sink.h"
#include "tests/lib/connector_world.h"
#include "tests/lib/weir_test.h"

typedef struct sink_case {
    weir_connector_world world;
    const weir_sink_ops *ops;
    weir_options options;
    const weir_type *schema;
    weir_sink *sink;
} sink_case;

static weir_code try_open(sink_case *c, const char *format, const char *options, const char *mode,
                          weir_error **err) {
    c->ops = weir_sink_find(weir_str_from(format));
    c->options = weir_connector_world_options(&c->world, options);
    c->sink = NULL;
    WEIR_TRY(weir_schema_parse(c->world.arena, WEIR_STR("name STRING, value BIGINT"), &c->schema, err));
    return c->ops->open(c->world.arena, &c->world.context, weir_str_from(format), &c->options, c->schema,
                        weir_str_from(mode), &c->sink, err);
}

static weir_str run_task(sink_case *c, int64_t batch_id, int32_t partition, const char *rows) {
    weir_error *err = NULL;
    weir_node_sink_write *plan = WEIR_NODE_NEW(c->world.arena, SINK_WRITE, sink_write);
    plan->format = WEIR_STR("json");
    plan->options = c->options;
    plan->schema = c->schema;
    weir_sink_task *task;
    CHECK_OK(c->ops->task_open(&c->world.context, plan, batch_id, partition,
                               "3-0-0b004c40-1ee5-4541-b146-d4136731b378", NULL, &task, &err));
    weir_batch *batch = weir_connector_world_batch(&c->world, c->schema, rows);
    CHECK_OK(c->ops->task_write(task, batch, &err));
    weir_batch_unref(batch);
    _cleanup_strbuf_ weir_strbuf message = {0};
    CHECK_OK(c->ops->task_finish(task, &message, &err));
    return weir_arena_str(c->world.arena, weir_strbuf_view(&message));
}

WEIR_TEST(file_sink, writes_the_manifest_that_spark_reads) {
    sink_case c = {0};
    weir_error *err = NULL;
    weir_connector_world_init(&c.world, NULL);
    CHECK_OK(try_open(&c, "json", "path=/o p", "append", &err));
    weir_str messages[] = {run_task(&c, 0, 0, "a:1"), run_task(&c, 0, 1, ""), run_task(&c, 0, 2, "b:2")};
    CHECK_TEXT(messages[1].data, "[]"); /* only task 0 writes a file without rows */
    CHECK_OK(c.ops->commit(c.sink, 0, messages, 3, NULL, &err));
    weir_str text;
    CHECK_OK(weir_fs_read_all(c.world.fs, "/o p/_spark_metadata/0", 10000, c.world.arena, &text, &err));
    weir_file_info info;
    const char *part = "part-00000-0b004c40-1ee5-4541-b146-d4136731b378-c000.json";
    CHECK_OK(c.world.fs->ops->stat(c.world.fs, weir_fs_join(c.world.arena, "/o p", part), c.world.arena,
                                   &info, &err));
    char *line = weir_arena_printf(
        c.world.arena,
        "v1\n{\"path\":\"file:///o%%20p/%s\",\"size\":23,\"isDir\":false,\"modificationTime\":%lld,"
        "\"blockReplication\":1,\"blockSize\":33554432,\"action\":\"add\",\"weirCrc32c\":\"",
        part, (long long)info.modified_ms);
    cr_assert(weir_str_starts_with(text, weir_str_from(line)), "%s", text.data);
    cr_assert(strstr(text.data, "part-00002-") && !strstr(text.data, "part-00001-"));
    _cleanup_strbuf_ weir_strbuf name = {0};
    c.ops->describe(c.sink, &name);
    CHECK_TEXT(name.data, "FileSink[file:/o p]");
    c.ops->close(c.sink);
    weir_connector_world_fini(&c.world);
}

WEIR_TEST(file_sink, writes_one_empty_file_for_an_empty_batch) {
    sink_case c = {0};
    weir_error *err = NULL;
    weir_connector_world_init(&c.world, NULL);
    CHECK_OK(try_open(&c, "json", "path=/out", "append", &err));
    weir_str messages[] = {run_task(&c, 0, 0, ""), run_task(&c, 0, 1, "")};
    CHECK_OK(c.ops->commit(c.sink, 0, messages, 2, NULL, &err));
    CHECK_OK(c.ops->commit(c.sink, 1, NULL, 0, NULL, &err)); /* no task at all */
    for (int i = 0; i < 2; i++) {
        weir_str text;
        char *path = weir_arena_printf(c.world.arena, "/out/_spark_metadata/%d", i);
        CHECK_OK(weir_fs_read_all(c.world.fs, path, 10000, c.world.arena, &text, &err));
        cr_assert(strstr(text.data, "\"size\":0,") && strstr(text.data, "part-00000-"), "%s", text.data);
    }
    c.ops->close(c.sink);
    weir_connector_world_fini(&c.world);
}

WEIR_TEST(file_sink, refuses_the_directory_of_another_query) {
    sink_case c = {0};
    weir_error *err = NULL;
    weir_connector_world_init(&c.world, NULL);
    CHECK_OK(try_open(&c, "json", "path=/out", "append", &err));
    for (int64_t id = 0; id < 3; id++)
        CHECK_OK(c.ops->commit(c.sink, id, NULL, 0, NULL, &err));
    c.ops->close(c.sink);
    CHECK_OK(try_open(&c, "json", "path=/out", "append", &err)); /* the same query again */
    CHECK_OK(c.ops->commit(c.sink, 2, NULL, 0, NULL, &err));
    CHECK_OK(c.ops->commit(c.sink, 3, NULL, 0, NULL, &err));
    CHECK_FAILS(CHECKPOINT_MISMATCH,
                c.ops->commit(c.sink, 9, NULL, 0, NULL, &err)); /* not what it wrote to */
    c.ops->close(c.sink);
    c.world.context.query_id = "99999999-2222-4333-8444-555555555555";
    CHECK_FAILS(CHECKPOINT_MISMATCH, try_open(&c, "json", "path=/out", "append", &err));
    weir_connector_world_fini(&c.world);
}

/* A directory without an owner: Spark wrote it. The first batch decides. */
WEIR_TEST(file_sink, goes_on_where_spark_stopped) {
    static const struct {
        int64_t first; /* the query's next batch; Spark's manifest ends with 1 */
        weir_code code;
        bool written;
    } table[] = {{2, WEIR_OK, true},
                 {1, WEIR_OK, false},
                 {0, WEIR_CHECKPOINT_MISMATCH, false},
                 {5, WEIR_CHECKPOINT_MISMATCH, false}};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        sink_case c = {0};
        weir_error *err = NULL;
        weir_connector_world_init(&c.world, NULL);
        weir_str log = WEIR_STR(
            "v1\n{\"path\":\"file:///out/part-s\",\"size\":20,\"isDir\":false,\"modificationTime\":5,"
            "\"blockReplication\":1,\"blockSize\":1,\"action\":\"add\"}");
        CHECK_OK(c.world.fs->ops->create_new(c.world.fs, "/out/_spark_metadata/0", log, &err));
        CHECK_OK(c.world.fs->ops->create_new(c.world.fs, "/out/_spark_metadata/1", log, &err));
        CHECK_OK(try_open(&c, "json", "path=/out", "append", &err));
        weir_code code = c.ops->commit(c.sink, table[i].first, NULL, 0, NULL, &err);
        cr_assert_eq(code, table[i].code, "row %zu: %s", i, err ? weir_error_text(err) : "");
        weir_error_free_ptr(&err);
        weir_file_info info;
        code = c.world.fs->ops->stat(c.world.fs, "/out/_spark_metadata/2", c.world.arena, &info, &err);
        weir_error_free_ptr(&err);
        cr_assert_eq(code == WEIR_OK, table[i].written);
        c.ops->close(c.sink);
        weir_connector_world_fini(&c.world);
    }
}

WEIR_TEST(file_sink, keeps_files_whose_commit_is_in_doubt) {
    sink_case c = {0};
    weir_error *err = NULL;
    weir_connector_world_init(&c.world, NULL);
    weir_fs *inner = c.world.fs;
    weir_fault_fs_plan plan = {
        .op = "create_new", .nth = 2, .times = 1, .errnum = EIO, .applied = true}; /* after weir.query */
    weir_fs *faulty = c.world.context.fs = weir_fault_fs_new(inner, &plan);
    CHECK_OK(try_open(&c, "json", "path=/out", "append", &err));
    weir_str message = run_task(&c, 0, 0, "a:1");
    CHECK_FAILS(IO_ERROR, c.ops->commit(c.sink, 0, &message, 1, NULL, &err));
    c.ops->abort(c.sink, 0, &message, 1);
    weir_file_info info;
    CHECK_OK(inner->ops->stat(inner, "/out/part-00000-0b004c40-1ee5-4541-b146-d4136731b378-c000.json",
                              c.world.arena, &info, &err));
    c.ops->close(c.sink);
    c.world.context.fs =
        inner; /* the next start sees that the batch is in, and drops the second attempt's file */
    CHECK_OK(try_open(&c, "json", "path=/out", "append", &err));
    weir_str again =
        WEIR_STR("[{\"name\":\"part-00000-second-c000.json\",\"size\":1,\"modificationTime\":1}]");
    CHECK_OK(inner->ops->create_new(inner, "/out/part-00000-second-c000.json", WEIR_STR("x"), &err));
    CHECK_OK(c.ops->commit(c.sink, 0, &again, 1, NULL, &err));
    CHECK_FAILS(NOT_FOUND,
                inner->ops->stat(inner, "/out/part-00000-second-c000.json", c.world.arena, &info, &err));
    weir_str evil = WEIR_STR("[{\"name\":\"part-/../../etc/passwd\",\"size\":1,\"modificationTime\":1}]");
    CHECK_FAILS(INTERNAL_ERROR, c.ops->commit(c.sink, 1, &evil, 1, NULL, &err));
    c.ops->close(c.sink);
    faulty->ops->free(faulty);
    weir_connector_world_fini(&c.world);
}

WEIR_TEST(file_sink, refuses_modes_and_options_by_name) {
    static const struct {
        const char *options, *mode, *message;
    } table[] = {
        {"path=/o", "update",
         "Invalid streaming output mode: update. This output mode is not supported in Data Source json."},
        {"path=/o", "complete",
         "Invalid streaming output mode: complete. This output mode is not supported in Data Source json."},
        {"a=b", "append", "'path' is not specified."},
        {"path=/o,partitionBy=name", "append",
         "Option partitionBy of the file sink is not supported by Weir."},
        {"path=/o,retention=1d", "append", "Option retention of the file sink is not supported by Weir."},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        sink_case c = {0};
        weir_error *err = NULL;
        weir_connector_world_init(&c.world, NULL);
        cr_assert(try_open(&c, "json", table[i].options, table[i].mode, &err) != WEIR_OK);
        CHECK_TEXT(weir_error_message(err), table[i].message);
        weir_error_free_ptr(&err);
        weir_connector_world_fini(&c.world);
    }
}

WEIR_TEST(console_sink, prints_as_spark_prints) {
    sink_case c = {0};
    weir_error *err = NULL;
    weir_connector_world_init(&c.world, NULL);
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    c.world.fds.results_fd = ends[1];
    CHECK_OK(try_open(&c, "CONSOLE", "NUMROWS=2", "complete", &err));
    weir_batch *batch =
        weir_connector_world_batch(&c.world, c.schema, "a-name-longer-than-twenty:1 b:22 c:3");
    CHECK_OK(c.ops->commit(c.sink, 7, NULL, 0, batch, &err));
    weir_batch_unref(batch);
    CHECK_OK(c.ops->commit(c.sink, 8, NULL, 0, NULL, &err));
    close(ends[1]);
    char text[4096];
    ssize_t size = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    text[size] = 0;
    CHECK_TEXT(
        text,
        "-------------------------------------------\nBatch: 7\n-------------------------------------------\n"
        "+--------------------+-----+\n|                name|value|\n+--------------------+-----+\n"
        "|a-name-longer-tha...|    1|\n|                   b|   22|\n+--------------------+-----+\n"
        "only showing top 2 rows\n" /* Spark puts no empty line here */
        "-------------------------------------------\nBatch: 8\n-------------------------------------------\n"
        "+----+-----+\n|name|value|\n+----+-----+\n+----+-----+\n\n");
    c.ops->close(c.sink);
    CHECK_FAILS(INVALID_ARGUMENT, try_open(&c, "console", "numRows=x", "append", &err));
    CHECK_FAILS(INVALID_ARGUMENT, try_open(&c, "console", "truncate=20", "append", &err));
    weir_connector_world_fini(&c.world);
}

WEIR_TEST(memory_sink, replaces_in_complete_mode_and_outlives_the_query) {
    static const struct {
        const char *mode;
        int32_t rows;
    } table[] = {{"append", 3}, {"update", 3}, {"complete", 1}};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        sink_case c = {0};
        weir_error *err = NULL;
        weir_connector_world_init(&c.world, NULL);
        CHECK_OK(try_open(&c, "memory", "", table[i].mode, &err));
        weir_memory_table *memory = weir_memory_sink_table(c.sink);
        static const char *const batches[] = {"a:1 b:2", "c:3"};
        for (int64_t id = 0; id < 2; id++) {
            weir_batch *batch = weir_connector_world_batch(&c.world, c.schema, batches[id]);
            CHECK_OK(c.ops->commit(c.sink, id, NULL, 0, batch, &err));
            CHECK_OK(c.ops->commit(c.sink, id, NULL, 0, batch, &err));
            weir_batch_unref(batch);
        }
        c.ops->close(c.sink);
        weir_connector_world_fini(&c.world);
        weir_batch *all;
        CHECK_OK(weir_memory_table_read(memory, &all, &err));
        cr_assert_eq(all->rows, table[i].rows);
        cr_assert_eq(weir_memory_table_latest(memory), 1);
        cr_assert(weir_str_equal(weir_memory_table_schema(memory)->fields[0].name, WEIR_STR("name")));
        cr_assert(weir_str_equal(weir_column_bytes(all->columns[0], table[i].rows - 1), WEIR_STR("c")));
        weir_batch_unref(all);
        weir_memory_table_unref(memory);
    }
}
