public import RingFUSE
internal import Synchronization
public import SystemPackage

extension MemoryFileSystem {
    /// Tells or sets what `lsattr` and `chattr` know: flags, also as xfs has them, and the generation.
    ///
    /// - Returns: 0.
    /// - Throws: `EOPNOTSUPP` for flags that are not kept here, `EINVAL` for too few bytes, `ENOTTY` for other
    ///   commands, `ESTALE`.
    public func control(
        _ file: OpenFile,
        _ command: UInt32,
        input: RawSpan,
        output: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Int32 {
        let node = try self.node(file.node)
        let command = try FlagCommand(command, input: input)
        if case .set(let flags, let mask) = command { try set(flags, among: mask, on: node) }
        try command.answer(node.flags, generation: generation, to: &output)
        return 0
    }

    /// Sets flags.
    ///
    /// - Parameter mask: which ones are meant; the others stay.
    /// - Throws: `EOPNOTSUPP`.
    private func set(_ flags: InodeFlags, among mask: InodeFlags, on node: MemoryNode) throws(Errno) {
        var flags = flags
        guard flags.isSubset(of: .settable) else { throw .notSupported }
        if node.type != .directory {
            guard !flags.contains(.topDirectory) else { throw .notSupported }
            flags.subtract(.ofDirectories)
        }
        let now = Timestamp.now
        node.state.withLock { state in
            state.flags = state.flags.subtracting(mask).union(flags.intersection(mask))
            state.attributes.changeTime = now
        }
    }
}
