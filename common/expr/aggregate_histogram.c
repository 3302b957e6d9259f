/* histogram_numeric(x, n): at most n bins of (centre, height), after Ben-Haim and Tom-Tov, "A Streaming
 * Parallel Decision Tree Algorithm"; where there is one too many the two closest become one. Of pairs equally
 * close one is drawn with java.util.Random(31183), as Spark draws it.
 *
 *   state (bins BINARY)   double x | double y, ascending by x; in memory behind the generator's u64
 *
 * One task thread. */
#include "common/expr/aggregate_real.h"

typedef struct bin {
    double x, y;
} bin;

struct weir_accumulator {
    weir_budget *budget;
    const weir_type *type;
    int32_t bins_max;
    weir_cells cells; /* u64 generator, bins */
};

#define HEAD sizeof(uint64_t)

static weir_code create(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count,
                        const weir_type *type, weir_accumulator **ret, weir_error **err) {
    (void)arg_types, (void)args_count, (void)err;
    weir_accumulator *acc = weir_alloc_zero(1, sizeof *acc);
    acc->budget = budget;
    acc->type = type;
    acc->bins_max = 2;
    weir_cells_init(&acc->cells, budget);
    *ret = acc;
    return WEIR_OK;
}

static weir_code configure(weir_accumulator *acc, weir_column *const *literals, int32_t args_count,
                           weir_error **err) {
    (void)args_count, (void)err;
    if (literals[1])
        acc->bins_max = ((const int32_t *)literals[1]->values)[0];
    return WEIR_OK;
}

static void destroy(weir_accumulator *acc) {
    if (!acc)
        return;
    weir_cells_fini(&acc->cells);
    weir_free(acc);
}

static weir_code refused(const weir_accumulator *acc, weir_error **err) {
    return weir_aggregate_refused(acc->budget, "histogram_numeric", err);
}

static weir_code resize(weir_accumulator *acc, int32_t groups_count, weir_error **err) {
    return weir_cells_resize(&acc->cells, groups_count) ? WEIR_OK : refused(acc, err);
}

/* ---- java.util.Random ---- */

static uint32_t random_bits(uint64_t *state, int bits) {
    *state = (*state * UINT64_C(0x5DEECE66D) + 0xB) & ((UINT64_C(1) << 48) - 1);
    return (uint32_t)(*state >> (48 - bits));
}

static double random_double(uint64_t *state) {
    uint64_t high = random_bits(state, 26);
    return (double)((high << 27) + random_bits(state, 27)) * 0x1.0p-53;
}

/* ---- bins ---- */

static bin *bins_of(const weir_accumulator *acc, int32_t group, int32_t *count) {
    weir_str cell = weir_cells_get(&acc->cells, group);
    *count = cell.data ? (int32_t)((cell.size - HEAD) / sizeof(bin)) : 0;
    return cell.data ? (bin *)(uintptr_t)(cell.data + HEAD) : NULL;
}

static int32_t closest_pair(const bin *bins, int32_t count, uint64_t *generator) {
    double least = bins[1].x - bins[0].x;
    int32_t at = 0, ties = 1;
    for (int32_t i = 1; i < count - 1; i++) {
        double difference = bins[i + 1].x - bins[i].x;
        if (difference < least) {
            least = difference;
            at = i;
            ties = 1;
        } else if (difference == least && random_double(generator) <= 1.0 / ++ties) {
            at = i;
        }
    }
    return at;
}

static void trim(weir_accumulator *acc, int32_t group) {
    int32_t count;
    bin *bins = bins_of(acc, group, &count);
    uint64_t *generator = (uint64_t *)(void *)((uint8_t *)bins - HEAD);
    for (; count > acc->bins_max; count--) {
        int32_t at = closest_pair(bins, count, generator);
        double height = bins[at].y + bins[at + 1].y, x = bins[at].x;
        x *= bins[at].y / height;
        x += bins[at + 1].x / height * bins[at + 1].y;
        bins[at] = (bin){x, height};
        memmove(&bins[at + 1], &bins[at + 2], sizeof *bins * (size_t)(count - at - 2));
    }
    weir_cells_reserve(&acc->cells, group, HEAD + sizeof *bins * (size_t)count); /* shorter: stays */
}

/* Room for `more` bins behind those there are. */
static bin *extend(weir_accumulator *acc, int32_t group, int32_t more) {
    if (!weir_cells_get(&acc->cells, group).data) {
        uint64_t generator = (UINT64_C(31183) ^ UINT64_C(0x5DEECE66D)) & ((UINT64_C(1) << 48) - 1);
        uint8_t *head = weir_cells_reserve(&acc->cells, group, HEAD);
        if (!head)
            return NULL;
        memcpy(head, &generator, HEAD);
    }
    return (bin *)(void *)weir_cells_extend(&acc->cells, group, sizeof(bin) * (size_t)more);
}

