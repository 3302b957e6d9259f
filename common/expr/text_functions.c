/* More functions of text: initcap, ascii, chr, translate, overlay, substring_index, find_in_set, levenshtein,
 * soundex, jaro_winkler_similarity, quote, mask, luhn_check, space, and those that join or choose texts. */
#include "common/base/utf8.h"
#include "common/expr/java_regex_int.h"
#include "common/expr/unicode_case.h"

/* ---- initcap: words end at a blank ---- */

/* Title case of one character: upper case but for letters that stand for two. */
static size_t put_title(weir_str one, char *ret) {
    size_t at = 0;
    uint32_t code = weir_text_next(one, &at);
    if (code < 0x80) {
        ret[0] = (char)(code >= 'a' && code <= 'z' ? code - 32 : code);
        return 1;
    }
    if ((code >= 0x1C4 && code <= 0x1CC) || (code >= 0x1F1 && code <= 0x1F3))
        return weir_text_put(code >= 0x1F1 ? 0x1F2 : 0x1C5 + (code - 0x1C4) / 3 * 3, ret);
    if ((code >= 0x10D0 && code <= 0x10FA) || (code >= 0x10FD && code <= 0x10FF)) { /* Georgian */
        memcpy(ret, one.data, one.size);
        return one.size;
    }
    size_t size = weir_unicode_upper(one, ret), first = weir_text_step(weir_str_make(ret, size), 0);
    if (first < size && code != 0x149) { /* sharp s becomes Ss */
        char tail[32];
        memcpy(tail, ret + first, size - first);
        size = first + weir_unicode_lower(weir_str_make(tail, size - first), ret + first);
    }
    return size;
}

static size_t put_initcap(weir_str text, char *out) {
    size_t size = 0;
    for (size_t at = 0; at < text.size;) {
        if (text.data[at] == ' ') {
            out[size++] = ' ';
            at++;
            continue;
        }
        const char *blank = memchr(text.data + at, ' ', text.size - at);
        size_t end = blank ? (size_t)(blank - text.data) : text.size;
        weir_str word = weir_text_sub(text, at, end),
                 first = weir_str_make(word.data, weir_text_step(word, 0));
        char title[32], small[32];
        size_t title_size = put_title(first, title), small_size = weir_unicode_lower(first, small);
        size_t lower = weir_unicode_lower(word, out + size + 16);
        memcpy(out + size, title, title_size);
        memmove(out + size + title_size, out + size + 16 + small_size, lower - small_size);
        size += title_size + lower - small_size;
        at = end;
    }
    return size;
}
WEIR_TEXT_WRITER_KERNEL(initcap_kernel, text.size * 3 + 64, size = put_initcap(text, out))

/* ---- single characters ---- */
static int32_t first_code(weir_str text) {
    size_t at = 0;
    return text.size ? (int32_t)weir_text_next(text, &at) : 0;
}
WEIR_INT_KERNEL(ascii_kernel, first_code(text))

