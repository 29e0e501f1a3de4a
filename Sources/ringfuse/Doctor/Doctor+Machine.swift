import RingFUSE

extension Doctor {
    /// The descriptors that a mirror of many files wants: one for each file that the kernel knows.
    private static let enoughFiles: UInt64 = 65_536

    /// CPUs and limits.
    var machineFindings: [DoctorReport.Finding] {
        [cpuFinding, memoryFinding, flusherFinding, filesFinding]
    }

    /// The CPUs.
    private var cpuFinding: DoctorReport.Finding {
        let topology = facts.topology
        let text = "CPUs: possible \(topology.possible), online \(topology.online), allowed \(topology.allowed)"
        if topology.usable.isEmpty {
            return .init(
                "cpus",
                .fail,
                "\(text): none is usable",
                fix: "widen the cpuset or affinity mask of this process"
            )
        }
        let missing = topology.possible.count - topology.usable.count
        if missing == 0 { return .init("cpus", .ok, text) }
        return .init("cpus", .ok, "\(text); workers on \(topology.usable) serve the queues of the other \(missing) too")
    }

    /// Memory that may be locked. Rings have not counted since Linux 5.12.
    private var memoryFinding: DoctorReport.Finding {
        let lock = facts.mayLock ? "--lock-memory is permitted" : "--lock-memory is not permitted"
        let text = "RLIMIT_MEMLOCK is \(Self.size(facts.lockedMemory.soft)); \(lock)"
        let isCounted = facts.version < (5, 12) && !facts.isAdministrator
        guard isCounted, let soft = facts.lockedMemory.soft, soft < 64 << 20 else { return .init("memlock", .ok, text) }
        return .init("memlock", .warn, "\(text), and this kernel counts rings", fix: "ulimit -l unlimited")
    }

    /// PR_SET_IO_FLUSHER, which servers set for themselves.
    private var flusherFinding: DoctorReport.Finding {
        if facts.mayFlush {
            return .init("io_flusher", .ok, "CAP_SYS_RESOURCE: memory for a server never waits for its own writeback")
        }
        return .init(
            "io_flusher",
            .warn,
            "no CAP_SYS_RESOURCE: under memory pressure, memory for a server may wait for its own writeback",
            fix: "as root; for a container: --cap-add SYS_RESOURCE; for a unit: AmbientCapabilities=CAP_SYS_RESOURCE"
        )
    }

    /// Descriptors.
    private var filesFinding: DoctorReport.Finding {
        let (soft, hard) = (Self.count(facts.files.soft), Self.count(facts.files.hard))
        let text = "RLIMIT_NOFILE is \(soft), and can be raised to \(hard)"
        guard let limit = facts.files.hard, limit < Self.enoughFiles else { return .init("files", .ok, text) }
        return .init(
            "files",
            .warn,
            "\(text): a mirror keeps a descriptor for each file that the kernel knows",
            fix: "ulimit -Hn \(Self.enoughFiles), or LimitNOFILE= in the unit"
        )
    }

    /// A limit in bytes.
    private static func size(_ limit: UInt64?) -> String {
        guard let limit else { return "unlimited" }
        return ByteSize(bytes: Int(clamping: limit)).rounded
    }

    /// A limit that is a number.
    private static func count(_ limit: UInt64?) -> String {
        limit.map { "\($0)" } ?? "unlimited"
    }

    /// Who may mount.
    var privilegeFindings: [DoctorReport.Finding] {
        [capabilityFinding, helperFinding, othersFinding]
    }

    /// CAP_SYS_ADMIN.
    private var capabilityFinding: DoctorReport.Finding {
        if facts.isAdministrator { return .init("capabilities", .ok, "CAP_SYS_ADMIN: mounts with mount(2)") }
        if facts.helperWorks {
            return .init("capabilities", .ok, "user \(facts.userID) without CAP_SYS_ADMIN: mounts with fusermount3")
        }
        return .init(
            "capabilities",
            .fail,
            "user \(facts.userID) without CAP_SYS_ADMIN, and fusermount3 cannot help",
            fix: "become root, or see the next line"
        )
    }

    /// fusermount3.
    private var helperFinding: DoctorReport.Finding {
        // Root needs none.
        let bad: DoctorReport.Level = facts.isAdministrator ? .warn : .fail
        guard facts.helper != nil else {
            return .init(
                "fusermount3",
                bad,
                "fusermount3 is missing: ordinary users cannot mount",
                fix: "apt install fuse3"
            )
        }
        guard facts.helperIsPrivileged else {
            return .init(
                "fusermount3",
                bad,
                "\(helperPath) is not set-user-ID root: ordinary users cannot mount",
                fix: "as root: chown root \(helperPath) && chmod u+s \(helperPath)"
            )
        }
        guard facts.helperWorks else {
            return .init(
                "fusermount3",
                bad,
                "\(helperPath) cannot gain CAP_SYS_ADMIN from this process",
                fix: "start without no_new_privs, and a container with --cap-add SYS_ADMIN"
            )
        }
        return .init("fusermount3", .ok, "\(helperPath) is set-user-ID root")
    }

    /// /etc/fuse.conf.
    private var othersFinding: DoctorReport.Finding {
        if facts.allowsOthers == true {
            return .init("allow_other", .ok, "ordinary users may mount with --allow-other")
        }
        let text = "ordinary users may not mount with --allow-other"
        if facts.isAdministrator { return .init("allow_other", .ok, "\(text); this user may") }
        return .init("allow_other", .warn, text, fix: "as root: put the line user_allow_other into /etc/fuse.conf")
    }
}
