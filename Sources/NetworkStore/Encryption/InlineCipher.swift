internal import Synchronization
internal import SystemPackage

/// Encrypts small content on its way into the database, and decrypts it on its way out. One of an engine: its connections share
/// it.
final class InlineCipher: Sendable {
    private struct State {
        var isEncrypted: Bool
        var key: VolumeKey?
    }

    private let state: Mutex<State>

    /// A cipher without a key yet.
    ///
    /// - Parameter isEncrypted: whether the volume is.
    init(isEncrypted: Bool) {
        state = Mutex(State(isEncrypted: isEncrypted))
    }

    /// Whether the volume is encrypted; told once that is known, and before there is content.
    var isEncrypted: Bool {
        get { state.withLock { $0.isEncrypted } }
        set { state.withLock { $0.isEncrypted = newValue } }
    }

    /// From now on content can be read and written.
    func unlock(with key: VolumeKey) {
        state.withLock { $0.key = key }
    }

    /// Bytes by which what is kept is longer than the content.
    var overhead: Int { isEncrypted ? VolumeKey.overhead : 0 }

    /// Checks that content can be written.
    ///
    /// - Throws: `ENOKEY`.
    func checkKey() throws(Errno) {
        try state.withLock { (state) throws(Errno) in
            guard !state.isEncrypted || state.key != nil else { throw Errno.keyMissing }
        }
    }

    /// What is kept of content.
    ///
    /// - Throws: `ENOKEY`.
    func seal(_ content: ContiguousArray<UInt8>) throws(Errno) -> ContiguousArray<UInt8> {
        let now = state.withLock { $0 }
        guard now.isEncrypted else { return content }
        guard let key = now.key else { throw .keyMissing }
        return key.sealed(content)
    }

    /// The content of what is kept.
    ///
    /// - Parameter mayBeUnknown: whether as many zeros will do where there is no key: for who removes files and needs to
    ///   know how long their content is, and can write nothing without a key.
    /// - Throws: `EIO` where it is not what was written; `ENOKEY`.
    func open(_ sealed: ContiguousArray<UInt8>, mayBeUnknown: Bool) throws(Errno) -> ContiguousArray<UInt8> {
        let now = state.withLock { $0 }
        guard now.isEncrypted else { return sealed }
        guard let key = now.key else {
            guard mayBeUnknown else { throw .keyMissing }
            return ContiguousArray(repeating: 0, count: max(0, sealed.count - VolumeKey.overhead))
        }
        guard let content = key.opened(sealed) else { throw .ioError }
        return content
    }
}
