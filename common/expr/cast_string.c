/* Casts from STRING by the parsers of common/types, and casts of everything to STRING. */
#include "common/expr/arithmetic_int.h"
#include "common/expr/cast_int.h"

#include "common/column/cell_text.h"
#include "common/types/number_text.h"

/* Rows from text: PARSE sees `text` and stores into `value`; it gives false where malformed. */
#define PARSE_ROWS(ctype, PARSE) \
    do { \
        ctype *out_ = weir_column_values(column); \
        WEIR_EACH(call, i) { \
            weir_str text = weir_column_bytes(call->args[0], i); \
            ctype value = 0; \
            if (WEIR_UNLIKELY(!(PARSE))) { \
                value = 0; \
                WEIR_TRY(weir_cast_invalid(call, mode, column, i, err)); \
            } \
            out_[i] = value; \
        } \
    } while (0)

#define PARSE_INTEGER(name, ctype, low, high) \
    static bool name(weir_str text, bool allow_decimal, ctype *ret) { \
        int64_t wide; \
        if (!weir_int64_parse_cast(text, allow_decimal, &wide) || wide < (low) || wide > (high)) \
            return false; \
        *ret = (ctype)wide; \
        return true; \
    }
PARSE_INTEGER(parse_byte, int8_t, INT8_MIN, INT8_MAX)
PARSE_INTEGER(parse_short, int16_t, INT16_MIN, INT16_MAX)
PARSE_INTEGER(parse_int, int32_t, INT32_MIN, INT32_MAX)

static weir_code to_number(const weir_kernel_call *call, weir_cast_mode mode, weir_column *column,
                           weir_error **err) {
    bool allow_decimal = mode == WEIR_CAST_LEGACY;
    switch (call->type->kind) {
    case WEIR_TYPE_BYTE:
        PARSE_ROWS(int8_t, parse_byte(text, allow_decimal, &value));
        break;
    case WEIR_TYPE_SHORT:
        PARSE_ROWS(int16_t, parse_short(text, allow_decimal, &value));
        break;
    case WEIR_TYPE_INT:
        PARSE_ROWS(int32_t, parse_int(text, allow_decimal, &value));
        break;
    case WEIR_TYPE_LONG:
        PARSE_ROWS(int64_t, weir_int64_parse_cast(text, allow_decimal, &value));
        break;
    case WEIR_TYPE_FLOAT:
        PARSE_ROWS(float, weir_float_parse_cast(text, &value));
        break;
    default:
        PARSE_ROWS(double, weir_double_parse_cast(text, &value));
    }
    return WEIR_OK;
}

static weir_code to_datetime(const weir_kernel_call *call, weir_cast_mode mode, weir_column *column,
                             weir_error **err) {
    const weir_timezone *zone = call->eval->zone;
    switch (call->type->kind) {
    case WEIR_TYPE_DATE:
        PARSE_ROWS(int32_t, weir_date_parse(text, &value));
        break;
    case WEIR_TYPE_TIMESTAMP:
        PARSE_ROWS(int64_t, weir_timestamp_parse(text, zone, &value));
        break;
    case WEIR_TYPE_TIMESTAMP_NTZ:
        PARSE_ROWS(int64_t, weir_timestamp_ntz_parse(text, true, &value));
        break;
    default:
        PARSE_ROWS(int64_t, weir_time_parse(text, &value));
    }
    return WEIR_OK;
}

/* More than 38 digits before the point. */
static weir_code fail_supported(weir_str text, weir_error **err) {
    char value[128];
    snprintf(value, sizeof(value), WEIR_STR_FMT, WEIR_STR_ARG(weir_str_trim(text)));
    WEIR_RAISE(err, NUMERIC_OUT_OF_SUPPORTED_RANGE, "value", value);
}

static weir_code fail_range(const weir_kernel_call *call, weir_str text, weir_int128 unscaled, int32_t scale,
                            weir_error **err) {
    for (; scale < 0; scale++)
        if (__builtin_mul_overflow(unscaled, (weir_int128)10, &unscaled) || !weir_decimal_fits(unscaled, 38))
            return fail_supported(text, err);
    return weir_decimal_out_of_range(unscaled, scale, call->type, err);
}

