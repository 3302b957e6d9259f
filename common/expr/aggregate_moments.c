/* Aggregates over moments: stddev, variance, skewness, kurtosis; covariance, correlation and the regr_
 * family.
 *
 *   one argument     (n, mean, m2[, m3[, m4]])                     DOUBLE each: central moments about the
 * mean two arguments    (n, mean_x, mean_y, c[, m2_x[, m2_y]])        c: the sum of products of deviations
 *
 * The steps are Spark's (Welford's and Chan's formulas), operation for operation, so that the same rows in
 * the same order give the same bits. A row with a NULL does not count; NaN spreads. What divides by zero is
 * NULL. One task thread. */
#include <math.h>

#include "common/expr/aggregate_int.h"

#define MOMENTS_MAX 6

typedef enum moment_kind {
    MOMENT_STDDEV_POP,
    MOMENT_STDDEV_SAMP,
    MOMENT_VAR_POP,
    MOMENT_VAR_SAMP,
    MOMENT_SQUARES, /* regr_sxx, regr_syy: m2 itself */
    MOMENT_SKEWNESS,
    MOMENT_KURTOSIS,
    MOMENT_COVAR_POP,
    MOMENT_COVAR_SAMP,
    MOMENT_PRODUCTS, /* regr_sxy: c itself */
    MOMENT_SLOPE,
    MOMENT_INTERCEPT,
    MOMENT_CORR,
    MOMENT_R2,
} moment_kind;

/* State columns by kind. */
static int32_t width_of(moment_kind kind) {
    static const int32_t widths[] = {3, 3, 3, 3, 3, 4, 5, 4, 4, 4, 5, 5, 6, 6};
    return widths[kind];
}

static bool is_pair(moment_kind kind) {
    return kind >= MOMENT_COVAR_POP;
}

struct weir_accumulator {
    weir_budget *budget;
    moment_kind kind;
    weir_group_array moments; /* double[MOMENTS_MAX] */
};

typedef double moments[MOMENTS_MAX];

static int32_t state_types(moment_kind kind, const weir_type **ret_types) {
    for (int32_t i = 0; i < width_of(kind); i++)
        ret_types[i] = weir_type_of(WEIR_TYPE_DOUBLE);
    return width_of(kind);
}

static weir_code create(weir_budget *budget, moment_kind kind, weir_accumulator **ret) {
    weir_accumulator *acc = weir_alloc_zero(1, sizeof *acc);
    acc->budget = budget;
    acc->kind = kind;
    acc->moments.width = sizeof(moments);
    *ret = acc;
    return WEIR_OK;
}

static void destroy(weir_accumulator *acc) {
    if (!acc)
        return;
    weir_group_array_fini(&acc->moments);
    weir_free(acc);
}

static weir_code resize(weir_accumulator *acc, int32_t groups_count, weir_error **err) {
    return weir_group_array_resize(&acc->moments, acc->budget, groups_count)
               ? WEIR_OK
               : weir_aggregate_refused(acc->budget, "a statistic", err);
}

/* ---- one argument ---- */

static inline void add_value(double *m, double value, int order) {
    double n = m[0] + 1.0, delta = value - m[1], step = delta / n;
    double squares = m[2] + delta * (delta - step);
    double delta2 = delta * delta, step2 = step * step, cubes = 0.0;
    if (order >= 3)
        cubes = m[3] - 3.0 * step * squares + delta * (delta2 - step2);
    if (order >= 4)
        m[4] = m[4] - 4.0 * step * cubes - 6.0 * step2 * squares + delta * (delta * delta2 - step * step2);
    m[3] = cubes;
    m[2] = squares;
    m[1] += step;
    m[0] = n;
}

static inline void merge_values(double *m, const double *r, int order) {
    double n1 = m[0], n2 = r[0], n = n1 + n2, delta = r[1] - m[1], step = n == 0.0 ? 0.0 : delta / n;
    if (order >= 4)
        m[4] = m[4] + r[4] + step * step * step * delta * n1 * n2 * (n1 * n1 - n1 * n2 + n2 * n2) +
               6.0 * step * step * (n1 * n1 * r[2] + n2 * n2 * m[2]) + 4.0 * step * (n1 * r[3] - n2 * m[3]);
    if (order >= 3)
        m[3] = m[3] + r[3] + step * step * delta * n1 * n2 * (n1 - n2) + 3.0 * step * (n1 * r[2] - n2 * m[2]);
    m[2] = m[2] + r[2] + delta * step * n1 * n2;
    m[1] += step * n2;
    m[0] = n;
}

static int order_of(moment_kind kind) {
    return kind == MOMENT_KURTOSIS ? 4 : kind == MOMENT_SKEWNESS ? 3 : 2;
}

/* ---- two arguments ---- */

