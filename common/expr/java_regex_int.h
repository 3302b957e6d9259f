/* Private to common/expr: regular expressions of Java's dialect on PCRE2 (java_regex.c).
 *
 * A pattern is translated once and compiled at bind time where it is a literal, else where it differs from
 * the row before. Matches have match, depth and heap limits: a pattern that passes them fails the query by
 * name. */
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "common/expr/text_kernel_int.h"

typedef struct weir_regex_run {
    const weir_kernel_call *call;
    const char *function; /* for messages: "`rlike`" */
    pcre2_match_context *context;
    pcre2_match_data *match;
    pcre2_code *own; /* a pattern that is no literal */
    weir_str own_text;
    const pcre2_code *code;
    int32_t groups;
    weir_str text;  /* of the row, valid UTF-8 */
    size_t *places; /* start and end of group n at [2n] and [2n + 1], PCRE2_UNSET where it took no part */
} weir_regex_run;

/* The pattern in PCRE2's dialect, in the arena; false where Java refuses it, or *ret_unsupported. */
bool weir_java_regex_translate(weir_arena *arena, weir_str pattern, weir_str *ret,
                               const char **ret_unsupported);
/* weir_kernel_bind for functions whose argument 1 is a pattern. */
weir_code weir_regex_bind(weir_arena *arena, const weir_type *type, const weir_type *const *arg_types,
                          weir_column *const *literals, int32_t args_count, const weir_timezone *zone,
                          bool ansi, const void **ret_bound, weir_error **err);
weir_code weir_regex_begin(weir_regex_run *run, const weir_kernel_call *call, const char *function,
                           weir_error **err);
void weir_regex_fini(weir_regex_run *run);
#define _cleanup_regex_ _cleanup_(weir_regex_fini)
/* Takes the pattern (argument 1) and the text (argument 0) of a row. */
weir_code weir_regex_row(weir_regex_run *run, int32_t row, weir_error **err);
/* The first match at or behind byte `from`: *ret_found, run->places. */
weir_code weir_regex_find(weir_regex_run *run, size_t from, bool *ret_found, weir_error **err);
/* Where java.util.regex.Matcher.find() looks next. */
static inline size_t weir_regex_next(const weir_regex_run *run) {
    size_t end = run->places[1];
    return end > run->places[0] ? end : end + (end < run->text.size ? weir_text_step(run->text, end) : 1);
}
/* The text of a group, empty where it took no part. */
static inline weir_str weir_regex_group(const weir_regex_run *run, int32_t group) {
    size_t from = run->places[2 * group], to = run->places[2 * group + 1];
    return from == PCRE2_UNSET ? weir_str_make("", 0) : weir_text_sub(run->text, from, to);
}
/* text_functions.c: the text with U+FFFD for what is malformed, in the arena where it is not valid as it is.
 */
weir_str weir_text_valid(weir_arena *arena, weir_str text);
