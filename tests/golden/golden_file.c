/* Replays file_read.jsonl, recorded from Spark: trees of files and what a batch read finds in them, by the
 * file source itself: columns, types, rows (in any order) or the error condition. Filters and groups are left
 * to the engine's tests. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/base/alloc.h"
#include "common/base/json_value.h"
#include "common/column/cell_text.h"
#include "tests/lib/connector_world.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/weir_test.h"

#define OLD 1433160000 /* 2015-06-01T12:00:00Z */

typedef struct file_case {
    weir_arena *arena;
    const weir_json *record;
    const char *directory;
    const weir_env *env;
    weir_options options, conf;
    const weir_timezone *zone;
    const weir_type *schema, *projection;
    weir_strbuf report;
} file_case;

static weir_str replace_directory(file_case *c, weir_str text) {
    const char *at = memmem(text.data, text.size, "{DIR}", 5);
    if (!at)
        return text;
    return weir_str_from(weir_arena_printf(c->arena, "%.*s%s%.*s", (int)(at - text.data), text.data,
                                           c->directory, (int)(text.size - (size_t)(at - text.data) - 5),
                                           at + 5));
}

static void make_tree(file_case *c) {
    weir_error *err = NULL;
    weir_fs *fs = c->env->local_fs;
    for (const weir_json *file = weir_json_get(c->record, "files")->first; file; file = file->next) {
        weir_str name = weir_json_get_str(file, "name", WEIR_STR(""));
        char *path = weir_fs_join(c->arena, c->directory, weir_arena_strndup(c->arena, name.data, name.size));
        CHECK_OK(fs->ops->put(fs, path, weir_json_get_str(file, "text", WEIR_STR("")), &err));
        const char *base = strrchr(path, '/') + 1;
        struct timespec times[2] = {{OLD, 0}, {OLD, 0}};
        if (strncmp(base, "old", 3) == 0)
            cr_assert(utimensat(AT_FDCWD, path, times, 0) == 0);
    }
}

static void read_options(file_case *c) {
    _cleanup_strbuf_ weir_strbuf paths = {0};
    for (const weir_json *o = weir_json_get(c->record, "options")->first; o; o = o->next)
        weir_options_set(c->arena, &c->options, o->name, replace_directory(c, o->text));
    const weir_json *conf = weir_json_get(c->record, "conf");
    for (const weir_json *o = conf ? conf->first : NULL; o; o = o->next)
        weir_options_set(c->arena, &c->conf, o->name, o->text);
    for (const weir_json *p = weir_json_get(c->record, "paths")->first; p; p = p->next) {
        weir_strbuf_add_char(&paths, paths.size ? ',' : '[');
        weir_json_write_string(
            &paths, weir_str_from(weir_arena_printf(c->arena, "%s%s" WEIR_STR_FMT, c->directory,
                                                    p->text.size ? "/" : "", WEIR_STR_ARG(p->text))));
    }
    weir_strbuf_add_char(&paths, ']');
    weir_options_set(c->arena, &c->options, WEIR_STR("paths"),
                     weir_arena_str(c->arena, weir_strbuf_view(&paths)));
}

/* False: a select that is more than columns. */
static bool project(file_case *c) {
    const weir_json *select = weir_json_get(c->record, "select");
    c->projection = c->schema;
    if (!select)
        return true;
    weir_field *fields = WEIR_NEW_ARRAY(c->arena, weir_field, select->count + 1);
    int32_t count = 0;
    for (const weir_json *item = select->first; item; item = item->next) {
        int32_t at = weir_type_field_index(c->schema, item->text, true);
        if (weir_str_equal(item->text, WEIR_STR("count(*)")))
            continue;
        if (at < 0)
            return false;
        fields[count++] = c->schema->fields[at];
    }
    c->projection = weir_type_struct(c->arena, fields, count);
    return true;
}

