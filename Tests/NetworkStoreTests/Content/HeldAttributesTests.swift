import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// Attributes that are set of a file which has something unwritten.
@Suite struct HeldAttributesTests {
    private static let blockSize = 4096
    private static let root = Caller(userID: 0, groupID: 0)

    /// A file of some attributes, and memory for what is written to it.
    private struct Fixture {
        let memory: BlockMemory
        var state: StoredFile.State

        init(mode: UInt32 = 0o644, flags: UInt32 = 0, hasExtendedAttributes: Bool = false) throws {
            memory = try BlockMemory(byteCount: 64 * blockSize, blockSize: blockSize)
            var attributes = Attributes(node: NodeID(7), mode: NodeMode(.regular, permissions: mode))
            attributes.accessTime = HeldAttributesTests.at(1)
            attributes.modificationTime = HeldAttributesTests.at(1)
            attributes.changeTime = HeldAttributesTests.at(1)
            let record = NodeRecord(
                attributes: attributes, birthTime: HeldAttributesTests.at(1), flags: flags, version: 1,
                hasExtendedAttributes: hasExtendedAttributes)
            state = StoredFile.State(
                record: record, isShared: false, pages: KernelPages(), dirty: DirtyMap(blockSize: blockSize))
        }

        /// Writes a byte, as ``Volume`` does it.
        mutating func write(at seconds: Int64) {
            let bytes: ContiguousArray<UInt8> = [1]
            let fresh = state.dirty.block(0) == nil ? memory.take() : nil
            unsafe state.dirty.write(bytes.span.bytes, to: 0, at: 0, fresh: fresh)
            state.noteWrite()
            state.pending = (1, HeldAttributesTests.at(seconds))
        }

        /// Sets attributes.
        mutating func set(
            at seconds: Int64,
            by caller: Caller = HeldAttributesTests.root,
            _ change: (inout AttributeChanges) -> Void
        ) throws(Errno) -> Attributes? {
            var changes = AttributeChanges()
            change(&changes)
            return try state.hold(changes, by: caller, at: HeldAttributesTests.at(seconds))
        }
    }

