/* Values as text: what Dataset.show prints in a cell, CAST to STRING, and show's tables themselves. */
#pragma once

#include "common/column/column.h"
#include "common/types/timezone.h"

/* CAST(value AS STRING) of a non-null row; nested values as "{1, a}", "[1, 2]", "{k -> v}" with inner
 * null as "null". (ToPrettyString: show's form, inner NULL as "NULL", binary as [31 32].) */
typedef enum weir_text_style { WEIR_TEXT_CAST, WEIR_TEXT_SHOW } weir_text_style;
void weir_cell_text(weir_strbuf *buf, const weir_column *column, int32_t row, weir_text_style style,
                    const weir_timezone *zone);

/* ---- Dataset.show (show_table.c) ---- */

/* Rows to show: batches of `schema`, in order. */
typedef struct weir_show_source {
    const weir_type *schema;
    weir_batch *const *batches;
    int32_t batches_count;
    const weir_timezone *zone;
} weir_show_source;

typedef struct weir_show_options {
    int32_t rows_max; /* below 0: none */
    int32_t truncate; /* cells longer are cut ("...") and all are right-aligned; 0 and below: neither */
    bool vertical;    /* a line a column instead of the box table */
} weir_show_options;

/* Dataset.showString: at most `rows_max` rows and, as its last line without a newline, "only showing top N
 * rows" where there are more: the source needs one row more than is shown. */
void weir_show(weir_strbuf *buf, const weir_show_source *source, const weir_show_options *options);
/* The box table of one batch. */
void weir_show_table(weir_strbuf *buf, const weir_batch *batch, int32_t rows_max, int32_t truncate,
                     const weir_timezone *zone);
/* Dataset.htmlString: what notebooks show. */
void weir_show_html(weir_strbuf *buf, const weir_show_source *source, int32_t rows_max, int32_t truncate);
