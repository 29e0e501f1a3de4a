public import RingFUSE
import Synchronization

// Listings, page by page.

extension S3Store {
    /// Objects in the order of their keys' bytes.
    ///
    /// Some servers list in the order of paths, in which `a/b` comes before `a-`. From the first listing that shows it,
    /// all that a prefix has is read and sorted. Keys of volumes are the same in both orders.
    public func list(
        prefix: String,
        after key: ObjectKey?,
        limit: Int,
        _ io: borrowing AsyncIO
    ) async throws(ObjectStoreError) -> [ObjectListing] {
        if sortsByBytes.load(ordering: .relaxed) {
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
        var last = key
        while found.count < limit {
            let page = try await page(prefix, after: last, limit: min(1000, limit - found.count), io)
            for object in page.objects where object.key.hasPrefix(location.prefix) {
                let key = ObjectKey(String(object.key.dropFirst(location.prefix.count)))
                if key.fault == nil { found.append(ObjectListing(key: key, size: object.size)) }
            }
            guard page.isTruncated, let end = page.objects.last?.key else { break }
            let next = String(end.dropFirst(location.prefix.count))
            // A server that does not go on would have us ask for ever.
            guard next != last else {
                throw .unavailable("\(name): \(client.endpoint) lists the same objects again and again")
            }
            last = next
        }
        return Array(found.prefix(limit))
    }

    private func page(
        _ prefix: String,
        after key: String?,
        limit: Int,
        _ io: borrowing AsyncIO
    ) async throws(ObjectStoreError) -> S3Listing {
        var request = S3Request(method: .get, key: "")
        request.query = [("encoding-type", "url"), ("list-type", "2"), ("max-keys", String(limit))]
        let full = location.prefix + prefix
        if !full.isEmpty { request.query.append(("prefix", full)) }
        if let key { request.query.append(("start-after", location.prefix + key)) }
        let answer = try await perform(request, .none, .none, "list", nil, io)
        do throws(ResponseFault) {
            return try S3Listing(answer.body)
        } catch {
            throw .unavailable("\(name): \(client.endpoint) answers with what is no listing (\(error))")
        }
    }
}
