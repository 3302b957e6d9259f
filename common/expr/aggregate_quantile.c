/* percentile_approx: the summary of Greenwald and Khanna, "Space-efficient Online Computation of Quantile
 * Summaries", with the buffer, the rounding and the merge rule of Spark, so that the same rows in the same
 * splits give the same answer.
 *
 *   state (summary BINARY)   i64 count | u32 samples | u32 compressed | samples | values not inserted yet
 *                            sample: double value | i64 g (rank above the one before) | i64 delta
 *
 * A group takes values into a buffer of 50,000; a full one is sorted in and, from 10,000 samples on, the
 * summary is compressed. States are always compressed. accuracy a: ranks are off by count / a at most. One
 * task thread. */
#include <math.h>
#include <stdlib.h>

#include "common/expr/aggregate_real.h"

#define BUFFER_MAX 50000
#define COMPRESS_SAMPLES 10000

typedef struct sample {
    double value;
    int64_t g, delta;
} sample;

typedef struct summary_head {
    int64_t count; /* values in the samples */
    uint32_t samples;
    uint32_t compressed;
} summary_head;

struct weir_accumulator {
    weir_budget *budget;
    const weir_type *type;
    double error; /* 1 / accuracy */
    weir_reals percentages;
    weir_cells cells;
    sample *scratch;
    size_t scratch_samples;
};

/* A group's summary, in place; all NULL where nothing came. */
typedef struct summary {
    summary_head *head;
    sample *samples;
    double *values; /* not inserted */
    int64_t values_count;
} summary;

static summary parts_of(weir_str cell) {
    summary s = {0};
    if (!cell.data)
        return s;
    s.head = (summary_head *)(uintptr_t)cell.data;
    s.samples = (sample *)(uintptr_t)(cell.data + sizeof *s.head);
    s.values = (double *)(void *)(s.samples + s.head->samples);
    s.values_count =
        (int64_t)((cell.size - sizeof *s.head - s.head->samples * sizeof(sample)) / sizeof(double));
    return s;
}

static weir_code create(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count,
                        const weir_type *type, weir_accumulator **ret, weir_error **err) {
    (void)arg_types, (void)args_count, (void)err;
    weir_accumulator *acc = weir_alloc_zero(1, sizeof *acc);
    acc->budget = budget;
    acc->type = type;
    acc->error = 1.0 / 10000;
    weir_cells_init(&acc->cells, budget);
    *ret = acc;
    return WEIR_OK;
}

static weir_code configure(weir_accumulator *acc, weir_column *const *literals, int32_t args_count,
                           weir_error **err) {
    (void)err;
    acc->percentages = weir_reals_of(literals[1]);
    if (args_count > 2 && literals[2])
        acc->error = 1.0 / (double)((const int64_t *)literals[2]->values)[0];
    return WEIR_OK;
}

static void destroy(weir_accumulator *acc) {
    if (!acc)
        return;
    weir_budget_release(acc->budget, (int64_t)(acc->scratch_samples * sizeof(sample)));
    weir_free(acc->scratch);
    weir_cells_fini(&acc->cells);
    weir_free(acc->percentages.items);
    weir_free(acc);
}

static weir_code refused(const weir_accumulator *acc, weir_error **err) {
    return weir_aggregate_refused(acc->budget, "percentile_approx", err);
}

static weir_code resize(weir_accumulator *acc, int32_t groups_count, weir_error **err) {
    return weir_cells_resize(&acc->cells, groups_count) ? WEIR_OK : refused(acc, err);
}

static bool reserve_scratch(weir_accumulator *acc, size_t samples) {
    if (samples <= acc->scratch_samples)
        return true;
    size_t more = samples - acc->scratch_samples;
    if (!weir_budget_charge(acc->budget, (int64_t)(more * sizeof(sample))))
        return false;
    weir_free(acc->scratch);
    acc->scratch = weir_alloc(samples * sizeof(sample));
    acc->scratch_samples = samples;
    return true;
}

/* ---- the summary ---- */

/* Joins neighbours whose ranks together stay within `threshold`; the first and the last stay. Works from the
 * end, in place; returns how many are left, moved to the front. */
static uint32_t compress_samples(sample *samples, uint32_t count, double threshold) {
    if (count == 0)
        return 0;
    uint32_t to = count;
    sample first = samples[0], head = samples[count - 1];
    for (uint32_t i = count - 1; i-- > 1;) {
        if ((double)(samples[i].g + head.g + head.delta) < threshold) {
            head.g += samples[i].g;
        } else {
            samples[--to] = head;
            head = samples[i];
        }
    }
    samples[--to] = head;
    if (first.value <= head.value && count > 1)
        samples[--to] = first;
    memmove(samples, samples + to, (count - to) * sizeof *samples);
    return count - to;
}

static int compare_values(const void *left, const void *right) {
    return weir_real_compare(*(const double *)left, *(const double *)right);
}

