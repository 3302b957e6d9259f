/* Pre-scan of protobuf bytes (prescan.h): an explicit stack of (end, descriptor) instead of recursion. */
#include "common/rpc/prescan.h"

#include "common/base/compiler.h"
#include "common/base/utf8.h"

#define DEPTH_ROOM 1025

typedef struct level {
    const uint8_t *end;
    const ProtobufCMessageDescriptor *descriptor;
} level;

typedef struct scan {
    const uint8_t *at;
    int32_t depth;
    int64_t elements, bytes;
    level levels[DEPTH_ROOM];
} scan;

static weir_code bad(weir_error **err, const char *reason) {
    WEIR_FAIL(err, RPC_ERROR, "malformed message: %s", reason);
}

static bool read_varint(scan *s, uint64_t *ret) {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (s->at >= s->levels[s->depth].end)
            return false;
        uint8_t byte = *s->at++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) {
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool skip_bytes(scan *s, uint64_t size) {
    if ((uint64_t)(s->levels[s->depth].end - s->at) < size)
        return false;
    s->at += size;
    return true;
}

/* A length-delimited field: enters sub-messages, skips the rest. */
static weir_code length_field(scan *s, const ProtobufCFieldDescriptor *field,
                              const weir_prescan_limits *limits, weir_error **err) {
    uint64_t size;
    if (!read_varint(s, &size) || size > (uint64_t)(s->levels[s->depth].end - s->at))
        return bad(err, "a length passes the end");
    if (!field || field->type != PROTOBUF_C_TYPE_MESSAGE) {
        /* Packed scalars unpack to at most 8 bytes per encoded byte. */
        bool scalar = field && field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_BYTES;
        s->bytes += (int64_t)size * (scalar ? 8 : 1) + 64;
        if (limits->check_text && field && field->type == PROTOBUF_C_TYPE_STRING) {
            weir_str text = {(const char *)s->at, size};
            if ((size && memchr(text.data, 0, size)) || !weir_utf8_valid(text))
                return bad(err, "a text that is not UTF-8 or holds a NUL");
        }
        skip_bytes(s, size);
        return WEIR_OK;
    }
    if (s->depth + 1 >= WEIR_MIN(limits->depth_max, DEPTH_ROOM - 1))
        return bad(err, "nested too deeply");
    const ProtobufCMessageDescriptor *sub = field->descriptor;
    s->bytes += (int64_t)sub->sizeof_message + 32;
    s->levels[++s->depth] = (level){s->at + size, sub};
    return WEIR_OK;
}

static weir_code scan_field(scan *s, const weir_prescan_limits *limits, weir_error **err) {
    uint64_t tag, value;
    if (!read_varint(s, &tag))
        return bad(err, "a cut tag");
    if (++s->elements > limits->elements_max || s->bytes > limits->bytes_max)
        return bad(err, "too many elements");
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(s->levels[s->depth].descriptor, (unsigned)(tag >> 3));
    s->bytes += 16;
    switch (tag & 7) {
    case 0:
        return read_varint(s, &value) ? WEIR_OK : bad(err, "a cut number");
    case 1:
        return skip_bytes(s, 8) ? WEIR_OK : bad(err, "a cut number");
    case 2:
        return length_field(s, field, limits, err);
    case 5:
        return skip_bytes(s, 4) ? WEIR_OK : bad(err, "a cut number");
    default:
        return bad(err, "an unknown wire type");
    }
}

weir_code weir_prescan(weir_str bytes, const ProtobufCMessageDescriptor *descriptor,
                       const weir_prescan_limits *limits, weir_error **err) {
    scan s = {.at = (const uint8_t *)bytes.data};
    s.levels[0] = (level){s.at + bytes.size, descriptor};
    for (;;) {
        while (s.at == s.levels[s.depth].end) {
            if (s.depth == 0)
                return s.bytes <= limits->bytes_max ? WEIR_OK : bad(err, "too large");
            s.depth--;
        }
        WEIR_TRY(scan_field(&s, limits, err));
    }
}
