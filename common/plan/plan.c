/* Generic operations over plan nodes, all driven by the node table (plan_nodes.def). Any thread; nodes are
 * immutable after the pass that made them. */
#include "common/plan/plan.h"

#include <stddef.h>

#include "common/base/assert.h"
#include "common/base/hash.h"
#include "common/column/cell_text.h"
#include "common/column/row_codec.h"
#include "common/expr/function.h"

#define F(kind, name) {WEIR_FIELD_##kind, #name, offsetof(OWNER, name)},
#define OWNER_OF(noun) weir_node_##noun

/* One static field array per node: offsetof needs the struct's name, which the F macro gets by a typedef that
 * each array's own scope provides. */
#define WEIR_NODE(KIND, noun, label, category, fields) \
    static const weir_node_field *fields_of_##noun(int32_t *ret_count) { \
        typedef weir_node_##noun OWNER; \
        static const weir_node_field table[] = {fields{WEIR_FIELD_NODE, NULL, sizeof(OWNER)}}; \
        *ret_count = (int32_t)WEIR_ARRAY_LEN(table) - 1; \
        return table; \
    }
#include "common/plan/plan_nodes.def"
#undef WEIR_NODE
#undef F

typedef struct node_entry {
    const char *label;
    weir_node_category category;
    size_t size;
    const weir_node_field *(*fields)(int32_t *ret_count);
} node_entry;

