import Testing

@testable import Differential

/// Scripts follow from their seeds.
@Suite
struct GeneratorTests {
    @Test
    func makesTheSameScriptOfTheSameSeed() {
        #expect(Generator.script(seed: 42) == Generator.script(seed: 42))
        #expect(Generator.script(seed: 42) != Generator.script(seed: 43))
    }

    @Test
    func namesCallsThatTheExecutorHasWithAllTheirArguments() {
        let cases = Case.all.flatMap(\.lines)
        for line in cases + (UInt64(0)..<500).flatMap({ Generator.script(seed: $0) }) {
            let words = Script.words(of: line)
            let signature = Executor.signatures[Script.call(of: line)]
            #expect(signature?.count == words.count - 1, "\(line)")
        }
    }

    @Test
    func usesEveryGroupOfCalls() {
        let calls = Set((UInt64(0)..<500).flatMap { Generator.script(seed: $0) }.map { Script.call(of: $0) })
        for call in ["rename", "fallocate", "setxattr", "flock", "mmap", "chmod", "utimensat", "copy_file_range"] {
            #expect(calls.contains(call), "\(call)")
        }
    }

    @Test
    func findsThePathsThatAScriptNames() {
        let lines = ["alice open 0 d/f O_RDWR 0", "child rename g @n5", "setxattr d/f user.a 5@1 0"]
        #expect(Script.paths(in: lines) == [".", "d/f", "g"])
    }
}
