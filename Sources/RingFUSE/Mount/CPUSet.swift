/// A set of CPU numbers, read and written in the kernel's list syntax: `0-3,8,10-11`.
///
/// Iteration is in ascending order.
public struct CPUSet: Sendable, Hashable {
    /// One more than the largest CPU number a Linux kernel can be built for (`NR_CPUS`); it bounds every list.
    public static let limit = 8192

    /// The members, ascending and without repetition.
    private var members: [Int]

    /// A set of the numbers given, each in `0..<limit`; anything else is a programming error.
    public init(_ cpus: some Sequence<Int>) {
        members = Set(cpus).sorted()
        precondition(members.allSatisfy { (0..<Self.limit).contains($0) }, "a CPU number is out of range")
    }

    /// Parses the kernel's list syntax, as in /sys/devices/system/cpu/possible; blank text is the empty set.
    ///
    /// - Throws: ``ParseError``, which names the part that is wrong.
    public init(parsing list: String) throws(ParseError) {
        members = []
        let list = list.trimmed
        guard !list.isEmpty else { return }
        var found: Set<Int> = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            found.formUnion(try Self.range(of: String(part), in: String(list)))
        }
        members = found.sorted()
    }

    /// The CPUs of one part of a list: a number, or two joined by a dash.
    private static func range(of part: String, in list: String) throws(ParseError) -> ClosedRange<Int> {
        let bounds = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map(\.trimmed)
        var numbers: [Int] = []
        for bound in bounds {
            // Int.init also takes a sign, which a CPU number does not have.
            guard !bound.isEmpty, bound.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(bound) else {
                throw ParseError(part: part, list: list, reason: "is not a CPU number or a range of them")
            }
            guard number < limit else {
                throw ParseError(part: part, list: list, reason: "is beyond CPU \(limit - 1), the last that Linux has")
            }
            numbers.append(number)
        }
        let (first, last) = (numbers[0], numbers[numbers.count - 1])
        guard first <= last else { throw ParseError(part: part, list: list, reason: "runs backwards") }
        return first...last
    }

    /// Whether a CPU is a member. Complexity: O(log *n*).
    public func contains(_ cpu: Int) -> Bool {
        var (low, high) = (0, members.count)
        while low < high {
            let middle = (low + high) / 2
            if members[middle] < cpu { low = middle + 1 } else { high = middle }
        }
        return low < members.count && members[low] == cpu
    }

    /// The CPUs of both sets.
    public func intersection(_ other: CPUSet) -> CPUSet {
        CPUSet(members.filter(other.contains))
    }

    /// The CPUs of either set.
    public func union(_ other: CPUSet) -> CPUSet {
        CPUSet(members + other.members)
    }

    /// The CPUs that are not in the other set.
    public func subtracting(_ other: CPUSet) -> CPUSet {
        CPUSet(members.filter { !other.contains($0) })
    }
}

extension CPUSet: RandomAccessCollection {
    /// Always zero.
    public var startIndex: Int { 0 }

    /// How many CPUs there are.
    public var endIndex: Int { members.count }

    /// The CPU at a rank of the ascending order.
    public subscript(position: Int) -> Int { members[position] }
}

extension CPUSet: ExpressibleByArrayLiteral {
    /// A set of the numbers given.
    public init(arrayLiteral elements: Int...) {
        self.init(elements)
    }
}

extension CPUSet: CustomStringConvertible {
    /// The set in the kernel's list syntax.
    public var description: String {
        var parts: [String] = []
        var index = 0
        while index < members.count {
            let first = members[index]
            while index + 1 < members.count, members[index + 1] == members[index] + 1 { index += 1 }
            let last = members[index]
            parts.append(first == last ? "\(first)" : "\(first)-\(last)")
            index += 1
        }
        return parts.joined(separator: ",")
    }
}

extension CPUSet {
    /// Why a text is not a list of CPUs.
    public struct ParseError: Error, Sendable, Equatable, CustomStringConvertible {
        /// The part between two commas that is wrong.
        public let part: String

        /// The whole list.
        public let list: String

        /// What is wrong with the part, as the end of a sentence.
        public let reason: String

        /// One line: the part, what is wrong with it, and what a list looks like.
        public var description: String {
            "CPU list '\(list)': '\(part)' \(reason); write it like 0-3,8,10-11"
        }
    }
}

extension StringProtocol {
    /// The text without white space at either end: sysfs and procfs end their one line with a line feed.
    var trimmed: String {
        let start = drop(while: \.isWhitespace)
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...last])
    }
}
