/* The file sink: tasks write attempt-unique files, commit names them in _spark_metadata/N, and only what is
 * named there exists for a reader. Spark's FileStreamSink.
 *
 * Task: part-<partition>-<attempt>-c000<ext>, opened at the first row (task 0 writes a file in any case, as
 * Spark does), durable before its message leaves. Commit: one manifest entry (sink_manifest.c). A batch that
 * is committed already is not committed again; the files of the attempt that came too late are removed, as
 * are those of an abort, unless the manifest may name them.
 *
 * Possible failures: STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE, CHECKPOINT_MISMATCH (a directory of
 * another query), CONCURRENT_STREAM_LOG_UPDATE, NO_SPACE, IO_ERROR. Commit: pool threads; tasks: task
 * threads. */
#include <stdio.h>

#include "common/base/alloc.h"
#include "common/base/json_value.h"
#include "connectors/connectors_int.h"
#include "connectors/file/file_int.h"
#include "connectors/file/partition_write.h"
#include "connectors/file/sink_manifest.h"
#include "connectors/option_value.h"

enum { SINK_OPTIONS = 5 };
static const weir_option_info option_table[SINK_OPTIONS] = {
    {"path", "Output directory.", true},
    {"partitionBy", "Columns that become directories.", false},
    {"partitionOverwriteMode", "Replace partitions.", false},
    {"retention", "Drop old files from the manifest.", false},
    {"maxRecordsPerFile", "Begin a new file after so many rows.", false},
};

typedef struct file_sink {
    weir_arena *arena;
    const weir_env *env;
    weir_fs *fs;
    char *path;
    const char *extension;
    weir_sink_manifest *manifest;
    int64_t attempted; /* the batch whose commit was begun and did not succeed; -1 = none */
} file_sink;

/* ---- driver half ---- */

static weir_code output_path(weir_arena *arena, const weir_options *options, char **ret, weir_error **err) {
    weir_str path = weir_options_get(options, "path");
    if (!path.data)
        return weir_error_raise(err, WEIR__LEGACY_ERROR_TEMP_2047, NULL);
    *ret = weir_fs_normalize(arena, path);
    return WEIR_OK;
}

static weir_code open_manifest(file_sink *sink, const weir_connector_context *context, weir_error **err) {
    weir_sink_manifest_settings settings;
    const weir_options *conf = context->conf;
    WEIR_TRY(weir_option_value_conf_long(conf, "spark.sql.streaming.fileSink.log.compactInterval", 10,
                                         &settings.compact_interval, err));
    WEIR_TRY(weir_option_value_conf_long(conf, "spark.sql.streaming.minBatchesToRetain", 100,
                                         &settings.batches_to_retain, err));
    WEIR_TRY(weir_option_value_conf_ms(conf, "spark.sql.streaming.fileSink.log.cleanupDelay", 600000,
                                       &settings.cleanup_delay_ms, err));
    WEIR_TRY(weir_option_value_conf_bool(conf, "spark.sql.streaming.fileSink.log.deletion", true,
                                         &settings.deletes, err));
    if (settings.compact_interval <= 0)
        WEIR_FAIL(
            err, INVALID_ARGUMENT,
            "requirement failed: Please set spark.sql.streaming.fileSink.log.compactInterval (was %lld) to a "
            "positive value.",
            (long long)settings.compact_interval);
    return weir_sink_manifest_open(sink->arena, sink->env, sink->fs, sink->path,
                                   weir_arena_strdup(sink->arena, context->query_id), &settings,
                                   &sink->manifest, err);
}

static weir_code sink_open(weir_arena *arena, const weir_connector_context *context, weir_str format,
                           const weir_options *options, const weir_type *schema, weir_str output_mode,
                           weir_sink **ret, weir_error **err) {
    file_sink *sink = WEIR_NEW(arena, file_sink);
    *sink = (file_sink){.arena = arena, .env = context->env, .fs = context->fs, .attempted = -1};
    WEIR_TRY(weir_options_check(options, option_table, SINK_OPTIONS, "the file sink", err));
    char *name = weir_arena_strndup(arena, format.data, format.size);
    const weir_format_ops *ops = weir_format_find(format);
    if (!ops)
        WEIR_RAISE(err, DATA_SOURCE_NOT_FOUND, "provider", name);
    if (!weir_str_equal_nocase(output_mode, WEIR_STR("append")))
        WEIR_RAISE(err, STREAMING_OUTPUT_MODE__UNSUPPORTED_DATASOURCE, "outputMode",
                   weir_arena_strndup(arena, output_mode.data, output_mode.size), "className", name);
    WEIR_TRY(output_path(arena, options, &sink->path, err));
    weir_write_spec *spec;
    WEIR_TRY(ops->write_spec(arena, schema, options, context->zone, &spec, err));
    sink->extension = ops->write_extension(spec);
    WEIR_TRY(open_manifest(sink, context, err));
    *ret = (weir_sink *)sink;
    return WEIR_OK;
}

