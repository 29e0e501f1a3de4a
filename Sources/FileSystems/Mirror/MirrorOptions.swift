public import RingFUSE
public import SystemPackage

extension MirrorFileSystem {
    /// How a directory is passed through.
    public struct Options: Sendable {
        /// How long the kernel may believe attributes; what others change in the source shows that much later.
        public var attributesLifetime: Lifetime
        /// How long the kernel may believe that a name leads to a file.
        public var nameLifetime: Lifetime
        /// How long the kernel may believe that there is no such name; zero for not at all.
        public var missingLifetime: Lifetime
        /// Whether file systems mounted inside the source are passed through too. Where not, their mount points
        /// fail with `EXDEV`. Must be false where the mirror is mounted inside its own source: it would wait
        /// for itself.
        public var entersMounts: Bool
        /// Whether files that programs open with `O_DIRECT` bypass the page cache below the source as well. Works
        /// where requests arrive in aligned memory only; without it, `O_DIRECT` still bypasses the mount's own cache.
        public var passesDirectIO: Bool
        /// Whether extended attributes are passed through, ACLs among them. Without them the kernel, which looks for
        /// capabilities of a file before each write that it passes through, need not ask.
        public var extendedAttributes: Bool

        /// Where locks of programs on the mount are kept.
        public var locks: Locks
        /// Requests that may wait for a lock of the source at a time; fewer than a queue has entries, since each keeps
        /// one, and the request that ends its waiting needs one.
        public var mostLockWaits: Int
        /// Files known to the kernel for which a descriptor is kept, at the most, where others can be found without;
        /// `nil` for three quarters of what the process may have.
        public var mostNodeDescriptors: Int?

        /// Where locks (`fcntl`, `flock`) are kept.
        public enum Locks: String, Sendable, CaseIterable {
            /// In the kernel, for this mount alone: as quick and as exact as on any local file system.
            case kernel
            /// On the files of the source: programs that use the source itself, or another mirror of it, see them too.
            case source
        }

        /// What suits a source that others may change.
        public init(
            attributesLifetime: Lifetime = .second,
            nameLifetime: Lifetime = .second,
            missingLifetime: Lifetime = .zero,
            entersMounts: Bool = true,
            passesDirectIO: Bool = false,
            extendedAttributes: Bool = true,
            locks: Locks = .kernel,
            mostLockWaits: Int = 16,
            mostNodeDescriptors: Int? = nil
        ) {
            self.attributesLifetime = attributesLifetime
            self.nameLifetime = nameLifetime
            self.missingLifetime = missingLifetime
            self.entersMounts = entersMounts
            self.passesDirectIO = passesDirectIO
            self.extendedAttributes = extendedAttributes
            self.locks = locks
            self.mostLockWaits = mostLockWaits
            self.mostNodeDescriptors = mostNodeDescriptors
        }
    }
}

/// Why a directory cannot be passed through.
public struct MirrorError: Error, CustomStringConvertible {
    /// What was tried.
    public enum Step: String, Sendable {
        /// Opening the source.
        case openSource = "cannot open the source directory"
        /// Looking at the source through `/proc`.
        case useProc = "cannot reach the source through /proc/self/fd; /proc must be mounted"
    }

    /// What was tried.
    public let step: Step
    /// The source.
    public let source: FilePath
    /// Why it failed.
    public let errno: Errno

    /// For people: what failed, on what, and why.
    public var description: String { "\(step.rawValue): \(source): \(errno)" }
}
