internal import RingFUSE
internal import SystemPackage

extension Transaction {
    /// Replaces the wrapped key: ``MetadataEngine/replaceWrappedKey(_:with:)``.
    func replaceWrappedKey(_ old: String, with new: String) throws(Errno) {
        var description = try rows.volumeDescription(isChanged: true)
        guard description.wrappedKey == old else { throw .resourceTemporarilyUnavailable }
        description.wrappedKey = new
        try rows.store(description)
    }
}
