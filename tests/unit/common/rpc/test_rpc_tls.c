/* TLS between live sockets: certificates that fit are trusted, all others are not. */
#include <stdio.h>
#include <sys/stat.h>

#include "common/rpc/secret.h"
#include "tests/lib/rpc_pair.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/test_certificates.h"
#include "tests/lib/weir_test.h"

static const char *file(weir_arena *arena, const char *directory, const char *name, const char *kind) {
    return name ? weir_arena_printf(arena, "%s/%s.%s", directory, name, kind) : NULL;
}

static weir_transport_options side(weir_arena *arena, const char *directory, const char *certificate,
                                   const char *ca, const char *server_name, const weir_secret *secret) {
    return (weir_transport_options){.secret = secret,
                                    .tls_certificate_file = file(arena, directory, certificate, "pem"),
                                    .tls_key_file = file(arena, directory, certificate, "key"),
                                    .tls_ca_file = file(arena, directory, ca, "pem"),
                                    .tls_server_name = server_name};
}

WEIR_TEST(rpc_tls, trusts_certificates_that_fit_and_no_others) {
    static const struct {
        const char *server, *server_ca; /* a CA at the server: clients need a certificate */
        const char *client, *client_ca, *name;
        bool trusted;
    } cases[] = {
        {"node", NULL, NULL, "ca", "node.weir", true},
        {"node", "ca", "node", "ca", "node.weir", true},
        {"node", NULL, NULL, "ca", "other.weir", false},      /* another name */
        {"node", NULL, NULL, "ca", NULL, false},              /* the url's host is not its name */
        {"node", NULL, NULL, "other", "node.weir", false},    /* another CA */
        {"expired", NULL, NULL, "ca", "node.weir", false},    /* over */
        {"node", "ca", NULL, "ca", "node.weir", false},       /* no certificate of the client */
        {"node", "ca", "stranger", "ca", "node.weir", false}, /* one of another CA */
        {"node", "ca", "expired", "ca", "node.weir", false},
    };
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_temp_directory_ const char *directory = weir_temp_directory_new(arena);
    _cleanup_secret_ weir_secret *secret = weir_secret_new("0123456789abcdef", 16);
    weir_test_certificates(directory);
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_transport_options server =
            side(arena, directory, cases[i].server, cases[i].server_ca, NULL, secret);
        weir_transport_options client =
            side(arena, directory, cases[i].client, cases[i].client_ca, cases[i].name, secret);
        rpc_pair pair;
        rpc_pair_init(&pair, &server, &client);
        rpc_pair_listen(&pair, "tls+tcp://127.0.0.1:0");
        rpc_pair_connect(&pair, pair.server_side->ops->server_url(pair.server));
        if (cases[i].trusted)
            rpc_pair_exchange(&pair);
        else
            rpc_pair_fails(&pair, 500, WEIR_RPC_ERROR, "no connection within 500 ms");
        cr_assert_eq(pair.served, cases[i].trusted, "case %zu", i);
        rpc_pair_fini(&pair);
    }
}

WEIR_TEST(rpc_tls, plain_clients_get_nothing_from_a_tls_server) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_temp_directory_ const char *directory = weir_temp_directory_new(arena);
    weir_test_certificates(directory);
    weir_transport_options server = side(arena, directory, "node", NULL, NULL, NULL);
    rpc_pair pair;
    char url[64];
    rpc_pair_init(&pair, &server, NULL);
    rpc_pair_listen(&pair, "tls+tcp://127.0.0.1:0");
    snprintf(url, sizeof url, "%s", pair.server_side->ops->server_url(pair.server) + 4);
    rpc_pair_connect(&pair, url);
    rpc_pair_fails(&pair, 400, WEIR_RPC_ERROR, url);
    rpc_pair_fini(&pair);
}

WEIR_TEST(rpc_tls, files_that_cannot_be_used_are_errors_at_once) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_temp_directory_ const char *directory = weir_temp_directory_new(arena);
    weir_test_certificates(directory);
    weir_temp_file_write(file(arena, directory, "empty", "pem"), WEIR_STR(""));
    weir_temp_file_write(file(arena, directory, "empty", "key"), WEIR_STR(""));
    weir_transport *transport = NULL;
    weir_error *err = NULL;
    static const struct {
        const char *certificate, *key, *ca, *text;
    } cases[] = {
        {"node", "node", "none", "none.pem"},
        {"none", "node", NULL, "none.pem"},
        {"node", "none", NULL, "none.key"},
        {"empty", "node", NULL, "empty.pem"},
        {"node", "empty", NULL, "empty.key"},
        {"node", "node", "empty", "empty.pem"},
        {NULL, "node", NULL, "without its certificate"},
        {NULL, NULL, "empty", "empty.pem"},
    };
    cr_assert_eq(chmod(file(arena, directory, "empty", "key"), 0600), 0);
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_transport_options options = {.tls_certificate_file =
                                              file(arena, directory, cases[i].certificate, "pem"),
                                          .tls_key_file = file(arena, directory, cases[i].key, "key"),
                                          .tls_ca_file = file(arena, directory, cases[i].ca, "pem")};
        cr_assert_neq(weir_nng_transport_new(&options, &transport, &err), WEIR_OK, "case %zu", i);
        cr_assert(strstr(weir_error_text(err), cases[i].text), "%s", weir_error_text(err));
        weir_error_free_ptr(&err);
    }
    weir_transport_options options = side(arena, directory, "node", NULL, NULL, NULL);
    cr_assert_eq(chmod(options.tls_key_file, 0644), 0);
    CHECK_FAILS(INVALID_ARGUMENT, weir_nng_transport_new(&options, &transport, &err));
    CHECK_OK(weir_nng_transport_new(NULL, &transport, &err));
    weir_server *server = NULL;
    weir_client *client = NULL;
    CHECK_FAILS(INVALID_ARGUMENT,
                transport->ops->listen(transport, "tls+tcp://127.0.0.1:0", NULL, NULL, &server, &err));
    CHECK_FAILS(INVALID_ARGUMENT, transport->ops->connect(transport, "tls+tcp://127.0.0.1:1", &client, &err));
    transport->ops->free(transport);
}
