internal import Synchronization

/// Who is fetching which block, so that each is fetched once however many ask for it.
final class BlockClaims: Sendable {
    private let cache: BlockCache
    private let fetching = Mutex<[BlockCache.Key: Completion<Void>]>([:])

    /// No claims on blocks of a cache.
    init(_ cache: BlockCache) {
        self.cache = cache
    }

    /// Fetches blocks that are neither in the cache nor being fetched, and waits for those that others are fetching.
    ///
    /// Whoever fetches those may fail: then they are still missing, and have to be asked for again. So they may be where the task is
    /// cancelled, which does not wait for others then.
    ///
    /// - Parameter fetch: puts a run of blocks into the cache, or throws.
    /// - Throws: what `fetch` throws first.
    func fetch<Failure: Error>(
        _ indices: Range<Int>,
        of object: ObjectNumber,
        _ fetch: (Range<Int>) async throws(Failure) -> Void
    ) async throws(Failure) {
        let (mine, others) = claim(indices, of: object)
        var failure: Failure?
        for run in mine {
            do throws(Failure) {
                if failure == nil { try await fetch(run) }
            } catch {
                failure = error
            }
            release(run, of: object)
        }
        if let failure { throw failure }
        for other in others { _ = await other.waitUnlessCancelled() }
    }

    /// Fetches a block that is neither in the cache nor being fetched.
    ///
    /// - Parameter fetch: puts it into the cache, and returns whether it did.
    /// - Returns: whether it is there.
    func fetchImmediately(_ index: Int, of object: ObjectNumber, _ fetch: () -> Bool) -> Bool {
        let (mine, others) = claim(index..<index + 1, of: object)
        guard others.isEmpty else { return false }
        guard !mine.isEmpty else { return true }
        defer { release(index..<index + 1, of: object) }
        return fetch()
    }

    /// Notes which blocks this task is going to fetch.
    ///
    /// - Returns: runs of blocks that are neither here nor being fetched; and what others are fetching.
    private func claim(
        _ indices: Range<Int>,
        of object: ObjectNumber
    ) -> (mine: [Range<Int>], others: [Completion<Void>]) {
        fetching.withLock { fetching in
            var mine: [Range<Int>] = []
            var others: [Completion<Void>] = []
            for index in indices {
                let key = BlockCache.Key(object: object, index: index)
                if cache.block(key) != nil { continue }
                if let other = fetching[key] {
                    others.append(other)
                    continue
                }
                fetching[key] = Completion()
                if let last = mine.last, last.upperBound == index {
                    mine[mine.count - 1] = last.lowerBound..<index + 1
                } else {
                    mine.append(index..<index + 1)
                }
            }
            return (mine, others)
        }
    }

    private func release(_ run: Range<Int>, of object: ObjectNumber) {
        let completions = fetching.withLock { fetching in
            run.map { fetching.removeValue(forKey: BlockCache.Key(object: object, index: $0)) }
        }
        for completion in completions { completion?.finish(()) }
    }
}
