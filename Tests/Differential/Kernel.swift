internal import Glibc

/// The kernel that both sides run on.
enum Kernel {
    /// Whether its own file systems stamp by the tick: two changes within one then have one time. Since Linux 6.13 they
    /// give the second a finer one where somebody has looked at the first (`inode_set_ctime_current`).
    static let stampsByTheTick = release < (6, 13)

    /// Whether ext4 stamps a file that a hole is made in beyond its end, where nothing changes (since
    /// `ext4_fallocate` calls `file_modified`, Linux 6.14).
    static let stampsHolesBeyondTheEnd = release >= (6, 14)

    /// The first two numbers of its version.
    private static let release: (Int, Int) = {
        var names = utsname()
        guard unsafe uname(&names) == 0 else { return (0, 0) }
        let text = unsafe withUnsafeBytes(of: &names.release) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        let numbers = text.split { !$0.isNumber }.prefix(2).map { Int($0) ?? 0 }
        return numbers.count == 2 ? (numbers[0], numbers[1]) : (0, 0)
    }()
}
