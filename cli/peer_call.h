/* Questions to a running driver or executor: what `weir status` and the submitting `weir run` do.
 * A call blocks its caller; several threads may call at once. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "common/rpc/frame.h"
#include "common/rpc/transport.h"

typedef struct weir_peer weir_peer;

/* Does not wait for the peer: a call to one that is not there ends with its deadline. */
weir_code weir_peer_open(weir_transport *transport, const char *url, weir_peer **ret, weir_error **err);
/* Sends `request` and waits for the answer, which is freed with protobuf_c_message_free_unpacked(m, NULL).
 * RPC_ERROR where none comes within `timeout_ms` or the connection breaks. */
weir_code weir_peer_call(weir_peer *peer, weir_frame_kind kind, const ProtobufCMessage *request,
                         int32_t timeout_ms, weir_frame_kind reply_kind,
                         const ProtobufCMessageDescriptor *reply_descriptor, ProtobufCMessage **ret,
                         weir_error **err);
/* False where the connection is left to the end of the process, because the last call failed: nng 1.5 may
 * wait for ever for a connection that the peer breaks at the same moment (a refusal). The transport must then
 * live as long as the process. Accepts NULL. */
bool weir_peer_close(weir_peer *peer);
