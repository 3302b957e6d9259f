/* Sessions: who has which, their ids and ends, configuration, artifacts, clones. */
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/lib/connect_world.h"
#include "tests/lib/weir_test.h"

#define OTHER "ffffffff-4455-6677-8899-aabbccddeeff"

/* Any request of the world's session: condition, and the answer's server-side id. */
#define CALL(world, method, type, descriptor, request, id_field) \
    ({ \
        fake_call *call_ = fake_call_begin((world)->door, method, NULL, NULL); \
        fake_call_message(call_, &(request)->base); \
        fake_call_run(call_); \
        server_id[0] = '\0'; \
        if (fake_call_count(call_)) { \
            type *r_ = (type *)fake_call_get(call_, 0, &descriptor); \
            snprintf(server_id, sizeof server_id, "%s", r_->id_field ? r_->id_field : ""); \
            protobuf_c_message_free_unpacked(&r_->base, NULL); \
        } \
        const char *condition_ = connect_world_condition(call_); \
        fake_call_free(call_); \
        condition_; \
    })

static char server_id[64];

static const char *status_call(connect_world *world, const char *observed) {
    Spark__Connect__GetStatusRequest request = SPARK__CONNECT__GET_STATUS_REQUEST__INIT;
    Spark__Connect__UserContext user = SPARK__CONNECT__USER_CONTEXT__INIT;
    user.user_id = (char *)world->user;
    request.user_context = &user;
    request.session_id = (char *)world->session;
    request.client_observed_server_side_session_id = (char *)observed;
    return CALL(world, "GetStatus", Spark__Connect__GetStatusResponse,
                spark__connect__get_status_response__descriptor, &request, server_side_session_id);
}

static const char *release_call(connect_world *world, bool reopen) {
    Spark__Connect__ReleaseSessionRequest request = SPARK__CONNECT__RELEASE_SESSION_REQUEST__INIT;
    Spark__Connect__UserContext user = SPARK__CONNECT__USER_CONTEXT__INIT;
    user.user_id = (char *)world->user;
    request.user_context = &user;
    request.session_id = (char *)world->session;
    request.has_allow_reconnect = request.allow_reconnect = reopen;
    return CALL(world, "ReleaseSession", Spark__Connect__ReleaseSessionResponse,
                spark__connect__release_session_response__descriptor, &request, server_side_session_id);
}

static const char *clone_call(connect_world *world, const char *new_id) {
    Spark__Connect__CloneSessionRequest request = SPARK__CONNECT__CLONE_SESSION_REQUEST__INIT;
    Spark__Connect__UserContext user = SPARK__CONNECT__USER_CONTEXT__INIT;
    user.user_id = (char *)world->user;
    request.user_context = &user;
    request.session_id = (char *)world->session;
    request.new_session_id = (char *)new_id;
    return CALL(world, "CloneSession", Spark__Connect__CloneSessionResponse,
                spark__connect__clone_session_response__descriptor, &request, new_session_id);
}

