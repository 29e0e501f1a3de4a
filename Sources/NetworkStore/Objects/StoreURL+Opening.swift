extension StoreURL {
    /// The store at this place.
    ///
    /// - Parameters:
    ///   - creates: whether to make a directory that is missing. A bucket has to be there.
    ///   - environment: variables that say where keys are; see ``S3Store/init(_:options:environment:)``.
    /// - Throws: ``ObjectStoreError/denied(_:)`` where it cannot be used. A bucket is not asked for anything yet.
    public func open(
        creates: Bool = false,
        options: S3Options = S3Options(),
        environment: [String: String]
    ) throws(ObjectStoreError) -> any ObjectStore {
        switch self {
        case .directory(let path): try DirectoryStore(path, creates: creates)
        case .s3(let location): try S3Store(location, options: options, environment: environment)
        }
    }
}
