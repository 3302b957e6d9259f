/* Batches to Arrow IPC streams (arrow_ipc.h).
 *
 *   put:  columns that are not flat, or not wholly selected, are gathered; the rest is held as it is
 *   next: pending batches that fit the limits of rows and bytes together become one, or the first one is cut;
 *         the buffers of its columns are listed (pieces), which gives all sizes; then one counted
 *         buffer of the exact size is filled, each piece with one copy where its layout is Arrow's
 *
 * Failure modes: the budget refuses the stream (OUT_OF_MEMORY, the rows stay pending); a calendar interval
 * whose microseconds do not fit nanoseconds (ARITHMETIC_OVERFLOW, as in Spark). Any one thread. */
#include "common/arrow/arrow_int.h"
#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/types/datetime.h"

typedef enum piece_kind {
    PIECE_BYTES,
    PIECE_BITS,         /* from a bit that need not begin a byte */
    PIECE_OFFSETS,      /* int32, rebased to begin at 0 */
    PIECE_WIDE_OFFSETS, /* the same as int64 */
    PIECE_CALENDAR,     /* microseconds to nanoseconds */
} piece_kind;

typedef struct body_piece {
    piece_kind kind;
    const uint8_t *data;
    int64_t from, count; /* PIECE_BITS: bits; offsets: rows; else bytes and values behind `data` */
    int64_t size;        /* bytes in the body, without padding */
} body_piece;

/* The buffers of a part of a batch, in the order of the fields. */
typedef struct part_plan {
    int64_t (*nodes)[2]; /* length, nulls */
    body_piece *pieces;
    int32_t nodes_count, pieces_count;
    int64_t body_size;
} part_plan;

typedef struct pending_batch {
    weir_batch *batch; /* flat throughout */
    int32_t from, count;
    struct pending_batch *next;
} pending_batch;

struct weir_arrow_writer {
    const weir_type *schema;
    weir_arrow_options options;
    weir_budget *budget;
    weir_strbuf schema_metadata;
    weir_strbuf metadata; /* of the record batch at hand */
    part_plan plan;
    int32_t nodes_max, pieces_max;
    pending_batch *first, *last;
    int64_t pending_rows, pending_size;
    bool started; /* a stream was given */
};

static void count_nodes(const weir_type *type, int32_t *nodes, int32_t *pieces) {
    ++*nodes;
    *pieces += type->kind == WEIR_TYPE_NULL ? 0 : weir_type_is_bytes(type) ? 3 : 2;
    if (type->kind == WEIR_TYPE_MAP) { /* the entries struct */
        ++*nodes;
        ++*pieces;
    }
    for (int32_t i = 0; i < weir_type_children_count(type); i++)
        count_nodes(weir_type_child(type, i), nodes, pieces);
}

weir_arrow_writer *weir_arrow_writer_new(const weir_type *schema, const weir_arrow_options *options,
                                         weir_budget *budget) {
    weir_arrow_writer *writer = weir_alloc_zero(1, sizeof *writer);
    writer->schema = schema;
    writer->options = *options;
    writer->budget = budget;
    if (writer->options.rows_max <= 0)
        writer->options.rows_max = WEIR_ARROW_ROWS_MAX;
    if (writer->options.bytes_max <= 0)
        writer->options.bytes_max = WEIR_ARROW_BYTES_MAX;
    weir_arrow_schema_encode(&writer->schema_metadata, schema, &writer->options);
    for (int32_t i = 0; i < schema->fields_count; i++)
        count_nodes(schema->fields[i].type, &writer->nodes_max, &writer->pieces_max);
    writer->plan.nodes = weir_alloc_zero((size_t)writer->nodes_max + 1, sizeof *writer->plan.nodes);
    writer->plan.pieces = weir_alloc_zero((size_t)writer->pieces_max + 1, sizeof *writer->plan.pieces);
    return writer;
}

static void drop_first(weir_arrow_writer *writer) {
    pending_batch *first = writer->first;
    writer->first = first->next;
    if (!writer->first)
        writer->last = NULL;
    weir_batch_unref(first->batch);
    weir_free(first);
}

void weir_arrow_writer_free(weir_arrow_writer *writer) {
    if (!writer)
        return;
    while (writer->first)
        drop_first(writer);
    weir_strbuf_fini(&writer->schema_metadata);
    weir_strbuf_fini(&writer->metadata);
    weir_free(writer->plan.nodes);
    weir_free(writer->plan.pieces);
    weir_free(writer);
}

