#include "parking.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Bytes that no two threads should write to in turn: CPUs fetch lines of 64 bytes in pairs.
enum { LINE = 128 };

struct rfuse_parking {
    /// What the owner notes; 0 while it is not parked. The owner writes it.
    _Alignas(LINE) _Atomic uint32_t note;
    /// Whether the other side holds. The other side writes it, so that the owner's load finds it in its own cache.
    _Alignas(LINE) _Atomic bool held;
};

struct rfuse_parking *rfuse_parking_create(void)
{
    struct rfuse_parking *parking = aligned_alloc(LINE, sizeof *parking);
    if (parking == NULL)
        return NULL;
    atomic_init(&parking->note, 0);
    atomic_init(&parking->held, false);
    return parking;
}

void rfuse_parking_destroy(struct rfuse_parking *parking)
{
    free(parking);
}

void rfuse_parking_enter(struct rfuse_parking *parking, uint32_t note)
{
    atomic_store_explicit(&parking->note, note, memory_order_release);
}

void rfuse_parking_leave(struct rfuse_parking *parking)
{
    atomic_store_explicit(&parking->note, 0, memory_order_relaxed);
    // The compiler keeps the order; that the CPU does, the other side's membarrier sees to.
    atomic_signal_fence(memory_order_seq_cst);
    if (!atomic_load_explicit(&parking->held, memory_order_acquire))
        return;
    int saved = errno;
    while (atomic_load_explicit(&parking->held, memory_order_acquire))
        usleep(50);
    errno = saved;
}

/// Has every running thread of this process go past a full memory barrier. Registers the process at its first use, which
/// may take milliseconds, and for that reason not when a session starts.
static bool barrier(void)
{
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0)
        return true;
    return errno == EPERM && syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0 &&
           syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

uint32_t rfuse_parking_hold(struct rfuse_parking *parking)
{
    atomic_store_explicit(&parking->held, true, memory_order_seq_cst);
    // An owner that is past its barrier when it leaves sees `held`; one that left before is seen to have left.
    uint32_t note = barrier() ? atomic_load_explicit(&parking->note, memory_order_acquire) : 0;
    if (note == 0)
        rfuse_parking_release(parking);
    return note;
}

void rfuse_parking_release(struct rfuse_parking *parking)
{
    atomic_store_explicit(&parking->held, false, memory_order_release);
}
