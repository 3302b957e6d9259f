/* Making Spark's wire form of errors (connect_errors.h). The trailer is made within a budget: the message is
 * cut first at Spark's 2,048 characters, then as often in half as it takes; long parameters are left to
 * FetchErrorDetails. Texts may hold users' bytes, so what is no UTF-8 is replaced: protobuf clients refuse
 * it. */
#include "driver/connect/connect_errors.h"

#include <string.h>

#include "common/base/json_value.h"
#include "proto/connect_status.pb-c.h"

#define MESSAGE_MAX 2048
#define TRAILER_MAX 7600
#define PARAMETERS_MAX 1024
#define ERROR_INFO_URL "type.googleapis.com/google.rpc.ErrorInfo"

typedef enum error_class {
    CLASS_ANALYSIS,
    CLASS_PARSE,
    CLASS_STREAMING,
    CLASS_ARITHMETIC,
    CLASS_DATETIME,
    CLASS_NUMBER_FORMAT,
    CLASS_ILLEGAL_ARGUMENT,
    CLASS_RUNTIME,
    CLASS_UNSUPPORTED,
    CLASS_ARRAY_INDEX,
    CLASS_NO_SUCH_ELEMENT,
    CLASS_SQL,
    CLASS_INVALID_PLAN,
    CLASS_UPGRADE,
    CLASS_SPARK,
    CLASS_COUNT,
} error_class;

#define CHAIN_MAX 8
#define EXCEPTION "java.lang.Exception", "java.lang.Throwable", "java.lang.Object"
#define RUNTIME_EXCEPTION "java.lang.RuntimeException", EXCEPTION

static const char *const chains[CLASS_COUNT][CHAIN_MAX] = {
    [CLASS_ANALYSIS] = {"org.apache.spark.sql.AnalysisException", EXCEPTION},
    [CLASS_PARSE] = {"org.apache.spark.sql.catalyst.parser.ParseException",
                     "org.apache.spark.sql.AnalysisException", EXCEPTION},
    [CLASS_STREAMING] = {"org.apache.spark.sql.streaming.StreamingQueryException", EXCEPTION},
    [CLASS_ARITHMETIC] = {"org.apache.spark.SparkArithmeticException", "java.lang.ArithmeticException",
                          RUNTIME_EXCEPTION},
    [CLASS_DATETIME] = {"org.apache.spark.SparkDateTimeException", "java.time.DateTimeException",
                        RUNTIME_EXCEPTION},
    [CLASS_NUMBER_FORMAT] = {"org.apache.spark.SparkNumberFormatException", "java.lang.NumberFormatException",
                             "java.lang.IllegalArgumentException", RUNTIME_EXCEPTION},
    [CLASS_ILLEGAL_ARGUMENT] = {"org.apache.spark.SparkIllegalArgumentException",
                                "java.lang.IllegalArgumentException", RUNTIME_EXCEPTION},
    [CLASS_RUNTIME] = {"org.apache.spark.SparkRuntimeException", RUNTIME_EXCEPTION},
    [CLASS_UNSUPPORTED] = {"org.apache.spark.SparkUnsupportedOperationException",
                           "java.lang.UnsupportedOperationException", RUNTIME_EXCEPTION},
    [CLASS_ARRAY_INDEX] = {"org.apache.spark.SparkArrayIndexOutOfBoundsException",
                           "java.lang.ArrayIndexOutOfBoundsException", "java.lang.IndexOutOfBoundsException",
                           RUNTIME_EXCEPTION},
    [CLASS_NO_SUCH_ELEMENT] = {"org.apache.spark.SparkNoSuchElementException",
                               "java.util.NoSuchElementException", RUNTIME_EXCEPTION},
    [CLASS_SQL] = {"org.apache.spark.SparkSQLException", "java.sql.SQLException", EXCEPTION},
    [CLASS_INVALID_PLAN] = {"org.apache.spark.sql.connect.common.InvalidPlanInput", RUNTIME_EXCEPTION},
    [CLASS_UPGRADE] = {"org.apache.spark.SparkUpgradeException", RUNTIME_EXCEPTION},
    [CLASS_SPARK] = {"org.apache.spark.SparkException", EXCEPTION},
};