static weir_code to_decimal(const weir_kernel_call *call, weir_cast_mode mode, weir_column *column,
                            weir_error **err) {
    uint8_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        weir_str text = weir_column_bytes(call->args[0], i);
        weir_int128 value = 0;
        int status = weir_decimal_parse_as(text, call->type->precision, call->type->scale, &value);
        if (status == 1) {
            WEIR_TRY(weir_cast_invalid(call, mode, column, i, err));
        } else if (status == 2) {
            weir_int128 unscaled;
            int32_t scale;
            bool too_large = false;
            if (mode != WEIR_CAST_ANSI)
                WEIR_TRY(weir_result_null(call, column, i, err));
            else if (weir_decimal_parse(text, &unscaled, &scale, &too_large) && !too_large)
                return fail_range(call, text, unscaled, scale, err);
            else
                return fail_supported(text, err);
        }
        weir_store128(out + (size_t)i * 16, (__uint128_t)(status ? 0 : value));
    }
    return WEIR_OK;
}

/* ---- intervals: Spark's own messages name the expected form ---- */
static const char *const unit_names[2][4] = {{"YEAR", "MONTH", "", ""}, {"DAY", "HOUR", "MINUTE", "SECOND"}};
static const char *const unit_forms[2][4][4] = {
    {{"y", "y-m"}, {"", "m"}},
    {{"d", "d h", "d h:m", "d h:m:s.n"},
     {"", "h", "h:m", "h:m:s.n"},
     {"", "", "m", "m:s.n"},
     {"", "", "", "s.n"}},
};

static weir_code fail_interval(const weir_kernel_call *call, weir_str text, weir_error **err) {
    weir_arena *arena = call->eval->arena;
    int family = call->type->kind == WEIR_TYPE_INTERVAL_DAY_TIME;
    int from = call->type->precision, to = call->type->scale;
    const char *form = unit_forms[family][from][to];
    const char *units =
        from == to ? unit_names[family][from]
                   : weir_arena_printf(arena, "%s TO %s", unit_names[family][from], unit_names[family][to]);
    const char *supported =
        weir_arena_printf(arena, "`[+|-]%s`, `INTERVAL [+|-]'[+|-]%s' %s`", form, form, units);
    weir_strbuf name = {0};
    weir_type_simple(&name, call->type);
    const char *type_name = weir_arena_strdup(arena, name.data);
    weir_strbuf_fini(&name);
    const char *input = weir_arena_strndup(arena, text.data, text.size);
    if (family)
        WEIR_RAISE(err, INVALID_INTERVAL_FORMAT__UNMATCHED_FORMAT_STRING_WITH_NOTICE, "input", input,
                   "intervalStr", "day-time", "supportedFormat", supported, "typeName", type_name);
    WEIR_RAISE(err, INVALID_INTERVAL_FORMAT__UNMATCHED_FORMAT_STRING, "input", input, "intervalStr",
               "year-month", "supportedFormat", supported, "typeName", type_name);
}

static weir_code to_interval(const weir_kernel_call *call, weir_cast_mode mode, weir_column *column,
                             weir_error **err) {
    uint8_t *out = weir_column_values(column);
    int32_t width = weir_type_width(call->type);
    WEIR_EACH(call, i) {
        weir_str text = weir_column_bytes(call->args[0], i);
        int32_t months = 0;
        int64_t micros = 0;
        weir_calendar_interval calendar = {0};
        bool ok;
        if (call->type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH)
            ok = weir_interval_parse_year_month(text, call->type, &months);
        else if (call->type->kind == WEIR_TYPE_INTERVAL_DAY_TIME)
            ok = weir_interval_parse_day_time(text, call->type, &micros);
        else
            ok = weir_calendar_interval_parse(text, &calendar);
        if (!ok && (mode == WEIR_CAST_TRY || call->type->kind == WEIR_TYPE_INTERVAL_CALENDAR))
            WEIR_TRY(weir_result_null(call, column, i, err));
        else if (!ok)
            return fail_interval(call, text, err);
        const void *value = width == 4   ? (const void *)&months
                            : width == 8 ? (const void *)&micros
                                         : &calendar;
        memcpy(out + (size_t)i * (size_t)width, value, (size_t)width);
    }
    return WEIR_OK;
}

/* ---- booleans ---- */
static bool word_in(weir_str text, const char *const *words) {
    for (; *words; words++)
        if (weir_str_equal_nocase(text, weir_str_from(*words)))
            return true;
    return false;
}

/* 1 true, 0 false, -1 neither */
static int parse_boolean(weir_str text) {
    static const char *const yes[] = {"t", "true", "y", "yes", "1", NULL};
    static const char *const no[] = {"f", "false", "n", "no", "0", NULL};
    text = weir_str_trim(text);
    return word_in(text, yes) ? 1 : word_in(text, no) ? 0 : -1;
}

