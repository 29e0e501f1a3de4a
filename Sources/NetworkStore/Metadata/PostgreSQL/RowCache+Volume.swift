internal import RingFUSE
internal import SystemPackage

// What the volume was set to since it was formatted. It is neither kept here nor taken back with an operation: who writes it does
// nothing after that.

extension RowCache {
    /// What the volume was formatted as, and set to since.
    func volumeDescription(isChanged: Bool) throws(Errno) -> VolumeDescription {
        let rows = try ask { () throws(PostgreSQLFailure) in
            try connection.run(text: "SELECT description FROM volume\(isChanged ? " FOR UPDATE" : "")")
        }
        guard rows.count == 1, let volume = VolumeDescription(json: rows[0].text(0)) else { throw .ioError }
        return volume
    }

    /// Writes that.
    func store(_ volume: VolumeDescription) throws(Errno) {
        guard let text = volume.json else { throw .ioError }
        try ask { () throws(PostgreSQLFailure) in
            _ = try connection.run(text: "UPDATE volume SET description = \(connection.literal(text))")
        }
    }
}
