import RingFUSE
import Testing

@testable import NetworkStore

/// What a mount knows of who may hold locks.
@Suite struct LockClaimsTests {
    private let node = NodeID(2)

    @Test func holdWhatWasGiven() {
        var claims = LockClaims()
        claims.begin(1, HandleID(5), on: node)
        #expect(claims.mayHold(1, on: node), "a request that is under way may have been given")
        claims.end(1, on: node, holds: true)
        #expect(claims.mayHold(1, on: node) && claims.mayHold(HandleID(5), on: node))
        #expect(!claims.mayHold(2, on: node) && !claims.mayHold(HandleID(6), on: node))
        #expect(!claims.mayHold(1, on: NodeID(3)))
        claims.begin(1, HandleID(6), on: node)
        claims.end(1, on: node, holds: false)
        #expect(!claims.mayHold(1, on: node) && !claims.mayHold(HandleID(5), on: node))
    }

    /// Of two requests at the same time nobody knows which was done last.
    @Test func areKeptWhereItIsNotKnown() {
        var claims = LockClaims()
        claims.begin(1, HandleID(5), on: node)
        claims.begin(1, HandleID(5), on: node)
        claims.end(1, on: node, holds: true)
        claims.drop(.owner(1), on: node)
        #expect(claims.mayHold(1, on: node), "one is under way still")
        claims.end(1, on: node, holds: false)
        #expect(claims.mayHold(1, on: node))
        claims.begin(1, HandleID(5), on: node)
        claims.end(1, on: node, holds: false)
        #expect(!claims.mayHold(1, on: node), "alone it is known")
    }

    @Test func goWithWhatTheyBelongTo() {
        var claims = LockClaims()
        for owner in 1...3 as ClosedRange<UInt64> {
            claims.begin(owner, HandleID(owner), on: node)
            claims.end(owner, on: node, holds: true)
        }
        claims.drop(.owner(1), on: node)
        claims.drop(.handle(HandleID(2)), on: node)
        #expect(!claims.mayHold(1, on: node) && !claims.mayHold(2, on: node) && claims.mayHold(3, on: node))
    }
}
