extension Report {
    /// One report with what both found, as if the other's rounds had followed this one's.
    ///
    /// A ratio still pairs only what was measured in one round, so reports of different machines can be merged as far as
    /// ratios go. The date, the baseline and the names are this report's; a fact that differs is told with both values.
    /// Contenders agree if they have an identifier and a name in common, workloads if they have an identifier and a unit in
    /// common. Where one does not agree, the other report's samples of it are left out, and the omissions say so.
    /// - Parameter other: A report whose samples come after this one's.
    public func merged(with other: Report) -> Report {
        var merged = self
        merged.facts = Report.joined(facts, other.facts)
        var strangers: Set<String> = []
        for contender in other.contenders {
            guard let known = contenders.first(where: { $0.identifier == contender.identifier }) else {
                merged.contenders.append(contender)
                continue
            }
            if known.name != contender.name { strangers.insert(contender.identifier) }
        }
        var strangeWorkloads: Set<String> = []
        for workload in other.workloads {
            guard let known = workloads.first(where: { $0.identifier == workload.identifier }) else {
                merged.workloads.append(workload)
                continue
            }
            if known.unit != workload.unit { strangeWorkloads.insert(workload.identifier) }
        }
        let theirs = other.samples.filter {
            !strangers.contains($0.contender) && !strangeWorkloads.contains($0.workload)
        }
        let first = Report.renumbered(samples, from: 0)
        merged.samples = first + Report.renumbered(theirs, from: Set(samples.map(\.round)).count)
        for omission in other.omissions where !merged.omissions.contains(omission) { merged.omissions.append(omission) }
        merged.omissions += (strangers.sorted() + strangeWorkloads.sorted()).map {
            Omission(subject: $0, reason: "left out of the report of \(other.date), where it means something else")
        }
        return merged
    }

    /// Facts of both, in the order of the first; those that differ with both values.
    private static func joined(_ facts: [Fact], _ others: [Fact]) -> [Fact] {
        var joined = facts
        for other in others {
            guard let place = joined.firstIndex(where: { $0.name == other.name }) else {
                joined.append(other)
                continue
            }
            let known = joined[place].value.split(separator: "; ").map(String.init)
            if joined[place].value != other.value, !known.contains(other.value) {
                joined[place].value += "; \(other.value)"
            }
        }
        return joined
    }

    /// Samples whose rounds follow each other without a gap, so that no sum of two can overflow.
    private static func renumbered(_ samples: [Sample], from first: Int) -> [Sample] {
        let rounds = Set(samples.map(\.round)).sorted()
        let numbers = Dictionary(uniqueKeysWithValues: zip(rounds, first...))
        return samples.map { sample in
            var sample = sample
            sample.round = numbers[sample.round] ?? sample.round
            return sample
        }
    }
}
