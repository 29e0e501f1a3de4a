import Foundation
import Glibc

/// Ports of 127.0.0.1 that nobody uses.
package enum FreePorts {
    nonisolated(unsafe) private static var given: Set<UInt16> = []
    private static let lock = NSLock()

    /// Ports that are free, and are given once in this process; so are those 10000 above, where SeaweedFS has gRPC.
    ///
    /// All are below 32768. From there on the kernel takes ports for connections (ip_local_port_range), of which the
    /// tests open thousands: one of them may have the port by the time that the server wants it.
    package static func take(_ count: Int) throws -> [UInt16] {
        try (0..<count).map { _ in
            for _ in 0..<100 {
                let port = UInt16.random(in: 10000..<20000)
                let isNew = lock.withLock { unsafe given.insert(port).inserted }
                if isNew && isFree(port) && isFree(port + 10000) { return port }
            }
            throw TestFailure("no free ports")
        }
    }

    private static func isFree(_ port: UInt16) -> Bool {
        guard let file = listening(port) else { return false }
        close(file)
        return true
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
