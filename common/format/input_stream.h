/* A file as a stream of bytes: plain, gzip (.gz) or zstd (.zst) by extension, read in chunks.
 *
 * A plain stream may start anywhere; a compressed one starts at 0. Memory is bounded: chunks for the
 * compressed bytes plus the codec's window. Errors: FAILED_READ_FILE.NO_HINT for damaged or truncated
 * data and for data that grows beyond a plausible ratio; what the file system reports otherwise.
 * One thread. */
#pragma once

#include "common/fs/fs.h"

typedef enum weir_codec { WEIR_CODEC_NONE, WEIR_CODEC_GZIP, WEIR_CODEC_ZSTD, WEIR_CODEC_UNKNOWN } weir_codec;

/* By the file's extension; UNKNOWN for codecs that Hadoop would apply and Weir does not have. */
weir_codec weir_codec_of_path(const char *path);

typedef struct weir_input_stream weir_input_stream;

weir_code weir_input_stream_open(weir_fs *fs, const char *path, int64_t offset, weir_input_stream **ret,
                                 weir_error **err);
/* Up to `size` bytes; *ret_size is 0 only at the end. */
weir_code weir_input_stream_read(weir_input_stream *stream, void *data, size_t size, size_t *ret_size,
                                 weir_error **err);
void weir_input_stream_close(weir_input_stream *stream); /* accepts NULL */
