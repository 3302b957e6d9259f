/* A transport without a network: a test sends requests to servers and answers, fails or holds those that
 * clients make. One thread; callbacks run at once, as a transport's may. */
#pragma once

#include "common/rpc/frame.h"

typedef struct weir_fake_transport weir_fake_transport;

/* A request that a client made and nobody has answered. */
typedef struct weir_fake_request {
    char *url;
    weir_buffer *message;
    weir_frame frame;
    int32_t timeout_ms;
    void *internal;
} weir_fake_request;

weir_fake_transport *weir_fake_transport_new(void);
void weir_fake_transport_free(weir_fake_transport *fake);
weir_transport *weir_fake_transport_seam(weir_fake_transport *fake);

/* Sends a request to the server at `url`. The reply, when it comes, is kept: the newest (NULL = none yet). */
void weir_fake_transport_send(weir_fake_transport *fake, const char *url, weir_frame_kind kind,
                              const ProtobufCMessage *message);
/* The newest reply, unpacked; NULL = there is none of this kind. Free with protobuf_c_message_free_unpacked.
 */
ProtobufCMessage *weir_fake_transport_reply(weir_fake_transport *fake, weir_frame_kind kind,
                                            const ProtobufCMessageDescriptor *descriptor);
/* The oldest open request of this kind to `url`; NULL = none. Valid until it is answered. */
weir_fake_request *weir_fake_transport_find(weir_fake_transport *fake, const char *url, weir_frame_kind kind);
int32_t weir_fake_transport_open(const weir_fake_transport *fake, const char *url); /* requests to it */
void weir_fake_transport_answer(weir_fake_transport *fake, weir_fake_request *request, weir_frame_kind kind,
                                const ProtobufCMessage *message);
void weir_fake_transport_break(weir_fake_transport *fake, weir_fake_request *request); /* RPC_ERROR */
void weir_fake_transport_cut(weir_fake_transport *fake, const char *url,
                             bool is_cut); /* nobody listens there */
bool weir_fake_transport_is_connected(const weir_fake_transport *fake, const char *url);