static void stage(weir_arena *arena, weir_staged_files *files, weir_sink_file file) {
    if (files->count == files->capacity) {
        files->capacity = files->capacity ? 2 * files->capacity : 16;
        weir_sink_file *items = WEIR_NEW_ARRAY(arena, weir_sink_file, files->capacity);
        if (files->count)
            memcpy(items, files->items, (size_t)files->count * sizeof *items);
        files->items = items;
    }
    files->items[files->count++] = file;
}

/* "a=1/b=x": every component has its '=', so that none leads elsewhere. */
static bool is_partition(weir_str directory) {
    for (size_t at = 0; at <= directory.size;) {
        const char *slash = memchr(directory.data + at, '/', directory.size - at);
        size_t end = slash ? (size_t)(slash - directory.data) : directory.size;
        if (!memchr(directory.data + at, '=', end - at))
            return false;
        at = end + 1;
    }
    return true;
}

/* [{"name":"part-...","size":1,"modificationTime":2}]: names only, so that no message leads elsewhere; files
 * of partitions have "directory" as well. */
static weir_code parse_message(const char *directory, weir_str message, weir_arena *arena,
                               weir_staged_files *ret, weir_error **err) {
    weir_json *list;
    WEIR_TRY(weir_json_parse(arena, message, "file sink message", &list, err));
    for (const weir_json *item = list->first; item; item = item->next) {
        weir_str name = weir_json_get_str(item, "name", (weir_str){0});
        int64_t size = weir_json_get_int(item, "size", -1),
                time = weir_json_get_int(item, "modificationTime", -1);
        if (!weir_str_starts_with(name, WEIR_STR("part-")) || memchr(name.data, '/', name.size) || size < 0 ||
            time < 0)
            WEIR_FAIL(err, INTERNAL_ERROR, "A file sink message is none: " WEIR_STR_FMT,
                      WEIR_STR_ARG(message));
        weir_str below = weir_json_get_str(item, "directory", (weir_str){0});
        const char *into = directory;
        if (below.data && !is_partition(below))
            WEIR_FAIL(err, INTERNAL_ERROR, "A file sink message is none: " WEIR_STR_FMT,
                      WEIR_STR_ARG(message));
        if (below.data)
            into = weir_fs_join(arena, directory, weir_arena_strndup(arena, below.data, below.size));
        char *path = weir_fs_join(arena, into, weir_arena_strndup(arena, name.data, name.size));
        stage(arena, ret, (weir_sink_file){weir_str_from(path), size, time, false});
    }
    return WEIR_OK;
}

weir_code weir_file_sink_messages(const char *directory, const weir_str *messages, int32_t count,
                                  weir_arena *arena, weir_staged_files *ret, weir_error **err) {
    *ret = (weir_staged_files){0};
    for (int32_t i = 0; i < count; i++)
        WEIR_TRY(parse_message(directory, messages[i], arena, ret, err));
    return WEIR_OK;
}

static void remove_files(file_sink *sink, const weir_staged_files *files) {
    for (int32_t i = 0; i < files->count; i++) {
        _cleanup_error_ weir_error *ignored = NULL; /* nobody sees the file: it only takes space */
        sink->fs->ops->remove(sink->fs, files->items[i].path.data, &ignored);
    }
}

/* A batch in which no task wrote: Spark then lists one empty file. */
static weir_code write_empty_file(file_sink *sink, weir_arena *arena, weir_staged_files *files,
                                  weir_error **err) {
    char uuid[37];
    weir_env_uuid(sink->env, uuid);
    char *name = weir_arena_printf(arena, "part-00000-%s-c000%s", uuid, sink->extension);
    char *path = weir_fs_join(arena, sink->path, name);
    WEIR_TRY(sink->fs->ops->create_new(sink->fs, path, WEIR_STR(""), err));
    weir_file_info info;
    WEIR_TRY(sink->fs->ops->stat(sink->fs, path, arena, &info, err));
    stage(arena, files, (weir_sink_file){info.path, info.size, info.modified_ms, false});
    return WEIR_OK;
}

