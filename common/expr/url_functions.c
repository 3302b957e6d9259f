/* parse_url and try_parse_url: the parts of a URI as java.net.URI has them (RFC 2396 with its extensions). */
#include "common/expr/text_kernel_int.h"

typedef struct uri {
    weir_str scheme, authority, user, host, path, query, fragment; /* data NULL = not there */
} uri;

static bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Letters, digits, escapes, `more`, and what is no ASCII but no blank of Unicode's. */
static bool all_legal(weir_str text, const char *more) {
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '%') {
            for (size_t k = 1; k < 3; k++) {
                char d = i + k < text.size ? text.data[i + k] : 0;
                if (!is_digit(d) && !((d | 32) >= 'a' && (d | 32) <= 'f'))
                    return false;
            }
            i += 2;
        } else if (!(is_alpha(c) || is_digit(c) || (uint8_t)c >= 0x80 || (c && strchr("_-!.~'()*", c)) ||
                     (c && strchr(more, c)))) {
            return false;
        }
    }
    return true;
}

static bool is_scheme(weir_str text) {
    for (size_t i = 0; i < text.size; i++)
        if (!is_alpha(text.data[i]) && !(i && (is_digit(text.data[i]) || strchr("+-.", text.data[i]))))
            return false;
    return text.size > 0;
}

static weir_str split_off(weir_str *text, char mark) {
    const char *at = memchr(text->data, mark, text->size);
    if (at == NULL)
        return (weir_str){NULL, 0};
    size_t size = (size_t)(at - text->data);
    weir_str rest = weir_text_sub(*text, size + 1, text->size);
    text->size = size;
    return rest;
}

/* A host name: labels of letters, digits and inner hyphens, the last one starting with a letter, or an
 * address of four numbers; other authorities have no host. */
static bool is_host(weir_str host) {
    if (host.size > 2 && host.data[0] == '[')
        return host.data[host.size - 1] == ']';
    bool numeric = true;
    size_t label = 0, labels = 1, last = 0;
    for (size_t i = 0; i < host.size; i++) {
        char c = host.data[i];
        if (c == '.') {
            if (label == 0 || host.data[i - 1] == '-')
                return false;
            label = 0;
            last = i + 1;
            labels += i + 1 < host.size;
            continue;
        }
        if (!is_alpha(c) && !is_digit(c) && !(c == '-' && label))
            return false;
        numeric &= is_digit(c);
        label++;
    }
    if (host.size == 0 || host.data[host.size - 1] == '-')
        return false;
    return numeric ? labels == 4 : is_alpha(host.data[WEIR_MIN(last, host.size - 1)]) || last == host.size;
}

static void split_authority(uri *u) {
    weir_str rest = u->authority;
    const char *at = memchr(rest.data, '@', rest.size);
    weir_str user = {NULL, 0};
    if (at) {
        user = weir_text_sub(rest, 0, (size_t)(at - rest.data));
        rest = weir_text_sub(rest, user.size + 1, rest.size);
    }
    size_t size = rest.size;
    while (size && is_digit(rest.data[size - 1]))
        size--;
    if (size && rest.data[size - 1] == ':')
        rest.size = size - 1;
    if (is_host(rest)) {
        u->host = rest;
        u->user = user;
    }
}

static bool parse_uri(weir_str text, uri *u) {
    *u = (uri){0};
    u->fragment = split_off(&text, '#');
    size_t stop = 0;
    while (stop < text.size && !strchr(":/?", text.data[stop]))
        stop++;
    if (stop < text.size && text.data[stop] == ':') {
        u->scheme = weir_text_sub(text, 0, stop);
        text = weir_text_sub(text, stop + 1, text.size);
        if (!is_scheme(u->scheme) || text.size == 0)
            return false;
        if (text.data[0] != '/') /* opaque: no parts but the scheme */
            return all_legal(text, ";/?:@&=+$,[]") && all_legal(u->fragment, ";/?:@&=+$,[]");
    }
    u->query = split_off(&text, '?');
    if (text.size >= 2 && text.data[0] == '/' && text.data[1] == '/') {
        weir_str rest = weir_text_sub(text, 2, text.size);
        const char *slash = memchr(rest.data, '/', rest.size);
        size_t size = slash ? (size_t)(slash - rest.data) : rest.size;
        u->authority = weir_text_sub(rest, 0, size);
        text = weir_text_sub(rest, size, rest.size);
        if (size == 0 && text.size == 0)
            return false;
        if (size == 0)
            u->authority.data = NULL;
        else
            split_authority(u);
    }
    u->path = text;
    return all_legal(u->path, ";/:@&=+$,") && all_legal(u->query, ";/?:@&=+$,[]") &&
           all_legal(u->fragment, ";/?:@&=+$,[]") && all_legal(u->authority, "$,;:@&=+[]");
}

