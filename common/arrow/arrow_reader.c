/* Arrow IPC streams and files to batches (arrow_ipc.h): messages in order, each checked before it is used.
 *
 * A file is a stream behind "ARROW1\0\0"; its footer is not needed. A stream may end with its end mark or
 * with its bytes. Dictionaries are kept until the reader closes; a later one of the same id replaces it.
 * Refused by name: LZ4 (NOT_SUPPORTED), deltas of dictionaries (NOT_SUPPORTED), types without a match
 * (UNSUPPORTED_ARROWTYPE). Everything else that is wrong is MALFORMED_ARROW_DATA. One thread. */
#include "common/arrow/arrow_int.h"
#include "common/base/alloc.h"

struct weir_arrow_reader {
    weir_arena *arena;
    weir_budget *budget;
    weir_buffer *carrier;
    const char *what;
    size_t at;
    bool ended;
    const weir_type *schema;
    weir_arrow_field *fields;
    weir_arrow_dictionary *dictionaries;
    int32_t dictionaries_count;
};

#define DICTIONARIES_MAX 4096 /* each is searched for */

/* A message at hand. */
typedef struct message {
    weir_flat_view view;
    weir_flat_table header;
    int head;
    size_t body, body_size;
} message;

static weir_code bad(const weir_arrow_reader *reader, const char *reason, weir_error **err) {
    return weir_arrow_damaged(reader->what, reason, err);
}

/* The size of the next message's metadata; 0 at the end of the stream. */
static weir_code next_size(weir_arrow_reader *reader, uint32_t *ret, weir_error **err) {
    const weir_buffer *carrier = reader->carrier;
    *ret = 0;
    if (reader->at == carrier->size)
        return WEIR_OK;
    if (carrier->size - reader->at < 4)
        return bad(reader, "a message that is cut off", err);
    uint32_t size = weir_load32(carrier->data + reader->at);
    reader->at += 4;
    if (size == UINT32_MAX) { /* streams before Arrow 0.15 lack this mark */
        if (carrier->size - reader->at < 4)
            return bad(reader, "a message that is cut off", err);
        size = weir_load32(carrier->data + reader->at);
        reader->at += 4;
    }
    if (size > carrier->size - reader->at)
        return bad(reader, "a message that is cut off", err);
    *ret = size;
    return WEIR_OK;
}

/* ret->head is 0 at the end. */
static weir_code next_message(weir_arrow_reader *reader, message *ret, weir_error **err) {
    uint32_t size;
    *ret = (message){0};
    WEIR_TRY(next_size(reader, &size, err));
    if (size == 0) {
        reader->ended = true;
        return WEIR_OK;
    }
    ret->view = (weir_flat_view){reader->carrier->data + reader->at, size, false};
    reader->at += size;
    weir_flat_table root = weir_flat_root(&ret->view);
    uint64_t version = weir_flat_unsigned(&root, 0, 2, 0);
    ret->head = (int)weir_flat_unsigned(&root, 1, 1, 0);
    ret->header = weir_flat_child(&root, 2);
    int64_t body_size = weir_flat_signed(&root, 3, 8, 0);
    if (ret->view.bad || !ret->header.view)
        return bad(reader, "a message that is not one", err);
    if (version != WEIR_ARROW_VERSION && version != WEIR_ARROW_VERSION - 1)
        return bad(reader, "an unknown version of the format", err);
    if (body_size < 0 || (uint64_t)body_size > reader->carrier->size - reader->at)
        return bad(reader, "a message that is cut off", err);
    ret->body = reader->at;
    ret->body_size = (size_t)body_size;
    reader->at += ret->body_size;
    return WEIR_OK;
}

/* The lists of a RecordBatch table. */
static weir_code open_body(weir_arrow_reader *reader, const message *m, const weir_flat_table *batch,
                           weir_arrow_body *ret, int32_t *ret_rows, weir_error **err) {
    int64_t rows = weir_flat_signed(batch, 0, 8, 0);
    weir_flat_table compression = weir_flat_child(batch, 3);
    *ret = (weir_arrow_body){
        .carrier = reader->carrier,
        .budget = reader->budget,
        .what = reader->what,
        .err = err,
        .from = m->body,
        .size = m->body_size,
        .compressed = compression.view != NULL,
        .nodes = weir_flat_elements(batch, 1, 16),
        .buffers = weir_flat_elements(batch, 2, 16),
        .variadic = weir_flat_elements(batch, 4, 8),
        .dictionaries = reader->dictionaries,
    };
    int64_t codec = weir_flat_signed(&compression, 0, 1, 0), method = weir_flat_signed(&compression, 1, 1, 0);
    if (m->view.bad || !batch->view || rows < 0 || rows >= INT32_MAX)
        return bad(reader, "a batch that is not one", err);
    if (ret->compressed && codec == 0)
        WEIR_FAIL(err, NOT_SUPPORTED,
                  "LZ4 compression of Arrow data is not supported by Weir; use zstd or none");
    if (ret->compressed && (codec != 1 || method != 0))
        return bad(reader, "an unknown compression", err);
    *ret_rows = (int32_t)rows;
    return WEIR_OK;
}

/* The field whose values stand in dictionary `id`; nested ones too. */
static const weir_arrow_field *find_dictionary(const weir_arrow_field *fields, int32_t count, int64_t id) {
    for (int32_t i = 0; i < count; i++) {
        if (fields[i].in_dictionary && fields[i].dictionary == id)
            return &fields[i];
        const weir_arrow_field *found = find_dictionary(fields[i].children, fields[i].children_count, id);
        if (found)
            return found;
    }
    return NULL;
}

