/// What was agreed with the kernel, told to a backend before its first request.
public struct Connection: Sendable {
    /// The minor version of the FUSE ABI in use; the major is 7.
    public let protocolMinor: UInt32
    /// Bytes in the largest write.
    public let maxWrite: Int
    /// Bytes that the kernel reads ahead at the most.
    public let maxReadahead: Int
    /// Whether requests come over io_uring. For logs only: nothing else differs for a backend.
    public let usesRing: Bool
    /// Requests that each queue holds at a time. A backend that has as many wait for something that only another
    /// request can bring about never gets that one.
    public let queueDepth: Int
    /// The features of the backend that hold on this connection: what it promises, as far as the kernel has it and the
    /// session's configuration asks for it.
    public let features: FileSystemFeatures
    /// Where files are registered that the kernel then reads and writes by itself; `nil` where it can't be had or was
    /// not asked for.
    public let backingFiles: BackingFiles?
    /// Tells the kernel that what it caches has changed. A backend may keep it.
    public let notifier: Notifier
    private let sayAloud: @Sendable (String) -> Void
    private let sayQuietly: @Sendable (String) -> Void

    package init(
        protocolMinor: UInt32,
        maxWrite: Int,
        maxReadahead: Int,
        usesRing: Bool,
        queueDepth: Int = 1,
        features: FileSystemFeatures = [],
        backingFiles: BackingFiles? = nil,
        notifier: Notifier = .disconnected,
        warn: @escaping @Sendable (String) -> Void = { _ in },
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.protocolMinor = protocolMinor
        self.maxWrite = maxWrite
        self.maxReadahead = maxReadahead
        self.usesRing = usesRing
        self.queueDepth = queueDepth
        self.features = features
        self.backingFiles = backingFiles
        self.notifier = notifier
        sayAloud = warn
        sayQuietly = note
    }

    /// Whether the kernel keeps what is written and writes it back later; see ``FileSystemFeatures/writebackCache`` for
    /// what a backend then has to do otherwise.
    public var usesWritebackCache: Bool { features.contains(.writebackCache) }

    /// Tells the operator what a backend could not have: one line in the session's log. Not for each request.
    public func warn(_ line: String) { sayAloud(line) }

    /// Tells whoever looks for a fault what a backend has found out: one line in the session's log, at level debug. Not for
    /// each request.
    public func note(_ line: String) { sayQuietly(line) }
}
