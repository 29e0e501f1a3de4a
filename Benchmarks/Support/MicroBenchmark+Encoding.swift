import CRingFUSE
import FUSEProtocol
import RingFUSE

extension MicroBenchmark {
    /// Replies of backends into bytes for the kernel.
    static var encoding: [MicroBenchmark] {
        let attributes = Attributes(node: NodeID(2), mode: NodeMode(.regular, permissions: 0o644), size: 4096)
        let entry = Entry(node: NodeID(2), attributes: attributes, lifetime: .forever)
        let reply = AttributesReply(attributes, lifetime: .forever)
        let frame = Message.lookUp("name").frame
        return [
            MicroBenchmark(name: "encode: entry") { count in
                var sum = 0
                for _ in 0..<count { sum &+= frame.store(fuse_entry_out(entry)) }
                keep(UInt64(sum))
            },
            MicroBenchmark(name: "encode: attributes") { count in
                var sum = 0
                for _ in 0..<count { sum &+= frame.store(fuse_attr_out(reply)) }
                keep(UInt64(sum))
            },
            listing("READDIR", wantsEntries: false, entry),
            listing("READDIRPLUS", wantsEntries: true, entry),
        ]
    }

    /// A listing of ten names.
    private static func listing(_ what: String, wantsEntries: Bool, _ entry: Entry) -> MicroBenchmark {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 4096)
        let name: StoredName = "a-name-of-20-letters"
        return MicroBenchmark(name: "encode: 10 names, \(what)") { count in
            var sum = 0
            for _ in 0..<count {
                var listing = unsafe DirectoryListing(
                    base: opaque(memory), capacity: 4096, wantsEntries: wantsEntries)
                name.withName { name in
                    for cookie in 1...UInt64(10) where !listing.append(name, entry: entry, cookie: cookie) {
                        preconditionFailure("ten names fit")
                    }
                }
                sum &+= listing.bytes.byteCount
            }
            keep(UInt64(sum))
        }
    }
}
