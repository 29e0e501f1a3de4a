import RingFUSE
import SystemPackage

/// What the doctor judges: facts about the machine and this process, so that tests can make them up.
struct DoctorFacts: Sendable {
    /// What opening /dev/fuse gave.
    enum Device: Sendable, Equatable {
        /// A descriptor.
        case opened
        /// An error.
        case refused(Errno)
    }

    /// What setting up a ring with large submission entries gave.
    enum Probe: Sendable, Equatable {
        /// A ring, with these features.
        case made([String])
        /// An error.
        case refused(Errno)
    }

    /// A resource limit.
    struct Limit: Sendable, Equatable {
        /// What holds now; nil: no limit.
        var soft: UInt64?
        /// What it can be raised to; nil: no limit.
        var hard: UInt64?
    }

    /// The kernel's release, such as `6.18.3-amd64`.
    var release: String
    /// The user this process acts as.
    var userID: UInt32
    /// The groups of this process, its effective one among them.
    var groups: Set<UInt32>
    /// Whether the kernel has FUSE, built in or loaded.
    var hasFUSE: Bool
    /// What opening /dev/fuse gave.
    var device: Device
    /// The module parameter enable_uring; nil where the module has none.
    var enableRing: Bool?
    /// Whether this process may change it.
    var canEnableRing: Bool
    /// The sysctl kernel.io_uring_disabled; nil before Linux 6.6.
    var ringsDisabled: Int?
    /// The sysctl kernel.io_uring_group; nil where it is not set.
    var ringGroup: UInt32?
    /// What setting up a ring gave.
    var probe: Probe
    /// The sysctl fs.fuse.max_pages_limit; nil before Linux 6.13.
    var maxPages: Int?
    /// Bytes of a page.
    var pageSize: Int
    /// The CPUs.
    var topology: CPUTopology
    /// RLIMIT_MEMLOCK, in bytes.
    var lockedMemory: Limit
    /// RLIMIT_NOFILE.
    var files: Limit
    /// The effective capabilities, as bits.
    var capabilities: UInt64
    /// The capabilities that a set-user-ID program could gain, as bits.
    var boundingCapabilities: UInt64
    /// Whether set-user-ID bits are without effect (no_new_privs).
    var noNewPrivileges: Bool
    /// Where fusermount3 is; nil where it is not installed.
    var helper: FilePath?
    /// Whether it is set-user-ID root.
    var helperIsPrivileged: Bool
    /// Whether /etc/fuse.conf lets ordinary users give `allow_other`; nil where there is no such file.
    var allowsOthers: Bool?

    /// Whether this process may mount and load modules (CAP_SYS_ADMIN, bit 21).
    var isAdministrator: Bool { capabilities & 1 << 21 != 0 }

    /// Whether this process may mark itself as one that writeback waits for (CAP_SYS_RESOURCE, bit 24).
    var mayFlush: Bool { capabilities & 1 << 24 != 0 }

    /// Whether this process may lock any amount of memory (CAP_IPC_LOCK, bit 14).
    var mayLock: Bool { capabilities & 1 << 14 != 0 || lockedMemory.hard == nil }

    /// Whether fusermount3 can gain what it needs.
    var helperWorks: Bool {
        helper != nil && helperIsPrivileged && !noNewPrivileges && boundingCapabilities & 1 << 21 != 0
    }

    /// Major and minor version of the kernel; zeros where its release starts with none.
    var version: (major: Int, minor: Int) {
        let numbers = release.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
        return numbers.count == 2 ? (numbers[0], numbers[1]) : (0, 0)
    }
}
