/* Operations over a door without a network: what a stream carries, reattach, release, limits, interrupts. */
#include <stdio.h>
#include <unistd.h>

#include "tests/lib/connect_world.h"
#include "tests/lib/weir_test.h"

static void response_id(fake_call *call, int i, char ret[64]) {
    Spark__Connect__ExecutePlanResponse *response = connect_world_response(call, i);
    cr_assert(response, "response %d does not unpack", i);
    snprintf(ret, 64, "%s", response->response_id);
    spark__connect__execute_plan_response__free_unpacked(response, NULL);
}

/* "S" schema, "A" Arrow, "C" complete, "P" progress; a letter a response. */
static const char *kinds(fake_call *call) {
    static char text[4096];
    int count = fake_call_count(call);
    for (int i = 0; i < count; i++) {
        Spark__Connect__ExecutePlanResponse *r = connect_world_response(call, i);
        text[i] =
            r->schema                                                                                   ? 'S'
            : r->response_type_case == SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_ARROW_BATCH ? 'A'
            : r->response_type_case == SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_RESULT_COMPLETE
                ? 'C'
            : r->response_type_case == SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_EXECUTION_PROGRESS
                ? 'P'
                : '?';
        spark__connect__execute_plan_response__free_unpacked(r, NULL);
    }
    text[count] = '\0';
    return text;
}

static int operations(connect_world *world) {
    weir_connect_stats stats;
    weir_connect_server_stats(world->server, &stats);
    return (int)stats.operations;
}

static int64_t buffered(connect_world *world) {
    weir_connect_stats stats;
    weir_connect_server_stats(world->server, &stats);
    return stats.buffered_bytes;
}

WEIR_TEST(connect_operation, a_stream_carries_the_responses_in_order_with_ids) {
    connect_world world;
    connect_world_open(&world, &(weir_connect_config){0});
    fake_call *call = connect_world_execute(&world, "batch 3", WORLD_OPERATION, true, 0);
    fake_call_run(call);
    CHECK_TEXT(kinds(call), "SAAAC");
    for (int i = 0; i < 5; i++) {
        Spark__Connect__ExecutePlanResponse *r = connect_world_response(call, i);
        CHECK_TEXT(r->session_id, WORLD_SESSION);
        CHECK_TEXT(r->operation_id, WORLD_OPERATION);
        cr_assert(strlen(r->server_side_session_id) == 36 && strlen(r->response_id) == 36);
        if (r->response_type_case == SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_ARROW_BATCH) {
            cr_assert(r->arrow_batch->row_count == 3 && r->arrow_batch->start_offset == (i - 1) * 3);
            cr_assert(
                r->arrow_batch->data.len == world.backend.batch->size &&
                !memcmp(r->arrow_batch->data.data, world.backend.batch->data, r->arrow_batch->data.len));
            cr_assert(!r->arrow_batch->has_chunk_index);
        }
        spark__connect__execute_plan_response__free_unpacked(r, NULL);
    }
    CHECK_TEXT(connect_world_end(call), "");
    cr_assert(operations(&world) == 1, "it is kept for its client");
    cr_assert(connect_world_release(&world, WORLD_OPERATION, NULL));
    cr_assert(operations(&world) == 0 && buffered(&world) == 0);
    cr_assert(!connect_world_release(&world, WORLD_OPERATION, NULL), "an unknown one is a quiet success");
    connect_world_close(&world);
}

WEIR_TEST(connect_operation, without_reattach_it_ends_with_its_stream) {
    connect_world world;
    connect_world_open(&world, &(weir_connect_config){0});
    fake_call *call = connect_world_execute(&world, "batch 2", NULL, false, 0);
    fake_call_run(call);
    CHECK_TEXT(kinds(call), "SAA");
    CHECK_TEXT(connect_world_end(call), "");
    cr_assert(operations(&world) == 0 && buffered(&world) == 0);
    /* The client goes while it runs: the run is interrupted. */
    call = connect_world_execute(&world, "wait", WORLD_OPERATION, false, 0);
    while (world.backend.running == 0)
        usleep(1000);
    CHECK_TEXT(connect_world_end(connect_world_reattach(&world, WORLD_OPERATION, NULL)),
               "INVALID_CURSOR.NOT_REATTACHABLE");
    fake_call_cancel(call);
    CHECK_TEXT(connect_world_end(call), "status 1");
    while (world.backend.running)
        usleep(1000);
    cr_assert(operations(&world) == 0);
    connect_world_close(&world);
}

