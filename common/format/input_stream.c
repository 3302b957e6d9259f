/* Byte streams over weir_fs (input_stream.h). Decompression is incremental: one chunk of compressed
 * bytes is read when the codec has used up the last one. A gzip file may hold several members, a zstd
 * file several frames; ending inside one is an error. */
#include "common/format/input_stream.h"

#include <stdio.h>
#include <zlib.h>
#include <zstd.h>

#include "common/base/alloc.h"

enum { CHUNK_SIZE = 128 << 10 };
/* Output may be this many times the input: zlib cannot pass 1032; a zstd frame of one repeated byte can
 * reach more than 10,000, which nothing but an attack does for long. Checked above RATIO_FROM bytes. */
enum { GZIP_RATIO_MAX = 1100, ZSTD_RATIO_MAX = 10000 };
#define RATIO_FROM (INT64_C(64) << 20)

struct weir_input_stream {
    weir_fs *fs;
    weir_file *file;
    char *path;
    weir_codec codec;
    int64_t offset; /* next byte of the file */
    int64_t produced;
    uint8_t *chunk;
    size_t chunk_size, chunk_pos;
    bool file_end;
    bool inside; /* within a member or frame */
    z_stream gzip;
    bool gzip_ready;
    ZSTD_DStream *zstd;
};

static bool path_ends_with(const char *path, const char *suffix) {
    return weir_str_ends_with(weir_str_from(path), weir_str_from(suffix));
}

weir_codec weir_codec_of_path(const char *path) {
    static const char *const others[] = {".bz2", ".lz4", ".snappy", ".deflate", ".lzo", ".xz"};
    if (path_ends_with(path, ".gz"))
        return WEIR_CODEC_GZIP;
    if (path_ends_with(path, ".zst"))
        return WEIR_CODEC_ZSTD;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(others); i++)
        if (path_ends_with(path, others[i]))
            return WEIR_CODEC_UNKNOWN;
    return WEIR_CODEC_NONE;
}

static weir_code damaged(const weir_input_stream *stream, const char *reason, weir_error **err) {
    WEIR_RAISE(err, FAILED_READ_FILE__NO_HINT, "path", stream->path, "reason", reason);
}

weir_code weir_input_stream_open(weir_fs *fs, const char *path, int64_t offset, weir_input_stream **ret,
                                 weir_error **err) {
    weir_codec codec = weir_codec_of_path(path);
    if (codec == WEIR_CODEC_UNKNOWN)
        WEIR_FAIL(err, NOT_SUPPORTED, "Weir cannot decompress %s: only .gz and .zst are supported.", path);
    weir_file *file = NULL;
    WEIR_TRY(fs->ops->open(fs, path, &file, err));
    weir_input_stream *stream = weir_alloc_zero(1, sizeof *stream);
    stream->fs = fs;
    stream->file = file;
    stream->path = weir_strdup(path);
    stream->codec = codec;
    stream->offset = offset;
    weir_code code = WEIR_OK;
    if (codec != WEIR_CODEC_NONE)
        stream->chunk = weir_alloc(CHUNK_SIZE);
    if (codec == WEIR_CODEC_GZIP) {
        stream->gzip_ready = inflateInit2(&stream->gzip, 15 + 16) == Z_OK;
        if (!stream->gzip_ready)
            code = weir_error_oom(err);
    } else if (codec == WEIR_CODEC_ZSTD) {
        stream->zstd = ZSTD_createDStream();
        if (!stream->zstd)
            code = weir_error_oom(err);
    }
    if (code != WEIR_OK) {
        weir_input_stream_close(stream);
        return code;
    }
    *ret = stream;
    return WEIR_OK;
}

static weir_code read_chunk(weir_input_stream *stream, weir_error **err) {
    size_t got = 0;
    WEIR_TRY(stream->fs->ops->read(stream->file, stream->offset, stream->chunk, CHUNK_SIZE, &got, err));
    stream->offset += (int64_t)got;
    stream->chunk_size = got;
    stream->chunk_pos = 0;
    stream->file_end = got == 0;
    return WEIR_OK;
}

