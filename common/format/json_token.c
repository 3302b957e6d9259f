/* A pull parser over one record with the answers of Jackson's byte parser as Spark configures it.
 *
 * Spark hands a record to Jackson and catches errors field by field, so which fields of a damaged
 * record survive depends on where Jackson stands after an error: strings are decoded only when asked
 * for, the first token of a value is read together with its name, overlong UTF-8 passes, and so on.
 * This parser keeps the same state and moves the position in the same way. It serves records that the
 * fast path gives up, so it is written for sameness, not for speed. One thread. */
#include "common/base/alloc.h"
#include "common/format/json_int.h"

enum { CHAR_END = -1, CHAR_ERROR = -2 };
enum { NAME_MAX_SIZE = 50000 };

void weir_json_parser_fini(weir_json_parser *p) {
    weir_strbuf_fini(&p->text);
    weir_strbuf_fini(&p->raw);
    weir_strbuf_fini(&p->names);
    weir_free(p->scopes);
    weir_json_variant_scratch_fini(&p->variant);
    *p = (weir_json_parser){0};
}

void weir_json_parser_start(weir_json_parser *p, const weir_json_spec *spec, const uint8_t *data,
                            size_t size) {
    p->spec = spec;
    p->data = data;
    p->pos = 0;
    p->end = size;
    p->token = p->next = WEIR_TOKEN_END;
    p->incomplete = false;
    p->depth = 0;
    if (!p->scopes) {
        p->scopes_capacity = 16;
        p->scopes = weir_alloc(sizeof(weir_json_scope) * 16);
    }
    p->scopes[0] = (weir_json_scope){.index = -1};
}

static weir_json_scope *scope(weir_json_parser *p) {
    return &p->scopes[p->depth];
}

/* Opens a scope; false where it is too deep (the scope stays open then, as Jackson's does). */
static bool open_scope(weir_json_parser *p, uint8_t kind) {
    if (p->depth + 1 == p->scopes_capacity) {
        p->scopes_capacity *= 2;
        p->scopes = weir_realloc(p->scopes, sizeof(weir_json_scope) * (size_t)p->scopes_capacity);
    }
    size_t names = scope(p)->name_start + scope(p)->name_size;
    p->depth++;
    *scope(p) = (weir_json_scope){.kind = kind, .index = -1, .name_start = names};
    return p->depth <= p->spec->depth_max;
}

static bool close_scope(weir_json_parser *p, uint8_t kind) {
    if (scope(p)->kind != kind)
        return false;
    p->depth--;
    return true;
}

weir_str weir_json_parser_name(const weir_json_parser *p, bool *ret_lone) {
    int32_t depth = p->depth;
    if ((p->token == WEIR_TOKEN_OBJECT || p->token == WEIR_TOKEN_ARRAY) && depth > 0)
        depth--;
    const weir_json_scope *s = &p->scopes[depth];
    *ret_lone = s->lone;
    if (!s->named)
        return (weir_str){NULL, 0};
    return weir_str_make(p->names.data + s->name_start, s->name_size);
}

/* ---- text as UTF-16 units: what Java strings hold, and how they become UTF-8 ---- */

static void add_code_point(weir_strbuf *buf, uint32_t c) {
    char bytes[4];
    size_t n;
    if (c < 0x80) {
        bytes[0] = (char)c;
        n = 1;
    } else if (c < 0x800) {
        bytes[0] = (char)(0xC0 | c >> 6);
        bytes[1] = (char)(0x80 | (c & 0x3F));
        n = 2;
    } else if (c < 0x10000) {
        bytes[0] = (char)(0xE0 | c >> 12);
        bytes[1] = (char)(0x80 | (c >> 6 & 0x3F));
        bytes[2] = (char)(0x80 | (c & 0x3F));
        n = 3;
    } else {
        bytes[0] = (char)(0xF0 | c >> 18);
        bytes[1] = (char)(0x80 | (c >> 12 & 0x3F));
        bytes[2] = (char)(0x80 | (c >> 6 & 0x3F));
        bytes[3] = (char)(0x80 | (c & 0x3F));
        n = 4;
    }
    weir_strbuf_add(buf, weir_str_make(bytes, n));
}

