/* The CSV file format behind the format seam. */
#include "common/format/csv_int.h"

const weir_format_ops weir_csv_format_ops = {
    .name = "csv",
    .read_spec = weir_csv_read_spec,
    .infer = weir_csv_infer,
    .splittable = weir_csv_splittable,
    .reader_open = weir_csv_reader_open,
    .reader_next = weir_csv_reader_next,
    .reader_close = weir_csv_reader_close,
    .write_spec = weir_csv_write_spec_parse,
    .write_extension = weir_csv_write_extension,
    .writer_open = weir_csv_writer_open,
    .writer_write = weir_csv_writer_write,
    .writer_finish = weir_csv_writer_finish,
    .writer_abort = weir_csv_writer_abort,
};
