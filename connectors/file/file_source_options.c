/* The options of the file source: Spark's FileStreamOptions, its defaults and its messages. Pure functions of
 * the option texts. */
#include <stdlib.h>

#include "connectors/file/file_int.h"
#include "connectors/file/glob.h"
#include "connectors/option_value.h"

#define DAY_US INT64_C(86400000000)

const weir_option_info weir_file_source_option_table[WEIR_FILE_SOURCE_OPTIONS] = {
    {"path", "Directory, file or pattern to read.", true},
    {"maxFilesPerTrigger", "Most new files in a micro-batch.", true},
    {"maxBytesPerTrigger", "Most bytes of new files in a micro-batch (at least one file).", true},
    {"latestFirst", "Take the youngest files first.", true},
    {"maxFileAge", "How much older than the youngest file a file may be; 7d.", true},
    {"fileNameOnly", "Files of the same name are the same file, whatever their directory.", true},
    {"cleanSource", "What to do with files that are done: archive, delete, off.", true},
    {"sourceArchiveDir", "Where cleanSource=archive moves files to.", true},
    {"maxCachedFiles", "Listed files kept for later micro-batches; 10000.", true},
    {"discardCachedInputRatio", "List anew where less than this part of a micro-batch is cached; 0.2.", true},
    {"recursiveFileLookup", "Read sub-directories as well.", true},
    {"pathGlobFilter", "Read only files whose name matches the pattern.", true},
    {"ignoreCorruptFiles", "Go on with the next file where one cannot be read.", true},
    {"ignoreMissingFiles", "Go on with the next file where one has vanished.", true},
    {"basePath", "Root of partition discovery (batch reads).", false},
};

static weir_code bad_value(weir_error **err, weir_str value, const char *name, const char *rule) {
    WEIR_FAIL(err, INVALID_ARGUMENT, "Invalid value '" WEIR_STR_FMT "' for option '%s', must be %s",
              WEIR_STR_ARG(value), name, rule);
}

static weir_code parse_positive(const weir_options *options, const char *name, int64_t max, int64_t *ret,
                                weir_error **err) {
    weir_str text = weir_options_get(options, name);
    if (text.data && (!weir_option_value_long(text, ret) || *ret <= 0 || *ret > max))
        return bad_value(err, text, name, "a positive integer");
    return WEIR_OK;
}

static weir_code parse_bool(const weir_options *options, const char *name, bool *ret, weir_error **err) {
    weir_str text = weir_options_get(options, name);
    if (text.data && !weir_option_value_bool(text, ret))
        return bad_value(err, text, name, "'true' or 'false'");
    return WEIR_OK;
}

static weir_code parse_limits(const weir_options *options, weir_file_source_options *ret, weir_error **err) {
    WEIR_TRY(parse_positive(options, "maxFilesPerTrigger", INT32_MAX, &ret->files_max, err));
    WEIR_TRY(parse_positive(options, "maxBytesPerTrigger", INT64_MAX, &ret->bytes_max, err));
    if (ret->files_max && ret->bytes_max)
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "Options 'maxFilesPerTrigger' and 'maxBytesPerTrigger' can't be both set at the same time");
    ret->files_cached_max = 10000;
    weir_str cached = weir_options_get(options, "maxCachedFiles");
    if (cached.data && (!weir_option_value_long(cached, &ret->files_cached_max) ||
                        ret->files_cached_max < 0 || ret->files_cached_max > INT32_MAX))
        return bad_value(err, cached, "maxCachedFiles", "an integer greater than or equal to 0");
    ret->discard_ratio = (double)0.2f;
    weir_str ratio = weir_options_get(options, "discardCachedInputRatio");
    if (ratio.data) {
        char text[64] = "", *end = text;
        if (ratio.size > 0 && ratio.size < sizeof text) {
            memcpy(text, ratio.data, ratio.size);
            text[ratio.size] = 0;
            ret->discard_ratio = (double)strtof(text, &end);
        }
        if (end == text || *end || !(ret->discard_ratio >= 0 && ret->discard_ratio <= 1))
            return bad_value(err, ratio, "discardCachedInputRatio", "a positive float between 0 and 1");
    }
    return WEIR_OK;
}

static weir_code parse_clean(const weir_options *options, weir_file_source_options *ret, weir_error **err) {
    weir_str mode = weir_options_get(options, "cleanSource");
    ret->archive_directory = weir_options_get(options, "sourceArchiveDir");
    if (!mode.data || weir_str_equal_nocase(mode, WEIR_STR("off")))
        ret->clean = WEIR_CLEAN_OFF;
    else if (weir_str_equal_nocase(mode, WEIR_STR("delete")))
        ret->clean = WEIR_CLEAN_DELETE;
    else if (weir_str_equal_nocase(mode, WEIR_STR("archive")))
        ret->clean = WEIR_CLEAN_ARCHIVE;
    else
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "Invalid mode for clean source option Some(" WEIR_STR_FMT
                  "). Must be one of ARCHIVE,DELETE,OFF",
                  WEIR_STR_ARG(mode));
    if (ret->clean == WEIR_CLEAN_ARCHIVE && !ret->archive_directory.data)
        WEIR_FAIL(err, INVALID_ARGUMENT, "Archive mode must be used with 'sourceArchiveDir' option.");
    return WEIR_OK;
}

