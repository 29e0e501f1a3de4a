import ArgumentParser
import RingFUSE
import SystemPackage
import Testing

@testable import ringfuse

/// The texts of options.
@Suite struct ParsingTests {
    @Test(arguments: [
        ("1", 1), ("4096", 4096), ("512K", 512 << 10), ("64m", 64 << 20), ("1G", 1 << 30), ("2T", 2 << 40),
    ])
    func size(text: String, bytes: Int) throws {
        #expect(try ByteSize(parsing: text).bytes == bytes)
    }

    @Test(arguments: [
        "", "G", "-1", "+1", "0", "0K", "1.5G", "1 G", "1GB", "1KiB", "x", "0x10", "9223372036854775808", "8388608T",
        "٣",
    ])
    func badSize(text: String) {
        #expect(throws: InvalidValue.self) { try ByteSize(parsing: text) }
    }

    /// Where nothing at all is a choice, zero is one; what is no size still is none.
    @Test func nothingMayBeASize() throws {
        #expect(try ByteSize(parsing: "0", allowsZero: true).bytes == 0)
        #expect(try ByteSize(parsing: "4M", allowsZero: true).bytes == 4 << 20)
        #expect(throws: InvalidValue.self) { try ByteSize(parsing: "-1", allowsZero: true) }
        #expect(throws: InvalidValue.self) { try ByteSize(parsing: "", allowsZero: true) }
        let off = try StoreMountCommand.parse(["sqlite:///volume", "/mnt", "--readahead", "0"])
        #expect(off.readahead.bytes == 0)
        #expect(try BucketMountCommand.parse(["s3://bucket", "/mnt", "--readahead", "4M"]).readahead.bytes == 4 << 20)
    }

    /// What the help says of a size's default is what it is.
    @Test func helpTellsDefaultsOfSizes() throws {
        let mount = try StoreMountCommand.parse(["sqlite:///volume", "/mnt"])
        let help = StoreMountCommand.helpMessage(columns: 10_000)
        #expect(help.contains("on its way; default: \(mount.contentMemory)."))
        #expect(help.contains("--cache-directory may hold; default: \(mount.cacheSize)."))
        #expect(help.contains("0 for nothing; default: \(mount.readahead)."))
        #expect(help.contains("wait for the store; default: \(mount.writeback.writebackSize)."))
        let bucket = try BucketMountCommand.parse(["s3://bucket", "/mnt"])
        let other = BucketMountCommand.helpMessage(columns: 10_000)
        #expect(other.contains("and being written; default: \(bucket.contentMemory)."))
        #expect(other.contains("--cache-directory may hold; default: \(bucket.cacheSize)."))
        #expect(other.contains("0 for nothing; default: \(bucket.readahead)."))
        #expect(other.contains("as there may be 10,000; default: \(bucket.partSize)."))
        let format = try StoreFormatCommand.parse(["sqlite:///volume"])
        let third = StoreFormatCommand.helpMessage(columns: 10_000)
        #expect(third.contains("bytes of an object; default: \(format.objectSize)."))
        #expect(third.contains("cached, as one; default: \(format.blockSize)."))
    }

    @Test(arguments: [(1, "1"), (1023, "1023"), (1024, "1K"), (1025, "1025"), (1 << 30, "1G"), (3 << 20, "3M")])
    func sizeAsText(bytes: Int, text: String) throws {
        #expect(ByteSize(bytes: bytes).description == text)
        #expect(try ByteSize(parsing: text).bytes == bytes)
    }

    @Test func usualRescueDirectory() {
        let home = ["HOME": "/home/a", "XDG_STATE_HOME": "/state"]
        #expect(RescueOptions.usualDirectory(isRoot: true, home) == "/var/lib/ringfuse/rescue")
        #expect(RescueOptions.usualDirectory(isRoot: false, home) == "/state/ringfuse/rescue")
        let relative = ["HOME": "/home/a", "XDG_STATE_HOME": "state"]
        #expect(RescueOptions.usualDirectory(isRoot: false, relative) == "/home/a/.local/state/ringfuse/rescue")
        #expect(RescueOptions.usualDirectory(isRoot: false, [:]) == nil)
        #expect(RescueOptions.reasonAgainst("/dev/null/a") == .notDirectory)
        #expect(RescueOptions.reasonAgainst("/tmp/ringfuse-is-not-there/a/b") == nil)
    }

    @Test(arguments: [(1, "1 bytes"), (1024, "1 KiB"), (1536, "1.5 KiB"), (1 << 20, "1 MiB"), (5 << 29, "2.5 GiB")])
    func roundedSize(bytes: Int, text: String) {
        #expect(ByteSize(bytes: bytes).rounded == text)
    }

    @Test(arguments: [
        ("0", Duration.zero), ("20us", .microseconds(20)), ("1ms", .milliseconds(1)), ("500ns", .nanoseconds(500)),
        ("1s", .seconds(1)),
    ])
    func duration(text: String, duration: Duration) throws {
        #expect(try PollDuration(parsing: text).duration == duration)
    }

    @Test(arguments: ["", "20", "us", "-1us", "1.5ms", "1m", "2s", "1001ms", "99999999999999999999us", "20 us"])
    func badDuration(text: String) {
        #expect(throws: InvalidValue.self) { try PollDuration(parsing: text) }
    }

    @Test(
        arguments: [
            ("0", 0), ("90s", 90), ("30m", 1800), ("12h", 43_200), ("1d", 86_400), ("2w", 1_209_600),
            ("36525d", 3_155_760_000),
        ] as [(String, UInt64)])
    func age(text: String, seconds: UInt64) throws {
        #expect(try Age(parsing: text).seconds == seconds)
        #expect(try Age(parsing: Age(seconds: seconds).description).seconds == seconds)
    }

