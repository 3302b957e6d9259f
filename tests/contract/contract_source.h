/* The conformance suite of sources (connectors/connector.h): CONTRACT_SOURCE(noun, setup, teardown) makes its
 * tests. `setup` gives an opened world with a format, options and a schema, `more` makes at least one new row
 * appear each time it is called. */
#pragma once

#include "tests/lib/connector_world.h"
#include "tests/lib/weir_test.h"

typedef struct contract_source {
    weir_connector_world world;
    const char *format;
    const char *options_text;
    weir_options options;
    const weir_type *schema; /* the user's; NULL where the source has its own */
    void (*more)(struct contract_source *c);
    int32_t calls;
    const weir_source_ops *ops;
    weir_source *source;
    weir_str offsets[16]; /* ends of the batches taken so far */
    int32_t batches;
} contract_source;

static inline void contract_source_open(contract_source *c) {
    weir_error *err = NULL;
    c->options = weir_connector_world_options(&c->world, c->options_text);
    c->ops = weir_source_find(weir_str_from(c->format));
    cr_assert(c->ops, "no source %s", c->format);
    CHECK_OK(c->ops->open(c->world.arena, &c->world.context, weir_str_from(c->format), &c->options, c->schema,
                          0, &c->source, &err));
}

static inline weir_str contract_source_from(contract_source *c) {
    return c->batches ? c->offsets[c->batches - 1] : (weir_str){0};
}

/* Polls; true where there is a new batch. */
static inline bool contract_source_poll(contract_source *c, bool available_now) {
    weir_error *err = NULL;
    weir_str from = contract_source_from(c), to = {0}, again = {0};
    CHECK_OK(c->ops->latest_offset(c->source, c->world.arena, from, available_now, &to, &err));
    CHECK_OK(c->ops->latest_offset(c->source, c->world.arena, from, available_now, &again, &err));
    cr_assert(weir_str_equal(to, again), "asked again, the offset differs");
    if (weir_str_equal(to, from))
        return false;
    cr_assert(c->batches < 16);
    c->offsets[c->batches++] = to;
    return true;
}

static inline void contract_source_rows(contract_source *c, weir_str from, weir_str to, weir_strbuf *rows,
                                        int64_t *records) {
    weir_error *err = NULL;
    weir_str_list splits = {0};
    CHECK_OK(c->ops->plan(c->source, c->world.arena, from, to, &splits, &err));
    CHECK_OK(weir_connector_world_scan(&c->world, c->ops, c->format, &c->options, c->ops->schema(c->source),
                                       &splits, rows, records, &err));
}

static inline void contract_source_exactly_once(contract_source *c) {
    int64_t records = 0;
    _cleanup_strbuf_ weir_strbuf pieces = {0}, whole = {0}, again = {0};
    for (int round = 0; round < 4; round++) {
        c->more(c);
        weir_str from = contract_source_from(c);
        cr_assert(contract_source_poll(c, false), "round %d brought nothing", round);
        contract_source_rows(c, from, contract_source_from(c), &pieces, &records);
        weir_error *err = NULL;
        CHECK_OK(c->ops->commit(c->source, from, &err));
    }
    int64_t lines = 0;
    for (size_t i = 0; i < pieces.size; i++)
        lines += pieces.data[i] == '\n';
    cr_assert(lines >= 3 && lines == records, "%lld rows, %lld records", (long long)lines,
              (long long)records);
    for (int i = 1; i < c->batches; i++) /* what lies behind can still be planned, the same each time */
        contract_source_rows(c, c->offsets[i - 1], c->offsets[i], &again, NULL);
    contract_source_rows(c, (weir_str){0}, c->offsets[0], &whole, NULL);
    weir_strbuf_add(&whole, weir_strbuf_view(&again));
    CHECK_TEXT(whole.data, pieces.data);
}

