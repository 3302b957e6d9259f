/* The file source in a batch query: what lies there now, without a log. Files are cut and packed as in a
 * stream, the largest first as Spark's FilePartition has them. Possible failures: PATH_NOT_FOUND,
 * INVALID_ARGUMENT for options, IO_ERROR. Driver, pool threads. */
#include <stdlib.h>

#include "common/base/json_value.h"
#include "connectors/file/file_int.h"
#include "connectors/file/file_split.h"
#include "connectors/file/glob.h"
#include "connectors/option_value.h"

typedef struct batch_read {
    weir_arena *arena;
    const weir_connector_context *context;
    const weir_format_ops *format;
    weir_read_spec *spec;
    weir_file_source_options options;
    weir_source_files files;
} batch_read;

static bool is_splittable(void *self, const char *path) {
    const batch_read *read = self;
    return read->format->splittable(read->spec, path);
}

static weir_code check_path(const batch_read *read, weir_str path, const char *normal, weir_error **err) {
    weir_file_info info;
    weir_error *inner = NULL;
    weir_fs *fs = read->context->fs;
    weir_code code = fs->ops->stat(fs, normal, read->arena, &info, &inner);
    if (code == WEIR_NOT_FOUND) {
        weir_error_free(inner);
        WEIR_RAISE(err, PATH_NOT_FOUND, "path", weir_arena_strndup(read->arena, path.data, path.size));
    }
    return code == WEIR_OK ? WEIR_OK : weir_error_move(err, inner);
}

static weir_code add_path(batch_read *read, weir_str path, weir_error **err) {
    weir_file_listing listing = {
        .env = read->context->env,
        .fs = read->context->fs,
        .path = weir_fs_normalize(read->arena, path),
        .is_pattern = weir_glob_is_pattern(path),
        .recursive = read->options.recursive,
        .name_filter = read->options.name_filter,
    };
    weir_source_files found = {0};
    if (!listing.is_pattern)
        WEIR_TRY(check_path(read, path, listing.path, err));
    WEIR_TRY(weir_option_value_conf_bool(read->context->conf,
                                         "spark.sql.streaming.fileStreamSink.ignoreMetadata", false,
                                         &listing.ignore_sink_metadata, err));
    WEIR_TRY(weir_file_listing_decide(&listing, err));
    WEIR_TRY(weir_file_listing_fetch(&listing, read->arena, &found, err));
    if (listing.is_pattern && found.count == 0)
        WEIR_RAISE(err, PATH_NOT_FOUND, "path", weir_arena_strndup(read->arena, path.data, path.size));
    for (size_t i = 0; i < found.count; i++) {
        found.items[i].modified_ms = -1; /* a batch reads the files as they are */
        weir_source_files_push(read->arena, &read->files, found.items[i]);
    }
    return WEIR_OK;
}

/* `path`, or Spark's `paths`: a JSON list. */
static weir_code add_paths(batch_read *read, const weir_options *options, weir_error **err) {
    weir_str path = weir_options_get(options, "path"), paths = weir_options_get(options, "paths");
    if (!path.data && !paths.data)
        return weir_error_raise(err, WEIR__LEGACY_ERROR_TEMP_2047, NULL);
    if (path.data)
        WEIR_TRY(add_path(read, path, err));
    weir_json *list = NULL;
    if (paths.data)
        WEIR_TRY(weir_json_parse(read->arena, paths, "option paths", &list, err));
    for (const weir_json *item = list ? list->first : NULL; item; item = item->next)
        if (item->kind == WEIR_JSON_STRING)
            WEIR_TRY(add_path(read, item->text, err));
    return WEIR_OK;
}

/* ---- the schema ---- */

static weir_code infer_schema(batch_read *read, const weir_options *options, const weir_type **ret,
                              weir_error **err) {
    weir_read_request request;
    if (!read->format->infer)
        WEIR_FAIL(err, NOT_SUPPORTED, "the schema of %s files is not inferred; give one", read->format->name);
    WEIR_TRY(weir_file_read_request(read->context, options, NULL, NULL, &request, err));
    WEIR_TRY(add_paths(read, options, err));
    weir_split *splits = WEIR_NEW_ARRAY(read->arena, weir_split, read->files.count + 1);
    for (size_t i = 0; i < read->files.count; i++)
        splits[i] = (weir_split){.path = weir_arena_strndup(read->arena, read->files.items[i].path.data,
                                                            read->files.items[i].path.size),
                                 .end = -1,
                                 .size = -1,
                                 .modified_ms = -1};
    WEIR_TRY(read->format->infer(read->arena, &request, read->context->fs, splits, (int32_t)read->files.count,
                                 NULL, ret, err));
    if (read->files.count)
        return WEIR_OK;
    char *name = weir_arena_strdup(read->arena, read->format->name);
    for (char *c = name; *c; c++)
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
    WEIR_RAISE(err, UNABLE_TO_INFER_SCHEMA, "format", name);
}

weir_code weir_file_batch_schema(weir_arena *arena, const weir_connector_context *context, weir_str format,
                                 const weir_options *options, const weir_type *schema, const weir_type **ret,
                                 weir_error **err) {
    batch_read read = {.arena = arena, .context = context, .format = weir_format_find(format)};
    if (schema) {
        *ret = weir_file_nullable_type(arena, schema);
        return WEIR_OK;
    }
    if (read.format->schema)
        return weir_schema_parse(arena, weir_str_from(read.format->schema), ret, err);
    WEIR_TRY(weir_file_source_options_parse(options, arena, &read.options, err));
    return infer_schema(&read, options, ret, err);
}

/* ---- splits ---- */

static int by_size(const void *a, const void *b) {
    const weir_source_file *x = a, *y = b;
    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    return weir_str_compare(x->path, y->path);
}

weir_code weir_file_batch_plan(weir_arena *arena, const weir_connector_context *context, weir_str format,
                               const weir_options *options, const weir_type *schema,
                               weir_str_list *ret_splits, weir_error **err) {
    batch_read read = {.arena = arena, .context = context, .format = weir_format_find(format)};
    weir_read_request request;
    int64_t cap, target;
    WEIR_TRY(weir_file_source_options_parse(options, arena, &read.options, err));
    WEIR_TRY(weir_file_read_request(context, options, schema, schema, &request, err));
    WEIR_TRY(read.format->read_spec(arena, &request, &read.spec, err));
    WEIR_TRY(add_paths(&read, options, err));
    WEIR_TRY(weir_option_value_conf_bytes(context->conf, "spark.sql.files.maxPartitionBytes", 128 << 20, &cap,
                                          err));
    WEIR_TRY(
        weir_option_value_conf_bytes(context->conf, "spark.weir.files.splitBytes", 8 << 20, &target, err));
    if (read.files.count)
        qsort(read.files.items, read.files.count, sizeof *read.files.items, by_size);
    weir_file_split_settings settings = {WEIR_MIN(cap, target), is_splittable, &read};
    weir_file_split_plan(&settings, &read.files, arena, ret_splits);
    return WEIR_OK;
}
