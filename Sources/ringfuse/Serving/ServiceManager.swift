import Glibc
import SystemPackage

/// The service manager (systemd, Type=notify) that waits to hear how this process is: sd_notify(3) without libsystemd.
struct ServiceManager: Sendable {
    /// What it can be told.
    enum State: String {
        /// Start-up is complete.
        case ready = "READY=1"
        /// The service is about to end.
        case stopping = "STOPPING=1"
    }

    /// Its datagram socket: a path, or a name in the abstract name space after an `@`.
    let socket: String

    /// The manager at a socket; `@` starts an abstract name.
    init(socket: String) {
        self.socket = socket
    }

    /// The one that started this process; nil where none waits.
    static var inherited: ServiceManager? {
        Environment.value(of: "NOTIFY_SOCKET").map(ServiceManager.init(socket:))
    }

    /// Tells it a state, with a line for `systemctl status`.
    ///
    /// - Throws: `EINVAL` for a socket that is no unix socket or too long, and the errors of sendto(2).
    func tell(_ state: State, status: String? = nil) throws(Errno) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(socket.utf8)
        guard let first = name.first, [UInt8(ascii: "/"), UInt8(ascii: "@")].contains(first),
            name.count < MemoryLayout.size(ofValue: address.sun_path)
        else { throw .invalidArgument }
        if first == UInt8(ascii: "@") { name[0] = 0 }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
        // An abstract name ends with the address, a path with a NUL.
        let start = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        let length = socklen_t(start + name.count + (first == UInt8(ascii: "/") ? 1 : 0))

        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        defer { close(descriptor) }
        let message = Array((status.map { "\(state.rawValue)\nSTATUS=\($0)" } ?? state.rawValue).utf8)
        let sent = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL), address, length)
            }
        }
        guard sent == message.count else { throw Errno(rawValue: errno) }
    }
}
