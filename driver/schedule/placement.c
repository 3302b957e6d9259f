/* Sticky placement (placement.h).
 *
 * Shares: partitions * cores / all cores, rounded down; what is left goes one by one to members that have
 * more than that already (nothing moves then), then by the largest remainder, then in the order of members.
 * Then each partition stays while its owner is within its share, and the others fill the gaps in the order of
 * members, which gives contiguous runs at the first placement. */
#include "driver/schedule/placement.h"

#include <stdbool.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"

typedef struct share {
    int64_t held;      /* partitions that it had before */
    int64_t quota;     /* that it may have */
    int64_t remainder; /* of the division that gave the quota */
    int64_t kept;
    bool rounded_up;
} share;

static uint64_t cores_of(const weir_placement_member *member) {
    return WEIR_MAX(member->cores, 1u);
}

static int32_t index_of(const weir_placement_member *members, int32_t count, uint32_t id) {
    for (int32_t i = 0; i < count; i++)
        if (members[i].id == id)
            return i;
    return -1;
}

/* Who gets the next one of what rounding down left over. */
static int32_t best_to_round_up(const share *shares, int32_t count) {
    int32_t best = -1;
    for (int32_t i = 0; i < count; i++) {
        if (shares[i].rounded_up)
            continue;
        bool holds = shares[i].held > shares[i].quota;
        bool best_holds = best >= 0 && shares[best].held > shares[best].quota;
        if (best < 0 || (holds && !best_holds) ||
            (holds == best_holds && shares[i].remainder > shares[best].remainder))
            best = i;
    }
    return best;
}

static void set_quotas(const weir_placement_member *members, int32_t count, int32_t partitions,
                       share *shares) {
    int64_t all_cores = 0, left = partitions;
    for (int32_t i = 0; i < count; i++)
        all_cores += (int64_t)cores_of(&members[i]);
    for (int32_t i = 0; i < count; i++) {
        int64_t weighted = (int64_t)cores_of(&members[i]) * partitions;
        shares[i].quota = weighted / all_cores;
        shares[i].remainder = weighted % all_cores;
        left -= shares[i].quota;
    }
    for (; left > 0; left--) {
        share *chosen = &shares[best_to_round_up(shares, count)];
        chosen->quota++;
        chosen->rounded_up = true;
    }
}

void weir_placement_partitions(const weir_placement_member *members, int32_t count, const uint32_t *previous,
                               int32_t partitions, uint32_t *ret_owners) {
    WEIR_ASSERT(count > 0);
    share *shares = weir_alloc_zero((size_t)count, sizeof *shares);
    for (int32_t p = 0; p < partitions; p++) {
        int32_t owner = index_of(members, count, previous[p]);
        if (owner >= 0)
            shares[owner].held++;
    }
    set_quotas(members, count, partitions, shares);
    for (int32_t p = 0; p < partitions; p++) {
        int32_t owner = index_of(members, count, previous[p]);
        bool stays = owner >= 0 && shares[owner].kept < shares[owner].quota;
        ret_owners[p] = stays ? (uint32_t)owner : UINT32_MAX;
        if (stays)
            shares[owner].kept++;
    }
    int32_t at = 0;
    for (int32_t p = 0; p < partitions; p++) {
        if (ret_owners[p] != UINT32_MAX)
            continue;
        while (shares[at].kept == shares[at].quota)
            at++;
        ret_owners[p] = (uint32_t)at;
        shares[at].kept++;
    }
    weir_free(shares);
}

void weir_placement_splits(const weir_placement_member *members, int32_t count, int32_t splits,
                           uint32_t *ret_owners) {
    WEIR_ASSERT(count > 0);
    uint64_t *given = weir_alloc_zero((size_t)count, sizeof *given);
    for (int32_t s = 0; s < splits; s++) {
        int32_t best = 0;
        for (int32_t i = 1; i < count; i++)
            if ((given[i] + 1) * cores_of(&members[best]) < (given[best] + 1) * cores_of(&members[i]))
                best = i;
        ret_owners[s] = (uint32_t)best;
        given[best]++;
    }
    weir_free(given);
}
