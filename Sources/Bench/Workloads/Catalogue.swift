/// All workloads, in the order of tables.
struct Catalogue {
    /// Jobs of the workloads that have several.
    let jobs: Int
    /// Files of the workloads that have many.
    let files: Int
    /// The machine they are for.
    let machine: Machine
    /// Whether there is a volume, or somebody else who has one.
    let hasVolume: Bool

    /// All of them.
    var all: [Workload] { direct + buffered + metadata + mirror + migration + store }

    private static let kib = 1 << 10
    private static let mib = 1 << 20

    // MARK: Direct I/O

    private var direct: [Workload] {
        var list: [Workload] = []
        func add(_ job: FioJob, quick: Bool = false, obstacle: String? = nil) {
            list.append(
                Workload(
                    job, in: .null, group: "Direct I/O", suites: quick ? [.null, .quick] : [.null],
                    obstacle: obstacle))
        }
        let small = 4 * Self.kib
        add(FioJob(pattern: .randomRead, blockBytes: small), quick: true)
        for depth in [4, 16, 32, 64] {
            add(FioJob(pattern: .randomRead, blockBytes: small, engine: .queued(depth)), quick: depth == 32)
        }
        add(FioJob(pattern: .randomWrite, blockBytes: small))
        add(FioJob(pattern: .randomWrite, blockBytes: small, engine: .queued(32)))
        add(FioJob(pattern: .randomMixed, blockBytes: small))
        add(FioJob(pattern: .randomMixed, blockBytes: small, engine: .queued(32)))
        if jobs > 1 {
            add(FioJob(pattern: .randomRead, blockBytes: small, jobs: jobs))
            add(FioJob(pattern: .randomRead, blockBytes: small, engine: .queued(32), jobs: jobs))
        }
        for block in [128 * Self.kib, Self.mib] {
            add(FioJob(pattern: .read, blockBytes: block), quick: block < Self.mib)
            add(FioJob(pattern: .write, blockBytes: block))
            add(FioJob(pattern: .read, blockBytes: block, engine: .queued(8)))
        }
        add(FioJob(pattern: .read, blockBytes: 4 * Self.mib), obstacle: largeObstacle)
        add(FioJob(pattern: .write, blockBytes: 4 * Self.mib), obstacle: largeObstacle)
        return list
    }

    /// Why requests of 4 MiB cannot be had.
    private var largeObstacle: String? {
        let pages = 4 * Self.mib / 4096
        if machine.mostPages >= pages { return nil }
        return "requests hold \(machine.mostPages) pages at most: sysctl fs.fuse.max_pages_limit=\(pages), "
            + "and --ring-options '--max-write 4M'"
    }

    // MARK: The page cache

    private var buffered: [Workload] {
        var list: [Workload] = []
        func add(_ job: FioJob, quick: Bool = false) {
            var job = job
            job.isDirect = false
            list.append(
                Workload(job, in: .null, group: "Page cache", suites: quick ? [.buffered, .quick] : [.buffered]))
        }
        for jobs in Set([1, jobs]).sorted() {
            for block in [128 * Self.kib, Self.mib] {
                add(FioJob(pattern: .read, blockBytes: block, jobs: jobs), quick: jobs == 1 && block == Self.mib)
                add(FioJob(pattern: .write, blockBytes: block, jobs: jobs), quick: jobs == 1 && block == Self.mib)
            }
        }
        add(FioJob(pattern: .randomRead, blockBytes: 4 * Self.kib))
        add(FioJob(pattern: .write, blockBytes: 4 * Self.kib))
        add(FioJob(pattern: .read, blockBytes: 4 * Self.kib, engine: .mapped))
        add(FioJob(pattern: .randomRead, blockBytes: 4 * Self.kib, engine: .mapped))
        return list
    }

    // MARK: Names and small files

    private var metadata: [Workload] {
        let quick: Set<FilesJob.Operation> = [.create, .stat]
        return Set([1, jobs]).sorted().flatMap { threads in
            FilesJob.Operation.allCases.map { operation in
                Workload(
                    FilesJob(operation: operation, threads: threads, files: files), in: .memory,
                    group: "Names and small files",
                    suites: threads == 1 && quick.contains(operation) ? [.metadata, .quick] : [.metadata])
            }
        }
    }

    // MARK: A directory passed through

    private var mirror: [Workload] {
        var list: [Workload] = []
        func add(_ job: FioJob) {
            list.append(Workload(job, in: .mirror, group: "A directory passed through", suites: [.mirror]))
        }
        let small = 4 * Self.kib
        for isDirect in [true, false] {
            for pattern in [FioJob.Pattern.randomRead, .randomWrite] {
                add(FioJob(pattern: pattern, blockBytes: small, isDirect: isDirect))
            }
            add(FioJob(pattern: .read, blockBytes: Self.mib, isDirect: isDirect))
            add(FioJob(pattern: .write, blockBytes: Self.mib, isDirect: isDirect))
        }
        add(FioJob(pattern: .randomRead, blockBytes: small, engine: .queued(32)))
        add(FioJob(pattern: .read, blockBytes: 128 * Self.kib))
        return list
            + FilesJob.Operation.allCases.map { operation in
                Workload(
                    FilesJob(operation: operation, threads: 1, files: files), in: .mirror,
                    group: "A directory passed through", suites: [.mirror])
            }
    }

    // MARK: A volume of a network store

    /// Files of one workload: a tenth, since some of the servers take a hundred times as long for one as others do.
    private var storeFiles: Int { max(1, files / 10) }

    private var store: [Workload] {
        let group = "A volume of a network store"
        let obstacle = hasVolume ? nil : "it takes a volume: ringfuse store bench"
        func add(_ job: FioJob, isCold: Bool = false) -> Workload {
            Workload(job, in: .store, group: group, suites: [.store], isCold: isCold, obstacle: obstacle)
        }
        let small = 4 * Self.kib
        let whole = FioJob(pattern: .read, blockBytes: Self.mib, isDirect: false, isSinglePass: true)
        return [
            add(FioJob(pattern: .randomRead, blockBytes: small)),
            add(FioJob(pattern: .randomRead, blockBytes: small, jobs: 4)),
            add(FioJob(pattern: .read, blockBytes: Self.mib)),
            add(whole, isCold: true),
            add(FioJob(pattern: .write, blockBytes: Self.mib, isDirect: false, isSinglePass: true)),
        ]
            + [
                (.writeSmall, 1), (.writeSmall, 16), (.readSmall, 1), (.stat, 1), (.rename, 1), (.unlink, 1),
                (.readdir, 1),
            ].map { operation, threads in
                Workload(
                    FilesJob(operation: operation, threads: threads, files: storeFiles), in: .store, group: group,
                    suites: [.store], obstacle: obstacle)
            }
    }

    // MARK: Where callers run

    private var migration: [Workload] {
        let obstacle = machine.cpus.count > 1 ? nil : "it takes two CPUs that this process may run on"
        return [FioJob.Engine.sync, .queued(32)].flatMap { engine in
            [Workload.Callers.pinned, .unpinned, .migrating].map { callers in
                Workload(
                    FioJob(pattern: .randomRead, blockBytes: 4 * Self.kib, engine: engine), in: .null,
                    group: "Callers that move", suites: [.migration], callers: callers,
                    obstacle: callers == .migrating ? obstacle : nil)
            }
        }
    }
}