static const struct {
    const char *condition;
    error_class class;
} listed[] = {
#define WEIR_ERROR_CLASS(condition, class) {condition, CLASS_##class},
#include "driver/connect/connect_error_classes.def"
#undef WEIR_ERROR_CLASS
};

static int find_listed(weir_str condition) {
    for (size_t i = 0; i < WEIR_ARRAY_LEN(listed); i++)
        if (weir_str_equal(condition, weir_str_from(listed[i].condition)))
            return (int)listed[i].class;
    return -1;
}

static const char *find_param(const weir_error *error, const char *name) {
    for (int i = 0; i < weir_error_param_count(error); i++)
        if (strcmp(weir_error_param_name(error, i), name) == 0)
            return weir_error_param_value(error, i);
    return "";
}

/* CAST_INVALID_INPUT is thrown by the reader of the target type. */
static error_class cast_class(const weir_error *error) {
    const char *target = find_param(error, "targetType");
    if (strstr(target, "DATE") || strstr(target, "TIME"))
        return CLASS_DATETIME;
    return strstr(target, "BOOLEAN") ? CLASS_RUNTIME : CLASS_NUMBER_FORMAT;
}

static error_class class_by_sqlstate(const char *state) {
    if (strncmp(state, "42", 2) == 0 || strncmp(state, "0A", 2) == 0)
        return CLASS_ANALYSIS;
    return strncmp(state, "22", 2) == 0 ? CLASS_RUNTIME : CLASS_SPARK;
}

const char *const *weir_connect_error_classes(const weir_error *error) {
    weir_code code = weir_error_code(error);
    weir_str condition = weir_str_from(weir_code_condition(code));
    int class = code == WEIR_CAST_INVALID_INPUT ? (int)cast_class(error) : find_listed(condition);
    const char *dot = memchr(condition.data, '.', condition.size);
    if (class < 0 && dot)
        class = find_listed(weir_str_make(condition.data, (size_t)(dot - condition.data)));
    if (class < 0)
        class = (int)class_by_sqlstate(weir_code_sqlstate(code));
    return chains[class];
}

/* --- texts --- */

/* Length of the UTF-8 character at `at`, 0 where there is none. */
static size_t character_size(const unsigned char *at) {
    size_t size = at[0] < 0x80 ? 1 : at[0] >> 5 == 6 ? 2 : at[0] >> 4 == 14 ? 3 : at[0] >> 3 == 30 ? 4 : 0;
    for (size_t i = 1; i < size; i++)
        if (at[i] >> 6 != 2) /* also stops at the final NUL */
            return 0;
    if (size == 2 && at[0] < 0xC2)
        return 0;
    if (size == 3 && ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F)))
        return 0;
    if (size == 4 && ((at[0] == 0xF0 && at[1] < 0x90) || at[0] > 0xF4 || (at[0] == 0xF4 && at[1] > 0x8F)))
        return 0;
    return size;
}

/* A copy that is UTF-8, of at most `bytes_max` bytes; "..." at the end where it was cut. */
static char *clean_text(weir_arena *arena, const char *text, size_t bytes_max) {
    size_t size = strlen(text), room = WEIR_MIN(size, bytes_max), used = 0;
    char *copy = weir_arena_alloc(arena, room + 4);
    for (size_t at = 0; at < size;) {
        size_t step = character_size((const unsigned char *)text + at);
        size_t need = step ? step : 1;
        if (used + need > room || (size > room && used + need + 3 > room))
            break;
        if (step)
            memcpy(copy + used, text + at, step);
        else
            copy[used] = '?';
        used += need;
        at += need;
    }
    if (size > room) {
        memcpy(copy + used, "...", 3);
        used += 3;
    }
    copy[used] = '\0';
    return copy;
}

/* Bytes of the header grpc-message: what is not printable ASCII is %XX there. */
static size_t percent_size(const char *text) {
    size_t size = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        size += *c < 0x20 || *c > 0x7E || *c == '%' ? 3 : 1;
    return size;
}

