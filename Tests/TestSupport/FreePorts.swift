import Glibc

/// Ports of 127.0.0.1 that nobody uses.
package enum FreePorts {
    package static func take(_ count: Int) throws -> [UInt16] {
        var files: [Int32] = []
        defer { for file in files { close(file) } }
        return try (0..<count).map { _ in
            // The gateway's gRPC port is 10000 above the other.
            for _ in 0..<100 {
                let port = UInt16.random(in: 20000..<45000)
                if let file = listening(port), let other = listening(port + 10000) {
                    files += [file, other]
                    return port
                }
            }
            throw TestFailure("no free ports")
        }
    }

    private static func listening(_ port: UInt16) -> Int32? {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = port.bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result == 0 { return file }
        close(file)
        return nil
    }
}