static weir_code sink_commit(weir_sink *sink, int64_t batch_id, const weir_str *messages, int32_t count,
                             const weir_batch *rows, weir_error **err) {
    (void)rows;
    file_sink *self = (file_sink *)sink;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_staged_files files;
    bool committed;
    WEIR_TRY(weir_sink_manifest_check(self->manifest, batch_id, &committed, err));
    WEIR_TRY(weir_file_sink_messages(self->path, messages, count, arena, &files, err));
    if (committed) {
        remove_files(self, &files);
        return WEIR_OK;
    }
    self->attempted = batch_id;
    if (files.count == 0)
        WEIR_TRY(write_empty_file(self, arena, &files, err));
    WEIR_TRY(weir_sink_manifest_commit(self->manifest, batch_id, files.items, files.count, err));
    self->attempted = -1;
    return WEIR_OK;
}

/* Best effort. Nothing is removed where the manifest names the batch, or may come to name it: after a commit
 * that failed in the middle only the next start knows. */
static void sink_abort(weir_sink *sink, int64_t batch_id, const weir_str *messages, int32_t count) {
    file_sink *self = (file_sink *)sink;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *ignored = NULL;
    weir_staged_files files;
    bool named;
    if (self->attempted == batch_id ||
        weir_sink_manifest_has(self->manifest, batch_id, &named, &ignored) != WEIR_OK || named ||
        weir_file_sink_messages(self->path, messages, count, arena, &files, &ignored) != WEIR_OK)
        return;
    remove_files(self, &files);
}

static void sink_describe(weir_sink *sink, weir_strbuf *buf) {
    weir_strbuf_addf(buf, "FileSink[file:%s]", ((file_sink *)sink)->path);
}

static void sink_close(weir_sink *sink) {
    (void)sink; /* all of it lives in the query's arena */
}

/* ---- executor half ---- */

typedef struct file_sink_task {
    weir_arena *arena;
    weir_fs *fs;
    weir_budget *budget;
    const weir_format_ops *format;
    weir_write_spec *spec;
    char *name, *path;
    bool always; /* writes a file without rows, too */
    weir_writer *writer;
    weir_partition_write *partitions; /* instead of `writer` */
} file_sink_task;

