/* Who the executors of a driver are: registrations, heartbeats, who is suspect, lost, draining or kept apart
 * (docs/adr/0008). Time is a parameter and nothing is sent from here, so every rule is a test. Loop.
 *
 *   register -> ALIVE <-> SUSPECT (a connection broke; until its next heartbeat)
 *                 |           |
 *                 +-----------+--> lost: taken out, its id is never used again
 *
 * An executor that is draining or kept apart stays ALIVE but gets no new epoch. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "proto/engine.pb-c.h"

#define WEIR_EXECUTORS_MAX 256 /* at once */
#define WEIR_RPC_VERSION_MIN 1 /* the oldest protocol that this driver speaks */

typedef struct weir_member {
    uint32_t id; /* counts up from 1, never used twice */
    char *url;
    char *incarnation; /* "" = none was given (in process) */
    char *host;        /* "" = not known */
    char *software;
    uint32_t cores, version;
    uint64_t memory, memory_used, memory_peak;
    bool in_process; /* inproc://: no heartbeats, never lost */
    bool reachable;  /* it has answered us: its address is right */
    bool suspect, draining;
    bool drained_told; /* it knows that it is needed no more */
    int64_t heard_us;
    int64_t apart_until_us; /* gets no epoch before; 0 = none */
    int32_t epochs;         /* running attempts that it is a member of */
} weir_member;

typedef struct weir_membership_counters {
    uint64_t registered, refused, lost, heartbeats, heartbeats_fenced, quarantines;
} weir_membership_counters;

typedef struct weir_membership weir_membership;

typedef struct weir_membership_options {
    int64_t timeout_us;
    int64_t tick_us;  /* how often weir_membership_tick is called: what comes later forgives silence */
    int64_t apart_us; /* how long one of two that cannot reach each other is kept out */
} weir_membership_options;

weir_membership *weir_membership_new(const weir_membership_options *options);
void weir_membership_free(weir_membership *membership); /* accepts NULL */

/* Makes a member. The same incarnation at the same address is the same member again (its reply was lost).
 * Another one that had this address is gone: *ret_replaced (0 = none) is to be removed
 * at once. RPC_ERROR where no
 * version is common or there are too many. */
weir_code weir_membership_register(weir_membership *membership, const Weir__Register *message, int64_t now_us,
                                   uint32_t *ret_id, uint32_t *ret_replaced, weir_error **err);
/* FENCED where that executor is not, or no more, a member. *ret_back: it was suspect until now. */
weir_code weir_membership_heartbeat(weir_membership *membership, const Weir__Heartbeat *message,
                                    const char *driver_id, int64_t now_us, bool *ret_back, bool *ret_drained,
                                    weir_error **err);
/* Ids of those that have been silent for too long, to be lost; at most `capacity`. A tick that comes late
 * gives everyone the time in which this process did not run. */
int32_t weir_membership_tick(weir_membership *membership, int64_t now_us, uint32_t *ret_silent,
                             int32_t capacity);
bool weir_membership_suspect(weir_membership *membership, uint32_t id); /* whether that is new */
void weir_membership_remove(weir_membership *membership, uint32_t id);
/* `reporter` could not fetch from `accused`: the one of the two that more others complain of (of equals the
 * one with less cores, then the younger) is kept out for a while. Its id; 0 where one of them is out already.
 */
uint32_t weir_membership_accuse(weir_membership *membership, uint32_t reporter, uint32_t accused,
                                int64_t now_us);

int32_t weir_membership_count(const weir_membership *membership);
weir_member *weir_membership_at(weir_membership *membership, int32_t index); /* by id, ascending */
weir_member *weir_membership_find(weir_membership *membership, uint32_t id); /* NULL = not a member */
/* Whether a new epoch may use it. */
bool weir_membership_usable(const weir_member *member, int64_t now_us);
weir_membership_counters *weir_membership_counts(weir_membership *membership);
