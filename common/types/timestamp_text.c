/* Spark's text forms of DATE, TIMESTAMP, TIMESTAMP_NTZ and TIME: what CAST reads and prints.
 *
 * Parsing first tries the canonical layout (yyyy-MM-dd HH:mm:ss[.f*][Z]) with word-wise digit checks; all
 * else goes through the segment automaton that Spark's casts define, oddities included. No malloc, no
 * locale, no libc time. Any thread. */
#include "common/base/bits.h"
#include "common/types/datetime.h"
#include "common/types/timezone_int.h"

static bool is_space(char c) {
    return (unsigned char)c <= 0x20 || c == 0x7F;
}

static weir_str trim(weir_str text) {
    const char *at = text.data, *end = at + text.size;
    while (at < end && is_space(*at))
        at++;
    while (end > at && is_space(end[-1]))
        end--;
    return weir_str_make(at, (size_t)(end - at));
}

static bool is_date(int32_t year, int32_t month, int32_t day) {
    return month >= 1 && month <= 12 && day >= 1 && (day <= 28 || day <= weir_days_in_month(year, month));
}

/* ---- dates ---- */

bool weir_date_parse(weir_str text, int32_t *ret_days) {
    int32_t segments[3] = {1, 1, 1}, index = 0, value = 0, digits = 0, sign = 1;
    text = trim(text);
    const char *at = text.data, *end = at + text.size;
    if (at == end)
        return false;
    if (*at == '-' || *at == '+')
        sign = *at++ == '-' ? -1 : 1;
    for (; at < end && *at != ' ' && *at != 'T'; at++) {
        if (*at == '-' && index < 2) {
            if (index == 0 ? digits < 4 || digits > 7 : digits < 1 || digits > 2)
                return false;
            segments[index++] = value;
            value = digits = 0;
        } else if (*at < '0' || *at > '9' || ++digits > 7) {
            return false;
        } else {
            value = value * 10 + (*at - '0');
        }
    }
    if (index == 0 ? digits < 4 : digits < 1 || digits > 2)
        return false;
    if (index < 2 && at < end)
        return false; /* only a full date may have something behind it */
    segments[index] = value;
    int32_t year = sign * segments[0];
    if (!is_date(year, segments[1], segments[2]))
        return false;
    int64_t days = weir_date_from_civil(year, segments[1], segments[2]);
    if (days != (int32_t)days)
        return false;
    *ret_days = (int32_t)days;
    return true;
}

/* ---- timestamps ---- */

enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, FRACTION, ZONE, SEGMENTS };

typedef struct parts {
    int32_t segments[SEGMENTS]; /* FRACTION in micros */
    int32_t nanos;              /* behind the micros, 0..999 */
    bool has_zone;
    bool only_time;
    int32_t offset;            /* of the zone in the text, where `zone` is NULL */
    const weir_timezone *zone; /* region in the text */
} parts;

static bool digits_fit(int32_t segment, int32_t digits) {
    switch (segment) {
    case YEAR:
        return digits >= 4 && digits <= 6;
    case FRACTION:
        return true;
    case ZONE:
        return digits <= 2;
    default:
        return digits >= 1 && digits <= 2;
    }
}

/* The automaton's state while it reads. */
typedef struct scan {
    int32_t index, value, digits, fraction_digits;
    bool has_sign;
} scan;

static bool close_segment(scan *s, int32_t segment, parts *p) {
    if (!digits_fit(segment, s->digits))
        return false;
    p->segments[segment] = s->value;
    s->value = s->digits = 0;
    return true;
}

/* A byte that is no digit. Gives false where it makes the text invalid; *ret_zone where the rest of
 * the text is a zone. */
static bool take_separator(scan *s, char c, bool first, parts *p, bool *ret_zone) {
    *ret_zone = false;
    if (first && c == 'T') {
        p->only_time = true;
        s->index = HOUR;
        return true;
    }
    if (s->index == YEAR && c == ':' && !s->has_sign) {
        p->only_time = true;
        if (!close_segment(s, HOUR, p))
            return false;
        s->index = MINUTE;
        return true;
    }
    bool fits = s->index < DAY      ? c == '-'
                : s->index == DAY   ? c == ' ' || c == 'T'
                : s->index < SECOND ? c == ':'
                                    : s->index <= FRACTION;
    if (!fits || !close_segment(s, s->index, p))
        return false;
    *ret_zone = s->index == FRACTION || (s->index == SECOND && c != '.');
    s->index = *ret_zone ? ZONE : s->index + 1;
    return true;
}

