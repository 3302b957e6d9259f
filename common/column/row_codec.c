/* Row encoding (format: row_codec.h, docs/formats/state.md).
 *
 * Encoding runs once per key and row, so it is the hot part of a hash aggregate: the columns are first
 * compiled into a flat list of steps (flat structs become steps of their own); then the rows of a batch are
 * written one after the other, which lets every copy overrun into the bytes that the next field writes.
 * Arrays, maps and variants take the recursive way.
 * Pure functions over caller-owned buffers; any thread. Failure modes: the budget refuses the scratch
 * (OUT_OF_MEMORY), more than 4 GiB in one call. Decoding is in row_decode.c. */
#include "common/column/row_codec.h"

#include "common/base/alloc.h"
#include "common/column/row_buffer_int.h"
#include "common/column/sort_key.h"

#define ROWS_BYTES_MAX UINT32_MAX
#define STRUCT_DEPTH_MAX 16 /* flat steps; deeper structs take the recursive way */

/* ---- the byte area ---- */

void weir_rows_fini(weir_rows *rows) {
    weir_budget_release(rows->budget, (int64_t)(rows->capacity + 4 * (size_t)rows->offsets_capacity));
    weir_free(rows->data);
    weir_free(rows->offsets);
    *rows = (weir_rows){.budget = rows->budget};
}

bool weir_row_buffer_grow(weir_rows *rows, size_t extra) {
    size_t need = rows->size + extra + WEIR_BUFFER_SPARE;
    if (need > ROWS_BYTES_MAX)
        return false;
    size_t capacity = WEIR_MAX(rows->capacity * 2, (size_t)4096);
    while (capacity < need)
        capacity *= 2;
    if (!weir_budget_charge(rows->budget, (int64_t)(capacity - rows->capacity)))
        return false;
    rows->data = weir_realloc(rows->data, capacity);
    memset(rows->data + rows->capacity, 0, capacity - rows->capacity);
    rows->capacity = capacity;
    return true;
}

bool weir_row_buffer_reset(weir_rows *rows, int32_t count) {
    rows->size = 0;
    rows->count = count;
    if (count + 1 > rows->offsets_capacity) {
        int32_t capacity = WEIR_MAX(count + 1, 1024);
        if (!weir_budget_charge(rows->budget, 4 * (int64_t)(capacity - rows->offsets_capacity)))
            return false;
        rows->offsets = weir_realloc(rows->offsets, 4 * (size_t)capacity);
        rows->offsets_capacity = capacity;
    }
    rows->offsets[0] = 0;
    return weir_row_buffer_room(rows, 16);
}

weir_code weir_row_buffer_refused(const weir_rows *rows, weir_error **err) {
    WEIR_FAIL(err, OUT_OF_MEMORY,
              "row buffer of %zu bytes does not fit the task's memory budget of %lld bytes", rows->size,
              rows->budget ? (long long)rows->budget->limit : -1ll);
}

/* ---- the recursive way: any type, one value at a time ---- */

static inline uint64_t normal_double(uint64_t bits) {
    double value;
    memcpy(&value, &bits, 8);
    if (value == 0.0)
        return 0;
    return value != value ? UINT64_C(0x7ff8000000000000) : bits;
}

static inline uint32_t normal_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    if (value == 0.0f)
        return 0;
    return value != value ? UINT32_C(0x7fc00000) : bits;
}

static bool encode_value(weir_rows *rows, const weir_column *column, int32_t row, bool key);

/* Null bits of `count` children rows, then the values. `order` may be NULL. */
static bool encode_list(weir_rows *rows, const weir_column *child, int32_t from, int32_t count,
                        const int32_t *order, bool nulls, bool key) {
    size_t flags = rows->size;
    if (nulls) {
        size_t bytes = (size_t)weir_bits_bytes(count);
        if (!weir_row_buffer_room(rows, bytes))
            return false;
        memset(rows->data + flags, 0, bytes);
        rows->size += bytes;
    }
    for (int32_t i = 0; i < count; i++) {
        int32_t row = order ? order[i] : from + i;
        if (weir_column_is_null(child, row)) {
            if (nulls)
                weir_bit_set(rows->data + flags, i);
        } else if (!encode_value(rows, child, row, key)) {
            return false;
        }
    }
    return true;
}

