import CRingFUSE
import Glibc
public import RingFUSE
import SystemPackage

// How objects come to be, and come to stay.

extension DirectoryStore {
    /// Stores an object, which is durable, with its name, when this returns.
    public func put(_ key: ObjectKey, _ body: RawSpan, _ io: borrowing AsyncIO) async throws(ObjectStoreError) {
        try check(key)
        if Task.isCancelled { throw .cancelled }
        await sweepOnce()
        do throws(Errno) {
            try await store(body, as: key.description, io)
        } catch {
            throw failure(error, "write", key)
        }
    }

    private func store(_ body: RawSpan, as key: String, _ io: borrowing AsyncIO) async throws(Errno) {
        let parent = Self.parent(of: key)
        try await makeDurable(parent, io)
        let temporary = PathBytes(temporaryPath())
        let target = PathBytes(key)
        do throws(Errno) {
            try await write(body, to: temporary, io)
            do throws(Errno) {
                try await temporary.rename(to: target, in: root, io)
            } catch {
                // Somebody has removed the directory.
                guard error == .noSuchFileOrDirectory else { throw error }
                forgetDurable()
                try await makeDurable(parent, io)
                try await temporary.rename(to: target, in: root, io)
            }
        } catch {
            // At once: operations of a cancelled task are cancelled, too.
            _ = unsafe rfuse_unlink(root.rawValue, temporary.pointer, 0)
            throw error
        }
        try await synchronize(directory: parent, io)
    }

    /// Writes a new file and makes its content durable.
    private func write(_ body: RawSpan, to path: borrowing PathBytes, _ io: borrowing AsyncIO) async throws(Errno) {
        let file = try await makeTemporary(path, io)
        do throws(Errno) {
            var written = 0
            while written < body.byteCount {
                written += try await io.write(file, from: body.extracting(written...), at: UInt64(written))
            }
            try await io.synchronize(file)
        } catch {
            try? await io.close(file)
            throw error
        }
        try await io.close(file)
    }

    private func makeTemporary(
        _ path: borrowing PathBytes,
        _ io: borrowing AsyncIO
    ) async throws(Errno) -> FileDescriptor {
        let flags = O_WRONLY | O_CREAT | O_EXCL
        do throws(Errno) {
            return try await path.open(in: root, flags: flags, mode: 0o600, io)
        } catch {
            guard error == .noSuchFileOrDirectory else { throw error }
            do throws(Errno) {
                try await PathBytes(Self.temporaryDirectory).makeDirectory(in: root, io)
            } catch {
                if error != .fileExists { throw error }
            }
            return try await path.open(in: root, flags: flags, mode: 0o600, io)
        }
    }

    /// Makes a directory and those above it where they are missing, and all of them durable.
    ///
    /// Once for each directory: that it is there does not say that whoever has made it has got as far.
    private func makeDurable(_ directory: String, _ io: borrowing AsyncIO) async throws(Errno) {
        if isDurable(directory) { return }
        let above = Self.parent(of: directory)
        try await makeDurable(above, io)
        do throws(Errno) {
            try await PathBytes(directory).makeDirectory(in: root, io)
        } catch {
            if error != .fileExists { throw error }
        }
        try await synchronize(directory: above, io)
        setDurable(directory)
    }

    private func synchronize(directory: String, _ io: borrowing AsyncIO) async throws(Errno) {
        guard !directory.isEmpty else { return try await io.synchronize(root) }
        let file = try await PathBytes(directory).open(in: root, flags: O_RDONLY | O_DIRECTORY, io)
        do throws(Errno) {
            try await io.synchronize(file)
        } catch {
            try? await io.close(file)
            throw error
        }
        try await io.close(file)
    }

    /// What is before the last `/` of a key.
    private static func parent(of key: String) -> String {
        guard let slash = key.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return String(key[..<slash])
    }
}
