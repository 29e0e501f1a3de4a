import RingFUSE
import SystemPackage

/// Judges a machine: what FUSE and its ring need, in the order in which one thing depends on another.
struct Doctor {
    /// What it judges.
    let facts: DoctorFacts

    /// Everything it finds.
    var report: DoctorReport {
        let reason = ringProblem
        let conclusion =
            if !canMount {
                "mounting: not possible: \(mountProblem)"
            } else if let reason {
                "ring: not available because \(reason.cause); \(reason.remedy)"
            } else {
                "ring: available"
            }
        return DoctorReport(
            findings: fuseFindings + ringFindings + machineFindings + privilegeFindings,
            canMount: canMount,
            ring: canMount && reason == nil,
            conclusion: conclusion
        )
    }
}

// MARK: - FUSE

extension Doctor {
    /// The FUSE ABI that came with a kernel: the first version that has each minor.
    private static let protocols: [(major: Int, minor: Int, abi: Int)] = [
        (6, 2, 38), (6, 6, 39), (6, 9, 40), (6, 12, 41), (6, 14, 42), (6, 15, 43), (6, 16, 44), (6, 18, 45), (7, 3, 46),
    ]

    /// The minor of the FUSE ABI by the kernel's version, which says at least so much; nil before 7.38.
    var protocolMinor: Int? {
        Self.protocols.last { facts.version >= ($0.major, $0.minor) }?.abi
    }

    /// The first kernel with the ring.
    private var hasRingKernel: Bool { facts.version >= (6, 14) }

    /// Kernel, module and device.
    private var fuseFindings: [DoctorReport.Finding] {
        // By its version: distributions carry newer minor versions into older kernels (Debian's 6.1 speaks 7.38).
        let abi = (protocolMinor.map { "FUSE 7.\($0)" } ?? "FUSE 7.37 or older") + " by its version"
        var findings: [DoctorReport.Finding] = []
        let kernel = "kernel \(facts.release): \(abi)"
        // A distribution may have taken the ring into an older kernel: the parameter tells.
        if hasRingKernel || facts.enableRing != nil {
            findings.append(.init("kernel", .ok, kernel))
        } else {
            findings.append(.init("kernel", .warn, "\(kernel), no ring", fix: "Linux 6.14 or later has the ring"))
        }
        findings.append(
            facts.hasFUSE
                ? .init("module", .ok, "the kernel has FUSE")
                : .init(
                    "module",
                    .fail,
                    "the kernel has no FUSE, or its module is not loaded",
                    fix: "as root: modprobe fuse"
                )
        )
        findings.append(deviceFinding)
        return findings
    }

    /// /dev/fuse.
    private var deviceFinding: DoctorReport.Finding {
        switch facts.device {
        case .opened:
            return .init("device", .ok, "/dev/fuse can be opened")
        case .refused(let error) where Self.missing.contains(error):
            return .init(
                "device",
                .fail,
                "/dev/fuse is missing: \(error)",
                fix: "as root: modprobe fuse; for a container: --device /dev/fuse"
            )
        case .refused(let error):
            return .init(
                "device",
                .fail,
                "/dev/fuse cannot be opened: \(error)",
                fix: "as root: chmod 0666 /dev/fuse; for a container: --device /dev/fuse"
            )
        }
    }

    /// What says that there is no device.
    private static let missing: [Errno] = [
        .noSuchFileOrDirectory, .operationNotSupportedByDevice, .noSuchAddressOrDevice,
    ]

    /// Whether this process can mount at all.
    ///
    /// fusermount3 opens the device as the user who called it (setfsuid), so that it needs the same access.
    var canMount: Bool {
        facts.hasFUSE && facts.device == .opened && (facts.isAdministrator || facts.helperWorks)
    }

    /// Why it cannot, and what to do.
    private var mountProblem: String {
        if !facts.hasFUSE { return "the kernel has no FUSE; as root: modprobe fuse" }
        if case .refused(let error) = facts.device {
            if Self.missing.contains(error) { return "there is no /dev/fuse; as root: modprobe fuse" }
            return "/dev/fuse cannot be opened (\(error)); as root: chmod 0666 /dev/fuse"
        }
        if facts.helper == nil {
            return "this process is not privileged, and fusermount3 is missing; apt install fuse3"
        }
        if !facts.helperIsPrivileged { return "fusermount3 is not set-user-ID root; as root: chmod u+s \(helperPath)" }
        if facts.noNewPrivileges { return "no_new_privs keeps fusermount3 from its rights; start without it" }
        return "no program here can have CAP_SYS_ADMIN; start the container with --cap-add SYS_ADMIN"
    }

    /// Where fusermount3 is.
    var helperPath: String { facts.helper?.string ?? "fusermount3" }
}

// MARK: - The ring

