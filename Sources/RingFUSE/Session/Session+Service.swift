public import ServiceLifecycle

extension Session: Service {
    /// Serves as a service of a `ServiceGroup`: a graceful shutdown takes the mount away and waits for its last user.
    ///
    /// - Throws: ``SessionError``.
    public func run() async throws {
        try await withGracefulShutdownHandler {
            try await run { _ in }
        } onGracefulShutdown: {
            Task { try? await self.unmount() }
        }
    }
}
