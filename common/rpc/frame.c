/* Frames (frame.h): build, check, unpack. */
#include "common/rpc/frame.h"

#include "common/base/assert.h"
#include "common/base/hash.h"
#include "common/rpc/prescan.h"

#define MAGIC 0x52494557u /* "WEIR" */
#define HEAD_SIZE 32
#define CRC_OFFSET 20

static const weir_prescan_limits limits = {.depth_max = 64, .elements_max = 4 << 20, .bytes_max = 1 << 30};

typedef struct head {
    uint32_t magic;
    uint16_t version;
    uint16_t kind;
    uint64_t driver_epoch;
    uint32_t message_size;
    uint32_t crc;
    uint64_t payload_size;
} head;
_Static_assert(sizeof(head) == HEAD_SIZE, "the head has no padding");

static size_t padded(size_t size) {
    return (size + 7) & ~(size_t)7;
}

static uint32_t frame_crc(weir_str frame) {
    static const uint8_t zero[4];
    uint32_t crc = weir_crc32c(0, frame.data, CRC_OFFSET);
    crc = weir_crc32c(crc, zero, 4);
    return weir_crc32c(crc, frame.data + CRC_OFFSET + 4, frame.size - CRC_OFFSET - 4);
}

weir_code weir_frame_begin(weir_transport *transport, size_t message_size, size_t payload_size,
                           weir_buffer **ret, uint8_t **ret_payload, weir_error **err) {
    weir_buffer *frame = transport->ops->alloc(transport, HEAD_SIZE + padded(message_size) + payload_size);
    if (!frame)
        WEIR_FAIL_OOM(err);
    head h = {.magic = MAGIC,
              .version = WEIR_RPC_VERSION,
              .message_size = (uint32_t)message_size,
              .payload_size = payload_size};
    memcpy(frame->data, &h, HEAD_SIZE);
    memset(frame->data + HEAD_SIZE + message_size, 0, padded(message_size) - message_size);
    *ret = frame;
    *ret_payload = frame->data + HEAD_SIZE + padded(message_size);
    return WEIR_OK;
}

void weir_frame_finish(weir_buffer *frame, weir_frame_kind kind, uint64_t driver_epoch,
                       const ProtobufCMessage *message) {
    head h;
    memcpy(&h, frame->data, HEAD_SIZE);
    h.kind = (uint16_t)kind;
    h.driver_epoch = driver_epoch;
    memcpy(frame->data, &h, HEAD_SIZE);
    size_t packed = protobuf_c_message_pack(message, frame->data + HEAD_SIZE);
    WEIR_ASSERT(packed == h.message_size);
    uint32_t crc = frame_crc(weir_str_make((const char *)frame->data, frame->size));
    memcpy(frame->data + CRC_OFFSET, &crc, 4);
}

weir_code weir_frame_encode(weir_transport *transport, weir_frame_kind kind, uint64_t driver_epoch,
                            const ProtobufCMessage *message, const weir_str *payload, int32_t payload_count,
                            weir_buffer **ret, weir_error **err) {
    size_t payload_size = 0;
    uint8_t *at = NULL;
    for (int32_t i = 0; i < payload_count; i++)
        payload_size += payload[i].size;
    weir_buffer *frame = NULL;
    size_t message_size = protobuf_c_message_get_packed_size(message);
    WEIR_TRY(weir_frame_begin(transport, message_size, payload_size, &frame, &at, err));
    for (int32_t i = 0; i < payload_count; i++) {
        if (payload[i].size)
            memcpy(at, payload[i].data, payload[i].size);
        at += payload[i].size;
    }
    weir_frame_finish(frame, kind, driver_epoch, message);
    *ret = frame;
    return WEIR_OK;
}

static weir_frame_fault fault(weir_error **err, weir_frame_fault what, const char *text) {
    weir_error_failf(err, WEIR_RPC_ERROR, "%s", text);
    return what;
}

weir_frame_fault weir_frame_check(weir_str bytes, weir_error **err) {
    head h;
    if (bytes.size < HEAD_SIZE) {
        weir_error_failf(err, WEIR_RPC_ERROR, "a frame of %zu bytes", bytes.size);
        return WEIR_FRAME_BAD_SIZE;
    }
    memcpy(&h, bytes.data, HEAD_SIZE);
    if (h.magic != MAGIC)
        return fault(err, WEIR_FRAME_BAD_MAGIC, "not a Weir frame");
    if (h.version != WEIR_RPC_VERSION) {
        /* A whole frame of another version will not become ours by trying again; a damaged one may. */
        weir_error_failf(err, frame_crc(bytes) == h.crc ? WEIR_NOT_SUPPORTED : WEIR_RPC_ERROR,
                         "a frame of protocol version %u; this process speaks version %d", h.version,
                         WEIR_RPC_VERSION);
        return WEIR_FRAME_BAD_VERSION;
    }
    size_t body = bytes.size - HEAD_SIZE, message = padded(h.message_size);
    if (message > body || h.payload_size != body - message)
        return fault(err, WEIR_FRAME_BAD_SIZE, "a frame with wrong sizes");
    if (frame_crc(bytes) != h.crc)
        return fault(err, WEIR_FRAME_BAD_CRC, "a frame with a wrong checksum");
    return WEIR_FRAME_SOUND;
}

weir_code weir_frame_decode(weir_buffer *carrier, weir_frame *ret, weir_error **err) {
    weir_str bytes = weir_str_make((const char *)carrier->data, carrier->size);
    weir_error *failed = NULL;
    if (weir_frame_check(bytes, &failed) != WEIR_FRAME_SOUND)
        return weir_error_move(err, failed);
    head h;
    memcpy(&h, bytes.data, HEAD_SIZE);
    *ret = (weir_frame){
        .kind = (weir_frame_kind)h.kind,
        .driver_epoch = h.driver_epoch,
        .message = {bytes.data + HEAD_SIZE, h.message_size},
        .payload_offset = HEAD_SIZE + padded(h.message_size),
        .payload_size = (size_t)h.payload_size,
        .carrier = carrier,
    };
    return WEIR_OK;
}

weir_code weir_frame_unpack(const weir_frame *frame, weir_frame_kind kind,
                            const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **ret,
                            weir_error **err) {
    if (frame->kind != kind)
        WEIR_FAIL(err, RPC_ERROR, "message kind %d, expected %d", (int)frame->kind, (int)kind);
    WEIR_TRY(weir_prescan(frame->message, descriptor, &limits, err));
    *ret = protobuf_c_message_unpack(descriptor, NULL, frame->message.size,
                                     (const uint8_t *)frame->message.data);
    if (!*ret)
        WEIR_FAIL(err, RPC_ERROR, "malformed message %s", descriptor->name);
    return WEIR_OK;
}
