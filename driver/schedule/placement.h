/* Where the work of an epoch attempt goes: a pure function of the members, of what they owned before and of
 * the counts. Results never depend on it, only the time that rebuilding state takes. Any thread. */
#pragma once

#include <stdint.h>

typedef struct weir_placement_member {
    uint32_t id; /* the executor's; never 0 */
    uint32_t cores;
} weir_placement_member;

/* Owners of state partitions, as indexes into `members`. `previous[p]` is the executor id that had partition
 * p (0 = none). Each member gets its share by cores, rounded down or up; within that, partitions stay where
 * they were, and no partition moves that need not. */
void weir_placement_partitions(const weir_placement_member *members, int32_t count, const uint32_t *previous,
                               int32_t partitions, uint32_t *ret_owners);
/* Owners of scan tasks: each goes to the member that has least to do for its cores, the first of equals. */
void weir_placement_splits(const weir_placement_member *members, int32_t count, int32_t splits,
                           uint32_t *ret_owners);
