import FUSEProtocol
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import RingFUSE

/// INIT, as kernels of many versions send it.
@Suite struct WorkerTestsHandshake {
    /// An integer of a reply's payload.
    private func word(_ reply: KernelReply?, at offset: Int) -> UInt32? {
        guard let bytes = reply?.payload, bytes.count >= offset + 4 else { return nil }
        return bytes[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    @Test(arguments: 23...60 as ClosedRange<UInt32>)
    func everyMinor(_ minor: UInt32) throws {
        let device = try FakeDevice()
        try device.send(.initialize(minor: minor, flags: [.maxPages, .asyncRead]))
        let wishes = testWishes([.asyncRead, .overIOUring])
        let handshake = try Handshake.receive(from: device.serverSide, wishes: wishes)
        #expect(handshake.unique == 2)
        #expect(handshake.request.minor == minor)
        #expect(try device.replies() == [], "nothing is answered before the transport is chosen")
        let preview = handshake.preview(wishes)
        let agreed = try handshake.accept(wishes, on: device.serverSide)
        #expect(preview == agreed)
        #expect(agreed.minor == min(minor, 46))
        #expect(agreed.flags.contains(.asyncRead))
        #expect(!agreed.flags.contains(.overIOUring), "it was not offered")
        let reply = try device.reply()
        #expect(reply?.unique == 2)
        #expect(reply?.error == 0)
        #expect(reply?.payload.count == 64)
        #expect(word(reply, at: 0) == 7)
        #expect(word(reply, at: 4) == min(minor, 46))
    }

    @Test(arguments: [0, 6, 22] as [UInt32])
    func tooOldAMinor(_ minor: UInt32) throws {
        let device = try FakeDevice()
        try device.send(.initialize(minor: minor))
        let error = #expect(throws: SessionError.self) {
            try Handshake.receive(from: device.serverSide, wishes: testWishes())
        }
        #expect(error?.description == "the kernel speaks FUSE 7.\(minor); 7.23 (Linux 3.15) is needed")
        #expect(try device.replies() == [KernelReply(unique: 2, error: -EPROTO)])
    }

    @Test func anOlderMajor() throws {
        let device = try FakeDevice()
        try device.send(.initialize(major: 6, minor: 40))
        #expect(throws: SessionError.self) {
            try Handshake.receive(from: device.serverSide, wishes: testWishes())
        }
        #expect(try device.replies() == [KernelReply(unique: 2, error: -EPROTO)])
    }

    /// It is told our version, and comes down to it.
    @Test func aNewerMajor() throws {
        let device = try FakeDevice()
        try device.send(.initialize(major: 8, minor: 1))
        try device.send(.initialize(minor: 46))
        let handshake = try Handshake.receive(from: device.serverSide, wishes: testWishes())
        #expect(handshake.request.major == 7)
        let reply = try device.reply()
        #expect(word(reply, at: 0) == 7)
        #expect(word(reply, at: 4) == 46)
        #expect(try device.reply() == nil)
    }

    @Test func aNewerMajorThatInsists() throws {
        let device = try FakeDevice()
        for _ in 0..<3 { try device.send(.initialize(major: 8, minor: 1)) }
        let error = #expect(throws: SessionError.self) {
            try Handshake.receive(from: device.serverSide, wishes: testWishes())
        }
        #expect(error?.description == "the kernel insists on a FUSE version that is not 7")
    }

    /// Anything but INIT as the first message; every way to cut INIT short among it.
    @Test func otherFirstMessages() throws {
        let whole = KernelRequest.initialize(minor: 45).message
        var messages = (1..<whole.count).map { Array(whole[..<$0]) }
        messages += (1..<8).map { count in
            KernelRequest(opcode: 26, unique: 2, argument: [UInt8](repeating: 7, count: count)).message
        }
        messages.append(KernelRequest.attributes(2, of: 1).message)
        messages.append([UInt8](repeating: 0xff, count: 4096))
        messages.append(whole + [0])
        for message in messages {
            let device = try FakeDevice()
            try device.send(message)
            let error = #expect(throws: SessionError.self) {
                try Handshake.receive(from: device.serverSide, wishes: testWishes())
            }
            #expect(error?.description == "the kernel's first message is not INIT", "\(message.count) bytes")
        }
    }

    /// The mount went away: the device says nothing any more, or an error.
    @Test func aConnectionThatIsGone() throws {
        let device = try FakeDevice()
        device.disconnect()
        #expect(throws: SessionError.self) {
            try Handshake.receive(from: device.serverSide, wishes: testWishes())
        }
        let error = #expect(throws: SessionError.self) {
            try Handshake.receive(from: FileDescriptor(rawValue: -1), wishes: testWishes())
        }
        #expect(error?.description.hasPrefix("the mount went away before it was served: ") == true)
    }

    @Test func anAnswerThatIsRefused() throws {
        let device = try FakeDevice()
        try device.send(.initialize(minor: 45))
        let handshake = try Handshake.receive(from: device.serverSide, wishes: testWishes())
        device.disconnect()
        let error = #expect(throws: SessionError.self) {
            try handshake.accept(testWishes(), on: device.serverSide)
        }
        #expect(error?.description.hasPrefix("the kernel refused the answer to INIT: ") == true)
    }

    /// The ring is agreed on where it is offered and wished for, and only there.
    @Test(arguments: [true, false], [true, false])
    func theRing(_ isOffered: Bool, _ isWished: Bool) throws {
        let device = try FakeDevice()
        try device.send(.initialize(minor: 45, flags: isOffered ? [.overIOUring] : []))
        let wishes = testWishes(isWished ? [.overIOUring] : [])
        let handshake = try Handshake.receive(from: device.serverSide, wishes: wishes)
        let agreed = try handshake.accept(wishes, on: device.serverSide)
        #expect(agreed.flags.contains(.overIOUring) == (isOffered && isWished))
        #expect(try device.reply().map { self.word($0, at: 32).map { $0 & 0x200 != 0 } } == (isOffered && isWished))
    }
}
