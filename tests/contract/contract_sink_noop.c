/* The noop sink keeps the contract of sinks, as far as there is something to see. */
#include "tests/contract/contract_sink.h"

static void read_nothing(contract_sink *c, weir_strbuf *ret) {
    (void)c;
    weir_strbuf_add_text(ret, "");
}

static void setup_noop(contract_sink *c) {
    c->format = "noop";
    c->options_text = "";
    c->forgets = true;
    c->read = read_nothing;
}

CONTRACT_SINK(sink_noop, setup_noop)
