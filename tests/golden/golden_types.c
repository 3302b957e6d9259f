/* Replays types.jsonl (tests/peer/types_diff.py): how Spark reads and prints scalars, moves zones, formats by
 * patterns and computes with decimals. WEIR_GOLDEN_TYPES names another, larger file. */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/json_value.h"
#include "common/types/datetime.h"
#include "common/types/decimal.h"
#include "common/types/number_text.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/weir_test.h"

typedef struct question {
    weir_arena *arena;
    const weir_json *json;
    int32_t differences, compared;
    weir_strbuf buf;
} question;

static weir_str get(const question *q, const char *name) {
    return weir_json_get_str(q->json, name, WEIR_STR(""));
}

static const weir_timezone *zone_of(weir_str id) {
    const weir_timezone *zone = NULL;
    _cleanup_error_ weir_error *err = NULL;
    if (weir_timezone_open(id, &zone, &err) != WEIR_OK)
        cr_expect_fail("%s", weir_error_text(err));
    return zone ? zone : weir_timezone_utc();
}

static weir_str input_text(question *q, const weir_json *input) {
    if (input->kind != WEIR_JSON_ARRAY)
        return input->text;
    return weir_str_from(weir_arena_printf(q->arena, WEIR_STR_FMT " and " WEIR_STR_FMT,
                                           WEIR_STR_ARG(input->first->text),
                                           WEIR_STR_ARG(input->first->next->text)));
}

/* `actual` with NULL data stands for a refusal. */
static void compare_text(question *q, const weir_json *input, weir_str actual, const weir_json *expected) {
    bool null = expected->kind == WEIR_JSON_NULL;
    q->compared++;
    if (null ? actual.data == NULL : actual.data && weir_str_equal(actual, expected->text))
        return;
    if (q->differences++ < 8) {
        weir_str asked = input_text(q, input);
        weir_strbuf head = {0};
        for (const weir_json *m = q->json->first; m; m = m->next) {
            if (m->kind == WEIR_JSON_STRING)
                weir_strbuf_addf(&head, WEIR_STR_FMT "=" WEIR_STR_FMT " ", WEIR_STR_ARG(m->name),
                                 WEIR_STR_ARG(m->text));
        }
        fprintf(stderr, "%s '%.*s': Spark %.*s, Weir %.*s\n", head.data, WEIR_STR_ARG(asked),
                null ? 4 : (int)expected->text.size, null ? "NULL" : expected->text.data,
                actual.data ? (int)actual.size : 4, actual.data ? actual.data : "NULL");
        weir_strbuf_fini(&head);
    }
}

static void compare_number(question *q, const weir_json *input, bool ok, int64_t actual,
                           const weir_json *expected) {
    char text[WEIR_NUMBER_TEXT_MAX];
    int size = weir_int64_format(actual, text);
    compare_text(q, input, ok ? weir_str_make(text, (size_t)size) : (weir_str){0}, expected);
}

/* ---- operations, one per input ---- */

static weir_str put_buf(question *q) {
    return weir_strbuf_view(&q->buf);
}

static weir_str cast_number(weir_str type, weir_str text, weir_type const *parsed, char *out) {
    int size = 0;
    double real;
    float single;
    int64_t whole;
    weir_int128 decimal;
    if (weir_str_equal(type, WEIR_STR("double")) && weir_double_parse_cast(text, &real))
        size = weir_double_format(real, out);
    else if (weir_str_equal(type, WEIR_STR("float")) && weir_float_parse_cast(text, &single))
        size = weir_float_format(single, out);
    else if (weir_str_equal(type, WEIR_STR("bigint")) && weir_int64_parse_cast(text, false, &whole))
        size = weir_int64_format(whole, out);
    else if (parsed->kind == WEIR_TYPE_DECIMAL &&
             weir_decimal_parse_as(text, parsed->precision, parsed->scale, &decimal) == 0)
        size = weir_decimal_format(decimal, parsed->scale, out);
    return size ? weir_str_make(out, (size_t)size) : (weir_str){0};
}

