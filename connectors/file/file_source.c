/* The file source, driver half: finds new files, logs which of them an offset stands for, cuts offsets into
 * splits. Spark's FileStreamSource.
 *
 *   latest_offset   unread files of the last listing, or a new listing; minus what is seen; cut at the rate
 *                   limit; sources/I/N durable; {"logOffset":N}
 *   plan            the files of (from, to] out of the log, packed by size (file_split.c)
 *   commit          cleanSource, and the log's memory of old offsets goes
 *
 * An offset that is in the log beyond `from` (the driver died before offsets/N) is handed out as it is.
 * There is no listing while a backlog of listed files is unread, nor while the directory's own time says that
 * nothing has come. Possible failures: PATH_NOT_FOUND, INVALID_ARGUMENT for options, CORRUPT_FILE for the
 * log, IO_ERROR. Pool threads, one call at a time. */
#include "common/base/alloc.h"
#include "common/base/json_value.h"
#include "common/fs/log_text.h"
#include "connectors/connectors_int.h"
#include "connectors/file/file_int.h"
#include "connectors/file/file_source_log.h"
#include "connectors/file/file_split.h"
#include "connectors/file/glob.h"
#include "connectors/file/seen_files.h"
#include "connectors/option_value.h"

typedef struct file_source {
    weir_arena *arena; /* the query's */
    weir_fs *fs;
    char *path;
    char *archive;
    weir_file_source_options options;
    const weir_type *schema;
    const weir_format_ops *format;
    weir_read_spec *spec;
    int64_t split_bytes;
    weir_file_listing listing;
    weir_file_source_log *log;
    weir_seen_files *seen;
    weir_arena *backlog_arena; /* holds `backlog` */
    weir_source_files backlog; /* listed and not yet taken: from backlog_next on */
    size_t backlog_next;
    bool frozen;       /* available-now: the backlog is all there is */
    bool drained;      /* the last listing was taken whole, nothing was left out for its age */
    int64_t recovered; /* last log entry of an earlier run: its batch reads the files as they are now */
} file_source;

/* ---- opening ---- */

static weir_code find_path(file_source *source, const weir_options *options, weir_error **err) {
    weir_str path = weir_options_get(options, "path");
    if (!path.data)
        return weir_error_raise(err, WEIR__LEGACY_ERROR_TEMP_2047, NULL);
    source->path = weir_fs_normalize(source->arena, path);
    if (weir_glob_is_pattern(path)) {
        weir_str_list patterns;
        return weir_glob_expand(source->arena, weir_str_from(source->path), &patterns, err);
    }
    weir_file_info info;
    weir_error *inner = NULL;
    weir_code code = source->fs->ops->stat(source->fs, source->path, source->arena, &info, &inner);
    if (code == WEIR_NOT_FOUND) {
        weir_error_free(inner);
        WEIR_RAISE(err, PATH_NOT_FOUND, "path", weir_arena_strndup(source->arena, path.data, path.size));
    }
    return code == WEIR_OK ? WEIR_OK : weir_error_move(err, inner);
}

static weir_code open_format(file_source *source, const weir_connector_context *context, weir_str format,
                             const weir_options *options, const weir_type *schema, weir_error **err) {
    source->format = weir_format_find(format);
    if (!source->format)
        WEIR_RAISE(err, DATA_SOURCE_NOT_FOUND, "provider",
                   weir_arena_strndup(source->arena, format.data, format.size));
    if (!schema && source->format->schema)
        WEIR_TRY(weir_schema_parse(source->arena, weir_str_from(source->format->schema), &schema, err));
    if (!schema)
        return weir_error_raise(err, WEIR__LEGACY_ERROR_TEMP_2048, NULL);
    bool force_nullable;
    WEIR_TRY(weir_option_value_conf_bool(context->conf, "spark.sql.streaming.fileSource.schema.forceNullable",
                                         true, &force_nullable, err));
    source->schema = force_nullable ? weir_file_nullable_type(source->arena, schema) : schema;
    weir_read_request request;
    WEIR_TRY(weir_file_read_request(context, options, source->schema, source->schema, &request, err));
    return source->format->read_spec(source->arena, &request, &source->spec, err);
}

static weir_code remember(const weir_file_source_entry *entry, void *data, weir_error **err) {
    (void)err;
    weir_seen_files_add(data, entry->file.path, entry->file.modified_ms);
    return WEIR_OK;
}

