/// Compares what the two sides give and hold, while a script runs.
struct Observer {
    /// Looks.
    private let executor: Executor
    /// The script.
    private let lines: [String]
    /// What is tested, and how.
    private let conditions: Conditions
    /// The paths that the script names.
    private let paths: [String]
    /// What was seen before, for each place and side.
    private var seen: [String: (tested: Node, reference: Node)] = [:]
    /// Whether blocks can be compared: not where ext4 may keep extended attributes in a block of their own, which it
    /// counts, nor where the kernel has what the server does not know of yet.
    private let comparesBlocks: Bool

    /// Whether not every step is looked at.
    private let isLate: Bool

    /// Whether a rule has excused something after which the sides can't be compared any longer.
    private(set) var isOver = false
    /// What the script has done to stamps of files.
    private var ledger = StampLedger()
    /// The step that was made last.
    var step = 0
    /// When the first step after the last look was made: the kernel's clock, in nanoseconds.
    var started = Int64.max

    init(executor: Executor, lines: [String], conditions: Conditions, isLate: Bool) {
        self.executor = executor
        self.lines = lines
        self.conditions = conditions
        self.isLate = isLate
        paths = Script.paths(in: lines)
        let hidden = ["xattr", "acl", "mstore"]
        let hidesBlocks = lines.contains { line in hidden.contains { line.contains($0) } }
        comparesBlocks = !conditions.writeback && !hidesBlocks
    }

    /// A difference, unless a rule excuses it.
    private mutating func difference(
        _ kind: Difference.Kind,
        at place: String = "",
        field: String = "",
        _ tested: String,
        _ reference: String,
        isWithinTick: Bool = false
    ) -> Difference? {
        let difference = Difference(
            kind: kind, step: step, line: lines[step], place: place, field: field, tested: tested,
            reference: reference, isLate: isLate)
        let context = Rule.Context(
            conditions: conditions, isWithinTick: isWithinTick, isOnDirectory: isOnDirectory(lines[step]),
            isOnDirect: isOnDirect(lines[step]), node: seen[place]?.reference, ledger: ledger, lines: lines[...step])
        guard Rule.excusing(difference, context) != nil else { return difference }
        // From here on the sides are not the same, and steps need not do the same; times matter to no step.
        if kind != .time { isOver = true }
        return nil
    }

    /// The slot that a line's first argument names.
    private func slot(of line: String) -> Int32? {
        Script.number(1, of: line).flatMap(Int32.init(exactly:)).flatMap { 0..<Executor.slots ~= $0 ? $0 : nil }
    }

    /// Whether a line's first argument is a slot with a directory.
    private func isOnDirectory(_ line: String) -> Bool {
        slot(of: line).map { executor.look(atSlot: $0, on: .reference).isDirectory } ?? false
    }

    /// Whether a line's first argument is a slot that bypasses the page cache.
    private func isOnDirect(_ line: String) -> Bool {
        slot(of: line).map { executor.isDirect(slot: $0, on: .reference) } ?? false
    }

    /// Takes down what must be known before a step is made.
    mutating func prepare() { ledger.prepare(lines[step], executor) }

    /// Compares what a step gave.
    mutating func compare(_ tested: Executor.Outcome, _ reference: Executor.Outcome) -> Difference? {
        ledger.record(lines[step], result: reference.result, executor)
        if tested.result != reference.result,
            let found = difference(.result, Errors.describe(tested.result), Errors.describe(reference.result))
        {
            return found
        }
        if isOver { return nil }
        return tested.text == reference.text ? nil : difference(.text, tested.text, reference.text)
    }

