/* Time zones: Java's zone ids, the process-wide cache of zones, and offset lookups.
 *
 * An id is a fixed offset ("+01:00", "UTC-8", "Z"), one of Java's short ids ("PST") or a region, which
 * is read from /usr/share/zoneinfo (tzif_file.c). Zones live until the process ends; the table is
 * locked for lookups by id only, never for offsets. Behind the explicit table (year 2200) offsets come
 * from the zone's rule. Any thread. */
#include "common/types/timezone.h"

#include <pthread.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/types/datetime.h"
#include "common/types/timezone_int.h"

#define ZONE_DIRECTORY "/usr/share/zoneinfo/"
#define ID_SIZE_MAX 100
#define ZONES_MAX (1 << 18) /* all offsets of +-18:00:00 and every region fit */

static const struct {
    const char *id, *target;
} short_ids[] = {
    {"ACT", "Australia/Darwin"},
    {"AET", "Australia/Sydney"},
    {"AGT", "America/Argentina/Buenos_Aires"},
    {"ART", "Africa/Cairo"},
    {"AST", "America/Anchorage"},
    {"BET", "America/Sao_Paulo"},
    {"BST", "Asia/Dhaka"},
    {"CAT", "Africa/Harare"},
    {"CNT", "America/St_Johns"},
    {"CST", "America/Chicago"},
    {"CTT", "Asia/Shanghai"},
    {"EAT", "Africa/Addis_Ababa"},
    {"ECT", "Europe/Paris"},
    {"EST", "-05:00"},
    {"HST", "-10:00"},
    {"IET", "America/Indiana/Indianapolis"},
    {"IST", "Asia/Kolkata"},
    {"JST", "Asia/Tokyo"},
    {"MIT", "Pacific/Apia"},
    {"MST", "-07:00"},
    {"NET", "Asia/Yerevan"},
    {"NST", "Pacific/Auckland"},
    {"PLT", "Asia/Karachi"},
    {"PNT", "America/Phoenix"},
    {"PRT", "America/Puerto_Rico"},
    {"PST", "America/Los_Angeles"},
    {"SST", "Pacific/Guadalcanal"},
    {"VST", "Asia/Ho_Chi_Minh"},
};

static int32_t utc_offset_table[1] = {0};
static weir_str utc_name_table[1] = {{"UTC", 3}};
static bool utc_dst_table[1] = {false};
static const weir_timezone utc_zone = {
    .id = {"UTC", 3},
    .fixed = true,
    .offsets = utc_offset_table,
    .names = utc_name_table,
    .dst = utc_dst_table,
};

const weir_timezone *weir_timezone_utc(void) {
    return &utc_zone;
}

weir_str weir_timezone_id(const weir_timezone *zone) {
    return zone->id;
}

/* ---- ids ---- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool take_two(const char *p, int32_t *ret) {
    if (!is_digit(p[0]) || !is_digit(p[1]))
        return false;
    *ret = (p[0] - '0') * 10 + (p[1] - '0');
    return true;
}

/* Java's ZoneOffset.of: Z, +h, +hh, +hhmm, +hh:mm, +hhmmss, +hh:mm:ss within +-18:00, and Spark's
 * older "+h:mm[:ss]" and "+hh:m". */
static bool parse_offset(weir_str text, int32_t *ret_seconds) {
    char padded[12];
    if (text.size == 1 && text.data[0] == 'Z') {
        *ret_seconds = 0;
        return true;
    }
    if (text.size < 2 || text.size > 9 || (text.data[0] != '+' && text.data[0] != '-'))
        return false;
    size_t size = 0;
    padded[size++] = text.data[0];
    if (is_digit(text.data[1]) && (text.size == 2 || text.data[2] == ':'))
        padded[size++] = '0';
    memcpy(padded + size, text.data + 1, text.size - 1);
    size += text.size - 1;
    if (size == 5 && padded[3] == ':' && is_digit(padded[4])) {
        padded[5] = padded[4];
        padded[4] = '0';
        size = 6;
    }
    bool colons = size == 6 || size == 9;
    int32_t hours = 0, minutes = 0, seconds = 0;
    if (size != 3 && size != 5 && size != 6 && size != 7 && size != 9)
        return false;
    if (!take_two(padded + 1, &hours))
        return false;
    if (size >= 5 && ((colons && padded[3] != ':') || !take_two(padded + 3 + colons, &minutes)))
        return false;
    if (size >= 7 && ((colons && padded[6] != ':') || !take_two(padded + 5 + 2 * colons, &seconds)))
        return false;
    int32_t total = hours * 3600 + minutes * 60 + seconds;
    if (hours > 18 || minutes > 59 || seconds > 59 || total > 18 * 3600)
        return false;
    *ret_seconds = padded[0] == '-' ? -total : total;
    return true;
}