WEIR_TEST(connect_operation, a_reattach_gets_exactly_what_is_behind_the_last_response) {
    connect_world world;
    connect_world_open(&world, &(weir_connect_config){0});
    fake_call *first = connect_world_execute(&world, "batch 6", WORLD_OPERATION, true, 0);
    cr_assert(fake_call_step(first, true) && fake_call_step(first, true) && fake_call_wait(first));
    char second_id[64], ids[8][64];
    response_id(first, 1, second_id);
    fake_call *again = connect_world_reattach(&world, WORLD_OPERATION, second_id); /* takes over */
    fake_call_run(first);
    CHECK_TEXT(connect_world_condition(first), "INVALID_CURSOR.DISCONNECTED");
    fake_call_free(first);
    fake_call_run(again);
    CHECK_TEXT(kinds(again), "AAAAAC");
    for (int i = 0; i < 6; i++)
        response_id(again, i, ids[i]);
    fake_call_free(again);
    again = connect_world_reattach(&world, WORLD_OPERATION, NULL); /* from the start: all is still kept */
    fake_call_run(again);
    CHECK_TEXT(kinds(again), "SAAAAAAC");
    char id[64];
    response_id(again, 7, id);
    CHECK_TEXT(id, ids[5]);
    fake_call_free(again);
    again =
        connect_world_reattach(&world, WORLD_OPERATION, ids[5]); /* behind the last one: nothing, and OK */
    fake_call_run(again);
    CHECK_TEXT(kinds(again), "");
    CHECK_TEXT(connect_world_end(again), "");
    CHECK_TEXT(connect_world_end(connect_world_reattach(&world, WORLD_OPERATION, "nonsense")),
               "INVALID_CURSOR.POSITION_NOT_FOUND");
    cr_assert(connect_world_release(&world, WORLD_OPERATION, ids[1]));
    CHECK_TEXT(connect_world_end(connect_world_reattach(&world, WORLD_OPERATION, second_id)),
               "INVALID_CURSOR.POSITION_NOT_AVAILABLE");
    again = connect_world_reattach(&world, WORLD_OPERATION, ids[1]);
    fake_call_run(again);
    CHECK_TEXT(kinds(again), "AAAC");
    fake_call_free(again);
    CHECK_TEXT(connect_world_end(connect_world_reattach(&world, WORLD_SESSION, NULL)),
               "INVALID_HANDLE.OPERATION_NOT_FOUND");
    connect_world_release(&world, WORLD_OPERATION, NULL);
    connect_world_close(&world);
}

WEIR_TEST(connect_operation, the_same_request_again_attaches_another_plan_is_refused) {
    connect_world world;
    connect_world_open(&world, &(weir_connect_config){0});
    fake_call *first = connect_world_execute(&world, "batch 2", WORLD_OPERATION, true, 0);
    fake_call_run(first);
    fake_call *again = connect_world_execute(&world, "batch 2", WORLD_OPERATION, true, 0);
    fake_call_run(again);
    CHECK_TEXT(kinds(again), "SAAC");
    cr_assert(world.backend.executions == 1, "it ran once");
    fake_call_free(again);
    CHECK_TEXT(connect_world_end(connect_world_execute(&world, "batch 1", WORLD_OPERATION, true, 0)),
               "INVALID_HANDLE.OPERATION_ALREADY_EXISTS");
    CHECK_TEXT(connect_world_end(connect_world_execute(&world, "batch 1", "no-uuid", true, 0)),
               "INVALID_HANDLE.FORMAT");
    fake_call_free(first);
    connect_world_release(&world, WORLD_OPERATION, NULL);
    connect_world_close(&world);
}

