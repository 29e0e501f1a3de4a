import CNetworkStore
import CSQLite
import Foundation
import SystemPackage
import Testing

@testable import NetworkStore

/// The log of SQLite's that is written once for each commit: what others find there, and after a crash.
@Suite(.enabled(if: SmallDisk.isPossible)) struct LogOfCommitsTests {
    /// A database with a table of numbers and bytes.
    private func make(at path: String) throws {
        let database = try Database(path, .create)
        _ = try database.number("PRAGMA journal_mode = WAL")
        try database.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)")
    }

    /// A connection that writes, with few pages in memory, so that large transactions have some in the log before they end.
    private func openForWriting(_ path: String) throws -> Database {
        let writer = try Database(path, .write)
        try writer.configure(cache: 64 << 10, mapped: 0)
        _ = try writer.number("PRAGMA wal_autocheckpoint = 0")
        return writer
    }

    /// Adds rows of random bytes.
    private func add(_ count: Int, bytes: Int, _ writer: Database) throws {
        try writer.execute(
            """
            WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM c WHERE x < \(count))
            INSERT INTO t(b) SELECT randomblob(\(bytes)) FROM c
            """)
    }

    /// Rows, as a connection of SQLite's own kind finds them.
    private func rows(at path: String) throws -> Int64? {
        let reader = try Database(path, .read)
        #expect(try reader.statement(text: "PRAGMA integrity_check") == "ok")
        return try reader.number("SELECT count(*) FROM t")
    }

    /// What a crash of the process would leave.
    private func copied(_ path: String, to disk: SmallDisk) throws -> String {
        let copy = disk.directory + "/copy.db"
        for end in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: copy + end)
            if end != "-shm" { try FileManager.default.copyItem(atPath: path + end, toPath: copy + end) }
        }
        return copy
    }

    @Test func isUsed() throws {
        let name = try #require(unsafe rstore_sqlite_vfs().map { unsafe String(cString: $0) })
        #expect(unsafe sqlite3_vfs_find(name) != nil)
        let standard = unsafe sqlite3_vfs_find(nil).map { unsafe String(cString: $0.pointee.zName) }
        #expect(standard != nil && standard != name, "not for anybody else")
    }

    @Test(arguments: [(1, 10), (1, 4000), (20, 100), (40, 3000), (17, 4096), (300, 4000), (3, 200_000)])
    func commitsAreFound(count: Int, bytes: Int) throws {
        let disk = SmallDisk(size: "64M")
        let path = disk.directory + "/volume.db"
        try make(at: path)
        let writer = try openForWriting(path)
        var expected: Int64 = 0
        for round in 0..<6 {
            try writer.execute("BEGIN IMMEDIATE")
            try add(count, bytes: bytes, writer)
            try writer.execute("UPDATE t SET b = randomblob(\(bytes)) WHERE n % 3 = \(round % 3)")
            if round % 3 == 1 {
                try writer.execute("ROLLBACK")
            } else {
                try writer.execute("COMMIT")
                expected += Int64(count)
            }
            #expect(try rows(at: path) == expected)
            #expect(try rows(at: copied(path, to: disk)) == expected)
        }
    }

    /// The log starts anew behind a checkpoint, with a header.
    @Test func logsThatStartAnewAreFound() throws {
        let disk = SmallDisk(size: "64M")
        let path = disk.directory + "/volume.db"
        try make(at: path)
        let writer = try openForWriting(path)
        for round in 1...8 {
            try add(30, bytes: 2000, writer)
            _ = try writer.checkpoint(resets: round.isMultiple(of: 2))
            try add(1, bytes: 10, writer)
            #expect(try rows(at: path) == Int64(round * 31))
            #expect(try rows(at: copied(path, to: disk)) == Int64(round * 31))
        }
    }

    /// A commit that has no room is told, and is not found later, when there is some.
    @Test func commitsWithoutRoomAreNotFound() throws {
        let disk = SmallDisk(size: "2M")
        let path = disk.directory + "/volume.db"
        try make(at: path)
        let writer = try openForWriting(path)
        let filler = disk.directory + "/filler"
        try Data(repeating: 1, count: 400 << 10).write(to: URL(filePath: filler))
        var expected: Int64 = 0
        var failures = 0
        while failures < 20 {
            do throws(SQLiteFailure) {
                try writer.execute("INSERT INTO t(b) VALUES (randomblob(30000))")
                expected += 1
            } catch {
                #expect(error.errno == .noSpace)
                failures += 1
                #expect(try rows(at: path) == expected)
            }
        }
        try FileManager.default.removeItem(atPath: filler)
        // Which reads the log.
        #expect(try writer.number("SELECT sum(length(b)) FROM t") == expected * 30_000)
        let another = SmallDisk(size: "4M")
        #expect(try rows(at: copied(path, to: another)) == expected)
        try writer.execute("INSERT INTO t(b) VALUES (randomblob(10))")
        #expect(try rows(at: path) == expected + 1)
        #expect(try writer.number("SELECT count(*) FROM t WHERE length(b) = 30000") == expected)
    }
}

extension Database {
    /// The text that a statement gives first.
    fileprivate func statement(text: String) throws -> String? {
        let statement = try prepare(text)
        return try statement.next() ? statement.text(0) : nil
    }
}
