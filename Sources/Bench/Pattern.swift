internal import Glibc

/// A pattern of names, as shells have it: `*`, `?`, `[…]`.
enum Pattern {
    /// Whether a pattern matches a whole name.
    static func matches(_ name: String, _ pattern: String) -> Bool {
        unsafe fnmatch(pattern, name, 0) == 0
    }
}
