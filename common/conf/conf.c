/* Configuration: the table of known keys (conf_keys.def), checked values, and what the user set.
 *
 * A conf is a list of entries in an arena; lookups are linear, since a session has few entries and none is
 * read per row. Values of known keys are checked when they are set, so the typed getters cannot fail.
 * Built by one thread, then read-only. */
#include "common/conf/conf.h"

#include "common/base/assert.h"
#include "common/types/number_text.h"
#include "common/types/timezone.h"

typedef enum conf_kind { KIND_STR, KIND_BOOL, KIND_INT, KIND_BYTES, KIND_DURATION, KIND_ZONE } conf_kind;

typedef struct conf_entry {
    const char *key;
    conf_kind kind;
    const char *fallback;
    const char *help;
} conf_entry;

static const conf_entry table[WEIR_CONF_COUNT] = {
#define WEIR_CONF(id, key_text, kind_name, default_text, help_text) \
    [WEIR_CONF_##id] = {key_text, KIND_##kind_name, default_text, help_text},
#include "common/conf/conf_keys.def"
#undef WEIR_CONF
};

static const char *const kind_names[] = {
    [KIND_STR] = "string",     [KIND_BOOL] = "boolean",   [KIND_INT] = "int",
    [KIND_BYTES] = "bytes",    [KIND_DURATION] = "duration", [KIND_ZONE] = "time zone",
};

struct weir_conf {
    weir_arena *arena;
    weir_options entries;
    int32_t capacity;
};

weir_conf *weir_conf_new(weir_arena *arena) {
    weir_conf *conf = WEIR_NEW(arena, weir_conf);
    conf->arena = arena;
    return conf;
}

static void add_entry(weir_conf *conf, weir_str key, weir_str value) {
    if (conf->entries.count == conf->capacity) {
        conf->capacity = conf->capacity ? conf->capacity * 2 : 16;
        weir_option *items = WEIR_NEW_ARRAY(conf->arena, weir_option, conf->capacity);
        if (conf->entries.count > 0)
            memcpy(items, conf->entries.items, sizeof *items * (size_t)conf->entries.count);
        conf->entries.items = items;
    }
    weir_option *option = &conf->entries.items[conf->entries.count++];
    option->key = weir_arena_str(conf->arena, key);
    option->value = weir_arena_str(conf->arena, value);
}

weir_conf *weir_conf_copy(weir_arena *arena, const weir_conf *conf) {
    weir_conf *copy = weir_conf_new(arena);
    for (int32_t i = 0; i < conf->entries.count; i++)
        add_entry(copy, conf->entries.items[i].key, conf->entries.items[i].value);
    return copy;
}

static int32_t find_key(weir_str key) {
    for (int32_t i = 0; i < WEIR_CONF_COUNT; i++) {
        if (weir_str_equal(key, weir_str_from(table[i].key)))
            return i;
    }
    return -1;
}

static weir_option *find_entry(const weir_conf *conf, weir_str key) {
    for (int32_t i = 0; i < conf->entries.count; i++) {
        if (weir_str_equal(conf->entries.items[i].key, key))
            return &conf->entries.items[i];
    }
    return NULL;
}

typedef struct conf_unit {
    const char *name;
    int64_t numerator, denominator; /* of the base unit: bytes, milliseconds */
} conf_unit;

static const conf_unit byte_units[] = {
    {"b", 1, 1},           {"k", 1 << 10, 1},       {"kb", 1 << 10, 1},
    {"m", 1 << 20, 1},     {"mb", 1 << 20, 1},      {"g", 1 << 30, 1},
    {"gb", 1 << 30, 1},    {"t", INT64_C(1) << 40, 1}, {"tb", INT64_C(1) << 40, 1},
    {"p", INT64_C(1) << 50, 1}, {"pb", INT64_C(1) << 50, 1}, {NULL, 0, 0},
};
static const conf_unit time_units[] = {
    {"us", 1, 1000},   {"ms", 1, 1},      {"s", 1000, 1},     {"m", 60000, 1},
    {"min", 60000, 1}, {"h", 3600000, 1}, {"d", 86400000, 1}, {NULL, 0, 0},
};

/* "512", "64mb", "10 s": a number and one of the units; `bare` is the factor of a number alone. */
static bool parse_quantity(weir_str text, const conf_unit *units, int64_t bare, int64_t *ret) {
    text = weir_str_trim(text);
    size_t digits = 0;
    while (digits < text.size && (text.data[digits] == '-' || (text.data[digits] >= '0' && text.data[digits] <= '9')))
        digits++;
    int64_t value;
    if (!weir_int64_parse(weir_str_make(text.data, digits), &value))
        return false;
    weir_str name = weir_str_trim(weir_str_make(text.data + digits, text.size - digits));
    if (name.size == 0)
        return !__builtin_mul_overflow(value, bare, ret);
    for (; units->name; units++) {
        if (weir_str_equal_nocase(name, weir_str_from(units->name))) {
            if (__builtin_mul_overflow(value, units->numerator, ret))
                return false;
            *ret /= units->denominator;
            return true;
        }
    }
    return false;
}

static bool parse_bool(weir_str text, bool *ret) {
    text = weir_str_trim(text);
    *ret = weir_str_equal_nocase(text, WEIR_STR("true"));
    return *ret || weir_str_equal_nocase(text, WEIR_STR("false"));
}

/* The number of an INT, BYTES or DURATION value. */
static bool parse_number(int32_t key, weir_str text, int64_t *ret) {
    switch (table[key].kind) {
    case KIND_INT:
        return weir_int64_parse(weir_str_trim(text), ret) && *ret == (int32_t)*ret;
    case KIND_BYTES: /* Spark reads a bare executor memory as MiB */
        return parse_quantity(text, byte_units, key == WEIR_CONF_EXECUTOR_MEMORY ? 1 << 20 : 1, ret);
    default:
        return parse_quantity(text, time_units, 1, ret);
    }
}

/* Counts that make no sense below one. */
static bool is_count(int32_t key) {
    switch (key) {
    case WEIR_CONF_SHUFFLE_PARTITIONS:
    case WEIR_CONF_MIN_BATCHES_TO_RETAIN:
    case WEIR_CONF_FILE_SINK_COMPACT_INTERVAL:
    case WEIR_CONF_FILE_SOURCE_COMPACT_INTERVAL:
    case WEIR_CONF_EXECUTORS:
    case WEIR_CONF_STATE_PARTITIONS_MAX:
    case WEIR_CONF_SNAPSHOT_INTERVAL:
    case WEIR_CONF_EPOCH_ATTEMPTS:
        return true;
    default:
        return table[key].kind == KIND_BYTES;
    }
}

static weir_code check_value(weir_arena *arena, int32_t key, weir_str value, weir_error **err) {
    const conf_entry *entry = &table[key];
    const char *text = weir_arena_strndup(arena, value.data ? value.data : "", value.size);
    bool flag;
    int64_t number = 0;
    const weir_timezone *zone;
    switch (entry->kind) {
    case KIND_STR:
        return WEIR_OK;
    case KIND_BOOL:
        if (parse_bool(value, &flag))
            return WEIR_OK;
        break;
    case KIND_ZONE:
        if (value.size == 0 || weir_timezone_open(value, &zone, NULL) == WEIR_OK)
            return WEIR_OK;
        WEIR_RAISE(err, INVALID_CONF_VALUE__TIME_ZONE, "confValue", text, "confName", entry->key);
    default:
        if (!parse_number(key, value, &number))
            break;
        if (number >= is_count(key))
            return WEIR_OK;
        WEIR_RAISE(err, INVALID_CONF_VALUE__REQUIREMENT, "confValue", text, "confName", entry->key,
                   "confRequirement", is_count(key) ? "The value must be positive." : "The value must not be negative.");
    }
    WEIR_RAISE(err, INVALID_CONF_VALUE__TYPE_MISMATCH, "confValue", text, "confName", entry->key, "confType",
               kind_names[entry->kind]);
}

weir_code weir_conf_set(weir_conf *conf, weir_str key, weir_str value, weir_error **err) {
    int32_t known = find_key(key);
    if (known >= 0)
        WEIR_TRY(check_value(conf->arena, known, value, err));
    weir_option *entry = find_entry(conf, key);
    if (entry)
        entry->value = weir_arena_str(conf->arena, value);
    else
        add_entry(conf, key, value);
    return WEIR_OK;
}

weir_str weir_conf_get(const weir_conf *conf, weir_str key) {
    const weir_option *entry = find_entry(conf, key);
    if (entry)
        return entry->value;
    int32_t known = find_key(key);
    return known >= 0 ? weir_str_from(table[known].fallback) : (weir_str){0};
}

weir_str weir_conf_str(const weir_conf *conf, weir_conf_key key) {
    return weir_conf_get(conf, weir_str_from(table[key].key));
}

int64_t weir_conf_int(const weir_conf *conf, weir_conf_key key) {
    int64_t value = 0;
    bool ok = parse_number((int32_t)key, weir_conf_str(conf, key), &value);
    WEIR_ASSERT(ok); /* checked when set; defaults by the unit test */
    return value;
}

bool weir_conf_bool(const weir_conf *conf, weir_conf_key key) {
    bool value = false, ok = parse_bool(weir_conf_str(conf, key), &value);
    WEIR_ASSERT(ok && table[key].kind == KIND_BOOL);
    return value;
}

const weir_options *weir_conf_entries(const weir_conf *conf) {
    return &conf->entries;
}

void weir_conf_document(weir_strbuf *buf) {
    weir_strbuf_add_text(buf, "| Key | Type | Default | Meaning |\n|---|---|---|---|\n");
    for (int32_t i = 0; i < WEIR_CONF_COUNT; i++) {
        const conf_entry *entry = &table[i];
        weir_strbuf_addf(buf, entry->fallback[0] ? "| `%s` | %s | `%s` | %s |\n" : "| `%s` | %s | %s | %s |\n",
                         entry->key, kind_names[entry->kind], entry->fallback[0] ? entry->fallback : "(none)",
                         entry->help);
    }
}
