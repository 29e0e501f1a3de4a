import NetworkStore
import StoreTestSupport
import Testing

extension MountTests.Buckets {
    /// What goes on writing after another descriptor was closed goes on from the object that was stored: shells hand files on,
    /// and each program closes what it has written to.
    @Test(.enabled(if: ServerLimit.copies.isAsked, "\(ServerLimit.copies.comment)"), arguments: Way.allCases)
    func goOnAfterAClose(_ way: Way) async throws {
        try await BucketFixture.with { fixture in
            try await fixture.mounted(way) { session in
                try await session.check(
                    """
                    head -c 41943041 /dev/urandom > $OUT/large
                    (cat $OUT/large; echo one; bash -c 'echo two'; cat $OUT/large; printf three) > handed
                    """)
            }
            try await fixture.mounted(way) { session in
                try await session.check(
                    "cmp handed <(cat $OUT/large; echo one; echo two; cat $OUT/large; printf three)")
            }
        }
    }

    /// Objects that were stored in parts are renamed.
    @Test(.enabled(if: ServerLimit.copies.isAsked, "\(ServerLimit.copies.comment)"), arguments: Way.allCases)
    func renameLargeObjects(_ way: Way) async throws {
        try await BucketFixture.with { fixture in
            var options = BucketFixture.options
            options.allowsRenaming = true
            try await fixture.mounted(way, options) { session in
                try await session.check(
                    "head -c 20M /dev/urandom > $OUT/large; cp $OUT/large f; mv f g; cmp g $OUT/large; [ ! -e f ]")
            }
            try await fixture.mounted(way, options) { session in
                try await session.check("cmp g $OUT/large; same \"$(ls)\" g")
            }
        }
    }
}
