import Foundation
import SystemPackage
import Testing

/// Whether a program tells that its mount's server is gone: `ENOTCONN`, `ECONNABORTED`; and `ECANCELED`, which the
/// kernel has for requests that meet a ring whose thread has ended.
func isDisconnection(_ text: String) -> Bool {
    ["Transport endpoint is not connected", "Software caused connection abort", "Operation canceled"]
        .contains { text.contains($0) }
}

/// Real programs on mounts.
enum Program {
    /// Runs a program to its end.
    @discardableResult
    static func run(
        _ words: String...,
        in directory: FilePath? = nil,
        limit: Duration = .seconds(60)
    ) async throws -> ChildProcess.Ending {
        // Longer than the program's own limit: it may have to be killed first.
        try await ChildProcess.start(words, in: directory, limit: limit).ended(within: limit + .seconds(15))
    }

    /// Starts a script of bash; see ``prelude(_:)``.
    static func start(
        script: String,
        scratch: Scratch,
        in directory: FilePath? = nil,
        limit: Duration = .seconds(60)
    ) async throws -> ChildProcess {
        try await ChildProcess.start(["/bin/bash", "-c", prelude(scratch) + script], in: directory, limit: limit)
    }

    /// Runs a script of bash, which must succeed.
    @discardableResult
    static func check(
        script: String,
        scratch: Scratch,
        in directory: FilePath? = nil,
        limit: Duration = .seconds(60),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> ChildProcess.Ending {
        let child = try await start(script: script, scratch: scratch, in: directory, limit: limit)
        let ending = try await child.ended(within: limit + .seconds(15))
        if !ending.isSuccess {
            let code = "exit code \(ending.exitCode), signal \(ending.signal)"
            let how = ending.timedOut ? "not done within \(limit)" : code
            Issue.record("\(how)\n\(ending.text)", sourceLocation: sourceLocation)
        }
        return ending
    }

    /// What all scripts start with: any command that fails ends the script, and says so.
    ///
    /// `$OUT` is a directory outside of the mount, `$REPO` this repository; `same` compares two texts, `refuses` runs a
    /// command that must fail with a text.
    private static func prelude(_ scratch: Scratch) -> String {
        """
        set -euo pipefail
        shopt -s inherit_errexit
        export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
        export OUT='\(scratch.outside)' REPO='\(repository)'
        export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
        trap 'echo "failed: $BASH_COMMAND" >&2' ERR
        fail() { echo "FAILED: $*" >&2; exit 1; }
        same() { [[ "$1" == "$2" ]] || fail "'$1' instead of '$2'"; }
        refuses() {
            local text="$1" said; shift
            if said="$("$@" 2>&1)"; then fail "succeeded: $*"; fi
            [[ "$said" == *"$text"* ]] || fail "$*: '$said' instead of '$text'"
        }

        """
    }

    /// The root of this repository.
    static let repository: FilePath = {
        var path = FilePath(#filePath)
        for _ in 0..<4 { path.removeLastComponent() }
        return path
    }()
}
