import ArgumentParser
import NetworkStore
import RingFUSE
import SystemPackage

/// Directories of a volume that is open, by their paths in it.
enum VolumeDirectory {
    /// The node that a name leads to; `nil` for nothing.
    static func lookUp(_ name: StoredName, in directory: NodeID, _ engine: any MetadataEngine) async -> NodeRecord? {
        do throws(Errno) {
            return try await engine.lookUp(Name(name.bytes.span), in: directory)
        } catch {
            return nil
        }
    }

    /// The node of a directory.
    ///
    /// - Parameter path: from the volume's root on.
    /// - Throws: an error of one line.
    static func node(_ path: String, _ engine: any MetadataEngine) async throws -> NodeID {
        var node = NodeID.root
        for component in path.utf8.split(separator: UInt8(ascii: "/")) {
            let name = StoredName(stringLiteral: String(Substring(component)))
            guard let found = await lookUp(name, in: node, engine) else {
                throw ValidationError("\(path): there is no such directory in the volume")
            }
            node = found.id
        }
        return node
    }
}
