/* Reader of the system's compiled zone files (TZif, RFC 8536) and of the POSIX TZ rule behind their
 * tables. A zone's explicit table is extended by its rule up to TABLE_YEAR, so that nearly every lookup
 * is one binary search. Files are checked field by field: a damaged one is CORRUPT_FILE, an absent one
 * NOT_FOUND. Runs once per zone; any thread. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/types/datetime.h"
#include "common/types/timezone_int.h"

#define FILE_BYTES_MAX (1 << 20)
#define TABLE_YEAR 2200
#define TRANSITIONS_MAX 100000

static int32_t read_be32(const uint8_t *p) {
    return (int32_t)((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]);
}

static int64_t read_be64(const uint8_t *p) {
    return (int64_t)((uint64_t)(uint32_t)read_be32(p) << 32 | (uint32_t)read_be32(p + 4));
}

/* ---- the POSIX rule ---- */

typedef struct cursor {
    const char *at, *end;
} cursor;

static bool take_name(cursor *c, char ret[12]) {
    size_t size = 0;
    if (c->at < c->end && *c->at == '<') {
        c->at++;
        while (c->at < c->end && *c->at != '>' && size < 11)
            ret[size++] = *c->at++;
        if (c->at >= c->end || *c->at++ != '>')
            return false;
    } else {
        while (c->at < c->end && size < 11 &&
               ((*c->at >= 'A' && *c->at <= 'Z') || (*c->at >= 'a' && *c->at <= 'z')))
            ret[size++] = *c->at++;
    }
    ret[size] = '\0';
    return size >= 3;
}

static bool take_number(cursor *c, int32_t max, int32_t *ret) {
    int32_t value = 0;
    const char *from = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9' && value <= max)
        value = value * 10 + (*c->at++ - '0');
    *ret = value;
    return c->at > from && value <= max;
}

