/// Runs a script on fresh trees of both sides and compares them step by step.
struct Trial {
    /// How often both sides are looked at. Looking refreshes what the kernel has cached, and so can hide a mistake.
    enum Watch: Sendable {
        /// After every step.
        case always
        /// After every so many steps, and the last.
        case every(Int)

        /// Whether steps go by without a look.
        var isLate: Bool {
            if case .every = self { true } else { false }
        }

        /// Whether to look after a step.
        func looks(after step: Int, of count: Int) -> Bool {
            switch self {
            case .always: true
            case .every(let steps): (step + 1) % steps == 0 || step + 1 == count
            }
        }
    }

    /// Runs lines.
    let executor: Executor
    /// What is tested, and how.
    let conditions: Conditions
    /// Steps between two looks into files.
    static let stepsBetweenReading = 16

    /// The first difference, or nil where there is none.
    func run(_ lines: [String], named name: String, watch: Watch) throws(DifferentialError) -> Difference? {
        try executor.begin(name)
        let difference: Difference?
        do throws(DifferentialError) {
            difference = try steps(lines, watch)
        } catch {
            try? executor.end()
            throw error
        }
        try executor.end()
        return difference
    }

    private func steps(_ lines: [String], _ watch: Watch) throws(DifferentialError) -> Difference? {
        var observer = Observer(executor: executor, lines: lines, conditions: conditions, isLate: watch.isLate)
        for (step, line) in lines.enumerated() {
            observer.step = step
            observer.started = min(observer.started, Executor.clock)
            observer.prepare()
            let tested = try executor.run(line, on: .tested)
            let reference = try executor.run(line, on: .reference)
            if let difference = observer.compare(tested, reference) { return difference }
            if observer.isOver { return nil }
            guard watch.looks(after: step, of: lines.count) else { continue }
            if let difference = observer.look() { return difference }
            if observer.isOver { return nil }
            guard (step + 1) % Self.stepsBetweenReading == 0 || step + 1 == lines.count else { continue }
            if let difference = observer.read() { return difference }
        }
        return nil
    }
}
