/* The members of a cluster (membership.h): a sorted array, a few counters, and the accusations of the last
 * seconds. */
#include "driver/cluster/membership.h"

#include "common/base/alloc.h"
#include "common/base/compiler.h"
#include "common/rpc/frame.h"

#define ACCUSATIONS_MAX 64
#define CORES_MAX 65536u

typedef struct accusation {
    uint32_t reporter, accused;
    int64_t at_us;
} accusation;

struct weir_membership {
    weir_membership_options options;
    weir_membership_counters counters;
    uint32_t next_id;
    int64_t tick_at_us; /* of the last one; 0 = none yet */
    int32_t count;
    weir_member *members[WEIR_EXECUTORS_MAX + 1]; /* one more while its forerunner is taken out */
    uint32_t accusations_count;                   /* ring */
    accusation accusations[ACCUSATIONS_MAX];
};

weir_membership *weir_membership_new(const weir_membership_options *options) {
    weir_membership *membership = weir_alloc_zero(1, sizeof *membership);
    membership->options = *options;
    membership->next_id = 1;
    return membership;
}

static void free_member(weir_member *member) {
    weir_free(member->url);
    weir_free(member->incarnation);
    weir_free(member->host);
    weir_free(member->software);
    weir_free(member);
}

void weir_membership_free(weir_membership *membership) {
    if (!membership)
        return;
    for (int32_t i = 0; i < membership->count; i++)
        free_member(membership->members[i]);
    weir_free(membership);
}

/* ---- registration ---- */

static weir_code check_version(const Weir__Register *message, weir_error **err) {
    uint32_t lowest = message->has_version_min ? message->version_min : message->version;
    if (message->version >= WEIR_RPC_VERSION_MIN && lowest <= WEIR_RPC_VERSION)
        return WEIR_OK;
    WEIR_FAIL(err, RPC_ERROR,
              "executor and driver speak no common protocol version: the executor (%s) speaks %u to %u, the "
              "driver %d to %d",
              message->software ? message->software : message->url, lowest, message->version,
              WEIR_RPC_VERSION_MIN, WEIR_RPC_VERSION);
}

static weir_member *find_url(weir_membership *membership, const char *url) {
    for (int32_t i = 0; i < membership->count; i++)
        if (strcmp(membership->members[i]->url, url) == 0)
            return membership->members[i];
    return NULL;
}

static char *text_of(const char *text) {
    return weir_strdup(text ? text : "");
}

static weir_member *add_member(weir_membership *membership, const Weir__Register *message) {
    weir_member *member = weir_alloc_zero(1, sizeof *member);
    member->id = membership->next_id++;
    member->url = text_of(message->url);
    member->incarnation = text_of(message->incarnation);
    member->host = text_of(message->host);
    member->software = text_of(message->software);
    member->cores = WEIR_MIN(WEIR_MAX(message->cores, 1u), CORES_MAX);
    member->version = WEIR_MIN(message->version, (uint32_t)WEIR_RPC_VERSION);
    member->memory = message->memory;
    member->in_process = strncmp(message->url, "inproc://", 9) == 0;
    member->reachable = member->in_process;
    membership->members[membership->count++] = member; /* ids count up: it stays sorted */
    membership->counters.registered++;
    return member;
}

weir_code weir_membership_register(weir_membership *membership, const Weir__Register *message, int64_t now_us,
                                   uint32_t *ret_id, uint32_t *ret_replaced, weir_error **err) {
    weir_code code = check_version(message, err);
    weir_member *before = code == WEIR_OK ? find_url(membership, message->url) : NULL;
    const char *incarnation = message->incarnation ? message->incarnation : "";
    bool again = before && *incarnation && strcmp(before->incarnation, incarnation) == 0;
    if (code == WEIR_OK && !before && membership->count == WEIR_EXECUTORS_MAX)
        code = weir_error_failf(err, WEIR_RPC_ERROR, "there are %d executors, the most that can register",
                                WEIR_EXECUTORS_MAX);
    if (code != WEIR_OK) {
        membership->counters.refused++;
        return code;
    }
    *ret_replaced = before && !again ? before->id : 0;
    if (again) {
        before->heard_us = now_us;
        *ret_id = before->id;
        return WEIR_OK;
    }
    weir_member *member = add_member(membership, message);
    member->heard_us = now_us;
    *ret_id = member->id;
    return WEIR_OK;
}

/* ---- life signs ---- */