static weir_code open_log(file_source *source, const weir_connector_context *context, int32_t source_index,
                          weir_error **err) {
    weir_compactible_log settings = {
        .env = context->env,
        .fs = source->fs,
        .directory = weir_arena_printf(source->arena, "%s/sources/%d", context->checkpoint, source_index),
    };
    const weir_options *conf = context->conf;
    WEIR_TRY(weir_option_value_conf_long(conf, "spark.sql.streaming.fileSource.log.compactInterval", 10,
                                         &settings.interval, err));
    WEIR_TRY(weir_option_value_conf_long(conf, "spark.sql.streaming.minBatchesToRetain", 100,
                                         &settings.batches_to_retain, err));
    WEIR_TRY(weir_option_value_conf_ms(conf, "spark.sql.streaming.fileSource.log.cleanupDelay", 600000,
                                       &settings.cleanup_delay_ms, err));
    WEIR_TRY(weir_option_value_conf_bool(conf, "spark.sql.streaming.fileSource.log.deletion", true,
                                         &settings.deletes, err));
    if (settings.interval <= 0)
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "requirement failed: Please set spark.sql.streaming.fileSource.log.compactInterval (was "
                  "%lld) to a "
                  "positive value.",
                  (long long)settings.interval);
    WEIR_TRY(weir_file_source_log_open(source->arena, &settings, &source->log, err));
    WEIR_TRY(weir_file_source_log_each(source->log, remember, source->seen, err));
    weir_seen_files_purge(source->seen);
    return WEIR_OK;
}

static weir_code open_source(file_source *source, const weir_connector_context *context, weir_str format,
                             const weir_options *options, const weir_type *schema, int32_t source_index,
                             weir_error **err) {
    WEIR_TRY(weir_options_check(options, weir_file_source_option_table, WEIR_FILE_SOURCE_OPTIONS,
                                "the file source", err));
    WEIR_TRY(find_path(source, options, err));
    WEIR_TRY(weir_file_source_options_check_stream(options, err));
    WEIR_TRY(weir_file_source_options_parse(options, source->arena, &source->options, err));
    if (context->reads_all)
        source->options.files_max = source->options.bytes_max = 0;
    WEIR_TRY(
        weir_file_source_cleaner_check(&source->options, source->path, source->arena, &source->archive, err));
    WEIR_TRY(open_format(source, context, format, options, schema, err));
    int64_t cap, target;
    WEIR_TRY(weir_option_value_conf_bytes(context->conf, "spark.sql.files.maxPartitionBytes", 128 << 20, &cap,
                                          err));
    WEIR_TRY(
        weir_option_value_conf_bytes(context->conf, "spark.weir.files.splitBytes", 8 << 20, &target, err));
    source->split_bytes = WEIR_MIN(cap, target);
    source->listing = (weir_file_listing){
        .env = context->env,
        .fs = source->fs,
        .path = source->path,
        .is_pattern = weir_glob_is_pattern(weir_str_from(source->path)),
        .recursive = source->options.recursive,
        .latest_first = source->options.latest_first,
        .name_filter = source->options.name_filter,
    };
    WEIR_TRY(weir_option_value_conf_bool(context->conf, "spark.sql.streaming.fileStreamSink.ignoreMetadata",
                                         false, &source->listing.ignore_sink_metadata, err));
    WEIR_TRY(weir_file_listing_decide(&source->listing, err));
    source->seen = weir_seen_files_new(source->options.file_age_ms_max, source->options.file_name_only);
    return open_log(source, context, source_index, err);
}

static void source_close(weir_source *source) {
    file_source *self = (file_source *)source;
    if (!self)
        return;
    weir_file_source_log_close(self->log);
    weir_seen_files_free(self->seen);
    weir_arena_free(self->backlog_arena);
}

static weir_code source_open(weir_arena *arena, const weir_connector_context *context, weir_str format,
                             const weir_options *options, const weir_type *schema, int32_t source_index,
                             weir_source **ret, weir_error **err) {
    file_source *source = WEIR_NEW(arena, file_source);
    source->recovered = -1;
    source->arena = arena;
    source->fs = context->fs;
    source->backlog_arena = weir_arena_new();
    weir_code code = open_source(source, context, format, options, schema, source_index, err);
    if (code == WEIR_OK)
        *ret = (weir_source *)source;
    else
        source_close((weir_source *)source);
    return code;
}

static const weir_type *source_schema(weir_source *source) {
    return ((file_source *)source)->schema;
}

/* ---- offsets ---- */

/* "" = -1. Spark also wrote bare numbers, before 2.2. */
static weir_code parse_offset(weir_str text, int64_t *ret, weir_error **err) {
    *ret = -1;
    if (text.size == 0)
        return WEIR_OK;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_json *value;
    WEIR_TRY(weir_json_parse(arena, text, "file source offset", &value, err));
    const weir_json *number = value->kind == WEIR_JSON_NUMBER ? value : weir_json_get(value, "logOffset");
    if (!number || !number->is_integer || number->integer < -1)
        return weir_log_text_corrupt(err, "file source offset", "it has no logOffset");
    *ret = number->integer;
    return WEIR_OK;
}