WEIR_TEST(connect_session, a_session_is_of_its_user_and_does_not_come_back) {
    connect_world world;
    connect_world_open(&world, &(weir_connect_config){0});
    CHECK_TEXT(status_call(&world, NULL), "INVALID_HANDLE.SESSION_NOT_FOUND");
    CHECK_TEXT(connect_world_get(&world, "spark.sql.ansi.enabled"), "true");
    CHECK_TEXT(status_call(&world, NULL), "");
    char first[64];
    snprintf(first, sizeof first, "%s", server_id);
    cr_assert(strlen(first) == 36 && strcmp(first, WORLD_SESSION) != 0);
    CHECK_TEXT(status_call(&world, first), "");
    CHECK_TEXT(status_call(&world, OTHER), "INVALID_HANDLE.SESSION_CHANGED");
    world.user = "bob"; /* the same id is another session */
    CHECK_TEXT(status_call(&world, NULL), "INVALID_HANDLE.SESSION_NOT_FOUND");
    CHECK_TEXT(connect_world_get(&world, "spark.sql.ansi.enabled"), "true");
    CHECK_TEXT(status_call(&world, NULL), "");
    cr_assert(strcmp(first, server_id) != 0);
    world.user = "ann";
    CHECK_TEXT(release_call(&world, false), "");
    CHECK_TEXT(server_id, first);
    CHECK_TEXT(release_call(&world, false), ""); /* unknown: quiet */
    CHECK_TEXT(status_call(&world, NULL), "INVALID_HANDLE.SESSION_CLOSED");
    CHECK_TEXT(connect_world_get(&world, "a"), "INVALID_HANDLE.SESSION_CLOSED");
    world.user = "bob";
    CHECK_TEXT(release_call(&world, true), "");
    CHECK_TEXT(connect_world_get(&world, "spark.sql.ansi.enabled"), "true"); /* was allowed to come back */
    world.session = "not-a-uuid";
    CHECK_TEXT(connect_world_get(&world, "a"), "INVALID_HANDLE.FORMAT");
    CHECK_TEXT(status_call(&world, NULL), "INVALID_HANDLE.SESSION_NOT_FOUND");
    connect_world_close(&world);
}

WEIR_TEST(connect_session, idle_ones_expire_busy_ones_do_not_and_there_is_a_limit) {
    connect_world world;
    connect_world_open(&world, &(weir_connect_config){.sessions_max = 2,
                                                      .session_timeout_ms = 10000,
                                                      .stream_duration_ms = 3600000});
    fake_call *call = connect_world_execute(&world, "wait", WORLD_OPERATION, true, 0);
    while (!world.backend.running)
        usleep(1000);
    world.session = OTHER;
    connect_world_get(&world, "a");
    world.user = "bob";
    CHECK_TEXT(connect_world_get(&world, "a"), "CONNECT_LIMIT");
    world.user = "ann";
    connect_world_advance(&world, 9000);
    CHECK_TEXT(status_call(&world, NULL), ""); /* used */
    connect_world_advance(&world, 9000);
    CHECK_TEXT(status_call(&world, NULL), "");
    connect_world_advance(&world, 10001);
    CHECK_TEXT(status_call(&world, NULL), "INVALID_HANDLE.SESSION_CLOSED");
    world.session = WORLD_SESSION;
    cr_assert(world.backend.running == 1, "a session with a stream is not idle");
    CHECK_TEXT(release_call(&world, false), ""); /* with a running operation */
    CHECK_TEXT(connect_world_end(call), "INVALID_CURSOR.DISCONNECTED");
    connect_world_close(&world);
}

/* --- configuration --- */

typedef Spark__Connect__ConfigRequest__Operation config_operation;

/* "k=v ..." of the answer, "! warning" behind; or the condition. */
static const char *config_call(connect_world *world, config_operation *operation) {
    static char text[4096];
    Spark__Connect__ConfigRequest request = SPARK__CONNECT__CONFIG_REQUEST__INIT;
    Spark__Connect__UserContext user = SPARK__CONNECT__USER_CONTEXT__INIT;
    user.user_id = (char *)world->user;
    request.user_context = &user;
    request.session_id = (char *)world->session;
    request.operation = operation;
    fake_call *call = fake_call_begin(world->door, "Config", NULL, NULL);
    fake_call_message(call, &request.base);
    fake_call_run(call);
    snprintf(text, sizeof text, "%s", connect_world_condition(call));
    if (fake_call_count(call)) {
        Spark__Connect__ConfigResponse *r = (Spark__Connect__ConfigResponse *)fake_call_get(
            call, 0, &spark__connect__config_response__descriptor);
        size_t at = 0;
        text[0] = '\0';
        for (size_t i = 0; i < r->n_pairs; i++)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s=%s", i ? " " : "", r->pairs[i]->key,
                                   r->pairs[i]->value ? r->pairs[i]->value : "(none)");
        for (size_t i = 0; i < r->n_warnings; i++)
            at += (size_t)snprintf(text + at, sizeof text - at, "! %.60s", r->warnings[i]);
        spark__connect__config_response__free_unpacked(r, NULL);
    }
    fake_call_free(call);
    return text;
}

