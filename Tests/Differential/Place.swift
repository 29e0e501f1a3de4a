internal import CDifferential
internal import Glibc

/// Where trees are made.
public struct Place: Sendable {
    /// One side.
    struct Tree: Sendable {
        /// Trees are made below.
        let root: String
        /// The same directory, on a mount that is read-only.
        let readOnly: String
    }

    /// What is tested.
    let tested: Tree
    /// What it is held against.
    let reference: Tree
    /// A directory of a third file system.
    let other: String

    /// Prepares two directories for a run, in a mount namespace of this process's own.
    ///
    /// - Parameters:
    ///   - tested: a directory on the file system that is tested.
    ///   - reference: a directory on the file system it is held against.
    ///   - scratch: an empty directory for mount points.
    /// - Throws: ``DifferentialError`` where something can't be mounted.
    public init(tested: String, reference: String, scratch: String) throws(DifferentialError) {
        try check(rfuse_diff_own_mounts(), "getting a mount namespace")
        other = scratch + "/other"
        self.tested = Tree(root: tested, readOnly: scratch + "/tested-read-only")
        self.reference = Tree(root: reference, readOnly: scratch + "/reference-read-only")
        for directory in [scratch, other, self.tested.readOnly, self.reference.readOnly] {
            // Users other than the superuser walk through all of them.
            let made = unsafe mkdir(directory, 0o755)
            guard made == 0 || errno == EEXIST else { throw DifferentialError(text: "\(directory): cannot be made") }
        }
        try check(unsafe rfuse_diff_mount_other(other), "mounting on \(other)")
        for tree in [self.tested, self.reference] {
            try check(unsafe rfuse_diff_bind_read_only(tree.root, tree.readOnly), "mounting \(tree.root) again")
        }
    }
}
