import ArgumentParser
import Glibc
import RingFUSE
import SystemPackage

/// The options that say what a mount is called, who may use it, and how the server runs.
struct MountingOptions: ParsableArguments, Sendable {
    /// Mount options as mount(8) takes them.
    @Option(
        name: .customShort("o"),
        help: ArgumentHelp(
            "Mount options, like ro,noexec,allow_other; may be given several times.",
            valueName: "options"
        )
    )
    var options: [String] = []

    /// Whether others may use the mount.
    @Flag(help: "Let other users, root among them, use the mount.")
    var allowOther = false

    /// Whether nothing can be written.
    @Flag(help: "Let nothing be written.")
    var readOnly = false

    /// What `df` shows as the device.
    @Option(help: ArgumentHelp("What df and mount show as the device; default: ringfuse.", valueName: "name"))
    var name: String?

    /// The part of the type after `fuse.`.
    @Option(help: ArgumentHelp("The part of the type after \"fuse.\"; default: ringfuse.", valueName: "name"))
    var subtype: String?

    /// Whether to serve in the background.
    @Flag(help: "Return once the mount answers, and serve in the background.")
    var daemon = false

    /// Where a daemon logs to.
    @Option(help: ArgumentHelp("Append logs to a file instead of standard error.", valueName: "path"))
    var logFile: String?

    /// What is logged.
    @OptionGroup var logging: LoggingOptions

    /// Refuses options that no mount can have.
    func validate() throws {
        _ = try mountOptions()
    }

    /// The mount options that these ask for; the options of the tool's own win over `-o`.
    ///
    /// - Throws: `ValidationError`, with the one line that says what is wrong.
    func mountOptions() throws -> MountOptions {
        var result = MountOptions()
        do throws(MountError) {
            for list in options { try result.apply(list) }
            if let name { try result.apply("fsname=\(Self.escaped(name))") }
            if let subtype { try result.apply("subtype=\(Self.escaped(subtype))") }
        } catch {
            throw ValidationError("\(error)")
        }
        if allowOther { result.allowOther = true }
        if readOnly { result.readOnly = true }
        return result
    }

    /// A value in the syntax of `-o`, where commas and backslashes need a backslash.
    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { result, character in
            if character == "," || character == "\\" { result.append("\\") }
            result.append(character)
        }
    }
}
