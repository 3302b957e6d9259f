/* Placement as a function: shares, stickiness, least moves. */
#include "driver/schedule/placement.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/weir_test.h"

#define MOST 1024

/* "3:2 5:4" = executor 3 with 2 cores, executor 5 with 4 */
static int32_t parse_members(const char *text, weir_placement_member *ret) {
    int32_t count = 0;
    unsigned id, cores;
    int used;
    while (sscanf(text, "%u:%u %n", &id, &cores, &used) == 2) {
        ret[count++] = (weir_placement_member){id, cores};
        text += used;
    }
    return count;
}

static int32_t parse_ids(const char *text, uint32_t *ret) {
    int32_t count = 0;
    unsigned id;
    int used;
    while (sscanf(text, "%u %n", &id, &used) == 1) {
        ret[count++] = id;
        text += used;
    }
    return count;
}

static void place_text(const char *members_text, const char *previous_text, char *ret) {
    weir_placement_member members[16];
    uint32_t previous[MOST], owners[MOST];
    int32_t count = parse_members(members_text, members);
    int32_t partitions = parse_ids(previous_text, previous);
    weir_placement_partitions(members, count, previous, partitions, owners);
    *ret = 0;
    for (int32_t p = 0; p < partitions; p++)
        ret += sprintf(ret, "%s%u", p ? " " : "", members[owners[p]].id);
}

WEIR_TEST(placement, moves_what_must_and_no_more) {
    static const struct {
        const char *members, *previous, *expected;
    } cases[] = {
        {"1:1", "0 0 0", "1 1 1"},                         /* one takes all */
        {"1:1 2:1", "0 0 0 0", "1 1 2 2"},                 /* first: contiguous */
        {"1:1 2:1 3:1", "0 0 0 0", "1 1 2 3"},             /* the rest to the first */
        {"1:1 2:3", "0 0 0 0", "1 2 2 2"},                 /* by cores */
        {"1:1 2:1", "2 1 2 1", "2 1 2 1"},                 /* all stay */
        {"1:1 3:1", "1 2 1 2", "1 3 1 3"},                 /* 2 is lost, 3 joined */
        {"1:1 2:1", "1 2 3 1 2 3", "1 2 1 1 2 2"},         /* 3 is lost */
        {"1:1 2:1 3:1", "1 1 1 2 2 2", "1 1 3 2 2 3"},     /* 3 joins: one from each */
        {"1:1 2:1 3:1", "1 1 1 1 2 2 2", "1 1 1 3 2 2 3"}, /* who has more keeps more */
        {"1:1 2:1 3:1", "3 3 3 1 1 2 2", "3 3 3 1 1 2 2"}, /* the third may be the larger */
        {"2:1", "1 1 2", "2 2 2"},                         /* 1 drains */
        {"1:4 2:4", "2", "2"},                             /* a single one stays */
        {"7:1 8:1 9:1", "0", "7"},
        {"1:0 2:0", "0 0", "1 2"}, /* no cores count as one */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        place_text(cases[i].members, cases[i].previous, text);
        cr_assert_str_eq(text, cases[i].expected, "case %zu (%s | %s): %s", i, cases[i].members,
                         cases[i].previous, text);
    }
}

static uint32_t next_random(uint64_t *seed) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

/* At least so many partitions have to move: those of nobody, and what is above the larger share. */
static int64_t least_moves(const weir_placement_member *members, int32_t count, const uint32_t *previous,
                           int32_t partitions) {
    int64_t cores = 0, kept_most = 0, up_left = partitions;
    for (int32_t i = 0; i < count; i++)
        cores += members[i].cores;
    for (int32_t i = 0; i < count; i++)
        up_left -= (int64_t)members[i].cores * partitions / cores;
    for (int32_t i = 0; i < count; i++) {
        int64_t held = 0, down = (int64_t)members[i].cores * partitions / cores;
        for (int32_t p = 0; p < partitions; p++)
            held += previous[p] == members[i].id;
        bool up = held > down && up_left > 0;
        up_left -= up;
        kept_most += held < down + up ? held : down + up;
    }
    return partitions - kept_most;
}

static void check_share(const weir_placement_member *members, int32_t count, const uint32_t *owners,
                        int32_t partitions) {
    int64_t cores = 0;
    for (int32_t i = 0; i < count; i++)
        cores += members[i].cores;
    for (int32_t i = 0; i < count; i++) {
        int64_t has = 0, down = (int64_t)members[i].cores * partitions / cores;
        for (int32_t p = 0; p < partitions; p++)
            has += owners[p] == (uint32_t)i;
        cr_assert(has == down || has == down + 1, "member %d has %lld of %d", i, (long long)has, partitions);
    }
}

/* Members come and go at random; each step is balanced, repeatable and moves as little as can be. */
WEIR_TEST(placement, any_history_is_balanced_with_least_moves) {
    uint64_t seed = 42;
    uint32_t previous[MOST], owners[MOST], again[MOST], id = 1;
    for (int32_t round = 0; round < 2000; round++) {
        weir_placement_member members[12];
        int32_t partitions = 1 + (int32_t)(next_random(&seed) % 64), count = 0;
        memset(previous, 0, sizeof previous);
        for (int32_t step = 0; step < 8; step++) {
            for (int32_t i = 0; i < count; i++) /* some leave */
                if (next_random(&seed) % 4 == 0)
                    members[i--] = members[--count];
            while (count < 12 && (count == 0 || next_random(&seed) % 3 == 0))
                members[count++] = (weir_placement_member){id++, 1 + next_random(&seed) % 8};
            weir_placement_partitions(members, count, previous, partitions, owners);
            weir_placement_partitions(members, count, previous, partitions, again);
            cr_assert_arr_eq(owners, again, sizeof(uint32_t) * (size_t)partitions);
            check_share(members, count, owners, partitions);
            int64_t moved = 0, least = least_moves(members, count, previous, partitions);
            for (int32_t p = 0; p < partitions; p++) {
                moved += members[owners[p]].id != previous[p];
                previous[p] = members[owners[p]].id;
            }
            cr_assert_eq(moved, least, "%lld moved, %lld must", (long long)moved, (long long)least);
            weir_placement_partitions(members, count, previous, partitions, owners);
            for (int32_t p = 0; p < partitions; p++)
                cr_assert_eq(members[owners[p]].id, previous[p],
                             "a placement that is balanced moves nothing");
        }
    }
}

WEIR_TEST(placement, splits_follow_cores) {
    static const struct {
        const char *members, *expected;
    } cases[] = {
        {"1:1", "111111"},
        {"1:2 2:2", "121212"},
        {"1:1 2:2", "212212"},
        {"1:3 2:1", "111211"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_placement_member members[4];
        uint32_t owners[6];
        char text[7] = {0};
        int32_t count = parse_members(cases[i].members, members);
        weir_placement_splits(members, count, 6, owners);
        for (int32_t s = 0; s < 6; s++)
            text[s] = (char)('0' + members[owners[s]].id);
        CHECK_TEXT(text, cases[i].expected);
    }
}
