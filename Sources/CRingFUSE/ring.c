#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/// A message of two pieces.
struct two_pieces {
    struct msghdr message;
    struct iovec vector[2];
};

/// In cache lines of its own: its thread writes to it for each request.
struct rfuse_ring {
    _Alignas(128) struct io_uring uring;
    /// The time of each SQE that is a timeout. The kernel reads it when it takes the SQE, and no sooner is the SQE's
    /// place in the queue used again.
    struct __kernel_timespec *times;
    /// What each SQE that sends two pieces sends; as `times`: the kernel has copied it when the SQE has been submitted
    /// (IORING_FEAT_SUBMIT_STABLE, 5.5).
    struct two_pieces *pieces;
};

_Static_assert(RFUSE_RING_CQSIZE == IORING_SETUP_CQSIZE, "flag as in linux/io_uring.h");
_Static_assert(RFUSE_RING_SUBMIT_ALL == IORING_SETUP_SUBMIT_ALL, "flag as in linux/io_uring.h");
_Static_assert(RFUSE_RING_TASKRUN_FLAG == IORING_SETUP_TASKRUN_FLAG, "flag as in linux/io_uring.h");
_Static_assert(RFUSE_RING_SQE128 == IORING_SETUP_SQE128, "flag as in linux/io_uring.h");
_Static_assert(RFUSE_RING_SINGLE_ISSUER == IORING_SETUP_SINGLE_ISSUER, "flag as in linux/io_uring.h");
_Static_assert(RFUSE_RING_DEFER_TASKRUN == IORING_SETUP_DEFER_TASKRUN, "flag as in linux/io_uring.h");
_Static_assert(offsetof(struct io_uring_sqe, cmd) == 48, "the command area of an SQE starts at byte 48");

/// Bytes of the command area of an SQE128: 128 - 48.
static const size_t command_area_size = 80;

/// IORING_RECVSEND_POLL_FIRST.
static const uint16_t RECVSEND_POLL_FIRST = 1U << 0;

static const int64_t nanoseconds_per_second = 1000000000;

int rfuse_ring_create(struct rfuse_ring **ring, uint32_t entries, uint32_t completions, uint32_t flags)
{
    struct io_uring_params params = {.flags = flags, .cq_entries = completions};
    struct rfuse_ring *made = aligned_alloc(_Alignof(struct rfuse_ring), sizeof *made);
    if (made == NULL)
        return -ENOMEM;
    memset(made, 0, sizeof *made);
    int error = io_uring_queue_init_params(entries, &made->uring, &params);
    if (error < 0) {
        free(made);
        return error;
    }
    made->times = calloc(made->uring.sq.ring_entries, sizeof *made->times);
    // Not touched, and so without pages, while nobody sends.
    made->pieces = calloc(made->uring.sq.ring_entries, sizeof *made->pieces);
    if (made->times == NULL || made->pieces == NULL) {
        io_uring_queue_exit(&made->uring);
        free(made->times);
        free(made->pieces);
        free(made);
        return -ENOMEM;
    }
    *ring = made;
    return 0;
}

void rfuse_ring_destroy(struct rfuse_ring *ring)
{
    io_uring_queue_exit(&ring->uring);
    free(ring->times);
    free(ring->pieces);
    free(ring);
}

/// Bytes from one SQE of a ring to the next.
static size_t sqe_stride(const struct rfuse_ring *ring)
{
    return sizeof(struct io_uring_sqe) << ((ring->uring.flags & IORING_SETUP_SQE128) != 0);
}

