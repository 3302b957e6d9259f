/* The text writer: one STRING column, a row a line, NULL an empty line (Spark's TextOutputWriter). Bytes go
 * out as they are. Failure: what the file system reports. Task thread. */
#include "common/base/alloc.h"
#include "common/format/output_stream.h"
#include "common/format/text_int.h"

typedef struct text_write_spec {
    weir_str line_sep;
    weir_codec codec;
    const char *extension;
} text_write_spec;

typedef struct text_writer {
    const text_write_spec *spec;
    weir_output_stream *stream;
} text_writer;

weir_code weir_text_write_spec(weir_arena *arena, const weir_type *schema, const weir_options *options,
                               const weir_timezone *zone, weir_write_spec **ret, weir_error **err) {
    (void)zone;
    text_write_spec *spec = WEIR_NEW(arena, text_write_spec);
    WEIR_TRY(weir_text_check_schema(schema, err));
    WEIR_TRY(weir_text_line_sep(arena, options, &spec->line_sep, err));
    if (spec->line_sep.size == 0)
        spec->line_sep = WEIR_STR("\n");
    WEIR_TRY(weir_output_stream_codec(weir_options_get(options, "compression"), &spec->codec, err));
    spec->extension = weir_arena_printf(arena, ".txt%s", weir_output_stream_extension(spec->codec));
    *ret = (weir_write_spec *)spec;
    return WEIR_OK;
}

const char *weir_text_write_extension(const weir_write_spec *spec) {
    return ((const text_write_spec *)spec)->extension;
}

weir_code weir_text_writer_open(const weir_write_spec *write_spec, weir_fs *fs, const char *path,
                                weir_budget *budget, weir_writer **ret, weir_error **err) {
    (void)budget; /* the buffers are small and fixed */
    const text_write_spec *spec = (const text_write_spec *)write_spec;
    weir_output_stream *stream = NULL;
    WEIR_TRY(weir_output_stream_open(fs, path, spec->codec, &stream, err));
    text_writer *writer = weir_alloc_zero(1, sizeof *writer);
    *writer = (text_writer){spec, stream};
    *ret = (weir_writer *)writer;
    return WEIR_OK;
}

weir_code weir_text_writer_write(weir_writer *writer, const weir_batch *batch, weir_error **err) {
    text_writer *w = (text_writer *)writer;
    weir_strbuf *text = weir_output_stream_text(w->stream);
    _cleanup_column_ weir_column *values = NULL;
    WEIR_TRY(weir_column_flatten(NULL, batch->columns[0], &values, err));
    for (int32_t row = 0; row < batch->rows; row++) {
        if (!weir_column_is_null(values, row))
            weir_strbuf_add(text, weir_column_bytes(values, row));
        weir_strbuf_add(text, w->spec->line_sep);
        WEIR_TRY(weir_output_stream_spill(w->stream, err));
    }
    return WEIR_OK;
}

weir_code weir_text_writer_finish(weir_writer *writer, int64_t *ret_size, weir_error **err) {
    text_writer *w = (text_writer *)writer;
    weir_code code = weir_output_stream_finish(w->stream, ret_size, err);
    weir_free(w);
    return code;
}

void weir_text_writer_abort(weir_writer *writer) {
    text_writer *w = (text_writer *)writer;
    if (!w)
        return;
    weir_output_stream_abort(w->stream);
    weir_free(w);
}
