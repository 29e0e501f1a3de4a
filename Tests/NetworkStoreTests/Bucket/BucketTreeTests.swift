import RingFUSE
import Synchronization
import Testing

@testable import NetworkStore

/// What names of a bucket lead to, as the bucket and the kernel have it.
@Suite struct BucketTreeTests {
    private let tree = BucketTree(BucketKey("p/"))
    private let object = BucketObject(size: 5, tag: "one", modified: 7)

    @Test func keys() {
        let directory = tree.take(.directory, "d", in: tree.root)
        let file = tree.take(.file(object), "f", in: directory)
        #expect(directory.key.text == "p/d/" && file.key.text == "p/d/f" && !file.isDirectory && directory.isDirectory)
    }

    /// The same content is the same node; another content, and a directory, is another, also for who has the old one.
    @Test func replaced() {
        let first = tree.take(.file(object), "f", in: tree.root)
        tree.addLookup(of: first)
        var later = object
        later.modified = 9
        #expect(tree.take(.file(later), "f", in: tree.root) === first)
        #expect(first.state.withLock { $0.object?.modified } == 9)
        later.tag = "two"
        let second = tree.take(.file(later), "f", in: tree.root)
        #expect(second !== first && second.id != first.id && tree.child("f", of: tree.root) === second)
        #expect(tree.node(first.id) === first && first.state.withLock { $0.isReplaced })
        #expect(tree.take(.directory, "f", in: tree.root).isDirectory)
        tree.forget(first.id, lookups: 1)
        #expect(tree.node(first.id) == nil)
    }

    /// A directory that is nowhere but here stays, and so do those above it, until it is removed.
    @Test func pinned() throws {
        let above = tree.take(.directory, "d", in: tree.root)
        tree.addLookup(of: above)
        let made = try #require(tree.make("new", in: above, isDirectory: true))
        #expect(tree.make("new", in: above, isDirectory: true) == nil)
        #expect(tree.pinnedNames(in: above) == ["new"] && tree.pinnedNames(in: tree.root) == [])
        tree.forget(above.id, lookups: 1)
        tree.drop("new", in: above)
        #expect(tree.node(above.id) === above && tree.child("new", of: above) === made)
        #expect(tree.take(.file(object), "new", in: above) === made)
        tree.remove(made)
        #expect(tree.node(made.id) == nil && tree.node(above.id) == nil && tree.child("d", of: tree.root) == nil)
    }

    /// A file that is open stays known when its name is gone.
    @Test func open() {
        let file = tree.take(.file(object), "f", in: tree.root)
        tree.open(file)
        tree.remove(file)
        #expect(tree.child("f", of: tree.root) == nil && tree.opens(of: file) == 1)
        tree.close(file)
        #expect(tree.node(file.id) == nil && tree.opens(of: file) == 0)
    }

    @Test func moved() throws {
        let directory = tree.take(.directory, "d", in: tree.root)
        let (file, other) = (
            tree.take(.file(object), "f", in: tree.root), tree.take(.file(object), "g", in: directory)
        )
        for node in [directory, file, other] { tree.addLookup(of: node) }
        tree.move(file, to: "g", in: directory, BucketObject(size: 5, tag: "copy", modified: 8))
        #expect(tree.child("g", of: directory) === file && tree.child("f", of: tree.root) == nil)
        #expect(file.key.text == "p/d/g" && other.state.withLock { $0.isReplaced })
        #expect(file.state.withLock { !$0.isReplaced && $0.object?.tag == "copy" })
        // What is forgotten takes nothing with it that is known.
        tree.forget(other.id, lookups: 1)
        #expect(tree.child("g", of: directory) === file)
        tree.forget(file.id, lookups: 1)
        #expect(tree.child("g", of: directory) == nil)
    }
}
