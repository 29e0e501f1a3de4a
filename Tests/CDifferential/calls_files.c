/// Calls on what files hold.
#include "differential.h"

#include <poll.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define CALL(name) static long call_##name(struct side *side, struct arguments *a, struct text *text)
#define UNUSED ((void)side, (void)a, (void)text)
#define FD(i) ((int)a->n[i])
#define SIZE(i) ((size_t)(a->n[i] > DATA_SIZE ? DATA_SIZE : a->n[i]))

static long told_of(struct text *text, const unsigned char *bytes, long length)
{
    if (length >= 0)
        emit_data(text, bytes, (size_t)length);
    return done(length);
}

static long told(struct text *text, long length)
{
    return told_of(text, scratch, length);
}

CALL(read) { UNUSED; return told(text, read(FD(0), scratch, SIZE(1))); }
CALL(pread) { UNUSED; return told(text, pread(FD(0), scratch, SIZE(1), a->n[2])); }
CALL(write) { UNUSED; return done(write(FD(0), a->data, a->length)); }
CALL(pwrite) { UNUSED; return done(pwrite(FD(0), a->data, a->length, a->n[1])); }

/// Two vectors: a few bytes, and the rest.
static void split(struct iovec *vectors, unsigned char *bytes, size_t length)
{
    size_t first = length / 3;
    vectors[0] = (struct iovec){bytes, first};
    vectors[1] = (struct iovec){bytes + first, length - first};
}

CALL(readv)
{
    UNUSED;
    struct iovec vectors[2];
    split(vectors, scratch, SIZE(1));
    return told(text, readv(FD(0), vectors, 2));
}
CALL(writev)
{
    UNUSED;
    struct iovec vectors[2];
    split(vectors, a->data, a->length);
    return done(writev(FD(0), vectors, 2));
}
CALL(preadv2)
{
    UNUSED;
    struct iovec vectors[2];
    split(vectors, scratch, SIZE(1));
    return told(text, preadv2(FD(0), vectors, 2, a->n[2], (int)a->n[3]));
}
CALL(pwritev2)
{
    UNUSED;
    struct iovec vectors[2];
    split(vectors, a->data, a->length);
    return done(pwritev2(FD(0), vectors, 2, a->n[1], (int)a->n[2]));
}
/// To and from memory at an odd address, which direct access may refuse.
CALL(preadodd)
{
    UNUSED;
    size_t length = SIZE(1) < DATA_SIZE ? SIZE(1) : DATA_SIZE - 1;
    return told_of(text, scratch + 1, pread(FD(0), scratch + 1, length, a->n[2]));
}
CALL(pwriteodd)
{
    UNUSED;
    size_t length = a->length < DATA_SIZE ? a->length : DATA_SIZE - 1;
    memmove(scratch + 1, a->data, length);
    return done(pwrite(FD(0), scratch + 1, length, a->n[1]));
}
/// A read to memory that is not there.
CALL(readbad) { UNUSED; return done(read(FD(0), (void *)16, SIZE(1))); }
CALL(writebad) { UNUSED; return done(write(FD(0), (void *)16, SIZE(1))); }

CALL(lseek) { UNUSED; return done(lseek(FD(0), a->n[1], (int)a->n[2])); }
CALL(fallocate) { UNUSED; return done(fallocate(FD(0), (int)a->n[1], a->n[2], a->n[3])); }
CALL(truncate) { UNUSED; return done(truncate(a->s[0], a->n[0])); }
CALL(ftruncate) { UNUSED; return done(ftruncate(FD(0), a->n[1])); }

/// An offset that a call moves; a negative one stands for the file's own.
static long copied(struct text *text, long result, off_t in, off_t out)
{
    if (result >= 0)
        emit(text, "in %lld out %lld", (long long)in, (long long)out);
    return result;
}

