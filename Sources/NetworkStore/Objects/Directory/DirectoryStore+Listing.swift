import CRingFUSE
import Glibc
public import RingFUSE
import Synchronization
import SystemPackage

// Directories are read on a thread: no ring does that.

extension DirectoryStore {
    /// Objects in the order of their keys' bytes.
    public func list(
        prefix: String,
        after key: ObjectKey?,
        limit: Int,
        _ io: borrowing AsyncIO
    ) async throws(ObjectStoreError) -> [ObjectListing] {
        var walk = Walk(prefix: prefix, after: key?.description, limit: limit)
        // No key leads out of the directory, and so no prefix of one does.
        let start = prefix.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(prefix[..<$0]) } ?? ""
        if !start.isEmpty && ObjectKey(start).fault != nil { return [] }
        do throws(Errno) {
            try await visit(start, &walk, io)
        } catch {
            throw failure(error, "list", ObjectKey(prefix))
        }
        return walk.found
    }

    /// What a listing looks for and has found.
    private struct Walk {
        let prefix: String
        let after: String?
        let limit: Int
        var found: [ObjectListing] = []

        /// Whether a key belongs to the listing.
        func wants(_ key: String) -> Bool {
            key.hasPrefix(prefix) && after.map { $0 < key } ?? true
        }

        /// Whether keys that begin with this path and `/` may belong to it.
        func mayWant(below path: String) -> Bool {
            let start = path + "/"
            guard start.hasPrefix(prefix) || prefix.hasPrefix(start) else { return false }
            guard let after else { return true }
            return start > after || after.hasPrefix(start)
        }
    }

    private func visit(_ directory: String, _ walk: inout Walk, _ io: borrowing AsyncIO) async throws(Errno) {
        for entry in try await entries(of: directory) {
            if walk.found.count >= walk.limit { return }
            let path = directory.isEmpty ? entry.name : "\(directory)/\(entry.name)"
            if path == Self.temporaryDirectory || ObjectKey(path).fault != nil { continue }
            if entry.isDirectory {
                if walk.mayWant(below: path) { try await visit(path, &walk, io) }
            } else if walk.wants(path), let size = try await size(at: path, io) {
                walk.found.append(ObjectListing(key: ObjectKey(path), size: size))
            }
        }
    }

    /// The size of what a listing came upon; `nil` where it has gone meanwhile.
    private func size(at path: String, _ io: borrowing AsyncIO) async throws(Errno) -> UInt64? {
        do throws(Errno) {
            return try await PathBytes(path).fileSize(in: root, io)
        } catch {
            guard error == .noSuchFileOrDirectory || error == .notDirectory else { throw error }
            return nil
        }
    }

    /// The entries of a directory in the order of the keys that they begin; none where it is missing.
    private func entries(of directory: String) async throws(Errno) -> [DirectoryScan.Entry] {
        let root = root
        let box = ScanResult()
        do throws(Errno) {
            _ = try await scanner.run {
                do throws(Errno) {
                    var entries = try DirectoryScan.entries(of: directory, in: root)
                    entries.sort { $0.sortKey < $1.sortKey }
                    box.put(entries)
                    return 0
                } catch {
                    return -Int(error.rawValue)
                }
            }
        } catch {
            guard error == .noSuchFileOrDirectory || error == .notDirectory else { throw error }
        }
        return box.take()
    }

    /// Removes, once, what other processes have left half-written more than a day ago.
    func sweepOnce() async {
        guard isFirstToSweep() else { return }
        let root = root
        _ = try? await scanner.run {
            Self.removeLeftovers(in: root, olderThan: 24 * 3600)
            return 0
        }
    }

    /// Removes temporary files that nobody writes any more.
    ///
    /// - Parameter age: seconds since they were last written to.
    static func removeLeftovers(in root: FileDescriptor, olderThan age: Int64) {
        let entries = (try? DirectoryScan.entries(of: temporaryDirectory, in: root)) ?? []
        for entry in entries where !entry.isDirectory {
            let path = "\(temporaryDirectory)/\(entry.name)"
            var status = stat()
            guard unsafe fstatat(root.rawValue, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            if Int64(time(nil)) - Int64(status.st_mtim.tv_sec) > age {
                _ = unsafe rfuse_unlink(root.rawValue, path, 0)
            }
        }
    }
}

/// What a thread of the pool has read.
private final class ScanResult: Sendable {
    private let entries = Mutex<[DirectoryScan.Entry]>([])

    func put(_ new: [DirectoryScan.Entry]) { entries.withLock { $0 = new } }

    func take() -> [DirectoryScan.Entry] { entries.withLock { $0 } }
}
