/* `weir gen events`: {"time":1469501107,"action":"Open"} lines.
 *
 * Times rise evenly over the span; of each pair of rows one is an Open and one a Close, in random order, so
 * an even number of rows has as many of both. The variants (field order, spaces, escapes, more fields, a
 * key) carry the same events: readers must come to the same counts. Task threads; never fails. */
#include "cli/gen/gen.h"
#include "cli/gen/gen_random.h"

#define FIRST_TIME INT64_C(1469501107)
#define WIDE_MAX 64
#define STREAM_ACTION 1
#define STREAM_KEY 2
#define STREAM_FIELDS 3
#define STREAM_ESCAPES 4

static weir_code events_prepare(const weir_gen_plan *plan, weir_arena *arena, const void **ret_tables,
                                weir_error **err) {
    (void)arena;
    (void)ret_tables;
    if (plan->wide && (plan->wide < 2 || plan->wide > WIDE_MAX))
        WEIR_FAIL(err, INVALID_ARGUMENT, "--wide must be between 2 and %d", WIDE_MAX);
    if (plan->wide && plan->keys && plan->wide < 3)
        WEIR_FAIL(err, INVALID_ARGUMENT, "--wide 2 has no room for the key column of --keys");
    return WEIR_OK;
}

static int64_t event_time(const weir_gen_plan *plan, int64_t row) {
    if (plan->rate)
        return FIRST_TIME + row / plan->rate;
    return FIRST_TIME + (int64_t)((__int128)row * plan->hours * 3600 / plan->rows);
}

/* The first row of the next second: lets a run of rows share one division and one number's text. */
static int64_t rows_until(const weir_gen_plan *plan, int64_t time) {
    int64_t next = time - FIRST_TIME + 1;
    if (plan->rate)
        return next * plan->rate;
    __int128 span = (__int128)plan->hours * 3600;
    return (int64_t)(((__int128)next * plan->rows + span - 1) / span);
}

static bool is_open(const weir_gen_plan *plan, int64_t row) {
    weir_gen_random random = weir_gen_random_at(plan->seed, STREAM_ACTION, (uint64_t)row >> 7);
    /* One draw serves 64 pairs. */
    uint64_t bits = weir_gen_next(&random);
    return ((bits >> ((row >> 1) & 63)) & 1) == (uint64_t)(row & 1);
}

static int64_t row_key(const weir_gen_plan *plan, int64_t row) {
    weir_gen_random random = weir_gen_random_at(plan->seed, STREAM_KEY, (uint64_t)row);
    return weir_gen_below(&random, plan->keys);
}

static void plain_rows(const weir_gen_plan *plan, int64_t first, int64_t count, weir_strbuf *buf) {
    enum { LINE_MAX = 96 };
    weir_strbuf_reserve(buf, (size_t)count * LINE_MAX);
    char *at = buf->data + buf->size, head[LINE_MAX] = {0};
    int64_t next = first;
    size_t head_size = 0;
    for (int64_t row = first; row < first + count; row++) {
        if (row >= next || head_size == 0) {
            int64_t time = event_time(plan, row);
            char *end = weir_gen_put_int(WEIR_GEN_PUT(head, "{\"time\":"), time);
            end = WEIR_GEN_PUT(end, ",\"action\":\"");
            head_size = (size_t)(end - head);
            next = rows_until(plan, time);
        }
        memcpy(at, head, 48); /* one wide copy; the size is at most 48 */
        at += head_size;
        at = is_open(plan, row) ? WEIR_GEN_PUT(at, "Open\"") : WEIR_GEN_PUT(at, "Close\"");
        if (plan->keys) {
            at = weir_gen_put_int(WEIR_GEN_PUT(at, ",\"key\":"), row_key(plan, row));
        }
        at = WEIR_GEN_PUT(at, "}\n");
    }
    buf->size = (size_t)(at - buf->data);
}

/* A quoted text; with escapes about one letter in four is written as \u00XX. */
static char *put_text(char *at, const char *text, weir_gen_random *escapes) {
    static const char hex[] = "0123456789abcdef";
    uint64_t bits = escapes ? weir_gen_next(escapes) & weir_gen_next(escapes) : 0;
    *at++ = '"';
    for (; *text; text++, bits >>= 1) {
        if (bits & 1) {
            at = WEIR_GEN_PUT(at, "\\u00");
            *at++ = hex[(unsigned char)*text >> 4];
            *at++ = hex[*text & 15];
        } else {
            *at++ = *text;
        }
    }
    *at++ = '"';
    return at;
}

