/* Spark's hash functions of columns: the body that row_hash.c and row_xxhash.c share, which define
 * HASH_COLUMNS (its name), HASH_WORD, HASH_INT, HASH_LONG and HASH_BYTES before they include it. Column by
 * column, each hash seeding the next; NULL leaves the seed as it is; -0.0 counts as 0.0 and every NaN as one.
 * The null-free fixed-width cases are plain loops; nested values recurse per value. Pure; any thread. */
#pragma once

#include "common/base/hash.h"
#include "common/column/row_codec.h"

/* BigInteger.toByteArray: big-endian two's complement without redundant sign bytes. */
static HASH_WORD hash_big_decimal(__int128 value, HASH_WORD seed) {
    uint8_t bytes[16];
    for (int i = 15; i >= 0; i--) {
        bytes[i] = (uint8_t)value;
        value >>= 8;
    }
    int from = 0;
    while (from < 15 && ((bytes[from] == 0 && !(bytes[from + 1] & 0x80)) ||
                         (bytes[from] == 0xFF && (bytes[from + 1] & 0x80))))
        from++;
    return HASH_BYTES(bytes + from, (size_t)(16 - from), seed);
}

static inline HASH_WORD hash_float(uint32_t bits, HASH_WORD seed) {
    float value;
    memcpy(&value, &bits, 4);
    return HASH_INT(value == 0.0f ? 0 : value != value ? UINT32_C(0x7fc00000) : bits, seed);
}

static inline HASH_WORD hash_double(uint64_t bits, HASH_WORD seed) {
    double value;
    memcpy(&value, &bits, 8);
    return HASH_LONG(value == 0.0 ? 0 : value != value ? UINT64_C(0x7ff8000000000000) : bits, seed);
}

static inline HASH_WORD hash_decimal(const weir_type *type, const uint8_t *data, HASH_WORD seed) {
    if (type->precision <= 18)
        return HASH_LONG(weir_load64(data), seed);
    return hash_big_decimal(weir_load128(data), seed);
}

static inline HASH_WORD hash_calendar(const uint8_t *data, HASH_WORD seed) {
    HASH_WORD hash = HASH_LONG(weir_load64(data + 8), seed);
    hash = HASH_INT(weir_load32(data + 4), hash);
    return HASH_INT(weir_load32(data), hash);
}

static weir_code hash_value(const weir_column *column, int32_t row, HASH_WORD *hash, weir_error **err);

static weir_code hash_key_form(const weir_column *column, int32_t row, HASH_WORD *hash, weir_error **err) {
    weir_rows rows = {0};
    weir_column *columns[] = {(weir_column *)column};
    weir_sel sel = {&row, 1};
    weir_code code = weir_rows_encode(&rows, columns, 1, &sel, err);
    if (code == WEIR_OK)
        *hash = HASH_BYTES(rows.data, rows.size, *hash);
    weir_rows_fini(&rows);
    return code;
}

static weir_code hash_nested(const weir_column *column, int32_t row, HASH_WORD *hash, weir_error **err) {
    int32_t slot = weir_column_slot(column, row);
    if (column->type->kind == WEIR_TYPE_ARRAY) {
        for (int32_t i = column->offsets[slot]; i < column->offsets[slot + 1]; i++)
            WEIR_TRY(hash_value(column->children[0], i, hash, err));
        return WEIR_OK;
    }
    if (column->type->kind == WEIR_TYPE_STRUCT) {
        for (int32_t i = 0; i < column->children_count; i++)
            WEIR_TRY(hash_value(column->children[i], slot, hash, err));
        return WEIR_OK;
    }
    return hash_key_form(column, row, hash, err);
}

