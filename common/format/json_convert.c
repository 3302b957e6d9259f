/* One scalar's text as a value of the schema's type, appended to a builder: Spark's JacksonParser
 * converters. Called by both paths of the reader on task threads; no state. A value that does not
 * convert leaves the builder as it was. */
#include "common/format/json_int.h"
#include "common/types/decimal.h"
#include "common/types/number_text.h"

static weir_json_result appended(bool ok) {
    return ok ? WEIR_JSON_OK : WEIR_JSON_NOMEM;
}

/* ---- dates and times ---- */

/* Spark 1 wrote "2015-05-24T17:47GMT+00:00": the letters go before the second try. */
static weir_str without_gmt(weir_str text, char *scratch, size_t scratch_size) {
    const char *at = memmem(text.data, text.size, "GMT", 3);
    if (!at || text.size - 3 > scratch_size)
        return text;
    size_t head = (size_t)(at - text.data);
    memcpy(scratch, text.data, head);
    memcpy(scratch + head, at + 3, text.size - head - 3);
    return weir_str_make(scratch, text.size - 3);
}

/* java.lang.Integer.parseInt */
static bool parse_java_int(weir_str text, int32_t *ret) {
    int64_t value;
    if (text.size > 0 && text.size <= 32 && weir_int64_parse(text, &value) && value >= INT32_MIN &&
        value <= INT32_MAX) {
        *ret = (int32_t)value;
        return true;
    }
    return false;
}

/* Days counted in the hybrid calendar (Julian before 1582-10-15) as proleptic Gregorian days. */
static int32_t rebase_julian_days(int32_t days) {
    if (days >= -141427)
        return days;
    int64_t c = (int64_t)days + 2440588 + 32082; /* Julian day number, moved to March of year -4800 */
    int64_t year4 = weir_floor_div(4 * c + 3, 1461);
    int64_t rest = c - weir_floor_div(1461 * year4, 4);
    int64_t month5 = (5 * rest + 2) / 153;
    int32_t day = (int32_t)(rest - (153 * month5 + 2) / 5 + 1);
    int32_t month = (int32_t)(month5 + 3 - 12 * (month5 / 10));
    int32_t year = (int32_t)(year4 - 4800 + month5 / 10);
    if (month == 2 && day == 29 && !weir_year_is_leap(year)) { /* a day Gregorian years lack */
        month = 3;
        day = 1;
    }
    return (int32_t)weir_date_from_civil(year, month, day);
}

static bool parse_date(const weir_json_spec *spec, weir_str text, int32_t *ret) {
    if (spec->date_pattern) {
        int64_t utc, local;
        bool zoned;
        if (weir_datetime_pattern_parse(spec->date_pattern, text, spec->zone, &utc, &local, &zoned)) {
            *ret = (int32_t)weir_floor_div(local, WEIR_MICROS_PER_DAY);
            return true;
        }
    } else if (weir_date_parse(text, ret)) {
        return true;
    }
    if (!spec->date_fallback)
        return false;
    char scratch[256];
    if (weir_date_parse(without_gmt(text, scratch, sizeof scratch), ret))
        return true;
    if (!parse_java_int(text, ret))
        return false;
    *ret = rebase_julian_days(*ret);
    return true;
}

static bool parse_timestamp(const weir_json_spec *spec, weir_str text, int64_t *ret) {
    if (spec->timestamp_pattern) {
        int64_t local;
        bool zoned;
        if (weir_datetime_pattern_parse(spec->timestamp_pattern, text, spec->zone, ret, &local, &zoned))
            return true;
    } else if (weir_timestamp_parse(text, spec->zone, ret)) {
        return true;
    }
    if (!spec->timestamp_fallback)
        return false;
    char scratch[256];
    return weir_timestamp_parse(without_gmt(text, scratch, sizeof scratch), spec->zone, ret);
}

static bool parse_timestamp_ntz(const weir_json_spec *spec, weir_str text, int64_t *ret) {
    if (!spec->ntz_pattern)
        return weir_timestamp_ntz_parse(text, false, ret);
    int64_t utc;
    bool zoned;
    return weir_datetime_pattern_parse(spec->ntz_pattern, text, spec->zone, &utc, ret, &zoned) && !zoned;
}

static bool parse_time(const weir_json_spec *spec, weir_str text, int32_t precision, int64_t *ret) {
    static const int64_t units[] = {1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000};
    if (spec->time_pattern) {
        int64_t utc, local;
        bool zoned;
        if (!weir_datetime_pattern_parse(spec->time_pattern, text, spec->zone, &utc, &local, &zoned))
            return false;
        *ret = weir_floor_mod(local, WEIR_MICROS_PER_DAY) * 1000;
    } else if (!weir_time_parse(text, ret)) {
        return false;
    }
    if (precision >= 0 && precision <= 6)
        *ret -= *ret % units[precision];
    return true;
}