static bool take_digit(scan *s, char c, parts *p) {
    int32_t digit = c - '0';
    if (digit < 0 || digit > 9)
        return false;
    if (s->index == FRACTION) {
        s->fraction_digits++;
        if (s->fraction_digits > 6) {
            static const int32_t weights[3] = {100, 10, 1};
            if (s->fraction_digits <= 9)
                p->nanos += digit * weights[s->fraction_digits - 7];
            return true;
        }
    }
    s->digits++;
    if (s->digits > 6)
        return s->index == FRACTION;
    s->value = s->value * 10 + digit;
    return true;
}

static bool parse_parts(weir_str text, parts *p) {
    *p = (parts){.segments = {1, 1, 1}};
    weir_str trimmed = trim(text);
    const char *at = trimmed.data, *end = at + trimmed.size;
    scan s = {0};
    int32_t sign = 1;
    if (at == end)
        return false;
    if (*at == '-' || *at == '+') {
        s.has_sign = true;
        sign = *at++ == '-' ? -1 : 1;
    }
    for (; at < end; at++) {
        if (*at >= '0' && *at <= '9') {
            if (!take_digit(&s, *at, p))
                return false;
            continue;
        }
        bool zone;
        if (!take_separator(&s, *at, at == text.data, p, &zone))
            return false;
        if (zone) {
            weir_str id = weir_str_trim(weir_str_make(at, (size_t)(end - at)));
            if (!weir_timezone_resolve(id, &p->offset, &p->zone))
                return false;
            p->has_zone = true;
            break;
        }
    }
    if (!close_segment(&s, s.index, p))
        return false;
    for (int32_t digits = s.fraction_digits; digits < 6; digits++)
        p->segments[FRACTION] *= 10;
    p->segments[YEAR] *= sign;
    return true;
}

static bool time_is_valid(const parts *p) {
    return p->segments[HOUR] <= 23 && p->segments[MINUTE] <= 59 && p->segments[SECOND] <= 59;
}

static int64_t day_micros(const parts *p) {
    int64_t seconds = p->segments[HOUR] * 3600 + p->segments[MINUTE] * 60 + p->segments[SECOND];
    return seconds * WEIR_MICROS_PER_SECOND + p->segments[FRACTION];
}

/* Local micros of date and time; false outside of int64 or where a field is out of range. Years have
 * at most six digits, but their micros may still not fit. */
static bool local_micros(const parts *p, int64_t *ret) {
    if (!is_date(p->segments[YEAR], p->segments[MONTH], p->segments[DAY]) || !time_is_valid(p))
        return false;
    int64_t days = weir_date_from_civil(p->segments[YEAR], p->segments[MONTH], p->segments[DAY]);
    __int128 micros = (__int128)days * WEIR_MICROS_PER_DAY + day_micros(p);
    if (micros != (int64_t)micros)
        return false;
    *ret = (int64_t)micros;
    return true;
}

/* Offset subtraction may leave int64 at its very ends. */
static bool at_zone(int64_t local, const parts *p, const weir_timezone *zone, int64_t *ret) {
    const weir_timezone *z = p->has_zone ? p->zone : zone;
    if (z && (local < INT64_MIN + WEIR_MICROS_PER_DAY || local > INT64_MAX - WEIR_MICROS_PER_DAY)) {
        int64_t near = local < 0 ? local + WEIR_MICROS_PER_DAY : local - WEIR_MICROS_PER_DAY;
        return !__builtin_sub_overflow(local, near - weir_timezone_to_utc(z, near), ret);
    }
    if (z) {
        *ret = weir_timezone_to_utc(z, local);
        return true;
    }
    return !__builtin_sub_overflow(local, p->offset * WEIR_MICROS_PER_SECOND, ret);
}

static int32_t two(const char *p) {
    return (p[0] - '0') * 10 + (p[1] - '0');
}

/* The canonical layout of at least 19 bytes: every byte of the digits checked at once. Gives false for
 * all else (which may still be valid). */
