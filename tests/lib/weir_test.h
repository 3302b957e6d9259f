/* Test macros over Criterion: WEIR_TEST(arena, reset_keeps_first_chunk) { ... } and checks that print the
 * weir_error they got. Included by test files only. */
#pragma once

#include <criterion/criterion.h>

#include "common/base/error.h"

#define WEIR_TEST(noun, sentence) Test(noun, sentence)

/* The call succeeds; `err` is a weir_error * variable in scope. */
#define CHECK_OK(call) \
    do { \
        weir_code check_code_ = (call); \
        cr_assert(check_code_ == WEIR_OK, "%s: %s", #call, err ? weir_error_text(err) : "no error object"); \
    } while (0)
/* The call fails with this code; the error is freed. */
#define CHECK_FAILS(code_name, call) \
    do { \
        weir_code check_code_ = (call); \
        cr_assert(check_code_ == WEIR_##code_name, "%s gave %s, not %s: %s", #call, \
                  weir_code_condition(check_code_), #code_name, err ? weir_error_text(err) : ""); \
        weir_error_free_ptr(&err); \
    } while (0)
#define CHECK_TEXT(actual, expected) \
    do { \
        const char *check_a_ = (actual), *check_b_ = (expected); \
        cr_assert(strcmp(check_a_, check_b_) == 0, "got: %s\nnot: %s", check_a_, check_b_); \
    } while (0)
