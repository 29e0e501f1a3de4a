internal import RingFUSE

extension ConsistencyCheck {
    /// Whether what is in the trash is there once, without any other name, and knows it.
    mutating func checkTrash() throws(Database.Failure) {
        let inTrash = "(n.marks & \(Self.inTrash)) <> 0"
        try find(
            """
            WITH hidden AS (SELECT node, count(*) AS entries FROM names WHERE dir = \(NodeID.trash) GROUP BY node)
            SELECT n.id FROM nodes n LEFT JOIN hidden h ON h.node = n.id
                WHERE \(inTrash) AND (coalesce(h.entries, 0) <> 1 OR n.links <> 0 OR n.quota <> 0)
            UNION SELECT n.id FROM nodes n JOIN hidden h ON h.node = n.id WHERE NOT (\(inTrash))
            """
        ) { .trash(node: NodeID($0.uint64(0))) }
        // What such a name says no SQL can read.
        try find("SELECT name, node FROM names WHERE dir = \(NodeID.trash)") { row in
            let (name, node) = (StoredName(Name(row.bytes(0).span)), NodeID(row.uint64(1)))
            return TrashEntry.place(of: node, hiddenName: name) == nil ? .trash(node: node) : nil
        }
    }
}
