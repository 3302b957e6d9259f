/* The rate sources keep the contract of sources. */
#include "tests/contract/contract_source.h"

static void two_seconds(contract_source *c) {
    c->world.now_us += 2000000;
}

static void setup_rate(contract_source *c) {
    c->format = "rate";
    c->options_text = "rowsPerSecond=1000,numPartitions=3,rampUpTime=2s";
    c->more = two_seconds;
}

CONTRACT_SOURCE(source_rate, setup_rate)

static void nothing(contract_source *c) {
    (void)c; /* the next micro-batch always has rows */
}

static void setup_rate_micro_batch(contract_source *c) {
    c->format = "rate-micro-batch";
    c->options_text = "rowsPerBatch=5000,numPartitions=2,startTimestamp=1000";
    c->more = nothing;
}

/* available-now has one batch in Spark, too, but the source never says that there is nothing new. */
CONTRACT_SOURCE_TEST(source_rate_micro_batch, gives_every_row_once, setup_rate_micro_batch,
                     contract_source_exactly_once)
CONTRACT_SOURCE_TEST(source_rate_micro_batch, goes_on_after_a_restart, setup_rate_micro_batch,
                     contract_source_restart)
CONTRACT_SOURCE_TEST(source_rate_micro_batch, ends_with_available_now, setup_rate_micro_batch,
                     contract_source_available_now)
CONTRACT_SOURCE_TEST(source_rate_micro_batch, refuses_what_it_did_not_write, setup_rate_micro_batch,
                     contract_source_bad_input)