/* ---- the rest ---- */

static weir_json_result convert_decimal(const weir_json_node *node, weir_str text, weir_builder *builder) {
    weir_int128 value;
    /* BigDecimal's constructor does not trim. */
    if (text.size == 0 || (uint8_t)text.data[0] <= ' ' || (uint8_t)text.data[text.size - 1] <= ' ')
        return WEIR_JSON_BAD;
    if (weir_decimal_parse_as(text, node->type->precision, node->type->scale, &value) != 0)
        return WEIR_JSON_BAD;
    return appended(weir_builder_int128(builder, value));
}

/* Decimals in strings may carry thousands separators. */
static weir_json_result convert_decimal_string(const weir_json_node *node, weir_str text,
                                               weir_builder *builder) {
    if (!memchr(text.data, ',', text.size))
        return convert_decimal(node, text, builder);
    char plain[512];
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == ',')
            continue;
        if (size == sizeof plain)
            return WEIR_JSON_BAD;
        plain[size++] = text.data[i];
    }
    return convert_decimal(node, weir_str_make(plain, size), builder);
}

/* NaN and the infinities, as tokens and in strings. */
static bool special_double(weir_str text, double *ret) {
    static const struct {
        weir_str text;
        double value;
    } words[] = {
        {WEIR_STR("NaN"), __builtin_nan("")},      {WEIR_STR("Infinity"), __builtin_inf()},
        {WEIR_STR("+Infinity"), __builtin_inf()},  {WEIR_STR("+INF"), __builtin_inf()},
        {WEIR_STR("-Infinity"), -__builtin_inf()}, {WEIR_STR("-INF"), -__builtin_inf()},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(words); i++) {
        if (weir_str_equal(text, words[i].text)) {
            *ret = words[i].value;
            return true;
        }
    }
    return false;
}

static weir_json_result append_special(const weir_json_node *node, double value, weir_builder *builder) {
    if (node->kind == WEIR_TYPE_FLOAT)
        return appended(weir_builder_float(builder, (float)value));
    return appended(weir_builder_double(builder, value));
}

static size_t count_characters(weir_str text) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((uint8_t)text.data[i] & 0xC0) != 0x80;
    return count;
}

/* CHAR pads with spaces, CHAR and VARCHAR drop trailing spaces beyond their length; more is an error. */
static weir_json_result convert_bounded(const weir_json_node *node, weir_str text, weir_builder *builder) {
    size_t limit = (size_t)node->type->precision, count = count_characters(text);
    while (count > limit && text.size && text.data[text.size - 1] == ' ') {
        text.size--;
        count--;
    }
    if (count > limit)
        return WEIR_JSON_BAD;
    size_t pad = node->kind == WEIR_TYPE_CHAR ? limit - count : 0;
    if (!pad)
        return appended(weir_builder_bytes(builder, text.data, text.size));
    if (builder->bytes_capacity - builder->bytes_size < text.size + pad &&
        !weir_builder_grow_bytes(builder, text.size + pad))
        return WEIR_JSON_NOMEM;
    uint8_t *end = builder->values + builder->bytes_size + text.size;
    memset(end, ' ', pad);
    if (!weir_builder_bytes(builder, text.data, text.size))
        return WEIR_JSON_NOMEM;
    builder->bytes_size += pad;
    builder->offsets[builder->length] = (int32_t)builder->bytes_size;
    return WEIR_JSON_OK;
}

static weir_json_result convert_interval(const weir_json_node *node, weir_str text, weir_builder *builder) {
    int32_t months;
    int64_t micros;
    weir_calendar_interval calendar;
    switch (node->kind) {
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        if (!weir_interval_parse_year_month(text, node->type, &months))
            return WEIR_JSON_BAD;
        return appended(weir_builder_int32(builder, months));
    case WEIR_TYPE_INTERVAL_DAY_TIME:
        if (!weir_interval_parse_day_time(text, node->type, &micros))
            return WEIR_JSON_BAD;
        return appended(weir_builder_int64(builder, micros));
    default: {
        if (!weir_calendar_interval_parse(text, &calendar))
            return appended(weir_builder_null(builder));
        __int128 bits;
        _Static_assert(sizeof bits == sizeof calendar, "layout of INTERVAL_CALENDAR");
        memcpy(&bits, &calendar, sizeof bits);
        return appended(weir_builder_int128(builder, bits));
    }
    }
}