static bool add_value(weir_accumulator *acc, int32_t group, double value) {
    int32_t count, low = 0;
    bin *bins = bins_of(acc, group, &count);
    for (int32_t high = count; low < high;) {
        int32_t middle = (low + high) / 2;
        if (bins[middle].x > value) {
            high = middle;
        } else if (bins[middle].x < value) {
            low = middle + 1;
        } else {
            low = middle; /* found, or one of them is NaN */
            break;
        }
    }
    if (low < count && bins[low].x == value) {
        bins[low].y++;
        return true;
    }
    if (!extend(acc, group, 1))
        return false;
    bins = bins_of(acc, group, &count);
    memmove(&bins[low + 1], &bins[low], sizeof *bins * (size_t)(count - 1 - low));
    bins[low] = (bin){value, 1};
    if (count > acc->bins_max)
        trim(acc, group);
    return true;
}

static weir_code update(weir_accumulator *acc, weir_eval *eval, weir_column *const *args, int32_t args_count,
                        int32_t rows, const weir_sel *sel, const int32_t *groups, weir_error **err) {
    (void)eval, (void)args_count, (void)rows;
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t slot = weir_aggregate_slot(args[0], weir_sel_row(sel, i));
        if (slot >= 0 && !add_value(acc, groups[i], weir_real_of(args[0], slot)))
            return refused(acc, err);
    }
    return WEIR_OK;
}

/* Two ascending lists into one; of equal centres those of the group first. */
static bool merge_bins(weir_accumulator *acc, int32_t group, const bin *other, int32_t other_count) {
    int32_t count;
    bins_of(acc, group, &count);
    if (!extend(acc, group, other_count))
        return false;
    int32_t total, to, mine = count - 1, theirs = other_count - 1;
    bin *bins = bins_of(acc, group, &total);
    for (to = total - 1; theirs >= 0; to--) {
        if (mine >= 0 && weir_real_compare(bins[mine].x, other[theirs].x) > 0)
            bins[to] = bins[mine--];
        else
            bins[to] = other[theirs--];
    }
    if (count > 0)
        trim(acc, group);
    return true;
}

static weir_code merge(weir_accumulator *acc, weir_eval *eval, weir_column *const *parts, const weir_sel *sel,
                       const int32_t *groups, weir_error **err) {
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i);
        if (weir_column_is_null(parts[0], row))
            continue;
        weir_str bytes = weir_column_bytes(parts[0], row);
        bin *other = weir_arena_alloc(eval->arena, bytes.size + sizeof *other);
        memcpy(other, bytes.data, bytes.size);
        if (!merge_bins(acc, groups[i], other, (int32_t)(bytes.size / sizeof *other)))
            return refused(acc, err);
    }
    return WEIR_OK;
}

static weir_code states(weir_accumulator *acc, weir_budget *budget, const weir_type *const *types,
                        int32_t from, int32_t count, weir_column **ret_states, weir_error **err) {
    (void)types;
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, budget, weir_type_of(WEIR_TYPE_BINARY), count, err));
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < count && code == WEIR_OK; i++) {
        int32_t bins_count;
        const bin *bins = bins_of(acc, from + i, &bins_count);
        bool ok = bins ? weir_builder_bytes(&builder, bins, sizeof *bins * (size_t)bins_count)
                       : weir_builder_null(&builder);
        if (!ok)
            code = weir_error_oom(err);
    }
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, ret_states, err);
    weir_builder_fini(&builder);
    return code;
}

static bool put_group(const weir_accumulator *acc, int32_t group, weir_builder *builder) {
    int32_t count;
    const bin *bins = bins_of(acc, group, &count);
    if (count == 0)
        return weir_builder_null(builder);
    weir_builder *pair = &builder->children[0];
    for (int32_t i = 0; i < count; i++)
        if (!weir_real_put(&pair->children[0], bins[i].x) ||
            !weir_builder_double(&pair->children[1], bins[i].y) || !weir_builder_struct_end(pair))
            return false;
    return weir_builder_list_end(builder);
}

static weir_code finish(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                        weir_column **ret, weir_error **err) {
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, eval->budget, acc->type, count, err));
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < count && code == WEIR_OK; i++)
        if (!put_group(acc, from + i, &builder))
            code = weir_error_oom(err);
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, ret, err);
    weir_builder_fini(&builder);
    return code;
}

const weir_aggregate_ops weir_histogram_numeric_ops = {
    .name = "histogram_numeric",
    .ordered = true,
    .state_types = weir_aggregate_bytes_state,
    .create = create,
    .configure = configure,
    .destroy = destroy,
    .resize = resize,
    .update = update,
    .merge = merge,
    .states = states,
    .finish = finish,
};
