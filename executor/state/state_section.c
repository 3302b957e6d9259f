/* State sections (state_section.h, docs/formats/state.md).
 *
 *   0  u32 magic "WSS1"      32 u32 group_from        64 u64 payload_size
 *   4  u16 format 1          36 u32 group_to          72 u64 raw_size
 *   6  u8 kind               40 u32 key_schema_size   80 key schema, value schema
 *   7  u8 compression        44 u32 value_schema_size .. index: per key group u32 group, u32 entries, u64
 * offset 8  u32 operator_id       48 u32 groups_count      .. u32 CRC32C of the header before it 12 u32
 * header_size       52 u32 payload CRC32C    .. payload (header_size from the start) 16 u64 base_version 56
 * u64 entries 24 u64 version entry: varint(key_size << 1 | present), [varint value_size], key, [value]
 *
 * A reader believes nothing before its checksum, and nothing after it either: sizes, order and counts
 * are checked before they are used, so that a damaged or hostile section is CORRUPT_FILE and never a crash.
 */
#include "executor/state/state_section.h"

#include <string.h>
#include <zstd.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/bits.h"
#include "common/base/hash.h"

#define MAGIC UINT32_C(0x31535357) /* "WSS1" */
#define FORMAT 1
#define FIXED_BYTES 80
#define INDEX_BYTES 16
#define SCHEMA_BYTES_MAX ((size_t)1 << 20)
#define RAW_BYTES_MAX ((uint64_t)1 << 36)
#define COMPRESSION_NONE 0
#define COMPRESSION_ZSTD 1
#define ZSTD_LEVEL 1
#define VARINT_MAX 10

/* ---- writing ---- */

void weir_state_writer_init(weir_state_writer *writer) {
    *writer = (weir_state_writer){0};
    writer->groups = weir_alloc(sizeof(*writer->groups) * WEIR_STATE_GROUPS);
}

void weir_state_writer_fini(weir_state_writer *writer) {
    weir_strbuf_fini(&writer->payload);
    weir_free(writer->groups);
    writer->groups = NULL;
}

static size_t put_varint(uint8_t *target, uint64_t value) {
    size_t size = 0;
    for (; value >= 0x80; value >>= 7)
        target[size++] = (uint8_t)(value | 0x80);
    target[size++] = (uint8_t)value;
    return size;
}

void weir_state_writer_add(weir_state_writer *writer, int32_t group, weir_str key, weir_str value) {
    weir_state_section_group *last = writer->groups_count ? &writer->groups[writer->groups_count - 1] : NULL;
    if (!last || last->group != (uint32_t)group) {
        WEIR_ASSERT(!last || last->group < (uint32_t)group);
        last = &writer->groups[writer->groups_count++];
        *last = (weir_state_section_group){.group = (uint32_t)group, .offset = writer->payload.size};
    }
    last->entries++;
    writer->entries++;
    weir_strbuf *payload = &writer->payload;
    weir_strbuf_reserve(payload, key.size + value.size + 2 * VARINT_MAX);
    uint8_t *at = (uint8_t *)payload->data + payload->size;
    at += put_varint(at, (uint64_t)key.size << 1 | (value.data != NULL));
    if (value.data)
        at += put_varint(at, value.size);
    if (key.size)
        memcpy(at, key.data, key.size);
    at += key.size;
    if (value.data && value.size)
        memcpy(at, value.data, value.size);
    at += value.data ? value.size : 0;
    payload->size = (size_t)((char *)at - payload->data);
    payload->data[payload->size] = 0;
}

static void add_u16(weir_strbuf *buf, uint16_t value) {
    weir_strbuf_add(buf, (weir_str){(const char *)&value, 2});
}
static void add_u32(weir_strbuf *buf, uint32_t value) {
    weir_strbuf_add(buf, (weir_str){(const char *)&value, 4});
}
static void add_u64(weir_strbuf *buf, uint64_t value) {
    weir_strbuf_add(buf, (weir_str){(const char *)&value, 8});
}

