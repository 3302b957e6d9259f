/* A small strict JSON parser (RFC 8259) for logs, offsets and golden files; recursive with a depth limit.
 * Failure: CORRUPT_FILE naming the document and the byte. Any thread. */
#include "common/base/json_value.h"

#include <stdio.h>

#define DEPTH_MAX 512

typedef struct parser {
    weir_arena *arena;
    const char *at, *end, *begin;
    const char *what;
    weir_error **err;
} parser;

static weir_code bad(parser *p, const char *reason) {
    char text[128];
    snprintf(text, sizeof text, "%s at byte %td", reason, p->at - p->begin);
    WEIR_RAISE(p->err, CORRUPT_FILE, "path", p->what, "reason", text);
}

static void skip_space(parser *p) {
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
        p->at++;
}

static int hex4(const char *text) {
    int value = 0;
    for (int i = 0; i < 4; i++) {
        char c = text[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static char *put_utf8(char *out, uint32_t code) {
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xC0 | code >> 6);
        *out++ = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *out++ = (char)(0xE0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 63));
        *out++ = (char)(0x80 | (code & 63));
    } else {
        *out++ = (char)(0xF0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 63));
        *out++ = (char)(0x80 | (code >> 6 & 63));
        *out++ = (char)(0x80 | (code & 63));
    }
    return out;
}

/* p->at is behind "\u"; reads a code unit or a surrogate pair. Lone surrogates become U+FFFD. */
static bool read_unicode(parser *p, uint32_t *ret) {
    if (p->end - p->at < 4)
        return false;
    int high = hex4(p->at);
    if (high < 0)
        return false;
    p->at += 4;
    *ret = (uint32_t)high;
    if (high >= 0xD800 && high < 0xDC00 && p->end - p->at >= 6 && p->at[0] == '\\' && p->at[1] == 'u') {
        int low = hex4(p->at + 2);
        if (low >= 0xDC00 && low < 0xE000) {
            p->at += 6;
            *ret = 0x10000u + (((uint32_t)high - 0xD800u) << 10) + ((uint32_t)low - 0xDC00u);
            return true;
        }
    }
    if (high >= 0xD800 && high < 0xE000)
        *ret = 0xFFFD;
    return true;
}

static bool read_escape(parser *p, char **out) {
    if (p->at == p->end)
        return false;
    char c = *p->at++;
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found = c ? strchr(from, c) : NULL;
    if (found) {
        *(*out)++ = to[found - from];
        return true;
    }
    uint32_t code;
    if (c != 'u' || !read_unicode(p, &code))
        return false;
    *out = put_utf8(*out, code);
    return true;
}

static weir_code parse_string(parser *p, weir_str *ret) {
    const char *start = ++p->at;
    while (p->at < p->end && *p->at != '"' && *p->at != '\\' && (unsigned char)*p->at >= 0x20)
        p->at++;
    if (p->at < p->end && *p->at == '"') {
        *ret = (weir_str){start, (size_t)(p->at++ - start)};
        return WEIR_OK;
    }
    const char *close = p->at;
    while (close < p->end && *close != '"')
        close += *close == '\\' && close + 1 < p->end ? 2 : 1;
    char *text = weir_arena_alloc(p->arena, (size_t)(close - start) + 8), *out = text;
    memcpy(out, start, (size_t)(p->at - start));
    out += p->at - start;
    while (p->at < p->end && *p->at != '"') {
        if ((unsigned char)*p->at < 0x20)
            return bad(p, "control character in a string");
        if (*p->at != '\\') {
            *out++ = *p->at++;
            continue;
        }
        p->at++;
        if (!read_escape(p, &out))
            return bad(p, "bad escape");
    }
    if (p->at >= p->end)
        return bad(p, "unterminated string");
    p->at++;
    *ret = (weir_str){text, (size_t)(out - text)};
    return WEIR_OK;
}

static bool digit_at(const parser *p) {
    return p->at < p->end && *p->at >= '0' && *p->at <= '9';
}

static weir_code parse_number(parser *p, weir_json *value) {
    const char *start = p->at;
    p->at += *p->at == '-';
    if (!digit_at(p))
        return bad(p, "bad number");
    bool zero = *p->at == '0';
    while (digit_at(p))
        p->at++;
    const char *digits_end = p->at;
    if (zero && digits_end - start - (*start == '-') > 1)
        return bad(p, "leading zero");
    if (p->at < p->end && *p->at == '.') {
        p->at++;
        if (!digit_at(p))
            return bad(p, "bad number");
        while (digit_at(p))
            p->at++;
    }
    if (p->at < p->end && (*p->at == 'e' || *p->at == 'E')) {
        p->at++;
        p->at += p->at < p->end && (*p->at == '+' || *p->at == '-');
        if (!digit_at(p))
            return bad(p, "bad number");
        while (digit_at(p))
            p->at++;
    }
    value->kind = WEIR_JSON_NUMBER;
    value->text = (weir_str){start, (size_t)(p->at - start)};
    value->is_integer = p->at == digits_end;
    bool negative = *start == '-';
    int64_t n = 0;
    for (const char *c = start + negative; value->is_integer && c < digits_end; c++)
        value->is_integer =
            !__builtin_mul_overflow(n, 10, &n) &&
            !(negative ? __builtin_sub_overflow(n, *c - '0', &n) : __builtin_add_overflow(n, *c - '0', &n));
    value->integer = value->is_integer ? n : 0;
    return WEIR_OK;
}

static weir_code parse_value(parser *p, int depth, weir_json **ret);