static bool parse_canonical(weir_str text, int64_t *ret_local, bool *ret_utc) {
    const char *p = text.data;
    if (text.size < 19 || text.size > 30 || (p[10] != ' ' && p[10] != 'T'))
        return false;
    uint64_t a = weir_load64(p), b = weir_load64(p + 8), c;
    uint32_t tail;
    memcpy(&tail, p + 15, 4);
    /* "yyyy-MM-" "dd HH:mm" ":mm:ss": separators become digits, then one digit check per word. */
    if (p[4] != '-' || p[7] != '-' || p[13] != ':' || p[16] != ':')
        return false;
    a ^= (uint64_t)('-' ^ '0') << 32 | (uint64_t)('-' ^ '0') << 56;
    b ^= (uint64_t)(uint8_t)(p[10] ^ '0') << 16 | (uint64_t)(':' ^ '0') << 40;
    c = (uint64_t)(tail ^ (uint32_t)(':' ^ '0') << 8) << 32 | 0x30303030u;
    const uint64_t high = 0xF0F0F0F0F0F0F0F0u, six = 0x0606060606060606u, zero = 0x3030303030303030u;
    if (((a & high) ^ zero) | ((b & high) ^ zero) | ((c & high) ^ zero) | (((a & ~high) + six) & high) |
        (((b & ~high) + six) & high) | (((c & ~high) + six) & high))
        return false;
    int32_t year = two(p) * 100 + two(p + 2), month = two(p + 5), day = two(p + 8);
    int32_t hour = two(p + 11), minute = two(p + 14), second = two(p + 17);
    if (!is_date(year, month, day) || hour > 23 || minute > 59 || second > 59)
        return false;
    size_t at = 19;
    int32_t micros = 0;
    if (at < text.size && p[at] == '.') {
        int32_t digits = 0;
        for (at++; at < text.size && p[at] >= '0' && p[at] <= '9'; at++, digits++) {
            if (digits < 6)
                micros = micros * 10 + (p[at] - '0');
        }
        for (; digits < 6; digits++)
            micros *= 10;
    }
    *ret_utc = at < text.size && p[at] == 'Z' && at + 1 == text.size;
    if (at < text.size && !*ret_utc)
        return false;
    int64_t seconds = weir_date_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    *ret_local = seconds * WEIR_MICROS_PER_SECOND + micros;
    return true;
}

/* A time of day alone takes its date from now_micros; NULL refuses it. */
static bool parse_timestamp(weir_str text, const weir_timezone *zone, const int64_t *now_micros,
                            int64_t *ret) {
    int64_t local;
    bool utc;
    if (parse_canonical(text, &local, &utc)) {
        *ret = utc ? local : weir_timezone_to_utc(zone, local);
        return true;
    }
    parts p;
    if (!parse_parts(text, &p))
        return false;
    if (p.only_time) {
        if (!now_micros || !time_is_valid(&p))
            return false;
        const weir_timezone *z = p.has_zone ? p.zone : zone;
        int64_t offset = (z ? weir_timezone_offset(z, *now_micros) : p.offset) * WEIR_MICROS_PER_SECOND;
        local =
            weir_floor_div(*now_micros + offset, WEIR_MICROS_PER_DAY) * WEIR_MICROS_PER_DAY + day_micros(&p);
    } else if (!local_micros(&p, &local)) {
        return false;
    }
    return at_zone(local, &p, zone, ret);
}

bool weir_timestamp_parse(weir_str text, const weir_timezone *zone, int64_t *ret_micros) {
    return parse_timestamp(text, zone, NULL, ret_micros);
}

bool weir_timestamp_parse_at(weir_str text, const weir_timezone *zone, int64_t now_micros,
                             int64_t *ret_micros) {
    return parse_timestamp(text, zone, &now_micros, ret_micros);
}

bool weir_timestamp_ntz_parse(weir_str text, bool allow_zone, int64_t *ret_micros) {
    bool utc;
    int64_t local;
    if (parse_canonical(text, &local, &utc)) {
        *ret_micros = local;
        return allow_zone || !utc;
    }
    parts p;
    if (!parse_parts(text, &p) || p.only_time || (p.has_zone && !allow_zone))
        return false;
    return local_micros(&p, ret_micros);
}

