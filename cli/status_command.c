/* `weir status URL [--json]`: asks a driver or an executor how it is (GET_STATUS) and prints the answer: as
 * lines for people, or as the JSON that it sent. Status 0 only where the process answers and says that it is
 * well, so that a container's health check can be this command. Main thread. */
#include "cli/command_flags.h"
#include "cli/commands.h"
#include "cli/peer_call.h"
#include "cli/wire_flags.h"
#include "common/base/json_value.h"
#include "common/rpc/error_wire.h"

#define ANSWER_MS 3000

static const char usage[] =
    "usage: weir status tcp://HOST:PORT [FLAG...]\n"
    "\n"
    "Asks a driver or an executor how it is. Ends with 0 only where it answers and is well.\n"
    "\n";

typedef struct status_arguments {
    const char *url;
    weir_wire_flags wire;
    bool json, help;
} status_arguments;

static void print_scalar(weir_strbuf *text, const weir_json *value) {
    if (value->kind == WEIR_JSON_STRING)
        weir_strbuf_add(text, value->text);
    else
        weir_json_write(text, value);
}

/* "name=value name=value": the members of an object within a line. */
static void print_members(weir_strbuf *text, const weir_json *object) {
    for (const weir_json *member = object->first; member; member = member->next) {
        weir_strbuf_addf(text, " " WEIR_STR_FMT "=", WEIR_STR_ARG(member->name));
        print_scalar(text, member);
    }
}

/* A line a member; a list of objects is a line each. */
static void print_status(weir_strbuf *text, const weir_json *status) {
    for (const weir_json *member = status->first; member; member = member->next) {
        if (member->kind == WEIR_JSON_ARRAY) {
            weir_strbuf_addf(text, WEIR_STR_FMT ": %d\n", WEIR_STR_ARG(member->name), member->count);
            for (const weir_json *item = member->first; item; item = item->next) {
                weir_strbuf_add_text(text, " ");
                if (item->kind == WEIR_JSON_OBJECT) {
                    print_members(text, item);
                } else {
                    weir_strbuf_add_char(text, ' ');
                    print_scalar(text, item);
                }
                weir_strbuf_add_char(text, '\n');
            }
            continue;
        }
        weir_strbuf_addf(text, WEIR_STR_FMT ":", WEIR_STR_ARG(member->name));
        if (member->kind == WEIR_JSON_OBJECT) {
            print_members(text, member);
        } else {
            weir_strbuf_add_char(text, ' ');
            print_scalar(text, member);
        }
        weir_strbuf_add_char(text, '\n');
    }
}

weir_code weir_status_fetch(weir_peer *peer, int32_t timeout_ms, weir_arena *arena, weir_str *ret_text,
                            weir_json **ret, weir_error **err) {
    Weir__GetStatus request = WEIR__GET_STATUS__INIT;
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_peer_call(peer, WEIR_FRAME_GET_STATUS, &request.base, timeout_ms, WEIR_FRAME_STATUS,
                            &weir__status__descriptor, &message, err));
    const Weir__Status *status = (const Weir__Status *)message;
    weir_code code = weir_error_from_wire(status->error, err);
    if (code == WEIR_OK) {
        *ret_text = weir_arena_str(arena, weir_str_from(status->json));
        code = weir_json_parse(arena, *ret_text, "the status", ret, err);
    }
    protobuf_c_message_free_unpacked(message, NULL);
    return code;
}

static weir_code ask(const status_arguments *arguments, weir_arena *arena, weir_str *ret_text,
                     weir_json **ret, weir_error **err) {
    weir_wire wire = {0};
    const char *url = NULL;
    WEIR_TRY(weir_wire_url(arena, &arguments->wire, arguments->url, &url, err));
    weir_peer *peer = NULL;
    weir_code code = weir_wire_open(&arguments->wire, NULL, &wire, err);
    if (code == WEIR_OK)
        code = weir_peer_open(wire.transport, url, &peer, err);
    if (code == WEIR_OK)
        code = weir_status_fetch(peer, ANSWER_MS, arena, ret_text, ret, err);
    weir_peer_close(peer);
    weir_wire_close(&wire);
    return code;
}

static int print_answer(weir_str text, const weir_json *status, bool json) {
    _cleanup_strbuf_ weir_strbuf out = {0};
    if (json)
        weir_strbuf_addf(&out, WEIR_STR_FMT "\n", WEIR_STR_ARG(text));
    else
        print_status(&out, status);
    int printed = weir_command_print(weir_strbuf_view(&out));
    bool well = weir_str_equal(weir_json_get_str(status, "status", WEIR_STR("")), WEIR_STR("ok"));
    return well ? printed : WEIR_EXIT_FAILED;
}

int weir_status_command(int argc, char **argv) {
    status_arguments arguments = {0};
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    int32_t count = 0;
    weir_flag items[2 + WEIR_WIRE_FLAGS] = {
        {"--json", WEIR_FLAG_SWITCH, &arguments.json, 0, 0, NULL, "print the answer as it came"},
        {"--help", WEIR_FLAG_SWITCH, &arguments.help, 0, 0, NULL, "print this text"},
    };
    weir_wire_flags_table(&arguments.wire, WEIR_WIRE_CLIENT, items + 2);
    const weir_flags flags = {"weir status", items, WEIR_ARRAY_LEN(items)};
    if (weir_command_flags_parse(&flags, arena, argc, argv, &arguments.url, 1, &count, &err) != WEIR_OK)
        return weir_command_refused(err);
    if (arguments.help)
        return weir_command_help(usage, &flags);
    if (count == 0) {
        weir_error_failf(&err, WEIR_INVALID_ARGUMENT,
                         "weir status: the address is missing: weir status tcp://HOST:PORT");
        return weir_command_refused(err);
    }
    weir_str text = {0};
    weir_json *status = NULL;
    if (ask(&arguments, arena, &text, &status, &err) != WEIR_OK)
        return weir_command_failed(err);
    return print_answer(text, status, arguments.json);
}