static void add_header(const weir_state_writer *writer, weir_state_section_kind kind,
                       const weir_state_spec *spec, int64_t base_version, int64_t version, weir_str payload,
                       weir_strbuf *buf) {
    size_t start = buf->size, header_size = FIXED_BYTES + spec->key_schema.size + spec->value_schema.size +
                                            INDEX_BYTES * (size_t)writer->groups_count + 4;
    add_u32(buf, MAGIC);
    add_u16(buf, FORMAT);
    weir_strbuf_add_char(buf, (char)kind);
    weir_strbuf_add_char(buf, kind == WEIR_STATE_SNAPSHOT ? COMPRESSION_ZSTD : COMPRESSION_NONE);
    add_u32(buf, (uint32_t)spec->operator_id);
    add_u32(buf, (uint32_t)header_size);
    add_u64(buf, (uint64_t)base_version);
    add_u64(buf, (uint64_t)version);
    add_u32(buf, (uint32_t)spec->group_from);
    add_u32(buf, (uint32_t)spec->group_to);
    add_u32(buf, (uint32_t)spec->key_schema.size);
    add_u32(buf, (uint32_t)spec->value_schema.size);
    add_u32(buf, (uint32_t)writer->groups_count);
    add_u32(buf, weir_crc32c(0, payload.data, payload.size));
    add_u64(buf, writer->entries);
    add_u64(buf, payload.size);
    add_u64(buf, writer->payload.size);
    weir_strbuf_add(buf, spec->key_schema);
    weir_strbuf_add(buf, spec->value_schema);
    weir_strbuf_add(buf,
                    (weir_str){(const char *)writer->groups, INDEX_BYTES * (size_t)writer->groups_count});
    add_u32(buf, weir_crc32c(0, buf->data + start, buf->size - start));
    WEIR_ASSERT(buf->size - start == header_size);
}

weir_code weir_state_writer_finish(weir_state_writer *writer, weir_state_section_kind kind,
                                   const weir_state_spec *spec, int64_t base_version, int64_t version,
                                   weir_strbuf *buf, weir_error **err) {
    _Static_assert(sizeof(weir_state_section_group) == INDEX_BYTES,
                   "the index is written as it is in memory");
    weir_str payload = weir_strbuf_view(&writer->payload);
    if (kind == WEIR_STATE_CHANGELOG) {
        add_header(writer, kind, spec, base_version, version, payload, buf);
        weir_strbuf_add(buf, payload);
        return WEIR_OK;
    }
    size_t bound = ZSTD_compressBound(payload.size);
    _cleanup_free_ char *compressed = weir_alloc(bound);
    size_t size = ZSTD_compress(compressed, bound, payload.data, payload.size, ZSTD_LEVEL);
    if (ZSTD_isError(size))
        WEIR_FAIL(err, INTERNAL_ERROR, "compressing a state snapshot: %s", ZSTD_getErrorName(size));
    add_header(writer, kind, spec, base_version, version, (weir_str){compressed, size}, buf);
    weir_strbuf_add(buf, (weir_str){compressed, size});
    return WEIR_OK;
}

/* ---- reading ---- */

static weir_code damaged(const char *what, const char *reason, weir_error **err) {
    WEIR_RAISE(err, CORRUPT_FILE, "path", what, "reason", reason);
}

static bool take_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret) {
    uint64_t value = 0;
    for (int shift = 0; shift < 35 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) {
            *ret = value;
            return true;
        }
    }
    return false;
}

/* One entry from *at on; false where its bytes are not an entry. */
static bool take_entry(const uint8_t **at, const uint8_t *end, weir_str *ret_key, weir_str *ret_value) {
    uint64_t head, value_size = 0;
    if (!take_varint(at, end, &head))
        return false;
    bool present = head & 1;
    if (present && !take_varint(at, end, &value_size))
        return false;
    uint64_t key_size = head >> 1;
    if (key_size > (uint64_t)(end - *at) || value_size > (uint64_t)(end - *at) - key_size)
        return false;
    *ret_key = (weir_str){(const char *)*at, (size_t)key_size};
    *ret_value = (weir_str){present ? (const char *)*at + key_size : NULL, (size_t)value_size};
    *at += key_size + value_size;
    return true;
}

