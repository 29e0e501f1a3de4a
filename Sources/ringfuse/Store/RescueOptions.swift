import ArgumentParser
import Glibc
import NetworkStore
import SystemPackage

/// Where what cannot be committed any more is saved aside.
struct RescueOptions: ParsableArguments, Sendable {
    /// Where.
    @Option(
        help: ArgumentHelp(
            """
            A directory on a local disk where what programs have written is saved, as files and not encrypted, when it cannot be \
            committed any more: because the volume has ended this session, or the store or the database is away when the mount \
            ends. none: it is lost then. Default: /var/lib/ringfuse/rescue/VOLUME for root, ringfuse/rescue/VOLUME in \
            $XDG_STATE_HOME or ~/.local/state for others; none for encrypted volumes.
            """,
            valueName: "directory|none"))
    var rescue: String?

    /// Refuses a directory that would be served by its own mount.
    func check(against mountPoint: FilePath) throws {
        guard let rescue, rescue != "none", FilePath(rescue).absolute.starts(with: mountPoint) else { return }
        throw ValidationError(
            "--rescue \(rescue): what cannot be stored would be saved in the volume itself; name another directory")
    }

    /// Where it is for a volume. A directory that was asked for is made; the usual one not before there is something to save.
    ///
    /// - Throws: an error of one line where nothing could be saved in the directory that was asked for.
    func open(of volume: VolumeDescription, mountPoint: FilePath) throws -> Rescue {
        if rescue == "none" { return Rescue(in: nil) }
        if let rescue {
            let path = FilePath(rescue).absolute
            do throws(Errno) {
                return try Rescue(making: path)
            } catch {
                throw ValidationError("--rescue \(rescue): \(error)")
            }
        }
        guard volume.wrappedKey == nil else {
            return without("the volume is encrypted, and what is saved would not be")
        }
        let variables = Environment.all
        guard let base = Self.usualDirectory(isRoot: geteuid() == 0, variables) else {
            return without("neither XDG_STATE_HOME nor HOME is set")
        }
        let path = base.appending(volume.identifier)
        guard !path.starts(with: mountPoint) else { return without("\(path) is in the mount itself") }
        if let error = Self.reasonAgainst(path) { return without("\(path): \(error)") }
        return Rescue(in: path)
    }

    /// Says that nothing will be saved, and why.
    private func without(_ reason: String) -> Rescue {
        StandardError.write(
            "ringfuse: what cannot be committed in the end is lost unless --rescue names a directory for it: \(reason)")
        return Rescue(in: nil)
    }

    /// Where volumes have their directories unless told otherwise; `nil` where the user has no place for that.
    static func usualDirectory(isRoot: Bool, _ variables: [String: String]) -> FilePath? {
        if isRoot { return "/var/lib/ringfuse/rescue" }
        // What is not absolute is to be ignored, by the rules of these variables.
        if let state = variables["XDG_STATE_HOME"], state.hasPrefix("/") {
            return FilePath(state).appending("ringfuse/rescue")
        }
        guard let home = variables["HOME"], home.hasPrefix("/") else { return nil }
        return FilePath(home).appending(".local/state/ringfuse/rescue")
    }

    /// Why a directory can be neither used nor made.
    static func reasonAgainst(_ path: FilePath) -> Errno? {
        var path = path
        while unsafe access(path.string, W_OK | X_OK) != 0 {
            guard errno == ENOENT, path.removeLastComponent() else { return Errno(rawValue: errno) }
        }
        return nil
    }
}
