/* Reads the YAML tree of a job spec into weir_job_spec, driven by one table of keys per mapping.
 *
 *   yaml_tree -> read_map(tree, table) -> fields of the job -> checks across entries -> all problems at once
 *
 * A problem never stops the reading: it is noted with its line and key, and the next value is read. At the
 * end the problems, sorted by line, make one INVALID_JOB_SPEC error. Runs on the caller's thread. */
#include "driver/job/job_spec.h"

#include <stdlib.h>

#include "common/base/suggest.h"
#include "common/conf/conf.h"
#include "common/types/datetime.h"
#include "driver/job/yaml_tree.h"

#define PROBLEMS_SHOWN_MAX 50
#define PROBLEMS_MAX 1000
#define KEYS_MAX 16
#define QUERY_NAME_BYTES_MAX 128

typedef struct job_problem {
    int32_t line;
    int32_t order; /* of discovery: keeps the sort stable */
    const char *text;
} job_problem;

typedef struct job_reader {
    weir_arena *arena;
    const char *file;
    job_problem *problems;
    int32_t problems_count;
} job_reader;

typedef enum value_kind {
    VALUE_TEXT,    /* weir_str */
    VALUE_FLAG,    /* bool */
    VALUE_TEXTS,   /* weir_str_list */
    VALUE_OPTIONS, /* weir_options: any scalar, its text kept as written */
    VALUE_CUSTOM,
} value_kind;

typedef struct key_spec {
    const char *name;
    value_kind kind;
    bool required;
    size_t offset; /* of the field in the target */
    void (*read)(job_reader *reader, const weir_yaml *value, const char *path, void *target);
} key_spec;