/* m2_x is kept as a variance is for the slope, and as a correlation's for the others. */
static inline void add_pair(double *m, double x, double y, bool slope) {
    double n = m[0] + 1.0, dx = x - m[1], dy = y - m[2], step = dx / n;
    double mean_x = m[1] + step, mean_y = m[2] + dy / n;
    m[3] += dx * (y - mean_y);
    m[4] += slope ? dx * (dx - step) : dx * (x - mean_x);
    m[5] += dy * (y - mean_y);
    m[0] = n;
    m[1] = mean_x;
    m[2] = mean_y;
}

static inline void merge_pairs(double *m, const double *r) {
    double n1 = m[0], n2 = r[0], n = n1 + n2, dx = r[1] - m[1], dy = r[2] - m[2];
    double step_x = n == 0.0 ? 0.0 : dx / n, step_y = n == 0.0 ? 0.0 : dy / n;
    m[3] = m[3] + r[3] + dx * step_y * n1 * n2;
    m[4] = m[4] + r[4] + dx * step_x * n1 * n2;
    m[5] = m[5] + r[5] + dy * step_y * n1 * n2;
    m[0] = n;
    m[1] += step_x * n2;
    m[2] += step_y * n2;
}

/* ---- columns ---- */

static void update_pairs(weir_accumulator *acc, const weir_column *x, const weir_column *y,
                         const weir_sel *sel, const int32_t *groups) {
    const double *xs = (const double *)x->values, *ys = (const double *)y->values;
    bool slope = acc->kind == MOMENT_SLOPE || acc->kind == MOMENT_INTERCEPT;
    moments *all = WEIR_GROUP_ARRAY(acc->moments, moments);
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i);
        int32_t at_x = weir_aggregate_slot(x, row), at_y = weir_aggregate_slot(y, row);
        if (at_x >= 0 && at_y >= 0)
            add_pair(all[groups[i]], xs[at_x], ys[at_y], slope);
    }
}

static weir_code update(weir_accumulator *acc, weir_eval *eval, weir_column *const *args, int32_t args_count,
                        int32_t rows, const weir_sel *sel, const int32_t *groups, weir_error **err) {
    (void)eval, (void)args_count, (void)rows, (void)err;
    /* The slope regresses the first argument on the second. */
    bool swap = acc->kind == MOMENT_SLOPE || acc->kind == MOMENT_INTERCEPT;
    if (is_pair(acc->kind)) {
        update_pairs(acc, args[swap], args[!swap], sel, groups);
        return WEIR_OK;
    }
    const double *values = (const double *)args[0]->values;
    moments *all = WEIR_GROUP_ARRAY(acc->moments, moments);
    int order = order_of(acc->kind);
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t slot = weir_aggregate_slot(args[0], weir_sel_row(sel, i));
        if (slot >= 0)
            add_value(all[groups[i]], values[slot], order);
    }
    return WEIR_OK;
}

static weir_code merge(weir_accumulator *acc, weir_eval *eval, weir_column *const *states,
                       const weir_sel *sel, const int32_t *groups, weir_error **err) {
    (void)eval, (void)err;
    moments *all = WEIR_GROUP_ARRAY(acc->moments, moments);
    int32_t width = width_of(acc->kind);
    for (int32_t i = 0; i < sel->count; i++) {
        moments other = {0};
        for (int32_t s = 0; s < width; s++)
            other[s] = ((const double *)states[s]->values)[weir_column_slot(states[s], weir_sel_row(sel, i))];
        /* A side without a value is no step of the formula: infinities would become NaN. */
        if (other[0] == 0.0)
            continue;
        if (all[groups[i]][0] == 0.0)
            memcpy(all[groups[i]], other, sizeof other);
        else if (is_pair(acc->kind))
            merge_pairs(all[groups[i]], other);
        else
            merge_values(all[groups[i]], other, order_of(acc->kind));
    }
    return WEIR_OK;
}

static weir_code states(weir_accumulator *acc, weir_budget *budget, const weir_type *const *types,
                        int32_t from, int32_t count, weir_column **ret_states, weir_error **err) {
    const moments *all = WEIR_GROUP_ARRAY(acc->moments, moments);
    _cleanup_free_ double *values = weir_alloc(sizeof(double) * (size_t)count + 8);
    int32_t width = width_of(acc->kind);
    for (int32_t s = 0; s < width; s++) {
        for (int32_t i = 0; i < count; i++)
            values[i] = all[from + i][s];
        weir_code code = weir_aggregate_column(budget, types[s], values, NULL, 0, count, &ret_states[s], err);
        if (code != WEIR_OK) {
            while (s-- > 0)
                ret_states[s] = weir_column_unref(ret_states[s]);
            return code;
        }
    }
    return WEIR_OK;
}

/* ---- results ---- */

