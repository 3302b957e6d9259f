/* Text to files, compressed where asked for (output_stream.h). The codec gets the text when the buffer is
 * full; its output is passed on as it comes. */
#include "common/format/output_stream.h"

#include <zlib.h>
#include <zstd.h>

#include "common/base/alloc.h"

enum { FLUSH_SIZE = 256 << 10 };

struct weir_output_stream {
    weir_fs *fs;
    weir_put *put;
    weir_codec codec;
    weir_strbuf text;
    uint8_t *packed; /* compressed bytes on their way */
    z_stream gzip;
    bool gzip_ready;
    ZSTD_CStream *zstd;
    int64_t written;
};

weir_code weir_output_stream_codec(weir_str name, weir_codec *ret, weir_error **err) {
    static const char *const others[] = {"bzip2", "deflate", "snappy", "lz4"};
    *ret = WEIR_CODEC_NONE;
    if (!name.data || weir_str_equal_nocase(name, WEIR_STR("none")) ||
        weir_str_equal_nocase(name, WEIR_STR("uncompressed")))
        return WEIR_OK;
    if (weir_str_equal_nocase(name, WEIR_STR("gzip"))) {
        *ret = WEIR_CODEC_GZIP;
        return WEIR_OK;
    }
    if (weir_str_equal_nocase(name, WEIR_STR("zstd"))) {
        *ret = WEIR_CODEC_ZSTD;
        return WEIR_OK;
    }
    for (size_t i = 0; i < WEIR_ARRAY_LEN(others); i++)
        if (weir_str_equal_nocase(name, weir_str_from(others[i])))
            WEIR_FAIL(err, NOT_SUPPORTED, "Weir does not write %s; it writes gzip and zstd.", others[i]);
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_add(&text, name);
    WEIR_RAISE(err, CODEC_NOT_AVAILABLE__WITH_AVAILABLE_CODECS_SUGGESTION, "codecName",
               text.data ? text.data : "", "availableCodecs", "uncompressed, none, gzip, zstd");
}

const char *weir_output_stream_extension(weir_codec codec) {
    return codec == WEIR_CODEC_GZIP ? ".gz" : codec == WEIR_CODEC_ZSTD ? ".zst" : "";
}

static weir_code put_bytes(weir_output_stream *s, const void *data, size_t size, weir_error **err) {
    if (!size)
        return WEIR_OK;
    WEIR_TRY(s->fs->ops->put_write(s->put, weir_str_make(data, size), err));
    s->written += (int64_t)size;
    return WEIR_OK;
}

static weir_code pack_gzip(weir_output_stream *s, bool last, weir_error **err) {
    z_stream *z = &s->gzip;
    z->next_in = (Bytef *)s->text.data;
    z->avail_in = (uInt)s->text.size;
    int rc;
    do {
        z->next_out = s->packed;
        z->avail_out = FLUSH_SIZE;
        rc = deflate(z, last ? Z_FINISH : Z_NO_FLUSH);
        WEIR_TRY(put_bytes(s, s->packed, FLUSH_SIZE - z->avail_out, err));
    } while (last ? rc == Z_OK || rc == Z_BUF_ERROR : z->avail_in > 0 || z->avail_out == 0);
    return WEIR_OK;
}

static weir_code pack_zstd(weir_output_stream *s, bool last, weir_error **err) {
    ZSTD_inBuffer in = {s->text.data ? s->text.data : "", s->text.size, 0};
    size_t left;
    do {
        ZSTD_outBuffer out = {s->packed, FLUSH_SIZE, 0};
        left = ZSTD_compressStream2(s->zstd, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            WEIR_FAIL(err, IO_ERROR, "zstd: %s", ZSTD_getErrorName(left));
        WEIR_TRY(put_bytes(s, s->packed, out.pos, err));
    } while (last ? left != 0 : in.pos < in.size);
    return WEIR_OK;
}

static weir_code flush(weir_output_stream *s, bool last, weir_error **err) {
    weir_code code;
    if (s->codec == WEIR_CODEC_GZIP)
        code = pack_gzip(s, last, err);
    else if (s->codec == WEIR_CODEC_ZSTD)
        code = pack_zstd(s, last, err);
    else
        code = put_bytes(s, s->text.data, s->text.size, err);
    weir_strbuf_clear(&s->text);
    return code;
}

static void free_stream(weir_output_stream *s) {
    if (s->gzip_ready)
        deflateEnd(&s->gzip);
    ZSTD_freeCStream(s->zstd);
    weir_free(s->packed);
    weir_strbuf_fini(&s->text);
    weir_free(s);
}

weir_code weir_output_stream_open(weir_fs *fs, const char *path, weir_codec codec, weir_output_stream **ret,
                                  weir_error **err) {
    weir_output_stream *s = weir_alloc_zero(1, sizeof *s);
    s->fs = fs;
    s->codec = codec;
    weir_code code = WEIR_OK;
    if (codec != WEIR_CODEC_NONE)
        s->packed = weir_alloc(FLUSH_SIZE);
    if (codec == WEIR_CODEC_GZIP) {
        s->gzip_ready =
            deflateInit2(&s->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
        if (!s->gzip_ready)
            code = weir_error_oom(err);
    } else if (codec == WEIR_CODEC_ZSTD) {
        s->zstd = ZSTD_createCStream();
        if (!s->zstd)
            code = weir_error_oom(err);
        else
            ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_checksumFlag, 1);
    }
    if (code == WEIR_OK)
        code = fs->ops->put_open(fs, path, &s->put, err);
    if (code != WEIR_OK) {
        free_stream(s);
        return code;
    }
    *ret = s;
    return WEIR_OK;
}

weir_strbuf *weir_output_stream_text(weir_output_stream *stream) {
    return &stream->text;
}

weir_code weir_output_stream_spill(weir_output_stream *stream, weir_error **err) {
    return stream->text.size >= FLUSH_SIZE ? flush(stream, false, err) : WEIR_OK;
}

weir_code weir_output_stream_finish(weir_output_stream *stream, int64_t *ret_size, weir_error **err) {
    weir_code code = flush(stream, true, err);
    if (code != WEIR_OK) {
        weir_output_stream_abort(stream);
        return code;
    }
    code = stream->fs->ops->put_finish(stream->put, err);
    *ret_size = stream->written;
    free_stream(stream);
    return code;
}

void weir_output_stream_abort(weir_output_stream *stream) {
    if (!stream)
        return;
    stream->fs->ops->put_abort(stream->put);
    free_stream(stream);
}