static const char *config_set(connect_world *world, const char *key, const char *value, bool silent) {
    config_operation operation = SPARK__CONNECT__CONFIG_REQUEST__OPERATION__INIT;
    Spark__Connect__ConfigRequest__Set set = SPARK__CONNECT__CONFIG_REQUEST__SET__INIT;
    Spark__Connect__KeyValue pair = SPARK__CONNECT__KEY_VALUE__INIT, *pairs = &pair;
    pair.key = (char *)key;
    pair.value = (char *)value;
    set.n_pairs = 1;
    set.pairs = &pairs;
    set.has_silent = set.silent = silent;
    operation.op_type_case = SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_SET;
    operation.set = &set;
    return config_call(world, &operation);
}

/* Get, GetOption, Unset and IsModifiable have the same shape. */
static const char *config_key(connect_world *world, int kind, const char *key) {
    config_operation operation = SPARK__CONNECT__CONFIG_REQUEST__OPERATION__INIT;
    Spark__Connect__ConfigRequest__Get get = SPARK__CONNECT__CONFIG_REQUEST__GET__INIT;
    Spark__Connect__ConfigRequest__GetOption option = SPARK__CONNECT__CONFIG_REQUEST__GET_OPTION__INIT;
    Spark__Connect__ConfigRequest__Unset unset = SPARK__CONNECT__CONFIG_REQUEST__UNSET__INIT;
    Spark__Connect__ConfigRequest__IsModifiable modifiable =
        SPARK__CONNECT__CONFIG_REQUEST__IS_MODIFIABLE__INIT;
    char *keys[] = {(char *)key};
    get.n_keys = option.n_keys = unset.n_keys = modifiable.n_keys = 1;
    get.keys = option.keys = unset.keys = modifiable.keys = keys;
    operation.op_type_case = (Spark__Connect__ConfigRequest__Operation__OpTypeCase)kind;
    switch (kind) {
    case SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_GET:
        operation.get = &get;
        break;
    case SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_GET_OPTION:
        operation.get_option = &option;
        break;
    case SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_UNSET:
        operation.unset = &unset;
        break;
    default:
        operation.is_modifiable = &modifiable;
    }
    return config_call(world, &operation);
}

#define KIND(name) SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_##name

static const char *config_default(connect_world *world, const char *key, const char *value) {
    config_operation operation = SPARK__CONNECT__CONFIG_REQUEST__OPERATION__INIT;
    Spark__Connect__ConfigRequest__GetWithDefault get =
        SPARK__CONNECT__CONFIG_REQUEST__GET_WITH_DEFAULT__INIT;
    Spark__Connect__KeyValue pair = SPARK__CONNECT__KEY_VALUE__INIT, *pairs = &pair;
    pair.key = (char *)key;
    pair.value = (char *)value;
    get.n_pairs = 1;
    get.pairs = &pairs;
    operation.op_type_case = KIND(GET_WITH_DEFAULT);
    operation.get_with_default = &get;
    return config_call(world, &operation);
}

static const char *config_all(connect_world *world, const char *prefix) {
    config_operation operation = SPARK__CONNECT__CONFIG_REQUEST__OPERATION__INIT;
    Spark__Connect__ConfigRequest__GetAll all = SPARK__CONNECT__CONFIG_REQUEST__GET_ALL__INIT;
    all.prefix = (char *)prefix;
    operation.op_type_case = KIND(GET_ALL);
    operation.get_all = &all;
    return config_call(world, &operation);
}

