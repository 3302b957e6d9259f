/* Intervals as text: the ANSI forms that show and CAST print ("INTERVAL '1 02:03:04' DAY TO SECOND"), the
 * texts that CAST accepts for each interval type, and the unit list of calendar intervals ("1 day 2.5
 * seconds"). All follow Spark's IntervalUtils, oddities included: a bar is a plus sign. Any thread. */
#include <stdio.h>

#include "common/types/datetime.h"

#define MICROS_PER_MINUTE (60 * WEIR_MICROS_PER_SECOND)
#define MICROS_PER_HOUR (60 * MICROS_PER_MINUTE)

static const int64_t unit_micros[] = {WEIR_MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE,
                                      WEIR_MICROS_PER_SECOND};
static const char *const day_time_names[] = {"DAY", "HOUR", "MINUTE", "SECOND"};

/* ---- printing ---- */

/* "5" or "5.25": micros as seconds without trailing zeros. */
static void add_seconds(weir_strbuf *buf, uint64_t micros) {
    weir_strbuf_addf(buf, "%llu", (unsigned long long)(micros / 1000000));
    uint64_t fraction = micros % 1000000;
    if (fraction == 0)
        return;
    int digits = 6;
    for (; fraction % 10 == 0; digits--)
        fraction /= 10;
    weir_strbuf_addf(buf, ".%0*llu", digits, (unsigned long long)fraction);
}

void weir_interval_year_month_text(weir_strbuf *buf, int32_t months, const weir_type *type) {
    int64_t abs = months < 0 ? -(int64_t)months : months;
    const char *sign = months < 0 ? "-" : "";
    if (type->precision != type->scale)
        weir_strbuf_addf(buf, "INTERVAL '%s%lld-%lld' YEAR TO MONTH", sign, (long long)(abs / 12),
                         (long long)(abs % 12));
    else if (type->precision == WEIR_UNIT_YEAR)
        weir_strbuf_addf(buf, "INTERVAL '%s%lld' YEAR", sign, (long long)(abs / 12));
    else
        weir_strbuf_addf(buf, "INTERVAL '%d' MONTH", months);
}

void weir_interval_day_time_text(weir_strbuf *buf, int64_t micros, const weir_type *type) {
    uint64_t rest = micros < 0 ? -(uint64_t)micros : (uint64_t)micros;
    weir_strbuf_add_text(buf, "INTERVAL '");
    if (micros < 0)
        weir_strbuf_add_char(buf, '-');
    for (int32_t unit = type->precision; unit <= type->scale; unit++) {
        if (unit > type->precision)
            weir_strbuf_add_char(buf, unit == WEIR_UNIT_HOUR ? ' ' : ':');
        if (unit == WEIR_UNIT_SECOND) {
            if (rest < 10000000)
                weir_strbuf_add_char(buf, '0');
            add_seconds(buf, rest);
            break;
        }
        unsigned long long value = rest / (uint64_t)unit_micros[unit];
        weir_strbuf_addf(buf, unit == WEIR_UNIT_DAY ? "%llu" : "%02llu", value);
        rest %= (uint64_t)unit_micros[unit];
    }
    weir_strbuf_addf(buf, "' %s", day_time_names[type->precision]);
    if (type->scale != type->precision)
        weir_strbuf_addf(buf, " TO %s", day_time_names[type->scale]);
}

static void add_unit(weir_strbuf *buf, int64_t value, const char *unit) {
    if (value != 0)
        weir_strbuf_addf(buf, "%lld %s ", (long long)value, unit);
}

