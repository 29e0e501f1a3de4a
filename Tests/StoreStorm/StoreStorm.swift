import Glibc
import NetworkStore

/// Two programs in one, for what needs a process of its own.
///
///     ringfuse-store-storm storm METADATA TASKS     changes a volume until it is killed
///     ringfuse-store-storm trash METADATA TASKS     the same, of a volume that keeps removed files
///     ringfuse-store-storm hold METADATA            has a volume open until it is killed
///     ringfuse-store-storm measure DIRECTORY|URL    tells what operations cost, on a volume that it makes and removes
@main
enum StoreStorm {
    static func main() async {
        let words = CommandLine.arguments.dropFirst()
        do {
            switch (words.first, words.count) {
            case ("storm", 3): try await Storm.run(words[2], tasks: Int(words[3]) ?? 1, Storm.perform)
            case ("trash", 3): try await Storm.run(words[2], tasks: Int(words[3]) ?? 1, TrashStorm.perform)
            case ("hold", 2): try await hold(words[2])
            case ("measure", 2) where PostgreSQLLocation.isLocation(words[2]):
                try await Measurements.run(on: try PostgreSQLLocation(words[2]))
            case ("measure", 2): try await Measurements.run(in: words[2])
            default:
                say("usage: ringfuse-store-storm storm|trash METADATA TASKS | hold METADATA | measure DIRECTORY|URL")
                exit(64)
            }
        } catch {
            say("\(error)")
            exit(1)
        }
    }

    /// Has a volume open.
    private static func hold(_ path: String) async throws {
        let engine = try await open(path)
        say("ready")
        while true { try await Task.sleep(for: .seconds(1)) }
        await engine.close()
    }

    /// Opens a volume by a path or a URL.
    static func open(_ metadata: String) async throws -> any MetadataEngine {
        guard PostgreSQLLocation.isLocation(metadata) else { return try await SQLiteEngine.open(metadata) }
        return try await PostgreSQLEngine.open(try PostgreSQLLocation(metadata), lease: .seconds(2))
    }

    /// Writes a line, at once and whole: a line that is there was said before the process was killed.
    static func say(_ text: String) {
        let line = Array((text + "\n").utf8)
        let written = unsafe line.withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) }
        if written != line.count { exit(1) }
    }
}
