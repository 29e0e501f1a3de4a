/// Makes a failing script small: takes away runs of lines, large ones first, as long as what is left still fails.
package enum Shrinker {
    /// The most trials that one script is worth.
    package static let mostTrials = 200

    /// The smallest script found that still fails.
    ///
    /// - Parameters:
    ///   - mostTrials: the most scripts to try.
    ///   - fails: whether a script shows the same difference.
    package static func shrink<Line, Failure: Error>(
        _ lines: [Line],
        mostTrials: Int = Shrinker.mostTrials,
        fails: ([Line]) throws(Failure) -> Bool
    ) throws(Failure) -> [Line] {
        var lines = lines
        var trials = 0
        var chunk = lines.count / 2
        while chunk > 0 {
            var start = 0
            var removed = false
            while start < lines.count, trials < mostTrials {
                var shorter = lines
                shorter.removeSubrange(start..<min(start + chunk, lines.count))
                trials += 1
                if try fails(shorter) {
                    lines = shorter
                    removed = true
                } else {
                    start += chunk
                }
            }
            // Single lines again and again: one may have been needed only by another that is gone now.
            if chunk == 1 && (!removed || trials >= mostTrials) { break }
            chunk = max(1, chunk / 2)
        }
        return lines
    }
}
