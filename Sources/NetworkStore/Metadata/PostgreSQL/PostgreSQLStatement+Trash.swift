internal import RingFUSE

extension PostgreSQLStatement {
    /// Statements about the trash: names in a directory that is no node.
    var trashText: String {
        switch self {
        case .trash:
            """
            SELECT \(SQL.nodeColumns), m.name, m.cookie FROM names m JOIN nodes n ON n.id = m.node
            WHERE m.dir = \(NodeID.trash) AND m.cookie > $1::bigint AND m.cookie <= $2::bigint
            ORDER BY m.cookie LIMIT $3::bigint
            """
        case .trashEntry:
            """
            SELECT \(SQL.nodeColumns), m.name, m.cookie FROM names m JOIN nodes n ON n.id = m.node
            WHERE m.dir = \(NodeID.trash) AND m.name >= $1::bytea AND m.name < $2::bytea LIMIT 1
            """
        case .trashUsage:
            """
            SELECT count(*), coalesce(sum(n.allocated), 0)::bigint FROM names m JOIN nodes n ON n.id = m.node
            WHERE m.dir = \(NodeID.trash)
            """
        case .place:
            """
            SELECT m.dir, m.name FROM nodes n JOIN names m ON m.dir = n.parent AND m.node = n.id
            WHERE n.id = $1::bigint AND n.parent <> 0 LIMIT 1
            """
        default: preconditionFailure("not about the trash")
        }
    }
}
