import RingFUSE
import SystemPackage
import Testing

@testable import ringfuse

/// The doctor's judgement of machines made up here.
@Suite struct DoctorTests {
    /// A machine that has everything, used by root.
    static let healthy = DoctorFacts(
        release: "6.18.3-amd64",
        userID: 0,
        groups: [0],
        hasFUSE: true,
        device: .opened,
        enableRing: true,
        canEnableRing: true,
        ringsDisabled: 0,
        ringGroup: nil,
        probe: .made(["SQE128"]),
        maxPages: 256,
        pageSize: 4096,
        topology: CPUTopology(possible: [0, 1], online: [0, 1], allowed: [0, 1]),
        lockedMemory: DoctorFacts.Limit(soft: 8 << 20, hard: 8 << 20),
        files: DoctorFacts.Limit(soft: 1024, hard: 1 << 20),
        capabilities: 0x1ff_ffff_ffff,
        boundingCapabilities: 0x1ff_ffff_ffff,
        noNewPrivileges: false,
        helper: "/usr/bin/fusermount3",
        helperIsPrivileged: true,
        allowsOthers: true
    )

    /// What is said of the healthy machine after a change.
    private func report(_ change: (inout DoctorFacts) -> Void) -> DoctorReport {
        var facts = Self.healthy
        change(&facts)
        return Doctor(facts: facts).report
    }

    /// The level of a finding.
    private func level(_ id: String, in report: DoctorReport) -> DoctorReport.Level? {
        report.findings.first { $0.id == id }?.level
    }

    @Test func allIsWell() {
        let report = report { _ in }
        #expect(report.findings.allSatisfy { $0.level == .ok && $0.fix == nil })
        #expect(report.findings.count == 14)
        #expect(report.ring && report.canMount)
        #expect(report.conclusion == "ring: available")
    }

