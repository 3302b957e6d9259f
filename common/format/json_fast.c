/* The fast path of the JSON reader: one pass over a record, straight into the builders.
 *
 * It takes strict JSON whose values have the expected types, and nothing else: on any other byte it
 * undoes the row and gives up, and the record goes through json_record.c. So it never decides what
 * Spark does with a bad record, and both give the same rows where it does not give up.
 *
 * Field names are predicted: each struct of the schema keeps the names of the last record in order, and
 * a name is one 16-byte comparison when the next record has the same order. Unwanted values are checked
 * and skipped. A '\n' or '\r' ends every scan (between values they would be white space, but a line
 * reader has cut there). Reads stay within WEIR_JSON_PAD bytes behind the text. Task thread. */
#include "common/base/alloc.h"
#include "common/format/json_int.h"
#include "common/format/json_scan.h"
#include "common/types/decimal.h"
#include "common/types/number_text.h"

enum {
    ORDER_MAX = 64,
    NAME_MAX = 32,
    NAME_SCAN_MAX = 4096,
    NAME_ESCAPED_MAX = 256,
    NUMBER_MAX = 900,
    SKIP_DEPTH_MAX = 128
};
#define STRING_MAX ((size_t)16 << 20)

typedef struct slot {
    uint8_t bytes[NAME_MAX]; /* the name with both quotes */
    uint32_t mask;           /* one bit per byte; 0 = no name */
    int32_t size;
    int32_t field; /* -1 = not wanted */
} slot;

typedef struct order {
    slot slots[ORDER_MAX + 2]; /* the last two stay empty */
} order;

struct weir_json_fast {
    const weir_json_spec *spec;
    order orders[];
};

weir_json_fast *weir_json_fast_new(const weir_json_spec *spec) {
    weir_json_fast *fast = weir_alloc_zero(1, sizeof *fast + sizeof(order) * (size_t)spec->orders_count);
    fast->spec = spec;
    return fast;
}

void weir_json_fast_free(weir_json_fast *fast) {
    weir_free(fast);
}

#define INLINE static inline __attribute__((always_inline))
#define COLD static __attribute__((noinline))

INLINE const uint8_t *skip_space(const uint8_t *p) {
    while (*p == ' ' || *p == '\t')
        p++;
    return p;
}

INLINE void mark(weir_builder *b) {
    b->validity[b->length >> 3] |= (uint8_t)(1u << (b->length & 7));
    b->length++;
}

INLINE bool room(weir_builder *b) {
    return WEIR_LIKELY(b->length < b->capacity) || weir_builder_grow(b, 1);
}

/* ---- strings ---- */

/* Value + 1 of a hex digit; 0 = none. */
static const uint8_t hex_of[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16};

INLINE uint32_t hex4(const uint8_t *p) {
    uint32_t a = hex_of[p[0]], b = hex_of[p[1]], c = hex_of[p[2]], d = hex_of[p[3]];
    if (WEIR_UNLIKELY(!a || !b || !c || !d))
        return UINT32_MAX;
    return (a - 1) << 12 | (b - 1) << 8 | (c - 1) << 4 | (d - 1);
}

static size_t put_code_point(uint8_t *out, uint32_t c) {
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xC0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xE0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (c & 0x3F));
    return 4;
}

/* What the escape letter stands for; 0 = not one of the short escapes. */
static const uint8_t escape_of[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                       ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};

/* The escape behind the backslash at `p`: bytes to `out` (room for 4). Lone surrogates give up. */
INLINE const uint8_t *escape(const uint8_t *p, uint8_t *out, size_t *ret_size) {
    uint8_t plain = escape_of[p[1]];
    if (WEIR_LIKELY(plain)) {
        *out = plain;
        *ret_size = 1;
        return p + 2;
    }
    if (p[1] != 'u')
        return NULL;
    uint32_t c = hex4(p + 2);
    if (WEIR_LIKELY(c < 0x80)) {
        *out = (uint8_t)c;
        *ret_size = 1;
        return p + 6;
    }
    if (c == UINT32_MAX || (c >= 0xDC00 && c <= 0xDFFF))
        return NULL;
    p += 6;
    if (c >= 0xD800 && c <= 0xDBFF) {
        uint32_t low = p[0] == '\\' && p[1] == 'u' ? hex4(p + 2) : 0;
        if (low < 0xDC00 || low > 0xDFFF)
            return NULL;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        p += 6;
    }
    *ret_size = put_code_point(out, c);
    return p;
}

