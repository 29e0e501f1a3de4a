extension String {
    /// The text without what would confuse a terminal or a log. A program may call itself anything.
    package var printable: String {
        String(
            unicodeScalars.filter { scalar in
                scalar.value >= 0x20 && !(0x7f..<0xa0).contains(scalar.value)
            })
    }
}