static weir_code chr_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    const int64_t *a = WEIR_VALUES(call->args[0], int64_t);
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 2, err));
    WEIR_EACH(call, i) {
        int64_t value = a[weir_column_slot(call->args[0], i)];
        char out[4];
        size_t size = value < 0 ? 0 : weir_text_put((uint32_t)(value & 0xFF), out);
        WEIR_TRY(weir_bytes_put(&writer, i, weir_str_make(out, size), err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code space_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 8, err));
    WEIR_EACH(call, i) {
        size_t size = (size_t)WEIR_MAX(weir_int_arg(call, 0, i), 0);
        uint8_t *out = weir_bytes_room(&writer, size, err);
        if (out == NULL)
            return err && *err ? weir_error_code(*err) : WEIR_OUT_OF_MEMORY;
        memset(out, ' ', size);
        weir_bytes_end(&writer, i, size);
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

/* ---- parts ---- */

/* Everything before (count > 0) or behind (count < 0) the count-th delimiter; hits may overlap. */
static weir_str substring_index(weir_str text, weir_str delimiter, int64_t count) {
    if (count == 0 || delimiter.size == 0)
        return weir_str_make(text.data, 0);
    if (count > 0) {
        const char *from = text.data, *end = text.data + text.size, *hit;
        while ((hit = memmem(from, (size_t)(end - from), delimiter.data, delimiter.size)) != NULL) {
            if (--count == 0)
                return weir_str_make(text.data, (size_t)(hit - text.data));
            from = hit + 1;
        }
        return text;
    }
    if (delimiter.size > text.size)
        return text;
    for (size_t at = text.size - delimiter.size + 1; at-- > 0;) {
        if (memcmp(text.data + at, delimiter.data, delimiter.size) == 0 && ++count == 0)
            return weir_text_sub(text, at + delimiter.size, text.size);
    }
    return text;
}
WEIR_TEXT_KERNEL(substring_index_kernel, result = substring_index(text, weir_column_bytes(call->args[1], i),
                                                                  weir_int_arg(call, 2, i)))

static weir_code overlay_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    bool binary = call->type->kind == WEIR_TYPE_BINARY;
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_EACH(call, i) {
        weir_str text = weir_column_bytes(call->args[0], i), with = weir_column_bytes(call->args[1], i);
        int64_t position = weir_int_arg(call, 2, i),
                length = call->args_count > 3 ? weir_int_arg(call, 3, i) : -1;
        if (length < 0)
            length = binary ? (int64_t)with.size : weir_text_count(with);
        weir_str head = weir_text_substring(text, binary, 1, position - 1);
        weir_str tail = weir_text_substring(text, binary, position + length, INT32_MAX);
        uint8_t *out = weir_bytes_room(&writer, head.size + with.size + tail.size, err);
        if (out == NULL)
            return WEIR_OUT_OF_MEMORY;
        memcpy(out, head.data, head.size);
        memcpy(out + head.size, with.data, with.size);
        memcpy(out + head.size + with.size, tail.data, tail.size);
        weir_bytes_end(&writer, i, head.size + with.size + tail.size);
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

/* 1-based place of `word` in a list with commas. */
static int32_t find_in_set(weir_str word, weir_str list) {
    if (memchr(word.data, ',', word.size))
        return 0;
    for (int32_t n = 1;; n++) {
        const char *comma = memchr(list.data, ',', list.size);
        size_t size = comma ? (size_t)(comma - list.data) : list.size;
        if (weir_str_equal(word, weir_str_make(list.data, size)))
            return n;
        if (comma == NULL)
            return 0;
        list = weir_text_sub(list, size + 1, list.size);
    }
}
WEIR_INT_KERNEL(find_in_set_kernel, find_in_set(text, weir_column_bytes(call->args[1], i)))

/* ---- translate ---- */

/* Position of the code point `code` in `set`, -1 where it is not there. */
static int32_t code_index(weir_str set, uint32_t code) {
    int32_t index = 0;
    for (size_t at = 0; at < set.size; index++)
        if (weir_text_next(set, &at) == code)
            return index;
    return -1;
}

static size_t put_translated(weir_str text, weir_str from, weir_str to, char *out) {
    size_t size = 0;
    for (size_t at = 0; at < text.size;) {
        size_t step = weir_text_step(text, at), next = at;
        int32_t index = code_index(from, weir_text_next(text, &next));
        if (index < 0) {
            memcpy(out + size, text.data + at, step);
            size += step;
        } else {
            size_t start = weir_text_offset(to, index);
            if (start < to.size) {
                size_t width = weir_text_step(to, start);
                memcpy(out + size, to.data + start, width);
                size += width;
            }
        }
        at = next;
    }
    return size;
}
WEIR_TEXT_WRITER_KERNEL(translate_kernel, text.size * 4 + 4,
                        size = put_translated(text, weir_column_bytes(call->args[1], i),
                                              weir_column_bytes(call->args[2], i), out))

/* ---- likeness ---- */
typedef struct code_points {
    uint32_t *codes;
    int32_t count;
} code_points;

static code_points code_points_of(weir_arena *arena, weir_str text) {
    code_points points = {weir_arena_alloc(arena, sizeof(uint32_t) * (text.size + 1)), 0};
    for (size_t at = 0; at < text.size;)
        points.codes[points.count++] = weir_text_next(text, &at);
    return points;
}

/* One row of the matrix is kept: row[j] is the distance of a's first i characters and b's first j. */
static int32_t edit_distance(weir_arena *arena, weir_str a_text, weir_str b_text) {
    code_points a = code_points_of(arena, a_text), b = code_points_of(arena, b_text);
    int32_t *row = weir_arena_alloc(arena, sizeof(int32_t) * (size_t)(b.count + 1));
    for (int32_t j = 0; j <= b.count; j++)
        row[j] = j;
    for (int32_t i = 1; i <= a.count; i++) {
        int32_t corner = row[0];
        row[0] = i;
        for (int32_t j = 1; j <= b.count; j++) {
            int32_t best =
                WEIR_MIN(WEIR_MIN(row[j], row[j - 1]) + 1, corner + (a.codes[i - 1] != b.codes[j - 1]));
            corner = row[j];
            row[j] = best;
        }
    }
    return row[b.count];
}

static int32_t bounded_distance(const weir_kernel_call *call, int32_t row, weir_str text) {
    weir_arena_mark mark = weir_arena_mark_here(call->eval->arena);
    int32_t distance = edit_distance(call->eval->arena, text, weir_column_bytes(call->args[1], row));
    weir_arena_rewind(call->eval->arena, mark);
    return call->args_count > 2 && distance > weir_int_arg(call, 2, row) ? -1 : distance;
}
WEIR_INT_KERNEL(levenshtein_kernel, bounded_distance(call, i, text))

static double jaro(weir_arena *arena, code_points a, code_points b) {
    if (a.count == 0 && b.count == 0)
        return 1;
    int32_t window = WEIR_MAX(WEIR_MAX(a.count, b.count) / 2 - 1, 0), matches = 0, swaps = 0;
    uint8_t *a_used = weir_arena_zalloc(arena, (size_t)a.count + 1);
    uint8_t *b_used = weir_arena_zalloc(arena, (size_t)b.count + 1);
    for (int32_t i = 0; i < a.count; i++) {
        int32_t to = WEIR_MIN(i + window + 1, b.count);
        for (int32_t j = WEIR_MAX(0, i - window); j < to; j++) {
            if (b_used[j] || a.codes[i] != b.codes[j])
                continue;
            a_used[i] = b_used[j] = 1;
            matches++;
            break;
        }
    }
    if (matches == 0)
        return 0;
    for (int32_t i = 0, j = 0; i < a.count; i++) {
        if (!a_used[i])
            continue;
        while (!b_used[j])
            j++;
        swaps += a.codes[i] != b.codes[j++];
    }
    double m = matches;
    return (m / a.count + m / b.count + (m - swaps / 2.0) / m) / 3.0;
}

static double jaro_winkler(weir_arena *arena, weir_str left, weir_str right) {
    weir_arena_mark mark = weir_arena_mark_here(arena);
    code_points a = code_points_of(arena, left), b = code_points_of(arena, right);
    double likeness = jaro(arena, a, b);
    int32_t prefix = 0, limit = WEIR_MIN(WEIR_MIN(a.count, b.count), 4);
    while (prefix < limit && a.codes[prefix] == b.codes[prefix])
        prefix++;
    weir_arena_rewind(arena, mark);
    return likeness + prefix * 0.1 * (1 - likeness);
}

static weir_code jaro_winkler_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    double *out = weir_column_values(column);
    WEIR_EACH(call, i)
    out[i] = jaro_winkler(call->eval->arena, weir_column_bytes(call->args[0], i),
                          weir_column_bytes(call->args[1], i));
    *ret = column;
    return WEIR_OK;
}

/* H and W are passed over, other letters without a digit separate equal ones. */
static weir_str soundex(weir_str text, char *ret) {
    static const char digits[] = "01230127022455012623017202";
    uint8_t first = text.size ? (uint8_t)text.data[0] & 0xDF : 0;
    if (first < 'A' || first > 'Z')
        return text;
    memcpy(ret, "0000", 4);
    ret[0] = (char)first;
    char last = digits[first - 'A'];
    int32_t size = 1;
    for (size_t i = 1; i < text.size && size < 4; i++) {
        uint8_t letter = (uint8_t)text.data[i];
        letter = letter >= 'a' && letter <= 'z' ? (uint8_t)(letter - 32) : letter;
        char digit = letter < 'A' || letter > 'Z' ? '0' : digits[letter - 'A'];
        if (digit == '7')
            continue;
        if (digit != '0' && digit != last)
            ret[size++] = digit;
        last = digit;
    }
    return weir_str_make(ret, 4);
}
WEIR_TEXT_KERNEL(soundex_kernel, char code[4]; result = soundex(text, code))

/* ---- checks and forms ---- */
static bool luhn_check(weir_str digits) {
    int32_t sum = 0;
    for (size_t i = 0; i < digits.size; i++) {
        int32_t digit = digits.data[digits.size - 1 - i] - '0';
        if (digit < 0 || digit > 9)
            return false;
        sum += i % 2 == 0 ? digit : digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    }
    return digits.size > 0 && sum % 10 == 0;
}
WEIR_TRUTH_KERNEL(luhn_check_kernel, luhn_check(text))

static size_t put_quoted(weir_str text, char *out) {
    size_t size = 0;
    out[size++] = '\'';
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\'')
            out[size++] = '\\';
        out[size++] = text.data[i];
    }
    out[size++] = '\'';
    return size;
}
WEIR_TEXT_WRITER_KERNEL(quote_kernel, text.size * 2 + 2, size = put_quoted(text, out))

