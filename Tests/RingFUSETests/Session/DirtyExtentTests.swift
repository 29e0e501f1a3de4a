import Testing

@testable import RingFUSE

/// Replies of zeros are zeros, whatever the payload held, and are written no more often than need be.
@Suite struct DirtyExtentTests {
    /// A payload, its extent, and what the extent is to know.
    @safe
    private final class Payload {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 8)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: DirtyExtent.byteCount, alignment: 8)
        let extent: DirtyExtent

        init() {
            unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0xee)
            unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
            extent = unsafe DirtyExtent(memory.baseAddress.unsafelyUnwrapped)
        }

        deinit {
            unsafe bytes.deallocate()
            unsafe memory.deallocate()
        }

        /// Writes as a request or a reply does.
        func write(_ count: Int) {
            extent.grow(to: count)
            for index in 0..<count { unsafe bytes[index] = 0xdd }
        }

        func clear(_ count: Int) { unsafe extent.clear(count, of: bytes) }

        func isZero(_ count: Int) -> Bool { unsafe bytes[..<count].allSatisfy { $0 == 0 } }
    }

    @Test func whatWasNeverWrittenIsNotTakenForZero() {
        let payload = Payload()
        payload.clear(100)
        #expect(payload.isZero(100))
        #expect(payload.extent.known == 100)
        payload.clear(256)
        #expect(payload.isZero(256))
    }

    @Test func whatIsKnownIsNotWrittenAgain() {
        let payload = Payload()
        payload.clear(128)
        // Behind the extent's back: it would be cleared if it were written.
        unsafe payload.bytes[64] = 1
        payload.clear(128)
        #expect(unsafe payload.bytes[64] == 1)
        payload.write(65)
        payload.clear(128)
        #expect(payload.isZero(128))
    }

    @Test func aShortReplyLeavesTheRestDirty() {
        let payload = Payload()
        payload.clear(256)
        payload.write(200)
        payload.clear(50)
        #expect(payload.isZero(50))
        #expect(payload.extent.dirty == 200)
        payload.clear(256)
        #expect(payload.isZero(256))
        #expect(payload.extent.dirty == 0)
    }

    @Test func whatIsForgottenIsWrittenAnew() {
        let payload = Payload()
        payload.clear(256)
        payload.extent.forget()
        unsafe payload.bytes.initializeMemory(as: UInt8.self, repeating: 0xcc)
        payload.clear(256)
        #expect(payload.isZero(256))
    }

    @Test func anyOrderGivesZeros() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let payload = Payload()
            for _ in 0..<20 {
                let count = Int.random(in: 0...256, using: &generator)
                if Bool.random(using: &generator) {
                    payload.write(count)
                } else {
                    payload.clear(count)
                    #expect(payload.isZero(count))
                }
            }
        }
    }
}
