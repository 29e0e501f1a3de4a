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

    /// The path without symbolic links; `nil` where it does not exist.
    var resolved: FilePath? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let isResolved = unsafe withPlatformString { unsafe realpath($0, &buffer) != nil }
        return isResolved ? FilePath(platformString: buffer) : nil
    }
}
