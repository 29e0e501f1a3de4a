import ArgumentParser

/// A command whose process serves a file system.
protocol ServingCommand: AsyncParsableCommand {}
