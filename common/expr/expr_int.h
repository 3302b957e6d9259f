/* Private to common/expr: loops over selected rows, result columns, and the tables of the families.
 *
 * The loop macros expand a body into one loop per shape (flat/flat, flat/constant, constant/flat,
 * selected), so that the dense shapes are simple counted loops which the compiler vectorises. */
#pragma once

#include "common/base/assert.h"
#include "common/expr/function.h"
#include "common/expr/kernel.h"
#include "common/types/datetime.h"
#include "common/types/decimal.h"

#define WEIR_ANSI_CONFIG "\"spark.sql.ansi.enabled\""

static inline bool weir_is_constant(const weir_column *column) {
    return column->encoding == WEIR_CONSTANT;
}

/* BODY sees `i` (row) and `x` (slot of argument 0). */
#define WEIR_LOOP1(call, BODY) \
    do { \
        const int32_t *loop_rows_ = (call)->sel.rows; \
        const int32_t loop_n_ = (call)->sel.count; \
        const int32_t loop_m0_ = weir_is_constant((call)->args[0]) ? 0 : -1; \
        if (loop_rows_) { \
            for (int32_t loop_k_ = 0; loop_k_ < loop_n_; loop_k_++) { \
                const int32_t i = loop_rows_[loop_k_], x = i & loop_m0_; \
                BODY \
            } \
        } else if (loop_m0_ == 0) { \
            for (int32_t i = 0; i < loop_n_; i++) { \
                const int32_t x = 0; \
                BODY \
            } \
        } else { \
            for (int32_t i = 0; i < loop_n_; i++) { \
                const int32_t x = i; \
                BODY \
            } \
        } \
    } while (0)

/* BODY sees `i` (row), `x` (slot of argument 0) and `y` (slot of argument 1). */
#define WEIR_LOOP2(call, BODY) \
    do { \
        const int32_t *loop_rows_ = (call)->sel.rows; \
        const int32_t loop_n_ = (call)->sel.count; \
        const int32_t loop_m0_ = weir_is_constant((call)->args[0]) ? 0 : -1; \
        const int32_t loop_m1_ = weir_is_constant((call)->args[1]) ? 0 : -1; \
        if (loop_rows_) { \
            for (int32_t loop_k_ = 0; loop_k_ < loop_n_; loop_k_++) { \
                const int32_t i = loop_rows_[loop_k_], x = i & loop_m0_, y = i & loop_m1_; \
                BODY \
            } \
        } else if (loop_m1_ == 0) { \
            for (int32_t i = 0; i < loop_n_; i++) { \
                const int32_t x = i & loop_m0_, y = 0; \
                BODY \
            } \
        } else if (loop_m0_ == 0) { \
            for (int32_t i = 0; i < loop_n_; i++) { \
                const int32_t x = 0, y = i; \
                BODY \
            } \
        } else { \
            for (int32_t i = 0; i < loop_n_; i++) { \
                const int32_t x = i, y = i; \
                BODY \
            } \
        } \
    } while (0)

