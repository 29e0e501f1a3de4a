import Foundation
import Testing

/// What the tool links: a server is in memory for as long as its mount is, and starts each time.
@Suite struct LinkedLibrariesTests {
    /// Foundation brings ICU, which brings 40 MB of tables: FoundationEssentials has what JSON takes.
    @Test func theToolDoesWithoutFoundation() throws {
        let program = try Data(contentsOf: ToolProcess.url)
        #expect(program.range(of: Data("libswiftCore.so".utf8)) != nil, "linked dynamically, as it is here")
        #expect(program.range(of: Data("libFoundation.so".utf8)) == nil)
        #expect(program.range(of: Data("lib_FoundationICU.so".utf8)) == nil)
    }
}
