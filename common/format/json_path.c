/* get_json_object's evaluation over the pull parser (json_path.h), rule by rule as Spark's, which has them
 * from Hive: wildcards flatten, a single match loses its brackets, a null is no match. Task thread. */
#include "common/format/json_path.h"

#include "common/base/alloc.h"
#include "common/format/json_int.h"
#include "common/types/number_text.h"

typedef enum step_kind { STEP_KEY, STEP_NAMED, STEP_SUBSCRIPT, STEP_INDEX, STEP_WILDCARD } step_kind;

typedef struct step {
    step_kind kind;
    int64_t index;
    weir_str name;
} step;

struct weir_json_path {
    int32_t count;
    step steps[];
};

struct weir_json_lookup {
    weir_json_parser parser;
    weir_strbuf padded;
};

typedef enum style { STYLE_RAW, STYLE_QUOTED, STYLE_FLATTEN } style;

/* Writes values one after another; a comma between those of one array. */
typedef struct generator {
    weir_strbuf *out;
    int32_t written; /* in the open array, -1 at the top */
} generator;

static const weir_json_spec path_spec = {.allow_single_quotes = true,
                                         .allow_control = true,
                                         .depth_max = 1000,
                                         .number_max = 1000,
                                         .string_max = 20000000};

/* ---- paths ---- */
static void skip_blanks(weir_str *rest) {
    while (rest->size && strchr(" \t\n\r\f\v", rest->data[0]) && rest->data[0])
        *rest = weir_str_make(rest->data + 1, rest->size - 1);
}

static bool accept(weir_str *rest, const char *word) {
    weir_str at = *rest;
    skip_blanks(&at);
    if (!weir_str_starts_with(at, weir_str_from(word)))
        return false;
    *rest = weir_str_make(at.data + strlen(word), at.size - strlen(word));
    return true;
}

/* The text up to one of the bytes `ends`; at least one byte. */
static bool accept_name(weir_str *rest, const char *ends, weir_str *ret) {
    skip_blanks(rest);
    size_t size = 0;
    while (size < rest->size && !(rest->data[size] && strchr(ends, rest->data[size])))
        size++;
    *ret = weir_str_make(rest->data, size);
    *rest = weir_str_make(rest->data + size, rest->size - size);
    return size > 0;
}

static bool accept_index(weir_str *rest, int64_t *ret) {
    skip_blanks(rest);
    size_t size = 0;
    while (size < rest->size && rest->data[size] >= '0' && rest->data[size] <= '9')
        size++;
    weir_str digits = weir_str_make(rest->data, size);
    *rest = weir_str_make(rest->data + size, rest->size - size);
    return size > 0 && weir_int64_parse(digits, ret);
}

/* One node of the path: at most two steps. */
static bool parse_node(weir_str *rest, weir_json_path *path) {
    weir_str at = *rest, name;
    int64_t index;
    step *to = &path->steps[path->count];
    if (accept(&at, ".*") || accept(&at, "['*']")) {
        *to = (step){.kind = STEP_WILDCARD};
        path->count++;
    } else if ((accept(&at, "['") && accept_name(&at, "'", &name) && accept(&at, "']")) ||
               (at = *rest, accept(&at, ".") && accept_name(&at, ".[", &name))) {
        to[0] = (step){.kind = STEP_KEY};
        to[1] = (step){.kind = STEP_NAMED, .name = name};
        path->count += 2;
    } else if ((at = *rest, accept(&at, "[")) && accept(&at, "*") && accept(&at, "]")) {
        to[0] = (step){.kind = STEP_SUBSCRIPT};
        to[1] = (step){.kind = STEP_WILDCARD};
        path->count += 2;
    } else if ((at = *rest, accept(&at, "[")) && accept_index(&at, &index) && accept(&at, "]")) {
        to[0] = (step){.kind = STEP_SUBSCRIPT};
        to[1] = (step){.kind = STEP_INDEX, .index = index};
        path->count += 2;
    } else {
        return false;
    }
    *rest = at;
    return true;
}

