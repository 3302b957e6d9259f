/* Bytes as text and back: base64, base32, hex, URL escapes, and character sets (encode, decode).
 *
 * Decoders come in two: one whose malformed input is an error or NULL as Spark has it for the function, and a
 * try_ form that gives NULL. */
#include "common/base/utf8.h"
#include "common/expr/java_regex_int.h"

/* ---- hex ---- */
static const char hex_digits[] = "0123456789ABCDEF";

static size_t put_hex(weir_str bytes, char *out) {
    for (size_t i = 0; i < bytes.size; i++) {
        out[2 * i] = hex_digits[(uint8_t)bytes.data[i] >> 4];
        out[2 * i + 1] = hex_digits[(uint8_t)bytes.data[i] & 15];
    }
    return bytes.size * 2;
}
WEIR_TEXT_WRITER_KERNEL(hex_bytes_kernel, text.size * 2, size = put_hex(text, out))

/* Digits of a number in base 16 (shift 4) or 2 (shift 1), two's complement, without leading zeros. */
static weir_code digit_rows(const weir_kernel_call *call, int32_t shift, weir_column **ret,
                            weir_error **err) {
    const int64_t *a = WEIR_VALUES(call->args[0], int64_t);
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_EACH(call, i) {
        uint64_t value = (uint64_t)a[weir_column_slot(call->args[0], i)];
        char text[64], *at = text + sizeof(text);
        do {
            *--at = hex_digits[value & ((1u << shift) - 1)];
            value >>= shift;
        } while (value);
        WEIR_TRY(weir_bytes_put(&writer, i, weir_str_make(at, (size_t)(text + sizeof(text) - at)), err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code hex_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    if (call->args[0]->type->kind == WEIR_TYPE_LONG)
        return digit_rows(call, 4, ret, err);
    return hex_bytes_kernel(call, ret, err);
}

static weir_code bin_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return digit_rows(call, 1, ret, err);
}

static int32_t hex_value(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* An odd digit in front stands for a byte of its own. */
static bool put_unhex(weir_str text, char *out, size_t *ret_size) {
    size_t at = 0, size = 0;
    if (text.size % 2) {
        out[size++] = (char)hex_value(text.data[0]);
        if (hex_value(text.data[at++]) < 0)
            return false;
    }
    for (; at < text.size; at += 2) {
        int32_t high = hex_value(text.data[at]), low = hex_value(text.data[at + 1]);
        if (high < 0 || low < 0)
            return false;
        out[size++] = (char)(high << 4 | low);
    }
    *ret_size = size;
    return true;
}

/* ---- base64, RFC 2045: what is no digit is passed over ---- */
static size_t put_base64(weir_str bytes, char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = 0;
    for (size_t i = 0; i < bytes.size; i += 3) {
        if (i > 0 && i % 57 == 0) { /* lines of 76 digits */
            out[size++] = '\r';
            out[size++] = '\n';
        }
        size_t left = bytes.size - i;
        uint32_t group = (uint32_t)(uint8_t)bytes.data[i] << 16;
        group |= left > 1 ? (uint32_t)(uint8_t)bytes.data[i + 1] << 8 : 0;
        group |= left > 2 ? (uint8_t)bytes.data[i + 2] : 0;
        out[size++] = digits[group >> 18];
        out[size++] = digits[group >> 12 & 63];
        out[size++] = left > 1 ? digits[group >> 6 & 63] : '=';
        out[size++] = left > 2 ? digits[group & 63] : '=';
    }
    return size;
}
WEIR_TEXT_WRITER_KERNEL(base64_kernel, text.size * 3 / 2 + 8, size = put_base64(text, out))

static int32_t base64_value(char c) {
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* java.util.Base64's MIME decoder; false where it throws. */
static bool put_unbase64(weir_str text, char *out, size_t *ret_size) {
    uint32_t group = 0;
    int32_t count = 0;
    size_t size = 0, at = 0;
    for (; at < text.size && text.data[at] != '='; at++) {
        int32_t value = base64_value(text.data[at]);
        if (value < 0)
            continue;
        group = group << 6 | (uint32_t)value;
        if (++count == 4) {
            out[size++] = (char)(group >> 16);
            out[size++] = (char)(group >> 8);
            out[size++] = (char)group;
            count = 0;
            group = 0;
        }
    }
    if (at < text.size) { /* '=' ends the text; one digit before it needs a second '=' */
        if (count < 2 || (count == 2 && (at + 1 >= text.size || text.data[at + 1] != '=')))
            return false;
        at += count == 2 ? 2 : 1;
        for (; at < text.size; at++)
            if (base64_value(text.data[at]) >= 0 || text.data[at] == '=')
                return false;
    }
    if (count == 1)
        return false;
    if (count >= 2)
        out[size++] = (char)(count == 2 ? group >> 4 : group >> 10);
    if (count == 3)
        out[size++] = (char)(group >> 2);
    *ret_size = size;
    return true;
}

/* Spark's own check of to_binary(x, 'base64'): RFC 4648 with blanks and line ends between digits. */
static bool base64_is_strict(weir_str text) {
    int32_t position = 0, pads = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == ' ' || (c >= '\t' && c <= '\r'))
            continue;
        if (c == '=')
            pads++;
        else if (base64_value(c) < 0 || pads)
            return false;
        position++;
    }
    return pads <= 2 && (position % 4 == 0 || (pads == 0 && position % 4 != 1)) &&
           (pads == 0 || position % 4 == 0);
}

/* ---- base32, RFC 4648 ---- */
static size_t put_base32(weir_str bytes, char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    static const size_t used[] = {0, 2, 4, 5, 7, 8};
    size_t size = 0;
    for (size_t i = 0; i < bytes.size; i += 5) {
        uint64_t group = 0;
        size_t left = WEIR_MIN(bytes.size - i, 5);
        for (size_t k = 0; k < 5; k++)
            group = group << 8 | (k < left ? (uint8_t)bytes.data[i + k] : 0);
        for (size_t k = 0; k < 8; k++)
            out[size++] = k < used[left] ? digits[group >> (35 - 5 * k) & 31] : '=';
    }
    return size;
}
WEIR_TEXT_WRITER_KERNEL(to_base32_kernel, text.size * 8 / 5 + 8, size = put_base32(text, out))

/* ---- URL escapes: application/x-www-form-urlencoded ---- */
static size_t put_url(weir_str text, char *out) {
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = (uint8_t)text.data[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
                     c == '-' || c == '*' || c == '_';
        if (plain || c == ' ') {
            out[size++] = plain ? (char)c : '+';
            continue;
        }
        out[size++] = '%';
        out[size++] = hex_digits[c >> 4];
        out[size++] = hex_digits[c & 15];
    }
    return size;
}
WEIR_TEXT_WRITER_KERNEL(url_encode_kernel, text.size * 3, size = put_url(text, out))

static bool put_unurl(weir_str text, char *out, size_t *ret_size) {
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != '%') {
            out[size++] = text.data[i] == '+' ? ' ' : text.data[i];
            continue;
        }
        int32_t high = i + 2 < text.size ? hex_value(text.data[i + 1]) : -1;
        int32_t low = i + 2 < text.size ? hex_value(text.data[i + 2]) : -1;
        if (high < 0 || low < 0)
            return false;
        out[size++] = (char)(high << 4 | low);
        i += 2;
    }
    *ret_size = size;
    return true;
}

