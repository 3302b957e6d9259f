/* Errors: codes, the error object, and the macros that create, forward and enrich it.
 *
 * A fallible function returns weir_code and takes `weir_error **err` last. Who fails fills the
 * object, who calls adds context; a function either handles an error or returns it, never both.
 * An error has one owner; weir_error_unref_ptr via _cleanup_error_. Out of memory is served by one
 * static object, so failing never allocates without need. Any thread. */
#pragma once

#include <stdbool.h>

#include "common/base/compiler.h"
#include "common/base/str.h"

typedef enum weir_code {
    WEIR_OK = 0,
#define WEIR_CONDITION(name, sqlstate, retry, text) WEIR_##name,
#include "common/base/error_codes.def"
#undef WEIR_CONDITION
    WEIR_CODE_COUNT
} weir_code;

typedef struct weir_error weir_error;

/* "DIVIDE_BY_ZERO", "FAILED_READ_FILE.NO_HINT" */
const char *weir_code_condition(weir_code code);
const char *weir_code_sqlstate(weir_code code);
bool weir_code_retriable(weir_code code);
/* The inverse of weir_code_condition; INTERNAL_ERROR where unknown. */
weir_code weir_code_from_condition(weir_str condition);

/* Makes an error from the condition's template: pairs of (const char *name, const char *value),
 * ended by NULL. Replaces *err (frees an older one). `err` may be NULL. Returns `code`. */
weir_code weir_error_raise(weir_error **err, weir_code code, ...) WEIR_SENTINEL;
/* Makes an error whose whole text is given (conditions whose template is `<message>`). */
weir_code weir_error_failf(weir_error **err, weir_code code, const char *fmt, ...) WEIR_PRINTF(3, 4);
/* As failf with strerror(errnum) behind; ENOSPC/EDQUOT become NO_SPACE. */
weir_code weir_error_fail_errno(weir_error **err, int errnum, const char *fmt, ...) WEIR_PRINTF(3, 4);
/* Out of memory: never allocates. */
weir_code weir_error_oom(weir_error **err);
/* Puts "text: " before the message; returns the error's code. */
weir_code weir_error_contextf(weir_error **err, const char *fmt, ...) WEIR_PRINTF(2, 3);

/* An error as another process described it: the message stands as given. */
weir_code weir_error_restore(weir_error **err, weir_code code, const char *message);
void weir_error_add_param(weir_error *err, const char *name, const char *value); /* copies */

weir_code weir_error_code(const weir_error *err); /* WEIR_OK for NULL */
/* The text without condition and SQLSTATE; valid while the error lives. */
const char *weir_error_message(const weir_error *err);
/* "[DIVIDE_BY_ZERO] Division by zero. ... SQLSTATE: 22012" as Spark prints it. */
const char *weir_error_text(const weir_error *err);
int weir_error_param_count(const weir_error *err);
const char *weir_error_param_name(const weir_error *err, int i);
const char *weir_error_param_value(const weir_error *err, int i);

/* A query context: where in the SQL text the failing expression stands, or which call of the DataFrame API
 * made it (Spark's QueryContext). */
typedef struct weir_query_context {
    int start, stop;  /* 0-based character positions, stop inclusive */
    int line, column; /* 1-based line, 0-based column, as Spark prints (line 1, pos 7) */
    const char *fragment;
    const char *call_site; /* "script.py:12" of a call of the DataFrame API; NULL = SQL text */
    const char *summary;   /* the block that Spark prints of it; NULL = not made */
} weir_query_context;
void weir_error_set_context(weir_error *err, const weir_query_context *context); /* copies */
const weir_query_context *weir_error_get_context(const weir_error *err);         /* or NULL */
/* What weir_error_text prints behind the SQLSTATE instead of the context block (copied): parsers and the
 * analyzer place Spark's "(line 1, pos 7)\n\n== SQL ==..." and "; line 1 pos 7" there. */
void weir_error_set_tail(weir_error *err, const char *tail);

void weir_error_free(weir_error *err); /* accepts NULL */
void weir_error_free_ptr(weir_error **err);
#define _cleanup_error_ _cleanup_(weir_error_free_ptr)
weir_error *weir_error_clone(const weir_error *err);
/* Moves `source` to *err (freeing an older one); returns its code. */
weir_code weir_error_move(weir_error **err, weir_error *source);

#define WEIR_TRY(call) \
    do { \
        weir_code weir_try_code_ = (call); \
        if (WEIR_UNLIKELY(weir_try_code_ != WEIR_OK)) \
            return weir_try_code_; \
    } while (0)

#define WEIR_FAIL(err, code, ...) return weir_error_failf((err), WEIR_##code, __VA_ARGS__)
#define WEIR_RAISE(err, code, ...) return weir_error_raise((err), WEIR_##code, __VA_ARGS__, NULL)
#define WEIR_FAIL_OOM(err) return weir_error_oom(err)