static void flush_high(weir_json_parser *p, weir_strbuf *buf) {
    if (!p->high)
        return;
    p->high = 0;
    p->lone = true;
    weir_strbuf_add_char(buf, '?'); /* String.getBytes(UTF_8) of a lone surrogate */
}

static void add_unit(weir_json_parser *p, weir_strbuf *buf, uint32_t unit) {
    p->units++;
    if (unit >= 0xDC00 && unit <= 0xDFFF && p->high) {
        add_code_point(buf, 0x10000 + ((p->high - 0xD800) << 10) + (unit - 0xDC00));
        p->high = 0;
        return;
    }
    flush_high(p, buf);
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        p->high = unit;
    } else if (unit >= 0xDC00 && unit <= 0xDFFF) {
        p->lone = true;
        weir_strbuf_add_char(buf, '?');
    } else {
        add_code_point(buf, unit);
    }
}

static void begin_text(weir_json_parser *p, weir_strbuf *buf) {
    weir_strbuf_clear(buf);
    p->high = 0;
    p->lone = false;
    p->units = 0;
}

/* ---- characters ---- */

static bool java_identifier_part(uint32_t c) {
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '$' || c <= 8 || (c >= 0x0E && c <= 0x1B) || c == 0x7F;
    if (c < 0x100)
        return c < 0xA0 || (c >= 0xA2 && c <= 0xA5) || c == 0xAA || c == 0xAD || c == 0xB5 || c == 0xBA ||
               (c >= 0xC0 && c != 0xD7 && c != 0xF7);
    return (c < 0x2000 || c > 0x206F) && (c < 0x3000 || c > 0x303F);
}

static int continuation(weir_json_parser *p) {
    if (p->pos >= p->end)
        return -1;
    int c = p->data[p->pos++];
    return (c & 0xC0) == 0x80 ? (c & 0x3F) : -1;
}

/* The character that starts with `first` (its other bytes are consumed), or -1. */
static int64_t decode_for_error(weir_json_parser *p, uint32_t first) {
    if (first < 0x80)
        return first;
    int more = (first & 0xE0) == 0xC0 ? 1 : (first & 0xF0) == 0xE0 ? 2 : (first & 0xF8) == 0xF0 ? 3 : 0;
    if (!more)
        return -1;
    int64_t c = first & (0x3Fu >> more);
    while (more--) {
        int d = continuation(p);
        if (d < 0)
            return -1;
        c = c << 6 | d;
    }
    return c;
}

/* An unknown word is consumed with the character behind it before Jackson reports it. */
static void consume_word(weir_json_parser *p) {
    for (int n = 0; p->pos < p->end && n < 256; n++) {
        int64_t c = decode_for_error(p, p->data[p->pos++]);
        if (c < 0 || !java_identifier_part((uint32_t)c & 0xFFFF))
            return;
    }
}

/* A byte of 0x80 and more inside a string: adds its character. `add` false only checks (skipping). */
static bool string_utf8(weir_json_parser *p, uint32_t c, weir_strbuf *buf) {
    int a, b, d;
    if ((c & 0xE0) == 0xC0) {
        if ((a = continuation(p)) < 0)
            return false;
        if (buf)
            add_unit(p, buf, (c & 0x1F) << 6 | (uint32_t)a);
        return true;
    }
    if ((c & 0xF0) == 0xE0) {
        if ((a = continuation(p)) < 0 || (b = continuation(p)) < 0)
            return false;
        uint32_t unit = (c & 0x0F) << 12 | (uint32_t)a << 6 | (uint32_t)b;
        if (!buf)
            return true;
        if (unit >= 0xD800 && unit <= 0xDFFF)
            return false;
        add_unit(p, buf, unit);
        return true;
    }
    if ((c & 0xF8) != 0xF0 || (a = continuation(p)) < 0 || (b = continuation(p)) < 0 ||
        (d = continuation(p)) < 0)
        return false;
    if (buf) {
        int32_t v = (int32_t)((c & 7) << 18 | (uint32_t)a << 12 | (uint32_t)b << 6 | (uint32_t)d) - 0x10000;
        add_unit(p, buf, (0xD800u | (uint32_t)(v >> 10)) & 0xFFFF);
        add_unit(p, buf, 0xDC00u | ((uint32_t)v & 0x3FF));
    }
    return true;
}

