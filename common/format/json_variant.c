/* JSON to Spark's variant encoding (common/types/variant_text.h is the way back).
 *
 *   metadata  version | offset size,  key count,  offsets[count + 1],  key bytes
 *   value     primitive: type << 2 | 0, bytes          short string: size << 2 | 1, bytes
 *             object:    sizes << 2 | 2, count, key ids (sorted by key), offsets[count + 1], values
 *             array:     sizes << 2 | 3, count, offsets[count + 1], values
 * All numbers little-endian. Encoding follows org.apache.spark.types.variant.VariantBuilder: integers in
 * the smallest size, decimals where 38 digits suffice, doubles otherwise; an object's key twice is an
 * error. Task thread. */
#include <stdlib.h>

#include "common/format/json_int.h"
#include "common/types/decimal.h"
#include "common/types/number_text.h"

enum { PRIMITIVE, SHORT_STRING, OBJECT, ARRAY };
enum {
    V_NULL,
    V_TRUE,
    V_FALSE,
    V_INT1,
    V_INT2,
    V_INT4,
    V_INT8,
    V_DOUBLE,
    V_DECIMAL4,
    V_DECIMAL8,
    V_DECIMAL16
};
enum { V_LONG_STRING = 16 };
enum { DEPTH_MAX = 1000, SHORT_MAX = 63 };
#define SIZE_MAX_BYTES ((size_t)128 << 20)

typedef struct entry {
    int32_t key;
    uint32_t offset;
} entry;

void weir_json_variant_scratch_fini(weir_json_variant_scratch *s) {
    weir_strbuf_fini(&s->value);
    weir_strbuf_fini(&s->metadata);
    weir_strbuf_fini(&s->keys);
    weir_strbuf_fini(&s->ends);
    weir_strbuf_fini(&s->entries);
    weir_strbuf_fini(&s->table);
}

/* ---- writing ---- */

static void put_int(weir_strbuf *buf, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        weir_strbuf_add_char(buf, (char)(value >> 8 * i));
}

static int bytes_for(uint64_t value) {
    return value <= 0xFF ? 1 : value <= 0xFFFF ? 2 : value <= 0xFFFFFF ? 3 : 4;
}

static void put_primitive(weir_strbuf *buf, int type) {
    weir_strbuf_add_char(buf, (char)(type << 2 | PRIMITIVE));
}

static void put_long(weir_strbuf *buf, int64_t value) {
    int type = value == (int8_t)value    ? V_INT1
               : value == (int16_t)value ? V_INT2
               : value == (int32_t)value ? V_INT4
                                         : V_INT8;
    put_primitive(buf, type);
    put_int(buf, (uint64_t)value, 1 << (type - V_INT1));
}

static void put_double(weir_strbuf *buf, double value) {
    uint64_t bits;
    memcpy(&bits, &value, 8);
    put_primitive(buf, V_DOUBLE);
    put_int(buf, bits, 8);
}

static void put_string(weir_strbuf *buf, weir_str text) {
    if (text.size <= SHORT_MAX) {
        weir_strbuf_add_char(buf, (char)(text.size << 2 | SHORT_STRING));
    } else {
        put_primitive(buf, V_LONG_STRING);
        put_int(buf, text.size, 4);
    }
    weir_strbuf_add(buf, text);
}

/* "-12.50" as a decimal of its own scale; false for exponents and for more than 38 digits. */
static bool put_decimal(weir_strbuf *buf, weir_str text) {
    __int128 value = 0;
    int32_t digits = 0, scale = 0;
    bool point = false, negative = false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '-' && i == 0) {
            negative = true;
        } else if (c == '.') {
            point = true;
        } else if (c >= '0' && c <= '9') {
            digits += digits > 0 || c != '0';
            scale += point;
            if (digits > WEIR_DECIMAL_MAX_PRECISION)
                return false;
            value = value * 10 + (c - '0');
        } else {
            return false;
        }
    }
    if (scale > WEIR_DECIMAL_MAX_PRECISION)
        return false;
    int type = scale <= 9 && digits <= 9     ? V_DECIMAL4
               : scale <= 18 && digits <= 18 ? V_DECIMAL8
                                             : V_DECIMAL16;
    if (negative)
        value = -value;
    put_primitive(buf, type);
    weir_strbuf_add_char(buf, (char)scale);
    put_int(buf, (uint64_t)value, type == V_DECIMAL4 ? 4 : 8);
    if (type == V_DECIMAL16)
        put_int(buf, (uint64_t)(value >> 64), 8);
    return true;
}