/* Size of a "UTC", "GMT" or "UT" prefix that a fixed zone may carry; 0 where there is none. */
static size_t offset_prefix(weir_str id) {
    if (id.size >= 3 && (memcmp(id.data, "UTC", 3) == 0 || memcmp(id.data, "GMT", 3) == 0))
        return 3;
    return id.size >= 2 && memcmp(id.data, "UT", 2) == 0 ? 2 : 0;
}

bool weir_timezone_parse_fixed(weir_str id, int32_t *ret_seconds) {
    size_t prefix = offset_prefix(id);
    if (prefix > 0 && id.size == prefix) {
        *ret_seconds = 0;
        return true;
    }
    weir_str rest = weir_str_make(id.data + prefix, id.size - prefix);
    if (prefix > 0 && rest.data[0] == 'Z')
        return false;
    return parse_offset(rest, ret_seconds);
}

/* Java's region names, and no way out of the zone directory. */
static bool is_region_name(weir_str id) {
    if (id.size < 2 || id.size > ID_SIZE_MAX)
        return false;
    for (size_t i = 0; i < id.size; i++) {
        char c = id.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool other = is_digit(c) || c == '/' || c == '.' || c == '_' || c == '+' || c == '-' || c == '~';
        if (!letter && !(other && i > 0))
            return false;
        if (c == '.' || (c == '/' && (i + 1 == id.size || id.data[i + 1] == '/')))
            return false; /* no zone has a dot or an empty part */
    }
    /* Files of the zone directory that are no zones of Java's. */
    static const char *const refused[] = {"posix/", "right/", "Factory", "ROC", "localtime", "posixrules"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(refused); i++) {
        if (weir_str_starts_with(id, weir_str_from(refused[i])))
            return false;
    }
    return true;
}

/* ---- the cache ---- */

static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static weir_timezone **cache; /* open addressing; NULL = free */
static uint32_t cache_slots, cache_count;

static weir_timezone **cache_slot(weir_timezone **slots, uint32_t slots_count, weir_str id) {
    uint32_t at = (uint32_t)weir_hash_bytes(id.data, id.size, 7) & (slots_count - 1);
    while (slots[at] && !weir_str_equal(slots[at]->id, id))
        at = (at + 1) & (slots_count - 1);
    return &slots[at];
}

static const weir_timezone *cache_find(weir_str id) {
    pthread_mutex_lock(&cache_lock);
    const weir_timezone *found = cache ? *cache_slot(cache, cache_slots, id) : NULL;
    pthread_mutex_unlock(&cache_lock);
    return found;
}

/* Takes `zone`; the first of two racing equal zones stays. NULL (and the zone is freed) when full. */
static const weir_timezone *cache_add(weir_timezone *zone) {
    pthread_mutex_lock(&cache_lock);
    if (cache_count * 2 >= cache_slots) {
        uint32_t slots_count = cache_slots ? cache_slots * 2 : 64;
        weir_timezone **slots = weir_alloc_zero(slots_count, sizeof *slots);
        for (uint32_t i = 0; i < cache_slots; i++) {
            if (cache[i])
                *cache_slot(slots, slots_count, cache[i]->id) = cache[i];
        }
        weir_free(cache);
        cache = slots;
        cache_slots = slots_count;
    }
    weir_timezone **slot = cache_slot(cache, cache_slots, zone->id);
    const weir_timezone *kept = *slot;
    if (!kept && cache_count < ZONES_MAX) {
        *slot = zone;
        cache_count++;
        kept = zone;
    }
    pthread_mutex_unlock(&cache_lock);
    if (kept != zone) {
        weir_tzif_free(zone);
        weir_free((void *)zone->id.data);
        weir_free(zone);
    }
    return kept;
}

static weir_timezone *zone_new(weir_str id) {
    weir_timezone *zone = weir_alloc_zero(1, sizeof *zone);
    zone->id = weir_str_make(weir_strndup(id.data, id.size), id.size);
    return zone;
}

