/* Parses texts by a compiled pattern: java.time's strict, case-insensitive parsing, then Spark's defaults for
 * the fields that are missing (1970-01-01 00:00, AM).
 *
 *   1. elements are matched one after the other; an optional section that fails leaves no trace
 *   2. fields are resolved: era and year, hours and half-days, then the date, each range-checked
 *   3. what the text does not say is filled in; the zone of the text or of the session makes the instant
 *
 * A failure is a position (1), or a message (2, 3); both are kept in the state, so that
 * weir_datetime_pattern_explain can word them. No malloc but in explain; any thread. */
#include <stdio.h>

#include "common/types/datetime_pattern_int.h"
#include "common/types/timezone_int.h"

#define MESSAGE_MAX 200

typedef struct fields {
    int64_t values[WEIR_FIELD_COUNT];
    uint32_t set; /* bit per field */
    bool has_zone;
    int32_t zone_offset;
    const weir_timezone *zone;
} fields;

/* A position: an index into the text, or negative (-1 - index) where the text does not match there. */
typedef ptrdiff_t position;

typedef struct parser {
    const weir_datetime_pattern *pattern;
    weir_str text;
    fields f;
    const char *message; /* resolution failed: what java.time says */
    bool in_spark;       /* the message comes without "Text ... could not be parsed" */
    char buffer[MESSAGE_MAX];
} parser;

static position fail(position at) {
    return -1 - at;
}

static bool has(const fields *f, weir_pattern_field field) {
    return f->set >> field & 1;
}

/* A field that was there before must have the same value. */
static position set_field(parser *p, weir_pattern_field field, int64_t value, position from, position to) {
    bool conflict = has(&p->f, field) && p->f.values[field] != value;
    p->f.values[field] = value;
    p->f.set |= 1u << field;
    return conflict ? fail(from) : to;
}

static int digit_at(const parser *p, position at) {
    if (at < 0 || (size_t)at >= p->text.size)
        return -1;
    char c = p->text.data[at];
    return c >= '0' && c <= '9' ? c - '0' : -1;
}

static bool starts_with(const parser *p, position at, weir_str word) {
    return (size_t)at + word.size <= p->text.size &&
           weir_str_equal_nocase(word, weir_str_make(p->text.data + at, word.size));
}

/* ---- elements ---- */

/* At most `width` digits from `at`; 18 digits always fit. */
static int64_t take_digits(const parser *p, position at, int32_t width, position *ret_end) {
    int64_t total = 0;
    position end = at;
    for (; end - at < width && digit_at(p, end) >= 0; end++) {
        if (__builtin_mul_overflow(total, 10, &total) ||
            __builtin_add_overflow(total, digit_at(p, end), &total))
            break;
    }
    *ret_end = end;
    return total;
}

static position parse_number(parser *p, const weir_pattern_element *e, position at) {
    bool negative = false, positive = false;
    if ((size_t)at == p->text.size)
        return fail(at);
    char sign = p->text.data[at];
    if (sign == '+' || sign == '-') {
        if (e->sign == WEIR_SIGN_NOT_NEGATIVE || (sign == '+' && e->sign == WEIR_SIGN_NORMAL))
            return fail(at);
        positive = sign == '+';
        negative = !positive;
        at++;
    }
    if ((size_t)at + (size_t)e->width_min > p->text.size)
        return fail(at);
    position end;
    int32_t width = e->width_max + (e->subsequent > 0 ? e->subsequent : 0);
    int64_t total = take_digits(p, at, width, &end);
    if (end - at < e->width_min)
        return fail(at);
    if (e->subsequent > 0) {
        position own = end - at - e->subsequent;
        total = take_digits(p, at, (int32_t)(own > e->width_min ? own : e->width_min), &end);
    }
    if (negative) {
        if (total == 0)
            return fail(at - 1);
        total = -total;
    } else if (e->sign == WEIR_SIGN_EXCEEDS_PAD) {
        if (positive && end - at <= e->width_min)
            return fail(at - 1);
        if (!positive && end - at > e->width_min)
            return fail(at);
    }
    if (e->kind == WEIR_PATTERN_REDUCED && end - at == 2 && total >= 0)
        total += 2000;
    return set_field(p, e->field, total, at, end);
}