weir_code weir_membership_heartbeat(weir_membership *membership, const Weir__Heartbeat *message,
                                    const char *driver_id, int64_t now_us, bool *ret_back, bool *ret_drained,
                                    weir_error **err) {
    weir_member *member = weir_membership_find(membership, message->executor_id);
    *ret_back = *ret_drained = false;
    membership->counters.heartbeats++;
    if (!member || strcmp(message->driver_id, driver_id) != 0 ||
        strcmp(message->incarnation, member->incarnation) != 0) {
        membership->counters.heartbeats_fenced++;
        WEIR_FAIL(err, FENCED,
                  "executor %u is not registered here: it was declared lost, or the driver began anew",
                  message->executor_id);
    }
    member->heard_us = now_us;
    member->memory_used = message->memory_used;
    member->memory_peak = message->memory_peak;
    *ret_back = member->suspect;
    member->suspect = false;
    member->draining |= message->has_draining && message->draining;
    *ret_drained = member->draining && member->epochs == 0;
    member->drained_told |= *ret_drained;
    return WEIR_OK;
}

/* Twice the interval is still a loaded machine; beyond it this process itself did not run. */
static void forgive_lateness(weir_membership *membership, int64_t now_us) {
    int64_t late = membership->tick_at_us ? now_us - membership->tick_at_us - membership->options.tick_us : 0;
    membership->tick_at_us = now_us;
    if (late <= membership->options.tick_us)
        return;
    for (int32_t i = 0; i < membership->count; i++)
        membership->members[i]->heard_us = WEIR_MIN(membership->members[i]->heard_us + late, now_us);
}

int32_t weir_membership_tick(weir_membership *membership, int64_t now_us, uint32_t *ret_silent,
                             int32_t capacity) {
    int32_t silent = 0;
    forgive_lateness(membership, now_us);
    for (int32_t i = 0; i < membership->count && silent < capacity; i++) {
        const weir_member *member = membership->members[i];
        if (!member->in_process && now_us - member->heard_us > membership->options.timeout_us)
            ret_silent[silent++] = member->id;
    }
    return silent;
}

bool weir_membership_suspect(weir_membership *membership, uint32_t id) {
    weir_member *member = weir_membership_find(membership, id);
    if (!member || member->suspect || member->in_process)
        return false;
    member->suspect = true;
    return true;
}

void weir_membership_remove(weir_membership *membership, uint32_t id) {
    for (int32_t i = 0; i < membership->count; i++) {
        if (membership->members[i]->id != id)
            continue;
        if (!membership->members[i]->drained_told)
            membership->counters.lost++;
        free_member(membership->members[i]);
        membership->count--;
        memmove(&membership->members[i], &membership->members[i + 1],
                sizeof membership->members[0] * (size_t)(membership->count - i));
        return;
    }
}

/* ---- two that cannot reach each other ---- */

/* How many members other than `but` have complained of `id` lately, each counted once. */
static int32_t complaints_of(const weir_membership *membership, uint32_t id, uint32_t but, int64_t now_us) {
    int32_t count = 0, kept = (int32_t)WEIR_MIN(membership->accusations_count, (uint32_t)ACCUSATIONS_MAX);
    for (int32_t m = 0; m < membership->count; m++) {
        uint32_t reporter = membership->members[m]->id;
        bool complains = false;
        for (int32_t i = 0; i < kept && reporter != but; i++) {
            const accusation *a = &membership->accusations[i];
            complains |= a->accused == id && a->reporter == reporter &&
                         now_us - a->at_us <= membership->options.apart_us;
        }
        count += complains;
    }
    return count;
}

uint32_t weir_membership_accuse(weir_membership *membership, uint32_t reporter, uint32_t accused,
                                int64_t now_us) {
    weir_member *a = weir_membership_find(membership, reporter),
                *b = weir_membership_find(membership, accused);
    if (!a || !b || a == b)
        return 0;
    membership->accusations[membership->accusations_count++ % ACCUSATIONS_MAX] =
        (accusation){reporter, accused, now_us};
    if (a->apart_until_us > now_us || b->apart_until_us > now_us)
        return 0;
    int32_t of_a = complaints_of(membership, reporter, accused, now_us);
    int32_t of_b = complaints_of(membership, accused, reporter, now_us);
    weir_member *out = of_a != of_b           ? (of_a > of_b ? a : b)
                       : a->cores != b->cores ? (a->cores < b->cores ? a : b)
                                              : (a->id > b->id ? a : b);
    out->apart_until_us = now_us + membership->options.apart_us;
    membership->counters.quarantines++;
    return out->id;
}

/* ---- looking ---- */

int32_t weir_membership_count(const weir_membership *membership) {
    return membership->count;
}

weir_member *weir_membership_at(weir_membership *membership, int32_t index) {
    return membership->members[index];
}

weir_member *weir_membership_find(weir_membership *membership, uint32_t id) {
    for (int32_t i = 0; i < membership->count; i++)
        if (membership->members[i]->id == id)
            return membership->members[i];
    return NULL;
}

bool weir_membership_usable(const weir_member *member, int64_t now_us) {
    return member->reachable && !member->suspect && !member->draining && member->apart_until_us <= now_us;
}

weir_membership_counters *weir_membership_counts(weir_membership *membership) {
    return &membership->counters;
}
