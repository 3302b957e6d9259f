/* str_to_map(text[, pair delimiter[, key delimiter]]): the pairs of a text as a map.
 *
 * Both delimiters are regular expressions, as Spark's split takes them; those without special characters, as
 * nearly all are, are searched as bytes. An empty pair delimiter parts the text into characters. Runs on the
 * task's thread. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "common/column/builder.h"
#include "common/expr/map_builder_int.h"

enum { MATCH_LIMIT = 10000000, DEPTH_LIMIT = 20000, HEAP_LIMIT_KIB = 65536, PATTERN_SIZE_MAX = 32768 };

/* ---- delimiters ---- */
typedef struct splitter {
    weir_str delimiter; /* what `code` was compiled from */
    bool plain;
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *context;
} splitter;

static void splitter_fini(splitter *s) {
    pcre2_code_free(s->code);
    pcre2_match_data_free(s->match);
    pcre2_match_context_free(s->context);
}

static bool has_special(weir_str text) {
    for (size_t i = 0; i < text.size; i++)
        if (strchr("\\^$.|?*+()[]{}", text.data[i]))
            return true;
    return false;
}

static weir_code compile_delimiter(splitter *s, weir_error **err) {
    int status;
    PCRE2_SIZE offset;
    if (s->delimiter.size > PATTERN_SIZE_MAX)
        WEIR_FAIL(err, NOT_SUPPORTED, "regular expressions longer than %d bytes are not supported by Weir",
                  PATTERN_SIZE_MAX);
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    s->code =
        pcre2_compile((PCRE2_SPTR)s->delimiter.data, s->delimiter.size, options, &status, &offset, NULL);
    if (s->code == NULL) {
        PCRE2_UCHAR message[128];
        pcre2_get_error_message(status, message, sizeof(message));
        WEIR_FAIL(err, NOT_SUPPORTED, "a delimiter of str_to_map is no regular expression: %s",
                  (const char *)message);
    }
    s->match = pcre2_match_data_create_from_pattern(s->code, NULL);
    s->context = pcre2_match_context_create(NULL);
    if (s->match == NULL || s->context == NULL)
        return weir_error_oom(err);
    pcre2_set_match_limit(s->context, MATCH_LIMIT);
    pcre2_set_depth_limit(s->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(s->context, HEAP_LIMIT_KIB);
    return WEIR_OK;
}

/* Makes the splitter one of this delimiter (borrowed for the batch). */
static weir_code splitter_set(splitter *s, weir_str delimiter, weir_error **err) {
    if (s->delimiter.data && weir_str_equal(s->delimiter, delimiter))
        return WEIR_OK;
    splitter_fini(s);
    *s = (splitter){.delimiter = delimiter, .plain = !has_special(delimiter)};
    return s->plain ? WEIR_OK : compile_delimiter(s, err);
}

/* The next delimiter at or behind `at`: *ret_from, *ret_to; false where there is none. */
static weir_code next_delimiter(const splitter *s, weir_str text, size_t at, bool *ret_found,
                                size_t *ret_from, size_t *ret_to, weir_error **err) {
    *ret_found = false;
    if (text.size == 0)
        return WEIR_OK;
    if (s->plain) {
        const char *found = memmem(text.data + at, text.size - at, s->delimiter.data, s->delimiter.size);
        if (found == NULL)
            return WEIR_OK;
        *ret_from = (size_t)(found - text.data);
        *ret_to = *ret_from + s->delimiter.size;
        *ret_found = true;
        return WEIR_OK;
    }
    int status = pcre2_match(s->code, (PCRE2_SPTR)text.data, text.size, at, 0, s->match, s->context);
    if (status == PCRE2_ERROR_NOMATCH)
        return WEIR_OK;
    if (status < 0) {
        PCRE2_UCHAR message[128];
        pcre2_get_error_message(status, message, sizeof(message));
        WEIR_FAIL(err, NOT_SUPPORTED, "a regular expression was stopped: %s", (const char *)message);
    }
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(s->match);
    *ret_from = ends[0];
    *ret_to = ends[1];
    *ret_found = true;
    return WEIR_OK;
}

/* Java's split: the part at *at, and where the next one begins (SIZE_MAX behind the last). A match without
 * width at the beginning of the text parts nothing off. */
static weir_code next_part(const splitter *s, weir_str text, size_t *at, weir_str *ret, weir_error **err) {
    if (s->delimiter.size == 0 && text.size > 0) { /* characters */
        size_t size = WEIR_MIN((size_t)weir_utf8_size((uint8_t)text.data[*at]), text.size - *at);
        *ret = weir_str_make(text.data + *at, size);
        *at = *at + size < text.size ? *at + size : SIZE_MAX;
        return WEIR_OK;
    }
    bool found;
    size_t from = 0, to = 0, search = *at;
    do {
        WEIR_TRY(next_delimiter(s, text, search, &found, &from, &to, err));
        search = to + 1; /* only used behind a match without width */
    } while (found && to == from && (from == *at || from == text.size) && search <= text.size);
    if (found && to == from && (from == *at || from == text.size))
        found = false;
    *ret = weir_str_make(text.data + *at, (found ? from : text.size) - *at);
    *at = found ? to : SIZE_MAX;
    return WEIR_OK;
}

/* ---- rows ---- */
typedef struct pairs {
    splitter between, inside;
    weir_builder keys, values;
    int32_t *offsets;
} pairs;

static void pairs_fini(pairs *p) {
    splitter_fini(&p->between);
    splitter_fini(&p->inside);
    weir_builder_fini(&p->keys);
    weir_builder_fini(&p->values);
}

static weir_code add_pair(pairs *p, weir_str pair, weir_error **err) {
    weir_str key = pair, value = {0};
    bool found = false;
    size_t from = 0, to = 0;
    if (p->inside.delimiter.size == 0 && pair.size > 0) { /* the first character and the rest */
        size_t at = 0;
        WEIR_TRY(next_part(&p->inside, pair, &at, &key, err));
        found = at != SIZE_MAX;
        if (found)
            value = weir_str_make(pair.data + at, pair.size - at);
    } else {
        WEIR_TRY(next_delimiter(&p->inside, pair, 0, &found, &from, &to, err));
        if (found && to == 0)
            found = false;
        if (found) {
            key = weir_str_make(pair.data, from);
            value = weir_str_make(pair.data + to, pair.size - to);
        }
    }
    bool ok =
        weir_builder_bytes(&p->keys, key.data, key.size) &&
        (found ? weir_builder_bytes(&p->values, value.data, value.size) : weir_builder_null(&p->values));
    return ok ? WEIR_OK : weir_error_oom(err);
}

static weir_code add_row(pairs *p, const weir_kernel_call *call, int32_t row, weir_error **err) {
    weir_str text = weir_column_bytes(call->args[0], row), part;
    WEIR_TRY(splitter_set(&p->between, weir_column_bytes(call->args[1], row), err));
    WEIR_TRY(splitter_set(&p->inside, weir_column_bytes(call->args[2], row), err));
    for (size_t at = 0; at != SIZE_MAX;) {
        WEIR_TRY(next_part(&p->between, text, &at, &part, err));
        WEIR_TRY(add_pair(p, part, err));
    }
    return WEIR_OK;
}

static weir_code str_to_map(const weir_kernel_call *call, bool last_win, weir_column **ret,
                            weir_error **err) {
    pairs p _cleanup_(pairs_fini) = {0};
    weir_budget *budget = call->eval->budget;
    WEIR_TRY(weir_builder_init(&p.keys, budget, call->type->element, call->sel.count, err));
    WEIR_TRY(weir_builder_init(&p.values, budget, call->type->value, call->sel.count, err));
    p.offsets = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * ((size_t)call->rows + 2));
    int32_t next = 0;
    WEIR_EACH(call, row) {
        while (next <= row)
            p.offsets[next++] = p.keys.length;
        WEIR_TRY(add_row(&p, call, row, err));
    }
    while (next <= call->rows)
        p.offsets[next++] = p.keys.length;
    _cleanup_column_ weir_column *keys = NULL, *values = NULL;
    WEIR_TRY(weir_builder_finish(&p.keys, &keys, err));
    WEIR_TRY(weir_builder_finish(&p.values, &values, err));
    return weir_map_build(call, p.offsets, keys, values, NULL, last_win, ret, err);
}

