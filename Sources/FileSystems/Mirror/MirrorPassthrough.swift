internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// Which files of the source the kernel reads and writes by itself.
///
/// All opens of a node that overlap must pass through to one registered file, or none may (fs/fuse/iomode.c): the first
/// one decides, and the decision holds until the last one is closed. The kernel counts an open file from our answer to
/// before our RELEASE, so that what counts as open here is never less than what counts there.
///
/// Any thread may call anything.
final class MirrorPassthrough: Sendable {
    /// How a node is open.
    private struct Use {
        /// What its opens pass through to; `nil` for not at all.
        let file: BackingFile?
        /// How many there are.
        var opens: Int
    }

    private struct State {
        var connection: Connection?
        var uses: [NodeID: Use] = [:]
        var hasWarned = false
    }

    private let state = Mutex(State())
    /// Registers files on behalf of those who open them.
    private let caller = MirrorCaller()

    /// Starts to pass through, where the connection has it.
    func connected(_ connection: Connection) {
        guard connection.backingFiles != nil else { return }
        state.withLock { $0.connection = connection }
    }

    /// Counts an open file.
    ///
    /// What is registered is filled on behalf of the first who has opened it, whoever writes: the kernel keeps the
    /// credentials with which it was registered (`fuse_backing_open`), and has one registration for all.
    ///
    /// - Parameters:
    ///   - descriptor: what it has open in the source.
    ///   - user: who opens it.
    /// - Returns: what it is to pass through to; `nil` where the server reads and writes it.
    func open(_ node: NodeID, _ descriptor: CInt, _ user: MirrorUser) -> BackingFile? {
        state.withLock { state in
            guard let files = state.connection?.backingFiles else { return nil }
            if let file = state.uses[node]?.file {
                state.uses[node]?.opens += 1
                return file
            }
            if state.uses[node] != nil {
                state.uses[node]?.opens += 1
                return nil
            }
            let file = register(descriptor, with: files, user, &state)
            state.uses[node] = Use(file: file, opens: 1)
            return file
        }
    }

    /// Takes an open file back.
    func close(_ node: NodeID) {
        // Returned from the closure, so that what was registered is taken back outside the lock.
        let unused: Use? = state.withLock { state in
            guard let use = state.uses[node] else { return nil }
            guard use.opens == 1 else {
                state.uses[node]?.opens -= 1
                return nil
            }
            return state.uses.removeValue(forKey: node)
        }
        _ = unused
    }

    /// Forgets all that is open.
    func closeAll() {
        let old = state.withLock { state in
            defer { state = State() }
            return state
        }
        _ = old
    }

    /// Registers a file, or says once that one cannot be.
    private func register(
        _ descriptor: CInt,
        with files: BackingFiles,
        _ user: MirrorUser,
        _ state: inout State
    ) -> BackingFile? {
        do throws(Errno) {
            return try caller.fill(as: user.userID == .max ? nil : user) { () throws(Errno) in
                try files.register(FileDescriptor(rawValue: descriptor))
            }
        } catch {
            if !state.hasWarned {
                let reason = error == .tooManySymbolicLinkLevels ? "it is on a stacked file system" : "\(error)"
                state.connection?.warn(
                    "a file of the source is served without passthrough (\(reason)); others will not be told of")
                state.hasWarned = true
            }
            return nil
        }
    }
}
