/* Builds the tree of a YAML document from libyaml's events.
 *
 *   text -> libyaml parser -> events -> stack of open lists and maps -> tree in the arena
 *
 * Failure modes: a syntax error (libyaml's own words, with its line), and a document that is made to
 * hurt. Against the latter: the size is limited before parsing, the depth by the stack, and every alias
 * counts as many nodes as the tree that it stands for, so that aliases of aliases run into the limit on
 * nodes at once. An alias inside of its own anchor is refused. Runs on the caller's thread. */
#include "driver/job/yaml_tree.h"

#include <yaml.h>

#define DOCUMENT_BYTES_MAX (4 << 20)
#define DEPTH_MAX 64
#define NODES_MAX 100000
#define ANCHORS_MAX 1000

/* An open list or map. `anchor` is its index among the anchors, -1 without. */
typedef struct yaml_frame {
    weir_yaml *node;
    int32_t capacity;
    int32_t anchor;
    int64_t nodes_before;
    bool has_key; /* a map's key was read, its value comes next */
    weir_str key;
    int32_t key_line;
} yaml_frame;

typedef struct yaml_anchor {
    const char *name;
    weir_yaml *node; /* NULL while it is open */
    int64_t nodes;
} yaml_anchor;

typedef struct yaml_builder {
    weir_arena *arena;
    const char *what;
    yaml_parser_t parser;
    weir_yaml *root;
    int64_t nodes; /* expanded */
    int32_t depth;
    int32_t anchors_count;
    yaml_frame frames[DEPTH_MAX];
    yaml_anchor *anchors;
} yaml_builder;

#define FAIL_AT(builder, line, ...) \
    return yaml_fail((builder), (int32_t)(line), weir_arena_printf((builder)->arena, __VA_ARGS__), err)

static weir_code yaml_fail(yaml_builder *builder, int32_t line, const char *message, weir_error **err) {
    WEIR_FAIL(err, INVALID_JOB_SPEC, "%s:%d: %s", builder->what, line, message);
}

static weir_code count_nodes(yaml_builder *builder, int64_t nodes, int32_t line, weir_error **err) {
    builder->nodes += nodes;
    if (builder->nodes > NODES_MAX)
        FAIL_AT(builder, line, "the document has more than %d values (aliases count in full)", NODES_MAX);
    return WEIR_OK;
}

/* Hangs a finished or just opened node into the innermost open list or map. */
static weir_code attach(yaml_builder *builder, weir_yaml *node, int32_t line, weir_error **err) {
    if (builder->depth == 0) {
        builder->root = node;
        return WEIR_OK;
    }
    yaml_frame *frame = &builder->frames[builder->depth - 1];
    weir_yaml *parent = frame->node;
    if (parent->kind == WEIR_YAML_MAP) {
        if (!frame->has_key) {
            if (node->kind != WEIR_YAML_SCALAR)
                FAIL_AT(builder, line, "a key must be a text, not a list or a mapping");
            frame->has_key = true;
            frame->key = node->text;
            frame->key_line = line;
            return WEIR_OK;
        }
        /* An alias shares the children of its anchor but has its own key and line. */
        weir_yaml *value = WEIR_NEW(builder->arena, weir_yaml);
        *value = *node;
        value->key = frame->key;
        value->key_line = frame->key_line;
        if (builder->frames[builder->depth].node == node)
            builder->frames[builder->depth].node = value;
        node = value;
        frame->has_key = false;
    }
    if (parent->count == frame->capacity) {
        frame->capacity = frame->capacity ? frame->capacity * 2 : 8;
        weir_yaml **grown = WEIR_NEW_ARRAY(builder->arena, weir_yaml *, frame->capacity);
        if (parent->count)
            memcpy(grown, parent->items, sizeof *grown * (size_t)parent->count);
        parent->items = grown;
    }
    parent->items[parent->count++] = node;
    return WEIR_OK;
}

static weir_code check_tag(yaml_builder *builder, const yaml_char_t *tag, int32_t line, bool *ret_is_text,
                           weir_error **err) {
    const char *name = (const char *)tag;
    *ret_is_text = name && (strcmp(name, "!") == 0 || strcmp(name, "tag:yaml.org,2002:str") == 0);
    if (name && !*ret_is_text)
        FAIL_AT(builder, line, "tags are not supported: %.100s", name);
    return WEIR_OK;
}