/* Grouping treats maps as equal whatever the order of their entries: the key form sorts them. */
static bool map_order(const weir_column *keys, int32_t from, int32_t count, int32_t *order) {
    weir_rows sort = {0};
    for (int32_t i = 0; i < count; i++)
        order[i] = from + i;
    weir_column *columns[] = {(weir_column *)keys};
    weir_sel sel = {order, count};
    if (weir_sort_key_encode(&sort, columns, NULL, 1, &sel, NULL) != WEIR_OK) {
        weir_rows_fini(&sort);
        return false;
    }
    int32_t *rank = weir_alloc(4 * (size_t)count);
    for (int32_t i = 0; i < count; i++) { /* insertion sort: maps are short */
        int32_t at = i;
        weir_str mine = weir_rows_at(&sort, i);
        while (at > 0 && weir_str_compare(weir_rows_at(&sort, rank[at - 1]), mine) > 0) {
            rank[at] = rank[at - 1];
            at--;
        }
        rank[at] = i;
    }
    for (int32_t i = 0; i < count; i++)
        order[i] = from + rank[i];
    weir_free(rank);
    weir_rows_fini(&sort);
    return true;
}

static bool encode_map(weir_rows *rows, const weir_column *column, int32_t slot, bool key) {
    int32_t from = column->offsets[slot], count = column->offsets[slot + 1] - from;
    int32_t *order = NULL;
    if (key && count > 1) {
        order = weir_alloc(4 * (size_t)count);
        if (!map_order(column->children[0], from, count, order)) {
            weir_free(order);
            return false;
        }
    }
    bool ok = weir_row_buffer_u32(rows, (uint32_t)count) &&
              encode_list(rows, column->children[0], from, count, order, false, key) &&
              encode_list(rows, column->children[1], from, count, order, true, key);
    weir_free(order);
    return ok;
}

static bool encode_bytes(weir_rows *rows, const weir_column *column, int32_t row) {
    weir_str bytes = weir_column_bytes(column, row);
    return weir_row_buffer_u32(rows, (uint32_t)bytes.size) &&
           weir_row_buffer_put(rows, bytes.data, bytes.size);
}

static bool encode_struct(weir_rows *rows, const weir_column *column, int32_t slot, bool key) {
    size_t flags = rows->size, bytes = (size_t)weir_bits_bytes(column->children_count);
    if (!weir_row_buffer_room(rows, bytes))
        return false;
    memset(rows->data + flags, 0, bytes);
    rows->size += bytes;
    for (int32_t i = 0; i < column->children_count; i++) {
        const weir_column *child = column->children[i];
        if (weir_column_is_null(child, slot))
            weir_bit_set(rows->data + flags, i);
        else if (!encode_value(rows, child, slot, key))
            return false;
    }
    return true;
}

