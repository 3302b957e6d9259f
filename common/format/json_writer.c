/* Columns to JSON text and to files (json_write.h, format.h). Task thread.
 *
 *   batch -> rows as text -> output_stream.c: gzip or zstd, where asked for -> weir_fs put_write
 *
 * The text is what Spark's df.write.json writes: null fields left out, BigDecimal.toString for decimals,
 * strings escaped as Jackson does, malformed UTF-8 as U+FFFD. The file becomes visible and durable in
 * finish; abort and every failure leave nothing behind. Failure: what the file system reports. */
#include "common/base/alloc.h"
#include "common/format/json_int.h"
#include "common/format/json_scan.h"
#include "common/format/json_write.h"
#include "common/format/output_stream.h"
#include "common/types/decimal.h"
#include "common/types/number_text.h"
#include "common/types/variant_text.h"

/* ---- strings ---- */

/* Bytes that Java's decoder replaces by one U+FFFD at `p`, which starts no character. */
static size_t malformed_size(const uint8_t *p, size_t left) {
    if (p[0] < 0xC2 || p[0] > 0xF4 || left < 2 || (p[1] & 0xC0) != 0x80)
        return 1;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
        return 1;
    if (left < 3 || (p[2] & 0xC0) != 0x80)
        return 2;
    return 3; /* a surrogate, or four bytes without the last */
}

static size_t utf8_size(const uint8_t *p, size_t left) {
    uint8_t safe[4] = {0};
    memcpy(safe, p, WEIR_MIN(left, (size_t)4));
    return (size_t)weir_json_scan_utf8(safe);
}

static void add_code_unit(weir_strbuf *buf, uint32_t unit) {
    weir_strbuf_addf(buf, "\\u%04X", unit);
}

