/* The error object and the condition registry (error.h). Any thread; an error has one owner. */
#include "common/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/base/alloc.h"
#include "common/base/arena.h"

#define PARAMS_MAX 12

typedef struct condition {
    const char *name; /* with "__" for the sub-condition's dot */
    const char *sqlstate;
    bool retriable;
    const char *text;
} condition;

enum { NO = 0, YES = 1 };

static const condition conditions[WEIR_CODE_COUNT] = {
    [WEIR_OK] = {"OK", "00000", false, ""},
#define WEIR_CONDITION(name, sqlstate, retry, text) [WEIR_##name] = {#name, sqlstate, retry, text},
#include "common/base/error_codes.def"
#undef WEIR_CONDITION
};

struct weir_error {
    weir_code code;
    weir_arena *arena; /* NULL in the static out-of-memory object */
    const char *message;
    const char *text; /* made on demand */
    int params_count;
    const char *param_names[PARAMS_MAX];
    const char *param_values[PARAMS_MAX];
    bool has_context;
    weir_query_context context;
    const char *tail; /* NULL, or what follows the SQLSTATE in the text */
};

static weir_error out_of_memory = {
    .code = WEIR_OUT_OF_MEMORY,
    .message = "Not enough memory.",
    .text = "[OUT_OF_MEMORY] Not enough memory. SQLSTATE: 53200",
};

static void dotted(const char *name, char *ret, size_t size) {
    size_t at = 0;
    for (const char *c = name; *c && at + 1 < size; c++) {
        bool dot = c[0] == '_' && c[1] == '_';
        ret[at++] = dot ? '.' : *c;
        c += dot;
    }
    ret[at] = 0;
}

/* Condition names with dots, made once by the first caller that needs one with "__". */
const char *weir_code_condition(weir_code code) {
    static _Thread_local char text[128];
    if (!strstr(conditions[code].name, "__"))
        return conditions[code].name;
    dotted(conditions[code].name, text, sizeof text);
    return text;
}

const char *weir_code_sqlstate(weir_code code) {
    return conditions[code].sqlstate;
}

bool weir_code_retriable(weir_code code) {
    return conditions[code].retriable;
}

weir_code weir_code_from_condition(weir_str name) {
    for (int code = 1; code < WEIR_CODE_COUNT; code++) {
        char text[128];
        dotted(conditions[code].name, text, sizeof text);
        if (weir_str_equal(weir_str_from(text), name))
            return (weir_code)code;
    }
    return WEIR_INTERNAL_ERROR;
}

static weir_error *new_error(weir_error **err, weir_code code) {
    weir_error_free(*err);
    weir_arena *arena = weir_arena_new();
    weir_error *error = WEIR_NEW(arena, weir_error);
    error->arena = arena;
    error->code = code;
    *err = error;
    return error;
}

static void add_param(weir_error *error, const char *name, const char *value) {
    if (error->params_count == PARAMS_MAX)
        return;
    error->param_names[error->params_count] = weir_arena_strdup(error->arena, name);
    error->param_values[error->params_count++] = weir_arena_strdup(error->arena, value ? value : "null");
}

static const char *param(const weir_error *error, const char *name, size_t size) {
    for (int i = 0; i < error->params_count; i++)
        if (strlen(error->param_names[i]) == size && memcmp(error->param_names[i], name, size) == 0)
            return error->param_values[i];
    return NULL;
}

/* Replaces each <name> of the template by its parameter; an unknown one stays as written. */
static const char *fill_template(weir_error *error, const char *text) {
    weir_strbuf buf = {0};
    while (*text) {
        const char *end = *text == '<' ? strchr(text, '>') : NULL;
        const char *value = end ? param(error, text + 1, (size_t)(end - text - 1)) : NULL;
        if (value) {
            weir_strbuf_add_text(&buf, value);
            text = end + 1;
        } else {
            weir_strbuf_add_char(&buf, *text++);
        }
    }
    const char *message = weir_arena_strndup(error->arena, buf.data, buf.size);
    weir_strbuf_fini(&buf);
    return message;
}

weir_code weir_error_raise(weir_error **err, weir_code code, ...) {
    if (!err)
        return code;
    weir_error *error = new_error(err, code);
    va_list args;
    va_start(args, code);
    const char *name;
    while ((name = va_arg(args, const char *)))
        add_param(error, name, va_arg(args, const char *));
    va_end(args);
    error->message = fill_template(error, conditions[code].text);
    return code;
}

static weir_code fail_with_text(weir_error **err, weir_code code, const char *text) {
    weir_error *error = new_error(err, code);
    add_param(error, "message", text);
    /* A template that needs other parameters is not this text: the text alone stands then. */
    const char *hole = strchr(conditions[code].text, '<');
    bool fits = hole && strncmp(hole, "<message>", 9) == 0 && !strchr(hole + 1, '<');
    error->message =
        fits ? fill_template(error, conditions[code].text) : weir_arena_strdup(error->arena, text);
    return code;
}

weir_code weir_error_failf(weir_error **err, weir_code code, const char *fmt, ...) {
    if (!err)
        return code;
    weir_strbuf text = {0};
    va_list args;
    va_start(args, fmt);
    weir_strbuf_addv(&text, fmt, args);
    va_end(args);
    fail_with_text(err, code, text.data);
    weir_strbuf_fini(&text);
    return code;
}

