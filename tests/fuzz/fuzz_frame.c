/* Bytes from a peer: frame check, pre-scan and unpacking of every message kind. The checksum is made right
 * where the first byte says so, else nothing behind it would ever be reached. */
#include <string.h>

#include "common/base/hash.h"
#include "common/rpc/frame.h"
#include "proto/engine.pb-c.h"

#define CRC_OFFSET 20

static void seal(weir_buffer *frame) {
    static const uint8_t zero[4];
    uint32_t crc = weir_crc32c(0, frame->data, CRC_OFFSET);
    crc = weir_crc32c(crc, zero, 4);
    crc = weir_crc32c(crc, frame->data + CRC_OFFSET + 4, frame->size - CRC_OFFSET - 4);
    memcpy(frame->data + CRC_OFFSET, &crc, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct {
        weir_frame_kind kind;
        const ProtobufCMessageDescriptor *descriptor;
    } kinds[] = {
        {WEIR_FRAME_REGISTER, &weir__register__descriptor},
        {WEIR_FRAME_START_QUERY, &weir__start_query__descriptor},
        {WEIR_FRAME_RUN_EPOCH, &weir__run_epoch__descriptor},
        {WEIR_FRAME_EPOCH_REPORT, &weir__epoch_report__descriptor},
        {WEIR_FRAME_BLOCKS, &weir__blocks__descriptor},
    };
    if (size == 0)
        return 0;
    weir_buffer *carrier = weir_buffer_new(NULL, size - 1);
    if (!carrier)
        return 0;
    memcpy(carrier->data, data + 1, size - 1);
    if ((data[0] & 1) && carrier->size >= 32)
        seal(carrier);
    weir_frame frame;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        weir_error *err = NULL;
        ProtobufCMessage *message = NULL;
        if (weir_frame_decode(carrier, &frame, &err) == WEIR_OK) {
            frame.kind = kinds[i].kind;
            if (weir_frame_unpack(&frame, kinds[i].kind, kinds[i].descriptor, &message, &err) == WEIR_OK)
                protobuf_c_message_free_unpacked(message, NULL);
        }
        weir_error_free(err);
    }
    weir_buffer_unref(carrier);
    return 0;
}
