/* What the stock client sent to Spark's own server, and that server's answers (connect_*.jsonl): the same
 * bytes give the same schema, text or condition here. connect_known.txt lists what is known to differ, by
 * name; a name that no longer differs fails too, so the list only shrinks. */
#include <stdio.h>

#include "common/base/json_value.h"
#include "tests/lib/connect_scope.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/weir_test.h"

#define DIRECTORY "/tmp/weir-connect-golden" /* part of the recorded requests */

typedef struct tally {
    weir_arena *arena; /* of the whole file */
    weir_str known;
    int32_t same, known_count, wrong;
} tally;

/* With the one file that the recorded requests read. */
static void open_scope(connect_scope *s, weir_arena *arena) {
    weir_error *err = NULL;
    connect_scope_init(s, arena);
    weir_fs *fs = s->env.local_fs;
    CHECK_OK(fs->ops->create_new(fs, DIRECTORY "/events.json", WEIR_STR("{\"a\": 1, \"b\": \"x\"}\n"), &err));
}

static bool is_known(const tally *t, const char *file, weir_str name) {
    weir_strbuf line _cleanup_strbuf_ = {0};
    weir_strbuf_addf(&line, "\n%s\t" WEIR_STR_FMT "\t", file, WEIR_STR_ARG(name));
    return memmem(t->known.data, t->known.size, line.data, line.size) != NULL;
}

/* Counts the outcome; what is neither as Spark nor known is printed. */
static void judge(tally *t, const char *file, weir_str name, bool same, const char *difference) {
    bool known = is_known(t, file, name);
    t->same += same;
    t->known_count += known;
    if (same != known)
        return;
    t->wrong++;
    fprintf(stderr, "%s\t" WEIR_STR_FMT "\t%s\n", file, WEIR_STR_ARG(name),
            same ? "as Spark now" : difference);
}

static bool texts_same(const char *ours, weir_str sparks) {
    return sparks.size == strlen(ours) && memcmp(ours, sparks.data, sparks.size) == 0;
}

/* An error of ours beside Spark's: the condition, and for most the message. */
static const char *compare_errors(weir_arena *arena, const weir_json *error, const weir_error *err) {
    weir_str condition = weir_json_get_str(error, "condition", WEIR_STR(""));
    weir_str message = weir_json_get_str(error, "message", WEIR_STR(""));
    const char *ours = weir_code_condition(weir_error_code(err));
    if (condition.size == 0 || weir_str_starts_with(condition, WEIR_STR("_LEGACY")))
        return texts_same(weir_error_message(err), message)
                   ? NULL
                   : weir_arena_printf(arena, "error: %s", weir_error_text(err));
    if (!texts_same(ours, condition))
        return weir_arena_printf(arena, "error: %s", weir_error_text(err));
    /* Spark's text has the condition and SQLSTATE around the message, places behind it. */
    const char *text = weir_error_message(err);
    return memmem(message.data, message.size, text, strlen(text))
               ? NULL
               : weir_arena_printf(arena, "message: %s", text);
}

static const char *compare_response(weir_arena *arena, const weir_json *test,
                                    const Spark__Connect__AnalyzePlanResponse *ours) {
    weir_str bytes = connect_scope_base64(arena, weir_json_get_str(test, "response", WEIR_STR("")));
    weir_strbuf packed _cleanup_strbuf_ = {0};
    weir_connect_pack(&packed, &ours->base);
    if (weir_str_equal(weir_strbuf_view(&packed), bytes))
        return NULL;
    if (ours->result_case == SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_SCHEMA) {
        const weir_type *type;
        weir_strbuf text _cleanup_strbuf_ = {0};
        if (weir_connect_type_decode(arena, ours->schema->schema, &type, NULL) == WEIR_OK)
            weir_type_json(&text, type);
        return weir_arena_printf(arena, "schema: %s", text.data ? text.data : "?");
    }
    if (ours->result_case == SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_TREE_STRING)
        return weir_arena_printf(arena, "tree:\n%s", ours->tree_string->tree_string);
    return "another answer";
}

/* A case may ask several things; the last one has its plain name. */
static weir_str name_of(weir_arena *arena, const weir_json *test) {
    weir_str name = weir_json_get_str(test, "name", WEIR_STR(""));
    if (!weir_json_get(test, "step"))
        return name;
    return weir_str_from(weir_arena_printf(arena, WEIR_STR_FMT " step %lld", WEIR_STR_ARG(name),
                                           (long long)weir_json_get_int(test, "step", 0)));
}

