internal import CDifferential
internal import Glibc

/// What one side knows of a file without reading it.
struct Node {
    /// 0, or -errno: then nothing else counts.
    let error: Int32
    let mode: UInt32
    let user: UInt32
    let group: UInt32
    let links: UInt32
    let size: UInt64
    let inode: UInt64
    let blocks: UInt64
    let device: UInt64
    /// Nanoseconds since 1970.
    let accessed: Int64
    let modified: Int64
    let changed: Int64

    init(_ node: rfuse_diff_node) {
        error = node.error
        mode = node.mode
        user = node.user
        group = node.group
        links = node.links
        size = node.size
        inode = node.inode
        blocks = node.blocks
        device = node.device
        accessed = node.accessed
        modified = node.modified
        changed = node.changed
    }

    /// Whether there is such a file.
    var exists: Bool { error == 0 }

    /// Its type, as in `st_mode`.
    var type: UInt32 { mode & UInt32(S_IFMT) }

    /// Whether it is a directory.
    var isDirectory: Bool { type == UInt32(S_IFDIR) }

    /// Whether it is a regular file.
    var isRegular: Bool { type == UInt32(S_IFREG) }

    /// Whether it is a pipe, a socket or a device.
    var isSpecial: Bool { exists && !isDirectory && !isRegular && type != UInt32(S_IFLNK) }

    /// What both sides must agree in at any time, by name. Sizes of directories are their file system's own affair.
    var facts: [(name: String, value: String)] {
        guard exists else { return [("exists", Errors.name(of: -error))] }
        var facts = [
            ("exists", "yes"), ("mode", String(mode, radix: 8)), ("user", "\(user)"), ("group", "\(group)"),
            ("links", "\(links)"), ("device", "\(device)"),
        ]
        if !isDirectory { facts.append(("size", "\(size)")) }
        return facts
    }

    /// Scripts set times before this one (2020); all that comes of the clock is later.
    static let setByHand: Int64 = 1_577_836_800_000_000_000

    /// The times that are compared, by name.
    var times: [(name: Time, value: Int64)] {
        [(.accessed, accessed), (.modified, modified), (.changed, changed)]
    }

    /// A time of a file.
    enum Time: String {
        case accessed = "atime"
        case modified = "mtime"
        case changed = "ctime"
    }
}