/* A non-null value. */
static bool encode_value(weir_rows *rows, const weir_column *column, int32_t row, bool key) {
    int32_t slot = weir_row_buffer_slot(column, row);
    switch (column->type->kind) {
    case WEIR_TYPE_NULL:
        return true;
    case WEIR_TYPE_BOOLEAN: {
        uint8_t value = weir_bit_get(column->values, slot);
        return weir_row_buffer_put(rows, &value, 1);
    }
    case WEIR_TYPE_FLOAT: {
        uint32_t bits = weir_load32(column->values + 4 * (size_t)slot);
        return weir_row_buffer_u32(rows, key ? normal_float(bits) : bits);
    }
    case WEIR_TYPE_DOUBLE: {
        uint64_t bits = weir_load64(column->values + 8 * (size_t)slot);
        bits = key ? normal_double(bits) : bits;
        return weir_row_buffer_put(rows, &bits, 8);
    }
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_CHAR:
    case WEIR_TYPE_VARCHAR:
    case WEIR_TYPE_BINARY:
        return encode_bytes(rows, column, row);
    case WEIR_TYPE_STRUCT:
        return encode_struct(rows, column, slot, key);
    case WEIR_TYPE_ARRAY: {
        int32_t from = column->offsets[slot], count = column->offsets[slot + 1] - from;
        return weir_row_buffer_u32(rows, (uint32_t)count) &&
               encode_list(rows, column->children[0], from, count, NULL, true, key);
    }
    case WEIR_TYPE_MAP:
        return encode_map(rows, column, slot, key);
    case WEIR_TYPE_VARIANT:
        return encode_bytes(rows, column->children[0], slot) && encode_bytes(rows, column->children[1], slot);
    default: {
        size_t width = (size_t)weir_type_width(column->type);
        return weir_row_buffer_put(rows, column->values + width * (size_t)slot, width);
    }
    }
}

/* ---- the flat way: steps over a batch ---- */

typedef enum step_kind {
    STEP_1,
    STEP_2,
    STEP_4,
    STEP_8,
    STEP_16,
    STEP_BOOL,
    STEP_FLOAT,
    STEP_DOUBLE,
    STEP_BYTES,
    STEP_STRUCT, /* null: jump over `skip` steps */
    STEP_VALUE,  /* recursive */
    STEP_NULL,   /* always null */
} step_kind;

typedef struct step {
    step_kind kind;
    int32_t row_mask; /* 0 where one slot stands for all rows */
    int32_t bit;      /* of its level's null flags */
    int32_t depth;    /* 0 = the row's own fields */
    int32_t skip;
    size_t flags_bytes; /* STRUCT: of its fields' null flags */
    const uint8_t *validity;
    const uint8_t *values;
    const int32_t *offsets;
    const uint8_t *values_limit; /* 16 bytes may be read at addresses below; NULL = none */
    const weir_column *column;
} step;

typedef struct step_list {
    step *items;
    int32_t count, capacity;
    size_t fixed_bytes; /* most that all steps write, without bytes and recursive values */
} step_list;

static step_kind step_kind_of(const weir_column *column, bool key, int32_t depth) {
    switch (column->type->kind) {
    case WEIR_TYPE_NULL:
        return STEP_NULL;
    case WEIR_TYPE_BOOLEAN:
        return STEP_BOOL;
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_CHAR:
    case WEIR_TYPE_VARCHAR:
    case WEIR_TYPE_BINARY:
        return STEP_BYTES;
    case WEIR_TYPE_FLOAT:
        return key ? STEP_FLOAT : STEP_4;
    case WEIR_TYPE_DOUBLE:
        return key ? STEP_DOUBLE : STEP_8;
    case WEIR_TYPE_STRUCT:
        return depth + 1 < STRUCT_DEPTH_MAX ? STEP_STRUCT : STEP_VALUE;
    case WEIR_TYPE_ARRAY:
    case WEIR_TYPE_MAP:
    case WEIR_TYPE_VARIANT:
        return STEP_VALUE;
    default:
        break;
    }
    switch (weir_type_width(column->type)) {
    case 1:
        return STEP_1;
    case 2:
        return STEP_2;
    case 4:
        return STEP_4;
    case 8:
        return STEP_8;
    default:
        return STEP_16;
    }
}

