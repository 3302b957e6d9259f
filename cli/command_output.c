/* What subcommands print: results to standard output, errors to standard error. Main thread. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/commands.h"

static void print_error(weir_error *error) {
    fprintf(stderr, "weir: %s\n", error ? weir_error_text(error) : "[INTERNAL_ERROR] no error object");
    weir_error_free(error);
}

int weir_command_failed(weir_error *error) {
    print_error(error);
    return WEIR_EXIT_FAILED;
}

int weir_command_refused(weir_error *error) {
    print_error(error);
    return WEIR_EXIT_USAGE;
}

int weir_command_abandon(weir_error *error) {
    print_error(error);
    _exit(WEIR_EXIT_FAILED);
}

int weir_command_print(weir_str text) {
    while (text.size) {
        ssize_t wrote = write(STDOUT_FILENO, text.data, text.size);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0) {
            weir_error *error = NULL;
            weir_error_fail_errno(&error, errno, "cannot write to standard output");
            return weir_command_failed(error);
        }
        text.data += wrote;
        text.size -= (size_t)wrote;
    }
    return WEIR_EXIT_OK;
}

int weir_command_help(const char *usage, const weir_flags *flags) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_add_text(&text, usage);
    weir_command_flags_help(flags, &text);
    return weir_command_print(weir_strbuf_view(&text));
}