static void check_schema(file_case *c) {
    const weir_json *name = weir_json_get(c->record, "columns")->first;
    const weir_json *type = weir_json_get(c->record, "types")->first;
    if (c->projection->fields_count == 0)
        return;
    for (int32_t i = 0; i < c->projection->fields_count; i++) {
        _cleanup_strbuf_ weir_strbuf text = {0};
        weir_type_simple(&text, c->projection->fields[i].type);
        if (!name || !weir_str_equal(name->text, c->projection->fields[i].name) ||
            !weir_str_equal(type->text, weir_strbuf_view(&text)))
            weir_strbuf_addf(&c->report, "\n    column %d: got " WEIR_STR_FMT " %s", i,
                             WEIR_STR_ARG(c->projection->fields[i].name), text.data);
        name = name ? name->next : NULL;
        type = type ? type->next : NULL;
    }
    if (name)
        weir_strbuf_addf(&c->report, "\n    columns are missing");
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *row_line(file_case *c, const weir_batch *batch, int32_t row) {
    _cleanup_strbuf_ weir_strbuf line = {0};
    for (int32_t i = 0; i < batch->columns_count; i++) {
        _cleanup_column_ weir_column *flat = NULL;
        weir_error *err = NULL;
        CHECK_OK(weir_column_flatten(NULL, batch->columns[i], &flat, &err));
        weir_strbuf_add_char(&line, '|');
        if (weir_column_is_null(flat, row))
            weir_strbuf_add_text(&line, "\\N");
        else
            weir_cell_text(&line, flat, row, WEIR_TEXT_SHOW, c->zone);
    }
    return weir_arena_strdup(c->arena, line.data ? line.data : "");
}

static weir_code read_rows(file_case *c, const weir_connector_context *context, char **lines,
                           int32_t *ret_count, weir_error **err) {
    const weir_source_ops *ops = weir_source_find(weir_json_get_str(c->record, "format", WEIR_STR("csv")));
    weir_str_list splits = {0};
    weir_node_scan *scan = WEIR_NODE_NEW(c->arena, SCAN, scan);
    scan->format = weir_json_get_str(c->record, "format", WEIR_STR("csv"));
    scan->options = c->options;
    scan->schema = c->schema;
    scan->projection = c->projection;
    WEIR_TRY(ops->batch_plan(c->arena, context, scan->format, &c->options, c->schema, &splits, err));
    for (int32_t i = 0; i < splits.count; i++) {
        weir_scan *opened = NULL;
        weir_batch *batch = NULL;
        int64_t records;
        WEIR_TRY(ops->scan_open(context, scan, splits.items[i], NULL, &opened, err));
        weir_code code;
        while ((code = ops->scan_next(opened, &batch, &records, err)) == WEIR_OK && batch) {
            for (int32_t row = 0; row < batch->rows && *ret_count < 1000; row++)
                lines[(*ret_count)++] = row_line(c, batch, row);
            weir_batch_unref(batch);
            batch = NULL;
        }
        ops->scan_close(opened);
        if (code != WEIR_OK)
            return code;
    }
    return WEIR_OK;
}

static void compare_rows(file_case *c, char **lines, int32_t count) {
    const weir_json *rows = weir_json_get(c->record, "rows");
    char **want = WEIR_NEW_ARRAY(c->arena, char *, rows->count + 1);
    int32_t want_count = 0;
    if (c->projection->fields_count == 0) {
        if (strtol(rows->first->first->text.data, NULL, 10) != count)
            weir_strbuf_addf(&c->report, "\n    got %d rows", count);
        return;
    }
    for (const weir_json *row = rows->first; row; row = row->next) {
        _cleanup_strbuf_ weir_strbuf line = {0};
        for (const weir_json *cell = row->first; cell; cell = cell->next)
            weir_strbuf_addf(&line, "|" WEIR_STR_FMT,
                             WEIR_STR_ARG(cell->kind == WEIR_JSON_NULL ? WEIR_STR("\\N") : cell->text));
        want[want_count++] = weir_arena_strdup(c->arena, line.data ? line.data : "");
    }
    qsort(lines, (size_t)count, sizeof *lines, by_text);
    qsort(want, (size_t)want_count, sizeof *want, by_text);
    for (int32_t i = 0; i < WEIR_MAX(count, want_count); i++)
        if (i >= count || i >= want_count || strcmp(lines[i], want[i]) != 0)
            weir_strbuf_addf(&c->report, "\n    row %d: got %s, Spark %s", i, i < count ? lines[i] : "none",
                             i < want_count ? want[i] : "none");
}

static void compare_error(file_case *c, weir_code code, const weir_error *err) {
    const weir_json *error = weir_json_get(c->record, "error");
    const weir_json *condition = error ? weir_json_get(error, "condition") : NULL;
    if (!error)
        weir_strbuf_addf(&c->report, "\n    got %s", weir_error_text(err));
    else if (code == WEIR_OK)
        weir_strbuf_addf(&c->report, "\n    Spark fails");
    else if (condition->kind == WEIR_JSON_STRING &&
             !weir_str_equal(condition->text, weir_str_from(weir_code_condition(code))))
        weir_strbuf_addf(&c->report, "\n    got %s, Spark " WEIR_STR_FMT, weir_error_text(err),
                         WEIR_STR_ARG(condition->text));
}

static bool replay(const weir_json *record, const char *directory, const weir_env *env, int32_t *wrong) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    file_case c = {.arena = arena, .record = record, .directory = directory, .env = env};
    const weir_source_ops *ops = weir_source_find(weir_json_get_str(record, "format", WEIR_STR("csv")));
    weir_str given_text = weir_json_get_str(record, "schema", WEIR_STR(""));
    const weir_type *given = NULL;
    char *lines[1000];
    int32_t count = 0;
    make_tree(&c);
    read_options(&c);
    weir_str zone = weir_options_get(&c.conf, "spark.sql.session.timeZone");
    CHECK_OK(weir_timezone_open(zone.data ? zone : WEIR_STR("UTC"), &c.zone, &err));
    weir_connector_context context = {.env = env, .fs = env->local_fs, .conf = &c.conf, .zone = c.zone};
    if (given_text.size)
        CHECK_OK(weir_schema_parse(arena, given_text, &given, &err));
    weir_code code = ops->batch_schema(arena, &context, weir_json_get_str(record, "format", WEIR_STR("csv")),
                                       &c.options, given, &c.schema, &err);
    if (code == WEIR_OK && !project(&c))
        return false;
    if (code == WEIR_OK)
        code = read_rows(&c, &context, lines, &count, &err);
    if (code != WEIR_OK || weir_json_get(record, "error")) {
        compare_error(&c, code, err);
    } else {
        check_schema(&c);
        compare_rows(&c, lines, count);
    }
    if (c.report.size) {
        fprintf(stderr, WEIR_STR_FMT ":%s\n", WEIR_STR_ARG(weir_json_get_str(record, "name", WEIR_STR(""))),
                c.report.data);
        ++*wrong;
    }
    weir_strbuf_fini(&c.report);
    return true;
}

WEIR_TEST(golden_file, discovery_finds_what_spark_finds) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    weir_str text = weir_temp_file_read(arena, WEIR_SOURCE_DIR "/tests/golden/file_read.jsonl");
    const char *root = weir_temp_directory_new(arena);
    weir_connector_world world;
    int32_t compared = 0, wrong = 0, at_case = 0;
    weir_connector_world_init(&world, weir_local_fs_new());
    cr_assert_not_null(text.data);
    for (size_t at = 0; at < text.size;) {
        const char *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end ? (size_t)(end - text.data) - at : text.size - at;
        weir_json *record = NULL;
        CHECK_OK(
            weir_json_parse(arena, weir_str_make(text.data + at, size), "file_read.jsonl", &record, &err));
        if (weir_json_get(record, "files"))
            compared +=
                replay(record, weir_arena_printf(arena, "%s/%d", root, at_case++), &world.env, &wrong);
        at += size + 1;
    }
    weir_temp_directory_remove(root);
    weir_connector_world_fini(&world);
    cr_assert(wrong == 0, "%d of %d records differ from Spark", wrong, compared);
    cr_assert(compared >= 110, "only %d records compared", compared);
}
