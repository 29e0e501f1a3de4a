extension Duration {
    /// The length in milliseconds for poll(2), at least 1.
    var pollMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        guard seconds < 1_000_000 else { return 1_000_000_000 }
        return max(1, Int32(seconds * 1000 + attoseconds / 1_000_000_000_000_000))
    }

    /// The length in seconds.
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    /// The length in whole seconds, for people.
    var wholeSeconds: String { "\(components.seconds) s" }
}
