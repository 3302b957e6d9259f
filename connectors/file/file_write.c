/* Batch writes of the file sink (DataFrame.write.json(path)): a directory of part files, with partitionBy a
 * tree of directories "a=1/b=x" (partition_write.c); no _spark_metadata.
 *
 *   write_open    mode against what is there; the tasks get <path>/_temporary/<id>, which no reader looks
 * into tasks         the file sink's executor half: attempt-unique names, durable before their messages leave
 *   write_commit  overwrite: what was there goes; each file moves to <path>; _SUCCESS; _temporary goes
 *
 * The files of attempts that failed are named by no message and go with _temporary. A crash within the commit
 * leaves a directory without _SUCCESS, as Spark's committer does. With overwrite the old files stay until the
 * new ones are written, where Spark removes them first: so a job that fails loses nothing, and may read what
 * it replaces. Possible failures: PATH_ALREADY_EXISTS, UNSUPPORTED_OPTION, those of the format, IO_ERROR.
 * Worker threads of the caller, blocking. */
#include <string.h>

#include "common/base/json_value.h"
#include "connectors/file/file_int.h"
#include "connectors/file/partition_write.h"

#define STAGING_ROOT "_temporary"

typedef struct file_write {
    weir_arena *arena;
    const weir_env *env;
    weir_fs *fs;
    const char *path, *staging; /* of the output; of this write */
    const char *extension;
    weir_save_mode mode;
    bool partitioned;
} file_write;

/* ---- opening ---- */

static weir_code find_target(file_write *write, bool *ret_exists, bool *ret_is_file, weir_error **err) {
    weir_file_info info;
    weir_error *inner = NULL;
    weir_code code = write->fs->ops->stat(write->fs, write->path, write->arena, &info, &inner);
    if (code != WEIR_OK && code != WEIR_NOT_FOUND)
        return weir_error_move(err, inner);
    weir_error_free(inner);
    *ret_exists = code == WEIR_OK;
    *ret_is_file = *ret_exists && !info.is_directory;
    return WEIR_OK;
}

static weir_code check_mode(file_write *write, bool *ret_nothing, bool *ret_is_file, weir_error **err) {
    bool exists = false;
    WEIR_TRY(find_target(write, &exists, ret_is_file, err));
    *ret_nothing = exists && write->mode == WEIR_SAVE_IGNORE;
    if (exists && write->mode == WEIR_SAVE_ERROR_IF_EXISTS)
        WEIR_RAISE(err, PATH_ALREADY_EXISTS, "outputPath",
                   weir_arena_printf(write->arena, "file:%s", write->path));
    if (*ret_is_file && write->mode == WEIR_SAVE_APPEND)
        WEIR_FAIL(err, IO_ERROR, "%s is a file, not a directory", write->path);
    return WEIR_OK;
}

static weir_code check_options(const weir_options *options, weir_error **err) {
    static const char *const refused[] = {"partitionOverwriteMode", "maxRecordsPerFile"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(refused); i++)
        if (weir_options_get(options, refused[i]).data)
            WEIR_RAISE(err, UNSUPPORTED_OPTION, "option", refused[i], "where", "the file sink");
    return WEIR_OK;
}

weir_code weir_file_write_partitions(weir_arena *arena, const weir_options *options, weir_str_list *ret,
                                     weir_error **err) {
    weir_str text = weir_options_get(options, WEIR_SINK_PARTITIONS);
    weir_json *list = NULL;
    *ret = (weir_str_list){0};
    if (!text.data)
        return WEIR_OK;
    WEIR_TRY(weir_json_parse(arena, text, WEIR_SINK_PARTITIONS, &list, err));
    ret->items = WEIR_NEW_ARRAY(arena, weir_str, list->count + 1);
    for (const weir_json *item = list->first; item; item = item->next)
        ret->items[ret->count++] = item->text;
    return WEIR_OK;
}

/* Checks partitionBy; *ret_data is what the files get. */
static weir_code check_partitions(file_write *write, const weir_connector_context *context,
                                  const weir_options *options, const weir_type *schema,
                                  const weir_type **ret_data, weir_error **err) {
    weir_str_list columns;
    weir_str mode = context->conf
                        ? weir_options_get(context->conf, "spark.sql.sources.partitionOverwriteMode")
                        : (weir_str){0};
    *ret_data = schema;
    WEIR_TRY(weir_file_write_partitions(write->arena, options, &columns, err));
    write->partitioned = columns.count > 0;
    if (!write->partitioned)
        return WEIR_OK;
    if (write->mode == WEIR_SAVE_OVERWRITE && weir_str_equal_nocase(mode, WEIR_STR("dynamic")))
        WEIR_FAIL(err, NOT_SUPPORTED,
                  "Weir does not overwrite single partitions "
                  "(spark.sql.sources.partitionOverwriteMode=dynamic).");
    int32_t *places = WEIR_NEW_ARRAY(write->arena, int32_t, columns.count + 1);
    return weir_partition_write_check(write->arena, schema, &columns, places, ret_data, err);
}

