#ifndef RSTORE_WRITE_AHEAD_LOG_H
#define RSTORE_WRITE_AHEAD_LOG_H

/// A way to files for SQLite (a VFS) that writes to its log once for each commit.
///
/// SQLite (3.40, wal.c) writes each page of a commit to the log with two calls, its header and itself, at the end of what it wrote before. Here
/// they are kept until the last one of the commit, and written as one: by the call that would have written that, so that whoever commits is
/// told if it fails, and before SQLite tells anybody that they are there. All else goes to SQLite's default VFS.
///
/// Returns the VFS's name, or NULL where there is none (then SQLite's own is used).
const char *rstore_sqlite_vfs(void);

#endif
