/* A YAML (or JSON) document as a tree with line numbers: what the job spec is read from.
 *
 * Built from libyaml's events with limits on size, depth and expanded nodes, so that a hostile document
 * costs a bounded amount of memory and time. Scalars keep their text as written; `plain` tells 5 from
 * "5". Aliases share the node of their anchor. Lives in the arena, immutable. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"

typedef enum weir_yaml_kind { WEIR_YAML_SCALAR, WEIR_YAML_LIST, WEIR_YAML_MAP } weir_yaml_kind;

typedef struct weir_yaml weir_yaml;
struct weir_yaml {
    weir_yaml_kind kind;
    bool plain;       /* SCALAR: written without quotes, so it may be a number, a boolean or null */
    int32_t line;     /* 1-based, where the value starts */
    int32_t key_line; /* values of a MAP: where their key stands */
    weir_str key;     /* values of a MAP */
    weir_str text;    /* SCALAR: decoded, without NUL bytes inside and NUL-terminated behind */
    int32_t count;    /* LIST, MAP: children in the order of the document, duplicates of keys included */
    weir_yaml **items;
};

/* `what` names the document in errors ("job.yaml"). Syntax errors, tags, more than one document, keys
 * that are no scalars and passed limits: INVALID_JOB_SPEC with "what:line:". An empty document gives a
 * NULL tree. */
weir_code weir_yaml_tree_parse(weir_arena *arena, weir_str text, const char *what, const weir_yaml **ret,
                               weir_error **err);

/* What a scalar is by YAML 1.2's core schema. Quoted scalars are texts. */
bool weir_yaml_is_null(const weir_yaml *node);
bool weir_yaml_is_bool(const weir_yaml *node, bool *ret_value);
bool weir_yaml_is_number(const weir_yaml *node);