static weir_code hash_value(const weir_column *column, int32_t row, HASH_WORD *hash, weir_error **err) {
    if (weir_column_is_null(column, row))
        return WEIR_OK;
    size_t slot = (size_t)weir_column_slot(column, row);
    const uint8_t *values = column->values;
    switch (column->type->kind) {
    case WEIR_TYPE_NULL:
        return WEIR_OK;
    case WEIR_TYPE_BOOLEAN:
        *hash = HASH_INT(weir_bit_get(values, (int64_t)slot), *hash);
        return WEIR_OK;
    case WEIR_TYPE_BYTE:
        *hash = HASH_INT((uint32_t)(int32_t)(int8_t)values[slot], *hash);
        return WEIR_OK;
    case WEIR_TYPE_SHORT: {
        int16_t value;
        memcpy(&value, values + 2 * slot, 2);
        *hash = HASH_INT((uint32_t)(int32_t)value, *hash);
        return WEIR_OK;
    }
    case WEIR_TYPE_INT:
    case WEIR_TYPE_DATE:
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        *hash = HASH_INT(weir_load32(values + 4 * slot), *hash);
        return WEIR_OK;
    case WEIR_TYPE_FLOAT:
        *hash = hash_float(weir_load32(values + 4 * slot), *hash);
        return WEIR_OK;
    case WEIR_TYPE_DOUBLE:
        *hash = hash_double(weir_load64(values + 8 * slot), *hash);
        return WEIR_OK;
    case WEIR_TYPE_LONG:
    case WEIR_TYPE_TIME:
    case WEIR_TYPE_TIMESTAMP:
    case WEIR_TYPE_TIMESTAMP_NTZ:
    case WEIR_TYPE_INTERVAL_DAY_TIME:
        *hash = HASH_LONG(weir_load64(values + 8 * slot), *hash);
        return WEIR_OK;
    case WEIR_TYPE_DECIMAL:
        *hash = hash_decimal(column->type, values + 16 * slot, *hash);
        return WEIR_OK;
    case WEIR_TYPE_INTERVAL_CALENDAR:
        *hash = hash_calendar(values + 16 * slot, *hash);
        return WEIR_OK;
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_CHAR:
    case WEIR_TYPE_VARCHAR:
    case WEIR_TYPE_BINARY: {
        weir_str bytes = weir_column_bytes(column, row);
        *hash = HASH_BYTES(bytes.data, bytes.size, *hash);
        return WEIR_OK;
    }
    default:
        return hash_nested(column, row, hash, err);
    }
}

static void hash_longs(const weir_column *column, const weir_sel *sel, HASH_WORD *hashes) {
    for (int32_t i = 0; i < sel->count; i++) {
        size_t slot = (size_t)weir_column_slot(column, weir_sel_row(sel, i));
        if (!column->validity || weir_bit_get(column->validity, (int64_t)slot))
            hashes[i] = HASH_LONG(weir_load64(column->values + 8 * slot), hashes[i]);
    }
}

static void hash_strings(const weir_column *column, const weir_sel *sel, HASH_WORD *hashes) {
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i);
        if (weir_column_is_null(column, row))
            continue;
        weir_str bytes = weir_column_bytes(column, row);
        hashes[i] = HASH_BYTES(bytes.data, bytes.size, hashes[i]);
    }
}

static weir_code hash_column(weir_column *column, const weir_sel *sel, HASH_WORD *hashes, weir_error **err) {
    switch ((int)column->type->kind) {
    case WEIR_TYPE_LONG:
    case WEIR_TYPE_TIMESTAMP:
        hash_longs(column, sel, hashes);
        return WEIR_OK;
    case WEIR_TYPE_STRING:
        hash_strings(column, sel, hashes);
        return WEIR_OK;
    default:
        for (int32_t i = 0; i < sel->count; i++)
            WEIR_TRY(hash_value(column, weir_sel_row(sel, i), &hashes[i], err));
        return WEIR_OK;
    }
}

weir_code HASH_COLUMNS(weir_column *const *columns, int32_t columns_count, const weir_sel *sel,
                       HASH_WORD seed, HASH_WORD *hashes, weir_error **err) {
    for (int32_t i = 0; i < sel->count; i++)
        hashes[i] = seed;
    for (int32_t c = 0; c < columns_count; c++) {
        if (columns[c]->encoding != WEIR_DICTIONARY) {
            WEIR_TRY(hash_column(columns[c], sel, hashes, err));
            continue;
        }
        _cleanup_column_ weir_column *flat = NULL;
        WEIR_TRY(weir_column_flatten(NULL, columns[c], &flat, err));
        WEIR_TRY(hash_column(flat, sel, hashes, err));
    }
    return WEIR_OK;
}
