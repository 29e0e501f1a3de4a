import Glibc
import RingFUSE
import SystemPackage

/// Where servers can be asked for their statistics: a socket for each connection, in a directory of the server's user.
enum StatisticsPath {
    /// The directory for servers of root.
    static let systemDirectory: FilePath = "/run/ringfuse"

    /// The directory for servers of this user; `nil` for one without a run-time directory.
    static var ownDirectory: FilePath? {
        if geteuid() == 0 { return systemDirectory }
        return Environment.value(of: "XDG_RUNTIME_DIR").map { FilePath($0).appending("ringfuse") }
    }

    /// The directories in which the server of a mount may have its socket.
    static func directories(for entry: MountEntry) -> [FilePath] {
        var directories = [systemDirectory]
        if let own = ownDirectory, own != systemDirectory { directories.append(own) }
        if let user = owner(of: entry) { directories.append(FilePath("/run/user/\(user)/ringfuse")) }
        return directories
    }

    /// Who mounted, as the kernel tells it.
    static func owner(of entry: MountEntry) -> uid_t? {
        entry.superOptions.lazy.compactMap { option in
            option.hasPrefix("user_id=") ? uid_t(option.dropFirst("user_id=".count)) : nil
        }.first
    }

    /// The socket of a connection in a directory.
    static func socket(of connection: UInt32, in directory: FilePath) -> FilePath {
        directory.appending("\(connection).sock")
    }
}
