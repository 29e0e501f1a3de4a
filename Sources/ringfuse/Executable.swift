import Glibc
import SystemPackage

/// This program.
enum Executable {
    /// Its path, by which it can be started again.
    static let path: String = {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let length = unsafe readlink("/proc/self/exe", &path, path.count - 1)
        precondition(length > 0, "every process has an executable")
        return FilePath(platformString: path).string
    }()
}
