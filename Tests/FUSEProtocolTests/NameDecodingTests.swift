import FUSEProtocol
import TestSupport
import Testing

/// Requests with names: fields of the goldens, and the rules for names.
@Suite struct NameDecodingTests {
    /// LOOKUP, UNLINK, RMDIR: nothing but a name.
    @Test func onlyNames() throws {
        let payload = Golden.of(.lookUp).payload
        let lookUp = try LookUpRequest(payload: raw(payload))
        let remove = try RemoveRequest(payload: raw(payload))
        let names = [text(lookUp.name), text(remove.name)]
        #expect(names == ["foo", "foo"])
    }

    /// MKNOD.
    @Test func makeNode() throws {
        let golden = Golden.of(.makeNode)
        let request = try MakeNodeRequest(argument: raw(golden.argument), payload: raw(golden.payload))
        let (name, trailing) = (text(request.name), array(request.trailing))
        #expect(request.mode == 0o20644)
        #expect(request.device == 0x103)
        #expect(request.umask == 0o22)
        #expect(name == "foo")
        #expect(trailing == hex(Golden.extensions))
    }

    /// MKDIR.
    @Test func makeDirectory() throws {
        let golden = Golden.of(.makeDirectory)
        let request = try MakeDirectoryRequest(argument: raw(golden.argument), payload: raw(golden.payload))
        let (name, trailing) = (text(request.name), array(request.trailing))
        #expect(request.mode == 0o755)
        #expect(request.umask == 0o22)
        #expect(name == "foo")
        #expect(trailing == hex(Golden.extensions))
    }

    /// SYMLINK, whose target may hold '/'.
    @Test func symbolicLink() throws {
        let payload = Golden.of(.symbolicLink).payload
        let request = try SymbolicLinkRequest(payload: raw(payload))
        let (name, target, trailing) = (text(request.name), text(request.target), array(request.trailing))
        #expect(name == "l")
        #expect(target == "/a/b")
        #expect(trailing == hex(Golden.extensions))
    }

    /// LINK.
    @Test func link() throws {
        let golden = Golden.of(.link)
        let request = try LinkRequest(argument: raw(golden.argument), payload: raw(golden.payload))
        let name = text(request.name)
        #expect(request.existingNode == 9)
        #expect(name == "foo")
    }

    /// RENAME and RENAME2; the first has no flags even if the argument has room for them.
    @Test func rename() throws {
        let golden = Golden.of(.rename2)
        let new = try RenameRequest(argument: raw(golden.argument), payload: raw(golden.payload), hasFlags: true)
        let old = try RenameRequest(argument: raw(golden.argument), payload: raw(golden.payload), hasFlags: false)
        let names = [text(new.oldName), text(new.newName), text(old.oldName), text(old.newName)]
        #expect(names == ["a", "bc", "a", "bc"])
        #expect(new.newParent == 7)
        #expect(old.newParent == 7)
        #expect(new.flags == 1)
        #expect(old.flags == 0)
    }

    /// CREATE.
    @Test func create() throws {
        let golden = Golden.of(.create)
        let request = try CreateRequest(argument: raw(golden.argument), payload: raw(golden.payload))
        let (name, trailing) = (text(request.name), array(request.trailing))
        #expect(request.flags == 0x8042)
        #expect(request.mode == 0o100644)
        #expect(request.umask == 0o22)
        #expect(request.killsSetID == true)
        #expect(name == "foo")
        #expect(trailing == hex(Golden.extensions))
    }

    /// TMPFILE, whose name is "/" and passed over.
    @Test func temporaryFile() throws {
        let golden = Golden.of(.temporaryFile)
        let request = try TemporaryFileRequest(argument: raw(golden.argument), payload: raw(golden.payload))
        let trailing = array(request.trailing)
        #expect(request.flags == 0x40_8002)
        #expect(request.mode == 0o100600)
        #expect(request.umask == 0o22)
        #expect(trailing == hex(Golden.extensions))
    }

    /// Names that a directory entry must not have.
    @Test(arguments: ["", "a/b", "/", ".", ".."])
    func badEntryNames(_ name: String) {
        let payload = RequestBuilder().adding(name: name).octets
        #expect(throws: WireError.badName) { _ = try RemoveRequest(payload: raw(payload)) }
        let second = RequestBuilder().adding(name: "ok").adding(name: name).octets
        #expect(throws: WireError.badName) {
            _ = try RenameRequest(argument: raw([UInt8](repeating: 0, count: 8)), payload: raw(second), hasFlags: false)
        }
    }

    /// Names that look like those, and are fine; bytes that are no UTF-8 too.
    @Test(arguments: ["...", ".a", "..b", "a.", " "])
    func goodEntryNames(_ name: String) throws {
        let payload = RequestBuilder().adding(name: name).octets
        let request = try RemoveRequest(payload: raw(payload))
        let decoded = text(request.name)
        #expect(decoded == name)
        let bytes: [UInt8] = [0xff, 0xfe, 0x01, 0]
        let strange = try RemoveRequest(payload: raw(bytes))
        let decodedBytes = array(strange.name)
        #expect(decodedBytes == [0xff, 0xfe, 0x01])
    }

    /// NFS export looks up "." and "..", but neither nothing nor a path.
    @Test func lookUpOfDots() throws {
        for name in [".", ".."] {
            let payload = RequestBuilder().adding(name: name).octets
            let request = try LookUpRequest(payload: raw(payload))
            let decoded = text(request.name)
            #expect(decoded == name)
        }
        for name in ["", "a/b", "/"] {
            let payload = RequestBuilder().adding(name: name).octets
            #expect(throws: WireError.badName) { _ = try LookUpRequest(payload: raw(payload)) }
        }
    }

    /// The longest name has 4095 bytes.
    @Test func longNames() throws {
        let longest = [UInt8](repeating: 0x61, count: 4095)
        let payload = longest + [0]
        let request = try LookUpRequest(payload: raw(payload))
        let count = request.name.count
        #expect(count == 4095)
        let longer = [0x61] + longest + [0]
        #expect(throws: WireError.badName) { _ = try LookUpRequest(payload: raw(longer)) }
        let endless = [UInt8](repeating: 0x61, count: 8192)
        #expect(throws: WireError.badName) { _ = try LookUpRequest(payload: raw(endless)) }
        #expect(throws: WireError.truncated(expected: 4096, got: 4095)) { _ = try LookUpRequest(payload: raw(longest)) }
    }

    /// Whatever follows the last name does not matter.
    @Test func bytesAfterNames() throws {
        let payload = RequestBuilder().adding(name: "a").adding(name: "b").adding(UInt64(0x2f2f)).octets
        let request = try RenameRequest(argument: raw(hex("0700000000000000")), payload: raw(payload), hasFlags: false)
        let names = [text(request.oldName), text(request.newName)]
        #expect(names == ["a", "b"])
    }

    /// An empty target is refused; a long one is not cut.
    @Test func symbolicLinkTargets() throws {
        let empty = RequestBuilder().adding(name: "l").adding(name: "").octets
        #expect(throws: WireError.badName) { _ = try SymbolicLinkRequest(payload: raw(empty)) }
        let target = String(repeating: "../", count: 1365)
        let payload = RequestBuilder().adding(name: "l").adding(name: target).octets
        let request = try SymbolicLinkRequest(payload: raw(payload))
        let decoded = text(request.target)
        #expect(decoded == target)
    }
}