static weir_code parse_children(parser *p, int depth, weir_json *value, char close) {
    weir_json **tail = &value->first;
    p->at++;
    skip_space(p);
    if (p->at < p->end && *p->at == close) {
        p->at++;
        return WEIR_OK;
    }
    for (;;) {
        weir_str name = {0};
        skip_space(p);
        if (close == '}') {
            if (p->at >= p->end || *p->at != '"')
                return bad(p, "expected a name");
            WEIR_TRY(parse_string(p, &name));
            skip_space(p);
            if (p->at >= p->end || *p->at++ != ':')
                return bad(p, "expected ':'");
        }
        weir_json *child;
        WEIR_TRY(parse_value(p, depth + 1, &child));
        child->name = name;
        *tail = child;
        tail = &child->next;
        value->count++;
        skip_space(p);
        if (p->at < p->end && *p->at == close) {
            p->at++;
            return WEIR_OK;
        }
        if (p->at >= p->end || *p->at++ != ',')
            return bad(p, "expected ',' or the end");
    }
}

static bool take_word(parser *p, const char *word) {
    size_t size = strlen(word);
    if ((size_t)(p->end - p->at) < size || memcmp(p->at, word, size) != 0)
        return false;
    p->at += size;
    return true;
}

static weir_code parse_value(parser *p, int depth, weir_json **ret) {
    if (depth > DEPTH_MAX)
        return bad(p, "nested too deeply");
    skip_space(p);
    if (p->at >= p->end)
        return bad(p, "unexpected end");
    weir_json *value = *ret = WEIR_NEW(p->arena, weir_json);
    switch (*p->at) {
    case '{':
        value->kind = WEIR_JSON_OBJECT;
        return parse_children(p, depth, value, '}');
    case '[':
        value->kind = WEIR_JSON_ARRAY;
        return parse_children(p, depth, value, ']');
    case '"':
        value->kind = WEIR_JSON_STRING;
        return parse_string(p, &value->text);
    default:
        break;
    }
    if (*p->at == '-' || digit_at(p))
        return parse_number(p, value);
    value->kind = WEIR_JSON_BOOL;
    value->boolean = take_word(p, "true");
    if (value->boolean || take_word(p, "false"))
        return WEIR_OK;
    value->kind = WEIR_JSON_NULL;
    return take_word(p, "null") ? WEIR_OK : bad(p, "unexpected character");
}

weir_code weir_json_parse(weir_arena *arena, weir_str text, const char *what, weir_json **ret,
                          weir_error **err) {
    parser p = {arena, text.data, text.data + text.size, text.data, what, err};
    WEIR_TRY(parse_value(&p, 0, ret));
    skip_space(&p);
    return p.at == p.end ? WEIR_OK : bad(&p, "text behind the value");
}

const weir_json *weir_json_get(const weir_json *object, const char *name) {
    if (!object || object->kind != WEIR_JSON_OBJECT)
        return NULL;
    for (const weir_json *child = object->first; child; child = child->next)
        if (weir_str_equal(child->name, weir_str_from(name)))
            return child;
    return NULL;
}

weir_str weir_json_get_str(const weir_json *object, const char *name, weir_str fallback) {
    const weir_json *value = weir_json_get(object, name);
    return value && value->kind == WEIR_JSON_STRING ? value->text : fallback;
}

int64_t weir_json_get_int(const weir_json *object, const char *name, int64_t fallback) {
    const weir_json *value = weir_json_get(object, name);
    return value && value->kind == WEIR_JSON_NUMBER && value->is_integer ? value->integer : fallback;
}

bool weir_json_get_bool(const weir_json *object, const char *name, bool fallback) {
    const weir_json *value = weir_json_get(object, name);
    return value && value->kind == WEIR_JSON_BOOL ? value->boolean : fallback;
}

void weir_json_write_string(weir_strbuf *buf, weir_str text) {
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    weir_strbuf_add_char(buf, '"');
    size_t clean = 0;
    for (size_t i = 0; i <= text.size; i++) {
        unsigned char c = i < text.size ? (unsigned char)text.data[i] : '"';
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        weir_strbuf_add(buf, (weir_str){text.data + clean, i - clean});
        clean = i + 1;
        if (i == text.size)
            break;
        const char *found = c ? strchr(from, c) : NULL;
        if (found)
            weir_strbuf_addf(buf, "\\%c", to[found - from]);
        else
            weir_strbuf_addf(buf, "\\u%04X", c);
    }
    weir_strbuf_add_char(buf, '"');
}

void weir_json_write(weir_strbuf *buf, const weir_json *value) {
    switch (value->kind) {
    case WEIR_JSON_NULL:
        weir_strbuf_add_text(buf, "null");
        return;
    case WEIR_JSON_BOOL:
        weir_strbuf_add_text(buf, value->boolean ? "true" : "false");
        return;
    case WEIR_JSON_NUMBER:
        weir_strbuf_add(buf, value->text);
        return;
    case WEIR_JSON_STRING:
        weir_json_write_string(buf, value->text);
        return;
    case WEIR_JSON_ARRAY:
    case WEIR_JSON_OBJECT:
        break;
    }
    bool object = value->kind == WEIR_JSON_OBJECT;
    weir_strbuf_add_char(buf, object ? '{' : '[');
    for (const weir_json *child = value->first; child; child = child->next) {
        if (child != value->first)
            weir_strbuf_add_char(buf, ',');
        if (object) {
            weir_json_write_string(buf, child->name);
            weir_strbuf_add_char(buf, ':');
        }
        weir_json_write(buf, child);
    }
    weir_strbuf_add_char(buf, object ? '}' : ']');
}
