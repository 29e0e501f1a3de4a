import ArgumentParser
import Logging

/// What is logged.
struct LoggingOptions: ParsableArguments, Sendable {
    /// The least important messages that are still logged.
    @Option(
        help: ArgumentHelp(
            "What to log: trace, debug, info, notice, warning, error or critical.",
            valueName: "level"
        ),
        transform: { try CoreOptions.choice($0) as Logger.Level }
    )
    var logLevel: Logger.Level = .notice

    /// Sends logs to standard error, from this level on. Call it once.
    func start() {
        let level = logLevel
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
    }
}
