/* A session's configuration, as Spark's RuntimeConfig: what the session has set, over the server's own, over
 * the defaults of the keys that Spark registers (spark_confs.def). Values of keys that the engine reads are
 * checked when they are set. Secrets are not read back: keys and values that look like one are as if not set
 * (Spark's spark.redaction.regex). Any thread; settings under the session's lock. */
#include "driver/connect/connect_server_int.h"

#include <ctype.h>

#include "common/base/alloc.h"
#include "common/types/timezone.h"

typedef enum conf_kind {
    CONF_SESSION, /* a session may change it */
    CONF_STATIC,
    CONF_CORE,
    CONF_UNKNOWN,
} conf_kind;

typedef struct spark_conf {
    conf_kind kind;
    const char *key, *fallback;
} spark_conf;

static const spark_conf spark_confs[] = {
#define WEIR_SPARK_CONF(kind, key, fallback) {CONF_##kind, key, fallback},
#include "driver/connect/spark_confs.def"
#undef WEIR_SPARK_CONF
};

static const spark_conf *find_spark_conf(const char *key) {
    size_t low = 0, high = WEIR_ARRAY_LEN(spark_confs);
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(spark_confs[middle].key, key);
        if (order == 0)
            return &spark_confs[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Where we answer otherwise than Spark: there are no Java stack traces, and clients would print an empty
 * section; the limits of a stream are each session's own. */
static const spark_conf own_confs[] = {
    {CONF_SESSION, "spark.connect.execute.reattachable.senderMaxStreamDuration", "120000ms"},
    {CONF_SESSION, "spark.connect.execute.reattachable.senderMaxStreamSize", "1073741824b"},
    {CONF_SESSION, "spark.sql.connect.serverStacktrace.enabled", "false"},
    {CONF_SESSION, "spark.sql.pyspark.jvmStacktrace.enabled", "false"},
};

static const spark_conf *find_conf(const char *key) {
    for (size_t i = 0; i < WEIR_ARRAY_LEN(own_confs); i++)
        if (strcmp(own_confs[i].key, key) == 0)
            return &own_confs[i];
    return find_spark_conf(key);
}

static conf_kind kind_of(const char *key) {
    const spark_conf *known = find_conf(key);
    return known ? known->kind : CONF_UNKNOWN;
}

/* --- settings: a sorted list; a value of NULL hides the server's --- */

static connect_setting **find_place(connect_setting **list, const char *key) {
    while (*list && strcmp((*list)->key, key) < 0)
        list = &(*list)->next;
    return list;
}

static const connect_setting *find_setting(const weir_client_session *session, const char *key) {
    const connect_setting *at = session->settings;
    while (at && strcmp(at->key, key) < 0)
        at = at->next;
    return at && strcmp(at->key, key) == 0 ? at : NULL;
}

static void free_setting(connect_setting *setting) {
    weir_free(setting->key);
    weir_free(setting->value);
    weir_free(setting);
}

void connect_settings_free(connect_setting *settings) {
    for (connect_setting *next; settings; settings = next) {
        next = settings->next;
        free_setting(settings);
    }
}

connect_setting *connect_settings_copy(const connect_setting *settings) {
    connect_setting *first = NULL, **last = &first;
    for (; settings; settings = settings->next) {
        *last = weir_alloc_zero(1, sizeof **last);
        (*last)->key = weir_strdup(settings->key);
        (*last)->value = settings->value ? weir_strdup(settings->value) : NULL;
        last = &(*last)->next;
    }
    return first;
}

/* Under the lock; `value` NULL hides. */
static void put_setting(weir_client_session *session, const char *key, const char *value) {
    connect_setting **place = find_place(&session->settings, key);
    if (!*place || strcmp((*place)->key, key) != 0) {
        connect_setting *setting = weir_alloc_zero(1, sizeof *setting);
        setting->key = weir_strdup(key);
        setting->next = *place;
        *place = setting;
    }
    weir_free((*place)->value);
    (*place)->value = value ? weir_strdup(value) : NULL;
}

/* --- reading --- */

static bool holds_word(const char *text, const char *word) {
    size_t size = strlen(word);
    for (; *text; text++)
        if (strncasecmp(text, word, size) == 0)
            return true;
    return false;
}

/* Spark's default of spark.redaction.regex. */
bool weir_client_conf_is_secret(const char *key, const char *value) {
    static const char *const words[] = {"secret",     "password", "token", "accesskey",
                                        "access.key", "api.key",  "apikey"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(words); i++)
        if (holds_word(key, words[i]) || (value && holds_word(value, words[i])))
            return true;
    return false;
}

/* What was set, by the session or for the server; data NULL where nobody has. Under the lock. */
static weir_str find_set(const weir_client_session *session, weir_str key) {
    const connect_setting *setting = find_setting(session, key.data);
    if (setting)
        return weir_str_from(setting->value);
    const weir_options *entries = weir_conf_entries(session->server->conf);
    for (int32_t i = 0; i < entries->count; i++)
        if (weir_str_equal(entries->items[i].key, key))
            return entries->items[i].value;
    return (weir_str){0};
}

/* The key whose value stands for a key that nobody has set; NULL where there is none. */
static const char *find_fallback_key(const char *key) {
    static const struct {
        const char *key, *other;
    } fallbacks[] = {
#define WEIR_SPARK_CONF_FALLBACK(name, other) {name, other},
#include "driver/connect/spark_conf_fallbacks.def"
#undef WEIR_SPARK_CONF_FALLBACK
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(fallbacks); i++)
        if (strcmp(fallbacks[i].key, key) == 0)
            return fallbacks[i].other;
    return NULL;
}

static weir_str find_default(const weir_client_session *session, weir_str key) {
    const char *other = find_fallback_key(key.data);
    weir_str inherited = other ? find_set(session, weir_str_from(other)) : (weir_str){0};
    if (inherited.data)
        return inherited;
    const spark_conf *known = find_conf(key.data);
    if (known && known->fallback)
        return weir_str_from(known->fallback);
    weir_str own = weir_conf_get(session->server->conf, key);
    return own.size ? own : (weir_str){0};
}

/* The value in `arena`, data NULL where there is none. `key` ends with NUL. */
static weir_str read_value(weir_client_session *session, weir_arena *arena, weir_str key, bool with_default) {
    pthread_mutex_lock(&session->lock);
    weir_str value = find_set(session, key);
    if (!value.data && with_default)
        value = find_default(session, key);
    if (value.data)
        value = weir_arena_str(arena, value);
    pthread_mutex_unlock(&session->lock);
    return value;
}

weir_str weir_client_session_conf_get(weir_client_session *session, weir_arena *arena, weir_str key) {
    return read_value(session, arena, weir_arena_str(arena, key), true);
}

weir_str weir_client_session_setting(weir_client_session *session, weir_arena *arena, weir_str key) {
    return read_value(session, arena, weir_arena_str(arena, key), false);
}

weir_conf *weir_client_session_conf(weir_client_session *session, weir_arena *arena) {
    weir_conf *conf = weir_conf_copy(arena, session->server->conf);
    pthread_mutex_lock(&session->lock);
    for (const connect_setting *at = session->settings; at; at = at->next)
        if (at->value) /* checked when it was set */
            (void)weir_conf_set(conf, weir_str_from(at->key), weir_str_from(at->value), NULL);
    pthread_mutex_unlock(&session->lock);
    return conf;
}

/* --- changing --- */

static weir_code check_modifiable(weir_arena *arena, const char *key, weir_error **err) {
    conf_kind kind = kind_of(key);
    const char *quoted = weir_arena_printf(arena, "\"%s\"", key);
    if (kind == CONF_STATIC)
        WEIR_RAISE(err, CANNOT_MODIFY_STATIC_CONFIG, "key", quoted);
    if (kind == CONF_CORE)
        WEIR_RAISE(err, CANNOT_MODIFY_CONFIG, "key", quoted, "docroot",
                   "https://spark.apache.org/docs/latest");
    return WEIR_OK;
}

/* Spark parses what it registers; a boolean is known by its default. */
static weir_code check_boolean(const char *key, const char *value, weir_error **err) {
    const spark_conf *known = find_conf(key);
    if (!known || !known->fallback ||
        (strcmp(known->fallback, "true") != 0 && strcmp(known->fallback, "false") != 0))
        return WEIR_OK;
    weir_str text = weir_str_trim(weir_str_from(value));
    if (weir_str_equal_nocase(text, WEIR_STR("true")) || weir_str_equal_nocase(text, WEIR_STR("false")))
        return WEIR_OK;
    WEIR_RAISE(err, INVALID_CONF_VALUE__TYPE_MISMATCH, "confValue", value, "confName", key, "confType",
               "boolean");
}

weir_code weir_client_session_conf_set(weir_client_session *session, weir_str key, weir_str value,
                                       weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    const char *name = weir_arena_strndup(arena, key.data, key.size);
    const char *text = weir_arena_strndup(arena, value.data, value.size);
    WEIR_TRY(check_modifiable(arena, name, err));
    WEIR_TRY(check_boolean(name, text, err));
    WEIR_TRY(weir_conf_set(weir_conf_new(arena), weir_str_from(name), weir_str_from(text), err));
    pthread_mutex_lock(&session->lock);
    put_setting(session, name, text);
    pthread_mutex_unlock(&session->lock);
    return WEIR_OK;
}

void weir_client_session_conf_unset(weir_client_session *session, weir_str key) {
    _cleanup_free_ char *name = weir_strndup(key.data, key.size);
    pthread_mutex_lock(&session->lock);
    put_setting(session, name, NULL);
    pthread_mutex_unlock(&session->lock);
}

void weir_client_session_conf_reset(weir_client_session *session, weir_str key) {
    pthread_mutex_lock(&session->lock);
    for (connect_setting **at = &session->settings; *at;) {
        connect_setting *setting = *at;
        if (key.size > 0 && !weir_str_equal(weir_str_from(setting->key), key)) {
            at = &setting->next;
            continue;
        }
        *at = setting->next;
        free_setting(setting);
    }
    pthread_mutex_unlock(&session->lock);
}

/* --- the call --- */

typedef struct config_call {
    weir_client_session *session;
    weir_arena *arena;
    Spark__Connect__ConfigResponse *response;
} config_call;

static void add_pair(const config_call *call, const char *key, weir_str value) {
    Spark__Connect__KeyValue *pair = WEIR_NEW(call->arena, Spark__Connect__KeyValue);
    spark__connect__key_value__init(pair);
    pair->key = (char *)key;
    pair->value = (char *)value.data; /* NUL-terminated: of the arena or the request */
    call->response->pairs[call->response->n_pairs++] = pair;
}

static void add_warning(const config_call *call, const char *text) {
    call->response->warnings[call->response->n_warnings++] = (char *)text;
}

static weir_code set_pairs(const config_call *call, const Spark__Connect__ConfigRequest__Set *set,
                           weir_error **err) {
    call->response->warnings = WEIR_NEW_ARRAY(call->arena, char *, set->n_pairs + 1);
    for (size_t i = 0; i < set->n_pairs; i++) {
        const char *key = set->pairs[i]->key ? set->pairs[i]->key : "";
        const char *value = set->pairs[i]->value;
        _cleanup_error_ weir_error *failed = NULL;
        weir_code code =
            value ? weir_client_session_conf_set(call->session, weir_str_from(key), weir_str_from(value),
                                                 &failed)
                  : weir_error_failf(&failed, WEIR_INVALID_ARGUMENT, "value cannot be null for key: %s", key);
        if (code == WEIR_OK)
            continue;
        if (!set->silent) {
            weir_error *moved = failed;
            failed = NULL;
            return weir_error_move(err, moved);
        }
        add_warning(call, weir_arena_printf(call->arena, "Failed to set %s to %s due to %s", key,
                                            value ? value : "null", weir_error_text(failed)));
    }
    return WEIR_OK;
}

static weir_str visible_value(const config_call *call, const char *key, bool with_default) {
    weir_str value = read_value(call->session, call->arena, weir_str_from(key), with_default);
    return value.data && weir_client_conf_is_secret(key, value.data) ? (weir_str){0} : value;
}

static weir_code get_keys(const config_call *call, char **keys, size_t count, bool optional,
                          weir_error **err) {
    call->response->pairs = WEIR_NEW_ARRAY(call->arena, Spark__Connect__KeyValue *, count + 1);
    for (size_t i = 0; i < count; i++) {
        weir_str value = visible_value(call, keys[i], true);
        if (!value.data && !optional)
            WEIR_RAISE(err, SQL_CONF_NOT_FOUND, "sqlConf", weir_arena_printf(call->arena, "\"%s\"", keys[i]));
        add_pair(call, keys[i], value);
    }
    return WEIR_OK;
}

/* A registered default does not count here, as in Spark: the caller's does. */
static void get_with_default(const config_call *call,
                             const Spark__Connect__ConfigRequest__GetWithDefault *get) {
    call->response->pairs = WEIR_NEW_ARRAY(call->arena, Spark__Connect__KeyValue *, get->n_pairs + 1);
    for (size_t i = 0; i < get->n_pairs; i++) {
        const char *key = get->pairs[i]->key ? get->pairs[i]->key : "";
        weir_str value = visible_value(call, key, false);
        add_pair(call, key, value.data ? value : weir_str_from(get->pairs[i]->value));
    }
}

static void get_all(const config_call *call, const char *prefix) {
    const weir_options *entries = weir_conf_entries(call->session->server->conf);
    size_t count = (size_t)entries->count, skip = strlen(prefix);
    pthread_mutex_lock(&call->session->lock);
    for (const connect_setting *at = call->session->settings; at; at = at->next)
        count++;
    call->response->pairs = WEIR_NEW_ARRAY(call->arena, Spark__Connect__KeyValue *, count + 1);
    for (int32_t i = 0; i < entries->count; i++) {
        const char *key = weir_arena_str(call->arena, entries->items[i].key).data;
        const char *value = weir_arena_str(call->arena, entries->items[i].value).data;
        if (!find_setting(call->session, key) && strncmp(key, prefix, skip) == 0 &&
            !weir_client_conf_is_secret(key, value))
            add_pair(call, key + skip, weir_str_from(value));
    }
    for (const connect_setting *at = call->session->settings; at; at = at->next)
        if (at->value && strncmp(at->key, prefix, skip) == 0 &&
            !weir_client_conf_is_secret(at->key, at->value))
            add_pair(call, weir_arena_strdup(call->arena, at->key + skip),
                     weir_str_from(weir_arena_strdup(call->arena, at->value)));
    pthread_mutex_unlock(&call->session->lock);
}

static weir_code unset_keys(const config_call *call, char **keys, size_t count, weir_error **err) {
    for (size_t i = 0; i < count; i++) {
        WEIR_TRY(check_modifiable(call->arena, keys[i], err));
        weir_client_session_conf_unset(call->session, weir_str_from(keys[i]));
    }
    return WEIR_OK;
}

static void are_modifiable(const config_call *call, char **keys, size_t count) {
    call->response->pairs = WEIR_NEW_ARRAY(call->arena, Spark__Connect__KeyValue *, count + 1);
    for (size_t i = 0; i < count; i++)
        add_pair(call, keys[i], kind_of(keys[i]) == CONF_SESSION ? WEIR_STR("true") : WEIR_STR("false"));
}

static weir_code run_operation(const config_call *call,
                               const Spark__Connect__ConfigRequest__Operation *operation, weir_error **err) {
    switch (operation ? operation->op_type_case
                      : SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE__NOT_SET) {
    case SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_SET:
        return set_pairs(call, operation->set, err);
    case SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_GET:
        return get_keys(call, operation->get->keys, operation->get->n_keys, false, err);
    case SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_GET_OPTION:
        return get_keys(call, operation->get_option->keys, operation->get_option->n_keys, true, err);
    case SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_GET_WITH_DEFAULT:
        get_with_default(call, operation->get_with_default);
        return WEIR_OK;
    case SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_GET_ALL:
        get_all(call, operation->get_all->prefix ? operation->get_all->prefix : "");
        return WEIR_OK;
    case SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_UNSET:
        return unset_keys(call, operation->unset->keys, operation->unset->n_keys, err);
    case SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_IS_MODIFIABLE:
        are_modifiable(call, operation->is_modifiable->keys, operation->is_modifiable->n_keys);
        return WEIR_OK;
    default:
        WEIR_FAIL(err, NOT_SUPPORTED, "The Config operation is not set or not known.");
    }
}

void connect_handle_config(connect_call *call) {
    const Spark__Connect__ConfigRequest *request = (Spark__Connect__ConfigRequest *)call->request;
    connect_head head = CONNECT_HEAD(request);
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_session_ weir_client_session *session = NULL;
    Spark__Connect__ConfigResponse response = SPARK__CONNECT__CONFIG_RESPONSE__INIT;
    weir_code code = connect_session_get(call->server, &head, true, &session, &err);
    config_call config = {session, call->arena, &response};
    if (code != WEIR_OK || run_operation(&config, request->operation, &err) != WEIR_OK) {
        connect_call_fail(call, session, &err);
        return;
    }
    CONNECT_ANSWER(&response, session);
    connect_call_reply(call, &response.base);
}
