import Glibc
import Ring
import Synchronization
import SystemPackage
import Testing

@testable import RingFUSE

/// A worker that sleeps in a read of the device, and who touches its buffers meanwhile.
@Suite struct WorkerTestsParking {
    @Test func aWorkerAtWorkIsLeftAlone() {
        let parking = Parking()
        #expect(!parking.whileParked { _ in Issue.record("it is at work") })
        parking.park(with: 3)
        var note = -1
        let wasParked = parking.whileParked { note = $0 }
        #expect(wasParked && note == 3)
        parking.leave()
        #expect(!parking.whileParked { _ in Issue.record("it is back") })
    }

    /// Neither is ever where the other is: a plain number that both change comes out right.
    @Test func nobodyLeavesWhileItIsHeld() throws {
        let parking = Parking()
        let shared = Unguarded()
        let isDone = Atomic(false)
        let held = Atomic(0)
        let rounds = 3000
        let other = try DedicatedThread(name: "other") { _ in
            while !isDone.load(ordering: .acquiring) {
                if parking.whileParked({ _ in shared.add() }) { held.add(1, ordering: .relaxed) }
            }
        }
        for _ in 0..<rounds {
            parking.park(with: 0)
            parking.leave()
            shared.add()
        }
        // One that is held for certain, however the threads were scheduled.
        parking.park(with: 0)
        let before = held.load(ordering: .relaxed)
        while held.load(ordering: .relaxed) == before { usleep(100) }
        parking.leave()
        isDone.store(true, ordering: .releasing)
        other.join()
        #expect(shared.count == rounds + held.load(ordering: .relaxed))
    }

    /// All entries but the one that the read writes to are given back; the worker then serves on.
    @Test func aSleepingWorkerKeepsOneEntry() throws {
        let buffers = try EntryBuffers(count: 8, payloadCapacity: 8192)
        let extent = buffers.extent
        for entry in 0..<8 {
            unsafe buffers.header(of: entry).storeBytes(of: 1, as: UInt8.self)
            unsafe buffers.payload(of: entry).storeBytes(of: UInt8(entry), as: UInt8.self)
        }
        let start = unsafe UInt(bitPattern: buffers.header(of: 0))
        #expect(Pages.resident(at: start, count: 24) == 16)
        extent.giveBack { $0 != 5 }
        #expect(Pages.resident(at: start, count: 24) == 2)
        let kept = unsafe buffers.payload(of: 5).load(as: UInt8.self)
        let given = unsafe buffers.payload(of: 4).load(as: UInt8.self)
        #expect(kept == 5 && given == 0)
    }
}

/// A number without a lock.
@safe
private final class Unguarded: @unchecked Sendable {
    private let number: UnsafeMutablePointer<Int>

    init() {
        unsafe number = .allocate(capacity: 1)
        unsafe number.initialize(to: 0)
    }

    deinit { unsafe number.deallocate() }

    /// Adds one, in steps that a second thread would disturb.
    func add() {
        let value = unsafe number.pointee
        for _ in 0..<8 { _ = getppid() }
        unsafe number.pointee = value + 1
    }

    var count: Int { unsafe number.pointee }
}
