package import FUSEProtocol

/// A request of each opcode, written down byte by byte from the ABI.
package struct Golden: Sendable {
    /// What it asks for.
    package let opcode: Opcode
    /// The fixed structure.
    package let argument: [UInt8]
    /// Names and data.
    package let payload: [UInt8]
    /// How much of the payload's end is extensions, in bytes.
    package let extensionLength: Int

    /// Parses the hexadecimal texts.
    private init(_ opcode: Opcode, _ argument: String, _ payload: String = "", extensions: String = "") {
        self.opcode = opcode
        self.argument = hex(argument)
        self.payload = hex(payload) + hex(extensions)
        extensionLength = hex(extensions).count
    }

    /// The one of an opcode.
    package static func of(_ opcode: Opcode) -> Golden {
        guard let golden = all.first(where: { $0.opcode == opcode }) else { fatalError("no golden \(opcode)") }
        return golden
    }

    /// The context "ctx:0" for security.selinux (40 bytes), and the group 1000 (16 bytes).
    package static let extensions = """
        28000000 01000000  05000000 00000000
        73656375726974792e73656c696e757800  6374783a30  0000
        10000000 20000000  01000000 e8030000
        """

    /// "foo" and its NUL.
    private static let foo = "666f6f 00"

    /// fh 1, offset 4096, size 8192, read_flags LOCKOWNER, lock_owner 0xab, flags O_LARGEFILE.
    private static let readIn = """
        0100000000000000 0010000000000000 00200000 02000000 ab00000000000000 00800000 00000000
        """

    /// fh 3, owner 4, start 16, end 31, type F_WRLCK, pid 77, lk_flags FLOCK.
    private static let lockIn = """
        0300000000000000 0400000000000000 1000000000000000 1f00000000000000 01000000 4d000000 01000000 00000000
        """

    /// From handle 1 at 16 to node 9, handle 2 at 32: 2^32 bytes.
    private static let copyIn = """
        0100000000000000 1000000000000000 0900000000000000 0200000000000000 2000000000000000
        0000000001000000 0000000000000000
        """

    /// All requests that carry anything.
    package static let all: [Golden] = [
        Golden(.lookUp, "", foo),
        Golden(.forget, "0500000000000000"),
        Golden(.getAttributes, "01000000 00000000 8877665544332211"),
        Golden(
            .setAttributes,
            """
            7f0f0000 00000000 0100000000000000 0010000000000000 0900000000000000
            ffffffffffffffff 0200000000000000 0300000000000000
            ffc99a3b 05000000 06000000 a4810000 00000000 e8030000 e9030000 00000000
            """
        ),
        Golden(.readLink, ""),
        Golden(.symbolicLink, "", "6c00 2f612f6200", extensions: extensions),
        Golden(.makeNode, "a4210000 03010000 12000000 00000000", foo, extensions: extensions),
        Golden(.makeDirectory, "ed010000 12000000", foo, extensions: extensions),
        Golden(.unlink, "", foo),
        Golden(.removeDirectory, "", foo),
        Golden(.rename, "0700000000000000", "6100 626300"),
        Golden(.link, "0900000000000000", foo),
        Golden(.open, "02800000 01000000"),
        Golden(.read, readIn),
        Golden(
            .write,
            "0100000000000000 0010000000000000 05000000 07000000 ab00000000000000 01800000 00000000",
            "68656c6c6f"
        ),
        Golden(.statFS, ""),
        Golden(.release, "0100000000000000 02800000 03000000 ab00000000000000"),
        Golden(.sync, "0100000000000000 01000000 00000000"),
        Golden(.setExtendedAttribute, "03000000 02000000 01000000 00000000", "757365722e6100 78797a"),
        Golden(.getExtendedAttribute, "40000000 00000000", "757365722e6100"),
        Golden(.listExtendedAttributes, "00010000 00000000"),
        Golden(.removeExtendedAttribute, "", "757365722e6100"),
        Golden(.flush, "0100000000000000 00000000 00000000 ab00000000000000"),
        Golden(
            .initialize,
            """
            07000000 2d000000 00000200 01004040 00020000
            00000000 00000000 00000000 00000000 00000000 00000000
            00000000 00000000 00000000 00000000 00000000
            """
        ),
        Golden(.openDirectory, "00800100 00000000"),
        Golden(.readDirectory, readIn),
        Golden(.releaseDirectory, "0100000000000000 00800100 00000000 0000000000000000"),
        Golden(.syncDirectory, "0100000000000000 00000000 00000000"),
        Golden(.getLock, lockIn),
        Golden(.setLock, lockIn),
        Golden(.setLockWaiting, lockIn),
        Golden(.access, "04000000 00000000"),
        Golden(.create, "42800000 a4810000 12000000 01000000", foo, extensions: extensions),
        Golden(.interrupt, "0600000000000000"),
        Golden(.blockMap, "0700000000000000 00100000 00000000"),
        Golden(.destroy, ""),
        Golden(.ioctl, "0100000000000000 10000000 01548000 00f0ffff7f000000 04000000 08000000", "01020304"),
        Golden(.poll, "0100000000000000 0500000000000000 01000000 41000000"),
        Golden(
            .notifyReply,
            "",
            "0000000000000000 0010000000000000 04000000 00000000 0000000000000000 0000000000000000 70616765"
        ),
        Golden(
            .batchForget,
            "02000000 00000000",
            "0900000000000000 0100000000000000 0a00000000000000 0200000000000000"
        ),
        Golden(.fallocate, "0100000000000000 0010000000000000 0020000000000000 03000000 00000000"),
        Golden(.readDirectoryPlus, readIn),
        Golden(.rename2, "0700000000000000 01000000 00000000", "6100 626300"),
        Golden(.seek, "0100000000000000 0010000000000000 04000000 00000000"),
        Golden(.copyFileRange, copyIn),
        Golden(.syncFS, "0000000000000000"),
        Golden(.temporaryFile, "02804000 80810000 12000000 00000000", "2f00", extensions: extensions),
        Golden(.statx, "01000000 00000000 0100000000000000 00200000 ff0f0000"),
        Golden(.copyFileRange64, copyIn),
    ]
}
