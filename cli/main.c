/* The program `weir`: finds the subcommand and runs it. Main thread. */
#include <string.h>

#include "cli/commands.h"
#include "common/base/suggest.h"

typedef struct command {
    const char *name;
    int (*run)(int argc, char **argv); /* NULL: known, not built */
    const char *help;
} command;

static const command commands[] = {
    {"run", weir_run_command, "run the streaming queries of a job spec"},
    {"gen", weir_gen_command, "write test and benchmark data"},
    {"conf", weir_conf_command, "print the configuration keys"},
    {"driver", weir_driver_command, "plan and commit: one driver for many executors and jobs"},
    {"executor", weir_executor_command, "run tasks for a driver"},
    {"status", weir_status_command, "ask a driver or an executor how it is"},
    {"sql", NULL, "batch SQL"},
};

static int print_help(void) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_add_text(&text, "usage: weir COMMAND ...\n\n"
                                "Runs Spark Structured Streaming programs without Spark.\n\n");
    for (size_t i = 0; i < WEIR_ARRAY_LEN(commands); i++)
        if (commands[i].run)
            weir_strbuf_addf(&text, "  %-11s %s\n", commands[i].name, commands[i].help);
    weir_strbuf_add_text(&text,
                         "\nweir COMMAND --help shows the command's flags; weir --version the version.\n");
    return weir_command_print(weir_strbuf_view(&text));
}

static int unknown_command(const char *name) {
    weir_error *err = NULL;
    const char *names[WEIR_ARRAY_LEN(commands)];
    for (size_t i = 0; i < WEIR_ARRAY_LEN(commands); i++)
        names[i] = commands[i].name;
    int32_t near = weir_suggest(weir_str_from(name), names, WEIR_ARRAY_LEN(commands));
    if (near >= 0)
        weir_error_failf(&err, WEIR_INVALID_ARGUMENT, "unknown command '%s'; did you mean %s?", name,
                         names[near]);
    else
        weir_error_failf(&err, WEIR_INVALID_ARGUMENT, "unknown command '%s'; weir --help lists them", name);
    return weir_command_refused(err);
}

int main(int argc, char **argv) {
    weir_error *err = NULL;
    if (argc < 2) {
        weir_error_failf(&err, WEIR_INVALID_ARGUMENT, "no command given; weir --help lists them");
        return weir_command_refused(err);
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
        return print_help();
    if (strcmp(name, "--version") == 0)
        return weir_command_print(WEIR_STR("weir " WEIR_VERSION "\n"));
    for (size_t i = 0; i < WEIR_ARRAY_LEN(commands); i++) {
        if (strcmp(name, commands[i].name) != 0)
            continue;
        if (commands[i].run)
            return commands[i].run(argc - 2, argv + 2);
        weir_error_failf(&err, WEIR_NOT_SUPPORTED, "weir %s is not supported: %s are not built", name,
                         commands[i].help);
        return weir_command_refused(err);
    }
    return unknown_command(name);
}