WEIR_TEST(connect_operation, a_stream_ends_on_purpose_after_its_time_and_size) {
    connect_world world;
    connect_world_open(&world, &(weir_connect_config){.stream_bytes_max = 100});
    fake_call *call = connect_world_execute(&world, "batch 3", WORLD_OPERATION, true, 0);
    int streams = 0, responses = 0;
    for (bool complete = false; !complete; streams++) { /* as a client: each stream until it ends */
        fake_call_run(call);
        int count = fake_call_count(call);
        responses += count;
        cr_assert(count > 0 && fake_call_status(call) == WEIR_DOOR_OK);
        char last[64];
        response_id(call, count - 1, last);
        complete = strchr(kinds(call), 'C') != NULL;
        fake_call_free(call);
        if (!complete)
            call = connect_world_reattach(&world, WORLD_OPERATION, last);
    }
    cr_assert(responses == 5 && streams >= 4, "%d responses in %d streams", responses, streams);
    connect_world_release(&world, WORLD_OPERATION, NULL);
    connect_world_close(&world);

    connect_world_open(&world, &(weir_connect_config){.stream_duration_ms = 1000});
    call = connect_world_execute(&world, "wait", WORLD_OPERATION, true, 0);
    while (world.backend.running == 0)
        usleep(1000);
    connect_world_advance(&world, 999);
    connect_world_advance(&world, 2);
    CHECK_TEXT(connect_world_end(call), "");
    cr_assert(operations(&world) == 1 && world.backend.running == 1);
    connect_world_release(&world, WORLD_OPERATION, NULL);
    connect_world_close(&world);
}

WEIR_TEST(connect_operation, an_operation_without_a_stream_is_given_up_after_a_while) {
    connect_world world;
    connect_world_open(&world, &(weir_connect_config){.operation_timeout_ms = 60000});
    fake_call *call = connect_world_execute(&world, "wait", WORLD_OPERATION, true, 0);
    while (world.backend.running == 0)
        usleep(1000);
    connect_world_advance(&world, 50000);
    cr_assert(operations(&world) == 1, "its stream is there");
    fake_call_cancel(call);
    CHECK_TEXT(connect_world_end(call), "status 1");
    connect_world_advance(&world, 59000);
    cr_assert(operations(&world) == 1 && world.backend.running == 1, "losing the stream cancels nothing");
    connect_world_advance(&world, 2000);
    cr_assert(operations(&world) == 0);
    while (world.backend.running)
        usleep(1000);
    CHECK_TEXT(connect_world_end(connect_world_reattach(&world, WORLD_OPERATION, NULL)),
               "INVALID_HANDLE.OPERATION_ABANDONED");
    CHECK_TEXT(connect_world_end(connect_world_execute(&world, "batch 1", WORLD_OPERATION, true, 0)),
               "INVALID_HANDLE.OPERATION_ABANDONED");
    connect_world_close(&world);
}

WEIR_TEST(connect_operation, a_producer_waits_for_a_slow_client_and_memory_is_bounded) {
    enum { BATCH = 100000 };
    connect_world world;
    connect_world_open(&world,
                       &(weir_connect_config){.buffer_bytes_max = 4 * BATCH, .retry_bytes_max = 2 * BATCH});
    fake_call *call = connect_world_execute(&world, "bytes 100000 50", WORLD_OPERATION, true, 0);
    cr_assert(fake_call_wait(call)); /* the first one is being written and stays so */
    usleep(50000);
    cr_assert(world.backend.running == 1 && buffered(&world) <= 4 * BATCH + 1000, "%ld",
              (long)buffered(&world));
    int64_t most = 0;
    while (fake_call_step(call, true))
        most = buffered(&world) > most ? buffered(&world) : most;
    cr_assert(fake_call_count(call) == 51 && fake_call_status(call) == WEIR_DOOR_OK);
    cr_assert(most > 2 * BATCH && most <= 7 * BATCH, "unsent and kept: %ld", (long)most);
    cr_assert(buffered(&world) <= 2 * BATCH + 1000, "only the look-back is kept without a release");
    fake_call_free(call);
    /* Another one fills up and is released while its producer waits. */
    call = connect_world_execute(&world, "bytes 100000 50", WORLD_SESSION, true, 0);
    cr_assert(fake_call_wait(call));
    usleep(20000);
    connect_world_release(&world, WORLD_SESSION, NULL);
    CHECK_TEXT(connect_world_end(call), "INVALID_CURSOR.DISCONNECTED");
    while (world.backend.running)
        usleep(1000);
    connect_world_release(&world, WORLD_OPERATION, NULL);
    cr_assert(buffered(&world) == 0);
    connect_world_close(&world);
}

