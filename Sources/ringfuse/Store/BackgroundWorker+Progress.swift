import RingFUSE

extension BackgroundWorker {
    /// Runs the work of a command on a worker of its own, which ends with it, and has it tell how far it is.
    ///
    /// - Parameter body: gets input and output, the worker, and the line that tells.
    /// - Throws: what `body` throws; `EMFILE`, `ENFILE`, `ENOMEM`, `EAGAIN` where there can be no worker.
    static func run<Result: Sendable>(
        _ body: @Sendable (borrowing AsyncIO, BackgroundWorker, ProgressLine) async throws -> Result
    ) async throws -> Result {
        let worker = try BackgroundWorker()
        let progress = ProgressLine()
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await worker.run { io in try await body(io, worker, progress) })
        } catch {
            result = .failure(error)
        }
        progress.close()
        await worker.shutDown()
        return try result.get()
    }
}
