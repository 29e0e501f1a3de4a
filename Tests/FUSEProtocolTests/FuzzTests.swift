import FUSEProtocol
import TestSupport
import Testing

/// No bytes at all make a decoder crash, or give what must not be.
@Suite struct FuzzTests {
    /// A small generator with a seed, so that a failure can be had again.
    struct Random: RandomNumberGenerator {
        /// The state, which is all of it.
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var value = state
            value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
            return value ^ (value >> 31)
        }
    }

    /// Requests with bytes changed, cut or added, through all decoders.
    @Test(arguments: [UInt64(1), 2, 3, 4])
    func changedRequests(seed: UInt64) {
        var random = Random(state: seed)
        var decoded = 0
        var refused = 0
        for _ in 0..<40_000 {
            let golden = Golden.all[Int.random(in: 0..<Golden.all.count, using: &random)]
            let argument = change(golden.argument, &random)
            let payload = change(golden.payload, &random)
            let length = Bool.random(using: &random) ? golden.extensionLength : Int(random.next() % 80)
            do throws(WireError) {
                try decode(golden.opcode, argument: argument, payload: payload, extensionLength: length)
                decoded += 1
            } catch {
                refused += 1
            }
        }
        // Were either rare, the other half of the decoders would hardly have run.
        #expect(decoded > 8000)
        #expect(refused > 8000)
    }

    /// Bytes that never were a request, through the decoders that see them first.
    @Test func noise() {
        var random = Random(state: 5)
        var accepted = 0
        for _ in 0..<40_000 {
            var octets = (0..<Int.random(in: 0..<120, using: &random)).map { _ in UInt8(random.next() & 0xff) }
            // Lengths and opcodes that are right now and then, or nothing would get any further.
            if octets.count >= 8, Bool.random(using: &random) {
                octets.replaceSubrange(0..<4, with: [UInt8(octets.count), 0, 0, 0])
                octets.replaceSubrange(4..<8, with: [UInt8(random.next() % 56), 0, 0, 0])
                if octets.count >= 40 {
                    octets.replaceSubrange(36..<38, with: [UInt8(random.next() % 4), 0])
                }
            }
            guard let header = try? RequestHeader(raw(octets)) else { continue }
            guard let parts = try? split(octets) else { continue }
            accepted += 1
            guard let opcode = Opcode(rawValue: header.opcode) else { continue }
            try? decode(
                opcode,
                argument: parts.argument,
                payload: parts.payload,
                extensionLength: header.extensionLength
            )
        }
        #expect(accepted > 1000)
    }

    /// The two parts of a message.
    private func split(_ octets: [UInt8]) throws(WireError) -> (argument: [UInt8], payload: [UInt8]) {
        let request = try DeviceRequest(raw(octets), minor: 46, hasExtendedSetXattr: true)
        precondition(40 + request.argument.byteCount + request.payload.byteCount == octets.count)
        return (array(request.argument), array(request.payload))
    }

    /// Bytes with a few of them changed, or some cut off, or some added.
    private func change(_ octets: [UInt8], _ random: inout Random) -> [UInt8] {
        var octets = octets
        switch random.next() % 4 {
        case 0:
            break
        case 1:
            octets.removeLast(Int(random.next() % UInt64(octets.count + 1)))
        case 2:
            octets += (0..<(random.next() % 20)).map { _ in UInt8(random.next() & 0xff) }
        default:
            guard !octets.isEmpty else { break }
            for _ in 0...(random.next() % 4) {
                let index = Int(random.next() % UInt64(octets.count))
                // The extremes are where sums overflow.
                octets[index] = [0, 1, 0x2f, 0x7f, 0x80, 0xff, UInt8(random.next() & 0xff)][Int(random.next() % 7)]
            }
        }
        return octets
    }
}
