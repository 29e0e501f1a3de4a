package import RingFUSE
package import SystemPackage

// How attributes change, as the kernel's VFS and ext4 have it; without what a file system has to keep beside them.

extension Attributes {
    /// Notes that the content has changed.
    package mutating func modified(at time: Timestamp) {
        modificationTime = time
        changeTime = time
    }

    /// Notes that the content, or a directory or symbolic link, was read: as Linux does unless told otherwise
    /// (`relatime`), where it has changed since, or a day has passed.
    ///
    /// - Returns: whether that changed anything.
    @discardableResult
    package mutating func accessed(at time: Timestamp, _ flags: InodeFlags) -> Bool {
        guard !flags.contains(.noAccessTime) else { return false }
        let former = accessTime
        let age = time.seconds.subtractingReportingOverflow(former.seconds).partialValue
        guard former <= modificationTime || former <= changeTime || age >= 24 * 60 * 60 else { return false }
        accessTime = time
        return true
    }

    /// Sets owner and times; mode and size have rules of their own.
    package mutating func setOwnerAndTimes(_ changes: AttributeChanges, at now: Timestamp) {
        userID = changes.userID ?? userID
        groupID = changes.groupID ?? groupID
        if let change = changes.accessTime { accessTime = change.time(now: now) }
        if let change = changes.modificationTime { modificationTime = change.time(now: now) }
        changeTime = changes.changeTime ?? now
    }
}

extension AttributeChanges {
    /// Checks that a node's flags allow this, as the kernel's VFS and ext4 do it.
    ///
    /// - Throws: `EPERM`.
    package func check(against flags: InodeFlags) throws(Errno) {
        guard flags.isProtected, !comesFromCache else { return }
        // `touch`, with both times "now", is the one thing that can be done to what may only grow.
        let isTouch = accessTime == .now && modificationTime == .now
        let setsTimes = accessTime != nil || modificationTime != nil
        guard !flags.contains(.immutable), mode == nil, userID == nil, groupID == nil, size == nil,
            isTouch || !setsTimes
        else { throw .notPermitted }
    }

    /// Whether this takes set-ID bits and capabilities away where the size stays.
    ///
    /// So does whoever changes the owner, as the kernel's own file systems do it. A request that changes nothing comes
    /// from `chown(-1, -1)`, and from the kernel where something else is to drop privileges (fallocate; 6.18).
    package var dropsPrivileges: Bool { killsPrivileges || changesOwner || isEmpty }

    /// Whether the owner or the group is set.
    private var changesOwner: Bool { userID != nil || groupID != nil }

    /// Whether nothing is set; the time of the last change does not count, which a kernel that owns it always sends.
    private var isEmpty: Bool {
        mode == nil && !changesOwner && size == nil && accessTime == nil && modificationTime == nil
    }

    /// Whether it is times that the kernel has kept so far, because its page cache writes back (`fuse_flush_times`).
    private var comesFromCache: Bool {
        changeTime != nil && modificationTime != nil && mode == nil && !changesOwner && size == nil
            && accessTime == nil
    }
}

extension TimeChange {
    /// The time that is meant.
    fileprivate func time(now: Timestamp) -> Timestamp {
        switch self {
        case .now: now
        case .to(let time): time
        }
    }
}
