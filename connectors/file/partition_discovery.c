/* Files and partitions of a batch read (partition_discovery.h).
 *
 *   paths -> roots (patterns expanded) -> all files below -> directories -> partitions
 *
 * A directory's partition is read from its name upwards, until a base path: a root, or the option basePath.
 * Without any partition only the files right in the roots count; with some, all files of directories that
 * have one. With recursiveFileLookup every file counts and no directory is a partition. */
#include "connectors/file/partition_discovery.h"

#include <stdlib.h>

#include "common/base/json_value.h"
#include "connectors/file/glob.h"
#include "connectors/file/partition_value.h"
#include "connectors/option_value.h"

/* "a=1" */
typedef struct part {
    weir_str name, value;
} part;

typedef struct directory {
    weir_str path;
    part *parts; /* the outermost first */
    int32_t parts_count;
    weir_str base;    /* where its partition begins */
    bool passed_over; /* left behind by a writer */
    weir_str values;  /* JSON, for its files */
} directory;

typedef struct discovery {
    weir_arena *arena;
    const weir_connector_context *context;
    const weir_options *options;
    const weir_file_source_options *parsed;
    const weir_type *given;
    bool case_sensitive;
    int64_t before_us, after_us; /* modification times */
    weir_str_list roots, bases;
    int32_t roots_capacity;
    weir_source_files files;
    directory *directories; /* by path */
    size_t directories_count;
} discovery;

static weir_str parent_of(weir_str path) {
    const char *slash = path.size ? memrchr(path.data, '/', path.size) : NULL;
    return weir_str_make(path.data, slash && slash > path.data ? (size_t)(slash - path.data) : slash ? 1 : 0);
}

static weir_str name_of(weir_str path) {
    const char *slash = path.size ? memrchr(path.data, '/', path.size) : NULL;
    size_t skip = slash ? (size_t)(slash + 1 - path.data) : 0;
    return weir_str_make(path.data + skip, path.size - skip);
}

/* ---- roots ---- */

static weir_code look_up(const discovery *d, const char *path, weir_file_info *ret, bool *ret_found,
                         weir_error **err) {
    weir_error *inner = NULL;
    weir_code code = d->context->fs->ops->stat(d->context->fs, path, d->arena, ret, &inner);
    *ret_found = code == WEIR_OK;
    if (code != WEIR_OK && code != WEIR_NOT_FOUND)
        return weir_error_move(err, inner);
    weir_error_free(inner);
    return WEIR_OK;
}

static void add_root(discovery *d, weir_str path) {
    if (d->roots.count == d->roots_capacity) {
        d->roots_capacity = d->roots_capacity ? 2 * d->roots_capacity : 8;
        weir_str *items = WEIR_NEW_ARRAY(d->arena, weir_str, d->roots_capacity);
        if (d->roots.count)
            memcpy(items, d->roots.items, sizeof *items * (size_t)d->roots.count);
        d->roots.items = items;
    }
    d->roots.items[d->roots.count++] = path;
}

static weir_code add_path(discovery *d, weir_str path, weir_error **err) {
    char *normal = weir_fs_normalize(d->arena, path);
    weir_file_info info;
    bool found;
    if (weir_glob_is_pattern(path)) {
        weir_file_listing listing = {
            .env = d->context->env, .fs = d->context->fs, .path = normal, .is_pattern = true};
        weir_str_list matched;
        WEIR_TRY(weir_file_listing_roots(&listing, d->arena, &matched, err));
        for (int32_t i = 0; i < matched.count; i++)
            add_root(d, matched.items[i]);
        found = matched.count > 0;
    } else {
        WEIR_TRY(look_up(d, normal, &info, &found, err));
        add_root(d, weir_str_from(normal));
    }
    if (!found)
        WEIR_RAISE(err, PATH_NOT_FOUND, "path", weir_arena_printf(d->arena, "file:%s", normal));
    return WEIR_OK;
}

