/// What a file system has left for ordinary users.
#ifndef CRINGFUSE_ROOM_H
#define CRINGFUSE_ROOM_H

#include <stdint.h>

/// Bytes of a file system that ordinary users may fill before they meet what is reserved for others; UINT64_MAX where
/// nothing is reserved. -errno where it does not tell.
long rfuse_room(int fd, uint64_t *bytes);
/// Whether users may have quotas on the file system of an open file, 0 or 1: 1 also where that is not to be found out.
int rfuse_has_quotas(int fd);
/// Milliseconds of a clock that is coarse and costs next to nothing.
uint64_t rfuse_coarse_milliseconds(void);

#endif
