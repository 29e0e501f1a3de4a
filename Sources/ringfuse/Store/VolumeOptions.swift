import ArgumentParser
import NetworkStore
import RingFUSE
import SystemPackage

/// Which volume, for the commands that look after one.
struct VolumeOptions: ParsableArguments, Sendable {
    /// The metadata.
    @Argument(
        help: ArgumentHelp(
            "The volume's metadata: sqlite:///path/of/database, the path, or postgres://user@host/database.",
            valueName: "metadata"))
    var metadata: MetadataLocation

    /// Opens the volume's store.
    ///
    /// - Parameter creates: whether a directory is made where there is none.
    /// - Throws: an error of one line.
    static func store(of description: VolumeDescription, creates: Bool = false) throws -> any ObjectStore {
        try StoreURL(description.dataURL).open(creates: creates, environment: Environment.all)
    }
}

/// Whether a session of another machine is taken over.
struct TakeOverOptions: ParsableArguments, Sendable {
    /// Takes it over.
    @Flag(help: "Take the volume over from another machine that will never write again; SQLite only.")
    var force = false
}
