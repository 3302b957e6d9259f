/* Plan nodes: generic operations and the binary form. */
#include "common/plan/plan.h"

#include "tests/lib/weir_test.h"

static weir_node *attribute(weir_arena *arena, const char *name, int64_t id) {
    weir_node_attribute *node = WEIR_NODE_NEW(arena, ATTRIBUTE, attribute);
    node->name = weir_str_from(name);
    node->id = id;
    node->node.type = weir_type_of(WEIR_TYPE_LONG);
    node->node.resolved = true;
    return &node->node;
}

static weir_node *both(weir_arena *arena, weir_node *left, weir_node *right) {
    weir_node_and *node = WEIR_NODE_NEW(arena, AND, and);
    node->left = left;
    node->right = right;
    node->node.type = weir_type_of(WEIR_TYPE_BOOLEAN);
    return &node->node;
}

static weir_node *sample(weir_arena *arena) {
    weir_node_filter_exec *filter = WEIR_NODE_NEW(arena, FILTER_EXEC, filter_exec);
    weir_node_scan *scan = WEIR_NODE_NEW(arena, SCAN, scan);
    weir_field fields[] = {{WEIR_STR("a"), weir_type_of(WEIR_TYPE_LONG), true, {0}},
                           {WEIR_STR("b"), weir_type_decimal(arena, 12, 3), false, {0}}};
    scan->format = WEIR_STR("json");
    scan->schema = scan->projection = weir_type_struct(arena, fields, 2);
    weir_options_set(arena, &scan->options, WEIR_STR("path"), WEIR_STR("/in"));
    filter->child = &scan->node;
    filter->condition = both(arena, weir_literal_bool(arena, true), weir_literal_null(arena, scan->schema));
    weir_node_list list = {0};
    for (int i = 0; i < 9; i++)
        weir_node_list_add(arena, &list, weir_literal_string(arena, WEIR_STR("x")));
    weir_node_coalesce *coalesce = WEIR_NODE_NEW(arena, COALESCE, coalesce);
    coalesce->args = list;
    filter->condition = both(arena, filter->condition, &coalesce->node);
    return &filter->node;
}

WEIR_TEST(plan, encodes_and_decodes_every_kind_of_field) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    weir_strbuf bytes = {0}, printed = {0}, again = {0};
    weir_node *node = sample(arena), *back;
    weir_node_encode(&bytes, node);
    CHECK_OK(weir_node_decode(arena, weir_strbuf_view(&bytes), &back, &err));
    cr_assert(weir_node_equal(node, back));
    cr_assert_eq(weir_node_hash(node), weir_node_hash(back));
    weir_node_print(&printed, node);
    weir_node_print(&again, back);
    CHECK_TEXT(again.data, printed.data);
    weir_strbuf_fini(&bytes);
    weir_strbuf_fini(&printed);
    weir_strbuf_fini(&again);
    weir_arena_free(arena);
}

WEIR_TEST(plan, refuses_cut_and_changed_bytes) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    weir_strbuf bytes = {0};
    weir_node *back;
    weir_node_encode(&bytes, sample(arena));
    for (size_t size = 0; size < bytes.size; size++)
        CHECK_FAILS(CORRUPT_FILE, weir_node_decode(arena, weir_str_make(bytes.data, size), &back, &err));
    for (size_t at = 0; at < bytes.size; at++) {
        bytes.data[at] ^= 0x55;
        weir_node_decode(arena, weir_strbuf_view(&bytes), &back, &err); /* must not crash */
        weir_error_free_ptr(&err);
        bytes.data[at] ^= 0x55;
    }
    weir_strbuf_fini(&bytes);
    weir_arena_free(arena);
}

static weir_code replace_attribute(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                                   weir_error **err) {
    (void)err;
    ++*(int *)data;
    *ret = node->kind == WEIR_NODE_ATTRIBUTE ? weir_literal_long(arena, 7) : node;
    return WEIR_OK;
}

static weir_code cut_and(weir_arena *arena, weir_node *node, void *data, weir_node **ret, weir_error **err) {
    (void)err;
    ++*(int *)data;
    *ret = node->kind == WEIR_NODE_AND && *(int *)data > 1 ? weir_literal_bool(arena, false) : node;
    return WEIR_OK;
}

WEIR_TEST(plan, transforms_share_what_they_do_not_change) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    weir_node *quiet = both(arena, weir_literal_bool(arena, true), weir_literal_bool(arena, false));
    weir_node *tree = both(arena, quiet, attribute(arena, "a", 1)), *made;
    int calls = 0;
    CHECK_OK(weir_node_transform(arena, tree, replace_attribute, &calls, &made, &err));
    cr_assert_eq(calls, 5);
    cr_assert_neq(made, tree);
    cr_assert_eq(WEIR_NODE_AS(made, AND, and)->left, quiet);
    cr_assert_eq(WEIR_NODE_AS(made, AND, and)->right->kind, WEIR_NODE_LITERAL);
    cr_assert_eq(WEIR_NODE_AS(tree, AND, and)->right->kind, WEIR_NODE_ATTRIBUTE, "the old tree is untouched");
    calls = 0;
    CHECK_OK(weir_node_transform_down(arena, tree, cut_and, &calls, &made, &err));
    cr_assert_eq(calls, 3, "what is replaced is not descended into");
    weir_arena_free(arena);
}

WEIR_TEST(plan, attributes_are_equal_by_id_and_options_without_case) {
    weir_arena *arena = weir_arena_new();
    cr_assert(weir_node_equal(attribute(arena, "a", 1), attribute(arena, "A", 1)));
    cr_assert_not(weir_node_equal(attribute(arena, "a", 1), attribute(arena, "a", 2)));
    weir_options options = {0};
    weir_options_set(arena, &options, WEIR_STR("Path"), WEIR_STR("x"));
    weir_options_set(arena, &options, WEIR_STR("path"), WEIR_STR("y"));
    cr_assert_eq(options.count, 1);
    cr_assert(weir_str_equal(weir_options_get(&options, "PATH"), WEIR_STR("y")));
    weir_arena_free(arena);
}