static const node_entry entries[WEIR_NODE_COUNT] = {
#define WEIR_NODE(KIND, noun, text, group, fields) \
    [WEIR_NODE_##KIND] = {text, WEIR_NODE_##group, sizeof(weir_node_##noun), fields_of_##noun},
#include "common/plan/plan_nodes.def"
#undef WEIR_NODE
};

weir_node_info weir_node_describe(weir_node_kind kind) {
    const node_entry *entry = &entries[kind];
    weir_node_info info = {.label = entry->label, .category = entry->category, .size = entry->size};
    info.fields = entry->fields(&info.fields_count);
    return info;
}

void *weir_node_new(weir_arena *arena, weir_node_kind kind) {
    weir_node *node = weir_arena_zalloc(arena, entries[kind].size);
    node->kind = kind;
    node->start = node->stop = -1;
    return node;
}

weir_node *weir_node_check(weir_node *node, weir_node_kind kind) {
    WEIR_ASSERT(node && node->kind == kind);
    return node;
}

weir_node *weir_node_copy(weir_arena *arena, const weir_node *node) {
    weir_node *copy = weir_arena_alloc(arena, entries[node->kind].size);
    memcpy(copy, node, entries[node->kind].size);
    return copy;
}

/* The capacity that weir_node_list_add expects: any list may grow. */
weir_node_list weir_node_list_new(weir_arena *arena, int32_t count) {
    int32_t capacity = 1;
    while (capacity < count)
        capacity *= 2;
    return (weir_node_list){WEIR_NEW_ARRAY(arena, weir_node *, count ? capacity : 0), count};
}

weir_node_list weir_node_list_of(weir_arena *arena, weir_node *const *items, int32_t count) {
    weir_node_list list = weir_node_list_new(arena, count);
    if (count)
        memcpy(list.items, items, sizeof(*items) * (size_t)count);
    return list;
}

void weir_node_list_add(weir_arena *arena, weir_node_list *list, weir_node *item) {
    /* Capacity is the next power of two, so it needs no field of its own. */
    if ((list->count & (list->count - 1)) == 0) {
        int32_t capacity = list->count ? list->count * 2 : 1;
        weir_node **items = WEIR_NEW_ARRAY(arena, weir_node *, capacity);
        if (list->count)
            memcpy(items, list->items, sizeof(*items) * (size_t)list->count);
        list->items = items;
    }
    list->items[list->count++] = item;
}

#define FIELD_AT(node, field, ctype) ((ctype *)((char *)(uintptr_t)(node) + (field)->offset))

weir_code weir_node_each_child(weir_node *node,
                               weir_code (*fn)(weir_node *child, void *data, weir_error **err), void *data,
                               weir_error **err) {
    weir_node_info info = weir_node_describe(node->kind);
    for (int32_t i = 0; i < info.fields_count; i++) {
        const weir_node_field *field = &info.fields[i];
        if (field->kind == WEIR_FIELD_NODE && *FIELD_AT(node, field, weir_node *))
            WEIR_TRY(fn(*FIELD_AT(node, field, weir_node *), data, err));
        if (field->kind == WEIR_FIELD_LIST) {
            weir_node_list *list = FIELD_AT(node, field, weir_node_list);
            for (int32_t c = 0; c < list->count; c++)
                if (list->items[c])
                    WEIR_TRY(fn(list->items[c], data, err));
        }
    }
    return WEIR_OK;
}

bool weir_node_any(const weir_node *node, bool (*test)(const weir_node *node, void *data), void *data) {
    if (test(node, data))
        return true;
    weir_node_info info = weir_node_describe(node->kind);
    for (int32_t i = 0; i < info.fields_count; i++) {
        const weir_node_field *field = &info.fields[i];
        if (field->kind == WEIR_FIELD_NODE) {
            const weir_node *child = *FIELD_AT(node, field, weir_node *);
            if (child && weir_node_any(child, test, data))
                return true;
        }
        if (field->kind == WEIR_FIELD_LIST) {
            const weir_node_list *list = FIELD_AT(node, field, weir_node_list);
            for (int32_t c = 0; c < list->count; c++)
                if (list->items[c] && weir_node_any(list->items[c], test, data))
                    return true;
        }
    }
    return false;
}

/* One pass over a tree: fn with its data, and whether a node comes before or after its children. */
typedef struct transform {
    weir_arena *arena;
    weir_node_transform_fn fn;
    void *data;
    weir_code (*visit)(const struct transform *t, weir_node *node, weir_node **ret, weir_error **err);
} transform;

static weir_code map_list(const transform *t, const weir_node_list *list, weir_node_list *ret,
                          bool *ret_changed, weir_error **err) {
    *ret = *list;
    for (int32_t c = 0; c < list->count; c++) {
        weir_node *child = list->items[c], *made = child;
        if (child)
            WEIR_TRY(t->visit(t, child, &made, err));
        if (made == child)
            continue;
        if (ret->items == list->items)
            *ret = weir_node_list_of(t->arena, list->items, list->count);
        ret->items[c] = made;
        *ret_changed = true;
    }
    return WEIR_OK;
}

/* The node with its children visited: itself where none changed, else a copy. */
static weir_code map_children(const transform *t, weir_node *node, weir_node **ret, weir_error **err) {
    weir_node_info info = weir_node_describe(node->kind);
    weir_node *copy = NULL;
    for (int32_t i = 0; i < info.fields_count; i++) {
        const weir_node_field *field = &info.fields[i];
        if (field->kind == WEIR_FIELD_NODE) {
            weir_node *child = *FIELD_AT(node, field, weir_node *), *made = child;
            if (child)
                WEIR_TRY(t->visit(t, child, &made, err));
            if (made != child) {
                copy = copy ? copy : weir_node_copy(t->arena, node);
                *FIELD_AT(copy, field, weir_node *) = made;
            }
        } else if (field->kind == WEIR_FIELD_LIST) {
            weir_node_list made;
            bool changed = false;
            WEIR_TRY(map_list(t, FIELD_AT(node, field, weir_node_list), &made, &changed, err));
            if (changed) {
                copy = copy ? copy : weir_node_copy(t->arena, node);
                *FIELD_AT(copy, field, weir_node_list) = made;
            }
        }
    }
    *ret = copy ? copy : node;
    return WEIR_OK;
}

static weir_code visit_up(const transform *t, weir_node *node, weir_node **ret, weir_error **err) {
    weir_node *mapped;
    WEIR_TRY(map_children(t, node, &mapped, err));
    return t->fn(t->arena, mapped, t->data, ret, err);
}

static weir_code visit_down(const transform *t, weir_node *node, weir_node **ret, weir_error **err) {
    WEIR_TRY(t->fn(t->arena, node, t->data, ret, err));
    return *ret == node ? map_children(t, node, ret, err) : WEIR_OK;
}

weir_code weir_node_transform(weir_arena *arena, weir_node *node, weir_node_transform_fn fn, void *data,
                              weir_node **ret, weir_error **err) {
    transform t = {arena, fn, data, visit_up};
    return visit_up(&t, node, ret, err);
}

weir_code weir_node_transform_down(weir_arena *arena, weir_node *node, weir_node_transform_fn fn, void *data,
                                   weir_node **ret, weir_error **err) {
    transform t = {arena, fn, data, visit_down};
    return visit_down(&t, node, ret, err);
}

/* The one-row column's bytes in row form: literals compare and hash by them. */
static void constant_bytes(weir_column *column, weir_rows *rows) {
    weir_sel sel = {NULL, 1};
    weir_error *err = NULL;
    weir_code code = weir_rows_encode_values(rows, &column, 1, &sel, &err); /* -0.0 is not 0.0 */
    WEIR_ASSERT(code == WEIR_OK);
}

static bool constants_equal(weir_column *a, weir_column *b) {
    if (!a || !b || !weir_type_equal(a->type, b->type))
        return a == b;
    weir_rows left = {0}, right = {0};
    constant_bytes(a, &left);
    constant_bytes(b, &right);
    bool equal = left.size == right.size && memcmp(left.data, right.data, left.size) == 0;
    weir_rows_fini(&left);
    weir_rows_fini(&right);
    return equal;
}

static bool strs_equal(const weir_str_list *a, const weir_str_list *b) {
    if (a->count != b->count)
        return false;
    for (int32_t i = 0; i < a->count; i++)
        if (!weir_str_equal(a->items[i], b->items[i]))
            return false;
    return true;
}

static bool options_equal(const weir_options *a, const weir_options *b) {
    if (a->count != b->count)
        return false;
    for (int32_t i = 0; i < a->count; i++)
        if (!weir_str_equal(a->items[i].key, b->items[i].key) ||
            !weir_str_equal(a->items[i].value, b->items[i].value))
            return false;
    return true;
}

static bool types_equal(const weir_type *a, const weir_type *b) {
    return a == b || (a && b && weir_type_equal(a, b));
}

static bool lists_equal(const weir_node_list *a, const weir_node_list *b) {
    if (a->count != b->count)
        return false;
    for (int32_t c = 0; c < a->count; c++)
        if (!weir_node_equal(a->items[c], b->items[c]))
            return false;
    return true;
}

static bool field_equal(const weir_node *a, const weir_node *b, const weir_node_field *field) {
    switch (field->kind) {
    case WEIR_FIELD_PLAN:
    case WEIR_FIELD_NODE:
        return weir_node_equal(*FIELD_AT(a, field, weir_node *), *FIELD_AT(b, field, weir_node *));
    case WEIR_FIELD_LIST:
        return lists_equal(FIELD_AT(a, field, weir_node_list), FIELD_AT(b, field, weir_node_list));
    case WEIR_FIELD_STR:
        if (a->kind == WEIR_NODE_LAMBDA_VARIABLE)
            return true; /* the id says which */
        if (a->kind == WEIR_NODE_ATTRIBUTE)
            return weir_str_equal_nocase(*FIELD_AT(a, field, weir_str), *FIELD_AT(b, field, weir_str));
        return weir_str_equal(*FIELD_AT(a, field, weir_str), *FIELD_AT(b, field, weir_str));
    case WEIR_FIELD_STRS:
        return a->kind == WEIR_NODE_ATTRIBUTE ||
               strs_equal(FIELD_AT(a, field, weir_str_list), FIELD_AT(b, field, weir_str_list));
    case WEIR_FIELD_INT:
        return *FIELD_AT(a, field, int64_t) == *FIELD_AT(b, field, int64_t);
    case WEIR_FIELD_BOOL:
        return *FIELD_AT(a, field, bool) == *FIELD_AT(b, field, bool);
    case WEIR_FIELD_TYPE:
        return types_equal(*FIELD_AT(a, field, const weir_type *), *FIELD_AT(b, field, const weir_type *));
    case WEIR_FIELD_COLUMN:
        return constants_equal(*FIELD_AT(a, field, weir_column *), *FIELD_AT(b, field, weir_column *));
    case WEIR_FIELD_OPTIONS:
        return options_equal(FIELD_AT(a, field, weir_options), FIELD_AT(b, field, weir_options));
    case WEIR_FIELD_FUNC:
        return *FIELD_AT(a, field, const weir_function *) == *FIELD_AT(b, field, const weir_function *);
    }
    return false;
}

bool weir_node_equal(const weir_node *a, const weir_node *b) {
    if (a == b)
        return true;
    if (!a || !b || a->kind != b->kind)
        return false;
    /* A cast's target is its type; other expressions' types follow from their fields. */
    if (a->kind == WEIR_NODE_CAST && !types_equal(a->type, b->type))
        return false;
    weir_node_info info = weir_node_describe(a->kind);
    for (int32_t i = 0; i < info.fields_count; i++)
        if (!field_equal(a, b, &info.fields[i]))
            return false;
    return true;
}

static uint64_t hash_str(uint64_t h, weir_str text) {
    return weir_hash_bytes(text.data, text.size, h);
}

static uint64_t hash_field(uint64_t h, const weir_node *node, const weir_node_field *field) {
    if (field->kind == WEIR_FIELD_NODE) {
        const weir_node *child = *FIELD_AT(node, field, weir_node *);
        return weir_hash_mix(h, child ? weir_node_hash(child) : 1);
    }
    if (field->kind == WEIR_FIELD_LIST) {
        const weir_node_list *list = FIELD_AT(node, field, weir_node_list);
        for (int32_t c = 0; c < list->count; c++)
            h = weir_hash_mix(h, list->items[c] ? weir_node_hash(list->items[c]) : 1);
        return h;
    }
    if (field->kind == WEIR_FIELD_INT)
        return weir_hash_mix(h, (uint64_t)*FIELD_AT(node, field, int64_t));
    if (field->kind == WEIR_FIELD_STR && node->kind != WEIR_NODE_ATTRIBUTE &&
        node->kind != WEIR_NODE_LAMBDA_VARIABLE)
        return hash_str(h, *FIELD_AT(node, field, weir_str));
    if (field->kind == WEIR_FIELD_FUNC) {
        const weir_function *function = *FIELD_AT(node, field, const weir_function *);
        return hash_str(h, weir_str_from(function->name));
    }
    return h;
}

uint64_t weir_node_hash(const weir_node *node) {
    uint64_t h = weir_hash_mix(0x57454952, (uint64_t)node->kind);
    weir_node_info info = weir_node_describe(node->kind);
    for (int32_t i = 0; i < info.fields_count; i++)
        h = hash_field(h, node, &info.fields[i]);
    return h;
}

static void print_indent(weir_strbuf *buf, int depth) {
    weir_strbuf_add_repeat(buf, ' ', (size_t)depth * 2);
}

static void print_strs(weir_strbuf *buf, const weir_str_list *list) {
    for (int32_t i = 0; i < list->count; i++) {
        if (i)
            weir_strbuf_add_char(buf, '.');
        weir_strbuf_add(buf, list->items[i]);
    }
}

static void print_scalar(weir_strbuf *buf, const weir_node *node, const weir_node_field *field) {
    switch ((int)field->kind) {
    case WEIR_FIELD_STR:
        weir_strbuf_addf(buf, " %s=" WEIR_STR_FMT, field->name,
                         WEIR_STR_ARG(*FIELD_AT(node, field, weir_str)));
        break;
    case WEIR_FIELD_STRS:
        weir_strbuf_addf(buf, " %s=", field->name);
        print_strs(buf, FIELD_AT(node, field, weir_str_list));
        break;
    case WEIR_FIELD_INT:
        weir_strbuf_addf(buf, " %s=%lld", field->name, (long long)*FIELD_AT(node, field, int64_t));
        break;
    case WEIR_FIELD_BOOL:
        weir_strbuf_addf(buf, " %s=%s", field->name, *FIELD_AT(node, field, bool) ? "true" : "false");
        break;
    case WEIR_FIELD_TYPE:
        weir_strbuf_addf(buf, " %s=", field->name);
        if (*FIELD_AT(node, field, const weir_type *))
            weir_type_simple(buf, *FIELD_AT(node, field, const weir_type *));
        break;
    case WEIR_FIELD_FUNC:
        weir_strbuf_addf(buf, " %s", (*FIELD_AT(node, field, const weir_function *))->name);
        break;
    case WEIR_FIELD_COLUMN: {
        const weir_column *value = *FIELD_AT(node, field, weir_column *);
        weir_strbuf_add_char(buf, ' ');
        if (weir_column_is_null(value, 0))
            weir_strbuf_add_text(buf, "NULL");
        else
            weir_cell_text(buf, value, 0, WEIR_TEXT_CAST, weir_timezone_utc());
        break;
    }
    default:
        break;
    }
}

static void print_tree(weir_strbuf *buf, const weir_node *node, int depth) {
    weir_node_info info = weir_node_describe(node->kind);
    print_indent(buf, depth);
    weir_strbuf_add_text(buf, info.label);
    for (int32_t i = 0; i < info.fields_count; i++)
        print_scalar(buf, node, &info.fields[i]);
    if (info.category == WEIR_NODE_EXPR && node->type) {
        weir_strbuf_add_text(buf, " : ");
        weir_type_simple(buf, node->type);
    }
    weir_strbuf_add_char(buf, '\n');
    for (int32_t i = 0; i < info.fields_count; i++) {
        const weir_node_field *field = &info.fields[i];
        if (field->kind == WEIR_FIELD_NODE && *FIELD_AT(node, field, weir_node *))
            print_tree(buf, *FIELD_AT(node, field, weir_node *), depth + 1);
        if (field->kind == WEIR_FIELD_LIST) {
            const weir_node_list *list = FIELD_AT(node, field, weir_node_list);
            for (int32_t c = 0; c < list->count; c++)
                if (list->items[c])
                    print_tree(buf, list->items[c], depth + 1);
        }
    }
}

void weir_node_print(weir_strbuf *buf, const weir_node *node) {
    print_tree(buf, node, 0);
}

weir_str weir_options_get(const weir_options *options, const char *key) {
    weir_str found = {0};
    for (int32_t i = 0; options && i < options->count; i++)
        if (weir_str_equal_nocase(options->items[i].key, weir_str_from(key)))
            found = options->items[i].value;
    return found;
}

void weir_options_set(weir_arena *arena, weir_options *options, weir_str key, weir_str value) {
    for (int32_t i = 0; i < options->count; i++)
        if (weir_str_equal_nocase(options->items[i].key, key)) {
            options->items[i].value = weir_arena_str(arena, value);
            return;
        }
    if ((options->count & (options->count - 1)) == 0) {
        int32_t capacity = options->count ? options->count * 2 : 1;
        weir_option *items = WEIR_NEW_ARRAY(arena, weir_option, capacity);
        if (options->count)
            memcpy(items, options->items, sizeof(*items) * (size_t)options->count);
        options->items = items;
    }
    options->items[options->count++] =
        (weir_option){weir_arena_str(arena, key), weir_arena_str(arena, value)};
}
