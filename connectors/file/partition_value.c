/* Partition values: escapes, types and columns (partition_value.h). */
#include "connectors/file/partition_value.h"

#include "common/column/builder.h"
#include "common/types/decimal.h"
#include "common/types/number_text.h"

#define DECIMAL_MAX 38

/* ---- escapes ---- */

static int hex_digit(char c) {
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

weir_str weir_partition_unescape(weir_arena *arena, weir_str text) {
    char *out = weir_arena_alloc(arena, 2 * text.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        int high = text.data[i] == '%' && i + 2 < text.size ? hex_digit(text.data[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text.data[i + 2]) : -1;
        if (low < 0) {
            out[size++] = text.data[i];
            continue;
        }
        int code = high << 4 | low;
        if (code >= 0x80) {
            out[size++] = (char)(0xC0 | code >> 6);
            code = 0x80 | (code & 0x3F);
        }
        out[size++] = (char)code;
        i += 2;
    }
    out[size] = 0;
    return weir_str_make(out, size);
}

void weir_partition_escape(weir_strbuf *buf, weir_str text) {
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = (uint8_t)text.data[i];
        if (c < ' ' || c == 0x7F || (c < 0x80 && strchr("\"#%'*/:=?\\{[]^", c)))
            weir_strbuf_addf(buf, "%%%02X", c);
        else
            weir_strbuf_add_char(buf, (char)c);
    }
}

/* ---- types ---- */

weir_code weir_partition_typing_init(weir_partition_typing *typing, weir_arena *arena,
                                     const weir_timezone *zone, weir_error **err) {
    *typing = (weir_partition_typing){.arena = arena, .infers = true, .zone = zone};
    WEIR_TRY(weir_datetime_pattern_compile(arena, WEIR_STR("yyyy-MM-dd"), true, &typing->date, err));
    return weir_datetime_pattern_compile(arena, WEIR_STR("yyyy-MM-dd HH:mm:ss[.S]"), true, &typing->timestamp,
                                         err);
}

/* A BigDecimal without a fraction: the digits that it has in plain notation. */
static bool measure_decimal(weir_str text, int32_t *ret_precision) {
    int64_t digits = 0, fraction = 0, exponent = 0, leading = 0;
    bool point = false;
    size_t i = text.size && (text.data[0] == '-' || text.data[0] == '+');
    for (; i < text.size && ((text.data[i] >= '0' && text.data[i] <= '9') || (text.data[i] == '.' && !point));
         i++) {
        if (text.data[i] == '.') {
            point = true;
            continue;
        }
        leading += text.data[i] == '0' && leading == digits;
        digits++;
        fraction += point;
    }
    if (digits == 0)
        return false;
    if (i < text.size && (text.data[i] | 0x20) == 'e') {
        weir_str rest = {text.data + i + 1, text.size - i - 1};
        if (!weir_int64_parse(rest, &exponent) || exponent > 100 || exponent < -100)
            return false;
        i = text.size;
    }
    int64_t scale = fraction - exponent, precision = digits > leading ? digits - leading : 1;
    if (i != text.size || scale > 0 || precision - scale > DECIMAL_MAX)
        return false;
    *ret_precision = (int32_t)(precision - scale);
    return true;
}

/* Java's parseDouble without its suffixes and hexadecimal forms. */
static bool parse_double(weir_str text, double *ret) {
    text = weir_str_trim(text);
    weir_str bare = text;
    if (bare.size && (bare.data[0] == '-' || bare.data[0] == '+'))
        bare = weir_str_make(bare.data + 1, bare.size - 1);
    if (weir_str_equal(bare, WEIR_STR("NaN")) || weir_str_equal(bare, WEIR_STR("Infinity"))) {
        *ret = bare.data[0] == 'N'   ? __builtin_nan("")
               : text.data[0] == '-' ? -__builtin_inf()
                                     : __builtin_inf();
        return true;
    }
    char first = bare.size ? bare.data[0] : 0, last = bare.size ? bare.data[bare.size - 1] : 0;
    bool plain =
        ((first >= '0' && first <= '9') || first == '.') && ((last >= '0' && last <= '9') || last == '.');
    return plain && !(bare.size > 1 && (bare.data[1] | 0x20) == 'x') && weir_double_parse_cast(text, ret);
}

static bool matches(const weir_datetime_pattern *pattern, weir_str text, const weir_timezone *zone) {
    int64_t utc, local;
    bool zoned;
    return weir_datetime_pattern_parse(pattern, text, zone, &utc, &local, &zoned);
}

/* hh:mm:ss, with a fraction perhaps. */
static bool is_time(weir_str text) {
    static const char form[] = "00:00:00";
    int64_t nanos;
    for (size_t i = 0; i < 8; i++)
        if (i >= text.size ||
            (form[i] == ':' ? text.data[i] != ':' : !(text.data[i] >= '0' && text.data[i] <= '9')))
            return false;
    return text.size <= 15 && weir_time_parse(text, &nanos);
}

const weir_type *weir_partition_type(const weir_partition_typing *t, weir_str value) {
    int64_t number;
    int32_t precision;
    double floating;
    if (weir_str_equal(value, WEIR_STR(WEIR_PARTITION_NULL)))
        return weir_type_of(WEIR_TYPE_NULL);
    if (!t->infers)
        return weir_type_of(WEIR_TYPE_STRING);
    if (weir_int64_parse(value, &number))
        return weir_type_of(number == (int32_t)number ? WEIR_TYPE_INT : WEIR_TYPE_LONG);
    if (measure_decimal(value, &precision))
        return weir_type_decimal(t->arena, precision, 0);
    if (parse_double(value, &floating))
        return weir_type_of(WEIR_TYPE_DOUBLE);
    if (matches(t->timestamp, weir_partition_unescape(t->arena, value), t->zone))
        return weir_type_of(t->timestamp_ntz ? WEIR_TYPE_TIMESTAMP_NTZ : WEIR_TYPE_TIMESTAMP);
    if (matches(t->date, value, t->zone))
        return weir_type_of(WEIR_TYPE_DATE);
    const weir_type *time = NULL;
    if (is_time(value) && weir_type_parse(t->arena, WEIR_STR("TIME(6)"), &time, NULL) == WEIR_OK)
        return time;
    return weir_type_of(WEIR_TYPE_STRING);
}

static int32_t decimal_digits(const weir_type *type) {
    return type->kind == WEIR_TYPE_INT ? 10 : type->kind == WEIR_TYPE_LONG ? 20 : type->precision;
}

static bool is_whole(const weir_type *type) {
    return type->kind == WEIR_TYPE_INT || type->kind == WEIR_TYPE_LONG || type->kind == WEIR_TYPE_DECIMAL;
}

static bool is_timestamp(const weir_type *type) {
    return type->kind == WEIR_TYPE_TIMESTAMP || type->kind == WEIR_TYPE_TIMESTAMP_NTZ;
}

const weir_type *weir_partition_wider(weir_arena *arena, const weir_type *a, const weir_type *b) {
    if (a->kind == WEIR_TYPE_NULL || weir_type_equal(a, b))
        return b;
    if (b->kind == WEIR_TYPE_NULL)
        return a;
    if (is_whole(a) && is_whole(b)) {
        if (a->kind != WEIR_TYPE_DECIMAL && b->kind != WEIR_TYPE_DECIMAL)
            return weir_type_of(WEIR_TYPE_LONG);
        return weir_type_decimal(arena, WEIR_MAX(decimal_digits(a), decimal_digits(b)), 0);
    }
    bool ints = a->kind == WEIR_TYPE_INT || b->kind == WEIR_TYPE_INT;
    if (ints && (a->kind == WEIR_TYPE_DOUBLE || b->kind == WEIR_TYPE_DOUBLE))
        return weir_type_of(WEIR_TYPE_DOUBLE);
    if (a->kind == WEIR_TYPE_DATE && is_timestamp(b))
        return b;
    if (b->kind == WEIR_TYPE_DATE && is_timestamp(a))
        return a;
    return weir_type_of(WEIR_TYPE_STRING);
}

/* ---- columns ---- */

static bool append_number(weir_builder *builder, weir_str value, const weir_type *type, bool *ret_fits) {
    int64_t number = 0;
    double floating = 0;
    weir_int128 wide = 0;
    switch (type->kind) {
    case WEIR_TYPE_BYTE:
        *ret_fits = weir_int64_parse(value, &number) && number == (int32_t)number;
        return weir_builder_int8(builder, (int8_t)number);
    case WEIR_TYPE_SHORT:
        *ret_fits = weir_int64_parse(value, &number) && number == (int32_t)number;
        return weir_builder_int16(builder, (int16_t)number);
    case WEIR_TYPE_INT:
        *ret_fits = weir_int64_parse(value, &number) && number == (int32_t)number;
        return weir_builder_int32(builder, (int32_t)number);
    case WEIR_TYPE_LONG:
        *ret_fits = weir_int64_parse(value, &number);
        return weir_builder_int64(builder, number);
    case WEIR_TYPE_FLOAT:
        *ret_fits = parse_double(value, &floating);
        return weir_builder_float(builder, (float)floating);
    case WEIR_TYPE_DOUBLE:
        *ret_fits = parse_double(value, &floating);
        return weir_builder_double(builder, floating);
    default:
        *ret_fits = weir_decimal_parse_as(value, type->precision, type->scale, &wide) == 0;
        return weir_builder_int128(builder, wide);
    }
}

static bool append_other(weir_builder *builder, weir_arena *arena, weir_str value, const weir_type *type,
                         const weir_timezone *zone, bool *ret_fits) {
    weir_str text = weir_partition_unescape(arena, value);
    int32_t days = 0;
    int64_t time = 0;
    switch (type->kind) {
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_CHAR:
    case WEIR_TYPE_VARCHAR:
        return weir_builder_bytes(builder, text.data, text.size);
    case WEIR_TYPE_BINARY:
        return weir_builder_bytes(builder, value.data, value.size);
    case WEIR_TYPE_BOOLEAN:
        *ret_fits =
            weir_str_equal_nocase(value, WEIR_STR("true")) || weir_str_equal_nocase(value, WEIR_STR("false"));
        return weir_builder_bool(builder, weir_str_equal_nocase(value, WEIR_STR("true")));
    case WEIR_TYPE_DATE:
        *ret_fits = weir_date_parse(value, &days);
        return weir_builder_int32(builder, days);
    case WEIR_TYPE_TIMESTAMP:
        *ret_fits = weir_timestamp_parse(text, zone, &time);
        return weir_builder_int64(builder, time);
    case WEIR_TYPE_TIMESTAMP_NTZ:
        *ret_fits = weir_timestamp_ntz_parse(text, true, &time);
        return weir_builder_int64(builder, time);
    case WEIR_TYPE_TIME:
        *ret_fits = weir_time_parse(text, &time);
        return weir_builder_int64(builder, time);
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        *ret_fits = weir_interval_parse_year_month(text, type, &days);
        return weir_builder_int32(builder, days);
    case WEIR_TYPE_INTERVAL_DAY_TIME:
        *ret_fits = weir_interval_parse_day_time(text, type, &time);
        return weir_builder_int64(builder, time);
    default:
        *ret_fits = false;
        return weir_builder_null(builder);
    }
}

static bool is_number(weir_type_kind kind) {
    return kind == WEIR_TYPE_BYTE || kind == WEIR_TYPE_SHORT || kind == WEIR_TYPE_INT ||
           kind == WEIR_TYPE_LONG || kind == WEIR_TYPE_FLOAT || kind == WEIR_TYPE_DOUBLE ||
           kind == WEIR_TYPE_DECIMAL;
}

weir_code weir_partition_column(weir_arena *arena, weir_str value, const weir_type *type,
                                const weir_timezone *zone, bool *ret_fits, weir_column **ret,
                                weir_error **err) {
    weir_builder builder;
    *ret_fits = true;
    if (!value.data || weir_str_equal(value, WEIR_STR(WEIR_PARTITION_NULL)) || type->kind == WEIR_TYPE_NULL)
        return weir_column_new_nulls(NULL, type, 1, ret, err);
    WEIR_TRY(weir_builder_init(&builder, NULL, type, 1, err));
    bool ok = is_number(type->kind) ? append_number(&builder, value, type, ret_fits)
                                    : append_other(&builder, arena, value, type, zone, ret_fits);
    weir_code code = ok ? weir_builder_finish(&builder, ret, err) : weir_error_oom(err);
    weir_builder_fini(&builder);
    return code;
}
