import FileSystems
import Glibc
import NetworkStore
import RingFUSE

/// What operations of the metadata engine cost on this machine, printed as lines.
enum Measurements {
    /// A word of `only`, to measure that alone.
    private static var only: String? { unsafe getenv("ONLY").map { unsafe String(cString: $0) } }
    private static let rounds = 3
    private static let caller = Caller(userID: 0, groupID: 0)

    private static let volume = VolumeDescription(
        identifier: "00000000000000000000000000000000", name: "measured", dataURL: "file:///nowhere")

    static func run(on location: PostgreSQLLocation) async throws {
        try await PostgreSQLEngine.format(location, volume)
        let engine = try await PostgreSQLEngine.open(location) { StoreStorm.say($0) }
        try await measure(engine)
        await engine.close()
        try await PostgreSQLEngine.remove(location)
    }

    static func run(in directory: String) async throws {
        for mapped in [0, 256 << 20] {
            let path = "\(directory)/measured.db"
            for suffix in ["", "-wal", "-shm", ".lock"] { unsafe unlink(path + suffix) }
            try await SQLiteEngine.format(path, volume)
            let engine = try await SQLiteEngine.open(path, memory: SQLiteEngine.Memory(mapped: mapped)) {
                StoreStorm.say($0)
            }
            StoreStorm.say("mapped \(mapped >> 20) MiB")
            try await measure(engine)
            await engine.close()
        }
    }

    private static func measure(_ engine: any MetadataEngine) async throws {
        var made: [NodeID] = []
        for number in 0..<16 { made.append(try await make("d\(number)", .directory, in: .root, engine)) }
        let directories = made
        for round in 0..<rounds {
            for (tasks, count) in [(1, 4000), (16, 20_000)] {
                try await time("create, \(tasks) tasks", tasks, count) { task, index in
                    _ = try await make("f\(round)-\(tasks)-\(index)", .regular, in: directories[task], engine)
                }
            }
            for (tasks, count) in [(1, 500), (16, 4000)] {
                try await time("create + durable commit, \(tasks) tasks", tasks, count) { task, index in
                    let file = try await make("s\(round)-\(tasks)-\(index)", .regular, in: directories[task], engine)
                    var change = ContentChange(of: file)
                    change.extents = [Extent(offset: 0, length: 5, place: .inline([1, 2, 3, 4, 5]))]
                    _ = try await engine.commit(change, durably: true)
                }
            }
            try await reads(engine, directories)
            // With a writer beside them, pages are in the log, and connections that read begin with an empty cache.
            async let writer: Void = time("create beside reads", 1, 4000) { _, index in
                _ = try await make("w\(round)-\(index)", .regular, in: directories[1], engine)
            }
            try await reads(engine, directories)
            try await writer
        }
    }

    /// Reads of several kinds.
    private static func reads(_ engine: any MetadataEngine, _ directories: [NodeID]) async throws {
        let records = try await engine.names(in: directories[0], after: 0, limit: 2000)
        // Where the files are not made, because something else is measured.
        guard !records.isEmpty else { return }
        for (tasks, count) in [(1, 10_000), (16, 40_000)] {
            try await time("look up, \(tasks) tasks", tasks, count) { _, index in
                let name = records[index % records.count].name
                _ = try await engine.lookUp(Name(name.bytes.span), in: directories[0])
            }
        }
        try await time("node", 1, 10_000) { _, index in
            _ = try await engine.node(records[index % records.count].node.id)
        }
        let missing: StoredName = "not there"
        try await time("look up in vain", 1, 10_000) { _, _ in
            _ = try await engine.lookUp(Name(missing.bytes.span), in: directories[0])
        }
        try await time("list 1000 names", 1, 20) { _, _ in
            _ = try await engine.names(in: directories[0], after: 0, limit: 1000)
        }
    }

    private static func make(
        _ name: String,
        _ type: NodeType,
        in directory: NodeID,
        _ engine: any MetadataEngine
    ) async throws -> NodeID {
        let name = StoredName(name)
        let template = NodeTemplate(NewNode(mode: NodeMode(type, permissions: 0o755)), by: caller)
        return try await engine.make(Name(name.bytes.span), in: directory, template).id
    }

    /// Times what tasks do.
    private static func time(
        _ what: String,
        _ tasks: Int,
        _ count: Int,
        _ body: @escaping @Sendable (Int, Int) async throws -> Void
    ) async throws {
        if let only, !what.contains(only) { return }
        let clock = ContinuousClock()
        let before = processorTime
        let taken = try await clock.measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<tasks {
                    group.addTask { for index in 0..<count / tasks { try await body(task, index) } }
                }
                try await group.waitForAll()
            }
        }
        tell(what, taken, processorTime - before, count)
    }

    /// What all threads of the process have run.
    private static var processorTime: Duration {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private static func tell(_ what: String, _ taken: Duration, _ processor: Duration, _ count: Int) {
        func micro(_ duration: Duration) -> Double { (duration / .microseconds(1) / Double(count) * 10).rounded() / 10 }
        let rate = Int(Double(count) / (taken / .seconds(1)))
        StoreStorm.say("\(what): \(micro(taken)) us each, \(micro(processor)) of processor, \(rate)/s")
    }
}
