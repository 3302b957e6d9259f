/* `weir gen ysb`: the Yahoo Streaming Benchmark's advertisement events, all fields texts, and the table of
 * which advertisement belongs to which campaign (campaigns/ads.json beside events/). Task threads. */
#include "cli/gen/gen.h"
#include "cli/gen/gen_random.h"

#define BASE_TIME_MS INT64_C(1469498400000)
#define RATE_DEFAULT 100000
#define CAMPAIGNS 100
#define ADS_A_CAMPAIGN 10
#define ADS (CAMPAIGNS * ADS_A_CAMPAIGN)
#define USERS 100
#define PAGES 100
#define UUID_SIZE 36
#define JITTER_MS 50
#define LATE_ONE_IN 100000
#define LATE_MS_MAX 60000

enum { STREAM_EVENT = 32, STREAM_USER, STREAM_PAGE, STREAM_AD, STREAM_CAMPAIGN };

static const char *const ad_types[] = {"banner", "modal", "sponsored-search", "mail", "mobile"};
static const char *const event_types[] = {"view", "click", "purchase"};

typedef struct ysb_tables {
    char users[USERS][UUID_SIZE];
    char pages[PAGES][UUID_SIZE];
    char ads[ADS][UUID_SIZE];
    char campaigns[CAMPAIGNS][UUID_SIZE];
} ysb_tables;

static void make_uuids(uint64_t seed, int stream, char (*ids)[UUID_SIZE], int count) {
    static const char hex[] = "0123456789abcdef";
    for (int i = 0; i < count; i++) {
        weir_gen_random random = weir_gen_random_at(seed, (uint64_t)stream, (uint64_t)i);
        uint64_t high = weir_gen_next(&random), low = weir_gen_next(&random);
        high = (high & ~UINT64_C(0xF000)) | UINT64_C(0x4000);     /* version 4 */
        low = (low & ~(UINT64_C(3) << 62)) | (UINT64_C(2) << 62); /* variant 1 */
        char *at = ids[i];
        for (int digit = 0; digit < 32; digit++) {
            uint64_t half = digit < 16 ? high : low;
            if (digit == 8 || digit == 12 || digit == 16 || digit == 20)
                *at++ = '-';
            *at++ = hex[(half >> (60 - 4 * (digit & 15))) & 15];
        }
    }
}

static weir_code ysb_prepare(const weir_gen_plan *plan, weir_arena *arena, const void **ret_tables,
                             weir_error **err) {
    (void)err;
    ysb_tables *tables = WEIR_NEW(arena, ysb_tables);
    make_uuids(plan->seed, STREAM_USER, tables->users, USERS);
    make_uuids(plan->seed, STREAM_PAGE, tables->pages, PAGES);
    make_uuids(plan->seed, STREAM_AD, tables->ads, ADS);
    make_uuids(plan->seed, STREAM_CAMPAIGN, tables->campaigns, CAMPAIGNS);
    *ret_tables = tables;
    return WEIR_OK;
}

static char *put_pick(char *at, weir_gen_random *random, const char *const *texts, size_t count) {
    const char *text = texts[weir_gen_below(random, (int64_t)count)];
    return weir_gen_put(at, text, strlen(text));
}

static int64_t time_ms(const weir_gen_plan *plan, int64_t row, weir_gen_random *random) {
    int64_t ms = BASE_TIME_MS + (int64_t)((__int128)row * 1000 / (plan->rate ? plan->rate : RATE_DEFAULT));
    if (plan->skew) {
        ms += weir_gen_below(random, 2 * JITTER_MS + 1) - JITTER_MS;
        if (weir_gen_below(random, LATE_ONE_IN) == 0)
            ms -= weir_gen_below(random, LATE_MS_MAX);
    }
    return ms;
}

static void ysb_rows(const weir_gen_plan *plan, const void *tables, int64_t first, int64_t count,
                     weir_strbuf *buf) {
    const ysb_tables *ids = tables;
    for (int64_t row = first; row < first + count; row++) {
        weir_gen_random random = weir_gen_random_at(plan->seed, STREAM_EVENT, (uint64_t)row);
        weir_strbuf_reserve(buf, WEIR_GEN_ROW_BYTES_MAX);
        char *at = WEIR_GEN_PUT(buf->data + buf->size, "{\"user_id\":\"");
        at = weir_gen_put(at, ids->users[weir_gen_below(&random, USERS)], UUID_SIZE);
        at = WEIR_GEN_PUT(at, "\",\"page_id\":\"");
        at = weir_gen_put(at, ids->pages[weir_gen_below(&random, PAGES)], UUID_SIZE);
        at = WEIR_GEN_PUT(at, "\",\"ad_id\":\"");
        at = weir_gen_put(at, ids->ads[weir_gen_below(&random, ADS)], UUID_SIZE);
        at = put_pick(WEIR_GEN_PUT(at, "\",\"ad_type\":\""), &random, ad_types, WEIR_ARRAY_LEN(ad_types));
        at = put_pick(WEIR_GEN_PUT(at, "\",\"event_type\":\""), &random, event_types,
                      WEIR_ARRAY_LEN(event_types));
        at = weir_gen_put_int(WEIR_GEN_PUT(at, "\",\"event_time\":\""), time_ms(plan, row, &random));
        at = WEIR_GEN_PUT(at, "\",\"ip_address\":\"1.2.3.4\"}\n");
        buf->size = (size_t)(at - buf->data);
    }
}

static void ysb_side(const weir_gen_plan *plan, const void *tables, weir_strbuf *buf) {
    (void)plan;
    const ysb_tables *ids = tables;
    for (int i = 0; i < ADS; i++)
        weir_strbuf_addf(buf, "{\"ad_id\":\"%.36s\",\"campaign_id\":\"%.36s\"}\n", ids->ads[i],
                         ids->campaigns[i / ADS_A_CAMPAIGN]);
}

const weir_gen_ops weir_gen_ysb_ops = {
    .name = "ysb",
    .subdirectory = "events",
    .prepare = ysb_prepare,
    .rows = ysb_rows,
    .side_path = "campaigns/ads.json",
    .side = ysb_side,
};