/* The value of a key in "a=1&b=2". */
static weir_str query_value(weir_str query, weir_str key) {
    while (query.data && query.size) {
        weir_str rest = split_off(&query, '&'), name = query, value = split_off(&name, '=');
        if (value.data && weir_str_equal(name, key))
            return value;
        query = rest;
    }
    return (weir_str){NULL, 0};
}

static weir_str part_of(weir_arena *arena, const uri *u, weir_str part) {
    if (weir_str_equal(part, WEIR_STR("HOST")))
        return u->host;
    if (weir_str_equal(part, WEIR_STR("PATH")))
        return u->path;
    if (weir_str_equal(part, WEIR_STR("QUERY")))
        return u->query;
    if (weir_str_equal(part, WEIR_STR("REF")))
        return u->fragment;
    if (weir_str_equal(part, WEIR_STR("PROTOCOL")))
        return u->scheme;
    if (weir_str_equal(part, WEIR_STR("AUTHORITY")))
        return u->authority;
    if (weir_str_equal(part, WEIR_STR("USERINFO")))
        return u->user;
    if (!weir_str_equal(part, WEIR_STR("FILE")))
        return (weir_str){NULL, 0};
    if (u->query.data == NULL || u->path.data == NULL)
        return u->path;
    return weir_str_from(weir_arena_printf(arena, WEIR_STR_FMT "?" WEIR_STR_FMT, WEIR_STR_ARG(u->path),
                                           WEIR_STR_ARG(u->query)));
}

static weir_code parse_rows(const weir_kernel_call *call, bool forgiving, weir_column **ret,
                            weir_error **err) {
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_EACH(call, i) {
        weir_str text = weir_column_bytes(call->args[0], i), part = weir_column_bytes(call->args[1], i),
                 value;
        uri u;
        bool valid = parse_uri(text, &u);
        if (!valid && !forgiving)
            WEIR_RAISE(err, INVALID_URL, "url",
                       weir_arena_printf(call->eval->arena, WEIR_STR_FMT, WEIR_STR_ARG(text)));
        value = valid ? part_of(call->eval->arena, &u, part) : (weir_str){NULL, 0};
        if (call->args_count > 2)
            value = value.data && weir_str_equal(part, WEIR_STR("QUERY"))
                        ? query_value(value, weir_column_bytes(call->args[2], i))
                        : (weir_str){NULL, 0};
        if (value.data)
            WEIR_TRY(weir_bytes_put(&writer, i, value, err));
        else
            WEIR_TRY(weir_bytes_null(call, &writer, i, err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code parse_url_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return parse_rows(call, false, ret, err);
}

static weir_code try_parse_url_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return parse_rows(call, true, ret, err);
}

static weir_code resolve_url(WEIR_RESOLVE_PARAMS) {
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    *ret_nullable = true;
    return WEIR_OK;
}

#define URL_FUNCTION(sql_name, kernel) \
    { \
        .name = sql_name, .args_min = 2, .args_max = 3, .flags = WEIR_FN_NULL_PROPAGATES, \
        .resolve = resolve_url, .eval = kernel, .signature = "string; string; string -> string" \
    }

const weir_function weir_url_functions[] = {
    URL_FUNCTION("parse_url", parse_url_kernel),
    URL_FUNCTION("try_parse_url", try_parse_url_kernel),
};
WEIR_FAMILY_COUNT(url)