/* The group's cell becomes head and samples alone. */
static bool store_samples(weir_accumulator *acc, int32_t group, summary_head head, const sample *samples) {
    uint8_t *cell = weir_cells_reserve(&acc->cells, group, sizeof head + head.samples * sizeof *samples);
    if (!cell)
        return false;
    memcpy(cell, &head, sizeof head);
    memcpy(cell + sizeof head, samples, head.samples * sizeof *samples);
    return true;
}

/* Sorts the waiting values in among the samples, into the scratch. */
static summary_head insert_values(const weir_accumulator *acc, const summary *s) {
    summary_head head = {.count = s->head->count};
    uint32_t at = 0, old = s->head->samples;
    qsort(s->values, (size_t)s->values_count, sizeof *s->values, compare_values);
    for (int64_t i = 0; i < s->values_count; i++) {
        while (at < old && s->samples[at].value <= s->values[i])
            acc->scratch[head.samples++] = s->samples[at++];
        head.count++;
        bool end = head.samples == 0 || (at == old && i == s->values_count - 1);
        int64_t delta = end ? 0 : (int64_t)floor(2 * acc->error * (double)head.count);
        acc->scratch[head.samples++] = (sample){s->values[i], 1, delta};
    }
    while (at < old)
        acc->scratch[head.samples++] = s->samples[at++];
    return head;
}

/* `always`: compress also where the summary is small, as before it is sent, merged or asked. */
static weir_code settle(weir_accumulator *acc, int32_t group, bool always, weir_error **err) {
    summary s = parts_of(weir_cells_get(&acc->cells, group));
    if (!s.head || (s.head->compressed && s.values_count == 0))
        return WEIR_OK;
    if (!reserve_scratch(acc, s.head->samples + (size_t)s.values_count))
        return refused(acc, err);
    summary_head head = insert_values(acc, &s);
    if (always || head.samples >= COMPRESS_SAMPLES) {
        head.samples = compress_samples(acc->scratch, head.samples, 2 * acc->error * (double)head.count);
        head.compressed = 1;
    }
    return store_samples(acc, group, head, acc->scratch) ? WEIR_OK : refused(acc, err);
}

static weir_code add_value(weir_accumulator *acc, int32_t group, double value, weir_error **err) {
    summary s = parts_of(weir_cells_get(&acc->cells, group));
    uint8_t *to;
    if (!s.head) {
        summary_head head = {0};
        to = weir_cells_reserve(&acc->cells, group, sizeof head);
        if (!to)
            return refused(acc, err);
        memcpy(to, &head, sizeof head);
    }
    to = weir_cells_extend(&acc->cells, group, sizeof value);
    if (!to)
        return refused(acc, err);
    memcpy(to, &value, sizeof value);
    s = parts_of(weir_cells_get(&acc->cells, group));
    s.head->compressed = 0;
    return s.values_count >= BUFFER_MAX ? settle(acc, group, false, err) : WEIR_OK;
}

static weir_code update(weir_accumulator *acc, weir_eval *eval, weir_column *const *args, int32_t args_count,
                        int32_t rows, const weir_sel *sel, const int32_t *groups, weir_error **err) {
    (void)eval, (void)args_count, (void)rows;
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t slot = weir_aggregate_slot(args[0], weir_sel_row(sel, i));
        if (slot >= 0)
            WEIR_TRY(add_value(acc, groups[i], weir_real_of(args[0], slot), err));
    }
    return WEIR_OK;
}

/* ---- merging ---- */

/* Two sorted lists become one; a sample grows by what the other list may hide before it. */
static uint32_t merge_samples(const summary *mine, const summary *other, double error, sample *target) {
    int64_t mine_extra = (int64_t)floor(2 * error * (double)other->head->count);
    int64_t other_extra = (int64_t)floor(2 * error * (double)mine->head->count);
    uint32_t at = 0, other_at = 0, count = 0;
    while (at < mine->head->samples && other_at < other->head->samples) {
        if (mine->samples[at].value < other->samples[other_at].value) {
            target[count] = mine->samples[at++];
            target[count++].delta += other_at > 0 ? mine_extra : 0;
        } else {
            target[count] = other->samples[other_at++];
            target[count++].delta += at > 0 ? other_extra : 0;
        }
    }
    while (at < mine->head->samples)
        target[count++] = mine->samples[at++];
    while (other_at < other->head->samples)
        target[count++] = other->samples[other_at++];
    return count;
}

