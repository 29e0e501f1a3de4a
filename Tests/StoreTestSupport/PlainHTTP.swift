import Glibc

/// A request without signature, over a socket of its own.
package enum PlainHTTP {
    /// The status of the answer; `nil` where there is none.
    package static func status(_ method: String, _ path: String, port: UInt16) async throws -> Int? {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(file) }
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        _ = unsafe setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = port.bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { return nil }
        let request = "\(method) \(path) HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"
        guard unsafe write(file, request, request.utf8.count) > 0 else { return nil }
        var answer = [UInt8](repeating: 0, count: 16)
        guard unsafe recv(file, &answer, 12, Int32(MSG_WAITALL)) == 12 else { return nil }
        return Int(String(decoding: answer[9..<12], as: UTF8.self))
    }
}
