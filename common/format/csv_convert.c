/* Values of CSV records as columns: Spark's UnivocityParser converters, a column at a time. A value that does
 * not convert is NULL, and makes its record malformed. Task thread.
 *
 *   convert    column by column; records that fail are marked
 *   mend       DROPMALFORMED drops them; the others are then converted anew, once */
#include "common/base/alloc.h"
#include "common/format/csv_int.h"
#include "common/format/json_scan.h"
#include "common/types/number_text.h"

typedef enum verdict { GOOD, BAD, NOMEM } verdict;

/* ---- numbers as Java reads them ---- */

/* Zeros of the BMP's decimal digits, as Character.digit knows them. */
static const uint16_t digit_zeros[] = {
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
    0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10};

static char ascii_digit(uint32_t code) {
    for (size_t i = 0; i < WEIR_ARRAY_LEN(digit_zeros); i++)
        if (code >= digit_zeros[i] && code < digit_zeros[i] + 10u)
            return (char)('0' + code - digit_zeros[i]);
    return 0;
}

bool weir_csv_ascii_digits(weir_str text, char *scratch, size_t scratch_size, weir_str *ret) {
    size_t size = 0;
    bool changed = false;
    for (size_t i = 0; i < text.size && size < scratch_size; size++) {
        const uint8_t *p = (const uint8_t *)text.data + i;
        if (*p < 0x80) {
            scratch[size] = text.data[i++];
            continue;
        }
        int bytes = *p >= 0xE0 ? 3 : 2;
        if (*p >= 0xF0 || i + (size_t)bytes > text.size)
            return false;
        uint32_t code = bytes == 3 ? (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu)
                                   : (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
        if (!(scratch[size] = ascii_digit(code)))
            return false;
        i += (size_t)bytes;
        changed = true;
        if (size + 1 == scratch_size && i < text.size)
            return false;
    }
    *ret = weir_str_make(scratch, size);
    return changed;
}

bool weir_csv_parse_int64(weir_str text, int64_t *ret) {
    char scratch[64];
    if (weir_int64_parse(text, ret))
        return true;
    return weir_csv_ascii_digits(text, scratch, sizeof scratch, &text) && weir_int64_parse(text, ret);
}

static bool is_hex(weir_str text) {
    return text.size > 2 && text.data[0] == '0' && (text.data[1] | 0x20) == 'x';
}

/* Java's hexadecimal form: 0x1.8p3, always with an exponent. */
static bool parse_hex(weir_str text, double *ret) {
    uint64_t mantissa = 0;
    int64_t power, shift = 0, digits = 0;
    bool point = false;
    size_t i = 2;
    for (; i < text.size && (text.data[i] | 0x20) != 'p'; i++) {
        char c = text.data[i], letter = (char)(c | 0x20);
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        int value = c >= '0' && c <= '9' ? c - '0' : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
        if (value < 0)
            return false;
        digits++;
        if (mantissa >> 58 == 0)
            mantissa = mantissa << 4 | (uint64_t)value;
        else
            shift += 4; /* beyond what a double holds */
        shift -= point ? 4 : 0;
    }
    weir_str exponent = {text.data + i + 1, i < text.size ? text.size - i - 1 : 0};
    if (digits == 0 || !weir_int64_parse(exponent, &power) || power > 100000 || power < -100000)
        return false;
    *ret = __builtin_ldexp((double)mantissa, (int)(power + shift));
    return true;
}

/* Without sign, with or without 'd' or 'f' behind it. */
static bool parse_unsigned(weir_str text, double *ret) {
    if (weir_str_equal(text, WEIR_STR("NaN"))) {
        *ret = __builtin_nan("");
        return true;
    }
    if (weir_str_equal(text, WEIR_STR("Infinity"))) {
        *ret = __builtin_inf();
        return true;
    }
    char last = text.size ? (char)(text.data[text.size - 1] | 0x20) : 0;
    if (text.size > 1 && (last == 'd' || last == 'f') &&
        !(is_hex(text) && !memchr(text.data, 'p', text.size)))
        text.size--;
    if (is_hex(text))
        return parse_hex(text, ret);
    char first = text.size ? text.data[0] : 0;
    if (!(first >= '0' && first <= '9') && first != '.')
        return false;
    last = text.data[text.size - 1];
    if (!(last >= '0' && last <= '9') && last != '.')
        return false;
    return weir_double_parse_cast(text, ret);
}

bool weir_csv_parse_double(weir_str text, double *ret) {
    if (WEIR_LIKELY(weir_double_parse(text, ret)))
        return true;
    text = weir_str_trim(text);
    bool negative = text.size && text.data[0] == '-';
    if (text.size && (negative || text.data[0] == '+'))
        text = weir_str_make(text.data + 1, text.size - 1);
    if (!parse_unsigned(text, ret))
        return false;
    *ret = negative ? -*ret : *ret;
    return true;
}

static bool parse_float(weir_str text, float *ret) {
    double wide;
    if (WEIR_LIKELY(weir_float_parse(text, ret)))
        return true;
    if (!weir_csv_parse_double(text, &wide))
        return false;
    weir_str plain = weir_str_trim(text);
    if (plain.size && (plain.data[plain.size - 1] | 0x20) >= 'd' &&
        (plain.data[plain.size - 1] | 0x20) <= 'f')
        plain.size--;
    if (!weir_float_parse(plain, ret)) /* rounded once where the text is plain */
        *ret = (float)wide;
    return true;
}

bool weir_csv_parse_boolean(weir_str text, bool *ret) {
    *ret = weir_str_equal_nocase(text, WEIR_STR("true"));
    return *ret || weir_str_equal_nocase(text, WEIR_STR("false"));
}

/* ---- one column ---- */

typedef struct column {
    const weir_csv_spec *spec;
    const weir_type *type;
    weir_csv_rows *rows;
    const uint8_t *data;
    int32_t index; /* of the spec's parsed columns */
    weir_json_node node;
    weir_builder *builder;
} column;

static inline verdict appended(bool ok) {
    return ok ? GOOD : NOMEM;
}

static bool special_number(const weir_csv_spec *spec, weir_str text, double *ret) {
    if (weir_str_equal(text, spec->nan))
        *ret = __builtin_nan("");
    else if (weir_str_equal(text, spec->negative_inf))
        *ret = -__builtin_inf();
    else if (weir_str_equal(text, spec->positive_inf))
        *ret = __builtin_inf();
    else
        return false;
    return true;
}

static verdict convert_integer(const column *c, weir_str text) {
    int64_t value;
    int32_t digits = weir_json_scan_digits((const uint8_t *)text.data);
    if (WEIR_LIKELY(digits < 16 && (size_t)digits == text.size && digits))
        value = (int64_t)weir_json_scan_number((const uint8_t *)text.data, digits);
    else if (!weir_csv_parse_int64(text, &value))
        return BAD;
    switch (c->type->kind) {
    case WEIR_TYPE_BYTE:
        return value != (int8_t)value ? BAD : appended(weir_builder_int8(c->builder, (int8_t)value));
    case WEIR_TYPE_SHORT:
        return value != (int16_t)value ? BAD : appended(weir_builder_int16(c->builder, (int16_t)value));
    case WEIR_TYPE_INT:
        return value != (int32_t)value ? BAD : appended(weir_builder_int32(c->builder, (int32_t)value));
    default:
        return appended(weir_builder_int64(c->builder, value));
    }
}

static verdict convert_floating(const column *c, weir_str text) {
    double value;
    float single;
    if (c->type->kind == WEIR_TYPE_FLOAT) {
        if (special_number(c->spec, text, &value))
            return appended(weir_builder_float(c->builder, (float)value));
        return parse_float(text, &single) ? appended(weir_builder_float(c->builder, single)) : BAD;
    }
    if (special_number(c->spec, text, &value) || weir_csv_parse_double(text, &value))
        return appended(weir_builder_double(c->builder, value));
    return BAD;
}

/* "2016-07-25T..." of Spark 1: "GMT" goes before the second try. */
static bool parse_old_date(weir_str text, int32_t *ret) {
    char plain[256];
    const char *at = memmem(text.data, text.size, "GMT", 3);
    if (!at || text.size - 3 > sizeof plain)
        return weir_date_parse(text, ret);
    size_t head = (size_t)(at - text.data);
    memcpy(plain, text.data, head);
    memcpy(plain + head, at + 3, text.size - head - 3);
    return weir_date_parse(weir_str_make(plain, text.size - 3), ret);
}

static verdict convert_date(const column *c, weir_str text) {
    const weir_json_spec *times = &c->spec->times;
    int64_t utc, local;
    int32_t days = 0;
    bool zoned, ok;
    if (times->date_pattern) {
        ok = weir_datetime_pattern_parse(times->date_pattern, text, times->zone, &utc, &local, &zoned);
        days = ok ? (int32_t)weir_floor_div(local, WEIR_MICROS_PER_DAY) : 0;
    } else {
        ok = weir_date_parse(text, &days);
    }
    if (!ok && c->spec->date_fallback)
        ok = parse_old_date(text, &days);
    return ok ? appended(weir_builder_int32(c->builder, days)) : BAD;
}

/* What CSV and JSON read alike. */
static verdict convert_as_json(const column *c, weir_str text) {
    char scratch[128];
    weir_json_result result = weir_json_convert_string(&c->spec->times, &c->node, text, c->builder);
    if (result == WEIR_JSON_BAD && c->type->kind == WEIR_TYPE_DECIMAL &&
        weir_csv_ascii_digits(text, scratch, sizeof scratch, &text))
        result = weir_json_convert_string(&c->spec->times, &c->node, text, c->builder);
    return result == WEIR_JSON_OK ? GOOD : result == WEIR_JSON_NOMEM ? NOMEM : BAD;
}

static verdict convert_boolean(const column *c, weir_str text) {
    bool value;
    return weir_csv_parse_boolean(text, &value) ? appended(weir_builder_bool(c->builder, value)) : BAD;
}

static verdict convert_text(const column *c, weir_str text) {
    return appended(weir_builder_bytes(c->builder, text.data, text.size));
}

typedef verdict (*converter)(const column *c, weir_str text);

static converter find_converter(weir_type_kind kind) {
    switch (kind) {
    case WEIR_TYPE_BYTE:
    case WEIR_TYPE_SHORT:
    case WEIR_TYPE_INT:
    case WEIR_TYPE_LONG:
        return convert_integer;
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        return convert_floating;
    case WEIR_TYPE_BOOLEAN:
        return convert_boolean;
    case WEIR_TYPE_DATE:
        return convert_date;
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_BINARY:
        return convert_text;
    default:
        return convert_as_json;
    }
}

/* Is inlined with a constant `convert` for the types that are frequent, so that no value costs a call. */
static inline __attribute__((always_inline)) bool convert_rows(const column *c, converter convert) {
    const weir_csv_rows *rows = c->rows;
    weir_str null_value = c->spec->dialect.null_value;
    const weir_csv_field *field = rows->fields + c->index;
    for (int32_t row = 0; row < rows->count; row++, field += rows->width) {
        verdict result = BAD;
        bool null = field->size == WEIR_CSV_NULL;
        if (!null) {
            weir_str text = weir_csv_rows_get(rows, c->data, *field);
            null = text.size == null_value.size && weir_str_equal(text, null_value);
            result = null ? BAD : convert(c, text);
            if (WEIR_UNLIKELY(result == BAD && !null))
                rows->records[row].failed = true;
        }
        if (WEIR_UNLIKELY(result == BAD) && !weir_builder_null(c->builder))
            return false;
        if (WEIR_UNLIKELY(result == NOMEM))
            return false;
    }
    return true;
}

static bool convert_column(const column *c) {
    switch (c->type->kind) {
    case WEIR_TYPE_STRING:
        return convert_rows(c, convert_text);
    case WEIR_TYPE_INT:
    case WEIR_TYPE_LONG:
        return convert_rows(c, convert_integer);
    case WEIR_TYPE_DOUBLE:
        return convert_rows(c, convert_floating);
    case WEIR_TYPE_DATE:
        return convert_rows(c, convert_date);
    default:
        return convert_rows(c, find_converter(c->type->kind));
    }
}

/* ---- all of them ---- */

static bool convert_columns(const weir_csv_spec *spec, weir_csv_rows *rows, const uint8_t *data,
                            weir_builder *builders) {
    for (int32_t i = 0; i < spec->parsed->fields_count; i++) {
        const weir_type *type = spec->parsed->fields[i].type;
        column c = {.spec = spec,
                    .type = type,
                    .rows = rows,
                    .data = data,
                    .index = i,
                    .node = {.type = type, .kind = type->kind},
                    .builder = &builders[i]};
        if (!weir_builder_grow(c.builder, rows->count) || !convert_column(&c))
            return false;
    }
    return true;
}

/* Settles what the records are; true where some were dropped, so that the others must be converted anew. */
static bool mend(const weir_csv_spec *spec, weir_csv_rows *rows) {
    int32_t kept = 0;
    for (int32_t i = 0; i < rows->count; i++) {
        weir_csv_record *record = &rows->records[i];
        if (record->failed && record->fault == WEIR_CSV_SOUND)
            record->fault = WEIR_CSV_VALUE;
        if (spec->mode == WEIR_CSV_DROP && record->fault != WEIR_CSV_SOUND)
            continue;
        if (kept != i) {
            rows->records[kept] = *record;
            memcpy(rows->fields + (size_t)kept * (size_t)rows->width,
                   rows->fields + (size_t)i * (size_t)rows->width,
                   (size_t)rows->width * sizeof *rows->fields);
        }
        kept++;
    }
    bool dropped = kept != rows->count;
    rows->count = kept;
    return dropped;
}

weir_code weir_csv_convert(const weir_csv_spec *spec, weir_csv_rows *rows, const uint8_t *data,
                           weir_builder *builders, weir_error **err) {
    int32_t columns = spec->parsed->fields_count, before = columns ? builders[0].length : 0;
    bool ok = convert_columns(spec, rows, data, builders);
    if (ok && mend(spec, rows)) {
        for (int32_t i = 0; i < columns; i++)
            weir_builder_truncate(&builders[i], before);
        ok = convert_columns(spec, rows, data, builders);
    }
    if (!ok)
        WEIR_FAIL(err, OUT_OF_MEMORY, "a batch of CSV rows does not fit the task's budget");
    return WEIR_OK;
}
