/// Everything RingFUSE needs from C: the FUSE ABI, liburing behind an opaque ring, and the system calls that Swift
/// cannot spell.
#ifndef CRINGFUSE_H
#define CRINGFUSE_H

#include "daemon.h"
#include "fuse_abi.h"
#include "files.h"
#include "handles.h"
#include "identity.h"
#include "locks.h"
#include "local_socket.h"
#include "parking.h"
#include "process.h"
#include "ring.h"
#include "room.h"
#include "sockets.h"
#include "system.h"
#include "worker.h"

#endif
