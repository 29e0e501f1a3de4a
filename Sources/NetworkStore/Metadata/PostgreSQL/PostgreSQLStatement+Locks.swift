extension PostgreSQLStatement {
    /// Of requests that wait, those that were lately looked at by their mounts: others may be a paused mount's.
    private static let isFresh = "w.seen > clock_timestamp() - interval '5 s'"

    /// Statements about locks of programs. A lock belongs to whoever has its node's row, and so does a request that waits for one;
    /// only its session's own are changed, or those of one that has ended.
    var locksText: String {
        switch self {
        case .locks:
            """
            SELECT node, whole, session, owner, first_byte, last_byte, kind, process, handle FROM locks
            WHERE node = ANY($1::bigint[])
            """
        case .lockWaits:
            """
            SELECT w.node, w.whole, w.session, w.owner, w.first_byte, w.last_byte, w.kind, w.ticket,
                CASE WHEN \(Self.isFresh) THEN 1::bigint ELSE 0::bigint END
            FROM lock_waits w WHERE w.node = ANY($1::bigint[]) ORDER BY w.number
            """
        // Who waits for whom, on any file.
        case .lockGraph:
            """
            SELECT w.node, w.session, w.owner, l.session, l.owner FROM lock_waits w JOIN locks l ON l.node = w.node
                AND l.whole = 0 AND (l.session <> w.session OR l.owner <> w.owner) AND l.first_byte <= w.last_byte
                AND l.last_byte >= w.first_byte AND (l.kind = 1 OR w.kind = 1)
            WHERE w.whole = 0 AND \(Self.isFresh)
            """
        case .deleteLocks:
            """
            DELETE FROM locks l
            USING unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
                k (node, whole, session, owner, first_byte)
            WHERE l.node = k.node AND l.whole = k.whole AND l.session = k.session AND l.owner = k.owner
                AND l.first_byte = k.first_byte
            """
        case .insertLocks:
            """
            INSERT INTO locks (node, whole, session, owner, first_byte, last_byte, kind, process, handle)
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                $7::bigint[], $8::bigint[], $9::bigint[])
            """
        case .setLockWait:
            """
            INSERT INTO lock_waits (node, whole, session, owner, first_byte, last_byte, kind, ticket, seen)
            VALUES ($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $8::bigint,
                clock_timestamp())
            ON CONFLICT (session, ticket) DO UPDATE SET seen = clock_timestamp()
            """
        case .deleteLockWaits:
            """
            DELETE FROM lock_waits w USING unnest($1::bigint[], $2::bigint[]) k (session, ticket)
            WHERE w.session = k.session AND w.ticket = k.ticket
            """
        // What others wait for that goes with a session.
        case .sessionLocks:
            """
            SELECT DISTINCT w.node FROM locks l JOIN lock_waits w ON w.node = l.node
            WHERE l.session = $1::bigint AND w.session <> $1::bigint
            """
        case .endLocks: "DELETE FROM locks WHERE session = $1::bigint"
        case .endLockWaits: "DELETE FROM lock_waits WHERE session = $1::bigint"
        case .lockConflict:
            """
            SELECT kind, first_byte, last_byte, process, session FROM locks
            WHERE node = $1::bigint AND whole = $2::bigint AND (session <> $3::bigint OR owner <> $4::bigint)
                AND first_byte <= $6::bigint AND last_byte >= $5::bigint AND (kind = 1 OR $7::bigint = 1)
            ORDER BY first_byte, last_byte LIMIT 1
            """
        default: preconditionFailure("not about locks")
        }
    }
}
