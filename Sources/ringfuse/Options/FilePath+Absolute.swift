import CRingFUSE
import Glibc
import SystemPackage

extension FilePath {
    /// The path from the root, by the current directory. Symbolic links stay: only who opens the path may resolve them.
    var absolute: FilePath {
        if isAbsolute { return self }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        guard unsafe getcwd(&buffer, buffer.count) != nil else { return self }
        return FilePath(platformString: buffer).pushing(self)
    }

    /// The path without symbolic links; `nil` where it does not exist. A mount that hangs there is not asked anything.
    var resolved: FilePath? {
        let descriptor = unsafe withPlatformString { unsafe rfuse_open_path($0) }
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let length = unsafe readlink("/proc/thread-self/fd/\(descriptor)", &buffer, buffer.count - 1)
        return length > 0 ? FilePath(platformString: buffer) : nil
    }
}
