internal import CRingFUSE
public import RingFUSE
public import SystemPackage

extension MirrorFileSystem {
    /// Tells and sets flags and attributes of a file (IOCTL): `FS_IOC_GETFLAGS`, `FS_IOC_SETFLAGS`,
    /// `FS_IOC_FSGETXATTR`,
    /// `FS_IOC_FSSETXATTR`, `FS_IOC_GETVERSION`; what lsattr and chattr use.
    ///
    /// Nothing else is passed on: what a command does with the server's powers, nobody has checked.
    ///
    /// - Throws: `ENOTTY` for other commands and file systems without flags; `EPERM`, `EOPNOTSUPP`.
    public func control(
        _ file: OpenFile,
        _ command: UInt32,
        input: RawSpan,
        output: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Int32 {
        guard try nodes.node(file.node).type == .directory else {
            return try control(files.descriptor(of: file.handle), command, input: input, output: &output, context)
        }
        let directory = try open(file)
        defer { withExtendedLifetime(directory) {} }
        return try control(directory.descriptor, command, input: input, output: &output, context)
    }

    /// Tells and sets flags and attributes of what a descriptor has open.
    private func control(
        _ descriptor: CInt,
        _ command: UInt32,
        input: RawSpan,
        output: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Int32 {
        switch command {
        case rfuse_get_flags, rfuse_get_version:
            var value: UInt32 = 0
            try checked(unsafe rfuse_control(descriptor, command, &value))
            guard output.freeCapacity >= 4 else { throw .invalidArgument }
            // An int, although the number of the command says long: more would overwrite what the caller has behind it.
            unsafe output.append(value, as: UInt32.self)
        case rfuse_set_flags:
            guard input.byteCount >= 4 else { throw .invalidArgument }
            var value = unsafe input.unsafeLoadUnaligned(as: UInt32.self)
            try checkFlags(value, of: descriptor, context)
            try checked(unsafe rfuse_control(descriptor, command, &value))
        case rfuse_get_attributes:
            var value = FileAttributes()
            try checked(unsafe rfuse_control(descriptor, command, &value.bytes))
            guard output.freeCapacity >= FileAttributes.size else { throw .invalidArgument }
            for index in 0..<FileAttributes.size { output.append(value.bytes[index]) }
        case rfuse_set_attributes:
            guard input.byteCount >= FileAttributes.size else { throw .invalidArgument }
            var value = FileAttributes()
            for index in 0..<FileAttributes.size {
                value.bytes[index] = unsafe input.unsafeLoad(fromByteOffset: index, as: UInt8.self)
            }
            try checked(unsafe rfuse_control(descriptor, command, &value.bytes))
        default:
            throw .inappropriateIOCTLForDevice
        }
        return 0
    }

    /// Makes the source durable, and what is mounted inside it as far as the kernel knows of it (SYNCFS).
    public func synchronizeAll(_ context: borrowing RequestContext) async throws(Errno) {
        for node in nodes.oneOfEachFileSystem() {
            _ = try await pool.run {
                let descriptor = rfuse_reopen(node.descriptor, 0)
                guard descriptor >= 0 else { return descriptor }
                defer { _ = rfuse_close(CInt(descriptor)) }
                return rfuse_sync_file_system(CInt(descriptor))
            }
        }
    }

    /// Refuses what file systems ask privileges for that the kernel does not ask for on the mount: ext4 lets only those
    /// who may exhaust its journal (`CAP_SYS_RESOURCE`) journal data, and the server may.
    private func checkFlags(
        _ flags: UInt32,
        of descriptor: CInt,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        guard context.userID != 0, caller.isRoot else { return }
        var old: UInt32 = 0
        try checked(unsafe rfuse_control(descriptor, rfuse_get_flags, &old))
        guard (old ^ flags) & rfuse_journal_flag == 0 else { throw .notPermitted }
    }
}

/// `struct fsxattr`.
private struct FileAttributes {
    /// Its size in bytes.
    static let size = 28
    /// Its bytes.
    var bytes = InlineArray<28, UInt8>(repeating: 0)
}
