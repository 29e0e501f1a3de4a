internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// A directory, or one content of a file: when an object is replaced by others, its name leads to another node, so that
/// whoever has the old one open never sees bytes of both, not even in the kernel's cache.
final class BucketNode: Sendable {
    /// Its number for the kernel.
    let id: NodeID
    /// Whether it is a directory.
    let isDirectory: Bool
    /// All that changes. Taken after the tree's lock, never before.
    let state: Mutex<State>

    /// All that changes of a node.
    struct State {
        /// The directory that it is in; `nil` for the root.
        var parent: BucketNode?
        /// Its name in there.
        var name: StoredName
        /// Its key.
        var key: BucketKey
        /// What the bucket has of a file; `nil` for one that is only being written.
        var object: BucketObject?
        /// When the bucket was asked for it last.
        var checked = ContinuousClock.now
        /// Whether its name leads to something else now, or to nothing.
        var isReplaced = false
        /// Whether a directory stays without anything in the bucket.
        var isLocal = false
        /// What is being written to a file.
        var upload: BucketUpload?
        /// Where reading goes on if it is sequential.
        var readahead = Readahead()
        /// Which content the kernel's cache has pages of.
        var cachedTag: String?
    }

    init(_ id: NodeID, isDirectory: Bool, _ state: State) {
        self.id = id
        self.isDirectory = isDirectory
        self.state = Mutex(state)
    }

    /// Its key.
    var key: BucketKey { state.withLock { $0.key } }

    /// Whether it stays as it is whatever the bucket has.
    var isPinned: Bool { state.withLock { $0.isLocal || $0.upload != nil } }

    /// What is being written to it.
    var upload: BucketUpload? { state.withLock { $0.upload } }

    /// What there is to read of it.
    ///
    /// - Throws: `EBUSY` while it is being written.
    func source() throws(Errno) -> BucketSource {
        let (key, object, upload) = state.withLock { ($0.key, $0.object, $0.upload) }
        if let upload {
            guard let object = upload.complete else { throw .resourceBusy }
            return BucketSource(key, object)
        }
        guard let object else { throw .staleNFSFileHandle }
        return BucketSource(key, object)
    }

    /// Whether what is known of it is young enough to be believed.
    func isFresh(for lifetime: Duration) -> Bool {
        state.withLock { $0.isLocal || $0.upload != nil || ContinuousClock.now - $0.checked < lifetime }
    }
}

extension BucketNode.State {
    /// Bytes of a file, as programs see them.
    var size: UInt64 { upload?.size ?? object?.size ?? 0 }

    /// When the content was last changed, in seconds since 1970; `nil` for a file that is being written.
    var modified: Int64? { upload == nil ? object?.modified : nil }
}
