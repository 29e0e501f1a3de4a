/// liburing behind an opaque ring.
///
/// liburing.h is not part of this header: it needs _GNU_SOURCE in every module that sees it, macros and bit fields of
/// it do not import into Swift, and its inline functions would bind users of the library to our liburing.
/// One call per SQE and one per batch of CQEs cost a nanosecond or two each.
///
/// Errors are returned as negative errno values.
#ifndef CRINGFUSE_RING_H
#define CRINGFUSE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A ring: one io_uring instance with its mappings.
struct rfuse_ring;

/// Set-up flags that the project uses, by their kernel values (linux/io_uring.h; the version is that of the kernel).
#define RFUSE_RING_CQSIZE (1U << 3)         // 5.5
#define RFUSE_RING_SUBMIT_ALL (1U << 7)     // 5.18
#define RFUSE_RING_TASKRUN_FLAG (1U << 9)   // 5.19
#define RFUSE_RING_SQE128 (1U << 10)        // 5.19
#define RFUSE_RING_SINGLE_ISSUER (1U << 12) // 6.0
#define RFUSE_RING_DEFER_TASKRUN (1U << 13) // 6.1

/// One completion, copied out of the completion queue.
struct rfuse_completion {
    uint64_t user_data;
    int32_t result;
    uint32_t flags;
};

/// Sets a ring up. `flags` must be flags above; the kernel answers -EINVAL to those it does not know.
int rfuse_ring_create(struct rfuse_ring **ring, uint32_t entries, uint32_t completions, uint32_t flags);

/// Tears a ring down: unmaps it and closes its descriptor. What is in flight is cancelled by the kernel.
void rfuse_ring_destroy(struct rfuse_ring *ring);

/// Takes a ring away from the thread it belongs to, which is stuck elsewhere: puts `replacement` in the place of its
/// descriptor and empty memory in the place of its mappings. With that the kernel's last reference to the ring is gone,
/// and it cancels all that is in flight, also what only that thread could have taken up. The thread finds, when it
/// comes back, empty queues and system calls that fail; the ring is destroyed as always. Returns 0 or -errno.
int rfuse_ring_sever(struct rfuse_ring *ring, int replacement);

/// Registers descriptors as the ring's fixed files 0 to count - 1.
int rfuse_ring_register_files(struct rfuse_ring *ring, const int *files, uint32_t count);

/// Has an eventfd signalled with each completion.
int rfuse_ring_register_eventfd(struct rfuse_ring *ring, int eventfd);

/// Submits all prepared SQEs and waits for `count` completions, in one io_uring_enter.
int rfuse_ring_submit_and_wait(struct rfuse_ring *ring, uint32_t count);

/// Submits all prepared SQEs and runs deferred task work, without waiting.
int rfuse_ring_submit_and_get_events(struct rfuse_ring *ring);

/// Whether completions are there, or would be after task work; reads shared memory only.
bool rfuse_ring_has_events(const struct rfuse_ring *ring);

/// Moves up to `count` completions out of the completion queue.
uint32_t rfuse_ring_reap(struct rfuse_ring *ring, struct rfuse_completion *completions, uint32_t count);

/// Prepared SQEs that have not been submitted.
uint32_t rfuse_ring_prepared(const struct rfuse_ring *ring);

// Each of the following prepares one SQE. Where the submission queue is full it is submitted first; only where that
// fails too is the result not 0.

/// IORING_OP_URING_CMD on fixed file `file`; `command` (at most 80 bytes) goes to the command area at byte 48.
int rfuse_ring_command(struct rfuse_ring *ring, uint32_t file, uint32_t operation, uint64_t address, uint32_t length,
                       const void *command, size_t command_size, uint64_t user_data);

/// IORING_OP_READ; `fixed` says that `file` is a fixed file. An offset of UINT64_MAX reads at the file's position.
int rfuse_ring_read(struct rfuse_ring *ring, int file, bool fixed, uint64_t address, uint32_t length, uint64_t offset,
                    uint64_t user_data);