#define KEY(type, name, kind, field) \
    { name, VALUE_##kind, false, offsetof(type, field), NULL }
#define KEY_REQUIRED(type, name, kind, field) \
    { name, VALUE_##kind, true, offsetof(type, field), NULL }

static void note(job_reader *reader, int32_t line, const char *path, const char *fmt, ...) WEIR_PRINTF(4, 5);

static void note(job_reader *reader, int32_t line, const char *path, const char *fmt, ...) {
    if (reader->problems_count == PROBLEMS_MAX)
        return;
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_addf(&text, "%s:%d: %s%s", reader->file, line, path, *path ? ": " : "");
    va_list args;
    va_start(args, fmt);
    weir_strbuf_addv(&text, fmt, args);
    va_end(args);
    reader->problems[reader->problems_count] = (job_problem){
        .line = line,
        .order = reader->problems_count,
        .text = weir_arena_strndup(reader->arena, text.data, text.size),
    };
    reader->problems_count++;
}

static const char *kind_name(const weir_yaml *value) {
    bool flag;
    if (value->kind == WEIR_YAML_LIST)
        return "a list";
    if (value->kind == WEIR_YAML_MAP)
        return "a mapping";
    if (weir_yaml_is_null(value))
        return "nothing";
    if (weir_yaml_is_bool(value, &flag))
        return "a boolean";
    return weir_yaml_is_number(value) ? "a number" : "a text";
}

static const char *path_of(job_reader *reader, const char *parent, weir_str key) {
    return weir_arena_printf(reader->arena, "%s%s" WEIR_STR_FMT, parent, *parent ? "." : "",
                             WEIR_STR_ARG(weir_str_make(key.data, WEIR_MIN(key.size, (size_t)100))));
}

static bool read_text(job_reader *reader, const weir_yaml *value, const char *path, weir_str *ret) {
    bool flag;
    if (value->kind != WEIR_YAML_SCALAR || weir_yaml_is_null(value)) {
        note(reader, value->line, path, "must be a text, not %s", kind_name(value));
        return false;
    }
    if (weir_yaml_is_bool(value, &flag) || weir_yaml_is_number(value)) {
        note(reader, value->line, path, "must be a text, not %s; write it in quotes if it is meant so",
             kind_name(value));
        return false;
    }
    if (value->text.size == 0) {
        note(reader, value->line, path, "must not be empty");
        return false;
    }
    *ret = value->text;
    return true;
}

static void read_texts(job_reader *reader, const weir_yaml *value, const char *path, weir_str_list *ret) {
    if (value->kind != WEIR_YAML_LIST) {
        note(reader, value->line, path, "must be a list of texts, not %s", kind_name(value));
        return;
    }
    ret->items = WEIR_NEW_ARRAY(reader->arena, weir_str, value->count);
    for (int32_t i = 0; i < value->count; i++) {
        const char *item_path = weir_arena_printf(reader->arena, "%s[%d]", path, i);
        if (read_text(reader, value->items[i], item_path, &ret->items[ret->count]))
            ret->count++;
    }
}

static int compare_keys(const void *a, const void *b) {
    const weir_yaml *left = *(weir_yaml *const *)a, *right = *(weir_yaml *const *)b;
    int order = weir_str_compare(left->key, right->key);
    return order ? order : (left->key_line > right->key_line) - (left->key_line < right->key_line);
}

/* A mapping, each key at most once. */
static bool check_map(job_reader *reader, const weir_yaml *map, const char *path) {
    if (map->kind != WEIR_YAML_MAP) {
        note(reader, map->line, path, "must be a mapping (key: value), not %s", kind_name(map));
        return false;
    }
    if (map->count < 2)
        return true;
    weir_yaml **sorted = WEIR_NEW_ARRAY(reader->arena, weir_yaml *, map->count);
    memcpy(sorted, map->items, sizeof *sorted * (size_t)map->count);
    qsort(sorted, (size_t)map->count, sizeof *sorted, compare_keys);
    for (int32_t i = 1; i < map->count; i++)
        if (weir_str_equal(sorted[i]->key, sorted[i - 1]->key))
            note(reader, sorted[i]->key_line, path_of(reader, path, sorted[i]->key),
                 "duplicate key; it stands in line %d already", sorted[i - 1]->key_line);
    return true;
}

static void read_options(job_reader *reader, const weir_yaml *map, const char *path, weir_options *ret) {
    if (!check_map(reader, map, path))
        return;
    ret->items = WEIR_NEW_ARRAY(reader->arena, weir_option, map->count);
    for (int32_t i = 0; i < map->count; i++) {
        const weir_yaml *value = map->items[i];
        const char *option_path = path_of(reader, path, value->key);
        if (value->kind != WEIR_YAML_SCALAR || weir_yaml_is_null(value))
            note(reader, value->line, option_path, "must be a single value, not %s", kind_name(value));
        else
            ret->items[ret->count++] = (weir_option){value->key, value->text};
    }
}

static void read_value(job_reader *reader, const weir_yaml *value, const key_spec *key, const char *path,
                       void *target) {
    void *field = (char *)target + key->offset;
    switch (key->kind) {
    case VALUE_TEXT:
        read_text(reader, value, path, field);
        return;
    case VALUE_FLAG:
        if (!weir_yaml_is_bool(value, field))
            note(reader, value->line, path, "must be true or false, not %s", kind_name(value));
        return;
    case VALUE_TEXTS:
        read_texts(reader, value, path, field);
        return;
    case VALUE_OPTIONS:
        read_options(reader, value, path, field);
        return;
    case VALUE_CUSTOM:
        key->read(reader, value, path, target);
        return;
    }
}

static void note_unknown(job_reader *reader, const weir_yaml *value, const char *path, const key_spec *keys,
                         int32_t count) {
    const char *names[KEYS_MAX];
    _cleanup_strbuf_ weir_strbuf known = {0};
    for (int32_t i = 0; i < count; i++) {
        names[i] = keys[i].name;
        weir_strbuf_addf(&known, "%s%s", i ? ", " : "", keys[i].name);
    }
    int32_t near = weir_suggest(value->key, names, count);
    if (near >= 0)
        note(reader, value->key_line, path, "unknown key; did you mean '%s'?", names[near]);
    else
        note(reader, value->key_line, path, "unknown key; known here: %s", known.data);
}

/* Reads a mapping by its table; false where it is none. */
static bool read_map(job_reader *reader, const weir_yaml *map, const char *path, const key_spec *keys,
                     int32_t count, void *target) {
    bool seen[KEYS_MAX] = {0};
    if (!check_map(reader, map, path))
        return false;
    for (int32_t i = 0; i < map->count; i++) {
        const weir_yaml *value = map->items[i];
        const char *value_path = path_of(reader, path, value->key);
        int32_t k = 0;
        while (k < count && !weir_str_equal(value->key, weir_str_from(keys[k].name)))
            k++;
        if (k == count) {
            note_unknown(reader, value, value_path, keys, count);
            continue;
        }
        if (seen[k])
            continue; /* a duplicate, noted above: the first one counts */
        seen[k] = true;
        read_value(reader, value, &keys[k], value_path, target);
    }
    for (int32_t k = 0; k < count; k++)
        if (keys[k].required && !seen[k])
            note(reader, map->line, path, "the key '%s' is missing", keys[k].name);
    return true;
}

static bool read_interval(job_reader *reader, const weir_yaml *value, const char *path,
                          weir_calendar_interval *ret) {
    if (value->kind != WEIR_YAML_SCALAR || !weir_calendar_interval_parse(value->text, ret)) {
        note(reader, value->line, path, "must be an interval such as 10 seconds or 1 hour 30 minutes");
        return false;
    }
    return true;
}

/* days_per_month 0 refuses months, as Spark's triggers do. */
static bool interval_micros(job_reader *reader, const weir_yaml *value, const char *path,
                            weir_calendar_interval interval, int32_t days_per_month, int64_t *ret) {
    int64_t days = (int64_t)interval.months * days_per_month + interval.days, micros;
    if (days_per_month == 0 && interval.months != 0) {
        note(reader, value->line, path, "must not hold months or years: their length varies");
        return false;
    }
    if (__builtin_mul_overflow(days, WEIR_MICROS_PER_DAY, &micros) ||
        __builtin_add_overflow(micros, interval.micros, &micros)) {
        note(reader, value->line, path, "is too long");
        return false;
    }
    if (micros < 0) {
        note(reader, value->line, path, "must not be negative");
        return false;
    }
    *ret = micros;
    return true;
}

/* ---- sources ---- */

static void read_watermark_column(job_reader *reader, const weir_yaml *value, const char *path,
                                  void *target) {
    weir_job_source *source = target;
    source->watermark_line = value->line;
    read_text(reader, value, path, &source->watermark_column);
}

static void read_watermark_delay(job_reader *reader, const weir_yaml *value, const char *path, void *target) {
    weir_job_source *source = target;
    weir_calendar_interval interval;
    if (read_interval(reader, value, path, &interval))
        interval_micros(reader, value, path, interval, 31, &source->watermark_delay_us);
}

static void read_watermark(job_reader *reader, const weir_yaml *value, const char *path, void *target) {
    static const key_spec keys[] = {
        {"column", VALUE_CUSTOM, true, 0, read_watermark_column},
        {"delay", VALUE_CUSTOM, true, 0, read_watermark_delay},
    };
    weir_job_source *source = target;
    source->has_watermark = read_map(reader, value, path, keys, WEIR_ARRAY_LEN(keys), source);
}

static void read_schema(job_reader *reader, const weir_yaml *value, const char *path, void *target) {
    weir_job_source *source = target;
    if (!read_text(reader, value, path, &source->schema_text))
        return;
    source->schema_line = value->line;
    _cleanup_error_ weir_error *error = NULL;
    if (weir_schema_parse(reader->arena, source->schema_text, &source->schema, &error) != WEIR_OK)
        note(reader, value->line, path, "%s", weir_error_text(error));
}

static void read_source(job_reader *reader, const weir_yaml *value, const char *path,
                        weir_job_source *source) {
    static const key_spec keys[] = {
        KEY(weir_job_source, "format", TEXT, format),
        KEY(weir_job_source, "table", TEXT, table),
        {"schema", VALUE_CUSTOM, false, 0, read_schema},
        {"watermark", VALUE_CUSTOM, false, 0, read_watermark},
        KEY(weir_job_source, "static", FLAG, is_static),
        KEY(weir_job_source, "options", OPTIONS, options),
    };
    source->name = value->key;
    source->line = value->key_line;
    int32_t problems = reader->problems_count;
    if (!read_map(reader, value, path, keys, WEIR_ARRAY_LEN(keys), source) ||
        reader->problems_count > problems)
        return;
    if (!source->format.size && !source->table.size)
        note(reader, source->line, path, "the key 'format' (or 'table') is missing");
    if (source->format.size && source->table.size)
        note(reader, source->line, path, "has both 'format' and 'table'; a source is one of them");
    if (source->is_static && source->has_watermark)
        note(reader, source->line, path, "a static source has no watermark");
}

static void read_sources(job_reader *reader, const weir_yaml *value, const char *path, void *target) {
    weir_job_spec *job = target;
    if (!check_map(reader, value, path))
        return;
    job->sources = WEIR_NEW_ARRAY(reader->arena, weir_job_source, value->count);
    for (int32_t i = 0; i < value->count; i++)
        read_source(reader, value->items[i], path_of(reader, path, value->items[i]->key),
                    &job->sources[job->sources_count++]);
}

/* ---- views ---- */

static void read_views(job_reader *reader, const weir_yaml *value, const char *path, void *target) {
    weir_job_spec *job = target;
    if (!check_map(reader, value, path))
        return;
    job->views = WEIR_NEW_ARRAY(reader->arena, weir_job_view, value->count);
    for (int32_t i = 0; i < value->count; i++) {
        weir_job_view *view = &job->views[job->views_count++];
        view->name = value->items[i]->key;
        view->line = value->items[i]->key_line;
        read_text(reader, value->items[i], path_of(reader, path, view->name), &view->sql);
    }
}

/* ---- queries ---- */

static void read_output_mode(job_reader *reader, const weir_yaml *value, const char *path, void *target) {
    static const char *const modes[] = {"append", "complete", "update"};
    weir_job_query *query = target;
    weir_str text;
    if (!read_text(reader, value, path, &text))
        return;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(modes); i++)
        if (weir_str_equal_nocase(text, weir_str_from(modes[i]))) {
            query->output_mode = weir_str_from(modes[i]);
            return;
        }
    note(reader, value->line, path, "must be append, complete or update, not '" WEIR_STR_FMT "'",
         WEIR_STR_ARG(text));
}

static void read_processing_time(job_reader *reader, const weir_yaml *value, const char *path, void *target) {
    weir_job_query *query = target;
    weir_calendar_interval interval;
    int64_t micros;
    query->trigger = WEIR_TRIGGER_PROCESSING_TIME;
    if (read_interval(reader, value, path, &interval) &&
        interval_micros(reader, value, path, interval, 0, &micros))
        query->interval_ms = micros / 1000;
}

static bool read_trigger_flag(job_reader *reader, const weir_yaml *value, const char *path) {
    bool flag;
    if (weir_yaml_is_bool(value, &flag) && flag)
        return true;
    note(reader, value->line, path, "must be true; leave the trigger out for the default");
    return false;
}

static void read_available_now(job_reader *reader, const weir_yaml *value, const char *path, void *target) {
    if (read_trigger_flag(reader, value, path))
        ((weir_job_query *)target)->trigger = WEIR_TRIGGER_AVAILABLE_NOW;
}

static void read_once(job_reader *reader, const weir_yaml *value, const char *path, void *target) {
    if (read_trigger_flag(reader, value, path))
        ((weir_job_query *)target)->trigger = WEIR_TRIGGER_ONCE;
}

/* Spark's continuous and real-time modes are other engines altogether. */
static void refuse_trigger(job_reader *reader, const weir_yaml *value, const char *path, void *target) {
    (void)target;
    note(reader, value->key_line, path, "this trigger is not supported by Weir");
}

static void read_trigger(job_reader *reader, const weir_yaml *value, const char *path, void *target) {
    static const key_spec keys[] = {
        {"availableNow", VALUE_CUSTOM, false, 0, read_available_now},
        {"processingTime", VALUE_CUSTOM, false, 0, read_processing_time},
        {"once", VALUE_CUSTOM, false, 0, read_once},
        {"continuous", VALUE_CUSTOM, false, 0, refuse_trigger},
        {"realTime", VALUE_CUSTOM, false, 0, refuse_trigger},
    };
    if (read_map(reader, value, path, keys, WEIR_ARRAY_LEN(keys), target) && value->count != 1)
        note(reader, value->line, path, "must hold exactly one of availableNow, processingTime and once");
}

static void read_sink(job_reader *reader, const weir_yaml *value, const char *path, void *target) {
    static const key_spec keys[] = {
        KEY(weir_job_sink, "format", TEXT, format),
        KEY(weir_job_sink, "table", TEXT, table),
        KEY(weir_job_sink, "options", OPTIONS, options),
        KEY(weir_job_sink, "partitionBy", TEXTS, partition_by),
    };
    weir_job_sink *sink = &((weir_job_query *)target)->sink;
    int32_t problems = reader->problems_count;
    sink->line = value->line;
    if (read_map(reader, value, path, keys, WEIR_ARRAY_LEN(keys), sink) &&
        reader->problems_count == problems && !sink->format.size && !sink->table.size)
        note(reader, value->line, path, "the key 'format' (or 'table') is missing");
}

static void read_sql(job_reader *reader, const weir_yaml *value, const char *path, void *target) {
    weir_job_query *query = target;
    query->sql_line = value->line;
    read_text(reader, value, path, &query->sql);
}

/* Query names become parts of file names, metrics and pages. */
static void read_query_name(job_reader *reader, const weir_yaml *value, const char *path, void *target) {
    weir_job_query *query = target;
    weir_str name;
    if (!read_text(reader, value, path, &name))
        return;
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    if (strspn(name.data, allowed) != name.size || name.size > QUERY_NAME_BYTES_MAX || name.data[0] == '.')
        note(reader, value->line, path,
             "must be at most %d letters, digits, '_', '.' or '-' and not begin with '.'",
             QUERY_NAME_BYTES_MAX);
    query->name = name;
}

static void read_query(job_reader *reader, const weir_yaml *value, const char *path, weir_job_query *query) {
    static const key_spec keys[] = {
        {"name", VALUE_CUSTOM, true, 0, read_query_name},
        {"sql", VALUE_CUSTOM, true, 0, read_sql},
        {"outputMode", VALUE_CUSTOM, false, 0, read_output_mode},
        {"trigger", VALUE_CUSTOM, false, 0, read_trigger},
        {"sink", VALUE_CUSTOM, true, 0, read_sink},
        KEY(weir_job_query, "checkpointLocation", TEXT, checkpoint_location),
    };
    query->line = value->line;
    query->output_mode = WEIR_STR("append");
    read_map(reader, value, path, keys, WEIR_ARRAY_LEN(keys), query);
}

static void read_queries(job_reader *reader, const weir_yaml *value, const char *path, void *target) {
    weir_job_spec *job = target;
    if (value->kind != WEIR_YAML_LIST) {
        note(reader, value->line, path, "must be a list of queries (- name: ...), not %s", kind_name(value));
        return;
    }
    if (value->count == 0)
        note(reader, value->line, path, "must hold at least one query");
    job->queries = WEIR_NEW_ARRAY(reader->arena, weir_job_query, value->count);
    for (int32_t i = 0; i < value->count; i++)
        read_query(reader, value->items[i], weir_arena_printf(reader->arena, "%s[%d]", path, i),
                   &job->queries[job->queries_count++]);
}

/* ---- the whole ---- */

static void read_conf(job_reader *reader, const weir_yaml *value, const char *path, void *target) {
    weir_job_spec *job = target;
    weir_conf *conf = weir_conf_new(reader->arena);
    read_options(reader, value, path, &job->conf);
    if (value->kind != WEIR_YAML_MAP)
        return;
    for (int32_t i = 0; i < value->count; i++) {
        const weir_yaml *entry = value->items[i];
        _cleanup_error_ weir_error *error = NULL;
        if (entry->kind == WEIR_YAML_SCALAR &&
            weir_conf_set(conf, entry->key, entry->text, &error) != WEIR_OK)
            note(reader, entry->line, path_of(reader, path, entry->key), "%s", weir_error_text(error));
    }
}

typedef struct job_name {
    weir_str name;
    int32_t line;
    const char *what;
    weir_str key; /* sources and views: as spelt */
} job_name;

static int compare_names(const void *a, const void *b) {
    const job_name *left = a, *right = b;
    int order = weir_str_compare(left->name, right->name);
    return order ? order : (left->line > right->line) - (left->line < right->line);
}

/* Notes every second use of a name; the same key twice in one mapping is a duplicate key, noted before. */
static void check_names(job_reader *reader, job_name *names, int32_t count) {
    qsort(names, (size_t)count, sizeof *names, compare_names);
    for (int32_t i = 1; i < count; i++) {
        const job_name *here = &names[i], *before = &names[i - 1];
        bool same_key =
            here->key.size && here->what == before->what && weir_str_equal(here->key, before->key);
        if (here->name.size && weir_str_equal(here->name, before->name) && !same_key)
            note(reader, here->line, "", "%s '" WEIR_STR_FMT "' has the name of the %s in line %d",
                 here->what, WEIR_STR_ARG(here->name), before->what, before->line);
    }
}

static job_name relation_name(weir_arena *arena, weir_str key, int32_t line, const char *what) {
    char *text = weir_arena_strndup(arena, key.data, key.size);
    for (char *at = text; *at; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at + 32);
    return (job_name){weir_str_from(text), line, what, key};
}

/* Sources and views share SQL's name space, in which case does not count; queries have their own; two
 * queries on one checkpoint would undo each other's work. */
static void check_across(job_reader *reader, const weir_job_spec *job) {
    int32_t count = 0, most = job->sources_count + job->views_count + job->queries_count + 1;
    job_name *names = WEIR_NEW_ARRAY(reader->arena, job_name, most);
    for (int32_t i = 0; i < job->sources_count; i++)
        names[count++] = relation_name(reader->arena, job->sources[i].name, job->sources[i].line, "source");
    for (int32_t i = 0; i < job->views_count; i++)
        names[count++] = relation_name(reader->arena, job->views[i].name, job->views[i].line, "view");
    check_names(reader, names, count);
    count = 0;
    for (int32_t i = 0; i < job->queries_count; i++)
        names[count++] =
            (job_name){.name = job->queries[i].name, .line = job->queries[i].line, .what = "query"};
    check_names(reader, names, count);
    count = 0;
    for (int32_t i = 0; i < job->queries_count; i++)
        names[count++] = (job_name){.name = job->queries[i].checkpoint_location,
                                    .line = job->queries[i].line,
                                    .what = "query with the checkpoint"};
    check_names(reader, names, count);
}

static int compare_problems(const void *a, const void *b) {
    const job_problem *left = a, *right = b;
    if (left->line != right->line)
        return left->line < right->line ? -1 : 1;
    return left->order < right->order ? -1 : 1;
}

static weir_code report(job_reader *reader, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    if (reader->problems_count == 0)
        return WEIR_OK;
    qsort(reader->problems, (size_t)reader->problems_count, sizeof *reader->problems, compare_problems);
    weir_strbuf_addf(&text, "%d problem%s in the job spec:", reader->problems_count,
                     reader->problems_count == 1 ? "" : "s");
    for (int32_t i = 0; i < WEIR_MIN(reader->problems_count, PROBLEMS_SHOWN_MAX); i++)
        weir_strbuf_addf(&text, "\n%s", reader->problems[i].text);
    if (reader->problems_count > PROBLEMS_SHOWN_MAX)
        weir_strbuf_addf(&text, "\n... and %d more", reader->problems_count - PROBLEMS_SHOWN_MAX);
    weir_strbuf_add_char(&text, '\n');
    WEIR_FAIL(err, INVALID_JOB_SPEC, "%s", text.data);
}

weir_code weir_job_spec_parse(weir_arena *arena, weir_str text, const char *file, const weir_job_spec **ret,
                              weir_error **err) {
    static const key_spec keys[] = {
        KEY_REQUIRED(weir_job_spec, "name", TEXT, name),   {"conf", VALUE_CUSTOM, false, 0, read_conf},
        {"sources", VALUE_CUSTOM, false, 0, read_sources}, {"views", VALUE_CUSTOM, false, 0, read_views},
        {"queries", VALUE_CUSTOM, true, 0, read_queries},
    };
    const weir_yaml *tree = NULL;
    job_reader reader = {.arena = arena, .file = weir_arena_strdup(arena, file)};
    reader.problems = WEIR_NEW_ARRAY(arena, job_problem, PROBLEMS_MAX);
    WEIR_TRY(weir_yaml_tree_parse(arena, text, file, &tree, err));
    weir_job_spec *job = WEIR_NEW(arena, weir_job_spec);
    job->file = weir_str_from(reader.file);
    if (!tree)
        WEIR_FAIL(err, INVALID_JOB_SPEC, "%s:1: the document is empty", file);
    if (read_map(&reader, tree, "", keys, WEIR_ARRAY_LEN(keys), job))
        check_across(&reader, job);
    WEIR_TRY(report(&reader, err));
    *ret = job;
    return WEIR_OK;
}
