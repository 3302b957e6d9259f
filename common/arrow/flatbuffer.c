/* FlatBuffers in both directions (flatbuffer_int.h). The reader never leaves its view: all sums are of
 * 32-bit numbers in size_t and cannot overflow. The writer cannot fail: control-plane text. */
#include "common/arrow/flatbuffer_int.h"

#include "common/base/bits.h"

static uint64_t load(weir_flat_view *view, size_t at, size_t width) {
    uint64_t value = 0;
    if (at > view->size || view->size - at < width) {
        view->bad = true;
        return 0;
    }
    memcpy(&value, view->data + at, width); /* little-endian, as the format */
    return value;
}

static weir_flat_table table_at(weir_flat_view *view, size_t at) {
    weir_flat_table none = {0};
    int64_t vtable = (int64_t)at - (int32_t)load(view, at, 4);
    if (view->bad || vtable < 0 || (size_t)vtable > view->size) {
        view->bad = true;
        return none;
    }
    uint32_t size = (uint32_t)load(view, (size_t)vtable, 2);
    if (view->bad || size < 4 || view->size - (size_t)vtable < size) {
        view->bad = true;
        return none;
    }
    return (weir_flat_table){view, at, (size_t)vtable, size};
}

/* Where the reference at `at` leads; 0 where it leads out. */
static size_t follow(weir_flat_view *view, size_t at) {
    size_t target = at + (size_t)load(view, at, 4);
    if (view->bad || target <= at || target >= view->size) {
        view->bad = true;
        return 0;
    }
    return target;
}

weir_flat_table weir_flat_root(weir_flat_view *view) {
    size_t at = follow(view, 0);
    return view->bad ? (weir_flat_table){0} : table_at(view, at);
}

/* The place of a field; 0 where it is absent. */
static size_t place(const weir_flat_table *table, int slot) {
    uint32_t entry = 4 + 2 * (uint32_t)slot;
    if (!table->view || entry + 2 > table->vtable_size)
        return 0;
    size_t offset = (size_t)load(table->view, table->vtable + entry, 2);
    return offset ? table->at + offset : 0;
}

bool weir_flat_has(const weir_flat_table *table, int slot) {
    return place(table, slot) != 0;
}

uint64_t weir_flat_unsigned(const weir_flat_table *table, int slot, int width, uint64_t fallback) {
    size_t at = place(table, slot);
    return at ? load(table->view, at, (size_t)width) : fallback;
}

int64_t weir_flat_signed(const weir_flat_table *table, int slot, int width, int64_t fallback) {
    size_t at = place(table, slot);
    if (!at)
        return fallback;
    int shift = 64 - 8 * width;
    return (int64_t)(load(table->view, at, (size_t)width) << shift) >> shift;
}

weir_flat_table weir_flat_child(const weir_flat_table *table, int slot) {
    size_t at = place(table, slot);
    if (at)
        at = follow(table->view, at);
    return at ? table_at(table->view, at) : (weir_flat_table){0};
}

weir_flat_vector weir_flat_elements(const weir_flat_table *table, int slot, uint32_t width) {
    weir_flat_vector none = {0};
    size_t at = place(table, slot);
    if (at)
        at = follow(table->view, at);
    if (!at)
        return none;
    weir_flat_view *view = table->view;
    uint64_t count = load(view, at, 4);
    if (view->bad || count * width > view->size - at - 4) {
        view->bad = true;
        return none;
    }
    return (weir_flat_vector){view, at + 4, (uint32_t)count};
}

weir_str weir_flat_text(const weir_flat_table *table, int slot) {
    weir_flat_vector bytes = weir_flat_elements(table, slot, 1);
    if (!bytes.view)
        return (weir_str){0};
    return weir_str_make((const char *)bytes.view->data + bytes.at, bytes.count);
}

weir_flat_table weir_flat_element(const weir_flat_vector *vector, uint32_t i) {
    size_t at = follow(vector->view, vector->at + 4 * (size_t)i);
    return at ? table_at(vector->view, at) : (weir_flat_table){0};
}

int64_t weir_flat_int64(const weir_flat_vector *vector, uint32_t i) {
    return (int64_t)load(vector->view, vector->at + 8 * (size_t)i, 8);
}

/* ---- writing ---- */

static void align(weir_strbuf *buf, size_t width, size_t ahead) {
    while ((buf->size + ahead) % width)
        weir_strbuf_add_char(buf, 0);
}

static void put(weir_strbuf *buf, uint64_t value, size_t width) {
    weir_strbuf_add(buf, weir_str_make((const char *)&value, width));
}

static void point(weir_strbuf *buf, size_t slot) {
    weir_store32(buf->data + slot, (uint32_t)(buf->size - slot));
}

size_t weir_flat_begin(weir_strbuf *buf) {
    weir_strbuf_clear(buf);
    put(buf, 0, 4);
    return 0;
}

void weir_flat_put_table(weir_strbuf *buf, size_t slot, const weir_flat_field *fields, int count,
                         size_t *ret_places) {
    size_t vtable_size = 4 + 2 * (size_t)count;
    align(buf, 4, vtable_size); /* the table follows its vtable */
    size_t vtable = buf->size;
    weir_strbuf_add_repeat(buf, 0, vtable_size);
    size_t table = buf->size;
    point(buf, slot);
    put(buf, table - vtable, 4);
    for (int i = 0; i < count; i++) {
        size_t width = (size_t)fields[i].width;
        ret_places[i] = 0;
        if (!width)
            continue;
        align(buf, width, 0);
        ret_places[i] = buf->size;
        uint16_t offset = (uint16_t)(buf->size - table);
        memcpy(buf->data + vtable + 4 + 2 * (size_t)i, &offset, 2);
        put(buf, fields[i].value, width);
    }
    uint16_t sizes[2] = {(uint16_t)vtable_size, (uint16_t)(buf->size - table)};
    memcpy(buf->data + vtable, sizes, sizeof sizes);
}

void weir_flat_put_text(weir_strbuf *buf, size_t slot, weir_str text) {
    align(buf, 4, 0);
    point(buf, slot);
    put(buf, text.size, 4);
    weir_strbuf_add(buf, text);
    weir_strbuf_add_char(buf, 0);
}

size_t weir_flat_put_vector(weir_strbuf *buf, size_t slot, uint32_t count, size_t width) {
    align(buf, 8, 4);
    point(buf, slot);
    put(buf, count, 4);
    size_t first = buf->size;
    weir_strbuf_add_repeat(buf, 0, count * width);
    return first;
}
