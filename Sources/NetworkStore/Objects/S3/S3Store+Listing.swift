public import RingFUSE
import Synchronization

// Listings, page by page.

extension S3Store {
    /// Objects in the order of their keys' bytes.
    ///
    /// Some servers list in the order of paths, in which `a/b` comes before `a-`. From the first listing that shows it,
    /// all that a prefix has is read and sorted. To go on after a key is another question to these than to others only
    /// where the key has a byte that comes before `/`; as long as the server's order is not known, all is read then, too.
    public func list(
        prefix: String,
        after key: ObjectKey?,
        limit: Int,
        _ io: borrowing AsyncIO
    ) async throws(ObjectStoreError) -> [ObjectListing] {
        let isSameInBothOrders = key?.description.utf8.allSatisfy { $0 >= UInt8(ascii: "/") } ?? true
        if sortsByBytes.load(ordering: .relaxed) && isSameInBothOrders {
            let found = try await pages(prefix, after: key?.description, limit: limit, io)
            let isSorted = zip([key?.description ?? ""] + found.map(\.key.description), found).allSatisfy {
                $0 < $1.key.description
            }
            if isSorted { return found }
            sortsByBytes.store(false, ordering: .relaxed)
        }
        let all = try await pages(prefix, after: nil, limit: .max, io)
        let rest = key.map { key in all.filter { $0.key.description > key.description } } ?? all
        return Array(rest.sorted { $0.key.description < $1.key.description }.prefix(limit))
    }

    /// Objects in the order of the server.
    private func pages(
        _ prefix: String,
        after key: String?,
        limit: Int,
        _ io: borrowing AsyncIO
    ) async throws(ObjectStoreError) -> [ObjectListing] {
        var found: [ObjectListing] = []
        var request = S3ListRequest(prefix: location.prefix + prefix)
        request.after = key.map { location.prefix + $0 }
        while found.count < limit {
            request.limit = min(1000, limit - found.count)
            let page = try await client.list(request, io)
            for object in page.objects where object.key.hasPrefix(location.prefix) {
                let key = ObjectKey(String(object.key.dropFirst(location.prefix.count)))
                if key.fault == nil { found.append(ObjectListing(key: key, size: object.size)) }
            }
            guard try request.moveOn(after: page, of: client) else { break }
        }
        return Array(found.prefix(limit))
    }
}

/// What is asked for of a listing.
struct S3ListRequest {
    /// What keys begin with, with the prefix of the store.
    var prefix: String
    /// Whether what has a `/` after the prefix is summed up.
    var sumsUp = false
    /// The most objects, and prefixes that stand for some: 1000 at the most.
    var limit = 1000
    /// Gives what comes after a key, in the order of the server.
    var after: String?
    /// Goes on where a page has ended.
    var continuation: String?

    /// Has the next page be asked for.
    ///
    /// - Returns: whether there is one.
    mutating func moveOn(after page: S3Listing, of client: S3Client) throws(ObjectStoreError) -> Bool {
        guard page.isTruncated else { return false }
        // A server that does not go on would have us ask for ever.
        if let next = page.continuation, !next.isEmpty {
            guard next != continuation else { throw client.repeats }
            continuation = next
            return true
        }
        guard let last = page.objects.last?.key, last != after, !sumsUp else { throw client.repeats }
        after = last
        return true
    }
}

extension S3Client {
    /// Asks for a page of a listing.
    func list(_ list: S3ListRequest, _ io: borrowing AsyncIO) async throws(ObjectStoreError) -> S3Listing {
        var request = S3Request(method: .get, key: "")
        request.query = [("encoding-type", "url"), ("list-type", "2"), ("max-keys", String(list.limit))]
        if !list.prefix.isEmpty { request.query.append(("prefix", list.prefix)) }
        if list.sumsUp { request.query.append(("delimiter", "/")) }
        if let continuation = list.continuation {
            request.query.append(("continuation-token", continuation))
        } else if let after = list.after {
            request.query.append(("start-after", after))
        }
        let answer: S3Answer
        do throws(S3Fault) {
            answer = try await perform(request, .none, into: .none, io)
        } catch {
            throw explain(error, "list", nil)
        }
        do throws(ResponseFault) {
            return try S3Listing(answer.body)
        } catch {
            throw .unavailable("\(name): \(endpoint) answers with what is no listing (\(error))")
        }
    }

    /// A server lists the same again and again.
    fileprivate var repeats: ObjectStoreError {
        .unavailable("\(name): \(endpoint) lists the same objects again and again")
    }
}
