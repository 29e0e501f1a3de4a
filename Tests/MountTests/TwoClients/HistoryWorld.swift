import StoreTestSupport
import TestSupport

/// Two mounts of one volume, what they are held against, and what is between them and their servers.
struct HistoryWorld: Sendable {
    /// Where the two are mounted.
    let mounts: [String]
    /// A directory of a file system in memory.
    let reference: String
    /// What is between each mount and the database.
    let databases: [CuttingProxy]
    /// What is between both and the store.
    let store: FaultProxy

    /// Whether a step is something that happens, and has it happen.
    func happens(_ step: HistoryStep) throws -> Bool {
        switch step.action {
        case .breakConnections: databases[step.client].cut()
        case .disturb(let percent): try store.disturb(percent: percent, FaultProxy.Fault.passing)
        case .outage: try store.disturb(percent: 100, [.failure, .slowDown])
        case .calm: try store.rest()
        default: return false
        }
        return true
    }
}