/* `path`, or Spark's `paths`: a JSON list. */
static weir_code add_paths(discovery *d, weir_error **err) {
    weir_str path = weir_options_get(d->options, "path"), paths = weir_options_get(d->options, "paths");
    if (!path.data && !paths.data)
        return weir_error_raise(err, WEIR__LEGACY_ERROR_TEMP_2047, NULL);
    if (path.data)
        WEIR_TRY(add_path(d, path, err));
    weir_json *list = NULL;
    if (paths.data)
        WEIR_TRY(weir_json_parse(d->arena, paths, "option paths", &list, err));
    for (const weir_json *item = list ? list->first : NULL; item; item = item->next)
        if (item->kind == WEIR_JSON_STRING)
            WEIR_TRY(add_path(d, item->text, err));
    return WEIR_OK;
}

static bool is_below(weir_str path, weir_str base) {
    bool root = base.size == 1;
    return weir_str_starts_with(path, base) &&
           (root || path.size == base.size || path.data[base.size] == '/');
}

static weir_code find_bases(discovery *d, weir_error **err) {
    weir_str option = weir_options_get(d->options, "basePath");
    weir_file_info info;
    bool found;
    d->bases.items = WEIR_NEW_ARRAY(d->arena, weir_str, d->roots.count + 1);
    for (int32_t i = 0; i < d->roots.count && !option.data; i++) {
        weir_str root = d->roots.items[i];
        WEIR_TRY(look_up(d, root.data, &info, &found, err));
        d->bases.items[d->bases.count++] = found && !info.is_directory ? parent_of(root) : root;
    }
    if (!option.data)
        return WEIR_OK;
    char *base = weir_fs_normalize(d->arena, option);
    WEIR_TRY(look_up(d, base, &info, &found, err));
    if (!found || !info.is_directory)
        WEIR_FAIL(err, INVALID_ARGUMENT, "Option 'basePath' %s", found ? "must be a directory" : "not found");
    d->bases.items[d->bases.count++] = weir_str_from(base);
    for (int32_t i = 0; i < d->roots.count; i++)
        if (!is_below(d->roots.items[i], d->bases.items[0]))
            WEIR_FAIL(err, INVALID_ARGUMENT, "Wrong basePath file:%s for the root path: file:" WEIR_STR_FMT,
                      base, WEIR_STR_ARG(d->roots.items[i]));
    return WEIR_OK;
}

/* ---- files ---- */

static weir_code modified_option(const discovery *d, const char *name, int64_t *ret, weir_error **err) {
    weir_str text = weir_options_get(d->options, name), zone_name = weir_options_get(d->options, "timeZone");
    const weir_timezone *zone = d->context->zone ? d->context->zone : weir_timezone_utc();
    if (!text.data)
        return WEIR_OK;
    if (zone_name.data)
        WEIR_TRY(weir_timezone_open(zone_name, &zone, err));
    if (!weir_timestamp_parse(text, zone, ret))
        WEIR_RAISE(err, _LEGACY_ERROR_TEMP_1294, "strategy", name, "timeString",
                   weir_arena_strndup(d->arena, text.data, text.size));
    return WEIR_OK;
}

static weir_code list_root(discovery *d, weir_str root, weir_error **err) {
    weir_file_listing listing = {.env = d->context->env,
                                 .fs = d->context->fs,
                                 .path = weir_arena_strndup(d->arena, root.data, root.size),
                                 .recursive = true,
                                 .name_filter = d->parsed->name_filter};
    weir_source_files found = {0};
    WEIR_TRY(weir_option_value_conf_bool(d->context->conf,
                                         "spark.sql.streaming.fileStreamSink.ignoreMetadata", false,
                                         &listing.ignore_sink_metadata, err));
    WEIR_TRY(weir_file_listing_decide(&listing, err));
    WEIR_TRY(weir_file_listing_fetch(&listing, d->arena, &found, err));
    for (size_t i = 0; i < found.count; i++) {
        int64_t modified = found.items[i].modified_ms;
        bool too_young = d->before_us != INT64_MAX && modified >= d->before_us / 1000;
        bool too_old = d->after_us != INT64_MIN && modified <= d->after_us / 1000;
        found.items[i].modified_ms = -1; /* a batch reads the files as they are */
        if (!too_young && !too_old)
            weir_source_files_push(d->arena, &d->files, found.items[i]);
    }
    return WEIR_OK;
}

/* Files right in a root, or a root themselves. */
static bool is_direct(const discovery *d, weir_str path) {
    for (int32_t i = 0; i < d->roots.count; i++)
        if (weir_str_equal(path, d->roots.items[i]) || weir_str_equal(parent_of(path), d->roots.items[i]))
            return true;
    return false;
}