static weir_str cast_text(question *q, const weir_type *type, weir_str text, char *out) {
    int32_t days, months;
    int64_t number;
    weir_calendar_interval interval;
    switch ((int)type->kind) {
    case WEIR_TYPE_DATE:
        return weir_date_parse(text, &days) ? weir_str_make(out, (size_t)weir_date_format(days, out))
                                            : (weir_str){0};
    case WEIR_TYPE_TIME:
        return weir_time_parse(text, &number) ? weir_str_make(out, (size_t)weir_time_format(number, out))
                                              : (weir_str){0};
    case WEIR_TYPE_TIMESTAMP_NTZ:
        return weir_timestamp_ntz_parse(text, true, &number)
                   ? weir_str_make(out, (size_t)weir_timestamp_ntz_format(number, out))
                   : (weir_str){0};
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        if (!weir_interval_parse_year_month(text, type, &months))
            return (weir_str){0};
        weir_interval_year_month_text(&q->buf, months, type);
        return put_buf(q);
    case WEIR_TYPE_INTERVAL_DAY_TIME:
        if (!weir_interval_parse_day_time(text, type, &number))
            return (weir_str){0};
        weir_interval_day_time_text(&q->buf, number, type);
        return put_buf(q);
    case WEIR_TYPE_INTERVAL_CALENDAR:
        if (!weir_calendar_interval_parse(text, &interval))
            return (weir_str){0};
        weir_calendar_interval_text(&q->buf, interval);
        return put_buf(q);
    default:
        return cast_number(get(q, "type"), text, type, out);
    }
}

static void ask_cast(question *q, const weir_json *input, const weir_json *value, const weir_type *type) {
    char out[WEIR_DATETIME_TEXT_MAX + WEIR_DECIMAL_TEXT_MAX];
    compare_text(q, input, cast_text(q, type, input->text, out), value);
}

static void ask_timestamp(question *q, const weir_json *input, const weir_json *value,
                          const weir_timezone *zone) {
    int64_t micros = 0;
    bool ok = weir_timestamp_parse(input->text, zone, &micros);
    compare_number(q, input, ok, micros, value);
}

static void ask_timestamp_text(question *q, const weir_json *input, const weir_json *value,
                               const weir_timezone *zone) {
    char out[WEIR_DATETIME_TEXT_MAX];
    int size = weir_timestamp_format(input->integer, zone, out);
    compare_text(q, input, weir_str_make(out, (size_t)size), value);
}

static weir_int128 decimal_of(weir_str text, const weir_type *type) {
    weir_int128 value = 0;
    cr_assert_eq(weir_decimal_parse_as(text, type->precision, type->scale, &value), 0);
    return value;
}

static void ask_decimal(question *q, const weir_json *input, const weir_json *value,
                        const weir_type *const types[3]) {
    const weir_type *l = types[0], *r = types[1], *t = types[2];
    weir_int128 a = decimal_of(input->first->text, l), b = decimal_of(input->first->next->text, r),
                result = 0;
    char out[WEIR_DECIMAL_TEXT_MAX];
    bool ok = false;
    switch (get(q, "sign").data[0]) {
    case '+':
        ok = weir_decimal_add(a, l->scale, b, r->scale, t->precision, t->scale, &result);
        break;
    case '-':
        ok = weir_decimal_subtract(a, l->scale, b, r->scale, t->precision, t->scale, &result);
        break;
    case '*':
        ok = weir_decimal_multiply(a, l->scale, b, r->scale, t->precision, t->scale, &result);
        break;
    case '/':
        ok = weir_decimal_divide(a, l->scale, b, r->scale, t->precision, t->scale, &result);
        break;
    default:
        ok = weir_decimal_remainder(a, l->scale, b, r->scale, t->precision, t->scale, &result);
    }
    int size = ok ? weir_decimal_format_scientific(result, t->scale, out) : 0;
    compare_text(q, input, ok ? weir_str_make(out, (size_t)size) : (weir_str){0}, value);
}

/* What a line needs beside its inputs. */
typedef struct setting {
    weir_str op;
    const weir_timezone *zone;
    const weir_type *types[3];
    const weir_datetime_pattern *pattern;
} setting;

