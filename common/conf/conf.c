/* The configuration table at work: values are checked when they are set, by the kind of their key, and kept
 * both as text and as parsed number. Texts and units are read as Spark's ConfigBuilder reads them (Java's
 * trim, "1 g" is no size, "10us" is 0 ms). Any thread may read; one thread builds. */
#include "common/conf/conf.h"

#include "common/types/number_text.h"
#include "common/types/timezone.h"

typedef enum conf_kind {
    KIND_STR,
    KIND_BOOL,
    KIND_INT,
    KIND_POSITIVE, /* INT above 0 */
    KIND_BYTES,    /* without a unit: bytes */
    KIND_MEMORY,   /* without a unit: MiB, as Spark reads spark.executor.memory; above 0 */
    KIND_DURATION, /* in ms; without a unit: ms */
    KIND_ZONE,
} conf_kind;

typedef struct conf_info {
    const char *key;
    conf_kind kind;
    const char *fallback;
    const char *help;
} conf_info;

static const conf_info infos[WEIR_CONF_COUNT] = {
#define WEIR_CONF(id, key, kind, fallback, help) {key, KIND_##kind, fallback, help},
#include "common/conf/conf_keys.def"
#undef WEIR_CONF
};

struct weir_conf {
    weir_arena *arena;
    weir_options entries;
    int32_t entries_capacity;
    weir_str texts[WEIR_CONF_COUNT];
    int64_t numbers[WEIR_CONF_COUNT];
};

typedef struct unit {
    const char *name;
    int64_t factor;
} unit;

#define KIB INT64_C(1024)
static const unit byte_units[] = {
    {"b", 1},
    {"k", KIB},
    {"kb", KIB},
    {"kib", KIB},
    {"m", KIB *KIB},
    {"mb", KIB *KIB},
    {"mib", KIB *KIB},
    {"g", KIB *KIB *KIB},
    {"gb", KIB *KIB *KIB},
    {"gib", KIB *KIB *KIB},
    {"t", KIB *KIB *KIB *KIB},
    {"tb", KIB *KIB *KIB *KIB},
    {"tib", KIB *KIB *KIB *KIB},
    {"p", KIB *KIB *KIB *KIB *KIB},
    {"pb", KIB *KIB *KIB *KIB *KIB},
    {"pib", KIB *KIB *KIB *KIB *KIB},
};
static const unit time_units[] = {
    {"us", 1},
    {"ms", 1000},
    {"s", 1000000},
    {"m", 60 * INT64_C(1000000)},
    {"min", 60 * INT64_C(1000000)},
    {"h", 3600 * INT64_C(1000000)},
    {"d", 86400 * INT64_C(1000000)},
};

/* [-]digits[unit]; false where it is malformed or does not fit. */
static bool parse_with_unit(weir_str text, const unit *units, size_t count, int64_t factor, int64_t *ret) {
    size_t digits = text.size && text.data[0] == '-' ? 1 : 0, start = digits;
    while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    int64_t number;
    if (digits == start || !weir_int64_parse(weir_str_make(text.data, digits), &number))
        return false;
    weir_str name = weir_str_make(text.data + digits, text.size - digits);
    size_t i = 0;
    while (name.size && i < count && !weir_str_equal_nocase(name, weir_str_from(units[i].name)))
        i++;
    if (i == count)
        return false;
    return !__builtin_mul_overflow(number, name.size ? units[i].factor : factor, ret);
}

static bool parse_int(weir_str text, int64_t *ret) {
    return weir_int64_parse(text, ret) && *ret >= INT32_MIN && *ret <= INT32_MAX;
}

static const char *kind_text(conf_kind kind) {
    switch (kind) {
    case KIND_BOOL:
        return "boolean";
    case KIND_INT:
    case KIND_POSITIVE:
        return "int";
    case KIND_BYTES:
        return "bytes in BYTE";
    case KIND_MEMORY:
        return "bytes in MEGABYTE";
    case KIND_DURATION:
        return "time in MILLISECONDS";
    case KIND_STR:
    case KIND_ZONE:
        break;
    }
    return "string";
}

