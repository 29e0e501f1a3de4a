extension PostgreSQLStatement {
    /// A quota and those around it.
    private static let chain = """
        WITH RECURSIVE chain (directory, depth) AS (
            SELECT $1::bigint, 0 UNION ALL
            SELECT q.outer_quota, c.depth + 1 FROM chain c JOIN quotas q ON q.directory = c.directory
            WHERE q.outer_quota <> 0 AND c.depth < \(QuotaRecord.deepest))
        """

    /// Statements about quotas.
    var quotaText: String {
        let columns = QuotaRecord.columns
        switch self {
        case .lockQuotas:
            return """
                SELECT \(columns) FROM quotas WHERE directory = ANY(ARRAY(\(Self.chain) SELECT directory FROM chain))
                ORDER BY directory FOR UPDATE
                """
        case .quotas:
            return """
                \(Self.chain) SELECT \(columns) FROM chain JOIN quotas USING (directory) ORDER BY depth
                """
        // What an index of some rows only is used for has to be said in its words.
        case .lockInnerQuotas:
            return """
                SELECT \(columns) FROM quotas WHERE outer_quota = $1::bigint AND outer_quota <> 0
                ORDER BY directory FOR UPDATE
                """
        case .allQuotas: return "SELECT \(columns) FROM quotas ORDER BY directory"
        case .members: return "SELECT id FROM nodes WHERE quota = $1::bigint AND quota <> 0 LIMIT $2::bigint"
        case .insertQuota:
            return """
                INSERT INTO quotas (\(columns)) VALUES (\((1...7).map { "$\($0)::bigint" }.joined(separator: ", ")))
                """
        case .updateQuota:
            return """
                UPDATE quotas SET outer_quota = $2::bigint, byte_limit = $3::bigint, node_limit = $4::bigint,
                    bytes = $5::bigint, nodes = $6::bigint, complete = $7::bigint
                WHERE directory = $1::bigint
                """
        case .deleteQuota: return "DELETE FROM quotas WHERE directory = $1::bigint"
        default: preconditionFailure("not about quotas")
        }
    }
}
