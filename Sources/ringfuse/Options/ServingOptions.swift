import ArgumentParser
import RingFUSE
import SystemPackage

/// What every file system takes: where it is mounted, and how it is served.
struct ServingOptions: ParsableArguments, Sendable {
    /// An existing directory.
    @Argument(help: "An existing directory.")
    var mountPoint: String

    /// What the mount is called and who may use it.
    @OptionGroup(title: "Mount options") var mounting: MountingOptions

    /// Transport, workers, buffers.
    @OptionGroup(title: "Core options") var core: CoreOptions

    /// Caches, passthrough, owners.
    @OptionGroup(title: "Cache options") var caching: CachingOptions

    /// How the mount is served.
    var configuration: SessionConfiguration {
        var configuration = core.configuration
        caching.apply(to: &configuration)
        return configuration
    }

    /// The mount point, from the root.
    var path: FilePath { FilePath(mountPoint).absolute }

    /// Refuses an empty mount point, which would be the current directory.
    func validate() throws {
        if mountPoint.isEmpty { throw ValidationError("the mount point is empty; name a directory") }
    }
}
