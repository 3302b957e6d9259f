/* The memory sink keeps the contract of sinks. */
#include "connectors/memory/memory_sink.h"
#include "tests/contract/contract_sink.h"

static void read_table(contract_sink *c, weir_strbuf *ret) {
    weir_error *err = NULL;
    weir_memory_table *table = weir_memory_sink_table(c->sink);
    weir_batch *batch;
    CHECK_OK(weir_memory_table_read(table, &batch, &err));
    for (int32_t i = 0; i < batch->rows; i++) {
        weir_str name = weir_column_bytes(batch->columns[0], i);
        weir_strbuf_addf(ret, "%.*s:%lld\n", WEIR_STR_ARG(name),
                         (long long)((const int64_t *)batch->columns[1]->values)[i]);
    }
    weir_batch_unref(batch);
    weir_memory_table_unref(table);
}

static void setup_memory(contract_sink *c) {
    c->format = "memory";
    c->options_text = "";
    c->read = read_table;
}

CONTRACT_SINK(sink_memory, setup_memory)
