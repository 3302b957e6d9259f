/* Membership as rules: a clock that the test moves, messages as structs. A table is a story: one line a step.
 */
#include "driver/cluster/membership.h"

#include <stdio.h>
#include <string.h>

#include "common/rpc/frame.h"
#include "tests/lib/weir_test.h"

#define DRIVER "driver-1"

typedef struct story {
    weir_membership *membership;
    int64_t now_us;
} story;

static void begin(story *s) {
    const weir_membership_options options = {1500000, 125000, 30000000};
    *s = (story){weir_membership_new(&options), 1000000};
}

static weir_code join(story *s, const char *url, const char *incarnation, uint32_t version_min,
                      uint32_t version, uint32_t *ret_id, uint32_t *ret_replaced, weir_error **err) {
    Weir__Register message = WEIR__REGISTER__INIT;
    message.url = (char *)(uintptr_t)url;
    message.incarnation = (char *)(uintptr_t)incarnation;
    message.cores = 2;
    message.version = version;
    message.has_version_min = version_min != 0;
    message.version_min = version_min;
    weir_code code = weir_membership_register(s->membership, &message, s->now_us, ret_id, ret_replaced, err);
    if (code == WEIR_OK) {
        weir_member *member = weir_membership_find(s->membership, *ret_id);
        member->reachable = true;
    }
    return code;
}

static uint32_t must_join(story *s, const char *url, const char *incarnation) {
    uint32_t id = 0, replaced = 0;
    weir_error *err = NULL;
    CHECK_OK(join(s, url, incarnation, 1, WEIR_RPC_VERSION, &id, &replaced, &err));
    return id;
}

static weir_code beat(story *s, uint32_t id, const char *incarnation, const char *driver, bool draining,
                      bool *ret_back, bool *ret_drained, weir_error **err) {
    Weir__Heartbeat message = WEIR__HEARTBEAT__INIT;
    message.executor_id = id;
    message.incarnation = (char *)(uintptr_t)incarnation;
    message.driver_id = (char *)(uintptr_t)driver;
    message.has_draining = draining;
    message.draining = draining;
    return weir_membership_heartbeat(s->membership, &message, DRIVER, s->now_us, ret_back, ret_drained, err);
}

static int32_t tick(story *s, int64_t after_us, uint32_t *ret_first) {
    uint32_t silent[WEIR_EXECUTORS_MAX] = {0};
    s->now_us += after_us;
    int32_t count = weir_membership_tick(s->membership, s->now_us, silent, WEIR_EXECUTORS_MAX);
    *ret_first = silent[0];
    return count;
}

static bool usable(story *s, uint32_t id) {
    const weir_member *member = weir_membership_find(s->membership, id);
    return member && weir_membership_usable(member, s->now_us);
}

