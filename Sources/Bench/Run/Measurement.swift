internal import FoundationEssentials

/// One step of a plan: mounts, prepares, measures, unmounts.
struct Measurement: Sendable {
    /// What is to be done.
    let step: Plan.Step
    /// How.
    let settings: Settings
    /// Where.
    let machine: Machine
    /// The benchmark's directory.
    let scratch: Scratch

    private var workload: Workload { step.workload }

    /// Does it.
    ///
    /// - Throws: ``BenchFailure``, `CancellationError`.
    func sample() async throws -> Sample {
        switch step.contender.services[workload.field] {
        case .process(let words, let ready):
            let server = Server(
                words: words.map(resolved), ready: ready, mountPoint: scratch.mountPoint, log: scratch.log,
                startLimit: settings.startLimit)
            guard workload.field == .store else {
                return try await server.serve { target in try await measure(on: target) }
            }
            if workload.isCold {
                try await server.serve { target in try await prepareVolume(on: target) }
            }
            return try await server.serve { target in try await measureVolume(on: target) }
        case .tmpfs:
            defer { Mounts.remove(scratch.mountPoint) }
            _ = try await Child.run(["mount", "-t", "tmpfs", "tmpfs", scratch.mountPoint], limit: .seconds(10))
            return try await measure(
                on: Target(directory: scratch.mountPoint, server: nil, mountPoint: scratch.mountPoint))
        case .image, .source:
            return try await measure(on: Target(directory: source, server: nil, mountPoint: nil))
        case nil:
            throw BenchFailure("it does not serve \(workload.field.rawValue) file systems")
        }
    }

    /// The directory that mirrors pass through. All share one, and the large files in it.
    private var source: String { scratch.disk }

    private func resolved(_ word: String) -> String {
        word.replacing("{source}", with: source).replacing("{}", with: scratch.mountPoint)
    }

    // MARK: Volumes

    /// Where files are made in a volume. It keeps them beyond its mount, and may have others in it.
    private func place(in volume: Target) -> Target {
        let name = scratch.path.split(separator: "/").last ?? "ringfuse-bench"
        return Target(
            directory: "\(volume.directory)/\(name)", server: volume.server, mountPoint: volume.mountPoint)
    }

    /// Makes files for a mount that comes later.
    private func prepareVolume(on volume: Target) async throws {
        let target = place(in: volume)
        try await run(["mkdir", "-p", target.directory], on: target)
        try await prepare(workload.load, place: "files", on: target)
    }

    /// Measures, and leaves nothing behind.
    private func measureVolume(on volume: Target) async throws -> Sample {
        let target = place(in: volume)
        try await run(["mkdir", "-p", target.directory], on: target)
        let sample = try await measure(on: target)
        try await run(["rm", "-rf", target.directory], on: target)
        return sample
    }

    private func run(_ words: [String], on target: Target) async throws {
        _ = try await Child.run(words, limit: limit(of: workload.load), release: { target.release() })
    }

    // MARK: Measuring

    private func measure(on target: Target) async throws -> Sample {
        defer { if target.mountPoint == nil || workload.field == .mirror { scratch.removeFiles() } }
        let (result, cost) = try await run(workload.load, place: "files", on: target)
        return Sample(
            contender: step.contender.identifier,
            workload: workload.identifier,
            round: step.round,
            operationsPerSecond: result.operationsPerSecond,
            bytesPerSecond: result.bytesPerSecond,
            latency: result.latency,
            server: cost
        )
    }

    /// Prepares a load and runs it.
    private func run(
        _ load: Workload.Load,
        place: String,
        on target: Target
    ) async throws -> (LoadResult, Sample.ServerCost?) {
        try await prepare(load, place: place, on: target)
        // What was prepared has used up what the machine had when the server was started.
        HostMemory.take()
        let before = target.server.flatMap { ServerMeter($0) }
        let result = try await perform(load, place: place, seconds: settings.seconds, on: target)
        guard let before, let server = target.server, let after = ServerMeter(server) else { return (result, nil) }
        let calls = try await systemCalls(of: load, server: server, on: target)
        var cost = after.cost(since: before, operations: result.operations, systemCalls: nil)
        cost.systemCalls = calls
        return (result, cost)
    }