/* Behind a backslash. -1 on error. */
static int32_t decode_escape(weir_json_parser *p) {
    if (p->pos >= p->end)
        return -1;
    uint32_t c = p->data[p->pos++];
    switch (c) {
    case 'b':
        return '\b';
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'f':
        return '\f';
    case 'r':
        return '\r';
    case '"':
    case '/':
    case '\\':
        return (int32_t)c;
    case 'u':
        break;
    default: {
        int64_t any = decode_for_error(p, c);
        if (any < 0)
            return -1;
        if (p->spec->allow_any_escape || (any == '\'' && p->spec->allow_single_quotes))
            return (int32_t)(any & 0xFFFF);
        return -1;
    }
    }
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        if (p->pos >= p->end)
            return -1;
        c = p->data[p->pos++];
        int digit = c >= '0' && c <= '9'   ? (int)c - '0'
                    : c >= 'a' && c <= 'f' ? (int)c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? (int)c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* The rest of a string up to `quote`, decoded into p->text, or checked only. False: error. */
static bool finish_string(weir_json_parser *p, uint8_t quote, bool keep) {
    weir_strbuf *buf = keep ? &p->text : NULL;
    if (keep)
        begin_text(p, &p->text);
    for (;;) {
        if (p->pos >= p->end)
            return false;
        uint32_t c = p->data[p->pos++];
        if (c == quote)
            break;
        if (c == '\\') {
            int32_t unit = decode_escape(p);
            if (unit < 0)
                return false;
            if (keep)
                add_unit(p, buf, (uint32_t)unit);
        } else if (c < 0x20) {
            if (!p->spec->allow_control)
                return false;
            if (keep)
                add_unit(p, buf, c);
        } else if (c >= 0x80) {
            if (!string_utf8(p, c, buf))
                return false;
        } else if (keep) {
            if (p->high)
                flush_high(p, buf);
            p->units++;
            weir_strbuf_add_char(buf, (char)c);
        }
    }
    if (!keep)
        return true;
    flush_high(p, buf);
    return p->units <= p->spec->string_max;
}

bool weir_json_parser_text(weir_json_parser *p, weir_str *ret) {
    if (p->token == WEIR_TOKEN_STRING && p->incomplete) {
        p->incomplete = false;
        if (!finish_string(p, '"', true))
            return false;
    }
    *ret = weir_strbuf_view(&p->text);
    return true;
}

/* ---- white space and comments ---- */

static bool skip_comment(weir_json_parser *p) {
    if (!p->spec->allow_comments || p->pos >= p->end)
        return false;
    uint32_t c = p->data[p->pos++];
    if (c == '/') {
        while (p->pos < p->end) {
            c = p->data[p->pos++];
            if (c == '\n' || c == '\r')
                return true;
            if (c >= 0x80 && !string_utf8(p, c, NULL))
                return false;
        }
        return true;
    }
    if (c != '*')
        return false;
    while (p->pos < p->end) {
        c = p->data[p->pos++];
        if (c == '*' && p->pos < p->end && p->data[p->pos] == '/') {
            p->pos++;
            return true;
        }
        if (c >= 0x80 && !string_utf8(p, c, NULL))
            return false;
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
            return false;
    }
    return false;
}

/* The next character that is not white space, or CHAR_END or CHAR_ERROR. */
static int skip_space(weir_json_parser *p) {
    while (p->pos < p->end) {
        int c = p->data[p->pos++];
        if (c > ' ') {
            if (c != '/')
                return c;
            if (!skip_comment(p))
                return CHAR_ERROR;
        } else if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
            return CHAR_ERROR;
        }
    }
    return CHAR_END;
}

static int skip_colon(weir_json_parser *p) {
    int c = skip_space(p);
    if (c != ':')
        return CHAR_ERROR;
    c = skip_space(p);
    return c == CHAR_END ? CHAR_ERROR : c;
}

/* ---- names ---- */