static position parse_fraction(parser *p, const weir_pattern_element *e, position at) {
    if ((size_t)at + (size_t)e->width_min > p->text.size)
        return fail(at);
    position end;
    int64_t total = take_digits(p, at, e->width_max, &end);
    if (end - at < e->width_min)
        return fail(at);
    for (position i = end - at; i < 9; i++)
        total *= 10;
    return set_field(p, e->field, total, at, end);
}

static position parse_text(parser *p, const weir_pattern_element *e, position at) {
    int64_t from = 0, to = 1;
    if (e->field == WEIR_FIELD_MONTH) {
        from = 1;
        to = 12;
    }
    for (int64_t value = from; value <= to; value++) {
        weir_str name;
        if (e->field == WEIR_FIELD_MONTH)
            name = weir_str_make(weir_month_names[value], e->full ? strlen(weir_month_names[value]) : 3);
        else if (e->field == WEIR_FIELD_ERA)
            name = weir_str_from(e->full ? weir_era_names[value] : value ? "AD" : "BC");
        else
            name = weir_str_from(value ? "PM" : "AM");
        if (starts_with(p, at, name))
            return set_field(p, e->field, value, at, at + (position)name.size);
    }
    return fail(at);
}

/* Two digits below 60 at *at, behind a colon where asked for. */
static bool take_two(const parser *p, position *at, bool colon, int32_t *ret) {
    position i = *at;
    if (colon) {
        if ((size_t)i >= p->text.size || p->text.data[i] != ':')
            return false;
        i++;
    }
    int tens = digit_at(p, i), ones = digit_at(p, i + 1);
    if (tens < 0 || ones < 0 || tens > 5)
        return false;
    *ret = tens * 10 + ones;
    *at = i + 2;
    return true;
}

/* java's OffsetId forms 1 +HHmm, 3 +HHMM, 4 +HH:MM, 5 +HHMMss, 6 +HH:MM:ss */
static position parse_offset_form(parser *p, int form, weir_str zero, position at, int32_t *ret_seconds) {
    if ((size_t)at == p->text.size)
        return fail(at);
    if (starts_with(p, at, zero)) {
        *ret_seconds = 0;
        return at + (position)zero.size;
    }
    char sign = p->text.data[at];
    if (sign != '+' && sign != '-')
        return fail(at);
    int32_t hours = 0, minutes = 0, seconds = 0;
    bool colon = form % 2 == 0;
    position end = at + 1;
    if (!take_two(p, &end, false, &hours))
        return fail(at);
    bool has_minutes = take_two(p, &end, colon, &minutes);
    if (!has_minutes && form >= 3)
        return fail(at);
    if (has_minutes && form >= 5)
        take_two(p, &end, colon, &seconds);
    if (hours > 23) {
        p->message = "Value out of range: Hour[0-23], Minute[0-59], Second[0-59]";
        return fail(at);
    }
    *ret_seconds = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds);
    return end;
}

static position parse_offset(parser *p, const weir_pattern_element *e, position at) {
    int32_t seconds;
    position end = parse_offset_form(p, e->offset_form, e->text, at, &seconds);
    return end < 0 ? end : set_field(p, WEIR_FIELD_OFFSET, seconds, at, end);
}

