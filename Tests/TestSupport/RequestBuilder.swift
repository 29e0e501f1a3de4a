/// Puts together the bytes of a request as the kernel would, integer by integer.
package struct RequestBuilder {
    /// The bytes so far.
    package private(set) var octets: [UInt8] = []

    /// Nothing so far.
    package init() {}

    /// Appends an integer, in the byte order of the machine.
    package func adding<Value: FixedWidthInteger>(_ value: Value) -> Self {
        var copy = self
        for index in 0..<(Value.bitWidth / 8) {
            copy.octets.append(UInt8(truncatingIfNeeded: value.littleEndian >> Value(index * 8)))
        }
        return copy
    }

    /// Appends a text and a NUL.
    package func adding(name: String) -> Self {
        adding(octets: Array(name.utf8) + [0])
    }

    /// Appends bytes.
    package func adding(octets more: [UInt8]) -> Self {
        var copy = self
        copy.octets += more
        return copy
    }

    /// A whole request as /dev/fuse gives it.
    package static func message(
        opcode: UInt32,
        argument: [UInt8],
        payload: [UInt8],
        extensionLength: Int = 0,
        unique: UInt64 = 2,
        node: UInt64 = 1,
        userID: UInt32 = 1000,
        processID: UInt32 = 4242
    ) -> [UInt8] {
        let length = UInt32(40 + argument.count + payload.count)
        return Self()
            .adding(length).adding(opcode).adding(unique).adding(node)
            .adding(userID).adding(UInt32(1001)).adding(processID)
            .adding(UInt16(extensionLength / 8)).adding(UInt16(0))
            .adding(octets: argument).adding(octets: payload)
            .octets
    }
}
