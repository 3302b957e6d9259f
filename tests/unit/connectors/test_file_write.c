/* Batch writes of the file sink: the save modes against what is there, what a reader sees before the commit,
 * after it and after an abort. */
#include <stdio.h>
#include <string.h>

#include "tests/lib/connector_world.h"
#include "tests/lib/weir_test.h"

#define ID "5b004c40-1ee5-4541-b146-d4136731b378"

typedef struct write_case {
    weir_connector_world world;
    const weir_sink_ops *ops;
    weir_options options;
    const weir_type *schema;
    weir_sink *sink;
} write_case;

static weir_code try_write(write_case *c, const char *format, const char *options, weir_save_mode mode,
                           weir_error **err) {
    c->ops = weir_sink_find(weir_str_from(format));
    weir_options given = weir_connector_world_options(&c->world, options);
    WEIR_TRY(weir_schema_parse(c->world.arena, WEIR_STR("name STRING, value BIGINT"), &c->schema, err));
    return c->ops->write_open(c->world.arena, &c->world.context, weir_str_from(format), &given, c->schema,
                              mode, ID, &c->options, &c->sink, err);
}

static weir_str run_task(write_case *c, int32_t partition, const char *attempt, const char *rows) {
    weir_error *err = NULL;
    weir_node_sink_write *plan = WEIR_NODE_NEW(c->world.arena, SINK_WRITE, sink_write);
    plan->format = WEIR_STR("json");
    plan->options = c->options;
    plan->schema = c->schema;
    weir_sink_task *task;
    CHECK_OK(c->ops->task_open(&c->world.context, plan, 0, partition, attempt, NULL, &task, &err));
    weir_batch *batch = weir_connector_world_batch(&c->world, c->schema, rows);
    CHECK_OK(c->ops->task_write(task, batch, &err));
    weir_batch_unref(batch);
    _cleanup_strbuf_ weir_strbuf message = {0};
    CHECK_OK(c->ops->task_finish(task, &message, &err));
    return weir_arena_str(c->world.arena, weir_strbuf_view(&message));
}

typedef struct seen {
    write_case *c;
    int32_t files, rows, others; /* part files, lines in them; hidden names but _SUCCESS */
    bool success;
} seen;

static weir_code see(const weir_file_info *info, void *data, weir_error **err) {
    seen *s = data;
    const char *path = weir_arena_strndup(s->c->world.arena, info->path.data, info->path.size);
    const char *name = strrchr(path, '/') + 1;
    weir_str text;
    s->success |= strcmp(name, "_SUCCESS") == 0;
    s->others += *name == '_' && strcmp(name, "_SUCCESS") != 0;
    if (*name == '_')
        return WEIR_OK;
    s->files++;
    WEIR_TRY(weir_fs_read_all(s->c->world.fs, path, 10000, s->c->world.arena, &text, err));
    for (size_t i = 0; i < text.size; i++)
        s->rows += text.data[i] == '\n';
    return WEIR_OK;
}

static const char *look(write_case *c) {
    weir_error *err = NULL;
    seen s = {.c = c};
    weir_code code = c->world.fs->ops->list(c->world.fs, "/out", c->world.arena, see, &s, &err);
    weir_error_free(err);
    if (code != WEIR_OK)
        return "nothing";
    return weir_arena_printf(c->world.arena, "%d files, %d rows, %d hidden%s", s.files, s.rows, s.others,
                             s.success ? ", _SUCCESS" : "");
}

static void write_two(write_case *c, weir_save_mode mode) {
    weir_error *err = NULL;
    CHECK_OK(try_write(c, "json", "path=/out", mode, &err));
    /* What an attempt that failed left is named by no message. */
    run_task(c, 0, "1-0-1b004c40-1ee5-4541-b146-d4136731b378", "z:9");
    weir_str messages[] = {run_task(c, 0, "2-0-2b004c40-1ee5-4541-b146-d4136731b378", "a:1 b:2"),
                           run_task(c, 1, "2-0-2b004c40-1ee5-4541-b146-d4136731b378", "")};
    CHECK_OK(c->ops->write_commit(c->sink, messages, 2, &err));
}