CALL(copy_file_range)
{
    UNUSED;
    off_t in = a->n[2], out = a->n[3];
    long result = done(copy_file_range(
        FD(0), in < 0 ? NULL : &in, FD(1), out < 0 ? NULL : &out, (size_t)a->n[4], (unsigned)a->n[5]));
    return copied(text, result, in, out);
}
CALL(sendfile)
{
    UNUSED;
    off_t in = a->n[2];
    long result = done(sendfile(FD(0), FD(1), in < 0 ? NULL : &in, SIZE(3)));
    return copied(text, result, in, -1);
}

/// Data of a file through a pipe.
CALL(spliceout)
{
    UNUSED;
    int ends[2];
    off_t at = a->n[1];
    if (pipe(ends) < 0)
        return -errno;
    size_t length = SIZE(2) > 65536 ? 65536 : SIZE(2);
    long result = done(splice(FD(0), at < 0 ? NULL : &at, ends[1], NULL, length, 0));
    if (result > 0)
        told(text, read(ends[0], scratch, (size_t)result));
    close(ends[0]);
    close(ends[1]);
    return result;
}
/// Data into a file through a pipe.
CALL(splicein)
{
    UNUSED;
    int ends[2];
    off_t at = a->n[1];
    if (pipe(ends) < 0)
        return -errno;
    ssize_t length = write(ends[1], a->data, a->length > 65536 ? 65536 : a->length);
    long result = done(splice(ends[0], NULL, FD(0), at < 0 ? NULL : &at, (size_t)length, 0));
    close(ends[0]);
    close(ends[1]);
    return copied(text, result, at, -1);
}

CALL(fsync) { UNUSED; return done(fsync(FD(0))); }
CALL(fdatasync) { UNUSED; return done(fdatasync(FD(0))); }
CALL(syncfs) { UNUSED; return done(syncfs(FD(0))); }
CALL(sync_file_range) { UNUSED; return done(sync_file_range(FD(0), a->n[1], a->n[2], (unsigned)a->n[3])); }
CALL(fadvise) { UNUSED; return -posix_fadvise(FD(0), a->n[1], a->n[2], (int)a->n[3]); }
CALL(readahead) { UNUSED; return done(readahead(FD(0), a->n[1], (size_t)a->n[2])); }
CALL(poll)
{
    UNUSED;
    struct pollfd polled = {.fd = FD(0), .events = POLLIN | POLLOUT | POLLPRI};
    long result = done(poll(&polled, 1, 0));
    emit(text, "%#x", (unsigned)polled.revents);
    return result;
}

const struct call file_calls[] = {
    {"read", "Fn", call_read}, {"pread", "Fnn", call_pread}, {"write", "Fb", call_write},
    {"pwrite", "Fbn", call_pwrite},
    {"readv", "Fn", call_readv}, {"writev", "Fb", call_writev}, {"preadv2", "Fnnn", call_preadv2},
    {"pwritev2", "Fbnn", call_pwritev2}, {"preadodd", "Fnn", call_preadodd},
    {"pwriteodd", "Fbn", call_pwriteodd}, {"readbad", "Fn", call_readbad}, {"writebad", "Fn", call_writebad},
    {"lseek", "Fnn", call_lseek}, {"fallocate", "Fnnn", call_fallocate}, {"truncate", "pn", call_truncate},
    {"ftruncate", "Fn", call_ftruncate}, {"copy_file_range", "FFnnnn", call_copy_file_range},
    {"sendfile", "FFnn", call_sendfile}, {"spliceout", "Fnn", call_spliceout}, {"splicein", "Fbn", call_splicein},
    {"fsync", "F", call_fsync}, {"fdatasync", "F", call_fdatasync}, {"syncfs", "F", call_syncfs},
    {"sync_file_range", "Fnnn", call_sync_file_range}, {"fadvise", "Fnnn", call_fadvise},
    {"readahead", "Fnn", call_readahead}, {"poll", "F", call_poll}, {NULL, NULL, NULL},
};