/* Takes the bytes in p->raw as the current scope's name. */
static bool take_name(weir_json_parser *p) {
    weir_json_scope *s = scope(p);
    if (p->raw.size > NAME_MAX_SIZE)
        return false;
    weir_strbuf *buf = &p->text;
    begin_text(p, buf);
    const uint8_t *raw = (const uint8_t *)p->raw.data;
    for (size_t i = 0; i < p->raw.size; i++) {
        if (raw[i] < 0x80) {
            add_unit(p, buf, raw[i]);
            continue;
        }
        int more = (raw[i] & 0xE0) == 0xC0   ? 1
                   : (raw[i] & 0xF0) == 0xE0 ? 2
                   : (raw[i] & 0xF8) == 0xF0 ? 3
                                             : 0;
        if (!more || i + (size_t)more >= p->raw.size)
            return false;
        int32_t c = raw[i] & (0x3F >> more);
        for (int k = 0; k < more; k++) {
            if ((raw[++i] & 0xC0) != 0x80)
                return false;
            c = c << 6 | (raw[i] & 0x3F);
        }
        if (more == 2 && c >= 0xD800 && c <= 0xDFFF)
            return false;
        if (more == 3) {
            c -= 0x10000;
            add_unit(p, buf, (uint32_t)(0xD800 + (c >> 10)) & 0xFFFF);
            c = 0xDC00 | (c & 0x3FF);
        }
        add_unit(p, buf, (uint32_t)c);
    }
    flush_high(p, buf);
    p->names.size = WEIR_MIN(p->names.size, s->name_start);
    weir_strbuf_add(&p->names, weir_strbuf_view(buf));
    s->name_size = buf->size;
    s->named = true;
    s->lone = p->lone;
    return true;
}

