/// What a mount is called and who may use it.
public struct MountOptions: Sendable, Equatable {
    /// What `df` and `mount` show as the device (`fsname=`).
    public var source: String

    /// The part of the type after `fuse.` (`subtype=`); empty: none. `ringfuse list` shows those that start with
    /// `ringfuse`.
    public var subtype: String

    /// Whether other users, root among them, may use the mount (`allow_other`).
    public var allowOther: Bool

    /// Whether the kernel checks permissions by mode and owner before it asks the server (`default_permissions`).
    public var defaultPermissions: Bool

    /// The largest read request the kernel may send, in bytes; nil: as large as it likes (`max_read=`).
    public var maximumRead: UInt32?

    /// The flags of mount(2).
    public var flags: MountFlags

    /// Options; by default a writable mount for its owner alone, without set-user-ID programs and device files.
    public init(
        source: String = MountOptions.defaultSubtype,
        subtype: String = MountOptions.defaultSubtype,
        allowOther: Bool = false,
        defaultPermissions: Bool = false,
        maximumRead: UInt32? = nil,
        flags: MountFlags = [.noSetUID, .noDevices]
    ) {
        self.source = source
        self.subtype = subtype
        self.allowOther = allowOther
        self.defaultPermissions = defaultPermissions
        self.maximumRead = maximumRead
        self.flags = flags
    }

    /// The subtype by which our mounts are known.
    public static let defaultSubtype = "ringfuse"

    /// Whether nothing can be written (`ro`).
    public var readOnly: Bool {
        get { flags.contains(.readOnly) }
        set { if newValue { flags.insert(.readOnly) } else { flags.remove(.readOnly) } }
    }
}

// MARK: - Parsing

extension MountOptions {
    /// Options of mount(8) that are for other programs than the one that mounts, or that mean nothing here.
    ///
    /// `auto_unmount` is among them: a server unmounts when it is told to end, and `ringfuse unmount` clears what a
    /// crash left.
    private static let ignored: Set<String> = [
        "defaults", "auto", "noauto", "user", "nouser", "users", "owner", "group", "_netdev", "nofail", "auto_unmount",
        "iversion", "noiversion", "mand", "nomand", "silent", "loud",
    ]

    /// Applies a list as it follows `-o`: names and `name=value`, between commas. A backslash takes the character after
    /// it literally, so that a source can hold a comma. Later options win over earlier ones.
    ///
    /// - Throws: ``MountError/unknownOption(_:)`` or ``MountError/invalidOption(_:reason:)``; nothing is applied then.
    public mutating func apply(_ list: String) throws(MountError) {
        var result = self
        for option in Self.split(list) where !option.isEmpty { try result.applyOne(option) }
        self = result
    }

    /// Splits a list at its commas and takes the backslashes away.
    static func split(_ list: String) -> [String] {
        var options: [String] = []
        var current = ""
        var literal = false
        for character in list {
            if literal {
                current.append(character)
                literal = false
            } else if character == "\\" {
                literal = true
            } else if character == "," {
                options.append(current)
                current = ""
            } else {
                current.append(character)
            }
        }
        if literal { current.append("\\") }
        options.append(current)
        return options
    }

    /// Applies one option.
    private mutating func applyOne(_ option: String) throws(MountError) {
        let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let (name, value) = (parts[0], parts.count == 2 ? parts[1] : nil)
        if name.hasPrefix("x-") || name.hasPrefix("X-") || name == "comment" { return }
        if let value { return try applyValue(value, to: name, option: option) }
        if let known = MountFlags.named.first(where: { $0.name == name }) {
            flags.subtract(known.cleared)
            flags.formUnion(known.set)
            return
        }
        switch name {
        case "allow_other": allowOther = true
        case "default_permissions": defaultPermissions = true
        case "fsname", "subtype", "max_read": throw .invalidOption(option, reason: "needs a value, as in \(name)=…")
        case _ where Self.ignored.contains(name): break
        default: throw .unknownOption(option)
        }
    }

    /// Applies an option that has a value.
    private mutating func applyValue(_ value: String, to name: String, option: String) throws(MountError) {
        switch name {
        case "fsname":
            guard !value.isEmpty, !value.utf8.contains(0) else { throw .invalidOption(option, reason: "is empty") }
            source = value
        case "subtype":
            // fusermount3 refuses none of these, but mount tables could not be read back.
            guard !value.contains(where: { $0.isWhitespace || $0 == "," || $0 == "/" }) else {
                throw .invalidOption(option, reason: "a subtype has no white space, comma or slash")
            }
            subtype = value
        case "max_read":
            guard let size = UInt32(value), size >= 4096 else {
                throw .invalidOption(option, reason: "is a number of bytes, 4096 or more")
            }
            maximumRead = size
        default:
            throw .unknownOption(option)
        }
    }
}

// MARK: - For mount(2) and fusermount3

extension MountOptions {
    /// The type of the file system.
    package var type: String { subtype.isEmpty ? "fuse" : "fuse.\(subtype)" }

    /// The options that the file system itself reads (`fuse_fs_parameters` of the kernel).
    private var fileSystemOptions: [String] {
        var options: [String] = []
        if defaultPermissions { options.append("default_permissions") }
        if allowOther { options.append("allow_other") }
        if let maximumRead { options.append("max_read=\(maximumRead)") }
        return options
    }

    /// The data string of mount(2).
    ///
    /// - Parameters:
    ///   - device: The open /dev/fuse.
    ///   - rootMode: The file type of the mount point, as in `st_mode`.
    ///   - user: Who owns the mount.
    ///   - group: The group that owns the mount.
    package func data(device: Int32, rootMode: UInt32, user: UInt32, group: UInt32) -> String {
        let mode = String(rootMode, radix: 8)
        let fixed = ["fd=\(device)", "rootmode=\(mode)", "user_id=\(user)", "group_id=\(group)"]
        return (fixed + fileSystemOptions).joined(separator: ",")
    }

    /// The list for `fusermount3 -o`.
    package var helperList: String {
        var options = flags.helperNames + fileSystemOptions
        options.append("fsname=\(Self.escaped(source))")
        if !subtype.isEmpty { options.append("subtype=\(Self.escaped(subtype))") }
        return options.joined(separator: ",")
    }

    /// The first option that fusermount3 gives to nobody but root.
    package var superuserOption: String? {
        if !flags.contains(.noSetUID) { return "suid" }
        if !flags.contains(.noDevices) { return "dev" }
        return nil
    }

    /// A value with backslashes before what would end it.
    private static func escaped(_ value: String) -> String {
        var result = ""
        for character in value {
            if character == "," || character == "\\" { result.append("\\") }
            result.append(character)
        }
        return result
    }
}
