import ArgumentParser
import Glibc
import NetworkStore
import RingFUSE
import SystemPackage

/// `ringfuse store format`.
struct StoreFormatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "format",
        abstract: "Make a new, empty volume.",
        discussion: """
            Nothing that exists is overwritten: the metadata must be a path where there is nothing, or a schema of a \
            database of PostgreSQL that there is not, and objects of other volumes in the same store are left alone.
            """
    )

    /// The volume.
    @OptionGroup var volume: VolumeOptions

    /// Where objects go.
    @Option(
        help: ArgumentHelp(
            """
            Where the bytes go: file:///directory, or s3://bucket/prefix?endpoint=https://host&region=name; default: a \
            directory beside the database, which PostgreSQL's has not. Keys come from the environment or ~/.aws, never from here.
            """,
            valueName: "url"
        )
    )
    var data: String?

    /// What people call it.
    @Option(help: "A name for people; default: the name of the database's file, or of the schema.")
    var name: String?

    /// The largest objects.
    @Option(
        help: ArgumentHelp("The most bytes of an object; default: 4M.", valueName: "size"),
        transform: { try ByteSize(parsing: $0) }
    )
    var objectSize = ByteSize(bytes: 4 << 20)

    /// What is checked as one.
    @Option(
        help: ArgumentHelp("Bytes that are checked, and cached, as one; default: 64K.", valueName: "size"),
        transform: { try ByteSize(parsing: $0) }
    )
    var blockSize = ByteSize(bytes: 64 << 10)

    /// How objects are compressed.
    @Option(
        help: ArgumentHelp("How blocks are compressed.", valueName: "none|lz4|zstd"),
        transform: { try CoreOptions.choice($0) }
    )
    var compression: VolumeDescription.Compression = .none

    /// How content is encrypted.
    @Option(
        help: ArgumentHelp(
            "How content is encrypted. Names, attributes and sizes are not.", valueName: "none|aes-256-gcm"),
        transform: { try CoreOptions.choice($0) }
    )
    var encryption: Encryption = .none

    /// What it is opened with.
    @OptionGroup(title: "Secrets of encrypted volumes") var secrets: KeyOptions

    /// The most bytes.
    @Option(
        help: ArgumentHelp("The most bytes that all files may have; default: no limit.", valueName: "size"),
        transform: { try ByteSize(parsing: $0) }
    )
    var limit: ByteSize?

    /// The most nodes.
    @Option(help: ArgumentHelp("The most files and directories; default: no limit.", valueName: "n"))
    var nodes: UInt64?

    /// For how long removed files are kept.
    @Option(
        help: ArgumentHelp(
            """
            For how long removed files are kept, like 12h, 7d or 4w, to be listed and restored with 'ringfuse store trash'; default: \
            not at all.
            """,
            valueName: "age"),
        transform: { try Age(parsing: $0) }
    )
    var trashAge = Age(seconds: 0)

    /// Checks sizes.
    func validate() throws {
        let (object, block) = (objectSize.bytes, blockSize.bytes)
        guard block & (block - 1) == 0, (4 << 10...4 << 20).contains(block) else {
            throw ValidationError("--block-size \(blockSize): must be a power of two from 4K to 4M")
        }
        guard object % block == 0, object <= 64 << 20 else {
            throw ValidationError(
                "--object-size \(objectSize): must be a multiple of the block size, and 64M at the most")
        }
        if let nodes, nodes < 1 { throw ValidationError("--nodes \(nodes): must be at least 1") }
    }

    /// Makes it.
    func run() async throws {
        let metadata = volume.metadata
        guard let data = data ?? metadata.usualData else {
            throw ValidationError("--data: say where the objects of a volume in PostgreSQL go")
        }
        let identifier = Self.identifier()
        let description = VolumeDescription(
            identifier: identifier,
            name: name ?? metadata.usualName,
            objectSize: UInt64(objectSize.bytes),
            blockSize: UInt64(blockSize.bytes),
            compression: compression,
            wrappedKey: try wrappedKey(identifier),
            byteLimit: (limit?.bytes).map(UInt64.init),
            nodeLimit: nodes,
            dataURL: data,
            trashAge: trashAge.seconds == 0 ? nil : trashAge.seconds
        )
        let store = try VolumeOptions.store(of: description, creates: true)
        try await Self.probe(store, description)
        let owner = Caller(userID: getuid(), groupID: getgid())
        try await metadata.format(description, owner: owner)
        print("formatted \(volume.metadata), objects in \(store.name)")
    }

    /// A new key, wrapped; `nil` where nothing is to be encrypted.
    private func wrappedKey(_ identifier: String) throws -> String? {
        let secret = try secrets.secret()
        switch (encryption, secret) {
        case (.none, nil): return nil
        case (.none, _):
            // What is in the environment is not for this volume, perhaps.
            guard secrets.keyFile == nil, secrets.passphraseFile == nil else {
                throw ValidationError("a secret without --encryption aes-256-gcm would encrypt nothing")
            }
            return nil
        case (.aes256GCM, nil):
            throw ValidationError(
                "--encryption needs a secret: name --key-file or --passphrase-file, or set RINGFUSE_PASSPHRASE")
        case (.aes256GCM, let secret?): return try VolumeKey.random().wrapped(with: secret, identifier: identifier)
        }
    }

    /// Stores an object, reads it back and removes it: what does not work is found out before there is a volume.
    private static func probe(_ store: any ObjectStore, _ description: VolumeDescription) async throws {
        let key = ObjectKey("\(description.identifier)/format-probe")
        let content = ContiguousArray(description.identifier.utf8)
        let isKept = try await BackgroundWorker.run { io, _, _ in
            try await store.put(key, unsafe content.span.bytes, io)
            let size = try await store.size(of: key, io)
            try await store.remove([key], io)
            return size == UInt64(content.count)
        }
        guard isKept else { throw ObjectStoreError.damaged("\(store.name): does not keep what it was given") }
    }

    /// 128 random bits.
    private static func identifier() -> String {
        (0..<4).map { _ in
            let digits = String(UInt32.random(in: 0 ... .max), radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }
}
