/* Errors as Spark Connect clients want them: the trailer of a failed call (google.rpc.Status with an
 * ErrorInfo) and the answer of FetchErrorDetails.
 *
 * The client picks its exception by Java class names, so every condition has one (connect_error_classes.def).
 * All of it stays below 8,000 bytes: larger trailers are dropped by the client's gRPC with rising
 * probability. Any thread. */
#pragma once

#include "common/base/arena.h"
#include "common/base/error.h"
#include "driver/connect/connect_door.h"
#include "proto/connect_base.pb-c.h"

typedef struct weir_connect_status {
    weir_door_status code;
    const char *message; /* the same text as in details, or the client refuses both */
    const uint8_t *details;
    size_t details_size;
} weir_connect_status;

/* `error_id` (may be NULL): what FetchErrorDetails will be asked for. Everything in `arena`. */
weir_connect_status weir_connect_error_status(weir_arena *arena, const weir_error *error,
                                              const char *error_id);

/* Java class names of the error, most specific first, ended by NULL. */
const char *const *weir_connect_error_classes(const weir_error *error);

/* Fills errors and root_error_idx of a FetchErrorDetails answer; in `arena`, texts borrowed from `error`. */
void weir_connect_error_details(weir_arena *arena, const weir_error *error,
                                Spark__Connect__FetchErrorDetailsResponse *response);
