import NetworkStore

/// Quotas for people.
enum QuotaText {
    /// One line.
    ///
    /// - Parameter path: where its directory is, as far as that is known.
    static func line(_ quota: QuotaRecord, path: String? = nil) -> String {
        let bytes = ByteSize(bytes: Int(max(0, quota.bytes))).rounded
        let limit = quota.limits.bytes.map { " of \(ByteSize(bytes: Int(clamping: $0)).rounded)" } ?? ""
        let nodes = quota.limits.nodes.map { " of \($0)" } ?? ""
        let state = quota.isComplete ? "" : ", not all counted yet: set or clear it again"
        let place = path.map { "\($0): " } ?? ""
        return "\(place)\(bytes)\(limit), \(quota.nodes)\(nodes) files and directories\(state)"
    }
}
