/* Borrowed string views and a growing text buffer.
 *
 * A weir_str never owns its bytes and need not be NUL-terminated. A weir_strbuf owns one malloc'd
 * block that is always NUL-terminated; control-plane text only (it aborts when memory is gone). */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "common/base/compiler.h"

typedef struct weir_str {
    const char *data;
    size_t size; /* bytes */
} weir_str;

#define WEIR_STR(literal) ((weir_str){(literal), sizeof(literal) - 1})
#define WEIR_STR_FMT "%.*s"
#define WEIR_STR_ARG(s) ((int)(s).size), ((s).data ? (s).data : "")

static inline weir_str weir_str_from(const char *text) {
    return (weir_str){text, text ? strlen(text) : 0};
}

static inline weir_str weir_str_make(const char *data, size_t size) {
    return (weir_str){data, size};
}

static inline bool weir_str_equal(weir_str a, weir_str b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* ASCII case-insensitive; Spark's identifiers, option names and unit names compare so. */
bool weir_str_equal_nocase(weir_str a, weir_str b);
bool weir_str_starts_with(weir_str s, weir_str prefix);
bool weir_str_ends_with(weir_str s, weir_str suffix);
/* Strips bytes <= 0x20 on both ends, as Java's String.trim. */
weir_str weir_str_trim(weir_str s);
/* Lexicographic by unsigned bytes, shorter first: Spark's UTF8String order. */
int weir_str_compare(weir_str a, weir_str b);

typedef struct weir_strbuf {
    char *data; /* NULL until the first append */
    size_t size;
    size_t capacity;
} weir_strbuf;

void weir_strbuf_fini(weir_strbuf *buf);
void weir_strbuf_reserve(weir_strbuf *buf, size_t extra);
void weir_strbuf_clear(weir_strbuf *buf);
void weir_strbuf_add(weir_strbuf *buf, weir_str text);
void weir_strbuf_add_text(weir_strbuf *buf, const char *text);
void weir_strbuf_add_char(weir_strbuf *buf, char c);
void weir_strbuf_add_repeat(weir_strbuf *buf, char c, size_t count);
void weir_strbuf_addf(weir_strbuf *buf, const char *fmt, ...) WEIR_PRINTF(2, 3);
void weir_strbuf_addv(weir_strbuf *buf, const char *fmt, va_list args);
/* Moves the text out (never NULL); the buffer is empty afterwards. Caller frees. */
char *weir_strbuf_steal(weir_strbuf *buf);
static inline weir_str weir_strbuf_view(const weir_strbuf *buf) {
    return (weir_str){buf->data ? buf->data : "", buf->size};
}

#define _cleanup_strbuf_ _cleanup_(weir_strbuf_fini)
