internal import RingFUSE
internal import Synchronization

/// How often each node is open: whether what the kernel has cached of a file may be kept when it is opened once more.
///
/// It must be kept while a program may be writing. The kernel writes through its cache: a page is filled and unlocked
/// before its WRITE has been answered (`fuse_fill_write_pages`). If the page is dropped in between, and another program
/// reads it back before the server has the WRITE, the old content stays in the cache, although the write succeeds.
final class MirrorOpenCounts: Sendable {
    private let counts = Mutex<[NodeID: Int]>([:])

    /// A file has been opened.
    ///
    /// - Returns: whether it was open before.
    func open(_ node: NodeID) -> Bool {
        counts.withLock { counts in
            let before = counts[node, default: 0]
            counts[node] = before + 1
            return before > 0
        }
    }

    /// An open file has been closed.
    func close(_ node: NodeID) {
        counts.withLock { counts in
            let left = counts[node, default: 1] - 1
            counts[node] = left > 0 ? left : nil
        }
    }
}