/* ---- directories ---- */

static bool is_base(const discovery *d, weir_str path) {
    for (int32_t i = 0; i < d->bases.count; i++)
        if (weir_str_equal(path, d->bases.items[i]))
            return true;
    return false;
}

static weir_code bad_part(const discovery *d, weir_code code, weir_str name, weir_error **err) {
    return weir_error_raise(err, code, "columnSpec", weir_arena_strndup(d->arena, name.data, name.size),
                            NULL);
}

/* *ret_is false: the name is no "a=1". */
static weir_code parse_part(const discovery *d, weir_str name, part *ret, bool *ret_is, weir_error **err) {
    const char *equals = name.size ? memchr(name.data, '=', name.size) : NULL;
    *ret_is = equals != NULL;
    if (!equals)
        return WEIR_OK;
    size_t at = (size_t)(equals - name.data);
    if (at == 0)
        return bad_part(d, WEIR_EMPTY_PARTITION_COLUMN_NAME, name, err);
    if (at + 1 == name.size)
        return bad_part(d, WEIR_EMPTY_PARTITION_COLUMN_VALUE, name, err);
    ret->name = weir_partition_unescape(d->arena, weir_str_make(name.data, at));
    ret->value = weir_partition_unescape(d->arena, weir_str_make(name.data + at + 1, name.size - at - 1));
    return WEIR_OK;
}

static weir_code parse_directory(const discovery *d, directory *dir, weir_error **err) {
    weir_str path = dir->path;
    part parts[128];
    int32_t count = 0;
    for (;;) {
        part one = {0};
        bool is;
        weir_str name = name_of(path);
        if (weir_str_equal_nocase(name, WEIR_STR("_temporary"))) {
            dir->passed_over = true;
            return WEIR_OK;
        }
        if (is_base(d, path) || path.size <= 1)
            break;
        WEIR_TRY(parse_part(d, name, &one, &is, err));
        if (is && count < (int32_t)WEIR_ARRAY_LEN(parts))
            parts[count++] = one;
        if (!is && count)
            break;
        path = parent_of(path);
    }
    dir->base = count ? path : dir->path;
    dir->parts_count = count;
    dir->parts = WEIR_NEW_ARRAY(d->arena, part, count + 1);
    for (int32_t i = 0; i < count; i++)
        dir->parts[i] = parts[count - 1 - i];
    return WEIR_OK;
}

static int by_path(const void *a, const void *b) {
    return weir_str_compare(((const directory *)a)->path, ((const directory *)b)->path);
}

static weir_code find_directories(discovery *d, weir_error **err) {
    d->directories = WEIR_NEW_ARRAY(d->arena, directory, d->files.count + 1);
    for (size_t i = 0; i < d->files.count; i++) {
        weir_str path = parent_of(d->files.items[i].path);
        size_t last = d->directories_count;
        if (!last || !weir_str_equal(d->directories[last - 1].path, path))
            d->directories[d->directories_count++].path = path;
    }
    if (d->directories_count)
        qsort(d->directories, d->directories_count, sizeof *d->directories, by_path);
    size_t kept = 0;
    for (size_t i = 0; i < d->directories_count; i++)
        if (!kept || !weir_str_equal(d->directories[kept - 1].path, d->directories[i].path))
            d->directories[kept++] = d->directories[i];
    d->directories_count = kept;
    for (size_t i = 0; i < kept; i++)
        WEIR_TRY(parse_directory(d, &d->directories[i], err));
    return WEIR_OK;
}

/* ---- columns ---- */

static bool same_name(const discovery *d, weir_str a, weir_str b) {
    return d->case_sensitive ? weir_str_equal(a, b) : weir_str_equal_nocase(a, b);
}

static weir_code refuse_bases(const discovery *d, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf list = {0};
    weir_str last = {0};
    for (size_t i = d->directories_count; i-- > 0;) {
        const directory *dir = &d->directories[i];
        if (dir->passed_over || weir_str_equal(last, dir->base))
            continue;
        weir_strbuf_addf(&list, "\n\tfile:" WEIR_STR_FMT, WEIR_STR_ARG(dir->base));
        last = dir->base;
    }
    weir_strbuf_add_char(&list, '\n');
    WEIR_RAISE(err, CONFLICTING_DIRECTORY_STRUCTURES, "discoveredBasePaths", list.data);
}

