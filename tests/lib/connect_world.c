/* The world of Connect server tests (connect_world.h). */
#include "tests/lib/connect_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/assert.h"
#include "proto/connect_status.pb-c.h"

static int64_t world_monotonic(void *self) {
    connect_world *world = self;
    return weir_system_clock_ops.monotonic_us(NULL) + world->offset_us;
}

static int64_t world_realtime(void *self) {
    (void)self;
    return weir_system_clock_ops.realtime_us(NULL);
}

static void world_sleep(void *self, int64_t micros) {
    (void)self;
    weir_system_clock_ops.sleep_us(NULL, micros);
}

void connect_world_open(connect_world *world, const weir_connect_config *config) {
    static const weir_clock_ops clock = {"world", world_monotonic, world_realtime, world_sleep};
    *world = (connect_world){.session = WORLD_SESSION, .user = "ann"};
    world->env = (weir_env){.clock = &clock, .clock_self = world, .random_bytes = weir_system_random};
    world->log = (weir_log){WEIR_LOG_ERROR, 2};
    fake_backend_init(&world->backend);
    weir_connect_backend seam = {&fake_backend_ops, &world->backend};
    weir_error *err = NULL;
    weir_code code = weir_connect_server_open(&world->env, &world->log, config, fake_door_ops(), &seam,
                                              &world->server, &err);
    if (code != WEIR_OK)
        fprintf(stderr, "%s\n", weir_error_text(err));
    WEIR_ASSERT(code == WEIR_OK);
    world->door = fake_door_last();
}

void connect_world_close(connect_world *world) {
    weir_connect_server_close(world->server);
    WEIR_ASSERT(world->backend.running == 0);
    WEIR_ASSERT(world->backend.sessions_open == world->backend.sessions_closed);
    WEIR_ASSERT(world->backend.sessions_open == world->backend.sessions_freed);
    fake_backend_fini(&world->backend);
}

void connect_world_advance(connect_world *world, int64_t ms) {
    world->offset_us += ms * 1000;
    weir_connect_server_tick(world->server);
}

fake_call *connect_world_execute(connect_world *world, const char *query, const char *operation_id,
                                 bool reattachable, int64_t chunk_bytes) {
    Spark__Connect__ExecutePlanRequest request = SPARK__CONNECT__EXECUTE_PLAN_REQUEST__INIT;
    Spark__Connect__UserContext user = SPARK__CONNECT__USER_CONTEXT__INIT;
    Spark__Connect__Plan plan = SPARK__CONNECT__PLAN__INIT;
    Spark__Connect__Relation root = SPARK__CONNECT__RELATION__INIT;
    Spark__Connect__SQL sql = SPARK__CONNECT__SQL__INIT;
    Spark__Connect__ExecutePlanRequest__RequestOption options[2], *pointers[2] = {&options[0], &options[1]};
    Spark__Connect__ReattachOptions reattach = SPARK__CONNECT__REATTACH_OPTIONS__INIT;
    Spark__Connect__ResultChunkingOptions chunking = SPARK__CONNECT__RESULT_CHUNKING_OPTIONS__INIT;
    char *tags[] = {(char *)"red", (char *)"blue"};
    user.user_id = (char *)world->user;
    request.session_id = (char *)world->session;
    request.user_context = &user;
    request.operation_id = (char *)operation_id;
    request.tags = tags;
    request.n_tags = 2;
    sql.query = (char *)query;
    root.rel_type_case = SPARK__CONNECT__RELATION__REL_TYPE_SQL;
    root.sql = &sql;
    plan.op_type_case = SPARK__CONNECT__PLAN__OP_TYPE_ROOT;
    plan.root = &root;
    request.plan = &plan;
    request.request_options = pointers;
    spark__connect__execute_plan_request__request_option__init(&options[0]);
    spark__connect__execute_plan_request__request_option__init(&options[1]);
    if (reattachable) {
        options[request.n_request_options].request_option_case =
            SPARK__CONNECT__EXECUTE_PLAN_REQUEST__REQUEST_OPTION__REQUEST_OPTION_REATTACH_OPTIONS;
        options[request.n_request_options++].reattach_options = &reattach;
        reattach.has_reattachable = reattach.reattachable = 1;
    }
    if (chunk_bytes) {
        options[request.n_request_options].request_option_case =
            SPARK__CONNECT__EXECUTE_PLAN_REQUEST__REQUEST_OPTION__REQUEST_OPTION_RESULT_CHUNKING_OPTIONS;
        options[request.n_request_options++].result_chunking_options = &chunking;
        chunking.has_allow_arrow_batch_chunking = chunking.allow_arrow_batch_chunking = 1;
        chunking.has_preferred_arrow_chunk_size = 1;
        chunking.preferred_arrow_chunk_size = chunk_bytes;
    }
    fake_call *call = fake_call_begin(world->door, "ExecutePlan", NULL, NULL);
    fake_call_message(call, &request.base);
    return call;
}