/* "GMT", "GMT+1", "GMT+01:00" */
static position parse_offset_name(parser *p, const weir_pattern_element *e, position at) {
    if (!starts_with(p, at, WEIR_STR("GMT")))
        return fail(at);
    position end = at + 3;
    int64_t hours, seconds = 0;
    if ((size_t)end == p->text.size || (p->text.data[end] != '+' && p->text.data[end] != '-'))
        return set_field(p, WEIR_FIELD_OFFSET, 0, at, end);
    bool negative = p->text.data[end++] == '-';
    position from = end;
    hours = take_digits(p, end, 2, &end);
    int32_t minutes = 0, rest = 0;
    bool has_minutes = false;
    if (end - from == 0 || (e->full && end - from < 2))
        return fail(at);
    has_minutes = take_two(p, &end, true, &minutes);
    if (e->full && !has_minutes)
        return fail(at);
    if (has_minutes)
        take_two(p, &end, true, &rest);
    seconds = hours * 3600 + minutes * 60 + rest;
    return set_field(p, WEIR_FIELD_OFFSET, negative ? -seconds : seconds, at, end);
}

static position set_zone(parser *p, int32_t offset, const weir_timezone *zone, position end) {
    p->f.has_zone = true;
    p->f.zone_offset = offset;
    p->f.zone = zone;
    return end;
}

/* "+01:00", "Z", and behind a prefix "UTC" and the like an offset or nothing. */
static position parse_prefixed(parser *p, position at, position behind, bool prefixed) {
    int32_t seconds = 0;
    position end = behind;
    char next = (size_t)behind < p->text.size ? p->text.data[behind] : '\0';
    if (next == '+' || next == '-') {
        end = parse_offset_form(p, 6, WEIR_STR("Z"), behind, &seconds);
        if (end < 0 && !prefixed)
            return fail(at);
        if (end < 0)
            end = behind;
        if (seconds > 64800 || seconds < -64800)
            return fail(at);
    }
    return set_zone(p, seconds, NULL, end);
}

/* The longest region id in front; ids are tried from the longest run of their bytes down. */
static position parse_region(parser *p, position at) {
    position end = at;
    while ((size_t)end < p->text.size && end - at < 64) {
        char c = p->text.data[end];
        bool part = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
                    c == '_' || c == '-' || c == '+';
        if (!part)
            break;
        end++;
    }
    for (; end - at >= 2; end--) {
        weir_str id = weir_str_make(p->text.data + at, (size_t)(end - at));
        int32_t unused;
        const weir_timezone *zone = NULL;
        /* short ids are no regions: only names that have names of their own */
        if (weir_zone_name_find(id, WEIR_ZONE_NAME_STANDARD, false).data &&
            weir_timezone_resolve(id, &unused, &zone))
            return set_zone(p, unused, zone, end);
    }
    return fail(at);
}

static position parse_zone(parser *p, const weir_pattern_element *e, position at) {
    bool names = e->kind == WEIR_PATTERN_ZONE_NAME;
    if ((size_t)at == p->text.size)
        return fail(at);
    if (p->text.data[at] == '+' || p->text.data[at] == '-')
        return parse_prefixed(p, at, at, false);
    if (starts_with(p, at, WEIR_STR("UTC")) && !names)
        return parse_prefixed(p, at, at + 3, true);
    if (starts_with(p, at, WEIR_STR("UT")) && !starts_with(p, at, WEIR_STR("UTC")))
        return parse_prefixed(p, at, at + 2, true);
    if (starts_with(p, at, WEIR_STR("GMT")) && !starts_with(p, at, WEIR_STR("GMT0")))
        return parse_prefixed(p, at, at + 3, true);
    position end = parse_region(p, at);
    if (names) {
        weir_str id, rest = weir_str_make(p->text.data + at, p->text.size - (size_t)at);
        size_t size = weir_zone_name_match(rest, e->full, &id);
        int32_t seconds = 0;
        const weir_timezone *zone = NULL;
        if (size > 0 && (end < 0 || at + (position)size > end) && weir_timezone_resolve(id, &seconds, &zone))
            end = set_zone(p, seconds, zone, at + (position)size);
    }
    if (end < 0 && (p->text.data[at] | 0x20) == 'z')
        return set_zone(p, 0, NULL, at + 1);
    return end;
}