bool weir_json_path_parse(weir_arena *arena, weir_str text, const weir_json_path **ret) {
    weir_str rest = weir_arena_str(arena, text);
    if (!accept(&rest, "$"))
        return false;
    weir_json_path *path = weir_arena_zalloc(arena, sizeof(*path) + sizeof(step) * (rest.size + 2));
    while (rest.size && parse_node(&rest, path))
        continue;
    skip_blanks(&rest);
    *ret = path;
    return rest.size == 0;
}

/* ---- copying ---- */
/* Numbers with a fraction or an exponent go through a double, as Jackson's generator does it. */
static bool copy_number(weir_json_parser *p, weir_strbuf *out) {
    weir_str text;
    double value;
    char number[WEIR_NUMBER_TEXT_MAX];
    if (!weir_json_parser_text(p, &text))
        return false;
    if (p->token == WEIR_TOKEN_INT) {
        weir_strbuf_add(out, weir_str_equal(text, WEIR_STR("-0")) ? WEIR_STR("0") : text);
        return true;
    }
    if (!weir_double_parse(text, &value))
        return false;
    weir_strbuf_add(out, weir_str_make(number, (size_t)weir_double_format(value, number)));
    return true;
}

static bool copy_children(weir_json_parser *p, weir_strbuf *out) {
    bool object = p->token == WEIR_TOKEN_OBJECT;
    weir_json_token end = object ? WEIR_TOKEN_OBJECT_END : WEIR_TOKEN_ARRAY_END, token;
    weir_strbuf_add_char(out, object ? '{' : '[');
    for (bool first = true; (token = weir_json_parser_next(p)) != end; first = false) {
        if (token == WEIR_TOKEN_ERROR || token == WEIR_TOKEN_END)
            return false;
        if (!first)
            weir_strbuf_add_char(out, ',');
        if (object) {
            bool lone;
            weir_json_write_text(out, weir_json_parser_name(p, &lone), false);
            weir_strbuf_add_char(out, ':');
            if (weir_json_parser_next(p) == WEIR_TOKEN_ERROR)
                return false;
        }
        if (!weir_json_copy_value(p, out))
            return false;
    }
    weir_strbuf_add_char(out, object ? '}' : ']');
    return true;
}

bool weir_json_copy_value(weir_json_parser *p, weir_strbuf *out) {
    weir_str text;
    switch ((int)p->token) {
    case WEIR_TOKEN_OBJECT:
    case WEIR_TOKEN_ARRAY:
        return copy_children(p, out);
    case WEIR_TOKEN_STRING:
        if (!weir_json_parser_text(p, &text))
            return false;
        weir_json_write_text(out, text, false);
        return true;
    case WEIR_TOKEN_INT:
    case WEIR_TOKEN_FLOAT:
        return copy_number(p, out);
    case WEIR_TOKEN_TRUE:
    case WEIR_TOKEN_FALSE:
        weir_strbuf_add_text(out, p->token == WEIR_TOKEN_TRUE ? "true" : "false");
        return true;
    case WEIR_TOKEN_NULL:
        weir_strbuf_add_text(out, "null");
        return true;
    default:
        return false;
    }
}

static void separate(generator *g) {
    if (g->written > 0)
        weir_strbuf_add_char(g->out, ',');
    g->written += g->written >= 0;
}

/* ---- evaluation: 1 = something was written, 0 = nothing, -1 = the text is no JSON ---- */
static int evaluate(weir_json_parser *p, generator *g, style how, const step *path, int32_t count);

/* Evaluates every element of the array at hand; gives how many wrote something, -1 for bad JSON. */
static int32_t evaluate_elements(weir_json_parser *p, generator *g, style how, const step *path,
                                 int32_t count) {
    int32_t hits = 0;
    weir_json_token token;
    while ((token = weir_json_parser_next(p)) != WEIR_TOKEN_ARRAY_END) {
        int hit = token == WEIR_TOKEN_ERROR ? -1 : evaluate(p, g, how, path, count);
        if (hit < 0)
            return -1;
        hits += hit;
    }
    return hits;
}

