/// Lets one thread touch what belongs to another while that sleeps in a system call, at no cost to the other: its half is
/// two plain stores and a load, and who wants to touch pays for the order between them with membarrier(2).
#ifndef CRINGFUSE_PARKING_H
#define CRINGFUSE_PARKING_H

#include <stdint.h>

struct rfuse_parking;

/// One that nobody is in; NULL where there is no memory.
struct rfuse_parking *rfuse_parking_create(void);

void rfuse_parking_destroy(struct rfuse_parking *parking);

/// The owner goes to sleep. Until it leaves it touches nothing but what `note`, which is not 0, tells the other side.
void rfuse_parking_enter(struct rfuse_parking *parking, uint32_t note);

/// The owner is back. Waits while the other side holds. Leaves errno as it is.
void rfuse_parking_leave(struct rfuse_parking *parking);

/// Keeps the owner from leaving. Returns its note, and then `rfuse_parking_release` is to be called; or 0 where it is not
/// parked, or the kernel has no membarrier.
uint32_t rfuse_parking_hold(struct rfuse_parking *parking);

/// Lets the owner go.
void rfuse_parking_release(struct rfuse_parking *parking);

#endif
