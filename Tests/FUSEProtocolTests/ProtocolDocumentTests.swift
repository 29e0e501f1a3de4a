import FUSEProtocol
import Foundation
import TestSupport
import Testing

/// docs/protocol.md says what the sources have, and names tests that exist.
@Suite struct ProtocolDocumentTests {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The cells of all rows of the tables below a heading; the first two of each are a name and a number.
    private func rows(below heading: String) throws -> [[String]] {
        let text = try String(contentsOf: Self.root.appending(path: "docs/protocol.md"), encoding: .utf8)
        let section = try #require(text.components(separatedBy: "\n## ").first { $0.hasPrefix("\(heading)\n") })
        return section.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
            line.split(separator: "|").map { $0.trimmingCharacters(in: [" "]) }
        }
    }

    /// The names and numbers of a table.
    private func table(_ heading: String) throws -> [String: UInt32] {
        let rows = try rows(below: heading)
        let pairs = rows.compactMap { cells in
            UInt32(cells[1]).map { (cells[0].trimmingCharacters(in: ["`"]), $0) }
        }
        try #require(pairs.count == rows.count, "a row without a number")
        return Dictionary(pairs) { first, _ in
            Issue.record("a row that is there twice: \(first)")
            return first
        }
    }

    /// Each opcode, with its number.
    @Test func hasAllOpcodes() throws {
        let expected = Dictionary(uniqueKeysWithValues: Opcode.allCases.map { ("\($0.name)", $0.rawValue) })
        #expect(try table("Opcodes") == expected)
    }

    /// Each flag of INIT, with its bit.
    @Test func hasAllInitFlags() throws {
        let names = InitFlags(rawValue: .max).names.filter { !$0.hasPrefix("BIT_") }
        let expected = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, UInt32($0)) })
        #expect(try table("INIT flags") == expected)
    }

    /// Each kind of notification, with its code.
    @Test func hasAllNotifications() throws {
        let expected = Dictionary(uniqueKeysWithValues: NotificationKind.allCases.map { ("\($0.name)", $0.rawValue) })
        #expect(try table("Notifications") == expected)
    }

    /// Each flag of an opened file that the ABI's header has, with its bit.
    @Test func hasAllOpenFlags() throws {
        let path = "Sources/CRingFUSE/include/fuse_abi_flags.h"
        let header = try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
        let expected = Dictionary(
            uniqueKeysWithValues: header.matches(of: /#define (FOPEN_\w+) \(1U << (\d+)\)/).map { match in
                (String(match.1), UInt32(match.2) ?? .max)
            })
        try #require(expected.count >= 9)
        #expect(try table("Flags of an opened file") == expected)
    }

    /// The codes that the encoder writes are those of the kinds.
    @Test func kindsAreTheABI() throws {
        let octets = try encoded { output throws(WireError) in try NotificationEncoder.resend(to: &output) }
        #expect(UInt32(octets[4]) == NotificationKind.resend.rawValue)
        #expect(Set(NotificationKind.allCases.map { "\($0.name)" }).count == 9)
    }

    /// Each row names a test, and each test that is named, there and in the text, exists in a file that has its suite.
    @Test func namesTestsThatExist() throws {
        for heading in ["Opcodes", "INIT flags", "Flags of an opened file", "Notifications"] {
            for cells in try rows(below: heading) {
                #expect(cells.last?.contains(/`\w+\/\w+`/) == true, "no test: \(cells[0])")
            }
        }
        let files = try #require(
            FileManager.default.enumerator(at: Self.root.appending(path: "Tests"), includingPropertiesForKeys: nil))
        var sources: [String] = []
        for case let file as URL in files where file.pathExtension == "swift" {
            sources.append(try String(contentsOf: file, encoding: .utf8))
        }
        let text = try String(contentsOf: Self.root.appending(path: "docs/protocol.md"), encoding: .utf8)
        let named = Set(text.matches(of: /`([A-Z]\w+)\/([a-z]\w+)`/).map { "\($0.1)/\($0.2)" })
        try #require(named.count > 40)
        for name in named {
            let parts = name.split(separator: "/")
            let exists = sources.contains { source in
                ["struct", "enum", "class"].contains { source.contains("\($0) \(parts[0]) ") }
                    && source.contains("func \(parts[1])(")
            }
            #expect(exists, "no such test: \(name)")
        }
    }
}