/* False where the result is NULL. */
static bool finish_values(moment_kind kind, const double *m, double *ret) {
    double n = m[0], m2 = m[2];
    bool sample = kind == MOMENT_STDDEV_SAMP || kind == MOMENT_VAR_SAMP;
    if (n == 0.0 || (sample && n == 1.0))
        return false;
    double variance = m2 / (sample ? n - 1.0 : n);
    switch ((int)kind) {
    case MOMENT_STDDEV_POP:
    case MOMENT_STDDEV_SAMP:
        *ret = sqrt(variance);
        return true;
    case MOMENT_SQUARES:
        *ret = m2;
        return true;
    case MOMENT_SKEWNESS:
        *ret = sqrt(n) * m[3] / sqrt(m2 * m2 * m2);
        return m2 != 0.0;
    case MOMENT_KURTOSIS:
        *ret = n * m[4] / (m2 * m2) - 3.0;
        return m2 != 0.0;
    default:
        *ret = variance;
        return true;
    }
}

static bool finish_pairs(moment_kind kind, const double *m, double *ret) {
    double n = m[0], c = m[3];
    double corr = c / sqrt(m[4] * m[5]);
    switch ((int)kind) {
    case MOMENT_COVAR_POP:
        *ret = c / n;
        return n != 0.0;
    case MOMENT_COVAR_SAMP:
        *ret = c / (n - 1.0);
        return n != 0.0 && n != 1.0;
    case MOMENT_PRODUCTS:
        *ret = c;
        return n != 0.0;
    case MOMENT_SLOPE:
        *ret = c / m[4];
        return m[4] != 0.0;
    case MOMENT_INTERCEPT:
        *ret = m[2] - c / m[4] * m[1];
        return m[4] != 0.0;
    case MOMENT_CORR:
        *ret = corr;
        return n != 0.0 && n != 1.0;
    default: /* regr_r2(y, x) */
        *ret = m[4] == 0.0 ? 1.0 : corr * corr;
        return m[5] != 0.0;
    }
}

static weir_code finish(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                        weir_column **ret, weir_error **err) {
    const moments *all = WEIR_GROUP_ARRAY(acc->moments, moments);
    _cleanup_free_ double *values = weir_alloc(sizeof(double) * (size_t)count + 8);
    _cleanup_free_ uint8_t *present = weir_alloc((size_t)count + 1);
    for (int32_t i = 0; i < count; i++) {
        values[i] = 0.0;
        present[i] = is_pair(acc->kind) ? finish_pairs(acc->kind, all[from + i], &values[i])
                                        : finish_values(acc->kind, all[from + i], &values[i]);
    }
    return weir_aggregate_column(eval->budget, weir_type_of(WEIR_TYPE_DOUBLE), values, present, 0, count, ret,
                                 err);
}

#define MOMENT_OPS(label, kind) \
    static int32_t label##_state_types(weir_arena *arena, const weir_type *const *arg_types, \
                                       int32_t args_count, const weir_type *type, \
                                       const weir_type **ret_types) { \
        (void)arena, (void)arg_types, (void)args_count, (void)type; \
        return state_types(kind, ret_types); \
    } \
    static weir_code label##_create(weir_budget *budget, const weir_type *const *arg_types, \
                                    int32_t args_count, const weir_type *type, weir_accumulator **ret, \
                                    weir_error **err) { \
        (void)arg_types, (void)args_count, (void)type, (void)err; \
        return create(budget, kind, ret); \
    } \
    const weir_aggregate_ops weir_##label##_ops = { \
        .name = #label, \
        .ordered = true, /* rounding */ \
        .state_types = label##_state_types, \
        .create = label##_create, \
        .destroy = destroy, \
        .resize = resize, \
        .update = update, \
        .merge = merge, \
        .states = states, \
        .finish = finish, \
    };
MOMENT_OPS(stddev_pop, MOMENT_STDDEV_POP)
MOMENT_OPS(stddev_samp, MOMENT_STDDEV_SAMP)
MOMENT_OPS(var_pop, MOMENT_VAR_POP)
MOMENT_OPS(var_samp, MOMENT_VAR_SAMP)
MOMENT_OPS(squares, MOMENT_SQUARES)
MOMENT_OPS(skewness, MOMENT_SKEWNESS)
MOMENT_OPS(kurtosis, MOMENT_KURTOSIS)
MOMENT_OPS(covar_pop, MOMENT_COVAR_POP)
MOMENT_OPS(covar_samp, MOMENT_COVAR_SAMP)
MOMENT_OPS(products, MOMENT_PRODUCTS)
MOMENT_OPS(slope, MOMENT_SLOPE)
MOMENT_OPS(intercept, MOMENT_INTERCEPT)
MOMENT_OPS(corr, MOMENT_CORR)
MOMENT_OPS(r2, MOMENT_R2)