static bool put_number(weir_strbuf *buf, weir_str text, bool integral) {
    int64_t whole;
    double value;
    if (integral && weir_int64_parse(text, &whole)) {
        put_long(buf, whole);
        return true;
    }
    if (put_decimal(buf, text))
        return true;
    char last = text.size ? text.data[text.size - 1] : 0;
    if (last == 'N')
        value = __builtin_nan("");
    else if (last == 'y' || last == 'F')
        value = text.data[0] == '-' ? -__builtin_inf() : __builtin_inf();
    else if (!weir_double_parse(text, &value))
        return false;
    put_double(buf, value);
    return true;
}

/* ---- dictionary ---- */

static const uint32_t *key_ends(const weir_json_variant_scratch *s) {
    return (const uint32_t *)s->ends.data;
}

static weir_str key_text(const weir_json_variant_scratch *s, int32_t id) {
    uint32_t from = id ? key_ends(s)[id - 1] : 0;
    return weir_str_make(s->keys.data + from, key_ends(s)[id] - from);
}

static void table_insert(weir_json_variant_scratch *s, int32_t id) {
    uint32_t mask = (uint32_t)(s->table.size / sizeof(int32_t)) - 1;
    int32_t *slots = (int32_t *)s->table.data;
    weir_str key = key_text(s, id);
    uint32_t at = weir_json_name_hash(key.data, key.size) & mask;
    while (slots[at])
        at = (at + 1) & mask;
    slots[at] = id + 1;
}

static void table_resize(weir_json_variant_scratch *s, size_t slots) {
    weir_strbuf_clear(&s->table);
    weir_strbuf_add_repeat(&s->table, 0, slots * sizeof(int32_t));
    for (int32_t id = 0; id < (int32_t)(s->ends.size / sizeof(uint32_t)); id++)
        table_insert(s, id);
}

static int32_t add_key(weir_json_variant_scratch *s, weir_str name) {
    int32_t count = (int32_t)(s->ends.size / sizeof(uint32_t));
    if (s->table.size < ((size_t)count + 1) * 2 * sizeof(int32_t))
        table_resize(s, s->table.size ? s->table.size / sizeof(int32_t) * 2 : 16);
    uint32_t mask = (uint32_t)(s->table.size / sizeof(int32_t)) - 1;
    const int32_t *slots = (const int32_t *)s->table.data;
    for (uint32_t at = weir_json_name_hash(name.data, name.size) & mask; slots[at]; at = (at + 1) & mask)
        if (weir_str_equal(key_text(s, slots[at] - 1), name))
            return slots[at] - 1;
    weir_strbuf_add(&s->keys, name);
    uint32_t end = (uint32_t)s->keys.size;
    weir_strbuf_add(&s->ends, weir_str_make((const char *)&end, sizeof end));
    table_insert(s, count);
    return count;
}

/* Java's order of strings: by UTF-16 units, where surrogates come before U+E000. */
static int compare_keys(weir_str a, weir_str b) {
    size_t n = WEIR_MIN(a.size, b.size);
    for (size_t i = 0; i < n; i++) {
        uint8_t x = (uint8_t)a.data[i], y = (uint8_t)b.data[i];
        if (x == y)
            continue;
        if (x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0))
            return x >= 0xF0 ? -1 : 1;
        return x < y ? -1 : 1;
    }
    return a.size < b.size ? -1 : a.size > b.size;
}

static int compare_entries(const void *a, const void *b, void *scratch) {
    return compare_keys(key_text(scratch, ((const entry *)a)->key),
                        key_text(scratch, ((const entry *)b)->key));
}

/* Puts the header of an object or array before its values, which start at `start`. */
static void insert_header(weir_json_variant_scratch *s, size_t start, const entry *entries, size_t count,
                          bool object) {
    uint32_t data_size = (uint32_t)(s->value.size - start);
    int32_t id_max = 0;
    for (size_t i = 0; object && i < count; i++)
        id_max = WEIR_MAX(id_max, entries[i].key);
    int count_size = count > 255 ? 4 : 1, id_size = bytes_for((uint64_t)id_max),
        offset_size = bytes_for(data_size);
    size_t header =
        1 + (size_t)count_size + (object ? count * (size_t)id_size : 0) + (count + 1) * (size_t)offset_size;
    weir_strbuf *out = &s->metadata; /* free while values are written */
    weir_strbuf_clear(out);
    int sizes = object ? (count_size == 4) << 4 | (id_size - 1) << 2 | (offset_size - 1)
                       : (count_size == 4) << 2 | (offset_size - 1);
    weir_strbuf_add_char(out, (char)(sizes << 2 | (object ? OBJECT : ARRAY)));
    put_int(out, count, count_size);
    for (size_t i = 0; object && i < count; i++)
        put_int(out, (uint64_t)entries[i].key, id_size);
    for (size_t i = 0; i < count; i++)
        put_int(out, entries[i].offset, offset_size);
    put_int(out, data_size, offset_size);
    weir_strbuf_add_repeat(&s->value, 0, header);
    memmove(s->value.data + start + header, s->value.data + start, data_size);
    memcpy(s->value.data + start, out->data, header);
}

