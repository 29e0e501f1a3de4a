import FUSEProtocol
import TestSupport
import Testing

/// Requests with data or nothing but fields: every field of the goldens.
@Suite struct FieldDecodingTests {
    /// Decodes the structure of a golden.
    private func argument<Request>(_ opcode: Opcode, _ decode: (RawSpan) throws -> Request) throws -> Request {
        try decode(raw(Golden.of(opcode).argument))
    }

    /// GETATTR with and without a handle.
    @Test func getAttributes() throws {
        #expect(try argument(.getAttributes, GetAttributesRequest.init).fileHandle == 0x1122_3344_5566_7788)
        let without = hex("00000000 00000000 8877665544332211")
        #expect(try GetAttributesRequest(argument: raw(without)).fileHandle == nil)
    }

    /// SETATTR with all that it can set.
    @Test func setAttributes() throws {
        let request = try argument(.setAttributes, SetAttributesRequest.init)
        #expect(request.fileHandle == 1)
        #expect(request.mode == 0o100644)
        #expect(request.uid == 1000)
        #expect(request.gid == 1001)
        #expect(request.size == 4096)
        #expect(request.accessTime == .at(seconds: -1, nanoseconds: 999_999_999))
        #expect(request.modificationTime == .now)
        #expect(request.changeTime == .at(seconds: 3, nanoseconds: 6))
        #expect(request.lockOwner == 9)
        #expect(request.killsSetID)
    }

    /// SETATTR, one bit of `valid` at a time: each lets through its own field only.
    @Test(arguments: 0..<12)
    func setAttributesBit(_ bit: Int) throws {
        var octets = Golden.of(.setAttributes).argument
        let valid = UInt32(1) << UInt32(bit)
        octets.replaceSubrange(0..<4, with: RequestBuilder().adding(valid).octets)
        let request = try SetAttributesRequest(argument: raw(octets))
        let present = [
            request.mode != nil, request.uid != nil, request.gid != nil, request.size != nil,
            request.accessTime != nil, request.modificationTime != nil, request.fileHandle != nil,
            false, false, request.lockOwner != nil, request.changeTime != nil, request.killsSetID,
        ]
        // Bits 7 and 8, "now", say nothing without those of the times.
        let expected = (0..<12).map { $0 == bit && bit != 7 && bit != 8 }
        #expect(present == expected)
    }

    /// STATX, ACCESS.
    @Test func statxAndAccess() throws {
        let statx = try argument(.statx, StatxRequest.init)
        #expect(statx.fileHandle == 1)
        #expect(statx.flags == 0x2000)
        #expect(statx.mask == 0xfff)
        #expect(try argument(.access, AccessRequest.init).mask == 4)
    }

    /// OPEN, OPENDIR.
    @Test func open() throws {
        let open = try argument(.open, OpenRequest.init)
        #expect(open.flags == 0x8002)
        #expect(open.killsSetID)
        let directory = try argument(.openDirectory, OpenRequest.init)
        #expect(directory.flags == 0x18000)
        #expect(!directory.killsSetID)
    }

    /// RELEASE, FLUSH, FSYNC, and their likes of directories.
    @Test func release() throws {
        let release = try argument(.release, ReleaseRequest.init)
        #expect(release.fileHandle == 1)
        #expect(release.flags == 0x8002)
        #expect(release.flushes)
        #expect(release.unlocks)
        #expect(release.lockOwner == 0xab)
        let directory = try argument(.releaseDirectory, ReleaseRequest.init)
        #expect(!directory.flushes)
        #expect(!directory.unlocks)
        let flush = try argument(.flush, FlushRequest.init)
        #expect(flush.fileHandle == 1)
        #expect(flush.lockOwner == 0xab)
        #expect(try argument(.sync, SyncRequest.init).isDataOnly)
        #expect(try argument(.sync, SyncRequest.init).fileHandle == 1)
        #expect(try !argument(.syncDirectory, SyncRequest.init).isDataOnly)
    }

    /// READ with and without an owner of locks.
    @Test func read() throws {
        let read = try argument(.read, ReadRequest.init)
        #expect(read.fileHandle == 1)
        #expect(read.offset == 4096)
        #expect(read.size == 8192)
        #expect(read.lockOwner == 0xab)
        #expect(read.flags == 0x8000)
        var octets = Golden.of(.read).argument
        octets[20] = 0
        #expect(try ReadRequest(argument: raw(octets)).lockOwner == nil)
    }