static weir_code to_boolean(const weir_kernel_call *call, weir_cast_mode mode, weir_column *column,
                            weir_error **err) {
    uint8_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        int value = parse_boolean(weir_column_bytes(call->args[0], i));
        if (value < 0)
            WEIR_TRY(weir_cast_invalid(call, mode, column, i, err));
        weir_bit_put(out, i, value == 1);
    }
    return WEIR_OK;
}

weir_code weir_cast_from_string(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                                weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    switch (call->type->kind) {
    case WEIR_TYPE_BOOLEAN:
        WEIR_CAST_ROW(to_boolean(call, mode, column, err));
        break;
    case WEIR_TYPE_DECIMAL:
        WEIR_CAST_ROW(to_decimal(call, mode, column, err));
        break;
    case WEIR_TYPE_DATE:
    case WEIR_TYPE_TIME:
    case WEIR_TYPE_TIMESTAMP:
    case WEIR_TYPE_TIMESTAMP_NTZ:
        WEIR_CAST_ROW(to_datetime(call, mode, column, err));
        break;
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
    case WEIR_TYPE_INTERVAL_DAY_TIME:
    case WEIR_TYPE_INTERVAL_CALENDAR:
        WEIR_CAST_ROW(to_interval(call, mode, column, err));
        break;
    default:
        WEIR_CAST_ROW(to_number(call, mode, column, err));
    }
    *ret = column;
    return WEIR_OK;
}

/* ---- to STRING ---- */
/* BigDecimal.toString, which the legacy cast prints: scientific where the exponent is below -6. */
static int legacy_decimal_text(weir_int128 value, int32_t scale, char *ret) {
    char digits[64];
    int count = weir_decimal_format(value < 0 ? -value : value, 0, digits);
    int exponent = count - 1 - scale;
    if (exponent >= -6)
        return weir_decimal_format(value, scale, ret);
    int size = snprintf(ret, 64, "%s%c%s%.*sE%d", value < 0 ? "-" : "", digits[0], count > 1 ? "." : "",
                        count - 1, digits + 1, exponent);
    return size;
}

#define FORMAT_ROWS(max, FORMAT) \
    WEIR_EACH(call, i) { \
        int32_t slot = weir_column_slot(from, i); \
        uint8_t *room = weir_bytes_room(&writer, (max), err); \
        if (WEIR_UNLIKELY(room == NULL)) \
            return WEIR_OUT_OF_MEMORY; \
        char *text = (char *)room; \
        weir_bytes_end(&writer, i, (size_t)(FORMAT)); \
    }

weir_code weir_cast_to_string(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                              weir_error **err) {
    const weir_column *from = call->args[0];
    const weir_timezone *zone = call->eval->zone;
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 24, err));
    if (from->type->kind == WEIR_TYPE_DECIMAL && mode == WEIR_CAST_LEGACY) {
        FORMAT_ROWS(
            64, legacy_decimal_text(weir_load128(from->values + (size_t)slot * 16), from->type->scale, text))
        *ret = weir_bytes_finish(&writer);
        return WEIR_OK;
    }
    switch (from->type->kind) {
    case WEIR_TYPE_BYTE:
        FORMAT_ROWS(24, weir_int64_format(WEIR_VALUES(from, int8_t)[slot], text))
        break;
    case WEIR_TYPE_SHORT:
        FORMAT_ROWS(24, weir_int64_format(WEIR_VALUES(from, int16_t)[slot], text))
        break;
    case WEIR_TYPE_INT:
        FORMAT_ROWS(24, weir_int64_format(WEIR_VALUES(from, int32_t)[slot], text))
        break;
    case WEIR_TYPE_LONG:
        FORMAT_ROWS(24, weir_int64_format(WEIR_VALUES(from, int64_t)[slot], text))
        break;
    case WEIR_TYPE_DOUBLE:
        FORMAT_ROWS(WEIR_NUMBER_TEXT_MAX, weir_double_format(WEIR_VALUES(from, double)[slot], text))
        break;
    case WEIR_TYPE_DATE:
        FORMAT_ROWS(WEIR_DATETIME_TEXT_MAX, weir_date_format(WEIR_VALUES(from, int32_t)[slot], text))
        break;
    case WEIR_TYPE_TIMESTAMP:
        FORMAT_ROWS(WEIR_DATETIME_TEXT_MAX,
                    weir_timestamp_format(WEIR_VALUES(from, int64_t)[slot], zone, text))
        break;
    default: {
        _cleanup_strbuf_ weir_strbuf buf = {0};
        WEIR_EACH(call, i) {
            weir_strbuf_clear(&buf);
            weir_cell_text(&buf, from, i, WEIR_TEXT_CAST, zone);
            WEIR_TRY(weir_bytes_put(&writer, i, weir_strbuf_view(&buf), err));
        }
    }
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}
