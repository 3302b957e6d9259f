/* Spark's xxhash64(): XXH64 over columns (row_codec.h). Column by column, each hash seeding the next; NULL
 * leaves the seed as it is. Nested values recurse per value. Pure; any thread. */
#include "common/column/row_codec.h"

#define PRIME1 UINT64_C(0x9E3779B185EBCA87)
#define PRIME2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define PRIME3 UINT64_C(0x165667B19E3779F9)
#define PRIME4 UINT64_C(0x85EBCA77C2B2AE63)
#define PRIME5 UINT64_C(0x27D4EB2F165667C5)

static inline uint64_t rotate(uint64_t value, int by) {
    return value << by | value >> (64 - by);
}

static inline uint64_t finish(uint64_t hash) {
    hash = (hash ^ hash >> 33) * PRIME2;
    hash = (hash ^ hash >> 29) * PRIME3;
    return hash ^ hash >> 32;
}

static inline uint64_t hash_int(uint32_t value, uint64_t seed) {
    uint64_t hash = (seed + PRIME5 + 4) ^ value * PRIME1;
    return finish(rotate(hash, 23) * PRIME2 + PRIME3);
}

static inline uint64_t hash_long(uint64_t value, uint64_t seed) {
    uint64_t hash = (seed + PRIME5 + 8) ^ rotate(value * PRIME2, 31) * PRIME1;
    return finish(rotate(hash, 27) * PRIME1 + PRIME4);
}

static inline uint64_t round_of(uint64_t lane, uint64_t word) {
    return rotate(lane + word * PRIME2, 31) * PRIME1;
}

static uint64_t hash_bytes(const uint8_t *data, size_t size, uint64_t seed) {
    size_t at = 0;
    uint64_t hash = seed + PRIME5;
    if (size >= 32) {
        uint64_t lanes[4] = {seed + PRIME1 + PRIME2, seed + PRIME2, seed, seed - PRIME1};
        for (; at + 32 <= size; at += 32)
            for (int k = 0; k < 4; k++)
                lanes[k] = round_of(lanes[k], weir_load64(data + at + 8 * k));
        hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
        for (int k = 0; k < 4; k++)
            hash = (hash ^ round_of(0, lanes[k])) * PRIME1 + PRIME4;
    }
    hash += size;
    for (; at + 8 <= size; at += 8)
        hash = rotate(hash ^ round_of(0, weir_load64(data + at)), 27) * PRIME1 + PRIME4;
    if (at + 4 <= size) {
        hash = rotate(hash ^ weir_load32(data + at) * PRIME1, 23) * PRIME2 + PRIME3;
        at += 4;
    }
    for (; at < size; at++)
        hash = rotate(hash ^ data[at] * PRIME5, 11) * PRIME1;
    return finish(hash);
}

/* BigInteger.toByteArray: big-endian two's complement without redundant sign bytes. */
static uint64_t hash_big_decimal(__int128 value, uint64_t seed) {
    uint8_t bytes[16];
    for (int i = 15; i >= 0; i--) {
        bytes[i] = (uint8_t)value;
        value >>= 8;
    }
    int from = 0;
    while (from < 15 && ((bytes[from] == 0 && !(bytes[from + 1] & 0x80)) ||
                         (bytes[from] == 0xFF && (bytes[from + 1] & 0x80))))
        from++;
    return hash_bytes(bytes + from, (size_t)(16 - from), seed);
}

static uint64_t hash_float(uint32_t bits, uint64_t seed) {
    float value;
    memcpy(&value, &bits, 4);
    return hash_int(value == 0.0f ? 0 : value != value ? UINT32_C(0x7fc00000) : bits, seed);
}

static uint64_t hash_double(uint64_t bits, uint64_t seed) {
    double value;
    memcpy(&value, &bits, 8);
    return hash_long(value == 0.0 ? 0 : value != value ? UINT64_C(0x7ff8000000000000) : bits, seed);
}

static uint64_t hash_scalar(const weir_column *column, int32_t row, uint64_t hash) {
    size_t slot = (size_t)weir_column_slot(column, row);
    const uint8_t *values = column->values;
    switch ((int)column->type->kind) {
    case WEIR_TYPE_BOOLEAN:
        return hash_int(weir_bit_get(values, (int64_t)slot), hash);
    case WEIR_TYPE_BYTE:
        return hash_int((uint32_t)(int32_t)(int8_t)values[slot], hash);
    case WEIR_TYPE_SHORT: {
        int16_t value;
        memcpy(&value, values + 2 * slot, 2);
        return hash_int((uint32_t)(int32_t)value, hash);
    }
    case WEIR_TYPE_INT:
    case WEIR_TYPE_DATE:
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        return hash_int(weir_load32(values + 4 * slot), hash);
    case WEIR_TYPE_FLOAT:
        return hash_float(weir_load32(values + 4 * slot), hash);
    case WEIR_TYPE_DOUBLE:
        return hash_double(weir_load64(values + 8 * slot), hash);
    case WEIR_TYPE_DECIMAL:
        if (column->type->precision <= 18)
            return hash_long(weir_load64(values + 16 * slot), hash);
        return hash_big_decimal(weir_load128(values + 16 * slot), hash);
    case WEIR_TYPE_INTERVAL_CALENDAR:
        hash = hash_long(weir_load64(values + 16 * slot + 8), hash);
        hash = hash_int(weir_load32(values + 16 * slot + 4), hash);
        return hash_int(weir_load32(values + 16 * slot), hash);
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_CHAR:
    case WEIR_TYPE_VARCHAR:
    case WEIR_TYPE_BINARY: {
        weir_str bytes = weir_column_bytes(column, row);
        return hash_bytes((const uint8_t *)bytes.data, bytes.size, hash);
    }
    default: /* LONG, TIME, timestamps, day-time intervals */
        return hash_long(weir_load64(values + 8 * slot), hash);
    }
}

static uint64_t hash_value(const weir_column *column, int32_t row, uint64_t hash) {
    if (weir_column_is_null(column, row))
        return hash;
    int32_t slot = weir_column_slot(column, row);
    if (column->type->kind == WEIR_TYPE_STRUCT) {
        for (int32_t i = 0; i < column->children_count; i++)
            hash = hash_value(column->children[i], slot, hash);
        return hash;
    }
    if (column->type->kind == WEIR_TYPE_ARRAY) {
        for (int32_t i = column->offsets[slot]; i < column->offsets[slot + 1]; i++)
            hash = hash_value(column->children[0], i, hash);
        return hash;
    }
    return hash_scalar(column, row, hash);
}

void weir_columns_xxhash64(weir_column *const *columns, int32_t columns_count, const weir_sel *sel,
                           uint64_t seed, uint64_t *hashes) {
    for (int32_t i = 0; i < sel->count; i++)
        hashes[i] = seed;
    for (int32_t c = 0; c < columns_count; c++)
        for (int32_t i = 0; i < sel->count; i++)
            hashes[i] = hash_value(columns[c], weir_sel_row(sel, i), hashes[i]);
}