WEIR_TRUTH_KERNEL(is_valid_utf8_kernel, weir_utf8_valid(text))

/* Bytes of the malformed sequence at `at`: its longest part that starts a character, at least one byte. */
static size_t malformed_size(weir_str text, size_t at) {
    uint8_t lead = (uint8_t)text.data[at];
    size_t full = lead >= 0xC2 && lead < 0xE0   ? 2
                  : lead >= 0xE0 && lead < 0xF0 ? 3
                  : lead >= 0xF0 && lead < 0xF5 ? 4
                                                : 1;
    size_t size = 1;
    for (; size < full && at + size < text.size; size++) {
        uint8_t byte = (uint8_t)text.data[at + size];
        uint8_t low = size > 1 ? 0x80 : lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        uint8_t high = size > 1 ? 0xBF : lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if (byte < low || byte > high)
            break;
    }
    return size;
}

static size_t put_valid(weir_str text, char *out) {
    size_t size = 0;
    for (size_t at = 0; at < text.size;) {
        size_t step = weir_text_step(text, at);
        bool valid = weir_utf8_valid(weir_text_sub(text, at, at + step));
        if (!valid)
            step = malformed_size(text, at);
        memcpy(out + size, valid ? text.data + at : "\xEF\xBF\xBD", valid ? step : 3);
        size += valid ? step : 3;
        at += step;
    }
    return size;
}
WEIR_TEXT_WRITER_KERNEL(make_valid_utf8_kernel, text.size * 3 + 3, size = put_valid(text, out))

