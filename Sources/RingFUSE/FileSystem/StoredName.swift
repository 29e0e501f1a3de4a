/// A name that a backend keeps: the bytes of a ``Name``, owned.
public struct StoredName: Hashable, Sendable, ExpressibleByStringLiteral {
    /// The bytes of the name, without a terminating NUL.
    public let bytes: ContiguousArray<UInt8>

    /// Copies a borrowed name.
    ///
    /// - Complexity: O(`name.count`), one allocation.
    public init(_ name: borrowing Name) {
        let source = name.bytes
        bytes = unsafe ContiguousArray(unsafeUninitializedCapacity: source.count) { buffer, count in
            for index in 0..<source.count { unsafe buffer.initializeElement(at: index, to: source[index]) }
            count = source.count
        }
    }

    /// The UTF-8 bytes of a string. Whether it is a name (not empty, no `/` and no NUL) is not checked.
    public init(_ text: some StringProtocol) {
        bytes = ContiguousArray(text.utf8)
    }

    /// The UTF-8 bytes of a literal.
    public init(stringLiteral value: String) {
        bytes = ContiguousArray(value.utf8)
    }

    /// Calls `body` with the name borrowed.
    public func withName<Result: ~Copyable, Failure: Error>(
        _ body: (borrowing Name) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(Name(bytes.span))
    }
}
