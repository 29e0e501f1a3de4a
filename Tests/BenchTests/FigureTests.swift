import Testing

@testable import Bench

/// Counts have three digits and a prefix, also where rounding makes one more digit.
@Test(
    arguments: [
        (0.0, "0"), (0.01234, "0.0123"), (1, "1.00"), (9.996, "10.0"), (12.34, "12.3"), (99.96, "100"), (999.4, "999"),
        (999.6, "1.00k"), (82_849, "82.8k"), (1_234_567, "1.23M"), (999_600_000, "1.00G"), (5e12, "5.00T"),
        (1.234e45, "1.23e45"),
        (.nan, "–"), (-1, "–"),
    ] as [(Double, String)])
func countsAreShort(value: Double, text: String) { #expect(Figure.short(value) == text) }

/// Bytes carry their unit.
@Test(
    arguments: [(512.0, "512 B/s"), (1500, "1.50 kB/s"), (950e6, "950 MB/s"), (1.234e9, "1.23 GB/s")]
        as [(Double, String)])
func bytesCarryTheirUnit(value: Double, text: String) { #expect(Figure.result(value, .bytesPerSecond) == text) }

/// A unit that both ends share is told once.
@Test func rangesShareUnits() {
    #expect(Figure.range(1.2e9, 1.31e9, .bytesPerSecond) == "1.20–1.31 GB/s")
    #expect(Figure.range(950e6, 1.2e9, .bytesPerSecond) == "950 MB/s–1.20 GB/s")
    #expect(Figure.range(80_400, 83_000, .operationsPerSecond) == "80.4k–83.0k")
}

/// Ratios have two digits behind the point, more where they are small, none where they are large.
@Test(
    arguments: [
        (0.0, "0.00"), (0.0012, "0.0012"), (0.02, "0.020"), (0.094, "0.094"), (0.0954, "0.10"), (0.94, "0.94"),
        (1, "1.00"), (9.99, "9.99"), (9.996, "10.0"), (50, "50.0"), (1234, "1.23k"), (.infinity, "–"),
    ] as [(Double, String)])
func ratiosAreShort(value: Double, text: String) { #expect(Figure.ratio(value) == text) }

/// Times are told in the unit that fits.
@Test(
    arguments: [(0.5, "0.500 µs"), (11.84, "11.8 µs"), (999.6, "1.00 ms"), (12_345, "12.3 ms"), (2.5e6, "2.50 s")]
        as [(Double, String)])
func timesFitTheirUnit(value: Double, text: String) {
    #expect(Figure.time(value) == text)
    #expect(Figure.microseconds(value) == (value < 999.5 ? String(text.dropLast(3)) : text))
}

/// No finite number is too large to be told.
@Test func largestNumberIsTold() {
    #expect(!Figure.short(.greatestFiniteMagnitude).isEmpty)
    #expect(!Figure.ratio(.greatestFiniteMagnitude).isEmpty)
    #expect(Figure.ratio(.leastNonzeroMagnitude) == "0.000000")
}

/// Markdown that names hold is text.
@Test func markdownIsEscaped() {
    #expect("a|b *c* <d> &e; `f` [g]\nh".escapedForMarkdown == "a\\|b \\*c\\* &lt;d&gt; &amp;e; \\`f\\` \\[g\\] h")
    #expect("a`b".codeSpan == "``a`b``")
    #expect("`".codeSpan == "`` ` ``")
}

/// Mark-up that names hold is text, and what XML or a terminal cannot bear is not passed on.
@Test func markupIsEscaped() {
    #expect("<a b='c'>&\"".escapedForXML == "&lt;a b=&#39;c&#39;&gt;&amp;&quot;")
    #expect("a\u{0}\u{1B}[31mb\u{202E}c\u{FFFE}\u{2028}d\u{9B}".printable == "a  [31mbc d ")
}

/// Words that a shell would take apart are quoted.
@Test func shellWordsAreQuoted() {
    #expect("--pin=same".shellWord == "--pin=same")
    #expect("a b".shellWord == "'a b'")
    #expect("it's".shellWord == "'it'\\''s'")
    #expect("".shellWord == "''")
}

/// The middle of a text gives way, and it gets as narrow as asked for.
@Test func textIsShortenedInTheMiddle() {
    #expect(TextColumns.shortened("RingFUSE, ring", to: 14) == "RingFUSE, ring")
    #expect(TextColumns.shortened("RingFUSE, ring", to: 9) == "Ring…ring")
    #expect(TextColumns.shortened("abc", to: 1) == "…")
    #expect(TextColumns.count("日本") == 4)
    #expect(TextColumns.wrapped("aa bb cc", to: 5, indent: 2) == "aa bb\n  cc")
}
