import RingFUSE
import Synchronization
import SystemPackage

/// A file `knob` and a directory `box` that know some ioctls; the numbers are Linux's for `_IOx('R', n, size)`.
final class KnobFileSystem: FileSystem {
    /// Tells four bytes.
    static let get: UInt32 = 0x8004_5201
    /// Takes eight bytes.
    static let set: UInt32 = 0x4008_5202
    /// Takes sixteen bytes and gives them back, the last one first.
    static let reverse: UInt32 = 0xc010_5203
    /// Moves no data; its result is 42.
    static let count: UInt32 = 0x5204
    /// Tells as much as a number can say: 16,383 bytes.
    static let large: UInt32 = 0xbfff_5205
    /// Takes and gives as much.
    static let largeBoth: UInt32 = 0xffff_5206
    /// Has room for four bytes, and tells two.
    static let short: UInt32 = 0x8004_5207
    /// Fails.
    static let fail: UInt32 = 0x5208
    /// `FS_IOC_GETFLAGS` and `FS_IOC_SETFLAGS`, whose numbers say 8 bytes, and mean 4.
    static let getFlags: UInt32 = 0x8008_6601
    static let setFlags: UInt32 = 0x4008_6602
    /// `FS_IOC_FSGETXATTR`, by which the kernel learns the old attributes before it sets flags (`vfs_fileattr_set`).
    static let getExtended: UInt32 = 0x801c_581f

    /// An ioctl that came.
    struct Command: Sendable, Equatable {
        let number: UInt32
        let inputSize: Int
        let outputSize: Int
    }

    private struct State {
        var commands: [Command] = []
        var stored: [UInt8] = []
        var flags: [UInt8] = [0, 0, 0, 0]
    }

    private let state = Mutex(State())

    /// What has come, in order.
    var commands: [Command] { state.withLock { $0.commands } }

    /// What ``set`` brought.
    var stored: [UInt8] { state.withLock { $0.stored } }

    private func attributes(of node: NodeID) -> Attributes {
        Attributes(node: node, mode: node.rawValue == 2 ? .regular : .directory)
    }

    func lookUp(_ name: Name, in directory: NodeID, _ context: borrowing RequestContext) throws(Errno) -> Entry {
        if name == "knob" { return Entry(node: NodeID(2), attributes: attributes(of: NodeID(2))) }
        if name == "box" { return Entry(node: NodeID(3), attributes: attributes(of: NodeID(3))) }
        throw .noSuchFileOrDirectory
    }

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        AttributesReply(attributes(of: node))
    }

    func control(
        _ file: OpenFile,
        _ command: UInt32,
        input: RawSpan,
        output: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Int32 {
        let bytes = unsafe input.withUnsafeBytes { unsafe Array($0) }
        let room = output.freeCapacity
        state.withLock {
            $0.commands.append(Command(number: command, inputSize: bytes.count, outputSize: room))
        }
        switch command {
        case Self.get: append([1, 2, 3, UInt8(file.node.rawValue)], to: &output)
        case Self.set: state.withLock { $0.stored = bytes }
        case Self.reverse, Self.largeBoth: append(bytes.reversed(), to: &output)
        case Self.count: return 42
        case Self.large: append((0..<room).map { UInt8($0 % 251) }, to: &output)
        case Self.short: append([8, 9], to: &output)
        case Self.fail: throw .diskQuotaExceeded
        case Self.getFlags: append(state.withLock { $0.flags }, to: &output)
        case Self.getExtended: append([UInt8](repeating: 0, count: room), to: &output)
        case Self.setFlags: state.withLock { $0.flags = bytes }
        default: throw .noFunction
        }
        return 0
    }

    private func append(_ bytes: [UInt8], to output: inout OutputRawSpan) {
        for byte in bytes { output.append(byte) }
    }
}
