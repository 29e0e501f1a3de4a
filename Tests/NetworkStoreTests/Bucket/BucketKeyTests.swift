import RingFUSE
import Testing

@testable import NetworkStore

/// Which keys are shown, and under which names.
@Suite struct BucketKeyTests {
    @Test(
        arguments: [
            ("", "a", "a"), ("", "a/", "a"), ("p/", "p/a b", "a b"), ("p/", "p/ü/", "ü"), ("p/", "p/...", "..."),
            ("p/", "p/\u{1}", "\u{1}"), ("p/", "p/\\", "\\"),
            // The directory itself, an empty name, and what no name can be.
            ("p/", "p/", nil), ("p/", "p//", nil), ("", "/", nil), ("", "//", nil), ("p/", "p/.", nil),
            ("p/", "p/../", nil),
            ("p/", "p/a\u{0}b", nil),
            // Not in the directory.
            ("p/", "q/a", nil), ("p/", "p", nil), ("", "a/b", nil), ("p/", "p/a/b/", nil),
        ] as [(String, String, String?)])
    func names(_ directory: String, _ key: String, _ name: String?) {
        #expect(BucketKey(directory).name(of: key) == name.map { StoredName($0) })
    }

    @Test func longNames() {
        let longest = String(repeating: "n", count: 255)
        #expect(BucketKey("p/").name(of: "p/\(longest)/") == StoredName(longest))
        #expect(BucketKey("p/").name(of: "p/\(longest)n") == nil)
    }

    /// Texts that are the same to people are different keys.
    @Test func bytes() {
        let (composed, decomposed) = (BucketKey("\u{e9}"), BucketKey("e\u{301}"))
        #expect(composed != decomposed && composed.inode != decomposed.inode)
        #expect(BucketKey("e").name(of: "e\u{301}") == StoredName("\u{301}"))
        #expect(BucketKey("\u{e9}").name(of: "e\u{301}x") == nil)
    }

    @Test func parts() {
        let file = BucketKey("p/").file("a")
        #expect(file.text == "p/a" && file.directory.text == "p/a/" && BucketKey("").file("x").text == "x")
        #expect(BucketKey("p/a").inode == file.inode && file.inode != file.directory.inode)
    }
}
