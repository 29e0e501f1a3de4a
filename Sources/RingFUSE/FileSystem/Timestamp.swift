/// A point in time as file systems keep it: seconds since 1970 and nanoseconds.
@frozen
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Seconds since 1970-01-01 00:00 UTC; negative before.
    public var seconds: Int64
    /// Nanoseconds within the second, 0 to 999,999,999.
    public var nanoseconds: UInt32

    /// A point in time.
    ///
    /// - Parameters:
    ///   - seconds: since 1970-01-01 00:00 UTC; negative before.
    ///   - nanoseconds: within the second, 0 to 999,999,999.
    @inlinable
    public init(seconds: Int64, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Orders by time.
    @inlinable
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}

/// How long the kernel may believe an answer without asking again.
@frozen
public struct Lifetime: Hashable, Sendable {
    /// Whole seconds.
    public var seconds: UInt64
    /// Nanoseconds beyond them, 0 to 999,999,999.
    public var nanoseconds: UInt32

    /// A lifetime.
    ///
    /// - Parameter nanoseconds: 0 to 999,999,999.
    @inlinable
    public init(seconds: UInt64, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// The kernel asks each time.
    @inlinable
    public static var zero: Lifetime { Lifetime(seconds: 0) }

    /// One second, what FUSE servers have always defaulted to.
    @inlinable
    public static var second: Lifetime { Lifetime(seconds: 1) }

    /// Until the kernel forgets the node, or is told to (invalidation). About 136 years.
    @inlinable
    public static var forever: Lifetime { Lifetime(seconds: UInt64(UInt32.max)) }

    /// Whole seconds.
    @inlinable
    public static func seconds(_ seconds: UInt64) -> Lifetime { Lifetime(seconds: seconds) }
}