static bool take_char(cursor *c, char wanted) {
    if (c->at >= c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

/* [+-]hh[:mm[:ss]] as seconds */
static bool take_time(cursor *c, int32_t *ret) {
    int32_t hours, minutes = 0, seconds = 0, sign = 1;
    if (take_char(c, '-'))
        sign = -1;
    else
        take_char(c, '+');
    if (!take_number(c, 167, &hours))
        return false;
    if (take_char(c, ':')) {
        if (!take_number(c, 59, &minutes))
            return false;
        if (take_char(c, ':') && !take_number(c, 59, &seconds))
            return false;
    }
    *ret = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

static bool take_change(cursor *c, weir_zone_change *ret) {
    *ret = (weir_zone_change){.form = 'D', .seconds = 7200};
    if (!take_char(c, ','))
        return false;
    if (take_char(c, 'M')) {
        ret->form = 'M';
        if (!take_number(c, 12, &ret->month) || !take_char(c, '.') || !take_number(c, 5, &ret->week) ||
            !take_char(c, '.') || !take_number(c, 6, &ret->day) || ret->month < 1 || ret->week < 1)
            return false;
    } else {
        if (take_char(c, 'J'))
            ret->form = 'J';
        if (!take_number(c, 365, &ret->day) || (ret->form == 'J' && ret->day < 1))
            return false;
    }
    return !take_char(c, '/') || take_time(c, &ret->seconds);
}

bool weir_tzif_parse_rule(weir_str text, weir_zone_rule *ret) {
    cursor c = {text.data, text.data + text.size};
    weir_zone_rule rule = {0};
    int32_t west;
    if (!take_name(&c, rule.std_name) || !take_time(&c, &west))
        return false;
    rule.std_offset = -west;
    if (c.at < c.end) {
        rule.has_dst = true;
        if (!take_name(&c, rule.dst_name))
            return false;
        rule.dst_offset = rule.std_offset + 3600;
        if (c.at < c.end && *c.at != ',') {
            if (!take_time(&c, &west))
                return false;
            rule.dst_offset = -west;
        }
        if (!take_change(&c, &rule.to_dst) || !take_change(&c, &rule.to_std) || c.at != c.end)
            return false;
    }
    *ret = rule;
    return true;
}

/* Local seconds (since the epoch, no offset applied) of a change in a year. */
static int64_t change_local(const weir_zone_change *change, int64_t year) {
    int64_t days;
    if (change->form == 'M') {
        int64_t first = weir_date_from_civil((int32_t)year, change->month, 1);
        int32_t weekday = (int32_t)weir_floor_mod(first + 4, 7); /* 1970-01-01 was a Thursday */
        int32_t day = 1 + (change->day - weekday + 7) % 7 + (change->week - 1) * 7;
        while (day > weir_days_in_month((int32_t)year, change->month))
            day -= 7;
        days = first + day - 1;
    } else {
        days = weir_date_from_civil((int32_t)year, 1, 1) + change->day;
        if (change->form == 'J')
            days += (change->day >= 60 && weir_year_is_leap((int32_t)year) ? 1 : 0) - 1;
    }
    return days * 86400 + change->seconds;
}

void weir_tzif_rule_year(const weir_zone_rule *rule, int64_t year, int64_t ret_utc[2],
                         bool *ret_first_is_dst) {
    int64_t to_dst = change_local(&rule->to_dst, year) - rule->std_offset;
    int64_t to_std = change_local(&rule->to_std, year) - rule->dst_offset;
    *ret_first_is_dst = to_dst < to_std;
    ret_utc[0] = *ret_first_is_dst ? to_dst : to_std;
    ret_utc[1] = *ret_first_is_dst ? to_std : to_dst;
}

/* ---- the file ---- */

typedef struct tzif_header {
    int32_t utc_count, std_count, leap_count, time_count, type_count, char_count;
} tzif_header;

static bool read_header(const uint8_t *p, size_t size, tzif_header *ret) {
    if (size < 44 || memcmp(p, "TZif", 4) != 0)
        return false;
    *ret = (tzif_header){read_be32(p + 20), read_be32(p + 24), read_be32(p + 28),
                         read_be32(p + 32), read_be32(p + 36), read_be32(p + 40)};
    return ret->utc_count >= 0 && ret->std_count >= 0 && ret->leap_count >= 0 && ret->time_count >= 0 &&
           ret->type_count > 0 && ret->char_count > 0 && ret->utc_count <= 256 && ret->std_count <= 256 &&
           ret->leap_count <= 1000 && ret->time_count <= TRANSITIONS_MAX && ret->type_count <= 256 &&
           ret->char_count <= 4096;
}

static size_t body_size(const tzif_header *h, size_t time_size) {
    return (size_t)h->time_count * (time_size + 1) + (size_t)h->type_count * 6 + (size_t)h->char_count +
           (size_t)h->leap_count * (time_size + 4) + (size_t)h->std_count + (size_t)h->utc_count;
}

static void add_transition(weir_timezone *zone, int64_t utc, int32_t offset, weir_str name, bool dst) {
    int32_t before = zone->offsets[zone->count];
    zone->utc[zone->count] = utc;
    zone->local_ends[zone->count] = utc + (before > offset ? before : offset);
    zone->count++;
    zone->offsets[zone->count] = offset;
    zone->names[zone->count] = name;
    zone->dst[zone->count] = dst;
}

static void allocate(weir_timezone *zone, int32_t capacity) {
    zone->utc = weir_alloc_zero((size_t)capacity + 1, sizeof *zone->utc);
    zone->local_ends = weir_alloc_zero((size_t)capacity + 1, sizeof *zone->local_ends);
    zone->offsets = weir_alloc_zero((size_t)capacity + 1, sizeof *zone->offsets);
    zone->names = weir_alloc_zero((size_t)capacity + 1, sizeof *zone->names);
    zone->dst = weir_alloc_zero((size_t)capacity + 1, sizeof *zone->dst);
}

void weir_tzif_free(weir_timezone *zone) {
    weir_free(zone->utc);
    weir_free(zone->local_ends);
    weir_free(zone->offsets);
    weir_free(zone->names);
    weir_free(zone->dst);
    weir_free(zone->name_block);
    zone->name_block = NULL;
    zone->utc = zone->local_ends = NULL;
    zone->offsets = NULL;
    zone->names = NULL;
    zone->dst = NULL;
}

/* Transitions by the rule from behind the table up to TABLE_YEAR. */
static void extend_by_rule(weir_timezone *zone) {
    if (!zone->rule.has_dst)
        return;
    weir_zone_rule *rule = &zone->rule;
    int32_t year = 1970, month, day;
    if (zone->count > 0)
        weir_date_to_civil(weir_floor_div(zone->utc[zone->count - 1], 86400), &year, &month, &day);
    for (; year <= TABLE_YEAR; year++) {
        int64_t utc[2];
        bool first_is_dst;
        weir_tzif_rule_year(rule, year, utc, &first_is_dst);
        for (int i = 0; i < 2; i++) {
            bool to_dst = (i == 0) == first_is_dst;
            if (zone->count > 0 && utc[i] <= zone->utc[zone->count - 1])
                continue;
            add_transition(zone, utc[i], to_dst ? rule->dst_offset : rule->std_offset,
                           weir_str_from(to_dst ? rule->dst_name : rule->std_name), to_dst);
        }
    }
}

/* `data` is the 64-bit body behind its header. False where an index is out of bounds. */
static bool read_body(const uint8_t *data, const tzif_header *h, weir_timezone *zone) {
    char *name_block = zone->name_block;
    const uint8_t *times = data, *indexes = times + (size_t)h->time_count * 8;
    const uint8_t *types = indexes + h->time_count;
    const char *chars = (const char *)types + (size_t)h->type_count * 6;
    memcpy(name_block, chars, (size_t)h->char_count);
    name_block[h->char_count] = '\0';
    for (int32_t i = -1; i < h->time_count; i++) {
        int32_t type = i < 0 ? 0 : indexes[i];
        if (type >= h->type_count)
            return false;
        const uint8_t *info = types + (size_t)type * 6;
        int32_t offset = read_be32(info);
        if (info[5] >= h->char_count || offset < -93600 || offset > 93600)
            return false;
        weir_str name = weir_str_from(name_block + info[5]);
        if (i < 0) {
            zone->offsets[0] = offset;
            zone->names[0] = name;
            zone->dst[0] = info[4] != 0;
            continue;
        }
        int64_t utc = read_be64(times + (size_t)i * 8);
        if (zone->count > 0 && utc <= zone->utc[zone->count - 1])
            return false;
        add_transition(zone, utc, offset, name, info[4] != 0);
    }
    return true;
}

/* Some zones call their winter time the exception (Europe/Dublin, Africa/Casablanca): Java turns that
 * round, so that daylight saving is always the later clock. */
static void turn_negative_dst(weir_timezone *zone) {
    bool *written = weir_alloc((size_t)zone->count + 1);
    memcpy(written, zone->dst, (size_t)zone->count + 1);
    for (int32_t i = 1; i <= zone->count; i++) {
        if (!written[i] || written[i - 1] || zone->offsets[i] >= zone->offsets[i - 1])
            continue;
        zone->dst[i] = false;
        zone->dst[i - 1] = true;
        if (i < zone->count && !written[i + 1] && zone->offsets[i + 1] > zone->offsets[i])
            zone->dst[i + 1] = true;
    }
    weir_free(written);
    weir_zone_rule *rule = &zone->rule;
    if (rule->has_dst && rule->dst_offset < rule->std_offset) {
        weir_zone_rule turned = *rule;
        turned.std_offset = rule->dst_offset;
        turned.dst_offset = rule->std_offset;
        turned.to_dst = rule->to_std;
        turned.to_std = rule->to_dst;
        memcpy(turned.std_name, rule->dst_name, sizeof turned.std_name);
        memcpy(turned.dst_name, rule->std_name, sizeof turned.dst_name);
        *rule = turned;
    }
}

static bool parse_file(const uint8_t *data, size_t size, weir_timezone *zone) {
    tzif_header h;
    if (!read_header(data, size, &h) || data[4] < '2')
        return false;
    size_t second = 44 + body_size(&h, 4);
    if (second > size || !read_header(data + second, size - second, &h))
        return false;
    size_t body = second + 44, footer = body + body_size(&h, 8);
    if (footer + 2 > size || data[footer] != '\n')
        return false;
    const uint8_t *end = memchr(data + footer + 1, '\n', size - footer - 1);
    if (!end)
        return false;
    weir_str rule = weir_str_make((const char *)data + footer + 1, (size_t)(end - data) - footer - 1);
    if (rule.size > 0 && !weir_tzif_parse_rule(rule, &zone->rule))
        return false;
    allocate(zone, h.time_count + 2 * (TABLE_YEAR - 1969));
    zone->name_block = weir_alloc((size_t)h.char_count + 1);
    if (!read_body(data + body, &h, zone))
        return false;
    turn_negative_dst(zone);
    extend_by_rule(zone);
    zone->fixed = zone->count == 0;
    return true;
}

weir_code weir_tzif_read(const char *path, weir_timezone *zone, weir_error **err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        if (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG)
            WEIR_FAIL(err, NOT_FOUND, "There is no time zone file %s.", path);
        return weir_error_fail_errno(err, errno, "open %s", path);
    }
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > FILE_BYTES_MAX) {
        close(fd);
        WEIR_FAIL(err, NOT_FOUND, "%s is no time zone file.", path);
    }
    uint8_t *data = weir_alloc((size_t)info.st_size + 1);
    size_t size = 0;
    ssize_t got;
    while (size < (size_t)info.st_size && (got = read(fd, data + size, (size_t)info.st_size - size)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        size += (size_t)got;
    }
    close(fd);
    bool ok = parse_file(data, size, zone);
    weir_free(data);
    if (!ok) {
        weir_tzif_free(zone);
        WEIR_RAISE(err, CORRUPT_FILE, "path", path, "reason", "it is not a valid TZif file");
    }
    return WEIR_OK;
}