static void add_ascii(weir_strbuf *buf, const uint8_t *p, size_t size) {
    uint32_t c = size == 2 ? (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu)
                 : size == 3
                     ? (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu)
                     : (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
    if (c < 0x10000) {
        add_code_unit(buf, c);
    } else {
        add_code_unit(buf, 0xD800 + ((c - 0x10000) >> 10));
        add_code_unit(buf, 0xDC00 + ((c - 0x10000) & 0x3FF));
    }
}

/* The length of the run at `p` that needs no change. */
static size_t plain_run(const uint8_t *p, size_t size) {
    size_t i = 0;
    for (; i + 16 <= size; i += 16) {
        uint32_t mask = weir_json_scan_special(weir_json_scan_load(p + i));
        if (mask)
            return i + (size_t)__builtin_ctz(mask);
    }
    while (i < size && p[i] >= 0x20 && p[i] < 0x80 && p[i] != '"' && p[i] != '\\')
        i++;
    return i;
}

/* The special character at `p`; returns the bytes it takes. */
static size_t add_special(weir_strbuf *buf, const uint8_t *p, size_t left, bool ascii) {
    static const char short_escape[128] = {
        ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    uint8_t c = *p;
    if (c < 0x80) {
        if (short_escape[c]) {
            char pair[2] = {'\\', short_escape[c]};
            weir_strbuf_add(buf, weir_str_make(pair, 2));
        } else {
            add_code_unit(buf, c);
        }
        return 1;
    }
    size_t size = utf8_size(p, left);
    if (size && size <= left) {
        if (ascii)
            add_ascii(buf, p, size);
        else
            weir_strbuf_add(buf, weir_str_make((const char *)p, size));
        return size;
    }
    weir_strbuf_add_text(buf, ascii ? "\\uFFFD" : "\xEF\xBF\xBD");
    return WEIR_MIN(malformed_size(p, left), left);
}

void weir_json_write_text(weir_strbuf *buf, weir_str text, bool ascii) {
    const uint8_t *p = (const uint8_t *)text.data;
    size_t i = 0;
    weir_strbuf_add_char(buf, '"');
    while (i < text.size) {
        size_t run = plain_run(p + i, text.size - i);
        if (run)
            weir_strbuf_add(buf, weir_str_make(text.data + i, run));
        i += run;
        if (i < text.size)
            i += add_special(buf, p + i, text.size - i, ascii);
    }
    weir_strbuf_add_char(buf, '"');
}

void weir_json_repair_utf8(weir_strbuf *buf, weir_str text) {
    const uint8_t *p = (const uint8_t *)text.data;
    for (size_t i = 0; i < text.size;) {
        size_t size = p[i] < 0x80 ? 1 : utf8_size(p + i, text.size - i);
        if (size && size <= text.size - i) {
            weir_strbuf_add(buf, weir_str_make(text.data + i, size));
            i += size;
            continue;
        }
        weir_strbuf_add_text(buf, "\xEF\xBF\xBD");
        i += WEIR_MIN(malformed_size(p + i, text.size - i), text.size - i);
    }
}

static void add_base64(weir_strbuf *buf, weir_str bytes) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = (const uint8_t *)bytes.data;
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t v =
            (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
        char quad[4] = {digits[v >> 18], digits[v >> 12 & 63], left > 1 ? digits[v >> 6 & 63] : '=',
                        left > 2 ? digits[v & 63] : '='};
        weir_strbuf_add(buf, weir_str_make(quad, 4));
    }
}

/* ---- scalars ---- */

/* java.math.BigDecimal.toString: plain down to six zeros behind the point, else with an exponent. */
static void add_decimal(weir_strbuf *buf, weir_int128 value, int32_t scale) {
    char text[64];
    int size = weir_decimal_format(value, 0, text);
    const char *digits = text + (text[0] == '-');
    int count = size - (text[0] == '-');
    int32_t adjusted = count - 1 - scale;
    if (scale == 0 || adjusted >= -6) {
        size = weir_decimal_format(value, scale, text);
        weir_strbuf_add(buf, weir_str_make(text, (size_t)size));
        return;
    }
    if (text[0] == '-')
        weir_strbuf_add_char(buf, '-');
    weir_strbuf_add_char(buf, digits[0]);
    if (count > 1) {
        weir_strbuf_add_char(buf, '.');
        weir_strbuf_add(buf, weir_str_make(digits + 1, (size_t)count - 1));
    }
    weir_strbuf_addf(buf, "E%d", adjusted);
}

static void add_floating(weir_strbuf *buf, double value, bool single, bool quoted) {
    char text[WEIR_NUMBER_TEXT_MAX];
    int size = single ? weir_float_format((float)value, text) : weir_double_format(value, text);
    bool quote = quoted && !__builtin_isfinite(value);
    if (quote)
        weir_strbuf_add_char(buf, '"');
    weir_strbuf_add(buf, weir_str_make(text, (size_t)size));
    if (quote)
        weir_strbuf_add_char(buf, '"');
}

static char *put2(char *out, int32_t value) {
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
    return out + 2;
}

/* yyyy-MM-dd'T'HH:mm:ss.SSS of local micros */
static char *put_date_time(char *out, int64_t local) {
    int64_t day = weir_floor_div(local, WEIR_MICROS_PER_DAY);
    int64_t millis = weir_floor_mod(local, WEIR_MICROS_PER_DAY) / 1000;
    int32_t seconds = (int32_t)(millis / 1000), fraction = (int32_t)(millis % 1000);
    out += weir_date_format((int32_t)day, out);
    *out++ = 'T';
    out = put2(out, seconds / 3600);
    *out++ = ':';
    out = put2(out, seconds / 60 % 60);
    *out++ = ':';
    out = put2(out, seconds % 60);
    *out++ = '.';
    *out++ = (char)('0' + fraction / 100);
    return put2(out, fraction % 100);
}

static char *put_offset(char *out, int32_t offset) {
    if (offset == 0) {
        *out++ = 'Z';
        return out;
    }
    *out++ = offset < 0 ? '-' : '+';
    offset = offset < 0 ? -offset : offset;
    out = put2(out, offset / 3600);
    *out++ = ':';
    out = put2(out, offset / 60 % 60);
    if (offset % 60) {
        *out++ = ':';
        out = put2(out, offset % 60);
    }
    return out;
}

static void add_pattern(weir_strbuf *buf, const weir_datetime_pattern *pattern, int64_t micros,
                        const weir_timezone *zone, bool ascii) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_datetime_pattern_format(pattern, micros, zone, &text);
    weir_json_write_text(buf, weir_strbuf_view(&text), ascii);
}

static void add_quoted(weir_strbuf *buf, const char *text, const char *end) {
    weir_strbuf_add_char(buf, '"');
    weir_strbuf_add(buf, weir_str_make(text, (size_t)(end - text)));
    weir_strbuf_add_char(buf, '"');
}