/* --- the trailer --- */

static char *classes_json(weir_arena *arena, const char *const *chain) {
    _cleanup_strbuf_ weir_strbuf buf = {0};
    for (int i = 0; chain[i]; i++) {
        weir_strbuf_add_char(&buf, i ? ',' : '[');
        weir_json_write_string(&buf, weir_str_from(chain[i]));
    }
    weir_strbuf_add_char(&buf, ']');
    return weir_arena_strdup(arena, buf.data);
}

/* NULL where it is too long for the trailer. */
static char *parameters_json(weir_arena *arena, const weir_error *error) {
    _cleanup_strbuf_ weir_strbuf buf = {0};
    weir_strbuf_add_char(&buf, '{');
    for (int i = 0; i < weir_error_param_count(error); i++) {
        if (i)
            weir_strbuf_add_char(&buf, ',');
        weir_json_write_string(&buf, weir_str_from(weir_error_param_name(error, i)));
        weir_strbuf_add_char(&buf, ':');
        const char *value = weir_error_param_value(error, i);
        weir_json_write_string(&buf, weir_str_from(clean_text(arena, value, SIZE_MAX)));
    }
    weir_strbuf_add_char(&buf, '}');
    return buf.size <= PARAMETERS_MAX ? weir_arena_strdup(arena, buf.data) : NULL;
}

enum { METADATA_MAX = 5 };

static void add_metadata(Weir__Connect__ErrorInfo *info, Weir__Connect__ErrorInfo__MetadataEntry *entries,
                         const char *key, const char *value) {
    if (!value)
        return;
    Weir__Connect__ErrorInfo__MetadataEntry *entry = &entries[info->n_metadata];
    weir__connect__error_info__metadata_entry__init(entry);
    entry->key = (char *)key;
    entry->value = (char *)value;
    info->metadata[info->n_metadata++] = entry;
}

static ProtobufCBinaryData pack_info(weir_arena *arena, const weir_error *error, const char *error_id) {
    const char *const *chain = weir_connect_error_classes(error);
    weir_code code = weir_error_code(error);
    Weir__Connect__ErrorInfo info = WEIR__CONNECT__ERROR_INFO__INIT;
    Weir__Connect__ErrorInfo__MetadataEntry entries[METADATA_MAX], *pointers[METADATA_MAX];
    info.reason = (char *)chain[0];
    info.domain = (char *)"org.apache.spark";
    info.metadata = pointers;
    add_metadata(&info, entries, "classes", classes_json(arena, chain));
    add_metadata(&info, entries, "sqlState", weir_code_sqlstate(code));
    add_metadata(&info, entries, "errorClass", weir_arena_strdup(arena, weir_code_condition(code)));
    add_metadata(&info, entries, "messageParameters", parameters_json(arena, error));
    add_metadata(&info, entries, "errorId", error_id);
    ProtobufCBinaryData bytes = {weir__connect__error_info__get_packed_size(&info), NULL};
    bytes.data = weir_arena_alloc(arena, bytes.len);
    weir__connect__error_info__pack(&info, bytes.data);
    return bytes;
}

weir_connect_status weir_connect_error_status(weir_arena *arena, const weir_error *error,
                                              const char *error_id) {
    weir_connect_status answer = {.code = WEIR_DOOR_INTERNAL};
    Weir__Connect__Detail detail = WEIR__CONNECT__DETAIL__INIT, *details = &detail;
    detail.type_url = (char *)ERROR_INFO_URL;
    detail.has_value = 1;
    detail.value = pack_info(arena, error, error_id);
    Weir__Connect__Status status = WEIR__CONNECT__STATUS__INIT;
    status.has_code = 1;
    status.code = WEIR_DOOR_INTERNAL;
    status.n_details = 1;
    status.details = &details;
    const char *text = weir_error_text(error);
    for (size_t bytes_max = MESSAGE_MAX;; bytes_max /= 2) {
        answer.message = clean_text(arena, text, bytes_max);
        status.message = (char *)answer.message;
        answer.details_size = weir__connect__status__get_packed_size(&status);
        if (percent_size(answer.message) + answer.details_size * 4 / 3 <= TRAILER_MAX || bytes_max < 64)
            break;
    }
    uint8_t *bytes = weir_arena_alloc(arena, answer.details_size);
    weir__connect__status__pack(&status, bytes);
    answer.details = bytes;
    return answer;
}

