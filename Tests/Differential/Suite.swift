/// The whole of the comparison: cases that are written down, and scripts that follow from seeds.
public struct Suite {
    /// Runs scripts.
    private let trial: Trial
    /// Trees that have been made.
    private var trees = 0

    /// A suite for two directories.
    ///
    /// - Throws: ``DifferentialError`` where they can't be used.
    public init(_ place: Place, _ conditions: Conditions) throws(DifferentialError) {
        trial = Trial(executor: try Executor(place), conditions: conditions)
    }

    /// Runs one script.
    private mutating func run(_ lines: [String], _ watch: Trial.Watch) throws(DifferentialError) -> Difference? {
        trees += 1
        return try trial.run(lines, named: "tree\(trees)", watch: watch)
    }

    /// Runs the cases that are written down, each on trees of its own.
    ///
    /// - Parameters:
    ///   - selection: what a name must contain; nil for all of them.
    ///   - room: what the file systems have room for, as ``Case/Room`` has it; others are left out.
    ///   - found: gets each difference.
    /// - Returns: how many there were.
    public mutating func runCases(
        _ selection: String? = nil,
        room: String = "plenty",
        found: (Finding) -> Void
    ) throws(DifferentialError) -> Int {
        guard let room = Case.Room(rawValue: room) else { throw DifferentialError(text: "no such room: \(room)") }
        let chosen = Case.all.filter { $0.room == room && selection.map($0.name.contains) ?? true }
        for one in chosen {
            for watch in one.room == .thousands ? [.always] : [Trial.Watch.always, .every(1000)] {
                do throws(DifferentialError) {
                    if room == .little || room == .quota { try trial.executor.settle() }
                    guard let difference = try run(one.lines, watch) else { continue }
                    found(Finding(origin: "case '\(one.name)'", lines: one.lines, difference: difference))
                } catch {
                    throw DifferentialError(text: "case '\(one.name)': \(error)")
                }
                break
            }
        }
        return chosen.count
    }

    /// Runs a script that is given.
    public mutating func run(script text: String) throws(DifferentialError) -> Finding? {
        let lines = Script.lines(of: text)
        return try run(lines, .always).map { Finding(origin: "script", lines: lines, difference: $0) }
    }

    /// Runs the script of a seed; one that fails is made small.
    ///
    /// - Parameter isNew: whether a difference of this kind is worth the time.
    public mutating func run(
        seed: UInt64,
        isNew: (Difference) -> Bool = { _ in true }
    ) throws(DifferentialError) -> Finding? {
        let lines = Generator.script(seed: seed)
        let watch = Generator.watch(seed: seed)
        guard let first = try run(lines, watch), isNew(first) else { return nil }
        var last = first
        let upToThere = Array(lines.prefix(first.step + 1))
        let small = try Shrinker.shrink(upToThere) { (shorter: [String]) throws(DifferentialError) -> Bool in
            guard let difference = try run(shorter, watch), difference.signature == first.signature else {
                return false
            }
            last = difference
            return true
        }
        return Finding(origin: "seed \(seed)", lines: small, difference: last)
    }
}

/// A script on which the two sides differ.
public struct Finding: Sendable {
    /// Where the script comes from.
    let origin: String
    /// The script.
    let lines: [String]
    /// What differs.
    public let difference: Difference

    /// What makes two findings the same.
    public var signature: String { difference.signature }

    /// What a person needs to see it again.
    public var report: String {
        let script = lines.prefix(difference.step + 1).joined(separator: "\n  ")
        return "\(origin): \(signature)\n\(difference.report)\nscript:\n  \(script)\n"
    }
}
