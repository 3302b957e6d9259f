/* Row decoding (format: row_codec.h): bytes back into builders. Every length is checked before it is
 * read, so damaged bytes give CORRUPT_FILE and never a read out of bounds; a failed row leaves the
 * builders as they were. Recursion is bounded by the type's depth. Any thread. */
#include "common/column/row_codec.h"

#include "common/base/assert.h"

typedef struct reader {
    const uint8_t *at, *end;
    bool refused; /* a builder had no memory; else a failure means damaged bytes */
} reader;

static bool take(reader *r, size_t size, const uint8_t **ret) {
    if ((size_t)(r->end - r->at) < size)
        return false;
    *ret = r->at;
    r->at += size;
    return true;
}

static bool take_u32(reader *r, uint32_t *ret) {
    const uint8_t *data;
    if (!take(r, 4, &data))
        return false;
    *ret = weir_load32(data);
    return true;
}

static bool added(reader *r, bool ok) {
    r->refused = r->refused || !ok;
    return ok;
}

static bool decode_fields(reader *r, weir_builder *builders, int32_t count);
static bool decode_value(reader *r, weir_builder *builder);

static bool decode_bytes(reader *r, weir_builder *builder) {
    uint32_t size;
    const uint8_t *data;
    return take_u32(r, &size) && take(r, size, &data) && added(r, weir_builder_bytes(builder, data, size));
}

/* `count` values, with their null bits in front where `nulls`. */
static bool decode_list(reader *r, weir_builder *child, uint32_t count, bool nulls) {
    const uint8_t *flags = NULL;
    if (nulls && !take(r, (size_t)weir_bits_bytes(count), &flags))
        return false;
    if (!nulls && count > (size_t)(r->end - r->at))
        return false; /* map keys take at least a byte each: no huge loops over damaged counts */
    for (uint32_t i = 0; i < count; i++) {
        if (flags && weir_bit_get(flags, i)) {
            if (!added(r, weir_builder_null(child)))
                return false;
        } else if (!decode_value(r, child)) {
            return false;
        }
    }
    return true;
}

static bool decode_value(reader *r, weir_builder *builder) {
    const uint8_t *data;
    uint32_t count;
    switch (builder->type->kind) {
    case WEIR_TYPE_NULL:
        return false; /* never without its null bit */
    case WEIR_TYPE_BOOLEAN:
        return take(r, 1, &data) && *data <= 1 && added(r, weir_builder_bool(builder, *data));
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_CHAR:
    case WEIR_TYPE_VARCHAR:
    case WEIR_TYPE_BINARY:
        return decode_bytes(r, builder);
    case WEIR_TYPE_STRUCT:
        return decode_fields(r, builder->children, builder->children_count) &&
               added(r, weir_builder_struct_end(builder));
    case WEIR_TYPE_VARIANT:
        return decode_bytes(r, &builder->children[0]) && decode_bytes(r, &builder->children[1]) &&
               added(r, weir_builder_struct_end(builder));
    case WEIR_TYPE_ARRAY:
        return take_u32(r, &count) && decode_list(r, &builder->children[0], count, true) &&
               added(r, weir_builder_list_end(builder));
    case WEIR_TYPE_MAP:
        return take_u32(r, &count) && decode_list(r, &builder->children[0], count, false) &&
               decode_list(r, &builder->children[1], count, true) && added(r, weir_builder_list_end(builder));
    default:
        break;
    }
    switch (weir_type_width(builder->type)) {
    case 1:
        return take(r, 1, &data) && added(r, weir_builder_int8(builder, (int8_t)*data));
    case 2: {
        int16_t value;
        return take(r, 2, &data) && (memcpy(&value, data, 2), added(r, weir_builder_int16(builder, value)));
    }
    case 4:
        return take(r, 4, &data) && added(r, weir_builder_int32(builder, (int32_t)weir_load32(data)));
    case 8:
        return take(r, 8, &data) && added(r, weir_builder_int64(builder, (int64_t)weir_load64(data)));
    default:
        return take(r, 16, &data) && added(r, weir_builder_int128(builder, weir_load128(data)));
    }
}

static bool decode_fields(reader *r, weir_builder *builders, int32_t count) {
    const uint8_t *flags;
    if (!take(r, (size_t)weir_bits_bytes(count), &flags))
        return false;
    for (int32_t i = 0; i < count; i++) {
        if (weir_bit_get(flags, i)) {
            if (!added(r, weir_builder_null(&builders[i])))
                return false;
        } else if (!decode_value(r, &builders[i])) {
            return false;
        }
    }
    for (int32_t bit = count; bit < (int32_t)(8 * weir_bits_bytes(count)); bit++) {
        if (weir_bit_get(flags, bit))
            return false;
    }
    return true;
}

weir_code weir_row_decode(const uint8_t *row, size_t size, weir_builder *builders, int32_t count,
                          weir_error **err) {
    int32_t before = count ? builders[0].length : 0;
    reader r = {.at = row, .end = row + size};
    if (decode_fields(&r, builders, count) && r.at == r.end)
        return WEIR_OK;
    for (int32_t i = 0; i < count; i++) {
        if (builders[i].length > before || builders[i].children_count)
            weir_builder_truncate(&builders[i], before);
    }
    if (r.refused)
        WEIR_FAIL(err, OUT_OF_MEMORY, "decoding a row of %zu bytes does not fit the task's memory budget",
                  size);
    WEIR_RAISE(err, CORRUPT_FILE, "path", "(encoded row)", "reason", "its bytes are not a row of its types");
}