static weir_code check_ratio(weir_input_stream *stream, int64_t ratio_max, weir_error **err) {
    if (stream->produced < RATIO_FROM || stream->produced / ratio_max <= stream->offset)
        return WEIR_OK;
    char reason[96];
    snprintf(reason, sizeof reason, "It decompresses to more than %lld times its size.",
             (long long)ratio_max);
    return damaged(stream, reason, err);
}

static weir_code read_gzip(weir_input_stream *stream, uint8_t *data, size_t size, size_t *ret_size,
                           weir_error **err) {
    size_t out = 0;
    while (out < size) {
        if (stream->chunk_pos == stream->chunk_size)
            WEIR_TRY(read_chunk(stream, err));
        if (stream->file_end) {
            if (stream->inside)
                return damaged(stream, "The gzip data ends before its end.", err);
            break;
        }
        z_stream *z = &stream->gzip;
        z->next_in = stream->chunk + stream->chunk_pos;
        z->avail_in = (uInt)(stream->chunk_size - stream->chunk_pos);
        z->next_out = data + out;
        z->avail_out = (uInt)WEIR_MIN(size - out, (size_t)1 << 30);
        uInt room = z->avail_out;
        stream->inside = true;
        int rc = inflate(z, Z_NO_FLUSH);
        stream->chunk_pos = stream->chunk_size - z->avail_in;
        out += room - z->avail_out;
        if (rc == Z_STREAM_END) {
            stream->inside = false;
            inflateReset(z);
        } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return damaged(stream, z->msg ? z->msg : "The gzip data is damaged.", err);
        }
    }
    stream->produced += (int64_t)out;
    *ret_size = out;
    return check_ratio(stream, GZIP_RATIO_MAX, err);
}

static weir_code read_zstd(weir_input_stream *stream, uint8_t *data, size_t size, size_t *ret_size,
                           weir_error **err) {
    ZSTD_outBuffer out = {data, size, 0};
    while (out.pos < size) {
        if (stream->chunk_pos == stream->chunk_size)
            WEIR_TRY(read_chunk(stream, err));
        ZSTD_inBuffer in = {stream->chunk, stream->chunk_size, stream->chunk_pos};
        size_t before = out.pos;
        size_t rc = ZSTD_decompressStream(stream->zstd, &out, &in);
        if (ZSTD_isError(rc))
            return damaged(stream, ZSTD_getErrorName(rc), err);
        stream->chunk_pos = in.pos;
        if (stream->file_end && out.pos == before) {
            if (stream->inside)
                return damaged(stream, "The zstd data ends before its end.", err);
            break;
        }
        stream->inside = rc != 0;
    }
    stream->produced += (int64_t)out.pos;
    *ret_size = out.pos;
    return check_ratio(stream, ZSTD_RATIO_MAX, err);
}

weir_code weir_input_stream_read(weir_input_stream *stream, void *data, size_t size, size_t *ret_size,
                                 weir_error **err) {
    if (stream->codec == WEIR_CODEC_GZIP)
        return read_gzip(stream, data, size, ret_size, err);
    if (stream->codec == WEIR_CODEC_ZSTD)
        return read_zstd(stream, data, size, ret_size, err);
    size_t got = 0;
    WEIR_TRY(stream->fs->ops->read(stream->file, stream->offset, data, size, &got, err));
    stream->offset += (int64_t)got;
    *ret_size = got;
    return WEIR_OK;
}

void weir_input_stream_close(weir_input_stream *stream) {
    if (!stream)
        return;
    if (stream->gzip_ready)
        inflateEnd(&stream->gzip);
    ZSTD_freeDStream(stream->zstd);
    weir_free(stream->chunk);
    weir_free(stream->path);
    if (stream->file)
        stream->fs->ops->close(stream->file);
    weir_free(stream);
}
