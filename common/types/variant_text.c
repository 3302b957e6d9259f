/* VARIANT to text.
 *
 *   value     header byte: low 2 bits basic type (0 primitive, 1 short string, 2 object, 3 array), high 6
 *             bits its parameter; then the payload, little-endian
 *   object    count (1 or 4 bytes) | field ids | offsets (count + 1) | values
 *   array     count | offsets (count + 1) | values
 *   metadata  header (version 1, offset size) | count | offsets (count + 1) | names
 *
 * Every read is bounds-checked and the depth limited, since variants come from state files and from
 * outside. Used by cell_text.c. Any thread. */
#include "common/types/variant_text.h"

#include <math.h>

#include "common/base/bits.h"
#include "common/base/json_value.h"
#include "common/types/datetime.h"
#include "common/types/decimal.h"
#include "common/types/number_text.h"

#define DEPTH_MAX 512

typedef struct variant_writer {
    weir_strbuf *buf;
    weir_str metadata;
    const weir_timezone *zone;
    int depth;
} variant_writer;

/* Little-endian unsigned of 1 to 4 bytes; false behind the end. */
static bool take_unsigned(weir_str bytes, size_t at, size_t width, uint32_t *ret) {
    if (at > bytes.size || bytes.size - at < width)
        return false;
    uint32_t value = 0;
    for (size_t i = 0; i < width; i++)
        value |= (uint32_t)(uint8_t)bytes.data[at + i] << (8 * i);
    *ret = value;
    return true;
}

static bool take_signed(weir_str bytes, size_t at, size_t width, __int128 *ret) {
    if (at > bytes.size || bytes.size - at < width)
        return false;
    unsigned __int128 value = 0;
    for (size_t i = 0; i < width; i++)
        value |= (unsigned __int128)(uint8_t)bytes.data[at + i] << (8 * i);
    int unused = 128 - 8 * (int)width;
    *ret = (__int128)(value << unused) >> unused;
    return true;
}

static bool field_name(const variant_writer *w, uint32_t id, weir_str *ret) {
    uint32_t count, from, to;
    if (w->metadata.size == 0)
        return false;
    uint8_t header = (uint8_t)w->metadata.data[0];
    size_t width = (size_t)(header >> 6) + 1;
    if ((header & 15) != 1 || !take_unsigned(w->metadata, 1, width, &count) || id >= count)
        return false;
    size_t offsets = 1 + width, names = offsets + ((size_t)count + 1) * width;
    if (!take_unsigned(w->metadata, offsets + id * width, width, &from) ||
        !take_unsigned(w->metadata, offsets + (id + 1) * width, width, &to) || from > to ||
        names > w->metadata.size || to > w->metadata.size - names)
        return false;
    *ret = weir_str_make(w->metadata.data + names + from, to - from);
    return true;
}

static void add_quoted(variant_writer *w, const char *text, int size) {
    weir_strbuf_add_char(w->buf, '"');
    weir_strbuf_add(w->buf, weir_str_make(text, (size_t)size));
    weir_strbuf_add_char(w->buf, '"');
}

static void add_base64(weir_strbuf *buf, weir_str bytes) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t word = (uint32_t)(uint8_t)bytes.data[i] << 16;
        word |= left > 1 ? (uint32_t)(uint8_t)bytes.data[i + 1] << 8 : 0;
        word |= left > 2 ? (uint32_t)(uint8_t)bytes.data[i + 2] : 0;
        weir_strbuf_add_char(buf, digits[word >> 18]);
        weir_strbuf_add_char(buf, digits[word >> 12 & 63]);
        weir_strbuf_add_char(buf, left > 1 ? digits[word >> 6 & 63] : '=');
        weir_strbuf_add_char(buf, left > 2 ? digits[word & 63] : '=');
    }
}

