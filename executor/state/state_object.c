/* State objects (state_object.h, docs/formats/state.md).
 *
 *   0  u32 magic "WSO1"   8  u64 batch_id        24 index: per section u32 operator_id, u32 group_from,
 *   4  u16 format 1       16 u32 sections           u32 group_to, u32 section CRC32C, u64 offset, u64 size
 *   6  u16 0              20 u32 header_size     .. u32 CRC32C of the header before it
 *   sections back to back from header_size on, up to the end of the object */
#include "executor/state/state_object.h"

#include "common/base/bits.h"
#include "common/base/hash.h"

#define MAGIC UINT32_C(0x314F5357) /* "WSO1" */
#define FORMAT 1
#define FIXED_BYTES 24
#define INDEX_BYTES 32
#define PARTS_MAX (1 << 20)

static void add_u32(weir_strbuf *buf, uint32_t value) {
    weir_strbuf_add(buf, (weir_str){(const char *)&value, 4});
}
static void add_u64(weir_strbuf *buf, uint64_t value) {
    weir_strbuf_add(buf, (weir_str){(const char *)&value, 8});
}

void weir_state_object_write(weir_strbuf *buf, int64_t batch_id, const weir_state_object_part *parts,
                             int32_t count) {
    size_t start = buf->size, header_size = FIXED_BYTES + INDEX_BYTES * (size_t)count + 4,
           total = header_size;
    for (int32_t i = 0; i < count; i++)
        total += parts[i].section.size;
    weir_strbuf_reserve(buf, total);
    add_u32(buf, MAGIC);
    add_u32(buf, FORMAT);
    add_u64(buf, (uint64_t)batch_id);
    add_u32(buf, (uint32_t)count);
    add_u32(buf, (uint32_t)header_size);
    size_t offset = header_size;
    for (int32_t i = 0; i < count; i++) {
        add_u32(buf, (uint32_t)parts[i].operator_id);
        add_u32(buf, (uint32_t)parts[i].group_from);
        add_u32(buf, (uint32_t)parts[i].group_to);
        add_u32(buf, weir_crc32c(0, parts[i].section.data, parts[i].section.size));
        add_u64(buf, offset);
        add_u64(buf, parts[i].section.size);
        offset += parts[i].section.size;
    }
    add_u32(buf, weir_crc32c(0, buf->data + start, buf->size - start));
    for (int32_t i = 0; i < count; i++)
        weir_strbuf_add(buf, parts[i].section);
}

static weir_code damaged(const char *what, const char *reason, weir_error **err) {
    WEIR_RAISE(err, CORRUPT_FILE, "path", what, "reason", reason);
}

static weir_code parse_parts(weir_arena *arena, const uint8_t *data, int32_t count, size_t header_size,
                             const char *what, weir_state_object *ret, weir_error **err) {
    weir_state_object object = {.batch_id = (int64_t)weir_load64(data + 8),
                                .parts = WEIR_NEW_ARRAY(arena, weir_state_object_part, count + 1),
                                .count = count,
                                .size = (int64_t)header_size};
    for (int32_t i = 0; i < count; i++) {
        const uint8_t *entry = data + FIXED_BYTES + INDEX_BYTES * (size_t)i;
        uint64_t offset = weir_load64(entry + 16), size = weir_load64(entry + 24);
        if (offset != (uint64_t)object.size || size > (uint64_t)(INT64_MAX - object.size))
            return damaged(what, "its index is wrong", err);
        object.parts[i] = (weir_state_object_part){.operator_id = (int32_t)weir_load32(entry),
                                                   .group_from = (int32_t)weir_load32(entry + 4),
                                                   .group_to = (int32_t)weir_load32(entry + 8),
                                                   .crc = weir_load32(entry + 12),
                                                   .offset = (int64_t)offset,
                                                   .size = (int64_t)size};
        object.size += (int64_t)size;
    }
    *ret = object;
    return WEIR_OK;
}

weir_code weir_state_object_read_index(weir_arena *arena, weir_str bytes, const char *what, size_t *ret_need,
                                       weir_state_object *ret, weir_error **err) {
    const uint8_t *data = (const uint8_t *)bytes.data;
    *ret_need = FIXED_BYTES;
    if (bytes.size < FIXED_BYTES)
        return WEIR_OK;
    if (weir_load32(data) != MAGIC)
        return damaged(what, "it is not a state object", err);
    if (weir_load32(data + 4) != FORMAT)
        return damaged(what, "its state format version is unknown", err);
    uint32_t count = weir_load32(data + 16);
    size_t header_size = weir_load32(data + 20);
    if (count > PARTS_MAX || header_size != FIXED_BYTES + INDEX_BYTES * (size_t)count + 4)
        return damaged(what, "its header does not add up", err);
    *ret_need = header_size;
    if (bytes.size < header_size)
        return WEIR_OK;
    if (weir_crc32c(0, data, header_size - 4) != weir_load32(data + header_size - 4))
        return damaged(what, "its header fails the checksum", err);
    return parse_parts(arena, data, (int32_t)count, header_size, what, ret, err);
}

weir_code weir_state_object_check(const weir_state_object_part *part, weir_str section, const char *what,
                                  weir_error **err) {
    if ((int64_t)section.size != part->size)
        return damaged(what, "it is cut off", err);
    if (weir_crc32c(0, section.data, section.size) != part->crc)
        return damaged(what, "a section fails the checksum", err);
    return WEIR_OK;
}

weir_code weir_state_object_read(weir_arena *arena, weir_str bytes, const char *what, weir_state_object *ret,
                                 weir_error **err) {
    size_t need;
    weir_state_object object = {0};
    WEIR_TRY(weir_state_object_read_index(arena, bytes, what, &need, &object, err));
    if (bytes.size < need || (int64_t)bytes.size < object.size)
        return damaged(what, "it is cut off", err);
    if ((int64_t)bytes.size > object.size)
        return damaged(what, "it has bytes behind its end", err);
    for (int32_t i = 0; i < object.count; i++) {
        weir_state_object_part *part = &object.parts[i];
        part->section = (weir_str){bytes.data + part->offset, (size_t)part->size};
        WEIR_TRY(weir_state_object_check(part, part->section, what, err));
    }
    *ret = object;
    return WEIR_OK;
}
