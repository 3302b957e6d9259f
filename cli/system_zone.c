/* Reads the system's time zone id (system_zone.h). Main thread. */
#include "cli/system_zone.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* "/usr/share/zoneinfo/posix/Europe/Rome" -> "Europe/Rome" */
static const char *id_in_path(const char *path) {
    static const char mark[] = "/zoneinfo/";
    const char *at = strstr(path, mark);
    if (!at)
        return NULL;
    at += sizeof mark - 1;
    if (strncmp(at, "posix/", 6) == 0 || strncmp(at, "right/", 6) == 0)
        at += 6;
    return *at ? at : NULL;
}

weir_str weir_system_zone_id(weir_arena *arena) {
    const char *zone = getenv("TZ");
    if (zone && *zone == ':')
        zone++;
    if (zone && *zone == '/')
        zone = id_in_path(zone);
    if (zone && *zone)
        return weir_str_from(weir_arena_strdup(arena, zone));
    char target[PATH_MAX];
    /* Links of links (Debian's /etc/localtime may name an alias) keep the first name, as Java does. */
    ssize_t size = readlink("/etc/localtime", target, sizeof target - 1);
    if (size <= 0)
        return WEIR_STR("UTC");
    target[size] = 0;
    zone = id_in_path(target);
    return zone ? weir_str_from(weir_arena_strdup(arena, zone)) : WEIR_STR("UTC");
}
