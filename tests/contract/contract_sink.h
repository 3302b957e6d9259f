/* The conformance suite of sinks: CONTRACT_SINK(noun, setup) makes its tests. `setup` names format, options
 * and how to read what is committed: one line a row, in any order. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/connector_world.h"
#include "tests/lib/weir_test.h"

typedef struct contract_sink {
    weir_connector_world world;
    const char *format;
    const char *options_text;
    weir_options options;
    const weir_type *schema;
    bool forgets; /* keeps nothing, or prints again what it is given again (console, noop) */
    void (*read)(struct contract_sink *c, weir_strbuf *ret_rows);
    const weir_sink_ops *ops;
    weir_sink *sink;
    int fd;
} contract_sink;

static inline void contract_sink_open(contract_sink *c) {
    weir_error *err = NULL;
    CHECK_OK(weir_schema_parse(c->world.arena, WEIR_STR("name STRING, value BIGINT"), &c->schema, &err));
    c->options = weir_connector_world_options(&c->world, c->options_text);
    c->ops = weir_sink_find(weir_str_from(c->format));
    cr_assert(c->ops, "no sink %s", c->format);
    CHECK_OK(c->ops->open(c->world.arena, &c->world.context, weir_str_from(c->format), &c->options, c->schema,
                          WEIR_STR("append"), &c->sink, &err));
}

/* Runs the tasks of one attempt; messages live in the arena. */
static inline weir_str *contract_sink_tasks(contract_sink *c, int64_t batch_id, const char *const *rows,
                                            int32_t count, const char *attempt) {
    weir_error *err = NULL;
    weir_str *messages = WEIR_NEW_ARRAY(c->world.arena, weir_str, count);
    weir_node_sink_write *plan = WEIR_NODE_NEW(c->world.arena, SINK_WRITE, sink_write);
    plan->format = weir_str_from(c->format);
    plan->options = c->options;
    plan->schema = c->schema;
    for (int32_t i = 0; i < count && !c->ops->collects; i++) {
        weir_sink_task *task;
        CHECK_OK(c->ops->task_open(&c->world.context, plan, batch_id, i, attempt, NULL, &task, &err));
        weir_batch *batch = weir_connector_world_batch(&c->world, c->schema, rows[i]);
        CHECK_OK(c->ops->task_write(task, batch, &err));
        weir_batch_unref(batch);
        _cleanup_strbuf_ weir_strbuf message = {0};
        CHECK_OK(c->ops->task_finish(task, &message, &err));
        messages[i] = weir_arena_str(c->world.arena, weir_strbuf_view(&message));
    }
    return messages;
}

static inline weir_code contract_sink_commit(contract_sink *c, int64_t batch_id, const char *const *rows,
                                             int32_t count, const weir_str *messages, weir_error **err) {
    if (!c->ops->collects)
        return c->ops->commit(c->sink, batch_id, messages, count, NULL, err);
    _cleanup_strbuf_ weir_strbuf all = {0};
    for (int32_t i = 0; i < count; i++)
        weir_strbuf_addf(&all, "%s%s", all.size && rows[i][0] ? " " : "", rows[i]);
    weir_batch *batch = weir_connector_world_batch(&c->world, c->schema, all.data ? all.data : "");
    weir_code code = c->ops->commit(c->sink, batch_id, NULL, 0, batch, err);
    weir_batch_unref(batch);
    return code;
}

