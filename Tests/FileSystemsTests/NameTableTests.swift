import RingFUSE
import TestSupport
import Testing

@testable import FileSystems

@Suite struct NameTableTests {
    /// What a model of a table holds: names with value and the order in which they came.
    private typealias Model = [(name: StoredName, value: Int)]

    @Test(arguments: [1, 2, 3] as [UInt64])
    func agreesWithAModel(seed: UInt64) {
        var random = Seeded(seed: seed)
        var table = NameTable<Int>(firstCookie: 3)
        var model = Model()
        for step in 0..<6000 {
            let name = StoredName("n\(Int.random(in: 0..<400, using: &random))")
            let index = model.firstIndex { $0.name == name }
            name.withName { name in
                #expect(table[copy name] == index.map { model[$0].value })
                // More insertions than removals at first, then the reverse, so that it grows and closes gaps.
                switch (Int.random(in: 0..<10, using: &random), index) {
                case (0..<(step < 3000 ? 7 : 2), nil):
                    table.insert(name, step)
                    model.append((StoredName(name), step))
                case (0..<2, let index?):
                    #expect(table.replace(name, with: step) == model[index].value)
                    model[index].value = step
                case (_, let index?):
                    #expect(table.remove(name) == model[index].value)
                    model.remove(at: index)
                case (_, nil):
                    #expect(table.remove(name) == nil)
                    #expect(table.replace(name, with: 0) == nil)
                }
            }
            #expect(table.count == model.count)
            if step % 100 == 0 { expect(table, equals: model) }
        }
        expect(table, equals: model)
    }

    /// Expects the same names in the same order, by cookies that grow.
    private func expect(_ table: NameTable<Int>, equals model: Model) {
        var seen = Model()
        var last: UInt64 = 2
        table.forEach(after: 0) { name, value, cookie in
            #expect(cookie > last)
            last = cookie
            seen.append((StoredName(name), value))
            return true
        }
        #expect(seen.map(\.name) == model.map(\.name))
        #expect(seen.map(\.value) == model.map(\.value))
    }

    @Test(arguments: [11, 12, 13, 14] as [UInt64])
    func aReadLosesNothingThatStays(seed: UInt64) {
        var random = Seeded(seed: seed)
        var table = NameTable<Int>(firstCookie: 3)
        for number in 0..<500 { StoredName("stays\(number)").withName { table.insert($0, number) } }
        for number in 0..<500 { StoredName("goes\(number)").withName { table.insert($0, -1) } }
        var seen: [StoredName: Int] = [:]
        var cookie: UInt64 = 0
        var going = Array(0..<500)
        var coming = 0
        while true {
            var batch = 0
            table.forEach(after: cookie) { name, _, next in
                guard batch < 7 else { return false }
                batch += 1
                cookie = next
                seen[StoredName(name), default: 0] += 1
                return true
            }
            guard batch > 0 else { break }
            // Enough removals that gaps are closed while the read is under way.
            for _ in 0..<10 where !going.isEmpty {
                let number = going.remove(at: Int.random(in: 0..<going.count, using: &random))
                StoredName("goes\(number)").withName { name in _ = table.remove(name) }
            }
            if coming < 200 { StoredName("comes\(coming)").withName { table.insert($0, -2) } }
            coming += 1
        }
        for number in 0..<500 { #expect(seen[StoredName("stays\(number)")] == 1) }
        #expect(seen.values.allSatisfy { $0 == 1 })
        #expect(going.isEmpty, "the read was over before the table had changed enough")
    }

    /// A name of any length, told by its number.
    private static func name(_ number: Int) -> StoredName {
        StoredName("\(number)." + String(repeating: "n", count: number * 7 % 250))
    }

    /// The names that a read shows, and where it stopped.
    private func read(_ table: NameTable<Int>, after cookie: UInt64, limit: Int = .max) -> ([StoredName], UInt64) {
        var names: [StoredName] = []
        var last = cookie
        table.forEach(after: cookie) { name, value, cookie in
            guard names.count < limit else { return false }
            #expect(StoredName(name) == Self.name(value))
            names.append(StoredName(name))
            last = cookie
            return true
        }
        return (names, last)
    }

    /// Some of forty names go, and one comes, where a read has stopped at any of them. When most go, gaps are closed.
    @Test(arguments: [1, 3, 39], [false, true])
    func aReadGoesOnWhereverNamesGo(going: Int, comes: Bool) {
        let count = 40
        for first in 0..<count {
            for stop in 0...count {
                var table = NameTable<Int>(firstCookie: 3)
                for number in 0..<count { Self.name(number).withName { table.insert($0, number) } }
                let (before, cookie) = read(table, after: 0, limit: stop)
                let gone = Set((0..<going).map { (first + $0) % count })
                for number in gone.sorted() { Self.name(number).withName { name in _ = table.remove(name) } }
                if comes { Self.name(count).withName { table.insert($0, count) } }
                let (after, _) = read(table, after: cookie)
                let expected = (stop..<count).filter { !gone.contains($0) } + (comes ? [count] : [])
                #expect(before == (0..<stop).map(Self.name))
                #expect(after == expected.map(Self.name))
                for number in 0..<count {
                    Self.name(number).withName { name in
                        #expect(table[copy name] == (gone.contains(number) ? nil : number))
                    }
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func emptyingFromTheFrontIsNotQuadratic() {
        let count = 200_000
        var table = NameTable<Int>(firstCookie: 3)
        for number in 0..<count { StoredName("\(number)").withName { table.insert($0, number) } }
        var wrong = 0
        // As a program does that starts reading anew after each removal.
        for number in 0..<count {
            var first: StoredName?
            table.forEach(after: 0) { name, _, _ in
                first = StoredName(name)
                return false
            }
            if first != StoredName("\(number)") { wrong += 1 }
            first?.withName { name in _ = table.remove(name) }
        }
        #expect(wrong == 0)
        #expect(table.isEmpty)
    }

    @Test(.timeLimit(.minutes(1)))
    func emptyingBehindAReadIsNotQuadratic() {
        let count = 200_000
        var table = NameTable<Int>(firstCookie: 3)
        // A first name that stays, so that the gaps behind it are not at the front.
        for number in 0..<count { StoredName("\(number)").withName { table.insert($0, number) } }
        var cookie: UInt64 = 3
        while true {
            var next: StoredName?
            table.forEach(after: cookie) { name, _, itsCookie in
                next = StoredName(name)
                cookie = itsCookie
                return false
            }
            guard let next else { break }
            next.withName { name in _ = table.remove(name) }
        }
        #expect(table.count == 1)
    }
}