/* A new driver on the same checkpoint: the same splits for the same offsets, and no row twice or never. */
static inline void contract_source_restart(contract_source *c) {
    weir_error *err = NULL;
    for (int round = 0; round < 3; round++) {
        c->more(c);
        contract_source_poll(c, false);
    }
    weir_str_list before = {0}, after = {0};
    weir_str last = contract_source_from(c), first = c->offsets[0];
    CHECK_OK(c->ops->plan(c->source, c->world.arena, first, last, &before, &err));
    c->ops->close(c->source);
    contract_source_open(c);
    CHECK_OK(c->ops->recover(c->source, last, &err));
    CHECK_OK(c->ops->plan(c->source, c->world.arena, first, last, &after, &err));
    cr_assert_eq(before.count, after.count);
    for (int32_t i = 0; i < before.count; i++)
        cr_assert(weir_str_equal(before.items[i], after.items[i]), "%.*s", WEIR_STR_ARG(after.items[i]));
    weir_str same;
    CHECK_OK(c->ops->latest_offset(c->source, c->world.arena, last, false, &same, &err));
    c->more(c);
    weir_str to;
    CHECK_OK(c->ops->latest_offset(c->source, c->world.arena, last, false, &to, &err));
    cr_assert(!weir_str_equal(to, last), "new rows are not seen after a restart");
}

static inline void contract_source_available_now(contract_source *c) {
    c->more(c);
    while (contract_source_poll(c, true))
        cr_assert(c->batches < 10, "there is no end");
    cr_assert(c->batches >= 1);
    c->more(c);
    cr_assert(!contract_source_poll(c, true), "what came after the first look counts");
}

static inline void contract_source_bad_input(contract_source *c) {
    weir_error *err = NULL;
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{}",
        "null",
        "{\"files\":[]}",
        "{\"files\":[{}]}",
        "\xFF",
        "{\"start\":5,\"end\":2}",
        "{\"files\":[{\"path\":\"/x\",\"size\":1,\"modified\":1,\"start\":9,\"end\":1}]}"};
    weir_node_scan *plan = WEIR_NODE_NEW(c->world.arena, SCAN, scan);
    plan->format = weir_str_from(c->format);
    plan->options = c->options;
    plan->schema = plan->projection = c->ops->schema(c->source);
    for (size_t i = 0; i < WEIR_ARRAY_LEN(texts); i++) {
        weir_scan *scan;
        cr_assert(c->ops->scan_open(&c->world.context, plan, weir_str_from(texts[i]), NULL, &scan, &err) !=
                      WEIR_OK,
                  "%s is a split", texts[i]);
        weir_error_free_ptr(&err);
    }
    static const char *const offsets[] = {"x", "{", "{\"logOffset\":\"a\"}", "-5", "[1]", "\"\""};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(offsets); i++) {
        cr_assert(c->ops->recover(c->source, weir_str_from(offsets[i]), &err) != WEIR_OK, "%s is an offset",
                  offsets[i]);
        weir_error_free_ptr(&err);
    }
}

#define CONTRACT_SOURCE(noun, setup) \
    CONTRACT_SOURCE_TEST(noun, gives_every_row_once, setup, contract_source_exactly_once) \
    CONTRACT_SOURCE_TEST(noun, goes_on_after_a_restart, setup, contract_source_restart) \
    CONTRACT_SOURCE_TEST(noun, ends_with_available_now, setup, contract_source_available_now) \
    CONTRACT_SOURCE_TEST(noun, refuses_what_it_did_not_write, setup, contract_source_bad_input)
#define CONTRACT_SOURCE_TEST(noun, sentence, setup, fn) \
    WEIR_TEST(noun, sentence) { \
        contract_source c = {0}; \
        weir_connector_world_init(&c.world, NULL); \
        setup(&c); \
        contract_source_open(&c); \
        fn(&c); \
        c.ops->close(c.source); \
        weir_connector_world_fini(&c.world); \
    }