/// Puts empty memory in the place of a mapping, so that it no longer refers to its file.
static int cover(void *mapping, size_t size)
{
    void *covered = mmap(mapping, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    return covered == MAP_FAILED ? -errno : 0;
}

int rfuse_ring_sever(struct rfuse_ring *ring, int replacement)
{
    struct io_uring_sq *sq = &ring->uring.sq;
    struct io_uring_cq *cq = &ring->uring.cq;
    // Not closed: the number could be given to another file before the owner has come back.
    if (dup3(replacement, ring->uring.ring_fd, O_CLOEXEC) < 0)
        return -errno;
    int error = cover(sq->sqes, sqe_stride(ring) * sq->ring_entries);
    if (!error && cq->ring_ptr != sq->ring_ptr)
        error = cover(cq->ring_ptr, cq->ring_sz);
    return error ? error : cover(sq->ring_ptr, sq->ring_sz);
}

int rfuse_ring_register_files(struct rfuse_ring *ring, const int *files, uint32_t count)
{
    return io_uring_register_files(&ring->uring, files, count);
}

int rfuse_ring_register_eventfd(struct rfuse_ring *ring, int eventfd)
{
    return io_uring_register_eventfd(&ring->uring, eventfd);
}

int rfuse_ring_submit_and_wait(struct rfuse_ring *ring, uint32_t count)
{
    return io_uring_submit_and_wait(&ring->uring, count);
}

int rfuse_ring_submit_and_get_events(struct rfuse_ring *ring)
{
    // liburing 2.3 has no io_uring_submit_and_get_events: submit, then enter only if the kernel says there is work.
    int submitted = io_uring_sq_ready(&ring->uring) > 0 ? io_uring_submit(&ring->uring) : 0;
    if (submitted < 0)
        return submitted;
    int error = io_uring_get_events(&ring->uring);
    return error < 0 ? error : submitted;
}

bool rfuse_ring_has_events(const struct rfuse_ring *ring)
{
    unsigned flags = IO_URING_READ_ONCE(*ring->uring.sq.kflags);
    return io_uring_cq_ready(&ring->uring) > 0 || (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

uint32_t rfuse_ring_reap(struct rfuse_ring *ring, struct rfuse_completion *completions, uint32_t count)
{
    // io_uring_for_each_cqe walks what is in the queue; an overflown queue is flushed by the next io_uring_enter.
    struct io_uring_cqe *cqe;
    unsigned head;
    uint32_t taken = 0;
    io_uring_for_each_cqe(&ring->uring, head, cqe)
    {
        if (taken == count)
            break;
        completions[taken].user_data = cqe->user_data;
        completions[taken].result = cqe->res;
        completions[taken].flags = cqe->flags;
        taken++;
    }
    io_uring_cq_advance(&ring->uring, taken);
    return taken;
}

uint32_t rfuse_ring_prepared(const struct rfuse_ring *ring)
{
    return io_uring_sq_ready(&ring->uring);
}

/// The place of an SQE in its queue.
static size_t sqe_index(const struct rfuse_ring *ring, const struct io_uring_sqe *sqe)
{
    return (size_t)((const char *)sqe - (const char *)ring->uring.sq.sqes) / sqe_stride(ring);
}

/// The next free SQE; submits what is prepared where the queue is full. NULL with `*error` set where that fails.
static struct io_uring_sqe *next_sqe(struct rfuse_ring *ring, int *error)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);
    if (sqe != NULL)
        return sqe;
    // EINTR, EAGAIN and EBUSY go away by themselves or with a reap; a bounded number of tries keeps this from hanging.
    for (int tries = 0; tries < 64; tries++) {
        *error = io_uring_submit(&ring->uring);
        sqe = io_uring_get_sqe(&ring->uring);
        if (sqe != NULL)
            return sqe;
        if (*error < 0 && *error != -EINTR && *error != -EAGAIN && *error != -EBUSY)
            return NULL;
    }
    if (*error >= 0)
        *error = -EBUSY;
    return NULL;
}

#define NEXT_SQE(sqe)                                                                                                  \
    int error = 0;                                                                                                     \
    struct io_uring_sqe *sqe = next_sqe(ring, &error);                                                                 \
    if (sqe == NULL)                                                                                                   \
    return error

int rfuse_ring_command(struct rfuse_ring *ring, uint32_t file, uint32_t operation, uint64_t address, uint32_t length,
                       const void *command, size_t command_size, uint64_t user_data)
{
    if (command_size > command_area_size)
        return -E2BIG;
    NEXT_SQE(sqe);
    // liburing clears 64 bytes at the most; the second half of an SQE128 keeps what an earlier command left there.
    memset(sqe, 0, 48 + command_area_size);
    sqe->opcode = IORING_OP_URING_CMD;
    sqe->flags = IOSQE_FIXED_FILE;
    sqe->fd = (int)file;
    sqe->cmd_op = operation;
    sqe->addr = address;
    sqe->len = length;
    sqe->user_data = user_data;
    // In whole words, where it is made of those: a call of memcpy would take longer than the copy.
    size_t copied = 0;
    for (; command_size - copied >= sizeof(uint64_t); copied += sizeof(uint64_t))
        memcpy((char *)sqe->cmd + copied, (const char *)command + copied, sizeof(uint64_t));
    if (copied < command_size)
        memcpy((char *)sqe->cmd + copied, (const char *)command + copied, command_size - copied);
    return 0;
}

int rfuse_ring_read(struct rfuse_ring *ring, int file, bool fixed, uint64_t address, uint32_t length, uint64_t offset,
                    uint64_t user_data)
{
    NEXT_SQE(sqe);
    io_uring_prep_read(sqe, file, (void *)(uintptr_t)address, length, offset);
    if (fixed)
        sqe->flags |= IOSQE_FIXED_FILE;
    sqe->user_data = user_data;
    return 0;
}

int rfuse_ring_write(struct rfuse_ring *ring, int file, uint64_t address, uint32_t length, uint64_t offset,
                     uint64_t user_data)
{
    NEXT_SQE(sqe);
    io_uring_prep_write(sqe, file, (const void *)(uintptr_t)address, length, offset);
    sqe->user_data = user_data;
    return 0;
}

int rfuse_ring_fsync(struct rfuse_ring *ring, int file, bool data_only, uint64_t user_data)
{
    NEXT_SQE(sqe);
    io_uring_prep_fsync(sqe, file, data_only ? IORING_FSYNC_DATASYNC : 0);
    sqe->user_data = user_data;
    return 0;
}

int rfuse_ring_fallocate(struct rfuse_ring *ring, int file, int mode, uint64_t offset, uint64_t length,
                         uint64_t user_data)
{
    NEXT_SQE(sqe);
    io_uring_prep_fallocate(sqe, file, mode, (off_t)offset, (off_t)length);
    sqe->user_data = user_data;
    return 0;
}

int rfuse_ring_close(struct rfuse_ring *ring, int file, uint64_t user_data)
{
    NEXT_SQE(sqe);
    io_uring_prep_close(sqe, file);
    sqe->user_data = user_data;
    return 0;
}

int rfuse_ring_openat(struct rfuse_ring *ring, int directory, uint64_t path, int flags, uint32_t mode,
                      uint64_t user_data)
{
    NEXT_SQE(sqe);
    io_uring_prep_openat(sqe, directory, (const char *)(uintptr_t)path, flags | O_CLOEXEC, mode);
    sqe->user_data = user_data;
    return 0;
}

int rfuse_ring_statx(struct rfuse_ring *ring, int directory, uint64_t path, int flags, uint32_t mask, uint64_t result,
                     uint64_t user_data)
{
    NEXT_SQE(sqe);
    io_uring_prep_statx(sqe, directory, (const char *)(uintptr_t)path, flags, mask, (struct statx *)(uintptr_t)result);
    sqe->user_data = user_data;
    return 0;
}

int rfuse_ring_rename(struct rfuse_ring *ring, int from, uint64_t path, int to, uint64_t new_path, uint32_t flags,
                      uint64_t user_data)
{
    NEXT_SQE(sqe);
    io_uring_prep_renameat(sqe, from, (const char *)(uintptr_t)path, to, (const char *)(uintptr_t)new_path, flags);
    sqe->user_data = user_data;
    return 0;
}

int rfuse_ring_unlink(struct rfuse_ring *ring, int directory, uint64_t path, int flags, uint64_t user_data)
{
    NEXT_SQE(sqe);
    io_uring_prep_unlinkat(sqe, directory, (const char *)(uintptr_t)path, flags);
    sqe->user_data = user_data;
    return 0;
}

int rfuse_ring_mkdir(struct rfuse_ring *ring, int directory, uint64_t path, uint32_t mode, uint64_t user_data)
{
    NEXT_SQE(sqe);
    io_uring_prep_mkdirat(sqe, directory, (const char *)(uintptr_t)path, mode);
    sqe->user_data = user_data;
    return 0;
}

int rfuse_ring_connect(struct rfuse_ring *ring, int socket, uint64_t address, uint32_t length, uint64_t user_data)
{
    NEXT_SQE(sqe);
    io_uring_prep_connect(sqe, socket, (const struct sockaddr *)(uintptr_t)address, length);
    sqe->user_data = user_data;
    return 0;
}

int rfuse_ring_send(struct rfuse_ring *ring, int socket, uint64_t address, uint32_t length, int flags,
                    uint64_t user_data)
{
    NEXT_SQE(sqe);
    io_uring_prep_send(sqe, socket, (const void *)(uintptr_t)address, length, flags | MSG_NOSIGNAL);
    sqe->user_data = user_data;
    return 0;
}

int rfuse_ring_send_two(struct rfuse_ring *ring, int socket, uint64_t address, uint32_t length, uint64_t second,
                        uint32_t second_length, int flags, uint64_t user_data)
{
    NEXT_SQE(sqe);
    struct two_pieces *pieces = &ring->pieces[sqe_index(ring, sqe)];
    pieces->vector[0] = (struct iovec){.iov_base = (void *)(uintptr_t)address, .iov_len = length};
    pieces->vector[1] = (struct iovec){.iov_base = (void *)(uintptr_t)second, .iov_len = second_length};
    pieces->message = (struct msghdr){.msg_iov = pieces->vector, .msg_iovlen = 2};
    io_uring_prep_sendmsg(sqe, socket, &pieces->message, (unsigned)(flags | MSG_NOSIGNAL));
    sqe->user_data = user_data;
    return 0;
}

int rfuse_ring_receive(struct rfuse_ring *ring, int socket, uint64_t address, uint32_t length, int flags,
                       uint64_t user_data)
{
    NEXT_SQE(sqe);
    io_uring_prep_recv(sqe, socket, (void *)(uintptr_t)address, length, flags);
    sqe->user_data = user_data;
    return 0;
}

int rfuse_ring_exchange(struct rfuse_ring *ring, int socket, uint64_t address, uint32_t length, uint64_t buffer,
                        uint32_t buffer_length, uint64_t ignored, uint64_t user_data)
{
    // A link does not go beyond a submission: both have to be in the same.
    if (io_uring_sq_space_left(&ring->uring) < 2) {
        int error = io_uring_submit(&ring->uring);
        if (error < 0)
            return error;
        if (io_uring_sq_space_left(&ring->uring) < 2)
            return -EBUSY;
    }
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);
    io_uring_prep_send(sqe, socket, (const void *)(uintptr_t)address, length, MSG_NOSIGNAL | MSG_WAITALL);
    sqe->flags |= IOSQE_IO_LINK;
    sqe->user_data = ignored;
    sqe = io_uring_get_sqe(&ring->uring);
    io_uring_prep_recv(sqe, socket, (void *)(uintptr_t)buffer, buffer_length, 0);
    // Single-issuer rings came after it (6.0); older kernels refuse what they do not know.
    if (ring->uring.flags & IORING_SETUP_SINGLE_ISSUER)
        sqe->ioprio = RECVSEND_POLL_FIRST;
    sqe->user_data = user_data;
    return 0;
}

int rfuse_ring_timeout(struct rfuse_ring *ring, int64_t seconds, int64_t nanoseconds, uint64_t user_data)
{
    NEXT_SQE(sqe);
    struct __kernel_timespec *time = &ring->times[sqe_index(ring, sqe)];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    nanoseconds += now.tv_nsec;
    // Saturated: the kernel takes what is beyond its clock for the end of it.
    if (__builtin_add_overflow(seconds, now.tv_sec + nanoseconds / nanoseconds_per_second, &time->tv_sec))
        time->tv_sec = INT64_MAX;
    time->tv_nsec = nanoseconds % nanoseconds_per_second;
    // Absolute: the SQE may be submitted only when many other requests have been looked at.
    io_uring_prep_timeout(sqe, time, 0, IORING_TIMEOUT_ABS);
    sqe->user_data = user_data;
    return 0;
}

int rfuse_ring_cancel(struct rfuse_ring *ring, uint64_t target, uint64_t user_data)
{
    NEXT_SQE(sqe);
    io_uring_prep_cancel64(sqe, target, 0);
    sqe->user_data = user_data;
    return 0;
}