static void add_date_time(weir_strbuf *buf, weir_type_kind kind, const uint8_t *at,
                          const weir_json_style *style) {
    char text[2 * WEIR_DATETIME_TEXT_MAX], *end;
    if (kind == WEIR_TYPE_DATE) {
        int32_t days = (int32_t)weir_load32(at);
        if (style->date_pattern) {
            add_pattern(buf, style->date_pattern, days * WEIR_MICROS_PER_DAY, weir_timezone_utc(),
                        style->ascii);
            return;
        }
        end = text + weir_date_format(days, text);
    } else if (kind == WEIR_TYPE_TIME) {
        int64_t nanos = (int64_t)weir_load64(at);
        if (style->time_pattern) {
            add_pattern(buf, style->time_pattern, nanos / 1000, weir_timezone_utc(), style->ascii);
            return;
        }
        end = text + weir_time_format(nanos, text);
    } else if (kind == WEIR_TYPE_TIMESTAMP_NTZ) {
        int64_t local = (int64_t)weir_load64(at);
        if (style->ntz_pattern) {
            add_pattern(buf, style->ntz_pattern, local, weir_timezone_utc(), style->ascii);
            return;
        }
        end = put_date_time(text, local);
    } else {
        int64_t micros = (int64_t)weir_load64(at);
        if (style->timestamp_pattern) {
            add_pattern(buf, style->timestamp_pattern, micros, style->zone, style->ascii);
            return;
        }
        int32_t offset = weir_timezone_offset(style->zone, micros);
        int64_t shift = offset * WEIR_MICROS_PER_SECOND, local;
        if (__builtin_add_overflow(micros, shift, &local))
            local = micros; /* at the very ends of the range the zone's offset does not fit */
        end = put_offset(put_date_time(text, local), offset);
    }
    add_quoted(buf, text, end);
}

static void add_interval(weir_strbuf *buf, const weir_type *type, const uint8_t *at) {
    weir_strbuf_add_char(buf, '"');
    if (type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH) {
        weir_interval_year_month_text(buf, (int32_t)weir_load32(at), type);
    } else if (type->kind == WEIR_TYPE_INTERVAL_DAY_TIME) {
        weir_interval_day_time_text(buf, (int64_t)weir_load64(at), type);
    } else {
        weir_calendar_interval value;
        memcpy(&value, at, sizeof value);
        weir_calendar_interval_text(buf, value);
    }
    weir_strbuf_add_char(buf, '"');
}

static void add_integer(weir_strbuf *buf, int64_t value) {
    char text[WEIR_NUMBER_TEXT_MAX];
    weir_strbuf_add(buf, weir_str_make(text, (size_t)weir_int64_format(value, text)));
}

static int64_t load_integer(weir_type_kind kind, const uint8_t *at) {
    switch (kind) {
    case WEIR_TYPE_BYTE:
        return *(const int8_t *)at;
    case WEIR_TYPE_SHORT:
        return *(const int16_t *)at;
    case WEIR_TYPE_INT:
        return (int32_t)weir_load32(at);
    default:
        return (int64_t)weir_load64(at);
    }
}

/* ---- nested values ---- */

static bool add_value(weir_strbuf *buf, const weir_column *column, int32_t row, const weir_json_style *style,
                      int depth);

static void add_line(weir_strbuf *buf, int depth) {
    weir_strbuf_add_char(buf, '\n');
    weir_strbuf_add_repeat(buf, ' ', (size_t)depth * 2);
}

/* Before member `i` of an object whose members are at `depth`. */
static void begin_member(weir_strbuf *buf, bool first, const weir_json_style *style, int depth) {
    if (!first)
        weir_strbuf_add_char(buf, ',');
    if (style->pretty)
        add_line(buf, depth);
}

static void end_object(weir_strbuf *buf, bool empty, const weir_json_style *style, int depth) {
    if (style->pretty && empty)
        weir_strbuf_add_char(buf, ' ');
    else if (style->pretty)
        add_line(buf, depth);
    weir_strbuf_add_char(buf, '}');
}

/* Follows dictionaries to the column and row that hold the value. */
static void resolve(const weir_column **column, int32_t *row) {
    while ((*column)->encoding == WEIR_DICTIONARY && !weir_column_is_null(*column, *row)) {
        *row = ((const int32_t *)(*column)->values)[*row];
        *column = (*column)->children[0];
    }
}