/* False where the text is no value of the kind. */
static bool parse_value(conf_kind kind, weir_str text, int64_t *ret) {
    text = weir_str_trim(text);
    *ret = 0;
    switch (kind) {
    case KIND_BOOL:
        *ret = weir_str_equal_nocase(text, WEIR_STR("true"));
        return *ret || weir_str_equal_nocase(text, WEIR_STR("false"));
    case KIND_INT:
    case KIND_POSITIVE:
        return parse_int(text, ret);
    case KIND_BYTES:
        return parse_with_unit(text, byte_units, WEIR_ARRAY_LEN(byte_units), 1, ret);
    case KIND_MEMORY:
        return parse_with_unit(text, byte_units, WEIR_ARRAY_LEN(byte_units), KIB * KIB, ret);
    case KIND_DURATION:
        if (!parse_with_unit(text, time_units, WEIR_ARRAY_LEN(time_units), 1000, ret))
            return false;
        *ret /= 1000;
        return true;
    case KIND_STR:
    case KIND_ZONE:
        return true;
    }
    return false;
}

bool weir_conf_parse_bytes(weir_str text, int64_t *ret) {
    return parse_value(KIND_BYTES, text, ret);
}

bool weir_conf_parse_duration_ms(weir_str text, int64_t *ret) {
    return parse_value(KIND_DURATION, text, ret);
}

static weir_code check_value(const conf_info *info, const char *text, int64_t *ret_number, weir_error **err) {
    if (!parse_value(info->kind, weir_str_from(text), ret_number))
        WEIR_RAISE(err, INVALID_CONF_VALUE__TYPE_MISMATCH, "confValue", text, "confName", info->key,
                   "confType", kind_text(info->kind));
    if ((info->kind == KIND_POSITIVE || info->kind == KIND_MEMORY) && *ret_number <= 0) {
        _cleanup_strbuf_ weir_strbuf requirement = {0};
        weir_strbuf_addf(&requirement, "The value of %s must be positive", info->key);
        WEIR_RAISE(err, INVALID_CONF_VALUE__REQUIREMENT, "confValue", text, "confName", info->key,
                   "confRequirement", requirement.data);
    }
    const weir_timezone *zone;
    if (info->kind == KIND_ZONE && weir_timezone_open(weir_str_from(text), &zone, NULL) != WEIR_OK)
        WEIR_RAISE(err, INVALID_CONF_VALUE__TIME_ZONE, "confValue", text, "confName", info->key);
    return WEIR_OK;
}

weir_conf *weir_conf_new(weir_arena *arena) {
    weir_conf *conf = WEIR_NEW(arena, weir_conf);
    conf->arena = arena;
    for (int32_t i = 0; i < WEIR_CONF_COUNT; i++) {
        conf->texts[i] = weir_str_from(infos[i].fallback);
        parse_value(infos[i].kind, conf->texts[i], &conf->numbers[i]);
    }
    return conf;
}

weir_conf *weir_conf_copy(weir_arena *arena, const weir_conf *conf) {
    weir_conf *copy = WEIR_NEW(arena, weir_conf);
    *copy = *conf;
    copy->arena = arena;
    copy->entries_capacity = conf->entries.count;
    copy->entries.items = WEIR_NEW_ARRAY(arena, weir_option, conf->entries.count);
    for (int32_t i = 0; i < conf->entries.count; i++)
        copy->entries.items[i] = (weir_option){weir_arena_str(arena, conf->entries.items[i].key),
                                               weir_arena_str(arena, conf->entries.items[i].value)};
    for (int32_t i = 0; i < WEIR_CONF_COUNT; i++)
        copy->texts[i] = weir_arena_str(arena, conf->texts[i]);
    return copy;
}

static int32_t find_key(weir_str key) {
    for (int32_t i = 0; i < WEIR_CONF_COUNT; i++)
        if (weir_str_equal(key, weir_str_from(infos[i].key)))
            return i;
    return -1;
}

