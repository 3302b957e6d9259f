/* A slab for state keys and values: size classes of 8 bytes up to 512, a free list each; larger ones from the
 * heap. Charged to a budget chunk by chunk. One task thread. */
#pragma once

#include "common/base/budget.h"

#define WEIR_STATE_SLAB_CLASSES 64

typedef struct weir_state_slab {
    weir_budget *budget;
    uint8_t *free[WEIR_STATE_SLAB_CLASSES + 1]; /* by class; linked by first word */
    uint8_t *chunk;                             /* linked by first word */
    size_t chunk_used;
    int64_t bytes; /* charged */
} weir_state_slab;

void weir_state_slab_init(weir_state_slab *slab, weir_budget *budget);
void weir_state_slab_fini(weir_state_slab *slab);
/* Never NULL but where memory is refused; a size of 0 takes the smallest class. */
uint8_t *weir_state_slab_take(weir_state_slab *slab, size_t size);
void weir_state_slab_give(weir_state_slab *slab, uint8_t *data, size_t size); /* accepts NULL */