WEIR_TEST(connect_session, configuration_is_sparks_runtime_config) {
    connect_world world;
    weir_arena *arena = weir_arena_new();
    weir_conf *base = weir_conf_new(arena);
    weir_error *err = NULL;
    CHECK_OK(weir_conf_set(base, WEIR_STR("spark.app.name"), WEIR_STR("demo"), &err));
    CHECK_OK(weir_conf_set(base, WEIR_STR("spark.sql.shuffle.partitions"), WEIR_STR("7"), &err));
    connect_world_open(&world, &(weir_connect_config){.conf = base});
    CHECK_TEXT(config_key(&world, KIND(GET), "spark.sql.shuffle.partitions"),
               "spark.sql.shuffle.partitions=7");
    CHECK_TEXT(config_key(&world, KIND(GET), "spark.sql.sources.default"),
               "spark.sql.sources.default=parquet");
    CHECK_TEXT(config_key(&world, KIND(GET), "no.such"), "SQL_CONF_NOT_FOUND");
    CHECK_TEXT(config_key(&world, KIND(GET_OPTION), "no.such"), "no.such=(none)");
    CHECK_TEXT(config_key(&world, KIND(GET_OPTION), "spark.sql.ansi.enabled"), "spark.sql.ansi.enabled=true");
    CHECK_TEXT(config_default(&world, "spark.sql.sources.default", "x"), "spark.sql.sources.default=x");
    CHECK_TEXT(config_default(&world, "spark.app.name", "x"), "spark.app.name=demo");
    CHECK_TEXT(config_default(&world, "no.such", NULL), "no.such=(none)");
    CHECK_TEXT(config_set(&world, "spark.sql.shuffle.partitions", "9", false), "");
    CHECK_TEXT(config_set(&world, "my.own", "1", false), "");
    CHECK_TEXT(config_key(&world, KIND(GET), "spark.sql.shuffle.partitions"),
               "spark.sql.shuffle.partitions=9");
    CHECK_TEXT(config_all(&world, NULL), "spark.app.name=demo my.own=1 spark.sql.shuffle.partitions=9");
    CHECK_TEXT(config_all(&world, "spark.sql."), "shuffle.partitions=9");
    CHECK_TEXT(config_key(&world, KIND(UNSET), "spark.sql.shuffle.partitions"), "");
    CHECK_TEXT(config_key(&world, KIND(GET), "spark.sql.shuffle.partitions"),
               "spark.sql.shuffle.partitions=200");
    CHECK_TEXT(config_set(&world, "spark.sql.shuffle.partitions", "many", false),
               "INVALID_CONF_VALUE.TYPE_MISMATCH");
    CHECK_TEXT(config_set(&world, "spark.sql.execution.arrow.pyspark.enabled", "maybe", false),
               "INVALID_CONF_VALUE.TYPE_MISMATCH");
    CHECK_TEXT(config_set(&world, "spark.sql.warehouse.dir", "x", false), "CANNOT_MODIFY_STATIC_CONFIG");
    CHECK_TEXT(config_set(&world, "spark.executor.memory", "1g", false), "CANNOT_MODIFY_CONFIG");
    cr_assert(strstr(config_set(&world, "spark.sql.warehouse.dir", "x", true),
                     "! Failed to set spark.sql.warehouse.dir to x due to"));
    CHECK_TEXT(config_key(&world, KIND(IS_MODIFIABLE), "spark.sql.ansi.enabled"),
               "spark.sql.ansi.enabled=true");
    CHECK_TEXT(config_key(&world, KIND(IS_MODIFIABLE), "spark.sql.warehouse.dir"),
               "spark.sql.warehouse.dir=false");
    CHECK_TEXT(config_key(&world, KIND(IS_MODIFIABLE), "no.such"), "no.such=false");
    CHECK_TEXT(config_set(&world, "my.password", "hush", false), "");
    CHECK_TEXT(config_key(&world, KIND(GET), "my.password"), "SQL_CONF_NOT_FOUND");
    CHECK_TEXT(config_all(&world, "my."), "own=1");
    config_operation none = SPARK__CONNECT__CONFIG_REQUEST__OPERATION__INIT;
    CHECK_TEXT(config_call(&world, &none), "NOT_SUPPORTED");
    /* A backend sets and sees the same. */
    CHECK_TEXT(connect_world_end(connect_world_execute(&world, "set my.own=2", NULL, true, 0)), "");
    CHECK_TEXT(config_key(&world, KIND(GET), "my.own"), "my.own=2");
    connect_world_close(&world);
    weir_arena_free(arena);
}