weir_code weir_error_fail_errno(weir_error **err, int errnum, const char *fmt, ...) {
    weir_code code = errnum == ENOSPC || errnum == EDQUOT ? WEIR_NO_SPACE : WEIR_IO_ERROR;
    if (!err)
        return code;
    weir_strbuf text = {0};
    va_list args;
    va_start(args, fmt);
    weir_strbuf_addv(&text, fmt, args);
    va_end(args);
    char reason[128];
    weir_strbuf_addf(&text, ": %s", strerror_r(errnum, reason, sizeof reason));
    fail_with_text(err, code, text.data);
    weir_strbuf_fini(&text);
    return code;
}

weir_code weir_error_oom(weir_error **err) {
    if (err) {
        weir_error_free(*err);
        *err = &out_of_memory;
    }
    return WEIR_OUT_OF_MEMORY;
}

weir_code weir_error_restore(weir_error **err, weir_code code, const char *message) {
    if (!err)
        return code;
    weir_error *error = new_error(err, code);
    error->message = weir_arena_strdup(error->arena, message);
    return code;
}

void weir_error_add_param(weir_error *err, const char *name, const char *value) {
    if (err && err->arena)
        add_param(err, name, value);
}

weir_code weir_error_contextf(weir_error **err, const char *fmt, ...) {
    if (!err || !*err)
        return WEIR_INTERNAL_ERROR;
    weir_error *error = *err;
    if (!error->arena)
        return error->code;
    weir_strbuf text = {0};
    va_list args;
    va_start(args, fmt);
    weir_strbuf_addv(&text, fmt, args);
    va_end(args);
    error->message = weir_arena_printf(error->arena, "%s: %s", text.data, error->message);
    error->text = NULL;
    weir_strbuf_fini(&text);
    return error->code;
}

weir_code weir_error_code(const weir_error *err) {
    return err ? err->code : WEIR_OK;
}

const char *weir_error_message(const weir_error *err) {
    return err ? err->message : "";
}

/* The "== SQL (line L, position P) ==" block that Spark appends for an expression's place. */
static void add_context_text(weir_strbuf *buf, const weir_query_context *context) {
    if (context->summary) {
        weir_strbuf_addf(buf, "\n%s", context->summary);
        return;
    }
    weir_strbuf_addf(buf, "\n== SQL (line %d, position %d) ==\n%s\n", context->line, context->column + 1,
                     context->fragment);
}

const char *weir_error_text(const weir_error *err) {
    if (!err)
        return "";
    if (!err->text) {
        weir_error *error = (weir_error *)(uintptr_t)err;
        weir_strbuf buf = {0};
        /* Spark prints its unnamed conditions without a head. */
        if (strncmp(conditions[err->code].name, "_LEGACY", 7) == 0)
            weir_strbuf_add_text(&buf, err->message);
        else
            weir_strbuf_addf(&buf, "[%s] %s SQLSTATE: %s", weir_code_condition(err->code), err->message,
                             weir_code_sqlstate(err->code));
        if (err->tail)
            weir_strbuf_add_text(&buf, err->tail);
        else if (err->has_context)
            add_context_text(&buf, &err->context);
        error->text = weir_arena_strndup(error->arena, buf.data, buf.size);
        weir_strbuf_fini(&buf);
    }
    return err->text;
}

int weir_error_param_count(const weir_error *err) {
    return err ? err->params_count : 0;
}

const char *weir_error_param_name(const weir_error *err, int i) {
    return err->param_names[i];
}

const char *weir_error_param_value(const weir_error *err, int i) {
    return err->param_values[i];
}

void weir_error_set_context(weir_error *err, const weir_query_context *context) {
    if (!err || !err->arena)
        return;
    err->context = *context;
    err->context.fragment = weir_arena_strdup(err->arena, context->fragment ? context->fragment : "");
    if (context->call_site)
        err->context.call_site = weir_arena_strdup(err->arena, context->call_site);
    if (context->summary)
        err->context.summary = weir_arena_strdup(err->arena, context->summary);
    err->has_context = true;
    err->text = NULL;
}

void weir_error_set_tail(weir_error *err, const char *tail) {
    if (!err || !err->arena)
        return;
    err->tail = weir_arena_strdup(err->arena, tail);
    err->text = NULL;
}

const weir_query_context *weir_error_get_context(const weir_error *err) {
    return err && err->has_context ? &err->context : NULL;
}

void weir_error_free(weir_error *err) {
    if (err && err->arena)
        weir_arena_free(err->arena);
}

void weir_error_free_ptr(weir_error **err) {
    weir_error_free(*err);
    *err = NULL;
}

weir_error *weir_error_clone(const weir_error *err) {
    if (!err || !err->arena)
        return (weir_error *)(uintptr_t)err;
    weir_error *copy = NULL;
    new_error(&copy, err->code);
    copy->message = weir_arena_strdup(copy->arena, err->message);
    for (int i = 0; i < err->params_count; i++)
        add_param(copy, err->param_names[i], err->param_values[i]);
    if (err->has_context)
        weir_error_set_context(copy, &err->context);
    if (err->tail)
        weir_error_set_tail(copy, err->tail);
    return copy;
}

weir_code weir_error_move(weir_error **err, weir_error *source) {
    weir_code code = weir_error_code(source);
    if (!err) {
        weir_error_free(source);
        return code;
    }
    if (*err != source)
        weir_error_free(*err);
    *err = source;
    return code;
}
