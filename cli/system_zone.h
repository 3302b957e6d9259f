/* The system's time zone, as a JVM finds it: the default of spark.sql.session.timeZone. */
#pragma once

#include "common/base/arena.h"
#include "common/base/str.h"

/* TZ, else the target of /etc/localtime, else "UTC". The id may be unknown (a bad TZ): setting it says so. */
weir_str weir_system_zone_id(weir_arena *arena);
