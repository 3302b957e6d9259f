/* String views and the growing text buffer (control plane). Any thread. */
#include "common/base/str.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"

static inline unsigned char lower(unsigned char c) {
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

bool weir_str_equal_nocase(weir_str a, weir_str b) {
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (lower((unsigned char)a.data[i]) != lower((unsigned char)b.data[i]))
            return false;
    return true;
}

bool weir_str_starts_with(weir_str s, weir_str prefix) {
    return s.size >= prefix.size && (prefix.size == 0 || memcmp(s.data, prefix.data, prefix.size) == 0);
}

bool weir_str_ends_with(weir_str s, weir_str suffix) {
    return s.size >= suffix.size &&
           (suffix.size == 0 || memcmp(s.data + s.size - suffix.size, suffix.data, suffix.size) == 0);
}

weir_str weir_str_trim(weir_str s) {
    while (s.size && (unsigned char)s.data[0] <= ' ') {
        s.data++;
        s.size--;
    }
    while (s.size && (unsigned char)s.data[s.size - 1] <= ' ')
        s.size--;
    return s;
}

int weir_str_compare(weir_str a, weir_str b) {
    size_t n = WEIR_MIN(a.size, b.size);
    int order = n ? memcmp(a.data, b.data, n) : 0;
    if (order)
        return order < 0 ? -1 : 1;
    return a.size < b.size ? -1 : a.size > b.size;
}

void weir_strbuf_fini(weir_strbuf *buf) {
    weir_free(buf->data);
    *buf = (weir_strbuf){0};
}

void weir_strbuf_reserve(weir_strbuf *buf, size_t extra) {
    size_t need = buf->size + extra + 1;
    if (need <= buf->capacity)
        return;
    size_t capacity = buf->capacity ? buf->capacity * 2 : 64;
    while (capacity < need)
        capacity *= 2;
    buf->data = weir_realloc(buf->data, capacity);
    buf->capacity = capacity;
}

void weir_strbuf_clear(weir_strbuf *buf) {
    buf->size = 0;
    if (buf->data)
        buf->data[0] = 0;
}

void weir_strbuf_add(weir_strbuf *buf, weir_str text) {
    weir_strbuf_reserve(buf, text.size);
    if (text.size)
        memcpy(buf->data + buf->size, text.data, text.size);
    buf->size += text.size;
    buf->data[buf->size] = 0;
}

void weir_strbuf_add_text(weir_strbuf *buf, const char *text) {
    weir_strbuf_add(buf, weir_str_from(text));
}

void weir_strbuf_add_char(weir_strbuf *buf, char c) {
    weir_strbuf_add(buf, (weir_str){&c, 1});
}

void weir_strbuf_add_repeat(weir_strbuf *buf, char c, size_t count) {
    weir_strbuf_reserve(buf, count);
    memset(buf->data + buf->size, c, count);
    buf->size += count;
    buf->data[buf->size] = 0;
}

void weir_strbuf_addv(weir_strbuf *buf, const char *fmt, va_list args) {
    va_list again;
    va_copy(again, args);
    weir_strbuf_reserve(buf, 64);
    size_t room = buf->capacity - buf->size;
    int need = vsnprintf(buf->data + buf->size, room, fmt, args);
    if (need > 0 && (size_t)need >= room) {
        weir_strbuf_reserve(buf, (size_t)need);
        vsnprintf(buf->data + buf->size, (size_t)need + 1, fmt, again);
    }
    if (need > 0)
        buf->size += (size_t)need;
    va_end(again);
}

void weir_strbuf_addf(weir_strbuf *buf, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    weir_strbuf_addv(buf, fmt, args);
    va_end(args);
}

char *weir_strbuf_steal(weir_strbuf *buf) {
    weir_strbuf_reserve(buf, 0);
    buf->data[buf->size] = 0;
    char *text = buf->data;
    *buf = (weir_strbuf){0};
    return text;
}