/* ---- decoders by rows ---- */
typedef bool (*decoder)(weir_str text, char *out, size_t *ret_size);
typedef weir_code (*decode_failure)(weir_str text, weir_error **err);

static weir_code decode_rows(const weir_kernel_call *call, decoder decode, decode_failure fail,
                             weir_column **ret, weir_error **err) {
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_EACH(call, i) {
        weir_str text = weir_column_bytes(call->args[0], i);
        char *out = (char *)weir_bytes_room(&writer, text.size + 8, err);
        size_t size = 0;
        if (out == NULL)
            return WEIR_OUT_OF_MEMORY;
        bool decoded = decode(text, out, &size);
        if (decoded && call->type->kind == WEIR_TYPE_STRING &&
            !weir_utf8_valid(weir_str_make(out, size))) { /* Java's strings hold no such bytes */
            weir_str valid = weir_text_valid(call->eval->arena, weir_str_make(out, size));
            WEIR_TRY(weir_bytes_put(&writer, i, valid, err));
            continue;
        }
        if (decoded)
            weir_bytes_end(&writer, i, size);
        else if (fail)
            return fail(text, err);
        else
            WEIR_TRY(weir_bytes_null(call, &writer, i, err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code fail_conversion(weir_str text, const char *format, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf shown = {0};
    weir_strbuf_add_char(&shown, '\'');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\'' || text.data[i] == '\\')
            weir_strbuf_add_char(&shown, '\\');
        weir_strbuf_add_char(&shown, text.data[i]);
    }
    weir_strbuf_add_char(&shown, '\'');
    WEIR_RAISE(err, CONVERSION_INVALID_INPUT, "str", shown.data, "fmt", format, "targetType", "\"BINARY\"",
               "suggestion", "`try_to_binary`");
}

static weir_code fail_hex(weir_str text, weir_error **err) {
    return fail_conversion(text, "'HEX'", err);
}

static weir_code fail_base64(weir_str text, weir_error **err) {
    return fail_conversion(text, "'BASE64'", err);
}

static weir_code fail_mime(weir_str text, weir_error **err) {
    (void)text;
    WEIR_FAIL(err, INVALID_ARGUMENT, "The text is not base64");
}

static weir_code fail_url(weir_str text, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf shown = {0};
    weir_strbuf_add(&shown, text);
    WEIR_RAISE(err, CANNOT_DECODE_URL, "url", shown.data ? shown.data : "");
}

static bool strict_unbase64(weir_str text, char *out, size_t *ret_size) {
    return base64_is_strict(text) && put_unbase64(text, out, ret_size);
}

#define DECODER_KERNEL(name, decode, fail) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        return decode_rows(call, decode, fail, ret, err); \
    }
/* Either case; what is no digit is passed over, bits that fill no byte are dropped. */
static bool put_unbase32(weir_str text, char *out, size_t *ret_size) {
    uint32_t bits = 0;
    int32_t count = 0;
    for (size_t i = 0; i < text.size && text.data[i] != '='; i++) {
        char c = text.data[i];
        int32_t value = c >= 'A' && c <= 'Z'   ? c - 'A'
                        : c >= 'a' && c <= 'z' ? c - 'a'
                        : c >= '2' && c <= '7' ? c - '2' + 26
                                               : -1;
        if (value < 0)
            continue;
        bits = bits << 5 | (uint32_t)value;
        count += 5;
        if (count >= 8) {
            count -= 8;
            out[(*ret_size)++] = (char)(bits >> count);
        }
    }
    return true;
}

DECODER_KERNEL(from_base32_kernel, put_unbase32, NULL)
DECODER_KERNEL(unhex_kernel, put_unhex, NULL)
DECODER_KERNEL(hex_to_binary_kernel, put_unhex, fail_hex)
DECODER_KERNEL(unbase64_kernel, put_unbase64, fail_mime)
DECODER_KERNEL(base64_to_binary_kernel, strict_unbase64, fail_base64)
DECODER_KERNEL(try_base64_to_binary_kernel, strict_unbase64, NULL)
DECODER_KERNEL(url_decode_kernel, put_unurl, fail_url)
DECODER_KERNEL(try_url_decode_kernel, put_unurl, NULL)

/* ---- character sets ---- */
typedef enum charset {
    SET_ASCII,
    SET_LATIN1,
    SET_UTF8,
    SET_UTF16BE,
    SET_UTF16LE,
    SET_UTF16,
    SET_UTF32,
    SET_NONE
} charset;

static const char *const charset_names[] = {"US-ASCII", "ISO-8859-1", "UTF-8", "UTF-16BE",
                                            "UTF-16LE", "UTF-16",     "UTF-32"};

static charset charset_of(weir_str name) {
    int32_t i = 0;
    while (i < SET_NONE && !weir_str_equal_nocase(name, weir_str_from(charset_names[i])))
        i++;
    return (charset)i;
}

static weir_code fail_charset(weir_str name, const char *function, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_add(&text, name);
    WEIR_RAISE(err, INVALID_PARAMETER_VALUE__CHARSET, "parameter", "`charset`", "functionName", function,
               "charset", text.data ? text.data : "", "charsets",
               "iso-8859-1, us-ascii, utf-16, utf-16be, utf-16le, utf-32, utf-8");
}

static weir_code fail_coding(weir_str name, const char *function, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_add(&text, name);
    WEIR_RAISE(err, MALFORMED_CHARACTER_CODING, "function", function, "charset", text.data);
}

static size_t put_unit16(uint32_t unit, bool little, char *out) {
    out[little ? 0 : 1] = (char)unit;
    out[little ? 1 : 0] = (char)(unit >> 8);
    return 2;
}

static size_t put_utf16(uint32_t code, bool little, char *out) {
    if (code < 0x10000)
        return put_unit16(code, little, out);
    put_unit16(0xD800 + ((code - 0x10000) >> 10), little, out);
    return 2 + put_unit16(0xDC00 + ((code - 0x10000) & 0x3FF), little, out + 2);
}

/* False where a character is not in the set. */
static bool put_encoded(weir_str text, charset set, char *out, size_t *ret_size) {
    size_t size = 0;
    if (set == SET_UTF16 && text.size)
        size += put_unit16(0xFEFF, false, out);
    for (size_t at = 0; at < text.size;) {
        size_t step = weir_text_step(text, at);
        bool valid = weir_utf8_valid(weir_text_sub(text, at, at + step));
        uint32_t code = valid ? weir_text_next(text, &at) : 0xFFFD;
        at += valid ? 0 : 1;
        if ((set == SET_ASCII && code > 0x7F) || (set == SET_LATIN1 && code > 0xFF))
            return false;
        if (set == SET_UTF8) {
            size += weir_text_put(code, out + size);
        } else if (set == SET_UTF32) {
            for (int32_t shift = 24; shift >= 0; shift -= 8)
                out[size++] = (char)(code >> shift);
        } else if (set >= SET_UTF16BE) {
            size += put_utf16(code, set == SET_UTF16LE, out + size);
        } else {
            out[size++] = (char)code;
        }
    }
    *ret_size = size;
    return true;
}

static uint32_t unit16(weir_str bytes, size_t at, bool little) {
    uint32_t first = (uint8_t)bytes.data[at], second = (uint8_t)bytes.data[at + 1];
    return little ? second << 8 | first : first << 8 | second;
}

static bool put_decoded16(weir_str bytes, charset set, char *out, size_t *ret_size) {
    bool little = set == SET_UTF16LE;
    size_t at = 0, size = 0;
    if (set == SET_UTF16 && bytes.size >= 2 &&
        (unit16(bytes, 0, false) == 0xFEFF || unit16(bytes, 0, true) == 0xFEFF)) {
        little = unit16(bytes, 0, true) == 0xFEFF;
        at = 2;
    }
    for (; at + 1 < bytes.size; at += 2) {
        uint32_t code = unit16(bytes, at, little);
        if (code >= 0xDC00 && code < 0xE000)
            return false;
        if (code >= 0xD800 && code < 0xDC00) {
            uint32_t low = at + 3 < bytes.size ? unit16(bytes, at + 2, little) : 0;
            if (low < 0xDC00 || low >= 0xE000)
                return false;
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            at += 2;
        }
        size += weir_text_put(code, out + size);
    }
    *ret_size = size;
    return at == bytes.size;
}

static bool put_decoded32(weir_str bytes, char *out, size_t *ret_size) {
    size_t size = 0, at = 0;
    bool little = bytes.size >= 4 && memcmp(bytes.data, "\xFF\xFE\0\0", 4) == 0;
    if (little || (bytes.size >= 4 && memcmp(bytes.data, "\0\0\xFE\xFF", 4) == 0))
        at = 4;
    for (; at + 3 < bytes.size; at += 4) {
        uint32_t code = 0;
        for (size_t k = 0; k < 4; k++)
            code = code << 8 | (uint8_t)bytes.data[at + (little ? 3 - k : k)];
        if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
            return false;
        size += weir_text_put(code, out + size);
    }
    *ret_size = size;
    return at == bytes.size;
}

static bool put_decoded(weir_str bytes, charset set, char *out, size_t *ret_size) {
    if (set == SET_UTF8) {
        memcpy(out, bytes.data, bytes.size);
        *ret_size = bytes.size;
        return weir_utf8_valid(bytes);
    }
    if (set == SET_UTF32)
        return put_decoded32(bytes, out, ret_size);
    if (set >= SET_UTF16BE)
        return put_decoded16(bytes, set, out, ret_size);
    size_t size = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        if (set == SET_ASCII && (uint8_t)bytes.data[i] > 0x7F)
            return false;
        size += weir_text_put((uint8_t)bytes.data[i], out + size);
    }
    *ret_size = size;
    return true;
}

