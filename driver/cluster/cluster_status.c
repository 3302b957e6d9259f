/* What a cluster says of itself: executors and counters as JSON, for GET_STATUS and /healthz. Loop. */
#include "common/base/json_value.h"
#include "driver/cluster/cluster_int.h"

static const char *state_of(const weir_member *member, int64_t now_us) {
    if (!member->reachable)
        return "unreached";
    if (member->suspect)
        return "suspect";
    if (member->draining)
        return "draining";
    return member->apart_until_us > now_us ? "apart" : "alive";
}

static void add_text(weir_strbuf *buf, const char *name, const char *text) {
    weir_strbuf_addf(buf, ",\"%s\":", name);
    weir_json_write_string(buf, weir_str_from(text));
}

void weir_cluster_status_json(weir_cluster *cluster, weir_strbuf *buf) {
    int64_t now_us = weir_env_monotonic_us(cluster->options.env);
    weir_strbuf_add_text(buf, "\"executors\":[");
    for (int32_t i = 0; i < weir_membership_count(cluster->membership); i++) {
        const weir_member *m = weir_membership_at(cluster->membership, i);
        weir_strbuf_addf(buf, "%s{\"id\":%u", i ? "," : "", m->id);
        add_text(buf, "url", m->url);
        add_text(buf, "host", m->host);
        add_text(buf, "software", m->software);
        add_text(buf, "state", state_of(m, now_us));
        weir_strbuf_addf(
            buf,
            ",\"cores\":%u,\"memoryBytes\":%llu,\"memoryUsedBytes\":%llu,\"memoryPeakBytes\":%llu,"
            "\"epochs\":%d,\"lastHeartbeatMs\":%lld}",
            m->cores, (unsigned long long)m->memory, (unsigned long long)m->memory_used,
            (unsigned long long)m->memory_peak, m->epochs, (long long)((now_us - m->heard_us) / 1000));
    }
    const weir_membership_counters *c = weir_membership_counts(cluster->membership);
    weir_strbuf_addf(
        buf,
        "],\"membership\":{\"driverId\":\"%s\",\"registered\":%llu,\"refused\":%llu,\"lost\":%llu,"
        "\"heartbeats\":%llu,\"heartbeatsFenced\":%llu,\"quarantines\":%llu}",
        cluster->driver_id, (unsigned long long)c->registered, (unsigned long long)c->refused,
        (unsigned long long)c->lost, (unsigned long long)c->heartbeats,
        (unsigned long long)c->heartbeats_fenced, (unsigned long long)c->quarantines);
}