static position parse_element(parser *p, const weir_pattern_element *e, position at) {
    switch (e->kind) {
    case WEIR_PATTERN_LITERAL:
        return starts_with(p, at, e->text) ? at + (position)e->text.size : fail(at);
    case WEIR_PATTERN_NUMBER:
    case WEIR_PATTERN_REDUCED:
        return parse_number(p, e, at);
    case WEIR_PATTERN_FRACTION:
        return parse_fraction(p, e, at);
    case WEIR_PATTERN_TEXT:
        return parse_text(p, e, at);
    case WEIR_PATTERN_OFFSET:
        return parse_offset(p, e, at);
    case WEIR_PATTERN_OFFSET_NAME:
        return parse_offset_name(p, e, at);
    default:
        return parse_zone(p, e, at);
    }
}

/* Elements [from, to); sections recurse, as deep as the pattern nests (bounded by the compiler). */
static position parse_range(parser *p, int32_t from, int32_t to, position at) {
    for (int32_t i = from; i < to && at >= 0; i++) {
        const weir_pattern_element *e = &p->pattern->elements[i];
        if (e->kind == WEIR_PATTERN_OPTION_END)
            continue;
        if (e->kind != WEIR_PATTERN_OPTION) {
            at = parse_element(p, e, at);
            continue;
        }
        fields saved = p->f;
        position end = parse_range(p, i + 1, e->skip - 1, at);
        if (end < 0 && p->message)
            return end;
        if (end < 0)
            p->f = saved;
        else
            at = end;
        i = e->skip - 1;
    }
    return at;
}

/* ---- resolution ---- */

typedef struct field_range {
    const char *name, *range;
    int64_t min, max;
} field_range;

static const field_range ranges[WEIR_FIELD_COUNT] = {
    [WEIR_FIELD_YEAR] = {"Year", "-999999999 - 999999999", -999999999, 999999999},
    [WEIR_FIELD_YEAR_OF_ERA] = {"YearOfEra", "1 - 999999999/1000000000", 1, 1000000000},
    [WEIR_FIELD_MONTH] = {"MonthOfYear", "1 - 12", 1, 12},
    [WEIR_FIELD_DAY] = {"DayOfMonth", "1 - 28/31", 1, 31},
    [WEIR_FIELD_DAY_OF_YEAR] = {"DayOfYear", "1 - 365/366", 1, 366},
    [WEIR_FIELD_AMPM] = {"AmPmOfDay", "0 - 1", 0, 1},
    [WEIR_FIELD_HOUR] = {"HourOfDay", "0 - 23", 0, 23},
    [WEIR_FIELD_CLOCK_HOUR] = {"ClockHourOfDay", "1 - 24", 1, 24},
    [WEIR_FIELD_HOUR_AMPM] = {"HourOfAmPm", "0 - 11", 0, 11},
    [WEIR_FIELD_CLOCK_HOUR_AMPM] = {"ClockHourOfAmPm", "1 - 12", 1, 12},
    [WEIR_FIELD_MINUTE] = {"MinuteOfHour", "0 - 59", 0, 59},
    [WEIR_FIELD_SECOND] = {"SecondOfMinute", "0 - 59", 0, 59},
    [WEIR_FIELD_NANO] = {"NanoOfSecond", "0 - 999999999", 0, 999999999},
};

static bool say(parser *p, const char *text) {
    if (text != p->buffer)
        snprintf(p->buffer, sizeof p->buffer, "%s", text);
    p->message = p->buffer;
    return false;
}

/* The value of a field that is set is within its range. */
static bool check(parser *p, weir_pattern_field field) {
    const field_range *range = &ranges[field];
    int64_t value = p->f.values[field];
    if (!has(&p->f, field) || (value >= range->min && value <= range->max))
        return true;
    snprintf(p->buffer, sizeof p->buffer, "Invalid value for %s (valid values %s): %lld", range->name,
             range->range, (long long)value);
    return say(p, p->buffer);
}