/* Appends the string behind the quote before `p`; returns the byte behind its closing quote. */
INLINE const uint8_t *string(const uint8_t *p, weir_builder *b) {
    if (!room(b) || (WEIR_UNLIKELY(!b->values) && !weir_builder_grow_bytes(b, 64)))
        return NULL;
    uint8_t *out = b->values + b->bytes_size, *limit = b->values + b->bytes_capacity;
    for (;;) {
        if (WEIR_UNLIKELY(limit - out < 16)) {
            size_t used = (size_t)(out - b->values) - b->bytes_size;
            if (used > STRING_MAX || !weir_builder_grow_bytes(b, used + 64))
                return NULL;
            out = b->values + b->bytes_size + used;
            limit = b->values + b->bytes_capacity;
        }
        __m128i v = weir_json_scan_load(p);
        _mm_storeu_si128((__m128i *)out, v);
        uint32_t mask = weir_json_scan_special(v);
        if (!mask) {
            p += 16;
            out += 16;
            continue;
        }
        int n = __builtin_ctz(mask);
        p += n;
        out += n;
        if (WEIR_LIKELY(*p == '"'))
            break;
        if (*p == '\\') {
            if (WEIR_UNLIKELY(limit - out < 4))
                return NULL; /* no room for a few bytes: rare enough for the slow path */
            size_t size;
            p = escape(p, out, &size);
            if (!p)
                return NULL;
            out += size;
        } else if (*p >= 0x80) {
            int size = weir_json_scan_utf8(p);
            if (!size || limit - out < size)
                return NULL;
            do
                *out++ = *p++;
            while (--size);
        } else {
            return NULL;
        }
    }
    b->bytes_size = (size_t)(out - b->values);
    b->offsets[b->length + 1] = (int32_t)b->bytes_size;
    mark(b);
    return p + 1;
}

static const uint8_t *skip_string(const uint8_t *p) {
    const uint8_t *from = p;
    for (;;) {
        p = weir_json_scan_string(p);
        if (WEIR_LIKELY(*p == '"'))
            return (size_t)(p - from) > STRING_MAX ? NULL : p + 1;
        if (*p == '\\') {
            uint8_t bytes[4];
            size_t size;
            p = escape(p, bytes, &size);
            if (!p)
                return NULL;
        } else if (*p >= 0x80) {
            int size = weir_json_scan_utf8(p);
            if (!size)
                return NULL;
            p += size;
        } else {
            return NULL;
        }
    }
}

/* ---- numbers ---- */

static int count_digits(const uint8_t *p) {
    int n = weir_json_scan_digits(p);
    for (int more = n; more == 16 && n < NUMBER_MAX; n += more)
        more = weir_json_scan_digits(p + n);
    return n;
}

typedef struct number {
    uint64_t mantissa; /* all digits, where there are at most 19 */
    int32_t digits, fraction;
    int32_t exponent;
    bool negative, integral;
} number;

/* A number by JSON's grammar; NULL otherwise or where it is very long. */
static const uint8_t *scan_number(const uint8_t *p, number *ret) {
    number n = {.integral = true};
    n.negative = *p == '-';
    p += n.negative;
    const uint8_t *digits = p;
    int whole = count_digits(p);
    if (whole == 0 || whole >= NUMBER_MAX || (*p == '0' && whole > 1))
        return NULL;
    p += whole;
    n.digits = whole;
    if (whole <= 19)
        n.mantissa = weir_json_scan_number(digits, whole);
    if (*p == '.') {
        int fraction = count_digits(p + 1);
        if (fraction == 0 || fraction >= NUMBER_MAX)
            return NULL;
        n.integral = false;
        n.fraction = fraction;
        n.digits += fraction;
        if (n.digits <= 19)
            for (int i = 1; i <= fraction; i++)
                n.mantissa = n.mantissa * 10 + (uint64_t)(p[i] - '0');
        p += 1 + fraction;
    }
    if ((*p | 0x20) == 'e') {
        bool minus = p[1] == '-';
        p += 1 + (minus || p[1] == '+');
        int count = count_digits(p);
        if (count == 0 || count > 8)
            return NULL;
        int32_t exponent = (int32_t)weir_json_scan_number8(p, count);
        n.exponent = minus ? -exponent : exponent;
        n.integral = false;
        p += count;
    }
    if (n.digits > NUMBER_MAX)
        return NULL;
    *ret = n;
    return p;
}

