import CRingFUSE
import FoundationEssentials
import Glibc
import RingFUSE
import SystemPackage

/// Answers `ringfuse stats` for one session, on a thread of its own, which nothing that the session waits for can stop.
///
/// Who connects gets JSON, and nothing is read from them. Only root and the server's own user are let in: by the mode
/// of the directory, by that of the socket, and by what the kernel says of the other end.
final class StatisticsServer: Sendable {
    private let listener: Int32
    private let path: FilePath
    /// The socket's own inode, to be told from one that was put in its place.
    private let inode: ino_t

    /// Opens the socket of a connection and starts to answer.
    ///
    /// - Parameter statistics: what to tell; `nil` closes the connection without a word.
    /// - Throws: why there cannot be a socket; the session serves without as well.
    init(
        connection: UInt32,
        in directory: FilePath,
        statistics: @escaping @Sendable () -> SessionStatistics?
    ) throws(Errno) {
        try Self.prepare(directory)
        path = StatisticsPath.socket(of: connection, in: directory)
        listener = try Self.listen(at: path)
        var status = stat()
        inode = unsafe lstat(path.string, &status) == 0 ? status.st_ino : 0
        let listener = listener
        do throws(Errno) {
            try DedicatedThread(name: "ringfuse-stats") { _ in Self.serve(listener, statistics) }.detach()
        } catch {
            close(listener)
            throw error
        }
    }

    /// Ends it, and removes the socket.
    func stop() {
        // Wakes the thread out of `accept`, which then closes the descriptor.
        shutdown(listener, Int32(SHUT_RDWR))
        var status = stat()
        if unsafe lstat(path.string, &status) == 0, status.st_ino == inode { unsafe _ = unlink(path.string) }
    }

    /// Makes the directory, or checks that it is this user's alone.
    private static func prepare(_ directory: FilePath) throws(Errno) {
        if unsafe mkdir(directory.string, 0o700) != 0 && errno != EEXIST { throw Errno(rawValue: errno) }
        var status = stat()
        guard unsafe lstat(directory.string, &status) == 0 else { throw Errno(rawValue: errno) }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else { throw .notPermitted }
        if status.st_mode & 0o077 != 0, unsafe chmod(directory.string, 0o700) != 0 { throw Errno(rawValue: errno) }
    }

    /// A socket that is there already belongs to a server that is gone, or about to go: the kernel gives the number of
    /// a connection to another only when that has ended.
    private static func listen(at path: FilePath) throws(Errno) -> Int32 {
        var result = unsafe rfuse_local_listen(path.string)
        if result == -EADDRINUSE, unsafe unlink(path.string) == 0 { result = unsafe rfuse_local_listen(path.string) }
        guard result >= 0 else { throw Errno(rawValue: -result) }
        return result
    }

    private static func serve(_ listener: Int32, _ statistics: () -> SessionStatistics?) {
        defer { close(listener) }
        while true {
            let accepted = rfuse_local_accept(listener)
            switch -accepted {
            case EINVAL, EBADF, ENOTSOCK:
                return
            case EMFILE, ENFILE, ENOMEM, ENOBUFS:
                usleep(100_000)
            case ...0:
                if let statistics = statistics() { send(statistics, to: accepted) }
                close(accepted)
            default:
                continue
            }
        }
    }

    private static func send(_ statistics: SessionStatistics, to socket: Int32) {
        guard let text = try? JSONEncoder().encode(statistics) else { return }
        unsafe text.withUnsafeBytes { bytes in
            var rest = unsafe bytes[...]
            while unsafe !rest.isEmpty {
                let part = unsafe UnsafeRawBufferPointer(rebasing: rest)
                let count = unsafe Glibc.send(socket, part.baseAddress, part.count, Int32(MSG_NOSIGNAL))
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return }
                unsafe rest = rest.dropFirst(count)
            }
        }
    }
}
