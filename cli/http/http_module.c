/* weir-http.so: requests by libmicrohttpd, a thread a connection, handed to the program (http_module.h).
 *
 * A thread a connection with a limit and a time-out stands slow clients: they hold their own threads until
 * the time-out and delay nobody else. No request has a body that would be read: the answer is queued as soon
 * as the head is there, and a connection whose client sends one anyway is closed. */
#include "cli/http/http_module.h"

#include <microhttpd.h>

static enum MHD_Result queue_answer(struct MHD_Connection *connection, weir_http_answer *answer) {
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer->body_size, (void *)answer->body, MHD_RESPMEM_MUST_COPY);
    if (answer->release)
        answer->release(answer->owner);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Content-Security-Policy", "default-src 'none'");
    if (answer->allow)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow);
    enum MHD_Result queued = MHD_queue_response(connection, (unsigned)answer->status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state) {
    const weir_http_module_options *options = data;
    (void)version;
    (void)upload;
    (void)upload_size;
    (void)state;
    const weir_http_request request = {
        .method = method,
        .path = url,
        .host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST),
    };
    weir_http_answer answer = {.status = 500, .content_type = "text/plain", .body = ""};
    options->serve(options->self, &request, &answer);
    return queue_answer(connection, &answer);
}

/* `options` is borrowed until stop. */
static void *start(const weir_http_module_options *options) {
    return MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC, 0, NULL,
        NULL, on_request, (void *)options, MHD_OPTION_LISTEN_SOCKET, options->listen_fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->connections_max, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)options->connections_per_client_max, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)options->timeout_s, MHD_OPTION_THREAD_STACK_SIZE, options->stack_size,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384, MHD_OPTION_END);
}

static void stop(void *server) {
    MHD_stop_daemon(server);
}

__attribute__((visibility("default"))) extern const weir_http_module weir_http_module_entry;
const weir_http_module weir_http_module_entry = {WEIR_HTTP_MODULE_VERSION, start, stop};