static void add_names(weir_strbuf *buf, const directory *dir) {
    for (int32_t i = 0; i < dir->parts_count; i++)
        weir_strbuf_addf(buf, "%s" WEIR_STR_FMT, i ? ", " : "", WEIR_STR_ARG(dir->parts[i].name));
}

static bool same_names(const discovery *d, const directory *a, const directory *b) {
    bool same = a->parts_count == b->parts_count;
    for (int32_t i = 0; i < a->parts_count && same; i++)
        same = same_name(d, a->parts[i].name, b->parts[i].name);
    return same;
}

static weir_code refuse_names(const discovery *d, const directory *a, const directory *b, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf names = {0}, paths = {0};
    const directory *both[] = {a, b};
    for (int32_t i = 0; i < 2; i++) {
        weir_strbuf_addf(&names, "\n\tPartition column name list #%d: ", i);
        add_names(&names, both[i]);
        weir_strbuf_addf(&paths, "\n\tfile:" WEIR_STR_FMT, WEIR_STR_ARG(both[i]->path));
    }
    (void)d;
    weir_strbuf_add_char(&names, '\n');
    WEIR_RAISE(err, CONFLICTING_PARTITION_COLUMN_NAMES, "distinctPartColLists", names.data, "suspiciousPaths",
               paths.data);
}

/* The first directory with a partition; NULL where there is none. */
static const directory *first_partition(const discovery *d) {
    for (size_t i = 0; i < d->directories_count; i++)
        if (d->directories[i].parts_count)
            return &d->directories[i];
    return NULL;
}

static weir_code check_structure(const discovery *d, const directory *first, weir_error **err) {
    for (size_t i = 0; i < d->directories_count; i++)
        if (!d->directories[i].passed_over && !weir_str_equal_nocase(d->directories[i].base, first->base))
            return refuse_bases(d, err);
    for (size_t i = 0; i < d->directories_count; i++)
        if (d->directories[i].parts_count && !same_names(d, first, &d->directories[i]))
            return refuse_names(d, &d->directories[i], first, err);
    for (int32_t i = 0; i < first->parts_count; i++)
        for (int32_t k = 0; k < i; k++)
            if (same_name(d, first->parts[i].name, first->parts[k].name))
                WEIR_RAISE(
                    err, COLUMN_ALREADY_EXISTS, "columnName",
                    weir_arena_printf(d->arena, "`" WEIR_STR_FMT "`", WEIR_STR_ARG(first->parts[k].name)));
    return WEIR_OK;
}

/* Every value must be one of the type that the user has given. */
static weir_code check_values(const discovery *d, int32_t at, const weir_field *field, weir_error **err) {
    for (size_t i = 0; i < d->directories_count; i++) {
        const directory *dir = &d->directories[i];
        weir_column *column = NULL;
        bool fits;
        if (!dir->parts_count)
            continue;
        WEIR_TRY(weir_partition_column(d->arena, dir->parts[at].value, field->type,
                                       d->context->zone ? d->context->zone : weir_timezone_utc(), &fits,
                                       &column, err));
        weir_column_unref(column);
        if (fits)
            continue;
        _cleanup_strbuf_ weir_strbuf type = {0};
        weir_strbuf_add_char(&type, '"');
        weir_type_sql(&type, field->type);
        weir_strbuf_add_char(&type, '"');
        WEIR_RAISE(err, INVALID_PARTITION_VALUE, "value",
                   weir_arena_printf(d->arena, "'" WEIR_STR_FMT "'", WEIR_STR_ARG(dir->parts[at].value)),
                   "dataType", type.data, "columnName",
                   weir_arena_printf(d->arena, "`" WEIR_STR_FMT "`", WEIR_STR_ARG(field->name)));
    }
    return WEIR_OK;
}