/// IORING_OP_WRITE.
int rfuse_ring_write(struct rfuse_ring *ring, int file, uint64_t address, uint32_t length, uint64_t offset,
                     uint64_t user_data);

/// IORING_OP_FSYNC; `data_only` as fdatasync.
int rfuse_ring_fsync(struct rfuse_ring *ring, int file, bool data_only, uint64_t user_data);

/// IORING_OP_FALLOCATE.
int rfuse_ring_fallocate(struct rfuse_ring *ring, int file, int mode, uint64_t offset, uint64_t length,
                         uint64_t user_data);

/// IORING_OP_CLOSE.
int rfuse_ring_close(struct rfuse_ring *ring, int file, uint64_t user_data);

/// IORING_OP_OPENAT; O_CLOEXEC is added.
int rfuse_ring_openat(struct rfuse_ring *ring, int directory, uint64_t path, int flags, uint32_t mode,
                      uint64_t user_data);

/// IORING_OP_STATX.
int rfuse_ring_statx(struct rfuse_ring *ring, int directory, uint64_t path, int flags, uint32_t mask, uint64_t result,
                     uint64_t user_data);

/// IORING_OP_RENAMEAT (5.11); flags as renameat2.
int rfuse_ring_rename(struct rfuse_ring *ring, int from, uint64_t path, int to, uint64_t new_path, uint32_t flags,
                      uint64_t user_data);

/// IORING_OP_UNLINKAT (5.11).
int rfuse_ring_unlink(struct rfuse_ring *ring, int directory, uint64_t path, int flags, uint64_t user_data);

/// IORING_OP_MKDIRAT (5.15).
int rfuse_ring_mkdir(struct rfuse_ring *ring, int directory, uint64_t path, uint32_t mode, uint64_t user_data);

/// IORING_OP_CONNECT.
int rfuse_ring_connect(struct rfuse_ring *ring, int socket, uint64_t address, uint32_t length, uint64_t user_data);

/// IORING_OP_SEND, with MSG_NOSIGNAL and `flags`.
int rfuse_ring_send(struct rfuse_ring *ring, int socket, uint64_t address, uint32_t length, int flags,
                    uint64_t user_data);

/// IORING_OP_SENDMSG of two pieces, with MSG_NOSIGNAL and `flags`.
int rfuse_ring_send_two(struct rfuse_ring *ring, int socket, uint64_t address, uint32_t length, uint64_t second,
                        uint32_t second_length, int flags, uint64_t user_data);

/// IORING_OP_RECV.
int rfuse_ring_receive(struct rfuse_ring *ring, int socket, uint64_t address, uint32_t length, int flags,
                       uint64_t user_data);

/// IORING_OP_SEND, with MSG_NOSIGNAL and MSG_WAITALL, and IORING_OP_RECV linked to it, in one submission. The receive
/// waits for the socket first where the kernel can (5.19): the answer is not there yet. Only the receive is told of with
/// `user_data`; it ends with -ECANCELED where not all was sent. The send completes with `ignored`.
int rfuse_ring_exchange(struct rfuse_ring *ring, int socket, uint64_t address, uint32_t length, uint64_t buffer,
                        uint32_t buffer_length, uint64_t ignored, uint64_t user_data);

/// IORING_OP_TIMEOUT: completes with -ETIME when so much time has passed from now on (CLOCK_MONOTONIC), whenever it is
/// submitted. `nanoseconds` is less than a second.
int rfuse_ring_timeout(struct rfuse_ring *ring, int64_t seconds, int64_t nanoseconds, uint64_t user_data);

/// IORING_OP_ASYNC_CANCEL of the operation with `target` as its user data.
int rfuse_ring_cancel(struct rfuse_ring *ring, uint64_t target, uint64_t user_data);

#endif
