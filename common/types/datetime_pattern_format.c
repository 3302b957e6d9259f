/* Formats instants by a compiled pattern (date_format, JSON's timestampFormat). Elements append to one
 * buffer; an instant is split into its local fields once. Any thread; never fails. */
#include "common/types/datetime_pattern_int.h"

#include "common/types/number_text.h"
#include "common/types/timezone_int.h"

typedef struct local_fields {
    int64_t utc_micros;
    int64_t days; /* local, since the epoch */
    int32_t year, month, day;
    int32_t second_of_day, nano;
    int32_t offset;
    const weir_timezone *zone;
} local_fields;

static int64_t field_value(const local_fields *f, weir_pattern_field field) {
    int32_t hour = f->second_of_day / 3600;
    switch (field) {
    case WEIR_FIELD_ERA:
        return f->year > 0;
    case WEIR_FIELD_YEAR:
        return f->year;
    case WEIR_FIELD_YEAR_OF_ERA:
        return f->year > 0 ? f->year : 1 - f->year;
    case WEIR_FIELD_QUARTER:
        return (f->month + 2) / 3;
    case WEIR_FIELD_MONTH:
        return f->month;
    case WEIR_FIELD_DAY:
        return f->day;
    case WEIR_FIELD_DAY_OF_YEAR:
        return f->days - weir_date_from_civil(f->year, 1, 1) + 1;
    case WEIR_FIELD_DAY_OF_WEEK:
        return weir_floor_mod(f->days + 3, 7) + 1;
    case WEIR_FIELD_ALIGNED_DAY:
        return (f->day - 1) % 7 + 1;
    case WEIR_FIELD_JULIAN_DAY:
        return f->days + 40587;
    case WEIR_FIELD_AMPM:
        return hour >= 12;
    case WEIR_FIELD_HOUR:
        return hour;
    case WEIR_FIELD_CLOCK_HOUR:
        return hour == 0 ? 24 : hour;
    case WEIR_FIELD_HOUR_AMPM:
        return hour % 12;
    case WEIR_FIELD_CLOCK_HOUR_AMPM:
        return hour % 12 == 0 ? 12 : hour % 12;
    case WEIR_FIELD_MINUTE:
        return f->second_of_day / 60 % 60;
    case WEIR_FIELD_SECOND:
        return f->second_of_day % 60;
    case WEIR_FIELD_NANO:
        return f->nano;
    default:
        return f->offset;
    }
}

static void add_padded(weir_strbuf *buf, int64_t abs, int32_t width) {
    char text[WEIR_NUMBER_TEXT_MAX];
    int size = weir_int64_format(abs, text);
    if (size < width)
        weir_strbuf_add_repeat(buf, '0', (size_t)(width - size));
    weir_strbuf_add(buf, weir_str_make(text, (size_t)size));
}