static weir_state_section_group group_at(const weir_state_section *section, int32_t i) {
    weir_state_section_group group;
    memcpy(&group, section->groups + INDEX_BYTES * (size_t)i, sizeof group);
    return group;
}

/* Every group's entries fill exactly the bytes up to the next group. */
static weir_code check_entries(const weir_state_section *section, const char *what, weir_error **err) {
    const uint8_t *start = (const uint8_t *)section->payload.data, *at = start,
                  *end = start + section->payload.size;
    int64_t entries = 0, last = -1;
    for (int32_t i = 0; i < section->groups_count; i++) {
        weir_state_section_group group = group_at(section, i);
        if ((int64_t)group.group <= last || group.group < (uint32_t)section->spec.group_from ||
            group.group >= (uint32_t)section->spec.group_to || group.entries == 0 ||
            group.offset != (uint64_t)(at - start))
            return damaged(what, "its key group index is wrong", err);
        last = group.group;
        entries += group.entries;
        for (uint32_t e = 0; e < group.entries; e++) {
            weir_str key, value;
            if (!take_entry(&at, end, &key, &value) || (!value.data && section->kind == WEIR_STATE_SNAPSHOT))
                return damaged(what, "an entry is malformed", err);
        }
    }
    if (at != end || entries != section->entries)
        return damaged(what, "its entries do not add up", err);
    return WEIR_OK;
}

static weir_code inflate(weir_state_section *section, uint64_t raw_size, weir_str payload, const char *what,
                         weir_budget *budget, weir_error **err) {
    if (ZSTD_getFrameContentSize(payload.data, payload.size) != raw_size || raw_size > RAW_BYTES_MAX)
        return damaged(what, "its compressed size is wrong", err);
    section->raw = weir_buffer_new(budget, (size_t)raw_size);
    if (!section->raw)
        WEIR_FAIL(err, OUT_OF_MEMORY, "a state snapshot of %llu bytes in %s does not fit the memory budget",
                  (unsigned long long)raw_size, what);
    size_t size = ZSTD_decompress(section->raw->data, (size_t)raw_size, payload.data, payload.size);
    if (ZSTD_isError(size) || size != raw_size)
        return damaged(what, "its compressed data is damaged", err);
    section->payload = (weir_str){(const char *)section->raw->data, (size_t)raw_size};
    return WEIR_OK;
}

typedef struct header {
    size_t size;
    uint32_t key_schema_size, value_schema_size, payload_crc;
    uint64_t payload_size, raw_size;
    uint8_t compression;
} header;

static weir_code parse_fixed(weir_str bytes, const char *what, weir_state_section *section, header *h,
                             weir_error **err) {
    const uint8_t *data = (const uint8_t *)bytes.data;
    if (bytes.size < FIXED_BYTES + 4 || weir_load32(data) != MAGIC)
        return damaged(what, "it is not a state section", err);
    uint16_t format;
    memcpy(&format, data + 4, 2);
    if (format != FORMAT)
        return damaged(what, "its state format version is unknown", err);
    h->size = weir_load32(data + 12);
    if (h->size < FIXED_BYTES + 4 || h->size > bytes.size)
        return damaged(what, "it is cut off", err);
    if (weir_crc32c(0, data, h->size - 4) != weir_load32(data + h->size - 4))
        return damaged(what, "its header fails the checksum", err);
    section->kind = (weir_state_section_kind)data[6];
    h->compression = data[7];
    section->spec.operator_id = (int32_t)weir_load32(data + 8);
    section->base_version = (int64_t)weir_load64(data + 16);
    section->version = (int64_t)weir_load64(data + 24);
    section->spec.group_from = (int32_t)weir_load32(data + 32);
    section->spec.group_to = (int32_t)weir_load32(data + 36);
    h->key_schema_size = weir_load32(data + 40);
    h->value_schema_size = weir_load32(data + 44);
    section->groups_count = (int32_t)weir_load32(data + 48);
    h->payload_crc = weir_load32(data + 52);
    section->entries = (int64_t)weir_load64(data + 56);
    h->payload_size = weir_load64(data + 64);
    h->raw_size = weir_load64(data + 72);
    return WEIR_OK;
}

