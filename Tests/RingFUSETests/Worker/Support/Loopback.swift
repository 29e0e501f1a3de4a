import Glibc
import SystemPackage

/// A TCP socket that listens on a port of 127.0.0.1 of the kernel's choice.
final class Loopback: Sendable {
    private let listener: FileDescriptor
    /// The `sockaddr_in` of the listener.
    let address: [UInt8]

    /// Listens.
    init(backlog: Int32 = 16) throws {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        listener = FileDescriptor(rawValue: file)
        var bound = sockaddr_in()
        bound.sin_family = sa_family_t(AF_INET)
        bound.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = unsafe withUnsafeMutablePointer(to: &bound) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard unsafe bind(file, address, length) == 0, listen(file, backlog) == 0 else { return Int32(-1) }
                return unsafe getsockname(file, address, &length)
            }
        }
        guard result == 0 else { throw Errno(rawValue: errno) }
        address = unsafe withUnsafeBytes(of: bound) { unsafe Array($0) }
    }

    deinit { try? listener.close() }

    /// Takes a connection; waits for it.
    func accept() throws -> FileDescriptor {
        let file = Glibc.accept(listener.rawValue, nil, nil)
        guard file >= 0 else { throw Errno(rawValue: errno) }
        return FileDescriptor(rawValue: file)
    }
}