/* Registers the anchor (the latest of a name counts, as YAML says); *ret is -1 without one. */
static weir_code add_anchor(yaml_builder *builder, const yaml_char_t *name, int32_t line, int32_t *ret,
                            weir_error **err) {
    *ret = -1;
    if (!name)
        return WEIR_OK;
    if (builder->anchors_count == ANCHORS_MAX)
        FAIL_AT(builder, line, "the document has more than %d anchors", ANCHORS_MAX);
    if (!builder->anchors)
        builder->anchors = WEIR_NEW_ARRAY(builder->arena, yaml_anchor, ANCHORS_MAX);
    *ret = builder->anchors_count;
    builder->anchors[builder->anchors_count++].name = weir_arena_strdup(builder->arena, (const char *)name);
    return WEIR_OK;
}

static weir_code on_scalar(yaml_builder *builder, const yaml_event_t *event, weir_error **err) {
    int32_t line = (int32_t)event->start_mark.line + 1, anchor;
    bool is_text;
    WEIR_TRY(count_nodes(builder, 1, line, err));
    WEIR_TRY(check_tag(builder, event->data.scalar.tag, line, &is_text, err));
    WEIR_TRY(add_anchor(builder, event->data.scalar.anchor, line, &anchor, err));
    const char *text = (const char *)event->data.scalar.value;
    size_t size = event->data.scalar.length;
    if (memchr(text, 0, size))
        FAIL_AT(builder, line, "a text must not contain a NUL character");
    weir_yaml *node = WEIR_NEW(builder->arena, weir_yaml);
    node->kind = WEIR_YAML_SCALAR;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !is_text;
    node->line = line;
    node->text = weir_str_make(weir_arena_strndup(builder->arena, text, size), size);
    if (anchor >= 0) {
        builder->anchors[anchor].node = node;
        builder->anchors[anchor].nodes = 1;
    }
    return attach(builder, node, line, err);
}

static weir_code on_open(yaml_builder *builder, weir_yaml_kind kind, const yaml_char_t *anchor_name,
                         const yaml_event_t *event, weir_error **err) {
    int32_t line = (int32_t)event->start_mark.line + 1, anchor;
    if (builder->depth == DEPTH_MAX - 1)
        FAIL_AT(builder, line, "the document is nested more than %d levels deep", DEPTH_MAX - 1);
    WEIR_TRY(count_nodes(builder, 1, line, err));
    WEIR_TRY(add_anchor(builder, anchor_name, line, &anchor, err));
    weir_yaml *node = WEIR_NEW(builder->arena, weir_yaml);
    node->kind = kind;
    node->line = line;
    builder->frames[builder->depth] =
        (yaml_frame){.node = node, .anchor = anchor, .nodes_before = builder->nodes - 1};
    WEIR_TRY(attach(builder, node, line, err));
    builder->depth++;
    return WEIR_OK;
}

static void on_close(yaml_builder *builder) {
    yaml_frame *frame = &builder->frames[--builder->depth];
    if (frame->anchor >= 0) {
        builder->anchors[frame->anchor].node = frame->node;
        builder->anchors[frame->anchor].nodes = builder->nodes - frame->nodes_before;
    }
}

static weir_code on_alias(yaml_builder *builder, const yaml_event_t *event, weir_error **err) {
    int32_t line = (int32_t)event->start_mark.line + 1;
    const char *name = (const char *)event->data.alias.anchor;
    for (int32_t i = builder->anchors_count - 1; i >= 0; i--) {
        yaml_anchor *anchor = &builder->anchors[i];
        if (strcmp(anchor->name, name) != 0)
            continue;
        if (!anchor->node)
            FAIL_AT(builder, line, "the alias *%.100s stands inside of its own anchor", name);
        WEIR_TRY(count_nodes(builder, anchor->nodes, line, err));
        return attach(builder, anchor->node, line, err);
    }
    FAIL_AT(builder, line, "the alias *%.100s has no anchor before it", name);
}

static weir_code on_event(yaml_builder *builder, const yaml_event_t *event, bool *ret_end, weir_error **err) {
    int32_t line = (int32_t)event->start_mark.line + 1;
    bool is_text;
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (builder->root)
            FAIL_AT(builder, line, "a job spec is one document; a second one starts here");
        return WEIR_OK;
    case YAML_SCALAR_EVENT:
        return on_scalar(builder, event, err);
    case YAML_SEQUENCE_START_EVENT:
        WEIR_TRY(check_tag(builder, event->data.sequence_start.tag, line, &is_text, err));
        return on_open(builder, WEIR_YAML_LIST, event->data.sequence_start.anchor, event, err);
    case YAML_MAPPING_START_EVENT:
        WEIR_TRY(check_tag(builder, event->data.mapping_start.tag, line, &is_text, err));
        return on_open(builder, WEIR_YAML_MAP, event->data.mapping_start.anchor, event, err);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        on_close(builder);
        return WEIR_OK;
    case YAML_ALIAS_EVENT:
        return on_alias(builder, event, err);
    case YAML_STREAM_END_EVENT:
        *ret_end = true;
        return WEIR_OK;
    default: /* stream start, document end */
        return WEIR_OK;
    }
}

