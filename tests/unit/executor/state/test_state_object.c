/* State objects: several stores' sections in one file. */
#include "tests/lib/weir_test.h"

#include <stdlib.h>

#include "executor/state/state_object.h"

static const weir_state_object_part parts[] = {
    {.operator_id = 0, .group_from = 0, .group_to = 512, .section = {"first section", 13}},
    {.operator_id = 0, .group_from = 512, .group_to = 1024, .section = {"", 0}},
    {.operator_id = 1, .group_from = 0, .group_to = 1024, .section = {"third", 5}},
};

WEIR_TEST(state_object, parts_come_back) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf buf = {0};
    weir_state_object_write(&buf, 77, parts, 3);
    weir_state_object object;
    CHECK_OK(weir_state_object_read(arena, weir_strbuf_view(&buf), "object", &object, &err));
    cr_assert(object.batch_id == 77 && object.count == 3 && object.size == (int64_t)buf.size);
    for (int32_t i = 0; i < 3; i++) {
        cr_assert(object.parts[i].operator_id == parts[i].operator_id);
        cr_assert(object.parts[i].group_from == parts[i].group_from &&
                  object.parts[i].group_to == parts[i].group_to);
        cr_assert(weir_str_equal(object.parts[i].section, parts[i].section));
    }
    weir_arena_free(arena);
}

WEIR_TEST(state_object, no_parts_are_fine) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf buf = {0};
    weir_state_object_write(&buf, 0, NULL, 0);
    weir_state_object object;
    CHECK_OK(weir_state_object_read(arena, weir_strbuf_view(&buf), "object", &object, &err));
    cr_assert(object.count == 0);
    weir_arena_free(arena);
}

WEIR_TEST(state_object, the_index_is_readable_from_the_first_bytes) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf buf = {0};
    weir_state_object_write(&buf, 5, parts, 3);
    weir_state_object object = {0};
    size_t have = 0, need = 1;
    int rounds = 0;
    while (need > have) {
        have = need;
        CHECK_OK(
            weir_state_object_read_index(arena, (weir_str){buf.data, have}, "object", &need, &object, &err));
        cr_assert(++rounds < 4);
    }
    cr_assert(object.count == 3 && !object.parts[2].section.data);
    weir_str third = {buf.data + object.parts[2].offset, (size_t)object.parts[2].size};
    CHECK_OK(weir_state_object_check(&object.parts[2], third, "object", &err));
    CHECK_FAILS(CORRUPT_FILE, weir_state_object_check(&object.parts[0], third, "object", &err));
    weir_arena_free(arena);
}

WEIR_TEST(state_object, damage_is_refused) {
    weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf buf = {0};
    weir_state_object_write(&buf, 77, parts, 3);
    weir_state_object object;
    for (size_t size = 0; size < buf.size; size++) {
        weir_arena *arena = weir_arena_new();
        char *copy = malloc(size + 1);
        memcpy(copy, buf.data, size);
        CHECK_FAILS(CORRUPT_FILE,
                    weir_state_object_read(arena, (weir_str){copy, size}, "cut", &object, &err));
        free(copy);
        weir_arena_free(arena);
    }
    for (size_t bit = 0; bit < 8 * buf.size; bit++) {
        weir_arena *arena = weir_arena_new();
        char *copy = malloc(buf.size);
        memcpy(copy, buf.data, buf.size);
        copy[bit / 8] ^= (char)(1u << bit % 8);
        CHECK_FAILS(CORRUPT_FILE,
                    weir_state_object_read(arena, (weir_str){copy, buf.size}, "flipped", &object, &err));
        free(copy);
        weir_arena_free(arena);
    }
    weir_arena *arena = weir_arena_new();
    weir_strbuf_add_char(&buf, 'x');
    CHECK_FAILS(CORRUPT_FILE, weir_state_object_read(arena, weir_strbuf_view(&buf), "longer", &object, &err));
    weir_arena_free(arena);
}
