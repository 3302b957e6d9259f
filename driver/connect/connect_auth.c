/* The token (connect_auth.h). Failures are counted in a fixed table by address (a hash of it: two addresses
 * may share a place, which only refuses strangers sooner), each a bucket that drains with time; connections
 * that were admitted are remembered in another fixed table, so memory does not grow with attackers. */
#include "driver/connect/connect_auth.h"

#include <pthread.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"

#define HOSTS 1024
#define PEERS 4096
#define FAILURES_MAX 20           /* at once */
#define DRAIN_US INT64_C(1000000) /* one failure is forgiven each second */
#define BEARER "Bearer "

typedef struct bucket {
    int64_t failures, since_us;
} bucket;

struct weir_connect_auth {
    const weir_env *env;
    char *token;
    size_t token_size;
    uint64_t seed;
    pthread_mutex_t lock;
    bucket hosts[HOSTS];
    uint64_t admitted[PEERS]; /* hashes of connections; 0: none */
};

weir_connect_auth *weir_connect_auth_new(const weir_env *env, const char *token) {
    weir_connect_auth *auth = weir_alloc_zero(1, sizeof *auth);
    auth->env = env;
    auth->token = token ? weir_strdup(token) : NULL;
    auth->token_size = token ? strlen(token) : 0;
    env->random_bytes(env->random_self, &auth->seed, sizeof auth->seed);
    pthread_mutex_init(&auth->lock, NULL);
    return auth;
}

void weir_connect_auth_free(weir_connect_auth *auth) {
    if (!auth)
        return;
    if (auth->token)
        explicit_bzero(auth->token, auth->token_size);
    weir_free(auth->token);
    pthread_mutex_destroy(&auth->lock);
    weir_free(auth);
}

/* The time depends on the length of what was sent alone. */
static bool same_token(const weir_connect_auth *auth, const char *shown) {
    size_t size = strlen(shown);
    unsigned char differs = size != auth->token_size;
    for (size_t i = 0; i < size; i++)
        differs |=
            (unsigned char)shown[i] ^ (unsigned char)auth->token[auth->token_size ? i % auth->token_size : 0];
    return !differs;
}

/* Under the lock: failures that still count. */
static int64_t drain(bucket *host, int64_t now) {
    int64_t forgiven = (now - host->since_us) / DRAIN_US;
    if (forgiven > 0) {
        host->failures = forgiven >= host->failures ? 0 : host->failures - forgiven;
        host->since_us += forgiven * DRAIN_US;
    }
    return host->failures;
}

static bool shows_token(const weir_connect_auth *auth, const char *authorization) {
    if (strncasecmp(authorization, BEARER, sizeof BEARER - 1) != 0)
        return false;
    return same_token(auth, authorization + sizeof BEARER - 1);
}

weir_connect_admission weir_connect_auth_check(weir_connect_auth *auth, const char *authorization,
                                               const char *peer, const char *host) {
    if (!auth->token)
        return WEIR_CONNECT_ADMITTED;
    uint64_t hash = weir_hash_bytes(peer, strlen(peer), auth->seed) | 1;
    bucket *failures = &auth->hosts[weir_hash_bytes(host, strlen(host), auth->seed) % HOSTS];
    uint64_t *known = &auth->admitted[hash / 2 % PEERS];
    int64_t now = weir_env_monotonic_us(auth->env);
    weir_connect_admission answer = WEIR_CONNECT_REFUSED;
    pthread_mutex_lock(&auth->lock);
    if (*known != hash && drain(failures, now) >= FAILURES_MAX) {
        answer = WEIR_CONNECT_THROTTLED;
    } else if (shows_token(auth, authorization)) {
        *known = hash;
        answer = WEIR_CONNECT_ADMITTED;
    } else {
        if (*known == hash)
            *known = 0;
        if (failures->failures == 0)
            failures->since_us = now;
        failures->failures++;
    }
    pthread_mutex_unlock(&auth->lock);
    return answer;
}
