/* Heap wrappers for the control plane: they abort with a message when memory is gone, because the
 * driver can be restarted from its logs. Data-plane memory goes through weir_budget (budget.h). */
#pragma once

#include <stddef.h>

#include "common/base/compiler.h"

void *weir_alloc(size_t size);                    /* uninitialised */
void *weir_alloc_zero(size_t count, size_t size); /* zeroed */
void *weir_realloc(void *ptr, size_t size);
void weir_free(void *ptr); /* accepts NULL */
char *weir_strdup(const char *text);
char *weir_strndup(const char *text, size_t size);
WEIR_PRINTF(1, 2) char *weir_asprintf(const char *fmt, ...);

/* For _cleanup_: frees the pointer held by a `T *` variable. */
void weir_free_ptr(void *ptr_to_ptr);
#define _cleanup_free_ _cleanup_(weir_free_ptr)
