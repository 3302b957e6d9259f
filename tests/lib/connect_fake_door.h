/* A door without a network (driver/connect/connect_door.h): tests begin calls, hand over messages and take
 * the answers themselves, in the order that they choose. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "driver/connect/connect_door.h"

typedef struct fake_call fake_call;

const weir_door_ops *fake_door_ops(void);
/* The door that was opened last in this process. */
weir_door *fake_door_last(void);

/* A new call of the method ("Config"); `authorization` may be NULL. */
fake_call *fake_call_begin(weir_door *door, const char *method, const char *authorization, const char *peer);
/* The client's message; NULL: it has sent all. */
void fake_call_message(fake_call *call, const ProtobufCMessage *message);
void fake_call_bytes(fake_call *call, const void *data, size_t size);
/* Waits until the service has written or finished; then acknowledges the write with `ok`. False: finished. */
bool fake_call_step(fake_call *call, bool ok);
/* Steps until the call is finished. */
void fake_call_run(fake_call *call);
/* Waits until a write is under way (true) or the call is finished (false), and acknowledges nothing. */
bool fake_call_wait(fake_call *call);
void fake_call_cancel(fake_call *call);
bool fake_call_finished(fake_call *call);
/* Sent messages so far, each as one range. */
int fake_call_count(fake_call *call);
ProtobufCMessage *fake_call_get(fake_call *call, int i, const ProtobufCMessageDescriptor *descriptor);
size_t fake_call_size(fake_call *call, int i);
weir_door_status fake_call_status(fake_call *call);
const char *fake_call_text(fake_call *call); /* status message */
const uint8_t *fake_call_details(fake_call *call, size_t *ret_size);
bool fake_call_wants_read(fake_call *call); /* the service has asked for another message */
/* After it is finished: tells the service that the call is gone, frees it. */
void fake_call_free(fake_call *call);
