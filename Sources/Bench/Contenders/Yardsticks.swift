internal import Glibc

/// Where the yardsticks are.
public enum Yardsticks {
    /// Where they are built, within the project.
    private static let place = "Benchmarks/Yardsticks/bin"

    /// The directory of the project that a tool was built in, or else of the current one, where there is none yet.
    public static func directory(of tool: String) -> String {
        var parents: [String] = []
        var path = tool[...]
        while let slash = path.lastIndex(of: "/") {
            path = path[..<slash]
            parents.append("\(path)/\(place)")
        }
        return parents.first { unsafe access($0, X_OK) == 0 } ?? place
    }
}
