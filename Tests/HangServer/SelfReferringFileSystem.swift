import Foundation
import RingFUSE
import Synchronization
import SystemPackage

/// A file system that waits for itself, in the ways that the kernel's documentation tells of
/// (Documentation/filesystems/fuse, "Interrupting filesystem operations") and in one more.
///
/// `quick` is a file like any other. Any name that starts with `trigger` is a file, too, and leads into the trap.
final class SelfReferringFileSystem: FileSystem {
    /// The traps.
    enum Trap: String {
        /// Removing a name removes another of the same directory, which is locked: on a thread of a pool.
        case poolUnlink = "pool-unlink"
        /// The same on the worker's own thread.
        case workerUnlink = "worker-unlink"
        /// Looking a name up looks up another, on the worker's own thread.
        case workerStat = "worker-stat"
        /// The reply to a read lies in the very page that is to be read.
        case mapped
    }

    private static let quick = NodeID(2)
    private static let trigger = NodeID(3)
    private static let other = NodeID(4)
    private static let size = 4096

    private let trap: Trap
    private let mountPoint: FilePath
    /// The trigger, opened through the mount.
    private let mapped = Atomic<Int32>(-1)

    init(_ trap: Trap, mountPoint: FilePath) {
        self.trap = trap
        self.mountPoint = mountPoint
    }

    /// Gets ready; the mount answers.
    func prepare() {
        guard trap == .mapped else { return }
        let file = unsafe Glibc.open(mountPoint.appending("trigger").string, O_RDWR)
        precondition(file >= 0, "cannot open the trigger")
        mapped.store(file, ordering: .releasing)
    }

    private func attributes(of node: NodeID) -> Attributes {
        node == .root
            ? Attributes(node: node, mode: .directory, linkCount: 2)
            : Attributes(node: node, mode: .regular, size: UInt64(Self.size))
    }

    func lookUp(_ name: Name, in directory: NodeID, _ context: borrowing RequestContext) throws(Errno) -> Entry {
        if name == "quick" { return Entry(node: Self.quick, attributes: attributes(of: Self.quick), lifetime: .zero) }
        if name == "other" { return Entry(node: Self.other, attributes: attributes(of: Self.other), lifetime: .zero) }
        guard name == "trigger" else { throw .noSuchFileOrDirectory }
        if trap == .workerStat {
            var status = stat()
            guard unsafe stat(mountPoint.appending("other").string, &status) == 0 else { throw Errno(rawValue: errno) }
        }
        return Entry(node: Self.trigger, attributes: attributes(of: Self.trigger))
    }

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        AttributesReply(attributes(of: node))
    }

    func removeFile(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let path = mountPoint.appending("other").string
        switch trap {
        case .poolUnlink:
            let result = await withCheckedContinuation { continuation in
                Thread.detachNewThread { continuation.resume(returning: unsafe Glibc.unlink(path) == 0 ? 0 : errno) }
            }
            if result != 0 { throw Errno(rawValue: result) }
        case .workerUnlink:
            if unsafe Glibc.unlink(path) != 0 { throw Errno(rawValue: errno) }
        case .workerStat, .mapped:
            throw .notSupported
        }
    }

    func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        guard offset == 0 else { return }
        let page = mapped.load(ordering: .acquiring)
        guard file.node == Self.trigger, page >= 0 else {
            return unsafe buffer.append(repeating: UInt8(ascii: "x"), count: Self.size, as: UInt8.self)
        }
        // The reply is said to be there and never touched by us: the kernel is to meet the page.
        unsafe buffer.withUnsafeMutableBytes { bytes, count in
            let result = unsafe mmap(
                bytes.baseAddress, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, page, 0)
            precondition(unsafe result == bytes.baseAddress, "cannot map the page")
            count = Self.size
        }
    }
}
