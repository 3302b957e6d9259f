/* Values as text: what Dataset.show prints in a cell, CAST to STRING, and the table itself. */
#pragma once

#include "common/column/column.h"
#include "common/types/timezone.h"

/* CAST(value AS STRING) of a non-null row; nested values as "{1, a}", "[1, 2]", "{k -> v}" with inner
 * null as "null". (ToPrettyString: show's form, inner NULL as "NULL", binary as [31 32].) */
typedef enum weir_text_style { WEIR_TEXT_CAST, WEIR_TEXT_SHOW } weir_text_style;
void weir_cell_text(weir_strbuf *buf, const weir_column *column, int32_t row, weir_text_style style,
                    const weir_timezone *zone);

/* Dataset.showString: the box table with header, at most `rows_max` rows and, as its last line without a
 * newline, "only showing top N rows" where the batch has more. truncate 0 = none; else cells longer are
 * cut ("..."), and right-aligned as Spark does. */
void weir_show_table(weir_strbuf *buf, const weir_batch *batch, int32_t rows_max, int32_t truncate,
                     const weir_timezone *zone);
