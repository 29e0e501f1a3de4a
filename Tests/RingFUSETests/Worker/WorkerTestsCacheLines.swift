import Testing

@testable import RingFUSE

/// Nothing that a worker writes for each request shares a cache line with what is another's.
@Suite struct WorkerTestsCacheLines {
    @Test(arguments: [1, 8, 64, 127, 128, 129, 4096])
    func allocationsHaveLinesOfTheirOwn(byteCount: Int) {
        let starts = (0..<64).map { _ in
            let memory = unsafe CacheLines.allocate(UInt8.self, count: byteCount)
            return UInt(bitPattern: memory)
        }.sorted()
        defer { for start in starts { unsafe CacheLines.free(UnsafeMutablePointer<UInt8>(bitPattern: start)) } }
        #expect(starts.allSatisfy { $0 % UInt(CacheLines.size) == 0 })
        for (one, next) in zip(starts, starts.dropFirst()) { #expect(one + UInt(byteCount) <= next) }
        // The line in which one ends holds nothing else: whatever follows on the heap starts behind it.
        let lines = starts.map { ($0 + UInt(byteCount) - 1) / UInt(CacheLines.size) }
        for (last, next) in zip(lines, starts.dropFirst()) { #expect(last < next / UInt(CacheLines.size)) }
    }

    @Test func aWorkersStateIsInLinesOfItsOwn() throws {
        let bench = try RingBench.started(depth: 5)
        let worker = bench.worker
        var addresses = unsafe [
            UInt(bitPattern: worker.cells.words), UInt(bitPattern: worker.channel), UInt(bitPattern: worker.state),
            UInt(bitPattern: worker.arrivals), UInt(bitPattern: worker.entries.baseAddress),
        ]
        worker.withChannel { channel in
            unsafe addresses += [
                UInt(bitPattern: channel.slots.baseAddress), UInt(bitPattern: channel.completions.baseAddress),
            ]
        }
        for address in addresses { #expect(address != 0 && address % UInt(CacheLines.size) == 0) }
        bench.end()
    }
}
