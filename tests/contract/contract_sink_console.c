/* The console sink keeps the contract of sinks, but that it prints again what it is given again. */
#include <fcntl.h>
#include <unistd.h>

#include "tests/contract/contract_sink.h"

static void read_nothing(contract_sink *c, weir_strbuf *ret) {
    (void)c;
    weir_strbuf_add_text(ret, "");
}

static void setup_console(contract_sink *c) {
    c->format = "console";
    c->options_text = "numRows=5";
    c->forgets = true;
    c->read = read_nothing;
    c->world.fds.results_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
}

CONTRACT_SINK(sink_console, setup_console)