/* Keys are case-sensitive, as Spark's are. */
static weir_option *find_entry(const weir_conf *conf, weir_str key) {
    for (int32_t i = 0; i < conf->entries.count; i++)
        if (weir_str_equal(conf->entries.items[i].key, key))
            return &conf->entries.items[i];
    return NULL;
}

static weir_option *add_entry(weir_conf *conf, weir_str key) {
    if (conf->entries.count == conf->entries_capacity) {
        conf->entries_capacity = WEIR_MAX(8, conf->entries_capacity * 2);
        weir_option *items = WEIR_NEW_ARRAY(conf->arena, weir_option, conf->entries_capacity);
        if (conf->entries.count)
            memcpy(items, conf->entries.items, sizeof *items * (size_t)conf->entries.count);
        conf->entries.items = items;
    }
    weir_option *entry = &conf->entries.items[conf->entries.count++];
    entry->key = weir_arena_str(conf->arena, key);
    return entry;
}

weir_code weir_conf_set(weir_conf *conf, weir_str key, weir_str value, weir_error **err) {
    int32_t i = find_key(key);
    weir_str text = weir_arena_str(conf->arena, value);
    if (i >= 0) {
        int64_t number;
        WEIR_TRY(check_value(&infos[i], text.data, &number, err));
        conf->texts[i] = text;
        conf->numbers[i] = number;
    }
    weir_option *entry = find_entry(conf, key);
    if (!entry)
        entry = add_entry(conf, key);
    entry->value = text;
    return WEIR_OK;
}

weir_str weir_conf_get(const weir_conf *conf, weir_str key) {
    const weir_option *entry = find_entry(conf, key);
    int32_t i = entry ? -1 : find_key(key);
    if (entry)
        return entry->value;
    return i >= 0 ? conf->texts[i] : (weir_str){0};
}

weir_str weir_conf_str(const weir_conf *conf, weir_conf_key key) {
    return conf->texts[key];
}

int64_t weir_conf_int(const weir_conf *conf, weir_conf_key key) {
    return conf->numbers[key];
}

bool weir_conf_bool(const weir_conf *conf, weir_conf_key key) {
    return conf->numbers[key] != 0;
}

const weir_options *weir_conf_entries(const weir_conf *conf) {
    return &conf->entries;
}

static void document_rows(weir_strbuf *buf, bool own) {
    static const char own_prefix[] = "spark.weir.";
    static const char *const kinds[] = {"text", "boolean", "integer",  "integer above 0",
                                        "size", "size",    "duration", "time zone"};
    weir_strbuf_add_text(buf, "| key | kind | default | |\n|---|---|---|---|\n");
    for (int32_t i = 0; i < WEIR_CONF_COUNT; i++) {
        const conf_info *info = &infos[i];
        if ((strncmp(info->key, own_prefix, sizeof own_prefix - 1) == 0) != own)
            continue;
        weir_strbuf_addf(buf, "| `%s` | %s | ", info->key, kinds[info->kind]);
        weir_strbuf_addf(buf, *info->fallback ? "`%s`" : "%s", info->fallback);
        weir_strbuf_addf(buf, " | %s |\n", info->help);
    }
}

void weir_conf_document(weir_strbuf *buf) {
    weir_strbuf_add_text(
        buf, "# Configuration\n\n"
             "Keys are set in a job's `conf` or by `--conf K=V`, which wins. Spark's keys carry Spark's "
             "defaults. An unknown key is accepted,\nas Spark accepts it; a bad value is an error "
             "(`INVALID_CONF_VALUE`). Sizes take the units b, k, m, g, t, p (powers of 1,024),\n"
             "durations us, ms, s, min, h, d. This page is the output of `weir conf`.\n\n"
             "## Spark's keys\n\n");
    document_rows(buf, false);
    weir_strbuf_add_text(buf, "\n## Weir's own\n\n");
    document_rows(buf, true);
}
