internal import CBench
internal import Glibc

/// Takes mounts away.
enum Mounts {
    /// Ends the connection to the server of a mount, so that nobody waits for its answers any longer, and detaches it.
    static func abort(_ path: String) {
        // The order matters: to detach is to lose the path by which it could be aborted.
        _ = unsafe umount2(path, Int32(MNT_FORCE))
        if MountTable.isMounted(path) { _ = unsafe umount2(path, Int32(MNT_FORCE) | Int32(MNT_DETACH)) }
        // Those of other users' servers are the helper's.
        if MountTable.isMounted(path), geteuid() != 0, let helper = Machine.program("fusermount3") {
            // Not by a task: this is also called where nothing may wait for one.
            _ = unsafe rbench_run_unmount_helper(helper, path)
        }
    }

    /// Takes away whatever is mounted on a directory, however often.
    static func remove(_ path: String) {
        // Each turn takes one away, unless it cannot be taken away at all.
        for _ in 0..<8 where MountTable.isMounted(path) { abort(path) }
    }
}
