internal import FileSystems
public import RingFUSE
public import SystemPackage

extension NetworkStoreFileSystem {
    /// Tells or sets what `lsattr` and `chattr` know: flags, also as xfs has them, and the generation.
    ///
    /// - Returns: 0.
    /// - Throws: `EOPNOTSUPP` for flags that are not kept here, `EINVAL` for too few bytes, `ENOTTY` for other
    ///   commands, `ESTALE`, `EIO`.
    public func control(
        _ file: OpenFile,
        _ command: UInt32,
        input: RawSpan,
        output: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int32 {
        let command = try FlagCommand(command, input: input)
        var record = try await volume.engine.node(file.node)
        if case .set(let flags, let mask) = command {
            try await commitHeldAttributes(of: file.node)
            record = try await volume.engine.setFlags(flags.rawValue, among: mask.rawValue, of: file.node)
            take(record)
        }
        // Numbers of nodes are never used again, so there is one generation.
        try command.answer(InodeFlags(rawValue: record.flags), generation: 0, to: &output)
        return 0
    }
}
