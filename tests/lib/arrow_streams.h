/* Arrow IPC streams of tests: reading all that a stream holds. */
#pragma once

#include "common/arrow/arrow_ipc.h"

/* Reads the bytes with a budget of 64 MiB, prints each value, and writes all rows anew; the carrier is a copy
 * of exactly `size` bytes, so that a sanitizer sees any access behind it. */
weir_code weir_arrow_walk(const uint8_t *data, size_t size, weir_error **err);
/* All rows of a stream as text, appended (see weir_rows_text). */
weir_code weir_arrow_rows(weir_strbuf *text, weir_buffer *stream, weir_error **err);
