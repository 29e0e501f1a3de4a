internal import RingFUSE
internal import SystemPackage

/// Where entries of the trash were, as paths from the root on: directories that are there are asked for their names, and those in the
/// trash say where they were.
struct TrashPaths {
    /// Deeper than any path that a program can name; more directories above each other are a circle.
    static let deepest = 4096

    private let engine: any MetadataEngine
    /// Places of directories that were asked for; `nil` for those that are gone.
    private var places: [NodeID: NamePlace?] = [:]

    /// Paths of a volume, as they are by and by.
    init(_ engine: any MetadataEngine) { self.engine = engine }

    /// The names that lead to an entry's former place, its own the last; `nil` where a directory on the way is gone for good.
    mutating func path(of entry: TrashEntry) async throws(Errno) -> [StoredName]? {
        var names = [entry.place.name]
        var directory = entry.place.directory
        while directory != .root {
            guard names.count < Self.deepest, let place = try await place(of: directory) else { return nil }
            names.append(place.name)
            directory = place.directory
        }
        return names.reversed()
    }

    private mutating func place(of directory: NodeID) async throws(Errno) -> NamePlace? {
        if let known = places[directory] { return known }
        var place = try await engine.place(of: directory)
        if place == nil { place = try await engine.trashEntry(of: directory)?.place }
        places[directory] = .some(place)
        return place
    }
}
