internal import RingFUSE
internal import SystemPackage

/// The names of a null file system, and which of its nodes they and the kernel still use.
struct NullNames: ~Copyable {
    /// What is known of a node.
    private struct Node {
        /// How often the kernel knows it.
        var lookups: UInt64 = 0
        /// How many files had this id before, to tell them apart.
        var generation: UInt64 = 0
        /// Whether it has a name.
        var isNamed = false
    }

    /// Indices of nodes by name; cookies 1 and 2 are `.` and `..`.
    private(set) var table = NameTable<Int>(firstCookie: 3)
    /// Nodes by index, up to the first that never had a file: memory is for files that are there.
    private var nodes: ContiguousArray<Node> = []
    /// Indices that had a file which is gone.
    private var reusable: ContiguousArray<Int> = []
    /// Nodes at the most.
    private let capacity: Int

    /// No names.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// The number of nodes in use.
    var used: Int { nodes.count - reusable.count }

    /// Tells the generation of a node.
    func generation(of index: Int) -> UInt64 { nodes[index].generation }

    /// Counts a lookup of a node.
    mutating func addLookup(of index: Int) { nodes[index].lookups += 1 }

    /// Takes a node into use for a new name.
    ///
    /// - Throws: `EEXIST`, `ENAMETOOLONG`, `ENOSPC`.
    mutating func add(_ name: borrowing Name) throws(Errno) -> Int {
        guard table[name] == nil else { throw .fileExists }
        guard name.count <= 255 else { throw .fileNameTooLong }
        let index: Int
        if let last = reusable.popLast() {
            index = last
        } else if nodes.count < capacity {
            index = nodes.count
            nodes.append(Node())
        } else {
            throw .noSpace
        }
        nodes[index].isNamed = true
        table.insert(name, index)
        return index
    }

    /// Removes a name.
    ///
    /// - Returns: the index of its node where that is now free.
    /// - Throws: `ENOENT`.
    mutating func remove(_ name: borrowing Name) throws(Errno) -> Int? {
        guard let index = table.remove(name) else { throw .noSuchFileOrDirectory }
        nodes[index].isNamed = false
        return freed(index)
    }

    /// Gives a file another name.
    ///
    /// - Returns: the index of the file that had the new name, where it is now free.
    /// - Throws: `ENOENT`, `EEXIST`, `ENAMETOOLONG`, `EINVAL` for a whiteout.
    mutating func rename(_ name: borrowing Name, to newName: borrowing Name, _ flags: RenameFlags) throws(Errno) -> Int?
    {
        guard flags.isEmpty || flags == .noReplace || flags == .exchange else { throw .invalidArgument }
        guard let index = table[name] else { throw .noSuchFileOrDirectory }
        guard newName.count <= 255 else { throw .fileNameTooLong }
        guard let former = table[newName] else {
            guard flags != .exchange else { throw .noSuchFileOrDirectory }
            table.remove(name)
            table.insert(newName, index)
            return nil
        }
        guard flags != .noReplace else { throw .fileExists }
        guard former != index else { return nil }
        table.replace(newName, with: index)
        if flags == .exchange {
            table.replace(name, with: former)
            return nil
        }
        table.remove(name)
        nodes[former].isNamed = false
        return freed(former)
    }

    /// Takes back lookups of a node.
    ///
    /// - Returns: its index where it is now free.
    mutating func forget(_ index: Int, lookups: UInt64) -> Int? {
        // Already free: nothing is known of it that could be forgotten.
        guard index < nodes.count, nodes[index].lookups > 0 else { return nil }
        nodes[index].lookups -= min(lookups, nodes[index].lookups)
        return freed(index)
    }

    /// Frees a node that has neither a name nor lookups.
    private mutating func freed(_ index: Int) -> Int? {
        guard !nodes[index].isNamed, nodes[index].lookups == 0 else { return nil }
        nodes[index].generation += 1
        reusable.append(index)
        return index
    }
}