static weir_code coding_rows(const weir_kernel_call *call, bool encode, weir_column **ret, weir_error **err) {
    const char *function = encode ? "`encode`" : "`decode`";
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_EACH(call, i) {
        weir_str text = weir_column_bytes(call->args[0], i), name = weir_column_bytes(call->args[1], i);
        charset set = charset_of(name);
        if (set == SET_NONE)
            return fail_charset(name, function, err);
        char *out = (char *)weir_bytes_room(&writer, text.size * 4 + 4, err);
        size_t size = 0;
        if (out == NULL)
            return WEIR_OUT_OF_MEMORY;
        if (encode ? !put_encoded(text, set, out, &size) : !put_decoded(text, set, out, &size))
            return fail_coding(name, function, err);
        weir_bytes_end(&writer, i, size);
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code encode_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return coding_rows(call, true, ret, err);
}

static weir_code decode_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return coding_rows(call, false, ret, err);
}

/* decode(bytes, charset), or Oracle's decode(value, key, result, ..., default): a CASE over equal_null. */
static weir_code resolve_decode(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)ret_type, (void)ret_nullable, (void)err;
    if (args_count == 2) {
        *ret_rewrite = weir_make_call(resolve, "weir_decode", 2, args);
        return WEIR_OK;
    }
    weir_node_case *node = WEIR_NODE_NEW(resolve->arena, CASE, case);
    for (int32_t i = 1; i + 1 < args_count; i += 2) {
        weir_node_list_add(resolve->arena, &node->branches,
                           weir_make_call(resolve, "<=>", 2, (weir_node *[]){args[0], args[i]}));
        weir_node_list_add(resolve->arena, &node->branches, args[i + 1]);
    }
    node->otherwise = args_count % 2 == 0 ? args[args_count - 1]
                                          : weir_literal_null(resolve->arena, weir_type_of(WEIR_TYPE_NULL));
    if (resolve->call) {
        node->node.start = resolve->call->start;
        node->node.stop = resolve->call->stop;
    }
    *ret_rewrite = &node->node;
    return WEIR_OK;
}