void weir_arrow_writer_free_ptr(weir_arrow_writer **writer) {
    weir_arrow_writer_free(*writer);
}

/* ---- sizes and pieces ---- */

static int64_t padded(int64_t size) {
    return (size + 7) & ~INT64_C(7);
}

static int64_t count_nulls(const uint8_t *bits, int64_t from, int64_t count) {
    int64_t set = 0, at = from, end = from + count;
    while (at < end && (at & 7))
        set += weir_bit_get(bits, at++);
    for (; at + 64 <= end; at += 64)
        set += __builtin_popcountll(weir_load64(bits + (at >> 3)));
    while (at < end)
        set += weir_bit_get(bits, at++);
    return count - set;
}

static void add_piece(part_plan *plan, piece_kind kind, const void *data, int64_t from, int64_t count,
                      int64_t size) {
    plan->pieces[plan->pieces_count++] = (body_piece){kind, data, from, count, size};
    plan->body_size += padded(size);
}

static void add_node(part_plan *plan, int64_t rows, int64_t nulls) {
    plan->nodes[plan->nodes_count][0] = rows;
    plan->nodes[plan->nodes_count++][1] = nulls;
}

static void plan_values(const weir_arrow_writer *writer, part_plan *plan, const weir_column *column,
                        int64_t from, int64_t rows) {
    const weir_type *type = column->type;
    if (weir_type_has_offsets(type)) {
        bool wide = writer->options.large_vars && weir_type_is_bytes(type);
        add_piece(plan, wide ? PIECE_WIDE_OFFSETS : PIECE_OFFSETS, column->offsets + from, 0, rows,
                  (rows + 1) * (wide ? 8 : 4));
    }
    if (weir_type_is_bytes(type)) {
        int64_t size = column->offsets[from + rows] - column->offsets[from];
        add_piece(plan, PIECE_BYTES, size ? column->values + column->offsets[from] : NULL, 0, size, size);
    } else if (type->kind == WEIR_TYPE_BOOLEAN) {
        add_piece(plan, PIECE_BITS, column->values, from, rows, weir_bits_bytes(rows));
    } else if (weir_type_width(type) > 0) {
        int64_t width = weir_type_width(type);
        bool calendar = type->kind == WEIR_TYPE_INTERVAL_CALENDAR;
        add_piece(plan, calendar ? PIECE_CALENDAR : PIECE_BYTES, rows ? column->values + from * width : NULL,
                  0, calendar ? rows : rows * width, rows * width);
    }
}

/* The buffers of rows [from, from + rows) of a column that is flat throughout. */
static void plan_column(const weir_arrow_writer *writer, part_plan *plan, const weir_column *column,
                        int64_t from, int64_t rows) {
    const weir_type *type = column->type;
    if (type->kind == WEIR_TYPE_NULL) {
        add_node(plan, rows, rows);
        return;
    }
    int64_t nulls =
        column->validity && column->null_count != 0 ? count_nulls(column->validity, from, rows) : 0;
    add_node(plan, rows, nulls);
    add_piece(plan, PIECE_BITS, column->validity, from, nulls ? rows : 0, nulls ? weir_bits_bytes(rows) : 0);
    plan_values(writer, plan, column, from, rows);
    if (weir_type_is_list(type)) {
        int64_t end = column->offsets[from + rows];
        from = column->offsets[from];
        rows = end - from;
    }
    if (type->kind == WEIR_TYPE_MAP) {
        add_node(plan, rows, 0);
        add_piece(plan, PIECE_BITS, NULL, 0, 0, 0);
    }
    for (int32_t i = 0; i < column->children_count; i++)
        plan_column(writer, plan, column->children[i], from, rows);
}

static void plan_part(weir_arrow_writer *writer, const weir_batch *batch, int32_t from, int32_t rows) {
    part_plan *plan = &writer->plan;
    plan->nodes_count = plan->pieces_count = 0;
    plan->body_size = 0;
    for (int32_t i = 0; i < batch->columns_count; i++)
        plan_column(writer, plan, batch->columns[i], from, rows);
    WEIR_ASSERT(plan->nodes_count == writer->nodes_max && plan->pieces_count <= writer->pieces_max);
}

static int64_t part_size(weir_arrow_writer *writer, const weir_batch *batch, int32_t from, int32_t rows) {
    plan_part(writer, batch, from, rows);
    return writer->plan.body_size;
}

/* ---- filling ---- */