    @Test(arguments: ["", "d", "7", "-1d", "1.5h", "7 d", "1y", "36526d", "99999999999999999999s", "٣d"])
    func badAge(text: String) {
        #expect(throws: InvalidValue.self) { try Age(parsing: text) }
    }

    @Test func moment() throws {
        let date: UInt64 = 1_764_212_645_000_000_000
        #expect(try Moment(parsing: "2025-11-27T03:04:05Z").time == date)
        #expect(Moment(time: date + 999_999_999).date == "2025-11-27T03:04:05Z")
        #expect(try Moment(parsing: "2025-11-27").time == date - 11_045_000_000_000)
        let (later, earlier) = (try Moment(parsing: "1h").time, try Moment(parsing: "2h").time)
        #expect((3590...3610).contains((later - earlier) / 1_000_000_000))
        for text in ["", "yesterday", "2025-13-01", "1969-01-01", "7"] {
            #expect(throws: InvalidValue.self, "\(text)") { try Moment(parsing: text) }
        }
    }
}

/// Cache options.
@Suite struct CachingOptionsTests {
    @Test(arguments: [
        ("0", Lifetime.zero), ("1", .second), ("0.5", Lifetime(seconds: 0, nanoseconds: 500_000_000)),
        ("2.000000001", Lifetime(seconds: 2, nanoseconds: 1)), ("3600", .seconds(3600)), ("forever", .forever),
        ("4294967295", .forever),
    ])
    func lifetime(text: String, lifetime: Lifetime) throws {
        #expect(try CacheLifetime(parsing: text).lifetime == lifetime)
    }

    @Test(arguments: ["", "-1", "1s", ".5", "1.", "1.2.3", "1,5", "0.1234567890", "4294967296", "٣", "ever", "1e3"])
    func badLifetime(text: String) {
        #expect(throws: InvalidValue.self) { try CacheLifetime(parsing: text) }
    }

    @Test func reachTheConfiguration() throws {
        func configuration(_ options: String...) throws -> SessionConfiguration {
            var configuration = SessionConfiguration()
            try CachingOptions.parse(options).apply(to: &configuration)
            return configuration
        }
        let plain = try configuration()
        #expect(!plain.usesWritebackCache && !plain.usesPassthrough && !plain.allowsIDMapping)
        #expect(plain.fileCaching == .backend)
        let written = try configuration("--writeback-cache", "--keep-cache", "--idmap")
        #expect(written.usesWritebackCache && written.allowsIDMapping && !written.usesPassthrough)
        #expect(written.fileCaching == .keep)
        #expect(try configuration("--direct-io").fileCaching == .bypass)
        let passed = try configuration("--passthrough", "--keep-cache")
        #expect(passed.usesPassthrough && passed.fileCaching == .keep)
    }
}

/// Options as the parser gives them to a session.
@Suite struct OptionsTests {
    @Test func coreDefaultsAreThoseOfTheLibrary() throws {
        let configuration = try CoreOptions.parse([]).configuration
        let expected = SessionConfiguration()
        #expect(configuration.transport == expected.transport)
        #expect(configuration.placement == expected.placement)
        #expect(configuration.depth == expected.depth)
        #expect(configuration.memoryLimit == expected.memoryLimit)
        #expect(configuration.poll == expected.poll)
        #expect(configuration.maxWrite == expected.maxWrite)
        #expect(configuration.maxBackground == expected.maxBackground)
        #expect(configuration.requestTimeout == expected.requestTimeout)
    }

    @Test func whoKeepsLocksIsChosen() throws {
        #expect("\(try MountMemoryCommand.parse(["/tmp"]).locks)" == "kernel")
        #expect("\(try MountMemoryCommand.parse(["--locks", "backend", "/tmp"]).locks)" == "backend")
    }

    @Test func coreOptionsReachTheConfiguration() throws {
        let configuration = try CoreOptions.parse([
            "--transport", "device", "--depth", "7", "--memory", "1G", "--cpus", "0-1,3", "--workers", "2", "--pin",
            "none",
            "--poll", "20us", "--max-write", "128K", "--max-background", "12", "--request-timeout", "30",
        ]).configuration
        #expect(configuration.transport == .device)
        #expect(configuration.depth == 7)
        #expect(configuration.memoryLimit == 1 << 30)
        #expect(configuration.placement == Placement.Wishes(cpus: [0, 1, 3], workers: 2, pin: .none))
        #expect(configuration.poll == .microseconds(20))
        #expect(configuration.maxWrite == 128 << 10)
        #expect(configuration.maxBackground == 12)
        #expect(configuration.requestTimeout == 30)
        #expect(try CoreOptions.parse(["--single"]).configuration.placement.single)
    }

    @Test func mountOptionsMerge() throws {
        let options = try MountingOptions.parse([
            "-o", "noexec,fsname=first", "-o", "ro", "--name", "a,b\\c", "--subtype", "ringfuse.test", "--allow-other",
        ]).mountOptions()
        #expect(options.source == "a,b\\c")
        #expect(options.subtype == "ringfuse.test")
        #expect(options.allowOther)
        #expect(options.readOnly)
        #expect(options.flags.contains(.noExecution))
        #expect(try MountingOptions.parse([]).mountOptions() == MountOptions())
        #expect(try MountingOptions.parse(["--read-only"]).mountOptions().readOnly)
    }
}