static weir_code merge_one(weir_accumulator *acc, int32_t group, weir_str bytes, weir_error **err) {
    WEIR_TRY(settle(acc, group, true, err));
    summary mine = parts_of(weir_cells_get(&acc->cells, group));
    if (!mine.head || mine.head->count == 0)
        return weir_cells_put(&acc->cells, group, bytes) ? WEIR_OK : refused(acc, err);
    /* The bytes of a column need not be aligned. */
    uint64_t *aligned = weir_alloc(bytes.size + 8);
    memcpy(aligned, bytes.data, bytes.size);
    summary other = parts_of((weir_str){(const char *)aligned, bytes.size});
    bool ok = true;
    if (other.head->count > 0) {
        ok = reserve_scratch(acc, (size_t)mine.head->samples + other.head->samples);
        if (ok) {
            summary_head head = {.count = mine.head->count + other.head->count, .compressed = 1};
            uint32_t count = merge_samples(&mine, &other, acc->error, acc->scratch);
            head.samples = compress_samples(acc->scratch, count, 2 * acc->error * (double)head.count);
            ok = store_samples(acc, group, head, acc->scratch);
        }
    }
    weir_free(aligned);
    return ok ? WEIR_OK : refused(acc, err);
}

static weir_code merge(weir_accumulator *acc, weir_eval *eval, weir_column *const *parts, const weir_sel *sel,
                       const int32_t *groups, weir_error **err) {
    (void)eval;
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i);
        if (!weir_column_is_null(parts[0], row))
            WEIR_TRY(merge_one(acc, groups[i], weir_column_bytes(parts[0], row), err));
    }
    return WEIR_OK;
}

static weir_code states(weir_accumulator *acc, weir_budget *budget, const weir_type *const *types,
                        int32_t from, int32_t count, weir_column **ret_states, weir_error **err) {
    (void)types;
    for (int32_t g = from; g < from + count; g++)
        WEIR_TRY(settle(acc, g, true, err));
    return weir_cells_bytes_column(&acc->cells, budget, from, count, ret_states, err);
}

/* ---- results ---- */

typedef struct cursor {
    uint32_t index;
    int64_t rank; /* least rank of that sample */
} cursor;

/* The first sample from the cursor on whose ranks lie around the wanted one. */
static double find_rank(const summary *s, cursor *at, int64_t rank, double slack) {
    for (uint32_t i = at->index; i + 1 < s->head->samples; i++) {
        const sample *one = &s->samples[i];
        if (i > at->index)
            at->rank += one->g;
        at->index = i;
        double most = (double)(at->rank + one->delta);
        if (most - slack <= (double)rank && (double)rank <= (double)at->rank + slack)
            return one->value;
    }
    at->index = s->head->samples - 1;
    at->rank = 0;
    return s->samples[at->index].value;
}

/* The indices of the percentages, ascending by percentage, equal ones in their order. */
static void order_percentages(const weir_reals *wanted, int32_t *order) {
    for (int32_t i = 0; i < wanted->count; i++) {
        int32_t at = i;
        for (; at > 0 && wanted->items[order[at - 1]] > wanted->items[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

static void answer(const weir_accumulator *acc, const summary *s, const int32_t *order, double *answers) {
    const weir_reals *wanted = &acc->percentages;
    int64_t widest = INT64_MIN;
    for (uint32_t i = 0; i < s->head->samples; i++)
        widest = WEIR_MAX(widest, s->samples[i].g + s->samples[i].delta);
    cursor at = {0, s->samples[0].g};
    for (int32_t i = 0; i < wanted->count; i++) {
        double percentage = wanted->items[order[i]];
        double *target = &answers[order[i]];
        if (percentage <= acc->error || s->head->samples == 1)
            *target = s->samples[0].value;
        else if (percentage >= 1 - acc->error)
            *target = s->samples[s->head->samples - 1].value;
        else
            *target =
                find_rank(s, &at, (int64_t)ceil(percentage * (double)s->head->count), (double)widest / 2);
    }
}

static bool put_group(const weir_accumulator *acc, int32_t group, const int32_t *order, double *answers,
                      weir_builder *builder) {
    const weir_reals *wanted = &acc->percentages;
    summary s = parts_of(weir_cells_get(&acc->cells, group));
    if (!s.head || s.head->samples == 0 || wanted->count == 0)
        return weir_builder_null(builder);
    answer(acc, &s, order, answers);
    weir_builder *target = wanted->is_array ? &builder->children[0] : builder;
    for (int32_t i = 0; i < wanted->count; i++)
        if (!weir_real_put(target, answers[i]))
            return false;
    return !wanted->is_array || weir_builder_list_end(builder);
}

static weir_code finish(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                        weir_column **ret, weir_error **err) {
    weir_builder builder;
    int32_t wanted = acc->percentages.count;
    _cleanup_free_ int32_t *order = weir_alloc(sizeof(int32_t) * (size_t)wanted + 4);
    _cleanup_free_ double *answers = weir_alloc(sizeof(double) * (size_t)wanted + 8);
    order_percentages(&acc->percentages, order);
    WEIR_TRY(weir_builder_init(&builder, eval->budget, acc->type, count, err));
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < count && code == WEIR_OK; i++) {
        code = settle(acc, from + i, true, err);
        if (code == WEIR_OK && !put_group(acc, from + i, order, answers, &builder))
            code = weir_error_oom(err);
    }
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, ret, err);
    weir_builder_fini(&builder);
    return code;
}

const weir_aggregate_ops weir_percentile_approx_ops = {
    .name = "percentile_approx",
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
