internal import Glibc
internal import RingFUSE

/// Which groups the caller of a request is in, beyond the one that the request names.
///
/// The kernel does not send them (6.18), and a few rules need them: the set-group-ID bit of a file whose group may not
/// execute it stays when a member of that group writes. They are read from `/proc`, which costs three system calls; so
/// it is asked for only where such a bit is at stake.
package enum CallerGroups {
    /// Whether the caller is in a group. A caller that is gone, or whom this process cannot see, is in its own only.
    static func contain(_ group: UInt32, _ context: borrowing RequestContext) -> Bool {
        context.groupID == group || groups(ofThread: context.processID).contains(group)
    }

    /// The supplementary groups of a thread.
    package static func groups(ofThread thread: UInt32) -> [UInt32] {
        guard thread != 0 else { return [] }
        let file = unsafe Glibc.open("/proc/\(thread)/status", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { _ = close(file) }
        // 65,536 groups of eleven characters at the most; the kernel's line is not longer than what fits.
        var text: [UInt8] = []
        let piece = 16 << 10
        while text.count < 1 << 20 {
            let part = unsafe [UInt8](unsafeUninitializedCapacity: piece) { buffer, count in
                count = unsafe max(0, Glibc.read(file, buffer.baseAddress, piece))
            }
            guard !part.isEmpty else { break }
            text += part
        }
        return groups(in: text)
    }

    /// The groups that the line `Groups:` names.
    static func groups(in status: [UInt8]) -> [UInt32] {
        for line in status.split(separator: UInt8(ascii: "\n")) where line.starts(with: "Groups:".utf8) {
            return line.dropFirst("Groups:".utf8.count).split { $0 == 0x20 || $0 == 0x09 }.compactMap {
                UInt32(String(decoding: $0, as: UTF8.self))
            }
        }
        return []
    }
}
