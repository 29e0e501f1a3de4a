public import SystemPackage

// Names in directories.

extension AsyncIO {
    /// Renames a file or directory, which replaces what has the new name (`IORING_OP_RENAMEAT`).
    ///
    /// - Parameters:
    ///   - path: NUL-terminated; must stay valid until the call returns.
    ///   - newPath: as `path`, relative to `target`.
    ///   - flags: the flags of `renameat2(2)`.
    /// - Throws: `ENOENT`, `EXDEV`, `EEXIST`, `ENOTEMPTY`, `ENOSPC`, `ECANCELED`.
    @unsafe
    public func rename(
        _ path: UnsafePointer<CChar>,
        in directory: FileDescriptor,
        to newPath: UnsafePointer<CChar>,
        in target: FileDescriptor,
        flags: UInt32 = 0
    ) async throws(Errno) {
        _ = try await retained.perform(
            IOOperation(
                .rename, file: directory.rawValue, address: UInt(bitPattern: path), length: Int(target.rawValue),
                offset: UInt64(UInt(bitPattern: newPath)), flags: flags))
    }

    /// Removes a name (`IORING_OP_UNLINKAT`).
    ///
    /// - Parameters:
    ///   - path: NUL-terminated; must stay valid until the call returns.
    ///   - isDirectory: whether it names a directory, which has to be empty.
    /// - Throws: `ENOENT`, `EISDIR`, `ENOTDIR`, `ENOTEMPTY`, `EACCES`, `ECANCELED`.
    @unsafe
    public func remove(
        _ path: UnsafePointer<CChar>,
        in directory: FileDescriptor,
        isDirectory: Bool = false
    ) async throws(Errno) {
        // AT_REMOVEDIR.
        let flags: UInt32 = isDirectory ? 0x200 : 0
        _ = try await retained.perform(
            IOOperation(.remove, file: directory.rawValue, address: UInt(bitPattern: path), flags: flags))
    }

    /// Makes a directory (`IORING_OP_MKDIRAT`).
    ///
    /// - Parameters:
    ///   - path: NUL-terminated; must stay valid until the call returns.
    ///   - mode: permissions, of which the process's umask is taken.
    /// - Throws: `EEXIST`, `ENOENT`, `ENOSPC`, `EACCES`, `ECANCELED`.
    @unsafe
    public func makeDirectory(
        _ path: UnsafePointer<CChar>,
        in directory: FileDescriptor,
        mode: UInt32
    ) async throws(Errno) {
        _ = try await retained.perform(
            IOOperation(
                .makeDirectory, file: directory.rawValue, address: UInt(bitPattern: path), length: Int(mode)))
    }
}