fake_call *connect_world_reattach(connect_world *world, const char *operation_id, const char *last_id) {
    Spark__Connect__ReattachExecuteRequest request = SPARK__CONNECT__REATTACH_EXECUTE_REQUEST__INIT;
    Spark__Connect__UserContext user = SPARK__CONNECT__USER_CONTEXT__INIT;
    user.user_id = (char *)world->user;
    request.session_id = (char *)world->session;
    request.user_context = &user;
    request.operation_id = (char *)operation_id;
    request.last_response_id = (char *)last_id;
    fake_call *call = fake_call_begin(world->door, "ReattachExecute", NULL, NULL);
    fake_call_message(call, &request.base);
    return call;
}

bool connect_world_release(connect_world *world, const char *operation_id, const char *until) {
    Spark__Connect__ReleaseExecuteRequest request = SPARK__CONNECT__RELEASE_EXECUTE_REQUEST__INIT;
    Spark__Connect__UserContext user = SPARK__CONNECT__USER_CONTEXT__INIT;
    Spark__Connect__ReleaseExecuteRequest__ReleaseAll all =
        SPARK__CONNECT__RELEASE_EXECUTE_REQUEST__RELEASE_ALL__INIT;
    Spark__Connect__ReleaseExecuteRequest__ReleaseUntil one =
        SPARK__CONNECT__RELEASE_EXECUTE_REQUEST__RELEASE_UNTIL__INIT;
    user.user_id = (char *)world->user;
    request.session_id = (char *)world->session;
    request.user_context = &user;
    request.operation_id = (char *)operation_id;
    one.response_id = (char *)until;
    if (until) {
        request.release_case = SPARK__CONNECT__RELEASE_EXECUTE_REQUEST__RELEASE_RELEASE_UNTIL;
        request.release_until = &one;
    } else {
        request.release_case = SPARK__CONNECT__RELEASE_EXECUTE_REQUEST__RELEASE_RELEASE_ALL;
        request.release_all = &all;
    }
    fake_call *call = fake_call_begin(world->door, "ReleaseExecute", NULL, NULL);
    fake_call_message(call, &request.base);
    fake_call_run(call);
    bool known = false;
    if (fake_call_count(call)) {
        Spark__Connect__ReleaseExecuteResponse *response =
            (Spark__Connect__ReleaseExecuteResponse *)fake_call_get(
                call, 0, &spark__connect__release_execute_response__descriptor);
        known = response->operation_id != NULL;
        spark__connect__release_execute_response__free_unpacked(response, NULL);
    }
    fake_call_free(call);
    return known;
}

Spark__Connect__ExecutePlanResponse *connect_world_response(fake_call *call, int i) {
    return (Spark__Connect__ExecutePlanResponse *)fake_call_get(
        call, i, &spark__connect__execute_plan_response__descriptor);
}

const char *connect_world_condition(fake_call *call) {
    static _Thread_local char text[128];
    size_t size;
    const uint8_t *bytes = fake_call_details(call, &size);
    text[0] = '\0';
    if (fake_call_status(call) == WEIR_DOOR_OK)
        return text;
    Weir__Connect__Status *status = weir__connect__status__unpack(NULL, size, bytes);
    if (!status || !status->n_details) {
        snprintf(text, sizeof text, "status %d", (int)fake_call_status(call));
    } else {
        Weir__Connect__ErrorInfo *info = weir__connect__error_info__unpack(
            NULL, status->details[0]->value.len, status->details[0]->value.data);
        for (size_t i = 0; i < info->n_metadata; i++)
            if (strcmp(info->metadata[i]->key, "errorClass") == 0)
                snprintf(text, sizeof text, "%s", info->metadata[i]->value);
        weir__connect__error_info__free_unpacked(info, NULL);
    }
    if (status)
        weir__connect__status__free_unpacked(status, NULL);
    return text;
}

const char *connect_world_get(connect_world *world, const char *key) {
    static _Thread_local char text[256];
    Spark__Connect__ConfigRequest request = SPARK__CONNECT__CONFIG_REQUEST__INIT;
    Spark__Connect__UserContext user = SPARK__CONNECT__USER_CONTEXT__INIT;
    Spark__Connect__ConfigRequest__Operation operation = SPARK__CONNECT__CONFIG_REQUEST__OPERATION__INIT;
    Spark__Connect__ConfigRequest__Get get = SPARK__CONNECT__CONFIG_REQUEST__GET__INIT;
    char *keys[] = {(char *)key};
    user.user_id = (char *)world->user;
    request.session_id = (char *)world->session;
    request.user_context = &user;
    request.operation = &operation;
    operation.op_type_case = SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_GET;
    operation.get = &get;
    get.n_keys = 1;
    get.keys = keys;
    fake_call *call = fake_call_begin(world->door, "Config", NULL, NULL);
    fake_call_message(call, &request.base);
    fake_call_run(call);
    snprintf(text, sizeof text, "%s", connect_world_condition(call));
    if (fake_call_count(call)) {
        Spark__Connect__ConfigResponse *response = (Spark__Connect__ConfigResponse *)fake_call_get(
            call, 0, &spark__connect__config_response__descriptor);
        snprintf(text, sizeof text, "%s", response->pairs[0]->value ? response->pairs[0]->value : "(none)");
        spark__connect__config_response__free_unpacked(response, NULL);
    }
    fake_call_free(call);
    return text;
}

const char *connect_world_end(fake_call *call) {
    fake_call_run(call);
    const char *condition = connect_world_condition(call);
    fake_call_free(call);
    return condition;
}
