/* The transport contract over nng: in one process, over tcp, with a secret, with TLS and a secret. */
#include "tests/contract/contract_transport.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/test_certificates.h"

static void inproc(contract_transport *t) {
    t->url = "inproc://contract-transport";
}

static void tcp(contract_transport *t) {
    t->url = "tcp://127.0.0.1:0";
}

static void secret(contract_transport *t) {
    tcp(t);
    t->secret = weir_secret_new("a secret that nobody else has", 29);
    t->server.secret = t->client.secret = t->secret;
}

static void tls(contract_transport *t) {
    secret(t);
    t->url = "tls+tcp://127.0.0.1:0";
    t->directory = weir_temp_directory_new(t->arena);
    weir_test_certificates(t->directory);
    t->server.tls_certificate_file = weir_arena_printf(t->arena, "%s/node.pem", t->directory);
    t->server.tls_key_file = weir_arena_printf(t->arena, "%s/node.key", t->directory);
    t->server.tls_ca_file = weir_arena_printf(t->arena, "%s/ca.pem", t->directory);
    t->server.tls_server_name = "node.weir";
    t->client = t->server;
}

WEIR_CONTRACT_TRANSPORT(inproc, inproc)
WEIR_CONTRACT_TRANSPORT(tcp, tcp)
WEIR_CONTRACT_TRANSPORT(secret, secret)
WEIR_CONTRACT_TRANSPORT(tls, tls)
WEIR_CONTRACT_TRANSPORT_NETWORK(tcp, tcp)
WEIR_CONTRACT_TRANSPORT_NETWORK(secret, secret)
WEIR_CONTRACT_TRANSPORT_NETWORK(tls, tls)
