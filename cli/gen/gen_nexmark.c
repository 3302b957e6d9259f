/* `weir gen nexmark`: the auction site's event stream, 1 person : 3 auctions : 46 bids.
 *
 * Follows the published generator (ids, hot keys, prices, texts, padding); where that one draws from an
 * unseeded source, here every draw follows from the seed and the event's id. One JSON object a line:
 * {"event_type":2,"bid":{...},"dateTime":"2015-07-15T00:00:00.000Z"}. Task threads; never fails. */
#include <math.h>

#include "cli/gen/gen.h"
#include "cli/gen/gen_random.h"

#define BASE_TIME_MS INT64_C(1436918400000) /* 2015-07-15T00:00:00Z */
#define RATE_DEFAULT 100000
#define EVENTS_A_TURN 50 /* 1 person, 3 auctions, 46 bids */
#define AUCTIONS_A_TURN 3
#define FIRST_ID 1000
#define PEOPLE_ACTIVE 1000
#define AUCTIONS_IN_FLIGHT 100
#define IDS_AHEAD 10 /* ids that may be referred to before they exist */
#define HOT_STRIDE 100
#define CHANNELS 10000
#define SHUFFLE_PRIME 953

enum { STREAM_EVENT = 16, STREAM_URL, STREAM_HOT_URL };

static const char *const first_names[] = {"Peter", "Paul",  "Luke",  "John",   "Saul",  "Vicky",
                                          "Kate",  "Julie", "Sarah", "Deiter", "Walter"};
static const char *const last_names[] = {"Shultz", "Abrams", "Spencer", "White", "Bartels",
                                         "Walton", "Smith",  "Jones",   "Noris"};
static const char *const cities[] = {"Phoenix", "Palo Alto", "San Mateo", "Boise", "Redmond",
                                     "Seattle", "Portland",  "Bend",      "Kent",  "Cheyenne"};
static const char *const states[] = {"AZ", "CA", "ID", "OR", "WA", "WY"};
static const char *const hot_channels[] = {"Google", "Facebook", "Baidu", "Apple"};

static int64_t event_rate(const weir_gen_plan *plan) {
    return plan->rate ? plan->rate : RATE_DEFAULT;
}

static int64_t time_ms(const weir_gen_plan *plan, int64_t id) {
    return BASE_TIME_MS + (int64_t)((__int128)id * 1000 / event_rate(plan));
}

static char *put_text(char *at, const char *text) {
    return weir_gen_put(at, text, strlen(text));
}

static char *put_pick(char *at, weir_gen_random *random, const char *const *texts, size_t count) {
    return put_text(at, texts[weir_gen_below(random, (int64_t)count)]);
}

/* 3 to `max` - 1 characters a-z, one in 13 `special`; blanks at the ends are trimmed. */
static char *put_word(char *at, weir_gen_random *random, int64_t max, char special) {
    int64_t size = 3 + weir_gen_below(random, max - 3);
    char *start = at, *end = at + size;
    for (; at < end; at++)
        *at = weir_gen_below(random, 13) == 0 ? special : (char)('a' + weir_gen_below(random, 26));
    while (end > start && end[-1] == ' ')
        end--;
    const char *text = start;
    while (text < end && *text == ' ')
        text++;
    memmove(start, text, (size_t)(end - text));
    return start + (end - text);
}

static char *put_time(char *at, int64_t ms) {
    int64_t days = ms / 86400000, z = days + 719468, era = z / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9, in_day = ms % 86400000;
    *at++ = '"';
    at = weir_gen_put_digits(at, (uint64_t)(yoe + era * 400 + (month <= 2)), 4);
    *at++ = '-';
    at = weir_gen_put_digits(at, (uint64_t)month, 2);
    *at++ = '-';
    at = weir_gen_put_digits(at, (uint64_t)(doy - (153 * mp + 2) / 5 + 1), 2);
    *at++ = 'T';
    at = weir_gen_put_digits(at, (uint64_t)(in_day / 3600000), 2);
    *at++ = ':';
    at = weir_gen_put_digits(at, (uint64_t)(in_day / 60000 % 60), 2);
    *at++ = ':';
    at = weir_gen_put_digits(at, (uint64_t)(in_day / 1000 % 60), 2);
    *at++ = '.';
    at = weir_gen_put_digits(at, (uint64_t)(in_day % 1000), 3);
    return WEIR_GEN_PUT(at, "Z\"");
}

/* Pads a record of `size` bytes to `average` on average, 20 % more or less. */
static char *put_extra(char *at, weir_gen_random *random, int64_t size, int64_t average) {
    at = WEIR_GEN_PUT(at, ",\"extra\":\"");
    if (size < average) {
        int64_t wanted = average - size, spread = (wanted * 2 + 5) / 10;
        int64_t count = wanted - spread + (spread ? weir_gen_below(random, 2 * spread) : 0);
        at = weir_gen_letters(random, at, count);
    }
    *at++ = '"';
    return at;
}

