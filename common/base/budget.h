/* Memory budgets: a tree of limits (executor > task). A charge counts in every ancestor and is
 * refused where any limit would be passed. Thread-safe (atomics). */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct weir_budget {
    struct weir_budget *parent; /* borrowed; NULL at the top */
    int64_t limit;              /* bytes; INT64_MAX = none */
    _Atomic int64_t used;
    _Atomic int64_t peak;
    _Atomic bool over; /* a charge that could not be refused passed the limit */
    bool (*reclaim)(void *data, int64_t bytes);
    void *reclaim_data;
} weir_budget;

void weir_budget_init(weir_budget *budget, weir_budget *parent, int64_t limit);
/* False where a limit would be passed; nothing is charged then. NULL budget always succeeds. */
bool weir_budget_charge(weir_budget *budget, int64_t bytes);
/* The same without asking anyone to give memory back: for what can as well go to a file. */
bool weir_budget_try(weir_budget *budget, int64_t bytes);
/* Before a charge is refused for this budget's limit, `reclaim` may make room (spill): on the thread that
 * charges, which may hold locks of its own; true = something was released, try again. Set before use. */
void weir_budget_set_reclaim(weir_budget *budget, bool (*reclaim)(void *data, int64_t bytes), void *data);
void weir_budget_force(weir_budget *budget, int64_t bytes); /* charges even above the limit */
void weir_budget_release(weir_budget *budget, int64_t bytes);