    /// Compares attributes of all that the script names or has open.
    mutating func look() -> Difference? {
        defer {
            started = Int64.max
            ledger.looked()
        }
        var identities: (tested: [UInt64: String], reference: [UInt64: String]) = ([:], [:])
        for path in paths {
            let (tested, reference) = (executor.look(at: path, on: .tested), executor.look(at: path, on: .reference))
            if let found = compare(tested, reference, at: path) { return found }
            guard tested.exists else { continue }
            let same = (
                identities.tested[tested.inode] ?? path, identities.reference[reference.inode] ?? path
            )
            identities.tested[tested.inode] = same.0
            identities.reference[reference.inode] = same.1
            if same.0 != same.1, let found = difference(.identity, at: path, same.0, same.1) { return found }
        }
        for slot in 0..<Executor.slots {
            let tested = executor.look(atSlot: slot, on: .tested)
            let reference = executor.look(atSlot: slot, on: .reference)
            if let found = compare(tested, reference, at: "slot \(slot)") { return found }
        }
        return nil
    }

    /// Compares what files and directories hold.
    mutating func read() -> Difference? {
        for path in paths where seen[path]?.tested.exists == true {
            let (tested, reference) = (executor.hold(path, on: .tested), executor.hold(path, on: .reference))
            guard tested != reference else { continue }
            let describe = { (outcome: Executor.Outcome) in "\(Errors.describe(outcome.result)) \(outcome.text)" }
            if let found = difference(.content, at: path, describe(tested), describe(reference)) { return found }
        }
        return nil
    }

    private mutating func compare(_ tested: Node, _ reference: Node, at place: String) -> Difference? {
        let before = seen[place]
        seen[place] = (tested, reference)
        for (ours, theirs) in zip(tested.facts, reference.facts) where ours.value != theirs.value {
            let values = (ours.value, theirs.value)
            if let found = difference(.attribute, at: place, field: ours.name, values.0, values.1) { return found }
        }
        guard tested.exists, reference.exists else { return nil }
        if comparesBlocks, tested.isRegular, (tested.blocks == 0) != (reference.blocks == 0) {
            let blocks = ("\(tested.blocks)", "\(reference.blocks)")
            if let found = difference(.attribute, at: place, field: "blocks", blocks.0, blocks.1) { return found }
        }
        return compareTimes(tested, reference, before, at: place)
    }

    /// Compares which times have changed, and the values of those that scripts set.
    private mutating func compareTimes(
        _ tested: Node,
        _ reference: Node,
        _ before: (tested: Node, reference: Node)?,
        at place: String
    ) -> Difference? {
        for (index, (ours, theirs)) in zip(tested.times, reference.times).enumerated() {
            let describe = { (value: Int64) in value < Node.setByHand ? "\(value)" : Rule.Context.ofTheClock }
            let values = (describe(ours.value), describe(theirs.value))
            if values.0 != values.1,
                let found = difference(.time, at: place, field: ours.name.rawValue, values.0, values.1)
            {
                return found
            }
            // Reads change the access time, and the reference is mounted so that they do not.
            guard ours.name != .accessed, let before, before.tested.inode == tested.inode,
                before.reference.inode == reference.inode, before.tested.exists, before.reference.exists
            else { continue }
            let change = { (isSame: Bool) in isSame ? Rule.Context.unchanged : "changed" }
            let changes = (
                change(before.tested.times[index].value == ours.value),
                change(before.reference.times[index].value == theirs.value)
            )
            defer { if changes.0 != Rule.Context.unchanged { ledger.shown(reference.inode, ours.name) } }
            // A time that is set again changes only the side that has left a stamp meanwhile, by a call that failed.
            guard changes.0 != changes.1, ours.value != theirs.value else { continue }
            let unchanged = changes.0 == Rule.Context.unchanged ? ours : theirs
            let found = difference(
                .time, at: place, field: ours.name.rawValue, changes.0, changes.1,
                isWithinTick: unchanged.value >= started - Self.tick)
            if let found { return found }
        }
        return nil
    }

    /// A tick of the kernel's clock at its coarsest (100 Hz), in nanoseconds.
    private static let tick: Int64 = 10_000_000
}
