/* The transport over nng (inproc://, tcp://, tls+tcp://): REP sockets with contexts serve, one REQ socket a
 * peer asks. Options, counters and the table of ops; the halves are nng_server.c and nng_client.c.
 *
 * nng's defaults are changed as docs/adr/0002 says: no automatic re-send, a receive limit on every socket, a
 * server name with TLS. Callbacks run on nng's threads and only hand over. */
#include <stdatomic.h>

#include "common/base/alloc.h"
#include "common/base/env.h"
#include "common/rpc/frame.h"
#include "common/rpc/nng_int.h"

weir_code weir_nng_failed(int rv, const char *what, const char *url, weir_error **err) {
    switch (rv) {
    case NNG_EADDRINUSE:
        WEIR_FAIL(err, RPC_ERROR, "cannot %s %s: the port is in use", what, url);
    case NNG_EADDRINVAL:
        WEIR_FAIL(err, INVALID_ARGUMENT, "cannot %s %s: no such address on this machine", what, url);
    case NNG_EPERM:
        WEIR_FAIL(err, INVALID_ARGUMENT, "cannot %s %s: not permitted", what, url);
    default:
        WEIR_FAIL(err, RPC_ERROR, "cannot %s %s: %s", what, url, nng_strerror(rv));
    }
}

static void transport_counters(const weir_transport *transport, weir_transport_counters *ret) {
    const weir_gate_counters *counters = &((const nng_transport *)transport)->counters;
    *ret = (weir_transport_counters){
        .connections = atomic_load(&counters->connections),
        .connections_refused = atomic_load(&counters->connections_refused),
        .connections_expired = atomic_load(&counters->connections_expired),
        .authentications = atomic_load(&counters->authentications),
        .authentication_errors = atomic_load(&counters->authentication_errors),
        .refused_unauthenticated = atomic_load(&counters->unauthenticated),
        .refused_magic = atomic_load(&counters->frame_faults[WEIR_FRAME_BAD_MAGIC]),
        .refused_version = atomic_load(&counters->frame_faults[WEIR_FRAME_BAD_VERSION]),
        .refused_size = atomic_load(&counters->frame_faults[WEIR_FRAME_BAD_SIZE]),
        .refused_crc = atomic_load(&counters->frame_faults[WEIR_FRAME_BAD_CRC]),
    };
}

static char *copy_text(const char *text) {
    return text ? weir_strdup(text) : NULL;
}

static void transport_free(weir_transport *transport) {
    nng_transport *self = (nng_transport *)transport;
    weir_secret_free((weir_secret *)(uintptr_t)self->options.secret);
    weir_free((char *)(uintptr_t)self->options.tls_certificate_file);
    weir_free((char *)(uintptr_t)self->options.tls_key_file);
    weir_free((char *)(uintptr_t)self->options.tls_ca_file);
    weir_free((char *)(uintptr_t)self->options.tls_server_name);
    weir_free(self);
}

static const weir_transport_ops nng_ops = {
    .name = "nng",
    .alloc = weir_nng_alloc,
    .listen = weir_nng_listen,
    .reply = weir_nng_reply,
    .server_stop = weir_nng_server_stop,
    .server_close = weir_nng_server_close,
    .connect = weir_nng_connect,
    .request = weir_nng_request,
    .client_is_open = weir_nng_client_is_open,
    .client_close = weir_nng_client_close,
    .free = transport_free,
    .server_url = weir_nng_server_url,
    .counters = transport_counters,
};

static void fill_defaults(weir_transport_options *options) {
    if (!options->request_size_max)
        options->request_size_max = (size_t)64 << 20;
    if (!options->reply_size_max)
        options->reply_size_max = (size_t)1 << 30;
    if (!options->connections_max)
        options->connections_max = 1024;
    if (!options->random_bytes)
        options->random_bytes = weir_system_random;
}

/* Files that cannot be used are an error now, not at the first connection. */
static weir_code check_tls(const weir_transport_options *options, weir_error **err) {
    nng_tls_config *config = NULL;
    if (options->tls_certificate_file)
        WEIR_TRY(weir_nng_tls_new(options, NULL, &config, err));
    else if (options->tls_ca_file)
        WEIR_TRY(weir_nng_tls_new(options, "localhost", &config, err));
    else if (options->tls_key_file)
        WEIR_FAIL(err, INVALID_ARGUMENT, "a TLS key without its certificate: %s", options->tls_key_file);
    if (config)
        nng_tls_config_free(config);
    return WEIR_OK;
}

weir_code weir_nng_transport_new(const weir_transport_options *options, weir_transport **ret,
                                 weir_error **err) {
    static const weir_transport_options none;
    if (!options)
        options = &none;
    WEIR_TRY(check_tls(options, err));
    nng_transport *transport = weir_alloc_zero(1, sizeof *transport);
    transport->base.ops = &nng_ops;
    transport->options = *options;
    transport->options.secret = weir_secret_clone(options->secret);
    transport->options.tls_certificate_file = copy_text(options->tls_certificate_file);
    transport->options.tls_key_file = copy_text(options->tls_key_file);
    transport->options.tls_ca_file = copy_text(options->tls_ca_file);
    transport->options.tls_server_name = copy_text(options->tls_server_name);
    fill_defaults(&transport->options);
    *ret = &transport->base;
    return WEIR_OK;
}
