public import SystemPackage

extension SQLiteEngine {
    /// Has another wrapping of the same key open the volume.
    public func replaceWrappedKey(_ old: String, with new: String) async throws(Errno) {
        try await write(durably: true) { (transaction) throws(Errno) in
            try transaction.replaceWrappedKey(old, with: new)
        }
    }
}
