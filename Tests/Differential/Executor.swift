internal import CDifferential

/// Runs lines of text as system calls on two trees. One at a time in a process, on one thread: it changes credentials,
/// the working directory and limits of the process.
struct Executor {
    /// The two trees that every line is run on.
    enum Side: Int32, CaseIterable {
        /// What is tested.
        case tested = 0
        /// What it is held against.
        case reference = 1
    }

    /// What a line gave.
    struct Outcome: Equatable {
        /// What the system call returned; -errno for a failure.
        var result: Int64
        /// What it told: data read, attributes, names.
        var text: String
    }

    /// Slots for descriptors.
    static let slots = Int32(RFUSE_DIFF_SLOTS)

    /// The calls that lines can name, with the kinds of their arguments.
    static let signatures: [String: String] = {
        var result: [String: String] = [:]
        var index: Int32 = 0
        while let name = unsafe rfuse_diff_call_name(index), let signature = unsafe rfuse_diff_call_signature(index) {
            unsafe result[String(cString: name)] = unsafe String(cString: signature)
            index += 1
        }
        return result
    }()

    /// Prepares the process and its trees.
    ///
    /// - Throws: ``DifferentialError`` where the process is not the superuser's or a directory can't be used.
    init(_ place: Place) throws(DifferentialError) {
        try check(rfuse_diff_start(), "preparing the process")
        for (side, tree) in [(Side.tested, place.tested), (.reference, place.reference)] {
            try check(
                unsafe rfuse_diff_side(side.rawValue, tree.root, tree.readOnly, place.other), "using \(tree.root)")
        }
    }

    /// Makes an empty tree on both sides.
    func begin(_ name: String) throws(DifferentialError) {
        for side in Side.allCases {
            try check(unsafe rfuse_diff_begin(side.rawValue, name), "making the tree \(name) of side \(side)")
        }
    }

    /// Waits until both file systems have as much room as at the start, which what was removed gives back in its time.
    func settle() throws(DifferentialError) {
        for side in Side.allCases { try check(rfuse_diff_settle(side.rawValue), "having side \(side)'s room back") }
    }

    /// Closes all that is open and removes both trees.
    func end() throws(DifferentialError) {
        for side in Side.allCases { try check(rfuse_diff_end(side.rawValue), "removing the tree of side \(side)") }
    }

    /// Runs a line on one side.
    func run(_ line: String, on side: Side) throws(DifferentialError) -> Outcome {
        let result = unsafe rfuse_diff_run(side.rawValue, line)
        let outcome = Outcome(result: result, text: unsafe String(cString: rfuse_diff_text()))
        guard result != Int64(RFUSE_DIFF_MALFORMED) else { throw DifferentialError(text: outcome.text) }
        return outcome
    }

    /// Looks at a path, following no link.
    func look(at path: String, on side: Side) -> Node {
        var node = rfuse_diff_node()
        unsafe rfuse_diff_look(side.rawValue, path, &node)
        return Node(node)
    }

    /// Looks at what a word of a line means (`@ro/f`), and where a link leads if wished.
    func look(named word: Substring, follows: Bool, on side: Side) -> Node {
        var node = rfuse_diff_node()
        unsafe rfuse_diff_look_named(side.rawValue, String(word), follows ? 1 : 0, &node)
        return Node(node)
    }

    /// Whether what is open bypasses the page cache.
    func isDirect(slot: Int32, on side: Side) -> Bool {
        rfuse_diff_is_direct(rfuse_diff_open_flags(side.rawValue, slot)) != 0
    }

    /// Looks at what is open.
    func look(atSlot slot: Int32, on side: Side) -> Node {
        var node = rfuse_diff_node()
        unsafe rfuse_diff_look_open(side.rawValue, slot, &node)
        return Node(node)
    }

    /// Looks into a path: content, names, extended attributes.
    func hold(_ path: String, on side: Side) -> Outcome {
        let result = unsafe rfuse_diff_hold(side.rawValue, path)
        return Outcome(result: result, text: unsafe String(cString: rfuse_diff_text()))
    }

    /// The clock that file systems stamp files with, in nanoseconds since 1970.
    static var clock: Int64 { rfuse_diff_coarse_clock() }
}

/// Throws where a call of the executor's own has failed.
func check(_ result: Int32, _ what: String) throws(DifferentialError) {
    guard result == 0 else { throw DifferentialError(text: "\(what): \(Errors.name(of: -result))") }
}

/// Something is wrong with the test itself, not with what it tests.
public struct DifferentialError: Error, CustomStringConvertible {
    /// One line.
    let text: String

    /// One line.
    public var description: String { text }
}

/// Names of errors.
enum Errors {
    /// What errno.h calls an error.
    static func name(of number: Int32) -> String {
        guard let name = unsafe rfuse_diff_error_name(number) else { return "error \(number)" }
        return unsafe String(cString: name)
    }

    /// The result of a system call, in words.
    static func describe(_ result: Int64) -> String {
        result < 0 ? name(of: Int32(clamping: -result)) : "\(result)"
    }
}