    @Test func parameterIsOff() {
        let report = report { $0.enableRing = false }
        #expect(!report.ring && report.canMount)
        #expect(level("enable_uring", in: report) == .warn)
        #expect(
            report.conclusion == "ring: not available because the module parameter enable_uring is N; "
                + "run: echo Y > /sys/module/fuse/parameters/enable_uring"
        )
    }

    @Test func parameterIsOffForAnOrdinaryUser() {
        let report = report {
            $0.enableRing = false
            $0.canEnableRing = false
            $0.capabilities = 0
            $0.userID = 1000
        }
        #expect(!report.ring && report.canMount)
        #expect(report.conclusion.contains("as root run: echo Y"))
    }

    @Test func oldKernel() {
        let report = report {
            $0.release = "6.1.0-28-amd64"
            $0.enableRing = nil
            $0.maxPages = nil
        }
        #expect(!report.ring && report.canMount)
        #expect(level("kernel", in: report) == .warn)
        #expect(report.conclusion.contains("6.1.0-28-amd64 has none"))
    }

    @Test func kernelBuiltWithoutTheRing() {
        let report = report { $0.enableRing = nil }
        #expect(!report.ring)
        #expect(report.conclusion.contains("CONFIG_FUSE_IO_URING"))
    }

    @Test func ringsDisabledForAll() {
        let report = report {
            $0.ringsDisabled = 2
            $0.probe = .refused(.notPermitted)
        }
        #expect(!report.ring && report.canMount)
        #expect(level("io_uring_disabled", in: report) == .warn)
        #expect(level("io_uring", in: report) == .warn)
        #expect(report.conclusion.contains("sysctl kernel.io_uring_disabled is 2; as root run: sysctl"))
    }

    @Test func ringsDisabledOutsideAGroup() {
        let outside = report {
            $0.ringsDisabled = 1
            $0.ringGroup = 77
            $0.capabilities = 0
            $0.probe = .refused(.notPermitted)
        }
        #expect(!outside.ring)
        #expect(level("io_uring_disabled", in: outside) == .warn)
        #expect(outside.conclusion.contains("not in kernel.io_uring_group"))
        let inside = report {
            $0.ringsDisabled = 1
            $0.ringGroup = 77
            $0.groups = [1000, 77]
            $0.capabilities = 0
        }
        #expect(inside.ring)
        #expect(level("io_uring_disabled", in: inside) == .ok)
    }

    @Test(arguments: [
        (Errno.notPermitted, "seccomp"), (.noFunction, "not built in"), (.invalidArgument, "5.19"),
        (.noMemory, "MEMLOCK"),
        (.ioError, "io_uring_setup fails"),
    ])
    func probeFails(error: Errno, word: String) {
        let report = report { $0.probe = .refused(error) }
        #expect(!report.ring && report.canMount)
        #expect(report.conclusion.contains(word))
    }

    @Test func ordinaryUser() {
        let report = report {
            $0.capabilities = 0
            $0.userID = 1000
            $0.canEnableRing = false
            $0.allowsOthers = false
        }
        #expect(report.ring && report.canMount)
        #expect(level("capabilities", in: report) == .ok)
        #expect(level("allow_other", in: report) == .warn)
    }

    /// What keeps an ordinary user from mounting, and the word that must be in the last line.
    static let obstacles: [(change: @Sendable (inout DoctorFacts) -> Void, word: String)] = [
        ({ $0.helper = nil }, "apt install fuse3"),
        ({ $0.helperIsPrivileged = false }, "chmod u+s"),
        ({ $0.noNewPrivileges = true }, "no_new_privs"),
        ({ $0.boundingCapabilities = 0 }, "SYS_ADMIN"),
        ({ $0.device = .refused(.permissionDenied) }, "chmod 0666 /dev/fuse"),
        ({ $0.device = .refused(.noSuchFileOrDirectory) }, "modprobe fuse"),
        ({ $0.hasFUSE = false }, "modprobe fuse"),
    ]

    @Test(arguments: obstacles.indices)
    func cannotMount(index: Int) {
        let report = report {
            $0.capabilities = 0
            $0.userID = 1000
            Self.obstacles[index].change(&$0)
        }
        #expect(!report.canMount && !report.ring)
        #expect(report.findings.contains { $0.level == .fail && $0.fix != nil })
        #expect(report.conclusion.hasPrefix("mounting: not possible: "))
        #expect(report.conclusion.contains(Self.obstacles[index].word))
    }

    @Test func rootNeedsNoHelper() {
        let report = report { $0.helper = nil }
        #expect(report.canMount && report.ring)
        #expect(level("fusermount3", in: report) == .warn)
    }

    @Test func mayWaitForItsOwnWriteback() {
        let report = report { $0.capabilities &= ~(1 << 24) }
        #expect(level("io_flusher", in: report) == .warn)
        #expect(report.ring && report.canMount)
    }

    @Test(arguments: [(1 << 14, 1 << 20, true), (0, nil, true), (0, 1 << 20, false)] as [(UInt64, UInt64?, Bool)])
    func mayLockMemory(capabilities: UInt64, limit: UInt64?, may: Bool) {
        let report = report {
            $0.capabilities = capabilities
            $0.lockedMemory = DoctorFacts.Limit(soft: 1 << 20, hard: limit)
        }
        let text = report.findings.first { $0.id == "memlock" }?.text ?? ""
        #expect(text.hasSuffix(may ? "--lock-memory is permitted" : "--lock-memory is not permitted"))
    }

    @Test func noUsableCPU() {
        let report = report { $0.topology.allowed = [] }
        #expect(level("cpus", in: report) == .fail)
    }

    @Test func everyTextIsOneLine() {
        for index in Self.obstacles.indices {
            let report = report(Self.obstacles[index].change)
            let lines = report.findings.flatMap { [$0.text, $0.fix ?? ""] } + [report.conclusion]
            #expect(lines.allSatisfy { !$0.contains("\n") })
        }
    }

    @Test(arguments: [
        ("5.10.0-32-amd64", nil), ("6.1.0", nil), ("6.2", 38), ("6.12.57+deb13-amd64", 41), ("6.14.0-rc1", 42),
        ("6.17.9", 44), ("6.18.44-fc-v445", 45), ("7.2.13", 45), ("7.3-rc7", 46), ("10.0.1", 46), ("strange", nil),
    ])
    func protocolByVersion(release: String, minor: Int?) {
        var facts = Self.healthy
        facts.release = release
        #expect(Doctor(facts: facts).protocolMinor == minor)
    }
}
