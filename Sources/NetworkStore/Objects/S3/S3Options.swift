/// How a client of S3 behaves; what is not said in a URL.
public struct S3Options: Sendable, Hashable {
    /// How often a request is tried in all.
    public var attempts = 6
    /// The pause after the first failure, at the most; it doubles with each.
    public var firstPause = Duration.milliseconds(50)
    /// The longest pause.
    public var longestPause = Duration.seconds(5)
    /// For how long to try to connect to each address.
    public var connectLimit = Duration.seconds(5)
    /// For how long the server may be silent while it is waited for.
    public var idleLimit = Duration.seconds(30)
    /// After which a connection that nobody uses is closed.
    public var keptFor = Duration.seconds(15)
    /// After which a read that has not been answered is sent once more, and the first answer counts; `nil` for never.
    public var hedgeAfter: Duration?

    /// What is good for most.
    public init() {}
}
