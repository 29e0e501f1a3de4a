import FUSEProtocol

/// A request that the fuzzer made up.
struct ScriptedRequest {
    /// The opcode, known or not.
    let opcode: UInt32
    /// The node it is about.
    let node: UInt64
    /// Whether root asks, and whether the caller is interrupted at once.
    let settings: UInt8
    /// Length of the extensions that the header tells, in bytes.
    let extensionLength: Int
    /// The fixed part, of the size that the opcode has.
    let argument: [UInt8]
    /// Names and data.
    let payload: [UInt8]
}

/// Bytes as a run of requests: 6 bytes of head each (opcode, node, settings, extension length in units of 8, length of
/// the payload), the fixed part, the payload.
///
/// A format of the fuzzer's own instead of the kernel's headers: nearly every change of a byte makes another request
/// that reaches the file system, where changed lengths of real headers would mostly be refused.
struct RequestScript {
    private var rest: ArraySlice<UInt8>

    /// A script of bytes.
    init(_ octets: [UInt8]) { rest = octets[...] }

    /// The next request; `nil` at the end.
    mutating func next() -> ScriptedRequest? {
        guard rest.count >= 6 else { return nil }
        let head = take(6)
        let size =
            Opcode(rawValue: UInt32(head[0])).map { $0.argumentSize(minor: 46, hasExtendedSetXattr: true) } ?? 0
        var argument = take(size)
        // What is missing at the end is zeros.
        argument += [UInt8](repeating: 0, count: size - argument.count)
        return ScriptedRequest(
            opcode: UInt32(head[0]),
            node: head[1] < 0xf0 ? UInt64(head[1]) : UInt64.max - UInt64(0xff - head[1]),
            settings: head[2],
            extensionLength: Int(head[3]) * 8,
            argument: argument,
            payload: take(Int(head[4]) | Int(head[5]) << 8))
    }

    private mutating func take(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
}