static bool add_struct(weir_strbuf *buf, const weir_type *type, weir_column *const *columns, int32_t row,
                       const weir_json_style *style, int depth) {
    bool empty = true;
    weir_strbuf_add_char(buf, '{');
    for (int32_t i = 0; i < type->fields_count; i++) {
        const weir_column *column = columns[i];
        int32_t at = row;
        resolve(&column, &at);
        if (!style->keep_nulls && weir_column_is_null(column, at))
            continue;
        begin_member(buf, empty, style, depth + 1);
        weir_json_write_text(buf, type->fields[i].name, style->ascii);
        weir_strbuf_add_text(buf, style->pretty ? " : " : ":");
        if (!add_value(buf, column, at, style, depth + 1))
            return false;
        empty = false;
    }
    end_object(buf, empty, style, depth);
    return true;
}

static bool add_array(weir_strbuf *buf, const weir_column *column, int32_t slot, const weir_json_style *style,
                      int depth) {
    int32_t from = column->offsets[slot], to = column->offsets[slot + 1];
    weir_strbuf_add_text(buf, style->pretty ? "[ " : "[");
    for (int32_t i = from; i < to; i++) {
        if (i > from)
            weir_strbuf_add_text(buf, style->pretty ? ", " : ",");
        if (!add_value(buf, column->children[0], i, style, depth))
            return false;
    }
    weir_strbuf_add_text(buf, style->pretty && to > from ? " ]" : "]");
    return true;
}

/* A key as toString of the engine's value: dates are days, timestamps micros. */
static void add_key(weir_strbuf *buf, const weir_column *keys, int32_t row, const weir_json_style *style) {
    int32_t slot = weir_column_slot(keys, row);
    size_t width = (size_t)weir_type_width(keys->type);
    const uint8_t *at = width ? keys->values + width * (size_t)slot : keys->values;
    if (weir_type_is_string(keys->type)) {
        weir_json_write_text(buf, weir_column_bytes(keys, row), style->ascii);
        return;
    }
    weir_strbuf_add_char(buf, '"');
    switch (keys->type->kind) {
    case WEIR_TYPE_BOOLEAN:
        weir_strbuf_add_text(buf, weir_bit_get(keys->values, slot) ? "true" : "false");
        break;
    case WEIR_TYPE_BYTE:
        add_integer(buf, *(const int8_t *)at);
        break;
    case WEIR_TYPE_SHORT:
        add_integer(buf, *(const int16_t *)at);
        break;
    case WEIR_TYPE_INT:
    case WEIR_TYPE_DATE:
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        add_integer(buf, (int32_t)weir_load32(at));
        break;
    case WEIR_TYPE_FLOAT:
        add_floating(buf, (double)*(const float *)at, true, false);
        break;
    case WEIR_TYPE_DOUBLE:
        add_floating(buf, *(const double *)at, false, false);
        break;
    case WEIR_TYPE_DECIMAL:
        add_decimal(buf, weir_load128(at), keys->type->scale);
        break;
    case WEIR_TYPE_INTERVAL_CALENDAR: {
        weir_calendar_interval value;
        memcpy(&value, at, sizeof value);
        weir_calendar_interval_text(buf, value);
        break;
    }
    default:
        add_integer(buf, (int64_t)weir_load64(at));
    }
    weir_strbuf_add_char(buf, '"');
}

static bool add_map(weir_strbuf *buf, const weir_column *column, int32_t slot, const weir_json_style *style,
                    int depth) {
    int32_t from = column->offsets[slot], to = column->offsets[slot + 1];
    weir_strbuf_add_char(buf, '{');
    for (int32_t i = from; i < to; i++) {
        begin_member(buf, i == from, style, depth + 1);
        const weir_column *keys = column->children[0];
        int32_t at = i;
        resolve(&keys, &at);
        add_key(buf, keys, at, style);
        weir_strbuf_add_text(buf, style->pretty ? " : " : ":");
        if (!add_value(buf, column->children[1], i, style, depth + 1))
            return false;
    }
    end_object(buf, from == to, style, depth);
    return true;
}

