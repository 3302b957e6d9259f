/* Bytes as calls of a Spark Connect client, as the door hands them over: server, sessions, operations and the
 * engine's analysis behind them, without a driver (executions answer nothing). An input is a list of calls:
 *
 *   u8 method (by its place in `methods`) | u16 size, little-endian | the request
 *
 * A session id goes before each request, which may have its own: of the two the last one counts. */
#include <stdint.h>

#include "common/base/alloc.h"
#include "common/base/env.h"
#include "common/fs/fs.h"
#include "driver/connect/connect_engine.h"
#include "driver/connect/connect_server.h"
#include "tests/lib/connect_fake_door.h"

#define SESSION \
    "\x0a\x24" \
    "00112233-4455-6677-8899-aabbccddeeff"
#define SESSION_SIZE (sizeof SESSION - 1)
#define CALLS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const methods[] = {
    "Config",    "AnalyzePlan",  "ExecutePlan",    "ReattachExecute",   "ReleaseExecute", "Interrupt",
    "GetStatus", "AddArtifacts", "ArtifactStatus", "FetchErrorDetails", "CloneSession",   "ReleaseSession",
};

static weir_code execute_nothing(void *self, void *state, weir_connect_operation *operation,
                                 const Spark__Connect__Plan *plan, weir_error **err) {
    (void)self, (void)state, (void)operation, (void)plan, (void)err;
    return WEIR_OK;
}

static void call(weir_door *door, uint8_t method, const uint8_t *data, size_t size) {
    fake_call *one = fake_call_begin(door, methods[method % WEIR_ARRAY_LEN(methods)], NULL, NULL);
    uint8_t *bytes = weir_alloc(SESSION_SIZE + size);
    memcpy(bytes, SESSION, SESSION_SIZE);
    memcpy(bytes + SESSION_SIZE, data, size);
    if (!fake_call_finished(one))
        fake_call_bytes(one, bytes, SESSION_SIZE + size);
    if (strcmp(methods[method % WEIR_ARRAY_LEN(methods)], "AddArtifacts") == 0 && fake_call_wants_read(one))
        fake_call_message(one, NULL); /* the client has sent all */
    fake_call_run(one);
    fake_call_free(one);
    weir_free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 16384)
        return 0;
    weir_env env = {.clock = &weir_system_clock_ops,
                    .random_bytes = weir_system_random,
                    .local_fs = weir_memory_fs_new()};
    weir_log log = {WEIR_LOG_ERROR, 2};
    weir_connect_engine_options options = {.env = &env, .log = &log, .default_zone = "UTC", .directory = "/"};
    weir_connect_engine *engine = weir_connect_engine_new(&options);
    weir_connect_backend backend = weir_connect_engine_backend(engine);
    weir_connect_backend_ops ops = *backend.ops;
    ops.execute = execute_nothing;
    backend.ops = &ops;
    weir_connect_config config = {.workers_max = 2};
    weir_connect_server *server = NULL;
    weir_error *err = NULL;
    if (weir_connect_server_open(&env, &log, &config, fake_door_ops(), &backend, &server, &err) == WEIR_OK) {
        for (int i = 0; i < CALLS_MAX && size >= 3; i++) {
            size_t length = WEIR_MIN((size_t)(data[1] | data[2] << 8), size - 3);
            call(fake_door_last(), data[0], data + 3, length);
            data += 3 + length;
            size -= 3 + length;
        }
    }
    weir_error_free(err);
    weir_connect_server_close(server);
    weir_connect_engine_free(engine);
    env.local_fs->ops->free(env.local_fs);
    return 0;
}
