import Testing

@testable import Bench

/// Who does what, in which order.
@Suite struct PlanTests {
    /// A machine on which all programs are missing but those of the system.
    static let machine = Machine(isRoot: true, ringObstacle: nil, fio: "/usr/bin/fio", cpus: [0, 1], mostPages: 256)

    static func settings(_ change: (inout Settings) throws -> Void = { _ in }) rethrows -> Settings {
        var settings = Settings(tool: "/bin/true")
        settings.yardsticks = "/nowhere"
        try change(&settings)
        return settings
    }

    static func plan(on machine: Machine = machine, _ change: (inout Settings) throws -> Void = { _ in }) throws -> Plan
    {
        try Plan(try settings(change), on: machine)
    }

    // MARK: Volumes

    @Test func volumesAreForWhoHasOne() throws {
        let plan = try Self.plan { settings in
            settings.suites = [.store]
            settings.volume = "sqlite:///volume.db"
        }
        #expect(plan.contenders.map(\.identifier) == ["ringfuse-ring", "ringfuse-device"])
        #expect(plan.workloads.allSatisfy { $0.field == .store } && plan.workloads.contains(where: \.isCold))
        guard case .process(let words, _) = plan.contenders[1].services[.store] else {
            Issue.record("not served")
            return
        }
        #expect(words == ["/bin/true", "store", "mount", "sqlite:///volume.db", "{}", "--transport", "device"])
        #expect(throws: Refusal.self) { try Self.plan { $0.suites = [.store] } }
        let all = try Self.plan { $0.suites = [.all] }
        #expect(all.workloads.allSatisfy { $0.field != .store })
        #expect(all.omissions.contains { $0.reason.contains("ringfuse store bench") })
    }

    // MARK: Order

    @Test func contendersTakeTurnsAndAnotherBeginsEachRound() throws {
        let plan = try Self.plan { settings in
            settings.workloads = ["direct-randread-4k-sync", "direct-read-1m-sync"]
            settings.contenders = [.pattern("ringfuse-*"), try ContenderOption(parsing: "own=/bin/true {}")]
            settings.rounds = 2
        }
        let turns = plan.steps.map { "\($0.round) \($0.workload.identifier) \($0.contender.identifier)" }
        #expect(
            turns == [
                "0 direct-randread-4k-sync ringfuse-ring", "0 direct-randread-4k-sync ringfuse-device",
                "0 direct-randread-4k-sync own",
                "0 direct-read-1m-sync ringfuse-ring", "0 direct-read-1m-sync ringfuse-device",
                "0 direct-read-1m-sync own",
                "1 direct-randread-4k-sync ringfuse-device", "1 direct-randread-4k-sync own",
                "1 direct-randread-4k-sync ringfuse-ring",
                "1 direct-read-1m-sync ringfuse-device", "1 direct-read-1m-sync own",
                "1 direct-read-1m-sync ringfuse-ring",
            ])
    }

    @Test func onlyLikeIsComparedWithLike() throws {
        let plan = try Self.plan { $0.suites = [.all] }
        let who = { (field: Field) in
            Set(plan.steps.filter { $0.workload.field == field }.map(\.contender.identifier))
        }
        #expect(who(.null) == ["ringfuse-ring", "ringfuse-device"])
        #expect(who(.memory) == ["ringfuse-ring", "ringfuse-device", "ext4", "tmpfs"])
        #expect(who(.mirror) == ["ringfuse-ring", "ringfuse-device", "ringfuse-passthrough", "source"])
    }

    // MARK: Workloads

    @Test(arguments: Suite.allCases)
    func suitesHaveWorkloads(suite: Suite) throws {
        let plan = try Self.plan { settings in
            settings.suites = [suite]
            settings.volume = "sqlite:///volume.db"
        }
        #expect(!plan.workloads.isEmpty)
        #expect(suite == .all || plan.workloads.allSatisfy { $0.suites.contains(suite) })
        let names = plan.workloads.map(\.identifier)
        #expect(Set(names).count == names.count)
    }

    @Test func patternsAddToSuites() throws {
        let alone = try Self.plan { $0.workloads = ["memory-*-x2"] }
        #expect(alone.workloads.count == FilesJob.Operation.allCases.count)
        let both = try Self.plan { settings in
            settings.suites = [.migration]
            settings.workloads = ["memory-create"]
        }
        #expect(both.workloads.map(\.identifier).contains("memory-create"))
        #expect(both.workloads.map(\.identifier).contains("direct-randread-4k-sync-migrating"))
    }

    @Test func largeRequestsNeedASetting() throws {
        let reasons = try Self.plan().omissions.filter { $0.reason.contains("fs.fuse.max_pages_limit=1024") }
        #expect(reasons.count == 2)
        var machine = Self.machine
        machine.mostPages = 1024
        let plan = try Self.plan(on: machine)
        #expect(plan.workloads.contains { $0.identifier == "direct-read-4m-sync" })
    }

    // MARK: Who is left out

    @Test func whatIsMissingIsToldWithItsRemedy() throws {
        var machine = Self.machine
        machine.isRoot = false
        machine.ringObstacle = "FUSE over io_uring is off"
        let plan = try Self.plan(on: machine) { $0.suites = [.null, .metadata] }
        #expect(plan.contenders.map(\.identifier) == ["ringfuse-device"])
        #expect(plan.baseline == "ringfuse-device")
        let reasons = Dictionary(grouping: plan.omissions, by: \.subject).mapValues { $0.map(\.reason) }
        #expect(reasons["RingFUSE, ring"] == ["FUSE over io_uring is off"])
        #expect(reasons["ext4 (kernel)"] == ["mounts by itself: run it as root"])
        #expect(
            reasons["libfuse 3.14, classic"] == [
                "/nowhere/null_libfuse is not there; make -C Benchmarks/Yardsticks makes it",
                "/nowhere/memory_libfuse is not there; make -C Benchmarks/Yardsticks makes it",
            ])
    }

    @Test func withoutFioNamesAndSmallFilesRemain() throws {
        var machine = Self.machine
        machine.fio = nil
        let plan = try Self.plan(on: machine) { $0.suites = [.quick] }
        #expect(plan.workloads.map(\.identifier) == ["memory-create", "memory-stat"])
        #expect(plan.omissions.contains { $0.reason == "fio is not there: apt install fio" })
    }

    // MARK: Refusals

    @Test func whatMatchesNothingIsRefused() {
        #expect(throws: Refusal("--workload x*: there is no such workload; --list tells which there are")) {
            try Self.plan { $0.workloads = ["x*"] }
        }
        #expect(throws: Refusal("--contender x: there is no such contender; --list tells which there are")) {
            try Self.plan { $0.contenders = [.pattern("x")] }
        }
        #expect(throws: Refusal("--cpu 7: this process may run on [0, 1] only")) {
            try Self.plan { $0.cpu = 7 }
        }
        #expect(throws: Refusal("--baseline libfuse: it does not take part")) {
            try Self.plan { $0.baseline = "libfuse" }
        }
        #expect(throws: Refusal("--contender ext4=…: there is one of that name already")) {
            try Self.plan { $0.contenders = [try ContenderOption(parsing: "ext4=/bin/true")] }
        }
        #expect(throws: Refusal.self) { try Self.plan { $0.contenders = [.pattern("libfuse")] } }
    }
}