void weir_calendar_interval_text(weir_strbuf *buf, weir_calendar_interval value) {
    if (value.months == 0 && value.days == 0 && value.micros == 0) {
        weir_strbuf_add_text(buf, "0 seconds");
        return;
    }
    add_unit(buf, value.months / 12, "years");
    add_unit(buf, value.months % 12, "months");
    add_unit(buf, value.days, "days");
    add_unit(buf, value.micros / MICROS_PER_HOUR, "hours");
    int64_t rest = value.micros % MICROS_PER_HOUR;
    add_unit(buf, rest / MICROS_PER_MINUTE, "minutes");
    rest %= MICROS_PER_MINUTE;
    if (rest != 0) {
        if (rest < 0)
            weir_strbuf_add_char(buf, '-');
        add_seconds(buf, (uint64_t)(rest < 0 ? -rest : rest));
        weir_strbuf_add_text(buf, " seconds ");
    }
    buf->data[--buf->size] = '\0';
}

/* ---- texts of CAST ---- */

typedef struct reader {
    const char *at, *end;
} reader;

static weir_str trim(weir_str text) {
    const char *at = text.data, *end = at + text.size;
    while (at < end && ((unsigned char)*at <= 0x20 || *at == 0x7F))
        at++;
    while (end > at && ((unsigned char)end[-1] <= 0x20 || end[-1] == 0x7F))
        end--;
    return weir_str_make(at, (size_t)(end - at));
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool take_char(reader *r, char c) {
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* [+|-]: the sign of the text so far times this one; a bar is a plus, as in Spark's expression. */
static void take_sign(reader *r, int *sign) {
    if (r->at < r->end && (*r->at == '+' || *r->at == '|' || *r->at == '-'))
        *sign *= *r->at++ == '-' ? -1 : 1;
}

/* 1 to `max` digits; false where there are none or more, or where they do not fit int64. */
static bool take_number(reader *r, int max, int64_t *ret) {
    const char *from = r->at;
    int64_t value = 0;
    for (; r->at < r->end && is_digit(*r->at); r->at++) {
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *r->at - '0', &value))
            return false;
    }
    *ret = value;
    return r->at > from && r->at - from <= max;
}

/* ".d{1,9}" or nothing, as micros (the rest is cut off). */
static bool take_fraction(reader *r, int64_t *ret_micros, bool *ret_present) {
    *ret_micros = 0;
    *ret_present = take_char(r, '.');
    if (!*ret_present)
        return true;
    const char *from = r->at;
    int64_t nanos;
    if (!take_number(r, 9, &nanos))
        return false;
    for (int64_t digits = r->at - from; digits < 9; digits++)
        nanos *= 10;
    *ret_micros = nanos / 1000;
    return true;
}

static bool take_spaces(reader *r) {
    const char *from = r->at;
    while (r->at < r->end && (*r->at == ' ' || (*r->at >= '\t' && *r->at <= '\r')))
        r->at++;
    return r->at > from;
}

static bool take_word(reader *r, const char *word) {
    size_t size = strlen(word);
    if ((size_t)(r->end - r->at) < size ||
        !weir_str_equal_nocase(weir_str_make(r->at, size), weir_str_make(word, size)))
        return false;
    r->at += size;
    return true;
}

/* Strips "INTERVAL [sign]'...' UNIT [TO UNIT]" down to what stands between the quotes; a bare text stays
 * as it is. False where the units are not those of the type. */
static bool open_literal(weir_str text, const char *const *units, const weir_type *type, reader *ret,
                         int *sign) {
    reader r = {text.data, text.data + text.size};
    *sign = 1;
    if (!take_word(&r, "INTERVAL")) {
        *ret = r;
        return true;
    }
    if (!take_spaces(&r))
        return false;
    take_sign(&r, sign);
    if (!take_char(&r, '\''))
        return false;
    const char *close = memchr(r.at, '\'', (size_t)(r.end - r.at));
    if (!close)
        return false;
    *ret = (reader){r.at, close};
    r.at = close + 1;
    if (!take_spaces(&r) || !take_word(&r, units[type->precision]))
        return false;
    if (type->scale != type->precision &&
        (!take_spaces(&r) || !take_word(&r, "TO") || !take_spaces(&r) || !take_word(&r, units[type->scale])))
        return false;
    return r.at == r.end;
}

