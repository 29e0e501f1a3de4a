import COpenSSL

/// What TLS connections have in common.
@safe
final class TLSContext: Sendable {
    // OpenSSL counts references itself, and locks.
    private let pointer: Pointer

    @safe
    private struct Pointer: @unchecked Sendable {
        let raw: OpaquePointer
    }

    /// A context that verifies servers.
    ///
    /// - Parameter certificates: a file of certificates to trust; `nil` for the system's.
    /// - Throws: ``HTTPFailure/tls(_:)`` where they cannot be read.
    init(certificates: String?) throws(HTTPFailure) {
        var text = [CChar](repeating: 0, count: 256)
        let made = unsafe text.withUnsafeMutableBufferPointer { error in
            if let certificates {
                unsafe rtls_context_create(certificates, error.baseAddress, error.count)
            } else {
                unsafe rtls_context_create(nil, error.baseAddress, error.count)
            }
        }
        guard let made = unsafe made else {
            let place = certificates ?? "the system's store"
            throw .tls("certificates to trust cannot be read from \(place): \(TLSSession.string(text))")
        }
        unsafe pointer = Pointer(raw: made)
    }

    deinit { unsafe rtls_context_destroy(pointer.raw) }

    /// Begins a connection.
    ///
    /// - Parameter host: whose certificate is expected.
    func session(to host: String) throws(HTTPFailure) -> TLSSession {
        guard let made = unsafe rtls_session_create(pointer.raw, host) else {
            throw .tls("TLS cannot be begun with the host \(host)")
        }
        return unsafe TLSSession(made, context: self)
    }
}

/// One TLS connection between memory and memory. Confined to the task that uses the connection.
@safe
final class TLSSession: @unchecked Sendable {
    /// What reading has given.
    enum Outcome {
        case bytes(Int)
        case end
        case wantsInput
    }

    private let pointer: OpaquePointer
    private let context: TLSContext
    /// Where what comes from the socket goes, before ``received(_:)``.
    @unsafe let input: UnsafeMutableRawBufferPointer
    /// Where what goes to the socket is, after ``takeOutput()``.
    @unsafe let output: UnsafeMutableRawBufferPointer

    @unsafe
    fileprivate init(_ pointer: OpaquePointer, context: TLSContext) {
        unsafe self.pointer = pointer
        self.context = context
        unsafe input = .allocate(byteCount: 1 << 17, alignment: 64)
        unsafe output = .allocate(byteCount: 1 << 17, alignment: 64)
    }

    deinit {
        unsafe rtls_session_destroy(pointer)
        unsafe input.deallocate()
        unsafe output.deallocate()
    }

    /// Goes on with the handshake.
    ///
    /// - Returns: whether it is done; there may be output in any case.
    func handshake() throws(HTTPFailure) -> Bool { try check(unsafe rtls_handshake(pointer)) == 0 }

    /// Takes bytes to be sent.
    ///
    /// - Returns: how many were taken.
    func write(_ bytes: RawSpan) throws(HTTPFailure) -> Int {
        let count = try check(unsafe bytes.withUnsafeBytes { unsafe rtls_write(pointer, $0.baseAddress, $0.count) })
        guard count > 0 else { throw .tls("TLS takes nothing more to send") }
        return count
    }

    /// Gives bytes that were received.
    @unsafe
    func read(into target: UnsafeMutableRawBufferPointer) throws(HTTPFailure) -> Outcome {
        if target.count == 0 { return .bytes(0) }
        let result = try check(unsafe rtls_read(pointer, target.baseAddress, target.count))
        switch result {
        case RTLS_WANTS_INPUT: return .wantsInput
        case RTLS_END: return .end
        default: return .bytes(result)
        }
    }

    /// Moves what is to go to the socket to ``output``.
    ///
    /// - Returns: how many bytes; 0 where there is nothing.
    func takeOutput() -> Int { unsafe rtls_take_output(pointer, output.baseAddress, output.count) }

    /// Bytes have come from the socket, in ``input``.
    func received(_ count: Int) {
        let result = unsafe rtls_give_input(pointer, input.baseAddress, count)
        precondition(result == 0, "no memory")
    }

    private func check(_ result: Int) throws(HTTPFailure) -> Int {
        guard result == RTLS_FAILED else { return result }
        var text = [CChar](repeating: 0, count: 256)
        unsafe text.withUnsafeMutableBufferPointer {
            unsafe rtls_session_error(pointer, $0.baseAddress, $0.count)
        }
        throw .tls(Self.string(text))
    }

    fileprivate static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
