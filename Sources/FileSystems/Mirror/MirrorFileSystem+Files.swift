internal import CRingFUSE
public import RingFUSE
public import SystemPackage

extension MirrorFileSystem {
    /// Reads (READ).
    ///
    /// An error after a part was read is thrown all the same: fewer bytes than asked for would mean the end of the
    /// file, and the kernel would show zeros.
    public func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let descriptor = FileDescriptor(rawValue: try files.descriptor(of: file.handle))
        try Self.check(offset)
        var position = offset
        while buffer.freeCapacity > 0 {
            let count = try await context.io.read(descriptor, into: &buffer, at: position)
            position += UInt64(count)
            // With O_DIRECT, a read that stops between blocks has reached the end; going on there is `EINVAL`.
            if count == 0 || (options.passesDirectIO && position % 512 != 0) { return }
        }
    }

    /// Writes (WRITE).
    ///
    /// A file opened with `O_APPEND` appends in the source too, so that others who write to it there lose nothing; but
    /// not with the kernel's writeback cache, where what is written comes late and in any order.
    ///
    /// - Returns: the number of bytes written; fewer than given where an error came after some, and not with `O_DIRECT`.
    public func write(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        try await write(data, to: writeTarget(file, data.byteCount, options, context), at: offset, context)
    }

    /// Where a write goes.
    struct WriteTarget: Sendable {
        /// The descriptor to write to.
        let descriptor: CInt
        /// Whether it was opened for this write.
        let isOwn: Bool
        /// Whether an error after some bytes is told instead of these. Of a direct write that was cut short the kernel
        /// makes `EIO` (`fuse_get_res_by_io`), and the program would never hear the reason.
        let tellsError: Bool

        /// Who is to have room for what is written; nil for the server itself.
        let payer: MirrorUser?

        /// Closes a descriptor that was opened for this write.
        func close() { if isOwn { _ = rfuse_close(descriptor) } }
    }

    /// Whether a write needs other calls before it.
    func needsPreparation(_ file: OpenFile, _ options: WriteOptions) throws(Errno) -> Bool {
        if options.contains(.killsPrivileges) { return true }
        return try mustNotAppend(files.found(file.handle).traits, file, options)
    }

    /// Does what a write needs before it, and tells where it goes.
    func writeTarget(
        _ file: OpenFile,
        _ bytes: Int,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) throws(Errno) -> WriteTarget {
        let (descriptor, traits) = try files.found(file.handle)
        if options.contains(.killsPrivileges) { try clearPrivileges(of: descriptor, file.node, context) }
        let tellsError = file.flags.contains(.direct)
        let isFromCache = options.contains(.fromCache)
        let payer = payer(of: file, traits, bytes: UInt64(bytes), isFromCache: isFromCache, context)
        guard mustNotAppend(traits, file, options) else {
            return WriteTarget(descriptor: descriptor, isOwn: false, tellsError: tellsError, payer: payer)
        }
        let positioned = CInt(try checked(rfuse_reopen(descriptor, OpenFlags.writeOnly.cValue)))
        return WriteTarget(descriptor: positioned, isOwn: true, tellsError: tellsError, payer: payer)
    }

    /// Whether a write to an appending descriptor is to go to its offset.
    ///
    /// Pages of a shared mapping go where they belong, and so does what is written after `fcntl` has ended O_APPEND;
    /// but Linux appends all that is written to an appending descriptor, whatever the offset.
    private func mustNotAppend(
        _ traits: MirrorOpenFiles.Traits,
        _ file: OpenFile,
        _ options: WriteOptions
    ) -> Bool {
        traits.contains(.appends) && (options.contains(.fromCache) || !file.flags.contains(.append))
    }

    /// Lets the source's file system tell what closing tells: some report failed writes only then (FLUSH). Ends the
    /// locks that the closing process has on the file, as POSIX demands; the kernel leaves that to the server.
    public func flush(_ file: OpenFile, _ context: borrowing RequestContext) async throws(Errno) {
        if options.locks == .source, let owner = file.lockOwner { locks.release(file.node, owner: owner) }
        let duplicate = try checked(rfuse_duplicate(files.descriptor(of: file.handle)))
        try await context.io.close(FileDescriptor(rawValue: CInt(duplicate)))
    }

    /// Closes an open file (RELEASE).
    public func release(_ file: OpenFile, _ context: borrowing RequestContext) async throws(Errno) {
        passthrough.close(file.node)
        if options.locks == .source { locks.release(file.node, handle: file.handle) }
        openCounts.close(file.node)
        openers.closed(file.handle)
        // It may take a while where it is the end of a large removed file.
        try await context.io.close(FileDescriptor(rawValue: files.remove(file.handle)))
    }

    /// Makes a file durable (FSYNC).
    public func synchronize(
        _ file: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let descriptor = FileDescriptor(rawValue: try files.descriptor(of: file.handle))
        try await context.io.synchronize(descriptor, dataOnly: dataOnly)
    }

    /// Allocates, punches or zeroes a range (FALLOCATE).
    public func allocate(
        _ file: OpenFile,
        at offset: UInt64,
        length: UInt64,
        _ mode: AllocationMode,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try clearPrivileges(of: file, context)
        try await allocateOnly(file, at: offset, length: length, mode, context)
    }

    /// Clears set-user-ID and set-group-ID bits before a change of the content that does not say whether to.
    ///
    /// The kernel says so before `fallocate`, but with a request of its own that may come late; not before copying.
    func clearPrivileges(of file: OpenFile, _ context: borrowing RequestContext) throws(Errno) {
        if context.userID != 0 { try clearPrivileges(of: files.descriptor(of: file.handle), file.node, context) }
    }

    /// Allocates, punches or zeroes.
    ///
    /// The source may have allocated a part, and made the file longer, before it met the end of its room or of a quota.
    /// The kernel takes what failed to have changed nothing (`fuse_file_fallocate`), and has to be told.
    func allocateOnly(
        _ file: OpenFile,
        at offset: UInt64,
        length: UInt64,
        _ mode: AllocationMode,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        do throws(Errno) {
            try await tryAllocating(file, at: offset, length: length, mode, context)
        } catch {
            if error == .noSpace || error == .diskQuotaExceeded { try? notifier?.invalidate(file.node, from: -1) }
            throw error
        }
    }

    /// Allocates, punches or zeroes, and nothing else.
    private func tryAllocating(
        _ file: OpenFile,
        at offset: UInt64,
        length: UInt64,
        _ mode: AllocationMode,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let (number, traits) = try files.found(file.handle)
        let descriptor = FileDescriptor(rawValue: number)
        guard let payer = payer(of: file, traits, bytes: length, isFromCache: false, context) else {
            return try await context.io.allocate(descriptor, at: offset, length: length, mode: mode)
        }
        let engine = engine(for: payer)
        defer { withExtendedLifetime(engine) {} }
        try await AsyncIO(engine).allocate(descriptor, at: offset, length: length, mode: mode)
    }

    /// Finds data or a hole (LSEEK).
    ///
    /// - Throws: `ENXIO` where there is none from `offset` on. `ENOSYS` with the kernel's writeback cache: Linux (6.18)
    ///   asks without writing back before, so that what is cached would be told as a hole, and `cp` would lose it. All
    ///   of the file is data then.
    public func seek(
        _ file: OpenFile,
        to target: SeekTarget,
        from offset: UInt64,
        _ context: borrowing RequestContext
    ) throws(Errno) -> UInt64 {
        if usesWritebackCache { throw .noFunction }
        // Moves the descriptor's position, which nothing uses.
        return UInt64(try checked(rfuse_seek(files.descriptor(of: file.handle), offset, CInt(target.rawValue))))
    }

    /// Copies between files, sharing blocks where the source's file system can (COPY_FILE_RANGE).
    ///
    /// - Returns: the number of bytes copied: 128 MiB at the most, after which the caller comes again, so that it
    ///   can be interrupted.
    public func copy(
        from source: OpenFile,
        at sourceOffset: UInt64,
        to target: OpenFile,
        at targetOffset: UInt64,
        length: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64 {
        try clearPrivileges(of: target, context)
        return try await copyOnly(from: source, at: sourceOffset, to: target, at: targetOffset, length: length, context)
    }

    /// Copies, and does nothing else.
    func copyOnly(
        from source: OpenFile,
        at sourceOffset: UInt64,
        to target: OpenFile,
        at targetOffset: UInt64,
        length: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64 {
        let from = try files.descriptor(of: source.handle)
        let (to, traits) = try files.found(target.handle)
        let count = Int(min(length, 128 << 20))
        let payer = payer(of: target, traits, bytes: UInt64(count), isFromCache: false, context)
        let caller = caller
        return UInt64(
            try await pool.run {
                Self.result(of: { rfuse_copy(from, sourceOffset, to, targetOffset, count) }, as: payer, caller)
            })
    }

    /// Writes to where a write goes, and closes that where need be.
    func write(
        _ data: RawSpan,
        to target: WriteTarget,
        at offset: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        defer { target.close() }
        try Self.check(offset)
        guard let payer = target.payer else { return try await writeAll(data, to: target, at: offset, context.io) }
        let engine = engine(for: payer)
        defer { withExtendedLifetime(engine) {} }
        return try await writeAll(data, to: target, at: offset, AsyncIO(engine))
    }

    /// Writes all of the data, in several steps where the system wants it so.
    private func writeAll(
        _ data: RawSpan,
        to target: WriteTarget,
        at offset: UInt64,
        _ io: borrowing AsyncIO
    ) async throws(Errno) -> Int {
        var written = 0
        while written < data.byteCount {
            do throws(Errno) {
                let count = try await io.write(
                    FileDescriptor(rawValue: target.descriptor),
                    from: data.extracting(written...),
                    at: offset + UInt64(written)
                )
                if count == 0 { break }
                written += count
            } catch {
                // What was written counts; the program meets the error when it goes on.
                guard written > 0, !target.tellsError else { throw error }
                break
            }
        }
        return written
    }

    /// Refuses offsets that Linux does not have; one of them would stand for the descriptor's position.
    private static func check(_ offset: UInt64) throws(Errno) {
        guard offset <= UInt64(Int64.max) else { throw .invalidArgument }
    }
}
