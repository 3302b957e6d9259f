/* `weir conf`: the configuration table as markdown; docs/configuration.md is its output. Main thread. */
#include "cli/command_flags.h"
#include "cli/commands.h"
#include "common/conf/conf.h"

int weir_conf_command(int argc, char **argv) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_error *err = NULL;
    bool help = false;
    int32_t count;
    const weir_flag items[] = {{"--help", WEIR_FLAG_SWITCH, &help, 0, 0, NULL, "print this text"}};
    const weir_flags flags = {"weir conf", items, WEIR_ARRAY_LEN(items)};
    if (weir_command_flags_parse(&flags, arena, argc, argv, NULL, 0, &count, &err) != WEIR_OK)
        return weir_command_refused(err);
    if (help)
        weir_strbuf_add_text(&text, "usage: weir conf\n\nPrints all configuration keys as markdown.\n");
    else
        weir_conf_document(&text);
    return weir_command_print(weir_strbuf_view(&text));
}