/* Any number of arguments: BODY sees `i`; slots come from weir_column_slot. May `return` or `continue`. */
#define WEIR_EACH(call, i) \
    for (int32_t i##_k = 0, i = 0; \
         i##_k < (call)->sel.count && ((i = weir_sel_row(&(call)->sel, i##_k)), true); i##_k++)

#define WEIR_VALUES(column, ctype) ((const ctype *)(const void *)(column)->values)

/* A BOOLEAN or integral value, widened. */
static inline int64_t weir_load_integer(const weir_column *column, int32_t row) {
    int32_t slot = weir_column_slot(column, row);
    switch ((int)column->type->kind) {
    case WEIR_TYPE_BYTE:
        return WEIR_VALUES(column, int8_t)[slot];
    case WEIR_TYPE_SHORT:
        return WEIR_VALUES(column, int16_t)[slot];
    case WEIR_TYPE_INT:
        return WEIR_VALUES(column, int32_t)[slot];
    case WEIR_TYPE_BOOLEAN:
        return weir_bit_get(column->values, slot);
    default:
        return WEIR_VALUES(column, int64_t)[slot];
    }
}

/* ---- results (kernel_result.c) ---- */
/* A fixed-width or BOOLEAN column of call->type with call->rows rows. */
weir_code weir_result_fixed(const weir_kernel_call *call, weir_column **ret, weir_error **err);
/* Marks a row of a result under construction as NULL. */
weir_code weir_result_null(const weir_kernel_call *call, weir_column *column, int32_t row, weir_error **err);
/* A BOOLEAN column from one byte (0 or 1) per row. */
weir_code weir_result_truth(const weir_kernel_call *call, const uint8_t *truth, weir_column **ret,
                            weir_error **err);
/* Scratch bytes for weir_result_truth: zeroed where unselected rows exist. */
uint8_t *weir_result_truth_new(const weir_kernel_call *call);
/* A CONSTANT NULL column of call->type. */
weir_code weir_result_all_null(const weir_kernel_call *call, weir_column **ret, weir_error **err);
/* True where the row is not NULL in any argument: for kernels that may be handed nulls (DENSE). */
bool weir_row_is_live(const weir_kernel_call *call, int32_t row);
/* `column` (takes) as FLAT or CONSTANT, never DICTIONARY. */
weir_code weir_column_plain(weir_budget *budget, weir_column *column, weir_column **ret, weir_error **err);
/* A shell of the same buffers with another type pointer or validity; one new reference. */
weir_column *weir_column_reshell(weir_column *column, const weir_type *type);

/* Variable-width results in ascending row order; rows left out become empty. */
typedef struct weir_bytes_writer {
    weir_column *column;
    weir_buffer *buffer;
    int32_t *offsets;
    size_t size;
    int32_t next; /* first row whose end offset is not written yet */
} weir_bytes_writer;
weir_code weir_bytes_begin(weir_bytes_writer *writer, const weir_kernel_call *call, size_t estimate,
                           weir_error **err);
/* Room for `size` more bytes behind writer->size; NULL (with *err) where the budget refuses. */
uint8_t *weir_bytes_room(weir_bytes_writer *writer, size_t size, weir_error **err);
/* Closes row `row`, whose bytes were written in the room. */
static inline void weir_bytes_end(weir_bytes_writer *writer, int32_t row, size_t size) {
    while (writer->next < row)
        writer->offsets[++writer->next] = (int32_t)writer->size;
    writer->size += size;
    writer->offsets[++writer->next] = (int32_t)writer->size;
}
weir_code weir_bytes_put(weir_bytes_writer *writer, int32_t row, weir_str text, weir_error **err);
weir_column *weir_bytes_finish(weir_bytes_writer *writer);
void weir_bytes_fini(weir_bytes_writer *writer); /* frees a writer that did not finish */
#define _cleanup_bytes_ _cleanup_(weir_bytes_fini)

/* ---- calling kernels (kernel_call.c) ---- */
/* The wrapper: encodings, constants and null propagation around function->eval. `columns` may have any
 * encoding. The result has call rows; one reference. */
weir_code weir_kernel_run(const weir_function *function, weir_kernel_call *call, weir_column **ret,
                          weir_error **err);
extern const weir_function weir_cast_functions[3]; /* by weir_cast_mode; bound not used */

/* ---- families ---- */
#define WEIR_FAMILY(name) \
    extern const weir_function weir_##name##_functions[]; \
    extern const int32_t weir_##name##_functions_count;
#define WEIR_FAMILIES(X) \
    X(arithmetic) \
    X(compare) \
    X(math) \
    X(predicate) \
    X(conditional) \
    X(datetime) \
    X(timestamp) \
    X(interval) \
    X(window) \
    X(string) \
    X(pattern) \
    X(nested) \
    X(array) \
    X(array_set) \
    X(array_sort) \
    X(sequence) \
    X(map) \
    X(str_to_map) \
    X(lambda) \
    X(lambda_fold) \
    X(lambda_map) \
    X(misc) \
    X(bit) \
    X(calendar) \
    X(digest) \
    X(make_time) \
    X(encoding) \
    X(format) \
    X(choice) \
    X(cipher) \
    X(url) \
    X(json) \
    X(number) \
    X(number_template) \
    X(try) \
    X(regexp) \
    X(text) \
    X(trigonometry) \
    X(aggregate) \
    X(statistic) \
    X(parameter) \
    X(over)
WEIR_FAMILIES(WEIR_FAMILY)
#define WEIR_FAMILY_COUNT(name) \
    const int32_t weir_##name##_functions_count = (int32_t)WEIR_ARRAY_LEN(weir_##name##_functions);

/* ---- resolution helpers (function_resolve.c) ---- */
/* The table-driven resolver: reads function->signature. */
weir_code weir_resolve_signature(weir_resolve *resolve, const weir_function *function, weir_node **args,
                                 int32_t args_count, const weir_type **ret_type, bool *ret_nullable,
                                 weir_node **ret_rewrite, weir_error **err);
#define WEIR_RESOLVE_PARAMS \
    weir_resolve *resolve, const weir_function *function, weir_node **args, int32_t args_count, \
        const weir_type **ret_type, bool *ret_nullable, weir_node **ret_rewrite, weir_error **err
#define WEIR_RESOLVE_UNUSED \
    (void)resolve, (void)function, (void)args, (void)args_count, (void)ret_type, (void)ret_nullable, \
        (void)ret_rewrite, (void)err
/* Spark's implicit cast of an argument to an expected concrete type; false where it is not allowed. */
bool weir_implicit_cast(weir_resolve *resolve, weir_node **arg, const weir_type *expected);
bool weir_any_nullable(weir_node *const *args, int32_t count);
/* DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE for argument `index` (0-based); `required` as Spark prints. */
weir_code weir_fail_input_type(weir_resolve *resolve, weir_node *const *args, int32_t index,
                               const char *required, weir_error **err);
/* The same for hidden functions: messages show what the user wrote, `form` with $ for each argument. */
weir_code weir_fail_form_type(weir_resolve *resolve, const char *form, weir_node *const *args, int32_t index,
                              const char *required, weir_error **err);
/* DATATYPE_MISMATCH.DATA_DIFF_TYPES over the arguments. */
weir_code weir_fail_diff_types(weir_resolve *resolve, const weir_function *function, weir_node *const *args,
                               int32_t count, weir_error **err);
/* Casts all of args[from..count) to their common type; gives it, or NULL where there is none. */
const weir_type *weir_coerce_all(weir_resolve *resolve, weir_node **args, int32_t from, int32_t count);
char *weir_quoted_sql(weir_arena *arena, const weir_node *expr);  /* "\"(a + b)\"" */
char *weir_quoted_type(weir_arena *arena, const weir_type *type); /* "\"INT\"" */
/* A call of a registered function, unresolved, keeping the position of the call under resolution. */
weir_node *weir_make_call(weir_resolve *resolve, const char *name, int32_t count, weir_node *const *args);
bool weir_is_foldable(const weir_node *expr);
/* hash, xxhash64 (misc_functions.c): refuses maps and variants. */
weir_code weir_resolve_hash(WEIR_RESOLVE_PARAMS);
/* Gives a raised error the place of the call in the SQL text, as Spark does it for some functions. */
static inline weir_code weir_fail_here(const weir_kernel_call *call, weir_code code, weir_error **err) {
    if (err && *err && call->context && weir_error_get_context(*err) == NULL)
        weir_error_set_context(*err, call->context);
    return code;
}

/* ---- comparison (compare.c) ---- */
/* Three-way comparison of two non-null rows under Spark's ordering. */
int weir_value_compare(const weir_column *a, int32_t row_a, const weir_column *b, int32_t row_b);
bool weir_type_is_orderable(const weir_type *type);
bool weir_type_is_comparable(const weir_type *type); /* equality: no MAP, VARIANT, calendar interval */

/* ---- decimal result types (coercion.c) ---- */
const weir_type *weir_decimal_bounded(weir_arena *arena, int32_t precision, int32_t scale);
const weir_type *weir_decimal_adjusted(weir_arena *arena, int32_t precision, int32_t scale);
const weir_type *weir_decimal_for(weir_arena *arena, const weir_type *type); /* DecimalType.forType */
const weir_type *weir_coerce_tightest(weir_arena *arena, bool ansi, const weir_type *a, const weir_type *b);

/* ---- UTF-8 (utf8.h is static inline; case tables in unicode_case.c) ---- */
static inline int32_t weir_utf8_size(uint8_t lead) {
    return lead < 0x80 ? 1 : lead < 0xE0 ? (lead >= 0xC2 ? 2 : 1) : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1;
}
