/* Values as Spark's InternalRow prints them: the bad record in the errors of mode FAILFAST. Any thread. */
#pragma once

#include "common/column/column.h"

void weir_row_text_value(weir_strbuf *buf, const weir_column *column, int32_t row);
