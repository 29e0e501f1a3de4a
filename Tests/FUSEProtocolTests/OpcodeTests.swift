import CRingFUSE
import FUSEProtocol
import TestSupport
import Testing

/// Opcodes, their sizes, and how a message of /dev/fuse is taken apart by them.
@Suite struct OpcodeTests {
    /// All numbers of the ABI, written down from it.
    @Test func numbersAreTheABI() {
        let known = Set(Opcode.allCases.map(\.rawValue))
        let holes: Set<UInt32> = [7, 19]
        #expect(known == Set(UInt32(1)...53).subtracting(holes).union([4096]))
        #expect(Opcode.lookUp.rawValue == FUSE_LOOKUP.rawValue)
        #expect(Opcode.temporaryFile.rawValue == FUSE_TMPFILE.rawValue)
        #expect(Opcode.copyFileRange64.rawValue == FUSE_COPY_FILE_RANGE_64.rawValue)
    }

    /// Names are unique, and as the kernel spells them.
    @Test func names() {
        #expect(Set(Opcode.allCases.map { "\($0.name)" }).count == Opcode.allCases.count)
        #expect("\(Opcode.lookUp.name)" == "LOOKUP")
        #expect("\(Opcode.setLockWaiting.name)" == "SETLKW")
        #expect("\(Opcode.seek.name)" == "LSEEK")
        #expect("\(Opcode.copyFileRange64.name)" == "COPY_FILE_RANGE_64")
    }

    /// The goldens' structures, written by hand, have the sizes that the opcodes say; and no opcode is left out.
    @Test func argumentSizes() {
        for golden in Golden.all {
            let size = golden.opcode.argumentSize(minor: 46, hasExtendedSetXattr: true)
            #expect(size == golden.argument.count, "\(golden.opcode)")
        }
        let unserved: Set<Opcode> = [.setUpMapping, .removeMapping, .cuseInitialize]
        #expect(Set(Golden.all.map(\.opcode)).union(unserved) == Set(Opcode.allCases))
        #expect(Opcode.setUpMapping.argumentSize(minor: 46, hasExtendedSetXattr: true) == 40)
        #expect(Opcode.removeMapping.argumentSize(minor: 46, hasExtendedSetXattr: true) == 4)
        #expect(Opcode.cuseInitialize.argumentSize(minor: 46, hasExtendedSetXattr: true) == 16)
    }

    /// The two structures that are not always of one size.
    @Test func sizesThatVary() {
        #expect(Opcode.setExtendedAttribute.argumentSize(minor: 46, hasExtendedSetXattr: false) == 8)
        #expect(Opcode.setExtendedAttribute.argumentSize(minor: 23, hasExtendedSetXattr: true) == 16)
        #expect(Opcode.initialize.argumentSize(minor: 35, hasExtendedSetXattr: true) == 16)
        #expect(Opcode.initialize.argumentSize(minor: 36, hasExtendedSetXattr: true) == 64)
    }

    /// An opcode of a newer kernel is an error that names it.
    @Test func unknownOpcode() {
        #expect(throws: WireError.unknownOpcode(54)) { try Opcode(wire: 54) }
        #expect(throws: WireError.unknownOpcode(7)) { try Opcode(wire: 7) }
        #expect(throws: Never.self) { try Opcode(wire: 53) }
    }

    /// The four requests that nobody waits for.
    @Test func repliesWanted() {
        let silent = Opcode.allCases.filter { !$0.hasReply }
        #expect(Set(silent) == [.forget, .batchForget, .interrupt, .notifyReply])
    }

    /// The header, byte by byte.
    @Test func header() throws {
        let octets = hex(
            """
            2c000000 01000000 8877665544332280 0900000000000000 e8030000 e9030000 92100000 0000 0000
            666f6f00
            """
        )
        let header = try RequestHeader(raw(octets))
        #expect(header.length == 44)
        #expect(header.opcode == 1)
        #expect(header.unique == 0x8022_3344_5566_7788)
        #expect(header.isResent)
        #expect(header.node == 9)
        #expect(header.uid == 1000)
        #expect(header.gid == 1001)
        #expect(header.pid == 4242)
        #expect(header.extensionLength == 0)
    }

    /// Lengths that contradict each other.
    @Test func headerLengths() throws {
        var octets = RequestBuilder.message(opcode: 1, argument: [], payload: hex("666f6f0000000000"))
        octets[0] = 39
        #expect(throws: WireError.badLength) { try RequestHeader(raw(octets)) }
        octets[0] = 48
        octets[36] = 1
        #expect(try RequestHeader(raw(octets)).extensionLength == 8)
        octets[36] = 2
        #expect(throws: WireError.badLength) { try RequestHeader(raw(octets)) }
    }

    /// A message comes apart where its structure ends.
    @Test(arguments: Golden.all)
    func deviceRequest(_ golden: Golden) throws {
        let message = RequestBuilder.message(
            opcode: golden.opcode.rawValue,
            argument: golden.argument,
            payload: golden.payload,
            extensionLength: golden.extensionLength
        )
        let request = try DeviceRequest(raw(message), minor: 46, hasExtendedSetXattr: true)
        let argument = array(request.argument)
        let payload = array(request.payload)
        #expect(argument == golden.argument)
        #expect(payload == golden.payload)
        #expect(request.header.extensionLength == golden.extensionLength)
        let longer = message + [0]
        #expect(throws: WireError.badLength) {
            _ = try DeviceRequest(raw(longer), minor: 46, hasExtendedSetXattr: true)
        }
    }

    /// Without FUSE_SETXATTR_EXT the name begins 8 bytes earlier.
    @Test func deviceRequestOfShortSetXattr() throws {
        let message = RequestBuilder.message(
            opcode: 21,
            argument: hex("03000000 02000000"),
            payload: hex("6100 78797a")
        )
        let request = try DeviceRequest(raw(message), minor: 31, hasExtendedSetXattr: false)
        let set = try SetExtendedAttributeRequest(
            argument: request.argument,
            payload: request.payload,
            isExtended: false
        )
        let (name, value) = (text(set.name), array(set.value))
        #expect(name == "a")
        #expect(value == hex("78797a"))
        #expect(set.flags == 2)
        #expect(set.killsSetGroupID == false)
    }

    /// A request of a newer kernel still gives its header, so that ENOSYS can be answered.
    @Test func deviceRequestOfUnknownOpcode() throws {
        let message = RequestBuilder.message(opcode: 54, argument: [], payload: [1, 2, 3])
        let request = try DeviceRequest(raw(message), minor: 46, hasExtendedSetXattr: true)
        let (argument, payload) = (request.argument.byteCount, request.payload.byteCount)
        #expect(request.header.opcode == 54)
        #expect(argument == 0)
        #expect(payload == 3)
    }
}
