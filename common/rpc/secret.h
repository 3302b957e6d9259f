/* The cluster's shared secret: bytes that are read once, never formatted, and wiped when they go.
 *
 * There is no way to text on purpose: the bytes go to a MAC (rpc_auth.h) and nowhere else. Any thread may
 * read one secret; free it when nobody does. */
#pragma once

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/str.h"

#define WEIR_SECRET_SIZE_MIN 16
#define WEIR_SECRET_SIZE_MAX 4096

typedef struct weir_secret weir_secret;

/* The file's bytes without line ends behind them. A file that others than its owner may touch (anything wider
 * than 0600), a short, an empty and a large one are INVALID_ARGUMENT; the error never shows the contents. */
weir_code weir_secret_read(const char *path, weir_secret **ret, weir_error **err);
weir_secret *weir_secret_new(const void *data, size_t size); /* copies */
weir_secret *weir_secret_clone(const weir_secret *secret);   /* NULL stays NULL */
void weir_secret_free(weir_secret *secret);                  /* wipes; accepts NULL */
void weir_secret_free_ptr(weir_secret **secret);
#define _cleanup_secret_ _cleanup_(weir_secret_free_ptr)

/* For a MAC; valid while the secret lives. */
weir_str weir_secret_bytes(const weir_secret *secret);

/* A whole file that must be as private as a secret (a TLS key) or need not be (a certificate):
 * NUL-terminated,
 * `*ret_size` without the NUL. Give it to weir_secret_wipe_free. */
weir_code weir_secret_file_read(const char *path, size_t size_max, bool is_private, char **ret,
                                size_t *ret_size, weir_error **err);
void weir_secret_wipe_free(char *data, size_t size); /* accepts NULL */