    /// Counts the server's system calls for each operation, once, in a short run of its own.
    private func systemCalls(of load: Workload.Load, server: Int32, on target: Target) async throws -> Double? {
        guard step.round == 0 else { return nil }
        var load = load
        if case .files(var job) = load {
            job.files = min(job.files, 1000 * job.threads)
            load = .files(job)
        }
        try await prepare(load, place: "counted", on: target)
        guard let counter = SystemCallCounter(server) else { return nil }
        let before = counter.count
        let result = try await perform(load, place: "counted", seconds: min(settings.seconds, 0.3), on: target)
        return Double(counter.count - before) / result.operations
    }

    // MARK: Processes

    private func prepare(_ load: Workload.Load, place: String, on target: Target) async throws {
        var words = [settings.tool]
        switch load {
        case .fio(let job):
            let step: DriverOptions.Step = workload.field == .null ? .sparse : .fill
            words += [
                DriverOptions.command, step.rawValue, "--directory", target.directory, "--threads", "\(job.jobs)",
                "--bytes", "\(workload.field.fileBytes(jobs: job.jobs))",
            ]
        case .files(let job):
            words += job.arguments(directory: "\(target.directory)/\(place)", step: .prepare)
        }
        _ = try await Child.run(words, limit: limit(of: load), release: { target.release() })
    }

    private func perform(
        _ load: Workload.Load,
        place: String,
        seconds: Double,
        on target: Target
    ) async throws -> LoadResult {
        let isMigrating = workload.callers == .migrating
        let output = try await Child.run(
            words(of: load, place: place, seconds: seconds, on: target),
            limit: limit(of: load) + .seconds(seconds),
            release: { target.release() },
            observe: { [cpus = machine.cpus] process in
                if isMigrating { await Migration.migrate(process, over: cpus) }
            })
        switch load {
        case .fio: return try FioOutput.result(of: output.text)
        case .files:
            do {
                return try JSONDecoder().decode(LoadResult.self, from: Data(output.text.utf8))
            } catch {
                throw BenchFailure("the driver printed no result: \(BenchFailure.line(output.text))")
            }
        }
    }

    private func words(of load: Workload.Load, place: String, seconds: Double, on target: Target) -> [String] {
        switch load {
        case .fio(let job):
            var words = [machine.fio ?? "fio"]
            words += job.arguments(
                directory: target.directory, fileBytes: workload.field.fileBytes(jobs: job.jobs),
                queue: settings.engine,
                seconds: seconds)
            words.append("--output-format=json")
            let places = cpus(job.jobs)
            if !places.isEmpty {
                words += ["--cpus_allowed=\(places)", "--cpus_allowed_policy=split"]
            }
            return words
        case .files(let job):
            var words = [settings.tool] + job.arguments(directory: "\(target.directory)/\(place)", step: .run)
            let places = cpus(job.threads)
            if !places.isEmpty { words += ["--cpus", places] }
            return words
        }
    }

    /// The CPUs of pinned callers, as lists have them; empty for callers that are not pinned.
    private func cpus(_ count: Int) -> String {
        guard workload.callers == .pinned else { return "" }
        let all = machine.cpus
        let first = settings.cpu.flatMap { all.firstIndex(of: $0) } ?? 0
        return (all[first...] + all[..<first]).prefix(count).map { "\($0)" }.joined(separator: ",")
    }

    /// How long a load may take, beside the time it is told: a slow server answers a thousand times a second, and one that
    /// stores each file in another server fifty times.
    private func limit(of load: Workload.Load) -> Duration {
        guard case .files(let job) = load else { return settings.patience }
        return settings.patience + .seconds(Double(job.files) / (workload.field == .store ? 50 : 1000))
    }
}
