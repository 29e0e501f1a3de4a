import RingFUSE
import Synchronization
import SystemPackage

/// Another file system, with a count of what the kernel must take back: each entry that it is given counts as one
/// lookup of its node, until it forgets that.
final class LookupCountingFileSystem<Base: FileSystem>: FileSystem {
    /// How things stand.
    struct Tally: Sendable {
        /// Lookups that were not taken back, by node; none of the root is.
        var open: [NodeID: UInt64] = [:]
        /// All lookups.
        var total: UInt64 = 0
        /// Those of them that came with READDIRPLUS.
        var listed: UInt64 = 0
        /// Entries that said "there is no such name": none of them counts.
        var missing = 0
        /// Nodes of which more was taken back than was given.
        var overdrawn: [NodeID] = []
    }

    let base: Base
    private let tally = Mutex(Tally())

    /// Counts for a file system.
    init(_ base: Base) { self.base = base }

    /// How things stand.
    var current: Tally { tally.withLock { $0 } }

    var features: FileSystemFeatures { base.features }

    func connected(_ connection: Connection) { base.connected(connection) }

    func disconnected() async { await base.disconnected() }

    func forget(_ node: NodeID, lookups: UInt64) {
        tally.withLock { tally in
            let known = tally.open[node] ?? 0
            if known < lookups { tally.overdrawn.append(node) }
            tally.open[node] = known > lookups ? known - lookups : nil
        }
        base.forget(node, lookups: lookups)
    }

    func count(_ entry: Entry) { count(entry.node) }

    private func count(_ node: NodeID, isListed: Bool = false) {
        tally.withLock { tally in
            guard node.rawValue != 0 else {
                tally.missing += 1
                return
            }
            tally.total += 1
            if isListed { tally.listed += 1 }
            tally.open[node, default: 0] += 1
        }
    }

    /// Counts the entries of a reply to READDIRPLUS as the kernel reads it: `struct fuse_direntplus`, each with an
    /// entry of 128 bytes, whose node is 0 where there are no attributes, and with a name padded to 8 bytes.
    func count(_ reply: RawSpan) {
        var start = 0
        while start + 152 <= reply.byteCount {
            let node = unsafe reply.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self)
            let length = unsafe reply.unsafeLoadUnaligned(fromByteOffset: start + 144, as: UInt32.self)
            if node != 0 { count(NodeID(node), isListed: true) }
            start += 152 + (Int(length) + 7) & ~7
        }
    }
}