/* Replaces `from` by `to`, which must not contradict it. */
static bool replace(parser *p, weir_pattern_field from, weir_pattern_field to, int64_t value) {
    p->f.set &= ~(1u << from);
    if (has(&p->f, to) && p->f.values[to] != value) {
        snprintf(p->buffer, sizeof p->buffer,
                 "Conflict found: %s %lld differs from %s %lld while resolving  %s", ranges[to].name,
                 (long long)p->f.values[to], ranges[to].name, (long long)value, ranges[from].name);
        return say(p, p->buffer);
    }
    p->f.values[to] = value;
    p->f.set |= 1u << to;
    return true;
}

static bool resolve_hours(parser *p) {
    fields *f = &p->f;
    if (has(f, WEIR_FIELD_CLOCK_HOUR)) {
        if (!check(p, WEIR_FIELD_CLOCK_HOUR) ||
            !replace(p, WEIR_FIELD_CLOCK_HOUR, WEIR_FIELD_HOUR, f->values[WEIR_FIELD_CLOCK_HOUR] % 24))
            return false;
    }
    if (has(f, WEIR_FIELD_CLOCK_HOUR_AMPM)) {
        if (!check(p, WEIR_FIELD_CLOCK_HOUR_AMPM) ||
            !replace(p, WEIR_FIELD_CLOCK_HOUR_AMPM, WEIR_FIELD_HOUR_AMPM,
                     f->values[WEIR_FIELD_CLOCK_HOUR_AMPM] % 12))
            return false;
    }
    if (has(f, WEIR_FIELD_AMPM) && has(f, WEIR_FIELD_HOUR_AMPM)) {
        if (!check(p, WEIR_FIELD_HOUR_AMPM))
            return false;
        int64_t hour = f->values[WEIR_FIELD_AMPM] * 12 + f->values[WEIR_FIELD_HOUR_AMPM];
        if (!replace(p, WEIR_FIELD_HOUR_AMPM, WEIR_FIELD_HOUR, hour))
            return false;
        f->set &= ~(1u << WEIR_FIELD_AMPM);
    }
    static const weir_pattern_field times[] = {WEIR_FIELD_HOUR, WEIR_FIELD_MINUTE, WEIR_FIELD_SECOND,
                                               WEIR_FIELD_NANO, WEIR_FIELD_HOUR_AMPM};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(times); i++) {
        if (!check(p, times[i]))
            return false;
    }
    return true;
}

/* LocalDate.of with its messages. */
static bool make_date(parser *p, int64_t year, int64_t month, int64_t day, int64_t *ret_days) {
    if (day > weir_days_in_month((int32_t)year, (int32_t)month)) {
        if (day == 29) {
            snprintf(p->buffer, sizeof p->buffer, "Invalid date 'February 29' as '%lld' is not a leap year",
                     (long long)year);
            return say(p, p->buffer);
        }
        char name[16];
        snprintf(name, sizeof name, "%s", weir_month_names[month]);
        for (char *c = name; *c; c++)
            *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
        snprintf(p->buffer, sizeof p->buffer, "Invalid date '%s %lld'", name, (long long)day);
        return say(p, p->buffer);
    }
    *ret_days = weir_date_from_civil((int32_t)year, (int32_t)month, (int32_t)day);
    return true;
}

static bool make_year_day(parser *p, int64_t year, int64_t day, int64_t *ret_days) {
    if (day == 366 && !weir_year_is_leap((int32_t)year)) {
        snprintf(p->buffer, sizeof p->buffer, "Invalid date 'DayOfYear 366' as '%lld' is not a leap year",
                 (long long)year);
        return say(p, p->buffer);
    }
    *ret_days = weir_date_from_civil((int32_t)year, 1, 1) + day - 1;
    return true;
}