static void add_steps(step_list *list, const weir_column *column, int32_t bit, int32_t depth, int32_t mask,
                      bool key) {
    if (list->count == list->capacity) {
        list->capacity = WEIR_MAX(list->capacity * 2, 16);
        list->items = weir_realloc(list->items, sizeof(step) * (size_t)list->capacity);
    }
    int32_t at = list->count++;
    mask &= column->encoding == WEIR_CONSTANT ? 0 : -1;
    const uint8_t *limit = NULL;
    if (column->values_buffer && column->values_buffer->size >= 16)
        limit = column->values_buffer->data + column->values_buffer->size - 15;
    list->items[at] = (step){.kind = step_kind_of(column, key, depth),
                             .row_mask = mask,
                             .bit = bit,
                             .depth = depth,
                             .validity = column->validity,
                             .values = column->values,
                             .offsets = column->offsets,
                             .values_limit = limit,
                             .column = column};
    list->fixed_bytes += 24;
    if (list->items[at].kind == STEP_STRUCT) {
        size_t flags = (size_t)weir_bits_bytes(column->children_count);
        list->items[at].flags_bytes = flags;
        list->fixed_bytes += flags + 8;
        for (int32_t i = 0; i < column->children_count; i++)
            add_steps(list, column->children[i], i, depth + 1, mask, key);
        list->items[at].skip = list->count - at - 1;
    }
}

/* Writes size and bytes; short ones with one overrunning 16-byte copy. */
static inline uint8_t *put_bytes(weir_rows *rows, uint8_t *out, const step *s, int32_t slot, size_t rest) {
    int32_t from = s->offsets[slot];
    uint32_t size = (uint32_t)(s->offsets[slot + 1] - from);
    const uint8_t *data = s->values + from;
    if (WEIR_LIKELY(size <= 16 && data < s->values_limit)) {
        memcpy(out, &size, 4);
        memcpy(out + 4, data, 16);
        return out + 4 + size;
    }
    rows->size = (size_t)(out - rows->data);
    if (!weir_row_buffer_room(rows, 4 + size + rest))
        return NULL;
    out = rows->data + rows->size;
    memcpy(out, &size, 4);
    if (size)
        memcpy(out + 4, data, size);
    return out + 4 + size;
}

/* Zeroed null flags; short ones with one overrunning store. */
static inline uint8_t *put_flags(uint8_t *out, size_t bytes) {
    weir_store64(out, 0);
    if (WEIR_UNLIKELY(bytes > 8))
        memset(out, 0, bytes);
    return out + bytes;
}

/* One row from `out` on; NULL where memory is refused. There is room for all fixed bytes and, by
 * put_bytes and STEP_VALUE, there stays room for them behind every variable field. */
static inline uint8_t *encode_row(weir_rows *rows, uint8_t *out, const step_list *list, int32_t row,
                                  size_t top_flags, bool key) {
    size_t flags[STRUCT_DEPTH_MAX];
    flags[0] = (size_t)(out - rows->data);
    out = put_flags(out, top_flags);
    size_t rest = list->fixed_bytes + 32;
    const step *end = list->items + list->count;
    for (const step *s = list->items; s < end; s++) {
        int32_t slot = row & s->row_mask;
        if (s->kind == STEP_NULL || (s->validity && !weir_bit_get(s->validity, slot))) {
            weir_bit_set(rows->data + flags[s->depth], s->bit);
            s += s->skip;
            continue;
        }
        switch (s->kind) {
        case STEP_1:
            *out++ = s->values[slot];
            break;
        case STEP_2:
            memcpy(out, s->values + 2 * (size_t)slot, 2);
            out += 2;
            break;
        case STEP_4:
            memcpy(out, s->values + 4 * (size_t)slot, 4);
            out += 4;
            break;
        case STEP_8:
            memcpy(out, s->values + 8 * (size_t)slot, 8);
            out += 8;
            break;
        case STEP_16:
            memcpy(out, s->values + 16 * (size_t)slot, 16);
            out += 16;
            break;
        case STEP_BOOL:
            *out++ = weir_bit_get(s->values, slot);
            break;
        case STEP_FLOAT:
            weir_store32(out, normal_float(weir_load32(s->values + 4 * (size_t)slot)));
            out += 4;
            break;
        case STEP_DOUBLE:
            weir_store64(out, normal_double(weir_load64(s->values + 8 * (size_t)slot)));
            out += 8;
            break;
        case STEP_BYTES:
            out = put_bytes(rows, out, s, slot, rest);
            if (WEIR_UNLIKELY(!out))
                return NULL;
            break;
        case STEP_STRUCT:
            flags[s->depth + 1] = (size_t)(out - rows->data);
            out = put_flags(out, s->flags_bytes);
            break;
        case STEP_VALUE:
        case STEP_NULL:
            rows->size = (size_t)(out - rows->data);
            if (!encode_value(rows, s->column, slot, key) || !weir_row_buffer_room(rows, rest))
                return NULL;
            out = rows->data + rows->size;
            break;
        }
    }
    return out;
}

