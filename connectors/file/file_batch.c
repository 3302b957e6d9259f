/* The file source in a batch query: what lies there now (partition_discovery.c), without a log. Files are cut
 * and packed as in a stream, the largest first as Spark's FilePartition has them. Possible failures: those of
 * the discovery and of the format. Driver, pool threads. */
#include <stdlib.h>

#include "common/base/json_value.h"
#include "connectors/file/file_int.h"
#include "connectors/file/file_split.h"
#include "connectors/file/partition_discovery.h"
#include "connectors/option_value.h"

typedef struct batch_read {
    weir_arena *arena;
    const weir_connector_context *context;
    const weir_format_ops *format;
    weir_read_spec *spec;
    weir_file_source_options options;
    weir_file_discovery found;
    bool case_sensitive;
} batch_read;

static bool is_splittable(void *self, const char *path) {
    const batch_read *read = self;
    return read->format->splittable(read->spec, path);
}

static weir_code discover(batch_read *read, const weir_options *options, const weir_type *given,
                          weir_error **err) {
    WEIR_TRY(weir_option_value_conf_bool(read->context->conf, "spark.sql.caseSensitive", false,
                                         &read->case_sensitive, err));
    WEIR_TRY(weir_file_source_options_parse(options, read->arena, &read->options, err));
    return weir_file_discover(read->arena, read->context, options, &read->options, given, &read->found, err);
}

/* ---- the schema ---- */

static weir_code infer_schema(batch_read *read, const weir_options *options, const weir_type **ret,
                              weir_error **err) {
    weir_read_request request;
    const weir_source_files *files = &read->found.files;
    if (read->format->schema)
        return weir_schema_parse(read->arena, weir_str_from(read->format->schema), ret, err);
    if (!read->format->infer)
        WEIR_FAIL(err, NOT_SUPPORTED, "the schema of %s files is not inferred; give one", read->format->name);
    WEIR_TRY(weir_file_read_request(read->context, options, NULL, NULL, &request, err));
    weir_split *splits = WEIR_NEW_ARRAY(read->arena, weir_split, files->count + 1);
    for (size_t i = 0; i < files->count; i++)
        splits[i] = (weir_split){
            .path = weir_arena_strndup(read->arena, files->items[i].path.data, files->items[i].path.size),
            .end = -1,
            .size = files->items[i].size,
            .modified_ms = -1};
    WEIR_TRY(read->format->infer(read->arena, &request, read->context->fs, splits, (int32_t)files->count,
                                 NULL, ret, err));
    if (files->count)
        return WEIR_OK;
    char *name = weir_arena_strdup(read->arena, read->format->name);
    for (char *c = name; *c; c++)
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
    WEIR_RAISE(err, UNABLE_TO_INFER_SCHEMA, "format", name);
}

/* The columns of the files, then those of their directories; what both have stands where the files have it
 * when the schema is inferred, and behind when the user has given it. */
static const weir_type *merge_schema(batch_read *read, const weir_type *data, bool given,
                                     weir_strbuf *overlap) {
    const weir_type *partition = read->found.partition;
    weir_field *fields =
        WEIR_NEW_ARRAY(read->arena, weir_field, data->fields_count + partition->fields_count + 1);
    bool *placed = WEIR_NEW_ARRAY(read->arena, bool, partition->fields_count + 1);
    int32_t count = 0;
    for (int32_t i = 0; i < data->fields_count; i++) {
        int32_t at = weir_type_field_index(partition, data->fields[i].name, read->case_sensitive);
        if (at < 0) {
            fields[count++] = data->fields[i];
        } else if (!given) {
            fields[count++] = partition->fields[at];
            placed[at] = true;
            weir_strbuf_add_char(overlap, overlap->size ? ',' : '[');
            weir_json_write_string(overlap, partition->fields[at].name);
        }
    }
    for (int32_t i = 0; i < partition->fields_count; i++)
        if (!placed[i])
            fields[count++] = partition->fields[i];
    if (overlap->size)
        weir_strbuf_add_char(overlap, ']');
    return weir_type_struct(read->arena, fields, count);
}

