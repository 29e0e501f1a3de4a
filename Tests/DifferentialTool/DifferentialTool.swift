import Differential
import Glibc

/// Compares two directories on different file systems, call by call. `tools/differential` mounts and then starts this.
@main
enum DifferentialTool {
    static func main() {
        do {
            var run = try Run(Options(CommandLine.arguments.dropFirst()))
            exit(try run.all() ? 0 : 1)
        } catch {
            print("ringfuse-differential: \(error)")
            exit(2)
        }
    }
}

/// What the command line says.
struct Options {
    /// On the file system that is tested.
    var tested = ""
    /// On the one it is held against.
    var reference = ""
    /// For mount points.
    var scratch = ""
    /// What is tested, and how.
    var conditions = Conditions(backend: "memory", writeback: false)
    /// How long to run scripts of fresh seeds; 0 for not at all.
    var seconds = 0
    /// Seeds to run: the first and how many.
    var seed: UInt64?
    var seeds: UInt64 = 0
    /// Which cases to run; nil for all, empty for none.
    var cases: String?
    /// What there is room for.
    var room = "plenty"
    /// A file with a script to run instead of all else.
    var script: String?
    /// Whether to go on after a difference and tell each kind once.
    var keepsGoing = false

    /// What to say to those who ask.
    static let usage = """
        usage: ringfuse-differential --tested DIR --reference DIR --scratch DIR [--backend NAME] [--writeback]
               [--seconds N] [--seed S] [--seeds N] [--cases WORD | --no-cases] [--room plenty|thousands|little|quota] [--script FILE]
               [--keep-going]
        """

    /// Reads the command line.
    init(_ arguments: ArraySlice<String>) throws {
        var rest = arguments
        func value() throws -> String {
            guard let value = rest.popFirst() else { throw UsageError(text: Self.usage) }
            return value
        }
        func number<Number: FixedWidthInteger>() throws -> Number {
            guard let number = Number(try value()) else { throw UsageError(text: Self.usage) }
            return number
        }
        while let option = rest.popFirst() {
            switch option {
            case "--tested": tested = try value()
            case "--reference": reference = try value()
            case "--scratch": scratch = try value()
            case "--backend": conditions.backend = try value()
            case "--writeback": conditions.writeback = true
            case "--seconds": seconds = try number()
            case "--seed": seed = try number() as UInt64
            case "--seeds": seeds = try number()
            case "--cases": cases = try value()
            case "--no-cases": cases = ""
            case "--room": room = try value()
            case "--script": script = try value()
            case "--keep-going": keepsGoing = true
            default: throw UsageError(text: "\(option): not known\n\(Self.usage)")
            }
        }
        guard !tested.isEmpty, !reference.isEmpty, !scratch.isEmpty else { throw UsageError(text: Self.usage) }
    }
}

/// The command line is wrong.
struct UsageError: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}

/// One run of the tool.
struct Run {
    private let options: Options
    private var suite: Suite
    /// Kinds of differences that have been told.
    private var told: Set<String> = []
    /// Scripts that have been run.
    private var count = 0

    init(_ options: Options) throws {
        self.options = options
        let place = try Place(tested: options.tested, reference: options.reference, scratch: options.scratch)
        suite = try Suite(place, options.conditions)
    }

    /// Runs what the options ask for.
    ///
    /// - Returns: whether there was no difference.
    mutating func all() throws -> Bool {
        if let script = options.script {
            if let finding = try suite.run(script: try text(of: script)) { tell(finding) }
            return told.isEmpty
        }
        if options.cases?.isEmpty != true {
            var found: [Finding] = []
            count += try suite.runCases(options.cases, room: options.room) { found.append($0) }
            for finding in found { tell(finding) }
            print("\(count) cases, \(found.count) with a difference")
        }
        try runSeeds()
        return told.isEmpty
    }

    /// Runs scripts of seeds until the time is up, and at least the number that was asked for.
    private mutating func runSeeds() throws {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(options.seconds)
        var nextReport = clock.now + .seconds(10)
        let first = options.seed ?? UInt64.random(in: 0..<1_000_000_000_000)
        if options.seconds > 0 || options.seeds > 0 { print("seeds from \(first) on") }
        var done: UInt64 = 0
        while done < options.seeds || clock.now < end {
            if !told.isEmpty && !options.keepsGoing { return }
            let known = told
            if let finding = try suite.run(seed: first + done, isNew: { !known.contains($0.signature) }) {
                tell(finding)
            }
            done += 1
            if clock.now > nextReport {
                print("\(done) scripts, \(told.count) kinds of differences")
                nextReport = clock.now + .seconds(10)
            }
        }
        if done > 0 { print("\(done) scripts done, \(told.count) kinds of differences") }
    }

    private mutating func tell(_ finding: Finding) {
        if told.insert(finding.signature).inserted { print(finding.report) }
    }

    /// What a file holds.
    private func text(of path: String) throws -> String {
        guard let file = unsafe fopen(path, "r") else { throw UsageError(text: "\(path): cannot be read") }
        defer { unsafe _ = fclose(file) }
        var text = ""
        while let line = unsafe readLine(from: file) { text += line + "\n" }
        return text
    }

    private func readLine(from file: UnsafeMutablePointer<FILE>) -> String? {
        var line: UnsafeMutablePointer<CChar>?
        var size = 0
        defer { unsafe free(line) }
        guard unsafe getline(&line, &size, file) >= 0, let line = unsafe line else { return nil }
        return unsafe String(cString: line).filter { $0 != "\n" }
    }
}
