/* Frames and the pre-scan: there and back, and everything malformed refused. */
#include "common/rpc/frame.h"

#include "common/base/hash.h"
#include "common/rpc/prescan.h"
#include "proto/engine.pb-c.h"
#include "tests/lib/weir_test.h"

static weir_buffer *make_frame(weir_transport *transport) {
    Weir__Register message = WEIR__REGISTER__INIT;
    weir_error *err = NULL;
    weir_buffer *frame;
    message.url = (char *)"inproc://x";
    message.cores = 3;
    message.version = WEIR_RPC_VERSION;
    weir_str payload[] = {WEIR_STR("12345678"), WEIR_STR("abc")};
    CHECK_OK(weir_frame_encode(transport, WEIR_FRAME_REGISTER, 42, &message.base, payload, 2, &frame, &err));
    return frame;
}

WEIR_TEST(frame, carries_message_and_payload) {
    weir_transport *transport;
    weir_error *err = NULL;
    CHECK_OK(weir_nng_transport_new(NULL, &transport, &err));
    weir_buffer *carrier = make_frame(transport);
    weir_frame frame;
    ProtobufCMessage *message;
    CHECK_OK(weir_frame_decode(carrier, &frame, &err));
    cr_assert_eq(frame.driver_epoch, 42);
    cr_assert_eq(frame.payload_size, 11);
    cr_assert_eq(memcmp(carrier->data + frame.payload_offset, "12345678abc", 11), 0);
    CHECK_FAILS(RPC_ERROR, weir_frame_unpack(&frame, WEIR_FRAME_ACK, &weir__ack__descriptor, &message, &err));
    CHECK_OK(weir_frame_unpack(&frame, WEIR_FRAME_REGISTER, &weir__register__descriptor, &message, &err));
    cr_assert_eq(((Weir__Register *)message)->cores, 3);
    protobuf_c_message_free_unpacked(message, NULL);
    weir_buffer_unref(carrier);
    transport->ops->free(transport);
}

WEIR_TEST(frame, refuses_every_flipped_byte_and_every_cut) {
    weir_transport *transport;
    weir_error *err = NULL;
    weir_frame frame;
    CHECK_OK(weir_nng_transport_new(NULL, &transport, &err));
    weir_buffer *carrier = make_frame(transport);
    for (size_t at = 0; at < carrier->size; at++) {
        carrier->data[at] ^= 0x10;
        CHECK_FAILS(RPC_ERROR, weir_frame_decode(carrier, &frame, &err));
        carrier->data[at] ^= 0x10;
    }
    size_t whole = carrier->size;
    for (carrier->size = 0; carrier->size < whole; carrier->size++)
        CHECK_FAILS(RPC_ERROR, weir_frame_decode(carrier, &frame, &err));
    weir_buffer_unref(carrier);
    transport->ops->free(transport);
}

/* Damage may pass; a whole frame of another version stays what it is. */
WEIR_TEST(frame, tells_another_version_from_damage) {
    weir_transport *transport;
    weir_error *err = NULL;
    weir_frame frame;
    CHECK_OK(weir_nng_transport_new(NULL, &transport, &err));
    weir_buffer *carrier = make_frame(transport);
    carrier->data[4] = 99;
    CHECK_FAILS(RPC_ERROR, weir_frame_decode(carrier, &frame, &err));
    memset(carrier->data + 20, 0, 4);
    uint32_t crc = weir_crc32c(0, carrier->data, carrier->size);
    memcpy(carrier->data + 20, &crc, 4);
    CHECK_FAILS(NOT_SUPPORTED, weir_frame_decode(carrier, &frame, &err));
    weir_buffer_unref(carrier);
    transport->ops->free(transport);
}

WEIR_TEST(prescan, caps_elements_and_depth_and_finds_cuts) {
    weir_error *err = NULL;
    weir_prescan_limits limits = {.depth_max = 4, .elements_max = 100, .bytes_max = 10000};
    uint8_t many[400];
    for (size_t i = 0; i < sizeof many; i += 2) {
        many[i] = 0x22; /* RunEpoch.attempt_name, empty */
        many[i + 1] = 0;
    }
    CHECK_OK(weir_prescan(weir_str_make((char *)many, 100), &weir__run_epoch__descriptor, &limits, &err));
    CHECK_FAILS(RPC_ERROR,
                weir_prescan(weir_str_make((char *)many, 400), &weir__run_epoch__descriptor, &limits, &err));
    CHECK_FAILS(RPC_ERROR,
                weir_prescan(weir_str_make((char *)many, 101), &weir__run_epoch__descriptor, &limits, &err));
    static const char long_length[] = "\x22\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    CHECK_FAILS(RPC_ERROR, weir_prescan(WEIR_STR(long_length), &weir__run_epoch__descriptor, &limits, &err));
    static const char group[] = "\x23";
    CHECK_FAILS(RPC_ERROR, weir_prescan(WEIR_STR(group), &weir__run_epoch__descriptor, &limits, &err));
}
