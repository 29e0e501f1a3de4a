/// Something small that is done over and over: how long it takes, and what it allocates.
///
/// The work is a closure from inside this package, so that its package's benchmarks see what users do not.
public struct MicroBenchmark {
    /// What is done, as "area: what".
    public let name: String
    /// Does it so many times.
    public let run: (_ count: Int) -> Void

    /// All of them, ready to run. Each belongs to the thread that made it.
    ///
    /// - Parameter names: part of a name, to have some only.
    public static func all(matching part: String = "") -> [MicroBenchmark] {
        (decoding + dispatching + encoding + resuming).filter { part.isEmpty || $0.name.contains(part) }
    }
}

/// Takes a result, so that the compiler cannot leave out what gave it.
@inline(never)
@_optimize(none)
func keep(_ value: UInt64) {}

/// Gives a pointer back, so that the compiler cannot know what is there.
@unsafe
@inline(never)
@_optimize(none)
func opaque(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer { unsafe pointer }
