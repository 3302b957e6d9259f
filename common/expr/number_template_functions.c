/* to_number and try_to_number: texts to decimals by a template such as
 * '$9,999.99' or 'S099D9'.
 *
 *   [MI|S] [$] digits with , or G [. or D digits] [$] [PR|MI|S]
 *
 * A run of digits that starts with 0 wants that many digits, one that starts
 * with 9 at most so many; behind the point every run is "at most". The template
 * is a constant and is read when the call is resolved; its digits decide the
 * type. */
#include <stdio.h>

#include "common/expr/text_kernel_int.h"

enum { GROUPS_MAX = 40 };

typedef enum sign_style {
    SIGN_NONE,
    SIGN_FRONT,
    SIGN_BACK,
    SIGN_MINUS_FRONT,
    SIGN_MINUS_BACK,
    SIGN_ANGLE
} sign_style;

typedef struct number_template {
    int32_t groups[GROUPS_MAX]; /* digits between separators, from the left */
    int32_t groups_count;
    bool exact; /* the integer digits start with 0 */
    int32_t whole, fraction;
    bool point, dollar;
    sign_style sign;
} number_template;

static char upper_at(weir_str text, size_t at) {
    char c = at < text.size ? text.data[at] : 0;
    return (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
}

static bool accept_word(weir_str text, size_t *at, const char *word) {
    for (size_t i = 0; word[i]; i++)
        if (upper_at(text, *at + i) != word[i])
            return false;
    *at += strlen(word);
    return true;
}

/* False for a template that Spark refuses, or one of another form. */
static bool read_template(weir_str text, number_template *t) {
    size_t at = 0;
    *t = (number_template){0};
    if (accept_word(text, &at, "MI"))
        t->sign = SIGN_MINUS_FRONT;
    else if (accept_word(text, &at, "S"))
        t->sign = SIGN_FRONT;
    t->dollar = accept_word(text, &at, "$");
    t->exact = upper_at(text, at) == '0';
    t->groups_count = 1;
    for (;; at++) {
        char c = upper_at(text, at);
        if (c == '0' || c == '9') {
            t->groups[t->groups_count - 1]++;
            t->whole++;
        } else if ((c == ',' || c == 'G') && t->groups[t->groups_count - 1] > 0 &&
                   t->groups_count < GROUPS_MAX) {
            t->groups_count++;
        } else {
            break;
        }
    }
    if (t->groups_count > 1 && t->groups[t->groups_count - 1] == 0)
        return false;
    t->point = accept_word(text, &at, ".") || accept_word(text, &at, "D");
    for (; t->point && (upper_at(text, at) == '0' || upper_at(text, at) == '9'); at++)
        t->fraction++;
    bool back = t->sign == SIGN_NONE;
    if (back && accept_word(text, &at, "PR"))
        t->sign = SIGN_ANGLE;
    else if (back && accept_word(text, &at, "MI"))
        t->sign = SIGN_MINUS_BACK;
    else if (back && accept_word(text, &at, "S"))
        t->sign = SIGN_BACK;
    return at == text.size && t->whole + t->fraction > 0 &&
           t->whole + t->fraction <= WEIR_DECIMAL_MAX_PRECISION;
}

/* The integer part: groups from the right are full but for the leftmost one
 * that is there. */
static bool read_whole(const number_template *t, weir_str text, size_t *at, weir_int128 *value) {
    int32_t sizes[GROUPS_MAX] = {0}, count = 1;
    for (; *at < text.size; ++*at) {
        char c = text.data[*at];
        if (c >= '0' && c <= '9') {
            *value = *value * 10 + (c - '0');
            if (++sizes[count - 1] > WEIR_DECIMAL_MAX_PRECISION)
                return false;
        } else if (c == ',' && t->groups_count > 1) {
            if (count == t->groups_count)
                return false;
            count++;
        } else {
            break;
        }
    }
    int32_t skipped = t->groups_count - count;
    for (int32_t i = 0; i < count; i++) {
        int32_t wanted = t->groups[skipped + i];
        bool whole_group = i > 0 || (t->exact && skipped == 0);
        if (sizes[i] > wanted || (whole_group && sizes[i] != wanted))
            return false;
    }
    return !(t->exact && skipped > 0);
}

static bool read_number(const number_template *t, weir_str text, weir_int128 *ret) {
    size_t at = 0;
    bool negative = false, angle = false;
    *ret = 0;
    while (at < text.size && text.data[at] == ' ')
        at++;
    char first = upper_at(text, at);
    if ((t->sign == SIGN_FRONT && (first == '-' || first == '+')) ||
        (t->sign == SIGN_MINUS_FRONT && first == '-')) {
        negative = first == '-';
        at++;
    } else if (t->sign == SIGN_ANGLE && first == '<') {
        negative = angle = true;
        at++;
    }
    if (t->dollar && !accept_word(text, &at, "$"))
        return false;
    size_t start = at;
    if (!read_whole(t, text, &at, ret))
        return false;
    int32_t fraction = 0;
    if (t->point && at < text.size && text.data[at] == '.')
        for (at++; at < text.size && text.data[at] >= '0' && text.data[at] <= '9'; at++, fraction++)
            *ret = *ret * 10 + (text.data[at] - '0');
    if (fraction > t->fraction || at == start)
        return false;
    for (; fraction < t->fraction; fraction++)
        *ret *= 10;
    char last = upper_at(text, at);
    if ((t->sign == SIGN_BACK && (last == '-' || last == '+')) ||
        (t->sign == SIGN_MINUS_BACK && last == '-')) {
        negative = last == '-';
        at++;
    }
    if (angle && !accept_word(text, &at, ">"))
        return false;
    *ret = negative ? -*ret : *ret;
    return at == text.size;
}

static weir_code fail_input(const weir_kernel_call *call, weir_str text, weir_str format, weir_error **err) {
    weir_arena *arena = call->eval->arena;
    WEIR_RAISE(err, INVALID_FORMAT__MISMATCH_INPUT, "format",
               weir_arena_printf(arena, WEIR_STR_FMT, WEIR_STR_ARG(format)), "inputType", "\"STRING\"",
               "input", weir_arena_printf(arena, WEIR_STR_FMT, WEIR_STR_ARG(text)));
}

static weir_code number_rows(const weir_kernel_call *call, bool forgiving, weir_column **ret,
                             weir_error **err) {
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    number_template t;
    weir_str format = {NULL, 0};
    WEIR_EACH(call, i) {
        weir_str text = weir_column_bytes(call->args[0], i);
        weir_int128 value = 0;
        if (format.data == NULL) {
            format = weir_column_bytes(call->args[1], i);
            if (!read_template(format, &t))
                WEIR_FAIL(err, INTERNAL_ERROR, "a template that was not checked");
        }
        if (!read_number(&t, text, &value)) {
            if (!forgiving)
                return fail_input(call, text, format, err);
            WEIR_TRY(weir_result_null(call, column, i, err));
            value = 0;
        }
        weir_store128((uint8_t *)weir_column_values(column) + (size_t)i * 16, (__uint128_t)value);
    }
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

static weir_code to_number_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return number_rows(call, false, ret, err);
}

static weir_code try_to_number_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return number_rows(call, true, ret, err);
}