static const uint8_t *skip_number(const uint8_t *p) {
    p += *p == '-';
    int whole = count_digits(p);
    if (whole == 0 || whole >= NUMBER_MAX || (*p == '0' && whole > 1))
        return NULL;
    p += whole;
    if (WEIR_LIKELY(*p == ',' || *p == '}' || *p == ']'))
        return p;
    number n;
    if (*p == '.' || (*p | 0x20) == 'e') {
        const uint8_t *from = p - whole;
        return scan_number(from, &n);
    }
    return p;
}

/* Up to 19 digits with a sign. */
INLINE const uint8_t *integer(const uint8_t *p, int64_t *ret) {
    bool negative = *p == '-';
    p += negative;
    int n = weir_json_scan_digits(p);
    if (WEIR_UNLIKELY(n == 16))
        n += weir_json_scan_digits(p + 16);
    if (WEIR_UNLIKELY(n == 0 || n > 19 || (*p == '0' && n > 1)))
        return NULL;
    uint64_t value = weir_json_scan_number(p, n);
    if (WEIR_UNLIKELY(n == 19 && value > (uint64_t)INT64_MAX + negative))
        return NULL;
    p += n;
    if (WEIR_UNLIKELY(*p == '.' || (*p | 0x20) == 'e'))
        return NULL;
    *ret = (int64_t)(negative ? -value : value);
    return p;
}

static const double power10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

COLD const uint8_t *floating(const uint8_t *p, const weir_json_node *node, weir_builder *b) {
    number n;
    const uint8_t *end = scan_number(p, &n);
    if (!end)
        return NULL;
    int32_t exponent = n.exponent - n.fraction;
    double value = 0;
    float single = 0;
    bool is_double = node->kind == WEIR_TYPE_DOUBLE;
    if (n.integral && n.digits <= 18) { /* through a long: -0 is 0.0 */
        int64_t whole = n.negative ? -(int64_t)n.mantissa : (int64_t)n.mantissa;
        value = (double)whole;
        single = (float)whole;
    } else if (is_double && n.digits <= 19 && n.mantissa <= UINT64_C(1) << 53 && exponent >= -22 &&
               exponent <= 22) {
        value =
            exponent < 0 ? (double)n.mantissa / power10[-exponent] : (double)n.mantissa * power10[exponent];
        value = n.negative ? -value : value;
    } else if (!is_double && n.digits <= 19 && n.mantissa <= 1 << 24 && exponent >= -10 && exponent <= 10) {
        single = exponent < 0 ? (float)n.mantissa / (float)power10[-exponent]
                              : (float)n.mantissa * (float)power10[exponent];
        single = n.negative ? -single : single;
    } else {
        weir_str text = weir_str_make((const char *)p, (size_t)(end - p));
        return weir_json_convert_number(node, text, n.integral, b) == WEIR_JSON_OK ? end : NULL;
    }
    if (!(is_double ? weir_builder_double(b, value) : weir_builder_float(b, single)))
        return NULL;
    return end;
}

COLD const uint8_t *decimal(const uint8_t *p, const weir_json_node *node, weir_builder *b) {
    number n;
    const uint8_t *end = scan_number(p, &n);
    if (!end)
        return NULL;
    int32_t scale = node->type->scale;
    if (n.digits <= 18 && n.exponent == 0 && n.fraction <= scale) {
        weir_int128 value = (weir_int128)n.mantissa;
        if (scale - n.fraction <= 18) {
            value *= weir_decimal_pow10[scale - n.fraction];
            if (!weir_decimal_fits(value, node->type->precision))
                return NULL;
            return weir_builder_int128(b, n.negative ? -value : value) ? end : NULL;
        }
    }
    weir_str text = weir_str_make((const char *)p, (size_t)(end - p));
    return weir_json_convert_number(node, text, n.integral, b) == WEIR_JSON_OK ? end : NULL;
}

/* ---- other values ---- */

INLINE bool is_word(const uint8_t *p, const char *word) {
    return weir_load32(p) == weir_load32(word);
}

