import CRingFUSE
import FoundationEssentials
import Glibc
import RingFUSE
import SystemPackage

/// Asks the server of a mount for its statistics, without touching the mount.
enum StatisticsClient {
    /// Bytes beyond which an answer is none: a thousand workers fill a quarter of a megabyte.
    private static let limit = 4 << 20

    /// Asks.
    ///
    /// - Throws: ``Failure`` where nobody answers.
    static func statistics(of entry: MountEntry) throws -> SessionStatistics {
        var denied = false
        for directory in StatisticsPath.directories(for: entry) {
            let path = StatisticsPath.socket(of: entry.connection, in: directory)
            var peer = uid_t.max
            let socket = unsafe rfuse_local_connect(path.string, &peer)
            if socket < 0 {
                if socket == -EACCES || socket == -EPERM { denied = true }
                // The socket of a server that is gone. In the directory of another user, a link could make it any.
                if socket == -ECONNREFUSED, directory == StatisticsPath.ownDirectory { unsafe _ = unlink(path.string) }
                continue
            }
            defer { close(socket) }
            guard peer == 0 || peer == geteuid() || peer == StatisticsPath.owner(of: entry) else { continue }
            if let data = read(socket), let answer = try? JSONDecoder().decode(SessionStatistics.self, from: data),
                answer.isPlausible
            {
                return answer
            }
        }
        throw Failure(mountPoint: entry.mountPoint, isDenied: denied)
    }

    /// All that comes until the end; `nil` where it does not end in time or is too much.
    private static func read(_ socket: Int32) -> Data? {
        var data = Data()
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while data.count <= limit {
            let count = unsafe recv(socket, &chunk, chunk.count, 0)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return data }
            data.append(contentsOf: chunk[..<count])
        }
        return nil
    }

    /// Nobody tells.
    struct Failure: Error, CustomStringConvertible {
        /// Where it is mounted.
        let mountPoint: FilePath
        /// Whether there is somebody who may not be asked.
        let isDenied: Bool

        /// One line.
        var description: String {
            isDenied
                ? "\(mountPoint): its server tells root and the user who runs it only"
                : "\(mountPoint): no server tells of it: it is gone (`ringfuse unmount` clears its mount), "
                    + "or not of this tool"
        }
    }
}

extension SessionStatistics {
    /// Whether its numbers can be reckoned with: root asks servers of any user, who may answer anything.
    var isPlausible: Bool {
        let times = [uptime] + stuckWorkers.map(\.age) + stuckRequests.map(\.age)
        let counts = workers.flatMap { [$0.requests, $0.bytesRead, $0.bytesWritten, $0.systemCalls] }
        // The first too large one ends it, so that the sum cannot overflow on the way.
        let total = counts.reduce(UInt64(0)) { max($0, $1) < 1 << 60 ? $0 + $1 : .max }
        return times.allSatisfy { (0...1e12).contains($0) } && total < 1 << 60
            && workers.allSatisfy { $0.queues.allSatisfy { (0...Int(UInt16.max)).contains($0) } }
    }
}
