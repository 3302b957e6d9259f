/* Flags of secret and certificates, and addresses (wire_flags.h). Main thread. */
#include "cli/wire_flags.h"

#include <stdlib.h>

#include "common/rpc/secret.h"
#include "common/rpc/transport.h"
#include "common/types/number_text.h"

void weir_wire_flags_table(weir_wire_flags *wire, weir_wire_role role, weir_flag *ret) {
    const weir_flag items[WEIR_WIRE_FLAGS] = {
        {"--secret-file", WEIR_FLAG_TEXT, &wire->secret_file, 0, 0, "F",
         "the cluster's shared secret (also WEIR_SECRET_FILE)"},
        {"--tls-cert", WEIR_FLAG_TEXT, &wire->tls_cert, 0, 0, "F", "certificate of this process, PEM"},
        {"--tls-key", WEIR_FLAG_TEXT, &wire->tls_key, 0, 0, "F", "its private key, PEM"},
        {"--tls-ca", WEIR_FLAG_TEXT, &wire->tls_ca, 0, 0, "F", "certificate authority of the peers, PEM"},
        {"--tls-name", WEIR_FLAG_TEXT, &wire->tls_name, 0, 0, "NAME",
         "name in the peers' certificates, where it is not the host of their address"},
        {"--insecure", role == WEIR_WIRE_SERVER ? WEIR_FLAG_SWITCH : WEIR_FLAG_REFUSED, &wire->insecure, 0, 0,
         NULL,
         role == WEIR_WIRE_SERVER ? "listen on any address without a secret"
                                  : "only a process that listens needs the permission"},
    };
    memcpy(ret, items, sizeof items);
}

static bool has_tls(const weir_wire_flags *wire) {
    return wire->tls_cert || wire->tls_key || wire->tls_ca || wire->tls_name;
}

bool weir_wire_given(const weir_wire_flags *wire) {
    return wire->secret_file || has_tls(wire);
}

/* HOST:PORT, [V6]:PORT */
static bool valid_address(weir_str address) {
    size_t colon = address.size;
    while (colon && address.data[colon - 1] != ':')
        colon--;
    int64_t port = 0;
    if (colon < 2 || !weir_int64_parse(weir_str_make(address.data + colon, address.size - colon), &port))
        return false;
    weir_str host = weir_str_make(address.data, colon - 1);
    bool bracketed = host.data[0] == '[';
    if (bracketed ? host.size < 4 || host.data[host.size - 1] != ']'
                  : memchr(host.data, ':', host.size) != NULL)
        return false;
    for (size_t i = 0; i < host.size; i++)
        if ((unsigned char)host.data[i] <= ' ' || host.data[i] == '/' || host.data[i] == '@')
            return false;
    return address.data[colon] != '+' && port >= 0 && port <= 65535;
}

weir_code weir_wire_url(weir_arena *arena, const weir_wire_flags *wire, const char *address, const char **ret,
                        weir_error **err) {
    static const char *const schemes[] = {"tls+tcp://", "tcp://", "nng://"};
    weir_str text = weir_str_from(address), rest = {0};
    size_t scheme = 0;
    while (scheme < WEIR_ARRAY_LEN(schemes) && !weir_str_starts_with(text, weir_str_from(schemes[scheme])))
        scheme++;
    if (scheme < WEIR_ARRAY_LEN(schemes)) {
        size_t head = strlen(schemes[scheme]);
        rest = weir_str_make(text.data + head, text.size - head);
    }
    if (!rest.size || !valid_address(rest))
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "an address must be tcp://HOST:PORT or tls+tcp://HOST:PORT, not '%s'", address);
    bool tls = scheme == 0 || has_tls(wire);
    *ret = weir_arena_printf(arena, "%s" WEIR_STR_FMT, tls ? "tls+tcp://" : "tcp://", WEIR_STR_ARG(rest));
    return WEIR_OK;
}

void weir_wire_split(weir_arena *arena, const char *url, const char **ret_host, const char **ret_port) {
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    const char *colon = strrchr(host, ':');
    size_t size = colon ? (size_t)(colon - host) : strlen(host);
    *ret_port = weir_arena_strdup(arena, colon ? colon + 1 : "0");
    if (size >= 2 && host[0] == '[' && host[size - 1] == ']') {
        host++;
        size -= 2;
    }
    *ret_host = weir_arena_strndup(arena, host, size);
}

weir_code weir_wire_open(const weir_wire_flags *flags, const weir_log *log, weir_wire *wire,
                         weir_error **err) {
    const char *file = flags->secret_file || flags->local ? flags->secret_file : getenv("WEIR_SECRET_FILE");
    if (file && *file)
        WEIR_TRY(weir_secret_read(file, &wire->secret, err));
    const weir_transport_options options = {
        .secret = wire->secret,
        .insecure = flags->insecure,
        .tls_certificate_file = flags->tls_cert,
        .tls_key_file = flags->tls_key,
        .tls_ca_file = flags->tls_ca,
        .tls_server_name = flags->tls_name,
        .log = log,
    };
    return weir_nng_transport_new(&options, &wire->transport, err);
}

void weir_wire_close(weir_wire *wire) {
    if (wire->transport)
        wire->transport->ops->free(wire->transport);
    weir_secret_free(wire->secret);
    *wire = (weir_wire){0};
}
