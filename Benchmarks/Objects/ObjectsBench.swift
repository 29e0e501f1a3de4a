import Glibc
import NetworkStore
import RingFUSE
import SystemPackage

/// What reads of objects cost the client: `objects-bench URL [COUNT [BYTES]]`.
///
/// Puts one object of 1 MiB, and reads parts of it: 4 KiB, 128 KiB and all, or `BYTES`, one at a time and sixteen at a time, on
/// one worker. Tells CPU time of this process a read, and reads a second.
@main
struct ObjectsBench {
    static func main() async throws {
        guard CommandLine.arguments.count > 1 else {
            print("usage: objects-bench URL [COUNT [BYTES]]")
            return
        }
        let count = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 20_000 : 20_000
        let only = CommandLine.arguments.count > 3 ? Int(CommandLine.arguments[3]) : nil
        let sizes = only.map { [($0, 1)] } ?? [(4096, 1), (131_072, 4), (1 << 20, 20)]
        let store = try open(CommandLine.arguments[1])
        for engine in [BackgroundWorker.Engine.automatic, .threads] {
            let worker = try BackgroundWorker(engine: engine)
            print(worker.usesRing ? "ring" : "threads")
            let bench = Bench(store: store, worker: worker)
            try await bench.prepare()
            for (size, share) in sizes {
                for tasks in [1, 16] { try await bench.measure(size: size, tasks: tasks, count: count / share) }
            }
            await worker.shutDown()
        }
    }

    private static func open(_ text: String) throws -> any ObjectStore {
        switch try StoreURL(text) {
        case .directory(let path): return try DirectoryStore(path, creates: true)
        case .s3(let location): return try S3Store(location, environment: variables)
        }
    }

    private static var variables: [String: String] {
        var variables: [String: String] = [:]
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "HOME"] {
            if let value = unsafe getenv(name) { unsafe variables[name] = String(cString: value) }
        }
        return variables
    }
}

/// Reads from one store on one worker.
struct Bench: Sendable {
    let store: any ObjectStore
    let worker: BackgroundWorker
    private let key = ObjectKey("bench/object")
    private static let largest = 1 << 20

    init(store: any ObjectStore, worker: BackgroundWorker) {
        self.store = store
        self.worker = worker
    }

    /// Puts the object.
    func prepare() async throws {
        let body = [UInt8](repeating: 7, count: Self.largest)
        try await worker.run { io throws(ObjectStoreError) in
            try await store.put(key, RawSpan(_elements: body.span), io)
        }
    }

    /// Reads and tells what it has cost.
    func measure(size: Int, tasks: Int, count: Int) async throws {
        try await run(size: size, tasks: tasks, count: max(tasks, count / 20))
        let (start, used) = (Self.seconds(CLOCK_MONOTONIC), Self.seconds(CLOCK_PROCESS_CPUTIME_ID))
        try await run(size: size, tasks: tasks, count: count)
        let time = Self.seconds(CLOCK_MONOTONIC) - start
        let work = Self.seconds(CLOCK_PROCESS_CPUTIME_ID) - used
        let cost = (work / Double(count) * 1e7).rounded() / 10
        print("\(size) bytes, \(tasks) at a time: \(cost) us CPU, \(Int(Double(count) / time)) a second")
    }

    private func run(size: Int, tasks: Int, count: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<tasks {
                group.addTask {
                    try await worker.run { io throws(ObjectStoreError) in
                        try await read(size: size, count: count / tasks, io)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func read(size: Int, count: Int, _ io: borrowing AsyncIO) async throws(ObjectStoreError) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
        defer { unsafe memory.deallocate() }
        for number in 0..<count {
            var buffer = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
            let offset = number * 4096 % (Self.largest - size + 1)
            try await store.get(key, at: UInt64(offset), count: size, into: &buffer, io)
        }
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        _ = unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
