/// The kernel's FUSE ABI through 7.46, declared by this project itself.
///
/// The names are the kernel's, so that whoever knows <linux/fuse.h> finds everything. That header is not included:
/// the one a distribution installs is often years older than the kernel that runs, and lacks the ring.
/// All sizes and offsets are asserted in fuse_abi.c. All integers are in the byte order of the machine.
#ifndef CRINGFUSE_FUSE_ABI_H
#define CRINGFUSE_FUSE_ABI_H

#ifdef _LINUX_FUSE_H
#error "Include either fuse_abi.h or <linux/fuse.h>, not both: they declare the same names."
#endif

#include <stdint.h>

#include "fuse_abi_device.h"
#include "fuse_abi_flags.h"
#include "fuse_abi_notify.h"
#include "fuse_abi_replies.h"
#include "fuse_abi_requests.h"
#include "fuse_abi_ring.h"

/// Major version of the protocol; the only one this project speaks.
#define FUSE_KERNEL_VERSION 7U
/// Newest minor version of the protocol that this header describes.
#define FUSE_KERNEL_MINOR_VERSION 46U
/// Node ID of the root directory, which no LOOKUP ever announces.
#define FUSE_ROOT_ID 1ULL
/// Smallest buffer with which /dev/fuse may be read, in bytes.
#define FUSE_MIN_READ_BUFFER 8192U
/// Pages in a request when FUSE_MAX_PAGES was not agreed on.
#define FUSE_DEFAULT_MAX_PAGES_PER_REQ 32U
/// Bit of fuse_in_header.unique: this request was sent before, to a server that did not answer it (7.40).
#define FUSE_UNIQUE_RESEND (1ULL << 63)
/// User and group ID of a request whose caller has none in an idmapped mount (7.41).
#define FUSE_INVALID_UIDGID 0xffffffffU

/// What a request asks for: fuse_in_header.opcode.
enum fuse_opcode {
    FUSE_LOOKUP = 1,
    FUSE_FORGET = 2, // has no reply
    FUSE_GETATTR = 3,
    FUSE_SETATTR = 4,
    FUSE_READLINK = 5,
    FUSE_SYMLINK = 6,
    FUSE_MKNOD = 8,
    FUSE_MKDIR = 9,
    FUSE_UNLINK = 10,
    FUSE_RMDIR = 11,
    FUSE_RENAME = 12,
    FUSE_LINK = 13,
    FUSE_OPEN = 14,
    FUSE_READ = 15,
    FUSE_WRITE = 16,
    FUSE_STATFS = 17,
    FUSE_RELEASE = 18,
    FUSE_FSYNC = 20,
    FUSE_SETXATTR = 21,
    FUSE_GETXATTR = 22,
    FUSE_LISTXATTR = 23,
    FUSE_REMOVEXATTR = 24,
    FUSE_FLUSH = 25,
    FUSE_INIT = 26,
    FUSE_OPENDIR = 27,
    FUSE_READDIR = 28,
    FUSE_RELEASEDIR = 29,
    FUSE_FSYNCDIR = 30,
    FUSE_GETLK = 31,
    FUSE_SETLK = 32,
    FUSE_SETLKW = 33,
    FUSE_ACCESS = 34,
    FUSE_CREATE = 35,
    FUSE_INTERRUPT = 36, // has no reply, unless EAGAIN
    FUSE_BMAP = 37,
    FUSE_DESTROY = 38,
    FUSE_IOCTL = 39,
    FUSE_POLL = 40,
    FUSE_NOTIFY_REPLY = 41, // has no reply: it is the answer to NOTIFY_RETRIEVE
    FUSE_BATCH_FORGET = 42, // has no reply
    FUSE_FALLOCATE = 43,
    FUSE_READDIRPLUS = 44,
    FUSE_RENAME2 = 45,
    FUSE_LSEEK = 46,
    FUSE_COPY_FILE_RANGE = 47,
    FUSE_SETUPMAPPING = 48,  // virtiofs only
    FUSE_REMOVEMAPPING = 49, // virtiofs only
    FUSE_SYNCFS = 50,
    FUSE_TMPFILE = 51,
    FUSE_STATX = 52,              // 7.39
    FUSE_COPY_FILE_RANGE_64 = 53, // 7.45
    CUSE_INIT = 4096,             // character devices in user space, /dev/cuse only
};

#endif