/* The fields that nobody asks for: integers, texts, numbers and booleans in turn. */
static char *put_filler(char *at, int32_t field, weir_gen_random *random, weir_gen_random *escapes) {
    char text[32];
    switch (field % 4) {
    case 0:
        return weir_gen_put_int(at, weir_gen_below(random, 1000000));
    case 1:
        *weir_gen_letters(random, text, 8 + weir_gen_below(random, 9)) = 0;
        return put_text(at, text, escapes);
    case 2:
        at = weir_gen_put_int(at, weir_gen_below(random, 1000));
        *at++ = '.';
        return weir_gen_put_digits(at, (uint64_t)weir_gen_below(random, 10000), 4);
    default:
        return weir_gen_below(random, 2) ? WEIR_GEN_PUT(at, "true") : WEIR_GEN_PUT(at, "false");
    }
}

static char *put_name(char *at, const weir_gen_plan *plan, const char *name, weir_gen_random *escapes) {
    at = put_text(at, name, escapes);
    *at++ = ':';
    if (plan->spaces)
        *at++ = ' ';
    return at;
}

/* Fields 0 and 1 are time and action, 2 is the key where there is one. */
static char *put_field(char *at, const weir_gen_plan *plan, int32_t field, int64_t row,
                       weir_gen_random *random, weir_gen_random *escapes) {
    char name[16];
    if (field == 0)
        return weir_gen_put_int(put_name(at, plan, "time", escapes), event_time(plan, row));
    if (field == 1)
        return put_text(put_name(at, plan, "action", escapes), is_open(plan, row) ? "Open" : "Close",
                        escapes);
    if (field == 2 && plan->keys)
        return weir_gen_put_int(put_name(at, plan, "key", escapes), row_key(plan, row));
    *weir_gen_put_digits(WEIR_GEN_PUT(name, "field_"), (uint64_t)field, 2) = 0;
    return put_filler(put_name(at, plan, name, escapes), field, random, escapes);
}

static void varied_row(const weir_gen_plan *plan, int64_t row, weir_strbuf *buf) {
    int32_t order[WIDE_MAX], fields = (int32_t)WEIR_MAX(plan->wide, plan->keys ? 3 : 2);
    weir_gen_random random = weir_gen_random_at(plan->seed, STREAM_FIELDS, (uint64_t)row);
    weir_gen_random escaping = weir_gen_random_at(plan->seed, STREAM_ESCAPES, (uint64_t)row);
    weir_gen_random *escapes = plan->escapes ? &escaping : NULL;
    /* Unshuffled, the two that count stand within the others. */
    for (int32_t i = 0; i < fields; i++)
        order[(i + fields / 3) % fields] = i;
    for (int32_t i = fields - 1; plan->shuffle_fields && i > 0; i--) {
        int32_t j = (int32_t)weir_gen_below(&random, i + 1), other = order[i];
        order[i] = order[j];
        order[j] = other;
    }
    weir_strbuf_reserve(buf, WEIR_GEN_ROW_BYTES_MAX);
    char *at = buf->data + buf->size;
    *at++ = '{';
    for (int32_t i = 0; i < fields; i++) {
        if (i)
            *at++ = ',';
        if (plan->spaces)
            *at++ = ' ';
        at = put_field(at, plan, order[i], row, &random, escapes);
    }
    if (plan->spaces)
        *at++ = ' ';
    at = WEIR_GEN_PUT(at, "}\n");
    buf->size = (size_t)(at - buf->data);
}

static void events_rows(const weir_gen_plan *plan, const void *tables, int64_t first, int64_t count,
                        weir_strbuf *buf) {
    (void)tables;
    if (!plan->shuffle_fields && !plan->spaces && !plan->escapes && plan->wide <= 2) {
        plain_rows(plan, first, count, buf);
        return;
    }
    for (int64_t row = first; row < first + count; row++)
        varied_row(plan, row, buf);
}

const weir_gen_ops weir_gen_events_ops = {
    .name = "events",
    .subdirectory = "",
    .prepare = events_prepare,
    .rows = events_rows,
};
