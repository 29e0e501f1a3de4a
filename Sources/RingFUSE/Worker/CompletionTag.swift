/// What a completion on a worker's ring is about: kept in the upper byte of its user data.
enum CompletionTag: UInt64 {
    /// A request has arrived; the value is the entry's number.
    case request = 1
    /// An operation of a backend is done; the value is slot and generation.
    case operation = 2
    /// The mailbox has messages.
    case wake = 3
    /// Nothing to do (the result of a cancellation).
    case ignored = 4

    private static let shift: UInt64 = 56

    /// User data of this tag and a value of at most 56 bits.
    func userData(_ value: UInt64 = 0) -> UInt64 {
        rawValue << Self.shift | value
    }

    /// The tag of user data; `nil` for what was never ours.
    static func tag(of userData: UInt64) -> CompletionTag? {
        CompletionTag(rawValue: userData >> shift)
    }

    /// The value in user data.
    static func value(of userData: UInt64) -> UInt64 {
        userData & (1 << shift - 1)
    }
}