    /// WRITE, whose data must be what `size` says, neither less nor more.
    @Test func write() throws {
        let golden = Golden.of(.write)
        let write = try WriteRequest(argument: raw(golden.argument), payload: raw(golden.payload))
        let data = array(write.data)
        #expect(write.fileHandle == 1)
        #expect(write.offset == 4096)
        #expect(write.size == 5)
        #expect(write.isFromCache == true)
        #expect(write.killsSetID == true)
        #expect(write.lockOwner == 0xab)
        #expect(write.flags == 0x8001)
        #expect(data == Array("hello".utf8))
        #expect(throws: WireError.badLength) {
            _ = try WriteRequest(argument: raw(golden.argument), payload: raw(golden.payload + [0]))
        }
        #expect(throws: WireError.truncated(expected: 5, got: 4)) {
            _ = try WriteRequest(argument: raw(golden.argument), payload: raw(Array(golden.payload[..<4])))
        }
    }

    /// WRITE whose data is elsewhere keeps its size; no flag, no owner.
    @Test func zeroCopiedWrite() throws {
        var octets = Golden.of(.write).argument
        octets[20] = 0
        let write = try WriteRequest(zeroCopied: raw(octets))
        let count = write.data.byteCount
        #expect(write.size == 5)
        #expect(count == 0)
        #expect(write.lockOwner == nil)
        #expect(write.isFromCache == false)
        #expect(write.killsSetID == false)
    }

    /// FALLOCATE, LSEEK, COPY_FILE_RANGE.
    @Test func ranges() throws {
        let fallocate = try argument(.fallocate, FallocateRequest.init)
        #expect(fallocate.fileHandle == 1)
        #expect(fallocate.offset == 4096)
        #expect(fallocate.length == 8192)
        #expect(fallocate.mode == 3)
        let seek = try argument(.seek, SeekRequest.init)
        #expect(seek.fileHandle == 1)
        #expect(seek.offset == 4096)
        #expect(seek.whence == 4)
        let copy = try argument(.copyFileRange64, CopyFileRangeRequest.init)
        #expect(copy.sourceHandle == 1)
        #expect(copy.sourceOffset == 16)
        #expect(copy.destinationNode == 9)
        #expect(copy.destinationHandle == 2)
        #expect(copy.destinationOffset == 32)
        #expect(copy.length == 1 << 32)
        #expect(copy.flags == 0)
    }

    /// NOTIFY_REPLY.
    @Test func retrieveReply() throws {
        let golden = Golden.of(.notifyReply)
        let reply = try RetrieveReply(payload: raw(golden.payload))
        let data = array(reply.data)
        #expect(reply.offset == 4096)
        #expect(data == Array("page".utf8))
    }

    /// SETXATTR, GETXATTR, LISTXATTR, REMOVEXATTR; a '/' is fine in such names.
    @Test func extendedAttributes() throws {
        let golden = Golden.of(.setExtendedAttribute)
        let set = try SetExtendedAttributeRequest(
            argument: raw(golden.argument),
            payload: raw(golden.payload),
            isExtended: true
        )
        let (name, value) = (text(set.name), array(set.value))
        #expect(name == "user.a")
        #expect(value == Array("xyz".utf8))
        #expect(set.flags == 2)
        #expect(set.killsSetGroupID == true)
        let getGolden = Golden.of(.getExtendedAttribute)
        let get = try GetExtendedAttributeRequest(argument: raw(getGolden.argument), payload: raw(getGolden.payload))
        let getName = text(get.name)
        #expect(getName == "user.a")
        #expect(get.size == 64)
        #expect(try argument(.listExtendedAttributes, ListExtendedAttributesRequest.init).size == 256)
        let slash = RequestBuilder().adding(name: "user.a/b").octets
        let remove = try RemoveExtendedAttributeRequest(payload: raw(slash))
        let removeName = text(remove.name)
        #expect(removeName == "user.a/b")
    }

    /// GETLK and its kin.
    @Test func lock() throws {
        let lock = try argument(.setLockWaiting, LockRequest.init)
        #expect(lock.fileHandle == 3)
        #expect(lock.owner == 4)
        #expect(lock.start == 16)
        #expect(lock.end == 31)
        #expect(lock.type == 1)
        #expect(lock.pid == 77)
        #expect(lock.isFlock)
    }

    /// IOCTL.
    @Test func ioctl() throws {
        let golden = Golden.of(.ioctl)
        let request = try IoctlRequest(argument: raw(golden.argument), payload: raw(golden.payload))
        let input = array(request.input)
        #expect(request.fileHandle == 1)
        #expect(request.flags == 0x10)
        #expect(request.command == 0x80_5401)
        #expect(request.argument == 0x7f_ffff_f000)
        #expect(request.outputSize == 8)
        #expect(input == [1, 2, 3, 4])
    }

    /// POLL, BMAP, INTERRUPT, FORGET.
    @Test func smallOnes() throws {
        let poll = try argument(.poll, PollRequest.init)
        #expect(poll.fileHandle == 1)
        #expect(poll.kernelHandle == 5)
        #expect(poll.wantsWakeUp)
        #expect(poll.events == 0x41)
        let bmap = try argument(.blockMap, BmapRequest.init)
        #expect(bmap.block == 7)
        #expect(bmap.blockSize == 4096)
        #expect(try argument(.interrupt, InterruptRequest.init).target == 6)
        #expect(try argument(.forget, ForgetRequest.init).lookUpCount == 5)
    }

    /// BATCH_FORGET: its entries, and counts that lie.
    @Test func batchForget() throws {
        let golden = Golden.of(.batchForget)
        let request = try BatchForgetRequest(argument: raw(golden.argument), payload: raw(golden.payload))
        var entries: [[UInt64]] = []
        request.forEach { entries.append([$0.node, $0.lookUpCount]) }
        #expect(entries == [[9, 1], [10, 2]])
        let second = try request.entry(at: 1)
        #expect(second.node == 10)
        var refused: [Int] = []
        for index in [-1, 2] {
            do throws(WireError) { _ = try request.entry(at: index) } catch { refused.append(index) }
        }
        #expect(refused == [-1, 2])
        #expect(throws: WireError.badLength) {
            _ = try BatchForgetRequest(argument: raw(hex("01000000 00000000")), payload: raw(golden.payload))
        }
        #expect(throws: WireError.truncated(expected: 0xf_ffff_fff0, got: 32)) {
            _ = try BatchForgetRequest(argument: raw(hex("ffffffff 00000000")), payload: raw(golden.payload))
        }
    }

    /// Over the ring the structure lies in 128 bytes, whose rest does not matter.
    @Test(arguments: Golden.all.filter { !$0.argument.isEmpty })
    func argumentWithRoomBehind(_ golden: Golden) throws {
        let room = golden.argument + [UInt8](repeating: 0xff, count: 128 - golden.argument.count)
        try decode(
            golden.opcode,
            argument: room,
            payload: golden.payload,
            extensionLength: golden.extensionLength
        )
    }
}
