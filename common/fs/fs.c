/* Helpers over any file system: path and URI texts, whole-file reads. Any thread. */
#include "common/fs/fs.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/alloc.h"

char *weir_fs_join(weir_arena *arena, const char *directory, const char *name) {
    size_t size = strlen(directory);
    return weir_arena_printf(arena, "%s%s%s", directory, size && directory[size - 1] == '/' ? "" : "/", name);
}

/* Appends the components of `path` to `buf`, which holds an absolute path without a slash at its end. */
static void append_components(weir_strbuf *buf, weir_str path) {
    size_t at = 0;
    while (at < path.size) {
        const char *slash = memchr(path.data + at, '/', path.size - at);
        size_t end = slash ? (size_t)(slash - path.data) : path.size;
        weir_str part = {path.data + at, end - at};
        at = end + 1;
        if (part.size == 0 || weir_str_equal(part, WEIR_STR(".")))
            continue;
        if (weir_str_equal(part, WEIR_STR(".."))) {
            while (buf->size > 0 && buf->data[buf->size - 1] != '/')
                buf->size--;
            if (buf->size > 0)
                buf->size--;
            continue;
        }
        weir_strbuf_add_char(buf, '/');
        weir_strbuf_add(buf, part);
    }
}

static weir_str without_scheme(weir_str path) {
    if (!weir_str_starts_with(path, WEIR_STR("file:")))
        return path;
    path.data += 5;
    path.size -= 5;
    if (weir_str_starts_with(path, WEIR_STR("//"))) { /* file://host/path: the host is this machine */
        const char *slash = memchr(path.data + 2, '/', path.size - 2);
        size_t skip = slash ? (size_t)(slash - path.data) : path.size;
        path.data += skip;
        path.size -= skip;
    }
    return path;
}

char *weir_fs_normalize(weir_arena *arena, weir_str path) {
    _cleanup_strbuf_ weir_strbuf buf = {0};
    path = without_scheme(path);
    if (path.size == 0 || path.data[0] != '/') {
        char directory[PATH_MAX];
        if (getcwd(directory, sizeof directory))
            append_components(&buf, weir_str_from(directory));
    }
    append_components(&buf, path);
    if (buf.size == 0)
        weir_strbuf_add_char(&buf, '/');
    return weir_arena_strndup(arena, buf.data, buf.size);
}

weir_code weir_fs_read_all(weir_fs *fs, const char *path, int64_t max, weir_arena *arena, weir_str *ret,
                           weir_error **err) {
    weir_file *file;
    WEIR_TRY(fs->ops->open(fs, path, &file, err));
    int64_t size = fs->ops->size(file);
    if (size > max) {
        fs->ops->close(file);
        char reason[64];
        snprintf(reason, sizeof reason, "it has %lld bytes", (long long)size);
        WEIR_RAISE(err, CORRUPT_FILE, "path", path, "reason", reason);
    }
    char *data = weir_arena_alloc(arena, (size_t)size + 1);
    size_t got = 0;
    weir_code code = fs->ops->read(file, 0, data, (size_t)size, &got, err);
    fs->ops->close(file);
    WEIR_TRY(code);
    data[got] = 0;
    *ret = (weir_str){data, got};
    return WEIR_OK;
}

/* The characters that java.net.URI leaves as they are in a path. */
static bool is_path_char(uint8_t c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && strchr("-_.!~*'():@&=+$,;/", c));
}

/* Bytes of the UTF-8 character at `text`; 0 where it is malformed. `ret` gets the code point. */
static size_t utf8_decode(const uint8_t *text, size_t size, uint32_t *ret) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t c = text[0];
    size_t need = c >= 0xF0 && c < 0xF8 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 0;
    if (!need || c >= 0xF8 || need > size)
        return 0;
    uint32_t value = c & (0xFFu >> (need + 1));
    for (size_t i = 1; i < need; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (text[i] & 0x3F);
    }
    if (value < least[need] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
        return 0;
    *ret = value;
    return need;
}

/* Character.isSpaceChar or isISOControl, beyond ASCII. */
static bool is_quoted_beyond_ascii(uint32_t c) {
    return (c >= 0x80 && c <= 0xA0) || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

char *weir_fs_uri(weir_arena *arena, const char *path) {
    _cleanup_strbuf_ weir_strbuf buf = {0};
    weir_strbuf_add_text(&buf, "file://");
    const uint8_t *text = (const uint8_t *)path;
    size_t size = strlen(path);
    for (size_t i = 0; i < size;) {
        uint32_t point = 0;
        size_t step = text[i] < 0x80 ? 1 : utf8_decode(text + i, size - i, &point);
        bool plain = text[i] < 0x80 ? is_path_char(text[i]) : step > 0 && !is_quoted_beyond_ascii(point);
        step = WEIR_MAX(step, (size_t)1);
        if (plain)
            weir_strbuf_add(&buf, (weir_str){path + i, step});
        for (size_t k = 0; !plain && k < step; k++)
            weir_strbuf_addf(&buf, "%%%02X", text[i + k]);
        i += step;
    }
    return weir_arena_strndup(arena, buf.data, buf.size);
}

static int hex_value(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

char *weir_fs_from_uri(weir_arena *arena, weir_str uri) {
    weir_str path = without_scheme(uri);
    char *text = weir_arena_strndup(arena, path.data, path.size);
    if (path.data == uri.data) /* no scheme: a plain path, '%' means itself */
        return text;
    size_t size = 0;
    for (size_t i = 0; i < path.size; i++) {
        bool quoted =
            text[i] == '%' && i + 2 < path.size && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
        text[size++] = quoted ? (char)(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2])) : text[i];
        i += quoted ? 2 : 0;
    }
    text[size] = 0;
    return text;
}