/* An escape in a name; surrogates must come in pairs there. */
static bool name_escape(weir_json_parser *p) {
    int32_t c = decode_escape(p);
    if (c >= 0xD800 && c <= 0xDBFF) {
        if (p->pos >= p->end || p->data[p->pos] != '\\')
            return false;
        p->pos++;
        int32_t low = decode_escape(p);
        if (low < 0xDC00 || low > 0xDFFF)
            return false;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    if (c < 0 || (c >= 0xDC00 && c <= 0xDFFF))
        return false;
    add_code_point(&p->raw, (uint32_t)c);
    return true;
}

static bool quoted_name(weir_json_parser *p, uint8_t quote) {
    for (;;) {
        if (p->pos >= p->end)
            return false;
        uint32_t c = p->data[p->pos++];
        if (c == quote)
            return take_name(p);
        if (c == '\\') {
            if (!name_escape(p))
                return false;
        } else if (c < 0x20 && !p->spec->allow_control) {
            return false;
        } else {
            weir_strbuf_add_char(&p->raw, (char)c);
        }
    }
}

static bool bare_name_byte(uint32_t c) {
    return java_identifier_part(c) ? c >= 0x21 : (c == '@' || c == '#' || c == '*' || c == '-' || c == '+');
}

static bool parse_name(weir_json_parser *p, uint32_t c) {
    weir_strbuf_clear(&p->raw);
    if (c == '"')
        return quoted_name(p, '"');
    if (c == '\'' && p->spec->allow_single_quotes)
        return quoted_name(p, '\'');
    if (!p->spec->allow_unquoted_names) {
        decode_for_error(p, c);
        return false;
    }
    if (!bare_name_byte(c))
        return false;
    for (;;) {
        weir_strbuf_add_char(&p->raw, (char)c);
        if (p->pos >= p->end)
            return false;
        c = p->data[p->pos];
        if (!bare_name_byte(c))
            return take_name(p);
        p->pos++;
    }
}

/* ---- values ---- */

/* The rest of a literal from its character `from` on. */
static bool match_word(weir_json_parser *p, const char *word, size_t from) {
    for (size_t i = from; word[i]; i++) {
        if (p->pos >= p->end || p->data[p->pos] != (uint8_t)word[i]) {
            consume_word(p);
            return false;
        }
        p->pos++;
    }
    if (p->pos >= p->end)
        return true;
    uint32_t c = p->data[p->pos];
    if (c < '0' || c == ']' || c == '}')
        return true;
    size_t at = p->pos;
    if (c >= 0x80)
        p->pos++;
    int64_t decoded = decode_for_error(p, c);
    bool bad = decoded < 0 || java_identifier_part((uint32_t)decoded & 0xFFFF);
    if (bad) {
        if (decoded >= 0)
            consume_word(p);
        return false;
    }
    p->pos = at;
    return true;
}

static weir_json_token special_number(weir_json_parser *p, const char *word, size_t from) {
    if (!match_word(p, word, from) || !p->spec->allow_non_numeric)
        return WEIR_TOKEN_ERROR;
    begin_text(p, &p->text);
    weir_strbuf_add_text(&p->text, word);
    return WEIR_TOKEN_FLOAT;
}

/* Behind a sign, `c` is no digit (and consumed). */
static weir_json_token signed_word(weir_json_parser *p, uint32_t c, bool negative) {
    if (c != 'I' || p->pos >= p->end)
        return WEIR_TOKEN_ERROR;
    c = p->data[p->pos++];
    if (c == 'N')
        return special_number(p, negative ? "-INF" : "+INF", 3);
    if (c == 'n')
        return special_number(p, negative ? "-Infinity" : "+Infinity", 3);
    return WEIR_TOKEN_ERROR;
}

static bool is_digit(uint32_t c) {
    return c - '0' < 10;
}

/* Appends digits to the text; their count. */
static int32_t take_digits(weir_json_parser *p) {
    size_t from = p->pos;
    while (p->pos < p->end && is_digit(p->data[p->pos]))
        p->pos++;
    weir_strbuf_add(&p->text, weir_str_make((const char *)p->data + from, p->pos - from));
    return (int32_t)WEIR_MIN(p->pos - from, (size_t)INT32_MAX / 4);
}

/* A number's separator at the top level must be white space. */
static weir_json_token end_number(weir_json_parser *p, weir_json_token token, int32_t length) {
    if (p->depth == 0 && p->pos < p->end) {
        uint32_t c = p->data[p->pos];
        if (c != '\r')
            p->pos++;
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            return WEIR_TOKEN_ERROR;
    }
    return length > p->spec->number_max ? WEIR_TOKEN_ERROR : token;
}

static weir_json_token parse_fraction(weir_json_parser *p, int32_t length) {
    if (p->data[p->pos] == '.') {
        p->pos++;
        weir_strbuf_add_char(&p->text, '.');
        int32_t fraction = take_digits(p);
        if (!fraction) {
            p->pos += p->pos < p->end;
            return WEIR_TOKEN_ERROR;
        }
        length += fraction;
    }
    if (p->pos < p->end && (p->data[p->pos] | 0x20) == 'e') {
        weir_strbuf_add_char(&p->text, (char)p->data[p->pos++]);
        if (p->pos < p->end && (p->data[p->pos] == '-' || p->data[p->pos] == '+'))
            weir_strbuf_add_char(&p->text, (char)p->data[p->pos++]);
        int32_t exponent = take_digits(p);
        if (!exponent) {
            p->pos += p->pos < p->end;
            return WEIR_TOKEN_ERROR;
        }
        length += exponent;
    }
    return end_number(p, WEIR_TOKEN_FLOAT, length);
}

/* From the first digit on, which is at p->pos. */
static weir_json_token parse_number(weir_json_parser *p, bool negative) {
    begin_text(p, &p->text);
    if (negative)
        weir_strbuf_add_char(&p->text, '-');
    if (p->data[p->pos] == '0' && p->pos + 1 < p->end && is_digit(p->data[p->pos + 1])) {
        if (!p->spec->allow_leading_zeros) {
            p->pos++;
            return WEIR_TOKEN_ERROR;
        }
        while (p->data[p->pos] == '0' && p->pos + 1 < p->end && is_digit(p->data[p->pos + 1]))
            p->pos++;
    }
    int32_t length = take_digits(p);
    if (p->pos < p->end && (p->data[p->pos] == '.' || (p->data[p->pos] | 0x20) == 'e'))
        return parse_fraction(p, length);
    return end_number(p, WEIR_TOKEN_INT, length);
}

static weir_json_token unexpected_value(weir_json_parser *p, uint32_t c) {
    switch (c) {
    case '\'':
        if (!p->spec->allow_single_quotes)
            return WEIR_TOKEN_ERROR;
        return finish_string(p, '\'', true) ? WEIR_TOKEN_STRING : WEIR_TOKEN_ERROR;
    case 'N':
        return special_number(p, "NaN", 1);
    case 'I':
        return special_number(p, "Infinity", 1);
    case '+':
        if (p->pos >= p->end)
            return WEIR_TOKEN_ERROR;
        c = p->data[p->pos++];
        return signed_word(p, c, false);
    default:
        if (c < 0x100 && !is_digit(c) && java_identifier_part(c))
            consume_word(p);
        return WEIR_TOKEN_ERROR;
    }
}

/* The value that starts with `c`, which is consumed. Strings stay undecoded; scopes are not opened. */
static weir_json_token parse_value(weir_json_parser *p, uint32_t c) {
    switch (c) {
    case '"':
        p->incomplete = true;
        return WEIR_TOKEN_STRING;
    case '{':
        return WEIR_TOKEN_OBJECT;
    case '[':
        return WEIR_TOKEN_ARRAY;
    case 't':
        return match_word(p, "true", 1) ? WEIR_TOKEN_TRUE : WEIR_TOKEN_ERROR;
    case 'f':
        return match_word(p, "false", 1) ? WEIR_TOKEN_FALSE : WEIR_TOKEN_ERROR;
    case 'n':
        return match_word(p, "null", 1) ? WEIR_TOKEN_NULL : WEIR_TOKEN_ERROR;
    case '-':
        if (p->pos >= p->end)
            return WEIR_TOKEN_ERROR;
        if (!is_digit(p->data[p->pos])) {
            c = p->data[p->pos++];
            return signed_word(p, c, true);
        }
        return parse_number(p, true);
    default:
        if (is_digit(c)) {
            p->pos--;
            return parse_number(p, false);
        }
        return unexpected_value(p, c);
    }
}

static weir_json_token set_token(weir_json_parser *p, weir_json_token token) {
    if (token == WEIR_TOKEN_ERROR)
        return token;
    if (token == WEIR_TOKEN_OBJECT && !open_scope(p, '{'))
        return WEIR_TOKEN_ERROR;
    if (token == WEIR_TOKEN_ARRAY && !open_scope(p, '['))
        return WEIR_TOKEN_ERROR;
    p->token = token;
    return token;
}

weir_json_token weir_json_parser_next(weir_json_parser *p) {
    if (p->token == WEIR_TOKEN_FIELD) {
        weir_json_token token = p->next;
        p->next = WEIR_TOKEN_END;
        return set_token(p, token);
    }
    if (p->incomplete) {
        p->incomplete = false;
        if (!finish_string(p, '"', false))
            return WEIR_TOKEN_ERROR;
    }
    int c = skip_space(p);
    if (c == CHAR_END && p->depth == 0)
        return p->token = WEIR_TOKEN_END;
    if (c < 0)
        return WEIR_TOKEN_ERROR;
    if (c == ']' || c == '}') {
        if (!close_scope(p, c == ']' ? '[' : '{'))
            return WEIR_TOKEN_ERROR;
        return p->token = c == ']' ? WEIR_TOKEN_ARRAY_END : WEIR_TOKEN_OBJECT_END;
    }
    if (++scope(p)->index > 0 && scope(p)->kind) {
        if (c != ',')
            return WEIR_TOKEN_ERROR;
        c = skip_space(p);
        if (c < 0)
            return WEIR_TOKEN_ERROR;
    }
    if (scope(p)->kind != '{') {
        p->token_start = p->pos - 1;
        return set_token(p, parse_value(p, (uint32_t)c));
    }
    if (!parse_name(p, (uint32_t)c))
        return WEIR_TOKEN_ERROR;
    p->token = WEIR_TOKEN_FIELD;
    c = skip_colon(p);
    if (c < 0)
        return WEIR_TOKEN_ERROR;
    p->token_start = p->pos - 1;
    weir_json_token value = parse_value(p, (uint32_t)c);
    if (value == WEIR_TOKEN_ERROR)
        return value;
    p->next = value;
    return WEIR_TOKEN_FIELD;
}

bool weir_json_parser_skip_children(weir_json_parser *p) {
    if (p->token != WEIR_TOKEN_OBJECT && p->token != WEIR_TOKEN_ARRAY)
        return true;
    for (int32_t open = 1; open > 0;) {
        switch (weir_json_parser_next(p)) {
        case WEIR_TOKEN_ERROR:
            return false;
        case WEIR_TOKEN_END:
            return p->depth == 0;
        case WEIR_TOKEN_OBJECT:
        case WEIR_TOKEN_ARRAY:
            open++;
            break;
        case WEIR_TOKEN_OBJECT_END:
        case WEIR_TOKEN_ARRAY_END:
            open--;
            break;
        default:
            break;
        }
    }
    return true;
}

/* ---- base64 ---- */

enum { BASE64_BAD = -1, BASE64_PAD = -2 };

static int base64_bits(uint32_t c) {
    if (c >= 'A' && c <= 'Z')
        return (int)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (int)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (int)(c - '0') + 52;
    return c == '+' ? 62 : c == '/' ? 63 : c == '=' ? BASE64_PAD : BASE64_BAD;
}

/* A character that is no base64: bits of an escape, -1 for escaped white space (index 0), -3 error. */
static int base64_escape(weir_json_parser *p, uint32_t c, int index) {
    if (c != '\\')
        return -3;
    int32_t unit = decode_escape(p);
    if (unit < 0)
        return -3;
    if (unit <= ' ' && index == 0)
        return -1;
    int bits = base64_bits((uint32_t)unit);
    return bits == BASE64_BAD ? -3 : bits;
}

static void add_bytes(weir_strbuf *buf, uint32_t bits, int bytes) {
    for (int i = bytes - 1; i >= 0; i--)
        weir_strbuf_add_char(buf, (char)(bits >> 8 * i));
}

/* One character of a quartet: its bits, BASE64_PAD, -3 for an error; '"' ends early with -4. */
static int base64_next(weir_json_parser *p, int index) {
    if (p->pos >= p->end)
        return -3;
    uint32_t c = p->data[p->pos++];
    int bits = base64_bits(c);
    if (bits >= 0 || (bits == BASE64_PAD && index >= 2))
        return bits;
    if (c == '"' && index >= 2)
        return -4;
    return base64_escape(p, c, index);
}

static bool decode_base64_here(weir_json_parser *p, weir_strbuf *ret) {
    for (;;) {
        uint32_t c;
        do {
            if (p->pos >= p->end)
                return false;
            c = p->data[p->pos++];
        } while (c <= ' ');
        if (c == '"')
            return true;
        int bits = base64_bits(c);
        if (bits < 0) {
            bits = base64_escape(p, c, 0);
            if (bits == -1)
                continue;
            if (bits < 0)
                return false;
        }
        uint32_t data = (uint32_t)bits;
        if ((bits = base64_next(p, 1)) < 0)
            return false;
        data = data << 6 | (uint32_t)bits;
        bits = base64_next(p, 2);
        if (bits == -4)
            p->pos--; /* missing padding: the quote stays */
        if (bits == BASE64_PAD) {
            if (base64_next(p, 3) != BASE64_PAD)
                return false;
            add_bytes(ret, data >> 4, 1);
            continue;
        }
        if (bits < 0)
            return false;
        data = data << 6 | (uint32_t)bits;
        bits = base64_next(p, 3);
        if (bits == -4)
            p->pos--;
        if (bits == BASE64_PAD) {
            add_bytes(ret, data >> 2, 2);
            continue;
        }
        if (bits < 0)
            return false;
        add_bytes(ret, data << 6 | (uint32_t)bits, 3);
    }
}

/* Base64 of text that is decoded already (apostrophes around it): the same grammar by a second parser. */
static bool decode_base64_text(weir_json_parser *p, weir_strbuf *ret) {
    weir_json_parser inner = {.spec = p->spec};
    weir_strbuf quoted = {0};
    weir_strbuf_add(&quoted, weir_strbuf_view(&p->text));
    weir_strbuf_add_char(&quoted, '"');
    inner.data = (const uint8_t *)quoted.data;
    inner.end = quoted.size;
    bool clean = !memchr(p->text.data ? p->text.data : "", '"', p->text.size) &&
                 !memchr(p->text.data ? p->text.data : "", '\\', p->text.size);
    bool ok = clean && decode_base64_here(&inner, ret);
    weir_strbuf_fini(&quoted);
    return ok;
}

bool weir_json_parser_binary(weir_json_parser *p, weir_strbuf *ret) {
    weir_strbuf_clear(ret);
    if (!p->incomplete)
        return decode_base64_text(p, ret);
    if (!decode_base64_here(p, ret))
        return false; /* still incomplete: what follows is skipped as the string's rest */
    p->incomplete = false;
    return true;
}
