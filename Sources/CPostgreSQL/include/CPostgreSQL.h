/// What of PostgreSQL's client library a volume needs. The library is loaded when a volume of PostgreSQL's is opened, and not
/// before: it brings twenty others with it, which a mount that has no such volume should neither need nor pay for.
///
/// libpq-fe.h is not part of this header, so that only this target needs to know where it is.
#ifndef CPOSTGRESQL_H
#define CPOSTGRESQL_H

#include <stdint.h>

/// A connection (`PGconn`). One thread at a time may use it.
typedef struct pg_conn rpq_connection;
/// What came back for one statement (`PGresult`).
typedef struct pg_result rpq_result;

/// Loads the library, once. NULL, or why it cannot be loaded, in one line.
const char *rpq_load(void);

/// Connects; waits for that, up to `connect_timeout`. `keywords` and `values` end with NULL; the value of `dbname` may be a URI.
/// NULL without memory; else the connection, which is good or not.
rpq_connection *rpq_connect(const char *const *keywords, const char *const *values);
/// Ends a connection.
void rpq_close(rpq_connection *connection);
/// Whether it is usable, as far as is known.
int rpq_is_good(const rpq_connection *connection);
/// What was wrong last, in lines of the server's language.
const char *rpq_error(const rpq_connection *connection);
/// The version of the server, as 150012 for 15.12.
int rpq_server_version(const rpq_connection *connection);

/// From now on many statements may be sent before the first result is taken. 0, or -1.
int rpq_enter_pipeline(rpq_connection *connection);
/// Prepares a statement. 0, or -1.
int rpq_send_prepare(rpq_connection *connection, const char *name, const char *text);
/// The most parameters of a statement.
enum { RPQ_PARAMETER_LIMIT = 32 };
/// Runs a prepared statement; parameters and results are binary. `bytes` are those of all parameters in a row, `lengths` how
/// many of each, -1 for NULL. 0, or -1.
int rpq_send_prepared(rpq_connection *connection, const char *name, int count, const uint8_t *bytes, const int32_t *lengths);
/// Runs statements without parameters, whose results are binary. 0, or -1.
int rpq_send_text(rpq_connection *connection, const char *text);
/// Ends what was sent: where a statement fails, all up to here are skipped. 0, or -1.
int rpq_send_sync(rpq_connection *connection);

/// What waiting for a result has come to.
enum {
    RPQ_READY = 1,
    RPQ_TIMEOUT = 0,
    RPQ_BROKEN = -1,
    RPQ_WOKEN = 2,
};
/// Sends what is left to be sent, and waits until a result can be taken.
int rpq_wait(rpq_connection *connection, int timeout_ms);
/// Waits until something comes from the server by itself, or `wake` can be read.
int rpq_wait_for_notice(rpq_connection *connection, int wake, int timeout_ms);
/// Takes the next result; NULL at the end of those of one statement.
rpq_result *rpq_next_result(rpq_connection *connection);
/// Takes the text of a notification, to be freed with `rpq_free`; NULL for none.
char *rpq_next_notification(rpq_connection *connection);
void rpq_free(char *text);

/// What a result is.
enum {
    RPQ_ROWS = 1,
    RPQ_DONE = 2,
    RPQ_SYNC = 3,
    RPQ_SKIPPED = 4,
    RPQ_FAILED = 5,
};
int rpq_result_kind(const rpq_result *result);
void rpq_clear(rpq_result *result);
/// The five characters of the error's kind (`SQLSTATE`), or an empty string.
const char *rpq_result_state(const rpq_result *result);
/// The error's text, in one line and without its severity.
const char *rpq_result_message(const rpq_result *result);
int rpq_row_count(const rpq_result *result);
/// Rows that a statement without results has changed.
int64_t rpq_changed_count(rpq_result *result);
int rpq_is_null(const rpq_result *result, int row, int column);
/// The bytes of a value, and how many there are.
const uint8_t *rpq_bytes(const rpq_result *result, int row, int column);
int rpq_length(const rpq_result *result, int row, int column);
/// A number of 8, 4, 2 bytes, or a truth value of 1; 0 for NULL.
int64_t rpq_int64(const rpq_result *result, int row, int column);

#endif