/* Spark's names end with a UUID; that of the attempt, where its name has one. */
static weir_code attempt_part(weir_arena *arena, const char *attempt, const char **ret, weir_error **err) {
    size_t size = strlen(attempt);
    for (size_t i = 0; i < size; i++) {
        char c = attempt[i];
        if (!(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && c != '-' && c != '_')
            WEIR_FAIL(err, INTERNAL_ERROR, "The attempt name %s cannot be part of a file name.", attempt);
    }
    if (size == 0 || size > 128)
        WEIR_FAIL(err, INTERNAL_ERROR, "The attempt has no name that could be part of a file name.");
    bool has_uuid = size >= 36 && attempt[size - 28] == '-' && attempt[size - 23] == '-' &&
                    attempt[size - 18] == '-' && attempt[size - 13] == '-';
    *ret = weir_arena_strdup(arena, has_uuid ? attempt + size - 36 : attempt);
    return WEIR_OK;
}

static weir_code prepare_task(file_sink_task *task, const weir_connector_context *context,
                              const weir_node_sink_write *plan, int32_t partition, const char *attempt,
                              weir_error **err) {
    task->format = weir_format_find(plan->format);
    if (!task->format)
        WEIR_RAISE(err, DATA_SOURCE_NOT_FOUND, "provider",
                   weir_arena_strndup(task->arena, plan->format.data, plan->format.size));
    char *directory = NULL;
    const char *unique = NULL;
    WEIR_TRY(output_path(task->arena, &plan->options, &directory, err));
    WEIR_TRY(attempt_part(task->arena, attempt, &unique, err));
    weir_str staging = weir_options_get(&plan->options, WEIR_FILE_WRITE_STAGING);
    if (staging.data)
        directory =
            weir_fs_join(task->arena, directory, weir_arena_strndup(task->arena, staging.data, staging.size));
    weir_partition_write_settings settings = {.fs = task->fs,
                                              .budget = task->budget,
                                              .format = task->format,
                                              .schema = plan->schema,
                                              .options = &plan->options,
                                              .zone = context->zone ? context->zone : weir_timezone_utc(),
                                              .directory = directory};
    WEIR_TRY(weir_file_write_partitions(task->arena, &plan->options, &settings.columns, err));
    settings.name = weir_arena_printf(task->arena, "part-%05d-%s", partition, unique);
    if (settings.columns.count)
        return weir_partition_write_open(task->arena, &settings, &task->partitions, err);
    WEIR_TRY(
        task->format->write_spec(task->arena, plan->schema, &plan->options, context->zone, &task->spec, err));
    task->name = weir_arena_printf(task->arena, "part-%05d-%s-c000%s", partition, unique,
                                   task->format->write_extension(task->spec));
    task->path = weir_fs_join(task->arena, directory, task->name);
    return WEIR_OK;
}

static weir_code task_open(const weir_connector_context *context, const weir_node_sink_write *plan,
                           int64_t batch_id, int32_t partition, const char *attempt, weir_budget *budget,
                           weir_sink_task **ret, weir_error **err) {
    (void)batch_id;
    weir_arena *arena = weir_arena_new_in(budget);
    file_sink_task *task = WEIR_NEW(arena, file_sink_task);
    *task = (file_sink_task){.arena = arena, .fs = context->fs, .budget = budget, .always = partition == 0};
    weir_code code = prepare_task(task, context, plan, partition, attempt, err);
    if (code == WEIR_OK)
        *ret = (weir_sink_task *)task;
    else
        weir_arena_free(arena);
    return code;
}

static weir_code ensure_writer(file_sink_task *task, weir_error **err) {
    if (task->writer)
        return WEIR_OK;
    return task->format->writer_open(task->spec, task->fs, task->path, task->budget, &task->writer, err);
}

static weir_code task_write(weir_sink_task *task, const weir_batch *batch, weir_error **err) {
    file_sink_task *self = (file_sink_task *)task;
    if (batch->rows == 0)
        return WEIR_OK;
    if (self->partitions)
        return weir_partition_write_rows(self->partitions, batch, err);
    WEIR_TRY(ensure_writer(self, err));
    return self->format->writer_write(self->writer, batch, err);
}

/* A file of a partition. */
static weir_code add_partition_file(const char *directory, const char *name, void *data, weir_error **err) {
    weir_strbuf *message = data;
    (void)err;
    weir_strbuf_add_text(message, message->size > 1 ? ",{\"directory\":" : "{\"directory\":");
    weir_json_write_string(message, weir_str_from(directory));
    weir_strbuf_addf(message, ",\"name\":\"%s\",\"size\":0,\"modificationTime\":0}", name);
    return WEIR_OK;
}

static weir_code finish_file(file_sink_task *task, weir_strbuf *ret_message, weir_error **err) {
    weir_strbuf_add_char(ret_message, '[');
    if (task->partitions) {
        WEIR_TRY(weir_partition_write_finish(task->partitions, add_partition_file, ret_message, err));
        weir_strbuf_add_char(ret_message, ']');
        return WEIR_OK;
    }
    if (task->always)
        WEIR_TRY(ensure_writer(task, err));
    if (task->writer) {
        weir_writer *writer = task->writer;
        task->writer = NULL;
        int64_t size;
        WEIR_TRY(task->format->writer_finish(writer, &size, err));
        weir_file_info info;
        WEIR_TRY(task->fs->ops->stat(task->fs, task->path, task->arena, &info, err));
        weir_strbuf_addf(ret_message, "{\"name\":\"%s\",\"size\":%lld,\"modificationTime\":%lld}", task->name,
                         (long long)info.size, (long long)info.modified_ms);
    }
    weir_strbuf_add_char(ret_message, ']');
    return WEIR_OK;
}

static void task_abort(weir_sink_task *task) {
    file_sink_task *self = (file_sink_task *)task;
    if (!self)
        return;
    if (self->writer)
        self->format->writer_abort(self->writer);
    weir_partition_write_abort(self->partitions);
    weir_arena_free(self->arena);
}

static weir_code task_finish(weir_sink_task *task, weir_strbuf *ret_message, weir_error **err) {
    weir_code code = finish_file((file_sink_task *)task, ret_message, err);
    task_abort(task);
    return code;
}

const weir_sink_ops weir_file_sink_ops = {
    .name = "file",
    .options = option_table,
    .options_count = SINK_OPTIONS,
    .open = sink_open,
    .commit = sink_commit,
    .abort = sink_abort,
    .describe = sink_describe,
    .close = sink_close,
    .write_open = weir_file_write_open,
    .write_commit = weir_file_write_commit,
    .write_abort = weir_file_write_abort,
    .task_open = task_open,
    .task_write = task_write,
    .task_finish = task_finish,
    .task_abort = task_abort,
};
