public import SystemPackage

/// The mounts this process sees, as mountinfo of procfs tells them. Reading it asks no file system anything, so that a
/// mount that hangs cannot make it hang.
public struct MountTable: Sendable {
    /// The mounts, in the kernel's order: of two on one path, the later covers the earlier.
    public let entries: [MountEntry]

    /// Parses a table; lines that are not entries are left out.
    public init(parsing table: some Sequence<UInt8>) {
        entries = Array(table).split(separator: UInt8(ascii: "\n")).compactMap { MountEntry(parsing: $0) }
    }

    /// Reads the table of the calling thread's mount namespace, which is the one that mount(2) changes.
    ///
    /// - Throws: ``MountError/failed(call:_:_:)`` where /proc is not mounted.
    public static func read() throws(MountError) -> MountTable {
        let path: FilePath = "/proc/thread-self/mountinfo"
        do throws(Errno) {
            return MountTable(parsing: try SystemFile.bytes(of: path))
        } catch {
            throw .failed(call: "read", path, error)
        }
    }

    /// The mounts of this project: those whose subtype starts with `ringfuse`.
    public var own: [MountEntry] { entries.filter(\.isOwn) }

    /// The mount on a path that is absolute and has no symbolic links; the topmost where there are several.
    public func entry(at path: FilePath) -> MountEntry? {
        entries.last { $0.mountPoint == path }
    }

    /// The mount of a number, as `mnt_id` of fdinfo gives it.
    public func entry(id: Int) -> MountEntry? {
        entries.first { $0.id == id }
    }
}

/// One mount.
public struct MountEntry: Sendable, Equatable {
    /// The number of the mount.
    public let id: Int

    /// The number of the mount it is on.
    public let parent: Int

    /// The major number of the device; 0 for file systems without one, as FUSE is.
    public let major: UInt32

    /// The minor number of the device.
    public let minor: UInt32

    /// The directory of the file system that is mounted; `/` unless it is a bind mount.
    public let root: FilePath

    /// Where it is mounted.
    public let mountPoint: FilePath

    /// The options of this mount.
    public let options: [String]

    /// The type, such as `fuse.ringfuse`.
    public let type: String

    /// The source, such as a device.
    public let source: String

    /// The options of the file system.
    public let superOptions: [String]

    /// The name of the connection under /sys/fs/fuse/connections: the kernel's own `dev_t`, which for the anonymous
    /// devices of FUSE is the minor (`fuse_ctl_add_conn`).
    public var connection: UInt32 { major << 20 | minor }

    /// Whether a FUSE server stands behind it.
    public var isFUSE: Bool {
        ["fuse", "fuseblk"].contains { type == $0 || type.hasPrefix("\($0).") }
    }

    /// Whether it is one of this project's, by its subtype.
    public var isOwn: Bool { type.hasPrefix("fuse.\(MountOptions.defaultSubtype)") }

    /// The FUSE mount on a path, found without a request to its server.
    ///
    /// - Throws: ``MountError`` where nothing or nothing of FUSE is mounted there.
    public static func fuse(at path: FilePath) throws(MountError) -> MountEntry {
        try MountTarget(path).requireFUSE()
    }

    /// Parses one line of mountinfo: `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`.
    init?(parsing line: some Collection<UInt8>) {
        let fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        // Between the sixth field and the dash are any number of optional fields, which later kernels may add to.
        guard let dash = fields.dropFirst(6).firstIndex(where: { $0.elementsEqual("-".utf8) }), fields.count >= dash + 4
        else { return nil }
        let device = Self.text(fields[2]).split(separator: ":").compactMap { UInt32($0) }
        guard let id = Int(Self.text(fields[0])), let parent = Int(Self.text(fields[1])), device.count == 2 else {
            return nil
        }
        self.id = id
        self.parent = parent
        (major, minor) = (device[0], device[1])
        root = Self.path(fields[3])
        mountPoint = Self.path(fields[4])
        options = Self.text(fields[5]).split(separator: ",").map(String.init)
        type = Self.text(fields[dash + 1])
        source = Self.text(fields[dash + 2])
        superOptions = Self.text(fields[dash + 3]).split(separator: ",").map(String.init)
    }

    /// A field's bytes with its escapes taken back: the kernel writes blanks, line feeds, backslashes and `#` as a
    /// backslash and three octal digits (`mangle`).
    private static func unescaped(_ field: some Collection<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var rest = Array(field)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            guard byte == UInt8(ascii: "\\"), digits.count == 3,
                digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            else {
                result.append(byte)
                continue
            }
            result.append(value)
            rest = rest.dropFirst(3)
        }
        return result
    }

    /// A field as text.
    private static func text(_ field: some Collection<UInt8>) -> String {
        String(decoding: unescaped(field), as: UTF8.self)
    }

    /// A field as a path, byte for byte: a name on Linux need not be UTF-8.
    private static func path(_ field: some Collection<UInt8>) -> FilePath {
        unsafe FilePath(platformString: unescaped(field).map { CChar(bitPattern: $0) } + [0])
    }
}
