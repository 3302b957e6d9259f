/* Batches from JSON lines, and cells as text: how tests write their rows. */
#pragma once

#include "common/column/column.h"
#include "common/types/timezone.h"

/* The lines read with the schema (DDL), all in one batch; the batch's types live in the arena. Asserts. */
weir_batch *weir_json_rows(weir_arena *arena, const char *ddl, const char *const *lines, int32_t count);
/* "a|1|NULL" a row, as Dataset.show prints cells; rows end with newlines. */
void weir_rows_text(weir_strbuf *buf, const weir_batch *batch);
