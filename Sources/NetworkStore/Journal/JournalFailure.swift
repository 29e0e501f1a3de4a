public import SystemPackage

/// Why a journal cannot be used.
public enum JournalFailure: Error, Sendable, CustomStringConvertible {
    /// Another process has it.
    case inUse(FilePath)
    /// It is another volume's.
    case foreign(FilePath, volume: String)
    /// The directory has something in it, and is no journal.
    case noJournal(FilePath)
    /// A newer version has written it, in a format that is not known here.
    case newer(FilePath, format: UInt64)
    /// The system refuses something.
    case system(FilePath, Errno)
    /// What it has could not be brought into the volume; it stays.
    case notReplayed(FilePath, VolumeFailure)

    /// One line.
    public var description: String {
        switch self {
        case .inUse(let path): "--writeback \(path): another process has this journal"
        case .foreign(let path, let volume): "--writeback \(path): this is the journal of another volume, \(volume)"
        case .noJournal(let path): "--writeback \(path): the directory is not empty, and no journal"
        case .newer(let path, let format):
            "--writeback \(path): written in format \(format) by a newer version, and formats up to "
                + "\(JournalSegment.Header.newest) are known here: mount with that version"
        case .system(let path, let error): "--writeback \(path): \(error)"
        case .notReplayed(let path, let failure):
            "--writeback \(path): what the journal has cannot be brought into the volume now, and stays there: \(failure)"
        }
    }
}
