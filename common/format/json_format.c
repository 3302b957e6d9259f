/* The JSON file format behind the format seam. */
#include "common/format/json_int.h"

const weir_format_ops weir_json_format_ops = {
    .name = "json",
    .read_spec = weir_json_read_spec,
    .infer = weir_json_infer,
    .splittable = weir_json_splittable,
    .reader_open = weir_json_reader_open,
    .reader_next = weir_json_reader_next,
    .reader_close = weir_json_reader_close,
    .write_spec = weir_json_write_spec_parse,
    .write_extension = weir_json_write_extension,
    .writer_open = weir_json_writer_open,
    .writer_write = weir_json_writer_write,
    .writer_finish = weir_json_writer_finish,
    .writer_abort = weir_json_writer_abort,
};
