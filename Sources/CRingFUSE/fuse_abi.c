#include "fuse_abi.h"

#include <stddef.h>
#include <sys/ioctl.h>

/// Size of a structure of the kernel.
#define SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), "size of " #type)
/// Offset of a field of a structure of the kernel.
#define OFFSET(type, field, bytes) _Static_assert(offsetof(struct type, field) == (bytes), #type "." #field)

// Requests.
SIZE(fuse_in_header, 40);
OFFSET(fuse_in_header, unique, 8);
OFFSET(fuse_in_header, uid, 24);
OFFSET(fuse_in_header, total_extlen, 36);
SIZE(fuse_init_in, 64);
OFFSET(fuse_init_in, flags, 12);
OFFSET(fuse_init_in, flags2, 16);
SIZE(cuse_init_in, 16);
SIZE(fuse_forget_in, 8);
SIZE(fuse_forget_one, 16);
SIZE(fuse_batch_forget_in, 8);
SIZE(fuse_getattr_in, 16);
OFFSET(fuse_getattr_in, fh, 8);
SIZE(fuse_setattr_in, 88);
OFFSET(fuse_setattr_in, lock_owner, 24);
OFFSET(fuse_setattr_in, atime, 32);
OFFSET(fuse_setattr_in, atimensec, 56);
OFFSET(fuse_setattr_in, mode, 68);
OFFSET(fuse_setattr_in, uid, 76);
SIZE(fuse_statx_in, 24);
OFFSET(fuse_statx_in, sx_flags, 16);
SIZE(fuse_mknod_in, 16);
OFFSET(fuse_mknod_in, umask, 8);
SIZE(fuse_mkdir_in, 8);
SIZE(fuse_rename_in, 8);
SIZE(fuse_rename2_in, 16);
OFFSET(fuse_rename2_in, flags, 8);
SIZE(fuse_link_in, 8);
SIZE(fuse_open_in, 8);
SIZE(fuse_create_in, 16);
OFFSET(fuse_create_in, open_flags, 12);
SIZE(fuse_release_in, 24);
OFFSET(fuse_release_in, lock_owner, 16);
SIZE(fuse_flush_in, 24);
OFFSET(fuse_flush_in, lock_owner, 16);
SIZE(fuse_read_in, 40);
OFFSET(fuse_read_in, size, 16);
OFFSET(fuse_read_in, lock_owner, 24);
OFFSET(fuse_read_in, flags, 32);
SIZE(fuse_write_in, 40);
OFFSET(fuse_write_in, size, 16);
OFFSET(fuse_write_in, lock_owner, 24);
OFFSET(fuse_write_in, flags, 32);
SIZE(fuse_fsync_in, 16);
SIZE(fuse_setxattr_in, 16);
OFFSET(fuse_setxattr_in, setxattr_flags, FUSE_COMPAT_SETXATTR_IN_SIZE);
SIZE(fuse_getxattr_in, 8);
SIZE(fuse_file_lock, 24);
OFFSET(fuse_file_lock, type, 16);
SIZE(fuse_lk_in, 48);
OFFSET(fuse_lk_in, lk, 16);
OFFSET(fuse_lk_in, lk_flags, 40);
SIZE(fuse_access_in, 8);
SIZE(fuse_interrupt_in, 8);
SIZE(fuse_bmap_in, 16);
SIZE(fuse_ioctl_in, 32);
OFFSET(fuse_ioctl_in, arg, 16);
OFFSET(fuse_ioctl_in, out_size, 28);
SIZE(fuse_poll_in, 24);
OFFSET(fuse_poll_in, events, 20);
SIZE(fuse_fallocate_in, 32);
OFFSET(fuse_fallocate_in, mode, 24);
SIZE(fuse_lseek_in, 24);
OFFSET(fuse_lseek_in, whence, 16);
SIZE(fuse_copy_file_range_in, 56);
OFFSET(fuse_copy_file_range_in, off_out, 32);
SIZE(fuse_setupmapping_in, 40);
SIZE(fuse_removemapping_in, 4);
SIZE(fuse_removemapping_one, 16);
SIZE(fuse_syncfs_in, 8);
SIZE(fuse_notify_retrieve_in, sizeof(struct fuse_write_in));
OFFSET(fuse_notify_retrieve_in, size, 16);
SIZE(fuse_ext_header, 8);
SIZE(fuse_secctx_header, 8);
SIZE(fuse_secctx, 8);
SIZE(fuse_supp_groups, 4);

