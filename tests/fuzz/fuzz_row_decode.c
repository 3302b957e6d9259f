/* Fuzz target: encoded rows. The first byte chooses the types, the rest is the row. A row that decodes must
 * encode and decode again to the same bytes; anything else is an error, never a crash. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/column/row_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const schemas[] = {
    "a BOOLEAN, b TINYINT, c SMALLINT, d INT, e BIGINT",
    "a FLOAT, b DOUBLE, c DECIMAL(38,10), d DATE, e TIMESTAMP",
    "a STRING, b BINARY, c STRING",
    "a STRUCT<x: INT, y: STRUCT<z: STRING, w: BOOLEAN>>, b INT",
    "a ARRAY<STRING>, b ARRAY<ARRAY<INT>>",
    "a MAP<STRING, ARRAY<STRUCT<q: DOUBLE>>>, b MAP<INT, STRING>",
    "a VARIANT, b VOID",
    "a INT, b INT, c INT, d INT, e INT, f INT, g INT, h INT, i INT",
};
#define FIELDS_MAX 16

static bool decode(const weir_type *type, const uint8_t *row, size_t size, weir_column **ret) {
    weir_builder builders[FIELDS_MAX];
    weir_error *err = NULL;
    for (int32_t i = 0; i < type->fields_count; i++) {
        if (weir_builder_init(&builders[i], NULL, type->fields[i].type, 1, NULL) != WEIR_OK)
            abort();
    }
    bool ok = weir_row_decode(row, size, builders, type->fields_count, &err) == WEIR_OK;
    weir_error_free(err);
    for (int32_t i = 0; i < type->fields_count; i++) {
        if (builders[i].length != ok)
            abort();
        if (ok && weir_builder_finish(&builders[i], &ret[i], NULL) != WEIR_OK)
            abort();
        weir_builder_fini(&builders[i]);
    }
    return ok;
}

static void round_trip(const weir_type *type, const uint8_t *row, size_t size, bool again) {
    weir_column *columns[FIELDS_MAX];
    weir_rows rows = {0}, keys = {0};
    weir_sel sel = {NULL, 1};
    if (!decode(type, row, size, columns)) {
        if (again)
            abort();
        return;
    }
    if (weir_rows_encode_values(&rows, columns, type->fields_count, &sel, NULL) != WEIR_OK ||
        weir_rows_encode(&keys, columns, type->fields_count, &sel, NULL) != WEIR_OK)
        abort();
    uint32_t hash;
    if (weir_columns_murmur3(columns, type->fields_count, &sel, 42, &hash, NULL) != WEIR_OK)
        abort();
    for (int32_t i = 0; i < type->fields_count; i++)
        weir_column_unref(columns[i]);
    if (!again)
        round_trip(type, rows.data, rows.size, true);
    else if (rows.size != size || memcmp(rows.data, row, size) != 0)
        abort();
    weir_rows_fini(&rows);
    weir_rows_fini(&keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    weir_arena *arena = weir_arena_new();
    const weir_type *type;
    if (weir_schema_parse(arena, weir_str_from(schemas[data[0] % WEIR_ARRAY_LEN(schemas)]), &type, NULL) !=
        WEIR_OK)
        abort();
    uint8_t *row = malloc(size);
    memcpy(row, data + 1, size - 1);
    round_trip(type, row, size - 1, false);
    free(row);
    weir_arena_free(arena);
    return 0;
}
