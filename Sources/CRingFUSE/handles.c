#include "handles.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/// The kernel's structure with room for the longest handle.
union room {
    struct file_handle handle;
    char bytes[sizeof(struct file_handle) + 128];
};

_Static_assert(MAX_HANDLE_SZ <= 128, "handles have room");

long rfuse_get_handle(int fd, struct rfuse_handle *handle) {
    union room room = { .handle = { .handle_bytes = 128 } };
    int mount;
    if (name_to_handle_at(fd, "", &room.handle, &mount, AT_EMPTY_PATH) < 0) return -(long)errno;
    *handle = (struct rfuse_handle){ .size = room.handle.handle_bytes, .type = room.handle.handle_type };
    if (handle->size > sizeof handle->bytes) return -EOVERFLOW;
    memcpy(handle->bytes, room.handle.f_handle, handle->size);
    return 0;
}

long rfuse_open_handle(int mount, const struct rfuse_handle *handle) {
    if (handle->size > sizeof handle->bytes) return -EINVAL;
    union room room = { .handle = { .handle_bytes = handle->size, .handle_type = handle->type } };
    memcpy(room.handle.f_handle, handle->bytes, handle->size);
    long value = open_by_handle_at(mount, &room.handle, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return value < 0 ? -(long)errno : value;
}
