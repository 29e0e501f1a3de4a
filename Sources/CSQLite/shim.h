// SQLite, and what of it Swift cannot spell: macros with casts, and functions with variable arguments.
#ifndef RINGFUSE_CSQLITE_SHIM_H
#define RINGFUSE_CSQLITE_SHIM_H

#include <sqlite3.h>

/// Binds bytes that SQLite copies.
static inline int rfuse_sqlite_bind_copy(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    return sqlite3_bind_blob(statement, index, bytes, count, SQLITE_TRANSIENT);
}

/// Binds bytes that stay where they are until something else is bound in their place.
static inline int rfuse_sqlite_bind_borrowed(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    return sqlite3_bind_blob(statement, index, bytes, count, SQLITE_STATIC);
}

/// Binds text that SQLite copies.
static inline int rfuse_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *text, int count) {
    return sqlite3_bind_text(statement, index, text, count, SQLITE_TRANSIENT);
}

#endif
