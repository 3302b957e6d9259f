/* Bytes at a live port: each input is a connection of its own to a server that is up all the time. The first
 * byte says how they are sent: raw, behind SP's greeting, or behind the greeting as one request of the right
 * length; and whether the server has a secret. The handler unpacks what reaches it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/assert.h"
#include "common/rpc/frame.h"
#include "common/rpc/secret.h"
#include "proto/engine.pb-c.h"
#include "tests/lib/raw_peer.h"

static void serve(void *data, weir_call *call, weir_buffer *buffer) {
    weir_transport *transport = data;
    weir_frame frame;
    ProtobufCMessage *message = NULL;
    if (weir_frame_decode(buffer, &frame, NULL) == WEIR_OK &&
        weir_frame_unpack(&frame, WEIR_FRAME_REGISTER, &weir__register__descriptor, &message, NULL) ==
            WEIR_OK)
        protobuf_c_message_free_unpacked(message, NULL);
    transport->ops->reply(call, transport->ops->alloc(transport, 0));
}

/* The ports of a server without and of one with a secret; both live as long as the process. */
static const int *ports(void) {
    static int ret[2];
    for (int i = 0; i < 2 && !ret[1]; i++) {
        weir_secret *secret = weir_secret_new("0123456789abcdef", 16);
        weir_transport_options options = {.secret = i ? secret : NULL};
        weir_transport *transport = NULL;
        weir_server *server = NULL;
        WEIR_ASSERT(weir_nng_transport_new(&options, &transport, NULL) == WEIR_OK);
        WEIR_ASSERT(transport->ops->listen(transport, "tcp://127.0.0.1:0", serve, transport, &server, NULL) ==
                    WEIR_OK);
        ret[i] = (int)strtol(strrchr(transport->ops->server_url(server), ':') + 1, NULL, 10);
        weir_secret_free(secret);
    }
    return ret;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t reply[512];
    if (size == 0)
        return 0;
    int fd = raw_peer_connect(ports()[data[0] & 1]);
    int form = data[0] >> 1 & 3;
    if (form > 0)
        raw_peer_greet(fd, 0x30);
    if (form < 2)
        raw_peer_write(fd, data + 1, size - 1);
    else if (raw_peer_request(fd, data + 1, size - 1))
        raw_peer_reply(fd, reply, sizeof reply); /* it has been handled before the next input comes */
    close(fd);
    return 0;
}
