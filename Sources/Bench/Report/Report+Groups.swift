extension Report {
    /// Workloads that share a table and a chart.
    struct Group {
        /// What they have in common.
        let name: String
        /// The workloads, in the order of the report.
        let workloads: [Workload]
    }

    /// The groups in the order in which the workloads name them first.
    var groups: [Group] {
        var names: [String] = []
        var members: [String: [Workload]] = [:]
        for workload in workloads {
            if members[workload.group] == nil { names.append(workload.group) }
            members[workload.group, default: []].append(workload)
        }
        return names.map { Group(name: $0, workloads: members[$0] ?? []) }
    }

    /// The contender that ratios are told against; nil if the report does not list it.
    var baselineContender: Contender? { contenders.first { $0.identifier == baseline } }

    /// A workload's name, and what its operations are called where figures do not carry their unit.
    func title(of workload: Workload) -> String {
        guard workload.unit == .operationsPerSecond else { return workload.name }
        let movesBytes = samples.contains { $0.workload == workload.identifier && $0.bytesPerSecond > 0 }
        return "\(workload.name) (\(movesBytes ? "IOPS" : "op/s"))"
    }
}