static void add_timestamp(variant_writer *w, int64_t micros, bool ntz, bool as_cast) {
    char text[WEIR_DATETIME_TEXT_MAX + 8];
    int size = ntz ? weir_timestamp_ntz_format(micros, text) : weir_timestamp_format(micros, w->zone, text);
    if (as_cast) {
        weir_strbuf_add(w->buf, weir_str_make(text, (size_t)size));
        return;
    }
    if (!ntz) {
        int32_t offset = weir_timezone_offset(w->zone, micros), abs = offset < 0 ? -offset : offset;
        text[size++] = offset < 0 ? '-' : '+';
        text[size++] = (char)('0' + abs / 36000);
        text[size++] = (char)('0' + abs / 3600 % 10);
        text[size++] = ':';
        text[size++] = (char)('0' + abs / 600 % 6);
        text[size++] = (char)('0' + abs / 60 % 10);
    }
    add_quoted(w, text, size);
}

static void add_double(variant_writer *w, double value, bool as_cast) {
    char text[WEIR_NUMBER_TEXT_MAX];
    int size = weir_double_format(value, text);
    if (as_cast || isfinite(value))
        weir_strbuf_add(w->buf, weir_str_make(text, (size_t)size));
    else
        add_quoted(w, text, size);
}

static void add_float(variant_writer *w, float value, bool as_cast) {
    char text[WEIR_NUMBER_TEXT_MAX];
    int size = weir_float_format(value, text);
    if (as_cast || isfinite(value))
        weir_strbuf_add(w->buf, weir_str_make(text, (size_t)size));
    else
        add_quoted(w, text, size);
}

static bool add_bytes(variant_writer *w, weir_str value, bool binary, bool as_cast) {
    uint32_t size;
    if (!take_unsigned(value, 1, 4, &size) || size > value.size - 5)
        return false;
    weir_str bytes = weir_str_make(value.data + 5, size);
    if (as_cast) {
        weir_strbuf_add(w->buf, bytes);
    } else if (binary) {
        weir_strbuf_add_char(w->buf, '"');
        add_base64(w->buf, bytes);
        weir_strbuf_add_char(w->buf, '"');
    } else {
        weir_json_write_string(w->buf, bytes);
    }
    return true;
}

static bool add_decimal(variant_writer *w, weir_str value, size_t width) {
    uint32_t scale;
    __int128 number;
    char text[WEIR_DECIMAL_TEXT_MAX];
    if (!take_unsigned(value, 1, 1, &scale) || scale > 38 || !take_signed(value, 2, width, &number))
        return false;
    for (; scale > 0 && number % 10 == 0; scale--) /* Spark strips trailing zeros here */
        number /= 10;
    weir_strbuf_add(w->buf, weir_str_make(text, (size_t)weir_decimal_format(number, (int32_t)scale, text)));
    return true;
}

static bool add_uuid(variant_writer *w, weir_str value, bool as_cast) {
    static const char hex[] = "0123456789abcdef";
    if (value.size < 17)
        return false;
    char text[36];
    int size = 0;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[size++] = '-';
        text[size++] = hex[(uint8_t)value.data[1 + i] >> 4];
        text[size++] = hex[value.data[1 + i] & 15];
    }
    if (as_cast)
        weir_strbuf_add(w->buf, weir_str_make(text, 36));
    else
        add_quoted(w, text, 36);
    return true;
}

static bool add_fixed(variant_writer *w, int kind, weir_str value, bool as_cast) {
    __int128 number;
    char text[WEIR_DATETIME_TEXT_MAX];
    static const int8_t widths[] = {
        [3] = 1, [4] = 2, [5] = 4, [6] = 8, [7] = 8, [11] = 4, [12] = 8, [13] = 8, [14] = 4};
    if (!take_signed(value, 1, (size_t)widths[kind], &number))
        return false;
    if (kind <= 6) {
        weir_strbuf_add(w->buf, weir_str_make(text, (size_t)weir_int64_format((int64_t)number, text)));
    } else if (kind == 7) {
        double real;
        memcpy(&real, value.data + 1, 8);
        add_double(w, real, as_cast);
    } else if (kind == 14) {
        float real;
        memcpy(&real, value.data + 1, 4);
        add_float(w, real, as_cast);
    } else if (kind == 11) {
        int size = weir_date_format((int32_t)number, text);
        if (as_cast)
            weir_strbuf_add(w->buf, weir_str_make(text, (size_t)size));
        else
            add_quoted(w, text, size);
    } else {
        add_timestamp(w, (int64_t)number, kind == 13, as_cast);
    }
    return true;
}

