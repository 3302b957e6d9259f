/* Heap wrappers of the control plane: the one place that calls malloc for it. Aborts with a message when
 * memory is gone; the driver restarts from its logs. Any thread. */
#include "common/base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/assert.h"

WEIR_NORETURN static void out_of_memory(void) {
    static const char text[] = "weir: out of memory, giving up\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        abort();
    abort();
}

void weir_assert_fail(const char *file, int line, const char *expr) {
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expr);
    abort();
}

void *weir_alloc(size_t size) {
    void *ptr = malloc(size ? size : 1);
    if (!ptr)
        out_of_memory();
    return ptr;
}

void *weir_alloc_zero(size_t count, size_t size) {
    void *ptr = calloc(count ? count : 1, size ? size : 1);
    if (!ptr)
        out_of_memory();
    return ptr;
}

void *weir_realloc(void *ptr, size_t size) {
    void *grown = realloc(ptr, size ? size : 1);
    if (!grown)
        out_of_memory();
    return grown;
}

void weir_free(void *ptr) {
    free(ptr);
}

void weir_free_ptr(void *ptr_to_ptr) {
    free(*(void **)ptr_to_ptr);
}

char *weir_strndup(const char *text, size_t size) {
    char *copy = weir_alloc(size + 1);
    if (size)
        memcpy(copy, text, size);
    copy[size] = 0;
    return copy;
}

char *weir_strdup(const char *text) {
    return weir_strndup(text, strlen(text));
}

char *weir_asprintf(const char *fmt, ...) {
    char *text = NULL;
    va_list args;
    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0)
        out_of_memory();
    va_end(args);
    return text;
}