weir_code weir_file_batch_schema(weir_arena *arena, const weir_connector_context *context, weir_str format,
                                 weir_options *options, const weir_type *schema, const weir_type **ret,
                                 weir_error **err) {
    batch_read read = {.arena = arena, .context = context, .format = weir_format_find(format)};
    _cleanup_strbuf_ weir_strbuf overlap = {0};
    const weir_type *data = schema ? weir_file_nullable_type(arena, schema) : NULL;
    WEIR_TRY(discover(&read, options, data, err));
    if (!data)
        WEIR_TRY(infer_schema(&read, options, &data, err));
    *ret = merge_schema(&read, data, schema != NULL, &overlap);
    if (overlap.size)
        weir_options_set(arena, options, WEIR_STR(WEIR_FILE_READ_OVERLAP),
                         weir_arena_str(arena, weir_strbuf_view(&overlap)));
    return WEIR_OK;
}

/* ---- splits ---- */

static int by_size(const void *a, const void *b) {
    const weir_source_file *x = a, *y = b;
    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    return weir_str_compare(x->path, y->path);
}

/* "partitions":["a"],"overlap":[], */
static weir_str partitions_text(const batch_read *read, const weir_options *options) {
    const weir_type *partition = read->found.partition;
    weir_str overlap = weir_options_get(options, WEIR_FILE_READ_OVERLAP);
    _cleanup_strbuf_ weir_strbuf text = {0};
    if (partition->fields_count == 0)
        return WEIR_STR("");
    weir_strbuf_add_text(&text, "\"partitions\":");
    for (int32_t i = 0; i < partition->fields_count; i++) {
        weir_strbuf_add_char(&text, i ? ',' : '[');
        weir_json_write_string(&text, partition->fields[i].name);
    }
    weir_strbuf_addf(&text, "],\"overlap\":" WEIR_STR_FMT ",",
                     WEIR_STR_ARG(overlap.size ? overlap : WEIR_STR("[]")));
    return weir_arena_str(read->arena, weir_strbuf_view(&text));
}

weir_code weir_file_batch_plan(weir_arena *arena, const weir_connector_context *context, weir_str format,
                               const weir_options *options, const weir_type *schema,
                               weir_str_list *ret_splits, weir_error **err) {
    batch_read read = {.arena = arena, .context = context, .format = weir_format_find(format)};
    weir_file_columns columns;
    weir_read_request request;
    int64_t cap, target;
    WEIR_TRY(discover(&read, options, schema, err));
    weir_str_list names = {WEIR_NEW_ARRAY(arena, weir_str, read.found.partition->fields_count + 1), 0};
    for (int32_t i = 0; i < read.found.partition->fields_count; i++)
        names.items[names.count++] = read.found.partition->fields[i].name;
    weir_file_columns_of(arena, schema, schema, &names, &(weir_str_list){0}, &columns);
    WEIR_TRY(weir_file_read_request(context, options, columns.schema, columns.schema, &request, err));
    WEIR_TRY(read.format->read_spec(arena, &request, &read.spec, err));
    WEIR_TRY(weir_option_value_conf_bytes(context->conf, "spark.sql.files.maxPartitionBytes", 128 << 20, &cap,
                                          err));
    WEIR_TRY(
        weir_option_value_conf_bytes(context->conf, "spark.weir.files.splitBytes", 8 << 20, &target, err));
    weir_source_files *files = &read.found.files;
    if (files->count)
        qsort(files->items, files->count, sizeof *files->items, by_size);
    weir_file_split_settings settings = {WEIR_MIN(cap, target), is_splittable, &read,
                                         partitions_text(&read, options)};
    weir_file_split_plan(&settings, files, arena, ret_splits);
    return WEIR_OK;
}
