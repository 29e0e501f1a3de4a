internal import CBench
internal import CRingFUSE
internal import FoundationEssentials
internal import Glibc
internal import SystemPackage

/// Drives a load on many files, or makes the files of one. Runs in a process of its own.
public struct Driver: Sendable {
    /// What is to be done.
    public var step: DriverOptions.Step
    /// An existing directory.
    public var directory: String
    /// What is done with each file; unused for files of fio.
    public var operation: String
    /// Threads, or jobs of fio.
    public var threads: Int
    /// Files of each thread.
    public var files: Int
    /// Bytes of each file of fio.
    public var bytes: Int
    /// The CPUs of threads, in turn; none to run anywhere.
    public var cpus: [Int]

    /// What is to be done.
    public init(
        step: DriverOptions.Step,
        directory: String,
        operation: String,
        threads: Int,
        files: Int,
        bytes: Int,
        cpus: [Int]
    ) {
        self.step = step
        self.directory = directory
        self.operation = operation
        self.threads = threads
        self.files = files
        self.bytes = bytes
        self.cpus = cpus
    }

    /// Does it.
    ///
    /// - Returns: what is to be printed: the result of a run, as JSON.
    /// - Throws: `Errno` of the first operation that failed, ``Refusal``.
    public func run() throws -> String {
        // For the threads that are to be started: commands run on a thread of libdispatch.
        _ = rfuse_take_main_nice()
        switch step {
        case .prepare:
            try unsafe withJob { job in try Self.check(unsafe rbench_prepare(job)) }
            return ""
        case .run: return try measure()
        case .sparse, .fill:
            for number in 0..<threads { try makeFile("\(directory)/file.\(number)") }
            return ""
        }
    }

    // MARK: Many files

    private func measure() throws -> String {
        var result = rbench_result()
        try unsafe withJob { job in try Self.check(unsafe rbench_run(job, &result)) }
        let encoder = JSONEncoder()
        return String(decoding: try encoder.encode(Histogram.result(of: result, bytes: bytesOfOne)), as: UTF8.self)
    }

    /// Bytes that one operation carries.
    private var bytesOfOne: Int {
        operation.hasSuffix("small") ? 4096 : 0
    }

    private func withJob(_ body: (UnsafePointer<rbench_job>) throws -> Void) throws {
        guard let operation = FilesJob.Operation(rawValue: operation) else {
            throw Refusal("there is no operation '\(operation)'")
        }
        let places = cpus.map { UInt32($0) }
        try unsafe directory.withCString { directory in
            try unsafe places.withUnsafeBufferPointer { places in
                var job = unsafe rbench_job(
                    directory: directory, operation: operation.code, threads: UInt32(threads),
                    files: UInt32(files), cpus: places.baseAddress, cpu_count: UInt32(places.count))
                try unsafe body(&job)
            }
        }
    }

    private static func check(_ result: Int32) throws {
        if result < 0 { throw Errno(rawValue: -result) }
    }

    // MARK: Files of fio

    /// Makes a file, or makes it longer; one that is long enough stays as it is.
    private func makeFile(_ path: String) throws {
        let file = try FileDescriptor.open(
            FilePath(path), .readWrite, options: [.create, .closeOnExec], permissions: [.ownerReadWrite])
        try file.closeAfter {
            guard try file.seek(offset: 0, from: .end) < Int64(bytes) else { return }
            if step == .sparse {
                guard ftruncate(file.rawValue, bytes) == 0 else { throw Errno(rawValue: errno) }
                return
            }
            try fill(file)
        }
    }

    /// Writes data that no file system may leave out, and brings them where they belong.
    private func fill(_ file: FileDescriptor) throws {
        let block = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        var offset = 0
        while offset < bytes {
            let count = min(block.count, bytes - offset)
            offset += try file.writeAll(toAbsoluteOffset: Int64(offset), block[..<count])
        }
        guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
    }
}

extension FilesJob.Operation {
    /// As the driver has it.
    var code: rbench_operation {
        switch self {
        case .create: RBENCH_CREATE
        case .stat: RBENCH_STAT
        case .lookup: RBENCH_LOOKUP
        case .rename: RBENCH_RENAME
        case .unlink: RBENCH_UNLINK
        case .readdir: RBENCH_READDIR
        case .writeSmall: RBENCH_WRITE_SMALL
        case .readSmall: RBENCH_READ_SMALL
        }
    }
}
