#include "CPostgreSQL.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#else
#include <postgresql/libpq-fe.h>
#endif

/* Each function of the library that is used here. */
#define FUNCTIONS(F)                                                                                                         \
    F(PQconnectdbParams)                                                                                                     \
    F(PQfinish)                                                                                                              \
    F(PQstatus)                                                                                                              \
    F(PQerrorMessage)                                                                                                        \
    F(PQserverVersion)                                                                                                       \
    F(PQsocket)                                                                                                              \
    F(PQsetnonblocking)                                                                                                      \
    F(PQsetNoticeReceiver)                                                                                                   \
    F(PQenterPipelineMode)                                                                                                   \
    F(PQpipelineSync)                                                                                                        \
    F(PQsendPrepare)                                                                                                         \
    F(PQsendQueryPrepared)                                                                                                   \
    F(PQsendQueryParams)                                                                                                     \
    F(PQflush)                                                                                                               \
    F(PQisBusy)                                                                                                              \
    F(PQconsumeInput)                                                                                                        \
    F(PQgetResult)                                                                                                           \
    F(PQnotifies)                                                                                                            \
    F(PQfreemem)                                                                                                             \
    F(PQresultStatus)                                                                                                        \
    F(PQresultErrorField)                                                                                                    \
    F(PQclear)                                                                                                               \
    F(PQntuples)                                                                                                             \
    F(PQcmdTuples)                                                                                                           \
    F(PQgetvalue)                                                                                                            \
    F(PQgetlength)                                                                                                           \
    F(PQgetisnull)

/* Written once, under `once`; read by everybody after that. */
#define POINTER(name) __typeof__(&name) name;
static struct {
    FUNCTIONS(POINTER)
} library;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char load_error[256];

static void load(void) {
    void *handle = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        strncpy(load_error, "libpq.so.5 cannot be loaded (Debian: apt install libpq5)", sizeof load_error - 1);
        return;
    }
#define LOOK_UP(name)                                                                                                        \
    library.name = (__typeof__(&name))dlsym(handle, #name);                                                                  \
    if (library.name == NULL) strncpy(load_error, "libpq.so.5 is too old: PostgreSQL 14 or later is needed", sizeof load_error - 1);
    FUNCTIONS(LOOK_UP)
}

const char *rpq_load(void) {
    pthread_once(&once, load);
    return load_error[0] == 0 ? NULL : load_error;
}

/* Connections */

/* Notices are for people at a terminal. */
static void drop_notice(void *argument, const PGresult *result) {
    (void)argument;
    (void)result;
}

rpq_connection *rpq_connect(const char *const *keywords, const char *const *values) {
    PGconn *connection = library.PQconnectdbParams(keywords, values, 1);
    if (connection == NULL) return NULL;
    library.PQsetNoticeReceiver(connection, drop_notice, NULL);
    // What is sent must not wait while the server waits for its results to be taken.
    if (library.PQstatus(connection) == CONNECTION_OK) library.PQsetnonblocking(connection, 1);
    return connection;
}

void rpq_close(rpq_connection *connection) { library.PQfinish(connection); }

int rpq_is_good(const rpq_connection *connection) { return library.PQstatus(connection) == CONNECTION_OK; }

const char *rpq_error(const rpq_connection *connection) { return library.PQerrorMessage(connection); }

int rpq_server_version(const rpq_connection *connection) { return library.PQserverVersion(connection); }

/* Statements */

int rpq_enter_pipeline(rpq_connection *connection) { return library.PQenterPipelineMode(connection) ? 0 : -1; }

int rpq_send_prepare(rpq_connection *connection, const char *name, const char *text) {
    return library.PQsendPrepare(connection, name, text, 0, NULL) ? 0 : -1;
}

int rpq_send_prepared(
    rpq_connection *connection, const char *name, int count, const uint8_t *bytes, const int32_t *lengths) {
    const char *values[RPQ_PARAMETER_LIMIT];
    int sizes[RPQ_PARAMETER_LIMIT];
    int formats[RPQ_PARAMETER_LIMIT];
    if (count > RPQ_PARAMETER_LIMIT) return -1;
    // Of no bytes at all there may be no address, which would stand for NULL.
    const char *next = bytes == NULL ? "" : (const char *)bytes;
    for (int index = 0; index < count; index++) {
        values[index] = lengths[index] < 0 ? NULL : next;
        sizes[index] = lengths[index] < 0 ? 0 : lengths[index];
        formats[index] = 1;
        next += sizes[index];
    }
    return library.PQsendQueryPrepared(connection, name, count, values, sizes, formats, 1) ? 0 : -1;
}

