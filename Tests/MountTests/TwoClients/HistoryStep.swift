import Glibc
import StoreTestSupport

/// What one of two clients of a volume does, or what happens to it.
struct HistoryStep: Sendable, CustomStringConvertible {
    /// What is done. Each client has some slots, which have an open file or none.
    enum Action: Sendable {
        case open(slot: Int, path: String, flags: Int32)
        case close(slot: Int)
        case write(slot: Int, offset: Int, count: Int, seed: UInt8)
        case read(slot: Int, offset: Int, count: Int)
        case cut(slot: Int, size: Int)
        case synchronize(slot: Int)
        case truncate(path: String, size: Int)
        case rename(from: String, to: String)
        case link(from: String, to: String)
        case remove(path: String)
        case makeDirectory(path: String)
        case removeDirectory(path: String)
        case look(path: String)
        case list(path: String)
        /// All connections of this client to the database break; answers are lost.
        case breakConnections
        /// A part of the requests to the store fails, in ways that pass.
        case disturb(percent: Int)
        /// All requests to the store fail.
        case outage
        /// The store works again.
        case calm
    }

    /// 0 or 1.
    let client: Int
    /// What is done.
    let action: Action

    /// As a person reads it.
    var description: String { "\("AB".dropFirst(client).prefix(1)) \(action)" }
}

extension HistoryStep.Action: CustomStringConvertible {
    /// Names of flags of `open`.
    private static let flagNames: [(Int32, String)] = [
        (O_WRONLY, "O_WRONLY"), (O_RDWR, "O_RDWR"), (O_CREAT, "O_CREAT"), (O_EXCL, "O_EXCL"), (O_TRUNC, "O_TRUNC"),
        (O_APPEND, "O_APPEND"),
    ]

    /// As a person reads it.
    var description: String {
        switch self {
        case .open(let slot, let path, let flags):
            "open \(slot) \(path) "
                + (["O_RDONLY"] + Self.flagNames.filter { flags & $0.0 != 0 }.map(\.1)).joined(separator: "|")
        case .close(let slot): "close \(slot)"
        case .write(let slot, let offset, let count, let seed): "write \(slot) at \(offset) \(count) bytes of \(seed)"
        case .read(let slot, let offset, let count): "read \(slot) at \(offset) \(count) bytes"
        case .cut(let slot, let size): "ftruncate \(slot) to \(size)"
        case .synchronize(let slot): "fsync \(slot)"
        case .truncate(let path, let size): "truncate \(path) to \(size)"
        case .rename(let from, let to): "rename \(from) to \(to)"
        case .link(let from, let to): "link \(from) to \(to)"
        case .remove(let path): "unlink \(path)"
        case .makeDirectory(let path): "mkdir \(path)"
        case .removeDirectory(let path): "rmdir \(path)"
        case .look(let path): "stat \(path)"
        case .list(let path): "readdir \(path)"
        case .breakConnections: "break connections to the database"
        case .disturb(let percent): "disturb \(percent) % of requests to the store"
        case .outage: "outage of the store"
        case .calm: "calm"
        }
    }
}