static bool header_adds_up(weir_str bytes, const weir_state_section *section, const header *h) {
    const weir_state_spec *spec = &section->spec;
    bool changelog = section->kind == WEIR_STATE_CHANGELOG;
    if (!changelog && section->kind != WEIR_STATE_SNAPSHOT)
        return false;
    if (h->compression != (changelog ? COMPRESSION_NONE : COMPRESSION_ZSTD))
        return false;
    if (spec->group_from < 0 || spec->group_from >= spec->group_to || spec->group_to > WEIR_STATE_GROUPS)
        return false;
    if (section->groups_count < 0 || section->groups_count > spec->group_to - spec->group_from)
        return false;
    if (section->base_version < 0 || section->version < section->base_version || section->entries < 0)
        return false;
    if (h->key_schema_size > SCHEMA_BYTES_MAX || h->value_schema_size > SCHEMA_BYTES_MAX)
        return false;
    return h->size == FIXED_BYTES + (size_t)h->key_schema_size + h->value_schema_size +
                          INDEX_BYTES * (size_t)section->groups_count + 4 &&
           h->payload_size == bytes.size - h->size && (!changelog || h->raw_size == h->payload_size);
}

static weir_code parse(weir_str bytes, const char *what, weir_budget *budget, weir_state_section *section,
                       weir_error **err) {
    header h = {0};
    WEIR_TRY(parse_fixed(bytes, what, section, &h, err));
    if (!header_adds_up(bytes, section, &h))
        return damaged(what, "its header does not add up", err);
    weir_str payload = {bytes.data + h.size, bytes.size - h.size};
    if (weir_crc32c(0, payload.data, payload.size) != h.payload_crc)
        return damaged(what, "its entries fail the checksum", err);
    section->spec.key_schema = (weir_str){bytes.data + FIXED_BYTES, h.key_schema_size};
    section->spec.value_schema =
        (weir_str){bytes.data + FIXED_BYTES + h.key_schema_size, h.value_schema_size};
    section->groups =
        (const uint8_t *)bytes.data + FIXED_BYTES + (size_t)h.key_schema_size + h.value_schema_size;
    section->payload = payload;
    if (section->kind == WEIR_STATE_SNAPSHOT)
        WEIR_TRY(inflate(section, h.raw_size, payload, what, budget, err));
    return check_entries(section, what, err);
}

weir_code weir_state_section_parse(weir_str bytes, const char *what, weir_budget *budget,
                                   weir_state_section *ret, weir_error **err) {
    weir_state_section section = {0};
    weir_code code = parse(bytes, what, budget, &section, err);
    if (code == WEIR_OK)
        *ret = section;
    else
        weir_state_section_fini(&section);
    return code;
}

void weir_state_section_fini(weir_state_section *section) {
    section->raw = weir_buffer_unref(section->raw);
}

weir_code weir_state_section_each(const weir_state_section *section,
                                  weir_code (*each)(void *data, int32_t group, weir_str key, weir_str value,
                                                    weir_error **err),
                                  void *data, weir_error **err) {
    const uint8_t *at = (const uint8_t *)section->payload.data, *end = at + section->payload.size;
    for (int32_t i = 0; i < section->groups_count; i++) {
        weir_state_section_group group = group_at(section, i);
        for (uint32_t e = 0; e < group.entries; e++) {
            weir_str key, value;
            bool ok = take_entry(&at, end, &key, &value);
            WEIR_ASSERT(ok); /* parse has seen every entry */
            WEIR_TRY(each(data, (int32_t)group.group, key, value, err));
        }
    }
    return WEIR_OK;
}