static setting setting_of(question *q) {
    static const char *const type_names[3] = {"left", "right", "type"};
    _cleanup_error_ weir_error *err = NULL;
    setting s = {.op = get(q, "op")};
    if (weir_json_get(q->json, "zone"))
        s.zone = zone_of(get(q, "zone"));
    for (int i = 0; i < 3; i++) {
        if (weir_json_get(q->json, type_names[i]))
            CHECK_OK(weir_type_parse(q->arena, get(q, type_names[i]), &s.types[i], &err));
    }
    if (weir_json_get(q->json, "pattern"))
        CHECK_OK(weir_datetime_pattern_compile(q->arena, get(q, "pattern"),
                                               weir_str_equal(s.op, WEIR_STR("parse")), &s.pattern, &err));
    return s;
}

static void ask_one(question *q, const setting *s, const weir_json *input, const weir_json *value,
                    const weir_json *zone) {
    weir_strbuf_clear(&q->buf);
    weir_strbuf_reserve(&q->buf, 1);
    if (weir_str_equal(s->op, WEIR_STR("cast"))) {
        ask_cast(q, input, value, s->types[2]);
    } else if (weir_str_equal(s->op, WEIR_STR("timestamp"))) {
        ask_timestamp(q, input, value, s->zone);
    } else if (weir_str_equal(s->op, WEIR_STR("timestamp_text"))) {
        ask_timestamp_text(q, input, value, s->zone);
    } else if (weir_str_equal(s->op, WEIR_STR("decimal"))) {
        ask_decimal(q, input, value, s->types);
    } else if (weir_str_equal(s->op, WEIR_STR("format"))) {
        weir_datetime_pattern_format(s->pattern, input->integer, s->zone, &q->buf);
        compare_text(q, input, put_buf(q), value);
    } else if (weir_str_equal(s->op, WEIR_STR("parse"))) {
        int64_t utc = 0, local;
        bool has_zone,
            ok = weir_datetime_pattern_parse(s->pattern, input->text, s->zone, &utc, &local, &has_zone);
        compare_number(q, input, ok, utc, value);
    } else if (weir_str_equal(s->op, WEIR_STR("zone_from"))) {
        compare_number(q, zone, true, weir_timezone_to_local(zone_of(zone->text), input->integer), value);
    } else {
        cr_assert(weir_str_equal(s->op, WEIR_STR("zone_to")), "unknown op");
        compare_number(q, zone, true, weir_timezone_to_utc(zone_of(zone->text), input->integer), value);
    }
}

static void ask_line(question *q) {
    const weir_json *inputs = weir_json_get(q->json, "texts"), *zones = weir_json_get(q->json, "zones");
    if (!inputs)
        inputs = weir_json_get(q->json, "numbers");
    if (!inputs)
        inputs = weir_json_get(q->json, "pairs");
    setting s = setting_of(q);
    const weir_json *input = inputs->first, *value = weir_json_get(q->json, "values")->first;
    const weir_json *zone = zones ? zones->first : NULL;
    for (; input && value; input = input->next, value = value->next) {
        ask_one(q, &s, input, value, zone);
        zone = zone ? zone->next : NULL;
    }
}

WEIR_TEST(golden_types, scalars_are_read_and_printed_as_spark_does) {
    const char *path = getenv("WEIR_GOLDEN_TYPES");
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_str text = weir_temp_file_read(arena, path ? path : WEIR_SOURCE_DIR "/tests/golden/types.jsonl");
    cr_assert_not_null(text.data);
    int32_t differences = 0, compared = 0;
    for (size_t at = 0; at < text.size;) {
        const char *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end ? (size_t)(end - text.data) - at : text.size - at;
        _cleanup_arena_ weir_arena *line_arena = weir_arena_new();
        _cleanup_error_ weir_error *err = NULL;
        weir_json *json = NULL;
        CHECK_OK(
            weir_json_parse(line_arena, weir_str_make(text.data + at, size), "types.jsonl", &json, &err));
        question q = {.arena = line_arena, .json = json};
        if (weir_json_get(json, "op"))
            ask_line(&q);
        weir_strbuf_fini(&q.buf);
        differences += q.differences;
        compared += q.compared;
        at += size + 1;
    }
    cr_expect_eq(differences, 0, "%d of %d answers differ", differences, compared);
    cr_expect_gt(compared, 2000);
}
