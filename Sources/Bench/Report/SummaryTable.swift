/// The summaries of a whole report.
public struct SummaryTable: Sendable {
    /// A cell of the table.
    private struct Place: Hashable {
        let contender: String
        let workload: String
    }

    private let summaries: [Place: Summary]

    /// Sums up all that a report lists; samples of what it does not list are left out.
    /// - Complexity: Linear in the samples, plus one bootstrap for each contender and workload.
    public init(_ report: Report) {
        var samples: [Place: [Sample]] = [:]
        for sample in report.samples {
            samples[Place(contender: sample.contender, workload: sample.workload), default: []].append(sample)
        }
        var summaries: [Place: Summary] = [:]
        for workload in report.workloads {
            let baseline = samples[Place(contender: report.baseline, workload: workload.identifier)] ?? []
            for contender in report.contenders {
                let place = Place(contender: contender.identifier, workload: workload.identifier)
                summaries[place] = Summary(
                    samples: samples[place] ?? [],
                    baseline: contender.identifier == report.baseline ? nil : baseline,
                    unit: workload.unit)
            }
        }
        self.summaries = summaries
    }

    /// What is known of one contender and workload; nil where the report does not list them.
    public subscript(contender: Report.Contender, workload: Report.Workload) -> Summary? {
        summaries[Place(contender: contender.identifier, workload: workload.identifier)]
    }
}
