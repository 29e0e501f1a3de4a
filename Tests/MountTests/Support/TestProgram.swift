import SystemPackage
import Testing

/// A program in C that tests run on mounts; its source is below Tests/MountTests/Programs.
enum TestProgram: String {
    /// Changes a file from several processes at once, and checks it.
    case mapping
    /// Makes dirty memory, and checks what has become of it.
    case dirty
    /// Reads a directory while names come and go in it, and checks what it is told.
    case names

    /// Compiles it into the directory outside of the mount.
    ///
    /// - Returns: where it is.
    func compile(in scratch: Scratch) async throws -> FilePath {
        let program = scratch.outside.appending(rawValue)
        let source = Program.repository.appending("Tests/MountTests/Programs/\(rawValue).c")
        let ending = try await Program.run(
            "cc", "-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program.string, source.string)
        try #require(ending.isSuccess, "\(ending.text)")
        return program
    }
}
