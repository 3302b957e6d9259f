/* Memory budgets: optimistic atomic adds up the tree, undone where a limit is passed. Any thread. */
#include "common/base/budget.h"

#define RECLAIMS_MAX 16 /* others may take what was made free: then the charge is refused in the end */

void weir_budget_init(weir_budget *budget, weir_budget *parent, int64_t limit) {
    budget->parent = parent;
    budget->limit = limit;
    atomic_init(&budget->used, 0);
    atomic_init(&budget->peak, 0);
    atomic_init(&budget->over, false);
    budget->reclaim = NULL;
    budget->reclaim_data = NULL;
}

void weir_budget_set_reclaim(weir_budget *budget, bool (*reclaim)(void *data, int64_t bytes), void *data) {
    budget->reclaim = reclaim;
    budget->reclaim_data = data;
}

static void note_peak(weir_budget *budget, int64_t used) {
    int64_t peak = atomic_load_explicit(&budget->peak, memory_order_relaxed);
    while (used > peak && !atomic_compare_exchange_weak_explicit(&budget->peak, &peak, used,
                                                                 memory_order_relaxed, memory_order_relaxed))
        ;
}

/* NULL, or the budget whose limit would be passed: nothing is charged then. */
static weir_budget *refused_by(weir_budget *budget, int64_t bytes) {
    for (weir_budget *b = budget; b; b = b->parent) {
        int64_t used = atomic_fetch_add_explicit(&b->used, bytes, memory_order_relaxed) + bytes;
        if (used > b->limit) {
            for (weir_budget *undo = budget; undo != b->parent; undo = undo->parent)
                atomic_fetch_sub_explicit(&undo->used, bytes, memory_order_relaxed);
            return b;
        }
        note_peak(b, used);
    }
    return NULL;
}

bool weir_budget_try(weir_budget *budget, int64_t bytes) {
    return !refused_by(budget, bytes);
}

bool weir_budget_charge(weir_budget *budget, int64_t bytes) {
    for (int i = 0; i < RECLAIMS_MAX; i++) {
        weir_budget *full = refused_by(budget, bytes);
        if (!full)
            return true;
        if (!full->reclaim || !full->reclaim(full->reclaim_data, bytes))
            return false;
    }
    return false;
}

void weir_budget_force(weir_budget *budget, int64_t bytes) {
    for (weir_budget *b = budget; b; b = b->parent) {
        int64_t used = atomic_fetch_add_explicit(&b->used, bytes, memory_order_relaxed) + bytes;
        note_peak(b, used);
        if (used > b->limit)
            atomic_store_explicit(&b->over, true, memory_order_relaxed);
    }
}

void weir_budget_release(weir_budget *budget, int64_t bytes) {
    for (weir_budget *b = budget; b; b = b->parent)
        atomic_fetch_sub_explicit(&b->used, bytes, memory_order_relaxed);
}
