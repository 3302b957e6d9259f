/* LIKE and ILIKE.
 *
 * A LIKE pattern is parsed once (at bind time where it is a literal) into pieces of text, "any one code
 * point" and "any text"; the frequent shapes text, text%, %text and %text% become plain comparisons, all
 * others a two-pointer match without recursion, so no pattern can blow up. */
#include <stdio.h>

#include "common/expr/expr_int.h"

/* ---- LIKE ---- */
typedef enum like_shape { LIKE_EQUAL, LIKE_PREFIX, LIKE_SUFFIX, LIKE_CONTAINS, LIKE_GENERAL } like_shape;

enum { ONE_CHAR = 0x110000, ANY_TEXT = 0x110001 }; /* behind all code points */

typedef struct like_pattern {
    like_shape shape;
    weir_str text;   /* all shapes but GENERAL */
    uint32_t *units; /* code points, ONE_CHAR, ANY_TEXT; malformed bytes count as code points 0..255 */
    int32_t count;
} like_pattern;

static uint32_t next_unit(weir_str text, size_t *at) {
    uint8_t lead = (uint8_t)text.data[*at];
    size_t size = WEIR_MIN((size_t)weir_utf8_size(lead), text.size - *at);
    uint32_t code = size == 1 ? lead : lead & (0xFFu >> (size + 1));
    for (size_t i = 1; i < size; i++)
        code = (code << 6) | ((uint8_t)text.data[*at + i] & 0x3Fu);
    *at += size;
    return code;
}

/* A pattern as a SQL literal, for messages. */
static char *quoted_pattern(weir_arena *arena, weir_str text) {
    weir_strbuf buf = {0};
    weir_strbuf_add_char(&buf, '\'');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\\' || text.data[i] == '\'')
            weir_strbuf_add_char(&buf, '\\');
        weir_strbuf_add_char(&buf, text.data[i]);
    }
    weir_strbuf_add_char(&buf, '\'');
    char *quoted = weir_arena_strdup(arena, buf.data);
    weir_strbuf_fini(&buf);
    return quoted;
}

static weir_code escape_target(weir_arena *arena, weir_str pattern, size_t *at, uint32_t escape,
                               uint32_t *ret, weir_error **err) {
    if (*at >= pattern.size)
        WEIR_RAISE(err, INVALID_FORMAT__ESC_AT_THE_END, "format", quoted_pattern(arena, pattern));
    size_t from = *at;
    *ret = next_unit(pattern, at);
    if (*ret != '_' && *ret != '%' && *ret != escape)
        WEIR_RAISE(err, INVALID_FORMAT__ESC_IN_THE_MIDDLE, "format", quoted_pattern(arena, pattern), "char",
                   quoted_pattern(arena, weir_str_make(pattern.data + from, *at - from)));
    return WEIR_OK;
}

/* The shape where wildcards stand at the ends only; text is the pattern without escapes. */
static void find_shape(weir_arena *arena, like_pattern *like) {
    int32_t from = 0, to = like->count;
    bool leading = to > 0 && like->units[0] == ANY_TEXT;
    while (from < to && like->units[from] == ANY_TEXT)
        from++;
    bool trailing = to > from && like->units[to - 1] == ANY_TEXT;
    while (to > from && like->units[to - 1] == ANY_TEXT)
        to--;
    char *text = weir_arena_alloc(arena, (size_t)(to - from) * 4 + 1);
    size_t size = 0;
    for (int32_t i = from; i < to; i++) {
        uint32_t code = like->units[i];
        if (code >= ONE_CHAR ||
            (code >= 0x80 && code < 0x100)) { /* maybe a malformed byte: compare by units */
            like->shape = LIKE_GENERAL;
            return;
        }
        if (code < 0x80) {
            text[size++] = (char)code;
        } else if (code < 0x800) {
            text[size++] = (char)(0xC0 | (code >> 6));
            text[size++] = (char)(0x80 | (code & 0x3F));
        } else if (code < 0x10000) {
            text[size++] = (char)(0xE0 | (code >> 12));
            text[size++] = (char)(0x80 | ((code >> 6) & 0x3F));
            text[size++] = (char)(0x80 | (code & 0x3F));
        } else {
            text[size++] = (char)(0xF0 | (code >> 18));
            text[size++] = (char)(0x80 | ((code >> 12) & 0x3F));
            text[size++] = (char)(0x80 | ((code >> 6) & 0x3F));
            text[size++] = (char)(0x80 | (code & 0x3F));
        }
    }
    like->text = weir_str_make(text, size);
    like->shape = leading && (trailing || size == 0) ? LIKE_CONTAINS
                  : leading                          ? LIKE_SUFFIX
                  : trailing                         ? LIKE_PREFIX
                                                     : LIKE_EQUAL;
}