/* What the text says beside the fields that made the date must agree with it. */
static bool cross_check(parser *p, int64_t days) {
    int32_t year, month, day;
    weir_date_to_civil(days, &year, &month, &day);
    const struct {
        weir_pattern_field field;
        int64_t value;
    } facts[] = {{WEIR_FIELD_YEAR, year},
                 {WEIR_FIELD_MONTH, month},
                 {WEIR_FIELD_DAY, day},
                 {WEIR_FIELD_DAY_OF_YEAR, days - weir_date_from_civil(year, 1, 1) + 1}};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(facts); i++) {
        weir_pattern_field field = facts[i].field;
        if (!has(&p->f, field) || p->f.values[field] == facts[i].value)
            continue;
        char date[WEIR_DATETIME_TEXT_MAX];
        int size = days == (int32_t)days ? weir_date_format((int32_t)days, date) : 0;
        snprintf(p->buffer, sizeof p->buffer,
                 "Conflict found: Field %s %lld differs from %s %lld derived from %.*s", ranges[field].name,
                 (long long)facts[i].value, ranges[field].name, (long long)p->f.values[field], size, date);
        return say(p, p->buffer);
    }
    return true;
}

static bool resolve_date(parser *p, int64_t *ret_days) {
    fields *f = &p->f;
    if (has(f, WEIR_FIELD_YEAR_OF_ERA)) {
        if (!check(p, WEIR_FIELD_YEAR_OF_ERA))
            return false;
        int64_t year = f->values[WEIR_FIELD_YEAR_OF_ERA];
        if (has(f, WEIR_FIELD_ERA) &&
            !replace(p, WEIR_FIELD_YEAR_OF_ERA, WEIR_FIELD_YEAR, f->values[WEIR_FIELD_ERA] ? year : 1 - year))
            return false;
    }
    bool has_year = has(f, WEIR_FIELD_YEAR), has_month = has(f, WEIR_FIELD_MONTH),
         has_day = has(f, WEIR_FIELD_DAY);
    bool has_year_day = has(f, WEIR_FIELD_DAY_OF_YEAR);
    if (!check(p, WEIR_FIELD_YEAR) || !check(p, WEIR_FIELD_MONTH) || !check(p, WEIR_FIELD_DAY) ||
        !check(p, WEIR_FIELD_DAY_OF_YEAR)) {
        p->in_spark = !(has_year && ((has_month && has_day) || has_year_day));
        return false;
    }
    int64_t year = has_year ? f->values[WEIR_FIELD_YEAR] : 1970;
    int64_t month = has_month ? f->values[WEIR_FIELD_MONTH] : 1,
            day = has_day ? f->values[WEIR_FIELD_DAY] : 1;
    bool ok;
    if (has(f, WEIR_FIELD_JULIAN_DAY) && !(has_year && has_month && has_day)) {
        *ret_days = f->values[WEIR_FIELD_JULIAN_DAY] - 40587;
        ok = *ret_days > -400000000000 && *ret_days < 400000000000;
    } else if (has_year_day && !(has_year && has_month && has_day)) {
        p->in_spark = !has_year;
        ok = make_year_day(p, year, f->values[WEIR_FIELD_DAY_OF_YEAR], ret_days);
    } else {
        p->in_spark = !(has_year && has_month && has_day);
        ok = make_date(p, year, month, day, ret_days);
    }
    if (ok && has(f, WEIR_FIELD_JULIAN_DAY) && *ret_days != f->values[WEIR_FIELD_JULIAN_DAY] - 40587)
        return say(p, "Conflict found: ModifiedJulianDay differs from the date");
    return ok && cross_check(p, *ret_days);
}

static int64_t value_or(const fields *f, weir_pattern_field field, int64_t fallback) {
    return has(f, field) ? f->values[field] : fallback;
}