WEIR_TEST(connect_operation, batches_are_cut_into_chunks_where_the_client_allows_it) {
    connect_world world;
    connect_world_open(&world, &(weir_connect_config){0});
    fake_call *call = connect_world_execute(&world, "bytes 10000 2", WORLD_OPERATION, true, 4096);
    fake_call_run(call);
    CHECK_TEXT(kinds(call), "AAAAAAC");
    for (int i = 0; i < 6; i++) {
        Spark__Connect__ExecutePlanResponse *r = connect_world_response(call, i);
        cr_assert(r->arrow_batch->chunk_index == i % 3 && r->arrow_batch->num_chunks_in_batch == 3);
        cr_assert(r->arrow_batch->start_offset == i / 3 && r->arrow_batch->row_count == 1);
        cr_assert(r->arrow_batch->data.len == (i % 3 == 2 ? 10000 - 2 * 4096 : 4096));
        cr_assert(r->arrow_batch->data.data[7] == i / 3);
        spark__connect__execute_plan_response__free_unpacked(r, NULL);
    }
    fake_call_free(call);
    connect_world_release(&world, WORLD_OPERATION, NULL);
    connect_world_close(&world);
}

static int interrupt(connect_world *world, int type, const char *what, bool tag) {
    Spark__Connect__InterruptRequest request = SPARK__CONNECT__INTERRUPT_REQUEST__INIT;
    Spark__Connect__UserContext user = SPARK__CONNECT__USER_CONTEXT__INIT;
    user.user_id = (char *)world->user;
    request.session_id = (char *)world->session;
    request.user_context = &user;
    request.has_interrupt_type = 1;
    request.interrupt_type = (Spark__Connect__InterruptRequest__InterruptType)type;
    if (what) {
        request.interrupt_case = tag ? SPARK__CONNECT__INTERRUPT_REQUEST__INTERRUPT_OPERATION_TAG
                                     : SPARK__CONNECT__INTERRUPT_REQUEST__INTERRUPT_OPERATION_ID;
        request.operation_tag = (char *)what;
    }
    fake_call *call = fake_call_begin(world->door, "Interrupt", NULL, NULL);
    fake_call_message(call, &request.base);
    fake_call_run(call);
    int count = -1;
    if (fake_call_count(call)) {
        Spark__Connect__InterruptResponse *response = (Spark__Connect__InterruptResponse *)fake_call_get(
            call, 0, &spark__connect__interrupt_response__descriptor);
        count = (int)response->n_interrupted_ids;
        spark__connect__interrupt_response__free_unpacked(response, NULL);
    }
    fake_call_free(call);
    return count;
}