WEIR_TEST(file_write, modes_are_sparks) {
    static const struct {
        weir_save_mode mode;
        const char *after_first, *after_second;
    } cases[] = {
        {WEIR_SAVE_APPEND, "1 files, 2 rows, 0 hidden, _SUCCESS", "2 files, 4 rows, 0 hidden, _SUCCESS"},
        {WEIR_SAVE_OVERWRITE, "1 files, 2 rows, 0 hidden, _SUCCESS", "1 files, 2 rows, 0 hidden, _SUCCESS"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        write_case c = {0};
        weir_error *err = NULL;
        weir_connector_world_init(&c.world, NULL);
        write_two(&c, cases[i].mode);
        CHECK_TEXT(look(&c), cases[i].after_first);
        if (cases[i].mode == WEIR_SAVE_OVERWRITE) { /* names of the same attempt would meet in append */
            write_two(&c, cases[i].mode);
            CHECK_TEXT(look(&c), cases[i].after_second);
        }
        CHECK_FAILS(PATH_ALREADY_EXISTS, try_write(&c, "json", "path=/out", WEIR_SAVE_ERROR_IF_EXISTS, &err));
        CHECK_OK(try_write(&c, "json", "path=/out", WEIR_SAVE_IGNORE, &err));
        cr_assert_null(c.sink);
        weir_connector_world_fini(&c.world);
    }
}

WEIR_TEST(file_write, nothing_is_seen_before_the_commit_and_nothing_stays_of_an_abort) {
    write_case c = {0};
    weir_error *err = NULL;
    weir_connector_world_init(&c.world, NULL);
    CHECK_OK(try_write(&c, "json", "path=/out", WEIR_SAVE_ERROR_IF_EXISTS, &err));
    run_task(&c, 0, "2-0-2b004c40-1ee5-4541-b146-d4136731b378", "a:1");
    CHECK_TEXT(look(&c), "0 files, 0 rows, 1 hidden");
    c.ops->write_abort(c.sink);
    cr_assert(strcmp(look(&c), "nothing") == 0 || strcmp(look(&c), "0 files, 0 rows, 0 hidden") == 0, "%s",
              look(&c));
    weir_connector_world_fini(&c.world);
}

WEIR_TEST(file_write, a_write_without_tasks_leaves_one_empty_file) {
    write_case c = {0};
    weir_error *err = NULL;
    weir_connector_world_init(&c.world, NULL);
    CHECK_OK(try_write(&c, "json", "path=/out", WEIR_SAVE_APPEND, &err));
    CHECK_OK(c.ops->write_commit(c.sink, NULL, 0, &err));
    CHECK_TEXT(look(&c), "1 files, 0 rows, 0 hidden, _SUCCESS");
    weir_connector_world_fini(&c.world);
}

WEIR_TEST(file_write, what_is_not_built_or_wrong_is_refused) {
    write_case c = {0};
    weir_error *err = NULL;
    weir_connector_world_init(&c.world, NULL);
    CHECK_OK(c.world.fs->ops->put(c.world.fs, "/file", WEIR_STR("x"), &err));
    CHECK_FAILS(_LEGACY_ERROR_TEMP_2047, try_write(&c, "json", "", WEIR_SAVE_APPEND, &err));
    CHECK_FAILS(UNSUPPORTED_OPTION,
                try_write(&c, "json", "path=/out,maxRecordsPerFile=3", WEIR_SAVE_APPEND, &err));
    CHECK_FAILS(IO_ERROR, try_write(&c, "json", "path=/file", WEIR_SAVE_APPEND, &err));
    CHECK_FAILS(UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE,
                try_write(&c, "text", "path=/out", WEIR_SAVE_APPEND, &err));
    CHECK_FAILS(UNSUPPORTED_DATA_SOURCE_SAVE_MODE, try_write(&c, "noop", "", WEIR_SAVE_IGNORE, &err));
    CHECK_OK(try_write(&c, "noop", "", WEIR_SAVE_APPEND, &err));
    CHECK_OK(try_write(&c, "json", "path=/file", WEIR_SAVE_OVERWRITE, &err)); /* the file goes */
    weir_connector_world_fini(&c.world);
}