static void fill_bits(uint8_t *to, const body_piece *piece) {
    if (!piece->count)
        return;
    const uint8_t *from = piece->data + (piece->from >> 3);
    int shift = (int)(piece->from & 7);
    int64_t in_bytes = weir_bits_bytes(piece->count + shift);
    if (shift == 0) {
        memcpy(to, from, (size_t)piece->size);
    } else {
        for (int64_t i = 0; i < piece->size; i++) {
            unsigned high = i + 1 < in_bytes ? from[i + 1] : 0;
            to[i] = (uint8_t)(from[i] >> shift | high << (8 - shift));
        }
    }
    if (piece->count & 7) /* bits behind the end are zero */
        to[piece->size - 1] &= (uint8_t)((1u << (piece->count & 7)) - 1);
}

static void fill_offsets(uint8_t *to, const body_piece *piece) {
    const int32_t *offsets = (const int32_t *)(const void *)piece->data;
    int32_t base = offsets[0];
    if (piece->kind == PIECE_WIDE_OFFSETS) {
        for (int64_t i = 0; i <= piece->count; i++)
            ((int64_t *)(void *)to)[i] = (int64_t)offsets[i] - base;
    } else if (base == 0) {
        memcpy(to, offsets, (size_t)piece->size);
    } else {
        for (int64_t i = 0; i <= piece->count; i++)
            ((int32_t *)(void *)to)[i] = offsets[i] - base;
    }
}

/* Values under nulls wrap: `validity` is not at hand here, so an overflow is looked up in the caller. */
static bool fill_calendar(uint8_t *to, const body_piece *piece, const body_piece *validity) {
    bool fits = true;
    for (int64_t i = 0; i < piece->count; i++) {
        weir_calendar_interval interval;
        memcpy(&interval, piece->data + 16 * i, sizeof interval);
        if (__builtin_mul_overflow(interval.micros, 1000, &interval.micros))
            fits &= validity->count && !weir_bit_get(validity->data, validity->from + i);
        memcpy(to + 16 * i, &interval, sizeof interval);
    }
    return fits;
}

static weir_code fill_body(const part_plan *plan, uint8_t *to, weir_error **err) {
    for (int32_t i = 0; i < plan->pieces_count; i++) {
        const body_piece *piece = &plan->pieces[i];
        if (piece->kind == PIECE_BITS)
            fill_bits(to, piece);
        else if (piece->kind == PIECE_OFFSETS || piece->kind == PIECE_WIDE_OFFSETS)
            fill_offsets(to, piece);
        else if (piece->kind == PIECE_CALENDAR && !fill_calendar(to, piece, piece - 1))
            WEIR_FAIL(err, ARITHMETIC_OVERFLOW, "long overflow");
        else if (piece->kind == PIECE_BYTES && piece->size)
            memcpy(to, piece->data, (size_t)piece->size);
        int64_t end = padded(piece->size);
        memset(to + piece->size, 0, (size_t)(end - piece->size));
        to += end;
    }
    return WEIR_OK;
}

static void encode_batch(weir_arrow_writer *writer, int64_t rows) {
    const part_plan *plan = &writer->plan;
    weir_strbuf *buf = &writer->metadata;
    size_t header = weir_arrow_message_begin(buf, WEIR_ARROW_HEAD_BATCH, plan->body_size), places[3];
    const weir_flat_field fields[3] = {WEIR_FLAT_SCALAR(8, rows), WEIR_FLAT_REFERENCE, WEIR_FLAT_REFERENCE};
    weir_flat_put_table(buf, header, fields, 3, places);
    size_t at = weir_flat_put_vector(buf, places[1], (uint32_t)plan->nodes_count, 16);
    if (plan->nodes_count)
        memcpy(buf->data + at, plan->nodes, 16 * (size_t)plan->nodes_count);
    at = weir_flat_put_vector(buf, places[2], (uint32_t)plan->pieces_count, 16);
    int64_t offset = 0;
    for (int32_t i = 0; i < plan->pieces_count; i++, at += 16) {
        int64_t place[2] = {offset, plan->pieces[i].size};
        memcpy(buf->data + at, place, sizeof place);
        offset += padded(plan->pieces[i].size);
    }
}

/* ---- streams ---- */

static int64_t message_size(const weir_strbuf *metadata) {
    return 8 + padded((int64_t)metadata->size);
}