weir_code weir_file_write_open(weir_arena *arena, const weir_connector_context *context, weir_str format,
                               const weir_options *options, const weir_type *schema, weir_save_mode mode,
                               const char *id, weir_options *ret_options, weir_sink **ret, weir_error **err) {
    file_write *write = WEIR_NEW(arena, file_write);
    weir_str path = weir_options_get(options, "path");
    const weir_format_ops *ops = weir_format_find(format);
    weir_write_spec *spec;
    bool nothing = false, is_file = false;
    *ret = NULL;
    if (!ops)
        WEIR_RAISE(err, DATA_SOURCE_NOT_FOUND, "provider",
                   weir_arena_strndup(arena, format.data, format.size));
    if (!path.data)
        return weir_error_raise(err, WEIR__LEGACY_ERROR_TEMP_2047, NULL);
    WEIR_TRY(check_options(options, err));
    *write = (file_write){.arena = arena, .env = context->env, .fs = context->fs, .mode = mode};
    write->path = weir_fs_normalize(arena, path);
    const char *staging = weir_arena_printf(arena, STAGING_ROOT "/%s", id);
    write->staging = weir_fs_join(arena, write->path, staging);
    WEIR_TRY(check_mode(write, &nothing, &is_file, err));
    if (nothing)
        return WEIR_OK;
    const weir_type *data;
    WEIR_TRY(check_partitions(write, context, options, schema, &data, err));
    WEIR_TRY(ops->write_spec(arena, data, options, context->zone, &spec, err));
    if (is_file) /* overwrite */
        WEIR_TRY(write->fs->ops->remove(write->fs, write->path, err));
    write->extension = ops->write_extension(spec);
    *ret_options = (weir_options){0};
    for (int32_t i = 0; i < options->count; i++)
        weir_options_set(arena, ret_options, options->items[i].key, options->items[i].value);
    weir_options_set(arena, ret_options, WEIR_STR("path"), weir_str_from(write->path));
    weir_options_set(arena, ret_options, WEIR_STR(WEIR_FILE_WRITE_STAGING), weir_str_from(staging));
    *ret = (weir_sink *)write;
    return WEIR_OK;
}

/* ---- commit ---- */

static weir_code remove_old_entry(const weir_file_info *info, void *data, weir_error **err) {
    file_write *write = data;
    if (weir_str_ends_with(info->path, WEIR_STR("/" STAGING_ROOT)))
        return WEIR_OK;
    const char *path = weir_arena_strndup(write->arena, info->path.data, info->path.size);
    return info->is_directory ? write->fs->ops->remove_tree(write->fs, path, err)
                              : write->fs->ops->remove(write->fs, path, err);
}

/* Overwrite: everything but what is staged. A file of the path's name went before the tasks began. */
static weir_code remove_old(file_write *write, weir_error **err) {
    weir_error *inner = NULL;
    weir_code code =
        write->fs->ops->list(write->fs, write->path, write->arena, remove_old_entry, write, &inner);
    if (code == WEIR_NOT_FOUND) {
        weir_error_free(inner);
        return WEIR_OK;
    }
    return code == WEIR_OK ? WEIR_OK : weir_error_move(err, inner);
}

static weir_code count_entry(const weir_file_info *info, void *data, weir_error **err) {
    (void)info, (void)err;
    ++*(int32_t *)data;
    return WEIR_OK;
}

/* Another write to the same directory may be staging beside this one. */
static weir_code remove_staging(file_write *write, weir_error **err) {
    const char *root = weir_fs_join(write->arena, write->path, STAGING_ROOT);
    int32_t others = 0;
    _cleanup_error_ weir_error *none = NULL;
    WEIR_TRY(write->fs->ops->remove_tree(write->fs, write->staging, err));
    if (write->fs->ops->list(write->fs, root, write->arena, count_entry, &others, &none) != WEIR_OK || others)
        return WEIR_OK;
    return write->fs->ops->remove_tree(write->fs, root, err);
}

/* No task wrote: there was nothing to read. Spark then leaves one file without rows. */
static weir_code write_empty(file_write *write, weir_error **err) {
    char uuid[37];
    weir_env_uuid(write->env, uuid);
    char *name = weir_arena_printf(write->arena, "part-00000-%s-c000%s", uuid, write->extension);
    return write->fs->ops->create_new(write->fs, weir_fs_join(write->arena, write->path, name), WEIR_STR(""),
                                      err);
}

weir_code weir_file_write_commit(weir_sink *sink, const weir_str *messages, int32_t count, weir_error **err) {
    file_write *write = (file_write *)sink;
    weir_fs *fs = write->fs;
    weir_staged_files files;
    WEIR_TRY(weir_file_sink_messages(write->staging, messages, count, write->arena, &files, err));
    if (write->mode == WEIR_SAVE_OVERWRITE)
        WEIR_TRY(remove_old(write, err));
    for (int32_t i = 0; i < files.count; i++) {
        const char *from = files.items[i].path.data;
        const char *below = from + strlen(write->staging) + 1;
        WEIR_TRY(fs->ops->move(fs, from, weir_fs_join(write->arena, write->path, below), err));
    }
    if (files.count == 0 && !write->partitioned)
        WEIR_TRY(write_empty(write, err));
    if (files.count == 0 && write->partitioned)
        WEIR_TRY(fs->ops->make_directory(fs, write->path, err));
    WEIR_TRY(remove_staging(write, err));
    return fs->ops->put(fs, weir_fs_join(write->arena, write->path, "_SUCCESS"), WEIR_STR(""), err);
}

/* Best effort: what stays is not seen by any reader. */
void weir_file_write_abort(weir_sink *sink) {
    file_write *write = (file_write *)sink;
    _cleanup_error_ weir_error *ignored = NULL;
    remove_staging(write, &ignored);
}
