/* Reads the flags of a subcommand by its table (command_flags.h). Main thread. */
#include "cli/command_flags.h"

#include "common/base/suggest.h"
#include "common/types/number_text.h"

#define FLAGS_MAX 64

static weir_code set_int(const weir_flags *flags, const weir_flag *flag, const char *value,
                         weir_error **err) {
    int64_t number;
    if (!weir_int64_parse(weir_str_from(value), &number) || number < flag->min || number > flag->max)
        WEIR_FAIL(err, INVALID_ARGUMENT, "%s: %s must be an integer between %lld and %lld, not '%s'",
                  flags->command, flag->name, (long long)flag->min, (long long)flag->max, value);
    *(int64_t *)flag->target = number;
    return WEIR_OK;
}

/* Repeated keys stay in order: whoever applies them lets the last one win. */
static void add_pair(weir_arena *arena, weir_options *pairs, weir_str key, weir_str value) {
    weir_option *items = WEIR_NEW_ARRAY(arena, weir_option, pairs->count + 1);
    if (pairs->count)
        memcpy(items, pairs->items, sizeof *items * (size_t)pairs->count);
    items[pairs->count++] = (weir_option){key, value};
    pairs->items = items;
}

static weir_code set_value(const weir_flags *flags, const weir_flag *flag, weir_arena *arena,
                           const char *value, weir_error **err) {
    if (flag->kind == WEIR_FLAG_INT)
        return set_int(flags, flag, value, err);
    if (flag->kind == WEIR_FLAG_TEXT) {
        *(const char **)flag->target = value;
        return WEIR_OK;
    }
    const char *equals = strchr(value, '=');
    if (!equals || equals == value)
        WEIR_FAIL(err, INVALID_ARGUMENT, "%s: %s must be KEY=VALUE, not '%s'", flags->command, flag->name,
                  value);
    add_pair(arena, flag->target, weir_str_make(value, (size_t)(equals - value)), weir_str_from(equals + 1));
    return WEIR_OK;
}

static weir_code unknown_flag(const weir_flags *flags, weir_str name, weir_error **err) {
    const char *known[FLAGS_MAX];
    int32_t count = WEIR_MIN(flags->count, FLAGS_MAX);
    for (int32_t i = 0; i < count; i++)
        known[i] = flags->items[i].name;
    int32_t near = weir_suggest(name, known, count);
    if (near >= 0)
        WEIR_FAIL(err, INVALID_ARGUMENT, "%s: unknown flag '" WEIR_STR_FMT "'; did you mean %s?",
                  flags->command, WEIR_STR_ARG(name), known[near]);
    WEIR_FAIL(err, INVALID_ARGUMENT, "%s: unknown flag '" WEIR_STR_FMT "'; %s --help lists them",
              flags->command, WEIR_STR_ARG(name), flags->command);
}

/* One flag at argv[*at]; moves *at past its value. */
static weir_code parse_flag(const weir_flags *flags, weir_arena *arena, int argc, char **argv, int *at,
                            weir_error **err) {
    const char *text = argv[*at], *equals = strchr(text, '=');
    weir_str name = equals ? weir_str_make(text, (size_t)(equals - text)) : weir_str_from(text);
    const weir_flag *flag = NULL;
    for (int32_t i = 0; i < flags->count && !flag; i++)
        if (weir_str_equal(name, weir_str_from(flags->items[i].name)))
            flag = &flags->items[i];
    if (!flag)
        return unknown_flag(flags, name, err);
    if (flag->kind == WEIR_FLAG_REFUSED)
        WEIR_FAIL(err, NOT_SUPPORTED, "%s: %s is not supported: %s", flags->command, flag->name, flag->help);
    if (flag->kind == WEIR_FLAG_SWITCH) {
        if (equals)
            WEIR_FAIL(err, INVALID_ARGUMENT, "%s: %s takes no value", flags->command, flag->name);
        *(bool *)flag->target = true;
        return WEIR_OK;
    }
    if (!equals && *at + 1 >= argc)
        WEIR_FAIL(err, INVALID_ARGUMENT, "%s: %s needs a value (%s)", flags->command, flag->name,
                  flag->value);
    return set_value(flags, flag, arena, equals ? equals + 1 : argv[++*at], err);
}

weir_code weir_command_flags_parse(const weir_flags *flags, weir_arena *arena, int argc, char **argv,
                                   const char **ret_arguments, int32_t max, int32_t *ret_count,
                                   weir_error **err) {
    int32_t count = 0;
    bool only_arguments = false;
    for (int at = 0; at < argc; at++) {
        if (!only_arguments && strcmp(argv[at], "--") == 0) {
            only_arguments = true;
        } else if (!only_arguments && argv[at][0] == '-' && argv[at][1]) {
            WEIR_TRY(parse_flag(flags, arena, argc, argv, &at, err));
        } else if (count == max) {
            WEIR_FAIL(err, INVALID_ARGUMENT, "%s: unexpected argument '%s'", flags->command, argv[at]);
        } else {
            ret_arguments[count++] = argv[at];
        }
    }
    *ret_count = count;
    return WEIR_OK;
}

void weir_command_flags_help(const weir_flags *flags, weir_strbuf *buf) {
    for (int32_t i = 0; i < flags->count; i++) {
        const weir_flag *flag = &flags->items[i];
        if (flag->kind == WEIR_FLAG_REFUSED)
            continue;
        size_t start = buf->size;
        weir_strbuf_addf(buf, "  %s%s%s", flag->name, flag->value ? " " : "", flag->value ? flag->value : "");
        size_t width = buf->size - start;
        weir_strbuf_add_repeat(buf, ' ', width < 24 ? 24 - width : 1);
        weir_strbuf_addf(buf, "%s\n", flag->help);
    }
}
