import NetworkStore
import RingFUSE
import SystemPackage

/// Removals in a volume that keeps what is removed.
///
/// Step `s` of a cycle of six that begins at `c`: make `a<c>`, write it durably, remove it; make `b<c>`, write it durably, rename it
/// over `last`, which gets into the trash.
enum TrashStorm {
    static func perform(
        _ step: Int,
        in directory: NodeID,
        _ file: inout NodeID,
        _ engine: any MetadataEngine
    ) async throws(Errno) {
        let cycle = step - step % 6
        let (a, b, last) = (StoredName("a\(cycle)"), StoredName("b\(cycle)"), StoredName("last"))
        let caller = Caller(userID: 0, groupID: 0)
        switch step % 6 {
        case 0, 3:
            let name = step % 6 == 0 ? a : b
            let template = NodeTemplate(NewNode(mode: NodeMode(.regular, permissions: 0o600)), by: caller)
            file = try await engine.make(Name(name.bytes.span), in: directory, template).id
        case 1, 4:
            var change = ContentChange(of: file)
            let (number, size) = (try await engine.reserveObjects(1).lowerBound, UInt64(step))
            change.objects = [ObjectRecord(number: number, length: size, layout: [])]
            change.extents = [Extent(offset: 0, length: size, place: .object(number, offset: 0))]
            _ = try await engine.commit(change, durably: true)
        case 2: _ = try await engine.removeFile(Name(a.bytes.span), in: directory)
        default:
            _ = try await engine.rename(
                Name(b.bytes.span), in: directory, to: Name(last.bytes.span), in: directory, [], caller)
        }
    }
}