bool weir_time_parse(weir_str text, int64_t *ret_nanos) {
    while (text.size > 0 && text.data[text.size - 1] == ' ')
        text.size--;
    bool am = false, pm = false;
    if (text.size > 2 && (text.data[text.size - 1] | 0x20) == 'm') {
        char half = text.data[text.size - 2] | 0x20;
        am = half == 'a';
        pm = half == 'p';
        if (am || pm)
            text.size -= 2;
    }
    parts p;
    if (!parse_parts(text, &p) || !p.only_time || p.has_zone || !time_is_valid(&p))
        return false;
    if (am || pm) {
        int32_t hour = p.segments[HOUR];
        if (hour < 1 || hour > 12)
            return false;
        p.segments[HOUR] = hour % 12 + (pm ? 12 : 0);
    }
    *ret_nanos = day_micros(&p) * 1000 + p.nanos;
    return true;
}

/* ---- formatting ---- */

static void put_two(char *p, int32_t value) {
    p[0] = (char)('0' + value / 10);
    p[1] = (char)('0' + value % 10);
}

/* yyyy-MM-dd; years outside 0..9999 carry a sign. Returns bytes written. */
static int put_date(int64_t days, char *ret) {
    int32_t year, month, day;
    char *p = ret;
    weir_date_to_civil(days, &year, &month, &day);
    if (WEIR_LIKELY(year >= 0 && year <= 9999)) {
        put_two(p, year / 100);
        put_two(p + 2, year % 100);
        p += 4;
    } else {
        char digits[12];
        int count = 0;
        *p++ = year < 0 ? '-' : '+';
        for (int32_t rest = year < 0 ? -year : year; rest > 0; rest /= 10)
            digits[count++] = (char)('0' + rest % 10);
        while (count < 4)
            digits[count++] = '0';
        while (count > 0)
            *p++ = digits[--count];
    }
    p[0] = '-';
    put_two(p + 1, month);
    p[3] = '-';
    put_two(p + 4, day);
    return (int)(p + 6 - ret);
}

static void put_clock(int32_t seconds, char *p) {
    put_two(p, seconds / 3600);
    p[2] = ':';
    put_two(p + 3, seconds / 60 % 60);
    p[5] = ':';
    put_two(p + 6, seconds % 60);
}

/* ".123" of a fraction with `digits` digits, without trailing zeros; nothing for 0. */
static int put_fraction(int32_t fraction, int32_t digits, char *p) {
    if (fraction == 0)
        return 0;
    while (fraction % 10 == 0) {
        fraction /= 10;
        digits--;
    }
    p[0] = '.';
    for (int32_t i = digits; i > 0; i--) {
        p[i] = (char)('0' + fraction % 10);
        fraction /= 10;
    }
    return digits + 1;
}

int weir_date_format(int32_t days, char *ret) {
    return put_date(days, ret);
}

int weir_timestamp_ntz_format(int64_t micros, char *ret) {
    int64_t seconds = weir_floor_div(micros, WEIR_MICROS_PER_SECOND);
    int64_t days = weir_floor_div(seconds, 86400);
    int size = put_date(days, ret);
    ret[size++] = ' ';
    put_clock((int32_t)(seconds - days * 86400), ret + size);
    size += 8;
    return size + put_fraction((int32_t)weir_floor_mod(micros, WEIR_MICROS_PER_SECOND), 6, ret + size);
}

int weir_timestamp_format(int64_t micros, const weir_timezone *zone, char *ret) {
    int64_t local, offset = (int64_t)weir_timezone_offset(zone, micros) * WEIR_MICROS_PER_SECOND;
    if (WEIR_UNLIKELY(__builtin_add_overflow(micros, offset, &local))) {
        /* the last hours of int64: format a day nearer to the epoch and put the real date in front */
        int64_t step = micros < 0 ? WEIR_MICROS_PER_DAY : -WEIR_MICROS_PER_DAY;
        int64_t near = micros + step + offset;
        char text[WEIR_DATETIME_TEXT_MAX];
        int skip = put_date(weir_floor_div(near, WEIR_MICROS_PER_DAY), text);
        int size = weir_timestamp_ntz_format(near, text);
        int date = put_date(weir_floor_div(near, WEIR_MICROS_PER_DAY) - step / WEIR_MICROS_PER_DAY, ret);
        memcpy(ret + date, text + skip, (size_t)(size - skip));
        return date + size - skip;
    }
    return weir_timestamp_ntz_format(local, ret);
}

int weir_time_format(int64_t nanos, char *ret) {
    put_clock((int32_t)(nanos / 1000000000), ret);
    return 8 + put_fraction((int32_t)(nanos % 1000000000), 9, ret + 8);
}
