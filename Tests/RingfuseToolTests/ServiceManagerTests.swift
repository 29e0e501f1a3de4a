import Glibc
import SystemPackage
import Testing

@testable import ringfuse

/// The datagrams for systemd.
@Suite struct ServiceManagerTests {
    /// A datagram socket that a service manager would listen on.
    private final class Listener {
        /// Its descriptor.
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)

        /// Binds it to a name as NOTIFY_SOCKET gives it.
        init(_ name: String) throws {
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            var bytes = Array(name.utf8)
            if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
            // An abstract name is as long as the address says; here without any padding.
            let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
            let result = unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(descriptor, $0, length) }
            }
            try #require(result == 0)
        }

        deinit { close(descriptor) }

        /// The next datagram, which has arrived already.
        func next() -> String? {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = unsafe recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
        }
    }

    @Test func path() throws {
        let path = "/tmp/ringfuse-notify-\(getpid())"
        let listener = try Listener(path)
        defer { _ = unsafe unlink(path) }
        try ServiceManager(socket: path).tell(.ready, status: "memory on /mnt")
        try ServiceManager(socket: path).tell(.stopping)
        #expect(listener.next() == "READY=1\nSTATUS=memory on /mnt")
        #expect(listener.next() == "STOPPING=1")
        #expect(listener.next() == nil)
    }

    @Test func abstractName() throws {
        let name = "@ringfuse-notify-\(getpid())"
        let listener = try Listener(name)
        try ServiceManager(socket: name).tell(.ready)
        #expect(listener.next() == "READY=1")
    }

    @Test(arguments: ["relative", "", "/" + String(repeating: "x", count: 200)])
    func badSocket(name: String) {
        #expect(throws: Errno.invalidArgument) { try ServiceManager(socket: name).tell(.ready) }
    }

    @Test func nobodyListens() {
        #expect(throws: Errno.noSuchFileOrDirectory) {
            try ServiceManager(socket: "/tmp/ringfuse-no-such-socket").tell(.ready)
        }
    }
}

/// What a server in the background tells its launcher.
@Suite struct LauncherTests {
    @Test func messages() {
        #expect(Launcher.message(from: "0\nmounted\nmore") == .ready(report: "mounted\nmore"))
        #expect(Launcher.message(from: "64\nbad") == .failed(code: 64, line: "bad"))
        #expect(Launcher.message(from: "") == nil)
        #expect(Launcher.message(from: "0") == nil)
        #expect(Launcher.message(from: "x\ny") == nil)
    }
}
