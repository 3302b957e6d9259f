/* Case mapping (unicode_case.h): ASCII runs by bytes, all else through binary search in ranges. */
#include "common/expr/unicode_case.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct case_range {
    uint32_t first, last;
    int32_t step, delta;
} case_range;

typedef struct case_special {
    uint32_t code;
    uint32_t to[3];
} case_special;

#define WEIR_CASE_UPPER_RANGE(first, last, step, delta) {first, last, step, delta},
#define WEIR_CASE_UPPER_SPECIAL(code, a, b, c)
#define WEIR_CASE_LOWER_RANGE(first, last, step, delta)
#define WEIR_CASE_LOWER_SPECIAL(code, a, b, c)
static const case_range upper_ranges[] = {
#include "common/expr/unicode_case.def"
};
#undef WEIR_CASE_UPPER_RANGE
#undef WEIR_CASE_UPPER_SPECIAL
#define WEIR_CASE_UPPER_RANGE(first, last, step, delta)
#define WEIR_CASE_UPPER_SPECIAL(code, a, b, c) {code, {a, b, c}},
static const case_special upper_specials[] = {
#include "common/expr/unicode_case.def"
};
#undef WEIR_CASE_UPPER_SPECIAL
#undef WEIR_CASE_LOWER_RANGE
#define WEIR_CASE_UPPER_SPECIAL(code, a, b, c)
#define WEIR_CASE_LOWER_RANGE(first, last, step, delta) {first, last, step, delta},
static const case_range lower_ranges[] = {
#include "common/expr/unicode_case.def"
};
#undef WEIR_CASE_LOWER_RANGE
#undef WEIR_CASE_LOWER_SPECIAL
#define WEIR_CASE_LOWER_RANGE(first, last, step, delta)
#define WEIR_CASE_LOWER_SPECIAL(code, a, b, c) {code, {a, b, c}},
static const case_special lower_specials[] = {
#include "common/expr/unicode_case.def"
};

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* Decodes one code point; a malformed byte stands for itself (*ret_size 1, false). */
static bool decode(const uint8_t *at, const uint8_t *end, uint32_t *ret, int *ret_size) {
    uint8_t lead = *at;
    int size = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    *ret_size = 1;
    if (size == 0 || end - at < size)
        return false;
    uint32_t code = lead & (0xFFu >> (size + 1));
    for (int i = 1; i < size; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return false;
        code = (code << 6) | (at[i] & 0x3Fu);
    }
    *ret = code;
    *ret_size = size;
    return true;
}

static char *encode(uint32_t code, char *out) {
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xC0 | (code >> 6));
        *out++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *out++ = (char)(0xE0 | (code >> 12));
        *out++ = (char)(0x80 | ((code >> 6) & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    } else {
        *out++ = (char)(0xF0 | (code >> 18));
        *out++ = (char)(0x80 | ((code >> 12) & 0x3F));
        *out++ = (char)(0x80 | ((code >> 6) & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    }
    return out;
}

static const case_range *find_range(const case_range *ranges, int count, uint32_t code) {
    int low = 0, high = count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (code > ranges[middle].last)
            low = middle + 1;
        else if (code < ranges[middle].first)
            high = middle;
        else
            return (code - ranges[middle].first) % (uint32_t)ranges[middle].step == 0 ? &ranges[middle]
                                                                                      : NULL;
    }
    return NULL;
}

static char *map_code(uint32_t code, bool upper, char *out) {
    const case_special *specials = upper ? upper_specials : lower_specials;
    int count = upper ? COUNT(upper_specials) : COUNT(lower_specials);
    for (int i = 0; i < count; i++)
        if (specials[i].code == code) {
            for (int k = 0; k < 3 && specials[i].to[k]; k++)
                out = encode(specials[i].to[k], out);
            return out;
        }
    const case_range *range = upper ? find_range(upper_ranges, COUNT(upper_ranges), code)
                                    : find_range(lower_ranges, COUNT(lower_ranges), code);
    return encode(range ? (uint32_t)((int64_t)code + range->delta) : code, out);
}

static bool is_cased(uint32_t code) {
    if (code < 0x80)
        return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
    return find_range(upper_ranges, COUNT(upper_ranges), code) ||
           find_range(lower_ranges, COUNT(lower_ranges), code);
}

/* GREEK SMALL LETTER FINAL SIGMA at the end of a word */
static bool is_final_sigma(weir_str text, size_t at) {
    const uint8_t *data = (const uint8_t *)text.data, *end = data + text.size;
    uint32_t code;
    int size;
    size_t before = at;
    while (before > 0 && (data[before - 1] & 0xC0) == 0x80)
        before--;
    if (before == 0)
        return false;
    before--;
    code = data[before];
    if (code >= 0x80 && !decode(data + before, end, &code, &size))
        return false;
    if (!is_cased(code))
        return false;
    if (at + 2 >= text.size)
        return true;
    code = data[at + 2];
    if (code >= 0x80 && !decode(data + at + 2, end, &code, &size))
        return true;
    return !is_cased(code);
}

static size_t map_text(weir_str text, bool upper, char *ret) {
    char *out = ret;
    const uint8_t *data = (const uint8_t *)text.data, *end = data + text.size;
    for (size_t at = 0; at < text.size;) {
        uint8_t byte = data[at];
        if (byte < 0x80) {
            bool change = upper ? byte >= 'a' && byte <= 'z' : byte >= 'A' && byte <= 'Z';
            *out++ = (char)(change ? byte ^ 0x20 : byte);
            at++;
            continue;
        }
        uint32_t code;
        int size;
        if (!decode(data + at, end, &code, &size))
            *out++ = (char)byte;
        else if (!upper && code == 0x3A3)
            out = encode(is_final_sigma(text, at) ? 0x3C2 : 0x3C3, out);
        else
            out = map_code(code, upper, out);
        at += (size_t)size;
    }
    return (size_t)(out - ret);
}

size_t weir_unicode_upper(weir_str text, char *ret) {
    return map_text(text, true, ret);
}

size_t weir_unicode_lower(weir_str text, char *ret) {
    return map_text(text, false, ret);
}