static uint8_t *put_message(uint8_t *to, const weir_strbuf *metadata) {
    size_t size = (size_t)padded((int64_t)metadata->size);
    weir_store32(to, UINT32_MAX);
    weir_store32(to + 4, (uint32_t)size);
    memcpy(to + 8, metadata->data, metadata->size);
    memset(to + 8 + metadata->size, 0, size - metadata->size);
    return to + 8 + size;
}

static void put_end(uint8_t *to) {
    weir_store32(to, UINT32_MAX);
    weir_store32(to + 4, 0);
}

weir_code weir_arrow_writer_schema(weir_arrow_writer *writer, weir_buffer **ret, weir_error **err) {
    weir_buffer *stream = weir_buffer_new(writer->budget, (size_t)message_size(&writer->schema_metadata) + 8);
    if (!stream)
        WEIR_FAIL_OOM(err);
    put_end(put_message(stream->data, &writer->schema_metadata));
    *ret = stream;
    return WEIR_OK;
}

/* How many rows of the first pending batch, from its front, fit the limits; at least one. */
static int32_t rows_that_fit(weir_arrow_writer *writer) {
    const pending_batch *first = writer->first;
    int32_t most = WEIR_MIN(first->count, writer->options.rows_max), least = WEIR_MIN(first->count, 1);
    if (part_size(writer, first->batch, first->from, most) <= writer->options.bytes_max)
        return most;
    while (least + 1 < most) { /* `least` fits or is one row, `most` does not fit */
        int32_t middle = least + (most - least) / 2;
        if (part_size(writer, first->batch, first->from, middle) <= writer->options.bytes_max)
            least = middle;
        else
            most = middle;
    }
    return least;
}

/* How many pending batches, whole, fit one stream. */
static int32_t count_whole(weir_arrow_writer *writer) {
    int64_t rows = 0, size = 0;
    int32_t whole = 0;
    for (pending_batch *p = writer->first; p; p = p->next, whole++) {
        rows += p->count;
        size += part_size(writer, p->batch, p->from, p->count);
        if (rows > writer->options.rows_max || size > writer->options.bytes_max)
            break;
    }
    return whole;
}

/* The first `count` pending batches become one: PySpark's client takes streams of one record batch alone. */
static weir_code merge_pending(weir_arrow_writer *writer, int32_t count, weir_error **err) {
    _cleanup_free_ weir_batch **batches = weir_alloc(sizeof(*batches) * (size_t)count);
    weir_batch *batch = NULL;
    const pending_batch *p = writer->first;
    for (int32_t i = 0; i < count; i++, p = p->next)
        batches[i] = p->batch;
    WEIR_TRY(weir_batch_concat(writer->budget, writer->schema, batches, count, &batch, err));
    for (int32_t i = 0; i < count; i++) {
        pending_batch *first = writer->first;
        writer->pending_size -= part_size(writer, first->batch, first->from, first->count);
        if (i < count - 1)
            drop_first(writer);
    }
    pending_batch *merged = writer->first;
    weir_batch_unref(merged->batch);
    merged->batch = batch;
    merged->count = batch->rows;
    writer->pending_size += part_size(writer, batch, 0, batch->rows);
    return WEIR_OK;
}

/* Makes the first pending batch hold the rows of the next stream; returns how many of its rows these are. */
static weir_code choose_rows(weir_arrow_writer *writer, int32_t *ret, weir_error **err) {
    int32_t whole = writer->first->from ? 1 : count_whole(writer);
    if (whole > 1)
        WEIR_TRY(merge_pending(writer, whole, err));
    *ret = writer->first->count ? rows_that_fit(writer) : 0; /* 0: the batch of a result without rows */
    return WEIR_OK;
}

/* One record batch with the first `rows` rows of the first pending batch. */
static weir_code make_stream(weir_arrow_writer *writer, int32_t rows, weir_buffer **ret, weir_error **err) {
    plan_part(writer, writer->first->batch, writer->first->from, rows);
    encode_batch(writer, rows);
    int64_t size =
        message_size(&writer->schema_metadata) + message_size(&writer->metadata) + writer->plan.body_size + 8;
    _cleanup_buffer_ weir_buffer *stream = weir_buffer_new(writer->budget, (size_t)size);
    if (!stream)
        WEIR_FAIL_OOM(err);
    uint8_t *to = put_message(stream->data, &writer->schema_metadata);
    to = put_message(to, &writer->metadata);
    WEIR_TRY(fill_body(&writer->plan, to, err));
    put_end(to + writer->plan.body_size);
    *ret = stream;
    stream = NULL;
    return WEIR_OK;
}

