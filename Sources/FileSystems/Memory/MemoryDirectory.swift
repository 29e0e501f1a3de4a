internal import RingFUSE

/// The names in a directory of a memory file system.
struct MemoryDirectory {
    /// What a name stands for.
    struct Child {
        /// The node.
        let node: NodeID
        /// Its type, for `readdir`, which then need not ask the node.
        let type: NodeType
    }

    /// The cookies of `.` and `..`; those of names are greater.
    private static let dotCookie: UInt64 = 1
    private static let dotDotCookie: UInt64 = 2
    private static let dot: StoredName = "."
    private static let dotDot: StoredName = ".."

    /// The directory's own node.
    let node: NodeID
    /// The directory that it is in; the root is in itself.
    var parent: NodeID
    /// Whether its own name is gone: nothing can be made in it any more.
    var isRemoved = false
    /// Its names, without `.` and `..`.
    var names = NameTable<Child>(firstCookie: 3)

    /// An empty directory.
    init(node: NodeID, parent: NodeID) {
        self.node = node
        self.parent = parent
    }

    /// Calls `body` with name, child and cookie of what comes after a cookie, `.` and `..` first, until it says false.
    func forEach(after cookie: UInt64, _ body: (borrowing Name, Child, UInt64) -> Bool) {
        if cookie < Self.dotCookie {
            let child = Child(node: node, type: .directory)
            guard Self.dot.withName({ body($0, child, Self.dotCookie) }) else { return }
        }
        // A removed directory has no `..` any more; its parent may be gone.
        if cookie < Self.dotDotCookie, !isRemoved {
            let child = Child(node: parent, type: .directory)
            guard Self.dotDot.withName({ body($0, child, Self.dotDotCookie) }) else { return }
        }
        names.forEach(after: cookie, body)
    }

    /// Whether a child is `.` or `..`, by its cookie.
    static func isDotOrDotDot(_ cookie: UInt64) -> Bool { cookie <= dotDotCookie }
}