static weir_code like_compile(weir_arena *arena, weir_str pattern, weir_str escape_text, like_pattern *ret,
                              weir_error **err) {
    size_t at = 0, escape_at = 0;
    uint32_t escape = escape_text.size ? next_unit(escape_text, &escape_at) : '\\';
    *ret = (like_pattern){.units = weir_arena_alloc(arena, sizeof(uint32_t) * (pattern.size + 1))};
    while (at < pattern.size) {
        uint32_t code = next_unit(pattern, &at);
        if (code == escape)
            WEIR_TRY(escape_target(arena, pattern, &at, escape, &code, err));
        else if (code == '_')
            code = ONE_CHAR;
        else if (code == '%')
            code = ANY_TEXT;
        ret->units[ret->count++] = code;
    }
    find_shape(arena, ret);
    return WEIR_OK;
}

/* Two pointers: on a mismatch go back to the last "any text" and let it take one more code point. */
static bool like_general(const like_pattern *like, weir_str text) {
    size_t at = 0, retry_at = 0;
    int32_t unit = 0, retry_unit = -1;
    while (at < text.size) {
        if (unit < like->count && like->units[unit] == ANY_TEXT) {
            retry_unit = ++unit;
            retry_at = at;
            continue;
        }
        size_t next = at;
        uint32_t code = next_unit(text, &next);
        if (unit < like->count && (like->units[unit] == ONE_CHAR || like->units[unit] == code)) {
            unit++;
            at = next;
        } else if (retry_unit >= 0) {
            next_unit(text, &retry_at);
            at = retry_at;
            unit = retry_unit;
        } else {
            return false;
        }
    }
    while (unit < like->count && like->units[unit] == ANY_TEXT)
        unit++;
    return unit == like->count;
}

static bool like_match(const like_pattern *like, weir_str text) {
    switch (like->shape) {
    case LIKE_EQUAL:
        return weir_str_equal(text, like->text);
    case LIKE_PREFIX:
        return weir_str_starts_with(text, like->text);
    case LIKE_SUFFIX:
        return weir_str_ends_with(text, like->text);
    case LIKE_CONTAINS:
        return like->text.size == 0 || memmem(text.data, text.size, like->text.data, like->text.size) != NULL;
    default:
        return like_general(like, text);
    }
}

static weir_code bind_like(weir_arena *arena, const weir_type *type, const weir_type *const *arg_types,
                           weir_column *const *literals, int32_t args_count, const weir_timezone *zone,
                           bool ansi, const void **ret_bound, weir_error **err) {
    (void)type, (void)arg_types, (void)zone, (void)ansi;
    *ret_bound = NULL;
    if (literals[1] == NULL || weir_column_is_null(literals[1], 0) || (args_count > 2 && literals[2] == NULL))
        return WEIR_OK;
    like_pattern *like = WEIR_NEW(arena, like_pattern);
    weir_str escape = args_count > 2 ? weir_column_bytes(literals[2], 0) : WEIR_STR("\\");
    (void)err;
    if (like_compile(arena, weir_column_bytes(literals[1], 0), escape, like, NULL) == WEIR_OK)
        *ret_bound = like; /* a bad pattern is raised by the rows that use it */
    return WEIR_OK;
}

static weir_code like_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    const like_pattern *like = call->bound;
    uint8_t *truth = weir_result_truth_new(call);
    if (like) {
        WEIR_EACH(call, i)
        truth[i] = like_match(like, weir_column_bytes(call->args[0], i));
        return weir_result_truth(call, truth, ret, err);
    }
    weir_str last = {NULL, 0};
    like_pattern own;
    WEIR_EACH(call, i) {
        weir_str pattern = weir_column_bytes(call->args[1], i);
        if (last.data == NULL || !weir_str_equal(pattern, last)) {
            weir_str escape = call->args_count > 2 ? weir_column_bytes(call->args[2], i) : WEIR_STR("\\");
            WEIR_TRY(like_compile(call->eval->arena, pattern, escape, &own, err));
            last = pattern;
        }
        truth[i] = like_match(&own, weir_column_bytes(call->args[0], i));
    }
    return weir_result_truth(call, truth, ret, err);
}

/* a ILIKE p is lower(a) LIKE lower(p) */
static weir_code resolve_ilike(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)ret_type, (void)ret_nullable, (void)err;
    weir_node *parts[3] = {weir_make_call(resolve, "lower", 1, &args[0]),
                           weir_make_call(resolve, "lower", 1, &args[1]), args_count > 2 ? args[2] : NULL};
    *ret_rewrite = weir_make_call(resolve, "like", args_count, parts);
    return WEIR_OK;
}

#define PATTERN_FUNCTION(sql_name, bind_fn, kernel, high) \
    { \
        .name = sql_name, .args_min = 2, .args_max = high, .flags = WEIR_FN_NULL_PROPAGATES, \
        .resolve = weir_resolve_signature, .bind = bind_fn, .eval = kernel, \
        .signature = "string; string; string -> boolean" \
    }

const weir_function weir_pattern_functions[] = {
    PATTERN_FUNCTION("like", bind_like, like_kernel, 3),
    {.name = "ilike", .args_min = 2, .args_max = 3, .resolve = resolve_ilike},
};
WEIR_FAMILY_COUNT(pattern)