static weir_code type_columns(discovery *d, const directory *first, const weir_type **ret, weir_error **err) {
    weir_partition_typing typing;
    const weir_options *conf = d->context->conf;
    weir_field *fields = WEIR_NEW_ARRAY(d->arena, weir_field, first->parts_count + 1);
    WEIR_TRY(weir_partition_typing_init(&typing, d->arena,
                                        d->context->zone ? d->context->zone : weir_timezone_utc(), err));
    WEIR_TRY(weir_option_value_conf_bool(conf, "spark.sql.sources.partitionColumnTypeInference.enabled", true,
                                         &typing.infers, err));
    weir_str stamp = conf ? weir_options_get(conf, "spark.sql.timestampType") : (weir_str){0};
    typing.timestamp_ntz = weir_str_equal_nocase(stamp, WEIR_STR("TIMESTAMP_NTZ"));
    for (int32_t i = 0; i < first->parts_count; i++) {
        int32_t at = d->given ? weir_type_field_index(d->given, first->parts[i].name, d->case_sensitive) : -1;
        fields[i] = (weir_field){
            .name = first->parts[i].name, .type = weir_type_of(WEIR_TYPE_NULL), .nullable = true};
        if (at >= 0) {
            fields[i].name = d->given->fields[at].name;
            fields[i].type = d->given->fields[at].type;
            WEIR_TRY(check_values(d, i, &fields[i], err));
            continue;
        }
        for (size_t k = 0; k < d->directories_count; k++)
            if (d->directories[k].parts_count)
                fields[i].type = weir_partition_wider(
                    d->arena, fields[i].type, weir_partition_type(&typing, d->directories[k].parts[i].value));
    }
    *ret = weir_type_struct(d->arena, fields, first->parts_count);
    return WEIR_OK;
}

/* ---- the whole ---- */

static weir_str values_text(const discovery *d, const directory *dir) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    for (int32_t i = 0; i < dir->parts_count; i++) {
        weir_strbuf_add_char(&text, i ? ',' : '[');
        weir_json_write_string(&text, dir->parts[i].value);
    }
    weir_strbuf_add_char(&text, ']');
    return weir_arena_str(d->arena, weir_strbuf_view(&text));
}

static weir_code settle(discovery *d, weir_file_discovery *ret, weir_error **err) {
    const directory *first = NULL;
    ret->partition = weir_type_struct(d->arena, NULL, 0);
    if (!d->parsed->recursive) {
        WEIR_TRY(find_bases(d, err));
        WEIR_TRY(find_directories(d, err));
        first = first_partition(d);
    }
    if (first) {
        WEIR_TRY(check_structure(d, first, err));
        WEIR_TRY(type_columns(d, first, &ret->partition, err));
    }
    for (size_t i = 0; i < d->directories_count && first; i++)
        if (d->directories[i].parts_count)
            d->directories[i].values = values_text(d, &d->directories[i]);
    for (size_t i = 0; i < d->files.count; i++) {
        weir_source_file *file = &d->files.items[i];
        directory key = {.path = parent_of(file->path)};
        const directory *dir =
            first ? bsearch(&key, d->directories, d->directories_count, sizeof key, by_path) : NULL;
        if (dir)
            file->values = dir->values;
        if (first ? dir && dir->parts_count : d->parsed->recursive || is_direct(d, file->path))
            weir_source_files_push(d->arena, &ret->files, *file);
    }
    return WEIR_OK;
}

weir_code weir_file_discover(weir_arena *arena, const weir_connector_context *context,
                             const weir_options *options, const weir_file_source_options *parsed,
                             const weir_type *given, weir_file_discovery *ret, weir_error **err) {
    discovery d = {.arena = arena,
                   .context = context,
                   .options = options,
                   .parsed = parsed,
                   .given = given,
                   .before_us = INT64_MAX,
                   .after_us = INT64_MIN};
    *ret = (weir_file_discovery){0};
    WEIR_TRY(
        weir_option_value_conf_bool(context->conf, "spark.sql.caseSensitive", false, &d.case_sensitive, err));
    WEIR_TRY(modified_option(&d, "modifiedbefore", &d.before_us, err));
    WEIR_TRY(modified_option(&d, "modifiedafter", &d.after_us, err));
    WEIR_TRY(add_paths(&d, err));
    for (int32_t i = 0; i < d.roots.count; i++)
        WEIR_TRY(list_root(&d, d.roots.items[i], err));
    return settle(&d, ret, err);
}