static weir_code source_recover(weir_source *source, weir_str last_offset, weir_error **err) {
    file_source *self = (file_source *)source;
    int64_t last;
    WEIR_TRY(parse_offset(last_offset, &last, err));
    if (last > weir_file_source_log_latest(self->log)) {
        char *path =
            weir_arena_printf(self->arena, "%lld of the log of source %s", (long long)last, self->path);
        return weir_log_text_corrupt(err, path, "it is missing, though the offset log refers to it");
    }
    self->recovered = last;
    return WEIR_OK;
}

static weir_code list_files(file_source *source, weir_error **err) {
    weir_arena_reset(source->backlog_arena);
    source->backlog = (weir_source_files){0};
    source->backlog_next = 0;
    weir_source_files all;
    WEIR_TRY(weir_file_listing_fetch(&source->listing, source->backlog_arena, &all, err));
    if (source->listing.kind == WEIR_LISTING_SINK_LOG && source->options.clean != WEIR_CLEAN_OFF)
        WEIR_FAIL(err, NOT_SUPPORTED,
                  "Clean up source files is not supported when reading from the output directory of "
                  "FileStreamSink.");
    size_t kept = 0;
    source->drained = true;
    for (size_t i = 0; i < all.count; i++) {
        weir_source_file *file = &all.items[i];
        if (weir_seen_files_is_new(source->seen, file->path, file->modified_ms))
            all.items[kept++] = *file;
        else if (weir_seen_files_is_aged(source->seen, file->modified_ms))
            source->drained = false; /* touching it makes it new, and leaves the directory's time alone */
    }
    all.count = kept;
    source->backlog = all;
    return WEIR_OK;
}

/* How many of the backlog's files make the next batch. */
static size_t count_within_limits(const file_source *source) {
    size_t left = source->backlog.count - source->backlog_next;
    if (source->options.files_max)
        return WEIR_MIN(left, (size_t)source->options.files_max);
    if (!source->options.bytes_max)
        return left;
    const weir_source_file *files = source->backlog.items + source->backlog_next;
    int64_t bytes = 0;
    for (size_t i = 0; i < left; i++)
        if (__builtin_add_overflow(bytes, files[i].size, &bytes) ||
            (i > 0 && bytes > source->options.bytes_max))
            return i;
    return left;
}

/* Spark's rule of what to keep of a listing: nothing with latestFirst, nothing where so little is left that
 * the next batch would be small while new files may have come, and no more than maxCachedFiles. */
static void keep_backlog(file_source *source) {
    size_t left = source->backlog.count - source->backlog_next;
    if (source->frozen)
        return;
    bool keep = !source->options.latest_first && source->options.files_cached_max > 0;
    if (source->options.files_max) {
        keep &= (double)left >= (double)source->options.files_max * source->options.discard_ratio;
    } else {
        double bytes = 0;
        for (size_t i = source->backlog_next; i < source->backlog.count; i++)
            bytes += (double)source->backlog.items[i].size;
        keep &= bytes >= (double)source->options.bytes_max * source->options.discard_ratio;
    }
    if (left > 0 && (!keep || left > (size_t)source->options.files_cached_max))
        source->drained = false;
    if (!keep)
        source->backlog.count = source->backlog_next;
    else
        source->backlog.count =
            source->backlog_next + WEIR_MIN(left, (size_t)source->options.files_cached_max);
}

/* Files of the frozen listing that became seen meanwhile (the same name in two directories). */
static void skip_seen(file_source *source) {
    size_t kept = source->backlog_next;
    for (size_t i = source->backlog_next; source->options.file_name_only && i < source->backlog.count; i++)
        if (weir_seen_files_is_new(source->seen, source->backlog.items[i].path,
                                   source->backlog.items[i].modified_ms))
            source->backlog.items[kept++] = source->backlog.items[i];
    if (source->options.file_name_only)
        source->backlog.count = kept;
}

/* Makes sure that backlog_next.. has what can be read now. */
static weir_code fill_backlog(file_source *source, bool available_now, weir_error **err) {
    if (source->frozen) {
        skip_seen(source);
        return WEIR_OK;
    }
    if (available_now) {
        WEIR_TRY(list_files(source, err));
        source->frozen = true;
        return WEIR_OK;
    }
    if (source->backlog_next < source->backlog.count)
        return WEIR_OK;
    if (source->drained && weir_file_listing_unchanged(&source->listing))
        return WEIR_OK;
    return list_files(source, err);
}

