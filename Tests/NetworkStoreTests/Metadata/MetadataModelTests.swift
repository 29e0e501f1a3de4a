import FileSystems
import NetworkStore
import RingFUSE
import SystemPackage
import TestSupport
import Testing

/// Random changes of names and attributes, held against the file system in memory: what it answers, what it refuses, and all
/// that `stat` tells.
@Suite struct MetadataModelTests {
    @Test(arguments: EngineKind.allCases, 1...8 as ClosedRange<UInt64>)
    func agreesWithMemory(kind: EngineKind, seed: UInt64) async throws {
        try await withVolume(kind) { calls in
            var pair = ModelPair(calls, seed: seed)
            for step in 0..<300 {
                try await pair.step()
                if step % 20 == 19 { try await pair.compare() }
            }
            // Both worked: neither refused everything.
            #expect(pair.successes > 80)
            #expect(pair.failures > 40)
        }
    }

    /// What is kept when it is removed is to whoever has it open as if it was not.
    @Test(arguments: EngineKind.allCases, 11...14 as ClosedRange<UInt64>)
    func agreesWithMemoryWithATrash(kind: EngineKind, seed: UInt64) async throws {
        try await withVolume(kind) { calls in
            try await calls.engine.setTrashAge(1000)
            var pair = ModelPair(calls, seed: seed)
            for step in 0..<800 {
                try await pair.step()
                if step % 20 == 19 { try await pair.compare() }
            }
            #expect(pair.kept > 0)
        }
    }
}
