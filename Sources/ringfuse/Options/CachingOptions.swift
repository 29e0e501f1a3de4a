import ArgumentParser
import RingFUSE

/// The options that say what the kernel does by itself: caches, passthrough, owners.
struct CachingOptions: ParsableArguments, Sendable {
    /// Whether writes are written back later.
    @Flag(
        help: ArgumentHelp(
            "Let the kernel keep what is written and write it back later, in larger pieces.",
            discussion: "Only for files that nothing changes but this mount."
        )
    )
    var writebackCache = false

    /// Whether the kernel reads and writes the backend's files.
    @Flag(
        help: ArgumentHelp(
            "Let the kernel read and write the files of a mirror's source by itself; needs root and Linux 6.9.",
            discussion: "Where it cannot be had, the server says so and serves them as usual."
        )
    )
    var passthrough = false

    /// Whether pages outlive an open.
    @Flag(help: "Keep what is cached of a file when it is opened again.")
    var keepCache = false

    /// Whether the page cache is bypassed.
    @Flag(help: "Bypass the page cache: every read and write of a program is a request.")
    var directIO = false

    /// Whether bind mounts may map owners.
    @Flag(
        name: .customLong("idmap"),
        help: ArgumentHelp(
            "Let the mount be bind-mounted with other owners (X-mount.idmap); needs Linux 6.12.",
            discussion: "The server is then told callers only where something is made."
        )
    )
    var idmap = false

    /// Refuses options of which one undoes the other.
    func validate() throws {
        if directIO { try refuse("--direct-io", with: "--keep-cache", keepCache, "it leaves no cache to keep") }
        if directIO {
            try refuse("--direct-io", with: "--writeback-cache", writebackCache, "nothing written would be cached")
            try refuse("--direct-io", with: "--passthrough", passthrough, "one sends every read, the other none")
        }
        if passthrough {
            try refuse("--passthrough", with: "--writeback-cache", writebackCache, "the kernel has only one at a time")
        }
    }

    /// Refuses two options together.
    private func refuse(_ option: String, with other: String, _ isGiven: Bool, _ reason: String) throws {
        if isGiven { throw ValidationError("\(option) and \(other) exclude each other: \(reason)") }
    }

    /// Adds what these options ask for.
    func apply(to configuration: inout SessionConfiguration) {
        configuration.usesWritebackCache = writebackCache
        configuration.usesPassthrough = passthrough
        configuration.allowsIDMapping = idmap
        if keepCache { configuration.fileCaching = .keep }
        if directIO { configuration.fileCaching = .bypass }
    }
}
