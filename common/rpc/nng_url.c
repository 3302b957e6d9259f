/* Urls that the transport speaks, and TLS configurations from files (nng_int.h). The files are read for every
 * endpoint anew, so that a renewed certificate counts without a restart. Any thread that may block. */
#include <string.h>

#include "common/base/str.h"
#include "common/rpc/nng_int.h"

#define PEM_SIZE_MAX ((size_t)1 << 20)

static weir_code bad_url(const char *url, weir_error **err) {
    WEIR_FAIL(err, INVALID_ARGUMENT, "%s is not inproc://NAME, tcp://HOST:PORT or tls+tcp://HOST:PORT", url);
}

static bool is_loopback(const char *host) {
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 || strncmp(host, "127.", 4) == 0;
}

static bool is_port(const char *text) {
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits])
        return false;
    unsigned port = 0;
    for (size_t i = 0; i < digits; i++)
        port = port * 10 + (unsigned)(text[i] - '0');
    return port <= 65535;
}

weir_code weir_nng_url_parse(const char *url, weir_nng_url *ret, weir_error **err) {
    *ret = (weir_nng_url){0};
    weir_str text = weir_str_from(url);
    if (weir_str_starts_with(text, WEIR_STR("inproc://")))
        return text.size > 9 ? WEIR_OK : bad_url(url, err);
    ret->tls = weir_str_starts_with(text, WEIR_STR("tls+tcp://"));
    if (!ret->tls && !weir_str_starts_with(text, WEIR_STR("tcp://")))
        return bad_url(url, err);
    ret->network = true;
    const char *host = url + (ret->tls ? 10 : 6), *colon = strrchr(host, ':');
    if (!colon || colon == host || !is_port(colon + 1))
        return bad_url(url, err);
    size_t size = (size_t)(colon - host);
    if (host[0] == '[' && size > 2 && host[size - 1] == ']') {
        host++;
        size -= 2;
    } else if (memchr(host, ':', size)) {
        return bad_url(url, err);
    }
    if (size >= sizeof ret->host || memchr(host, '/', size) || memchr(host, '@', size))
        return bad_url(url, err);
    memcpy(ret->host, host, size);
    ret->loopback = is_loopback(ret->host);
    return WEIR_OK;
}

/* ---- TLS ---- */

static weir_code use_certificate(nng_tls_config *config, const weir_transport_options *options,
                                 weir_error **err) {
    const char *key_file = options->tls_key_file ? options->tls_key_file : options->tls_certificate_file;
    char *certificate = NULL, *key = NULL;
    size_t certificate_size = 0, key_size = 0;
    WEIR_TRY(weir_secret_file_read(key_file, PEM_SIZE_MAX, true, &key, &key_size, err));
    weir_code code = weir_secret_file_read(options->tls_certificate_file, PEM_SIZE_MAX, false, &certificate,
                                           &certificate_size, err);
    int rv = code == WEIR_OK ? nng_tls_config_own_cert(config, certificate, key, NULL) : 0;
    weir_secret_wipe_free(key, key_size);
    weir_secret_wipe_free(certificate, certificate_size);
    WEIR_TRY(code);
    if (rv != 0)
        WEIR_FAIL(err, INVALID_ARGUMENT, "certificate %s and key %s cannot be used: %s",
                  options->tls_certificate_file, key_file, nng_strerror(rv));
    return WEIR_OK;
}

static weir_code use_ca(nng_tls_config *config, const char *path, weir_error **err) {
    char *ca = NULL;
    size_t size = 0;
    WEIR_TRY(weir_secret_file_read(path, PEM_SIZE_MAX, false, &ca, &size, err));
    int rv = nng_tls_config_ca_chain(config, ca, NULL);
    weir_secret_wipe_free(ca, size);
    if (rv != 0)
        WEIR_FAIL(err, INVALID_ARGUMENT, "CA file %s cannot be used: %s", path, nng_strerror(rv));
    return WEIR_OK;
}

/* A client always checks the server and its name: nng checks no name unless one is set. */
static weir_code fill_tls(nng_tls_config *config, const weir_transport_options *options,
                          const char *server_name, weir_error **err) {
    if (options->tls_certificate_file)
        WEIR_TRY(use_certificate(config, options, err));
    if (options->tls_ca_file)
        WEIR_TRY(use_ca(config, options->tls_ca_file, err));
    nng_tls_auth_mode mode = options->tls_ca_file ? NNG_TLS_AUTH_MODE_REQUIRED : NNG_TLS_AUTH_MODE_NONE;
    int rv = nng_tls_config_auth_mode(config, mode);
    if (rv == 0 && server_name)
        rv = nng_tls_config_server_name(config, server_name);
    if (rv != 0)
        WEIR_FAIL(err, RPC_ERROR, "cannot configure TLS: %s", nng_strerror(rv));
    return WEIR_OK;
}

weir_code weir_nng_tls_new(const weir_transport_options *options, const char *server_name,
                           nng_tls_config **ret, weir_error **err) {
    if (!server_name && !options->tls_certificate_file)
        WEIR_FAIL(err, INVALID_ARGUMENT, "listening with TLS needs a certificate and its key");
    if (server_name && !options->tls_ca_file)
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "connecting with TLS needs the CA that signed the peer's certificate");
    nng_tls_config *config = NULL;
    int rv = nng_tls_config_alloc(&config, server_name ? NNG_TLS_MODE_CLIENT : NNG_TLS_MODE_SERVER);
    if (rv != 0)
        WEIR_FAIL(err, RPC_ERROR, "cannot configure TLS: %s", nng_strerror(rv));
    weir_code code = fill_tls(config, options, server_name, err);
    if (code != WEIR_OK) {
        nng_tls_config_free(config);
        return code;
    }
    *ret = config;
    return WEIR_OK;
}
