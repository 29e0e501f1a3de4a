import Glibc
import NetworkStore

/// Two programs in one, for what needs a process of its own.
///
///     ringfuse-store-storm storm DATABASE TASKS     changes a volume until it is killed
///     ringfuse-store-storm hold DATABASE            has a volume open until it is killed
///     ringfuse-store-storm measure DIRECTORY        tells what operations cost
@main
enum StoreStorm {
    static func main() async {
        let words = CommandLine.arguments.dropFirst()
        do {
            switch (words.first, words.count) {
            case ("storm", 3): try await Storm.run(words[2], tasks: Int(words[3]) ?? 1)
            case ("hold", 2): try await hold(words[2])
            case ("measure", 2): try await Measurements.run(in: words[2])
            default:
                say("usage: ringfuse-store-storm storm DATABASE TASKS | hold DATABASE | measure DIRECTORY")
                exit(64)
            }
        } catch {
            say("\(error)")
            exit(1)
        }
    }

    /// Has a volume open.
    private static func hold(_ path: String) async throws {
        let engine = try await SQLiteEngine.open(path)
        say("ready")
        while true { try await Task.sleep(for: .seconds(1)) }
        await engine.close()
    }

    /// Writes a line, at once and whole: a line that is there was said before the process was killed.
    static func say(_ text: String) {
        let line = Array((text + "\n").utf8)
        let written = unsafe line.withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) }
        if written != line.count { exit(1) }
    }
}
