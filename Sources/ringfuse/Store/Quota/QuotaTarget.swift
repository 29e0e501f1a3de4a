import NetworkStore

/// A directory whose quota is looked after.
protocol QuotaTarget: Sendable {
    /// Sets it, and waits until all is counted.
    ///
    /// - Parameter progress: told now and then how far it is.
    /// - Returns: the quota; not complete where this was interrupted.
    func set(_ limits: QuotaRecord.Limits, progress: @escaping @Sendable (String) -> Void) async throws -> QuotaRecord

    /// Takes it away, and waits until it is gone.
    ///
    /// - Parameter progress: told now and then how far it is.
    func clear(progress: @escaping @Sendable (String) -> Void) async throws

    /// The quotas that hold there, from the inside out.
    func show() async throws -> [QuotaRecord]
}