WEIR_TEST(connect_session, a_clone_has_a_copy_of_its_source) {
    connect_world world;
    connect_world_open(&world, &(weir_connect_config){0});
    config_set(&world, "my.own", "1", false);
    CHECK_TEXT(clone_call(&world, OTHER), "");
    CHECK_TEXT(server_id, OTHER);
    config_set(&world, "my.own", "2", false);
    CHECK_TEXT(clone_call(&world, OTHER), "INVALID_CLONE_SESSION_REQUEST.TARGET_SESSION_ID_ALREADY_EXISTS");
    CHECK_TEXT(clone_call(&world, "x"), "INVALID_CLONE_SESSION_REQUEST.TARGET_SESSION_ID_FORMAT");
    CHECK_TEXT(clone_call(&world, NULL), "");
    cr_assert(strlen(server_id) == 36);
    world.session = OTHER;
    CHECK_TEXT(connect_world_get(&world, "my.own"), "1");
    release_call(&world, false);
    world.session = WORLD_SESSION;
    CHECK_TEXT(clone_call(&world, OTHER), "INVALID_CLONE_SESSION_REQUEST.TARGET_SESSION_ID_ALREADY_CLOSED");
    world.session = "12345678-4455-6677-8899-aabbccddeeff";
    CHECK_TEXT(clone_call(&world, NULL), "INVALID_HANDLE.SESSION_NOT_FOUND");
    connect_world_close(&world);
}

/* --- artifacts --- */

static fake_call *begin_upload(connect_world *world) {
    return fake_call_begin(world->door, "AddArtifacts", NULL, NULL);
}

/* One message: kind 'b' batch of one, 'g' begin_chunk, 'c' chunk. */
static void send_part(connect_world *world, fake_call *call, char kind, const char *name, const char *data,
                      int64_t total, int64_t chunks, bool bad_crc) {
    Spark__Connect__AddArtifactsRequest request = SPARK__CONNECT__ADD_ARTIFACTS_REQUEST__INIT;
    Spark__Connect__UserContext user = SPARK__CONNECT__USER_CONTEXT__INIT;
    Spark__Connect__AddArtifactsRequest__ArtifactChunk chunk =
        SPARK__CONNECT__ADD_ARTIFACTS_REQUEST__ARTIFACT_CHUNK__INIT;
    Spark__Connect__AddArtifactsRequest__SingleChunkArtifact single =
        SPARK__CONNECT__ADD_ARTIFACTS_REQUEST__SINGLE_CHUNK_ARTIFACT__INIT;
    Spark__Connect__AddArtifactsRequest__SingleChunkArtifact *singles = &single;
    Spark__Connect__AddArtifactsRequest__Batch batch = SPARK__CONNECT__ADD_ARTIFACTS_REQUEST__BATCH__INIT;
    Spark__Connect__AddArtifactsRequest__BeginChunkedArtifact first =
        SPARK__CONNECT__ADD_ARTIFACTS_REQUEST__BEGIN_CHUNKED_ARTIFACT__INIT;
    user.user_id = (char *)world->user;
    request.user_context = &user;
    request.session_id = (char *)world->session;
    chunk.has_data = chunk.has_crc = 1;
    chunk.data.data = (uint8_t *)data;
    chunk.data.len = strlen(data);
    chunk.crc = (int64_t)crc32_z(0, chunk.data.data, chunk.data.len) + bad_crc;
    single.name = first.name = (char *)name;
    single.data = first.initial_chunk = &chunk;
    batch.n_artifacts = 1;
    batch.artifacts = &singles;
    first.has_total_bytes = first.has_num_chunks = 1;
    first.total_bytes = total;
    first.num_chunks = chunks;
    request.payload_case = kind == 'b'   ? SPARK__CONNECT__ADD_ARTIFACTS_REQUEST__PAYLOAD_BATCH
                           : kind == 'g' ? SPARK__CONNECT__ADD_ARTIFACTS_REQUEST__PAYLOAD_BEGIN_CHUNK
                                         : SPARK__CONNECT__ADD_ARTIFACTS_REQUEST__PAYLOAD_CHUNK;
    if (kind == 'b')
        request.batch = &batch;
    else if (kind == 'g')
        request.begin_chunk = &first;
    else
        request.chunk = &chunk;
    fake_call_message(call, &request.base);
}

