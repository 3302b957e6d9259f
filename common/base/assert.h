/* Assertions. WEIR_ASSERT guards invariants of the program and stays in release builds; WEIR_DCHECK
 * is for expensive checks and is compiled (arguments still type-checked) but not run in release.
 * User input never reaches either. */
#pragma once

#include "common/base/compiler.h"

WEIR_NORETURN void weir_assert_fail(const char *file, int line, const char *expr);

#define WEIR_ASSERT(expr) \
    do { \
        if (WEIR_UNLIKELY(!(expr))) \
            weir_assert_fail(__FILE__, __LINE__, #expr); \
    } while (0)

#ifdef NDEBUG
#define WEIR_DCHECK(expr) \
    do { \
        if (0 && (expr)) { \
        } \
    } while (0)
#else
#define WEIR_DCHECK(expr) WEIR_ASSERT(expr)
#endif
