internal import CRingFUSE
internal import Glibc
package import SystemPackage

/// fusermount3, the set-user-ID program that mounts FUSE file systems for ordinary users.
package struct MountHelper: Sendable {
    /// The program; a name without a slash is looked up in PATH.
    package var program: String

    /// A helper; by default the system's.
    package init(program: String = "fusermount3") {
        self.program = program
    }

    /// Mounts, and returns the /dev/fuse that the helper opened and sends over a socket (`_FUSE_COMMFD`).
    package func mount(at path: FilePath, options: MountOptions) throws(MountError) -> FileDescriptor {
        let ends = try Self.socketPair()
        defer { close(ends[0]) }
        let run: Run
        do throws(MountError) {
            run = try start(["-o", options.helperList, "--"], at: path, socket: ends[1])
        } catch {
            close(ends[1])
            throw error
        }
        // Our copy of its end, closed so that a helper that dies ends the wait below.
        close(ends[1])
        let descriptor = rfuse_receive_descriptor(ends[0])
        let outcome = run.finish()
        if descriptor >= 0 { return FileDescriptor(rawValue: descriptor) }
        if descriptor != -ENODATA { throw .failed(call: "recvmsg", path, Errno(rawValue: -descriptor)) }
        throw Self.error(outcome.text)
    }

    /// Unmounts.
    package func unmount(_ path: FilePath, lazy: Bool) throws(MountError) {
        let run = try start(["-u"] + (lazy ? ["-z"] : []) + ["--"], at: path, socket: -1)
        let outcome = run.finish()
        if !outcome.succeeded { throw Self.unmountError(outcome.text, path) }
    }

    /// A helper that was started.
    private struct Run {
        /// Its process.
        let process: pid_t

        /// What it says on standard error.
        let errors: FileDescriptor

        /// Waits for it to end.
        func finish() -> (succeeded: Bool, text: String) {
            let bytes = (try? SystemFile.bytes(from: errors)) ?? []
            try? errors.close()
            var status: Int32 = 0
            var result: pid_t
            repeat { result = unsafe waitpid(process, &status, 0) } while result < 0 && errno == EINTR
            // An embedder that ignores SIGCHLD has no status to wait for; then only what was said counts.
            let succeeded = result == process ? status == 0 : bytes.isEmpty
            return (succeeded, String(decoding: bytes, as: UTF8.self).trimmed)
        }
    }

    /// Starts the helper with a path as its last argument, byte for byte.
    private func start(_ arguments: [String], at path: FilePath, socket: Int32) throws(MountError) -> Run {
        let ends = try Self.socketPair()
        defer { close(ends[1]) }
        var vector: [UnsafeMutablePointer<CChar>?] = unsafe ([program] + arguments).map { unsafe strdup($0) }
        defer { unsafe vector.forEach { unsafe free($0) } }
        unsafe vector.append(unsafe path.withPlatformString { unsafe strdup($0) })
        unsafe vector.append(nil)
        let process = unsafe rfuse_spawn_helper(program, vector, socket, ends[1])
        guard process > 0 else {
            close(ends[0])
            if process == -ENOENT { throw .noHelper }
            throw .failed(call: "posix_spawn", FilePath(program), Errno(rawValue: -process))
        }
        return Run(process: process, errors: FileDescriptor(rawValue: ends[0]))
    }

    /// Two connected sockets. The helper's standard error is one as well: Swift has no pipe that is born close-on-exec.
    private static func socketPair() throws(MountError) -> [Int32] {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw .failed(call: "socketpair", "fusermount3", Errno(rawValue: errno))
        }
        return ends
    }

    /// What its words about a mount mean.
    private static func error(_ text: String) -> MountError {
        if text.contains("user_allow_other") { return .allowOtherRefused }
        if text.contains("fuse device not found") { return .noDevice }
        return .helper(text)
    }

    /// What its words about unmounting mean.
    private static func unmountError(_ text: String, _ path: FilePath) -> MountError {
        if text.contains("Device or resource busy") { return .inUse(path) }
        // It looks for our user's entry in the mount table, and finds none for somebody else's mount.
        if text.contains("not found in") || text.contains("not permitted") { return .notPermitted(path) }
        return .helper(text)
    }
}
