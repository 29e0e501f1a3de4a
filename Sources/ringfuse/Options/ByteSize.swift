/// A number of bytes as users write it: `4096`, `512K`, `64M`, `1G`, `2T`; units are powers of 1024.
struct ByteSize: Equatable, Sendable {
    /// The bytes; at least 1 but where nothing at all is a choice.
    let bytes: Int

    /// The units, by their letter, as powers of two.
    private static let shifts: [(letter: Character, shift: Int)] = [("K", 10), ("M", 20), ("G", 30), ("T", 40)]

    /// A size of so many bytes.
    init(bytes: Int) {
        self.bytes = bytes
    }

    /// Reads a size. `KiB` and `kB` would mean different things to different people, so that only letters are taken.
    ///
    /// - Parameter allowsZero: whether `0` is taken, too.
    /// - Throws: ``InvalidValue`` for anything but digits and one unit, for zero and for more than `Int` holds.
    init(parsing text: String, allowsZero: Bool = false) throws(InvalidValue) {
        var digits = text[...]
        var shift = 0
        if let last = text.last?.uppercased(), let unit = Self.shifts.first(where: { String($0.letter) == last }) {
            digits = digits.dropLast()
            shift = unit.shift
        }
        // Int.init also takes a sign, which a size does not have.
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw InvalidValue("not a size; write it like 65536, 512K, 64M or 1G")
        }
        guard let number = Int(digits), number <= Int.max >> shift else {
            throw InvalidValue("too large for a size")
        }
        guard number > 0 || allowsZero else { throw InvalidValue("a size must be at least 1 byte") }
        bytes = number << shift
    }
}

extension ByteSize: CustomStringConvertible {
    /// The size in the largest unit that divides it, in the syntax that ``init(parsing:)`` reads.
    var description: String {
        let unit = Self.shifts.last { bytes >= 1 << $0.shift && bytes & ((1 << $0.shift) - 1) == 0 }
        return unit.map { "\(bytes >> $0.shift)\($0.letter)" } ?? "\(bytes)"
    }

    /// The size to one decimal in the largest unit it reaches, for people to read.
    var rounded: String {
        guard let unit = Self.shifts.last(where: { bytes >= 1 << $0.shift }) else { return "\(bytes) bytes" }
        let tenths = bytes / (1 << unit.shift) * 10 + bytes % (1 << unit.shift) * 10 / (1 << unit.shift)
        return tenths % 10 == 0 ? "\(tenths / 10) \(unit.letter)iB" : "\(tenths / 10).\(tenths % 10) \(unit.letter)iB"
    }
}