weir_str weir_text_valid(weir_arena *arena, weir_str text) {
    if (weir_utf8_valid(text))
        return text;
    char *out = weir_arena_alloc(arena, text.size * 3 + 3);
    return weir_str_make(out, put_valid(text, out));
}

static weir_code validate_rows(const weir_kernel_call *call, bool forgiving, weir_column **ret,
                               weir_error **err) {
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_EACH(call, i) {
        weir_str text = weir_column_bytes(call->args[0], i);
        if (weir_utf8_valid(text)) {
            WEIR_TRY(weir_bytes_put(&writer, i, text, err));
        } else if (forgiving) {
            WEIR_TRY(weir_bytes_null(call, &writer, i, err));
        } else {
            _cleanup_strbuf_ weir_strbuf shown = {0};
            for (size_t at = 0; at < text.size; at++)
                weir_strbuf_addf(&shown, "\\x%02X", (unsigned)(uint8_t)text.data[at]);
            WEIR_RAISE(err, INVALID_UTF8_STRING, "str", shown.data);
        }
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code validate_utf8_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return validate_rows(call, false, ret, err);
}

static weir_code try_validate_utf8_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return validate_rows(call, true, ret, err);
}

static weir_code resolve_overlay(WEIR_RESOLVE_PARAMS) {
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    if ((args[0]->type->kind == WEIR_TYPE_BINARY) != (args[1]->type->kind == WEIR_TYPE_BINARY))
        return weir_fail_diff_types(resolve, function, args, 2, err);
    return WEIR_OK;
}

const weir_function weir_text_functions[] = {
    WEIR_TEXT_FUNCTION("initcap", initcap_kernel, 1, 1, "string -> string"),
    WEIR_TEXT_FUNCTION("ascii", ascii_kernel, 1, 1, "string -> int"),
    WEIR_TEXT_FUNCTION("chr", chr_kernel, 1, 1, "long -> string"),
    WEIR_TEXT_FUNCTION("char", chr_kernel, 1, 1, "long -> string"),
    WEIR_TEXT_FUNCTION("space", space_kernel, 1, 1, "int -> string"),
    WEIR_TEXT_FUNCTION("substring_index", substring_index_kernel, 3, 3, "string; string; int -> string"),
    {.name = "overlay",
     .args_min = 3,
     .args_max = 4,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = resolve_overlay,
     .eval = overlay_kernel,
     .signature = "string|binary; string|binary; int; int -> =1"},
    WEIR_TEXT_FUNCTION("find_in_set", find_in_set_kernel, 2, 2, "string; string -> int"),
    WEIR_TEXT_FUNCTION("translate", translate_kernel, 3, 3, "string; string; string -> string"),
    WEIR_TEXT_FUNCTION("levenshtein", levenshtein_kernel, 2, 3, "string; string; int -> int"),
    WEIR_TEXT_FUNCTION("jaro_winkler_similarity", jaro_winkler_kernel, 2, 2, "string; string -> double"),
    WEIR_TEXT_FUNCTION("soundex", soundex_kernel, 1, 1, "!string -> string"),
    WEIR_TEXT_FUNCTION("luhn_check", luhn_check_kernel, 1, 1, "string -> boolean"),
    WEIR_TEXT_FUNCTION("quote", quote_kernel, 1, 1, "string -> string"),
    WEIR_TEXT_FUNCTION("is_valid_utf8", is_valid_utf8_kernel, 1, 1, "string -> boolean"),
    WEIR_TEXT_FUNCTION("make_valid_utf8", make_valid_utf8_kernel, 1, 1, "string -> string"),
    WEIR_TEXT_FUNCTION("validate_utf8", validate_utf8_kernel, 1, 1, "string -> string"),
    WEIR_TEXT_FUNCTION("try_validate_utf8", try_validate_utf8_kernel, 1, 1, "string -> string"),
};
WEIR_FAMILY_COUNT(text)
