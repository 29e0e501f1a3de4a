internal import SystemPackage

/// One mount's use of a volume in PostgreSQL: what the database knows it by, and what all of its threads share.
final class PostgreSQLSession: Sendable {
    /// How long an operation waits for a server that cannot be reached, unless said otherwise.
    static let usualPatience = Duration.seconds(30)

    /// How long a transaction may stay open whose client says nothing: it keeps rows from others.
    private static let openTransactionLimitInMilliseconds = 10_000

    /// The server, the database, the schema.
    let location: PostgreSQLLocation
    /// What was decided when the volume was formatted.
    let volume: VolumeDescription
    /// Its number; 0 where the volume is only read.
    let epoch: Int64
    /// How long it may be silent before others end it, by the server's clock.
    let lease: Duration
    /// How long an operation waits for a server that cannot be reached, before it fails.
    let patience: Duration
    /// How long that is once the mount is to end.
    let ending = PostgreSQLPatience()
    /// Whether it may go on.
    let status: EngineStatus
    /// What small content is encrypted with.
    let cipher: InlineCipher
    /// Tells people, in one line.
    let say: @Sendable (String) -> Void

    /// A session.
    init(
        _ location: PostgreSQLLocation,
        _ volume: VolumeDescription,
        epoch: Int64,
        lease: Duration,
        patience: Duration = usualPatience,
        _ say: @escaping @Sendable (String) -> Void
    ) {
        self.location = location
        self.volume = volume
        self.epoch = epoch
        self.lease = lease
        self.patience = patience
        self.say = say
        cipher = InlineCipher(isEncrypted: volume.wrappedKey != nil)
        status = EngineStatus { say($0.description) }
    }

    /// The lease in milliseconds.
    var leaseInMilliseconds: Int64 { Int64(lease / .milliseconds(1)) }

    /// What connections that write ask of the server.
    ///
    /// Plans are those that hold for large tables, whatever the server knows of them. A commit that need not be durable is not
    /// waited for. A transaction that its client has left open, because it was paused or cut off, must not keep others out.
    var writerSettings: [(String, String)] {
        Self.planning + [
            ("synchronous_commit", "off"),
            ("idle_in_transaction_session_timeout", "\(Self.openTransactionLimitInMilliseconds)"),
            ("default_transaction_isolation", "read committed"),
        ]
    }

    /// What connections that read ask of the server.
    static let planning = [
        ("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off"),
        ("plan_cache_mode", "force_generic_plan"), ("jit", "off"),
    ]
}
