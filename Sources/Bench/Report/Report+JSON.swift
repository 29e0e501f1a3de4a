// JSON is all that is needed of Foundation here.
import FoundationEssentials

extension Report {
    /// The report for programs, and to be read again: keys in a fixed order, so that two can be compared by line.
    /// - Throws: `EncodingError` if a sample holds what JSON cannot, infinity or what is not a number.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }

    /// Reads a report that `json()` wrote.
    /// - Throws: `DecodingError`, which names the key, if the text is not a report.
    public init(json: String) throws {
        self = try JSONDecoder().decode(Report.self, from: Data(json.utf8))
    }
}
