import FUSEProtocol
import TestSupport
import Testing

/// A request that ends too early is refused, wherever it ends.
@Suite struct TruncationTests {
    /// The whole one decodes, or the tests below would say nothing.
    @Test(arguments: Golden.all)
    func wholeRequestDecodes(_ golden: Golden) throws {
        try decode(
            golden.opcode,
            argument: golden.argument,
            payload: golden.payload,
            extensionLength: golden.extensionLength
        )
    }

    /// Every prefix of the structure throws `truncated`.
    @Test(arguments: Golden.all)
    func argumentCutShort(_ golden: Golden) {
        for count in 0..<golden.argument.count {
            let error = #expect(throws: WireError.self, "\(count) bytes") {
                try decode(
                    golden.opcode,
                    argument: Array(golden.argument[..<count]),
                    payload: golden.payload,
                    extensionLength: golden.extensionLength
                )
            }
            #expect(error?.isTruncation == true, "\(count) bytes: \(String(describing: error))")
        }
    }

    /// Every prefix of names, data and extensions throws.
    @Test(arguments: Golden.all)
    func payloadCutShort(_ golden: Golden) {
        for count in 0..<golden.payload.count {
            let error = #expect(throws: WireError.self, "\(count) bytes") {
                try decode(
                    golden.opcode,
                    argument: golden.argument,
                    payload: Array(golden.payload[..<count]),
                    extensionLength: golden.extensionLength
                )
            }
            #expect(error?.isTruncation == true, "\(count) bytes: \(String(describing: error))")
        }
    }

    /// Every prefix of what /dev/fuse gives throws.
    @Test(arguments: Golden.all)
    func deviceMessageCutShort(_ golden: Golden) {
        let message = RequestBuilder.message(
            opcode: golden.opcode.rawValue,
            argument: golden.argument,
            payload: golden.payload,
            extensionLength: golden.extensionLength
        )
        for count in 0..<message.count {
            let prefix = Array(message[..<count])
            let error = #expect(throws: WireError.self, "\(count) bytes") {
                _ = try DeviceRequest(raw(prefix), minor: 46, hasExtendedSetXattr: true)
            }
            #expect(error?.isTruncation == true, "\(count) bytes: \(String(describing: error))")
        }
    }
}

extension WireError {
    /// Whether it is `truncated`, and says so sensibly.
    var isTruncation: Bool {
        guard case .truncated(let expected, let got) = self else { return false }
        return got < expected && got >= 0
    }
}