/* --- FetchErrorDetails --- */

static void fill_context(weir_arena *arena, const weir_query_context *context,
                         Spark__Connect__FetchErrorDetailsResponse__SparkThrowable *throwable) {
    Spark__Connect__FetchErrorDetailsResponse__QueryContext *wire =
        WEIR_NEW(arena, Spark__Connect__FetchErrorDetailsResponse__QueryContext);
    spark__connect__fetch_error_details_response__query_context__init(wire);
    const char *fragment = clean_text(arena, context->fragment ? context->fragment : "", SIZE_MAX);
    wire->has_context_type = 1;
    wire->context_type = SPARK__CONNECT__FETCH_ERROR_DETAILS_RESPONSE__QUERY_CONTEXT__CONTEXT_TYPE__SQL;
    wire->object_type = wire->object_name = wire->call_site = (char *)"";
    wire->has_start_index = wire->has_stop_index = 1;
    wire->start_index = context->start;
    wire->stop_index = context->stop;
    wire->fragment = (char *)fragment;
    wire->summary = weir_arena_printf(arena, "== SQL (line %d, position %d) ==\n%s\n", context->line,
                                      context->column + 1, fragment);
    throwable->n_query_contexts = 1;
    throwable->query_contexts =
        WEIR_NEW_ARRAY(arena, Spark__Connect__FetchErrorDetailsResponse__QueryContext *, 1);
    throwable->query_contexts[0] = wire;
}

static Spark__Connect__FetchErrorDetailsResponse__SparkThrowable *make_throwable(weir_arena *arena,
                                                                                 const weir_error *error) {
    Spark__Connect__FetchErrorDetailsResponse__SparkThrowable *throwable =
        WEIR_NEW(arena, Spark__Connect__FetchErrorDetailsResponse__SparkThrowable);
    spark__connect__fetch_error_details_response__spark_throwable__init(throwable);
    throwable->error_class = weir_arena_strdup(arena, weir_code_condition(weir_error_code(error)));
    throwable->sql_state = (char *)weir_code_sqlstate(weir_error_code(error));
    int count = weir_error_param_count(error);
    throwable->message_parameters = WEIR_NEW_ARRAY(arena, Spark__Connect__StringEntry *, count);
    for (int i = 0; i < count; i++) {
        Spark__Connect__StringEntry *entry = WEIR_NEW(arena, Spark__Connect__StringEntry);
        spark__connect__string_entry__init(entry);
        entry->key = (char *)weir_error_param_name(error, i);
        entry->value = clean_text(arena, weir_error_param_value(error, i), SIZE_MAX);
        throwable->message_parameters[throwable->n_message_parameters++] = entry;
    }
    if (weir_error_get_context(error))
        fill_context(arena, weir_error_get_context(error), throwable);
    return throwable;
}

void weir_connect_error_details(weir_arena *arena, const weir_error *error,
                                Spark__Connect__FetchErrorDetailsResponse *response) {
    Spark__Connect__FetchErrorDetailsResponse__Error *wire =
        WEIR_NEW(arena, Spark__Connect__FetchErrorDetailsResponse__Error);
    spark__connect__fetch_error_details_response__error__init(wire);
    const char *const *chain = weir_connect_error_classes(error);
    while (chain[wire->n_error_type_hierarchy])
        wire->n_error_type_hierarchy++;
    wire->error_type_hierarchy = (char **)chain;
    wire->message = clean_text(arena, weir_error_text(error), SIZE_MAX);
    wire->spark_throwable = make_throwable(arena, error);
    response->has_root_error_idx = 1;
    response->root_error_idx = 0;
    response->n_errors = 1;
    response->errors = WEIR_NEW_ARRAY(arena, Spark__Connect__FetchErrorDetailsResponse__Error *, 1);
    response->errors[0] = wire;
}