static const uint8_t *skip_value(const uint8_t *p, int depth);

COLD const uint8_t *skip_container(const uint8_t *p, int depth) {
    uint8_t close = *p == '{' ? '}' : ']';
    if (depth > SKIP_DEPTH_MAX)
        return NULL;
    p = skip_space(p + 1);
    if (*p == close)
        return p + 1;
    for (;;) {
        if (close == '}') {
            if (*p != '"')
                return NULL;
            const uint8_t *name = p;
            p = skip_string(p + 1);
            if (!p || p - name > NAME_SCAN_MAX || memchr(name, '\\', (size_t)(p - name)))
                return NULL;
            p = skip_space(p);
            if (*p != ':')
                return NULL;
            p = skip_space(p + 1);
        }
        p = skip_value(p, depth + 1);
        if (!p)
            return NULL;
        p = skip_space(p);
        if (*p == close)
            return p + 1;
        if (*p != ',')
            return NULL;
        p = skip_space(p + 1);
    }
}

static inline const uint8_t *skip_value(const uint8_t *p, int depth) {
    switch (*p) {
    case '"':
        return skip_string(p + 1);
    case '{':
    case '[':
        return skip_container(p, depth);
    case 't':
        return is_word(p, "true") ? p + 4 : NULL;
    case 'n':
        return is_word(p, "null") ? p + 4 : NULL;
    case 'f':
        return is_word(p + 1, "alse") ? p + 5 : NULL;
    default:
        return skip_number(p);
    }
}

/* A value that is no string, as the text it stands in. */
COLD const uint8_t *raw_text(const uint8_t *p, weir_builder *b) {
    const uint8_t *end = skip_value(p, 0);
    if (!end || !weir_builder_bytes(b, p, (size_t)(end - p)))
        return NULL;
    return end;
}

/* A string without escapes, converted: dates, times, intervals, decimals, bounded strings. */
COLD const uint8_t *typed_text(weir_json_fast *fast, const uint8_t *p, const weir_json_node *node,
                               weir_builder *b) {
    const uint8_t *end = weir_json_scan_string(p);
    if (*end != '"')
        return NULL;
    weir_str text = weir_str_make((const char *)p, (size_t)(end - p));
    return weir_json_convert_string(fast->spec, node, text, b) == WEIR_JSON_OK ? end + 1 : NULL;
}

static const uint8_t *object(weir_json_fast *fast, const weir_json_node *node, const uint8_t *p,
                             weir_builder *builders, int32_t row);
INLINE const uint8_t *value(weir_json_fast *fast, const weir_json_node *node, const uint8_t *p,
                            weir_builder *b);
static const uint8_t *any_value(weir_json_fast *fast, const weir_json_node *node, const uint8_t *p,
                                weir_builder *b);

COLD const uint8_t *array(weir_json_fast *fast, const weir_json_node *node, const uint8_t *p,
                          weir_builder *b) {
    p = skip_space(p + 1);
    if (*p == ']')
        return weir_builder_list_end(b) ? p + 1 : NULL;
    for (;;) {
        p = value(fast, &node->children[0], p, &b->children[0]);
        if (!p)
            return NULL;
        p = skip_space(p);
        if (*p == ']')
            return weir_builder_list_end(b) ? p + 1 : NULL;
        if (*p != ',')
            return NULL;
        p = skip_space(p + 1);
    }
}

COLD const uint8_t *map(weir_json_fast *fast, const weir_json_node *node, const uint8_t *p, weir_builder *b) {
    p = skip_space(p + 1);
    if (*p == '}')
        return weir_builder_list_end(b) ? p + 1 : NULL;
    for (;;) {
        if (*p != '"')
            return NULL;
        const uint8_t *name = p;
        p = string(p + 1, &b->children[0]);
        if (!p || p - name > NAME_SCAN_MAX || memchr(name, '\\', (size_t)(p - name)))
            return NULL;
        p = skip_space(p);
        if (*p != ':')
            return NULL;
        p = any_value(fast, &node->children[0], skip_space(p + 1), &b->children[1]);
        if (!p)
            return NULL;
        p = skip_space(p);
        if (*p == '}')
            return weir_builder_list_end(b) ? p + 1 : NULL;
        if (*p != ',')
            return NULL;
        p = skip_space(p + 1);
    }
}