WEIR_TEST(connect_operation, interrupts_reach_all_tagged_and_single_operations) {
    static const struct {
        int type;
        const char *what;
        bool tag;
        int count;
    } cases[] = {
        {1, NULL, false, 1},
        {2, "blue", true, 1},
        {3, WORLD_OPERATION, false, 1},
    };
    connect_world world;
    connect_world_open(&world, &(weir_connect_config){0});
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases) * 2; i++) {
        bool deferred = i >= WEIR_ARRAY_LEN(cases);
        fake_call *call =
            connect_world_execute(&world, deferred ? "defer" : "wait", WORLD_OPERATION, true, 0);
        while (deferred ? world.backend.executions < (int)i + 1 || world.backend.running
                        : !world.backend.running)
            usleep(1000);
        usleep(2000);
        cr_assert(interrupt(&world, 2, "green", true) == 0 &&
                  interrupt(&world, 3, WORLD_SESSION, false) == 0);
        cr_assert(interrupt(&world, 2, "query", true) == 1, "a query that was started under the tag");
        cr_assert(!fake_call_finished(call));
        int index = (int)(i % WEIR_ARRAY_LEN(cases));
        cr_assert(interrupt(&world, cases[index].type, cases[index].what, cases[index].tag) ==
                  cases[index].count);
        fake_call_run(call);
        CHECK_TEXT(connect_world_condition(call), "OPERATION_CANCELED");
        fake_call_free(call);
        connect_world_release(&world, WORLD_OPERATION, NULL);
    }
    cr_assert(interrupt(&world, 0, NULL, false) == -1);
    connect_world_close(&world);
}

WEIR_TEST(connect_operation, an_error_comes_behind_the_responses_before_it) {
    connect_world world;
    connect_world_open(&world, &(weir_connect_config){0});
    fake_call *call = connect_world_execute(&world, "fail", WORLD_OPERATION, true, 0);
    CHECK_TEXT(connect_world_end(call), "DIVIDE_BY_ZERO");
    CHECK_TEXT(connect_world_end(connect_world_reattach(&world, WORLD_OPERATION, NULL)), "DIVIDE_BY_ZERO");
    CHECK_TEXT(connect_world_end(connect_world_execute(&world, "what is this", NULL, true, 0)),
               "PARSE_SYNTAX_ERROR");
    connect_world_release(&world, WORLD_OPERATION, NULL);
    /* Progress is dropped where the client is behind, never queued up. */
    call = connect_world_execute(&world, "progress 100", WORLD_OPERATION, true, 0);
    fake_call_wait(call);
    usleep(20000);
    fake_call_run(call);
    cr_assert(strspn(kinds(call), "P") < 5, "%s", kinds(call));
    fake_call_free(call);
    connect_world_release(&world, WORLD_OPERATION, NULL);
    connect_world_close(&world);
}

WEIR_TEST(connect_operation, over_the_limit_new_ones_are_refused_and_closing_ends_all) {
    connect_world world;
    connect_world_open(&world, &(weir_connect_config){.operations_max = 2, .workers_max = 1});
    fake_call *a = connect_world_execute(&world, "wait", "00000000-0000-0000-0000-000000000001", true, 0);
    while (!world.backend.running)
        usleep(1000);
    fake_call *queued =
        connect_world_execute(&world, "batch 1", "00000000-0000-0000-0000-000000000002", true, 0);
    usleep(20000);
    cr_assert(world.backend.executions == 1, "one worker: the second one waits its turn");
    connect_world_release(&world, "00000000-0000-0000-0000-000000000001", NULL);
    CHECK_TEXT(connect_world_end(a), "INVALID_CURSOR.DISCONNECTED");
    CHECK_TEXT(connect_world_end(queued), "");
    connect_world_close(&world);
    connect_world_open(&world, &(weir_connect_config){.operations_max = 2});
    a = connect_world_execute(&world, "wait", "00000000-0000-0000-0000-000000000001", true, 0);
    fake_call *b = connect_world_execute(&world, "defer", "00000000-0000-0000-0000-000000000002", true, 0);
    while (world.backend.executions < 2)
        usleep(1000);
    CHECK_TEXT(connect_world_end(connect_world_execute(&world, "batch 1", NULL, true, 0)), "CONNECT_LIMIT");
    fake_call_cancel(a);
    fake_call_cancel(b);
    connect_world_end(a);
    connect_world_end(b);
    connect_world_close(&world);
}
