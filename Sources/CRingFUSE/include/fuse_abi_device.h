/// Commands of ioctl(2) on /dev/fuse.
#ifndef CRINGFUSE_FUSE_ABI_DEVICE_H
#define CRINGFUSE_FUSE_ABI_DEVICE_H

#include <stdint.h>

/// A file to be registered for passthrough (7.40).
struct fuse_backing_map {
    int32_t fd;
    uint32_t flags;   // none is defined
    uint64_t padding; // has to be 0
};

/// Attaches a descriptor of /dev/fuse to the connection of another: _IOR(229, 0, uint32_t).
#define FUSE_DEV_IOC_CLONE 0x8004e500U
/// Registers a file; returns its ID: _IOW(229, 1, struct fuse_backing_map) (7.40).
#define FUSE_DEV_IOC_BACKING_OPEN 0x4010e501U
/// Takes a registered file back by its ID: _IOW(229, 2, uint32_t) (7.40).
#define FUSE_DEV_IOC_BACKING_CLOSE 0x4004e502U

#endif
