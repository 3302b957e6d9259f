/* Control flow over columns: three-valued AND/OR on bitmaps, narrowing of selections, and the merge of
 * branch results by rows. */
#include "common/expr/program_int.h"

/* ---- narrowing ---- */
static bool constant_matches(const weir_column *column, weir_narrow narrow) {
    bool is_null = weir_column_is_null(column, 0);
    bool truth = !is_null && column->type->kind == WEIR_TYPE_BOOLEAN && weir_bit_get(column->values, 0);
    switch (narrow) {
    case WEIR_NARROW_TRUE:
        return truth;
    case WEIR_NARROW_NOT_TRUE:
        return !truth;
    case WEIR_NARROW_NOT_FALSE:
        return is_null || truth;
    case WEIR_NARROW_NULL:
        return is_null;
    default:
        return !is_null;
    }
}

/* 64 rows at once: the bits of the rows that match. */
static uint64_t matching_word(uint64_t values, uint64_t valid, weir_narrow narrow) {
    switch (narrow) {
    case WEIR_NARROW_TRUE:
        return values & valid;
    case WEIR_NARROW_NOT_TRUE:
        return ~(values & valid);
    case WEIR_NARROW_NOT_FALSE:
        return values | ~valid;
    case WEIR_NARROW_NULL:
        return ~valid;
    default:
        return valid;
    }
}

static uint64_t load_word(const uint8_t *bits, int32_t row, int32_t rows) {
    uint64_t word = 0;
    int64_t bytes = weir_bits_bytes(rows) - (row >> 3);
    memcpy(&word, bits + (row >> 3), bytes >= 8 ? 8 : (size_t)bytes);
    return word;
}

weir_sel weir_program_narrow(weir_arena *arena, const weir_column *column, weir_narrow narrow,
                             const weir_sel *sel) {
    if (column->encoding == WEIR_CONSTANT || column->type->kind == WEIR_TYPE_NULL)
        return constant_matches(column, narrow) ? *sel : (weir_sel){NULL, 0};
    if (column->validity == NULL && (narrow == WEIR_NARROW_NULL || narrow == WEIR_NARROW_NOT_NULL))
        return narrow == WEIR_NARROW_NULL ? (weir_sel){NULL, 0} : *sel;
    bool by_value = narrow <= WEIR_NARROW_NOT_FALSE;
    int32_t *rows = weir_arena_alloc(arena, sizeof(int32_t) * ((size_t)sel->count + 1));
    int32_t count = 0;
    if (sel->rows) {
        for (int32_t k = 0; k < sel->count; k++) {
            int32_t row = sel->rows[k];
            uint64_t value = by_value ? weir_bit_get(column->values, row) : 0;
            uint64_t valid = column->validity ? weir_bit_get(column->validity, row) : 1;
            rows[count] = row;
            count += (int32_t)(matching_word(value, valid, narrow) & 1);
        }
    } else {
        for (int32_t base = 0; base < sel->count; base += 64) {
            uint64_t value = by_value ? load_word(column->values, base, column->length) : 0;
            uint64_t valid =
                column->validity ? load_word(column->validity, base, column->length) : UINT64_MAX;
            uint64_t match = matching_word(value, valid, narrow);
            if (sel->count - base < 64)
                match &= (UINT64_C(1) << (sel->count - base)) - 1;
            for (; match; match &= match - 1)
                rows[count++] = base + __builtin_ctzll(match);
        }
    }
    return count == sel->count ? *sel : (weir_sel){rows, count};
}

/* ---- AND and OR ---- */
typedef struct logic_source {
    uint64_t constant_value, constant_valid;
    const uint8_t *values, *validity;
    int32_t rows;
} logic_source;

static logic_source logic_source_of(const weir_column *column) {
    logic_source source = {.rows = column->length};
    if (column->encoding == WEIR_CONSTANT || column->type->kind == WEIR_TYPE_NULL) {
        bool valid = !weir_column_is_null(column, 0);
        source.constant_valid = valid ? UINT64_MAX : 0;
        source.constant_value = valid && weir_bit_get(column->values, 0) ? UINT64_MAX : 0;
    } else {
        source.values = column->values;
        source.validity = column->validity;
        source.constant_valid = UINT64_MAX;
    }
    return source;
}

static void logic_word(const logic_source *source, int32_t base, uint64_t *ret_true, uint64_t *ret_false) {
    uint64_t value = source->values ? load_word(source->values, base, source->rows) : source->constant_value;
    uint64_t valid =
        source->validity ? load_word(source->validity, base, source->rows) : source->constant_valid;
    *ret_true = value & valid;
    *ret_false = ~value & valid;
}

weir_code weir_program_logic(const weir_kernel_call *call, bool is_and, weir_column **ret, weir_error **err) {
    if (call->args[1] == NULL) { /* the left side decides every row */
        *ret = weir_column_ref(call->args[0]);
        return WEIR_OK;
    }
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    uint8_t *validity;
    weir_code code = weir_column_make_validity(call->eval->budget, column, &validity, err);
    if (code != WEIR_OK) {
        weir_column_unref(column);
        return code;
    }
    logic_source left = logic_source_of(call->args[0]), right = logic_source_of(call->args[1]);
    uint8_t *values = weir_column_values(column);
    int32_t bytes = (int32_t)weir_bits_bytes(call->rows);
    for (int32_t base = 0; base < call->rows; base += 64) {
        uint64_t lt, lf, rt, rf, is_true, is_false;
        logic_word(&left, base, &lt, &lf);
        logic_word(&right, base, &rt, &rf);
        /* what an unevaluated right side holds cannot matter: the left side has decided there */
        is_true = is_and ? lt & rt : lt | (rt & ~lt);
        is_false = is_and ? lf | (rf & ~lf) : lf & rf;
        uint64_t valid = is_true | is_false;
        int32_t size = WEIR_MIN(8, bytes - (base >> 3));
        memcpy(values + (base >> 3), &is_true, (size_t)size);
        memcpy(validity + (base >> 3), &valid, (size_t)size);
    }
    column->null_count = -1;
    *ret = column;
    return WEIR_OK;
}

