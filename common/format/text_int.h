/* Private to common/format: what the reader and the writer of the text format share (text_format.c). */
#pragma once

#include "common/format/format.h"
#include "common/format/input_stream.h"

typedef struct weir_text_spec {
    const weir_type *projection; /* one STRING column, or none where rows are only counted */
    weir_str line_sep;           /* empty: \n, \r\n or \r */
    bool whole;                  /* wholetext: a file is a row */
    int32_t chunk_size;          /* bytes asked from the file at once */
} weir_text_spec;

/* Tests read with small chunks; not for others. */
void weir_text_spec_tune(weir_read_spec *spec, int32_t chunk_size);

/* ---- text_reader.c ---- */
weir_code weir_text_reader_open(const weir_read_spec *spec, weir_fs *fs, const weir_split *split,
                                weir_budget *budget, weir_reader **ret, weir_error **err);
weir_code weir_text_reader_next(weir_reader *reader, int32_t rows, weir_batch **ret, int64_t *ret_records,
                                weir_error **err);
void weir_text_reader_close(weir_reader *reader);

/* ---- text_writer.c ---- */
weir_code weir_text_write_spec(weir_arena *arena, const weir_type *schema, const weir_options *options,
                               const weir_timezone *zone, weir_write_spec **ret, weir_error **err);
const char *weir_text_write_extension(const weir_write_spec *spec);
weir_code weir_text_writer_open(const weir_write_spec *spec, weir_fs *fs, const char *path,
                                weir_budget *budget, weir_writer **ret, weir_error **err);
weir_code weir_text_writer_write(weir_writer *writer, const weir_batch *batch, weir_error **err);
weir_code weir_text_writer_finish(weir_writer *writer, int64_t *ret_size, weir_error **err);
void weir_text_writer_abort(weir_writer *writer);

/* ---- text_format.c ---- */
/* Option lineSep; empty where it is not given. */
weir_code weir_text_line_sep(weir_arena *arena, const weir_options *options, weir_str *ret, weir_error **err);
weir_code weir_text_check_schema(const weir_type *schema, weir_error **err);
/* A line fills one column, however many a schema names. */
weir_code weir_text_refuse_width(int32_t count, weir_error **err);