static void add_number(const weir_pattern_element *e, int64_t value, weir_strbuf *buf) {
    static const int64_t limits[] = {0, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    if (value < 0)
        weir_strbuf_add_char(buf, '-');
    else if (e->sign == WEIR_SIGN_EXCEEDS_PAD && e->width_min < (int)WEIR_ARRAY_LEN(limits) &&
             value >= limits[e->width_min])
        weir_strbuf_add_char(buf, '+');
    add_padded(buf, value < 0 ? -value : value, e->width_min);
}

static void add_fraction(const weir_pattern_element *e, int32_t nano, weir_strbuf *buf) {
    char text[9];
    for (int i = 8; i >= 0; i--, nano /= 10)
        text[i] = (char)('0' + nano % 10);
    weir_strbuf_add(buf, weir_str_make(text, (size_t)e->width_max));
}

static void add_text(const weir_pattern_element *e, int64_t value, weir_strbuf *buf) {
    switch (e->field) {
    case WEIR_FIELD_ERA:
        weir_strbuf_add_text(buf, e->full ? weir_era_names[value] : value ? "AD" : "BC");
        break;
    case WEIR_FIELD_AMPM:
        weir_strbuf_add_text(buf, value ? "PM" : "AM");
        break;
    case WEIR_FIELD_QUARTER:
        if (e->full)
            weir_strbuf_add_text(buf, weir_quarter_names[value]);
        else
            weir_strbuf_addf(buf, "Q%d", (int)value);
        break;
    default: {
        const char *name = e->field == WEIR_FIELD_MONTH ? weir_month_names[value] : weir_day_names[value];
        weir_strbuf_add(buf, weir_str_make(name, e->full ? strlen(name) : 3));
    }
    }
}

static void add_two(weir_strbuf *buf, int32_t value) {
    weir_strbuf_add_char(buf, (char)('0' + value / 10));
    weir_strbuf_add_char(buf, (char)('0' + value % 10));
}

/* java's OffsetId forms: 1 +HHmm, 3 +HHMM, 4 +HH:MM, 5 +HHMMss, 6 +HH:MM:ss; lower case only where not 0. */
static void add_offset(const weir_pattern_element *e, int32_t offset, weir_strbuf *buf) {
    int32_t abs = offset < 0 ? -offset : offset;
    int32_t hours = abs / 3600, minutes = abs / 60 % 60, seconds = abs % 60;
    bool colon = e->offset_form % 2 == 0;
    bool with_seconds = e->offset_form >= 5 && seconds > 0;
    if (hours + minutes + (with_seconds ? seconds : 0) == 0) {
        weir_strbuf_add(buf, e->text);
        return;
    }
    weir_strbuf_add_char(buf, offset < 0 ? '-' : '+');
    add_two(buf, hours);
    if (e->offset_form < 3 && minutes == 0)
        return;
    if (colon)
        weir_strbuf_add_char(buf, ':');
    add_two(buf, minutes);
    if (!with_seconds)
        return;
    if (colon)
        weir_strbuf_add_char(buf, ':');
    add_two(buf, seconds);
}

static void add_offset_name(const weir_pattern_element *e, int32_t offset, weir_strbuf *buf) {
    int32_t abs = offset < 0 ? -offset : offset;
    int32_t hours = abs / 3600, minutes = abs / 60 % 60, seconds = abs % 60;
    weir_strbuf_add_text(buf, "GMT");
    if (offset == 0)
        return;
    weir_strbuf_add_char(buf, offset < 0 ? '-' : '+');
    if (e->full || hours > 9)
        add_two(buf, hours);
    else
        weir_strbuf_add_char(buf, (char)('0' + hours));
    if (e->full || minutes + seconds > 0) {
        weir_strbuf_add_char(buf, ':');
        add_two(buf, minutes);
    }
    if (seconds > 0) {
        weir_strbuf_add_char(buf, ':');
        add_two(buf, seconds);
    }
}

static void add_zone_name(const weir_pattern_element *e, const local_fields *f, weir_strbuf *buf) {
    bool dst = weir_timezone_is_dst(f->zone, f->utc_micros);
    weir_zone_name_form form = e->generic ? WEIR_ZONE_NAME_GENERIC
                               : dst      ? WEIR_ZONE_NAME_DAYLIGHT
                                          : WEIR_ZONE_NAME_STANDARD;
    weir_str id = weir_timezone_id(f->zone), name = weir_zone_name_find(id, form, e->full);
    weir_strbuf_add(buf, name.data ? name : id);
}

void weir_datetime_pattern_format(const weir_datetime_pattern *pattern, int64_t utc_micros,
                                  const weir_timezone *zone, weir_strbuf *buf) {
    local_fields f = {
        .utc_micros = utc_micros, .zone = zone, .offset = weir_timezone_offset(zone, utc_micros)};
    int64_t seconds = weir_floor_div(utc_micros, WEIR_MICROS_PER_SECOND);
    f.nano = (int32_t)(utc_micros - seconds * WEIR_MICROS_PER_SECOND) * 1000;
    seconds += f.offset;
    f.days = weir_floor_div(seconds, 86400);
    f.second_of_day = (int32_t)(seconds - f.days * 86400);
    weir_date_to_civil(f.days, &f.year, &f.month, &f.day);
    for (int32_t i = 0; i < pattern->count; i++) {
        const weir_pattern_element *e = &pattern->elements[i];
        int64_t value = field_value(&f, e->field);
        switch (e->kind) {
        case WEIR_PATTERN_LITERAL:
            weir_strbuf_add(buf, e->text);
            break;
        case WEIR_PATTERN_NUMBER:
            add_number(e, value, buf);
            break;
        case WEIR_PATTERN_REDUCED:
            add_padded(buf, (value < 0 ? -value : value) % 100, 2);
            break;
        case WEIR_PATTERN_FRACTION:
            add_fraction(e, f.nano, buf);
            break;
        case WEIR_PATTERN_TEXT:
            add_text(e, value, buf);
            break;
        case WEIR_PATTERN_ZONE_ID:
            weir_strbuf_add(buf, weir_timezone_id(zone));
            break;
        case WEIR_PATTERN_ZONE_NAME:
            add_zone_name(e, &f, buf);
            break;
        case WEIR_PATTERN_OFFSET:
            add_offset(e, f.offset, buf);
            break;
        case WEIR_PATTERN_OFFSET_NAME:
            add_offset_name(e, f.offset, buf);
            break;
        case WEIR_PATTERN_OPTION:
        case WEIR_PATTERN_OPTION_END:
            break;
        }
    }
}