/* Integers of all widths and epoch seconds. */
INLINE const uint8_t *integral(const weir_json_node *node, const uint8_t *p, weir_builder *b) {
    int64_t v;
    p = integer(p, &v);
    if (!p || !room(b))
        return NULL;
    size_t at = (size_t)b->length;
    switch (node->kind) {
    case WEIR_TYPE_TIMESTAMP:
        weir_store64(b->values + 8 * at, (uint64_t)v * UINT64_C(1000000));
        break;
    case WEIR_TYPE_LONG:
        weir_store64(b->values + 8 * at, (uint64_t)v);
        break;
    case WEIR_TYPE_INT:
        if (v != (int32_t)v)
            return NULL;
        weir_store32(b->values + 4 * at, (uint32_t)v);
        break;
    case WEIR_TYPE_SHORT:
        if (v != (int16_t)v)
            return NULL;
        ((int16_t *)b->values)[at] = (int16_t)v;
        break;
    default:
        if (v < -128 || v > 255)
            return NULL;
        b->values[at] = (uint8_t)v;
    }
    mark(b);
    return p;
}

COLD const uint8_t *boolean(const uint8_t *p, weir_builder *b) {
    if (is_word(p, "true"))
        return weir_builder_bool(b, true) ? p + 4 : NULL;
    if (*p == 'f' && is_word(p + 1, "alse"))
        return weir_builder_bool(b, false) ? p + 5 : NULL;
    return NULL;
}

COLD const uint8_t *other_value(weir_json_fast *fast, const weir_json_node *node, const uint8_t *p,
                                weir_builder *b) {
    if (*p == 'n')
        return is_word(p, "null") && weir_builder_null(b) ? p + 4 : NULL;
    switch (node->kind) {
    case WEIR_TYPE_STRING:
        return raw_text(p, b);
    case WEIR_TYPE_BOOLEAN:
        return boolean(p, b);
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        return *p == '"' ? NULL : floating(p, node, b);
    case WEIR_TYPE_DECIMAL:
        return *p == '"' ? typed_text(fast, p + 1, node, b) : decimal(p, node, b);
    case WEIR_TYPE_STRUCT:
        if (*p != '{')
            return NULL;
        p = object(fast, node, p + 1, b->children, b->length);
        return p && weir_builder_struct_end(b) ? p : NULL;
    case WEIR_TYPE_ARRAY:
        return *p == '[' ? array(fast, node, p, b) : NULL;
    case WEIR_TYPE_MAP:
        return *p == '{' ? map(fast, node, p, b) : NULL;
    default:
        return *p == '"' ? typed_text(fast, p + 1, node, b) : NULL;
    }
}

INLINE bool takes_integers(weir_type_kind kind) {
    return kind == WEIR_TYPE_TIMESTAMP || (kind >= WEIR_TYPE_BYTE && kind <= WEIR_TYPE_LONG);
}

INLINE const uint8_t *value(weir_json_fast *fast, const weir_json_node *node, const uint8_t *p,
                            weir_builder *b) {
    if (*p == '"' && node->kind == WEIR_TYPE_STRING)
        return string(p + 1, b);
    if (*p <= '9' && *p != '"' && takes_integers(node->kind))
        return integral(node, p, b);
    return other_value(fast, node, p, b);
}

static const uint8_t *any_value(weir_json_fast *fast, const weir_json_node *node, const uint8_t *p,
                                weir_builder *b) {
    return value(fast, node, p, b);
}

/* ---- objects ---- */

INLINE bool matches(const slot *s, const uint8_t *p) {
    uint32_t equal =
        (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(weir_json_scan_load(p), weir_json_scan_load(s->bytes)));
    if (WEIR_UNLIKELY(s->size > 16))
        equal |= (uint32_t)_mm_movemask_epi8(
                     _mm_cmpeq_epi8(weir_json_scan_load(p + 16), weir_json_scan_load(s->bytes + 16)))
                 << 16;
    return (equal & s->mask) == s->mask && s->size;
}

/* A name with escapes behind the quote before `p`: found by what it stands for, and not remembered, since the
 * next one may be spelt in another way. */
