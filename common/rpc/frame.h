/* Frames: what every RPC message looks like to the transport.
 *
 *   u32 magic "WEIR" | u16 version | u16 kind | u64 driver epoch | u32 message size | u32 crc32c
 *   | u64 payload size | protobuf-c message, padded to 8 | payload
 *
 * The CRC covers the whole frame with its own field as zero. A frame with a bad magic, version, size or CRC
 * is RPC_ERROR, already at the transport where it came over a network; a whole frame of another version,
 * which trying again does not mend, is NOT_SUPPORTED. A lower driver epoch than the receiver's is refused by
 * the receiver (FENCED). Any thread. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/rpc/transport.h"

#define WEIR_RPC_VERSION 1

typedef enum weir_frame_kind {
    WEIR_FRAME_REGISTER = 1,
    WEIR_FRAME_REGISTERED,
    WEIR_FRAME_START_QUERY,
    WEIR_FRAME_ACK,
    WEIR_FRAME_RUN_EPOCH,
    WEIR_FRAME_EPOCH_REPORT,
    WEIR_FRAME_FETCH_BLOCKS,
    WEIR_FRAME_BLOCKS,
    WEIR_FRAME_CANCEL_EPOCH,
    WEIR_FRAME_STOP_QUERY,
    WEIR_FRAME_HEARTBEAT,
    WEIR_FRAME_HEARTBEAT_REPLY,
    WEIR_FRAME_GET_STATUS,
    WEIR_FRAME_STATUS,
    WEIR_FRAME_SUBMIT_JOB,
    WEIR_FRAME_SUBMITTED,
    WEIR_FRAME_JOB_EVENTS,
    WEIR_FRAME_JOB_EVENT_LIST,
    WEIR_FRAME_STOP_JOB,
} weir_frame_kind;

typedef struct weir_frame {
    weir_frame_kind kind;
    uint64_t driver_epoch;
    weir_str message;      /* borrowed from the carrier */
    size_t payload_offset; /* in the carrier, 8-aligned */
    size_t payload_size;
    weir_buffer *carrier; /* borrowed */
} weir_frame;

/* Builds a frame in a message of the transport; payload parts are copied behind each other (each must be a
 * multiple of 8 bytes but the last). */
weir_code weir_frame_encode(weir_transport *transport, weir_frame_kind kind, uint64_t driver_epoch,
                            const ProtobufCMessage *message, const weir_str *payload, int32_t payload_count,
                            weir_buffer **ret, weir_error **err);
/* The same in two steps, for a payload that is made in its place (a sealed block): space for a message of
 * this packed size and a payload, then, with the payload filled in, the message (of that very size) and the
 * CRC. */
weir_code weir_frame_begin(weir_transport *transport, size_t message_size, size_t payload_size,
                           weir_buffer **ret, uint8_t **ret_payload, weir_error **err);
void weir_frame_finish(weir_buffer *frame, weir_frame_kind kind, uint64_t driver_epoch,
                       const ProtobufCMessage *message);
/* What is wrong with bytes that should be a frame. */
typedef enum weir_frame_fault {
    WEIR_FRAME_SOUND,
    WEIR_FRAME_BAD_SIZE,
    WEIR_FRAME_BAD_MAGIC,
    WEIR_FRAME_BAD_VERSION,
    WEIR_FRAME_BAD_CRC,
} weir_frame_fault;
/* RPC_ERROR or NOT_SUPPORTED unless it is WEIR_FRAME_SOUND. The bytes may lie anywhere. */
weir_frame_fault weir_frame_check(weir_str bytes, weir_error **err);
/* Views `carrier` as a frame. */
weir_code weir_frame_decode(weir_buffer *carrier, weir_frame *ret, weir_error **err);
/* Pre-scans, then unpacks the message; free with protobuf_c_message_free_unpacked(m, NULL). `kind` is the
 * kind that the caller expects. */
weir_code weir_frame_unpack(const weir_frame *frame, weir_frame_kind kind,
                            const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **ret,
                            weir_error **err);
