/* The nng transport: many requests at once, late replies, errors, closing. */
#include <pthread.h>

#include "common/base/alloc.h"
#include "common/base/env.h"
#include "common/rpc/transport.h"
#include "tests/lib/weir_test.h"

#define REQUESTS 200

typedef struct fixture {
    weir_transport *transport;
    weir_call *kept; /* answered late */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int answered, failed;
    _Atomic int misaligned;
    weir_code code;
} fixture;

static weir_buffer *text_message(weir_transport *transport, const char *text) {
    weir_buffer *message = transport->ops->alloc(transport, strlen(text));
    cr_assert_eq((uintptr_t)message->data % 8, 0);
    memcpy(message->data, text, message->size);
    return message;
}

static void serve(void *data, weir_call *call, weir_buffer *message) {
    fixture *f = data;
    f->misaligned += (uintptr_t)message->data % 8 != 0; /* columns are read where they lie */
    if (message->size == 4 && memcmp(message->data, "keep", 4) == 0) {
        f->kept = call;
        return;
    }
    weir_buffer *reply = f->transport->ops->alloc(f->transport, message->size);
    memcpy(reply->data, message->data, message->size);
    f->transport->ops->reply(call, reply);
}

static void answered(void *data, weir_buffer *reply, weir_error *error) {
    fixture *f = data;
    pthread_mutex_lock(&f->lock);
    f->answered += reply != NULL;
    f->misaligned += reply && (uintptr_t)reply->data % 8 != 0;
    f->failed += error != NULL;
    if (error)
        f->code = weir_error_code(error);
    pthread_cond_signal(&f->wake);
    pthread_mutex_unlock(&f->lock);
    weir_buffer_unref(reply);
    weir_error_free(error);
}

static void wait_for(fixture *f, int total) {
    pthread_mutex_lock(&f->lock);
    while (f->answered + f->failed < total)
        pthread_cond_wait(&f->wake, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

static void exchange(const char *url) {
    weir_error *err = NULL;
    fixture f = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    CHECK_OK(weir_nng_transport_new(&f.transport, &err));
    const weir_transport_ops *ops = f.transport->ops;
    weir_server *server;
    weir_client *client;
    CHECK_OK(ops->listen(f.transport, url, serve, &f, &server, &err));
    CHECK_OK(ops->connect(f.transport, url, &client, &err));
    for (int i = 0; i < REQUESTS; i++)
        ops->request(client, text_message(f.transport, "hello"), 5000, answered, &f);
    wait_for(&f, REQUESTS);
    cr_assert_eq(f.answered, REQUESTS);
    cr_assert_eq(f.misaligned, 0);
    ops->request(client, text_message(f.transport, "keep"), 100, answered, &f);
    wait_for(&f, REQUESTS + 1);
    cr_assert_eq(f.failed, 1, "a request that nobody answers times out");
    cr_assert_eq(f.code, WEIR_RPC_ERROR);
    ops->reply(f.kept, text_message(f.transport, "late")); /* dropped, not confused with the next */
    ops->request(client, text_message(f.transport, "again"), 5000, answered, &f);
    wait_for(&f, REQUESTS + 2);
    cr_assert_eq(f.answered, REQUESTS + 1);
    ops->request(client, text_message(f.transport, "keep"), -1, answered, &f);
    ops->client_close(client);
    cr_assert_eq(f.failed, 2, "closing ends what is pending");
    cr_assert_eq(f.code, WEIR_CANCELLED);
    ops->server_close(server);
    ops->free(f.transport);
}

WEIR_TEST(nng_transport, exchanges_messages_inproc) {
    exchange("inproc://test-transport");
}

WEIR_TEST(nng_transport, exchanges_messages_over_tcp) {
    exchange("tcp://127.0.0.1:19471");
}

WEIR_TEST(nng_transport, says_where_it_cannot_connect) {
    weir_error *err = NULL;
    weir_transport *transport;
    weir_client *client;
    CHECK_OK(weir_nng_transport_new(&transport, &err));
    cr_assert_eq(transport->ops->connect(transport, "inproc://nobody", &client, &err), WEIR_RPC_ERROR);
    cr_assert(strstr(weir_error_message(err), "inproc://nobody"));
    weir_error_free(err);
    transport->ops->free(transport);
}