static bool encode(weir_json_parser *parser, int depth);

static void push_entry(weir_json_variant_scratch *s, int32_t key, size_t start) {
    entry e = {key, (uint32_t)(s->value.size - start)};
    weir_strbuf_add(&s->entries, weir_str_make((const char *)&e, sizeof e));
}

static bool encode_children(weir_json_parser *parser, bool object, int depth) {
    weir_json_variant_scratch *s = &parser->variant;
    size_t start = s->value.size, base = s->entries.size;
    for (;;) {
        weir_json_token token = weir_json_parser_next(parser);
        if (token == WEIR_TOKEN_ERROR || token == WEIR_TOKEN_END)
            return false;
        if (token == (object ? WEIR_TOKEN_OBJECT_END : WEIR_TOKEN_ARRAY_END))
            break;
        int32_t key = 0;
        if (object) {
            bool lone;
            weir_str name = weir_json_parser_name(parser, &lone);
            if (!name.data || weir_json_parser_next(parser) == WEIR_TOKEN_ERROR)
                return false;
            key = add_key(s, weir_json_parser_name(parser, &lone));
        }
        push_entry(s, key, start);
        if (!encode(parser, depth + 1))
            return false;
    }
    entry *entries = (entry *)(s->entries.data ? s->entries.data + base : NULL);
    size_t count = (s->entries.size - base) / sizeof(entry);
    if (object && count > 1) {
        qsort_r(entries, count, sizeof(entry), compare_entries, s);
        for (size_t i = 1; i < count; i++)
            if (entries[i].key == entries[i - 1].key)
                return false;
    }
    insert_header(s, start, entries, count, object);
    s->entries.size = base;
    return s->value.size <= SIZE_MAX_BYTES;
}

static bool encode(weir_json_parser *parser, int depth) {
    weir_strbuf *value = &parser->variant.value;
    weir_str text;
    if (depth > DEPTH_MAX)
        return false;
    switch (parser->token) {
    case WEIR_TOKEN_OBJECT:
    case WEIR_TOKEN_ARRAY:
        return encode_children(parser, parser->token == WEIR_TOKEN_OBJECT, depth);
    case WEIR_TOKEN_STRING:
        if (!weir_json_parser_text(parser, &text))
            return false;
        put_string(value, text);
        return true;
    case WEIR_TOKEN_INT:
    case WEIR_TOKEN_FLOAT:
        return put_number(value, weir_strbuf_view(&parser->text), parser->token == WEIR_TOKEN_INT);
    case WEIR_TOKEN_TRUE:
    case WEIR_TOKEN_FALSE:
        put_primitive(value, parser->token == WEIR_TOKEN_TRUE ? V_TRUE : V_FALSE);
        return true;
    case WEIR_TOKEN_NULL:
        put_primitive(value, V_NULL);
        return true;
    default:
        return false;
    }
}

static void build_metadata(weir_json_variant_scratch *s) {
    uint32_t count = (uint32_t)(s->ends.size / sizeof(uint32_t));
    int size = bytes_for(WEIR_MAX((uint64_t)s->keys.size, count));
    weir_strbuf_clear(&s->metadata);
    weir_strbuf_add_char(&s->metadata, (char)(1 | (size - 1) << 6));
    put_int(&s->metadata, count, size);
    put_int(&s->metadata, 0, size);
    for (uint32_t i = 0; i < count; i++)
        put_int(&s->metadata, key_ends(s)[i], size);
    weir_strbuf_add(&s->metadata, weir_strbuf_view(&s->keys));
}

weir_json_result weir_json_variant_encode(weir_json_parser *parser, weir_builder *builder) {
    weir_json_variant_scratch *s = &parser->variant;
    weir_strbuf_clear(&s->value);
    weir_strbuf_clear(&s->keys);
    weir_strbuf_clear(&s->ends);
    weir_strbuf_clear(&s->entries);
    weir_strbuf_clear(&s->table);
    if (!encode(parser, 0))
        return WEIR_JSON_BAD;
    build_metadata(s);
    if (!weir_builder_bytes(&builder->children[0], s->value.data, s->value.size) ||
        !weir_builder_bytes(&builder->children[1], s->metadata.data, s->metadata.size) ||
        !weir_builder_struct_end(builder))
        return WEIR_JSON_NOMEM;
    return WEIR_JSON_OK;
}
