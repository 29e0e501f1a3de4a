import Foundation

/// Which seeds tests of made-up histories try.
enum HistorySeeds {
    /// As many as a test has by itself, from 1 on; or those that `RINGFUSE_TEST_HISTORIES` names, as `FIRST:COUNT`.
    static func chosen(_ count: UInt64) -> [UInt64] {
        let words = ProcessInfo.processInfo.environment["RINGFUSE_TEST_HISTORIES"]?.split(separator: ":") ?? []
        let numbers = words.compactMap { UInt64($0) }
        guard numbers.count == 2, words.count == 2 else { return Array(1...count) }
        return (0..<numbers[1]).map { numbers[0] &+ $0 }
    }
}
