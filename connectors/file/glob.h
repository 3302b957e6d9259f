/* Hadoop's path patterns: ? * [abc] [a-b] [^a] [!a] {ab,cd} \c, component by component ('*' does not match
 * '/', braces may). Pure functions of texts. */
#pragma once

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/plan/plan.h"

/* Whether the path has any of "{}[]*?\": such a path is a pattern, whatever exists. */
bool weir_glob_is_pattern(weir_str path);
/* Replaces braces by the alternatives, in order; INVALID_ARGUMENT for unclosed braces and classes, or for
 * more than 10,000 alternatives. */
weir_code weir_glob_expand(weir_arena *arena, weir_str pattern, weir_str_list *ret, weir_error **err);
/* `pattern` is one component of an expanded pattern. */
bool weir_glob_match(weir_str pattern, weir_str name);
/* A component without its backslashes. */
char *weir_glob_unescape(weir_arena *arena, weir_str component);
