/// What a metadata engine does for the end of a mount where it is a server's, which may have fallen silent.
public protocol EndingEngine: Sendable {
    /// The mount is to end: from now on whoever waits for a server that does not answer is told `EIO` after that time, counted from this call
    /// or from when it began to wait, whichever was later. Never waits.
    ///
    /// - Parameters:
    ///   - patience: what was said first stays.
    ///   - isLast: whether nobody but the end itself waits any more: then the server is given up by that.
    func limitWaiting(to patience: Duration, isLast: Bool)

    /// Whether the server was given up.
    var isSilent: Bool { get }

    /// The server, for people; `nil` where there is none.
    var server: String? { get }
}

extension EndingEngine {
    /// Nobody is waited for.
    public func limitWaiting(to patience: Duration, isLast: Bool) {}

    /// Nobody is waited for.
    public var isSilent: Bool { false }

    /// It is a file.
    public var server: String? { nil }
}