/* ---- merge ---- */
static bool only_part(const weir_kernel_call *call, const weir_sel *parts, int32_t *ret_index) {
    int32_t found = -1, total = 0;
    for (int32_t i = 0; i < call->args_count; i++) {
        if (parts[i].count == 0)
            continue;
        found = i;
        total = parts[i].count;
        if (total != call->sel.count)
            return false;
    }
    *ret_index = found;
    return found >= 0;
}

static weir_code merge_validity(const weir_kernel_call *call, const weir_sel *parts, weir_column *column,
                                weir_error **err) {
    int32_t covered = 0;
    bool nulls = false;
    for (int32_t i = 0; i < call->args_count; i++) {
        covered += parts[i].count;
        if (parts[i].count)
            nulls |= call->args[i]->validity != NULL || call->args[i]->type->kind == WEIR_TYPE_NULL;
    }
    if (!nulls && covered == call->sel.count)
        return WEIR_OK;
    uint8_t *validity;
    WEIR_TRY(weir_column_make_validity(call->eval->budget, column, &validity, err));
    memset(validity, 0, (size_t)weir_bits_bytes(call->rows));
    for (int32_t i = 0; i < call->args_count; i++)
        for (int32_t k = 0; k < parts[i].count; k++) {
            int32_t row = weir_sel_row(&parts[i], k);
            if (!weir_column_is_null(call->args[i], row))
                weir_bit_set(validity, row);
        }
    column->null_count = -1;
    return WEIR_OK;
}

#define MERGE_WIDTH(bytes) \
    case bytes: \
        for (int32_t k = 0; k < part->count; k++) { \
            int32_t row = weir_sel_row(part, k); \
            memcpy(out + (size_t)row * (bytes), from + (size_t)weir_column_slot(source, row) * (bytes), \
                   (bytes)); \
        } \
        break;

static void merge_fixed_part(uint8_t *out, const weir_column *source, const weir_sel *part, int32_t width) {
    const uint8_t *from = source->values;
    switch (width) {
        MERGE_WIDTH(1)
        MERGE_WIDTH(2)
        MERGE_WIDTH(4)
        MERGE_WIDTH(8)
        MERGE_WIDTH(16)
    default: /* BOOLEAN */
        for (int32_t k = 0; k < part->count; k++) {
            int32_t row = weir_sel_row(part, k);
            weir_bit_put(out, row, weir_bit_get(from, weir_column_slot(source, row)));
        }
    }
}

/* For each row the argument that supplies it, -1 = none. */
static int32_t *merge_sources(const weir_kernel_call *call, const weir_sel *parts) {
    int32_t *source = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * (size_t)(call->rows + 1));
    memset(source, -1, sizeof(int32_t) * (size_t)call->rows);
    for (int32_t i = 0; i < call->args_count; i++)
        for (int32_t k = 0; k < parts[i].count; k++)
            source[weir_sel_row(&parts[i], k)] = i;
    return source;
}

static weir_code merge_bytes(const weir_kernel_call *call, const weir_sel *parts, weir_column **ret,
                             weir_error **err) {
    const int32_t *source = merge_sources(call, parts);
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_EACH(call, i) {
        if (source[i] < 0 || weir_column_is_null(call->args[source[i]], i))
            continue;
        WEIR_TRY(weir_bytes_put(&writer, i, weir_column_bytes(call->args[source[i]], i), err));
    }
    WEIR_TRY(merge_validity(call, parts, writer.column, err));
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code merge_nested(const weir_kernel_call *call, const weir_sel *parts, weir_column **ret,
                              weir_error **err) {
    const int32_t *source = merge_sources(call, parts);
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, call->eval->budget, call->type, call->rows, err));
    bool ok = true;
    for (int32_t i = 0; i < call->rows && ok; i++) {
        if (source[i] < 0 || weir_column_is_null(call->args[source[i]], i))
            ok = weir_builder_null(&builder);
        else
            ok = weir_builder_copy(&builder, call->args[source[i]],
                                   weir_column_slot(call->args[source[i]], i));
    }
    weir_code code = ok ? weir_builder_finish(&builder, ret, err) : weir_error_oom(err);
    weir_builder_fini(&builder);
    return code;
}

weir_code weir_program_merge(const weir_kernel_call *call, const weir_sel *parts, weir_column **ret,
                             weir_error **err) {
    int32_t only;
    if (only_part(call, parts, &only)) {
        *ret = weir_column_reshell(call->args[only], call->type);
        return WEIR_OK;
    }
    if (call->type->kind == WEIR_TYPE_NULL)
        return weir_result_all_null(call, ret, err);
    if (weir_type_is_bytes(call->type))
        return merge_bytes(call, parts, ret, err);
    if (weir_type_is_nested(call->type) || call->type->kind == WEIR_TYPE_VARIANT)
        return merge_nested(call, parts, ret, err);
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    for (int32_t i = 0; i < call->args_count; i++)
        if (parts[i].count && call->args[i]->type->kind != WEIR_TYPE_NULL)
            merge_fixed_part(weir_column_values(column), call->args[i], &parts[i],
                             weir_type_width(call->type));
    weir_code code = merge_validity(call, parts, column, err);
    if (code != WEIR_OK) {
        weir_column_unref(column);
        return code;
    }
    *ret = column;
    return WEIR_OK;
}
