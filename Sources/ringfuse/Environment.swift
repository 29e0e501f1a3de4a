import Glibc

/// The variables this process was started with.
enum Environment {
    /// The value of a variable; nil where it is not set or empty.
    static func value(of name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// All variables.
    static var all: [String: String] {
        var all: [String: String] = [:]
        var next = unsafe environ
        while let line = unsafe next.pointee {
            let text = unsafe String(cString: line)
            if let end = text.firstIndex(of: "=") {
                all[String(text[..<end])] = String(text[text.index(after: end)...])
            }
            unsafe next += 1
        }
        return all
    }
}