static bool add_value(weir_strbuf *buf, const weir_column *column, int32_t row, const weir_json_style *style,
                      int depth) {
    resolve(&column, &row);
    if (weir_column_is_null(column, row)) {
        weir_strbuf_add_text(buf, "null");
        return true;
    }
    int32_t slot = weir_column_slot(column, row);
    const weir_type *type = column->type;
    size_t width = (size_t)weir_type_width(type);
    const uint8_t *at = width ? column->values + width * (size_t)slot : column->values;
    switch (type->kind) {
    case WEIR_TYPE_BOOLEAN:
        weir_strbuf_add_text(buf, weir_bit_get(column->values, slot) ? "true" : "false");
        return true;
    case WEIR_TYPE_BYTE:
    case WEIR_TYPE_SHORT:
    case WEIR_TYPE_INT:
    case WEIR_TYPE_LONG:
        add_integer(buf, load_integer(type->kind, at));
        return true;
    case WEIR_TYPE_FLOAT:
        add_floating(buf, (double)*(const float *)at, true, true);
        return true;
    case WEIR_TYPE_DOUBLE:
        add_floating(buf, *(const double *)at, false, true);
        return true;
    case WEIR_TYPE_DECIMAL:
        add_decimal(buf, weir_load128(at), type->scale);
        return true;
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_CHAR:
    case WEIR_TYPE_VARCHAR:
        weir_json_write_text(buf, weir_column_bytes(column, row), style->ascii);
        return true;
    case WEIR_TYPE_BINARY:
        weir_strbuf_add_char(buf, '"');
        add_base64(buf, weir_column_bytes(column, row));
        weir_strbuf_add_char(buf, '"');
        return true;
    case WEIR_TYPE_DATE:
    case WEIR_TYPE_TIME:
    case WEIR_TYPE_TIMESTAMP:
    case WEIR_TYPE_TIMESTAMP_NTZ:
        add_date_time(buf, type->kind, at, style);
        return true;
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
    case WEIR_TYPE_INTERVAL_DAY_TIME:
    case WEIR_TYPE_INTERVAL_CALENDAR:
        add_interval(buf, type, at);
        return true;
    case WEIR_TYPE_STRUCT:
        return add_struct(buf, type, column->children, slot, style, depth);
    case WEIR_TYPE_ARRAY:
        return add_array(buf, column, slot, style, depth);
    case WEIR_TYPE_MAP:
        return add_map(buf, column, slot, style, depth);
    case WEIR_TYPE_VARIANT:
        return weir_variant_text(buf, weir_column_bytes(column->children[0], slot),
                                 weir_column_bytes(column->children[1], slot), /* as_cast= */ false,
                                 style->zone);
    default:
        weir_strbuf_add_text(buf, "null");
        return true;
    }
}

bool weir_json_write_value(weir_strbuf *buf, const weir_column *column, int32_t row,
                           const weir_json_style *style) {
    return add_value(buf, column, row, style, 0);
}

/* ---- files ---- */

typedef struct weir_json_writer {
    const weir_json_write_spec *spec;
    weir_output_stream *stream;
} weir_json_writer;

weir_code weir_json_writer_open(const weir_write_spec *write_spec, weir_fs *fs, const char *path,
                                weir_budget *budget, weir_writer **ret, weir_error **err) {
    (void)budget; /* the buffers are small and fixed */
    const weir_json_write_spec *spec = (const weir_json_write_spec *)write_spec;
    weir_output_stream *stream = NULL;
    WEIR_TRY(weir_output_stream_open(fs, path, spec->codec, &stream, err));
    weir_json_writer *w = weir_alloc_zero(1, sizeof *w);
    *w = (weir_json_writer){spec, stream};
    *ret = (weir_writer *)w;
    return WEIR_OK;
}

weir_code weir_json_writer_write(weir_writer *writer, const weir_batch *batch, weir_error **err) {
    weir_json_writer *w = (weir_json_writer *)writer;
    const weir_json_write_spec *spec = w->spec;
    weir_strbuf *text = weir_output_stream_text(w->stream);
    for (int32_t row = 0; row < batch->rows; row++) {
        if (!add_struct(text, spec->schema, batch->columns, row, &spec->style, 0))
            WEIR_FAIL(err, INVALID_ARGUMENT, "A variant value is damaged.");
        weir_strbuf_add(text, spec->line_sep);
        WEIR_TRY(weir_output_stream_spill(w->stream, err));
    }
    return WEIR_OK;
}

weir_code weir_json_writer_finish(weir_writer *writer, int64_t *ret_size, weir_error **err) {
    weir_json_writer *w = (weir_json_writer *)writer;
    weir_code code = weir_output_stream_finish(w->stream, ret_size, err);
    weir_free(w);
    return code;
}

void weir_json_writer_abort(weir_writer *writer) {
    weir_json_writer *w = (weir_json_writer *)writer;
    if (!w)
        return;
    weir_output_stream_abort(w->stream);
    weir_free(w);
}