static weir_code source_latest_offset(weir_source *source, weir_arena *arena, weir_str from,
                                      bool available_now, weir_str *ret, weir_error **err) {
    file_source *self = (file_source *)source;
    int64_t start;
    WEIR_TRY(parse_offset(from, &start, err));
    if (weir_file_source_log_latest(self->log) <= start) {
        WEIR_TRY(fill_backlog(self, available_now, err));
        size_t count = count_within_limits(self);
        if (count == 0) {
            *ret = weir_arena_str(arena, from);
            return WEIR_OK;
        }
        const weir_source_file *files = self->backlog.items + self->backlog_next;
        WEIR_TRY(weir_file_source_log_add(self->log, files, count, err));
        for (size_t i = 0; i < count; i++)
            weir_seen_files_add(self->seen, files[i].path, files[i].modified_ms);
        weir_seen_files_purge(self->seen);
        self->backlog_next += count;
        keep_backlog(self);
    }
    char *text =
        weir_arena_printf(arena, "{\"logOffset\":%lld}", (long long)weir_file_source_log_latest(self->log));
    *ret = weir_str_from(text);
    return WEIR_OK;
}

/* ---- splits ---- */

static bool is_splittable(void *self, const char *path) {
    file_source *source = self;
    return source->format->splittable(source->spec, path);
}

/* Sizes that the log does not have (Spark has compacted it), and everything about the files of a batch that a
 * run before this one did not finish (`anew`): as the files are now. So a damaged file that stopped a query
 * can be put right; a file that changes while its batch runs is an error of the task. */
static weir_code find_sizes(file_source *source, weir_arena *arena, weir_source_files *files, bool anew,
                            weir_error **err) {
    for (size_t i = 0; i < files->count; i++) {
        if (files->items[i].size >= 0 && !anew)
            continue;
        weir_file_info info;
        weir_error *inner = NULL;
        weir_code code = source->fs->ops->stat(source->fs, files->items[i].path.data, arena, &info, &inner);
        if (code != WEIR_OK && code != WEIR_NOT_FOUND)
            return weir_error_move(err, inner);
        weir_error_free(inner); /* the task that finds it missing says so, or passes it over */
        if (code == WEIR_OK)
            files->items[i].size = info.size;
        if (code == WEIR_OK && anew)
            files->items[i].modified_ms = info.modified_ms;
    }
    return WEIR_OK;
}

static weir_code source_plan(weir_source *source, weir_arena *arena, weir_str from, weir_str to,
                             weir_str_list *ret_splits, weir_error **err) {
    file_source *self = (file_source *)source;
    int64_t start, end;
    WEIR_TRY(parse_offset(from, &start, err));
    WEIR_TRY(parse_offset(to, &end, err));
    weir_source_files files = {0};
    for (int64_t id = start + 1; id <= end; id++) {
        weir_source_files part;
        WEIR_TRY(weir_file_source_log_get(self->log, id, arena, &part, err));
        for (size_t i = 0; i < part.count; i++)
            weir_source_files_push(arena, &files, part.items[i]);
    }
    WEIR_TRY(find_sizes(self, arena, &files, end <= self->recovered, err));
    /* A sink's log says what its files are, wherever they were copied to since: their times do not matter. */
    for (size_t i = 0; self->listing.kind == WEIR_LISTING_SINK_LOG && i < files.count; i++)
        files.items[i].modified_ms = -1;
    weir_file_split_settings settings = {
        .bytes_target = self->split_bytes, .splittable = is_splittable, .self = self};
    weir_file_split_plan(&settings, &files, arena, ret_splits);
    return WEIR_OK;
}

static weir_code source_commit(weir_source *source, weir_str to, weir_error **err) {
    file_source *self = (file_source *)source;
    int64_t end;
    WEIR_TRY(parse_offset(to, &end, err));
    if (self->options.clean != WEIR_CLEAN_OFF && end >= 0) {
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        weir_source_files files;
        WEIR_TRY(weir_file_source_log_get(self->log, end, arena, &files, err));
        for (size_t i = 0; i < files.count; i++)
            weir_file_source_cleaner_clean(self->fs, &self->options, self->archive, files.items[i].path.data);
    }
    weir_file_source_log_forget(self->log, end);
    return WEIR_OK;
}

static void source_describe(weir_source *source, weir_strbuf *buf) {
    weir_strbuf_addf(buf, "FileStreamSource[file:%s]", ((file_source *)source)->path);
}

const weir_source_ops weir_file_source_ops = {
    .name = "file",
    .options = weir_file_source_option_table,
    .options_count = WEIR_FILE_SOURCE_OPTIONS,
    .open = source_open,
    .schema = source_schema,
    .recover = source_recover,
    .latest_offset = source_latest_offset,
    .plan = source_plan,
    .commit = source_commit,
    .describe = source_describe,
    .close = source_close,
    .batch_schema = weir_file_batch_schema,
    .batch_plan = weir_file_batch_plan,
    .scan_open = weir_file_scan_open,
    .scan_next = weir_file_scan_next,
    .scan_close = weir_file_scan_close,
};
