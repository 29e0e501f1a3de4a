import CRingFUSE
import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

/// A mirror of a directory of its own, which goes when the fixture does.
final class MirrorFixture: Sendable {
    /// The source.
    let path: String
    let mirror: MirrorFileSystem
    let engine = ThreadPoolIO(ThreadPool(threads: 2))

    init(options: MirrorFileSystem.Options = .init(), in directory: String = "/tmp") throws {
        var template = Array("\(directory)/ringfuse-mirror-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        path = unsafe template.withUnsafeBufferPointer { unsafe String(cString: $0.baseAddress.unsafelyUnwrapped) }
        // Open to other users, on whose behalf tests act.
        guard unsafe chmod(path, 0o755) == 0 else { throw Errno(rawValue: errno) }
        mirror = try MirrorFileSystem(source: FilePath(path), options: options)
    }

    deinit {
        removeTree(path)
    }

    /// A request of a user.
    func context(user: UInt32 = 0, group: UInt32 = 0) -> RequestContext {
        RequestContext(unique: 1, userID: user, groupID: group, processID: 1, io: AsyncIO(engine))
    }

    // MARK: The source, by path

    /// What the source says of a path, links not followed; `nil` where there is nothing.
    func source(_ name: String) -> rfuse_status? {
        let descriptor = CInt(unsafe rfuse_open_component(AT_FDCWD, "\(path)/\(name)", 1))
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = rfuse_status()
        return unsafe rfuse_status(descriptor, &status) == 0 ? status : nil
    }

    /// Writes a file of the source.
    func put(_ text: String, at name: String) throws {
        let descriptor = unsafe Glibc.open("\(path)/\(name)", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o644)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let count = unsafe Glibc.write(descriptor, text, text.utf8.count)
        try #require(count == text.utf8.count)
    }

    /// Changes the mode of a file of the source.
    func changeMode(of name: String, to mode: mode_t) throws {
        let result = unsafe chmod("\(path)/\(name)", mode)
        try #require(result == 0)
    }

    /// The content of a file of the source.
    func content(of name: String) throws -> String {
        let descriptor = unsafe Glibc.open("\(path)/\(name)", O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe Glibc.read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// How many descriptors of this process stand for files of the source.
    ///
    /// Tests run side by side, so all descriptors would be too many.
    func descriptorCount() -> Int {
        var count = 0
        for descriptor in 0..<CInt(4096) {
            var target = [CChar](repeating: 0, count: 4096)
            let length = unsafe readlink("/proc/self/fd/\(descriptor)", &target, target.count - 1)
            guard length > 0 else { continue }
            let text = String(decoding: target[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text == path || text.hasPrefix(path + "/") { count += 1 }
        }
        return count
    }

    // MARK: Requests, with names as strings

    func lookUp(_ name: String, in directory: NodeID = .root) throws(Errno) -> Entry {
        let context = context()
        return try StoredName(name).withName { name throws(Errno) in try mirror.lookUp(name, in: directory, context) }
    }

    func makeDirectory(
        _ name: String,
        in directory: NodeID = .root,
        mode: UInt32 = 0o755,
        user: UInt32 = 0,
        group: UInt32 = 0
    ) throws(Errno) -> Entry {
        let context = context(user: user, group: group)
        let node = NewNode(mode: NodeMode(.directory, permissions: mode))
        return try StoredName(name).withName { name throws(Errno) in
            try mirror.makeDirectory(named: name, in: directory, node, context)
        }
    }

    func makeNode(
        _ name: String,
        in directory: NodeID = .root,
        _ type: NodeType = .regular,
        mode: UInt32 = 0o644,
        user: UInt32 = 0,
        group: UInt32 = 0
    ) throws(Errno) -> Entry {
        let context = context(user: user, group: group)
        let node = NewNode(mode: NodeMode(type, permissions: mode))
        return try StoredName(name).withName { name throws(Errno) in
            try mirror.makeNode(named: name, in: directory, node, context)
        }
    }

    func makeSymbolicLink(
        _ name: String,
        to target: String,
        in directory: NodeID = .root,
        user: UInt32 = 0,
        group: UInt32 = 0
    ) throws(Errno) -> Entry {
        let context = context(user: user, group: group)
        return try StoredName(name).withName { name throws(Errno) in
            let target = StoredName(target)
            return try mirror.makeSymbolicLink(named: name, in: directory, to: Name(target.bytes.span), context)
        }
    }

    func create(
        _ name: String,
        in directory: NodeID = .root,
        flags: CInt = O_RDWR,
        mode: UInt32 = 0o644,
        user: UInt32 = 0,
        group: UInt32 = 0
    ) throws(Errno) -> (entry: Entry, file: OpenFile) {
        let context = context(user: user, group: group)
        let flags = OpenFlags(rawValue: UInt32(bitPattern: flags))
        let node = NewNode(mode: NodeMode(.regular, permissions: mode))
        let reply = try StoredName(name).withName { name throws(Errno) in
            try mirror.create(named: name, in: directory, node, flags, context)
        }
        return (reply.entry, OpenFile(node: reply.entry.node, handle: reply.file.handle, flags: flags))
    }

    func open(_ node: NodeID, _ flags: CInt = O_RDWR, user: UInt32 = 0) throws(Errno) -> OpenFile {
        let flags = OpenFlags(rawValue: UInt32(bitPattern: flags))
        return OpenFile(node: node, handle: try mirror.open(node, flags, context(user: user)).handle, flags: flags)
    }

    func read(_ file: OpenFile, at offset: UInt64 = 0, count: Int = 1 << 16) async throws(Errno) -> String {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 4096)
        defer { unsafe memory.deallocate() }
        var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        try await mirror.read(file, at: offset, into: &span, context())
        let filled = unsafe span.finalize(for: memory)
        return unsafe String(decoding: memory[..<filled], as: UTF8.self)
    }

    func write(
        _ text: String,
        to file: OpenFile,
        at offset: UInt64 = 0,
        _ options: WriteOptions = []
    ) async throws(Errno) -> Int {
        let bytes = Array(text.utf8)
        return try await unsafe mirror.write(file, at: offset, from: bytes.span.bytes, options, context())
    }

    func remove(_ name: String, in directory: NodeID = .root, isDirectory: Bool = false) throws(Errno) {
        let context = context()
        try StoredName(name).withName { name throws(Errno) in
            if isDirectory {
                try mirror.removeDirectory(named: name, in: directory, context)
            } else {
                try mirror.removeFile(named: name, in: directory, context)
            }
        }
    }

    func rename(
        _ name: String,
        in directory: NodeID = .root,
        to newName: String,
        into newDirectory: NodeID = .root,
        _ flags: RenameFlags = []
    ) throws(Errno) {
        let context = context()
        let newName = StoredName(newName)
        try StoredName(name).withName { name throws(Errno) in
            try mirror.rename(name, in: directory, to: Name(newName.bytes.span), in: newDirectory, flags, context)
        }
    }

    func link(_ node: NodeID, to name: String, in directory: NodeID = .root) throws(Errno) -> Entry {
        let context = context()
        return try StoredName(name).withName { name throws(Errno) in
            try mirror.link(node, to: name, in: directory, context)
        }
    }

    // Synchronous, because an asynchronous caller would get the protocol's asynchronous default instead.

    func openDirectory(_ node: NodeID) throws(Errno) -> OpenFile {
        OpenFile(node: node, handle: try mirror.openDirectory(node, [], context()).handle)
    }

    func attributes(of node: NodeID, _ handle: HandleID? = nil) throws(Errno) -> Attributes {
        try mirror.attributes(of: node, handle, context()).attributes
    }

    func setAttributes(
        of node: NodeID,
        _ handle: HandleID? = nil,
        _ change: (inout AttributeChanges) -> Void
    ) throws(Errno) -> Attributes {
        var changes = AttributeChanges()
        change(&changes)
        return try mirror.setAttributes(changes, of: node, handle, context()).attributes
    }

    func seek(_ file: OpenFile, to target: SeekTarget, from offset: UInt64) throws(Errno) -> UInt64 {
        try mirror.seek(file, to: target, from: offset, context())
    }

    func readLink(_ node: NodeID, room: Int = 4096) throws(Errno) -> String {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 8)
        defer { unsafe memory.deallocate() }
        var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        try mirror.readSymbolicLink(node, into: &span, context())
        let filled = unsafe span.finalize(for: memory)
        return unsafe String(decoding: memory[..<filled], as: UTF8.self)
    }
}

/// Removes a directory with all that is in it.
private func removeTree(_ path: String) {
    guard unsafe unlink(path) != 0, let directory = unsafe opendir(path) else { return }
    while let entry = unsafe readdir(directory) {
        let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { removeTree(path + "/" + name) }
    }
    unsafe closedir(directory)
    unsafe rmdir(path)
}
