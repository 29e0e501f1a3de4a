import Glibc
import SystemPackage
import Testing

@testable import ringfuse

/// The datagrams for systemd.
@Suite struct ServiceManagerTests {
    @Test func path() throws {
        let path = "/tmp/ringfuse-notify-\(getpid())"
        let listener = try NotifyListener(path)
        defer { _ = unsafe unlink(path) }
        try ServiceManager(socket: path).tell(.ready, status: "memory on /mnt")
        try ServiceManager(socket: path).tell(.stopping)
        #expect(listener.next() == "READY=1\nSTATUS=memory on /mnt")
        #expect(listener.next() == "STOPPING=1")
        #expect(listener.next() == nil)
    }

    @Test func abstractName() throws {
        let name = "@ringfuse-notify-\(getpid())"
        let listener = try NotifyListener(name)
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
