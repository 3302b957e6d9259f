/* A Connect server over the fake door and the fake backend, with a clock that tests move; and the calls that
 * tests make of it. */
#pragma once

#include "driver/connect/connect_server.h"
#include "tests/lib/connect_fake_backend.h"
#include "tests/lib/connect_fake_door.h"

#define WORLD_SESSION "00112233-4455-6677-8899-aabbccddeeff"
#define WORLD_OPERATION "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

typedef struct connect_world {
    weir_env env;
    weir_log log;
    _Atomic int64_t offset_us; /* of the monotonic clock */
    fake_backend backend;
    weir_connect_server *server;
    weir_door *door;
    const char *session, *user; /* of the calls below */
} connect_world;

void connect_world_open(connect_world *world, const weir_connect_config *config);
void connect_world_close(connect_world *world);               /* checks that nothing is left */
void connect_world_advance(connect_world *world, int64_t ms); /* moves the clock and ticks */

/* Begun calls; the request's session is the world's. */
fake_call *connect_world_execute(connect_world *world, const char *query, const char *operation_id,
                                 bool reattachable, int64_t chunk_bytes);
fake_call *connect_world_reattach(connect_world *world, const char *operation_id, const char *last_id);
/* `until` NULL: release_all. True where the server knew the operation. */
bool connect_world_release(connect_world *world, const char *operation_id, const char *until);
/* A response of an execution; free with spark__connect__execute_plan_response__free_unpacked. */
Spark__Connect__ExecutePlanResponse *connect_world_response(fake_call *call, int i);
/* The condition in the call's trailer, or "" where it ended well. Static buffer. */
const char *connect_world_condition(fake_call *call);
/* One Config.Get, whose value or condition it returns. Static buffer. */
const char *connect_world_get(connect_world *world, const char *key);
/* Runs and frees a call; its condition. */
const char *connect_world_end(fake_call *call);