static weir_code resolve_to_number(WEIR_RESOLVE_PARAMS) {
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    const weir_column *value =
        args[1]->kind == WEIR_NODE_LITERAL ? ((weir_node_literal *)args[1])->value : NULL;
    if (value == NULL && args[1]->kind != WEIR_NODE_CAST)
        WEIR_FAIL(err, NOT_SUPPORTED, "%s needs a literal format in Weir", function->name);
    *ret_nullable = true;
    if (value == NULL || weir_column_is_null(value, 0)) {
        *ret_rewrite = weir_literal_null(resolve->arena, weir_type_of(WEIR_TYPE_DECIMAL));
        return WEIR_OK;
    }
    number_template t;
    if (!read_template(weir_column_bytes(value, 0), &t))
        WEIR_FAIL(err, NOT_SUPPORTED, "%s does not know this format in Weir", function->name);
    *ret_type = weir_type_decimal(resolve->arena, t.whole + t.fraction, t.fraction);
    return WEIR_OK;
}

#define NUMBER_FUNCTION(sql_name, kernel) \
    { \
        .name = sql_name, .args_min = 2, .args_max = 2, .flags = WEIR_FN_NULL_PROPAGATES, \
        .resolve = resolve_to_number, .eval = kernel, .signature = "string; string -> decimal" \
    }

const weir_function weir_number_template_functions[] = {
    NUMBER_FUNCTION("to_number", to_number_kernel),
    NUMBER_FUNCTION("try_to_number", try_to_number_kernel),
};
WEIR_FAMILY_COUNT(number_template)
