/* The contract of a transport, as macros that instantiate one suite per kind of url:
 *
 *   WEIR_CONTRACT_TRANSPORT(tcp, setup)           what every transport does
 *   WEIR_CONTRACT_TRANSPORT_NETWORK(tcp, setup)   what one does that crosses machines
 *
 * `void setup(contract_transport *)` fills in both sides' options and the url to listen at. */
#pragma once

#include "common/base/arena.h"
#include "common/rpc/secret.h"
#include "tests/lib/rpc_pair.h"
#include "tests/lib/weir_test.h"

typedef struct contract_transport {
    weir_arena *arena; /* for what setup needs */
    weir_transport_options server, client;
    const char *url;       /* with port 0 */
    weir_secret *secret;   /* freed at the end, where set */
    const char *directory; /* removed at the end, where set */
    rpc_pair pair;
} contract_transport;

void contract_transport_run(void (*setup)(contract_transport *), void (*run)(contract_transport *));

void contract_transport_carries_many_messages_at_once(contract_transport *t);
void contract_transport_carries_large_payloads_aligned(contract_transport *t);
void contract_transport_a_late_reply_is_dropped(contract_transport *t);
void contract_transport_closing_ends_what_is_pending(contract_transport *t);
void contract_transport_a_closed_server_ends_its_requests(contract_transport *t);

void contract_transport_a_missing_peer_costs_the_deadline(contract_transport *t);
void contract_transport_requests_wait_for_a_peer_that_starts_late(contract_transport *t);
void contract_transport_a_restarted_peer_is_found_again(contract_transport *t);
void contract_transport_a_taken_port_and_bad_urls_are_errors(contract_transport *t);
void contract_transport_opening_and_closing_leaves_nothing(contract_transport *t);
void contract_transport_closing_amid_large_messages_ends(contract_transport *t);

#define WEIR_CONTRACT_TRANSPORT_CASE(impl, name, setup) \
    WEIR_TEST(transport_##impl, name) { \
        contract_transport_run(setup, contract_transport_##name); \
    }
#define WEIR_CONTRACT_TRANSPORT(impl, setup) \
    WEIR_CONTRACT_TRANSPORT_CASE(impl, carries_many_messages_at_once, setup) \
    WEIR_CONTRACT_TRANSPORT_CASE(impl, carries_large_payloads_aligned, setup) \
    WEIR_CONTRACT_TRANSPORT_CASE(impl, a_late_reply_is_dropped, setup) \
    WEIR_CONTRACT_TRANSPORT_CASE(impl, closing_ends_what_is_pending, setup) \
    WEIR_CONTRACT_TRANSPORT_CASE(impl, a_closed_server_ends_its_requests, setup)
#define WEIR_CONTRACT_TRANSPORT_NETWORK(impl, setup) \
    WEIR_CONTRACT_TRANSPORT_CASE(impl, a_missing_peer_costs_the_deadline, setup) \
    WEIR_CONTRACT_TRANSPORT_CASE(impl, requests_wait_for_a_peer_that_starts_late, setup) \
    WEIR_CONTRACT_TRANSPORT_CASE(impl, a_restarted_peer_is_found_again, setup) \
    WEIR_CONTRACT_TRANSPORT_CASE(impl, a_taken_port_and_bad_urls_are_errors, setup) \
    WEIR_CONTRACT_TRANSPORT_CASE(impl, opening_and_closing_leaves_nothing, setup) \
    WEIR_CONTRACT_TRANSPORT_CASE(impl, closing_amid_large_messages_ends, setup)