static const weir_timezone *open_fixed(weir_str id, int32_t seconds) {
    char text[16];
    size_t prefix = offset_prefix(id), size = prefix;
    memcpy(text, id.data, prefix);
    if (seconds != 0) {
        int32_t abs = seconds < 0 ? -seconds : seconds;
        int32_t parts[3] = {abs / 3600, abs / 60 % 60, abs % 60};
        text[size++] = seconds < 0 ? '-' : '+';
        for (int i = 0; i < (parts[2] ? 3 : 2); i++) {
            if (i > 0)
                text[size++] = ':';
            text[size++] = (char)('0' + parts[i] / 10);
            text[size++] = (char)('0' + parts[i] % 10);
        }
    } else if (prefix == 0) {
        text[size++] = 'Z';
    }
    weir_str name = weir_str_make(text, size);
    if (weir_str_equal(name, utc_zone.id))
        return &utc_zone;
    const weir_timezone *found = cache_find(name);
    if (found)
        return found;
    weir_timezone *zone = zone_new(name);
    zone->fixed = true;
    zone->offsets = weir_alloc_zero(1, sizeof *zone->offsets);
    zone->names = weir_alloc_zero(1, sizeof *zone->names);
    zone->dst = weir_alloc_zero(1, sizeof *zone->dst);
    zone->offsets[0] = seconds;
    zone->names[0] = zone->id;
    return cache_add(zone);
}

/* NULL where there is no such region; *ret_code tells a damaged file from an unknown id. */
static const weir_timezone *open_region(weir_str id, weir_code *ret_code, weir_error **err) {
    *ret_code = WEIR_INVALID_TIMEZONE;
    if (!is_region_name(id))
        return NULL;
    const weir_timezone *found = cache_find(id);
    if (found)
        return found;
    char path[sizeof ZONE_DIRECTORY + ID_SIZE_MAX + 1];
    memcpy(path, ZONE_DIRECTORY, sizeof ZONE_DIRECTORY - 1);
    memcpy(path + sizeof ZONE_DIRECTORY - 1, id.data, id.size);
    path[sizeof ZONE_DIRECTORY - 1 + id.size] = '\0';
    weir_timezone *zone = zone_new(id);
    weir_code code = weir_tzif_read(path, zone, err);
    if (code != WEIR_OK) {
        weir_free((void *)zone->id.data);
        weir_free(zone);
        if (code != WEIR_NOT_FOUND)
            *ret_code = code;
        return NULL;
    }
    return cache_add(zone);
}

static weir_str without_short_id(weir_str id) {
    for (size_t i = 0; i < WEIR_ARRAY_LEN(short_ids) && id.size == 3; i++) {
        if (memcmp(short_ids[i].id, id.data, 3) == 0)
            return weir_str_from(short_ids[i].target);
    }
    return id;
}

bool weir_timezone_resolve(weir_str id, int32_t *ret_seconds, const weir_timezone **ret_zone) {
    weir_code code;
    *ret_zone = NULL;
    id = without_short_id(id);
    if (weir_timezone_parse_fixed(id, ret_seconds))
        return true;
    *ret_zone = open_region(id, &code, NULL);
    return *ret_zone != NULL;
}

weir_code weir_timezone_open(weir_str id, const weir_timezone **ret, weir_error **err) {
    int32_t seconds;
    weir_code code = WEIR_INVALID_TIMEZONE;
    weir_str target = without_short_id(id);
    weir_error *cause = NULL;
    const weir_timezone *zone = weir_timezone_parse_fixed(target, &seconds)
                                    ? open_fixed(target, seconds)
                                    : open_region(target, &code, &cause);
    if (zone) {
        *ret = zone;
        return WEIR_OK;
    }
    if (cause && code != WEIR_INVALID_TIMEZONE)
        return weir_error_move(err, cause);
    weir_error_free(cause);
    char *text = weir_strndup(id.data ? id.data : "", id.size);
    weir_error_raise(err, WEIR_INVALID_TIMEZONE, "timeZone", text, NULL);
    weir_free(text);
    return WEIR_INVALID_TIMEZONE;
}

/* ---- lookups ---- */