static void keep_dictionary(weir_arrow_reader *reader, int64_t id, weir_column *values /* takes */) {
    for (weir_arrow_dictionary *d = reader->dictionaries; d; d = d->next) {
        if (d->id == id) {
            weir_column_unref(d->values);
            d->values = values;
            return;
        }
    }
    weir_arrow_dictionary *added = weir_alloc_zero(1, sizeof *added);
    added->id = id;
    added->values = values;
    added->next = reader->dictionaries;
    reader->dictionaries = added;
}

static weir_code read_dictionary(weir_arrow_reader *reader, message *m, weir_error **err) {
    int64_t id = weir_flat_signed(&m->header, 0, 8, 0);
    bool delta = weir_flat_unsigned(&m->header, 2, 1, 0) != 0;
    weir_flat_table batch = weir_flat_child(&m->header, 1);
    weir_arrow_body body;
    weir_column *values;
    int32_t rows;
    WEIR_TRY(open_body(reader, m, &batch, &body, &rows, err));
    if (delta)
        WEIR_FAIL(err, NOT_SUPPORTED, "Deltas of Arrow dictionaries are not supported by Weir");
    const weir_arrow_field *field = find_dictionary(reader->fields, reader->schema->fields_count, id);
    if (!field)
        return bad(reader, "a dictionary of no column", err);
    if (++reader->dictionaries_count > DICTIONARIES_MAX)
        return bad(reader, "too many dictionaries", err);
    WEIR_TRY(weir_arrow_take_column(&body, field, rows, true, &values));
    keep_dictionary(reader, id, values);
    return WEIR_OK;
}

static weir_code read_batch(weir_arrow_reader *reader, message *m, weir_batch **ret, weir_error **err) {
    int32_t count = reader->schema->fields_count, rows;
    weir_arrow_body body;
    WEIR_TRY(open_body(reader, m, &m->header, &body, &rows, err));
    _cleanup_free_ weir_column **columns = weir_alloc_zero((size_t)count + 1, sizeof(*columns));
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < count && code == WEIR_OK; i++)
        code = weir_arrow_take_column(&body, &reader->fields[i], rows, false, &columns[i]);
    if (code == WEIR_OK) {
        *ret = weir_batch_new(reader->schema, rows, columns, count);
        return WEIR_OK;
    }
    for (int32_t i = 0; i < count; i++)
        weir_column_unref(columns[i]);
    return code;
}

weir_code weir_arrow_reader_next(weir_arrow_reader *reader, weir_batch **ret, weir_error **err) {
    *ret = NULL;
    while (!reader->ended) {
        message m;
        WEIR_TRY(next_message(reader, &m, err));
        if (m.head == WEIR_ARROW_HEAD_BATCH)
            return read_batch(reader, &m, ret, err);
        if (m.head == WEIR_ARROW_HEAD_DICTIONARY)
            WEIR_TRY(read_dictionary(reader, &m, err));
        else if (m.head)
            return bad(reader, "a message of an unknown kind", err);
    }
    return WEIR_OK;
}

static weir_code read_schema(weir_arrow_reader *reader, weir_error **err) {
    static const char magic[8] = "ARROW1\0";
    message m;
    const weir_buffer *carrier = reader->carrier;
    if (carrier->size >= 16 && memcmp(carrier->data, magic, 8) == 0) {
        if (memcmp(carrier->data + carrier->size - 6, magic, 6) != 0)
            return bad(reader, "a file without its last bytes", err);
        reader->at = 8;
    }
    WEIR_TRY(next_message(reader, &m, err));
    if (m.head != WEIR_ARROW_HEAD_SCHEMA)
        return bad(reader, "no schema at its begin", err);
    WEIR_TRY(weir_arrow_schema_decode(reader->arena, &m.header, reader->what, &reader->schema,
                                      &reader->fields, err));
    return m.view.bad ? bad(reader, "a schema that passes its end", err) : WEIR_OK;
}

weir_code weir_arrow_reader_open(weir_arena *arena, weir_budget *budget, weir_buffer *carrier,
                                 const char *what, weir_arrow_reader **ret, weir_error **err) {
    _cleanup_arrow_reader_ weir_arrow_reader *reader = weir_alloc_zero(1, sizeof *reader);
    reader->arena = arena;
    reader->budget = budget;
    reader->carrier = weir_buffer_ref(carrier);
    reader->what = what;
    WEIR_TRY(read_schema(reader, err));
    *ret = reader;
    reader = NULL;
    return WEIR_OK;
}

const weir_type *weir_arrow_reader_schema(const weir_arrow_reader *reader) {
    return reader->schema;
}

void weir_arrow_reader_close(weir_arrow_reader *reader) {
    if (!reader)
        return;
    while (reader->dictionaries) {
        weir_arrow_dictionary *next = reader->dictionaries->next;
        weir_column_unref(reader->dictionaries->values);
        weir_free(reader->dictionaries);
        reader->dictionaries = next;
    }
    weir_buffer_unref(reader->carrier);
    weir_free(reader);
}

void weir_arrow_reader_close_ptr(weir_arrow_reader **reader) {
    weir_arrow_reader_close(*reader);
}