weir_code weir_file_source_options_check_stream(const weir_options *options, weir_error **err) {
    static const char *const disallowed[] = {"modifiedbefore", "modifiedafter"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(disallowed); i++)
        if (weir_options_get(options, disallowed[i]).data)
            WEIR_FAIL(err, INVALID_ARGUMENT, "option '%s' is not allowed in file stream sources",
                      disallowed[i]);
    return WEIR_OK;
}

weir_code weir_file_source_options_parse(const weir_options *options, weir_arena *arena,
                                         weir_file_source_options *ret, weir_error **err) {
    *ret = (weir_file_source_options){0};
    WEIR_TRY(parse_limits(options, ret, err));
    WEIR_TRY(parse_bool(options, "latestFirst", &ret->latest_first, err));
    WEIR_TRY(parse_bool(options, "fileNameOnly", &ret->file_name_only, err));
    WEIR_TRY(parse_bool(options, "recursiveFileLookup", &ret->recursive, err));
    WEIR_TRY(parse_clean(options, ret, err));
    weir_str age = weir_options_get(options, "maxFileAge");
    int64_t age_us = 7 * DAY_US;
    if (age.data)
        WEIR_TRY(weir_option_value_micros(age, 1000, &age_us, err));
    if (age_us < 0)
        WEIR_FAIL(err, INVALID_ARGUMENT, "requirement failed");
    ret->file_age_ms_max = age_us / 1000;
    if (ret->latest_first && (ret->files_max || ret->bytes_max))
        ret->file_age_ms_max = INT64_MAX; /* old files are the ones that come last */
    weir_str filter = weir_options_get(options, "pathGlobFilter");
    return filter.data ? weir_glob_expand(arena, filter, &ret->name_filter, err) : WEIR_OK;
}

weir_code weir_file_read_request(const weir_connector_context *context, const weir_options *options,
                                 const weir_type *schema, const weir_type *projection, weir_read_request *ret,
                                 weir_error **err) {
    *ret = (weir_read_request){
        .schema = schema,
        .projection = projection,
        .options = options,
        .zone = context->zone,
        .corrupt_column = WEIR_STR("_corrupt_record"),
    };
    const weir_options *conf = context->conf;
    WEIR_TRY(weir_option_value_conf_bool(conf, "spark.sql.caseSensitive", false, &ret->case_sensitive, err));
    WEIR_TRY(weir_option_value_conf_bool(conf, "spark.sql.json.enablePartialResults", true,
                                         &ret->partial_results, err));
    weir_str column = conf ? weir_options_get(conf, "spark.sql.columnNameOfCorruptRecord") : (weir_str){0};
    if (column.data)
        ret->corrupt_column = column;
    weir_str stamp = conf ? weir_options_get(conf, "spark.sql.timestampType") : (weir_str){0};
    ret->timestamp_ntz = weir_str_equal_nocase(stamp, WEIR_STR("TIMESTAMP_NTZ"));
    bool prunes = true;
    WEIR_TRY(
        weir_option_value_conf_bool(conf, "spark.sql.csv.parser.columnPruning.enabled", true, &prunes, err));
    ret->keeps_columns = !prunes;
    return WEIR_OK;
}

static const weir_type *nullable_struct(weir_arena *arena, const weir_type *type) {
    weir_field *fields = WEIR_NEW_ARRAY(arena, weir_field, type->fields_count);
    for (int32_t i = 0; i < type->fields_count; i++) {
        fields[i] = type->fields[i];
        fields[i].nullable = true;
        fields[i].type = weir_file_nullable_type(arena, fields[i].type);
    }
    return weir_type_struct(arena, fields, type->fields_count);
}

const weir_type *weir_file_nullable_type(weir_arena *arena, const weir_type *type) {
    switch (type->kind) {
    case WEIR_TYPE_STRUCT:
        return nullable_struct(arena, type);
    case WEIR_TYPE_ARRAY:
        return weir_type_array(arena, weir_file_nullable_type(arena, type->element), true);
    case WEIR_TYPE_MAP:
        return weir_type_map(arena, weir_file_nullable_type(arena, type->element),
                             weir_file_nullable_type(arena, type->value), true);
    default:
        return type;
    }
}