static int64_t last_person(int64_t id) {
    return id / EVENTS_A_TURN;
}

static int64_t last_auction(int64_t id) {
    int64_t turn = id / EVENTS_A_TURN, slot = id % EVENTS_A_TURN;
    if (slot == 0)
        return turn * AUCTIONS_A_TURN - 1;
    return turn * AUCTIONS_A_TURN + WEIR_MIN(slot - 1, AUCTIONS_A_TURN - 1);
}

static int64_t random_person(weir_gen_random *random, int64_t id) {
    int64_t people = last_person(id) + 1, active = WEIR_MIN(people, PEOPLE_ACTIVE);
    return people - active + weir_gen_below(random, active + IDS_AHEAD);
}

static int64_t random_auction(weir_gen_random *random, int64_t id) {
    int64_t last = last_auction(id), least = WEIR_MAX(last - AUCTIONS_IN_FLIGHT, 0);
    return least + weir_gen_below(random, last - least + 1 + IDS_AHEAD);
}

/* Log-uniform in [100, 10^8]. */
static int64_t random_price(weir_gen_random *random) {
    return (int64_t)llround(pow(10.0, weir_gen_unit(random) * 6.0) * 100.0);
}

static char *put_person(char *at, weir_gen_random *random, int64_t id, int64_t ms) {
    at = weir_gen_put_int(WEIR_GEN_PUT(at, "{\"event_type\":0,\"person\":{\"id\":"),
                          last_person(id) + FIRST_ID);
    at = WEIR_GEN_PUT(at, ",\"name\":\"");
    char *texts = at;
    at = put_pick(at, random, first_names, WEIR_ARRAY_LEN(first_names));
    *at++ = ' ';
    at = put_pick(at, random, last_names, WEIR_ARRAY_LEN(last_names));
    at = put_word(WEIR_GEN_PUT(at, "\",\"emailAddress\":\""), random, 7, ' ');
    *at++ = '@';
    at = put_word(at, random, 5, ' ');
    at = WEIR_GEN_PUT(at, ".com\",\"creditCard\":\"");
    for (int i = 0; i < 4; i++) {
        if (i)
            *at++ = ' ';
        at = weir_gen_put_digits(at, (uint64_t)weir_gen_below(random, 10000), 4);
    }
    at = put_pick(WEIR_GEN_PUT(at, "\",\"city\":\""), random, cities, WEIR_ARRAY_LEN(cities));
    at = put_pick(WEIR_GEN_PUT(at, "\",\"state\":\""), random, states, WEIR_ARRAY_LEN(states));
    int64_t names = sizeof "\",\"emailAddress\":\"\",\"creditCard\":\"\",\"city\":\"\",\"state\":\"" - 1;
    int64_t size = 8 + (int64_t)(at - texts) - names;
    at = put_time(WEIR_GEN_PUT(at, "\",\"dateTime\":"), ms);
    return put_extra(at, random, size, 200);
}

static char *put_auction(char *at, const weir_gen_plan *plan, weir_gen_random *random, int64_t id,
                         int64_t ms) {
    int64_t seller =
        weir_gen_below(random, 4) > 0 ? last_person(id) / HOT_STRIDE * HOT_STRIDE : random_person(random, id);
    int64_t initial_bid = random_price(random);
    int64_t horizon =
        time_ms(plan, id + AUCTIONS_IN_FLIGHT * EVENTS_A_TURN / AUCTIONS_A_TURN) - time_ms(plan, id);
    at = WEIR_GEN_PUT(at, "{\"event_type\":1,\"auction\":{\"id\":");
    at = weir_gen_put_int(at, last_auction(id) + FIRST_ID);
    char *texts = at = WEIR_GEN_PUT(at, ",\"itemName\":\"");
    at = put_word(at, random, 20, ' ');
    at = put_word(WEIR_GEN_PUT(at, "\",\"description\":\""), random, 100, ' ');
    int64_t size = 48 + (int64_t)(at - texts) - (int64_t)(sizeof "\",\"description\":\"" - 1);
    at = weir_gen_put_int(WEIR_GEN_PUT(at, "\",\"initialBid\":"), initial_bid);
    at = weir_gen_put_int(WEIR_GEN_PUT(at, ",\"reserve\":"), initial_bid + random_price(random));
    at = put_time(WEIR_GEN_PUT(at, ",\"dateTime\":"), ms);
    at = put_time(WEIR_GEN_PUT(at, ",\"expires\":"),
                  ms + 1 + weir_gen_below(random, WEIR_MAX(2 * horizon, 1)));
    at = weir_gen_put_int(WEIR_GEN_PUT(at, ",\"seller\":"), seller + FIRST_ID);
    at = weir_gen_put_int(WEIR_GEN_PUT(at, ",\"category\":"), 10 + weir_gen_below(random, 5));
    return put_extra(at, random, size, 500);
}

