import Glibc
import StoreTestSupport

/// Does a history on two mounts and on a file system in memory, and holds what they give against each other.
///
/// Each step has ended before the next begins, and a client has closed all its files when the other one's turn comes, so
/// close-to-open leaves no choice: the mounts must give what the one file system gives. Only while the store is away may a
/// mount say `EIO` instead; what a `close` or `fsync` says so of is kept, everything else has not been done.
struct HistoryTrial {
    /// A step on which they differ.
    struct Difference: CustomStringConvertible {
        let step: Int
        let what: String

        var description: String { what }
    }

    private let world: HistoryWorld
    private var clients: [HistoryClient]
    private var reference: HistoryClient
    private var isAway = false
    /// Whether the store has been away since the last look at what was not stored.
    private var isOwing = false

    /// Does a history in directories of its own, with a name that has not been used.
    ///
    /// - Returns: the first difference; `nil` for none.
    static func run(_ steps: [HistoryStep], in world: HistoryWorld, named name: String) throws -> Difference? {
        var trial = try HistoryTrial(world, name)
        let difference = try trial.run(steps)
        try world.store.rest()
        trial.end()
        return difference
    }

    private init(_ world: HistoryWorld, _ name: String) throws {
        self.world = world
        clients = world.mounts.map { HistoryClient(root: "\($0)/\(name)") }
        reference = HistoryClient(root: "\(world.reference)/\(name)")
        for root in [clients[0].root, reference.root] {
            guard unsafe mkdir(root, 0o755) == 0 else { throw Unusable(what: "\(root): error \(errno)") }
        }
    }

    /// Something is wrong with the surroundings.
    struct Unusable: Error, CustomStringConvertible {
        let what: String

        var description: String { what }
    }

    private mutating func run(_ steps: [HistoryStep]) throws -> Difference? {
        for (index, step) in steps.enumerated() {
            if index > 0, steps[index - 1].client != step.client,
                let what = try handOver(from: steps[index - 1].client, to: step.client)
            {
                return Difference(step: index, what: "before this step: \(what)")
            }
            if try world.happens(step) {
                switch step.action {
                case .outage: (isAway, isOwing) = (true, true)
                case .calm, .disturb: isAway = false
                default: break
                }
                if let what = try settle(step.client) { return Difference(step: index, what: what) }
                continue
            }
            if let what = compare(step) { return Difference(step: index, what: what) }
        }
        let last = steps.last?.client ?? 0
        for client in [1 - last, last] {
            if let what = try handOver(from: last, to: client) {
                return Difference(step: steps.count - 1, what: "at the end: \(what)")
            }
        }
        return nil
    }

    /// Does a step on both sides.
    private mutating func compare(_ step: HistoryStep) -> String? {
        if case .open(let slot, _, _) = step.action, reference.files[slot] != nil,
            let what = compare(HistoryStep(client: step.client, action: .close(slot: slot)))
        {
            return what
        }
        let outcome = clients[step.client].perform(step.action)
        if isAway, outcome.error == EIO {
            switch step.action {
            case .close, .synchronize: break
            default: return nil
            }
            _ = reference.perform(step.action)
            return nil
        }
        let wanted = reference.perform(step.action)
        return outcome == wanted ? nil : "\(step): '\(outcome)' instead of '\(wanted)'"
    }

    /// Has a client close its files, and looks at all with the next one's eyes.
    private mutating func handOver(from client: Int, to next: Int) throws -> String? {
        if isAway {
            try world.store.rest()
            isAway = false
        }
        if let what = try settle(client) { return what }
        for slot in reference.files.keys.sorted() {
            let step = HistoryStep(client: client, action: .close(slot: slot))
            if let what = compare(step) { return what }
        }
        return look(next)
    }

    /// What a client could not store while the store was away is stored, at the latest when somebody asks.
    private mutating func settle(_ client: Int) throws -> String? {
        guard isOwing, !isAway else { return nil }
        isOwing = false
        let paths = reference.picture().compactMap { line in line.split(separator: ":").first.map(String.init) }
        for path in paths {
            let name = "\(clients[client].root)/\(path)"
            let file = unsafe Glibc.open(name, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { return "\(path) cannot be opened after an outage: error \(errno)" }
            defer { Glibc.close(file) }
            // An attempt that began before the end of the outage may fail after it.
            guard (0..<10).contains(where: { _ in fsync(file) == 0 }) else {
                return "\(path) cannot be stored after an outage: error \(errno)"
            }
        }
        return nil
    }

    private func look(_ client: Int) -> String? {
        let (found, wanted) = (clients[client].picture(), reference.picture())
        guard found != wanted else { return nil }
        let missing = wanted.filter { !found.contains($0) }.map { "\n  - \($0)" }
        let more = found.filter { !wanted.contains($0) }.map { "\n  + \($0)" }
        return "\(client == 0 ? "A" : "B") sees another tree:\((missing + more).joined())"
    }

    /// Closes what is open.
    private mutating func end() {
        for client in clients.indices {
            for slot in clients[client].files.keys { _ = clients[client].perform(.close(slot: slot)) }
        }
        for slot in reference.files.keys { _ = reference.perform(.close(slot: slot)) }
    }
}