static inline int contract_sink_line_order(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline void contract_sink_check(contract_sink *c, const char *expected) {
    _cleanup_strbuf_ weir_strbuf rows = {0}, sorted = {0};
    c->read(c, &rows);
    char *lines[64], *save = NULL;
    int count = 0;
    for (char *line = rows.size ? strtok_r(rows.data, "\n", &save) : NULL; line;
         line = strtok_r(NULL, "\n", &save))
        lines[count++] = line;
    qsort(lines, (size_t)count, sizeof *lines, contract_sink_line_order);
    for (int i = 0; i < count; i++)
        weir_strbuf_addf(&sorted, "%s ", lines[i]);
    if (!c->forgets)
        CHECK_TEXT(sorted.data ? sorted.data : "", expected);
}

static inline void contract_sink_batches(contract_sink *c) {
    weir_error *err = NULL;
    static const char *const first[] = {"a:1 b:2", "c:3"}, *const second[] = {"", "d:4"},
                             *const none[] = {"", ""};
    weir_str *messages = contract_sink_tasks(c, 0, first, 2, "0-0-a");
    contract_sink_check(c, ""); /* nothing is visible before commit */
    CHECK_OK(contract_sink_commit(c, 0, first, 2, messages, &err));
    contract_sink_check(c, "a:1 b:2 c:3 ");
    CHECK_OK(contract_sink_commit(c, 1, second, 2, contract_sink_tasks(c, 1, second, 2, "1-0-a"), &err));
    CHECK_OK(contract_sink_commit(c, 2, none, 2, contract_sink_tasks(c, 2, none, 2, "2-0-a"), &err));
    CHECK_OK(contract_sink_commit(c, 3, none, 0, NULL, &err));
    contract_sink_check(c, "a:1 b:2 c:3 d:4 ");
}

static inline void contract_sink_again(contract_sink *c) {
    weir_error *err = NULL;
    static const char *const rows[] = {"a:1", "b:2"}, *const other[] = {"x:8", "y:9"};
    CHECK_OK(contract_sink_commit(c, 0, rows, 2, contract_sink_tasks(c, 0, rows, 2, "0-0-a"), &err));
    weir_str *late = contract_sink_tasks(c, 0, other, 2, "0-1-b");
    CHECK_OK(contract_sink_commit(c, 0, other, 2, late, &err)); /* committed already: a no-op */
    contract_sink_check(c, "a:1 b:2 ");
    weir_str *zombie = contract_sink_tasks(c, 1, other, 2, "1-0-z");
    weir_str *messages = contract_sink_tasks(c, 1, rows, 2, "1-1-a");
    if (c->ops->abort)
        c->ops->abort(c->sink, 1, zombie, 2);
    CHECK_OK(contract_sink_commit(c, 1, rows, 2, messages, &err));
    contract_sink_check(c, "a:1 a:1 b:2 b:2 ");
    if (c->ops->abort)
        c->ops->abort(c->sink, 1, messages, 2); /* too late: what is committed stays */
    contract_sink_check(c, "a:1 a:1 b:2 b:2 ");
}

static inline void contract_sink_abandon(contract_sink *c) {
    weir_error *err = NULL;
    static const char *const rows[] = {"a:1"};
    weir_node_sink_write *plan = WEIR_NODE_NEW(c->world.arena, SINK_WRITE, sink_write);
    plan->format = weir_str_from(c->format);
    plan->options = c->options;
    plan->schema = c->schema;
    if (!c->ops->collects) {
        weir_sink_task *task;
        CHECK_OK(c->ops->task_open(&c->world.context, plan, 0, 0, "0-0-z", NULL, &task, &err));
        weir_batch *batch = weir_connector_world_batch(&c->world, c->schema, "z:0");
        CHECK_OK(c->ops->task_write(task, batch, &err));
        weir_batch_unref(batch);
        c->ops->task_abort(task);
        c->ops->task_abort(NULL);
    }
    CHECK_OK(contract_sink_commit(c, 0, rows, 1, contract_sink_tasks(c, 0, rows, 1, "0-1-a"), &err));
    contract_sink_check(c, "a:1 ");
    _cleanup_strbuf_ weir_strbuf text = {0};
    c->ops->describe(c->sink, &text);
    cr_assert(text.size > 0);
}

#define CONTRACT_SINK(noun, setup) \
    CONTRACT_SINK_TEST(noun, shows_whole_batches_after_commit, setup, contract_sink_batches) \
    CONTRACT_SINK_TEST(noun, takes_a_batch_once, setup, contract_sink_again) \
    CONTRACT_SINK_TEST(noun, drops_what_is_abandoned, setup, contract_sink_abandon)
#define CONTRACT_SINK_TEST(noun, sentence, setup, fn) \
    WEIR_TEST(noun, sentence) { \
        contract_sink c = {0}; \
        weir_connector_world_init(&c.world, NULL); \
        setup(&c); \
        contract_sink_open(&c); \
        fn(&c); \
        c.ops->close(c.sink); \
        weir_connector_world_fini(&c.world); \
    }