/* Takes what a stream holds off the pending rows. */
static void advance(weir_arrow_writer *writer, int32_t rows) {
    pending_batch *first = writer->first;
    writer->pending_size -= part_size(writer, first->batch, first->from, first->count);
    writer->pending_rows -= rows;
    first->from += rows;
    first->count -= rows;
    if (first->count)
        writer->pending_size += part_size(writer, first->batch, first->from, first->count);
    else
        drop_first(writer);
}

/* ---- what is put ---- */

static bool is_flat(const weir_column *column) {
    bool flat = column->encoding == WEIR_FLAT;
    for (int32_t i = 0; i < column->children_count && flat; i++)
        flat = is_flat(column->children[i]);
    return flat;
}

/* The selected rows with all columns flat: those that are so already are shared. */
static weir_code flatten_batch(weir_arrow_writer *writer, weir_batch *batch, const weir_sel *sel,
                               weir_batch **ret, weir_error **err) {
    int32_t width = batch->columns_count, rows = sel ? sel->count : batch->rows;
    _cleanup_free_ weir_column **columns = weir_alloc_zero((size_t)width + 1, sizeof(*columns));
    _cleanup_free_ int32_t *all = NULL;
    const int32_t *selected = sel ? sel->rows : NULL;
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < width && code == WEIR_OK; i++) {
        if (!selected && is_flat(batch->columns[i])) {
            columns[i] = weir_column_ref(batch->columns[i]);
            continue;
        }
        if (!selected && !all) {
            all = weir_alloc(sizeof(int32_t) * ((size_t)rows + 1));
            for (int32_t r = 0; r < rows; r++)
                all[r] = r;
        }
        code = weir_column_gather(writer->budget, batch->columns[i], selected ? selected : all, rows,
                                  &columns[i], err);
    }
    if (code == WEIR_OK) {
        *ret = weir_batch_new(writer->schema, rows, columns, width);
        return WEIR_OK;
    }
    for (int32_t i = 0; i < width; i++)
        weir_column_unref(columns[i]);
    return code;
}

static void add_pending(weir_arrow_writer *writer, weir_batch *flat /* takes */) {
    pending_batch *pending = weir_alloc_zero(1, sizeof *pending);
    pending->batch = flat;
    pending->count = flat->rows;
    if (writer->last)
        writer->last->next = pending;
    else
        writer->first = pending;
    writer->last = pending;
    writer->pending_rows += flat->rows;
    writer->pending_size += part_size(writer, flat, 0, flat->rows);
}

weir_code weir_arrow_writer_put(weir_arrow_writer *writer, weir_batch *batch, const weir_sel *sel,
                                weir_error **err) {
    WEIR_ASSERT(batch->columns_count == writer->schema->fields_count);
    weir_batch *flat;
    if ((sel ? sel->count : batch->rows) == 0)
        return WEIR_OK;
    WEIR_TRY(flatten_batch(writer, batch, sel, &flat, err));
    add_pending(writer, flat);
    return WEIR_OK;
}

static weir_code put_empty(weir_arrow_writer *writer, weir_error **err) {
    int32_t width = writer->schema->fields_count;
    _cleanup_free_ weir_column **columns = weir_alloc_zero((size_t)width + 1, sizeof(*columns));
    for (int32_t i = 0; i < width; i++) {
        const weir_type *type = writer->schema->fields[i].type;
        weir_code code = weir_column_new_nulls(writer->budget, type, 0, &columns[i], err);
        for (int32_t k = 0; code != WEIR_OK && k < i; k++)
            weir_column_unref(columns[k]);
        WEIR_TRY(code);
    }
    add_pending(writer, weir_batch_new(writer->schema, 0, columns, width));
    return WEIR_OK;
}

weir_code weir_arrow_writer_next(weir_arrow_writer *writer, bool last, weir_buffer **ret, int32_t *ret_rows,
                                 weir_error **err) {
    *ret = NULL;
    *ret_rows = 0;
    if (last && !writer->started && !writer->first)
        WEIR_TRY(put_empty(writer, err));
    bool full =
        writer->pending_rows >= writer->options.rows_max || writer->pending_size >= writer->options.bytes_max;
    if (!writer->first || (!last && !full))
        return WEIR_OK;
    int32_t rows = 0;
    WEIR_TRY(choose_rows(writer, &rows, err));
    WEIR_TRY(make_stream(writer, rows, ret, err));
    advance(writer, rows);
    writer->started = true;
    *ret_rows = rows;
    return WEIR_OK;
}