static weir_code str_to_map_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return str_to_map(call, false, ret, err);
}

static weir_code str_to_map_last_win_kernel(const weir_kernel_call *call, weir_column **ret,
                                            weir_error **err) {
    return str_to_map(call, true, ret, err);
}

static weir_code resolve_str_to_map(WEIR_RESOLVE_PARAMS) {
    (void)ret_rewrite;
    const weir_type *string = weir_type_of(WEIR_TYPE_STRING);
    if (args_count < 3) { /* the defaults are arguments like others */
        weir_node *parts[] = {args[0],
                              args_count > 1 ? args[1] : weir_literal_string(resolve->arena, WEIR_STR(",")),
                              weir_literal_string(resolve->arena, WEIR_STR(":"))};
        *ret_rewrite = weir_make_call(resolve, function->name, 3, parts);
        return WEIR_OK;
    }
    for (int32_t i = 0; i < args_count; i++) {
        if (!weir_type_is_string(args[i]->type) && args[i]->type->kind != WEIR_TYPE_NULL)
            return weir_fail_input_type(resolve, args, i, "\"STRING\"", err);
        args[i] = weir_coerce_cast(resolve, args[i], string);
    }
    *ret_type = weir_type_map(resolve->arena, string, string, true);
    *ret_nullable = weir_any_nullable(args, args_count);
    return WEIR_OK;
}

#define PAIRS_FUNCTION(sql_name, more, kernel) \
    { \
        .name = sql_name, .args_min = 1, .args_max = 3, .flags = WEIR_FN_NULL_PROPAGATES | (more), \
        .resolve = resolve_str_to_map, .eval = kernel \
    }

const weir_function weir_str_to_map_functions[] = {
    PAIRS_FUNCTION("str_to_map", 0, str_to_map_kernel),
    PAIRS_FUNCTION(WEIR_LAST_WIN "str_to_map", WEIR_FN_HIDDEN, str_to_map_last_win_kernel),
};
WEIR_FAMILY_COUNT(str_to_map)