WEIR_TEST(membership, versions_meet_or_are_refused_with_both_ranges) {
    static const struct {
        uint32_t lowest, highest;
        bool accepted;
    } cases[] = {
        {0, WEIR_RPC_VERSION, true},
        {1, WEIR_RPC_VERSION + 5, true},
        {WEIR_RPC_VERSION, WEIR_RPC_VERSION, true},
        {WEIR_RPC_VERSION + 1, WEIR_RPC_VERSION + 2, false},
        {0, WEIR_RPC_VERSION + 1, false}, /* no lowest given: that one alone */
        {0, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        story s;
        weir_error *err = NULL;
        uint32_t id = 0, replaced = 0;
        begin(&s);
        weir_code code = join(&s, "tcp://a:1", "x", cases[i].lowest, cases[i].highest, &id, &replaced, &err);
        cr_assert_eq(code == WEIR_OK, cases[i].accepted, "case %zu", i);
        cr_assert_eq(weir_membership_count(s.membership), cases[i].accepted);
        if (!cases[i].accepted) {
            cr_assert_eq(code, WEIR_RPC_ERROR);
            cr_assert(strstr(weir_error_text(err), "the driver 1 to"), "%s", weir_error_text(err));
            cr_assert_eq(weir_membership_counts(s.membership)->refused, 1);
        } else {
            cr_assert_leq(weir_membership_find(s.membership, id)->version, (uint32_t)WEIR_RPC_VERSION);
        }
        weir_error_free(err);
        weir_membership_free(s.membership);
    }
}

WEIR_TEST(membership, ids_are_of_one_incarnation) {
    story s;
    weir_error *err = NULL;
    uint32_t id = 0, replaced = 0;
    begin(&s);
    cr_assert_eq(must_join(&s, "tcp://a:1", "i1"), 1);
    cr_assert_eq(must_join(&s, "tcp://b:1", "i2"), 2);
    CHECK_OK(join(&s, "tcp://a:1", "i1", 1, 1, &id, &replaced, &err)); /* the reply was lost */
    cr_assert_eq(id, 1);
    cr_assert_eq(replaced, 0);
    CHECK_OK(join(&s, "tcp://a:1", "i3", 1, 1, &id, &replaced, &err)); /* it began anew */
    cr_assert_eq(id, 3);
    cr_assert_eq(replaced, 1);
    weir_membership_remove(s.membership, replaced);
    bool back, drained;
    CHECK_FAILS(FENCED, beat(&s, 1, "i1", DRIVER, false, &back, &drained, &err));
    CHECK_OK(beat(&s, 3, "i3", DRIVER, false, &back, &drained, &err));
    CHECK_FAILS(FENCED, beat(&s, 3, "i1", DRIVER, false, &back, &drained, &err));
    CHECK_FAILS(FENCED, beat(&s, 3, "i3", "driver-0", false, &back, &drained, &err));
    CHECK_FAILS(FENCED, beat(&s, 9, "i3", DRIVER, false, &back, &drained, &err));
    cr_assert_eq(weir_membership_counts(s.membership)->heartbeats_fenced, 4);
    cr_assert_eq(weir_membership_counts(s.membership)->lost, 1);
    weir_membership_free(s.membership);
}

WEIR_TEST(membership, silence_loses_and_lateness_of_the_driver_does_not) {
    story s;
    uint32_t first;
    bool back, drained;
    weir_error *err = NULL;
    begin(&s);
    uint32_t a = must_join(&s, "tcp://a:1", "a"), b = must_join(&s, "tcp://b:1", "b");
    must_join(&s, "inproc://c", "");
    for (int i = 0; i < 12; i++) { /* b is silent for 1.5 s: not yet more than the time-out */
        cr_assert_eq(tick(&s, 125000, &first), 0, "tick %d", i);
        CHECK_OK(beat(&s, a, "a", DRIVER, false, &back, &drained, &err));
    }
    cr_assert_eq(tick(&s, 125000, &first), 1);
    cr_assert_eq(first, b);
    weir_membership_remove(s.membership, b);
    cr_assert_eq(tick(&s, 30000000, &first), 0, "the driver slept: nobody could be heard");
    cr_assert_eq(tick(&s, 125000, &first), 0);
    for (int i = 0; i < 9; i++)
        cr_assert_eq(tick(&s, 125000, &first), 0, "the rest of its time, tick %d", i);
    cr_assert_eq(tick(&s, 250000, &first), 1,
                 "then silence counts again, also with ticks that are a little late");
    cr_assert_eq(first, a);
    weir_membership_remove(s.membership, a);
    cr_assert_eq(weir_membership_count(s.membership), 1, "what is in the process is never lost");
    weir_membership_free(s.membership);
}

WEIR_TEST(membership, suspects_come_back_with_a_heartbeat) {
    story s;
    bool back, drained;
    weir_error *err = NULL;
    begin(&s);
    uint32_t a = must_join(&s, "tcp://a:1", "a"), local = must_join(&s, "inproc://x", "");
    cr_assert(usable(&s, a));
    cr_assert(weir_membership_suspect(s.membership, a));
    cr_assert_not(weir_membership_suspect(s.membership, a), "it is already");
    cr_assert_not(weir_membership_suspect(s.membership, local),
                  "it sends no heartbeat that would bring it back");
    cr_assert_not(usable(&s, a));
    CHECK_OK(beat(&s, a, "a", DRIVER, false, &back, &drained, &err));
    cr_assert(back);
    cr_assert(usable(&s, a));
    CHECK_OK(beat(&s, a, "a", DRIVER, false, &back, &drained, &err));
    cr_assert_not(back);
    weir_membership_find(s.membership, a)->reachable = false;
    cr_assert_not(usable(&s, a), "a heartbeat does not show that its address is right");
    weir_membership_free(s.membership);
}

WEIR_TEST(membership, draining_ends_when_no_epoch_needs_it) {
    story s;
    bool back, drained;
    uint32_t first;
    weir_error *err = NULL;
    begin(&s);
    uint32_t a = must_join(&s, "tcp://a:1", "a");
    weir_member *member = weir_membership_find(s.membership, a);
    member->epochs = 1;
    CHECK_OK(beat(&s, a, "a", DRIVER, true, &back, &drained, &err));
    cr_assert_not(drained);
    cr_assert_not(usable(&s, a), "no new epoch");
    member->epochs = 0;
    CHECK_OK(beat(&s, a, "a", DRIVER, false, &back, &drained, &err));
    cr_assert(drained, "draining is not taken back");
    for (int i = 0; i < 13; i++)
        if (tick(&s, 125000, &first))
            weir_membership_remove(s.membership, first);
    cr_assert_eq(weir_membership_count(s.membership), 0);
    cr_assert_eq(weir_membership_counts(s.membership)->lost, 0, "who leaves in order is not lost");
    weir_membership_free(s.membership);
}

/* "1>2 3>2 ..." are accusations; the last one's outcome counts. */
WEIR_TEST(membership, one_of_two_that_cannot_meet_stays_out) {
    static const struct {
        const char *accusations;
        int64_t between_us;
        uint32_t out;
    } cases[] = {
        {"1>2", 0, 2}, /* equals: the younger */
        {"2>1", 0, 2},
        {"1>2 3>2", 0, 0}, /* it is out already */
        {"1>2 1>2", 31000000, 2},
        {"1>3 2>1 2>3", 31000000, 3},
        {"3>1 1>2", 1000000, 1},  /* the other one is accused by none, this one by 3; 3 is out */
        {"3>1 1>2", 31000000, 2}, /* forgotten */
        {"4>1", 0, 1},            /* 4 has more cores */
        {"1>1", 0, 0},
        {"1>9", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        story s;
        begin(&s);
        const char *urls[] = {"tcp://a:1", "tcp://b:1", "tcp://c:1", "tcp://d:1"};
        for (size_t m = 0; m < 4; m++)
            must_join(&s, urls[m], urls[m]);
        weir_membership_find(s.membership, 4)->cores = 8;
        uint32_t reporter, accused, out = 0;
        int used;
        for (const char *at = cases[i].accusations; sscanf(at, "%u>%u %n", &reporter, &accused, &used) == 2;
             at += used) {
            s.now_us += cases[i].between_us;
            out = weir_membership_accuse(s.membership, reporter, accused, s.now_us);
        }
        cr_assert_eq(out, cases[i].out, "case %zu (%s): %u", i, cases[i].accusations, out);
        cr_assert(!out || !usable(&s, out), "case %zu", i);
        s.now_us += 30000000;
        cr_assert(!out || usable(&s, out));
        weir_membership_free(s.membership);
    }
}

WEIR_TEST(membership, there_is_a_most) {
    story s;
    weir_error *err = NULL;
    uint32_t id = 0, replaced = 0;
    char url[64];
    begin(&s);
    for (int i = 0; i < WEIR_EXECUTORS_MAX; i++) {
        snprintf(url, sizeof url, "tcp://a:%d", i);
        must_join(&s, url, url);
    }
    CHECK_FAILS(RPC_ERROR, join(&s, "tcp://b:1", "b", 1, 1, &id, &replaced, &err));
    CHECK_OK(join(&s, url, "anew", 1, 1, &id, &replaced, &err)); /* in the place of its forerunner */
    cr_assert_eq(replaced, WEIR_EXECUTORS_MAX);
    weir_membership_remove(s.membership, replaced);
    cr_assert_eq(weir_membership_count(s.membership), WEIR_EXECUTORS_MAX);
    weir_membership_free(s.membership);
}