static bool add_primitive(variant_writer *w, int kind, weir_str value, bool as_cast) {
    switch (kind) {
    case 0:
        weir_strbuf_add_text(w->buf, "null");
        return true;
    case 1:
    case 2:
        weir_strbuf_add_text(w->buf, kind == 1 ? "true" : "false");
        return true;
    case 8:
    case 9:
    case 10:
        return add_decimal(w, value, (size_t)4 << (kind - 8));
    case 15:
    case 16:
        return add_bytes(w, value, kind == 15, as_cast);
    case 20:
        return add_uuid(w, value, as_cast);
    default:
        return kind <= 14 && add_fixed(w, kind, value, as_cast);
    }
}

static bool add_value(variant_writer *w, weir_str value, bool as_cast);

/* Objects and arrays: the children by their offsets. */
static bool add_container(variant_writer *w, weir_str value, bool object) {
    uint8_t header = (uint8_t)value.data[0] >> 2;
    size_t offset_width = (header & 3) + 1u, id_width = object ? (header >> 2 & 3) + 1u : 0;
    size_t count_width = (object ? header >> 4 : header >> 2) & 1 ? 4 : 1;
    uint32_t count, from;
    if (!take_unsigned(value, 1, count_width, &count) || count > value.size)
        return false;
    size_t ids = 1 + count_width, offsets = ids + count * id_width;
    size_t data = offsets + ((size_t)count + 1) * offset_width;
    if (data > value.size)
        return false;
    weir_strbuf_add_char(w->buf, object ? '{' : '[');
    for (uint32_t i = 0; i < count; i++) {
        uint32_t id;
        weir_str name;
        if (i > 0)
            weir_strbuf_add_char(w->buf, ',');
        if (object) {
            if (!take_unsigned(value, ids + i * id_width, id_width, &id) || !field_name(w, id, &name))
                return false;
            weir_json_write_string(w->buf, name);
            weir_strbuf_add_char(w->buf, ':');
        }
        if (!take_unsigned(value, offsets + i * offset_width, offset_width, &from) ||
            from >= value.size - data)
            return false;
        if (!add_value(w, weir_str_make(value.data + data + from, value.size - data - from), false))
            return false;
    }
    weir_strbuf_add_char(w->buf, object ? '}' : ']');
    return true;
}

static bool add_value(variant_writer *w, weir_str value, bool as_cast) {
    if (value.size == 0 || w->depth >= DEPTH_MAX)
        return false;
    uint8_t header = (uint8_t)value.data[0];
    size_t size = header >> 2;
    bool ok = true;
    w->depth++;
    switch (header & 3) {
    case 0:
        ok = add_primitive(w, header >> 2, value, as_cast);
        break;
    case 1:
        ok = size < value.size;
        if (ok && as_cast)
            weir_strbuf_add(w->buf, weir_str_make(value.data + 1, size));
        else if (ok)
            weir_json_write_string(w->buf, weir_str_make(value.data + 1, size));
        break;
    default:
        ok = add_container(w, value, (header & 3) == 2);
    }
    w->depth--;
    return ok;
}

bool weir_variant_text(weir_strbuf *buf, weir_str value, weir_str metadata, bool as_cast,
                       const weir_timezone *zone) {
    size_t from = buf->size;
    variant_writer writer = {.buf = buf, .metadata = metadata, .zone = zone};
    if (add_value(&writer, value, as_cast))
        return true;
    if (buf->data)
        buf->data[buf->size = from] = '\0';
    weir_strbuf_add_text(buf, "MALFORMED_VARIANT");
    return false;
}
