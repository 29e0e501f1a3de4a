import RingFUSE
import Testing

/// The kernel's list syntax.
@Suite struct MountingTestsCPUSet {
    @Test(arguments: [
        ("0", [0], "0"),
        ("0-3,8,10-11\n", [0, 1, 2, 3, 8, 10, 11], "0-3,8,10-11"),
        ("3,1,2,1-2", [1, 2, 3], "1-3"),
        (" 5 , 7 - 8 ", [5, 7, 8], "5,7-8"),
        ("8191", [8191], "8191"),
        ("", [], ""),
        ("\n", [], ""),
    ])
    func parsesAndPrints(list: String, cpus: [Int], printed: String) throws {
        let set = try CPUSet(parsing: list)
        #expect(Array(set) == cpus)
        #expect(set.description == printed)
    }

    @Test(arguments: [
        ("0-3,x", "x"), ("1,,2", ""), ("4,", ""), ("3-1", "3-1"), ("-1", "-1"), ("1-", "1-"), ("0-3-5", "0-3-5"),
        ("+2", "+2"), ("0,8192", "8192"), ("0-4000000000", "0-4000000000"), ("0x10", "0x10"),
        ("99999999999999999999", "99999999999999999999"), ("all", "all"), ("1 2", "1 2"),
    ])
    func namesTheBadPart(list: String, part: String) {
        let error = #expect(throws: CPUSet.ParseError.self) { try CPUSet(parsing: list) }
        #expect(error?.part == part)
        #expect(error?.description.contains("'\(part)'") == true)
        #expect(error?.description.contains(list) == true)
    }

    @Test func survivesPrintingAndParsing() throws {
        var generator = SeededGenerator(state: 1)
        for _ in 0..<300 {
            let numbers = Set(
                (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                    Int.random(in: 0..<64, using: &generator)
                }
            )
            let set = CPUSet(numbers)
            #expect(try CPUSet(parsing: set.description) == set)
            #expect((0..<64).allSatisfy { set.contains($0) == numbers.contains($0) })
        }
    }

    @Test func combines() {
        let left: CPUSet = [0, 1, 2, 9]
        let right: CPUSet = [2, 3, 9]
        #expect(left.union(right) == [0, 1, 2, 3, 9])
        #expect(left.intersection(right) == [2, 9])
        #expect(left.subtracting(right) == [0, 1])
        #expect(!left.contains(3))
        #expect(left.contains(9))
    }
}