/* The elements' matches in an array of their own, written whatever they are. */
static int evaluate_array(weir_json_parser *p, generator *g, style how, const step *path, int32_t count) {
    separate(g);
    generator inner = {g->out, 0};
    weir_strbuf_add_char(g->out, '[');
    int32_t hits = evaluate_elements(p, &inner, how, path, count);
    weir_strbuf_add_char(g->out, ']');
    return hits < 0 ? -1 : hits > 0;
}

/* [*] under a raw or flattened parent: one match stands without brackets, none leaves nothing. */
static int evaluate_wildcard(weir_json_parser *p, generator *g, style how, const step *path, int32_t count) {
    _cleanup_strbuf_ weir_strbuf buffer = {0};
    generator inner = {&buffer, 0};
    int32_t hits = evaluate_elements(p, &inner, how == STYLE_RAW ? STYLE_QUOTED : how, path, count);
    if (hits <= 0)
        return hits;
    separate(g);
    weir_strbuf_add_text(g->out, hits > 1 ? "[" : "");
    weir_strbuf_add(g->out, weir_strbuf_view(&buffer));
    weir_strbuf_add_text(g->out, hits > 1 ? "]" : "");
    return 1;
}

static int evaluate_index(weir_json_parser *p, generator *g, style how, int64_t index, const step *path,
                          int32_t count) {
    weir_json_token token = weir_json_parser_next(p);
    for (; index > 0 && token != WEIR_TOKEN_ARRAY_END; index--) {
        if (token == WEIR_TOKEN_ERROR || !weir_json_parser_skip_children(p))
            return -1;
        token = weir_json_parser_next(p);
    }
    if (token == WEIR_TOKEN_ERROR)
        return -1;
    if (token == WEIR_TOKEN_ARRAY_END)
        return 0;
    int hit = evaluate(p, g, how, path, count);
    while (hit >= 0 && (token = weir_json_parser_next(p)) != WEIR_TOKEN_ARRAY_END)
        if (token == WEIR_TOKEN_ERROR || !weir_json_parser_skip_children(p))
            return -1;
    return hit;
}

/* The first field that matches counts; path[0] is its name. */
static int evaluate_object(weir_json_parser *p, generator *g, style how, const step *path, int32_t count) {
    int hit = 0;
    weir_json_token token;
    while ((token = weir_json_parser_next(p)) != WEIR_TOKEN_OBJECT_END) {
        bool lone;
        if (token == WEIR_TOKEN_ERROR)
            return -1;
        if (token == WEIR_TOKEN_FIELD && hit == 0 && count > 0 && path[0].kind == STEP_NAMED &&
            weir_str_equal(weir_json_parser_name(p, &lone), path[0].name)) {
            token = weir_json_parser_next(p);
            if (token == WEIR_TOKEN_ERROR)
                return -1;
            hit = token == WEIR_TOKEN_NULL ? 0 : evaluate(p, g, how, path + 1, count - 1);
            if (hit < 0)
                return -1;
        } else if (!weir_json_parser_skip_children(p)) {
            return -1;
        }
    }
    return hit;
}

static int evaluate_leaf(weir_json_parser *p, generator *g, style how) {
    weir_str text;
    if (p->token == WEIR_TOKEN_STRING && how == STYLE_RAW) {
        if (!weir_json_parser_text(p, &text))
            return -1;
        weir_strbuf_add(g->out, text);
        return 1;
    }
    if (p->token == WEIR_TOKEN_ARRAY && how == STYLE_FLATTEN) {
        int32_t hits = evaluate_elements(p, g, how, NULL, 0);
        return hits < 0 ? -1 : hits > 0;
    }
    separate(g);
    return weir_json_copy_value(p, g->out) ? 1 : -1;
}

