/* The way from a resolved plan to a stream's spec (stream_planner.h). */
#include "driver/stream_planner.h"

#include <limits.h>
#include <unistd.h>

#include "connectors/connector.h"
#include "driver/analyze/streaming_checks.h"
#include "driver/optimize/optimizer.h"
#include "driver/physical/physical.h"

/* ---- the session's zone ---- */

/* The zone of the system, as the JVM finds it: TZ, else the link or text at /etc, else UTC. */
static const char *system_zone(weir_arena *arena) {
    static const char marker[] = "/zoneinfo/";
    char target[PATH_MAX];
    ssize_t size = readlink("/etc/localtime", target, sizeof target - 1);
    if (size > 0) {
        target[size] = 0;
        char *at = strstr(target, marker);
        if (at)
            return weir_arena_strdup(arena, at + sizeof marker - 1);
    }
    return "UTC";
}

weir_code weir_stream_planner_zone(weir_arena *arena, const weir_conf *conf, const char *fallback,
                                   const weir_timezone **ret, weir_error **err) {
    weir_str zone = weir_conf_str(conf, WEIR_CONF_TIME_ZONE);
    if (zone.size)
        return weir_timezone_open(zone, ret, err);
    zone = weir_str_from(fallback ? fallback : system_zone(arena));
    if (weir_timezone_open(zone, ret, NULL) != WEIR_OK)
        *ret = weir_timezone_utc();
    return WEIR_OK;
}

/* ---- paths ---- */

static weir_str absolute_path(weir_arena *arena, const char *directory, weir_str path) {
    bool complete = path.size == 0 || path.data[0] == '/' || !directory;
    for (size_t i = 0; i < path.size && !complete && path.data[i] != '/'; i++)
        complete = path.data[i] == ':'; /* it has a scheme */
    if (complete)
        return path;
    const char *text = weir_arena_strndup(arena, path.data, path.size);
    return weir_str_from(weir_fs_join(arena, directory, text));
}

weir_options weir_stream_planner_absolute(weir_arena *arena, const char *directory,
                                          const weir_options *options) {
    static const char *const paths[] = {"path", "sourceArchiveDir"};
    weir_options copy = {0};
    for (int32_t i = 0; i < options->count; i++)
        weir_options_set(arena, &copy, options->items[i].key, options->items[i].value);
    for (size_t i = 0; i < WEIR_ARRAY_LEN(paths); i++) {
        weir_str path = weir_options_get(options, paths[i]);
        if (path.data)
            weir_options_set(arena, &copy, weir_str_from(paths[i]), absolute_path(arena, directory, path));
    }
    return copy;
}

/* ---- checkpoints ---- */

static const char *temporary_checkpoint(weir_arena *arena, const weir_planner_options *options) {
    char uuid[37];
    weir_env_uuid(options->env, uuid);
    const char *base = options->temporary_directory ? options->temporary_directory : "/tmp";
    return weir_arena_printf(arena, "%s/weir-checkpoint-%s", base, uuid);
}

static void choose_checkpoint(weir_arena *arena, const weir_stream_request *request,
                              const weir_planner_options *options, weir_query_spec *spec) {
    spec->checkpoint_is_temporary = request->checkpoint_location.size == 0;
    if (!spec->checkpoint_is_temporary) {
        spec->checkpoint =
            weir_fs_normalize(arena, absolute_path(arena, options->directory, request->checkpoint_location));
        return;
    }
    spec->checkpoint = temporary_checkpoint(arena, options);
    const weir_sink_ops *sink = weir_sink_find(request->sink_format);
    if (sink && !sink->collects && strcmp(sink->name, "noop") != 0)
        weir_log_write(options->log, WEIR_LOG_WARN, "driver",
                       "query " WEIR_STR_FMT
                       " has no checkpointLocation: a temporary one is used and removed at the "
                       "end, so a restart would write its rows again",
                       WEIR_STR_ARG(request->name));
}

/* ---- the whole ---- */

/* The signature, made before, keeps the paths as they were given: a checkpoint may move with its input. */
static const weir_query_source *absolute_sources(weir_arena *arena, const char *directory,
                                                 const weir_physical *physical) {
    weir_query_source *sources = WEIR_NEW_ARRAY(arena, weir_query_source, physical->sources_count);
    for (int32_t i = 0; i < physical->sources_count; i++) {
        sources[i] = physical->sources[i];
        sources[i].options = weir_stream_planner_absolute(arena, directory, &sources[i].options);
    }
    return sources;
}

weir_code weir_stream_planner_plan(weir_arena *arena, const weir_stream_request *request,
                                   const weir_planner_options *options, weir_query_spec *ret,
                                   weir_error **err) {
    weir_node *plan = request->plan;
    WEIR_TRY(weir_streaming_checks_run(plan, request->output_mode, err));
    weir_optimizer_options optimizer = {.zone = request->zone,
                                        .ansi = weir_conf_bool(request->conf, WEIR_CONF_ANSI),
                                        .next_id = request->next_id};
    WEIR_TRY(weir_optimizer_run(arena, plan, &optimizer, &plan, err));
    weir_physical_request wanted = {
        .logical = plan,
        .conf = request->conf,
        .output_mode = request->output_mode,
        .sink_format = request->sink_format,
        .sink_options = weir_stream_planner_absolute(arena, options->directory, &request->sink_options),
        .sql = request->sql,
    };
    weir_physical physical;
    WEIR_TRY(weir_physical_plan(arena, &wanted, &physical, err));
    *ret = (weir_query_spec){
        .name = request->name,
        .plan = physical.plan,
        .sources = absolute_sources(arena, options->directory, &physical),
        .sources_count = physical.sources_count,
        .sink_format = request->sink_format,
        .sink_options = wanted.sink_options,
        .schema = physical.schema,
        .output_mode = request->output_mode,
        .trigger = request->trigger,
        .interval_ms = request->interval_ms,
        .signature = physical.signature,
        .stateful = physical.stateful,
        .state_partitions = physical.state_partitions,
        .conf = request->conf,
        .zone = request->zone,
    };
    choose_checkpoint(arena, request, options, ret);
    return WEIR_OK;
}