extension Doctor {
    /// What keeps the ring away, and what to do: the first thing that would have to change.
    var ringProblem: (cause: String, remedy: String)? {
        if facts.enableRing == nil {
            if !hasRingKernel {
                return ("Linux \(facts.release) has none", "use Linux 6.14 or later, or --transport device")
            }
            if !facts.hasFUSE { return ("the module fuse is not loaded", "as root: modprobe fuse") }
            return (
                "this kernel's FUSE was built without it (CONFIG_FUSE_IO_URING)",
                "use another kernel, or --transport device"
            )
        }
        if let problem = probeProblem { return problem }
        if facts.enableRing == false {
            let how = facts.canEnableRing ? "run" : "as root run"
            return ("the module parameter enable_uring is N", "\(how): \(Self.enableCommand)")
        }
        return nil
    }

    /// What switches the ring on until the module is loaded anew.
    static let enableCommand = "echo Y > /sys/module/fuse/parameters/enable_uring"

    /// What keeps io_uring itself away.
    private var probeProblem: (cause: String, remedy: String)? {
        guard case .refused(let error) = facts.probe else { return nil }
        let container = "allow io_uring_setup in the seccomp profile of the container or service"
        switch error {
        case .notPermitted, .permissionDenied:
            if facts.ringsDisabled == 2 {
                return ("sysctl kernel.io_uring_disabled is 2", "as root run: sysctl kernel.io_uring_disabled=0")
            }
            if facts.ringsDisabled == 1 {
                return (
                    "sysctl kernel.io_uring_disabled is 1 and this user is not in kernel.io_uring_group",
                    "as root run: sysctl kernel.io_uring_disabled=0, or put the user into that group"
                )
            }
            return ("io_uring is forbidden to this process (seccomp)", container)
        case .noFunction:
            return ("io_uring is not there: not built in, or hidden by seccomp", container)
        case .invalidArgument:
            return ("this kernel's io_uring has no entries of 128 bytes", "use Linux 5.19 or later")
        case .noMemory:
            return ("io_uring gets no memory (RLIMIT_MEMLOCK or a memory limit)", "raise it: ulimit -l unlimited")
        default:
            return ("io_uring_setup fails: \(error)", "look into the kernel's log")
        }
    }

    /// The parameter, the sysctls and the probe.
    private var ringFindings: [DoctorReport.Finding] {
        [parameterFinding, disabledFinding, probeFinding, pagesFinding]
    }

    /// The module parameter.
    private var parameterFinding: DoctorReport.Finding {
        switch facts.enableRing {
        case true:
            return .init("enable_uring", .ok, "module parameter enable_uring is Y")
        case false:
            let who = facts.canEnableRing ? "this user may change it" : "only root may change it"
            return .init(
                "enable_uring",
                .warn,
                "module parameter enable_uring is N; \(who)",
                fix: "\(Self.enableCommand); to keep it: options fuse enable_uring=1 in /etc/modprobe.d/fuse.conf"
            )
        case nil:
            return .init(
                "enable_uring",
                .warn,
                "no module parameter enable_uring",
                fix: "a kernel from 6.14 on with CONFIG_FUSE_IO_URING has it"
            )
        }
    }

    /// The sysctl that forbids io_uring.
    private var disabledFinding: DoctorReport.Finding {
        let id = "io_uring_disabled"
        let fix = "as root: sysctl kernel.io_uring_disabled=0"
        switch facts.ringsDisabled {
        case nil: return .init(id, .ok, "no sysctl kernel.io_uring_disabled: this kernel forbids io_uring to nobody")
        case 0: return .init(id, .ok, "sysctl kernel.io_uring_disabled is 0")
        case 1:
            let group = facts.ringGroup.map { "kernel.io_uring_group is \($0)" } ?? "kernel.io_uring_group is not set"
            if facts.isAdministrator {
                return .init(id, .ok, "sysctl kernel.io_uring_disabled is 1; this user is privileged")
            }
            let isMember = facts.ringGroup.map(facts.groups.contains) ?? false
            if isMember { return .init(id, .ok, "sysctl kernel.io_uring_disabled is 1; this user is in its group") }
            return .init(
                id,
                .warn,
                "sysctl kernel.io_uring_disabled is 1 and \(group), not one of this user's",
                fix: fix
            )
        case let value?:
            return .init(id, .warn, "sysctl kernel.io_uring_disabled is \(value): forbidden to everyone", fix: fix)
        }
    }

    /// The ring that was tried.
    private var probeFinding: DoctorReport.Finding {
        switch facts.probe {
        case .made(let features):
            return .init("io_uring", .ok, "io_uring works here: \(features.joined(separator: ", "))")
        case .refused(let error):
            return .init("io_uring", .warn, "io_uring_setup fails: \(error)", fix: probeProblem?.remedy)
        }
    }

    /// The largest request.
    private var pagesFinding: DoctorReport.Finding {
        let pages = facts.maxPages ?? 256
        let size = ByteSize(bytes: max(1, pages * facts.pageSize)).rounded
        let what =
            facts.maxPages == nil ? "no sysctl fs.fuse.max_pages_limit" : "sysctl fs.fuse.max_pages_limit is \(pages)"
        let text = "\(what): requests of up to \(size)"
        if pages >= 256 { return .init("max_pages", .ok, text) }
        return .init("max_pages", .warn, text, fix: "as root: sysctl fs.fuse.max_pages_limit=256")
    }
}
