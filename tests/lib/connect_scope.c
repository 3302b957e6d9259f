/* The scope of connect_scope.h. */
#include "tests/lib/connect_scope.h"

static weir_code find_view(void *self, weir_arena *arena, const weir_str_list *name, weir_node **ret,
                           weir_error **err) {
    (void)self, (void)err;
    *ret = NULL;
    if (name->count != 1 || !weir_str_equal_nocase(name->items[0], WEIR_STR("v")))
        return WEIR_OK;
    weir_node_range *range = WEIR_NODE_NEW(arena, RANGE, range);
    range->end = 10;
    range->step = 1;
    *ret = &range->node;
    return WEIR_OK;
}

static weir_code find_blob(void *self, weir_arena *arena, weir_str hash, weir_str *ret, weir_error **err) {
    (void)arena, (void)hash, (void)err;
    *ret = ((connect_scope *)self)->blob;
    return WEIR_OK;
}

void connect_scope_init(connect_scope *s, weir_arena *arena) {
    *s = (connect_scope){.next_id = 1};
    s->env = (weir_env){.clock = &weir_system_clock_ops,
                        .random_bytes = weir_system_random,
                        .local_fs = weir_memory_fs_new()};
    s->catalog = (weir_catalog){.find = find_view, .self = s};
    s->scope = (weir_connect_scope){.env = &s->env,
                                    .conf = weir_conf_new(arena),
                                    .zone = weir_timezone_utc(),
                                    .ansi = true,
                                    .next_id = &s->next_id,
                                    .catalog = &s->catalog,
                                    .find_blob = find_blob,
                                    .self = s,
                                    .texts = &s->texts};
}

void connect_scope_fini(connect_scope *s) {
    s->env.local_fs->ops->free(s->env.local_fs);
}

weir_str connect_scope_base64(weir_arena *arena, weir_str text) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = weir_arena_alloc(arena, text.size + 1);
    size_t size = 0;
    uint32_t bits = 0, count = 0;
    for (size_t i = 0; i < text.size && text.data[i] != '='; i++) {
        bits = bits << 6 | (uint32_t)(strchr(digits, text.data[i]) - digits);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[size++] = (char)(bits >> count);
        }
    }
    return weir_str_make(out, size);
}
