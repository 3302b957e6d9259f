/* Functions of regular expressions: rlike, regexp_extract(_all), regexp_replace, regexp_count, regexp_instr,
 * regexp_substr and split. Matches follow each other as java.util.regex.Matcher.find() has them. */
#include <stdio.h>

#include "common/column/builder.h"
#include "common/expr/java_regex_int.h"
#include "common/expr/program.h"

static weir_code rlike_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_regex_ weir_regex_run run = {0};
    WEIR_TRY(weir_regex_begin(&run, call, "`rlike`", err));
    uint8_t *truth = weir_result_truth_new(call);
    WEIR_EACH(call, i) {
        bool found;
        WEIR_TRY(weir_regex_row(&run, i, err));
        WEIR_TRY(weir_regex_find(&run, 0, &found, err));
        truth[i] = found;
    }
    return weir_result_truth(call, truth, ret, err);
}

/* ---- extracting ---- */
static weir_code check_group(const weir_regex_run *run, int32_t group, weir_error **err) {
    if (group >= 0 && group <= run->groups)
        return WEIR_OK;
    char count[16], index[16];
    snprintf(count, sizeof(count), "%d", (int)run->groups);
    snprintf(index, sizeof(index), "%d", (int)group);
    WEIR_RAISE(err, INVALID_PARAMETER_VALUE__REGEX_GROUP_INDEX, "parameter", "`idx`", "functionName",
               run->function, "groupCount", count, "groupIndex", index);
}

static weir_code extract_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_regex_ weir_regex_run run = {0};
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_TRY(weir_regex_begin(&run, call, "`regexp_extract`", err));
    WEIR_EACH(call, i) {
        bool found;
        int32_t group = call->args_count > 2 ? weir_int_arg(call, 2, i) : 1;
        WEIR_TRY(weir_regex_row(&run, i, err));
        WEIR_TRY(weir_regex_find(&run, 0, &found, err));
        if (found)
            WEIR_TRY(check_group(&run, group, err));
        WEIR_TRY(
            weir_bytes_put(&writer, i, found ? weir_regex_group(&run, group) : weir_str_make("", 0), err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

/* Builders append in row order: rows that are not selected become NULL. */
static bool skip_to(weir_builder *builder, int32_t row) {
    while (builder->length < row)
        if (!weir_builder_null(builder))
            return false;
    return true;
}

static weir_code extract_all_row(weir_regex_run *run, int32_t row, weir_builder *builder, weir_error **err) {
    int32_t group = run->call->args_count > 2 ? weir_int_arg(run->call, 2, row) : 1;
    bool found;
    WEIR_TRY(weir_regex_row(run, row, err));
    for (size_t from = 0;; from = weir_regex_next(run)) {
        WEIR_TRY(weir_regex_find(run, from, &found, err));
        if (!found)
            break;
        WEIR_TRY(check_group(run, group, err));
        weir_str part = weir_regex_group(run, group);
        if (!weir_builder_bytes(&builder->children[0], part.data, part.size))
            return weir_error_oom(err);
    }
    return weir_builder_list_end(builder) ? WEIR_OK : weir_error_oom(err);
}

/* ---- split ---- */
static bool add_part(weir_builder *builder, weir_str text, size_t from, size_t to) {
    return weir_builder_bytes(&builder->children[0], text.data + from, to - from);
}

/* An empty pattern parts the characters. */
static weir_code split_characters(weir_str text, int32_t limit, weir_builder *builder, weir_error **err) {
    int32_t count = weir_text_count(text), parts = limit > count || limit <= 0 ? count : limit;
    size_t at = 0;
    for (int32_t i = 0; i < parts; i++) {
        size_t end = i + 1 < parts ? at + weir_text_step(text, at) : text.size;
        if (!add_part(builder, text, at, end))
            return weir_error_oom(err);
        at = end;
    }
    return weir_builder_list_end(builder) ? WEIR_OK : weir_error_oom(err);
}

/* String.split(regex, limit): no empty part in front for an empty match there. */
static weir_code split_row(weir_regex_run *run, int32_t row, weir_builder *builder, weir_error **err) {
    int32_t limit = run->call->args_count > 2 ? weir_int_arg(run->call, 2, row) : -1, parts = 0;
    weir_str text = weir_column_bytes(run->call->args[0], row);
    if (text.size && weir_column_bytes(run->call->args[1], row).size == 0)
        return split_characters(text, limit, builder, err);
    WEIR_TRY(weir_regex_row(run, row, err));
    size_t index = 0;
    bool found;
    for (size_t from = 0; limit <= 0 || parts < limit - 1; from = weir_regex_next(run)) {
        WEIR_TRY(weir_regex_find(run, from, &found, err));
        if (!found)
            break;
        if (run->places[1] == 0)
            continue;
        if (!add_part(builder, run->text, index, run->places[0]))
            return weir_error_oom(err);
        index = run->places[1];
        parts++;
    }
    if (!add_part(builder, run->text, index, run->text.size) || !weir_builder_list_end(builder))
        return weir_error_oom(err);
    return WEIR_OK;
}

typedef weir_code (*list_row)(weir_regex_run *run, int32_t row, weir_builder *builder, weir_error **err);

static weir_code list_rows(weir_regex_run *run, list_row fn, weir_builder *builder, weir_error **err) {
    const weir_kernel_call *call = run->call;
    WEIR_EACH(call, i) {
        if (!skip_to(builder, i))
            return weir_error_oom(err);
        WEIR_TRY(fn(run, i, builder, err));
    }
    return skip_to(builder, call->rows) ? WEIR_OK : weir_error_oom(err);
}

static weir_code list_column(const weir_kernel_call *call, const char *function, list_row fn,
                             weir_column **ret, weir_error **err) {
    _cleanup_regex_ weir_regex_run run = {0};
    WEIR_TRY(weir_regex_begin(&run, call, function, err));
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, call->eval->budget, call->type, call->rows, err));
    weir_code code = list_rows(&run, fn, &builder, err);
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, ret, err);
    weir_builder_fini(&builder);
    return code;
}