/* Local micros of the parsed fields; false where they contradict or overflow. */
static bool resolve(parser *p, int64_t *ret_local) {
    fields *f = &p->f;
    int64_t days = 0;
    if (!resolve_date(p, &days))
        return false;
    p->in_spark = false;
    if (!resolve_hours(p))
        return false;
    int64_t hour = has(f, WEIR_FIELD_HOUR)        ? f->values[WEIR_FIELD_HOUR]
                   : has(f, WEIR_FIELD_HOUR_AMPM) ? f->values[WEIR_FIELD_HOUR_AMPM]
                                                  : value_or(f, WEIR_FIELD_AMPM, 0) * 12;
    int64_t seconds =
        hour * 3600 + value_or(f, WEIR_FIELD_MINUTE, 0) * 60 + value_or(f, WEIR_FIELD_SECOND, 0);
    __int128 micros =
        (__int128)(days * 86400 + seconds) * WEIR_MICROS_PER_SECOND + value_or(f, WEIR_FIELD_NANO, 0) / 1000;
    if (micros < INT64_MIN + WEIR_MICROS_PER_DAY || micros > INT64_MAX - WEIR_MICROS_PER_DAY) {
        p->in_spark = true;
        return say(p, "long overflow");
    }
    *ret_local = (int64_t)micros;
    int64_t offset = value_or(f, WEIR_FIELD_OFFSET, 0);
    if (offset > 64800 || offset < -64800)
        return say(p, "Zone offset not in valid range: -18:00 to +18:00");
    return true;
}

/* Where the text stops to match: *ret_end as a position. True where all of it matches and resolves. */
static bool run(parser *p, position *ret_end, int64_t *ret_local) {
    p->message = NULL;
    *ret_end = parse_range(p, 0, p->pattern->count, 0);
    return *ret_end >= 0 && (size_t)*ret_end == p->text.size && resolve(p, ret_local);
}

bool weir_datetime_pattern_parse(const weir_datetime_pattern *pattern, weir_str text,
                                 const weir_timezone *zone, int64_t *ret_utc_micros,
                                 int64_t *ret_local_micros, bool *ret_has_zone) {
    parser p;
    position end;
    p.pattern = pattern;
    p.text = text;
    p.f = (fields){0};
    p.in_spark = false;
    if (!run(&p, &end, ret_local_micros))
        return false;
    *ret_has_zone = p.f.has_zone || has(&p.f, WEIR_FIELD_OFFSET);
    if (p.f.has_zone ? !p.f.zone : *ret_has_zone) {
        int64_t offset = p.f.has_zone ? p.f.zone_offset : p.f.values[WEIR_FIELD_OFFSET];
        *ret_utc_micros = *ret_local_micros - offset * WEIR_MICROS_PER_SECOND;
    } else {
        *ret_utc_micros = weir_timezone_to_utc(p.f.has_zone ? p.f.zone : zone, *ret_local_micros);
    }
    return true;
}

/* Java counts UTF-16 units. */
static size_t utf16_index(weir_str text, size_t bytes) {
    size_t units = 0;
    for (size_t i = 0; i < bytes && i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        units += (c & 0xC0) != 0x80;
        units += c >= 0xF0;
    }
    return units;
}

void weir_datetime_pattern_explain(const weir_datetime_pattern *pattern, weir_str text,
                                   const weir_timezone *zone, weir_strbuf *buf) {
    parser p = {.pattern = pattern, .text = text};
    position end;
    int64_t local;
    (void)zone; /* a zone can only overflow, which the margin of resolve covers */
    if (run(&p, &end, &local))
        return;
    if (p.message && p.in_spark) {
        weir_strbuf_add_text(buf, p.message);
        return;
    }
    weir_strbuf_add_text(buf, "Text '");
    if (utf16_index(text, text.size) > 64) {
        size_t cut = 0;
        while (utf16_index(text, cut + 1) <= 64)
            cut++;
        weir_strbuf_add(buf, weir_str_make(text.data, cut));
        weir_strbuf_add_text(buf, "...");
    } else {
        weir_strbuf_add(buf, text);
    }
    if (p.message)
        weir_strbuf_addf(buf, "' could not be parsed: %s", p.message);
    else if (end < 0)
        weir_strbuf_addf(buf, "' could not be parsed at index %zu", utf16_index(text, (size_t)(-1 - end)));
    else
        weir_strbuf_addf(buf, "' could not be parsed, unparsed text found at index %zu",
                         utf16_index(text, (size_t)end));
}