static void check_analyze(tally *t, const char *file, const weir_json *test) {
    weir_arena *arena _cleanup_arena_ = weir_arena_new();
    weir_error *err _cleanup_error_ = NULL;
    connect_scope s;
    ProtobufCMessage *request;
    Spark__Connect__AnalyzePlanResponse response;
    weir_str name = name_of(arena, test);
    const weir_json *error = weir_json_get(test, "error");
    open_scope(&s, arena);
    weir_str bytes = connect_scope_base64(arena, weir_json_get_str(test, "request", WEIR_STR("")));
    CHECK_OK(
        weir_connect_unpack(arena, bytes, &spark__connect__analyze_plan_request__descriptor, &request, &err));
    weir_code code = weir_connect_analyze(
        arena, &s.scope, (const Spark__Connect__AnalyzePlanRequest *)request, &response, &err);
    const char *difference = NULL;
    if (code != WEIR_OK)
        difference = error ? compare_errors(arena, error, err)
                           : weir_arena_printf(arena, "error: %s", weir_error_text(err));
    else if (error)
        difference = "no error";
    else
        difference = compare_response(arena, test, &response);
    judge(t, file, name, difference == NULL, difference);
    connect_scope_fini(&s);
}

static void check_execute(tally *t, const char *file, const weir_json *test) {
    weir_arena *arena _cleanup_arena_ = weir_arena_new();
    weir_error *err _cleanup_error_ = NULL;
    connect_scope s;
    ProtobufCMessage *request;
    weir_connect_plan plan;
    open_scope(&s, arena);
    weir_str bytes = connect_scope_base64(arena, weir_json_get_str(test, "request", WEIR_STR("")));
    CHECK_OK(
        weir_connect_unpack(arena, bytes, &spark__connect__execute_plan_request__descriptor, &request, &err));
    weir_code code = weir_connect_decode(
        arena, &s.scope, ((const Spark__Connect__ExecutePlanRequest *)request)->plan, &plan, &err);
    if (code == WEIR_OK)
        code = weir_connect_resolve(arena, &s.scope, &plan, &err);
    const weir_json *error = weir_json_get(test, "error");
    const char *difference =
        NULL; /* an error of Spark's that ours does not have yet comes when the plan runs */
    if (code != WEIR_OK)
        difference = error ? compare_errors(arena, error, err) : weir_error_text(err);
    judge(t, file, name_of(arena, test), difference == NULL, difference);
    connect_scope_fini(&s);
}

static void run_file(const char *kind, int32_t least) {
    weir_arena *arena _cleanup_arena_ = weir_arena_new();
    weir_error *err _cleanup_error_ = NULL;
    const char *file = weir_arena_printf(arena, "connect_%s.jsonl", kind);
    tally t = {.arena = arena};
    t.known = weir_temp_file_read(arena, WEIR_SOURCE_DIR "/tests/golden/connect_known.txt");
    weir_str text =
        weir_temp_file_read(arena, weir_arena_printf(arena, "%s/tests/golden/%s", WEIR_SOURCE_DIR, file));
    cr_assert(t.known.data && text.data);
    int32_t line = 0;
    for (const char *at = text.data, *end; at < text.data + text.size; at = end + 1, line++) {
        end = memchr(at, '\n', (size_t)(text.data + text.size - at));
        end = end ? end : text.data + text.size;
        weir_json *test;
        CHECK_OK(weir_json_parse(arena, weir_str_make(at, (size_t)(end - at)), file, &test, &err));
        weir_str rpc = weir_json_get_str(test, "rpc", WEIR_STR(""));
        if (weir_str_equal(rpc, WEIR_STR("AnalyzePlan")))
            check_analyze(&t, file, test);
        else if (weir_str_equal(rpc, WEIR_STR("ExecutePlan")))
            check_execute(&t, file, test);
    }
    fprintf(stderr, "%s: %d as Spark, %d known to differ, %d wrong\n", file, t.same, t.known_count, t.wrong);
    cr_assert_eq(t.wrong, 0);
    cr_assert_geq(t.same, least);
}

WEIR_TEST(golden_connect, plans_have_sparks_schemas_and_errors) {
    run_file("frame", 150);
}

WEIR_TEST(golden_connect, other_questions_have_sparks_answers) {
    run_file("question", 38);
}

WEIR_TEST(golden_connect, commands_and_actions_decode) {
    run_file("action", 55);
}