bool weir_interval_parse_year_month(weir_str text, const weir_type *type, int32_t *ret_months) {
    static const char *const units[] = {"YEAR", "MONTH"};
    reader r;
    int sign;
    int64_t value, months = 0, total;
    if (!open_literal(trim(text), units, type, &r, &sign))
        return false;
    take_sign(&r, &sign);
    if (!take_number(&r, INT32_MAX, &value))
        return false;
    if (type->precision != type->scale) {
        if (!take_char(&r, '-') || !take_number(&r, INT32_MAX, &months) || months > 11 ||
            value > INT32_MAX / 12)
            return false;
        total = sign * (value * 12 + months);
    } else if (type->precision == WEIR_UNIT_YEAR) {
        total = (int64_t)((uint64_t)value * 12); /* wraps in Spark too, before the check of the range */
        if (total != (int32_t)total)
            return false;
        total *= sign;
    } else {
        total = sign * value;
    }
    if (r.at != r.end || total != (int32_t)total)
        return false;
    *ret_months = (int32_t)total;
    return true;
}

/* One unit alone: "5", or "5.25" for seconds. */
static bool parse_single(reader *r, int32_t unit, int sign, int64_t *ret) {
    static const int8_t digits_max[] = {9, 10, 12, 13};
    int64_t value, micros;
    bool fraction;
    if (!take_number(r, digits_max[unit], &value) || !take_fraction(r, &micros, &fraction) ||
        r->at != r->end || (fraction && unit != WEIR_UNIT_SECOND))
        return false;
    if (unit != WEIR_UNIT_SECOND) {
        *ret = (int64_t)((uint64_t)(sign * value) * (uint64_t)unit_micros[unit]); /* wraps as Spark's */
        return true;
    }
    if (value > INT64_MAX / WEIR_MICROS_PER_SECOND)
        return false;
    /* "-0.5": Spark gives the fraction the sign of the whole seconds, and 0 has none */
    int64_t signed_micros = sign < 0 && value != 0 ? -micros : micros;
    return !__builtin_add_overflow(sign * value * WEIR_MICROS_PER_SECOND, signed_micros, ret);
}

bool weir_interval_parse_day_time(weir_str text, const weir_type *type, int64_t *ret_micros) {
    static const int8_t lead_digits[] = {9, 10, 12, 2};
    static const int64_t inner_max[] = {0, 23, 59, 59};
    reader r;
    int sign;
    if (!open_literal(trim(text), day_time_names, type, &r, &sign))
        return false;
    take_sign(&r, &sign);
    if (type->precision == type->scale)
        return parse_single(&r, type->precision, sign, ret_micros);
    int64_t total = 0;
    for (int32_t unit = type->precision; unit <= type->scale; unit++) {
        bool lead = unit == type->precision;
        int64_t value, part, fraction = 0;
        bool present;
        if (!lead && !take_char(&r, unit == WEIR_UNIT_HOUR ? ' ' : ':'))
            return false;
        if (!take_number(&r, lead ? lead_digits[unit] : 2, &value))
            return false;
        if (value > (lead ? INT64_MAX / unit_micros[unit] : inner_max[unit]))
            return false;
        if (unit == WEIR_UNIT_SECOND && !take_fraction(&r, &fraction, &present))
            return false;
        part = sign * (value * unit_micros[unit] + fraction);
        if (__builtin_add_overflow(total, part, &total))
            return false;
    }
    *ret_micros = total;
    return r.at == r.end;
}

/* ---- calendar intervals ---- */

/* Character.isWhitespace of a byte */
static bool is_white(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
}

static void skip_white(reader *r) {
    while (r->at < r->end && is_white(*r->at))
        r->at++;
}

/* One "[sign] value unit[s]"; the sign and white space in front are taken already. */
typedef struct unit_value {
    int64_t value;
    int64_t fraction; /* micros */
    bool has_fraction;
} unit_value;

