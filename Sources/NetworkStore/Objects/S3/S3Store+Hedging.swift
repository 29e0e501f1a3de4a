import RingFUSE
import SystemPackage

// Reads that are sent twice where the first takes long.

extension S3Store {
    /// Reads into memory; after some time on two connections.
    ///
    /// The first goes straight to where the bytes belong, the second to memory of its own, for the first may still be
    /// writing when the second is done.
    func read(
        _ request: S3Request,
        _ target: S3Target,
        _ key: ObjectKey,
        _ io: borrowing AsyncIO
    ) async throws(ObjectStoreError) {
        guard let delay = client.options.hedgeAfter else {
            _ = try await perform(request, .none, target, "read", key, io)
            return
        }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: target.count, alignment: 64)
        defer { unsafe memory.deallocate() }
        let spare = unsafe S3Target(memory)
        let engine = io.retained
        let client = client
        let outcome = await withTaskGroup(of: Attempt.self) { group in
            group.addTask {
                await Attempt(isSecond: false) { () async throws(S3Fault) in
                    _ = try await client.perform(request, .none, into: target, AsyncIO(engine))
                }
            }
            group.addTask {
                await Attempt(isSecond: true) { () async throws(S3Fault) in
                    try await Self.wait(delay, AsyncIO(engine))
                    _ = try await client.perform(request, .none, into: spare, AsyncIO(engine))
                }
            }
            return await Self.first(of: &group)
        }
        if let fault = outcome.fault { throw client.explain(fault, "read", key) }
        if outcome.isSecond { unsafe target.rest(from: 0).copyMemory(from: UnsafeRawBufferPointer(memory)) }
    }

    /// The outcome of one of the two.
    private struct Attempt: Sendable {
        let isSecond: Bool
        let fault: S3Fault?

        init(isSecond: Bool, _ body: () async throws(S3Fault) -> Void) async {
            self.isSecond = isSecond
            do throws(S3Fault) {
                try await body()
                fault = nil
            } catch {
                fault = error
            }
        }
    }

    /// The first success, or the failure of the first request; the other one is cancelled and has ended.
    private static func first(of group: inout TaskGroup<Attempt>) async -> Attempt {
        var (first, second) = (Attempt?.none, Attempt?.none)
        while let attempt = await group.next() {
            if attempt.isSecond { second = attempt } else { first = attempt }
            // What the server refuses the first time it will refuse the second.
            if attempt.fault == nil || !attempt.isSecond { group.cancelAll() }
        }
        guard let first, let second else { preconditionFailure("both end") }
        return first.fault != nil && second.fault == nil ? second : first
    }

    private static func wait(_ delay: Duration, _ io: borrowing AsyncIO) async throws(S3Fault) {
        do throws(Errno) {
            try await io.sleep(for: delay)
        } catch {
            throw .connection(.cancelled, wasReused: false, hadAnswer: false)
        }
    }
}