static weir_code syntax_error(yaml_builder *builder, weir_error **err) {
    const yaml_parser_t *parser = &builder->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        return weir_error_oom(err);
    int32_t line = (int32_t)parser->problem_mark.line + 1;
    const char *problem = parser->problem ? parser->problem : "not a YAML document";
    if (parser->error == YAML_READER_ERROR)
        FAIL_AT(builder, line, "%s at byte %zu", problem, parser->problem_offset);
    if (parser->context)
        FAIL_AT(builder, line, "%s, %s", parser->context, problem);
    FAIL_AT(builder, line, "%s", problem);
}

static weir_code read_events(yaml_builder *builder, weir_error **err) {
    bool end = false;
    while (!end) {
        yaml_event_t event;
        if (!yaml_parser_parse(&builder->parser, &event))
            return syntax_error(builder, err);
        weir_code code = on_event(builder, &event, &end, err);
        yaml_event_delete(&event);
        WEIR_TRY(code);
    }
    return WEIR_OK;
}

weir_code weir_yaml_tree_parse(weir_arena *arena, weir_str text, const char *what, const weir_yaml **ret,
                               weir_error **err) {
    yaml_builder *builder = WEIR_NEW(arena, yaml_builder);
    builder->arena = arena;
    builder->what = what;
    if (text.size > DOCUMENT_BYTES_MAX)
        WEIR_FAIL(err, INVALID_JOB_SPEC, "%s: the document has %zu bytes; at most %d are read", what,
                  text.size, DOCUMENT_BYTES_MAX);
    if (!yaml_parser_initialize(&builder->parser))
        return weir_error_oom(err);
    yaml_parser_set_input_string(&builder->parser, (const unsigned char *)text.data, text.size);
    weir_code code = read_events(builder, err);
    yaml_parser_delete(&builder->parser);
    WEIR_TRY(code);
    *ret = builder->root;
    return WEIR_OK;
}

static bool is_one_of(weir_str text, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (weir_str_equal(text, weir_str_from(words[i])))
            return true;
    return false;
}

bool weir_yaml_is_null(const weir_yaml *node) {
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    return node->kind == WEIR_YAML_SCALAR && node->plain &&
           is_one_of(node->text, words, WEIR_ARRAY_LEN(words));
}

bool weir_yaml_is_bool(const weir_yaml *node, bool *ret_value) {
    static const char *const yes[] = {"true", "True", "TRUE"}, *const no[] = {"false", "False", "FALSE"};
    if (node->kind != WEIR_YAML_SCALAR || !node->plain)
        return false;
    *ret_value = is_one_of(node->text, yes, WEIR_ARRAY_LEN(yes));
    return *ret_value || is_one_of(node->text, no, WEIR_ARRAY_LEN(no));
}

/* [+-]digits[.digits][e[+-]digits], 0x.., 0o.., .inf and .nan are close enough to tell a number from a text
 * such as "10 minutes". */
bool weir_yaml_is_number(const weir_yaml *node) {
    static const char *const words[] = {".inf", ".Inf", ".INF", "-.inf", "+.inf", ".nan", ".NaN", ".NAN"};
    if (node->kind != WEIR_YAML_SCALAR || !node->plain || node->text.size == 0)
        return false;
    if (is_one_of(node->text, words, WEIR_ARRAY_LEN(words)))
        return true;
    const char *at = node->text.data; /* NUL-terminated */
    if (strncmp(at, "0x", 2) == 0 || strncmp(at, "0o", 2) == 0)
        return at[2] != 0 && strspn(at + 2, "0123456789abcdefABCDEF") == node->text.size - 2;
    at += *at == '+' || *at == '-';
    size_t digits = strspn(at, "0123456789");
    at += digits;
    if (*at == '.') {
        size_t fraction = strspn(at + 1, "0123456789");
        digits += fraction;
        at += 1 + fraction;
    }
    if (digits == 0)
        return false;
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '+' || at[1] == '-');
        size_t exponent = strspn(at, "0123456789");
        if (exponent == 0)
            return false;
        at += exponent;
    }
    return *at == 0;
}