static bool take_value(reader *r, unit_value *ret) {
    *ret = (unit_value){0};
    int sign = 1;
    bool point_first = r->at < r->end && *r->at == '.'; /* then Spark asks for a digit behind it */
    if (r->at < r->end && (*r->at == '-' || *r->at == '+')) {
        sign = *r->at++ == '-' ? -1 : 1;
        skip_white(r);
    } else if (r->at == r->end || (!is_digit(*r->at) && *r->at != '.')) {
        return false;
    }
    for (; r->at < r->end && is_digit(*r->at); r->at++) {
        if (__builtin_mul_overflow(ret->value, 10, &ret->value) ||
            __builtin_add_overflow(ret->value, *r->at - '0', &ret->value))
            return false;
    }
    if (take_char(r, '.')) {
        ret->has_fraction = true;
        int32_t scale = 100000000, digits = 0;
        int64_t nanos = 0;
        for (; r->at < r->end && is_digit(*r->at); r->at++, digits++) {
            if (scale == 0)
                return false;
            nanos += (*r->at - '0') * scale;
            scale /= 10;
        }
        if (point_first && digits == 0)
            return false;
        ret->fraction = sign * (nanos / 1000);
    }
    ret->value *= sign;
    if (r->at == r->end || !is_white(*r->at))
        return false; /* white space must separate value and unit */
    skip_white(r);
    return r->at < r->end;
}

static bool add_days(weir_calendar_interval *sum, int64_t value, int64_t factor) {
    return !__builtin_mul_overflow(value, factor, &value) &&
           !__builtin_add_overflow(sum->days, value, &sum->days);
}

static bool add_months(weir_calendar_interval *sum, int64_t value, int64_t factor) {
    return !__builtin_mul_overflow(value, factor, &value) &&
           !__builtin_add_overflow(sum->months, value, &sum->months);
}

static bool add_micros(weir_calendar_interval *sum, int64_t value, int64_t factor, int64_t fraction) {
    return !__builtin_mul_overflow(value, factor, &value) &&
           !__builtin_add_overflow(sum->micros, value, &sum->micros) &&
           !__builtin_add_overflow(sum->micros, fraction, &sum->micros);
}

static bool take_unit(reader *r, const unit_value *v, weir_calendar_interval *sum) {
    if (v->has_fraction && *r->at != 's' && *r->at != 'S')
        return false;
    if (take_word(r, "year"))
        return add_months(sum, v->value, 12);
    if (take_word(r, "week"))
        return add_days(sum, v->value, 7);
    if (take_word(r, "day"))
        return add_days(sum, v->value, 1);
    if (take_word(r, "hour"))
        return add_micros(sum, v->value, MICROS_PER_HOUR, 0);
    if (take_word(r, "second"))
        return add_micros(sum, v->value, WEIR_MICROS_PER_SECOND, v->fraction);
    if (take_word(r, "month"))
        return add_months(sum, v->value, 1);
    if (take_word(r, "minute"))
        return add_micros(sum, v->value, MICROS_PER_MINUTE, 0);
    if (take_word(r, "millisecond"))
        return add_micros(sum, v->value, 1000, 0);
    if (take_word(r, "microsecond"))
        return add_micros(sum, v->value, 1, 0);
    return false;
}

bool weir_calendar_interval_parse(weir_str text, weir_calendar_interval *ret) {
    weir_str trimmed = trim(text);
    reader r = {trimmed.data, trimmed.data + trimmed.size};
    weir_calendar_interval sum = {0};
    if (take_word(&r, "interval")) {
        if (r.at == r.end || !is_white(*r.at))
            return false;
    } else if (r.at == r.end) {
        return false;
    }
    skip_white(&r);
    while (r.at < r.end) {
        unit_value value;
        if (!take_value(&r, &value) || !take_unit(&r, &value, &sum))
            return false;
        if (r.at < r.end && (*r.at == 's' || *r.at == 'S'))
            r.at++;
        if (r.at < r.end && !is_white(*r.at))
            return false;
        skip_white(&r);
    }
    *ret = sum;
    return true;
}