/* to_binary(text[, format]): the format is a literal, hex where it is not given. */
static weir_code resolve_to_binary(WEIR_RESOLVE_PARAMS) {
    (void)ret_type, (void)ret_nullable;
    bool forgiving = function->name[1] == 'r';
    weir_str format = WEIR_STR("hex");
    if (args_count > 1) {
        if (args[1]->kind != WEIR_NODE_LITERAL || !weir_type_is_string(args[1]->type))
            WEIR_FAIL(err, NOT_SUPPORTED, "%s needs a literal format in Weir", function->name);
        const weir_column *value = ((weir_node_literal *)args[1])->value;
        if (weir_column_is_null(value, 0)) {
            *ret_rewrite = weir_literal_null(resolve->arena, weir_type_of(WEIR_TYPE_BINARY));
            return WEIR_OK;
        }
        format = weir_column_bytes(value, 0);
    }
    const char *name = NULL;
    if (weir_str_equal_nocase(format, WEIR_STR("hex")))
        name = forgiving ? "unhex" : "weir_hex_to_binary";
    else if (weir_str_equal_nocase(format, WEIR_STR("base64")))
        name = forgiving ? "weir_try_base64_to_binary" : "weir_base64_to_binary";
    if (name) {
        *ret_rewrite = weir_make_call(resolve, name, 1, args);
        return WEIR_OK;
    }
    if (!weir_str_equal_nocase(format, WEIR_STR("utf-8")) &&
        !weir_str_equal_nocase(format, WEIR_STR("utf8"))) {
        if (forgiving) {
            *ret_rewrite = weir_literal_null(resolve->arena, weir_type_of(WEIR_TYPE_BINARY));
            return WEIR_OK;
        }
        WEIR_RAISE(err, DATATYPE_MISMATCH__INVALID_ARG_VALUE, "sqlExpr",
                   weir_quoted_sql(resolve->arena, resolve->call), "inputName", "fmt", "requireType",
                   "case-insensitive \"STRING\"", "validValues", "'hex', 'utf-8', 'utf8', or 'base64'",
                   "inputValue",
                   weir_arena_printf(resolve->arena, "'" WEIR_STR_FMT "'", WEIR_STR_ARG(format)));
    }
    weir_node *parts[] = {args[0], weir_literal_string(resolve->arena, WEIR_STR("UTF-8"))};
    *ret_rewrite = weir_make_call(resolve, "encode", 2, parts);
    return WEIR_OK;
}

