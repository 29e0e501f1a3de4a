import Glibc
import RingFUSE
import SystemPackage

extension MountedSession {
    /// Has the kernel drop what it caches of this mount and nobody uses: names, and with them the nodes.
    ///
    /// A remount does that for one mount (`reconfigure_super` calls `shrink_dcache_sb`); `drop_caches` does it to the
    /// whole machine, and not in one go.
    func dropCaches() async throws {
        let path = path.string
        try await onOwnThread {
            let result = unsafe mount("none", path, nil, UInt(MS_REMOUNT), nil)
            if result != 0 { throw Errno(rawValue: errno) }
        }
    }
}
