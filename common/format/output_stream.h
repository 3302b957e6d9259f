/* A file being written as a stream of text: plain, gzip or zstd. What a format's writer appends to the
 * stream's buffer goes to the file a quarter of a MiB at a time; memory is that buffer, one of the same size
 * for compressed bytes and the codec's window. The file becomes visible and durable in finish; abort and
 * every failure leave nothing behind. Failure: what the file system reports. One thread. */
#pragma once

#include "common/base/str.h"
#include "common/format/input_stream.h"

typedef struct weir_output_stream weir_output_stream;

/* Option `compression`: none, uncompressed, gzip, zstd; NULL data = none. What Spark writes and Weir does not
 * is refused by name, the rest with CODEC_NOT_AVAILABLE. */
weir_code weir_output_stream_codec(weir_str name, weir_codec *ret, weir_error **err);
/* ".gz", ".zst" or "". */
const char *weir_output_stream_extension(weir_codec codec);

weir_code weir_output_stream_open(weir_fs *fs, const char *path, weir_codec codec, weir_output_stream **ret,
                                  weir_error **err);
/* Where text is appended. */
weir_strbuf *weir_output_stream_text(weir_output_stream *stream);
/* After a row or a few: writes the text where enough has gathered. */
weir_code weir_output_stream_spill(weir_output_stream *stream, weir_error **err);
/* Ends the stream, also where it fails. */
weir_code weir_output_stream_finish(weir_output_stream *stream, int64_t *ret_size, weir_error **err);
void weir_output_stream_abort(weir_output_stream *stream); /* ends the stream; accepts NULL */
