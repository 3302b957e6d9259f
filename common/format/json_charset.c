/* Records that are not UTF-8: by the option `encoding`, or found as Jackson finds them (byte order mark,
 * or zero bytes where ASCII would have its high bytes). Malformed sequences become U+FFFD, as Java's
 * decoders do. Task thread, no state. */
#include "common/format/json_int.h"

typedef enum detected { IS_UTF8, IS_UTF16BE, IS_UTF16LE, IS_UTF32BE, IS_UTF32LE, IS_WEIRD } detected;

static detected detect(const uint8_t *p, size_t size, size_t *ret_skip) {
    *ret_skip = 0;
    if (size < 2)
        return IS_UTF8;
    uint32_t pair = (uint32_t)p[0] << 8 | p[1];
    if (size >= 4) {
        uint32_t quad = pair << 16 | (uint32_t)p[2] << 8 | p[3];
        if (quad == 0x0000FEFF || quad == 0xFFFE0000) {
            *ret_skip = 4;
            return quad == 0x0000FEFF ? IS_UTF32BE : IS_UTF32LE;
        }
        if (quad == 0x0000FFFE || quad == 0xFEFF0000)
            return IS_WEIRD;
        if (pair == 0xFEFF || pair == 0xFFFE) {
            *ret_skip = 2;
            return pair == 0xFEFF ? IS_UTF16BE : IS_UTF16LE;
        }
        if (quad >> 8 == 0)
            return IS_UTF32BE;
        if ((quad & 0x00FFFFFF) == 0)
            return IS_UTF32LE;
        if ((quad & ~UINT32_C(0x00FF0000)) == 0 || (quad & ~UINT32_C(0x0000FF00)) == 0)
            return IS_WEIRD;
    }
    if ((pair & 0xFF00) == 0)
        return IS_UTF16BE;
    return (pair & 0x00FF) == 0 ? IS_UTF16LE : IS_UTF8;
}

static void add_code_point(weir_strbuf *buf, uint32_t c) {
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        c = 0xFFFD;
    if (c < 0x80) {
        weir_strbuf_add_char(buf, (char)c);
        return;
    }
    if (c < 0x800) {
        weir_strbuf_add_char(buf, (char)(0xC0 | c >> 6));
    } else {
        if (c < 0x10000) {
            weir_strbuf_add_char(buf, (char)(0xE0 | c >> 12));
        } else {
            weir_strbuf_add_char(buf, (char)(0xF0 | c >> 18));
            weir_strbuf_add_char(buf, (char)(0x80 | (c >> 12 & 0x3F)));
        }
        weir_strbuf_add_char(buf, (char)(0x80 | (c >> 6 & 0x3F)));
    }
    weir_strbuf_add_char(buf, (char)(0x80 | (c & 0x3F)));
}

static uint32_t unit16(const uint8_t *p, bool big) {
    return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static void from_utf16(const uint8_t *p, size_t size, bool big, weir_strbuf *ret) {
    size_t i = 0;
    while (i + 2 <= size) {
        uint32_t c = unit16(p + i, big);
        i += 2;
        if (c >= 0xD800 && c <= 0xDBFF && i + 2 <= size) {
            uint32_t low = unit16(p + i, big);
            if (low >= 0xDC00 && low <= 0xDFFF) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                i += 2;
            }
        }
        add_code_point(ret, c);
    }
    if (i < size)
        add_code_point(ret, 0xFFFD);
}

static void from_utf32(const uint8_t *p, size_t size, bool big, weir_strbuf *ret) {
    size_t i = 0;
    for (; i + 4 <= size; i += 4)
        add_code_point(
            ret, big ? (uint32_t)p[i] << 24 | (uint32_t)p[i + 1] << 16 | (uint32_t)p[i + 2] << 8 | p[i + 3]
                     : (uint32_t)p[i + 3] << 24 | (uint32_t)p[i + 2] << 16 | (uint32_t)p[i + 1] << 8 | p[i]);
    if (i < size)
        add_code_point(ret, 0xFFFD);
}

static void from_bytes(const uint8_t *p, size_t size, bool ascii, weir_strbuf *ret) {
    for (size_t i = 0; i < size; i++)
        add_code_point(ret, ascii && p[i] >= 0x80 ? 0xFFFD : p[i]);
}

/* What the option says; a byte order mark decides UTF-16 and UTF-32, which are big-endian without one. */
static detected named(weir_json_charset charset, const uint8_t *p, size_t size, size_t *ret_skip) {
    detected found = detect(p, size, ret_skip);
    bool marked = *ret_skip > 0;
    if (charset == WEIR_JSON_UTF32)
        return marked && found == IS_UTF32LE ? IS_UTF32LE : IS_UTF32BE;
    if (charset == WEIR_JSON_UTF16)
        return marked && found == IS_UTF16LE ? IS_UTF16LE : IS_UTF16BE;
    *ret_skip = 0;
    return charset == WEIR_JSON_UTF16BE ? IS_UTF16BE : IS_UTF16LE;
}

bool weir_json_charset_is_utf8(weir_json_charset charset, const uint8_t *data, size_t size, weir_strbuf *ret,
                               bool *ret_bad) {
    size_t skip = 0;
    *ret_bad = false;
    if (charset == WEIR_JSON_UTF8 && (size < 2 || (data[0] && data[1] && data[0] < 0xFE)) &&
        !(size >= 4 && (!data[2] || !data[3]) && data[0] < 0x80 && !data[1]))
        return true;
    weir_strbuf_clear(ret);
    if (charset == WEIR_JSON_LATIN1 || charset == WEIR_JSON_ASCII) {
        from_bytes(data, size, charset == WEIR_JSON_ASCII, ret);
        return false;
    }
    detected kind = charset == WEIR_JSON_UTF8 ? detect(data, size, &skip) : named(charset, data, size, &skip);
    switch (kind) {
    case IS_UTF8:
        return true;
    case IS_WEIRD:
        *ret_bad = true;
        return false;
    case IS_UTF16BE:
    case IS_UTF16LE:
        from_utf16(data + skip, size - skip, kind == IS_UTF16BE, ret);
        return false;
    default:
        from_utf32(data + skip, size - skip, kind == IS_UTF32BE, ret);
        return false;
    }
}