static bool encode_rows(weir_rows *rows, const step_list *list, const weir_sel *sel, size_t top_flags,
                        bool key) {
    size_t most = list->fixed_bytes + top_flags + 64;
    for (int32_t i = 0; i < sel->count; i++) {
        if (!weir_row_buffer_room(rows, most))
            return false;
        uint8_t *out = encode_row(rows, rows->data + rows->size, list, weir_sel_row(sel, i), top_flags, key);
        if (!out)
            return false;
        rows->size = (size_t)(out - rows->data);
        rows->offsets[i + 1] = (uint32_t)rows->size;
    }
    return true;
}

/* Key form of a collated string would be its collation key, which does not give the value back. */
bool weir_row_buffer_collated(const weir_type *type) {
    if (weir_type_is_string(type) && type->collation != 0)
        return true;
    for (int32_t i = 0; i < type->fields_count; i++) {
        if (weir_row_buffer_collated(type->fields[i].type))
            return true;
    }
    return (type->element && weir_row_buffer_collated(type->element)) ||
           (type->value && weir_row_buffer_collated(type->value));
}

static weir_code encode(weir_rows *rows, weir_column *const *columns, int32_t columns_count,
                        const weir_sel *sel, bool key, weir_error **err) {
    step_list list = {0};
    weir_code code = WEIR_OK;
    weir_column **flat = weir_alloc_zero((size_t)columns_count + 1, sizeof(*flat));
    if (!weir_row_buffer_reset(rows, sel->count))
        code = weir_row_buffer_refused(rows, err);
    for (int32_t i = 0; i < columns_count && code == WEIR_OK; i++) {
        if (key && weir_row_buffer_collated(columns[i]->type)) {
            code = weir_error_failf(
                err, WEIR_NOT_SUPPORTED,
                "Grouping by strings with a collation other than UTF8_BINARY is not supported.");
            break;
        }
        const weir_column *column = columns[i];
        if (column->encoding == WEIR_DICTIONARY) {
            code = weir_column_flatten(rows->budget, columns[i], &flat[i], err);
            column = flat[i];
        }
        if (code == WEIR_OK)
            add_steps(&list, column, i, 0, -1, key);
    }
    if (code == WEIR_OK && !encode_rows(rows, &list, sel, (size_t)weir_bits_bytes(columns_count), key))
        code = weir_row_buffer_refused(rows, err);
    for (int32_t i = 0; i < columns_count; i++)
        weir_column_unref(flat[i]);
    weir_free(flat);
    weir_free(list.items);
    return code;
}

weir_code weir_rows_encode(weir_rows *rows, weir_column *const *columns, int32_t columns_count,
                           const weir_sel *sel, weir_error **err) {
    return encode(rows, columns, columns_count, sel, true, err);
}

weir_code weir_rows_encode_values(weir_rows *rows, weir_column *const *columns, int32_t columns_count,
                                  const weir_sel *sel, weir_error **err) {
    return encode(rows, columns, columns_count, sel, false, err);
}