static int evaluate(weir_json_parser *p, generator *g, style how, const step *path, int32_t count) {
    if (count == 0)
        return evaluate_leaf(p, g, how);
    if (p->token == WEIR_TOKEN_OBJECT && path[0].kind == STEP_KEY)
        return evaluate_object(p, g, how, path + 1, count - 1);
    if (p->token != WEIR_TOKEN_ARRAY || path[0].kind != STEP_SUBSCRIPT)
        return weir_json_parser_skip_children(p) ? 0 : -1;
    bool wildcard_next = count > 3 && path[2].kind == STEP_SUBSCRIPT && path[3].kind == STEP_WILDCARD;
    if (path[1].kind == STEP_INDEX)
        return evaluate_index(p, g, wildcard_next ? STYLE_QUOTED : how, path[1].index, path + 2, count - 2);
    if (wildcard_next)
        return evaluate_array(p, g, STYLE_FLATTEN, path + 4, count - 4);
    if (how != STYLE_QUOTED)
        return evaluate_wildcard(p, g, how, path + 2, count - 2);
    return evaluate_array(p, g, STYLE_QUOTED, path + 2, count - 2);
}

/* ---- the interface ---- */
weir_json_lookup *weir_json_lookup_new(void) {
    weir_json_lookup *lookup = weir_alloc(sizeof(weir_json_lookup));
    *lookup = (weir_json_lookup){0};
    return lookup;
}

void weir_json_lookup_free(weir_json_lookup *lookup) {
    if (lookup == NULL)
        return;
    weir_json_parser_fini(&lookup->parser);
    weir_strbuf_fini(&lookup->padded);
    weir_free(lookup);
}

/* Starts the parser behind a copy of the text that may be read on; its first token. */
static weir_json_token start(weir_json_lookup *lookup, weir_str text) {
    weir_strbuf_clear(&lookup->padded);
    weir_strbuf_add(&lookup->padded, text);
    weir_strbuf_add_repeat(&lookup->padded, '\n', WEIR_JSON_PAD);
    weir_json_parser_start(&lookup->parser, &path_spec, (const uint8_t *)lookup->padded.data, text.size);
    return weir_json_parser_next(&lookup->parser);
}

bool weir_json_lookup_get(weir_json_lookup *lookup, const weir_json_path *path, weir_str text,
                          weir_strbuf *out) {
    generator g = {out, -1};
    weir_strbuf_clear(out);
    weir_json_token token = start(lookup, text);
    if (token == WEIR_TOKEN_ERROR || token == WEIR_TOKEN_END)
        return false;
    return evaluate(&lookup->parser, &g, STYLE_RAW, path->steps, path->count) > 0;
}

int64_t weir_json_lookup_array_length(weir_json_lookup *lookup, weir_str text) {
    if (start(lookup, text) != WEIR_TOKEN_ARRAY)
        return -1;
    int64_t count = 0;
    weir_json_token token;
    while ((token = weir_json_parser_next(&lookup->parser)) != WEIR_TOKEN_ARRAY_END) {
        if (token == WEIR_TOKEN_ERROR || !weir_json_parser_skip_children(&lookup->parser))
            return -1;
        count++;
    }
    return count;
}

bool weir_json_lookup_keys(weir_json_lookup *lookup, weir_str text, weir_builder *builder, bool *ret_oom) {
    weir_json_parser *p = &lookup->parser;
    weir_builder *names = &builder->children[0];
    int32_t before = names->length;
    weir_json_token token = start(lookup, text);
    *ret_oom = false;
    bool valid = token == WEIR_TOKEN_OBJECT;
    while (valid && !*ret_oom && (token = weir_json_parser_next(p)) != WEIR_TOKEN_OBJECT_END) {
        bool lone;
        weir_str name = token == WEIR_TOKEN_FIELD ? weir_json_parser_name(p, &lone) : WEIR_STR("");
        *ret_oom = !weir_builder_bytes(names, name.data, name.size);
        valid = token == WEIR_TOKEN_FIELD && weir_json_parser_next(p) != WEIR_TOKEN_ERROR &&
                weir_json_parser_skip_children(p);
    }
    if (valid && !*ret_oom) {
        *ret_oom = !weir_builder_list_end(builder);
        return true;
    }
    weir_builder_truncate(names, before);
    return false;
}
