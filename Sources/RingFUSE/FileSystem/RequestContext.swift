import FUSEProtocol

/// Who asks, and what a backend may use while it answers.
///
/// It lives as long as the request and cannot be kept.
@safe
public struct RequestContext: ~Copyable {
    /// The kernel's number of the request.
    public let unique: UInt64
    /// The file-system user of the caller, in the user namespace of the mount; ``unknownID`` in most requests with
    /// ``FileSystemFeatures/idmappedMounts``.
    public let userID: UInt32
    /// The file-system group of the caller; as ``userID``.
    public let groupID: UInt32
    /// The calling thread, in the PID namespace of the mount; 0 where the kernel itself asks (readahead, writeback).
    public let processID: UInt32
    /// Whether the caller, who sets an access ACL, may not keep the set-group-ID bit of the file
    /// (`FUSE_SETXATTR_ACL_KILL_SGID`, kernel 5.13). Set in
    /// ``ExtendedAttributeOperations/setExtendedAttribute(named:of:to:_:_:)`` only.
    public let clearsSetGroupID: Bool
    /// Asynchronous input and output on the worker that serves the request.
    public let io: AsyncIO
    /// The request's extensions: memory of the request's entry, which outlives the context. They have been decoded once
    /// without an error.
    private let extensions: UnsafeRawBufferPointer

    /// The ID of callers that the kernel does not name.
    public static var unknownID: UInt32 { .max }

    package init(
        unique: UInt64,
        userID: UInt32,
        groupID: UInt32,
        processID: UInt32,
        clearsSetGroupID: Bool = false,
        io: consuming AsyncIO
    ) {
        self.unique = unique
        self.userID = userID
        self.groupID = groupID
        self.processID = processID
        self.clearsSetGroupID = clearsSetGroupID
        self.io = io
        unsafe extensions = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// The context of a request with extensions.
    ///
    /// - Parameter extensions: valid as long as the context.
    @unsafe
    init(_ header: RequestHeader, extensions: UnsafeRawBufferPointer, io: consuming AsyncIO) {
        unique = header.unique
        userID = header.uid
        groupID = header.gid
        processID = header.pid
        clearsSetGroupID = false
        self.io = io
        unsafe self.extensions = extensions
    }

    /// The group of the caller's that owns the directory in which something is made, where that is not ``groupID``
    /// itself; `nil` where it is, or where the caller is no member (`FUSE_CREATE_SUPP_GROUP`). Known with
    /// ``FileSystemFeatures/supplementaryGroups`` only.
    public var supplementaryGroup: UInt32? {
        guard let extensions = decodedExtensions, extensions.groupCount > 0 else { return nil }
        return try? extensions.group(at: 0)
    }

    /// The extended attribute that the kernel's security module wants on what is made (`FUSE_SECURITY_CTX`); `nil`
    /// where it wants none. Known with ``FileSystemFeatures/securityContexts`` only.
    public var securityContext: SecurityContext? {
        @_lifetime(borrow self)
        get {
            guard let extensions = decodedExtensions, extensions.securityName.count > 0 else { return nil }
            let context = SecurityContext(name: Name(extensions.securityName), value: extensions.securityValue)
            return unsafe _overrideLifetime(context, borrowing: self)
        }
    }

    private var decodedExtensions: RequestExtensions? {
        @_lifetime(borrow self)
        get {
            guard unsafe !extensions.isEmpty else { return nil }
            let bytes = unsafe _overrideLifetime(RawSpan(_unsafeBytes: extensions), borrowing: self)
            return try? RequestExtensions(bytes, length: bytes.byteCount)
        }
    }
}

/// An extended attribute that a new node gets from the start: a label of SELinux, Smack and the like.
public struct SecurityContext: ~Escapable {
    /// Its name, with the prefix `security.`.
    public let name: Name
    /// Its value.
    public let value: RawSpan

    @_lifetime(copy name, copy value)
    init(name: Name, value: RawSpan) {
        self.name = name
        self.value = value
    }
}
