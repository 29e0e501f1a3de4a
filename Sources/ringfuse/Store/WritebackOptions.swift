import ArgumentParser
import NetworkStore
import RingFUSE
import SystemPackage

/// Whether `fsync` and `close` are acknowledged from a journal.
struct WritebackOptions: ParsableArguments, Sendable {
    /// Where the journal is.
    @Option(
        help: ArgumentHelp(
            """
            A directory on a local disk for a journal, from which fsync() and close() are acknowledged before the store has \
            what was written; it is stored soon after, and by the next mount with the same directory after a crash. What it \
            risks: other mounts see a file later than its close; and if this machine or its disk is lost, so is what was \
            acknowledged and not stored yet. Default: none, nothing is acknowledged before it is stored.
            """,
            valueName: "directory"))
    var writeback: String?

    /// How much may be in it.
    @Option(
        help: ArgumentHelp(
            "The most that the directory of --writeback may hold; beyond, fsync() and close() wait for the store; default: 10G.",
            valueName: "size"),
        transform: { try ByteSize(parsing: $0) }
    )
    var writebackSize = ByteSize(bytes: 10 << 30)

    /// Goes on without others.
    @Flag(
        help: """
            Give up what journals of mounts that are gone have and the volume has not. Their directories stay as they are; what \
            is in them is saved as files when they are used again.
            """)
    var abandonJournals = false

    /// Refuses a journal that would be served by its own mount.
    func check(against mountPoint: FilePath) throws {
        guard let writeback, FilePath(writeback).absolute.starts(with: mountPoint) else { return }
        throw ValidationError(
            "--writeback \(writeback): the journal would be in the volume itself; name another directory")
    }

    /// Opens the journal.
    ///
    /// - Throws: an error of one line.
    func open(of volume: VolumeDescription, key: VolumeKey?) throws -> Journal? {
        guard let writeback else { return nil }
        do {
            return try Journal(
                in: FilePath(writeback).absolute, of: volume, key: key, limit: UInt64(writebackSize.bytes)
            ) { StandardError.write("ringfuse: \($0)") }
        } catch {
            throw ValidationError("\(error)")
        }
    }

    /// Looks after journals of mounts that are gone.
    ///
    /// - Parameter own: this mount's.
    /// - Throws: an error of one line where there is one whose content nobody else will bring in.
    func settle(_ own: Journal?, _ engine: any MetadataEngine) async throws {
        for (identifier, mark) in engine.volume.journals ?? [:] where identifier != own?.identifier {
            guard try await !engine.isOpen(session: mark.session) else { continue }
            if abandonJournals {
                try await engine.setJournal(identifier, nil)
                continue
            }
            let text = """
                the journal in \(mark.directory) on \(mark.host) may have what was acknowledged and is not in the volume: mount it \
                there with --writeback \(mark.directory)
                """
            // Others go on meanwhile: what they change is not overwritten.
            guard !engine.isShared else {
                StandardError.write("ringfuse: \(text)")
                continue
            }
            throw ValidationError("\(text), or give that up with --abandon-journals")
        }
    }
}
