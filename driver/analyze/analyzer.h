/* The analyzer: unresolved plan to resolved plan, by Spark's rules and with Spark's errors. In a resolved
 * plan every expression has type and nullability, names are ATTRIBUTE nodes with unique ids, every relation
 * has `output` (ATTRIBUTE nodes) and `type` (STRUCT of it). A reference to a column carries no qualifier; the
 * attributes of `output` lists do. Driver, at the start of a query; any thread. */
#pragma once

#include "common/plan/plan.h"
#include "common/types/timezone.h"

/* The named relations of a session. */
typedef struct weir_catalog {
    /* Gives the relation of that name, or sets *ret to NULL. It is a SOURCE (name, format, options, schema,
     * streaming set), a SOURCE under WATERMARK, or the resolved plan of a view (what weir_analyzer_run
     * gave); it may be shared by many queries. Names come as written: compare without case. */
    weir_code (*find)(void *self, weir_arena *arena, const weir_str_list *name, weir_node **ret,
                      weir_error **err);
    void *self;
    bool places; /* the nodes that it gives have places in options->sql; else they lose theirs */
} weir_catalog;

typedef struct weir_analyzer_options {
    const weir_catalog *catalog;
    const weir_timezone *zone; /* spark.sql.session.timeZone */
    bool ansi;                 /* spark.sql.ansi.enabled */
    bool case_sensitive;       /* spark.sql.caseSensitive */
    bool map_keys_last_win;    /* spark.sql.mapKeyDedupPolicy is LAST_WIN */
    weir_str sql;              /* what positions refer to; may be empty */
    int64_t *next_id;          /* of the session: attribute ids are unique in it */
} weir_analyzer_options;

weir_code weir_analyzer_run(weir_arena *arena, weir_node *plan, const weir_analyzer_options *options,
                            weir_node **ret, weir_error **err);
