import Foundation
import Glibc
import SystemPackage
import Testing

@testable import RingFUSE

/// Memory of entries that nothing is in goes back to the kernel while a worker rests.
@Suite struct WorkerTestsGivingBack {
    @Test func idleEntriesTakeNoMemory() throws {
        let bench = try RingBench.started(queues: [0, 1])
        bench.serve(.attributes(2, of: ScriptedBackend.immediate))
        dirty(bench)
        #expect(bench.residentPages == 8 * 3)
        bench.mailbox.post(.giveBack)
        bench.settle()
        #expect(bench.residentPages == 0)
        // And they serve as before.
        bench.serve(.attributes(4, of: ScriptedBackend.immediate), .write(6, to: ScriptedBackend.yielding, [1, 2, 3]))
        #expect(bench.kernel.replies.map(\.unique) == [2, 4, 6])
        #expect(bench.backend.record.written[6] == [1, 2, 3])
        bench.end()
    }

    /// The request, its data and room for its reply stay where they are.
    @Test func servedEntriesStay() throws {
        let bench = try RingBench.started()
        let data = (0..<5000).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) }
        bench.serve(.write(2, to: ScriptedBackend.gated, data))
        dirty(bench)
        bench.mailbox.post(.giveBack)
        bench.settle()
        #expect(bench.residentPages == 3, "one entry of four is served")
        bench.backend.gates.open(2)
        bench.settle()
        #expect(bench.backend.record.written[2] == data)
        #expect(bench.kernel.replies.map(\.unique) == [2])
        bench.end()
    }

    /// Their replies are in the entries, and on their way.
    @Test func requestsOfTheSameTurnKeepTheirMemory() throws {
        let bench = try RingBench.started()
        bench.serve(.attributes(2, of: ScriptedBackend.immediate))
        dirty(bench)
        bench.kernel.send(.attributes(4, of: ScriptedBackend.immediate))
        bench.mailbox.post(.giveBack)
        bench.settle()
        #expect(bench.residentPages == 4 * 3)
        #expect(bench.kernel.replies.map(\.size) == [2, 4])
        bench.end()
    }

    /// A reply that a system call cut short has not handed over is still in its entry.
    @Test func repliesThatAreNotHandedOverStay() throws {
        let bench = try RingBench.started()
        bench.kernel.send(.attributes(2, of: ScriptedBackend.immediate))
        bench.worker.turn(mayWait: false)
        bench.kernel.submissionLimit = 0
        bench.mailbox.post(.giveBack)
        bench.worker.turn(mayWait: false)
        bench.kernel.submissionLimit = .max
        bench.settle()
        #expect(bench.kernel.replies.map(\.size) == [2])
        bench.end()
    }

    /// What is left in the completion queue may be a request.
    @Test func requestsThatAreNotReapedStay() throws {
        let bench = try RingBench.started(depth: 80)
        // More than one turn reaps; the mailbox is told of first.
        for unique in 1...70 as ClosedRange<UInt64> {
            bench.kernel.send(.write(unique * 2, to: ScriptedBackend.yielding, [UInt8(unique)]))
        }
        bench.mailbox.post(.giveBack)
        bench.settle()
        #expect(bench.kernel.replies.count == 70)
        #expect((1...70).allSatisfy { bench.backend.record.written[$0 * 2] == [UInt8($0)] })
        bench.end()
    }

    @Test func entriesOfTheDeviceTakeNoMemory() throws {
        let bench = try DeviceBench()
        try bench.device.send(.write(2, to: ScriptedBackend.gated, [5, 6, 7]))
        bench.settle()
        bench.mailbox.post(.giveBack)
        bench.settle()
        bench.backend.gates.open(2)
        bench.settle()
        #expect(try bench.device.replies().map(\.unique) == [2])
        #expect(bench.backend.record.written[2] == [5, 6, 7])
        bench.end()
    }

    /// Debian's kernels, unlike others, take huge pages unasked: one page used would take 2 MiB.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/sys/kernel/mm/transparent_hugepage")))
    func buffersTakeNoHugePagesUnlessTold() throws {
        let buffers = try EntryBuffers(count: 8, payloadCapacity: 1 << 20)
        let address = unsafe UInt(bitPattern: buffers.header(of: 1))
        #expect(try Pages.flags(at: address).contains("nh"))
        // The kernel starts with the last entry: those before it have no pages.
        for entry in 5..<8 {
            for offset in 0..<256 {
                unsafe buffers.payload(of: entry).storeBytes(
                    of: UInt64(entry * 256 + offset), toByteOffset: offset * 4096, as: UInt64.self)
            }
        }
        buffers.extent.useHugePages()
        #expect(try Pages.flags(at: address).contains("hg"))
        #expect(try Pages.hugeKilobytes(at: address) > 0)
        let isKept = (5 * 256..<2048).allSatisfy { number in
            unsafe buffers.payload(of: number / 256).load(fromByteOffset: number % 256 * 4096, as: UInt64.self)
                == UInt64(number)
        }
        #expect(isKept)
        buffers.extent.giveBack { _ in true }
        #expect(try Pages.flags(at: address).contains("nh"))
        #expect(Pages.resident(at: address, count: 1024) == 0)
    }

    // MARK: Helpers

    /// Has all pages of all entries that wait for a request; what the kernel and the server have written is kept.
    private func dirty(_ bench: RingBench) {
        for entry in bench.kernel.entries.values {
            for page in 0..<3 {
                guard let byte = unsafe UnsafeMutablePointer<UInt8>(bitPattern: entry.header + UInt(page) * 4096 + 4000)
                else { continue }
                let value = unsafe byte.pointee
                unsafe byte.pointee = value
            }
        }
    }
}

/// Pages of this process.
enum Pages {
    /// How the kernel is to treat the mapping that has an address.
    static func flags(at address: UInt) throws -> [Substring] { try field("VmFlags:", at: address) }

    /// KiB of the mapping that are in huge pages.
    static func hugeKilobytes(at address: UInt) throws -> Int {
        try field("AnonHugePages:", at: address).dropFirst().first.flatMap { Int($0) } ?? 0
    }

    /// The words of a line about the mapping that has an address.
    private static func field(_ name: String, at address: UInt) throws -> [Substring] {
        var isHere = false
        for line in try text(of: "/proc/self/smaps").split(separator: "\n") {
            let range = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
            if range.count == 2 { isHere = (range[0]..<range[1]).contains(address) }
            if isHere && line.hasPrefix(name) { return line.split(separator: " ") }
        }
        return []
    }

    /// All of a file of procfs, which is as long as it is read.
    private static func text(of path: FilePath) throws -> String {
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter {
            var all: [UInt8] = []
            var bytes = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = try unsafe bytes.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
                if count == 0 { return String(decoding: all, as: UTF8.self) }
                all += bytes[..<count]
            }
        }
    }

    /// How many of some pages take memory.
    static func resident(at address: UInt, count: Int) -> Int {
        var flags = [UInt8](repeating: 0, count: count)
        let error = unsafe mincore(UnsafeMutableRawPointer(bitPattern: address), count * 4096, &flags)
        guard error == 0 else { return -1 }
        return flags.count { $0 & 1 != 0 }
    }
}