static char *put_url(char *at, uint64_t seed, int stream, int64_t number) {
    weir_gen_random random = weir_gen_random_at(seed, (uint64_t)stream, (uint64_t)number);
    at = WEIR_GEN_PUT(at, "https://www.nexmark.com/");
    for (int i = 0; i < 3; i++) {
        at = put_word(at, &random, 5, '_');
        *at++ = '/';
    }
    at = WEIR_GEN_PUT(at, "item.htm?query=1");
    if (stream != STREAM_URL || weir_gen_below(&random, 10) == 0)
        return at;
    uint32_t bits = (uint32_t)number, reversed = 0;
    for (int i = 0; i < 32; i++)
        reversed |= ((bits >> i) & 1) << (31 - i);
    int64_t channel = (int32_t)reversed;
    return weir_gen_put_int(WEIR_GEN_PUT(at, "&channel_id="), channel < 0 ? -channel : channel);
}

static char *put_bid(char *at, const weir_gen_plan *plan, weir_gen_random *random, int64_t id, int64_t ms) {
    int64_t auction =
        weir_gen_below(random, 2) ? last_auction(id) / HOT_STRIDE * HOT_STRIDE : random_auction(random, id);
    int64_t bidder = weir_gen_below(random, 4) > 0 ? last_person(id) / HOT_STRIDE * HOT_STRIDE + 1
                                                   : random_person(random, id);
    at = WEIR_GEN_PUT(at, "{\"event_type\":2,\"bid\":{\"auction\":");
    at = weir_gen_put_int(at, auction + FIRST_ID);
    /* Upstream adds the first id twice here; queries that join bidders to persons see that. */
    at =
        weir_gen_put_int(WEIR_GEN_PUT(at, ",\"bidder\":"), bidder + FIRST_ID * (plan->plain_bidders ? 1 : 2));
    at = weir_gen_put_int(WEIR_GEN_PUT(at, ",\"price\":"), random_price(random));
    at = WEIR_GEN_PUT(at, ",\"channel\":\"");
    int64_t channel = weir_gen_below(random, 2) ? weir_gen_below(random, CHANNELS) : -1;
    int64_t hot = channel < 0 ? weir_gen_below(random, (int64_t)WEIR_ARRAY_LEN(hot_channels)) : 0;
    at = channel < 0 ? put_text(at, hot_channels[hot])
                     : weir_gen_put_int(WEIR_GEN_PUT(at, "channel-"), channel);
    at = WEIR_GEN_PUT(at, "\",\"url\":\"");
    at = channel < 0 ? put_url(at, plan->seed, STREAM_HOT_URL, hot)
                     : put_url(at, plan->seed, STREAM_URL, channel);
    at = put_time(WEIR_GEN_PUT(at, "\",\"dateTime\":"), ms);
    return put_extra(at, random, 32, 100);
}

static weir_code nexmark_prepare(const weir_gen_plan *plan, weir_arena *arena, const void **ret_tables,
                                 weir_error **err) {
    (void)arena;
    (void)ret_tables;
    if (plan->out_of_order % SHUFFLE_PRIME == 0)
        WEIR_FAIL(err, INVALID_ARGUMENT, "--out-of-order must not be a multiple of %d", SHUFFLE_PRIME);
    return WEIR_OK;
}

static void nexmark_rows(const weir_gen_plan *plan, const void *tables, int64_t first, int64_t count,
                         weir_strbuf *buf) {
    (void)tables;
    int64_t group = plan->out_of_order;
    for (int64_t row = first; row < first + count; row++) {
        /* The last group may be short: its rows stay in order, so that every id comes once. */
        int64_t start = row / group * group;
        int64_t id = start + group <= plan->rows ? start + row % group * SHUFFLE_PRIME % group : row;
        int64_t slot = id % EVENTS_A_TURN, ms = time_ms(plan, id);
        weir_gen_random random = weir_gen_random_at(plan->seed, STREAM_EVENT, (uint64_t)id);
        weir_strbuf_reserve(buf, WEIR_GEN_ROW_BYTES_MAX);
        char *at = buf->data + buf->size;
        if (slot == 0)
            at = put_person(at, &random, id, ms);
        else if (slot <= AUCTIONS_A_TURN)
            at = put_auction(at, plan, &random, id, ms);
        else
            at = put_bid(at, plan, &random, id, ms);
        at = put_time(WEIR_GEN_PUT(at, "},\"dateTime\":"), ms);
        at = WEIR_GEN_PUT(at, "}\n");
        buf->size = (size_t)(at - buf->data);
    }
}

const weir_gen_ops weir_gen_nexmark_ops = {
    .name = "nexmark",
    .subdirectory = "",
    .prepare = nexmark_prepare,
    .rows = nexmark_rows,
};