/* Ends the stream: "name+" or "name-" an artifact, or the condition. */
static const char *end_upload(fake_call *call) {
    static char text[512];
    fake_call_message(call, NULL);
    fake_call_run(call);
    snprintf(text, sizeof text, "%s", connect_world_condition(call));
    if (fake_call_count(call)) {
        Spark__Connect__AddArtifactsResponse *r = (Spark__Connect__AddArtifactsResponse *)fake_call_get(
            call, 0, &spark__connect__add_artifacts_response__descriptor);
        text[0] = '\0';
        for (size_t i = 0; i < r->n_artifacts; i++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%c", r->artifacts[i]->name,
                     r->artifacts[i]->is_crc_successful ? '+' : '-');
        spark__connect__add_artifacts_response__free_unpacked(r, NULL);
    }
    fake_call_free(call);
    return text;
}

static const char *upload_one(connect_world *world, const char *name, const char *data, bool bad_crc) {
    fake_call *call = begin_upload(world);
    send_part(world, call, 'b', name, data, 0, 0, bad_crc);
    if (fake_call_wants_read(call))
        return end_upload(call);
    const char *condition = connect_world_condition(call);
    fake_call_free(call);
    return condition;
}

/* sha256 of "abc" */
#define ABC "cache/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

WEIR_TEST(connect_session, artifacts_arrive_whole_or_not_at_all) {
    static const struct {
        const char *name, *data;
        bool bad_crc;
        const char *answer;
    } cases[] = {
        {"files/a.txt", "hello", false, "files/a.txt+"},
        {"files/a.txt", "hello", false, "files/a.txt+"},
        {"files/a.txt", "other", false, "ARTIFACT_ALREADY_EXISTS"},
        {"files/b.txt", "hello", true, "files/b.txt-"},
        {"pyfiles/sub/c.py", "", false, "pyfiles/sub/c.py+"},
        {ABC, "abc", false, ABC "+"},
        {"cache/00", "abc", false, "cache/00-"},
        {"files/../x", "", false, "INVALID_ARTIFACT_PATH"},
        {"/files/x", "", false, "INVALID_ARTIFACT_PATH"},
        {"files/", "", false, "INVALID_ARTIFACT_PATH"},
        {"jars/a.jar", "", false, "NOT_SUPPORTED"},
        {"forward_to_fs/x", "", false, "NOT_SUPPORTED"},
    };
    connect_world world;
    connect_world_open(&world, &(weir_connect_config){.artifact_bytes_max = 1000000});
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++)
        CHECK_TEXT(upload_one(&world, cases[i].name, cases[i].data, cases[i].bad_crc), cases[i].answer);
    fake_call *call = begin_upload(&world);
    send_part(&world, call, 'g', "archives/z.zip", "abc", 9, 3, false);
    cr_assert(fake_call_wants_read(call));
    send_part(&world, call, 'c', NULL, "def", 0, 0, false);
    cr_assert(fake_call_wants_read(call));
    send_part(&world, call, 'c', NULL, "ghi", 0, 0, false);
    cr_assert(fake_call_wants_read(call));
    CHECK_TEXT(end_upload(call), "archives/z.zip+");
    /* Too few chunks, too many bytes, a chunk of nothing. */
    call = begin_upload(&world);
    send_part(&world, call, 'g', "files/y", "abc", 9, 3, false);
    cr_assert(fake_call_wants_read(call));
    CHECK_TEXT(end_upload(call), "");
    call = begin_upload(&world);
    send_part(&world, call, 'g', "files/y", "abcdef", 5, 1, false);
    CHECK_TEXT(connect_world_end(call), "");
    call = begin_upload(&world);
    send_part(&world, call, 'c', NULL, "abc", 0, 0, false);
    CHECK_TEXT(connect_world_end(call), "");
    call = begin_upload(&world);
    send_part(&world, call, 'g', "files/large", "abc", 2000000, 2, false);
    CHECK_TEXT(connect_world_end(call), "OUT_OF_MEMORY");
    call = begin_upload(&world);
    CHECK_TEXT(end_upload(call), "");
    connect_world_close(&world);
}