static weir_code extract_all_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return list_column(call, "`regexp_extract_all`", extract_all_row, ret, err);
}

static weir_code split_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return list_column(call, "`split`", split_row, ret, err);
}

/* ---- counting and finding ---- */
static weir_code count_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_regex_ weir_regex_run run = {0};
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    WEIR_TRY(weir_regex_begin(&run, call, "`regexp_extract_all`", err));
    int32_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        bool found;
        out[i] = 0;
        WEIR_TRY(weir_regex_row(&run, i, err));
        for (size_t from = 0;; from = weir_regex_next(&run)) {
            WEIR_TRY(weir_regex_find(&run, from, &found, err));
            if (!found)
                break;
            out[i]++;
        }
    }
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

static weir_code instr_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_regex_ weir_regex_run run = {0};
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    WEIR_TRY(weir_regex_begin(&run, call, "`regexp_instr`", err));
    int32_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        bool found;
        WEIR_TRY(weir_regex_row(&run, i, err));
        WEIR_TRY(weir_regex_find(&run, 0, &found, err));
        out[i] = found ? weir_text_count(weir_text_sub(run.text, 0, run.places[0])) + 1 : 0;
    }
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

/* NULL where nothing, or nothing but an empty text, matches. */
static weir_code substr_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_regex_ weir_regex_run run = {0};
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_TRY(weir_regex_begin(&run, call, "`regexp_extract`", err));
    WEIR_EACH(call, i) {
        bool found;
        WEIR_TRY(weir_regex_row(&run, i, err));
        WEIR_TRY(weir_regex_find(&run, 0, &found, err));
        if (found && run.places[1] > run.places[0])
            WEIR_TRY(weir_bytes_put(&writer, i, weir_regex_group(&run, 0), err));
        else
            WEIR_TRY(weir_bytes_null(call, &writer, i, err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

/* ---- replacing ---- */
static int32_t group_by_name(const weir_regex_run *run, weir_str name) {
    char text[64];
    if (name.size == 0 || name.size >= sizeof(text))
        return -1;
    memcpy(text, name.data, name.size);
    text[name.size] = 0;
    int number = pcre2_substring_number_from_name(run->code, (PCRE2_SPTR)text);
    return number < 0 ? -1 : number;
}

/* The group that a '$' at `*at` names (Matcher.appendReplacement); -1 where Java throws. */
static int32_t group_reference(const weir_regex_run *run, weir_str with, size_t *at) {
    size_t i = *at + 1;
    if (i < with.size && with.data[i] == '{') {
        const char *end = memchr(with.data + i, '}', with.size - i);
        if (end == NULL)
            return -1;
        *at = (size_t)(end - with.data) + 1;
        return group_by_name(run, weir_text_sub(with, i + 1, *at - 1));
    }
    if (i >= with.size || with.data[i] < '0' || with.data[i] > '9')
        return -1;
    int32_t group = with.data[i++] - '0';
    if (group > run->groups)
        return -1;
    while (i < with.size && with.data[i] >= '0' && with.data[i] <= '9' &&
           group * 10 + (with.data[i] - '0') <= run->groups)
        group = group * 10 + (with.data[i++] - '0');
    *at = i;
    return group;
}

static bool add_replacement(const weir_regex_run *run, weir_str with, weir_strbuf *out) {
    for (size_t at = 0; at < with.size;) {
        char c = with.data[at];
        if (c == '\\') {
            if (++at >= with.size)
                return false;
            weir_strbuf_add_char(out, with.data[at++]);
        } else if (c == '$') {
            int32_t group = group_reference(run, with, &at);
            if (group < 0)
                return false;
            weir_strbuf_add(out, weir_regex_group(run, group));
        } else {
            weir_strbuf_add_char(out, c);
            at++;
        }
    }
    return true;
}

static weir_code fail_replace(const weir_regex_run *run, int32_t row, weir_str source, int32_t position,
                              weir_error **err) {
    weir_arena *arena = run->call->eval->arena;
    weir_str pattern = weir_column_bytes(run->call->args[1], row),
             with = weir_column_bytes(run->call->args[2], row);
    WEIR_RAISE(err, INVALID_REGEXP_REPLACE, "source",
               weir_arena_printf(arena, WEIR_STR_FMT, WEIR_STR_ARG(source)), "pattern",
               weir_arena_printf(arena, WEIR_STR_FMT, WEIR_STR_ARG(pattern)), "replacement",
               weir_arena_printf(arena, WEIR_STR_FMT, WEIR_STR_ARG(with)), "position",
               weir_arena_printf(arena, "%d", (int)position));
}

/* Byte offset of the UTF-16 unit `units`. */
static size_t unit_offset(weir_str text, int64_t units) {
    size_t at = 0;
    while (units > 0 && at < text.size) {
        units -= (uint8_t)text.data[at] >= 0xF0 ? 2 : 1;
        at += weir_text_step(text, at);
    }
    return at;
}

static weir_code replace_row(weir_regex_run *run, int32_t row, weir_strbuf *out, weir_error **err) {
    weir_str with = weir_column_bytes(run->call->args[2], row);
    int32_t position = run->call->args_count > 3 ? weir_int_arg(run->call, 3, row) : 1;
    WEIR_TRY(weir_regex_row(run, row, err));
    weir_str whole = run->text;
    size_t start = unit_offset(whole, (int64_t)position - 1), done = 0;
    weir_strbuf_clear(out);
    if (position > 1 && start >= whole.size) {
        weir_strbuf_add(out, whole);
        return WEIR_OK;
    }
    weir_strbuf_add(out, weir_text_sub(whole, 0, start));
    run->text = weir_text_sub(whole, start, whole.size);
    bool found;
    for (size_t from = 0;; from = weir_regex_next(run)) {
        WEIR_TRY(weir_regex_find(run, from, &found, err));
        if (!found)
            break;
        weir_strbuf_add(out, weir_text_sub(run->text, done, run->places[0]));
        if (!add_replacement(run, with, out))
            return fail_replace(run, row, whole, position, err);
        done = run->places[1];
    }
    weir_strbuf_add(out, weir_text_sub(run->text, done, run->text.size));
    return WEIR_OK;
}

static weir_code replace_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_regex_ weir_regex_run run = {0};
    _cleanup_strbuf_ weir_strbuf text = {0};
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_TRY(weir_regex_begin(&run, call, "`regexp_replace`", err));
    WEIR_EACH(call, i) {
        WEIR_TRY(replace_row(&run, i, &text, err));
        WEIR_TRY(weir_bytes_put(&writer, i, weir_strbuf_view(&text), err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

/* ---- resolution ---- */
static weir_code resolve_replace(WEIR_RESOLVE_PARAMS) {
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    if (args_count < 4)
        return WEIR_OK;
    _cleanup_column_ weir_column *value = NULL;
    if (!weir_is_foldable(args[3]))
        WEIR_RAISE(err, DATATYPE_MISMATCH__NON_FOLDABLE_INPUT, "sqlExpr",
                   weir_quoted_sql(resolve->arena, resolve->call), "inputName", "`position`", "inputType",
                   "\"INT\"", "inputExpr", weir_quoted_sql(resolve->arena, args[3]));
    WEIR_TRY(weir_expr_fold(resolve->arena, args[3], resolve->zone, resolve->ansi, &value, err));
    if (!weir_column_is_null(value, 0) && WEIR_VALUES(value, int32_t)[0] <= 0)
        WEIR_RAISE(err, DATATYPE_MISMATCH__VALUE_OUT_OF_RANGE, "sqlExpr",
                   weir_quoted_sql(resolve->arena, resolve->call), "exprName", "position", "valueRange",
                   "(0, 2147483647]", "currentValue",
                   weir_arena_printf(resolve->arena, "%d", (int)WEIR_VALUES(value, int32_t)[0]));
    return WEIR_OK;
}

static weir_code resolve_list(WEIR_RESOLVE_PARAMS) {
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    bool may_hold_null = function->name[0] == 'r'; /* Spark's regexp_extract_all says so */
    *ret_type = weir_type_array(resolve->arena, weir_type_of(WEIR_TYPE_STRING), may_hold_null);
    return WEIR_OK;
}

#define REGEX_FUNCTION(sql_name, kernel, resolver, low, high, types) \
    { \
        .name = sql_name, .args_min = low, .args_max = high, .flags = WEIR_FN_NULL_PROPAGATES, \
        .resolve = resolver, .bind = weir_regex_bind, .eval = kernel, .signature = types \
    }
#define PLAIN weir_resolve_signature

const weir_function weir_regexp_functions[] = {
    REGEX_FUNCTION("rlike", rlike_kernel, PLAIN, 2, 2, "string; string -> boolean"),
    REGEX_FUNCTION("regexp", rlike_kernel, PLAIN, 2, 2, "string; string -> boolean"),
    REGEX_FUNCTION("regexp_like", rlike_kernel, PLAIN, 2, 2, "string; string -> boolean"),
    REGEX_FUNCTION("regexp_extract", extract_kernel, PLAIN, 2, 3, "string; string; int -> string"),
    REGEX_FUNCTION("regexp_extract_all", extract_all_kernel, resolve_list, 2, 3,
                   "string; string; int -> string"),
    REGEX_FUNCTION("regexp_count", count_kernel, PLAIN, 2, 2, "string; string -> int"),
    REGEX_FUNCTION("regexp_instr", instr_kernel, PLAIN, 2, 3, "string; string; int -> int"),
    REGEX_FUNCTION("regexp_substr", substr_kernel, PLAIN, 2, 2, "string; string -> string"),
    REGEX_FUNCTION("regexp_replace", replace_kernel, resolve_replace, 3, 4,
                   "string; string; string; int -> string"),
    REGEX_FUNCTION("split", split_kernel, resolve_list, 2, 3, "string; string; int -> string"),
};
WEIR_FAMILY_COUNT(regexp)
