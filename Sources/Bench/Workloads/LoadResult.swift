/// What one run of a load gave, whoever drove it.
struct LoadResult: Codable, Sendable, Equatable {
    /// How many operations there were.
    var operations: Double
    /// Operations a second.
    var operationsPerSecond: Double
    /// Bytes a second; 0 for metadata.
    var bytesPerSecond: Double
    /// How long they took; nil where nothing measured it.
    var latency: Sample.Latency?
}
