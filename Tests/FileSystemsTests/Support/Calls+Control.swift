import RingFUSE
import SystemPackage

// Calls that few programs make: files without names, flags, locks, times of birth, whole directories.

extension Calls {
    /// Makes a file without a name, and opens it.
    func createUnnamed(
        in directory: NodeID = .root,
        _ flags: OpenFlags = .readWrite,
        permissions: UInt32 = 0o600
    ) async throws(Errno) -> CreateReply {
        let node = NewNode(mode: NodeMode(.regular, permissions: permissions))
        return try await backend.createUnnamed(in: directory, node, flags, context)
    }

    /// What `statx` tells.
    func detailedAttributes(of node: NodeID) async throws(Errno) -> DetailedAttributesReply {
        try await backend.detailedAttributes(of: node, nil, context)
    }

    /// Sends a command.
    ///
    /// - Returns: what the caller receives.
    @discardableResult
    func control(
        _ node: NodeID,
        _ command: UInt32,
        _ input: [UInt32] = [],
        capacity: Int = 0
    ) async throws(Errno) -> [UInt32] {
        let reply = Reply(capacity: max(capacity, 1))
        let memory = unsafe UnsafeMutableRawBufferPointer(rebasing: reply.memory[..<capacity])
        var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        let bytes = input.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } }
        let data = unsafe bytes.span.bytes
        let file = OpenFile(node: node, handle: .none)
        let result = try await backend.control(file, command, input: data, output: &output, context)
        guard result == 0 else { throw .ioError }
        let told = unsafe Array(memory[..<output.finalize(for: memory)])
        return stride(from: 0, to: told.count, by: 4).map { start in
            (0..<4).reduce(0) { $0 | UInt32(told[start + $1]) << ($1 * 8) }
        }
    }

    /// The flags of `chattr`.
    func flags(of node: NodeID) async throws(Errno) -> UInt32 {
        try await control(node, 0x8008_6601, capacity: 4)[0]
    }

    /// Sets the flags of `chattr`.
    func setFlags(_ flags: UInt32, of node: NodeID) async throws(Errno) {
        try await control(node, 0x4008_6602, [flags])
    }

    /// Reads a directory from a cookie on, as much as fits.
    ///
    /// - Returns: the names with their cookies, without `.` and `..`; `nil` at the end.
    func page(
        of directory: NodeID,
        after cookie: UInt64,
        capacity: Int = 4096
    ) async throws(Errno) -> [(name: String, cookie: UInt64)]? {
        let reply = Reply(capacity: capacity)
        var listing = unsafe DirectoryListing(base: reply.base, capacity: capacity, wantsEntries: false)
        let file = OpenFile(node: directory, handle: .none)
        try await backend.entries(of: file, after: cookie, into: &listing, context)
        // Each entry is inode 8, cookie 8, length of the name 4, type 4, the name, and padding to 8.
        let bytes = unsafe UnsafeRawBufferPointer(reply.memory)
        var entries: [(name: String, cookie: UInt64)] = []
        var offset = 0
        var count = 0
        while offset + 24 <= capacity {
            let length = Int(unsafe bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt32.self))
            // Behind the last one is what was there before.
            guard length < 256 else { break }
            let name = unsafe String(decoding: bytes[(offset + 24)..<(offset + 24 + length)], as: UTF8.self)
            let next = unsafe bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
            if name != "." && name != ".." { entries.append((name, next)) }
            count += 1
            offset += (24 + length + 7) & ~7
        }
        return count == 0 ? nil : entries
    }
}
