/* Bytes from a peer: messages of the challenge, the gate's verdict, frame check, pre-scan and unpacking of
 * message kinds. The checksum is made right
 * where the first byte says so, else nothing behind it would ever be reached. */
#include <stdatomic.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/assert.h"
#include "common/base/env.h"
#include "common/rpc/frame.h"
#include "common/rpc/rpc_gate.h"
#include "proto/engine.pb-c.h"

#define CRC_OFFSET 20

static void seal(weir_buffer *frame) {
    static const uint8_t zero[4];
    uint32_t crc = weir_crc32c(0, frame->data, CRC_OFFSET);
    crc = weir_crc32c(crc, zero, 4);
    crc = weir_crc32c(crc, frame->data + CRC_OFFSET + 4, frame->size - CRC_OFFSET - 4);
    memcpy(frame->data + CRC_OFFSET, &crc, 4);
}

/* The gate of a server with a secret, for a stranger that has said HELLO. */
static void judge(weir_str bytes) {
    weir_secret *secret = weir_secret_new("0123456789abcdef", 16);
    weir_gate_counters counters = {0};
    weir_gate_options options = {
        .secret = secret, .connections_max = 4, .random_bytes = weir_system_random, .counters = &counters};
    weir_gate *gate = weir_gate_new(&options);
    uint8_t reply[WEIR_AUTH_MESSAGE_MAX], hello[WEIR_AUTH_MESSAGE_MAX], nonce[WEIR_AUTH_NONCE_SIZE] = {0};
    size_t size = 0;
    uint32_t displaced = 0;
    weir_gate_admit(gate, 1, 0, &displaced);
    weir_str greeting = weir_str_make((const char *)hello, weir_auth_write_hello(hello, nonce));
    weir_gate_judge(gate, 1, greeting, reply, &size);
    weir_gate_verdict verdict = weir_gate_judge(gate, 1, bytes, reply, &size);
    WEIR_ASSERT(verdict != WEIR_GATE_PASS && size <= sizeof reply &&
                atomic_load(&counters.authentications) == 0);
    weir_gate_free(gate);
    weir_secret_free(secret);
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
        {WEIR_FRAME_HEARTBEAT, &weir__heartbeat__descriptor},
        {WEIR_FRAME_FETCH_BLOCKS, &weir__fetch_blocks__descriptor},
        {WEIR_FRAME_SUBMIT_JOB, &weir__submit_job__descriptor},
        {WEIR_FRAME_JOB_EVENT_LIST, &weir__job_event_list__descriptor},
    };
    if (size == 0)
        return 0;
    weir_buffer *carrier = weir_buffer_new(NULL, size - 1);
    if (!carrier)
        return 0;
    memcpy(carrier->data, data + 1, size - 1);
    if ((data[0] & 1) && carrier->size >= 32)
        seal(carrier);
    judge(weir_str_make((const char *)carrier->data, carrier->size));
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