WEIR_TEST(connect_session, the_clients_side_of_a_call_may_end_anywhere) {
    connect_world world;
    connect_world_open(&world, &(weir_connect_config){.request_timeout_ms = 5000});
    fake_call *call = fake_call_begin(world.door, "Config", NULL, NULL);
    fake_call_message(call, NULL); /* half-closed without a request */
    CHECK_TEXT(connect_world_end(call), "status 13");
    call = fake_call_begin(world.door, "Config", NULL, NULL);
    connect_world_advance(&world, 5001); /* never sends it */
    CHECK_TEXT(connect_world_condition(call), "status 8");
    fake_call_message(call, NULL); /* the door's last read comes back */
    CHECK_TEXT(connect_world_end(call), "status 8");
    call = fake_call_begin(world.door, "AnalyzePlan", NULL, NULL);
    fake_call_bytes(call, "\x22\xff\xff", 3);
    CHECK_TEXT(connect_world_end(call), "CONNECT_INVALID_PLAN.CANNOT_PARSE");
    call = fake_call_begin(world.door, "NoSuchMethod", NULL, NULL);
    CHECK_TEXT(connect_world_end(call), "status 12");
    connect_world_close(&world);
}

/* A relation in a relation ... `depth` deep, as bytes of an ExecutePlanRequest. */
static size_t deep_plan(uint8_t *bytes, size_t room, int depth) {
    size_t at = room, size = 0;
    for (int i = 0; i < depth; i++) { /* inside out: limit{input{...}} = 0x42 len 0x0a len */
        for (int k = 0; k < 2; k++) {
            uint8_t varint[10];
            size_t n = 0;
            size_t value = size;
            for (; value >= 0x80; value >>= 7)
                varint[n++] = (uint8_t)(value | 0x80);
            varint[n++] = (uint8_t)value;
            at -= n;
            memcpy(bytes + at, varint, n);
            bytes[--at] = k ? 0x42 : 0x0a;
            size += n + 1;
        }
    }
    memmove(bytes, bytes + at, size);
    return size;
}

WEIR_TEST(connect_session, plans_too_deep_or_too_large_are_refused) {
    enum { ROOM = 4 << 20 };
    connect_world world;
    connect_world_open(&world, &(weir_connect_config){0});
    uint8_t *bytes = malloc(ROOM), *request = malloc(ROOM + 64);
    static const int depths[] = {2000, 100000};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(depths); i++) {
        size_t size = deep_plan(bytes, ROOM, depths[i]), at = 0;
        size_t lengths[2] = {0, size};
        for (size_t value = size;; value >>= 7) { /* plan{root{...}} */
            lengths[0]++;
            if (value < 0x80)
                break;
        }
        lengths[0] += 1 + size;
        static const uint8_t tags[2] = {0x1a, 0x0a};
        for (int k = 0; k < 2; k++) {
            request[at++] = tags[k];
            size_t value = lengths[k];
            for (; value >= 0x80; value >>= 7)
                request[at++] = (uint8_t)(value | 0x80);
            request[at++] = (uint8_t)value;
        }
        memcpy(request + at, bytes, size);
        fake_call *call = fake_call_begin(world.door, "ExecutePlan", NULL, NULL);
        fake_call_bytes(call, request, at + size);
        CHECK_TEXT(connect_world_end(call), "CONNECT_INVALID_PLAN.CANNOT_PARSE");
    }
    free(bytes);
    free(request);
    connect_world_close(&world);
}