    private static func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds, nanoseconds: 0) }

    /// Without content that is to be committed they are not held: there is nothing to wait for.
    @Test func waitForContentOnly() throws {
        var file = try Fixture()
        let held = try file.set(at: 2) { $0.mode = NodeMode(.regular, permissions: 0o600) }
        #expect(held == nil)
        #expect(file.state.isClean && !file.state.holdsAttributes && file.state.mode.permissions == 0o644)
    }

    /// They are seen at once, and go with the content that was written before.
    @Test func areSeenAndGoWithTheContent() throws {
        var file = try Fixture()
        file.write(at: 2)
        _ = try file.set(at: 3) { $0.modificationTime = .to(Self.at(100)) }
        _ = try file.set(at: 4) { changes in
            changes.userID = 5
            changes.groupID = 6
        }
        let last = try file.set(at: 5) { $0.mode = NodeMode(.regular, permissions: 0o4750) }
        let seen = try #require(last)
        #expect(seen.mode.rawValue == 0o104750 && seen.userID == 5 && seen.groupID == 6 && seen.size == 1)
        #expect(seen.modificationTime == Self.at(100) && seen.changeTime == Self.at(5))
        #expect(seen.accessTime == Self.at(1))
        #expect(file.state.attributes == seen && file.state.mode == seen.mode)
        let sealed = file.state.seal()
        let upload = try #require(sealed)
        #expect(upload.time == Self.at(2) && upload.held?.modificationTime == Self.at(100))
        #expect(file.state.held == nil && file.state.holdsAttributes && file.state.attributes == seen)
        // Nothing has been written since: they still go with it.
        let later = try file.set(at: 6) { $0.mode = NodeMode(.regular, permissions: 0o600) }
        #expect(later?.mode.permissions == 0o600 && upload.held?.permissions == 0o600 && file.state.held == nil)
    }

    /// Whoever writes after a time was set changes it, and nothing else that was set.
    @Test func writingComesAfterATimeThatWasSet() throws {
        var file = try Fixture()
        file.write(at: 2)
        _ = try file.set(at: 3) { changes in
            changes.mode = NodeMode(.regular, permissions: 0o600)
            changes.accessTime = .to(Self.at(99))
            changes.modificationTime = .to(Self.at(100))
        }
        file.write(at: 4)
        #expect(file.state.attributes.modificationTime == Self.at(4))
        #expect(file.state.attributes.accessTime == Self.at(99) && file.state.mode.permissions == 0o600)
        let sealed = file.state.seal()
        let upload = try #require(sealed)
        #expect(upload.time == Self.at(4) && upload.held?.modificationTime == nil)
        #expect(upload.held?.permissions == 0o600)
        // One that is on its way keeps its own: what is written now is committed after it.
        _ = try file.set(at: 5) { $0.modificationTime = .to(Self.at(200)) }
        file.write(at: 6)
        #expect(upload.held?.modificationTime == Self.at(200))
        #expect(file.state.attributes.modificationTime == Self.at(6))
    }

    /// What is being committed, or could not be, takes no more.
    @Test func leaveWhatIsUnderWayAlone() throws {
        var file = try Fixture()
        file.write(at: 2)
        let sealed = file.state.seal()
        let upload = try #require(sealed)
        let mode = { (changes: inout AttributeChanges) in changes.mode = NodeMode(.regular, permissions: 0o600) }
        upload.progress = .committing(ContentChange(of: NodeID(7)))
        var held = [try file.set(at: 3, mode)]
        upload.progress = .failed(.noSpace)
        upload.failures = 1
        held.append(try file.set(at: 3, mode))
        file.write(at: 4)
        held.append(try file.set(at: 5, mode))
        #expect(held == [nil, nil, nil])
        #expect(!file.state.holdsAttributes)
    }

    /// What is in a journal stays as it was acknowledged: attributes that are set then are a change of their own, also where it cannot be
    /// stored now; and are seen at once.
    @Test func comeAfterWhatIsInAJournal() throws {
        var file = try Fixture()
        file.write(at: 2)
        _ = try file.set(at: 3) { $0.mode = NodeMode(.regular, permissions: 0o600) }
        let sealed = file.state.seal()
        let upload = try #require(sealed)
        upload.sequence = 1
        let states: [Upload.Progress] = [.storing, .committing(ContentChange(of: NodeID(7))), .failed(.ioError)]
        for (index, progress) in states.enumerated() {
            upload.progress = progress
            upload.failures = index
            let now = Int64(10 + index)
            let seen = try file.set(at: now) { $0.modificationTime = .to(Self.at(100 + now)) }
            #expect(seen?.modificationTime == Self.at(100 + now) && file.state.attributes == seen)
            #expect(upload.held?.modificationTime == nil && upload.held?.permissions == 0o600)
        }
        #expect(file.state.dirtySince != nil)
        let second = file.state.seal()
        let later = try #require(second)
        #expect(later.content.isEmpty && later.held?.modificationTime == Self.at(112) && later.held?.permissions == nil)
        #expect(file.state.dirtySince == nil && file.state.uploads.count == 2)
    }

    /// The rules hold at once: flags refuse, privileges go when the owner changes, and a later mode brings them back.
    @Test func keepTheRules() throws {
        var immutable = try Fixture(flags: 0x10)
        immutable.write(at: 2)
        var error: Errno?
        do throws(Errno) {
            _ = try immutable.set(at: 3) { $0.mode = NodeMode(.regular, permissions: 0o600) }
        } catch let thrown {
            error = thrown
        }
        #expect(error == .notPermitted)
        #expect(!immutable.state.holdsAttributes)
        var file = try Fixture(mode: 0o6755)
        file.write(at: 2)
        let given = try file.set(at: 3, by: Caller(userID: 9, groupID: 9)) { $0.groupID = 9 }
        #expect(given?.mode.permissions == 0o755 && given?.groupID == 9)
        let again = try file.set(at: 4) { $0.mode = NodeMode(.regular, permissions: 0o4755) }
        #expect(again?.mode.permissions == 0o4755)
        // Lists and capabilities are kept by the engine alone.
        var listed = try Fixture(hasExtendedAttributes: true)
        listed.write(at: 2)
        let refused = try listed.set(at: 3) { $0.mode = NodeMode(.regular, permissions: 0o600) }
        #expect(refused == nil)
    }

    /// What was set is committed although what was written is cut off again.
    @Test func outliveContentThatIsCut() throws {
        var file = try Fixture()
        file.write(at: 2)
        _ = try file.set(at: 3) { $0.mode = NodeMode(.regular, permissions: 0o600) }
        file.state.dirty.truncate(to: 0)
        #expect(!file.state.isClean)
        let sealed = file.state.seal()
        let upload = try #require(sealed)
        #expect(upload.content.isEmpty && upload.size == nil && upload.time == nil)
        #expect(upload.held?.permissions == 0o600)
    }

    /// A read after a time of reading was set is the later one.
    @Test func readingComesAfterATimeThatWasSet() throws {
        var file = try Fixture()
        file.write(at: 2)
        _ = try file.set(at: 3) { $0.accessTime = .to(Self.at(1)) }
        let isForTheEngine = file.state.noteAccess(at: Self.at(4))
        #expect(!isForTheEngine)
        #expect(file.state.attributes.accessTime == Self.at(4) && file.state.held?.accessTime == Self.at(4))
        #expect(file.state.attributes.changeTime == Self.at(3))
        // Where none was set it is the engine's.
        var other = try Fixture()
        other.write(at: 2)
        let isTheEngines = other.state.noteAccess(at: Self.at(4))
        #expect(isTheEngines && other.state.held == nil)
    }
}