int rpq_send_text(rpq_connection *connection, const char *text) {
    return library.PQsendQueryParams(connection, text, 0, NULL, NULL, NULL, NULL, 1) ? 0 : -1;
}

int rpq_send_sync(rpq_connection *connection) { return library.PQpipelineSync(connection) ? 0 : -1; }

/* Waiting */

static int64_t now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Waits for the socket, and takes what has come. */
static int wait_once(rpq_connection *connection, int wake, int64_t end) {
    int left = library.PQflush(connection);
    if (left < 0) return RPQ_BROKEN;
    struct pollfd files[2] = {
        {.fd = library.PQsocket(connection), .events = (short)(POLLIN | (left > 0 ? POLLOUT : 0))},
        {.fd = wake, .events = POLLIN},
    };
    if (files[0].fd < 0) return RPQ_BROKEN;
    int64_t rest = end - now_ms();
    int count = poll(files, wake < 0 ? 1 : 2, rest < 0 ? 0 : (int)rest);
    if (count < 0) return errno == EINTR ? RPQ_READY : RPQ_BROKEN;
    if (count == 0) return RPQ_TIMEOUT;
    if (files[0].revents != 0 && !library.PQconsumeInput(connection)) return RPQ_BROKEN;
    return wake >= 0 && files[1].revents != 0 ? RPQ_WOKEN : RPQ_READY;
}

int rpq_wait(rpq_connection *connection, int timeout_ms) {
    int64_t end = now_ms() + timeout_ms;
    if (library.PQflush(connection) < 0) return RPQ_BROKEN;
    while (library.PQisBusy(connection)) {
        int result = wait_once(connection, -1, end);
        if (result != RPQ_READY) return result;
    }
    return RPQ_READY;
}

int rpq_wait_for_notice(rpq_connection *connection, int wake, int timeout_ms) {
    return wait_once(connection, wake, now_ms() + timeout_ms);
}

rpq_result *rpq_next_result(rpq_connection *connection) { return library.PQgetResult(connection); }

char *rpq_next_notification(rpq_connection *connection) {
    PGnotify *notification = library.PQnotifies(connection);
    if (notification == NULL) return NULL;
    char *text = strdup(notification->extra);
    library.PQfreemem(notification);
    return text;
}

void rpq_free(char *text) { free(text); }

/* Results */

int rpq_result_kind(const rpq_result *result) {
    switch (library.PQresultStatus(result)) {
    case PGRES_TUPLES_OK: return RPQ_ROWS;
    case PGRES_EMPTY_QUERY:
    case PGRES_COMMAND_OK: return RPQ_DONE;
    case PGRES_PIPELINE_SYNC: return RPQ_SYNC;
    case PGRES_PIPELINE_ABORTED: return RPQ_SKIPPED;
    default: return RPQ_FAILED;
    }
}

void rpq_clear(rpq_result *result) { library.PQclear(result); }

const char *rpq_result_state(const rpq_result *result) {
    const char *state = library.PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state == NULL ? "" : state;
}

const char *rpq_result_message(const rpq_result *result) {
    const char *message = library.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return message == NULL ? "" : message;
}

int rpq_row_count(const rpq_result *result) { return library.PQntuples(result); }

int64_t rpq_changed_count(rpq_result *result) { return strtoll(library.PQcmdTuples(result), NULL, 10); }

int rpq_is_null(const rpq_result *result, int row, int column) { return library.PQgetisnull(result, row, column); }

const uint8_t *rpq_bytes(const rpq_result *result, int row, int column) {
    return (const uint8_t *)library.PQgetvalue(result, row, column);
}

int rpq_length(const rpq_result *result, int row, int column) { return library.PQgetlength(result, row, column); }

int64_t rpq_int64(const rpq_result *result, int row, int column) {
    if (library.PQgetisnull(result, row, column)) return 0;
    int length = library.PQgetlength(result, row, column);
    const uint8_t *bytes = rpq_bytes(result, row, column);
    if (length < 1 || length > 8) return 0;
    // The sign of a shorter number goes on to the left.
    int64_t value = length > 1 && (bytes[0] & 0x80) != 0 ? -1 : 0;
    for (int index = 0; index < length; index++) value = (int64_t)((uint64_t)value << 8 | bytes[index]);
    return value;
}