// Replies.
SIZE(fuse_out_header, 16);
OFFSET(fuse_out_header, error, 4);
OFFSET(fuse_out_header, unique, 8);
SIZE(fuse_init_out, 64);
OFFSET(fuse_init_out, max_background, 16);
OFFSET(fuse_init_out, max_write, 20);
OFFSET(fuse_init_out, time_gran, FUSE_COMPAT_22_INIT_OUT_SIZE);
OFFSET(fuse_init_out, max_pages, 28);
OFFSET(fuse_init_out, flags2, 32);
OFFSET(fuse_init_out, max_stack_depth, 36);
OFFSET(fuse_init_out, request_timeout, 40);
SIZE(cuse_init_out, 72);
OFFSET(cuse_init_out, dev_major, 24);
SIZE(fuse_attr, 88);
OFFSET(fuse_attr, atimensec, 48);
OFFSET(fuse_attr, mode, 60);
OFFSET(fuse_attr, blksize, 80);
SIZE(fuse_entry_out, 128);
OFFSET(fuse_entry_out, entry_valid_nsec, 32);
OFFSET(fuse_entry_out, attr, 40);
SIZE(fuse_attr_out, 104);
OFFSET(fuse_attr_out, attr, 16);
SIZE(fuse_sx_time, 16);
OFFSET(fuse_sx_time, tv_nsec, 8);
SIZE(fuse_statx, 256);
OFFSET(fuse_statx, mode, 28);
OFFSET(fuse_statx, ino, 32);
OFFSET(fuse_statx, atime, 64);
OFFSET(fuse_statx, mtime, 112);
OFFSET(fuse_statx, rdev_major, 128);
SIZE(fuse_statx_out, 288);
OFFSET(fuse_statx_out, stat, 32);
SIZE(fuse_open_out, 16);
OFFSET(fuse_open_out, backing_id, 12);
SIZE(fuse_write_out, 8);
SIZE(fuse_copy_file_range_out, 8);
SIZE(fuse_kstatfs, 80);
OFFSET(fuse_kstatfs, bsize, 40);
OFFSET(fuse_kstatfs, frsize, 48);
SIZE(fuse_statfs_out, 80);
SIZE(fuse_getxattr_out, 8);
SIZE(fuse_lk_out, 24);
SIZE(fuse_bmap_out, 8);
SIZE(fuse_ioctl_out, 16);
SIZE(fuse_ioctl_iovec, 16);
SIZE(fuse_poll_out, 8);
SIZE(fuse_lseek_out, 8);
SIZE(fuse_dirent, 24);
OFFSET(fuse_dirent, namelen, 16);
SIZE(fuse_direntplus, 152);
OFFSET(fuse_direntplus, dirent, 128);

// Notifications.
SIZE(fuse_notify_poll_wakeup_out, 8);
SIZE(fuse_notify_inval_inode_out, 24);
SIZE(fuse_notify_inval_entry_out, 16);
OFFSET(fuse_notify_inval_entry_out, flags, 12);
SIZE(fuse_notify_delete_out, 24);
OFFSET(fuse_notify_delete_out, namelen, 16);
SIZE(fuse_notify_store_out, 24);
OFFSET(fuse_notify_store_out, size, 16);
SIZE(fuse_notify_retrieve_out, 32);
OFFSET(fuse_notify_retrieve_out, size, 24);
SIZE(fuse_notify_prune_out, 16);
OFFSET(fuse_notify_prune_out, spare, 8);

// The ring.
SIZE(fuse_uring_ent_in_out, 32);
OFFSET(fuse_uring_ent_in_out, payload_sz, 16);
OFFSET(fuse_uring_ent_in_out, offset, 20);
SIZE(fuse_uring_req_header, 288);
OFFSET(fuse_uring_req_header, op_in, 128);
OFFSET(fuse_uring_req_header, ring_ent_in_out, 256);
SIZE(fuse_uring_bufpool, 16);
SIZE(fuse_uring_cmd_req, 40);
OFFSET(fuse_uring_cmd_req, qid, 16);
OFFSET(fuse_uring_cmd_req, bufpool, 24);
OFFSET(fuse_uring_cmd_req, ent_zero_copy_buf_index, 24);
_Static_assert(sizeof(struct fuse_uring_cmd_req) <= 80, "the command area of an SQE has 80 bytes");

// Commands of /dev/fuse.
SIZE(fuse_backing_map, 16);
OFFSET(fuse_backing_map, padding, 8);
_Static_assert(FUSE_DEV_IOC_CLONE == _IOR(229, 0, uint32_t), "FUSE_DEV_IOC_CLONE");
_Static_assert(FUSE_DEV_IOC_BACKING_OPEN == _IOW(229, 1, struct fuse_backing_map), "FUSE_DEV_IOC_BACKING_OPEN");
_Static_assert(FUSE_DEV_IOC_BACKING_CLOSE == _IOW(229, 2, uint32_t), "FUSE_DEV_IOC_BACKING_CLOSE");
