/* Generated rows: recorded check sums, the same bytes however they are cut, and what every row must hold. */
#include "cli/gen/gen.h"
#include "common/base/hash.h"
#include "common/base/json_value.h"
#include "tests/lib/weir_test.h"

static weir_gen_plan plan_of(int64_t rows) {
    return (weir_gen_plan){.rows = rows, .seed = 7, .files = 1, .threads = 1, .hours = 53, .out_of_order = 1};
}

static void make_rows(const weir_gen_ops *ops, const weir_gen_plan *plan, int64_t step, weir_strbuf *buf) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    const void *tables = NULL;
    _cleanup_error_ weir_error *err = NULL;
    CHECK_OK(ops->prepare(plan, arena, &tables, &err));
    for (int64_t row = 0; row < plan->rows; row += step)
        ops->rows(plan, tables, row, WEIR_MIN(step, plan->rows - row), buf);
}

WEIR_TEST(gen_rows, same_arguments_give_the_recorded_bytes_however_they_are_cut) {
    struct {
        const char *name;
        const weir_gen_ops *ops;
        weir_gen_plan plan;
        uint32_t crc;
    } cases[] = {
        {"events", &weir_gen_events_ops, plan_of(10001), 0x31B49EF2},
        {"events with a key", &weir_gen_events_ops, plan_of(10001), 0x1AB50900},
        {"events by rate", &weir_gen_events_ops, plan_of(10001), 0x84EF9649},
        {"varied events", &weir_gen_events_ops, plan_of(1001), 0x4F138E87},
        {"wide events", &weir_gen_events_ops, plan_of(1001), 0x0B8C175C},
        {"nexmark", &weir_gen_nexmark_ops, plan_of(5000), 0x2DBB386C},
        {"shuffled nexmark", &weir_gen_nexmark_ops, plan_of(5003), 0x22DE078F},
        {"ysb", &weir_gen_ysb_ops, plan_of(5000), 0x1254A9C7},
        {"skewed ysb", &weir_gen_ysb_ops, plan_of(5000), 0x9D39FAC9},
    };
    cases[1].plan.keys = 1000;
    cases[2].plan.rate = 700;
    cases[3].plan.shuffle_fields = cases[3].plan.spaces = cases[3].plan.escapes = true;
    cases[4].plan.wide = 20;
    cases[4].plan.keys = 10;
    cases[6].plan.out_of_order = 100;
    cases[8].plan.skew = true;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        _cleanup_strbuf_ weir_strbuf whole = {0}, parts = {0};
        make_rows(cases[i].ops, &cases[i].plan, cases[i].plan.rows, &whole);
        make_rows(cases[i].ops, &cases[i].plan, 37, &parts);
        cr_expect(weir_str_equal(weir_strbuf_view(&whole), weir_strbuf_view(&parts)), "%s: parts differ",
                  cases[i].name);
        uint32_t crc = weir_crc32c(0, whole.data, whole.size);
        cr_expect_eq(crc, cases[i].crc, "%s: 0x%08X is not the recorded 0x%08X\n%.300s", cases[i].name, crc,
                     cases[i].crc, whole.data);
    }
}

typedef void (*row_check)(const weir_json *row, int64_t index, void *state);

static void each_row(const weir_gen_ops *ops, const weir_gen_plan *plan, row_check check, void *state) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    int64_t rows = 0;
    make_rows(ops, plan, 100, &text);
    for (const char *at = text.data, *end = text.data + text.size; at < end; rows++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        weir_json *row = NULL;
        cr_assert(newline);
        CHECK_OK(weir_json_parse(arena, weir_str_make(at, (size_t)(newline - at)), "row", &row, &err));
        check(row, rows, state);
        weir_arena_reset(arena);
        at = newline + 1;
    }
    cr_expect_eq(rows, plan->rows);
}

typedef struct event_counts {
    int64_t opens, closes, last_time, first_time;
    int32_t fields;
    uint64_t sum; /* of what the rows mean, whatever they look like */
} event_counts;

static void check_event(const weir_json *row, int64_t index, void *state) {
    event_counts *counts = state;
    int64_t time = weir_json_get_int(row, "time", -1);
    weir_str action = weir_json_get_str(row, "action", WEIR_STR(""));
    cr_expect(time >= counts->last_time);
    counts->first_time = index == 0 ? time : counts->first_time;
    counts->last_time = time;
    counts->opens += weir_str_equal(action, WEIR_STR("Open"));
    counts->closes += weir_str_equal(action, WEIR_STR("Close"));
    cr_expect_eq(row->count, counts->fields);
    counts->sum = counts->sum * 31 + (uint64_t)time * 2 + (action.size == 4);
    counts->sum = counts->sum * 31 + (uint64_t)weir_json_get_int(row, "key", 0);
}

WEIR_TEST(gen_rows, event_variants_carry_the_same_events) {
    weir_gen_plan plans[6];
    uint64_t sum = 0;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(plans); i++) {
        plans[i] = plan_of(20000);
        plans[i].keys = 500;
    }
    plans[1].shuffle_fields = plans[2].spaces = plans[3].escapes = true;
    plans[4].wide = 20;
    plans[5].wide = 20;
    plans[5].shuffle_fields = plans[5].spaces = plans[5].escapes = true;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(plans); i++) {
        event_counts counts = {.fields = plans[i].wide ? 20 : 3};
        each_row(&weir_gen_events_ops, &plans[i], check_event, &counts);
        cr_expect_eq(counts.opens, 10000);
        cr_expect_eq(counts.closes, 10000);
        cr_expect_eq(counts.first_time, 1469501107);
        int64_t span = counts.last_time - counts.first_time;
        cr_expect(span > 53 * 3600 - 30 && span < 53 * 3600, "%lld", (long long)span);
        cr_expect(i == 0 || counts.sum == sum, "variant %zu carries other events", i);
        sum = counts.sum;
    }
}

