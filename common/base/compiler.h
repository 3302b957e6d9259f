/* Compiler attributes and tiny helpers that every room uses. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define WEIR_PRINTF(format_index, first_arg) __attribute__((format(printf, format_index, first_arg)))
#define WEIR_MUST_CHECK __attribute__((warn_unused_result))
#define WEIR_SENTINEL __attribute__((sentinel))
#define WEIR_UNUSED __attribute__((unused))
#define WEIR_NORETURN __attribute__((noreturn))
#define WEIR_LIKELY(x) __builtin_expect(!!(x), 1)
#define WEIR_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define WEIR_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define WEIR_MIN(a, b) ((a) < (b) ? (a) : (b))
#define WEIR_MAX(a, b) ((a) > (b) ? (a) : (b))

/* Runs `fn(&variable)` when the variable leaves its scope: early returns stay leak-free. */
#define _cleanup_(fn) __attribute__((cleanup(fn)))
