/// Numbers that follow from a seed alone (SplitMix64), so that one report always says the same.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    /// Numbers that follow from a seed alone.
    init(seed: UInt64) { state = seed }

    /// The next number, any of 64 bits.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// One of 0 ..< count: the upper bits decide, and the bias is below count / 2^32.
    mutating func index(below count: Int) -> Int {
        Int(((next() >> 32) * UInt64(count)) >> 32)
    }
}
