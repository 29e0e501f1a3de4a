public import SystemPackage

extension PostgreSQLEngine {
    /// Has another wrapping of the same key open the volume.
    public func replaceWrappedKey(_ old: String, with new: String) async throws(Errno) {
        try await write(.none, durably: true) { (transaction) throws(Errno) in
            try transaction.replaceWrappedKey(old, with: new)
        }
    }
}