weir_json_result weir_json_convert_string(const weir_json_spec *spec, const weir_json_node *node,
                                          weir_str text, weir_builder *builder) {
    int32_t days;
    int64_t time;
    double special;
    switch (node->kind) {
    case WEIR_TYPE_STRING:
        return appended(weir_builder_bytes(builder, text.data, text.size));
    case WEIR_TYPE_CHAR:
    case WEIR_TYPE_VARCHAR:
        return convert_bounded(node, text, builder);
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
    case WEIR_TYPE_INTERVAL_DAY_TIME:
    case WEIR_TYPE_INTERVAL_CALENDAR:
        return convert_interval(node, text, builder);
    default:
        break;
    }
    if (text.size == 0)
        return WEIR_JSON_BAD;
    switch (node->kind) {
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        if (!spec->allow_non_numeric || !special_double(text, &special))
            return WEIR_JSON_BAD;
        return append_special(node, special, builder);
    case WEIR_TYPE_DECIMAL:
        return convert_decimal_string(node, text, builder);
    case WEIR_TYPE_DATE:
        return parse_date(spec, text, &days) ? appended(weir_builder_int32(builder, days)) : WEIR_JSON_BAD;
    case WEIR_TYPE_TIMESTAMP:
        return parse_timestamp(spec, text, &time) ? appended(weir_builder_int64(builder, time))
                                                  : WEIR_JSON_BAD;
    case WEIR_TYPE_TIMESTAMP_NTZ:
        return parse_timestamp_ntz(spec, text, &time) ? appended(weir_builder_int64(builder, time))
                                                      : WEIR_JSON_BAD;
    case WEIR_TYPE_TIME:
        return parse_time(spec, text, node->type->precision, &time)
                   ? appended(weir_builder_int64(builder, time))
                   : WEIR_JSON_BAD;
    default:
        return WEIR_JSON_BAD;
    }
}

static weir_json_result convert_integral(const weir_json_node *node, weir_str text, weir_builder *builder) {
    int64_t value;
    if (!weir_int64_parse(text, &value))
        return WEIR_JSON_BAD;
    switch (node->kind) {
    case WEIR_TYPE_BYTE: /* Jackson takes unsigned bytes as well */
        return value < -128 || value > 255 ? WEIR_JSON_BAD
                                           : appended(weir_builder_int8(builder, (int8_t)value));
    case WEIR_TYPE_SHORT:
        return value < INT16_MIN || value > INT16_MAX ? WEIR_JSON_BAD
                                                      : appended(weir_builder_int16(builder, (int16_t)value));
    case WEIR_TYPE_INT:
        return value < INT32_MIN || value > INT32_MAX ? WEIR_JSON_BAD
                                                      : appended(weir_builder_int32(builder, (int32_t)value));
    case WEIR_TYPE_LONG:
        return appended(weir_builder_int64(builder, value));
    default: /* TIMESTAMP: epoch seconds; Java's multiplication wraps */
        return appended(weir_builder_int64(builder, (int64_t)((uint64_t)value * UINT64_C(1000000))));
    }
}

static weir_json_result convert_floating(const weir_json_node *node, weir_str text, bool integral,
                                         weir_builder *builder) {
    double value;
    int64_t whole;
    if (integral && weir_int64_parse(text, &whole)) {
        if (node->kind == WEIR_TYPE_FLOAT)
            return appended(weir_builder_float(builder, (float)whole));
        return appended(weir_builder_double(builder, (double)whole));
    }
    if (!integral && special_double(text, &value))
        return append_special(node, value, builder);
    if (node->kind == WEIR_TYPE_FLOAT) {
        float single;
        return weir_float_parse(text, &single) ? appended(weir_builder_float(builder, single))
                                               : WEIR_JSON_BAD;
    }
    return weir_double_parse(text, &value) ? appended(weir_builder_double(builder, value)) : WEIR_JSON_BAD;
}

weir_json_result weir_json_convert_number(const weir_json_node *node, weir_str text, bool integral,
                                          weir_builder *builder) {
    switch (node->kind) {
    case WEIR_TYPE_BYTE:
    case WEIR_TYPE_SHORT:
    case WEIR_TYPE_INT:
    case WEIR_TYPE_LONG:
    case WEIR_TYPE_TIMESTAMP:
        return integral ? convert_integral(node, text, builder) : WEIR_JSON_BAD;
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        return convert_floating(node, text, integral, builder);
    case WEIR_TYPE_DECIMAL:
        return convert_decimal(node, text, builder);
    default:
        return WEIR_JSON_BAD;
    }
}