/* Count of values <= `key` in an ascending array. */
static int32_t count_up_to(const int64_t *values, int32_t count, int64_t key) {
    int32_t low = 0, high = count;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (values[middle] <= key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

typedef struct rule_span {
    int64_t from, to; /* UTC seconds */
    bool dst;
} rule_span;

/* The span of the rule that holds at a UTC second behind the table. */
static rule_span rule_at(const weir_zone_rule *rule, int64_t utc) {
    int32_t year, month, day;
    weir_date_to_civil(weir_floor_div(utc + rule->std_offset, 86400), &year, &month, &day);
    rule_span span = {INT64_MIN, INT64_MAX, false};
    for (int64_t y = (int64_t)year - 1; y <= (int64_t)year + 1; y++) {
        int64_t changes[2];
        bool first_is_dst;
        weir_tzif_rule_year(rule, y, changes, &first_is_dst);
        for (int i = 0; i < 2; i++) {
            if (changes[i] > utc) {
                span.to = changes[i];
                return span;
            }
            span.from = changes[i];
            span.dst = (i == 0) == first_is_dst;
        }
    }
    return span;
}

static bool behind_table(const weir_timezone *zone, int32_t index) {
    return index == zone->count && zone->rule.has_dst && zone->count > 0;
}

int32_t weir_timezone_offset(const weir_timezone *zone, int64_t utc_micros) {
    if (zone->fixed)
        return zone->offsets[0];
    int64_t utc = weir_floor_div(utc_micros, WEIR_MICROS_PER_SECOND);
    int32_t index = count_up_to(zone->utc, zone->count, utc);
    if (WEIR_UNLIKELY(behind_table(zone, index)))
        return rule_at(&zone->rule, utc).dst ? zone->rule.dst_offset : zone->rule.std_offset;
    return zone->offsets[index];
}

/* Behind the table: the offset by java.time's ofLocal, which keeps the offset in force before a change
 * both in a gap and in an overlap. */
static int32_t rule_local_offset(const weir_zone_rule *rule, int64_t local) {
    int32_t year, month, day;
    weir_date_to_civil(weir_floor_div(local, 86400), &year, &month, &day);
    int32_t larger = rule->std_offset > rule->dst_offset ? rule->std_offset : rule->dst_offset;
    bool dst = false;
    for (int64_t y = (int64_t)year - 1; y <= (int64_t)year + 1; y++) {
        int64_t changes[2];
        bool first_is_dst;
        weir_tzif_rule_year(rule, y, changes, &first_is_dst);
        for (int i = 0; i < 2; i++) {
            if (local < changes[i] + larger)
                return dst ? rule->dst_offset : rule->std_offset;
            dst = (i == 0) == first_is_dst;
        }
    }
    return dst ? rule->dst_offset : rule->std_offset;
}

int64_t weir_timezone_to_utc(const weir_timezone *zone, int64_t local_micros) {
    int32_t offset;
    if (zone->fixed) {
        offset = zone->offsets[0];
    } else {
        int64_t local = weir_floor_div(local_micros, WEIR_MICROS_PER_SECOND);
        int32_t index = count_up_to(zone->local_ends, zone->count, local);
        offset = WEIR_UNLIKELY(behind_table(zone, index)) ? rule_local_offset(&zone->rule, local)
                                                          : zone->offsets[index];
    }
    return local_micros - (int64_t)offset * WEIR_MICROS_PER_SECOND;
}

weir_str weir_timezone_short_name(const weir_timezone *zone, int64_t utc_micros) {
    if (zone->fixed)
        return zone->names[0];
    int64_t utc = weir_floor_div(utc_micros, WEIR_MICROS_PER_SECOND);
    int32_t index = count_up_to(zone->utc, zone->count, utc);
    if (behind_table(zone, index))
        return weir_str_from(rule_at(&zone->rule, utc).dst ? zone->rule.dst_name : zone->rule.std_name);
    return zone->names[index];
}

bool weir_timezone_is_dst(const weir_timezone *zone, int64_t utc_micros) {
    if (zone->fixed)
        return false;
    int64_t utc = weir_floor_div(utc_micros, WEIR_MICROS_PER_SECOND);
    int32_t index = count_up_to(zone->utc, zone->count, utc);
    return behind_table(zone, index) ? rule_at(&zone->rule, utc).dst : zone->dst[index];
}

/* Seconds to micros, kept within int64. */
static int64_t clamp_micros(int64_t seconds) {
    if (seconds > INT64_MAX / WEIR_MICROS_PER_SECOND)
        return INT64_MAX;
    if (seconds < INT64_MIN / WEIR_MICROS_PER_SECOND)
        return INT64_MIN;
    return seconds * WEIR_MICROS_PER_SECOND;
}

void weir_timezone_seek(weir_timezone_cursor *cursor, int64_t utc_micros) {
    const weir_timezone *zone = cursor->zone;
    int32_t offset = zone->offsets[0];
    cursor->from_micros = INT64_MIN;
    cursor->to_micros = INT64_MAX;
    if (!zone->fixed) {
        int64_t utc = weir_floor_div(utc_micros, WEIR_MICROS_PER_SECOND);
        int32_t index = count_up_to(zone->utc, zone->count, utc);
        rule_span span = {index > 0 ? zone->utc[index - 1] : INT64_MIN,
                          index < zone->count ? zone->utc[index] : INT64_MAX, false};
        offset = zone->offsets[index];
        if (behind_table(zone, index)) {
            span = rule_at(&zone->rule, utc);
            offset = span.dst ? zone->rule.dst_offset : zone->rule.std_offset;
        }
        cursor->from_micros = clamp_micros(span.from);
        cursor->to_micros = clamp_micros(span.to);
    }
    cursor->offset_micros = (int64_t)offset * WEIR_MICROS_PER_SECOND;
}
