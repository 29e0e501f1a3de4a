internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// A directory of a bucket that is open: its listing, page by page, as far as it was read.
///
/// Where a read goes on is told by how many entries came before. A few pages are kept; one that was read before and is
/// wanted again is asked for again with what it was asked for the first time.
final class BucketStream: Sendable {
    /// An entry.
    struct Item: Sendable {
        var name: StoredName
        var entry: BucketEntry
    }

    /// Where entries come from.
    private enum Source {
        case listing(S3ListRequest)
        /// What is nowhere but here.
        case locals
    }

    private struct Page {
        /// Entries in the pages before.
        var start: UInt64
        /// Entries in it, when it was read first.
        var count: UInt64 = 0
        /// Where its entries come from.
        var source: Source
        /// Where those of the next page come from; `nil` for none.
        var next: Source?
        /// The entries, as long as they are kept.
        var items: [Item]?
    }

    private let tree: BucketTree
    private let bucket: Bucket
    private let directory: BucketNode
    private let gate = Gate()
    private let pages = Mutex<[Page]>([])
    /// Names that are nowhere but here, and that no page has had.
    private let locals = Mutex<Set<StoredName>>([])

    /// Pages that are kept.
    private static let width = 4

    /// A directory that nothing was read of yet.
    init(_ directory: BucketNode, of bucket: Bucket, _ tree: BucketTree) {
        self.directory = directory
        self.bucket = bucket
        self.tree = tree
        rewind()
    }

    /// Begins anew.
    private func rewind() {
        pages.withLock { $0 = [] }
        let names = tree.pinnedNames(in: directory)
        locals.withLock { $0 = names }
    }

    /// Some of the entries from a position on, each with the position after it; none at the end.
    ///
    /// - Parameter position: entries to pass over.
    /// - Throws: `EACCES`, `EIO`.
    func next(
        from position: UInt64,
        _ io: borrowing AsyncIO
    ) async throws(Errno) -> [(item: Item, position: UInt64)] {
        try await gate.pass { () async throws(Errno) -> [(item: Item, position: UInt64)] in
            if position == 0 { rewind() }
            var position = position
            while let page = try await page(at: position, io) {
                // One that was read before may have more entries now, or fewer.
                let items = (page.items ?? []).prefix(Int(page.count)).dropFirst(Int(position - page.start))
                if !items.isEmpty {
                    return zip(items, position...).map { (item: $0, position: $1 + 1) }
                }
                position = page.start + page.count
            }
            return []
        }
    }

    /// The page with the entry at a position; `nil` at the end.
    private func page(at position: UInt64, _ io: borrowing AsyncIO) async throws(Errno) -> Page? {
        while true {
            let (index, page) = pages.withLock { pages in
                let index = pages.firstIndex { position >= $0.start && position < $0.start + $0.count }
                return (index, index.map { pages[$0] } ?? pages.last)
            }
            if let index, let page {
                guard page.items == nil else { return page }
                var again = page
                try await load(&again, io)
                again.count = page.count
                keep(again, at: index)
                return again
            }
            var next = Page(
                start: 0, source: .listing(S3ListRequest(prefix: directory.key.text, sumsUp: true)))
            if let page {
                guard let source = page.next else { return nil }
                next = Page(start: page.start + page.count, source: source)
            }
            try await load(&next, io)
            keep(next, at: pages.withLock { $0.count })
        }
    }

    /// Reads the entries of a page.
    private func load(_ page: inout Page, _ io: borrowing AsyncIO) async throws(Errno) {
        switch page.source {
        case .listing(var request):
            do throws(BucketFailure) {
                let listing = try await bucket.client.list(request, io)
                page.items = try await items(of: listing, io)
                page.next = try moveOn(&request, after: listing) ? .listing(request) : .locals
            } catch {
                throw bucket.errno(error)
            }
        case .locals:
            page.items = localItems()
            page.next = nil
        }
        page.count = UInt64(page.items?.count ?? 0)
    }

    private func moveOn(_ request: inout S3ListRequest, after listing: S3Listing) throws(BucketFailure) -> Bool {
        do throws(ObjectStoreError) {
            return try request.moveOn(after: listing, of: bucket.client.client)
        } catch {
            throw .failed(error)
        }
    }

    /// Keeps a page, for which the farthest other one may go.
    private func keep(_ page: Page, at index: Int) {
        pages.withLock { pages in
            if index == pages.count { pages.append(page) } else { pages[index] = page }
            let kept = pages.indices.filter { pages[$0].items != nil && $0 != index }
            if kept.count >= Self.width, let first = kept.max(by: { abs($0 - index) < abs($1 - index) }) {
                pages[first].items = nil
            }
        }
    }

    /// What is nowhere but here.
    private func localItems() -> [Item] {
        locals.withLock { $0 }.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }.compactMap { name in
            guard let node = tree.child(name, of: directory) else { return nil }
            guard !node.isDirectory else { return Item(name: name, entry: .directory) }
            let object = node.state.withLock { $0.object } ?? BucketObject(size: 0, tag: "", modified: 0)
            return Item(name: name, entry: .file(object))
        }
    }

    /// What a page of the listing shows.
    private func items(of listing: S3Listing, _ io: borrowing AsyncIO) async throws(BucketFailure) -> [Item] {
        let key = directory.key
        var directories: Set<StoredName> = []
        for prefix in listing.prefixes { if let name = key.name(of: prefix) { directories.insert(name) } }
        var items = directories.map { Item(name: $0, entry: .directory) }
        // After the last key of a page there may be a directory whose name one of its files has.
        let last = listing.isTruncated ? Array((listing.objects.last?.key ?? "").utf8) : []
        for object in listing.objects where object.key.utf8.last != UInt8(ascii: "/") {
            guard let name = key.name(of: object.key), !directories.contains(name) else { continue }
            let file = BucketKey(object.key)
            if last.starts(with: file.bytes), try await bucket.client.hasDirectory(file.directory, io) { continue }
            let content = BucketObject(size: object.size, tag: object.tag, modified: object.modified)
            items.append(Item(name: name, entry: .file(content)))
        }
        items.sort { $0.name.bytes.lexicographicallyPrecedes($1.name.bytes) }
        locals.withLock { locals in
            for item in items { locals.remove(item.name) }
        }
        return items
    }
}
