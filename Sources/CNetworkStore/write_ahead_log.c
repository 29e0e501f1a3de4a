#include "write_ahead_log.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

/// What is kept at the most: larger commits are written in pieces of this size. SQLite's default VFS takes the lower 17 bits of a
/// count (seekAndWriteFd in os_unix.c), so that it has to be less than 128 KiB.
#define CAPACITY (64 << 10)
/// Bytes of a page's header in the log. Nothing else there has as many: the log's own header has 32, pages 512 or more.
#define FRAME_HEADER 24

/// A log that is open.
struct log_file {
    sqlite3_file base;
    /// The file, behind this.
    sqlite3_file *file;
    /// What is not written yet, made at the first write.
    unsigned char *kept;
    int count;
    /// Where it belongs.
    sqlite3_int64 offset;
    /// How far the log was written since it started anew. What is before that is changed in place: pages, and headers for their new checksums,
    /// the commit's last one among them, of a transaction that had some in the log before it ended (walRewriteChecksums).
    sqlite3_int64 end;
    /// Whether the last page header was that of a commit's last page.
    bool ends;
};

static sqlite3_vfs *standard;

static struct log_file *log_of(sqlite3_file *file) { return (struct log_file *)file; }

/// Writes what is kept; it stays where that fails.
static int flush(struct log_file *log)
{
    if (log->count == 0)
        return SQLITE_OK;
    int code = log->file->pMethods->xWrite(log->file, log->kept, log->count, log->offset);
    if (code == SQLITE_OK)
        log->count = 0;
    return code;
}

/// Whether a page's header is that of a commit's last page: bytes 4 to 7 are the pages of the database after it then, 0 otherwise.
static bool is_last(const unsigned char *header)
{
    return header[4] || header[5] || header[6] || header[7];
}

/// Writes what is kept, for a transaction that SQLite takes back where that fails (pager_error, or a commit that rolls back): it must not be found
/// in the log later, and nobody reads it any more.
static int flush_or_forget(struct log_file *log)
{
    int code = flush(log);
    log->count = 0;
    return code;
}

/// Writes at once, behind what is kept.
static int write_through(struct log_file *log, const void *bytes, int count, sqlite3_int64 offset)
{
    int code = flush_or_forget(log);
    return code == SQLITE_OK ? log->file->pMethods->xWrite(log->file, bytes, count, offset) : code;
}

static int log_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    struct log_file *log = log_of(file);
    // The log's own header: it starts anew.
    bool is_appended = offset == 0 || offset >= log->end;
    log->end = is_appended ? offset + count : log->end > offset + count ? log->end : offset + count;
    if (count == FRAME_HEADER)
        log->ends = is_last(bytes);
    if (!log->kept)
        log->kept = sqlite3_malloc(CAPACITY);
    if (!is_appended || !log->kept || count > CAPACITY)
        return write_through(log, bytes, count, offset);
    if (log->count > 0 && (offset != log->offset + log->count || count > CAPACITY - log->count)) {
        int code = flush_or_forget(log);
        if (code != SQLITE_OK)
            return code;
    }
    if (log->count == 0)
        log->offset = offset;
    memcpy(log->kept + log->count, bytes, (size_t)count);
    log->count += count;
    return count == FRAME_HEADER || !log->ends ? SQLITE_OK : flush_or_forget(log);
}

static int log_close(sqlite3_file *file)
{
    struct log_file *log = log_of(file);
    // No commit: that of one is written.
    sqlite3_free(log->kept);
    return log->file->pMethods->xClose(log->file);
}

static int log_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
    struct log_file *log = log_of(file);
    sqlite3_int64 skipped = offset - log->offset;
    if (log->count > 0 && skipped >= 0 && skipped + count <= log->count) {
        memcpy(bytes, log->kept + skipped, (size_t)count);
        return SQLITE_OK;
    }
    bool is_elsewhere = log->count == 0 || skipped >= log->count || skipped + count <= 0;
    int code = is_elsewhere ? SQLITE_OK : flush(log);
    return code == SQLITE_OK ? log->file->pMethods->xRead(log->file, bytes, count, offset) : code;
}

// All else finds in the file what was written.

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct log_file *log = log_of(file);
    int code = flush(log);
    return code == SQLITE_OK ? log->file->pMethods->xTruncate(log->file, size) : code;
}

static int log_sync(sqlite3_file *file, int flags)
{
    struct log_file *log = log_of(file);
    int code = flush(log);
    return code == SQLITE_OK ? log->file->pMethods->xSync(log->file, flags) : code;
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size)
{
    struct log_file *log = log_of(file);
    int code = flush(log);
    return code == SQLITE_OK ? log->file->pMethods->xFileSize(log->file, size) : code;
}

// A log is never locked, its database is.

static int log_lock(sqlite3_file *file, int level) { return log_of(file)->file->pMethods->xLock(log_of(file)->file, level); }
static int log_unlock(sqlite3_file *file, int level)
{
    return log_of(file)->file->pMethods->xUnlock(log_of(file)->file, level);
}
static int log_is_reserved(sqlite3_file *file, int *result)
{
    return log_of(file)->file->pMethods->xCheckReservedLock(log_of(file)->file, result);
}
static int log_control(sqlite3_file *file, int operation, void *argument)
{
    return log_of(file)->file->pMethods->xFileControl(log_of(file)->file, operation, argument);
}
static int log_sector_size(sqlite3_file *file) { return log_of(file)->file->pMethods->xSectorSize(log_of(file)->file); }
static int log_characteristics(sqlite3_file *file)
{
    return log_of(file)->file->pMethods->xDeviceCharacteristics(log_of(file)->file);
}

static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_is_reserved,
    .xFileControl = log_control,
    .xSectorSize = log_sector_size,
    .xDeviceCharacteristics = log_characteristics,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *given)
{
    (void)vfs;
    if (!(flags & SQLITE_OPEN_WAL))
        return standard->xOpen(standard, name, file, flags, given);
    struct log_file *log = log_of(file);
    *log = (struct log_file){.file = (sqlite3_file *)(log + 1)};
    int code = standard->xOpen(standard, name, log->file, flags, given);
    // Who finds methods closes the file.
    if (code == SQLITE_OK)
        log->base.pMethods = &log_methods;
    else if (log->file->pMethods)
        log->file->pMethods->xClose(log->file);
    return code;
}

static sqlite3_vfs own;
static const char *own_name;

static void register_once(void)
{
    standard = sqlite3_vfs_find(NULL);
    if (!standard)
        return;
    own = *standard;
    own.zName = "ringfuse";
    own.szOsFile = (int)sizeof(struct log_file) + standard->szOsFile;
    own.xOpen = open_file;
    own.pNext = NULL;
    if (sqlite3_vfs_register(&own, 0) == SQLITE_OK)
        own_name = own.zName;
}

const char *rstore_sqlite_vfs(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_once);
    return own_name;
}
