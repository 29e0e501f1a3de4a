internal import RingFUSE
internal import Synchronization

/// Files that have something which is not committed.
final class FileSet: Sendable {
    private let files = Mutex<[NodeID: StoredFile]>([:])

    /// Adds a file.
    func insert(_ file: StoredFile) { files.withLock { $0[file.id] = file } }

    /// Takes a file out.
    func remove(_ file: StoredFile) { files.withLock { _ = $0.removeValue(forKey: file.id) } }

    /// How many there are.
    var count: Int { files.withLock { $0.count } }

    /// The files, in no order.
    var all: [StoredFile] { files.withLock { Array($0.values) } }
}
