import FileSystems
import NetworkStore
import RingFUSE
import SystemPackage
import Testing

extension ModelPair {
    /// Expects all that is known of a node to be the same, but for times and allocation.
    static func expectSame(_ model: Attributes?, _ engine: NodeRecord) throws {
        guard var wanted = model else { return }
        let found = engine.attributes
        for keyPath in [\.accessTime, \.modificationTime, \.changeTime] as [WritableKeyPath<Attributes, Timestamp>] {
            // Those that were set are the same; those of now differ by what a call takes.
            let isSet = wanted[keyPath: keyPath].seconds == 5
            try #require(isSet == (found[keyPath: keyPath].seconds == 5))
            wanted[keyPath: keyPath] = found[keyPath: keyPath]
        }
        try #require(found == wanted)
    }

    /// Expects both to hold the same: every node, every name, every attribute.
    func compare() async throws {
        let context = context(calls.caller)
        for node in nodes {
            let model = try? memory.attributes(of: node, nil, context).attributes
            let engine = try? await calls.node(node)
            try #require((model == nil) == (engine == nil), "\(node)")
            guard let model, let engine else { continue }
            try Self.expectSame(model, engine)
            try #require(try engine.flags == memoryFlags(of: node))
            try await compareAttributes(of: node)
            if engine.type == .directory { try await compareNames(in: node) }
        }
    }

    private func memoryFlags(of node: NodeID) throws -> UInt32 {
        let reply = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
        defer { unsafe reply.deallocate() }
        var output = unsafe OutputRawSpan(buffer: reply, initializedCount: 0)
        let none: [UInt32] = []
        let input = unsafe none.span.bytes
        _ = try memory.control(
            OpenFile(node: node, handle: .none), 0x8008_6601, input: input, output: &output, context(calls.caller))
        _ = unsafe output.finalize(for: reply)
        return unsafe reply.load(as: UInt32.self)
    }

    /// Not `async`: where a call may suspend, the protocol's own default would be preferred to what memory does.
    private func memoryValue(of name: StoredName, of node: NodeID) -> ContiguousArray<UInt8>? {
        let reply = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
        defer { unsafe reply.deallocate() }
        var output = unsafe OutputRawSpan(buffer: reply, initializedCount: 0)
        let size = try? memory.extendedAttribute(
            named: Name(name.bytes.span), of: node, into: &output, context(calls.caller))
        _ = unsafe output.finalize(for: reply)
        return size.map { unsafe ContiguousArray(reply[..<$0]) }
    }

    private func compareNames(in directory: NodeID) async throws {
        var found = 0
        for name in Self.names + ["."] {
            let model = try? memory.lookUp(Name(name.bytes.span), in: directory, context(calls.caller)).node
            let engine = try await calls.lookUp(name, in: directory)?.id ?? NodeID(0)
            try #require(model == engine, "\(name) in \(directory)")
            if engine.rawValue != 0 { found += 1 }
        }
        try #require(try await calls.list(directory).count == found - 1)
        let dots: StoredName = ".."
        let model = errno { try memory.lookUp(Name(dots.bytes.span), in: directory, context(calls.caller)).node }
        let engine = await errno { try await calls.lookUp("..", in: directory) }
        try #require(model == engine)
    }

    private func compareAttributes(of node: NodeID) async throws {
        var count = 0
        for name in Self.attributeNames {
            let model = memoryValue(of: name, of: node)
            let engine = try? await calls.engine.extendedAttribute(name, of: node)
            try #require(model == engine, "\(String(name)) of \(node)")
            if engine != nil { count += 1 }
        }
        try #require(try await calls.engine.extendedAttributeNames(of: node).count == count)
    }
}