COLD const uint8_t *find_escaped_name(const weir_json_node *node, const uint8_t *p, int32_t *ret_field) {
    uint8_t name[NAME_ESCAPED_MAX + 16];
    uint8_t *out = name;
    for (;;) {
        if (out - name > NAME_ESCAPED_MAX - 16)
            return NULL;
        __m128i v = weir_json_scan_load(p);
        _mm_storeu_si128((__m128i *)out, v);
        uint32_t mask = weir_json_scan_special(v);
        int clean = mask ? __builtin_ctz(mask) : 16;
        p += clean;
        out += clean;
        if (!mask)
            continue;
        size_t size = 0;
        if (*p == '\\')
            p = escape(p, out, &size);
        else if (*p == '"')
            break;
        else
            return NULL; /* other bytes are the slow path's */
        if (!p)
            return NULL;
        out += size;
    }
    *ret_field = weir_json_node_find(node, (const char *)name, (size_t)(out - name));
    return p + 1;
}

/* A name that was not predicted: finds it and remembers it in `learn` (may be NULL). */
COLD const uint8_t *find_name(const weir_json_node *node, const uint8_t *p, slot *learn, int32_t *ret_field) {
    if (*p != '"')
        return NULL;
    if (WEIR_UNLIKELY(*weir_json_scan_string(p + 1) == '\\'))
        return find_escaped_name(node, p + 1, ret_field);
    const uint8_t *end = skip_string(p + 1);
    if (!end || end - p > NAME_SCAN_MAX)
        return NULL;
    size_t size = (size_t)(end - p);
    if (memchr(p, '\\', size))
        return NULL;
    *ret_field = weir_json_node_find(node, (const char *)p + 1, size - 2);
    if (learn) {
        *learn = (slot){.size = 0};
        if (size <= NAME_MAX) {
            memcpy(learn->bytes, p, size);
            learn->mask = size == 32 ? UINT32_MAX : (1u << size) - 1;
            learn->size = (int32_t)size;
            learn->field = *ret_field;
        }
    }
    return end;
}

/* The members behind the brace before `p`, as row `row` of the builders. */
static const uint8_t *object(weir_json_fast *fast, const weir_json_node *node, const uint8_t *p,
                             weir_builder *builders, int32_t row) {
    slot *slots = fast->orders[node->order].slots;
    int32_t set = 0, at = 0;
    if (*p <= ' ')
        p = skip_space(p);
    if (*p != '}') {
        for (;;) {
            int32_t field;
            const slot *s = &slots[at];
            if (WEIR_LIKELY(matches(s, p))) {
                p += s->size;
                field = s->field;
                at++;
            } else if (matches(s + 1, p)) { /* one field is missing */
                p += s[1].size;
                field = s[1].field;
                at += 2;
            } else {
                p = find_name(node, p, at < ORDER_MAX ? &slots[at] : NULL, &field);
                if (!p)
                    return NULL;
                at++;
            }
            at = WEIR_MIN(at, ORDER_MAX);
            if (WEIR_UNLIKELY(*p != ':')) {
                p = skip_space(p);
                if (*p != ':')
                    return NULL;
            }
            p++;
            if (*p <= ' ')
                p = skip_space(p);
            if (field < 0) {
                p = skip_value(p, 0);
            } else {
                weir_builder *b = &builders[field];
                if (WEIR_UNLIKELY(b->length != row))
                    return NULL;
                p = value(fast, &node->children[field], p, b);
                set++;
            }
            if (WEIR_UNLIKELY(!p))
                return NULL;
            if (*p <= ' ')
                p = skip_space(p);
            if (*p != ',')
                break;
            p++;
            if (*p <= ' ')
                p = skip_space(p);
        }
        if (*p != '}')
            return NULL;
    }
    if (set != node->children_count)
        for (int32_t i = 0; i < node->children_count; i++)
            if (builders[i].length == row && !weir_builder_null(&builders[i]))
                return NULL;
    return p + 1;
}

const uint8_t *weir_json_fast_record(weir_json_fast *fast, const uint8_t *p, weir_builder *builders,
                                     int32_t row) {
    const weir_json_node *root = &fast->spec->root;
    if (*p <= ' ')
        p = skip_space(p);
    const uint8_t *end = *p == '{' ? object(fast, root, p + 1, builders, row) : NULL;
    if (WEIR_LIKELY(end != NULL))
        return end;
    for (int32_t i = 0; i < root->children_count; i++)
        weir_builder_truncate(&builders[i], row);
    return NULL;
}
