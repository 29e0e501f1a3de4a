import Testing

@testable import Bench

/// What users say of contenders.
@Suite struct ContenderOptionTests {
    @Test func commandsAreSplitAsShellsDo() throws {
        #expect(try ShellWords.split("a  'b c' \"d 'e'\" f\\ g ''") == ["a", "b c", "d 'e'", "f g", ""])
        #expect(try ShellWords.split("  ").isEmpty)
        #expect(throws: Refusal.self) { try ShellWords.split("a 'b") }
        #expect(throws: Refusal.self) { try ShellWords.split("a\\") }
    }

    @Test func mountPointComesLastWhereItIsLeftOut() throws {
        guard case .command(let contender) = try ContenderOption(parsing: "own=server --fast") else {
            Issue.record("not a command")
            return
        }
        #expect(contender.identifier == "own")
        #expect(contender.services[.null] == .process(words: ["server", "--fast", "{}"], ready: ""))
        #expect(Set(contender.services.keys) == Set(Field.allCases))
    }

    @Test func mountPointStaysWhereItIs() throws {
        guard case .command(let contender) = try ContenderOption(parsing: "own=server --at={} -f") else {
            Issue.record("not a command")
            return
        }
        #expect(contender.services[.memory] == .process(words: ["server", "--at={}", "-f"], ready: ""))
    }

    @Test func wordsAloneArePatterns() throws {
        #expect(try ContenderOption(parsing: "ringfuse-*") == .pattern("ringfuse-*"))
    }

    @Test(arguments: ["", "=server", "a b=server", "own=", "own='x"])
    func nonsenseIsRefused(text: String) {
        #expect(throws: Refusal.self) { try ContenderOption(parsing: text) }
    }
}
