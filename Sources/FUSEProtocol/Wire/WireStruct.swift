public import CRingFUSE

/// Marks the C structures that may be read from, and written to, bytes shared with the kernel.
///
/// Conforming types must be structures of `fuse_abi.h` in which every bit pattern is a value (integers: no pointer,
/// no `Bool`, no Swift enum) and which have no implicit padding (their sizes are asserted in `fuse_abi.c`). The checked
/// loads and stores of this module rest on that, and take no other type. The compiler itself finds imported structures
/// to be `BitwiseCopyable`; a protocol that inherits from that could not be adopted for them here.
@usableFromInline
package protocol WireStruct {}

// What the kernel sends.
extension fuse_in_header: WireStruct {}
extension fuse_init_in: WireStruct {}
extension fuse_forget_in: WireStruct {}
extension fuse_forget_one: WireStruct {}
extension fuse_batch_forget_in: WireStruct {}
extension fuse_getattr_in: WireStruct {}
extension fuse_setattr_in: WireStruct {}
extension fuse_statx_in: WireStruct {}
extension fuse_mknod_in: WireStruct {}
extension fuse_mkdir_in: WireStruct {}
extension fuse_rename_in: WireStruct {}
extension fuse_rename2_in: WireStruct {}
extension fuse_link_in: WireStruct {}
extension fuse_open_in: WireStruct {}
extension fuse_create_in: WireStruct {}
extension fuse_release_in: WireStruct {}
extension fuse_flush_in: WireStruct {}
extension fuse_read_in: WireStruct {}
extension fuse_write_in: WireStruct {}
extension fuse_fsync_in: WireStruct {}
extension fuse_setxattr_in: WireStruct {}
extension fuse_getxattr_in: WireStruct {}
extension fuse_lk_in: WireStruct {}
extension fuse_access_in: WireStruct {}
extension fuse_interrupt_in: WireStruct {}
extension fuse_bmap_in: WireStruct {}
extension fuse_ioctl_in: WireStruct {}
extension fuse_poll_in: WireStruct {}
extension fuse_fallocate_in: WireStruct {}
extension fuse_lseek_in: WireStruct {}
extension fuse_copy_file_range_in: WireStruct {}
extension fuse_syncfs_in: WireStruct {}
extension fuse_notify_retrieve_in: WireStruct {}
extension fuse_ext_header: WireStruct {}
extension fuse_secctx: WireStruct {}
extension fuse_supp_groups: WireStruct {}
extension fuse_uring_ent_in_out: WireStruct {}

// What the server sends.
extension fuse_out_header: WireStruct {}
extension fuse_init_out: WireStruct {}
extension fuse_entry_out: WireStruct {}
extension fuse_attr_out: WireStruct {}
extension fuse_statx_out: WireStruct {}
extension fuse_open_out: WireStruct {}
extension fuse_write_out: WireStruct {}
extension fuse_copy_file_range_out: WireStruct {}
extension fuse_statfs_out: WireStruct {}
extension fuse_getxattr_out: WireStruct {}
extension fuse_lk_out: WireStruct {}
extension fuse_bmap_out: WireStruct {}
extension fuse_ioctl_out: WireStruct {}
extension fuse_ioctl_iovec: WireStruct {}
extension fuse_poll_out: WireStruct {}
extension fuse_lseek_out: WireStruct {}
extension fuse_dirent: WireStruct {}
extension fuse_direntplus: WireStruct {}
extension fuse_notify_poll_wakeup_out: WireStruct {}
extension fuse_notify_inval_inode_out: WireStruct {}
extension fuse_notify_inval_entry_out: WireStruct {}
extension fuse_notify_delete_out: WireStruct {}
extension fuse_notify_store_out: WireStruct {}
extension fuse_notify_retrieve_out: WireStruct {}
extension fuse_notify_prune_out: WireStruct {}

/// Group IDs follow `fuse_supp_groups` as bare integers.
extension UInt32: WireStruct {}
/// Node IDs follow `fuse_notify_prune_out` as bare integers.
extension UInt64: WireStruct {}