#define HIDDEN_FUNCTION(sql_name, kernel, low, types) \
    { \
        .name = sql_name, .args_min = low, .args_max = low, \
        .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_HIDDEN, .resolve = weir_resolve_signature, \
        .eval = kernel, .signature = types \
    }

const weir_function weir_encoding_functions[] = {
    WEIR_TEXT_FUNCTION("hex", hex_kernel, 1, 1, "long|binary|string -> string"),
    WEIR_TEXT_FUNCTION("bin", bin_kernel, 1, 1, "long -> string"),
    WEIR_TEXT_FUNCTION("unhex", unhex_kernel, 1, 1, "string -> binary"),
    WEIR_TEXT_FUNCTION("base64", base64_kernel, 1, 1, "binary -> string"),
    WEIR_TEXT_FUNCTION("unbase64", unbase64_kernel, 1, 1, "string -> binary"),
    WEIR_TEXT_FUNCTION("to_base32", to_base32_kernel, 1, 1, "binary -> string"),
    WEIR_TEXT_FUNCTION("from_base32", from_base32_kernel, 1, 1, "string -> binary"),
    WEIR_TEXT_FUNCTION("url_encode", url_encode_kernel, 1, 1, "string -> string"),
    WEIR_TEXT_FUNCTION("url_decode", url_decode_kernel, 1, 1, "string -> string"),
    WEIR_TEXT_FUNCTION("try_url_decode", try_url_decode_kernel, 1, 1, "string -> string"),
    WEIR_TEXT_FUNCTION("encode", encode_kernel, 2, 2, "string; string -> binary"),
    {.name = "decode", .args_min = 2, .args_max = -1, .resolve = resolve_decode},
    {.name = "to_binary", .args_min = 1, .args_max = 2, .resolve = resolve_to_binary},
    {.name = "try_to_binary", .args_min = 1, .args_max = 2, .resolve = resolve_to_binary},
    HIDDEN_FUNCTION("weir_decode", decode_kernel, 2, "binary; string -> string"),
    HIDDEN_FUNCTION("weir_hex_to_binary", hex_to_binary_kernel, 1, "string -> binary"),
    HIDDEN_FUNCTION("weir_base64_to_binary", base64_to_binary_kernel, 1, "string -> binary"),
    HIDDEN_FUNCTION("weir_try_base64_to_binary", try_base64_to_binary_kernel, 1, "string -> binary"),
};
WEIR_FAMILY_COUNT(encoding)
