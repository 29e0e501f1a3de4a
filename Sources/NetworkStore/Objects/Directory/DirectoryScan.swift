import CRingFUSE
import Glibc
import SystemPackage

/// Reads a directory, waiting for the disk.
enum DirectoryScan {
    /// A file or directory.
    struct Entry: Sendable {
        let name: String
        let isDirectory: Bool

        /// Sorts as the keys that begin with it do.
        var sortKey: String { isDirectory ? name + "/" : name }
    }

    /// The files and directories in a directory, in no order; names that are not UTF-8 are left out.
    static func entries(of path: String, in root: FileDescriptor) throws(Errno) -> [Entry] {
        let opened = unsafe rfuse_open(root.rawValue, path.isEmpty ? "." : path, O_RDONLY | O_DIRECTORY, 0)
        guard opened >= 0 else { throw Errno(rawValue: CInt(-opened)) }
        let file = FileDescriptor(rawValue: CInt(opened))
        defer { try? file.close() }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 8)
        defer { unsafe buffer.deallocate() }
        var entries: [Entry] = []
        while true {
            let count = unsafe rfuse_read_directory(file.rawValue, buffer.baseAddress, buffer.count)
            guard count >= 0 else { throw Errno(rawValue: CInt(-count)) }
            if count == 0 { return entries }
            try unsafe append(UnsafeRawBufferPointer(rebasing: buffer[..<count]), of: file, to: &entries)
        }
    }

    @unsafe
    private static func append(
        _ records: UnsafeRawBufferPointer,
        of directory: FileDescriptor,
        to entries: inout [Entry]
    ) throws(Errno) {
        var offset = 0
        while offset < records.count {
            var record = unsafe rfuse_directory_entry()
            let result = unsafe rfuse_decode_entry(
                records.baseAddress.unsafelyUnwrapped + offset, records.count - offset, &record)
            guard result == 0 else { throw Errno(rawValue: CInt(-result)) }
            unsafe offset += Int(record.record_length)
            let bytes = unsafe UnsafeBufferPointer(start: record.name, count: Int(record.name_length))
            guard let name = unsafe String(validating: bytes, as: UTF8.self), name != ".", name != ".." else {
                continue
            }
            // DT_DIR, DT_REG, DT_UNKNOWN.
            switch unsafe record.type {
            case 4: entries.append(Entry(name: name, isDirectory: true))
            case 8: entries.append(Entry(name: name, isDirectory: false))
            case 0: if let entry = lookAt(name, in: directory) { entries.append(entry) }
            default: break
            }
        }
    }

    /// For file systems that do not tell the type in the directory.
    private static func lookAt(_ name: String, in directory: FileDescriptor) -> Entry? {
        var status = stat()
        guard unsafe fstatat(directory.rawValue, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return Entry(name: name, isDirectory: true)
        case S_IFREG: return Entry(name: name, isDirectory: false)
        default: return nil
        }
    }
}