typedef struct nexmark_counts {
    int64_t kinds[3];
    int64_t people, auctions, hot_bids, bytes_of_extra;
    bool in_order;
    int64_t disorder;
    weir_str last_time;
    char last_text[32];
} nexmark_counts;

static void check_nexmark(const weir_json *row, int64_t index, void *state) {
    static const char *const names[] = {"person", "auction", "bid"};
    nexmark_counts *counts = state;
    int64_t kind = weir_json_get_int(row, "event_type", -1);
    cr_assert(kind >= 0 && kind < 3);
    counts->kinds[kind]++;
    const weir_json *record = weir_json_get(row, names[kind]);
    cr_assert(record && record->kind == WEIR_JSON_OBJECT && row->count == 3);
    weir_str time = weir_json_get_str(row, "dateTime", WEIR_STR(""));
    cr_assert_eq(time.size, 24);
    cr_expect(weir_str_equal(time, weir_json_get_str(record, "dateTime", WEIR_STR(""))));
    counts->disorder += index > 0 && memcmp(time.data, counts->last_text, 24) < 0;
    memcpy(counts->last_text, time.data, 24);
    counts->bytes_of_extra += (int64_t)weir_json_get_str(record, "extra", WEIR_STR("")).size;
    if (kind == 0 && counts->in_order)
        cr_expect_eq(weir_json_get_int(record, "id", -1), 1000 + counts->people);
    if (kind == 1 && counts->in_order)
        cr_expect_eq(weir_json_get_int(record, "id", -1), 1000 + counts->auctions);
    counts->people += kind == 0;
    counts->auctions += kind == 1;
    if (kind == 2) {
        int64_t price = weir_json_get_int(record, "price", -1),
                auction = weir_json_get_int(record, "auction", -1);
        cr_expect(price >= 100 && price <= 100000000);
        cr_expect(auction >= 1000 && (!counts->in_order || auction < 1000 + counts->auctions + 10));
        cr_expect(weir_json_get_int(record, "bidder", -1) >= 2000);
        counts->hot_bids += auction % 100 == 0;
    }
}

WEIR_TEST(gen_rows, nexmark_has_its_proportions_and_ids) {
    nexmark_counts counts = {.in_order = true};
    weir_gen_plan plan = plan_of(50 * 400);
    each_row(&weir_gen_nexmark_ops, &plan, check_nexmark, &counts);
    cr_expect_eq(counts.kinds[0], 400);
    cr_expect_eq(counts.kinds[1], 1200);
    cr_expect_eq(counts.kinds[2], 18400);
    cr_expect(counts.hot_bids > 9000 && counts.hot_bids < 9700, "%lld hot bids", (long long)counts.hot_bids);
    cr_expect_eq(counts.disorder, 0);
    nexmark_counts shuffled = {0};
    plan.out_of_order = 1000;
    plan.rate = 1000;
    plan.rows = 20050; /* the last group is short */
    each_row(&weir_gen_nexmark_ops, &plan, check_nexmark, &shuffled);
    cr_expect_eq(shuffled.kinds[0], 401);
    cr_expect_eq(shuffled.kinds[1], 1203);
    cr_expect(shuffled.disorder > 500, "%lld", (long long)shuffled.disorder);
}

typedef struct ysb_counts {
    int64_t views;
} ysb_counts;

static void check_ysb(const weir_json *row, int64_t index, void *state) {
    (void)index;
    ysb_counts *counts = state;
    cr_expect_eq(row->count, 7);
    for (const weir_json *field = row->first; field; field = field->next)
        cr_expect_eq(field->kind, WEIR_JSON_STRING);
    cr_expect_eq(weir_json_get_str(row, "ad_id", WEIR_STR("")).size, 36);
    cr_expect_eq(weir_json_get_str(row, "event_time", WEIR_STR("")).size, 13);
    counts->views += weir_str_equal(weir_json_get_str(row, "event_type", WEIR_STR("")), WEIR_STR("view"));
}

WEIR_TEST(gen_rows, ysb_rows_are_texts_and_a_third_are_views) {
    ysb_counts counts = {0};
    weir_gen_plan plan = plan_of(30000);
    each_row(&weir_gen_ysb_ops, &plan, check_ysb, &counts);
    cr_expect(counts.views > 9600 && counts.views < 10400, "%lld views", (long long)counts.views);
}

WEIR_TEST(gen_rows, bad_arguments_are_refused) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    const void *tables = NULL;
    weir_gen_plan plan = plan_of(10);
    plan.wide = 1;
    CHECK_FAILS(INVALID_ARGUMENT, weir_gen_events_ops.prepare(&plan, arena, &tables, &err));
    plan.wide = 65;
    CHECK_FAILS(INVALID_ARGUMENT, weir_gen_events_ops.prepare(&plan, arena, &tables, &err));
    plan.wide = 2;
    plan.keys = 5;
    CHECK_FAILS(INVALID_ARGUMENT, weir_gen_events_ops.prepare(&plan, arena, &tables, &err));
    plan.out_of_order = 953 * 2;
    CHECK_FAILS(INVALID_ARGUMENT, weir_gen_nexmark_ops.prepare(&plan, arena, &tables, &err));
}
