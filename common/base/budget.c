/* Memory budgets: optimistic atomic adds up the tree, undone where a limit is passed. Any thread. */
#include "common/base/budget.h"

void weir_budget_init(weir_budget *budget, weir_budget *parent, int64_t limit) {
    budget->parent = parent;
    budget->limit = limit;
    atomic_init(&budget->used, 0);
    atomic_init(&budget->peak, 0);
    atomic_init(&budget->over, false);
}

static void note_peak(weir_budget *budget, int64_t used) {
    int64_t peak = atomic_load_explicit(&budget->peak, memory_order_relaxed);
    while (used > peak && !atomic_compare_exchange_weak_explicit(&budget->peak, &peak, used,
                                                                 memory_order_relaxed, memory_order_relaxed))
        ;
}

bool weir_budget_charge(weir_budget *budget, int64_t bytes) {
    for (weir_budget *b = budget; b; b = b->parent) {
        int64_t used = atomic_fetch_add_explicit(&b->used, bytes, memory_order_relaxed) + bytes;
        if (used > b->limit) {
            for (weir_budget *undo = budget; undo != b->parent; undo = undo->parent)
                atomic_fetch_sub_explicit(&undo->used, bytes, memory_order_relaxed);
            return false;
        }
        note_peak(b, used);
    }
    return true;
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
